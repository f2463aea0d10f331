//! The pages of webhooks: by hand, and by a real browser.

use crate::{browser::browse, world::*};
use crowsnest_testkit::{Answer, Api, Mood, Receiver, Request, RunningServer, ServerBuilder, TOKEN, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const HOSTILE: &str = "\"'><script>window.marked=1</script><img src=x onerror=window.marked=1>";

struct Told {
    _workspace: TempDir,
    receiver: Receiver,
    server: RunningServer,
}

/// A server whose webhook `crm` could not be told of these people, each of whom is called by markup.
fn failed_for(people: &[&str]) -> Told {
    let receiver = Receiver::start(Mood::answers(400, "", &format!("no: {HOSTILE}")));
    let hook = format!(
        "webhook: crm\ntitle: \"The <b>sales</b> system\"\nurl: {}?key=in-the-address\nsecret_env: CRM_SECRET\n\
         headers: {{ X-Key: in-a-header }}\nallow_private: true\n---\n\
         webhook: chat\nurl: https://chat.example/services/in-the-path\n",
        receiver.url()
    );
    let program = "program: leads\ntrigger: { event: Signed Up }\noccasion: event.properties.card\n\
         steps:\n  - webhook: { to: crm, body: { name: profile.first_name } }\n";
    let mut files = SMALL.to_vec();
    files.extend([("webhooks.yaml", hook.as_str()), ("programs/leads.yaml", program)]);
    let workspace = folder(&files);
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).env("CRM_SECRET", secret).start();
    let mut batch = Vec::new();
    for who in people {
        let mut person = agreed(who);
        person["traits"]["first_name"] = json!(format!("{who} {HOSTILE}"));
        batch.extend([person, signed_up(who, "1")]);
    }
    server.api().collect("batch", WEB, &json!({ "batch": batch }));
    settled(server.api());
    wait::until("all have failed", || {
        let told = server.api().get("/api/v1/deliveries?webhook=crm&state=failed");
        (told.as_array().unwrap().len() == people.len()).then_some(())
    });
    Told { _workspace: workspace, receiver, server }
}

impl Told {
    fn api(&self) -> &Api {
        self.server.api()
    }

    fn deliveries(&self, state: &str) -> Vec<Value> {
        let path = format!("/api/v1/deliveries?webhook=crm&state={state}");
        self.api().get(&path).as_array().unwrap().clone()
    }

    fn log_in(&self, token: &str, from: &str) -> Answer {
        let body = format!("token={token}&to=%2Fwebhooks%2Fcrm");
        let request = Request::post("/login", body)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-forwarded-for", from)
            .header("x-forwarded-proto", "https");
        self.api().send(&request)
    }

    fn cookie(&self) -> String {
        let answer = self.log_in(TOKEN, "192.0.2.9");
        assert_eq!((answer.status, answer.header("location")), (303, "/webhooks/crm"), "{}", answer.text());
        answer.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    fn see(&self, path: &str, cookie: &str) -> String {
        let answer = self.api().send(&Request::new("GET", path).header("cookie", cookie));
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let html = answer.text();
        assert!(
            !html.contains("<script") && !html.contains("<img") && !html.contains("<b>"),
            "{path}: {html}"
        );
        for secret in ["in-the-address", "in-a-header", "in-the-path", "MfKQ9r8"] {
            assert!(!html.contains(secret), "{path} shows {secret}");
        }
        html
    }

    fn post(&self, path: &str, cookie: &str, body: &str) -> Answer {
        let request = Request::post(path, body)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.api().send(&request)
    }
}

/// The value of a hidden field.
fn hidden(html: &str, form: &str, name: &str) -> String {
    let form = html.split("<form").find(|part| part.contains(&format!("action=\"{form}\""))).unwrap();
    let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
    field.split('"').next().unwrap().to_owned()
}

#[test]
fn what_failed_is_told_again_by_a_form_and_by_one_that_is_sent_twice_once() {
    let told = failed_for(&["ann", "bea"]);
    let cookie = told.cookie();
    let id = told.deliveries("failed")[0]["id"].as_str().unwrap().to_owned();
    let list = told.see("/webhooks", &cookie);
    assert!(list.contains("line open") && list.contains("<dd class=\"bad\">2</dd>"), "{list}");
    let path = format!("/webhooks/crm/{id}");
    let page = told.see(&path, &cookie);
    assert!(
        page.contains("&lt;script&gt;window.marked=1") && page.contains("crowsnest.program.step"),
        "{page}"
    );
    assert!(page.contains("x-key") && page.contains("webhook-signature"), "{page}");
    let seal = hidden(&page, &path, "seal");
    let seen = hidden(&page, &path, "seen");

    // What is not this session's form for this address is none.
    let body = format!("seal={seal}&seen={seen}&reason=they+are+back");
    for (path, cookie, body) in [
        (path.as_str(), "", body.clone()),
        (&path, cookie.as_str(), body.replace(&seal, &hidden(&page, "/logout", "seal"))),
        (&path, &cookie, format!("seen={seen}&reason=r")),
        (&path, &told.cookie(), body.clone()),
        ("/webhooks/crm/replay", &cookie, format!("{body}&before=2999-01-01T00:00:00Z")),
    ] {
        assert_eq!(told.post(path, cookie, body.as_str()).status, 403, "{path} {body}");
    }
    let no_reason = told.post(&path, &cookie, &format!("seal={seal}&seen={seen}&reason=+"));
    assert_eq!(no_reason.status, 400);
    assert!(no_reason.text().contains("say why"), "{}", no_reason.text());
    assert_eq!(told.receiver.posted().len(), 2);

    let first = told.post(&path, &cookie, &body);
    assert_eq!((first.status, first.header("location")), (303, format!("{path}?said=again").as_str()));
    settled(told.api());
    let page = told.see(&path, &cookie);
    assert!(page.contains("<dt>Tries</dt><dd>2</dd>"), "as many as are listed: {page}");
    let second = told.post(&path, &cookie, &body);
    assert_eq!((second.status, second.header("location")), (303, format!("{path}?said=changed").as_str()));
    settled(told.api());
    let posts = told.receiver.posted().iter().filter(|posted| posted.header("webhook-id") == id).count();
    assert_eq!(posts, 2, "the first time, and once more");
    let page = told.see(&format!("{path}?said=changed"), &cookie);
    assert!(page.contains("as people of the house decided: they are back"), "{page}");

    // All: counted, then posted; the same form once more finds what has failed anew since and leaves it.
    let question = told.see("/webhooks/crm/replay?since=", &cookie);
    assert!(question.contains("2 would be posted again"), "{question}");
    let field = |name| hidden(&question, "/webhooks/crm/replay", name);
    let body = format!("seal={}&since=&before={}&reason=all", field("seal"), field("before"));
    for (replayed, posts) in [(2, 5), (0, 5)] {
        let answer = told.post("/webhooks/crm/replay", &cookie, &body);
        let said = format!("/webhooks/crm?said=all&replayed={replayed}&ended=0");
        assert_eq!((answer.status, answer.header("location")), (303, said.as_str()), "{}", answer.text());
        settled(told.api());
        assert_eq!(told.receiver.posted().len(), posts);
    }
    told.receiver.becomes(Mood::answers(200, "", ""));
    let shown = told.see("/webhooks/crm?state=failed&since=2026-01-01T00:00", &cookie);
    assert_eq!(shown.matches("<li><a href=\"/webhooks/crm/dlv_").count(), 2, "{shown}");
    let none = told.see("/webhooks/crm?state=failed&since=2999-01-01T00:00", &cookie);
    assert!(none.contains("Nothing that is so."), "{none}");
    let bad = told.api().send(&Request::new("GET", "/webhooks/crm?since=soon").header("cookie", &*cookie));
    assert_eq!(bad.status, 400);
    assert!(bad.text().contains("`soon` is not a moment"), "{}", bad.text());
}

#[test]
fn the_pages_are_the_houses_and_tokens_are_not_to_be_guessed() {
    let told = failed_for(&[]);
    let answer = told.log_in(TOKEN, "192.0.2.1");
    let cookie = answer.header("set-cookie").to_owned();
    for word in ["HttpOnly", "SameSite=Strict", "Secure", "Max-Age=43200", "Path=/;"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(cookie.starts_with("__Host-") && !cookie.contains("Domain"), "{cookie}");
    for _ in 0..5 {
        assert_eq!(told.log_in("wrong", "198.51.100.7").status, 403);
    }
    let barred = told.log_in(TOKEN, "198.51.100.7, 198.51.100.7");
    assert_eq!((barred.status, barred.header("set-cookie")), (429, ""));
    assert!(barred.text().contains("Too many wrong tokens"), "{}", barred.text());
    assert!(!barred.header("retry-after").is_empty());
    assert_eq!(told.log_in(TOKEN, "198.51.100.7, 198.51.100.8").status, 303, "the proxy's word counts");
    assert!(!told.server.log().contains(TOKEN));
}

#[test]
fn a_page_has_so_many_and_the_next_one_goes_on() {
    let people: Vec<String> = (0..53).map(|number| format!("p{number}")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let told = failed_for(&people);
    let cookie = told.cookie();
    let rows = |html: &str| html.matches("<li><a href=\"/webhooks/crm/dlv_").count();
    let first = told.see("/webhooks/crm?state=failed", &cookie);
    assert_eq!(rows(&first), 50);
    let older = first.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = told.see(&older.replace("&amp;", "&"), &cookie);
    assert_eq!(rows(&second), 3);
    assert!(second.contains("The newest") && !second.contains("rel=\"next\""), "{second}");
}

#[test]
fn a_browser_logs_in_filters_and_posts_again() {
    let told = failed_for(&["ann", "bea", "cleo"]);
    told.receiver.becomes(Mood::answers(200, "", "thanks"));
    let url = told.api().url().to_owned();
    let saw = browse("webhooks.mjs", &[("HOST", &url), ("TOKEN", TOKEN), ("HOOK", "crm")]);
    let text = |name: &str| saw[name].as_str().unwrap_or_else(|| panic!("{name}: {saw}")).to_owned();
    assert_eq!(text("asked"), format!("{url}/login?to=%2Fwebhooks%2Fcrm%3Fstate%3Dfailed"));
    assert!(text("refused").contains("not the administrator's token"));
    assert_eq!(text("led"), format!("{url}/webhooks/crm?state=failed"));
    assert_eq!(saw["cards"].as_array().unwrap().len(), 2);
    assert!(saw["cards"][1].as_str().unwrap().contains("The <b>sales</b> system"), "{}", saw["cards"]);
    assert_eq!((saw["before"].as_array().unwrap().len(), saw["failed"].as_array().unwrap().len()), (3, 3));
    assert!(text("says").contains("<script>window.marked=1</script>"), "{}", text("says"));
    assert_eq!(text("focused"), "Post again");
    assert!(text("again").contains("posted again"));
    assert!(text("after").contains("sent") && text("stays").ends_with("?said=again"), "{saw}");
    let tries = saw["tries"].as_array().unwrap();
    assert!(tries.len() == 2 && tries[0].as_str().unwrap().contains("400"), "{tries:?}");
    assert!(tries[1].as_str().unwrap().contains("200"), "{tries:?}");
    assert!(saw["life"].to_string().contains("decided: the <b>receiver</b> is back"), "{}", saw["life"]);
    assert!(text("counted").contains("2 would be posted again"), "{}", text("counted"));
    assert!(text("done").contains("2 are posted again"));
    assert!(text("missing").contains("There is no webhook"), "{}", text("missing"));
    assert!(text("out").starts_with(&format!("{url}/login?to=")));
    assert_eq!(saw["markup"], Value::Null, "a script of a payload ran");
    settled(told.api());
    assert_eq!(told.deliveries("sent").len(), 3);
}
