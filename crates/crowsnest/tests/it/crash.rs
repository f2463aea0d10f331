//! Killed under load, again and again: at random moments, and at the named fault points; and stood still there. The client keeps its own
//! record; afterwards every acknowledged event is there exactly once, and every message went out once or says that
//! nobody knows.

use crate::world::{CROWSNEST, SMALL, WEB, event_id, folder, mailed};
use crowsnest_testkit::{Api, Request, RunningServer, ServerBuilder, wait};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Clients that send at once.
const CLIENTS: u64 = 3;

/// People whom the events are about.
const PEOPLE: u64 = 40;

/// A start must not take longer, whatever the kill left behind.
const START: Duration = Duration::from_secs(5);

/// What the clients know.
#[derive(Default)]
struct Record {
    /// Events that were answered with 200, and whose they are.
    acknowledged: Mutex<HashMap<String, String>>,
    /// Batches that were not answered: what a client sends again.
    open: Mutex<Vec<Value>>,
    /// Numbers batches, so that no two events have one message id.
    next: AtomicU64,
    /// Copies that the server said it had already, after a kill took its first answer.
    known_copies: AtomicU64,
}

impl Record {
    /// A batch of events: people look around, agree, and sign up, which is worth one message each.
    fn batch(&self) -> Value {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let who = format!("p{}", number % PEOPLE);
        let mut events: Vec<Value> = (0..8)
            .map(|index| {
                json!({ "type": "track", "messageId": format!("look-{number}-{index}"), "userId": who,
                    "event": "Looked", "properties": { "at": index } })
            })
            .collect();
        // Each sign-up is of a person of its own, so that an address tells which message it got.
        let newcomer = format!("n{number}");
        events.push(crate::world::agreed(&newcomer));
        events.push(crate::world::signed_up(&newcomer, "card"));
        json!({ "batch": events, "writeKey": WEB })
    }

    /// Sends a batch; what is not acknowledged is kept to be sent again.
    fn send(&self, api: &Api, batch: Value) -> bool {
        match api.try_send(&Request::post("/v1/batch", batch.to_string())) {
            Ok(answer) if answer.status == 200 => {
                let said = answer.json();
                assert_eq!(said["quarantined"], 0, "{said}");
                self.known_copies.fetch_add(said["duplicates"].as_u64().unwrap(), Ordering::Relaxed);
                let mut acknowledged = self.acknowledged.lock().unwrap();
                for event in batch["batch"].as_array().unwrap() {
                    let text = |name: &str| event[name].as_str().unwrap().to_owned();
                    let before = acknowledged.insert(text("messageId"), text("userId"));
                    assert!(before.is_none(), "{event} was acknowledged before and is sent again");
                }
                true
            }
            // Not there any more, or on its way out: the outcome is unknown, so the client sends it again later.
            _ => {
                self.open.lock().unwrap().push(batch);
                false
            }
        }
    }

    /// Sends again what was not acknowledged, then new batches, until the server is gone or `enough` says so.
    fn load(&self, api: &Api, enough: &AtomicBool) {
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !enough.load(Ordering::Relaxed) {
                        let again = self.open.lock().unwrap().pop();
                        if !self.send(api, again.unwrap_or_else(|| self.batch())) {
                            return;
                        }
                    }
                });
            }
        });
    }
}

/// Small pseudo-random numbers: the moments differ, and a failure can be played again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn start() -> (tempfile::TempDir, RunningServer) {
    let workspace = folder(&SMALL);
    let server = ServerBuilder::new(CROWSNEST).workspace(workspace.path()).start();
    (workspace, server)
}

/// Starts again, in time.
fn restart(server: &mut RunningServer) {
    server.restart();
    assert!(server.took() < START, "the start took {:?}", server.took());
}

#[test]
fn killed_at_random_moments() {
    let (_workspace, mut server) = start();
    let record = Record::default();
    let mut dice = Dice(0x5eed_0001);
    for _ in 0..40 {
        let enough = AtomicBool::new(false);
        let moment = Instant::now() + Duration::from_millis(15 + dice.roll(250));
        let api = server.api().clone();
        std::thread::scope(|scope| {
            scope.spawn(|| record.load(&api, &enough));
            wait::until("the moment has come", || (Instant::now() > moment).then_some(()));
            server.kill();
            enough.store(true, Ordering::Relaxed);
        });
        restart(&mut server);
    }
    all_is_well(&mut server, &record);
    assert!(record.known_copies.load(Ordering::Relaxed) > 0, "no kill came between a commit and its answer");
}

/// Compiled in only with the feature: `cargo nextest run --features crowsnest/faults`, as `make test` does.
#[cfg(feature = "faults")]
#[test]
fn killed_at_each_fault_point() {
    let (_workspace, mut server) = start();
    let record = Record::default();
    let mut dice = Dice(0x5eed_0002);
    for round in 0..5 {
        for point in ["commit-before", "commit-after", "claim-after", "settle-before"] {
            // Past so many times, and then dead.
            let fault = format!("{point}={}*off->return", 3 + dice.roll(40));
            server.set_env("FAILPOINTS", Some(&fault));
            restart(&mut server);
            let enough = AtomicBool::new(false);
            let api = server.api().clone();
            std::thread::scope(|scope| {
                scope.spawn(|| record.load(&api, &enough));
                let status = server.wait_for_end();
                enough.store(true, Ordering::Relaxed);
                assert_eq!(
                    std::os::unix::process::ExitStatusExt::signal(&status),
                    Some(6),
                    "round {round}, {fault}: {status}"
                );
            });
            server.set_env("FAILPOINTS", None);
        }
    }
    restart(&mut server);
    all_is_well(&mut server, &record);
    assert!(record.known_copies.load(Ordering::Relaxed) > 0, "no kill came between a commit and its answer");
}

/// As when the machine sleeps, or is short of everything: what was begun before goes on after it.
#[cfg(feature = "faults")]
#[test]
fn stood_still_at_each_fault_point() {
    let (_workspace, mut server) = start();
    let record = Record::default();
    let acknowledged = || record.acknowledged.lock().unwrap().len();
    for point in ["commit-before", "commit-after", "claim-after", "settle-before"] {
        server.set_env("FAILPOINTS", Some(&format!("{point}=10*off->3*sleep(700)->off")));
        restart(&mut server);
        let (enough, before) = (AtomicBool::new(false), acknowledged());
        let api = server.api().clone();
        std::thread::scope(|scope| {
            scope.spawn(|| record.load(&api, &enough));
            wait::until("enough was sent", || (acknowledged() > before + 600).then_some(()));
            enough.store(true, Ordering::Relaxed);
        });
        crate::world::settled(&api);
    }
    let unknown = all_is_well(&mut server, &record);
    assert_eq!(unknown, 0, "nobody died");
}

/// What must hold after all that. Answers of how many messages the outcome is unknown.
fn all_is_well(server: &mut RunningServer, record: &Record) -> usize {
    let api = server.api().clone();
    // The clients send again what they never got an answer for.
    while let Some(batch) = { record.open.lock().unwrap().pop() } {
        assert!(record.send(&api, batch), "a server that is well answers");
    }
    crate::world::settled(&api);
    let acknowledged = record.acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 500, "too little was sent to say anything: {}", acknowledged.len());

    let stats = api.get("/api/v1/stats");
    assert_eq!(stats["events"], acknowledged.len(), "acknowledged and stored are the same: {stats}");
    assert_eq!(stats["quarantined"], 0);
    let people: HashSet<&String> = acknowledged.values().collect();
    assert_eq!(stats["people"], people.len(), "{stats}");

    // Each event is in its person's timeline, once.
    let mut theirs: BTreeMap<&str, HashSet<String>> = BTreeMap::new();
    for (message, who) in acknowledged.iter() {
        theirs.entry(who).or_default().insert(event_id(message));
    }
    for (who, events) in &theirs {
        let person = api.find("user_id", who).unwrap_or_else(|| panic!("{who} is lost"));
        assert_eq!(person["events"], events.len(), "{who}");
        let touches = api.timeline(person["id"].as_str().unwrap());
        let inward: Vec<String> = touches
            .iter()
            .filter(|touch| touch["direction"] == "in")
            .map(|touch| touch["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(inward.len(), events.len(), "{who} has an event twice, or too few");
        assert_eq!(&inward.into_iter().collect::<HashSet<_>>(), events, "{who}");
    }

    // Each sign-up has one intent, in an end state; sent ones are in the mailbox once, unknown ones at most once.
    let mut mails: HashMap<String, u64> = HashMap::new();
    for to in mailed(&api) {
        *mails.entry(to).or_default() += 1;
    }
    let mut intents: HashSet<String> = HashSet::new();
    let mut unknown = 0;
    for delivery in api.deliveries("welcome") {
        let to = delivery["to"].as_str().unwrap().to_owned();
        let got = mails.remove(&to).unwrap_or(0);
        match delivery["state"].as_str().unwrap() {
            "sent" => assert_eq!(got, 1, "{delivery}"),
            "unknown" => {
                unknown += 1;
                assert!(got <= 1, "{delivery} went out {got} times");
            }
            _ => panic!("{delivery}"),
        }
        assert!(intents.insert(to), "two intents: {delivery}");
    }
    assert_eq!(mails, HashMap::new(), "mails that no delivery tells of");
    let signed_up = people.iter().filter(|who| who.starts_with('n')).count();
    assert_eq!(intents.len(), signed_up, "an intent is lost");
    assert!(unknown < signed_up / 2, "{unknown} of {signed_up} are unknown");
    assert!(server.log().contains("listens at"));
    println!("{} events, {signed_up} messages, {unknown} of unknown outcome", acknowledged.len());
    unknown
}
