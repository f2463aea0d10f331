//! Stop means stop, for texts: whoever says it, in whichever way, is not texted once the answer is there, wherever their next text
//! is then between the decision to send it and its first byte. That the last word is had when the gateway is there to hear
//! the text is proved where it is handed over, in the tests of `crates/channels`.

use crate::world::{CROWSNEST, SMALL, WEB, fine, folder, settled};
use crowsnest_testkit::{Gateway, GatewayMood, Request, RunningServer, ServerBuilder, Text, wait};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tempfile::TempDir;

/// The ways to say it. Each is the name of somebody who says it so.
const WAYS: [&str; 11] = [
    "one-click",
    "page",
    "preferences",
    "stop",
    "sentence",
    "receipt",
    "feedback",
    "complaint",
    "sdk",
    "call-centre",
    "suppression",
];

/// Who says nothing, and goes on getting what they agreed to.
const SILENT: &str = "silent";

/// So many texts are handed over at once; whatever comes then waits.
const AT_ONCE: usize = 64;

const PUBLIC: &str = "https://crowsnest.lake-store.example";
const TOKEN: &str = "the-token-of-the-account";

const PROGRAM: &str = "template: ready\nchannel: sms\ntext: \"Come by. {{ links.unsubscribe }} {{ links.preferences }}\"\n---\n\
    program: ready\ntrigger: { event: Car Ready }\noccasion: event.properties.job\nsteps:\n  \
    - send: { channel: sms, template: ready, topic: offers }\n";

const CALLS: &str = "source: calls\nsync: hourly\nfeeds:\n  notes:\n    format: csv\n    row_id: [No]\n    \
                     identifiers: { phone: { field: Number, type: phone } }\n    consents:\n      \
                     - { channel: sms, topic: offers, field: Offers, granted: [Y], withdrawn: [N], evidence: said so }\n    \
                     event: Called\n";

fn everybody() -> Vec<String> {
    WAYS.into_iter().chain([SILENT]).map(str::to_owned).collect()
}

/// Those whose texts fill the line.
fn others() -> Vec<String> {
    (0..AT_ONCE).map(|number| format!("other-{number}")).collect()
}

fn number(who: &str) -> String {
    let place = everybody().into_iter().chain(others()).position(|other| other == who).unwrap();
    format!("+1312555{:04}", 200 + place)
}

/// The events for which they are texted.
fn ready(people: &[String], job: &str) -> Vec<Value> {
    let ready = |who: &String| {
        json!({
            "type": "track", "messageId": format!("{who}-ready-{job}"), "userId": who, "event": "Car Ready",
            "properties": { "job": job },
        })
    };
    people.iter().map(ready).collect()
}

struct House {
    server: RunningServer,
    gateway: Gateway,
    /// The first text to each.
    texts: BTreeMap<String, Text>,
    _workspace: TempDir,
}

impl House {
    /// A house that has texted everybody once.
    fn new() -> Self {
        let gateway = Gateway::start(TOKEN);
        let organisation = format!(
            "{}public_url: {PUBLIC}\nsms:\n  from: \"+13125550100\"\n  max_segments: 9\n  \
             gateway: {{ url: \"{}\", account: {}, token_env: LAKE_SMS_TOKEN, allow_private: true }}\n",
            SMALL[0].1,
            gateway.url(),
            Gateway::ACCOUNT
        );
        let mut files = SMALL.to_vec();
        files[0].1 = &organisation;
        files.extend([("programs/ready.yaml", PROGRAM), ("sources/calls.yaml", CALLS)]);
        let workspace = folder(&files);
        let server =
            ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("LAKE_SMS_TOKEN", TOKEN).start();
        let mut house = Self { server, gateway, texts: BTreeMap::new(), _workspace: workspace };
        let agreed = |who: String| {
            json!({
                "type": "identify", "messageId": format!("{who}-agreed"), "userId": who,
                "traits": {
                    "phone": number(&who),
                    "consents": [{ "channel": "sms", "topic": "offers", "status": "granted", "evidence": "a form" }],
                },
            })
        };
        let batch: Vec<Value> = everybody().into_iter().chain(others()).map(agreed).collect();
        house.server.api().collect("batch", WEB, &json!({ "batch": batch }));
        house.text(&everybody(), "first");
        settled(house.server.api());
        for text in house.gateway.taken() {
            let who = everybody().into_iter().find(|who| number(who) == text.to).unwrap();
            house.texts.insert(who, text);
        }
        assert_eq!(house.texts.len(), everybody().len());
        house
    }

    /// Has something texted to these people.
    fn text(&self, people: &[String], job: &str) {
        self.server.api().collect("batch", WEB, &json!({ "batch": ready(people, job) }));
    }

    /// Everybody but the silent one says stop, in their way; returns once all were answered.
    fn all_say_stop(&self) {
        // The server may have started anew, on another port.
        self.gateway.finds(PUBLIC, self.server.api().url());
        for who in WAYS {
            let (status, text) = self.says_stop(who);
            assert!((200..300).contains(&status), "{who}: {status} {text}");
        }
    }

    fn says_stop(&self, who: &str) -> (u16, String) {
        let (api, text) = (self.server.api(), &self.texts[who]);
        let link = |begin: &str| {
            let at = text.body.find(begin).unwrap_or_else(|| panic!("no {begin} in {}", text.body));
            text.body[at..].split(' ').next().unwrap().to_owned()
        };
        let form = |path: String, body: &str| {
            Request::post(path, body).header("content-type", "application/x-www-form-urlencoded")
        };
        let as_json = |request: Request| api.ask(request.header("content-type", "application/json"));
        let feedback = |body: Value| {
            let id = text.callback.as_deref().and_then(|url| url.split("delivery=").nth(1)).unwrap();
            as_json(Request::post(format!("/api/v1/deliveries/{id}/feedback"), body.to_string()))
        };
        let answer = match who {
            "stop" => return self.gateway.brings(PUBLIC, "SM-stop", &number(who), "STOP"),
            "sentence" => {
                return self.gateway.brings(PUBLIC, "SM-said", &number(who), "please don't text me again");
            }
            "receipt" => return (self.gateway.reports(text, "undelivered", Some(30_005)), String::new()),
            "one-click" => api.send(&form(link("/u/"), "List-Unsubscribe=One-Click")),
            "page" => api.send(&form(link("/u/"), "").header("accept", "text/html")),
            "preferences" => api.send(&form(link("/p/"), "topic=news")),
            "feedback" => feedback(json!({ "id": "g-1", "what": "replied", "unsubscribes": true })),
            "complaint" => feedback(json!({ "id": "c-1", "what": "complained", "said": "spam" })),
            "sdk" => {
                let call = json!({ "type": "identify", "messageId": "no-more", "userId": who, "writeKey": WEB,
                    "traits": { "phone": number(who),
                        "consents": [{ "channel": "sms", "topic": "offers", "status": "withdrawn" }] } });
                api.send(&Request::post("/v1/identify", call.to_string()))
            }
            "call-centre" => {
                let rows = format!("No,Number,Offers\n17,{},N\n", number(who));
                api.ask(Request::post("/api/v1/feeds/calls/notes", rows))
            }
            "suppression" => {
                let path = format!("/api/v1/suppressions/sms/{}", number(who));
                as_json(Request::put(path, r#"{"reason":"said so at the counter"}"#))
            }
            other => panic!("nobody knows how {other} says it"),
        };
        (answer.status, answer.text())
    }

    /// How many texts went to each, the silent one having so many more.
    fn assert_got(&self, each: usize, silent: usize, point: &str) {
        settled(self.server.api());
        let taken = self.gateway.taken();
        for who in everybody() {
            let got = taken.iter().filter(|text| text.to == number(&who)).count();
            assert_eq!(got, if who == SILENT { silent } else { each }, "{who}, {point}");
        }
    }

    fn states(&self, job: &str) -> BTreeMap<String, usize> {
        let mut states = BTreeMap::new();
        for delivery in self.server.api().deliveries("ready") {
            if delivery["occasion"].as_str().unwrap().starts_with(job) {
                *states.entry(delivery["state"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        states
    }

    fn until_all_are(&self, job: &str, state: &str) {
        wait::until("all are where they should be", || {
            (self.states(job).get(state) == Some(&everybody().len())).then_some(())
        });
    }

    fn until_taken(&self, texts: usize) {
        wait::until("the gateway has them", || (self.gateway.taken().len() == texts).then_some(()));
    }
}

fn left_out() -> BTreeMap<String, usize> {
    BTreeMap::from([("sent".into(), 1), ("suppressed".into(), WAYS.len())])
}

#[test]
fn waiting_behind_others_for_a_gateway_that_stalls() {
    let house = House::new();
    house.gateway.becomes(GatewayMood::Holds);
    house.text(&others(), "busy");
    house.until_taken(everybody().len() + AT_ONCE);
    house.text(&everybody(), "second");
    house.until_all_are("second", "queued");
    house.all_say_stop();
    assert_eq!(house.gateway.taken().len(), everybody().len() + AT_ONCE, "they waited");
    house.gateway.becomes(GatewayMood::Takes);
    house.assert_got(1, 2, "behind others");
    assert_eq!(house.states("second"), left_out());
}

#[test]
fn what_the_gateway_has_already_nobody_takes_back() {
    let house = House::new();
    house.gateway.becomes(GatewayMood::Holds);
    house.text(&everybody(), "second");
    house.until_taken(2 * everybody().len());
    house.all_say_stop();
    house.gateway.becomes(GatewayMood::Takes);
    house.assert_got(2, 2, "with the gateway");
    assert_eq!(house.states("second"), BTreeMap::from([("sent".into(), everybody().len())]));
    house.text(&everybody(), "third");
    house.assert_got(2, 3, "after that");
}

#[test]
fn held_by_a_switch_and_released() {
    for killed in [false, true] {
        let mut house = House::new();
        house.server.api().put("/api/v1/switches/ready", &json!({}));
        house.text(&everybody(), "second");
        house.until_all_are("second", "held");
        if killed {
            house.server.kill();
            house.server.restart();
        }
        house.all_say_stop();
        house.server.api().delete("/api/v1/switches/ready");
        house.assert_got(1, 2, "held");
        assert_eq!(house.states("second"), left_out());
    }
}

#[test]
fn killed_on_the_way_and_sent_again_by_people_of_the_house() {
    let mut house = House::new();
    house.gateway.becomes(GatewayMood::Holds);
    house.text(&everybody(), "second");
    house.until_taken(2 * everybody().len());
    house.server.kill();
    house.gateway.becomes(GatewayMood::Takes);
    house.server.restart();
    house.until_all_are("second", "unknown");
    house.all_say_stop();
    again(&house);
    house.assert_got(2, 3, "killed");
    assert_eq!(house.states("second"), left_out());
}

/// Compiled in only with the feature, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn killed_between_the_claim_and_the_connection() {
    let mut house = House::new();
    house.server.kill();
    house.server.set_env("FAILPOINTS", Some("claim-after=return"));
    house.server.restart();
    let batch = json!({ "batch": ready(&everybody(), "second"), "writeKey": WEB }).to_string();
    // It may die before it answers; the events were durable before anything was claimed for them.
    let _ = house.server.api().try_send(&Request::post("/v1/batch", batch));
    house.server.wait_for_end();
    house.server.set_env("FAILPOINTS", None);
    house.server.restart();
    house.until_all_are("second", "unknown");
    house.all_say_stop();
    again(&house);
    house.assert_got(1, 2, "claimed");
    assert_eq!(house.states("second"), left_out());
}

/// People of the house say of all of which nobody knows that they are to go out again.
fn again(house: &House) {
    let again = ["deliveries", "resolve", "--all", "--as", "again", "--reason", "they did not go out"];
    fine(house.server.command(&again));
}
