//! Unsubscribing: looking never acts, posting does, and from then on nothing is sent.

use crate::world::{SMALL, WEB, agreed, folder, mailed, settled, signed_up};
use crowsnest_testkit::{Answer, Api, Request, RunningServer, ServerBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Written {
    _workspace: TempDir,
    server: RunningServer,
    mail: Value,
}

/// A server that has sent one mail to `ann`.
fn written() -> Written {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(crate::world::CROWSNEST).workspace(workspace.path()).start();
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "1")] }));
    settled(api);
    assert_eq!(mailed(api), ["ann@mail.example"]);
    let id = api.pages("/api/v1/mailbox")[0]["id"].as_str().unwrap().to_owned();
    let mail = api.get(&format!("/api/v1/mailbox/{id}"));
    Written { _workspace: workspace, server, mail }
}

impl Written {
    fn api(&self) -> &Api {
        self.server.api()
    }

    fn header(&self, name: &str) -> String {
        let headers = self.mail["headers"].as_array().unwrap();
        let found = headers.iter().find(|header| header[0].as_str().unwrap().eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name} in {headers:?}"))[1].as_str().unwrap().trim().to_owned()
    }

    /// The path of the link with which a mail program unsubscribes.
    fn link(&self) -> String {
        let header = self.header("list-unsubscribe");
        let url = header.trim_start_matches('<').trim_end_matches('>');
        url.strip_prefix(self.api().url()).unwrap_or_else(|| panic!("{url} leads elsewhere")).to_owned()
    }

    /// What ann agreed to, by topic.
    fn consents(&self) -> Vec<(String, String)> {
        let ann = self.api().find("user_id", "ann").unwrap();
        let consents = ann["consents"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        consents.map(|consent| (text(&consent["topic"]), text(&consent["status"]))).collect()
    }

    /// What becomes of one message more to ann.
    fn next_message(&self, card: &str) -> Value {
        self.api().collect("track", WEB, &signed_up("ann", card));
        settled(self.api());
        let deliveries = self.api().deliveries("welcome");
        deliveries
            .into_iter()
            .find(|delivery| delivery["occasion"].as_str().unwrap().starts_with(card))
            .unwrap()
    }
}

fn one_click(path: &str) -> Request {
    Request::post(path, "List-Unsubscribe=One-Click")
        .header("content-type", "application/x-www-form-urlencoded")
}

fn form(path: &str, body: &str) -> Request {
    Request::post(path, body)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html,application/xhtml+xml")
}

#[test]
fn looking_at_the_link_never_acts() {
    let written = written();
    assert_eq!(written.header("list-unsubscribe-post"), "List-Unsubscribe=One-Click");
    let link = written.link();
    for method in ["GET", "HEAD", "GET", "OPTIONS", "PUT", "DELETE"] {
        let answer = written.api().send(&Request::new(method, &link));
        let looks = ["GET", "HEAD"].contains(&method);
        assert_eq!(answer.status, if looks { 200 } else { 405 }, "{method}: {}", answer.text());
        if method == "GET" {
            assert!(answer.text().contains("<form method=\"post\""), "a person can unsubscribe there");
        }
    }
    assert_eq!(written.consents(), [("offers".into(), "granted".into())]);
    assert_eq!(written.next_message("2")["state"], "sent", "link scanners unsubscribe nobody");
}

#[test]
fn one_click_acts_and_nothing_is_sent_any_more() {
    let written = written();
    let answer = written.api().send(&one_click(&written.link()));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(written.consents(), [("offers".into(), "withdrawn".into())]);
    let next = written.next_message("2");
    assert_eq!(next["state"], "suppressed", "{next}");
    assert!(next["reason"].as_str().unwrap().contains("withdrew consent"), "{next}");
    assert_eq!(mailed(written.api()), ["ann@mail.example"], "no second mail");
    // A mail program that asks twice is answered twice.
    assert_eq!(written.api().send(&one_click(&written.link())).status, 200);
    // What she did is in her timeline, with its evidence.
    let ann = written.api().find("user_id", "ann").unwrap();
    let touches = written.api().timeline(ann["id"].as_str().unwrap());
    assert!(touches.iter().any(|touch| touch["name"] == "Consent Withdrawn"), "{touches:?}");
    assert!(ann["consents"][0]["evidence"].as_str().unwrap().contains("RFC 8058"), "{ann}");
}

#[test]
fn a_tampered_link_is_nobodys() {
    let written = written();
    let link = written.link();
    let token = link.rsplit('/').next().unwrap();
    let middle = token.len() / 2;
    let other = if &token[middle..=middle] == "A" { "B" } else { "A" };
    let tampered = format!("/u/{}{other}{}", &token[..middle], &token[middle + 1..]);
    // Of another purpose: the preference page's token unsubscribes nobody.
    let preferences = preferences_link(&written).replace("/p/", "/u/");
    let mut answers: Vec<Answer> = Vec::new();
    for path in
        [tampered, preferences, format!("{link}A"), "/u/1".into(), "/u/%00".into(), "/p/nonsense".into()]
    {
        for request in [Request::new("GET", &path), one_click(&path)] {
            let answer = written.api().send(&request);
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            answers.push(answer);
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0].body == pair[1].body), "the answer never says which");
    assert_eq!(written.consents(), [("offers".into(), "granted".into())]);
}

fn preferences_link(written: &Written) -> String {
    let text = written.mail["text"].as_str().unwrap();
    let at = text.find("/p/").unwrap_or_else(|| panic!("no preference page in {text}"));
    text[at..].split_whitespace().next().unwrap().to_owned()
}

#[test]
fn the_preference_page_shows_and_keeps_choices() {
    let written = written();
    let page = preferences_link(&written);
    let shown = written.api().send(&Request::new("GET", &page));
    assert_eq!(shown.status, 200);
    assert!(!shown.text().contains("ann@mail.example"), "whoever gets the link does not get the address");
    assert!(shown.text().contains("value=\"offers\" checked"), "{}", shown.text());
    assert!(shown.text().contains("value=\"news\">"), "{}", shown.text());

    let saved = written.api().send(&form(&page, "topic=news"));
    assert_eq!(saved.status, 200, "{}", saved.text());
    assert_eq!(
        written.consents(),
        [("news".into(), "granted".into()), ("offers".into(), "withdrawn".into())]
    );
    assert_eq!(written.next_message("2")["state"], "suppressed");

    written.api().send(&form(&page, "topic=news&topic=offers"));
    assert_eq!(written.next_message("3")["state"], "sent", "who comes back is written to again");

    written.api().send(&form(&page, "everything=stop"));
    let shown = written.api().send(&Request::new("GET", &page)).text();
    assert!(!shown.contains("checked"), "{shown}");
    assert_eq!(written.next_message("4")["state"], "suppressed");
}
