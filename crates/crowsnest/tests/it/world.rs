//! What these tests share: servers on the example workspace and on a small one, commands, and what `make test` installs.

use crowsnest_model::EventId;
use crowsnest_testkit::{Api, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The binary.
pub const CROWSNEST: &str = env!("CARGO_BIN_EXE_crowsnest");

/// The write key of the source `web` in both workspaces.
pub const WEB: &str = "hm_web_write_key_0001";

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The example workspace.
pub fn example() -> PathBuf {
    repository().join("examples/harbor-motors")
}

/// A server on the example workspace.
pub fn harbor() -> RunningServer {
    ServerBuilder::new(CROWSNEST).workspace(example()).start()
}

/// A place that `make test` fills. Tests that need it fail when it is not there.
pub fn installed(part: &str) -> PathBuf {
    let cache = std::env::var_os("CROWSNEST_TESTS_CACHE").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/crowsnest-tests")
    });
    let path = cache.join(part);
    assert!(
        path.exists(),
        "{} is not there: this test needs what `make test` installs; run that, or scripts/test-setup.sh once",
        path.display()
    );
    path
}

/// Runs a driver of `tests/` within a time; the JSON line that it prints last says what came of it.
pub fn driven(mut command: Command, script: &str, patience: Duration) -> Value {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().unwrap_or_else(|error| panic!("{script} cannot be run: {error}; run `make test`"));
    let deadline = Instant::now() + patience;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let output = child.wait_with_output().unwrap();
    let (out, error) = said(&output);
    assert!(output.status.success(), "{script}: {}\n{out}\n{error}", output.status);
    serde_json::from_str(out.lines().last().unwrap_or_default())
        .unwrap_or_else(|fault| panic!("{script}: {fault}\n{out}\n{error}"))
}

/// A folder with these files.
pub fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// A workspace with one program, which writes at once to whoever signs up, and one broadcast to all who agreed.
pub const SMALL: [(&str, &str); 5] = [
    (
        "crowsnest.yaml",
        "workspace: lake\ntitle: Lake Store\ncountry: US\ntime_zone: America/Chicago\ncurrency: USD\n\
         email: { from: Lake Store <hello@lake-store.example>, postal_address: 1 Pier }\n",
    ),
    ("sources/web.yaml", "source: web\nwrite_key: hm_web_write_key_0001\nsync: real-time\n"),
    ("topics.yaml", "topic: offers\ntitle: Offers\n---\ntopic: news\ntitle: News\n"),
    (
        "programs/welcome.yaml",
        "program: welcome\ntrigger: { event: Signed Up }\noccasion: event.properties.card\n\
         steps:\n  - send: { channel: email, template: hello, topic: offers }\n",
    ),
    (
        "templates/hello.yaml",
        "template: hello\nchannel: email\nsubject: Welcome {{ profile.first_name }}\nmjml: |\n  \
         <mjml><mj-body><mj-section><mj-column><mj-text>Welcome. {{ organisation.postal_address }} \
         <a href=\"{{ links.unsubscribe }}\">Unsubscribe</a> <a href=\"{{ links.preferences }}\">Choose</a>\
         </mj-text></mj-column></mj-section></mj-body></mjml>\ntext: |\n  Welcome. Unsubscribe: {{ links.unsubscribe }}\n  \
         Choose: {{ links.preferences }}\n  {{ organisation.postal_address }}\n",
    ),
];

/// A person who agreed to offers by e-mail, as an identify call.
pub fn agreed(who: &str) -> Value {
    json!({
        "type": "identify", "messageId": format!("{who}-agreed"), "userId": who,
        "traits": {
            "email": format!("{who}@mail.example"), "first_name": who,
            "consents": [{ "channel": "email", "topic": "offers", "status": "granted", "evidence": "a form" }],
        },
    })
}

/// The event that the program `welcome` waits for; `card` makes it an occasion of its own.
pub fn signed_up(who: &str, card: &str) -> Value {
    json!({
        "type": "track", "messageId": format!("{who}-signed-up-{card}"), "userId": who, "event": "Signed Up",
        "properties": { "card": card },
    })
}

/// The id by which an event of the source `web` is known.
pub fn event_id(message_id: &str) -> String {
    EventId::of("web", message_id).to_string()
}

/// Waits until nothing is on its way.
pub fn settled(api: &Api) {
    wait::until("nothing is queued or being sent", || {
        let deliveries = &api.get("/api/v1/stats")["deliveries"];
        (deliveries["queued"] == 0 && deliveries["sending"] == 0).then_some(())
    });
}

/// The addresses of all mails in the built-in mailbox, sorted.
pub fn mailed(api: &Api) -> Vec<String> {
    let mut to: Vec<String> = api
        .pages("/api/v1/mailbox")
        .iter()
        .flat_map(|mail| mail["to"].as_array().unwrap().clone())
        .map(|to| to.as_str().unwrap().to_owned())
        .collect();
    to.sort();
    to
}

/// The texts that a command printed: standard output, standard error.
pub fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// What a command printed when all went well.
pub fn fine(output: Output) -> String {
    let (out, error) = said(&output);
    assert!(output.status.success(), "{}\n{out}\n{error}", output.status);
    out
}

/// What a command printed to standard error when it ended with this code.
pub fn failed(output: Output, code: i32) -> String {
    let (out, error) = said(&output);
    assert_eq!(output.status.code(), Some(code), "{out}\n{error}");
    error
}
