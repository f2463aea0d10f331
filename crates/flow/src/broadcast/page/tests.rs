//! What becomes of a page when people are merged, or told apart, after they were looked at and before it is committed.

use super::*;
use crate::{Opening, SplitBy, SystemClock};
use crowsnest_ingest::wire::Batch;
use crowsnest_model::{ConsentClaim, ConsentStatus, Event, EventId, EventKind, Identifier, Time};
use crowsnest_workspace::SourceFile;

const SHOP: &str = r#"workspace: shop
title: The Shop
country: US
time_zone: America/Chicago
currency: USD
email: { from: "The Shop <hello@shop.example>" }
---
topic: offers
title: Offers
---
source: web
write_key: web_key_00000001
---
template: letter
channel: email
subject: Hello
mjml: "<mjml><mj-body><mj-section><mj-column><mj-text><a href=\"{{ links.unsubscribe }}\">stop</a></mj-text></mj-column></mj-section></mj-body></mjml>"
text: "{{ links.unsubscribe }}"
---
broadcast: offer
audience: "true"
send: { channel: email, template: letter, topic: offers }
"#;

/// Somebody comes with an address, once for each of `times`, and agrees to offers or does not.
async fn comes(engine: &Engine, name: &str, times: usize, agrees: bool) -> ProfileId {
    let email = Identifier::new("email", format!("{name}@x.org"));
    comes_by(engine, name, &[email], times, agrees).await
}

async fn comes_by(
    engine: &Engine,
    name: &str,
    beside: &[Identifier],
    times: usize,
    agrees: bool,
) -> ProfileId {
    let user = Identifier::new("user_id", name);
    let events = (0..times).map(|time| {
        let message_id = format!("{name} {time}");
        let claim = ConsentClaim {
            channel: "email".into(),
            contact: None,
            topic: "offers".into(),
            status: ConsentStatus::Granted,
            evidence: None,
        };
        Event {
            id: EventId::of("web", &message_id),
            source: "web".into(),
            message_id,
            kind: EventKind::Identify,
            name: None,
            time: Time(1_772_442_000_000),
            received: Time(1_772_442_000_000),
            historical: false,
            identifiers: std::iter::once(&user).chain(beside).cloned().collect(),
            previous: None,
            traits: Object::new(),
            properties: None,
            context: None,
            consents: agrees.then_some(claim).into_iter().collect(),
        }
    });
    let batch = Batch { events: events.collect(), rejected: Vec::new() };
    engine.take_in(batch).await.unwrap();
    engine.read(|read| read.holders(&[&user])).unwrap()[0].unwrap()
}

struct Shop {
    engine: Engine,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = vec![SourceFile { path: "shop.yaml".into(), text: SHOP.into() }];
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: Some(files),
            clock: Arc::new(SystemClock),
            entropy: [1; 32],
        };
        let (engine, _) = Engine::open(opening).unwrap();
        Self { engine, _folder: folder }
    }

    /// Looks at the first page of the launch, lets something happen, and only then commits the page.
    async fn meanwhile(&self, happens: impl Future<Output = ()>) -> LaunchRecord {
        let launch = self.engine.begin_launch("offer").await.unwrap();
        let (engine, looking) = (self.engine.clone(), launch.clone());
        let page =
            tokio::task::spawn_blocking(move || look_at(&engine, looking)).await.unwrap().unwrap().unwrap();
        happens.await;
        self.engine.commit(move |work| queue_page(work, launch, page)).await.unwrap()
    }

    /// Where each delivery goes, and its state; of those that have the occasion of the launch, with a star.
    fn found(&self) -> Vec<String> {
        let found = self.engine.read(|read| read.deliveries(&DeliveryFilter::default(), 100)).unwrap();
        let mut found: Vec<String> = found
            .into_iter()
            .map(|one| {
                let star = if one.occasion == OCCASION { "*" } else { "" };
                format!("{} {}{star}", one.contact, one.state)
            })
            .collect();
        found.sort();
        found
    }
}

#[tokio::test]
async fn who_was_left_out_takes_nothing_from_whom_they_turned_out_to_be() {
    // Who has come more often goes on, else whoever came first.
    for bobs in [1, 2] {
        let shop = Shop::new();
        let ann = comes_by(&shop.engine, "ann", &[], 1, false).await;
        let bob = comes(&shop.engine, "bob", bobs, true).await;
        let merges = async { drop(shop.engine.join(ann, bob, "the same".into()).await.unwrap()) };
        let launch = shop.meanwhile(merges).await;
        assert!(launch.queued.is_some());
        assert_eq!(shop.found(), ["bob@x.org queued*"]);
    }
}

#[tokio::test]
async fn two_who_turned_out_to_be_one_get_it_once() {
    let shop = Shop::new();
    let ann = comes(&shop.engine, "ann", 1, true).await;
    let bob = comes(&shop.engine, "bob", 1, true).await;
    let merges = async { drop(shop.engine.join(ann, bob, "the same".into()).await.unwrap()) };
    shop.meanwhile(merges).await;
    assert_eq!(shop.found(), ["ann@x.org queued*"]);
}

#[tokio::test]
async fn who_was_told_apart_is_looked_at_again() {
    let shop = Shop::new();
    let ann = comes(&shop.engine, "ann", 2, true).await;
    let bob = comes(&shop.engine, "bob", 1, true).await;
    shop.engine.join(ann, bob, "the same".into()).await.unwrap();
    let split = async {
        drop(shop.engine.split(ann, SplitBy::Merged(bob), "not".into(), false).await.unwrap());
    };
    let launch = shop.meanwhile(split).await;
    assert!(launch.queued.is_some());
    assert_eq!(shop.found(), ["ann@x.org queued*", "bob@x.org queued*"]);
}

/// The counts of a launch add up to those on whom was decided.
fn adds_up(launch: &LaunchRecord) -> Audience {
    let audience = Audience::of(launch.counts.clone());
    let left_out: u64 = audience.left_out.iter().map(|(_, times)| times).sum();
    assert_eq!(audience.people, audience.recipients + left_out, "{audience:?}");
    audience
}

#[tokio::test]
async fn whoever_merges_within_a_page_is_counted_once() {
    let shop = Shop::new();
    let ann = comes(&shop.engine, "ann", 1, true).await;
    let bob = comes(&shop.engine, "bob", 1, true).await;
    comes(&shop.engine, "cleo", 1, true).await;
    let merges = async { drop(shop.engine.join(ann, bob, "the same".into()).await.unwrap()) };
    let audience = adds_up(&shop.meanwhile(merges).await);
    assert_eq!((audience.people, audience.in_audience, audience.recipients), (2, 2, 2));
}

impl Shop {
    /// One page of a launch.
    async fn page(&self, launch: LaunchRecord) -> LaunchRecord {
        let (engine, looking) = (self.engine.clone(), launch.clone());
        let page =
            tokio::task::spawn_blocking(move || look_at(&engine, looking)).await.unwrap().unwrap().unwrap();
        self.engine.commit(move |work| queue_page(work, launch, page)).await.unwrap()
    }

    /// What is left of a launch.
    async fn rest(&self) -> LaunchRecord {
        self.engine.resume_launches().await.unwrap();
        self.engine.read(|read| read.launch("offer")).unwrap().unwrap()
    }

    fn to(&self, contact: &str) -> usize {
        self.found().iter().filter(|found| *found == &format!("{contact} queued*")).count()
    }
}

#[tokio::test]
async fn who_merges_with_somebody_who_was_passed_gets_it_all_the_same() {
    let shop = Shop::new();
    // Of the first nothing is known to write to; they come more often, so it is the last who is absorbed.
    let first = comes_by(&shop.engine, "first", &[], 3, false).await;
    for place in 0..20 {
        comes(&shop.engine, &format!("p{place}"), 1, true).await;
    }
    let last = comes(&shop.engine, "last", 1, true).await;
    let launch = shop.engine.begin_launch("offer").await.unwrap();
    let launch = shop.page(launch).await;
    assert!(launch.after.unwrap() > first && launch.after.unwrap() < last);
    shop.engine.join(first, last, "the same".into()).await.unwrap();
    assert!(shop.engine.read(|read| read.profile(last)).unwrap().is_none(), "the last was absorbed");
    let launch = shop.rest().await;
    assert!(launch.queued.is_some());
    assert_eq!(shop.to("last@x.org"), 1);
    assert_eq!(adds_up(&launch).recipients, 21);
    // Once.
    shop.rest().await;
    assert_eq!(shop.to("last@x.org"), 1);
}

#[tokio::test]
async fn who_had_it_gets_nothing_more_when_somebody_else_turns_out_to_be_them() {
    let shop = Shop::new();
    let first = comes(&shop.engine, "first", 3, true).await;
    for place in 0..20 {
        comes(&shop.engine, &format!("p{place}"), 1, true).await;
    }
    let last = comes(&shop.engine, "last", 1, true).await;
    let launch = shop.engine.begin_launch("offer").await.unwrap();
    shop.page(launch).await;
    shop.engine.join(first, last, "the same".into()).await.unwrap();
    let launch = shop.rest().await;
    assert_eq!((shop.to("first@x.org"), shop.to("last@x.org")), (1, 0));
    assert_eq!(adds_up(&launch).recipients, 21);
}

#[tokio::test]
async fn who_is_told_apart_where_everybody_was_passed_gets_it() {
    let shop = Shop::new();
    let ann = comes(&shop.engine, "ann", 2, true).await;
    let bob = comes(&shop.engine, "bob", 1, true).await;
    for place in 0..20 {
        comes(&shop.engine, &format!("p{place}"), 1, true).await;
    }
    shop.engine.join(ann, bob, "the same".into()).await.unwrap();
    let launch = shop.engine.begin_launch("offer").await.unwrap();
    shop.page(launch).await;
    shop.engine.split(ann, SplitBy::Merged(bob), "not".into(), false).await.unwrap();
    let launch = shop.rest().await;
    assert_eq!((shop.to("ann@x.org"), shop.to("bob@x.org")), (1, 1), "{:?}", shop.found());
    assert_eq!(adds_up(&launch).recipients, 22);
}

#[tokio::test]
async fn two_who_carry_one_launch_do_not_double_it() {
    let shop = Shop::new();
    for place in 0..50 {
        comes(&shop.engine, &format!("p{place}"), 1, true).await;
    }
    let launch = shop.engine.begin_launch("offer").await.unwrap();
    let (one, other) =
        tokio::join!(shop.engine.queue_launch(launch.clone()), shop.engine.queue_launch(launch));
    one.and(other).unwrap();
    assert_eq!(shop.found().len(), 50);
    assert_eq!(adds_up(&shop.rest().await).recipients, 50);
}

#[tokio::test]
async fn a_page_that_was_looked_at_before_definitions_changed_is_looked_at_anew() {
    let shop = Shop::new();
    comes(&shop.engine, "ann", 1, true).await;
    let launch = shop
        .meanwhile(async {
            let text = SHOP.replace("country: US", "country: DE");
            let files = vec![SourceFile { path: "shop.yaml".into(), text }];
            shop.engine.apply(files).await.unwrap();
        })
        .await;
    assert!(launch.queued.is_some());
    assert_eq!(shop.found(), ["ann@x.org queued*"]);
}
