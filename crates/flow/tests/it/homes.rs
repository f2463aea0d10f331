//! Who lives with whom: households that are found, beside those that share an account.

use crate::{town::*, world::*};
use crowsnest_flow::{Role, SplitBy};
use crowsnest_model::{HouseholdId, ProfileId, Time};
use crowsnest_store::LedgerKind;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A flat, by its street.
fn at(street: &str) -> Value {
    json!({"street": street, "postal_code": "60601", "city": "Chicago"})
}

/// Somebody with an e-mail address of their own who may be written to.
fn living(forename: &str, surname: &str, birthday: &str, phone: &str, street: &str) -> Touch {
    let name = forename.to_lowercase();
    let traits = json!({"first_name": forename, "last_name": surname, "birthday": birthday, "phone": phone,
                        "address": at(street)});
    known(&format!("{name} comes"), "loyalty_id", &name, traits)
        .by("email", &format!("{name}@x.org"))
        .grants("offers")
}

const LANDLINE: &str = "+13125550142";

fn ann() -> Touch {
    living("Ann", "Carter", "1980-07-04", LANDLINE, "12 Elm Street")
}

fn bob() -> Touch {
    living("Bob", "Carter", "1978-01-19", LANDLINE, "12 Elm Street")
}

/// Somebody has moved.
fn moves(name: &str, street: &str, phone: &str) -> Touch {
    known(
        &format!("{name} moves to {street}"),
        "loyalty_id",
        name,
        json!({"phone": phone, "address": at(street)}),
    )
}

async fn town(documents: &[&str], touches: Vec<Touch>) -> World {
    let world = World::new(documents).await;
    world.tell(strangers(60)).await;
    world.tell(touches).await;
    matched(&world).await;
    world
}

fn home(world: &World, name: &str) -> Option<HouseholdId> {
    world.person("loyalty_id", name).home
}

fn who(world: &World, name: &str) -> ProfileId {
    world.person("loyalty_id", name).id
}

/// The store says the same everywhere.
fn is_sound(world: &World) {
    for person in world.people() {
        assert_eq!(world.read(|read| read.home_of(person.id)), person.home, "{}", person.id);
        let open = world.read(|read| read.stays_of(person.id));
        assert_eq!(
            open.iter().filter(|stay| stay.until.is_none()).count(),
            usize::from(person.home.is_some())
        );
        if let Some(home) = person.home {
            let members = world.read(|read| read.household(home));
            assert!(members.contains(&person.id) && members.len() > 1, "{home}: {members:?}");
            assert_eq!(members, world.read(|read| read.living_in(home)));
        }
        for household in person.households() {
            assert!(world.read(|read| read.household(household)).contains(&person.id));
        }
    }
}

#[tokio::test]
async fn a_couple_at_one_address_is_one_household_and_two_people() {
    let world = town(&[MATCHING], vec![ann(), bob()]).await;
    assert_ne!(who(&world, "ann"), who(&world, "bob"), "nobody is merged");
    assert!(home(&world, "ann").is_some());
    assert_eq!(home(&world, "ann"), home(&world, "bob"));
    is_sound(&world);
    let stay = world.read(|read| read.stays_of(who(&world, "ann"))).remove(0);
    assert_eq!((stay.since, stay.until), (START, None));
    assert_eq!(stay.reason, "same address, same phone, same surname and place");
}

#[tokio::test]
async fn who_moves_out_lives_there_no_more_and_a_new_partner_moves_in() {
    let world = town(&[MATCHING], vec![ann(), bob()]).await;
    let first = home(&world, "ann").unwrap();
    world.pass(DAY);
    world.tell([moves("bob", "77 Lake Road", "+17735550177")]).await;
    matched(&world).await;
    assert_eq!((home(&world, "ann"), home(&world, "bob")), (None, None), "alone, nobody has a home");
    is_sound(&world);
    world.pass(DAY);
    world.tell([living("Carl", "Okafor", "1979-03-03", LANDLINE, "12 Elm St")]).await;
    matched(&world).await;
    let second = home(&world, "ann").unwrap();
    assert_eq!(home(&world, "carl"), Some(second));
    assert_ne!(second, first, "another household");
    is_sound(&world);
    let told = world.engine.household(who(&world, "ann")).unwrap();
    assert_eq!(told.id, Some(second));
    assert_eq!(told.members.len(), 2);
    assert_eq!(told.earlier.len(), 1);
    assert_eq!(
        (told.earlier[0].id, told.earlier[0].since, told.earlier[0].until),
        (first, START, Time(START.0 + DAY))
    );
    assert!(told.earlier[0].ended.contains("shares nothing"), "{told:?}");
}

#[tokio::test]
async fn those_who_stay_keep_their_household_and_a_child_is_one() {
    let cleo = living("Cleo", "Carter", "2015-05-05", LANDLINE, "12 Elm Street");
    let world = town(&[MATCHING], vec![ann(), bob(), cleo]).await;
    let all = home(&world, "ann").unwrap();
    assert_eq!((home(&world, "bob"), home(&world, "cleo")), (Some(all), Some(all)));
    world.pass(DAY);
    world.tell([moves("ann", "77 Lake Road", "+17735550177")]).await;
    matched(&world).await;
    assert_eq!(
        (home(&world, "ann"), home(&world, "bob"), home(&world, "cleo")),
        (None, Some(all), Some(all))
    );
    is_sound(&world);
    let told = world.engine.household(who(&world, "bob")).unwrap();
    let role =
        |name: &str| told.members.iter().find(|member| member.profile == who(&world, name)).unwrap().role;
    assert_eq!((role("bob"), role("cleo")), (Role::Adult, Role::Child));
    assert_eq!(told.former.len(), 1);
    assert_eq!((told.former[0].profile, told.former[0].until), (who(&world, "ann"), Time(START.0 + DAY)));
    // And comes back: the same household, of which she was before.
    world.pass(DAY);
    world.tell([moves("ann", "12 Elm Street", LANDLINE)]).await;
    matched(&world).await;
    assert_eq!(home(&world, "ann"), Some(all));
    let stays = world.read(|read| read.stays_of(who(&world, "ann")));
    assert_eq!(stays.iter().map(|stay| stay.until).collect::<Vec<_>>(), [Some(Time(START.0 + DAY)), None]);
}

#[tokio::test]
async fn a_move_counts_although_somebody_said_otherwise_before_a_merge() {
    let again = known(
        "ann again",
        "user_id",
        "u-ann",
        json!({"name": "Anne Carter", "birthday": "1980-07-04",
        "phone": "(312) 555-0142", "address": at("12 Elm St")}),
    );
    let world = town(&[MATCHING], vec![ann(), again, bob()]).await;
    assert_eq!(world.holder("user_id", "u-ann"), Some(who(&world, "ann")), "one person by likeness");
    assert!(home(&world, "ann").is_some() && home(&world, "ann") == home(&world, "bob"));
    world.pass(DAY);
    world.tell([moves("ann", "77 Lake Road", "+17735550177")]).await;
    matched(&world).await;
    assert_eq!((home(&world, "ann"), home(&world, "bob")), (None, None));
    is_sound(&world);
    let world = world.restarted(None);
    matched(&world).await;
    assert_eq!((home(&world, "ann"), home(&world, "bob")), (None, None), "nor after everybody is read anew");
}

#[tokio::test]
async fn a_house_of_many_strangers_is_no_household() {
    let surnames = [
        "Adeyemi",
        "Brandt",
        "Castillo",
        "Dvorak",
        "Eriksen",
        "Fontaine",
        "Greco",
        "Haddad",
        "Ito",
        "Jovanovic",
    ];
    let touches = surnames.iter().enumerate().map(|(place, surname)| {
        let birthday = format!("19{}-0{}-1{}", 50 + place * 4, 1 + place % 9, place);
        living(
            &format!("P{place}"),
            surname,
            &birthday,
            &format!("+1773555{:04}", 2_000 + place * 31),
            "500 Tower Place",
        )
    });
    let world = town(&[MATCHING], touches.collect()).await;
    let homes: Vec<_> = (0..surnames.len()).filter_map(|place| home(&world, &format!("p{place}"))).collect();
    assert!(homes.is_empty(), "{homes:?}");
}

#[tokio::test]
async fn a_mailing_to_households_sends_one_letter_to_a_couple() {
    let world = town(
        &[MATCHING, OFFER],
        vec![ann(), bob(), living("Dora", "Silva", "1990-01-01", "+17735550001", "3 Quay")],
    )
    .await;
    let preview = world.preview("offer");
    assert_eq!((preview.audience.reachable, preview.audience.recipients), (3, 2));
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(mailed.len(), 2, "{mailed:?}");
    assert_eq!(mailed[1], "dora@x.org");
    let household = world.deliveries().iter().find(|sent| sent.contact != "dora@x.org").unwrap().household;
    assert_eq!(household, home(&world, "ann"));
}

#[tokio::test]
async fn a_cap_for_households_counts_what_both_were_sent() {
    let each = OFFER.replace("prefer: [ 'profile.role == \"owner\"' ]", "one_per: person");
    let policy = "policy: contact\ncaps: [{ max: 1, per: 1d, of: household }]\n";
    let world = town(&[MATCHING, &each, policy], vec![ann(), bob()]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 1);
}

#[tokio::test]
async fn who_asks_about_the_household_is_asked_again_when_it_changes() {
    let segment = "segment: in-company\nwhen: household.size >= 2\n";
    let world = town(&[MATCHING, segment], vec![ann(), bob()]).await;
    let inside = |name: &str| world.person("loyalty_id", name).segments.contains_key("in-company");
    assert!(inside("ann") && inside("bob"));
    world.tell([moves("bob", "77 Lake Road", "+17735550177")]).await;
    assert!(inside("ann") && inside("bob"), "they are compared after the commit");
    matched(&world).await;
    assert!(!inside("ann") && !inside("bob"));
    world.tell([living("Carl", "Okafor", "1979-03-03", LANDLINE, "12 Elm St")]).await;
    matched(&world).await;
    assert!(inside("ann") && inside("carl") && !inside("bob"));
}

#[tokio::test]
async fn households_keep_their_ids_and_are_over_when_nobody_wants_them() {
    let world = town(&[MATCHING], vec![ann(), bob()]).await;
    let before = home(&world, "ann");
    let world = world.restarted(None);
    matched(&world).await;
    assert_eq!((home(&world, "ann"), home(&world, "bob")), (before, before));
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.link_people(false)).await.unwrap().unwrap();
    assert_eq!((home(&world, "ann"), home(&world, "bob")), (before, before), "also by another model");
    assert_eq!(world.read(|read| read.stays_of(who(&world, "ann"))).len(), 1, "and nothing was written");
    for off in ["identity: people\nmatching: { households: false }\n", "identity: people\n"] {
        world.apply(&[off]).await;
        matched(&world).await;
        assert_eq!((home(&world, "ann"), home(&world, "bob")), (None, None), "{off}");
        is_sound(&world);
        world.apply(&[MATCHING]).await;
        matched(&world).await;
        assert!(home(&world, "ann").is_some() && home(&world, "ann") == home(&world, "bob"));
    }
    let why = world.read(|read| read.stays_of(who(&world, "ann")))[0].ended.clone().unwrap();
    assert!(why.contains("not found here any more"), "{why}");
}

#[tokio::test]
async fn two_of_two_households_who_turn_out_to_be_one_go_on_in_one() {
    let dora = living("Dora", "Silva", "1990-01-01", "+17735550001", "3 Quay");
    let elias = living("Elias", "Silva", "1991-02-02", "+17735550001", "3 Quay");
    let size = "segment: in-company\nwhen: household.size >= 2\n";
    let world = town(&[MATCHING, size], vec![ann(), bob(), dora, elias]).await;
    let (elm, quay) = (home(&world, "ann").unwrap(), home(&world, "dora").unwrap());
    assert_ne!(elm, quay);
    world.pass(DAY);
    let (bob, dora) = (who(&world, "bob"), who(&world, "dora"));
    world.engine.join(bob, dora, "he said that he is both".into()).await.unwrap();
    let one = world.person("loyalty_id", "bob");
    assert_eq!(world.holder("loyalty_id", "dora"), Some(one.id));
    let stays = world.read(|read| read.stays_of(one.id));
    assert_eq!(stays.iter().filter(|stay| stay.until.is_none()).count(), 1, "{stays:?}");
    assert_eq!(stays.len(), 2, "where either lived");
    matched(&world).await;
    is_sound(&world);
    let inside = |name: &str| world.person("loyalty_id", name).segments.contains_key("in-company");
    for name in ["ann", "bob", "elias"] {
        assert_eq!(inside(name), home(&world, name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn whoever_is_told_apart_is_found_at_home_again_with_the_history_kept() {
    let again = known(
        "ann again",
        "user_id",
        "u-ann",
        json!({"name": "Anne Carter", "birthday": "1980-07-04",
        "phone": "(312) 555-0142", "address": at("12 Elm St")}),
    );
    let world = town(&[MATCHING], vec![ann(), again, bob()]).await;
    let home_before = home(&world, "bob").unwrap();
    let one = who(&world, "ann");
    world.pass(DAY);
    let ledger = world.read(|read| read.ledger(one, ALL));
    let merged = ledger.iter().find(|entry| entry.kind == LedgerKind::Merge).unwrap().other.unwrap();
    let preview = world.engine.split(one, SplitBy::Merged(merged), "sisters".into(), true).await;
    assert!(preview.is_ok());
    assert_eq!(home(&world, "ann"), Some(home_before), "a preview changes nothing");
    world.engine.split(one, SplitBy::Merged(merged), "sisters".into(), false).await.unwrap();
    matched(&world).await;
    is_sound(&world);
    let nan = world.person("user_id", "u-ann");
    assert_eq!(world.people().iter().filter(|person| person.home == Some(home_before)).count(), 3, "{nan:?}");
    let ended: Vec<_> =
        world.read(|read| read.stays_in(home_before)).into_iter().filter_map(|stay| stay.ended).collect();
    assert!(ended.contains(&"told apart from somebody".to_owned()), "{ended:?}");
}

/// The households of a town: who lives with whom, by their cards.
fn partition(world: &World) -> BTreeSet<BTreeSet<String>> {
    let mut homes: BTreeMap<HouseholdId, BTreeSet<String>> = BTreeMap::new();
    for person in world.people() {
        if let Some(home) = person.home {
            homes.entry(home).or_default().insert(person.identifiers[0].value.clone());
        }
    }
    homes.into_values().collect()
}

#[tokio::test]
async fn any_order_of_what_is_told_gives_the_same_households() {
    let later = |touch: Touch, day: i64| touch.at(Time(START.0 + day * DAY));
    let told = [
        later(ann(), 0),
        later(bob(), 0),
        later(living("Cleo", "Carter", "2015-05-05", LANDLINE, "12 Elm Street"), 1),
        later(living("Dora", "Silva", "1990-01-01", "+17735550001", "3 Quay"), 0),
        later(living("Elias", "Silva", "1991-02-02", "+17735550001", "3 Quay"), 1),
        later(moves("bob", "3 Quay", "+17735550001"), 2),
        later(moves("elias", "12 Elm Street", LANDLINE), 3),
        later(moves("dora", "500 Tower Place", "+17735550555"), 4),
    ];
    let mut expected = None;
    for round in 0..6_usize {
        let world = town(&[MATCHING], Vec::new()).await;
        world.pass(5 * DAY);
        let mut order: Vec<usize> = (0..told.len()).collect();
        order.sort_by_key(|place| (place + 1) * (round * 2 + 1) * 7 % 17);
        for place in order {
            world.tell([told[place].clone()]).await;
            matched(&world).await;
            is_sound(&world);
        }
        let found = partition(&world);
        let world = world.restarted(None);
        matched(&world).await;
        assert_eq!(partition(&world), found, "all at once, in round {round}");
        assert_eq!(*expected.get_or_insert(found.clone()), found, "round {round}");
    }
    assert!(!expected.unwrap().is_empty());
}
