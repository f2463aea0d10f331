//! The check before a launch: whether receivers will believe that mail is from its sender, by what stands in the DNS.
//!
//! What is found is said with the record that has to be written. What cannot be known from here, such as from which addresses a relay
//! sends on, is a warning and no problem.

mod dmarc;
mod names;
mod spf;

pub use names::{Names, Silent};

use super::DkimSigner;
use serde::Serialize;
use spf::Verdict;
use std::{net::IpAddr, time::Duration};

/// How long all questions of one kind may take.
const IN_ALL: Duration = Duration::from_secs(15);

/// Of whose mail it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The domain that people see.
    pub from: &'a str,
    /// The domain of the envelope, to which mail comes back, if it is another one.
    pub returns: Option<&'a str>,
    /// The hosts of the SMTP servers; none for the built-in mailbox.
    pub servers: &'a [String],
    /// The keys with which mail is signed.
    pub keys: &'a [DkimSigner],
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It is as it should be.
    Ok,
    /// It may be right, or could be better.
    Warning,
    /// Receivers will distrust the mail.
    Problem,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: `SPF`, `DKIM`, `DMARC`, `MX` or `DNS`.
    pub what: &'static str,
    /// The name in the DNS.
    pub name: String,
    /// How grave it is.
    pub level: Level,
    /// What was found, in words.
    pub said: String,
    /// What to do: mostly what to write into the DNS.
    pub cure: Option<String>,
}

impl Finding {
    fn new(what: &'static str, name: impl Into<String>, level: Level, said: impl Into<String>) -> Self {
        Self { what, name: name.into(), level, said: said.into(), cure: None }
    }

    fn cured_by(self, cure: impl Into<String>) -> Self {
        Self { cure: Some(cure.into()), ..self }
    }
}

/// Looks at everything. It ends within seconds, whether or not the DNS answers.
pub async fn check(names: &Names, subject: &Subject<'_>) -> Vec<Finding> {
    let envelope = subject.returns.unwrap_or(subject.from);
    let (spf, dkim, dmarc, mail) = tokio::join!(
        in_time(envelope, sender_policy(names, subject, envelope)),
        in_time(subject.from, signatures(names, subject)),
        in_time(subject.from, policy(names, subject, envelope)),
        in_time(envelope, mail_comes_back(names, subject)),
    );
    let mut findings = Vec::new();
    for (what, name, part) in [
        ("SPF", envelope, spf),
        ("DKIM", subject.from, dkim),
        ("DMARC", subject.from, dmarc),
        ("MX", envelope, mail),
    ] {
        findings.extend(part.unwrap_or_else(|silent| {
            let said = format!("nothing is known: {silent}");
            vec![
                Finding::new(what, name, Level::Warning, said)
                    .cured_by("name a DNS server that can be asked: --dns"),
            ]
        }));
    }
    findings
}

/// What is found of a domain, or that the DNS is too slow.
async fn in_time(
    domain: &str,
    looking: impl Future<Output = Result<Vec<Finding>, Silent>>,
) -> Result<Vec<Finding>, Silent> {
    tokio::time::timeout(IN_ALL, looking).await.unwrap_or_else(|_| Err(Silent::late(domain)))
}

/// Whether an address is of this machine or house, and so not the one that receivers see.
fn is_inside(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => {
            four.is_loopback() || four.is_private() || four.is_link_local() || four.is_unspecified()
        }
        IpAddr::V6(six) => six.is_loopback() || six.is_unspecified() || six.is_unique_local(),
    }
}

async fn sender_policy(names: &Names, subject: &Subject<'_>, envelope: &str) -> Result<Vec<Finding>, Silent> {
    let finding = |level, said: String| Finding::new("SPF", envelope, level, said);
    let texts = names.texts(envelope).await?;
    let mut servers = Vec::new();
    for server in subject.servers {
        servers.push((server.as_str(), names.addresses(server).await?));
    }
    match spf::records(&texts).len() {
        0 => {
            let outside = servers.iter().filter(|(_, addresses)| addresses.iter().any(|one| !is_inside(one)));
            let named: Vec<String> = outside.map(|(host, _)| format!("a:{host}")).collect();
            let named = if named.is_empty() { "mx".to_owned() } else { named.join(" ") };
            let cure = format!("{envelope} TXT \"v=spf1 {named} -all\", or what your mail provider says");
            let said =
                "there is no SPF record: receivers cannot tell whether a server may send for this domain"
                    .to_owned();
            return Ok(vec![finding(Level::Problem, said).cured_by(cure)]);
        }
        1 => {}
        several => {
            let said = format!("there are {several} SPF records, which receivers take for none");
            return Ok(vec![
                finding(Level::Problem, said).cured_by("make one of them, with all that they name"),
            ]);
        }
    }
    if servers.is_empty() {
        return Ok(vec![finding(
            Level::Ok,
            "there is one SPF record; no SMTP server is named that it could include".into(),
        )]);
    }
    let mut findings = Vec::new();
    for (server, addresses) in servers {
        let found = allowed(names, envelope, server, &addresses).await?;
        if !findings.contains(&found) {
            findings.push(found);
        }
    }
    Ok(findings)
}

/// Whether the record of a domain lets a server send for it, from all of its addresses.
async fn allowed(
    names: &Names,
    envelope: &str,
    server: &str,
    addresses: &[IpAddr],
) -> Result<Finding, Silent> {
    let finding = |level, said: String| Finding::new("SPF", envelope, level, said);
    let Some(any) = addresses.first() else {
        let said = format!("the SMTP server {server} has no address");
        return Ok(finding(Level::Problem, said).cured_by("correct `email.smtp.host`"));
    };
    let seen: Vec<&IpAddr> = addresses.iter().filter(|address| !is_inside(address)).collect();
    let Some(first) = seen.first() else {
        // Still the record is read to its end, so that its mistakes are found.
        if let Verdict::Broken(fault) = spf::verdict(names, envelope, *any).await? {
            return Ok(broken(envelope, &fault));
        }
        let said = format!(
            "there is one SPF record; whether it includes {server} cannot be seen from here, where that has the address {any} of \
             the house itself"
        );
        return Ok(finding(Level::Ok, said));
    };
    let mut worst = finding(Level::Ok, format!("mail that {server} sends from {first} passes"));
    for address in seen {
        let cure = format!(
            "put a:{server} into the record, or what its provider says (`include:…`); if it sends on from other addresses, they have \
             to be there"
        );
        let found = match spf::verdict(names, envelope, *address).await? {
            Verdict::Pass => continue,
            Verdict::Broken(fault) => broken(envelope, &fault),
            Verdict::Depends(part) => finding(
                Level::Warning,
                format!(
                    "whether {server} ({address}) passes depends on the message: the record has `{part}`"
                ),
            ),
            Verdict::Fail => {
                finding(Level::Problem, format!("{server} ({address}) may not send for this domain"))
                    .cured_by(cure)
            }
            Verdict::SoftFail => finding(
                Level::Problem,
                format!("{server} ({address}) probably may not send for this domain (`~all`)"),
            )
            .cured_by(cure),
            Verdict::Neutral | Verdict::None => finding(
                Level::Warning,
                format!("the record does not say whether {server} ({address}) may send"),
            )
            .cured_by(cure),
        };
        if found.level > worst.level {
            worst = found;
        }
    }
    Ok(worst)
}

fn broken(envelope: &str, fault: &str) -> Finding {
    let said = format!("the SPF record is wrong, and receivers take it for none: {fault}");
    Finding::new("SPF", envelope, Level::Problem, said).cured_by("correct it")
}

async fn signatures(names: &Names, subject: &Subject<'_>) -> Result<Vec<Finding>, Silent> {
    if subject.keys.is_empty() {
        let said = "nothing is signed here; the large receivers take no mailings without, so the SMTP server has to sign";
        let cure = "see whether it does, or name a key in `email.dkim`";
        return Ok(vec![Finding::new("DKIM", subject.from, Level::Warning, said).cured_by(cure)]);
    }
    let mut findings = Vec::with_capacity(subject.keys.len());
    for key in subject.keys {
        let name = key.record_name();
        let texts = names.texts(&name).await?;
        findings.push(signature(key, &name, &texts));
    }
    Ok(findings)
}

fn signature(key: &DkimSigner, name: &str, texts: &[String]) -> Finding {
    let cure = || format!("{name} TXT \"{}\"", key.record());
    let problem = |said: &str| Finding::new("DKIM", name, Level::Problem, said).cured_by(cure());
    let text = match texts {
        [] => return problem("there is no record, so that no signature can be checked"),
        [text] => text,
        _ => return problem("there is more than one record, and receivers may take either"),
    };
    let tags = |name: &str| {
        let found =
            text.split(';').filter_map(|tag| tag.split_once('=')).find(|(known, _)| known.trim() == name);
        found.map(|(_, value)| value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
    };
    let ours = key.record();
    let our_key = ours.rsplit_once("p=").map_or("", |(_, key)| key);
    match tags("p").as_deref() {
        None => problem("the record has no key"),
        Some("") => problem("the key is revoked (`p=` is empty)"),
        Some(found) if found != our_key => {
            problem("the key in the record is not the public half of ours: no signature of ours passes")
        }
        Some(_) if tags("t").is_some_and(|flags| flags.split(':').any(|flag| flag == "y")) => {
            let said = "the record is right, and says that it is a test (`t=y`), so that some receivers do not count it";
            Finding::new("DKIM", name, Level::Warning, said).cured_by(cure())
        }
        Some(_) => Finding::new("DKIM", name, Level::Ok, "the record has the public half of our key"),
    }
}

async fn policy(names: &Names, subject: &Subject<'_>, envelope: &str) -> Result<Vec<Finding>, Silent> {
    let from = subject.from;
    let at = format!("_dmarc.{}", dmarc::organisational(from));
    let found = match dmarc::policy(names, from).await? {
        Ok(Some(found)) => found,
        Ok(None) => {
            let said = "there is no DMARC record; the large receivers take no mailings without";
            let cure = format!(
                "{at} TXT \"v=DMARC1; p=none; rua=mailto:dmarc@{from}\", and after some weeks of reports p=quarantine"
            );
            return Ok(vec![Finding::new("DMARC", at, Level::Problem, said).cured_by(cure)]);
        }
        Err(fault) => {
            return Ok(vec![
                Finding::new("DMARC", at, Level::Problem, fault).cured_by("correct it: v=DMARC1; p=none; …"),
            ]);
        }
    };
    let signed = subject.keys.iter().any(|key| dmarc::aligned(key.domain(), from, found.strict_dkim));
    let sent = dmarc::aligned(envelope, from, found.strict_spf);
    let counts = match (signed, sent) {
        (true, true) => "signature and envelope count for it",
        (true, false) => "the signature counts for it, the envelope does not",
        (false, true) => "the envelope counts for it, no signature of ours does",
        (false, false) => {
            let said = format!(
                "neither the domain that signs nor that of the envelope ({envelope}) counts for {from}: mail fails (p={})",
                found.policy
            );
            let level = if subject.keys.is_empty() { Level::Warning } else { Level::Problem };
            let cure = format!(
                "sign as {from} (`email.dkim`), or let mail come back to a domain below it (`email.returns`)"
            );
            return Ok(vec![Finding::new("DMARC", found.at, level, said).cured_by(cure)]);
        }
    };
    let said = format!("the policy is {}; {counts}", found.policy);
    let finding = Finding::new("DMARC", found.at, Level::Ok, said);
    Ok(vec![if found.reports {
        finding
    } else {
        Finding { level: Level::Warning, ..finding }
            .cured_by(format!("add rua=mailto:dmarc@{from} to it, or nobody is told who sends in your name"))
    }])
}

async fn mail_comes_back(names: &Names, subject: &Subject<'_>) -> Result<Vec<Finding>, Silent> {
    let Some(domain) = subject.returns else {
        let said = "mail comes back to the sender's address, where Crowsnest does not see it";
        return Ok(vec![
            Finding::new("MX", subject.from, Level::Warning, said)
                .cured_by("name a domain in `email.returns`"),
        ]);
    };
    let finding = |level, said: String| Finding::new("MX", domain, level, said);
    let hosts = names.mail_hosts(domain).await?;
    let Some(host) = hosts.first().filter(|host| !host.is_empty()) else {
        let said = "no host takes mail of this domain, so that nothing can come back to it".to_owned();
        let cure = format!("{domain} MX 10 and the name of your mail server");
        return Ok(vec![finding(Level::Problem, said).cured_by(cure)]);
    };
    if names.addresses(host).await?.is_empty() {
        let said = format!("its mail goes to {host}, which has no address");
        return Ok(vec![
            finding(Level::Problem, said).cured_by(format!("give {host} an A record, or correct the MX")),
        ]);
    }
    Ok(vec![finding(Level::Ok, format!("its mail goes to {host}"))])
}
