//! Stop means stop: whoever says it, in whichever way, gets nothing more once the answer is there, wherever their next message
//! is then between the decision to send it and its first byte.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, fine, folder, settled, signed_up};
use crowsnest_testkit::{Gateway, MailSink, Request, RunningServer, ServerBuilder, Stage, wait};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};
use tempfile::TempDir;

/// The ways to say it. Each is the name of somebody who says it so.
const WAYS: [&str; 13] = [
    "one-click",
    "page",
    "preferences",
    "mail-to-address",
    "answer",
    "complaint",
    "gateway",
    "sdk",
    "call-centre",
    "suppression",
    "bounce",
    "text",
    "text-in-a-sentence",
];

/// Where the gateway of text messages finds the server, its token, and the numbers of those who say it by text.
const PUBLIC: &str = "https://crowsnest.lake-store.example";
const TOKEN: &str = "the-token-of-the-account";
const NUMBERS: [(&str, &str); 2] = [("text", "+13125550201"), ("text-in-a-sentence", "+13125550202")];

/// Who says nothing, and goes on getting what they agreed to.
const SILENT: &str = "silent";

const CALLS: &str = "source: calls\nsync: hourly\nfeeds:\n  notes:\n    format: csv\n    row_id: [No]\n    \
                     identifiers: { email: { field: Mail, type: email } }\n    consents:\n      \
                     - { channel: email, topic: offers, field: Offers, granted: [Y], withdrawn: [N], evidence: said so }\n    \
                     event: Called\n";

struct House {
    server: RunningServer,
    sink: MailSink,
    gateway: Gateway,
    /// The first message to each.
    mails: BTreeMap<String, String>,
    _workspace: TempDir,
}

fn everybody() -> Vec<&'static str> {
    WAYS.into_iter().chain([SILENT]).collect()
}

fn number(who: &str) -> &'static str {
    NUMBERS.iter().find(|(name, _)| *name == who).map_or("", |(_, number)| number)
}

impl House {
    /// A house that has written to everybody once.
    fn new() -> Self {
        let (sink, gateway) = (MailSink::start(), Gateway::start(TOKEN));
        let workspace = folder(&SMALL);
        let file = workspace.path().join("crowsnest.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let sending = format!(
            "1 Pier, returns: {{ domain: returns.lake-store.example }},\n  \
             smtp: {{ host: 127.0.0.1, port: {}, security: none }} }}\npublic_url: {PUBLIC}\nsms:\n  \
             from: \"+13125550100\"\n  \
             gateway: {{ url: \"{}\", account: {}, token_env: LAKE_SMS_TOKEN, allow_private: true }}",
            sink.addr.port(),
            gateway.url(),
            Gateway::ACCOUNT
        );
        fs::write(&file, text.replace("1 Pier }", &sending)).unwrap();
        fs::write(workspace.path().join("sources/calls.yaml"), CALLS).unwrap();
        let server =
            ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("LAKE_SMS_TOKEN", TOKEN).start();
        gateway.finds(PUBLIC, server.api().url());
        let mut agreed: Vec<Value> = everybody().into_iter().map(agreed).collect();
        for (who, number) in NUMBERS {
            let place = everybody().into_iter().position(|other| other == who).unwrap();
            agreed[place]["traits"]["phone"] = number.into();
        }
        server.api().collect("batch", WEB, &json!({ "batch": agreed }));
        let mut house = Self { server, sink, gateway, mails: BTreeMap::new(), _workspace: workspace };
        house.write("first");
        settled(house.server.api());
        for mail in house.sink.taken() {
            house.mails.insert(recipient(&mail), mail);
        }
        assert_eq!(house.mails.len(), everybody().len());
        house
    }

    /// Has something written to everybody.
    fn write(&self, card: &str) {
        let events: Vec<Value> = everybody().into_iter().map(|who| signed_up(who, card)).collect();
        self.server.api().collect("batch", WEB, &json!({ "batch": events }));
    }

    /// Everybody but the silent one says stop, in their way; returns once all were answered.
    fn all_say_stop(&self) {
        for who in WAYS {
            let (status, text) = self.says_stop(who);
            assert!((200..300).contains(&status), "{who}: {status} {text}");
        }
    }

    fn says_stop(&self, who: &str) -> (u16, String) {
        let text = match who {
            "text" => "STOP",
            "text-in-a-sentence" => "please don't text me again",
            _ => "",
        };
        if !text.is_empty() {
            // It may have started anew, on another port.
            self.gateway.finds(PUBLIC, self.server.api().url());
            return self.gateway.brings(PUBLIC, &format!("SM-{who}"), number(who), text);
        }
        let (api, mail) = (self.server.api(), &self.mails[who]);
        let form = |path: &str, body: &str| {
            Request::post(path, body).header("content-type", "application/x-www-form-urlencoded")
        };
        let path = |begin: &str| {
            let text = unfolded(mail);
            let at = text.find(begin).unwrap_or_else(|| panic!("no {begin} in {mail}"));
            let token = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
            text[at..].split(|c| !token(c)).next().unwrap().to_owned()
        };
        let returned = |mail: String| api.ask(Request::post("/api/v1/email/returns", mail));
        let id = between(mail, "Message-ID: <", "@");
        let feedback = |body: Value| {
            let path = format!("/api/v1/deliveries/{id}/feedback");
            api.ask(Request::post(path, body.to_string()).header("content-type", "application/json"))
        };
        let answer = match who {
            "one-click" => api.send(&form(&path("/u/"), "List-Unsubscribe=One-Click")),
            "page" => api.send(&form(&path("/u/"), "").header("accept", "text/html")),
            "preferences" => api.send(&form(&path("/p/"), "topic=news")),
            "mail-to-address" => {
                let to = between(&unfolded(mail), "<mailto:", "?").to_owned();
                returned(format!(
                    "From: {who}@mail.example\r\nTo: {to}\r\nSubject: x\r\nMessage-ID: <u@x>\r\n\r\n"
                ))
            }
            "answer" => returned(format!(
                "From: {who}@mail.example\r\nSubject: Re: Welcome\r\nMessage-ID: <a@x>\r\n\
                 In-Reply-To: <{id}@lake-store.example>\r\n\r\nStop.\r\n"
            )),
            "complaint" => feedback(json!({ "id": "c-1", "what": "complained", "said": "spam" })),
            "gateway" => feedback(json!({ "id": "g-1", "what": "replied", "unsubscribes": true })),
            "bounce" => {
                feedback(json!({ "id": "b-1", "what": "bounced", "for_good": true, "said": "550 5.1.1" }))
            }
            "sdk" => {
                let call = json!({ "type": "identify", "messageId": "no-more", "userId": who, "writeKey": WEB,
                    "traits": { "email": format!("{who}@mail.example"),
                        "consents": [{ "channel": "email", "topic": "offers", "status": "withdrawn" }] } });
                api.send(&Request::post("/v1/identify", call.to_string()))
            }
            "call-centre" => {
                let rows = format!("No,Mail,Offers\n17,{who}@mail.example,N\n");
                api.ask(Request::post("/api/v1/feeds/calls/notes", rows))
            }
            "suppression" => {
                let path = format!("/api/v1/suppressions/email/{who}@mail.example");
                api.ask(
                    Request::put(path, r#"{"reason":"said so at the counter"}"#)
                        .header("content-type", "application/json"),
                )
            }
            other => panic!("nobody knows how {other} says it"),
        };
        (answer.status, answer.text())
    }

    /// Who got how many messages.
    fn got(&self) -> BTreeMap<String, usize> {
        let mut got = BTreeMap::new();
        for mail in self.sink.taken() {
            *got.entry(recipient(&mail)).or_default() += 1;
        }
        got
    }

    /// How many messages go to each, the silent one having so many more.
    fn assert_got(&self, each: usize, silent: usize, point: &str) {
        settled(self.server.api());
        let mut expected: BTreeMap<String, usize> = WAYS.map(|who| (who.to_owned(), each)).into();
        expected.insert(SILENT.into(), silent);
        assert_eq!(self.got(), expected, "{point}");
    }

    fn states(&self, card: &str) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for delivery in self.server.api().deliveries("welcome") {
            if delivery["occasion"].as_str().unwrap().starts_with(card) {
                *states.entry(delivery["state"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        states
    }

    fn until_all_are(&self, card: &str, state: &str) {
        wait::until("all are where they should be", || {
            (self.states(card).get(state) == Some(&everybody().len())).then_some(())
        });
    }
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    text.split(begin).nth(1).and_then(|rest| rest.split(end).next()).unwrap_or_default()
}

/// A mail without the folds of its header and its body.
fn unfolded(mail: &str) -> String {
    mail.replace("=\r\n", "").replace("\r\n ", "").replace("\r\n\t", "")
}

fn recipient(mail: &str) -> String {
    between(mail, "\r\nTo: ", "@").trim_start_matches('<').to_owned()
}

fn left_out() -> BTreeMap<String, usize> {
    BTreeMap::from([("sent".into(), 1), ("suppressed".into(), WAYS.len())])
}

#[test]
fn on_the_way_to_the_server_at_every_stage_of_the_dialogue() {
    for stage in Stage::ALL {
        let mut house = House::new();
        // Without connections that are greeted already.
        house.server.restart();
        house.sink.wait_at(stage);
        house.write("second");
        house.sink.until_waiting(everybody().len());
        house.all_say_stop();
        house.sink.go_on();
        let point = format!("{stage:?}");
        if stage.has_message() {
            // The one exception: nobody takes back what the server has.
            house.assert_got(2, 2, &point);
            assert_eq!(
                house.states("second"),
                BTreeMap::from([("sent".into(), everybody().len())]),
                "{point}"
            );
        } else {
            house.assert_got(1, 2, &point);
            assert_eq!(house.states("second"), left_out(), "{point}");
        }
        house.write("third");
        house.assert_got(if stage.has_message() { 2 } else { 1 }, 3, &point);
    }
}

#[test]
fn held_by_a_switch_and_released() {
    for killed in [false, true] {
        let mut house = House::new();
        house.server.api().put("/api/v1/switches/welcome", &json!({}));
        house.write("second");
        house.until_all_are("second", "held");
        if killed {
            house.server.kill();
            house.server.restart();
        }
        house.all_say_stop();
        house.server.api().delete("/api/v1/switches/welcome");
        house.assert_got(1, 2, "held");
        assert_eq!(house.states("second"), left_out());
    }
}

#[test]
fn killed_on_the_way_and_sent_again_by_people_of_the_house() {
    let mut house = House::new();
    house.sink.wait_at(Stage::Rcpt);
    house.write("second");
    house.sink.until_waiting(everybody().len());
    house.server.kill();
    house.sink.go_on();
    house.server.restart();
    house.until_all_are("second", "unknown");
    house.all_say_stop();
    let again = ["deliveries", "resolve", "--all", "--as", "again", "--reason", "they did not go out"];
    fine(house.server.command(&again));
    house.assert_got(1, 2, "killed");
    assert_eq!(house.states("second"), left_out());
}

#[test]
fn a_kill_switch_stops_what_is_on_the_way() {
    let house = House::new();
    house.sink.wait_at(Stage::Rcpt);
    house.write("second");
    house.sink.until_waiting(everybody().len());
    house.server.api().put("/api/v1/switches/*", &json!({}));
    house.sink.go_on();
    house.until_all_are("second", "held");
    house.assert_got(1, 1, "switched off");
    house.server.api().delete("/api/v1/switches/*");
    house.until_all_are("second", "sent");
    house.assert_got(2, 2, "switched on");
}

/// Compiled in only with the feature, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn who_cannot_be_asked_about_is_not_written_to() {
    let mut house = House::new();
    house.server.set_env("FAILPOINTS", Some("last-word=return"));
    house.server.restart();
    house.write("second");
    house.until_all_are("second", "queued");
    wait::until("each was tried", || {
        let reason = |delivery: &Value| delivery["reason"].as_str().unwrap_or_default().to_owned();
        let tried = house.server.api().deliveries("welcome");
        (tried.iter().filter(|one| reason(one).contains("could not be asked once more")).count()
            == everybody().len())
        .then_some(())
    });
    assert_eq!(house.sink.taken().len(), everybody().len());
}
