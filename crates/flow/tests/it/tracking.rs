//! Opens and clicks: what is put into messages, and who is counted as a person.

use crate::world::*;
use crowsnest_flow::outward::{Visit, Visits};
use crowsnest_model::{DeliveryId, delivery::Feedback};
use serde_json::json;

const BOATS: &str = "https://shop.example/boats?a=1&b=2";

/// A program that writes about boats, and goes on when somebody looks at them.
const BOATS_PROGRAM: &str = r#"
program: boats
trigger: { event: Boat Seen }
occasion: event.properties.boat
steps:
  - send: { channel: email, template: boats, topic: offers }
  - wait_until: { event: Email Link Clicked, when: 'event.properties.url == "https://shop.example/boats?a=1&b=2"', limit: 3d }
  - send: { channel: email, template: letter, topic: offers }
---
program: receipts
trigger: { event: Boat Bought }
steps:
  - send: { channel: email, template: boats, topic: orders }
---
template: boats
channel: email
subject: "Boats"
mjml: |
  <mjml><mj-body><mj-section><mj-column>
  <mj-button href="https://shop.example/boats?a=1&amp;b=2">Look</mj-button>
  <mj-text><a href="https://shop.example/oars">Oars</a> <a href="{{ event.properties.link | default: 'https://shop.example/' }}">Yours</a>
  <a href="https://{{ event.properties.host | default: 'shop.example' }}/x">There</a>
  <a href="mailto:a@shop.example">Write</a> <a href="{{ links.unsubscribe }}">stop</a> <a href="{{ links.preferences }}">choose</a></mj-text>
  </mj-column></mj-section></mj-body></mjml>
text: |
  https://shop.example/boats?a=1&b=2
  {{ links.unsubscribe }}
"#;

/// A shop with this tracking, which wrote to ann about a boat.
async fn written(track: &str, event: serde_json::Value) -> (World, DeliveryId) {
    let mut all = files(&[BOATS_PROGRAM]);
    all[0].text =
        all[0].text.replace("hello@shop.example>\" }", &format!("hello@shop.example>\", track: {track} }}"));
    let world = World::of(all).await;
    world.tell([subscriber("ann@x.org"), track_of("b", "Boat Seen").with(event)]).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent"]);
    let id = world.deliveries()[0].id;
    (world, id)
}

fn track_of(id: &str, name: &str) -> Touch {
    track(id, name).by("email", "ann@x.org")
}

/// The HTML and the text of the mail that came last.
fn mail(world: &World) -> (String, String) {
    let last = world.mailbox.list(true, 1, 0).unwrap().remove(0).id;
    let mail = world.mailbox.read(&last).unwrap().unwrap();
    (mail.html.unwrap(), mail.text.unwrap())
}

/// Where the links of a mail lead, in order.
fn links(html: &str) -> Vec<String> {
    let found =
        html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    found.filter(|link| !link.contains("fonts.googleapis")).collect()
}

/// Where a link leads in the end.
fn leads(world: &World, link: &str) -> String {
    let Some(token) = link.strip_prefix("http://127.0.0.1:9/c/") else { return link.to_owned() };
    let (_, url) = world.dispatcher.courier().follow(token).unwrap_or_else(|| panic!("{link} is not ours"));
    format!("by way of us: {url}")
}

fn click(delivery: DeliveryId, url: &str) -> Visit {
    Visit { delivery, url: Some(url.to_owned()), machine: None }
}

fn open(delivery: DeliveryId) -> Visit {
    Visit { delivery, url: None, machine: None }
}

fn sums(world: &World, delivery: DeliveryId) -> Vec<(Feedback, u64)> {
    let sums = world.read(|read| read.feedback_of(delivery));
    let mut sums: Vec<_> = sums.into_iter().map(|sum| (sum.kind, sum.times)).collect();
    sums.sort();
    sums
}

#[tokio::test]
async fn links_lead_by_way_of_us_where_they_are_tracked_and_nowhere_else() {
    let (world, _) = written("{ opens: true, clicks: true }", json!({ "boat": 1 })).await;
    let (html, text) = mail(&world);
    let found: Vec<String> = links(&html).iter().map(|link| leads(&world, link)).collect();
    assert_eq!(
        found[..4],
        [
            format!("by way of us: {BOATS}"),
            "by way of us: https://shop.example/oars".into(),
            "by way of us: https://shop.example/".into(),
            "by way of us: https://shop.example/x".into(),
        ]
    );
    assert_eq!(found[4], "mailto:a@shop.example");
    assert!(
        found[5].starts_with("http://127.0.0.1:9/u/") && found[6].starts_with("http://127.0.0.1:9/p/"),
        "{found:?}"
    );
    assert_eq!(leads(&world, text.lines().next().unwrap()), format!("by way of us: {BOATS}"));
    assert!(text.contains("http://127.0.0.1:9/u/"), "{text}");
    assert!(
        html.contains("<img src=\"http://127.0.0.1:9/o/") && html.contains(".gif\" width=\"1\""),
        "{html}"
    );
}

#[tokio::test]
async fn nothing_is_tracked_unless_the_workspace_says_so_and_service_messages_never() {
    let (world, _) = written("{ opens: false, clicks: false }", json!({ "boat": 1 })).await;
    let untracked = mail(&world);
    assert_eq!(leads(&world, &links(&untracked.0)[0]), BOATS);
    assert!(!untracked.0.contains("/o/"), "{untracked:?}");
    let (world, _) = written("{ opens: true, clicks: true }", json!({ "boat": 1 })).await;
    world.tell([track_of("r", "Boat Bought")]).await;
    world.serve().await;
    let service = mail(&world);
    assert!(
        !service.0.contains("/o/") && !service.0.contains("/c/") && !service.1.contains("/c/"),
        "{service:?}"
    );
    let (world, _) = written("{ opens: true }", json!({ "boat": 1 })).await;
    let (html, text) = mail(&world);
    assert!(html.contains("/o/") && !html.contains("/c/") && !text.contains("/c/"), "{html}");
}

/// Whoever has a write key can put any address into an event, and would get it back signed by us.
#[tokio::test]
async fn what_anybody_can_send_us_never_becomes_a_signed_link() {
    let hostile = json!({ "boat": 1, "link": "https://evil.example/", "host": "shop.example.evil.example" });
    let (world, _) = written("{ clicks: true }", hostile.clone()).await;
    let found: Vec<String> = links(&mail(&world).0).iter().map(|link| leads(&world, link)).collect();
    assert_eq!(found[2..4], ["https://evil.example/", "https://shop.example.evil.example/x"]);
    let (world, _) = written("{ clicks: true, domains: [Evil.example, op.example] }", hostile).await;
    let found: Vec<String> = links(&mail(&world).0).iter().map(|link| leads(&world, link)).collect();
    assert_eq!(
        found[2..4],
        ["by way of us: https://evil.example/", "by way of us: https://shop.example.evil.example/x"]
    );
}

#[tokio::test]
async fn whoever_is_faster_than_a_person_is_none() {
    let (world, id) = written("{ clicks: true }", json!({ "boat": 1 })).await;
    let visits = Visits::new(world.engine.clone());
    world.pass(1_999);
    visits.hear(click(id, BOATS)).await;
    visits.hear(open(id)).await;
    assert_eq!(sums(&world, id), [(Feedback::OpenedByMachine, 1), (Feedback::ClickedByMachine, 1)]);
    world.pass(2_000);
    visits.hear(click(id, BOATS)).await;
    // Another link in the same moment is a scanner's; the same link is the same person's.
    visits.hear(click(id, "https://shop.example/oars")).await;
    visits.hear(click(id, BOATS)).await;
    visits.hear(open(id)).await;
    assert_eq!(
        sums(&world, id),
        [
            (Feedback::Opened, 1),
            (Feedback::OpenedByMachine, 1),
            (Feedback::Clicked, 1),
            (Feedback::ClickedByMachine, 2)
        ]
    );
    world.pass(2_000);
    visits.hear(Visit { machine: Some("curl"), ..click(id, BOATS) }).await;
    assert_eq!(sums(&world, id)[3], (Feedback::ClickedByMachine, 3), "who says so is one at any time");
}

#[tokio::test]
async fn the_same_is_heard_once_a_minute_and_a_look_once_an_hour() {
    let (world, id) = written("{ clicks: true }", json!({ "boat": 1 })).await;
    let visits = Visits::new(world.engine.clone());
    world.pass(10_000);
    for _ in 0..3 {
        visits.hear(click(id, BOATS)).await;
        visits.hear(open(id)).await;
    }
    assert_eq!(sums(&world, id), [(Feedback::Opened, 1), (Feedback::Clicked, 1)]);
    world.pass(MINUTE);
    visits.hear(click(id, BOATS)).await;
    visits.hear(open(id)).await;
    assert_eq!(sums(&world, id), [(Feedback::Opened, 1), (Feedback::Clicked, 2)]);
    world.pass(HOUR);
    visits.hear(open(id)).await;
    assert_eq!(sums(&world, id), [(Feedback::Opened, 2), (Feedback::Clicked, 2)]);
}

#[tokio::test]
async fn a_flood_on_one_link_is_not_written_without_end() {
    let (world, id) = written("{ clicks: true }", json!({ "boat": 1 })).await;
    let visits = Visits::new(world.engine.clone());
    for _ in 0..50 {
        visits.hear(Visit { machine: Some("curl"), ..click(id, BOATS) }).await;
    }
    assert_eq!(sums(&world, id), [(Feedback::ClickedByMachine, 10)]);
    world.pass(MINUTE);
    visits.hear(Visit { machine: Some("curl"), ..click(id, BOATS) }).await;
    assert_eq!(sums(&world, id), [(Feedback::ClickedByMachine, 11)]);
}

#[tokio::test]
async fn a_message_that_is_not_there_any_more_is_no_fault() {
    let (world, id) = written("{ clicks: true }", json!({ "boat": 1 })).await;
    let visits = Visits::new(world.engine.clone());
    visits.hear(click(DeliveryId(id.0 ^ 1), BOATS)).await;
    assert_eq!(sums(&world, DeliveryId(id.0 ^ 1)), []);
    assert_eq!(sums(&world, id), []);
}

#[tokio::test]
async fn a_program_that_waits_for_a_click_goes_on_with_it() {
    let (world, id) = written("{ clicks: true }", json!({ "boat": 1 })).await;
    let visits = Visits::new(world.engine.clone());
    world.after(HOUR).await;
    visits.hear(click(id, "https://shop.example/oars")).await;
    world.after(MINUTE).await;
    visits.hear(Visit { machine: Some("Barracuda"), ..click(id, BOATS) }).await;
    world.after(MINUTE).await;
    assert_eq!(world.states(), ["sent"], "another link, and a machine");
    visits.hear(click(id, BOATS)).await;
    world.serve().await;
    assert_eq!(world.states(), ["sent", "sent"]);
}
