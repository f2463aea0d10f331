//! Opens and clicks, from the mail in the mailbox to the event in the timeline.

use crate::world::{CROWSNEST, SMALL, WEB, agreed, fine, folder, mailed, settled, signed_up};
use crowsnest_testkit::{Answer, Request, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};
use tempfile::TempDir;

const SHOP: &str = "https://lake-store.example/boats?a=1&b=%C3%A4#sails";

const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";

struct Written {
    _workspace: TempDir,
    server: RunningServer,
    mail: Value,
    delivery: String,
    /// When no scanner would come any more.
    settled: Instant,
}

/// The small workspace, which tracks what is read.
fn workspace() -> TempDir {
    let mut files = SMALL;
    let tracked = files[0].1.replace("1 Pier }", "1 Pier, track: { opens: true, clicks: true } }");
    let linked = files[4]
        .1
        .replace("Welcome. {{", &format!("<a href=\"{}\">Boats</a> {{{{", SHOP.replace('&', "&amp;")));
    (files[0].1, files[4].1) = (&tracked, &linked);
    folder(&files)
}

/// A server that has sent one mail to `ann`.
fn written() -> Written {
    let workspace = workspace();
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    wrote(workspace, server)
}

fn wrote(workspace: TempDir, server: RunningServer) -> Written {
    let api = server.api();
    api.collect("batch", WEB, &json!({ "batch": [agreed("ann"), signed_up("ann", "1")] }));
    settled(api);
    assert_eq!(mailed(api), ["ann@mail.example"]);
    let id = api.pages("/api/v1/mailbox")[0]["id"].as_str().unwrap().to_owned();
    let mail = api.get(&format!("/api/v1/mailbox/{id}"));
    let delivery = api.deliveries("welcome")[0]["id"].as_str().unwrap().to_owned();
    Written { _workspace: workspace, server, mail, delivery, settled: Instant::now() }
}

impl Written {
    /// The path in the mail's HTML that begins so.
    fn path(&self, begins: &str) -> String {
        let html = self.mail["html"].as_str().unwrap();
        let ours = format!("\"{}{begins}", self.server.api().url());
        let at = html.find(&ours).unwrap_or_else(|| panic!("no {ours} in {html}"));
        let link = html[at + 1..].split('"').next().unwrap();
        link[self.server.api().url().len()..].to_owned()
    }

    fn visit(&self, method: &'static str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter();
        let request =
            headers.fold(Request::new(method, path), |request, (name, value)| request.header(name, *value));
        self.server.api().send(&request)
    }

    fn browse(&self, path: &str) -> Answer {
        self.visit("GET", path, &[("user-agent", BROWSER)])
    }

    fn readers_come(&self) {
        let passed = || (self.settled.elapsed() > Duration::from_secs(2)).then_some(());
        wait::until("whoever comes now may be a person", passed);
    }

    /// What came back on the mail, by kind.
    fn heard(&self) -> Vec<(String, u64)> {
        let shown = self.server.api().get(&format!("/api/v1/deliveries/{}", self.delivery));
        let heard = shown["feedback"].as_array().unwrap().iter();
        let mut heard: Vec<_> = heard
            .map(|one| (one["kind"].as_str().unwrap().to_owned(), one["times"].as_u64().unwrap()))
            .collect();
        heard.sort();
        heard
    }

    fn events(&self) -> Vec<Value> {
        let ann = self.server.api().find("user_id", "ann").unwrap();
        let touches = self.server.api().timeline(ann["id"].as_str().unwrap());
        touches
            .into_iter()
            .filter(|touch| touch["name"].as_str().is_some_and(|name| name.starts_with("Email")))
            .collect()
    }
}

fn times(kind: &str, times: u64) -> (String, u64) {
    (kind.to_owned(), times)
}

#[test]
fn a_link_that_is_followed_leads_on_and_is_in_the_timeline() {
    let written = written();
    let link = written.path("/c/");
    written.readers_come();
    let answer = written.browse(&link);
    assert_eq!((answer.status, answer.header("location")), (302, SHOP));
    assert_eq!(
        (answer.header("cache-control"), answer.header("referrer-policy")),
        ("no-store", "no-referrer")
    );
    wait::until("it is heard", || (written.heard() == [times("clicked", 1)]).then_some(()));
    assert_eq!(written.events()[0]["name"], "Email Link Clicked", "{:?}", written.events());
    let listed = fine(written.server.command(&["program", "list"]));
    assert!(listed.contains("1 clicked"), "{listed}");
    // Unsubscribing is as it was, and leads by way of nobody.
    let unsubscribe = written.path("/u/");
    assert!(written.browse(&unsubscribe).text().contains("<form method=\"post\""));
}

#[test]
fn a_picture_that_is_looked_at_is_in_the_timeline_and_tells_nobody_whether_it_is_ours() {
    let written = written();
    let picture = written.path("/o/");
    assert!(picture.ends_with(".gif"), "{picture}");
    written.readers_come();
    let shown = written.browse(&picture);
    assert_eq!(
        (shown.status, shown.header("content-type"), shown.header("cache-control")),
        (200, "image/gif", "no-store")
    );
    assert!(shown.body.starts_with(b"GIF89a") && shown.body.len() == 43);
    wait::until("it is heard", || (written.heard() == [times("opened", 1)]).then_some(()));
    assert_eq!(written.events()[0]["name"], "Email Opened");
    for other in [
        "/o/1.gif",
        "/o/nonsense",
        "/o/%00.gif",
        "/o/%ff.gif",
        &picture[..picture.len() - 4],
        &written.path("/u/").replace("/u/", "/o/"),
    ] {
        let answer = written.browse(other);
        let said = |answer: &Answer| {
            (
                answer.status,
                answer.body.clone(),
                answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect::<Vec<_>>(),
            )
        };
        assert_eq!(said(&answer), said(&shown), "{other}");
    }
    assert_eq!(written.heard(), [times("opened", 1)]);
}

/// Click links carry an HMAC: tampered is 404, never an open redirect.
#[test]
fn a_tampered_link_is_404_and_leads_nowhere() {
    let written = written();
    let link = written.path("/c/");
    let token = link.strip_prefix("/c/").unwrap();
    let mut paths: Vec<String> = Vec::new();
    for place in 0..token.len() {
        let other = if &token[place..=place] == "A" { "B" } else { "A" };
        paths.push(format!("/c/{}{other}{}", &token[..place], &token[place + 1..]));
    }
    paths.push(format!("{link}A"));
    paths.push(link[..link.len() - 4].to_owned());
    // Tokens of other purposes, and what redirectors elsewhere fall for.
    paths.push(written.path("/u/").replace("/u/", "/c/"));
    paths.push(written.path("/o/").replace("/o/", "/c/"));
    for path in [
        "/c/1",
        "/c/%00",
        "/c/%ff",
        "/c/https:%2F%2Fevil.example",
        "/c/1?u=https://evil.example/",
        "/c/1?url=//evil.example",
    ] {
        paths.push(path.to_owned());
    }
    for path in paths {
        for method in ["GET", "HEAD"] {
            let answer = written.visit(method, &path, &[("user-agent", BROWSER)]);
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(!answer.headers.iter().any(|(name, _)| name == "location"), "{method} {path}");
        }
    }
    let elsewhere = written.browse(&format!("{link}?u=https://evil.example/"));
    assert_eq!(elsewhere.header("location"), SHOP, "what is added leads nobody elsewhere");
    assert_eq!(written.visit("POST", &link, &[("user-agent", BROWSER)]).status, 405);
}

#[test]
fn machines_are_led_on_and_count_as_nobody() {
    let written = written();
    let link = written.path("/c/");
    written.readers_come();
    for (method, headers) in [
        ("HEAD", vec![("user-agent", BROWSER)]),
        ("GET", vec![("user-agent", "curl/8.5.0")]),
        ("GET", vec![("user-agent", BROWSER), ("sec-purpose", "prefetch;prerender")]),
        ("GET", vec![("user-agent", "Mozilla/5.0 (compatible; Barracuda)")]),
    ] {
        let answer = written.visit(method, &link, &headers);
        assert_eq!((answer.status, answer.header("location")), (302, SHOP), "{headers:?}");
    }
    wait::until("they are counted", || (written.heard() == [times("clicked_by_machine", 4)]).then_some(()));
    assert!(written.events().is_empty(), "{:?}", written.events());
}

#[test]
fn a_link_leads_on_also_when_a_backup_does_not_know_its_message() {
    let workspace = workspace();
    let mut server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    server.kill();
    let store = |server: &RunningServer| -> Vec<PathBuf> {
        let entries = fs::read_dir(server.data()).unwrap().map(|entry| entry.unwrap().path());
        entries
            .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("crowsnest.db"))
            .collect()
    };
    let backup: Vec<(PathBuf, Vec<u8>)> =
        store(&server).into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    server.restart();
    let mut written = wrote(workspace, server);
    let (link, picture) = (written.path("/c/"), written.path("/o/"));
    written.server.kill();
    store(&written.server).into_iter().for_each(|path| fs::remove_file(path).unwrap());
    backup.into_iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    written.server.restart();
    assert!(written.server.api().deliveries("welcome").is_empty(), "the message is not on record");
    let answer = written.browse(&link);
    assert_eq!((answer.status, answer.header("location")), (302, SHOP));
    assert_eq!(written.browse(&picture).status, 200);
}
