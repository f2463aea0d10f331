//! SPF: whether a server may send for a domain (RFC 7208), as a receiver of its mail would decide.

use super::names::{Names, Silent};
use std::net::IpAddr;

/// What receivers ask the DNS at most for one message (section 4.6.4).
const LOOKUPS: u32 = 10;

/// What receivers ask at most in vain.
const IN_VAIN: u32 = 2;

/// What a record says of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may send.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// The record does not say.
    Neutral,
    /// There is no record.
    None,
    /// The record is wrong, and so no record to anybody.
    Broken(String),
    /// It depends on the message, which is not there.
    Depends(String),
}

/// A record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    terms: Vec<(Verdict, Mechanism)>,
    redirect: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mechanism {
    All,
    Network(IpAddr, u8),
    /// The addresses of a host: of the domain itself without a name; with the lengths of networks around them.
    Host(Option<String>, u8, u8),
    MailHosts(Option<String>, u8, u8),
    Include(String),
    /// By the name that the address has: slow, and not to be used.
    Pointer,
    /// A macro, or a name that exists for some.
    OfTheMessage(String),
}

/// The texts of a name that are SPF records.
pub(super) fn records(texts: &[String]) -> Vec<&str> {
    let is_spf = |text: &&str| {
        let version = text.split(' ').next().unwrap_or_default();
        version.eq_ignore_ascii_case("v=spf1")
    };
    texts.iter().map(String::as_str).filter(is_spf).collect()
}

fn read(text: &str) -> Result<Record, String> {
    let mut record = Record { terms: Vec::new(), redirect: None };
    for term in text.split_ascii_whitespace().skip(1) {
        if let Some((name, value)) = term.split_once('=')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        {
            if name.eq_ignore_ascii_case("redirect") && record.redirect.replace(value.to_owned()).is_some() {
                return Err("`redirect` stands in it twice".to_owned());
            }
            continue;
        }
        let (says, rest) = match term.as_bytes().first() {
            Some(b'+') => (Verdict::Pass, &term[1..]),
            Some(b'-') => (Verdict::Fail, &term[1..]),
            Some(b'~') => (Verdict::SoftFail, &term[1..]),
            Some(b'?') => (Verdict::Neutral, &term[1..]),
            _ => (Verdict::Pass, term),
        };
        record.terms.push((says, mechanism(rest).ok_or_else(|| format!("`{term}` is no part of SPF"))?));
    }
    Ok(record)
}

fn mechanism(text: &str) -> Option<Mechanism> {
    let end = text.find([':', '/']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let value = rest.strip_prefix(':');
    let whole = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    Some(match name.to_ascii_lowercase().as_str() {
        "all" if rest.is_empty() => Mechanism::All,
        "ip4" | "ip6" => {
            let (address, length) = match value?.split_once('/') {
                Some((address, length)) => (address, Some(length.parse::<u8>().ok()?)),
                None => (value?, None),
            };
            let address: IpAddr = address.parse().ok()?;
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let fits =
                address.is_ipv4() == name.eq_ignore_ascii_case("ip4") && length.unwrap_or(bits) <= bits;
            fits.then_some(Mechanism::Network(address, length.unwrap_or(bits)))?
        }
        _ if text.contains('%') => Mechanism::OfTheMessage(text.to_owned()),
        "exists" => Mechanism::OfTheMessage(text.to_owned()),
        "include" => Mechanism::Include(whole(value)?),
        "ptr" => Mechanism::Pointer,
        kind @ ("a" | "mx") => {
            // `a:host/24//64`
            let (host, lengths) =
                rest.split_once('/').map_or((rest, None), |(host, after)| (host, Some(after)));
            let host = host.strip_prefix(':').map(str::to_owned);
            let (four, six) = match lengths {
                None => (None, None),
                Some(lengths) => match (lengths.strip_prefix('/'), lengths.split_once("//")) {
                    (Some(six), _) => (None, Some(six)),
                    (None, Some((four, six))) => (Some(four), Some(six)),
                    (None, None) => (Some(lengths), None),
                },
            };
            let length = |text: Option<&str>, bits: u8| match text {
                None => Some(bits),
                Some(text) => text.parse::<u8>().ok().filter(|length| *length <= bits),
            };
            let (four, six) = (length(four, 32)?, length(six, 128)?);
            if host.as_deref() == Some("") {
                return None;
            }
            if kind == "a" { Mechanism::Host(host, four, six) } else { Mechanism::MailHosts(host, four, six) }
        }
        _ => return None,
    })
}

/// Whether an address lies in a network.
fn within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differ = u32::from(address) ^ u32::from(network);
            differ.checked_shr(32 - u32::from(length.min(32))).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differ = u128::from(address) ^ u128::from(network);
            differ.checked_shr(128 - u32::from(length.min(128))).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// What has been asked for one message.
struct Asking<'n> {
    names: &'n Names,
    address: IpAddr,
    lookups: u32,
    in_vain: u32,
}

/// What the record of a domain says of an address.
pub(super) async fn verdict(names: &Names, domain: &str, address: IpAddr) -> Result<Verdict, Silent> {
    Asking { names, address, lookups: 0, in_vain: 0 }.of(domain.to_owned()).await
}

impl Asking<'_> {
    async fn of(&mut self, mut domain: String) -> Result<Verdict, Silent> {
        // Each turn but the first is a `redirect`, and those are counted.
        loop {
            let texts = self.names.texts(&domain).await?;
            let record = match records(&texts).as_slice() {
                [] => return Ok(Verdict::None),
                [text] => match read(text) {
                    Ok(record) => record,
                    Err(fault) => return Ok(Verdict::Broken(format!("{domain}: {fault}"))),
                },
                several => {
                    let count = several.len();
                    return Ok(Verdict::Broken(format!("{domain} has {count} records, and may have one")));
                }
            };
            for (says, mechanism) in record.terms {
                match self.matches(&domain, mechanism).await? {
                    Ok(true) => return Ok(says),
                    Ok(false) => {}
                    Err(end) => return Ok(end),
                }
            }
            let Some(next) = record.redirect else { return Ok(Verdict::Neutral) };
            if let Err(end) = self.count() {
                return Ok(end);
            }
            if next.contains('%') {
                return Ok(Verdict::Depends(format!("redirect={next}")));
            }
            domain = next;
        }
    }

    /// Whether a part of a record is about the address, or what that is the end with.
    async fn matches(&mut self, domain: &str, mechanism: Mechanism) -> Result<Result<bool, Verdict>, Silent> {
        if !matches!(mechanism, Mechanism::All | Mechanism::Network(..))
            && let Err(end) = self.count()
        {
            return Ok(Err(end));
        }
        match mechanism {
            Mechanism::All => Ok(Ok(true)),
            Mechanism::Network(network, length) => Ok(Ok(within(self.address, network, length))),
            Mechanism::Pointer => Ok(Ok(false)),
            Mechanism::OfTheMessage(text) => Ok(Err(Verdict::Depends(text))),
            Mechanism::Host(host, four, six) => {
                self.is_one_of(&host.unwrap_or_else(|| domain.to_owned()), four, six).await
            }
            Mechanism::MailHosts(host, four, six) => {
                let hosts = self.names.mail_hosts(host.as_deref().unwrap_or(domain)).await?;
                if hosts.is_empty()
                    && let Err(end) = self.nothing()
                {
                    return Ok(Err(end));
                }
                for host in hosts.iter().take(LOOKUPS as usize) {
                    match self.is_one_of(host, four, six).await? {
                        Ok(false) => {}
                        other => return Ok(other),
                    }
                }
                Ok(Ok(false))
            }
            Mechanism::Include(other) => Ok(match Box::pin(self.of(other.clone())).await? {
                Verdict::Pass => Ok(true),
                Verdict::Fail | Verdict::SoftFail | Verdict::Neutral => Ok(false),
                Verdict::None => Err(Verdict::Broken(format!("include:{other} has no record"))),
                end => Err(end),
            }),
        }
    }

    async fn is_one_of(&mut self, host: &str, four: u8, six: u8) -> Result<Result<bool, Verdict>, Silent> {
        let found = self.names.addresses(host).await?;
        if found.is_empty()
            && let Err(end) = self.nothing()
        {
            return Ok(Err(end));
        }
        let length = if self.address.is_ipv4() { four } else { six };
        Ok(Ok(found.into_iter().any(|one| within(self.address, one, length))))
    }

    fn count(&mut self) -> Result<(), Verdict> {
        self.lookups += 1;
        if self.lookups <= LOOKUPS {
            return Ok(());
        }
        Err(Verdict::Broken(format!("it takes more than {LOOKUPS} look-ups, after which receivers give up")))
    }

    fn nothing(&mut self) -> Result<(), Verdict> {
        self.in_vain += 1;
        if self.in_vain <= IN_VAIN {
            return Ok(());
        }
        Err(Verdict::Broken(format!(
            "more than {IN_VAIN} names in it are not there, after which receivers give up"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_and_mistakes_named() {
        for good in [
            "v=spf1 -all",
            "v=spf1 a mx/24 a:h.example/24//64 mx:d.example//48 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:_spf.x.example ~all",
            "v=spf1 exists:%{i}.x.example ?all exp=why.example",
            "V=SPF1 redirect=_spf.x.example",
            "v=spf1 PTR A -ALL",
        ] {
            assert!(read(good).is_ok(), "{good}: {:?}", read(good));
        }
        for bad in [
            "v=spf1 ip4:192.0.2.0/33",
            "v=spf1 ip4:2001:db8::1",
            "v=spf1 ip4",
            "v=spf1 include",
            "v=spf1 include:",
            "v=spf1 a: -all",
            "v=spf1 a/99",
            "v=spf1 all:x",
            "v=spf1 ipv4:192.0.2.1",
            "v=spf1 redirect=a.example redirect=b.example",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(records(&["v=spf10 -all".into(), "google=1".into(), "v=spf1".into()]), ["v=spf1"]);
    }

    #[test]
    fn networks_hold_what_begins_alike() {
        for (address, network, length, held) in [
            ("192.0.2.9", "192.0.2.0", 24, true),
            ("192.0.3.9", "192.0.2.0", 24, false),
            ("192.0.2.9", "192.0.2.9", 32, true),
            ("8.8.8.8", "192.0.2.9", 0, true),
            ("2001:db8::1", "2001:db8:ffff::", 32, true),
            ("2001:db9::1", "2001:db8::", 32, false),
            ("::1", "2001:db8::", 0, true),
            ("192.0.2.9", "::", 0, false),
        ] {
            let (address, network): (IpAddr, IpAddr) = (address.parse().unwrap(), network.parse().unwrap());
            assert_eq!(within(address, network, length), held, "{address} in {network}/{length}");
        }
    }
}
