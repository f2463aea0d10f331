//! Mail that comes back: to an address of each message's own, over SMTP and LMTP, over HTTP, and in a folder.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, fine, folder, mailed, settled, signed_up};
use crowsnest_testkit::{Request, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

/// A server to whose people one message each went out, and which takes back what comes back on them.
struct House {
    server: RunningServer,
    _workspace: tempfile::TempDir,
}

/// A message that went out.
struct Sent {
    id: String,
    /// Its sender's address on the envelope.
    from: String,
    /// Where one writes to unsubscribe.
    unsubscribe: String,
    raw: String,
}

impl House {
    fn new(people: &[&str]) -> Self {
        let workspace = folder(&SMALL);
        let file = workspace.path().join("crowsnest.yaml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(
            &file,
            text.replace("1 Pier }", "1 Pier, returns: { domain: returns.lake-store.example } }"),
        )
        .unwrap();
        let server = ServerBuilder::new(CROWSNEST)
            .workspace(workspace.path())
            .env("CROWSNEST_RETURNS", "127.0.0.1:0")
            .start();
        let house = Self { server, _workspace: workspace };
        for who in people {
            house.write_to(who, "first");
        }
        house
    }

    /// Has something written to somebody; their message, if it is allowed, stands in the mailbox afterwards.
    fn write_to(&self, who: &str, card: &str) {
        self.server.api().collect("batch", WEB, &json!({ "batch": [agreed(who), signed_up(who, card)] }));
        wait::until("there is a message", || {
            self.server.api().deliveries("welcome").iter().any(|one| self.is_to(one, who)).then_some(())
        });
        settled(self.server.api());
    }

    fn is_to(&self, delivery: &Value, who: &str) -> bool {
        delivery["to"] == format!("{who}@mail.example")
    }

    fn sent(&self, who: &str) -> Sent {
        let mails = self.server.api().pages("/api/v1/mailbox");
        let mail = mails.iter().find(|mail| mail["to"][0] == format!("{who}@mail.example")).unwrap();
        let raw = format!("/api/v1/mailbox/{}/raw", mail["id"].as_str().unwrap());
        let raw = self.server.api().ask(Request::new("GET", raw)).text();
        let between = |begin: &str, end: &str| {
            raw.split(begin).nth(1).unwrap_or_default().split(end).next().unwrap_or_default().to_owned()
        };
        Sent {
            id: between("Message-ID: <", "@"),
            from: mail["from"].as_str().unwrap().to_owned(),
            unsubscribe: between("<mailto:", "?"),
            raw,
        }
    }

    fn delivery(&self, id: &str) -> Value {
        self.server.api().get(&format!("/api/v1/deliveries/{id}"))
    }

    fn suppressed(&self) -> Vec<String> {
        let all = self.server.api().get("/api/v1/suppressions");
        let mut all: Vec<String> =
            all.as_array().unwrap().iter().map(|one| one["contact"].as_str().unwrap().to_owned()).collect();
        all.sort();
        all
    }

    /// Says something to the door for returned mail, and gives the codes of the answers.
    fn say(&self, said: &str) -> Vec<String> {
        self.try_say(said).unwrap()
    }

    fn try_say(&self, said: &str) -> std::io::Result<Vec<String>> {
        let log = wait::until("it says where mail comes back", || {
            let log = self.server.log();
            let at = log.rsplit("Mail that comes back is taken at ").next()?.split_once('\n')?.0.to_owned();
            log.contains("Mail that comes back").then_some(at)
        });
        let mut stream = TcpStream::connect(log)?;
        stream.write_all(said.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let last = answer.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
        Ok(last.map(|line| line[..3].to_owned()).collect())
    }
}

/// A mail over the line, in the protocol that this greeting begins.
fn over(greeting: &str, to: &[&str], mail: &str) -> String {
    let to: String = to.iter().map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
    format!("{greeting} mx.mail.example\r\nMAIL FROM:<>\r\n{to}DATA\r\n{mail}\r\n.\r\nQUIT\r\n")
}

/// A report on delivery as mail servers write it.
fn bounce(id: &str, status: &str, said: &str, sent: &Sent) -> String {
    let head = sent.raw.split("\r\n\r\n").next().unwrap();
    [
        "From: MAILER-DAEMON@mx.mail.example (Mail Delivery System)",
        "Subject: Undelivered Mail Returned to Sender",
        &format!("To: {}", sent.from),
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status;",
        "\tboundary=\"4Zx/mx.mail.example\"",
        &format!("Message-Id: <{id}@mx.mail.example>"),
        "",
        "--4Zx/mx.mail.example",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "I am sorry, it could not be delivered.",
        "",
        "--4Zx/mx.mail.example",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.mail.example",
        "",
        "Final-Recipient: rfc822; somebody@mail.example",
        "Action: failed",
        &format!("Status: {status}"),
        &format!("Diagnostic-Code: smtp; {said}"),
        "",
        "--4Zx/mx.mail.example",
        "Content-Type: text/rfc822-headers",
        "",
        head,
        "",
        "--4Zx/mx.mail.example--",
        "",
    ]
    .join("\r\n")
}

const GONE: (&str, &str) = ("5.1.1", "550 5.1.1 no such user here");

#[test]
fn a_bounce_finds_its_message_by_every_way_and_the_same_one_counts_once() {
    let house = House::new(&["ann", "bob", "cy", "dan"]);
    let [ann, bob, cy, dan] = ["ann", "bob", "cy", "dan"].map(|who| house.sent(who));
    assert!(ann.from.starts_with("b-1") && ann.from.ends_with("@returns.lake-store.example"), "{}", ann.from);
    assert_ne!(ann.from, bob.from);
    assert!(ann.raw.contains("\r\nFrom: \"Lake Store\" <hello@lake-store.example>\r\n"), "{}", ann.raw);

    let mail = bounce("r-ann", GONE.0, GONE.1, &ann);
    let codes = house.say(&over("EHLO", &[&ann.from], &mail));
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    // What was acknowledged is there: nothing is waited for.
    let delivery = house.delivery(&ann.id);
    assert_eq!(
        (&delivery["state"], &delivery["reason"]),
        (&json!("bounced"), &json!("550 5.1.1 no such user here"))
    );
    assert_eq!(house.suppressed(), ["ann@mail.example"]);

    let mail = bounce("r-bob", GONE.0, GONE.1, &bob);
    let codes = house.say(&over("LHLO", &[&bob.from.to_uppercase()], &mail));
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    assert_eq!(house.delivery(&bob.id)["state"], "bounced");

    // Over HTTP, from a mailbox to which it went before there were addresses of messages' own: by its Message-ID.
    let mail = bounce("r-cy", GONE.0, GONE.1, &cy).replace(&cy.from, "hello@lake-store.example");
    let post =
        || Request::post("/api/v1/email/returns", mail.clone()).header("content-type", "message/rfc822");
    let answer = house.server.api().ask(post()).json();
    assert_eq!(answer, json!({ "delivery": cy.id, "heard": "bounced_for_good", "new": true, "note": null }));
    assert_eq!(house.server.api().ask(post()).json()["new"], false);

    let inbox = house.server.data().join("returns");
    fs::write(inbox.join("dan.eml"), bounce("r-dan", "5.2.2", "552 5.2.2 full", &dan)).unwrap();
    fs::write(inbox.join("foreign.eml"), "From: a@b.example\r\nSubject: Hello\r\n\r\nBuy!\r\n").unwrap();
    let reason = house.server.data().join("returns-failed/foreign.eml.reason.txt");
    // The file is there before its words are.
    wait::until("the folder is read", || {
        let said = fs::read_to_string(&reason).unwrap_or_default();
        (house.server.data().join("returns-done/dan.eml").exists() && said.contains("no message of ours"))
            .then_some(())
    });
    assert_eq!(house.delivery(&dan.id)["state"], "bounced");
    // A full mailbox is no reason yet.
    assert_eq!(house.suppressed(), ["ann@mail.example", "bob@mail.example", "cy@mail.example"]);

    // The same report by yet another way.
    let copy = bounce("r-ann", GONE.0, GONE.1, &ann);
    assert_eq!(house.server.api().ask(Request::post("/api/v1/email/returns", copy)).json()["new"], false);
    assert_eq!(house.delivery(&ann.id)["feedback"], json!([house.delivery(&ann.id)["feedback"][0]]));
    assert_eq!(house.delivery(&ann.id)["feedback"][0]["times"], 1);
    // And nothing goes there any more.
    house.write_to("ann", "second");
    assert_eq!(mailed(house.server.api()).len(), 4);
}

#[test]
fn the_door_is_open_to_what_is_signed_and_to_nothing_else() {
    let house = House::new(&["ann", "bob"]);
    let (ann, bob) = (house.sent("ann"), house.sent("bob"));
    let forged = ann.from.replacen(|c: char| c.is_ascii_digit() && c != '1', "9", 1);
    let elsewhere = ann.from.replace("returns.lake-store", "lake-store");
    for to in [
        forged.as_str(),
        &elsewhere,
        "hello@returns.lake-store.example",
        "b-@returns.lake-store.example",
        "postmaster@returns.lake-store.example",
        &ann.from.replacen("b-", "u-", 1),
        "b-é@returns.lake-store.example",
    ] {
        let codes = house.say(&over("EHLO", &[to], "x"));
        // No recipient, so that the message itself is refused as commands, and the client is sent away in the end.
        assert_eq!(codes.get(3..5), Some(&["550".to_owned(), "503".to_owned()][..]), "{to}: {codes:?}");
    }
    // A report about Bob's message counts for the message whose address was known: the Message-ID is no proof.
    let mail = bounce("r-1", "5.2.2", "552 5.2.2 full", &bob);
    house.say(&over("EHLO", &[&ann.from], &mail));
    assert_eq!(house.delivery(&bob.id)["state"], "sent");
    assert_eq!(house.delivery(&ann.id)["state"], "bounced");
    assert!(house.suppressed().is_empty());
    // Each recipient of LMTP has its own answer.
    let mail = bounce("r-2", "5.2.2", "552 5.2.2 full", &bob);
    let codes = house.say(&over("LHLO", &[&ann.from, "complaints@returns.lake-store.example"], &mail));
    assert_eq!(codes, ["220", "250", "250", "250", "250", "354", "250", "554", "221"]);
    // Without the administrator's token nothing is heard.
    let stranger = crowsnest_testkit::Api::new(house.server.api().url().to_owned(), "not-the-token");
    assert_eq!(stranger.ask(Request::post("/api/v1/email/returns", mail)).status, 401);
}

#[test]
fn who_complains_or_writes_to_unsubscribe_gets_no_more_offers() {
    let house = House::new(&["ann", "bob", "cy", "dan"]);
    let [ann, bob, cy, dan] = ["ann", "bob", "cy", "dan"].map(|who| house.sent(who));
    let complaint = [
        "From: <feedback@mailbox.example>",
        "To: <complaints@returns.lake-store.example>",
        "Subject: FW: Welcome",
        "Message-ID: <c-1@mailbox.example>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=part",
        "",
        "--part",
        "Content-Type: text/plain",
        "",
        "This is a report of abuse.",
        "--part",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        "User-Agent: MailboxFBL/2",
        "Version: 1",
        &format!("Original-Mail-From: <{}>", ann.from),
        "",
        "--part",
        "Content-Type: message/rfc822",
        "",
        &ann.raw,
        "--part--",
        "",
    ]
    .join("\r\n");
    let codes = house.say(&over("EHLO", &["complaints@returns.lake-store.example"], &complaint));
    assert_eq!(codes[5], "250", "{codes:?}");
    assert_eq!(house.delivery(&ann.id)["feedback"][0]["kind"], "complained");

    let mail = "From: bob@mail.example\r\nSubject: unsubscribe\r\nMessage-ID: <u-1@mail.example>\r\n\r\n";
    let codes = house.say(&over("EHLO", &[&bob.unsubscribe], mail));
    assert_eq!(codes[5], "250", "{codes:?}");
    assert_eq!(house.delivery(&bob.id)["feedback"][0]["kind"], "replied");

    // A note of absence says nothing of what Cy wants, even when it quotes the way out.
    let mail = "From: cy@mail.example\r\nSubject: Automatische Antwort: Welcome\r\nAuto-Submitted: auto-replied\r\n\r\nSTOP\r\n";
    house.say(&over("EHLO", &[&cy.from], mail));
    assert_eq!(house.delivery(&cy.id)["feedback"][0]["kind"], "replied_by_machine");

    // An answer that came to the sender's own mailbox.
    let mail = format!(
        "From: dan@mail.example\r\nTo: hello@lake-store.example\r\nSubject: Re: Welcome\r\nMessage-ID: <a@mail.example>\r\n\
         In-Reply-To: <{}@lake-store.example>\r\n\r\nStop.\r\n> Welcome\r\n",
        dan.id
    );
    let answer = house.server.api().ask(Request::post("/api/v1/email/returns", mail)).json();
    assert_eq!(answer["heard"], "replied");

    let before = mailed(house.server.api()).len();
    for who in ["ann", "bob", "cy", "dan"] {
        house.server.api().collect("batch", WEB, &json!({ "batch": [signed_up(who, "second")] }));
    }
    wait::until("all were decided upon", || {
        (house.server.api().deliveries("welcome").len() == 8).then_some(())
    });
    settled(house.server.api());
    let after = mailed(house.server.api());
    assert_eq!((after.len(), after.iter().filter(|to| *to == "cy@mail.example").count()), (before + 1, 2));
    let left_out = fine(house.server.command(&["deliveries", "list", "--state", "suppressed"]));
    assert_eq!(left_out.matches("@mail.example").count(), 3, "{left_out}");
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let mut house = House::new(&["ann"]);
    let ann = house.sent("ann");
    let mail = bounce("r-ann", GONE.0, GONE.1, &ann);
    assert_eq!(house.say(&over("EHLO", &[&ann.from], &mail))[5], "250");
    house.server.kill();
    house.server.restart();
    assert_eq!(house.delivery(&ann.id)["state"], "bounced");
    assert_eq!(house.suppressed(), ["ann@mail.example"]);
}

/// Compiled in only with the feature, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn a_mail_that_was_not_acknowledged_comes_again_and_counts_once() {
    for point in ["commit-before", "returned-after"] {
        let mut house = House::new(&["ann"]);
        let ann = house.sent("ann");
        let mail = over("EHLO", &[&ann.from], &bounce("r-ann", GONE.0, GONE.1, &ann));
        // The start commits, too: as many times are let pass as it takes.
        let started = (0..50).any(|passed| {
            house.server.set_env("FAILPOINTS", Some(&format!("{point}={passed}*off->return")));
            house.server.try_restart().is_ok()
        });
        assert!(started, "{point}");
        let codes = house.try_say(&mail).unwrap_or_default();
        assert!(codes.len() < 6, "{point}: acknowledged {codes:?}");
        house.server.wait_for_end();
        house.server.set_env("FAILPOINTS", None);
        house.server.restart();
        let lost = house.delivery(&ann.id)["state"] == "sent";
        assert_eq!(lost, point == "commit-before", "it died on the side of the commit that was meant");
        assert_eq!(house.say(&mail)[5], "250", "{point}");
        let delivery = house.delivery(&ann.id);
        assert_eq!(
            (&delivery["state"], &delivery["feedback"][0]["times"]),
            (&json!("bounced"), &json!(1)),
            "{point}"
        );
    }
}
