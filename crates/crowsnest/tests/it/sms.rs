//! Text messages from end to end: a program texts by way of a gateway, the gateway says what became of it, people answer, and the
//! process dies in between.

use crate::world::*;
use crowsnest_testkit::{Gateway, GatewayMood, RunningServer, ServerBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

const TOKEN: &str = "the-token-of-the-account";
const PUBLIC: &str = "https://crowsnest.lake-store.example";

const PROGRAM: &str = "template: ready\nchannel: sms\ntext: \"{{ profile.first_name }}, your car is ready – come by.\"\n---\n\
    program: ready\ntrigger: { event: Car Ready }\noccasion: event.properties.job\nsteps:\n  - send: { channel: sms, template: ready, topic: offers }\n";

fn lake(gateway: &Gateway) -> (TempDir, RunningServer) {
    let organisation = format!(
        "{}public_url: {PUBLIC}\nsms:\n  from: \"+13125550100\"\n  gateway: {{ url: \"{}\", account: {}, token_env: LAKE_SMS_TOKEN, allow_private: true }}\n",
        SMALL[0].1,
        gateway.url(),
        Gateway::ACCOUNT
    );
    let mut files = SMALL.to_vec();
    files[0].1 = &organisation;
    files.push(("programs/ready.yaml", PROGRAM));
    let workspace = folder(&files);
    let server =
        ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("LAKE_SMS_TOKEN", TOKEN).start();
    gateway.finds(PUBLIC, server.api().url());
    (workspace, server)
}

fn number(index: usize) -> String {
    format!("+1312555{:04}", 200 + index)
}

/// Somebody who agreed to texts, and to mail.
fn reachable(index: usize) -> Value {
    json!({
        "type": "identify", "messageId": format!("agrees-{index}"), "userId": format!("u{index}"),
        "traits": {
            "phone": number(index), "email": format!("u{index}@mail.example"), "first_name": format!("U{index}"),
            "consents": [
                { "channel": "sms", "topic": "offers", "status": "granted", "evidence": "a form" },
                { "channel": "email", "topic": "offers", "status": "granted", "evidence": "a form" },
            ],
        },
    })
}

fn ready(index: usize, job: &str) -> Value {
    json!({
        "type": "track", "messageId": format!("ready-{index}-{job}"), "userId": format!("u{index}"),
        "event": "Car Ready", "properties": { "job": job },
    })
}

#[test]
fn a_text_goes_out_is_reported_and_answered() {
    let gateway = Gateway::start(TOKEN);
    let (_workspace, server) = lake(&gateway);
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [reachable(1), ready(1, "1")] }));
    settled(api);
    let text = gateway.taken().remove(0);
    assert_eq!((text.to.as_str(), text.body.as_str()), ("+13125550201", "U1, your car is ready – come by."));
    assert_eq!(gateway.reports(&text, "delivered", None), 204);
    let delivery = api.deliveries("ready").remove(0);
    let path = format!("/api/v1/deliveries/{}", delivery["id"].as_str().unwrap());
    assert_eq!(api.get(&path)["feedback"][0]["kind"], "delivered");

    let shown = fine(server.command(&["send", "ready", "--show", "--as", "user_id=u1"]));
    assert!(shown.contains("To: +13125550201") && !shown.contains("Subject"), "{shown}");
    assert!(shown.contains("Segments: 1 (UCS-2, because of –;"), "{shown}");
    let tested = fine(server.command(&["send", "ready", "--test", "+13125550999", "--as", "user_id=u1"]));
    assert!(tested.starts_with("accepted: 201") && tested.contains("Segments: 1"), "{tested}");
    assert_eq!(gateway.taken()[1].body, "[Test] U1, your car is ready – come by.");
    let doctor = fine(server.command(&["doctor"]));
    let asked = format!("ok   SMS: the gateway at {}: it takes the account and its token", gateway.url());
    assert!(doctor.contains(&asked), "{doctor}");
    for (mood, verdict) in [
        (
            GatewayMood::refuses(401, 20_003, "Authenticate"),
            "BAD  SMS: {}: it refuses the account or its token: 20003: Authenticate (401 Unauthorized)",
        ),
        (
            GatewayMood::refuses(404, 20_404, "Not here"),
            "ok   SMS: {}: it answers, but does not say whether it takes the account and its token",
        ),
        (
            GatewayMood::Says(200, String::new(), r#"{"status":"suspended"}"#.into()),
            "BAD  SMS: {}: the account is `suspended`",
        ),
    ] {
        gateway.becomes(mood);
        let doctor = crate::world::said(&server.command(&["doctor"])).0;
        let verdict = verdict.replace("{}", &format!("the gateway at {}", gateway.url()));
        assert!(doctor.contains(&verdict), "{verdict}\n{doctor}");
    }
    gateway.becomes(GatewayMood::Takes);
    assert_eq!(gateway.taken().len(), 2, "to ask sends nothing");

    // She answers; her stop counts at once, on every channel.
    let (status, answer) = gateway.brings(PUBLIC, "SM-in-1", &number(1), "please don't text me again");
    assert_eq!(status, 200);
    assert!(answer.contains("<Message>Lake Store: you get no more messages from us."), "{answer}");
    let (_, again) = gateway.brings(PUBLIC, "SM-in-1", &number(1), "please don't text me again");
    assert!(again.ends_with("<Response></Response>"), "{again}");
    api.collect("batch", WEB, &json!({ "batch": [ready(1, "2"), signed_up("u1", "1")] }));
    settled(api);
    assert_eq!(gateway.taken().len(), 2);
    assert_eq!(mailed(api), Vec::<String>::new());
    let (_, help) = gateway.brings(PUBLIC, "SM-in-2", &number(1), "HELP");
    assert!(help.contains("text STOP"), "{help}");
    assert!(!server.log().contains(TOKEN));
}

#[test]
fn what_the_gateway_has_not_signed_is_not_heard() {
    let gateway = Gateway::start(TOKEN);
    let (_workspace, server) = lake(&gateway);
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [reachable(1), ready(1, "1")] }));
    settled(api);
    let text = gateway.taken().remove(0);
    let fields =
        [("MessageSid", "SM1"), ("From", "+13125550201"), ("Body", "STOP"), ("MessageStatus", "failed")];
    let other = Gateway::start("somebody else's token");
    other.finds(PUBLIC, api.url());
    for url in [format!("{PUBLIC}/sms/messages"), text.callback.clone().unwrap()] {
        for signature in [Some(""), Some("AAAA"), Some("not base64")] {
            assert_eq!(gateway.posts(&url, &fields, signature).0, 403, "{url} {signature:?}");
        }
        assert_eq!(other.posts(&url, &fields, None).0, 403, "{url}");
    }
    // A signature is for one address: that of a report does not open another delivery's.
    let moved = format!("{PUBLIC}/sms/status?delivery=dlv_0000000000001");
    let (status, _) = gateway.posts(&moved, &fields, Some("AAAA"));
    assert_eq!(status, 403);
    assert_eq!(gateway.posts(&format!("{PUBLIC}/sms/messages"), &[("Body", "STOP")], None).0, 400);
    assert_eq!(api.deliveries("ready")[0]["state"], "sent");
    api.collect("batch", WEB, &json!({ "batch": [ready(1, "2")] }));
    settled(api);
    assert_eq!(gateway.taken().len(), 2, "nobody has said stop");
}

/// Compiled in only with the feature: `cargo nextest run --features crowsnest/faults`, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn killed_at_each_fault_point_nobody_is_skipped_and_nobody_texted_twice() {
    use crowsnest_testkit::GatewayMood;
    use std::collections::BTreeMap;

    const PEOPLE: usize = 24;
    let gateway = Gateway::start(TOKEN);
    let (_workspace, mut server) = lake(&gateway);
    let everybody: Vec<Value> = (0..PEOPLE).map(reachable).collect();
    server.api().collect("batch", WEB, &json!({ "batch": everybody }));
    let moods = [
        GatewayMood::Takes,
        GatewayMood::DropsAfterTaking,
        GatewayMood::refuses(400, 21_614, "not a mobile number"),
    ];
    for (round, point) in ["commit-before", "commit-after", "claim-after", "settle-before"].iter().enumerate()
    {
        for (turn, mood) in moods.iter().enumerate() {
            gateway.becomes(mood.clone());
            let index = round * moods.len() + turn;
            server.set_env("FAILPOINTS", Some(&format!("{point}=return")));
            // The death may come at the start, or with the event.
            if server.try_restart().is_ok() {
                let batch = json!({ "batch": [ready(index, "1")], "writeKey": WEB }).to_string();
                let _ = server.api().try_send(&crowsnest_testkit::Request::post("/v1/batch", batch));
                server.wait_for_end();
            }
            server.set_env("FAILPOINTS", None);
            server.restart();
            // What was not acknowledged is told again.
            server.api().collect("batch", WEB, &json!({ "batch": [ready(index, "1")] }));
            settled(server.api());
        }
    }
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    gateway.taken().into_iter().for_each(|text| *texts.entry(text.to).or_default() += 1);
    let deliveries = server.api().deliveries("ready");
    assert_eq!(deliveries.len(), 12, "an intent for everybody");
    for delivery in deliveries {
        let got = texts.remove(delivery["to"].as_str().unwrap()).unwrap_or(0);
        match delivery["state"].as_str().unwrap() {
            "sent" => assert_eq!(got, 1, "{delivery}"),
            "failed" => assert_eq!(got, 0, "{delivery}"),
            "unknown" => assert!(got <= 1, "{delivery}"),
            _ => panic!("{delivery}"),
        }
    }
    assert!(texts.is_empty(), "texts that no delivery tells of: {texts:?}");
    assert_eq!(server.api().get("/api/v1/stats")["people"], PEOPLE);
}
