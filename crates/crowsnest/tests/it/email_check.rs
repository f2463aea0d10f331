//! The check before a launch: asked by command, named by the doctor, and warned of before a mailing.

use crate::world::{CROWSNEST, SMALL, fine, folder, said};
use crowsnest_testkit::{DnsServer, ServerBuilder};
use serde_json::Value;
use std::fs;

#[test]
fn what_receivers_will_distrust_is_said_before_a_mailing() {
    let dns = DnsServer::start(&[
        ("lake-store.example", "TXT", "v=spf1 ip4:192.0.2.7 -all"),
        ("smtp.lake-store.example", "A", "192.0.2.7"),
        ("news.example", "TXT", "v=spf1 -all"),
    ]);
    let workspace = folder(&SMALL);
    fs::create_dir_all(workspace.path().join("broadcasts")).unwrap();
    fs::write(
        workspace.path().join("broadcasts/spring.yaml"),
        "broadcast: spring\naudience: consent(\"email\", \"offers\")\nsend: { channel: email, template: hello, topic: offers }\n",
    )
    .unwrap();
    let file = workspace.path().join("crowsnest.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let start = |smtp: &str| {
        fs::write(&file, text.replace("1 Pier }", &format!("1 Pier{smtp} }}"))).unwrap();
        ServerBuilder::new(CROWSNEST)
            .workspace(workspace.path())
            .env("CROWSNEST_DNS", &dns.addr.to_string())
            .start()
    };
    // While nothing leaves the house, nobody is troubled with it.
    let server = start("");
    assert!(!fine(server.command(&["send", "spring"])).contains("warning"));
    fine(server.command(&["doctor"]));
    drop(server);

    let server = start(", smtp: { host: smtp.lake-store.example, security: none }");
    let check = server.command(&["email", "check"]);
    assert_eq!(check.status.code(), Some(1), "there is a problem");
    let (out, _) = said(&check);
    assert!(
        out.contains("ok       SPF lake-store.example: mail that smtp.lake-store.example sends"),
        "{out}"
    );
    assert!(out.contains("_dmarc.lake-store.example TXT \"v=DMARC1; p=none;"), "{out}");
    let shown = fine(server.command(&["send", "spring"]));
    assert!(shown.contains("warning: DMARC _dmarc.lake-store.example: there is no DMARC record"), "{shown}");
    assert!(said(&server.command(&["doctor"])).0.contains("BAD  sender: DMARC"), "the doctor names it");

    dns.put("_dmarc.lake-store.example", "TXT", "v=DMARC1; p=none; rua=mailto:d@lake-store.example");
    fine(server.command(&["email", "check"]));
    assert!(!fine(server.command(&["send", "spring"])).contains("warning"));
    let other = server.command(&["email", "check", "--json", "--domain", "news.example"]);
    assert_eq!(other.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!(
        (&answer["from"], &answer["findings"][0]["level"]),
        (&"news.example".into(), &"problem".into())
    );
}
