//! DMARC: what receivers are to do with mail of a domain that is not provably of it (RFC 7489), and what counts as of it.

use super::names::{Names, Silent};

/// A record, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    /// Where it stands.
    pub(super) at: String,
    /// `none`, `quarantine` or `reject`: for the domain that was asked of.
    pub(super) policy: String,
    /// The domain that signs has to be the very same.
    pub(super) strict_dkim: bool,
    /// The domain of the envelope has to be the very same.
    pub(super) strict_spf: bool,
    /// Somebody is told what receivers saw.
    pub(super) reports: bool,
}

/// The domain that somebody has registered, by the list of public suffixes: `acme.co.uk` of `mail.acme.co.uk`.
pub(super) fn organisational(domain: &str) -> &str {
    psl::domain_str(domain).unwrap_or(domain)
}

/// Whether what one domain proves counts for mail that is from another.
pub(super) fn aligned(proved: &str, from: &str, strict: bool) -> bool {
    let (proved, from) = (proved.to_ascii_lowercase(), from.to_ascii_lowercase());
    proved == from || (!strict && organisational(&proved) == organisational(&from))
}

/// The policy for mail from a domain: its own, or that of the domain above it that somebody has registered. The inner error
/// says what is wrong with the record.
pub(super) async fn policy(names: &Names, from: &str) -> Result<Result<Option<Policy>, String>, Silent> {
    let above = organisational(from);
    for domain in [from, above] {
        let at = format!("_dmarc.{domain}");
        let texts = names.texts(&at).await?;
        let records: Vec<&String> = texts
            .iter()
            .filter(|text| text.trim_start().to_ascii_lowercase().starts_with("v=dmarc1"))
            .collect();
        match records.as_slice() {
            [] => {}
            [text] => return Ok(read(&at, text, domain != from).map(Some)),
            several => return Ok(Err(format!("{at} has {} records, and may have one", several.len()))),
        }
        if above == from {
            break;
        }
    }
    Ok(Ok(None))
}

fn read(at: &str, text: &str, below: bool) -> Result<Policy, String> {
    let mut tags = Vec::new();
    for tag in text.split(';').map(str::trim).filter(|tag| !tag.is_empty()) {
        let (name, value) = tag
            .split_once('=')
            .ok_or_else(|| format!("{at}: `{tag}` is no part of DMARC: expected name=value"))?;
        tags.push((name.trim().to_ascii_lowercase(), value.trim()));
    }
    let tag = |name: &str| tags.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    let strict = |name| tag(name).is_some_and(|value| value.eq_ignore_ascii_case("s"));
    let policy = tag("sp").filter(|_| below).or_else(|| tag("p")).unwrap_or_default().to_ascii_lowercase();
    if !["none", "quarantine", "reject"].contains(&policy.as_str()) {
        return Err(format!("{at} says `p={policy}`: expected none, quarantine or reject"));
    }
    let reports = tag("rua").is_some_and(|to| !to.is_empty());
    Ok(Policy {
        at: at.to_owned(),
        policy,
        strict_dkim: strict("adkim"),
        strict_spf: strict("aspf"),
        reports,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_for_whom_is_asked_of_the_registered_domain() {
        for (proved, from, relaxed, strict) in [
            ("acme.example", "acme.example", true, true),
            ("Returns.acme.example", "acme.example", true, false),
            ("a.acme.co.uk", "b.acme.co.uk", true, false),
            ("acme.co.uk", "other.co.uk", false, false),
            ("acme.example", "acme.example.evil.example", false, false),
        ] {
            assert_eq!(aligned(proved, from, false), relaxed, "{proved} for {from}");
            assert_eq!(aligned(proved, from, true), strict, "{proved} for {from}, strictly");
        }
    }

    #[test]
    fn records_are_read_and_mistakes_named() {
        let policy =
            read("_dmarc.a.example", "v=DMARC1; p=Reject; sp=none;adkim=s ; rua=mailto:d@a.example;", false);
        let policy = policy.unwrap();
        assert_eq!((policy.policy.as_str(), policy.strict_dkim, policy.strict_spf), ("reject", true, false));
        assert!(policy.reports);
        assert_eq!(read("_dmarc.a.example", "v=DMARC1;p=reject;sp=none", true).unwrap().policy, "none");
        for bad in ["v=DMARC1", "v=DMARC1; p=block", "v=DMARC1; p", "v=DMARC1; p="] {
            assert!(read("_dmarc.a.example", bad, false).is_err(), "{bad}");
        }
    }
}
