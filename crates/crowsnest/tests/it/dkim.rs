//! Messages are signed, and a verifier that others wrote believes them: unless something was changed on the way.

use crate::world::{
    CROWSNEST, SMALL, WEB, agreed, failed, fine, folder, installed, mailed, repository, settled, signed_up,
};
use crowsnest_testkit::{Request, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    process::{Command, Stdio},
};

fn key(name: &str) -> String {
    repository().join("crates/channels/tests/keys").join(name).display().to_string()
}

/// A server that signs with these keys, and two messages of it: as they went over the line.
fn messages(dkim: &str, environment: &[(&str, &str)]) -> (tempfile::TempDir, RunningServer, Vec<String>) {
    let workspace = folder(&SMALL);
    let file = workspace.path().join("crowsnest.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("1 Pier }", &format!("1 Pier, dkim: {dkim} }}"))).unwrap();
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path());
    for (name, value) in environment {
        server = server.env(name, value);
    }
    let server = server.start();
    let batch = json!({ "batch": [agreed("ann"), agreed("bob"), signed_up("ann", "card"), signed_up("bob", "card")] });
    server.api().collect("batch", WEB, &batch);
    wait::until("both are mailed", || (mailed(server.api()).len() == 2).then_some(()));
    settled(server.api());
    let mails = server.api().get("/api/v1/mailbox");
    let mails = mails.as_array().unwrap().iter().map(|mail| {
        let page = format!("/api/v1/mailbox/{}/raw", mail["id"].as_str().unwrap());
        server.api().ask(Request::new("GET", page)).text()
    });
    let mails = mails.collect();
    (workspace, server, mails)
}

/// What the verifier says of each signature: algorithm and result.
fn verified(message: &str, records: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut verifier = Command::new("node")
        .arg(repository().join("tests/mail/verify.mjs"))
        .env("MAIL_MODULES", installed("mail"))
        .env_remove("NODE_OPTIONS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = json!({ "message": message, "records": records });
    verifier.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = verifier.wait_with_output().unwrap();
    assert!(output.status.success());
    let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    said.iter().map(|one| (text(&one["algorithm"]), text(&one["result"]))).collect()
}

fn records(server: &RunningServer) -> BTreeMap<String, String> {
    let printed = fine(server.command(&["email", "dns", "--json"]));
    let records: Vec<Value> = serde_json::from_str(&printed).unwrap();
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records.iter().map(|record| (text(record, "name"), text(record, "value"))).collect()
}

#[test]
fn others_believe_the_signatures() {
    let pem = fs::read_to_string(key("test-only-ed25519.pem")).unwrap();
    let dkim = format!(
        "[{{ selector: cn1, key_file: {} }}, {{ selector: cn2, key_env: SIGNING_KEY }}]",
        key("test-only-rsa.pem")
    );
    let (_workspace, server, mails) = messages(&dkim, &[("SIGNING_KEY", &pem)]);
    let records = records(&server);
    assert_eq!(records.len(), 2);
    let shown = fine(server.command(&["email", "dns"]));
    assert!(shown.contains("TXT cn1._domainkey.") && shown.contains("v=DKIM1; k=rsa; p=MII"), "{shown}");
    let all = |word: &str| {
        [("rsa-sha256", word), ("ed25519-sha256", word)]
            .map(|(algorithm, word)| (algorithm.to_owned(), word.to_owned()))
    };
    for mail in &mails {
        // In front of the first signature stands what the mailbox itself has put there.
        assert_eq!(verified(mail, &records), all("pass"), "{mail}");
        assert!(mail.lines().all(|line| line.len() <= 998));
    }
    let mail = &mails[0];
    // What relays do: fold, add blanks at the ends of lines, empty lines at the end, headers of their own in front.
    let subject = mail.lines().find(|line| line.starts_with("Subject: ")).unwrap();
    let (before, after) = subject.rsplit_once(' ').unwrap();
    let relayed = format!(
        "Received: from a by b\r\n{}\r\n\r\n",
        mail.replacen(subject, &format!("{before}  \r\n\t{after} "), 1)
    );
    assert_eq!(verified(&relayed, &records), all("pass"));
    // What nobody may do.
    type Change = Box<dyn Fn(&str) -> String>;
    let changes: [(&str, Change); 7] = [
        ("another subject", Box::new(|mail| mail.replacen("Subject: ", "Subject: Not ", 1))),
        ("a second sender", Box::new(|mail| format!("From: Evil <evil@evil.example>\r\n{mail}"))),
        ("a second subject", Box::new(|mail| mail.replacen("Subject: ", "Subject: Won!\r\nSubject: ", 1))),
        (
            "another way to unsubscribe",
            Box::new(|mail| mail.replacen("List-Unsubscribe: <http", "List-Unsubscribe: <https", 1)),
        ),
        ("another list", Box::new(|mail| mail.replacen("List-Id: ", "List-Id: Evil ", 1))),
        ("another Feedback-ID", Box::new(|mail| mail.replacen("Feedback-ID: ", "Feedback-ID: x", 1))),
        ("more at the end", Box::new(|mail| format!("{mail}and more\r\n"))),
    ];
    for (what, change) in changes {
        let changed = change(mail);
        assert_ne!(&changed, mail, "{what}");
        assert!(verified(&changed, &records).iter().all(|(_, result)| result != "pass"), "{what}");
    }
    // Two messages, two signatures.
    let signature = |mail: &str| mail.split("\r\n b=").nth(1).unwrap()[..40].to_owned();
    assert_ne!(signature(&mails[0]), signature(&mails[1]));
}

#[test]
fn nothing_goes_out_unsigned_when_the_key_is_not_there() {
    let workspace = folder(&SMALL);
    let file = workspace.path().join("crowsnest.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let dkim = "dkim: { selector: cn1, key_env: NO_SUCH_KEY }";
    fs::write(&file, text.replace("1 Pier }", &format!("1 Pier, {dkim} }}"))).unwrap();
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "card")] }));
    let waiting = wait::until("it is tried again later", || {
        let printed = fine(server.command(&["deliveries", "list", "--state", "queued", "--json"]));
        let waiting: Vec<Value> = serde_json::from_str(&printed).unwrap();
        let reason = waiting.first()?["reason"].as_str()?.to_owned();
        reason.contains("tried again").then_some(reason)
    });
    assert!(
        waiting.contains(
            "the DKIM key `cn1` cannot be used: the environment variable NO_SUCH_KEY with the key is not set"
        ),
        "{waiting}"
    );
    assert!(mailed(server.api()).is_empty());
    let said = failed(server.command(&["email", "dns"]), 4);
    assert!(said.contains("NO_SUCH_KEY"), "{said}");
    let doctor = server.command(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(crate::world::said(&doctor).0.contains("NO_SUCH_KEY"), "{doctor:?}");
}
