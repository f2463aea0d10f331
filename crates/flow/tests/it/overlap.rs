//! Who is known to what, alone and together: exact, of one moment, and the same whatever way it came about.

use crate::world::*;
use crowsnest_flow::{DimensionReport, FlowError, OverlapQuery, OverlapReport, SplitBy};
use crowsnest_model::{
    ConsentStatus::{Granted, Withdrawn},
    Event, ProfileId,
    event::EventColumns,
};
use proptest::{prelude::*, test_runner::Config};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The shop's sources have no brands; these do.
const HOUSES: &str = r#"
source: garage
brand: service
---
source: showroom
brand: cars
---
source: site
brand: cars
---
metric: spent
title: Spent so far
value: sum("Order Completed", "revenue")
---
metric: orders
value: count("Order Completed")
---
segment: buys-cars
title: Cars
when: count("Order Completed", where(event.properties.line == "cars")) >= 1
---
segment: buys-tyres
title: Tyres
when: count("Order Completed", where(event.properties.line == "tyres")) >= 1
"#;

async fn shop() -> World {
    let mut files = files(&[HOUSES]);
    let house = "currency: USD\nbrands: { cars: { title: Cars }, service: { title: Car care } }\n\
         dimensions: { line: { title: Product line, segments: [buys-cars, buys-tyres] } }";
    files[0].text = files[0].text.replace("currency: USD", house);
    World::of(files).await
}

fn query(by: &str) -> OverlapQuery {
    let by = by.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    OverlapQuery { by, segments: Vec::new(), money: Some("spent".into()), top: 100 }
}

fn overlap(world: &World, by: &str) -> DimensionReport {
    let mut report = world.engine.overlap(&query(by)).unwrap();
    adds_up(&report);
    report.dimensions.remove(0)
}

/// The combinations by their values, sorted and with a space between: people, households, and money by currency.
fn combinations(report: &DimensionReport) -> BTreeMap<String, (u64, u64, Vec<String>)> {
    let with_none = report.combinations.iter().map(|one| (one.values.clone(), &one.part));
    with_none
        .chain([(Vec::new(), &report.none)])
        .filter(|(_, part)| part.people > 0)
        .map(|(mut values, part)| {
            values.sort_unstable();
            let money = part.money.iter().map(|total| format!("{} {}", total.total, total.currency));
            (values.join(" "), (part.people, part.households, money.collect()))
        })
        .collect()
}

fn people(report: &DimensionReport) -> BTreeMap<String, u64> {
    combinations(report).into_iter().map(|(values, (people, ..))| (values, people)).collect()
}

/// All that must be true of any report: whoever is counted is counted once, and everything else follows from that.
fn adds_up(report: &OverlapReport) {
    for dimension in &report.dimensions {
        let parts =
            dimension.combinations.iter().map(|one| &one.part).chain([&dimension.rest, &dimension.none]);
        let (mut people, mut not_known, mut mixed, mut money) = (0, 0, 0, BTreeMap::new());
        for part in parts {
            people += part.people;
            not_known += part.not_known;
            mixed += part.mixed;
            for total in &part.money {
                *money.entry(total.currency).or_insert(0.0) += total.total;
            }
        }
        let everybody = &report.everybody;
        assert_eq!((people, not_known, mixed), (everybody.people, everybody.not_known, everybody.mixed));
        for total in &everybody.money {
            assert!((money[&total.currency] - total.total).abs() < 1e-6, "{money:?}");
        }
        for (place, value) in dimension.values.iter().enumerate() {
            assert_eq!(dimension.both[place][place], value.known.all.people);
            assert!(value.known.all.households <= everybody.households);
            for (other, both) in dimension.both[place].iter().enumerate() {
                assert_eq!(*both, dimension.both[other][place]);
                assert!(*both <= value.known.all.people);
            }
        }
        let sorted = dimension.combinations.windows(2).all(|two| two[0].part.people >= two[1].part.people);
        assert!(sorted, "the one with most people first");
    }
}

fn bought(id: &str, mail: &str, revenue: f64, currency: Option<&str>) -> Touch {
    let mut properties = json!({ "revenue": revenue });
    if let Some(currency) = currency {
        properties["currency"] = json!(currency);
    }
    track(id, "Order Completed").by("email", mail).with(properties)
}

#[tokio::test]
async fn people_are_counted_by_the_sources_that_have_told_of_them() {
    let world = shop().await;
    world
        .tell([
            bought("a", "ann@x.org", 10.0, None).from("site"),
            bought("b", "ann@x.org", 5.5, Some("USD")).from("garage"),
            identify("c").by("email", "bob@x.org").from("site"),
            bought("d", "cy@x.org", 7.0, Some("EUR")).from("site"),
            identify("e").by("email", "dee@x.org").from("list").historical(),
        ])
        .await;
    // A copy says nothing new.
    world.tell([bought("b", "ann@x.org", 5.5, Some("USD")).from("garage")]).await;
    let report = overlap(&world, "source");
    let found = combinations(&report);
    let money = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found,
        BTreeMap::from([
            ("garage site".into(), (1, 1, money(&["15.5 USD"]))),
            ("list".into(), (1, 1, money(&["0 USD"]))),
            ("site".into(), (2, 2, money(&["7 EUR"]))),
        ]),
        "bought lists count, and dollars and euros are never one sum"
    );
    let site = &report.values[0];
    assert_eq!((site.value.as_str(), site.known.all.people, site.known.alone), ("site", 3, 2));
    assert_eq!(site.known.all.share, 0.75);
    let each: Vec<_> = site.known.all.money.iter().map(|total| (total.total, total.mean)).collect();
    assert_eq!(each, [(7.0, 7.0 / 3.0), (15.5, 15.5 / 3.0)], "euros, dollars: a sum and for each of three");
    let sent_nothing: Vec<_> =
        report.values.iter().filter(|value| value.known.all.people == 0).map(|v| v.value.as_str()).collect();
    assert_eq!(sent_nothing, ["calls", "showroom", "web"], "what is declared is told of, even of nobody");

    let brands = overlap(&world, "brand");
    assert_eq!(
        people(&brands),
        BTreeMap::from([("".into(), 1), ("cars".into(), 2), ("cars service".into(), 1)])
    );
}

#[tokio::test]
async fn who_becomes_one_is_counted_once_and_who_is_told_apart_twice() {
    let world = shop().await;
    world
        .tell([
            identify("a").by("user_id", "ann").from("site"),
            identify("b").by("loyalty_id", "l1").from("garage"),
            identify("c").by("loyalty_id", "l1").from("garage"),
        ])
        .await;
    let before = people(&overlap(&world, "source"));
    assert_eq!(before, BTreeMap::from([("garage".into(), 1), ("site".into(), 1)]));
    let absorbed = [world.holder("user_id", "ann"), world.holder("loyalty_id", "l1")];
    world.tell([track("d", "Seen").by("user_id", "ann").by("loyalty_id", "l1").from("showroom")]).await;
    assert_eq!(people(&overlap(&world, "source")), BTreeMap::from([("garage showroom site".into(), 1)]));
    let one = world.person("user_id", "ann");
    let heard: Vec<_> = one.sources.iter().map(|heard| (heard.source.as_str(), heard.events)).collect();
    assert_eq!(heard, [("garage", 2), ("showroom", 1), ("site", 1)]);
    let other: ProfileId = absorbed.into_iter().flatten().find(|id| *id != one.id).unwrap();
    world.engine.split(one.id, SplitBy::Merged(other), "two people".into(), false).await.unwrap();
    assert_eq!(
        people(&overlap(&world, "source")),
        BTreeMap::from([("garage".into(), 1), ("showroom site".into(), 1)]),
        "what named both is whose the stronger identifier is"
    );
}

#[tokio::test]
async fn households_are_counted_once_in_each_place() {
    let world = shop().await;
    let member = |id: &str, source: &str, account: &str| {
        identify(id).by("user_id", id).by("account", account).from(source)
    };
    world
        .tell([
            member("ann", "site", "a1"),
            member("ben", "site", "a1"),
            // Who shares another account with one of them is of the same household.
            member("ben2", "garage", "a1").by("account", "a2"),
            member("cy", "garage", "a2"),
            identify("dee").by("user_id", "dee").from("garage"),
        ])
        .await;
    let report = world.engine.overlap(&query("source")).unwrap();
    assert_eq!((report.everybody.people, report.everybody.households), (5, 2));
    assert_eq!(world.read(|read| read.household_count()), 2);
    let found = combinations(&report.dimensions[0]);
    let counts: Vec<_> =
        found.iter().map(|(values, (people, homes, _))| (values.as_str(), *people, *homes)).collect();
    assert_eq!(counts, [("garage", 3, 2), ("site", 2, 1)]);
}

#[tokio::test]
async fn letters_reach_whoever_has_an_address_and_may_be_written_to() {
    for (consent, reached) in [("asked", 1), ("unless_withdrawn", 2)] {
        let mut files = files(&["metric: spent\nvalue: sum(\"Order Completed\", \"revenue\")\n"]);
        let letters =
            format!("currency: USD\nletters: {{ from: \"The Shop\\n1 Quay\", consent: {consent} }}");
        files[0].text = files[0].text.replace("currency: USD", &letters);
        let world = World::of(files).await;
        let lives = |name: &str| {
            let home = json!({ "name": format!("{name} Carter"), "street": "1 Elm", "city": "Boston", "state": "MA",
                               "postal_code": "02134" });
            identify(name).by("user_id", name).traits(home)
        };
        world
            .tell([
                lives("ann").about_letters("offers", Granted),
                lives("bob"),
                lives("cy").about_letters("*", Withdrawn),
                identify("dee")
                    .by("user_id", "dee")
                    .traits(json!({ "name": "Dee Carter", "city": "Boston" })),
            ])
            .await;
        assert_eq!(
            people(&overlap(&world, "channel")),
            BTreeMap::from([("".into(), 1), ("letter".into(), 3)]),
            "a town is no address"
        );
        assert_eq!(
            people(&overlap(&world, "reach")),
            BTreeMap::from([("".into(), 4 - reached), ("letter".into(), reached)]),
            "{consent}"
        );
    }
    // Where no letters are sent nobody has said what can be delivered.
    let channels = overlap(&shop().await, "channel").values.into_iter().map(|value| value.value);
    assert_eq!(channels.collect::<Vec<_>>(), ["email", "phone"]);
}

#[tokio::test]
async fn channels_say_by_what_somebody_is_known_and_reach_where_they_may_be_written_to() {
    let world = shop().await;
    let known = |id: &str| identify(id).by("email", &format!("{id}@x.org"));
    world
        .tell([
            known("ann").grants("offers"),
            known("bob").grants("offers").by("phone", "+13125550101"),
            known("cy").by("phone", "+13125550102"),
            track("v", "Seen").by("anonymous_id", "browser"),
        ])
        .await;
    world.tell([known("bob").withdraws("*").at(world.now())]).await;
    world.pass(HOUR);
    world.tell([identify("bob again").by("email", "bob@x.org").withdraws("*")]).await;
    assert_eq!(
        people(&overlap(&world, "channel")),
        BTreeMap::from([("".into(), 1), ("email".into(), 1), ("email phone".into(), 2)])
    );
    assert_eq!(people(&overlap(&world, "reach")), BTreeMap::from([("".into(), 3), ("email".into(), 1)]));
    world.engine.set_suppression("email", "ann@x.org", Some("bounced".into())).await.unwrap();
    assert_eq!(people(&overlap(&world, "reach")), BTreeMap::from([("".into(), 4)]));
}

#[tokio::test]
async fn what_is_declared_and_any_segments_are_dimensions_too() {
    let world = shop().await;
    let line = |id: &str, who: &str, line: &str| {
        track(id, "Order Completed").by("user_id", who).with(json!({ "line": line, "revenue": 1 }))
    };
    world.tell([line("1", "ann", "cars"), line("2", "ann", "tyres"), line("3", "bob", "tyres")]).await;
    world.tell([line("4", "cy", "boats")]).await;
    let found =
        BTreeMap::from([("".into(), 1), ("buys-cars buys-tyres".into(), 1), ("buys-tyres".into(), 1)]);
    let declared = overlap(&world, "line");
    assert_eq!((people(&declared), declared.title.as_str()), (found.clone(), "Product line"));
    assert!(declared.values.iter().all(|value| value.ready && value.title.is_some()));
    let segments = ["buys-tyres", "buys-cars"].map(str::to_owned).to_vec();
    let asked = OverlapQuery { segments, top: 100, ..OverlapQuery::default() };
    let report = world.engine.overlap(&asked).unwrap();
    assert_eq!(people(&report.dimensions[0]), found);
    assert!(report.money.is_none() && report.everybody.money.is_empty());
    let all = world.engine.overlap(&OverlapQuery::default()).unwrap();
    let names: Vec<_> = all.dimensions.iter().map(|dimension| dimension.dimension.as_str()).collect();
    assert_eq!(names, ["source", "brand", "channel", "reach", "line"]);
}

#[tokio::test]
async fn what_is_not_there_is_named_with_the_nearest() {
    let world = shop().await;
    let said = |query: OverlapQuery| world.engine.overlap(&query).unwrap_err();
    assert_eq!(said(query("sorce")).to_string(), "there is no dimension `sorce`; did you mean `source`?");
    let unlike = said(query("everything")).to_string();
    assert!(unlike.starts_with("there is no dimension `everything`; known: brand, channel, "), "{unlike}");
    let segments = vec!["buys-car".to_owned()];
    let error = said(OverlapQuery { segments, ..OverlapQuery::default() });
    assert_eq!(error.to_string(), "there is no segment `buys-car`; did you mean `buys-cars`?");
    let metric = |name: &str| OverlapQuery { money: Some(name.into()), ..query("source") };
    assert_eq!(said(metric("spend")).to_string(), "there is no metric `spend`; did you mean `spent`?");
    let error = said(metric("orders"));
    assert!(matches!(error, FlowError::Invalid(_)), "{error}");
    assert!(error.to_string().contains("`orders` is no amount of money"), "{error}");
}

#[tokio::test]
async fn amounts_that_do_not_add_up_are_in_no_sum_and_that_is_said() {
    let world = shop().await;
    world
        .tell([
            bought("a", "ann@x.org", 10.0, Some("USD")),
            bought("b", "ann@x.org", 10.0, Some("EUR")),
            bought("c", "bob@x.org", 3.0, Some("USD")),
        ])
        .await;
    let report = world.engine.overlap(&query("source")).unwrap();
    adds_up(&report);
    let all = &report.everybody;
    assert_eq!((all.people, all.mixed, all.not_known), (2, 1, 0));
    assert_eq!(all.money.iter().map(|total| (total.total, total.mean)).collect::<Vec<_>>(), [(3.0, 3.0)]);
    assert!(report.money.is_some_and(|money| money.ready));
}

#[tokio::test]
async fn more_combinations_than_are_asked_for_are_summed_up() {
    let world = shop().await;
    let sources = ["site", "garage", "showroom", "web"];
    for (place, source) in sources.iter().enumerate() {
        for who in 0..=place {
            let id = format!("{source}{who}");
            world.tell([bought(&id, &format!("{id}@x.org"), 1.0, None).from(source)]).await;
        }
    }
    let report = world.engine.overlap(&OverlapQuery { top: 2, ..query("source") }).unwrap();
    adds_up(&report);
    let dimension = &report.dimensions[0];
    let told: Vec<_> = dimension.combinations.iter().map(|one| one.values.join(" ")).collect();
    assert_eq!(told, ["web", "showroom"]);
    let rest = &dimension.rest;
    assert_eq!((dimension.more, rest.people, rest.households), (2, 3, 3));
    assert_eq!(rest.money.iter().map(|total| total.total).collect::<Vec<_>>(), [3.0]);
}

/// One event in numbers small enough to meet often.
#[derive(Debug, Clone)]
struct Draw {
    source: usize,
    named: Vec<usize>,
    revenue: Option<(i32, bool)>,
}

const SOURCES: [&str; 4] = ["site", "garage", "list", "web"];

fn draw() -> impl Strategy<Value = Draw> {
    let named = prop::collection::vec(0_usize..6, 1..3);
    let revenue = prop::option::of((1_i32..100, prop::bool::weighted(0.2)));
    (0_usize..4, named, revenue).prop_map(|(source, named, revenue)| Draw { source, named, revenue })
}

fn touch(place: usize, draw: &Draw) -> Touch {
    let mut touch = track(format!("m{place}"), "Order Completed").from(SOURCES[draw.source]);
    for named in &draw.named {
        // Loyalty cards have a limit of three, so that none binds.
        touch = touch.by(["loyalty_id", "email"][named % 2], &format!("p{}@x.org", named / 2));
    }
    if let Some((revenue, euros)) = draw.revenue {
        let currency = if euros { "EUR" } else { "USD" };
        touch = touch.with(json!({ "revenue": f64::from(revenue) / 10.0, "currency": currency }));
    }
    touch
}

/// The overlap of sources the slow way: by going through all events of everybody.
fn counted(world: &World) -> BTreeMap<String, (u64, u64, Vec<String>)> {
    let mut found: BTreeMap<String, (u64, u64, BTreeMap<String, i64>)> = BTreeMap::new();
    for person in world.people() {
        let mut sources = BTreeSet::new();
        let mut spent: BTreeMap<String, i64> = BTreeMap::new();
        for row in world.read(|read| read.events(person.id, ALL)) {
            let columns: EventColumns = row.columns;
            sources.insert(columns.source.to_string());
            let properties = Event::from_stored(columns, &row.body).unwrap().properties_object();
            if let Some(revenue) = properties.get("revenue").and_then(serde_json::Value::as_f64) {
                let currency = properties["currency"].as_str().unwrap().to_owned();
                *spent.entry(currency).or_default() += (revenue * 1_000.0).round() as i64;
            }
        }
        let sources: Vec<String> = sources.into_iter().collect();
        let entry = found.entry(sources.join(" ")).or_default();
        entry.0 += 1;
        entry.1 += 1;
        if spent.len() == 1 {
            for (currency, amount) in spent {
                *entry.2.entry(currency).or_default() += amount;
            }
        } else if spent.is_empty() {
            entry.2.entry(String::new()).or_default();
        }
    }
    let words = |(currency, amount): (String, i64)| format!("{} {currency}", amount as f64 / 1_000.0);
    found
        .into_iter()
        .map(|(sources, (people, homes, mut money))| {
            // Of those who have spent nothing it is nothing in the shop's currency, unless others have spent something.
            let nothing =
                money.remove("").filter(|_| money.is_empty()).map(|nothing| ("USD".into(), nothing));
            (sources, (people, homes, money.into_iter().chain(nothing).map(words).collect()))
        })
        .collect()
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]

    #[test]
    fn any_order_and_copies_give_what_counting_all_events_gives(
        draws in prop::collection::vec(draw(), 1..25),
        keys in prop::collection::vec(any::<u32>(), 40),
        split in 1_usize..8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let touches: Vec<Touch> = draws.iter().enumerate().map(|(place, draw)| touch(place, draw)).collect();
        let mut shuffled: Vec<(u32, Touch)> = keys.iter().copied().zip(touches.iter().cloned()).collect();
        // Some come twice.
        shuffled.extend(touches.iter().cloned().enumerate().filter(|(place, _)| place % 3 == 0).map(
            |(place, touch)| (keys[place].rotate_left(7), touch),
        ));
        shuffled.sort_by_key(|(key, _)| *key);
        let told = |touches: Vec<Touch>, split: usize| runtime.block_on(async {
            let world = shop().await;
            for batch in touches.chunks(split) {
                world.tell(batch.to_vec()).await;
            }
            world
        });
        let world = told(touches.clone(), 1);
        let straight = combinations(&overlap(&world, "source"));
        prop_assert_eq!(&straight, &counted(&world));
        let world = told(shuffled.into_iter().map(|(_, touch)| touch).collect(), split);
        let found = combinations(&overlap(&world, "source"));
        prop_assert_eq!(&found, &counted(&world));
        prop_assert_eq!(found, straight, "the order does not matter");
    }
}
