//! A launch looks at people one page after the other, and sends meanwhile. What comes of it is what comes of looking at
//! everybody at once, also when it dies after any page.

use crate::world::*;
use crowsnest_model::{ConsentStatus, Profile, ProfileId, delivery::DeliveryState};
use proptest::{prelude::*, test_runner::Config};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody of a random town.
#[derive(Debug, Clone)]
struct Drawn {
    /// Accounts that they share with others.
    accounts: Vec<u8>,
    /// An address that they share with others; else they have one of their own.
    shared: Option<u8>,
    agrees: bool,
    owner: bool,
    /// Hours since they were last here.
    away: i64,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let accounts = prop::collection::vec(0_u8..14, 0..3);
    (accounts, prop::option::weighted(0.3, 0_u8..5), prop::bool::weighted(0.8), any::<bool>(), 0_i64..4)
        .prop_map(|(accounts, shared, agrees, owner, away)| Drawn { accounts, shared, agrees, owner, away })
}

impl Drawn {
    fn touch(&self, world: &World, place: usize) -> Touch {
        let address =
            self.shared.map_or_else(|| format!("p{place}@x.org"), |shared| format!("s{shared}@x.org"));
        let role = if self.owner { "owner" } else { "driver" };
        let touch = identify(format!("p{place}"))
            .by("user_id", &format!("p{place}"))
            .traits(json!({ "email": address, "role": role }))
            .ago(world, self.away * HOUR);
        let touch =
            self.accounts.iter().fold(touch, |touch, account| touch.by("account", &format!("A-{account}")));
        if self.agrees { touch.claims("offers", ConsentStatus::Granted, Some(&address)) } else { touch }
    }
}

/// Who should get it and, of those who can and may be written to, who stands for whom, worked out over everybody at once.
fn expected(world: &World, one_per_household: bool) -> BTreeMap<ProfileId, Option<ProfileId>> {
    let people = world.people();
    let may = |profile: &&Profile| {
        let Some(contact) = profile.contact("email") else { return false };
        let consents = world.read(|read| read.consents("email", &contact));
        consents.iter().any(|consent| consent.topic == "offers" && consent.status == ConsentStatus::Granted)
    };
    // Whoever shares an account with one of a household is of it, until nobody is left who does.
    let mut homes: Vec<(BTreeSet<_>, BTreeSet<ProfileId>)> = Vec::new();
    for profile in &people {
        let mut accounts: BTreeSet<_> = profile.households().collect();
        let mut members = BTreeSet::from([profile.id]);
        if one_per_household {
            homes.retain(|(theirs, others)| {
                let apart = theirs.is_disjoint(&accounts);
                if !apart {
                    accounts.extend(theirs.iter().copied());
                    members.extend(others.iter().copied());
                }
                apart
            });
        }
        homes.push((accounts, members));
    }
    let candidates: BTreeMap<ProfileId, &Profile> =
        people.iter().filter(may).map(|profile| (profile.id, profile)).collect();
    let mut homes: Vec<Vec<&Profile>> = homes
        .iter()
        .map(|(_, members)| members.iter().filter_map(|id| candidates.get(id).copied()).collect())
        .filter(|members: &Vec<_>| !members.is_empty())
        .collect();
    homes.sort_by_key(|members| members[0].id);
    let mut had: BTreeMap<String, ProfileId> = BTreeMap::new();
    let mut stands = BTreeMap::new();
    for mut members in homes {
        members.sort_by_key(|member| {
            let owner = member.text("role") == Some("owner");
            (std::cmp::Reverse(owner), std::cmp::Reverse(member.last_seen), member.id)
        });
        let first = members.remove(0);
        let contact = first.contact("email").unwrap();
        stands.insert(first.id, had.get(&contact).copied());
        had.entry(contact).or_insert(first.id);
        stands.extend(members.iter().map(|member| (member.id, Some(first.id))));
    }
    stands
}

/// Who was sent it, and who stands for whom, by what is on record.
fn found(world: &World) -> BTreeMap<ProfileId, Option<ProfileId>> {
    let mut found = BTreeMap::new();
    for delivery in world.deliveries() {
        let reason = delivery.reason.unwrap_or_default();
        let stands = match delivery.state {
            DeliveryState::Suppressed => match reason.split_once(" gets it (") {
                Some((_, other)) => Some(other.trim_end_matches(')').parse().unwrap()),
                None => continue,
            },
            _ => None,
        };
        assert!(found.insert(delivery.profile, stands).is_none(), "{} was decided twice", delivery.profile);
    }
    found
}

/// From now on nothing is committed about people after this one, as on a disk that is full.
fn stops_after(world: &World, last: ProfileId) {
    let database = rusqlite::Connection::open(world.folder.path().join("crowsnest.db")).unwrap();
    let last = last.0;
    let sql = format!(
        "CREATE TRIGGER stops BEFORE INSERT ON launches WHEN new.after > {last} OR new.queued IS NOT NULL
         BEGIN SELECT RAISE(ABORT, 'stopped'); END;"
    );
    database.execute_batch(&sql).unwrap();
}

async fn play(one_per: &str, town: &[Drawn], dies_after: Option<usize>) {
    let broadcast = OFFER.replace("audience: consent(\"email\", \"offers\")", "audience: \"true\"");
    let mut broadcast = format!("{broadcast}one_per: {one_per}\n");
    if one_per == "person" {
        // Nobody is to be preferred to anybody.
        broadcast = broadcast
            .lines()
            .filter(|line| !line.starts_with("prefer"))
            .map(|line| format!("{line}\n"))
            .collect();
    }
    let world = World::new(&[&broadcast]).await;
    let touches: Vec<Touch> =
        town.iter().enumerate().map(|(place, drawn)| drawn.touch(&world, place)).collect();
    world.tell(touches).await;
    let expected = expected(&world, one_per == "household");
    let preview = world.preview("offer");
    let people = world.people();
    let died = dies_after.and_then(|place| people.get(place));
    let (world, audience) = match died {
        None => {
            let audience = world.engine.launch("offer").await.unwrap().audience;
            (world, audience)
        }
        Some(last) => {
            stops_after(&world, last.id);
            assert!(world.engine.launch("offer").await.unwrap().stopped.is_some());
            world.serve().await;
            let world = world.crashed("DROP TRIGGER stops;");
            world.engine.resume_launches().await.unwrap();
            let audience = world.engine.launch_report("offer").unwrap().audience;
            (world, audience)
        }
    };
    world.serve().await;
    assert_eq!(found(&world), expected);
    assert_eq!(audience, preview.audience);
    let recipients = expected.values().filter(|other| other.is_none()).count();
    assert_eq!((audience.people, audience.recipients), (people.len() as u64, recipients as u64));
    assert_eq!(audience.reachable, expected.len() as u64);
    let mut mailed = world.mailed();
    mailed.sort();
    let all = mailed.len();
    mailed.dedup();
    assert_eq!((all, mailed.len()), (recipients, recipients), "each address once");
}

proptest! {
    #![proptest_config(Config { cases: 32, max_shrink_iters: 100, failure_persistence: None, ..Config::default() })]
    #[test]
    fn page_by_page_comes_to_the_same_as_everybody_at_once(
        town in prop::collection::vec(drawn(), 1..90),
        dies_after in prop::option::of(0_usize..90),
        by_household in prop::bool::weighted(0.8),
    ) {
        let one_per = if by_household { "household" } else { "person" };
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
            .block_on(play(one_per, &town, dies_after));
    }
}

#[tokio::test]
async fn the_first_messages_go_out_while_most_people_have_still_to_be_looked_at() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..100).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    let people = world.people();
    stops_after(&world, people[40].id);
    assert!(world.engine.launch("offer").await.unwrap().stopped.is_some());
    world.serve().await;
    assert_eq!(world.mailed().len(), 32, "two pages were committed");
    let so_far = world.engine.launch_report("offer").unwrap();
    assert_eq!((so_far.queued, so_far.audience.people, so_far.audience.recipients), (None, 32, 32));
}

#[tokio::test]
async fn whoever_comes_after_the_launch_does_not_get_it() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..30).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    stops_after(&world, world.people()[20].id);
    assert!(world.engine.launch("offer").await.unwrap().stopped.is_some());
    let world = world.crashed("DROP TRIGGER stops;");
    world.tell([subscriber("late@x.org")]).await;
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 30);
    assert!(!world.mailed().contains(&"late@x.org".to_owned()));
    let report = world.engine.launch_report("offer").unwrap();
    assert_eq!((report.audience.people, report.queued), (30, Some(world.now())));
}

#[tokio::test]
async fn two_who_carry_on_the_same_launch_do_not_double_it() {
    let world = World::new(&[OFFER]).await;
    world.tell((0..200).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    world.engine.launch_and_leave("offer").await.unwrap();
    // As at a start, while somebody launches at the same moment.
    let (one, other) = tokio::join!(world.engine.resume_launches(), world.engine.resume_launches());
    one.and(other).unwrap();
    let report = world.engine.launch_report("offer").unwrap();
    assert_eq!((report.audience.people, report.audience.recipients), (200, 200));
    world.serve().await;
    assert_eq!(world.mailed().len(), 200);
}

#[tokio::test]
async fn an_address_that_was_given_out_is_given_out_though_its_message_was_capped() {
    let policy = "policy: contact\ncaps:\n  - { max: 1, per: 7d }\n";
    let earlier = OFFER
        .replace("broadcast: offer", "broadcast: earlier")
        .replace("audience: consent(\"email\", \"offers\")", "audience: 'profile.first'");
    let world = World::new(&[OFFER, &earlier, policy]).await;
    world.tell([subscriber("us@x.org").traits(json!({ "first": true }))]).await;
    world.tell((0..20).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    world.tell([identify("b").by("user_id", "bob").traits(json!({ "email": "us@x.org" }))]).await;
    world.engine.launch("earlier").await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed(), ["us@x.org"]);
    // The first page has whom the policy stops, and Bob comes in the second.
    stops_after(&world, world.people()[16].id);
    assert!(world.engine.launch("offer").await.unwrap().stopped.is_some());
    world.serve().await;
    let world = world.crashed("DROP TRIGGER stops;");
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    let reasons: Vec<String> = world
        .deliveries()
        .into_iter()
        .filter(|delivery| delivery.state == DeliveryState::Suppressed)
        .filter_map(|delivery| delivery.reason)
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[1].starts_with("another person with the same address gets it"), "{reasons:?}");
    assert_eq!(world.mailed().iter().filter(|to| *to == "us@x.org").count(), 1);
}
