//! A small shop with a clock that the test turns: the engine on a fresh folder, the real mailbox, events by hand.

use crowsnest_channels::email::Mailbox;
use crowsnest_flow::{
    BroadcastPreview, Clock, Engine, FlowError, Opening, Receipt,
    outward::{Courier, Dispatcher},
};
use crowsnest_ingest::wire::Batch;
use crowsnest_model::{
    ConsentClaim, ConsentStatus, Duration, Event, EventId, EventKind, Identifier, Profile, ProfileId, Time,
    delivery::Delivery,
};
use crowsnest_store::{DeliveryFilter, Page, Read, Result, RunRecord, StoreError};
use crowsnest_workspace::SourceFile;
use serde_json::{Value, value::RawValue};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

/// 2026-03-02T09:00:00Z, a Monday.
pub const START: Time = Time(1_772_442_000_000);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What webhooks here are signed with.
pub const HOOK_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The token of the account at gateways of text messages here.
pub const SMS_TOKEN: &str = "the-token-of-the-account";

pub const ALL: Page = Page { limit: 1_000, offset: 0 };

#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// What every shop here has, besides its programs and broadcasts.
const SHOP: &str = r#"
workspace: shop
title: The Shop
country: US
time_zone: America/Chicago
currency: USD
email: { from: "The Shop <hello@shop.example>" }
---
topic: offers
title: Offers
---
topic: news
title: News
---
topic: orders
title: Orders
service: true
---
source: web
write_key: web_key_00000001
---
source: calls
sync: hourly
---
source: list
trust: third-party
sync: nightly
---
template: letter
channel: email
subject: "Hello {{ profile.first_name | default: 'you' }}"
mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>Still there. <a href=\"{{ links.unsubscribe }}\">stop</a></mj-text></mj-column></mj-section></mj-body></mjml>"
text: "Still there. {{ links.unsubscribe }}"
"#;

/// The usual program: a reminder three quarters of an hour after a cart was left.
pub const CART: &str = r#"
program: cart
trigger: { event: Cart Updated, when: "event.properties.value >= 50", ttl: 6h }
occasion: event.properties.cart_id
cancel_on: { event: Order Completed }
goal: { event: Order Completed, within: 3d, value: event.properties.revenue }
steps:
  - wait: 45m
  - send: { channel: email, template: letter, topic: offers }
"#;

/// The same, which needs the calls to be fresh.
pub const FRESH_CART: &str = r#"
program: cart
trigger: { event: Cart Updated, ttl: 6h }
occasion: event.properties.cart_id
cancel_on: { event: Order Completed }
requires_fresh: [{ source: calls, max_lag: 15m }]
steps:
  - wait: 45m
  - send: { channel: email, template: letter, topic: offers }
"#;

pub const OFFER: &str = r#"
broadcast: offer
audience: consent("email", "offers")
prefer: [ 'profile.role == "owner"' ]
send: { channel: email, template: letter, topic: offers }
ttl: 2d
"#;

pub fn files(documents: &[&str]) -> Vec<SourceFile> {
    let mut files = vec![SourceFile { path: "shop.yaml".into(), text: SHOP.trim_start().into() }];
    for (place, text) in documents.iter().enumerate() {
        files.push(SourceFile { path: format!("extra-{place}.yaml"), text: text.trim_start().to_owned() });
    }
    files
}

pub struct World {
    pub engine: Engine,
    pub dispatcher: Dispatcher,
    pub mailbox: Mailbox,
    pub clock: Arc<HandClock>,
    pub folder: tempfile::TempDir,
    to: SocketAddr,
}

impl World {
    pub async fn new(documents: &[&str]) -> Self {
        Self::sending_to(documents, None).await
    }

    /// With another SMTP server than the built-in mailbox.
    pub async fn sending_to(documents: &[&str], to: Option<SocketAddr>) -> Self {
        Self::begun(files(documents), to).await
    }

    /// With definitions that are files already.
    pub async fn of(files: Vec<SourceFile>) -> Self {
        Self::begun(files, None).await
    }

    /// With definitions that are files already, and another SMTP server.
    pub async fn begun(files: Vec<SourceFile>, to: Option<SocketAddr>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(START.0)));
        let mailbox =
            Mailbox::start("127.0.0.1:0".parse().unwrap(), folder.path().join("mailbox")).await.unwrap();
        let to = to.unwrap_or(mailbox.addr());
        let engine = open(&folder, &clock, Some(files));
        let dispatcher = dispatcher(&engine, to);
        Self { engine, dispatcher, mailbox, clock, folder, to }
    }

    /// The process ends and begins again; with other definitions, if any are given.
    pub fn restarted(self, documents: Option<&[&str]>) -> Self {
        let Self { engine, dispatcher: old, mailbox, clock, folder, to } = self;
        drop((engine, old));
        let engine = open(&folder, &clock, documents.map(files));
        let dispatcher = dispatcher(&engine, to);
        Self { engine, dispatcher, mailbox, clock, folder, to }
    }

    /// Crashes with rows changed by hand, as a process that dies leaves them, and begins again.
    pub fn crashed(self, sql: &str) -> Self {
        let database = rusqlite::Connection::open(self.folder.path().join("crowsnest.db")).unwrap();
        database.execute_batch(sql).unwrap();
        drop(database);
        self.restarted(None)
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn pass(&self, span: i64) {
        self.clock.0.fetch_add(span, Ordering::SeqCst);
    }

    /// Lets time pass and serves what is due then.
    pub async fn after(&self, span: i64) {
        self.pass(span);
        self.serve().await;
    }

    pub async fn serve(&self) {
        self.dispatcher.serve_due().await.unwrap();
    }

    pub fn preview(&self, broadcast: &str) -> BroadcastPreview {
        self.engine.preview_broadcast(broadcast, self.dispatcher.courier()).unwrap()
    }

    pub async fn tell(&self, touches: impl IntoIterator<Item = Touch>) -> Receipt {
        let now = self.now();
        let events = touches.into_iter().map(|touch| touch.event(now)).collect();
        self.engine.take_in(Batch { events, rejected: Vec::new() }).await.unwrap()
    }

    pub async fn apply(&self, documents: &[&str]) -> crowsnest_flow::Applied {
        self.engine.apply(files(documents)).await.unwrap()
    }

    pub fn read<T>(&self, work: impl FnOnce(&dyn Read) -> Result<T, StoreError>) -> T {
        self.engine.read(work).unwrap()
    }

    /// Who holds an identifier.
    pub fn holder(&self, namespace: &str, value: &str) -> Option<ProfileId> {
        let identifier = Identifier::new(namespace, value);
        self.read(|read| read.holders(&[&identifier]))[0]
    }

    pub fn person(&self, namespace: &str, value: &str) -> Profile {
        let id = self.holder(namespace, value).unwrap_or_else(|| panic!("nobody holds {namespace} {value}"));
        self.read(|read| read.profile(id)).unwrap()
    }

    pub fn people(&self) -> Vec<Profile> {
        self.read(|read| read.people_after(None, 10_000))
    }

    pub fn runs(&self, program: &str) -> Vec<RunRecord> {
        let mut runs = self.read(|read| read.runs(Some(program), None, ALL));
        runs.reverse();
        runs
    }

    /// The states of a program's runs with their reasons, the oldest first.
    pub fn run_words(&self, program: &str) -> Vec<String> {
        let words = |run: RunRecord| {
            let reason = run.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{}{reason}", run.state.as_str())
        };
        self.runs(program).into_iter().map(words).collect()
    }

    pub fn deliveries(&self) -> Vec<Delivery> {
        let mut all = self.read(|read| read.deliveries(&DeliveryFilter::default(), 10_000));
        all.reverse();
        all
    }

    /// The states of all deliveries, the oldest first.
    pub fn states(&self) -> Vec<&'static str> {
        self.deliveries().iter().map(|delivery| delivery.state.as_str()).collect()
    }

    /// Who got mail, in the order of its coming.
    pub fn mailed(&self) -> Vec<String> {
        let mails = self.mailbox.list(false, 1_000, 0).unwrap();
        mails.into_iter().map(|mail| mail.to.join(",")).collect()
    }

    /// The calls are complete until this moment.
    pub async fn calls_are_fresh(&self) -> bool {
        self.engine.set_watermark("calls", self.now()).await.unwrap()
    }
}

fn dispatcher(engine: &Engine, to: SocketAddr) -> Dispatcher {
    let courier = Courier::new(to, "http://127.0.0.1:9".into(), engine.secret()).unwrap();
    let courier = courier.with_environment(|variable| match variable {
        "HOOK_SECRET" => Some(HOOK_SECRET.into()),
        "SMS_TOKEN" => Some(SMS_TOKEN.into()),
        _ => None,
    });
    engine.dispatcher(courier)
}

/// Opens; the folder of an engine that was dropped is free once its writer has ended.
fn open(folder: &tempfile::TempDir, clock: &Arc<HandClock>, workspace: Option<Vec<SourceFile>>) -> Engine {
    let started = Instant::now();
    loop {
        let opening = Opening {
            data: folder.path().to_owned(),
            workspace: workspace.clone(),
            clock: clock.clone(),
            entropy: [7; 32],
        };
        match Engine::open(opening) {
            Ok((engine, _)) => return engine,
            Err(FlowError::Store(StoreError::InUse(_))) if started.elapsed().as_secs() < 20 => {
                std::thread::yield_now();
            }
            Err(FlowError::Definitions(problems)) => panic!("{problems:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// An event in the making. It happens now unless it says when.
#[derive(Debug, Clone)]
pub struct Touch {
    source: String,
    message_id: String,
    kind: EventKind,
    name: Option<String>,
    at: Option<Time>,
    historical: bool,
    identifiers: Vec<Identifier>,
    previous: Option<Identifier>,
    traits: Value,
    properties: Value,
    consents: Vec<ConsentClaim>,
}

impl Touch {
    pub fn new(message_id: impl Into<String>, kind: EventKind, name: Option<&str>) -> Self {
        Self {
            source: "web".into(),
            message_id: message_id.into(),
            kind,
            name: name.map(str::to_owned),
            at: None,
            historical: false,
            identifiers: Vec::new(),
            previous: None,
            traits: serde_json::json!({}),
            properties: serde_json::json!({}),
            consents: Vec::new(),
        }
    }

    pub fn by(mut self, namespace: &str, value: &str) -> Self {
        self.identifiers.push(Identifier::new(namespace, value));
        self
    }

    pub fn also_known_as(mut self, namespace: &str, value: &str) -> Self {
        self.previous = Some(Identifier::new(namespace, value));
        self
    }

    pub fn from(mut self, source: &str) -> Self {
        self.source = source.into();
        self
    }

    pub fn at(mut self, time: Time) -> Self {
        self.at = Some(time);
        self
    }

    /// Happened this long ago.
    pub fn ago(self, world: &World, span: i64) -> Self {
        let time = world.now().minus(Duration(span));
        self.at(time)
    }

    pub fn historical(mut self) -> Self {
        self.historical = true;
        self
    }

    pub fn traits(mut self, traits: Value) -> Self {
        self.traits = traits;
        self
    }

    pub fn with(mut self, properties: Value) -> Self {
        self.properties = properties;
        self
    }

    pub fn claims(mut self, topic: &str, status: ConsentStatus, contact: Option<&str>) -> Self {
        self.consents.push(ConsentClaim {
            channel: "email".into(),
            contact: contact.map(str::to_owned),
            topic: topic.into(),
            status,
            evidence: Some("the form".into()),
        });
        self
    }

    /// Agrees to a topic on a channel.
    pub fn agrees_by(self, channel: &str, topic: &str) -> Self {
        let mut touch = self.claims(topic, ConsentStatus::Granted, None);
        if let Some(claim) = touch.consents.last_mut() {
            claim.channel = channel.into();
        }
        touch
    }

    /// Its consents are for this channel.
    pub fn on(mut self, channel: &str) -> Self {
        self.consents.iter_mut().for_each(|claim| claim.channel = channel.into());
        self
    }

    /// Says something about letters.
    pub fn about_letters(mut self, topic: &str, status: ConsentStatus) -> Self {
        self.consents.push(ConsentClaim {
            channel: "letter".into(),
            contact: None,
            topic: topic.into(),
            status,
            evidence: Some("the form".into()),
        });
        self
    }

    pub fn grants(self, topic: &str) -> Self {
        self.claims(topic, ConsentStatus::Granted, None)
    }

    pub fn withdraws(self, topic: &str) -> Self {
        self.claims(topic, ConsentStatus::Withdrawn, None)
    }

    pub fn event(self, now: Time) -> Event {
        let Value::Object(traits) = self.traits else { panic!("traits are an object") };
        Event {
            id: EventId::of(&self.source, &self.message_id),
            source: self.source.as_str().into(),
            message_id: self.message_id,
            kind: self.kind,
            name: self.name,
            time: self.at.unwrap_or(now),
            received: now,
            historical: self.historical,
            identifiers: self.identifiers,
            previous: self.previous,
            traits,
            properties: Some(RawValue::from_string(self.properties.to_string()).unwrap()),
            context: None,
            consents: self.consents,
        }
    }
}

pub fn identify(message_id: impl Into<String>) -> Touch {
    Touch::new(message_id, EventKind::Identify, None)
}

pub fn track(message_id: impl Into<String>, name: &str) -> Touch {
    Touch::new(message_id, EventKind::Track, Some(name))
}

/// Somebody who may be written to.
pub fn subscriber(email: &str) -> Touch {
    identify(format!("subscribe {email}")).by("email", email).grants("offers")
}

/// A cart worth a reminder.
pub fn cart(message_id: &str, email: &str) -> Touch {
    track(message_id, "Cart Updated").by("email", email).with(serde_json::json!({
        "cart_id": message_id, "value": 80
    }))
}

pub fn order(message_id: &str, email: &str) -> Touch {
    track(message_id, "Order Completed")
        .by("email", email)
        .with(serde_json::json!({ "revenue": 120.5, "currency": "USD" }))
}
