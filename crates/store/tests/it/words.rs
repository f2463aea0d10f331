//! Rows to write, and a store to write them into.

use crowsnest_model::{
    Consent, ConsentStatus, DeliveryId, Event, EventId, EventKind, Identifier, Object, Profile, ProfileId,
    QuarantineId, RunId, Time,
    delivery::{Delivery, DeliveryState},
    quarantine::{QuarantineState, Quarantined, Rejection},
};
use crowsnest_store::{
    Read, Result, RunRecord, RunState, StoreError, StoredDocument, Unit,
    sqlite::{DataFolder, Readers, Writer},
};
use serde_json::value::RawValue;

/// Keeps an event that is new.
pub fn keep(unit: &mut dyn Unit, person: ProfileId, event: &Event) -> Result<()> {
    let place = unit.claim(event.id)?.expect("a new event");
    unit.put_event(place, person, event, &event.body().unwrap())
}

/// A store under test. A second back-end implements this and runs the same suite.
pub trait Backend {
    fn commit_with(&mut self, work: &mut dyn FnMut(&mut dyn Unit) -> Result<()>) -> Result<()>;
    fn read_with(&self, work: &mut dyn FnMut(&dyn Read) -> Result<()>) -> Result<()>;

    fn commit<T>(&mut self, work: impl FnOnce(&mut dyn Unit) -> Result<T>) -> T
    where
        Self: Sized,
    {
        let (mut work, mut done) = (Some(work), None);
        self.commit_with(&mut |unit| {
            done = Some(work.take().unwrap()(unit)?);
            Ok(())
        })
        .unwrap();
        done.unwrap()
    }

    fn read<T>(&self, work: impl FnOnce(&dyn Read) -> Result<T>) -> T
    where
        Self: Sized,
    {
        let (mut work, mut done) = (Some(work), None);
        self.read_with(&mut |read| {
            done = Some(work.take().unwrap()(read)?);
            Ok(())
        })
        .unwrap();
        done.unwrap()
    }
}

pub struct Sqlite {
    pub writer: Writer,
    pub readers: Readers,
    pub folder: tempfile::TempDir,
}

impl Sqlite {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let writer = Writer::open(DataFolder::take(folder.path()).unwrap()).unwrap();
        let readers = Readers::open(folder.path());
        Self { writer, readers, folder }
    }
}

impl Backend for Sqlite {
    fn commit_with(&mut self, work: &mut dyn FnMut(&mut dyn Unit) -> Result<()>) -> Result<()> {
        self.writer.commit(|unit| work(unit))
    }

    fn read_with(&self, work: &mut dyn FnMut(&dyn Read) -> Result<()>) -> Result<()> {
        self.readers.read::<(), StoreError>(|read| work(read))
    }
}

pub fn event(source: &str, message_id: &str, name: Option<&str>, time: i64) -> Event {
    Event {
        id: EventId::of(source, message_id),
        source: source.into(),
        message_id: message_id.into(),
        kind: if name.is_some() { EventKind::Track } else { EventKind::Identify },
        name: name.map(str::to_owned),
        time: Time(time),
        received: Time(time + 5),
        historical: false,
        identifiers: vec![Identifier::new("email", "Ann@Example.org")],
        previous: None,
        traits: Object::new(),
        properties: Some(RawValue::from_string(r#"{"value":50.5,"currency":"USD"}"#.into()).unwrap()),
        context: None,
        consents: Vec::new(),
    }
}

pub fn person(id: u64) -> Profile {
    Profile::new(ProfileId(id), Time(1_000))
}

pub fn run(id: u64, program: &str, profile: u64, occasion: &str, state: RunState) -> RunRecord {
    RunRecord {
        id: RunId(id),
        program: program.into(),
        version: 2,
        profile: ProfileId(profile),
        occasion: occasion.into(),
        event: EventId::of("web", occasion),
        triggered: Time(10),
        started: Time(20),
        ended: (state != RunState::Active).then_some(Time(30)),
        state,
        reason: (state != RunState::Active).then(|| "because".into()),
        value: None,
        goal: None,
    }
}

pub fn delivery(id: u64, program: &str, profile: u64, occasion: &str, state: DeliveryState) -> Delivery {
    let mut event = Object::new();
    event.insert("name".into(), "Cart Updated".into());
    Delivery {
        id: DeliveryId(id),
        program: program.into(),
        version: 1,
        run: None,
        occasion: occasion.into(),
        profile: ProfileId(profile),
        seed: None,
        household: None,
        channel: "email".into(),
        contact: format!("p{profile}@example.org"),
        template: "letter".into(),
        topic: "offers".into(),
        state,
        reason: None,
        due: Time(100 + id as i64),
        first_due: None,
        expires: None,
        attempts: 0,
        turn: None,
        created: Time(1),
        updated: Time(1),
        event,
    }
}

pub fn quarantined(id: u64, source: &str, place: &str, raw: &[u8]) -> Quarantined {
    Quarantined {
        id: QuarantineId(id),
        received: Time(7),
        state: QuarantineState::Open,
        attempts: 0,
        rejection: Rejection {
            source: source.into(),
            feed: None,
            place: place.into(),
            code: "invalid-json".into(),
            reason: "it is not JSON".into(),
            raw: raw.to_vec(),
            header: None,
        },
    }
}

pub fn consent(topic: &str, status: ConsentStatus, time: i64) -> Consent {
    Consent {
        channel: "email".into(),
        contact: "ann@example.org".into(),
        topic: topic.into(),
        status,
        time: Time(time),
        source: "web".into(),
        evidence: Some("the form".into()),
    }
}

pub fn document(name: &str, text: &str, compiled: &str) -> StoredDocument {
    StoredDocument {
        kind: "program".into(),
        name: name.into(),
        version: 0,
        path: "programs/one.yaml".into(),
        line: 1,
        text: text.into(),
        compiled: compiled.into(),
        live: true,
        applied: Time(9),
        retired: None,
    }
}
