//! The check before a launch, against a DNS that says what the test wants.

use crowsnest_channels::email::{
    DkimSigner,
    check::{Finding, Level, Names, Subject, check},
};
use crowsnest_testkit::DnsServer;
use rstest::rstest;
use std::net::UdpSocket;

const KEY: &str = include_str!("../keys/test-only-ed25519.pem");

fn signer() -> DkimSigner {
    DkimSigner::new("acme.example", "cn1", KEY).unwrap()
}

/// A domain of which everything is right.
fn right() -> DnsServer {
    let dns = DnsServer::start(&[
        ("acme.example", "TXT", "google-site-verification=1"),
        ("acme.example", "TXT", "v=spf1 mx -all"),
        ("returns.acme.example", "TXT", "v=spf1 include:_spf.relay.example -all"),
        ("_spf.relay.example", "TXT", "v=spf1 a:out.relay.example/28 ip6:2001:db8:1::/48 ~all"),
        ("out.relay.example", "A", "192.0.2.18"),
        ("smtp.relay.example", "A", "192.0.2.17"),
        ("smtp.relay.example", "AAAA", "2001:db8:1::25"),
        ("_dmarc.acme.example", "TXT", "v=DMARC1; p=quarantine; rua=mailto:dmarc@acme.example"),
        ("returns.acme.example", "MX", "10 mx.acme.example"),
        ("mx.acme.example", "A", "192.0.2.25"),
    ]);
    dns.put("cn1._domainkey.acme.example", "TXT", &signer().record());
    dns
}

async fn asked(dns: &DnsServer) -> Vec<Finding> {
    let keys = [signer()];
    let subject = Subject {
        from: "acme.example",
        returns: Some("returns.acme.example"),
        servers: &["smtp.relay.example".to_owned()],
        keys: &keys,
    };
    check(&Names::new(Some(dns.addr)).unwrap(), &subject).await
}

fn of<'f>(findings: &'f [Finding], what: &str) -> &'f Finding {
    findings.iter().find(|finding| finding.what == what).unwrap()
}

#[tokio::test]
async fn what_is_right_is_said_to_be() {
    let findings = asked(&right()).await;
    let said: Vec<(&str, Level)> = findings.iter().map(|finding| (finding.what, finding.level)).collect();
    assert_eq!(
        said,
        [("SPF", Level::Ok), ("DKIM", Level::Ok), ("DMARC", Level::Ok), ("MX", Level::Ok)],
        "{findings:#?}"
    );
    assert!(findings.iter().all(|finding| finding.cure.is_none()));
}

#[rstest]
#[case::none(&[], Level::Problem, "there is no SPF record")]
#[case::two(&["v=spf1 -all", "v=spf1 a -all"], Level::Problem, "2 SPF records")]
#[case::typo(&["v=spf1 ipv4:192.0.2.17 -all"], Level::Problem, "`ipv4:192.0.2.17` is no part of SPF")]
#[case::not_it(&["v=spf1 ip4:198.51.100.0/24 -all"], Level::Problem, "may not send")]
#[case::softly(&["v=spf1 ip4:198.51.100.0/24 ~all"], Level::Problem, "probably may not")]
#[case::one_of_two(&["v=spf1 ip4:192.0.2.17 -all"], Level::Problem, "smtp.relay.example (2001:db8:1::25) may not")]
#[case::silent(&["v=spf1 ip4:198.51.100.0/24"], Level::Warning, "does not say")]
#[case::networks(&["v=spf1 ip4:192.0.2.16/28 ip6:2001:db8::/32 -all"], Level::Ok, "passes")]
#[case::host(&["v=spf1 a:smtp.relay.example -all"], Level::Ok, "passes")]
#[case::redirected(&["v=spf1 redirect=_spf.relay.example"], Level::Ok, "passes")]
#[case::mail_hosts(&["v=spf1 mx/24 ip6:2001:db8:1::/64 -all"], Level::Ok, "passes")]
#[case::absent(&["v=spf1 include:nothing.example -all"], Level::Problem, "include:nothing.example has no record")]
#[case::round(&["v=spf1 include:returns.acme.example -all"], Level::Problem, "more than 10 look-ups")]
#[case::in_vain(&["v=spf1 a:x.example a:y.example a:z.example -all"], Level::Problem, "more than 2 names")]
#[case::macros(&["v=spf1 exists:%{i}.x.example -all"], Level::Warning, "depends on the message")]
#[tokio::test]
async fn spf(#[case] records: &[&str], #[case] level: Level, #[case] said: &str) {
    let dns = right();
    dns.forget("returns.acme.example", "TXT");
    for record in records {
        dns.put("returns.acme.example", "TXT", record);
    }
    let findings = asked(&dns).await;
    let finding = of(&findings, "SPF");
    assert_eq!(finding.level, level, "{finding:?}");
    assert!(finding.said.contains(said), "{finding:?}");
}

#[rstest]
#[case::none(None, Level::Problem, "there is no record")]
#[case::other(Some("v=DKIM1; k=ed25519; p=AAAA"), Level::Problem, "not the public half of ours")]
#[case::revoked(Some("v=DKIM1; p="), Level::Problem, "revoked")]
#[case::test(Some("test"), Level::Warning, "t=y")]
#[tokio::test]
async fn dkim(#[case] record: Option<&str>, #[case] level: Level, #[case] said: &str) {
    let (dns, name) = (right(), "cn1._domainkey.acme.example");
    dns.forget(name, "TXT");
    match record {
        Some("test") => dns.put(name, "TXT", &signer().record().replace("; p=", "; t=s:y; p=")),
        Some(record) => dns.put(name, "TXT", record),
        None => {}
    }
    let findings = asked(&dns).await;
    let finding = of(&findings, "DKIM");
    assert!(finding.level == level && finding.said.contains(said), "{finding:?}");
    assert_eq!(finding.cure, Some(format!("{name} TXT \"{}\"", signer().record())), "what to write is said");
}

#[rstest]
#[case::none("", Level::Problem, "there is no DMARC record")]
#[case::wrong("v=DMARC1; p=block", Level::Problem, "expected none, quarantine or reject")]
#[case::unheard("v=DMARC1; p=none", Level::Warning, "the policy is none")]
#[case::strict("v=DMARC1; p=reject; aspf=s; rua=mailto:d@acme.example", Level::Ok, "the envelope does not")]
#[tokio::test]
async fn dmarc(#[case] record: &str, #[case] level: Level, #[case] said: &str) {
    let dns = right();
    dns.forget("_dmarc.acme.example", "TXT");
    if !record.is_empty() {
        dns.put("_dmarc.acme.example", "TXT", record);
    }
    let findings = asked(&dns).await;
    let finding = of(&findings, "DMARC");
    assert!(finding.level == level && finding.said.contains(said), "{finding:?}");
}

#[tokio::test]
async fn what_counts_for_nobody_is_a_problem() {
    let keys = [DkimSigner::new("other.example", "cn1", KEY).unwrap()];
    let subject = Subject {
        from: "mail.acme.example",
        returns: Some("bounces.relay.example"),
        servers: &[],
        keys: &keys,
    };
    let findings = check(&Names::new(Some(right().addr)).unwrap(), &subject).await;
    let finding = of(&findings, "DMARC");
    assert_eq!(
        (finding.level, finding.name.as_str()),
        (Level::Problem, "_dmarc.acme.example"),
        "{finding:?}"
    );
    assert!(of(&findings, "MX").said.contains("nothing can come back"), "{findings:?}");
}

#[tokio::test]
async fn a_dns_that_does_not_answer_is_said_and_not_waited_for() {
    let mute = UdpSocket::bind("127.0.0.1:0").unwrap();
    let names = Names::new(Some(mute.local_addr().unwrap())).unwrap();
    let subject = Subject { from: "acme.example", returns: None, servers: &[], keys: &[signer()] };
    let asking = check(&names, &subject);
    let findings = tokio::time::timeout(std::time::Duration::from_secs(30), asking).await.unwrap();
    for what in ["SPF", "DKIM", "DMARC"] {
        let finding = of(&findings, what);
        assert_eq!(finding.level, Level::Warning);
        assert!(finding.said.starts_with("nothing is known: the DNS cannot be asked for "), "{finding:?}");
    }
}
