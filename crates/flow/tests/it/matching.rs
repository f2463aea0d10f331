//! People who are alike and have no identifier in common.

use crate::{town::*, world::*};
use crowsnest_flow::{Answer, Asked, MatchState, ReviewQuestion, SplitBy};
use crowsnest_model::{Identifier, Profile, ProfileId};
use crowsnest_store::{DecidedBy, LedgerKind};
use serde_json::{Value, json};

fn ann() -> Value {
    json!({"first_name": "Ann", "last_name": "Carter", "birthday": "1980-07-04", "phone": "+13125550142",
           "address": {"street": "12 Elm Street", "postal_code": "60601", "city": "Chicago"}})
}

/// The same as the call centre heard it.
fn anne() -> Value {
    json!({"name": "Anne Carter", "birthday": "1980-07-04", "phone": "(312) 555-0142",
           "address": {"street": "12 Elm St", "postal_code": "60601", "city": "Chicago"}})
}

/// Her husband.
fn bob() -> Value {
    json!({"first_name": "Bob", "last_name": "Carter", "birthday": "1978-01-19", "phone": "+13125550142",
           "address": {"street": "12 Elm Street", "postal_code": "60601", "city": "Chicago"}})
}

/// Alike, but for the birthday.
fn perhaps_ann() -> Value {
    json!({"first_name": "A.", "last_name": "Carter", "address": {"city": "Chicago"}})
}

async fn shop(touches: Vec<Touch>) -> World {
    let world = World::new(&[MATCHING]).await;
    world.tell(strangers(60)).await;
    world.tell(touches).await;
    matched(&world).await;
    world
}

fn questions(world: &World) -> Vec<ReviewQuestion> {
    world.engine.questions(false, ALL).unwrap()
}

fn ids(asked: &ReviewQuestion) -> [ProfileId; 2] {
    [asked.question.one, asked.question.other]
}

fn pair(a: &Profile, b: &Profile) -> [ProfileId; 2] {
    [a.id.min(b.id), a.id.max(b.id)]
}

#[tokio::test]
async fn who_is_alike_becomes_one_person_and_it_is_said_why() {
    let world = shop(vec![
        known("1", "loyalty_id", "L-1", ann()),
        known("2", "user_id", "u-2", anne()),
        known("3", "user_id", "u-3", bob()),
    ])
    .await;
    let ann = world.person("loyalty_id", "L-1");
    assert_eq!(world.holder("user_id", "u-2"), Some(ann.id), "one person");
    assert_eq!(ann.events, 2, "with the events of both");
    assert_ne!(world.holder("user_id", "u-3"), Some(ann.id), "her husband is somebody else");
    let ledger = world.read(|read| read.ledger(ann.id, ALL));
    let merge = ledger.iter().find(|entry| entry.kind == LedgerKind::Merge).unwrap();
    assert!(merge.reason.starts_with("alike, one person with a certainty of 9"), "{}", merge.reason);
    assert!(merge.reason.contains("birth date: same"), "{}", merge.reason);
    let decisions = world.read(|read| read.decisions(ALL));
    assert_eq!(decisions.len(), 1);
    assert!(
        matches!(&decisions[0].by, DecidedBy::Likeness { bits, .. } if *bits > 6.0),
        "{:?}",
        decisions[0]
    );
    let standing = world.engine.match_standing();
    assert_eq!(
        (standing.state, standing.records),
        (MatchState::Live, 64),
        "62 people, and what the two said before"
    );
}

#[tokio::test]
async fn without_matching_nobody_is_compared() {
    let world = World::new(&[]).await;
    world.tell([known("1", "loyalty_id", "L-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    matched(&world).await;
    assert_eq!(world.people().len(), 2);
    assert_eq!(world.engine.match_standing().state, MatchState::Off);
    world.apply(&[MATCHING]).await;
    matched(&world).await;
    assert_eq!(world.people().len(), 1, "whoever was there before is compared, too");
}

#[tokio::test]
async fn nobody_is_made_one_without_being_asked_for() {
    let world = World::new(&["identity: people\nmatching: { automatic: false }\n"]).await;
    world.tell(strangers(60)).await;
    world.tell([known("1", "loyalty_id", "L-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    matched(&world).await;
    let (ann, anne) = (world.person("loyalty_id", "L-1"), world.person("user_id", "u-2"));
    let asked = questions(&world);
    assert_eq!(asked.iter().map(ids).collect::<Vec<_>>(), [pair(&ann, &anne)]);
    let sum: f64 = asked[0].question.evidence.iter().map(|line| line.bits).sum();
    assert!(
        (sum - asked[0].question.bits).abs() < 0.01,
        "the lines add up: {sum} {}",
        asked[0].question.bits
    );
    assert_eq!(asked[0].people[0].compared["surname"], json!(["Carter"]));
}

#[tokio::test]
async fn what_breaks_a_limit_is_asked_and_a_person_may_say_that_it_is_so() {
    let world = shop(vec![known("1", "user_id", "u-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    let (ann, anne) = (world.person("user_id", "u-1"), world.person("user_id", "u-2"));
    assert_ne!(ann.id, anne.id, "two user ids are two people, unless somebody decides otherwise");
    let asked = questions(&world);
    assert_eq!(asked.iter().map(ids).collect::<Vec<_>>(), [pair(&ann, &anne)]);
    let obstacle = asked[0].question.obstacle.clone().unwrap();
    assert!(obstacle.contains("2 values of user_id"), "{obstacle}");
    let answered =
        world.engine.answer(asked[0].question.id, Answer::Same, "she has two accounts".into()).await.unwrap();
    matched(&world).await;
    assert_eq!(world.holder("user_id", "u-1"), answered.profile);
    assert_eq!(world.holder("user_id", "u-2"), answered.profile);
    assert!(questions(&world).is_empty());
    let again = world.engine.answer(asked[0].question.id, Answer::Same, "again".into()).await.unwrap_err();
    assert!(again.to_string().contains("question"), "{again}");
}

#[tokio::test]
async fn who_was_said_to_be_different_stays_so_through_everything() {
    let mut world =
        shop(vec![known("1", "user_id", "u-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    let asked = questions(&world);
    world.engine.answer(asked[0].question.id, Answer::Different, "sisters".into()).await.unwrap();
    matched(&world).await;
    assert!(questions(&world).is_empty(), "it is not asked again");
    // Not after a change, not after a restart, not after learning anew.
    world.tell([known("3", "user_id", "u-2", json!({"email": "ann@lakemail.org"}))]).await;
    matched(&world).await;
    assert!(questions(&world).is_empty());
    world = world.restarted(None);
    matched(&world).await;
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.link_people(false)).await.unwrap().unwrap();
    assert!(questions(&world).is_empty());
    assert_ne!(world.holder("user_id", "u-1"), world.holder("user_id", "u-2"));
}

#[tokio::test]
async fn what_was_put_off_comes_up_again_when_something_changes() {
    let world = shop(vec![known("1", "user_id", "u-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    let question = questions(&world)[0].question.id;
    world.engine.answer(question, Answer::Later, String::new()).await.unwrap();
    assert!(questions(&world).is_empty());
    assert_eq!(world.engine.questions(true, ALL).unwrap().len(), 1);
    // Somebody else changes: it stays put off. One of the two changes: it comes up.
    world.tell([known("3", "loyalty_id", "S-1", json!({"email": "s1@lakemail.org"}))]).await;
    matched(&world).await;
    assert!(questions(&world).is_empty());
    world.tell([known("4", "user_id", "u-2", json!({"email": "anne@lakemail.org"}))]).await;
    world.tell([known("5", "user_id", "u-1", json!({"email": "ann@lakemail.org"}))]).await;
    matched(&world).await;
    let again = questions(&world);
    assert_eq!(again.len(), 1, "{:#?}", world.engine.questions(true, ALL));
    assert_eq!(again[0].question.id, question, "under its id");
}

#[tokio::test]
async fn what_was_put_off_stays_so_while_nobody_is_matched_and_after_it() {
    let two = || vec![known("1", "user_id", "u-1", ann()), known("2", "user_id", "u-2", anne())];
    for restarted in [false, true] {
        let world = shop(two()).await;
        let question = questions(&world)[0].question.id;
        world.engine.answer(question, Answer::Later, String::new()).await.unwrap();
        world.apply(&[]).await;
        matched(&world).await;
        assert_eq!(world.engine.match_standing().state, MatchState::Off);
        // Others come meanwhile, so many that the model is learned anew.
        world.tell(strangers(120).into_iter().skip(60)).await;
        let world = if restarted { world.restarted(None) } else { world };
        world.apply(&[MATCHING]).await;
        matched(&world).await;
        assert!(questions(&world).is_empty(), "{:#?}", questions(&world));
        let put_off = world.engine.questions(true, ALL).unwrap();
        assert_eq!(put_off.iter().map(|asked| asked.question.id).collect::<Vec<_>>(), [question]);
    }
}

#[tokio::test]
async fn what_was_put_off_comes_up_again_when_something_changed_while_nobody_was_matched() {
    for restarted in [false, true] {
        let world =
            shop(vec![known("1", "user_id", "u-1", ann()), known("2", "user_id", "u-2", anne())]).await;
        let question = questions(&world)[0].question.id;
        world.engine.answer(question, Answer::Later, String::new()).await.unwrap();
        world.apply(&[]).await;
        matched(&world).await;
        // One of the two, and somebody about whom nobody asks.
        world.tell([known("3", "user_id", "u-1", json!({"email": "ann@lakemail.org"}))]).await;
        world.tell([known("4", "loyalty_id", "S-1", json!({"email": "s1@lakemail.org"}))]).await;
        assert_eq!(world.read(|read| read.match_queue_count()), 1, "nobody is kept waiting for nothing");
        matched(&world).await;
        assert!(questions(&world).is_empty());
        let world = if restarted { world.restarted(None) } else { world };
        world.apply(&[MATCHING]).await;
        matched(&world).await;
        let again = questions(&world);
        assert_eq!(again.iter().map(|asked| asked.question.id).collect::<Vec<_>>(), [question]);
        assert!(world.engine.questions(true, ALL).unwrap().is_empty());
        assert_eq!(world.read(|read| read.match_queue_count()), 0);
    }
}

#[tokio::test]
async fn a_split_takes_back_what_likeness_has_made_one_and_they_stay_two() {
    let world =
        shop(vec![known("1", "loyalty_id", "L-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    let one = world.person("loyalty_id", "L-1");
    let ledger = world.read(|read| read.ledger(one.id, ALL));
    let merged = ledger.iter().find(|entry| entry.kind == LedgerKind::Merge).unwrap().other.unwrap();
    world.engine.split(one.id, SplitBy::Merged(merged), "mother and daughter".into(), false).await.unwrap();
    matched(&world).await;
    let (ann, anne) = (world.person("loyalty_id", "L-1"), world.person("user_id", "u-2"));
    assert_ne!(ann.id, anne.id);
    assert_eq!((ann.events, anne.events), (1, 1));
    assert!(questions(&world).is_empty());
    // Nor does somebody who is like both weld them together.
    world.tell([known("3", "email", "ac@lakemail.org", self::ann())]).await;
    matched(&world).await;
    assert_ne!(world.holder("loyalty_id", "L-1"), world.holder("user_id", "u-2"));
}

#[tokio::test]
async fn who_was_not_compared_yet_when_the_process_died_is_compared_after_it() {
    let world = shop(Vec::new()).await;
    world.tell([known("1", "loyalty_id", "L-1", ann()), known("2", "user_id", "u-2", anne())]).await;
    assert_ne!(world.holder("loyalty_id", "L-1"), world.holder("user_id", "u-2"));
    let model = world.engine.match_standing().model;
    let world = world.restarted(None);
    matched(&world).await;
    assert_eq!(world.holder("loyalty_id", "L-1"), world.holder("user_id", "u-2"));
    assert_eq!(world.engine.match_standing().model, model, "by the model that was learned before");
}

#[tokio::test]
async fn what_somebody_said_before_they_were_merged_still_finds_them() {
    let world = shop(vec![known("1", "loyalty_id", "L-1", ann())]).await;
    world.pass(DAY);
    // She marries and moves; the till and the shop find out by her card that she is one person.
    let married = json!({"first_name": "Ann", "last_name": "Lindqvist", "birthday": "1980-07-04", "phone": "+16465550199",
        "address": {"street": "9 Harbor Way", "postal_code": "10001", "city": "New York"}});
    world.tell([known("2", "user_id", "u-2", married)]).await;
    matched(&world).await;
    assert_ne!(world.holder("loyalty_id", "L-1"), world.holder("user_id", "u-2"));
    world.pass(DAY);
    world.tell([identify("3").by("loyalty_id", "L-1").by("user_id", "u-2")]).await;
    matched(&world).await;
    let one = world.person("user_id", "u-2");
    assert_eq!(one.text("last_name"), Some("Lindqvist"));
    // A list that was bought knows her by the old name and address.
    world.tell([known("4", "list_id", "X-4", anne()).from("list")]).await;
    matched(&world).await;
    assert_eq!(world.holder("list_id", "X-4"), Some(one.id), "{:#?}", questions(&world));
}

#[tokio::test]
async fn linking_everybody_says_beforehand_what_it_would_come_to() {
    let world = World::new(&[]).await;
    world.tell(strangers(60)).await;
    world
        .tell([
            known("1", "loyalty_id", "L-1", ann()),
            known("2", "user_id", "u-2", anne()),
            known("3", "email", "x@lakemail.org", json!({"plan": "gold"})),
            known("4", "email", "y@lakemail.org", perhaps_ann()),
        ])
        .await;
    let engine = world.engine.clone();
    let report = tokio::task::spawn_blocking(move || engine.link_people(true)).await.unwrap().unwrap();
    assert_eq!((report.records, report.left_out, report.same), (63, 1, 1), "{report:?}");
    assert_eq!(world.people().len(), 64, "nothing was done");
    let engine = world.engine.clone();
    let refused = tokio::task::spawn_blocking(move || engine.link_people(false)).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("matching: {}"), "{refused}");
    world.apply(&[MATCHING]).await;
    let engine = world.engine.clone();
    let report = tokio::task::spawn_blocking(move || engine.link_people(false)).await.unwrap().unwrap();
    assert_eq!(report.same, 1);
    assert_eq!(world.people().len(), 63);
}

#[tokio::test]
async fn why_two_are_one_and_why_two_others_are_not_is_said_by_field() {
    let world = shop(vec![
        known("1", "loyalty_id", "L-1", ann()),
        known("2", "user_id", "u-2", anne()),
        known("3", "user_id", "u-3", bob()),
    ])
    .await;
    let asked = |namespace: &str, value: &str| Asked::Identifier(Identifier::new(namespace, value));
    let one = world.engine.same_person(asked("loyalty_id", "L-1"), asked("user_id", "u-2")).unwrap();
    assert!(one.one_person);
    let step = one.chain.iter().find(|step| step.kind == LedgerKind::Merge).unwrap();
    assert_eq!(step.model, world.engine.match_standing().model, "by that model");
    assert!(step.bits.unwrap() > 6.0);
    assert!(
        step.sentence.contains("since they are alike, one person with a certainty of 9"),
        "{}",
        step.sentence
    );
    let two = world.engine.same_person(asked("loyalty_id", "L-1"), asked("user_id", "u-3")).unwrap();
    assert!(!two.one_person);
    let alike = two.alike.unwrap();
    let sum: f64 = alike.evidence.iter().map(|line| line.bits).sum();
    assert!((sum - alike.bits).abs() < 0.01 && alike.certainty < 0.2, "{alike:?}");
    assert!(alike.evidence.iter().any(|line| line.field == "birth date" && line.bits < 0.0), "{alike:?}");
}

/// A number that looks random, the same for the same seed.
fn dice(seed: &mut u64, end: usize) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize % end
}

/// Forty people, each as one to three sources know them: with short forms, slips, old addresses, and less or more of it.
fn sources(seed: u64) -> Vec<Touch> {
    let forenames =
        ["Elizabeth", "Robert", "Margaret", "William", "Katherine", "James", "Ines", "Tom", "Greta", "Hugo"];
    let short = ["Liz", "Bob", "Maggie", "Bill", "Kate", "Jim", "Ines", "Thomas", "Greta", "Hugo"];
    let surnames = [
        "Miller", "Okafor", "Schmidt", "Rossi", "Dubois", "Novak", "Larsen", "Moreau", "Silva", "Kowalski",
        "Tanaka",
    ];
    let mut touches = Vec::new();
    let mut seed = seed;
    for i in 0..40 {
        let (first, last) = (dice(&mut seed, forenames.len()), surnames[dice(&mut seed, surnames.len())]);
        let born = format!("19{:02}-{:02}-{:02}", 40 + i, 1 + dice(&mut seed, 12), 1 + dice(&mut seed, 28));
        let phone = format!("+1312555{:04}", 1000 + i * 37);
        let street = format!("{} Mill Road", 1 + dice(&mut seed, 90));
        for copy in 0..1 + dice(&mut seed, 3) {
            let mut traits = json!({ "first_name": forenames[first], "last_name": last, "birthday": born, "phone": phone,
                "address": { "street": street, "postal_code": format!("606{:02}", i), "city": "Chicago" } });
            if copy > 0 {
                match dice(&mut seed, 6) {
                    0 => traits["first_name"] = short[first].into(),
                    1 => traits["last_name"] = format!("{last}s").into(),
                    2 => traits["address"]["street"] = "77 Old Street".into(),
                    3 => traits["phone"] = Value::Null,
                    4 => traits["birthday"] = Value::Null,
                    _ => {}
                }
            }
            let id = format!("{i}-{copy}");
            touches.push(known(&id, "record", &id, traits));
        }
    }
    touches
}

/// Who is one with whom, by the numbers of their records.
fn groups(world: &World) -> Vec<Vec<String>> {
    let records = |person: &Profile| {
        let mut records: Vec<String> =
            person.identifiers_in("record").map(|link| link.value.clone()).collect();
        records.sort();
        records
    };
    let mut groups: Vec<_> = world.people().iter().map(records).collect();
    groups.sort();
    groups
}

#[tokio::test]
async fn any_order_of_arrival_gives_the_people_that_all_at_once_give() {
    let rules = "identity: people\nnamespaces:\n  record: { priority: 20 }\nmatching: {}\n";
    let learning = World::new(&[rules]).await;
    learning.tell(sources(1)).await;
    matched(&learning).await;
    let model = learning.read(|read| read.match_model()).unwrap();
    // From here on it is frozen: as if it had been learned from many.
    let frozen = format!(
        "INSERT INTO match_models (version, learned, people, meaning, doc, homes)
         VALUES ('{}', 0, 1000000, '{}', '{}', '{}')",
        model.version,
        model.meaning.replace('\'', "''"),
        model.doc.replace('\'', "''"),
        model.homes.replace('\'', "''")
    );
    let mut merged = 0;
    for seed in 1..=6_u64 {
        let at_once = World::new(&[rules]).await.crashed(&frozen);
        at_once.tell(sources(seed)).await;
        matched(&at_once).await;
        let one_by_one = World::new(&[rules]).await.crashed(&frozen);
        let mut touches = sources(seed);
        let mut random = seed;
        while !touches.is_empty() {
            let next = touches.swap_remove(dice(&mut random, touches.len()));
            one_by_one.tell([next]).await;
            if dice(&mut random, 3) == 0 {
                matched(&one_by_one).await;
            }
        }
        matched(&one_by_one).await;
        assert_eq!(groups(&one_by_one), groups(&at_once), "seed {seed}");
        merged += groups(&at_once).iter().filter(|group| group.len() > 1).count();
    }
    assert!(merged > 60, "only {merged} were found to be one");
}
