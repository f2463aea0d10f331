//! Webhooks from the command line, with the secret in the server's environment and nowhere else.

use crate::world::*;
use crowsnest_testkit::{Mood, Receiver, Request, ServerBuilder, TOKEN};
use serde_json::json;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_webhook_is_listed_tried_and_told_and_its_secret_is_shown_nowhere() {
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let hook =
        format!("webhook: crm\nurl: {}\nsecret_env: CRM_SECRET\nallow_private: true\n", receiver.url());
    let program = "program: leads\ntrigger: { event: Signed Up }\nsteps:\n  - webhook: { to: crm, body: { name: profile.first_name } }\n";
    let mut files = SMALL.to_vec();
    files.extend([("webhooks.yaml", hook.as_str()), ("programs/leads.yaml", program)]);
    let workspace = folder(&files);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("CRM_SECRET", SECRET).start();
    let listed = fine(server.command(&["webhook", "list"]));
    assert!(listed.contains("crm") && listed.contains("true"), "{listed}");
    assert!(fine(server.command(&["webhook", "test", "crm"])).starts_with("accepted: 200 OK"));
    let example = receiver.posted().remove(0);
    assert_eq!(example.json()["type"], "crowsnest.webhook.test");
    assert!(example.header("webhook-signature").starts_with("v1,"));
    let unknown = failed(server.command(&["webhook", "test", "crn"]), 3);
    assert!(unknown.contains("defined: crm"), "{unknown}");
    receiver.becomes(Mood::answers(500, "", "on fire"));
    failed(server.command(&["webhook", "test", "crm"]), 4);
    receiver.becomes(Mood::answers(200, "", ""));
    server.api().collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "1")] }));
    settled(server.api());
    let told = receiver.posted().pop().unwrap();
    assert_eq!(told.json()["data"]["body"], json!({ "name": "ann" }));
    let tried = fine(server.command(&["program", "test", "leads", "--profile", "email=ann@mail.example"]));
    assert!(tried.contains("would be posted: {") && tried.contains("\"name\":\"ann\""), "{tried}");
    let deliveries = fine(server.command(&["deliveries", "list", "--program", "leads"]));
    assert!(deliveries.contains("crm") && deliveries.contains("sent"), "{deliveries}");
    let shown = fine(server.command(&["webhook", "show", "crm", "--state", "sent"]));
    assert!(shown.contains("leads") && shown.contains("200 OK"), "{shown}");
    let id = shown.split_whitespace().find(|word| word.starts_with("dlv_")).unwrap().to_owned();
    let none = fine(server.command(&["webhook", "replay", "crm", "--failed", "--reason", "r", "--preview"]));
    assert!(none.starts_with("0 would be posted again"), "{none}");
    let again = fine(server.command(&["webhook", "replay", "crm", &id, "--reason", "they lost it"]));
    assert!(again.starts_with(&format!("{id} is queued: it is posted again")), "{again}");
    settled(server.api());
    let twice = receiver.posted();
    let both = twice.iter().filter(|posted| posted.header("webhook-id") == id).count();
    assert_eq!(both, 2);
    failed(server.command(&["webhook", "replay", "crn", &id, "--reason", "r"]), 3);
    let nobody =
        failed(server.command(&["webhook", "replay", "crm", "dlv_0000000000000", "--reason", "r"]), 3);
    assert!(
        nobody.contains(
            "there is no delivery to this webhook `dlv_0000000000000`; `crowsnest webhook show crm` lists"
        ),
        "{nobody}"
    );
    let no_moment = ["webhook", "replay", "crm", "--failed", "--since", "yesterday", "--reason", "r"];
    let no_moment = failed(server.command(&no_moment), 2);
    assert!(no_moment.contains("`yesterday` is not a moment: expected RFC 3339 with a zone"), "{no_moment}");
    let neither = failed(server.command(&["webhook", "replay", "crm", "--reason", "r"]), 2);
    assert!(
        neither.contains("webhook replay NAME DELIVERY --reason WHY\n")
            && neither.contains("webhook replay NAME --failed [--since MOMENT]"),
        "{neither}"
    );
    let bad = Request::post("/api/v1/webhooks/crm/replay", r#"{"reason":"r","since":"yesterday"}"#)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json");
    let bad = server.api().send(&bad).json();
    assert!(
        bad["message"]
            .as_str()
            .unwrap()
            .starts_with("the body cannot be read: since: `yesterday` is not a moment"),
        "{bad}"
    );
    let into = tempfile::tempdir().unwrap();
    let exported = into.path().join("mine");
    fine(server.command(&["export", exported.to_str().unwrap()]));
    let text = std::fs::read_to_string(exported.join("webhooks.yaml")).unwrap();
    assert!(!format!("{text}{listed}{}", server.log()).contains("MfKQ9r8"));
}

#[test]
fn the_doctor_names_the_webhooks_whose_secret_is_missing_or_none() {
    let hook = |name: &str| {
        let variable = name.to_ascii_uppercase();
        format!("webhook: {name}\nurl: https://{name}.example/\nsecret_env: {variable}_SECRET\n")
    };
    let receiver = Receiver::start(Mood::answers(200, "", ""));
    let mut hooks = ["chat", "alarm", "blank", "gone"].map(hook).to_vec();
    hooks.push(format!(
        "{}allow_private: true\n",
        hook("crm").replace("https://crm.example/", &receiver.url())
    ));
    let hooks = hooks.join("---\n");
    let mut files = SMALL.to_vec();
    files.push(("webhooks.yaml", hooks.as_str()));
    let workspace = folder(&files);
    let server = ServerBuilder::new(CROWSNEST)
        .workspace(workspace.path())
        .env("CRM_SECRET", SECRET)
        .env("ALARM_SECRET", "whsec_very secret")
        .env("GONE_SECRET", SECRET)
        .env("BLANK_SECRET", "  ")
        .start();
    let ill = server.command(&["doctor"]);
    assert_eq!(ill.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ill.stdout).into_owned();
    for line in [
        "ok   webhook: crm can be posted to",
        "BAD  webhook: chat is told nothing: the environment variable CHAT_SECRET with the webhook's secret is not set; set it and restart the server",
        "BAD  webhook: blank is told nothing: the environment variable BLANK_SECRET with the webhook's secret is empty; set it",
        "BAD  webhook: gone is told nothing: gone.example ",
        "     then see whether it listens: crowsnest webhook test chat",
        "BAD  webhook: alarm is told nothing: the secret of the webhook",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    assert!(!said.contains("very secret"), "{said}");
    assert_eq!(receiver.posted().len(), 0, "to look posts nothing");
    let warned =
        "warning: nothing can be handed over: the webhook `blank`: the environment variable BLANK_SECRET";
    assert!(server.log().contains(warned), "{}", server.log());
    let applied = fine(server.command(&["apply", workspace.path().to_str().unwrap()]));
    assert!(applied.contains(warned) && !applied.contains("`crm`"), "{applied}");
}
