//! One story: what happens to a shop and its customers, as the seed has it.

use crate::{
    broadcasts::{self, Recipients},
    chance::Chance,
    compare::compare,
    dates::{ZONES, some_day},
    definitions::{Definitions, EVENTS},
    identity::Name,
    items::Priced,
    people::{Happened, People},
    told::{Told, nothing},
    world::{ALL, DAY, HOUR, MINUTE, START, Touch, World, identify, track},
};
use crowsnest_flow::{FlowError, SplitBy};
use crowsnest_ingest::wire::Batch;
use crowsnest_model::{ConsentStatus, Identifier, ProfileId, Time};
use crowsnest_store::LedgerKind;
use crowsnest_testkit::{Mood, Receiver};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    rc::Rc,
};

/// What may be known of a customer. Which of it belongs together, the house has to find out.
struct Customer {
    emails: Vec<String>,
    user: Option<String>,
    devices: Vec<String>,
}

pub struct Story {
    seed: u64,
    chance: Chance,
    world: Option<World>,
    definitions: Definitions,
    /// As they were before, to come back to.
    earlier: Vec<Definitions>,
    customers: Vec<Customer>,
    people: People,
    told: Vec<Told>,
    /// Moments at which somebody said something of themselves: none twice, so that it is clear what was said last.
    said: BTreeSet<i64>,
    currencies: bool,
    /// How often, in a hundred times, an event also names a neighbour.
    confused: u64,
    /// What nothing can be written to just now.
    broken: Option<&'static str>,
    /// What the webhook was told.
    receiver: Receiver,
    /// Who should have got which broadcast.
    launched: BTreeMap<String, Recipients>,
    /// What things cost.
    prices: BTreeMap<String, i64>,
    /// The latest that the clock ever said.
    latest: i64,
    /// What happened so far, in words.
    journal: String,
}

/// Whatever ends a story too early, its seed is told.
impl Drop for Story {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{}\nseed {seed} failed. It alone: CROWSNEST_SIM_FIRST={seed} CROWSNEST_SIM_SEEDS=1 \
                 cargo nextest run -p crowsnest-flow --test simulation",
                self.journal,
                seed = self.seed
            );
        }
    }
}

impl Story {
    pub async fn begin(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let definitions =
            if chance.percent(80) { Definitions::random(&mut chance) } else { Definitions::default() };
        let customers = (0..2 + chance.below(12)).map(|place| customer(&mut chance, place)).collect();
        let mut story = Self {
            seed,
            currencies: chance.percent(20),
            confused: *chance.pick(&[3, 3, 12]),
            chance,
            world: None,
            definitions,
            earlier: Vec::new(),
            customers,
            people: People::default(),
            told: Vec::new(),
            said: BTreeSet::new(),
            broken: None,
            launched: BTreeMap::new(),
            prices: BTreeMap::new(),
            receiver: Receiver::start(Mood::answers(200, "", "")),
            latest: START.0,
            journal: String::new(),
        };
        story.note_definitions("begins with");
        let text = story.definitions.text(&story.receiver.url());
        story.world = Some(World::new(&refs(&text)).await);
        story.people.happen(Happened::Defined(Rc::new(story.definitions.clone()), START.0));
        story
    }

    /// Plays it to its end.
    pub async fn play(mut self) {
        for _ in 0..self.chance.between(15, 45) {
            match self.chance.below(100) {
                0..=39 => self.tell().await,
                40..=64 => self.pass(),
                65..=79 => self.serve().await,
                80..=84 => self.restart(),
                85..=88 => self.edit().await,
                89..=92 => self.build_some().await,
                93..=95 => self.tell_apart().await,
                96 => self.launch().await,
                97 => self.price().await,
                _ => self.check().await,
            }
        }
        if self.chance.percent(50) {
            // Now that most has happened to them.
            self.tell_apart().await;
        }
        self.check().await;
    }

    fn world(&self) -> &World {
        self.world.as_ref().unwrap()
    }

    fn note(&mut self, what: &str) {
        let now = self.world.as_ref().map(|world| world.now().to_string()).unwrap_or_default();
        let _ = writeln!(self.journal, "{now} {what}");
    }

    fn note_definitions(&mut self, what: &str) {
        let text = self.definitions.text(&self.receiver.url()).join("---\n");
        self.note(&format!("{what}\n{text}"));
    }

    async fn tell(&mut self) {
        let mut batch = Vec::new();
        for _ in 0..1 + self.chance.below(8) {
            let again = !self.told.is_empty() && self.chance.percent(15);
            let event = if again { self.chance.pick(&self.told).clone() } else { self.event() };
            if self.chance.percent(5) {
                batch.push(event.clone());
            }
            self.told.push(event.clone());
            batch.push(event);
        }
        let now = self.world().now().0;
        let programs = Rc::new(self.definitions.programs.clone());
        for event in &batch {
            self.people.happen(Happened::Heard(Box::new(event.clone()), programs.clone(), now));
            let when = Time(event.time);
            self.note(&format!("told at {when} {event:?}"));
        }
        if self.chance.percent(8) {
            self.break_down();
            let events = batch.iter().map(|event| touch(event).event(Time(now))).collect();
            let done = self.world().engine.take_in(Batch { events, rejected: Vec::new() }).await;
            self.note(&format!("of which became {done:?}"));
            self.mend();
            if self.chance.percent(30) {
                self.restart();
            }
        }
        // Whoever has no answer tells it again.
        self.world().tell(batch.iter().map(touch)).await;
    }

    /// From now on nothing can be written to some of what is kept, so that commits fail half way.
    fn break_down(&mut self) {
        let table = *self.chance.pick(&[
            "people",
            "runs",
            "deliveries",
            "events",
            "timers",
            "memberships",
            "counters",
        ]);
        self.note(&format!("{table} breaks down"));
        let faults = [(table, "INSERT"), (table, "UPDATE"), ("quarantine", "INSERT")].map(|(table, what)| {
            format!(
                "CREATE TRIGGER fault_{table}_{what} BEFORE {what} ON {table} BEGIN SELECT RAISE(ABORT, 'a fault'); END;"
            )
        });
        self.database(&faults.concat());
        self.broken = Some(table);
    }

    fn mend(&mut self) {
        let Some(table) = self.broken.take() else { return };
        self.database(&format!(
            "DROP TRIGGER fault_{table}_INSERT; DROP TRIGGER fault_{table}_UPDATE; DROP TRIGGER fault_quarantine_INSERT;"
        ));
        self.note("it is mended");
    }

    fn database(&self, sql: &str) {
        let file = self.world().folder.path().join("crowsnest.db");
        let database = rusqlite::Connection::open(file).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
        database.execute_batch(sql).unwrap();
    }

    fn event(&mut self) -> Told {
        let chance = &mut self.chance;
        let now = self.world.as_ref().unwrap().now().0;
        let place = chance.below(self.customers.len());
        let (mut time, historical) = match chance.below(20) {
            0..=8 => (now, false),
            9 | 10 => (now - chance.between(1, 2 * HOUR), false),
            11 | 12 => (now - chance.between(1, 5 * DAY), false),
            13 => (now - chance.between(1, 120 * DAY), false),
            14 => (now + chance.between(1, 2 * DAY), false),
            15 if !self.told.is_empty() => (chance.pick(&self.told).time, false),
            16 | 17 => (now - chance.between(1, 700 * DAY), true),
            _ => (now - chance.between(1, 30 * MINUTE), false),
        };
        if chance.percent(10) {
            time -= time % MINUTE;
        }
        let mut event = Told {
            id: format!("e{}", self.told.len()),
            name: None,
            identifiers: names(chance, &self.customers, place, self.confused),
            time,
            historical,
            traits: nothing(),
            properties: nothing(),
            agrees: None,
        };
        if chance.percent(70) {
            event.name = Some(*chance.pick(&EVENTS));
            if let Some(properties) = event.properties.as_object_mut() {
                if chance.percent(85) {
                    properties.insert("value".into(), json!(chance.between(1, 24) as f64 / 2.0));
                } else if chance.percent(30) {
                    properties.insert("value".into(), json!("much"));
                }
                if self.currencies && chance.percent(70) {
                    properties.insert("currency".into(), json!(chance.pick(&["USD", "USD", "USD", "EUR"])));
                }
                if chance.percent(80) {
                    properties.insert("sku".into(), json!(format!("sku-{}", chance.below(4))));
                }
                if chance.percent(80) {
                    properties.insert("cart".into(), json!(format!("cart-{place}-{}", chance.below(3))));
                }
            }
        } else {
            while !self.said.insert(event.time) {
                event.time += 1;
            }
            if chance.percent(60) {
                event.traits = json!({ "tier": chance.pick(&["gold", "silver", "none"]) });
            }
            if chance.percent(20)
                && let Some(traits) = event.traits.as_object_mut()
            {
                traits.insert("city".into(), json!("Oslo"));
            }
            if chance.percent(50)
                && let Some(traits) = event.traits.as_object_mut()
            {
                traits.insert("day".into(), json!(some_day(chance)));
            }
            if chance.percent(15)
                && let Some(traits) = event.traits.as_object_mut()
            {
                traits.insert("time_zone".into(), json!(chance.pick(&ZONES)));
            }
            event.agrees = chance.percent(40).then(|| chance.percent(60));
        }
        event
    }

    fn pass(&mut self) {
        let now = self.world().now().0;
        let due = self.world().read(|read| read.next_due()).map_or(0, |due| due.0 - now);
        let chance = &mut self.chance;
        let span = match chance.below(20) {
            0 => chance.between(1, 10),
            1 | 2 => chance.between(1, HOUR),
            3 | 4 => chance.between(1, 26 * HOUR),
            5..=7 => chance.between(1, 10 * DAY),
            8 | 9 => chance.between(1, 70 * DAY),
            10 => chance.between(1, 400 * DAY),
            11 => -chance.between(1, 5 * MINUTE),
            12 => due + 1,
            13 => due - 1,
            _ => due,
        };
        if span > 0 || span > -5 * MINUTE {
            self.world().pass(span);
            self.latest = self.latest.max(now + span);
            self.note("is the time");
        }
    }

    async fn serve(&mut self) {
        self.note("serve");
        self.people.happen(Happened::Served(self.world().now().0));
        if self.chance.percent(8) {
            self.break_down();
            let done = self.world().dispatcher.serve_due().await;
            self.note(&format!("served: {done:?}"));
            self.mend();
        }
        self.world().serve().await;
    }

    fn restart(&mut self) {
        self.note("restart");
        self.world = self.world.take().map(|world| world.restarted(None));
    }

    /// Other definitions are applied, by hand or at a start; often they are built a little, and not to the end.
    async fn edit(&mut self) {
        // A replay is exactly on time: what was due by the programs until now has come, and nothing happens at the moment at
        // which they change, since nobody could say by which of them.
        self.catch_up();
        if !self.definitions.dates.is_empty() {
            self.serve().await;
        }
        self.world().pass(1);
        self.latest = self.world().now().0;
        let before = self.definitions.clone();
        if !self.earlier.is_empty() && self.chance.percent(30) {
            self.definitions = self.chance.pick(&self.earlier).clone();
        } else {
            self.definitions.change(&mut self.chance);
        }
        self.earlier.push(before);
        self.note_definitions("definitions are");
        let text = self.definitions.text(&self.receiver.url());
        if self.chance.percent(30) {
            self.world = self.world.take().map(|world| world.restarted(Some(&refs(&text))));
        } else {
            self.world().apply(&refs(&text)).await;
        }
        self.people.happen(Happened::Defined(Rc::new(self.definitions.clone()), self.world().now().0));
        if !self.definitions.dates.is_empty() {
            // Whoever says another day before their first one was asked about is not asked about the first.
            self.world().engine.build().await.unwrap();
            // Whom the building has looked at, and whom not, is told apart by nobody: what came due by now has come.
            self.serve().await;
        } else if self.chance.percent(70) {
            self.build_some().await;
        }
    }

    async fn build_some(&mut self) {
        if self.chance.percent(10) {
            self.break_down();
            let done = self.world().engine.build_more(8).await;
            self.note(&format!("built: {done:?}"));
            self.mend();
        }
        for _ in 0..self.chance.below(6) {
            let people = 1 + self.chance.below(8);
            let more = self.world().engine.build_more(people).await.unwrap();
            self.note(&format!("built for {people} more: {more}"));
        }
    }

    /// Some things have other prices.
    async fn price(&mut self) {
        self.catch_up();
        self.world().engine.build().await.unwrap();
        self.serve().await;
        for _ in 0..1 + self.chance.below(4) {
            // Of two prices of one moment nobody could say which came later.
            self.world().pass(1);
            let time = self.world().now();
            self.latest = time.0;
            let key = format!("sku-{}", self.chance.below(4));
            let price = self.chance.between(1, 6);
            let before = self.prices.insert(key.clone(), price);
            let priced = Priced { key: key.clone(), before, price, time: time.0 };
            self.note(&format!("{priced:?}"));
            self.people.happen(Happened::Priced(priced, Rc::new(self.definitions.watching.clone())));
            let fields = serde_json::Map::from_iter([("price".to_owned(), json!(price))]);
            self.world().engine.put_item("things", &key, fields, None).await.unwrap();
            self.serve().await;
        }
    }

    /// A broadcast comes and is launched.
    async fn launch(&mut self) {
        self.catch_up();
        let name = format!("b{}", self.launched.len());
        self.definitions.add_broadcast(&mut self.chance, &name);
        self.note_definitions("for a broadcast, definitions are");
        self.world().apply(&refs(&self.definitions.text(&self.receiver.url()))).await;
        self.world().engine.build().await.unwrap();
        self.serve().await;
        let ask = &self.definitions.broadcasts[&name];
        let expected = Recipients::of(ask, &self.people, &self.definitions, self.world().now().0);
        self.note(&format!("launch {name} to {expected:?}"));
        if self.chance.percent(20) {
            self.break_down();
            let done = self.world().engine.launch(&name).await;
            self.note(&format!("launched: {done:?}"));
            self.mend();
        }
        if self.world().read(|read| read.launch(&name)).is_none() {
            let report = self.world().engine.launch(&name).await.unwrap();
            let (found, to) = (report.audience.in_audience, report.audience.recipients);
            assert_eq!((found, to), (expected.audience, expected.addresses.len() as u64), "{name}");
        } else if self.chance.percent(50) {
            self.restart();
        }
        if self.chance.percent(20) {
            // As a process leaves it that dies before it could write that it was through.
            self.database(&format!(
                "UPDATE launches SET queued = NULL, after = NULL, counts = '{{}}' WHERE broadcast = '{name}';"
            ));
        }
        self.world().engine.resume_launches().await.unwrap();
        self.serve().await;
        self.launched.insert(name, expected);
    }

    /// Two who turned out to be one were two after all.
    async fn tell_apart(&mut self) {
        let devices = self.chance.percent(15);
        let all: Vec<Name> = self.people.merged(devices).into_keys().collect();
        if all.is_empty() {
            return;
        }
        self.catch_up();
        if self.chance.percent(80) {
            self.world().engine.build().await.unwrap();
        }
        let (namespace, value) = self.chance.pick(&all).clone();
        let person = self.world().holder(namespace, &value).unwrap();
        let ledger = self.world().read(|read| read.ledger(person, ALL));
        let others: Vec<ProfileId> = ledger
            .into_iter()
            .filter(|entry| entry.kind == LedgerKind::Merge)
            .filter_map(|entry| entry.other)
            .collect();
        let other = *self.chance.pick(&others);
        let preview = self.chance.percent(20);
        let told = self.world().engine.split(person, SplitBy::Merged(other), "a story".into(), preview).await;
        self.note(&format!("told apart {person} and {other} (preview: {preview}): {told:?}"));
        let merges = self.people.merged(devices)[&(namespace, value)].merges.clone();
        match told {
            Ok(split) => {
                let found = split.sides.map(|side| {
                    let named = |id: Identifier| (id.namespace.to_string(), id.value);
                    side.into_iter().map(named).collect::<BTreeSet<_>>()
                });
                let named = |side: &BTreeSet<Name>| -> BTreeSet<(String, String)> {
                    side.iter().map(|(kind, value)| ((*kind).to_owned(), value.clone())).collect()
                };
                let sides = merges.iter().find(|sides| [named(&sides[0]), named(&sides[1])] == found);
                let sides = sides.unwrap_or_else(|| panic!("nobody like {found:?} was merged: {merges:?}"));
                let people = self.people.told_apart(sides).expect("one of them would be nobody");
                if !preview {
                    self.people = people;
                }
            }
            Err(FlowError::Refused(reason)) => assert!(
                reason.contains("metrics are being built")
                    || merges.iter().any(|sides| self.people.told_apart(sides).is_none()),
                "{reason}"
            ),
            Err(error) => panic!("{error}"),
        }
    }

    /// What was put together is not taken apart again for times that have been.
    fn catch_up(&self) {
        let now = self.world().now().0;
        if now < self.latest {
            self.world().pass(self.latest - now);
        }
    }

    async fn check(&mut self) {
        self.catch_up();
        let now = self.world().now().0;
        if self.chance.percent(50) {
            self.serve().await;
            self.world().engine.build().await.unwrap();
        } else {
            self.world().engine.build().await.unwrap();
            self.serve().await;
        }
        self.note("check");
        let world = self.world.as_ref().unwrap();
        if let Err(difference) =
            compare(world, &self.people, &self.definitions, &self.receiver, &mut self.chance)
                .and_then(|()| broadcasts::compare(world, &self.launched))
        {
            let _ = writeln!(self.journal, "{} {difference}", Time(self.latest.max(now)));
            panic!("{difference}");
        }
    }
}

fn refs(text: &[String]) -> Vec<&str> {
    text.iter().map(String::as_str).collect()
}

fn customer(chance: &mut Chance, place: usize) -> Customer {
    Customer {
        emails: (0..chance.below(3)).map(|n| format!("c{place}.{n}@x.org")).collect(),
        // Two people with user ids are never one; every second has none, so that neighbours can turn out to be one.
        user: (place.is_multiple_of(2) && chance.percent(70)).then(|| format!("u-{place}")),
        devices: (0..1 + chance.below(3)).map(|n| format!("d-{place}-{n}")).collect(),
    }
}

/// What names the person of an event: mostly one thing, sometimes two, rarely also something of a neighbour's.
fn names(
    chance: &mut Chance,
    customers: &[Customer],
    place: usize,
    confused: u64,
) -> Vec<(&'static str, String)> {
    let all = |customer: &Customer| -> Vec<(&'static str, String)> {
        let emails = customer.emails.iter().map(|value| ("email", value.clone()));
        let users = customer.user.iter().map(|value| ("user_id", value.clone()));
        let devices = customer.devices.iter().map(|value| ("anonymous_id", value.clone()));
        emails.chain(users).chain(devices).collect()
    };
    let own = all(&customers[place]);
    let mut names = vec![chance.pick(&own).clone()];
    if chance.percent(12) {
        names.push(chance.pick(&own).clone());
    }
    if chance.percent(confused)
        && let Some(neighbour) = customers.get(place ^ 1)
    {
        names.push(chance.pick(&all(neighbour)).clone());
    }
    names.sort();
    names.dedup();
    names
}

fn touch(event: &Told) -> Touch {
    let mut touch = match event.name {
        Some(name) => track(&event.id, name),
        None => identify(&event.id),
    };
    for (namespace, value) in &event.identifiers {
        touch = touch.by(namespace, value);
    }
    if event.historical {
        touch = touch.historical();
    }
    if let Some(agrees) = event.agrees {
        let status = if agrees { ConsentStatus::Granted } else { ConsentStatus::Withdrawn };
        touch = touch.claims("offers", status, None);
    }
    touch.at(Time(event.time)).traits(event.traits.clone()).with(event.properties.clone())
}
