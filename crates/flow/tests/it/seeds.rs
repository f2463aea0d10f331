//! Seed lists: the house's own addresses get what customers get, once, and are counted nowhere.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::{Heard, LetterFile, PrintPreview, PrintReport, Resolving, What, WhatBecame};
use crowsnest_model::{DeliveryId, ProfileId, consent::ConsentStatus::Granted, delivery::Delivery};
use crowsnest_store::DeliveryFilter;
use serde_json::json;

const SEEDS: &str = r#"
seeds: inbox-check
entries:
  - name: Ann at Gmail
    email: Seed1@gmail.example
    phone: (312) 555-0190
    address: { street: 1 Decoy Lane, postal_code: "02134", city: Boston, state: MA }
    traits: { first_name: Ann }
  - { name: Bob at Outlook, email: seed2@outlook.example, traits: { first_name: Bob } }
  - { name: Cleo's telephone, phone: "+13125550191" }
---
seeds: colleagues
entries:
  - { name: The manager, email: boss@shop.example }
  # Who is in two lists of a send gets one copy.
  - { name: Bob again, email: seed2@outlook.example }
"#;

const COPIED: &str = r#"
broadcast: offer
audience: consent("email", "offers")
send: { channel: email, template: letter, topic: offers, seeds: [inbox-check, colleagues] }
ttl: 2d
"#;

const CART_COPIED: &str = r#"
program: cart
trigger: { event: Cart Updated, ttl: 6h }
occasion: event.properties.cart_id
steps:
  - wait: 45m
  - send: { channel: email, template: letter, topic: offers, seeds: [inbox-check] }
"#;

const NUDGE: &str = r#"
template: nudge
channel: sms
text: "Hi {{ profile.first_name | default: 'you' }}"
---
program: nudge
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: sms, template: nudge, topic: offers, seeds: [inbox-check] }
"#;

const WELCOME: &str = r#"
template: hello
channel: letter
text: "Dear {{ profile.first_name }}, welcome to {{ profile.city }}."
---
program: welcome
trigger: { event: Moved In }
occasion: event.properties.move
steps:
  - send: { channel: letter, template: hello, topic: offers, seeds: [inbox-check] }
"#;

/// The shop with all channels; `more` is in front of what else it says of e-mail.
async fn shop(documents: &[&str], more: &str) -> World {
    let mut all = vec![SEEDS];
    all.extend(documents);
    let mut files = files(&all);
    let said = format!(
        "sms: {{ from: \"+13125550100\" }}\nletters: {{ from: \"The Shop\\n1 Quay\" }}\nemail: {{ {more}"
    );
    files[0].text = files[0].text.replacen("email: {", &said, 1);
    World::of(files).await
}

/// The same with other seeds, and with letters that are welcome.
async fn shop_again(world: World, seeds: &str) -> World {
    let mut all = files(&[seeds, WELCOME]);
    let said = "letters: { from: \"The Shop\\n1 Quay\" }\nemail: {";
    all[0].text = all[0].text.replacen("email: {", said, 1);
    world.engine.apply(all).await.unwrap();
    world
}

/// The copies, the oldest first.
fn copies(world: &World) -> Vec<Delivery> {
    let filter = DeliveryFilter { seeds: true, ..DeliveryFilter::default() };
    let mut all = world.read(|read| read.deliveries(&filter, 1_000));
    all.retain(|delivery| delivery.seed.is_some());
    all.reverse();
    all
}

/// For whom each copy is, where it goes, and where it is in its life.
fn words(world: &World) -> Vec<String> {
    let said = |copy: Delivery| format!("{} {} {}", copy.seed.unwrap(), copy.contact, copy.state);
    copies(world).into_iter().map(said).collect()
}

async fn print(world: &World) -> PrintReport {
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.print_letters(None)).await.unwrap().unwrap()
}

async fn preview_letters(world: &World) -> PrintPreview {
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.preview_letters(None)).await.unwrap().unwrap()
}

const SENT: [&str; 3] = [
    "inbox-check/Ann at Gmail seed1@gmail.example sent",
    "inbox-check/Bob at Outlook seed2@outlook.example sent",
    "colleagues/The manager boss@shop.example sent",
];

#[tokio::test]
async fn a_broadcast_goes_to_seeds_first_and_counts_them_nowhere() {
    let world = shop(&[COPIED], "").await;
    // A customer who has the address of a seed is a customer all the same.
    world.tell([subscriber("ann@x.org"), subscriber("boss@shop.example")]).await;
    let preview = world.preview("offer");
    assert_eq!((preview.audience.people, preview.audience.recipients), (2, 2));
    let report = world.engine.launch("offer").await.unwrap();
    assert_eq!(report.audience.recipients, 2);
    let last_copy = copies(&world).iter().map(|copy| (copy.due, copy.id)).max().unwrap();
    let first_customer = world.deliveries().iter().map(|one| (one.due, one.id)).min().unwrap();
    assert!(last_copy < first_customer, "what is due first goes out first");
    world.serve().await;
    assert_eq!(words(&world), SENT);
    let mut mailed = world.mailed();
    mailed.sort();
    assert_eq!(
        mailed,
        [
            "ann@x.org",
            "boss@shop.example",
            "boss@shop.example",
            "seed1@gmail.example",
            "seed2@outlook.example"
        ]
    );
    let subjects = world.mailbox.list(false, 9, 0).unwrap();
    let to_ann = subjects.iter().find(|mail| mail.to == ["seed1@gmail.example"]).unwrap();
    assert_eq!(to_ann.subject, "Hello Ann", "as a customer gets it, by the seed's own traits");
    // No numbers, nobody new, no profile.
    assert_eq!(world.states(), ["sent", "sent"]);
    let counts = |program| world.read(|read| read.delivery_counts(program)).into_iter().collect::<Vec<_>>();
    assert_eq!(counts(Some("offer")), [("sent".to_owned(), 2)]);
    assert_eq!(counts(None), [("sent".to_owned(), 2)]);
    let reasons: u64 = world.read(|read| read.delivery_reasons("offer")).iter().map(|row| row.2).sum();
    assert_eq!(reasons, 2);
    assert_eq!(world.engine.senders().unwrap()[0].counts.messages, 2);
    assert_eq!(world.people().len(), 2);
    assert_eq!(world.preview("offer").audience.people, 2);
    assert!(copies(&world).iter().all(|copy| copy.profile == ProfileId::NOBODY && copy.run.is_none()));
}

#[tokio::test]
async fn an_interrupted_launch_makes_no_copy_twice_and_none_less() {
    let world = shop(&[COPIED], "").await;
    world.tell((0..5).map(|place| subscriber(&format!("p{place}@x.org")))).await;
    world.engine.launch("offer").await.unwrap();
    // The process dies after the launch was written, before any customer was queued.
    let world = world.crashed(
        "UPDATE launches SET queued = NULL, after = NULL, counts = '{}'; DELETE FROM deliveries WHERE seed IS NULL;",
    );
    world.serve().await;
    assert_eq!(words(&world), SENT);
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!((words(&world).len(), world.mailed().len()), (3, 8));
    // It dies once more, while one of them is on the line: nobody repeats what may have gone out.
    let world = world.crashed(
        "UPDATE launches SET queued = NULL, after = NULL, counts = '{}';
         UPDATE deliveries SET state = 'sending' WHERE contact = 'seed1@gmail.example';",
    );
    world.engine.resume_launches().await.unwrap();
    world.serve().await;
    assert_eq!(world.mailed().len(), 8);
    assert_eq!(words(&world)[0], "inbox-check/Ann at Gmail seed1@gmail.example unknown");
    assert_eq!(words(&world)[1..], SENT[1..]);
}

#[tokio::test]
async fn a_step_makes_copies_of_its_first_message_in_each_version() {
    let world = shop(&[CART_COPIED], "").await;
    for (id, email) in [("c1", "ann@x.org"), ("c2", "bob@x.org")] {
        world.tell([subscriber(email), cart(id, email)]).await;
    }
    assert!(copies(&world).is_empty(), "nobody was sent anything yet");
    world.after(45 * MINUTE).await;
    let once = ["inbox-check/Ann at Gmail seed1@gmail.example sent", SENT[1]];
    assert_eq!(words(&world), once);
    assert_eq!(world.mailed().len(), 4);
    let world = world.restarted(None);
    world.tell([cart("c3", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!((words(&world).len(), world.mailed().len()), (2, 5), "the same version");
    // Another version is looked at once more, with its first message.
    let other = CART_COPIED.replace("45m", "50m");
    let mut all = files(&[SEEDS, &other]);
    all[0].text = all[0].text.replacen(
        "email: {",
        "sms: { from: \"+13125550100\" }\nletters: { from: \"The Shop\\n1 Quay\" }\nemail: {",
        1,
    );
    world.engine.apply(all).await.unwrap();
    world.tell([cart("c4", "ann@x.org"), cart("c5", "bob@x.org")]).await;
    world.after(50 * MINUTE).await;
    assert_eq!((words(&world).len(), world.mailed().len()), (4, 9));
    assert_eq!(world.runs("cart").len(), 5, "nobody is on a way for a copy");
}

#[tokio::test]
async fn texts_go_to_the_telephones_of_a_list() {
    let world = shop(&[NUDGE], "").await;
    let ann = identify("a").by("user_id", "ann").by("phone", "+13125550142").agrees_by("sms", "offers");
    let cart = track("c1", "Cart Updated").by("user_id", "ann").with(json!({ "cart_id": "c1" }));
    world.tell([ann, cart]).await;
    world.serve().await;
    assert_eq!(
        words(&world),
        ["inbox-check/Ann at Gmail +13125550190 sent", "inbox-check/Cleo's telephone +13125550191 sent"]
    );
    let last = world.read(|read| read.last_texted("+13125550191"));
    assert!(last.is_none(), "what a colleague texts back is no answer of a customer's");
}

#[tokio::test]
async fn what_comes_back_on_a_copy_changes_it_alone() {
    let world = shop(&[COPIED], "").await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    let hear = |id: DeliveryId, what: What| {
        let heard = Heard { id: "r".into(), time: world.now(), what };
        let engine = world.engine.clone();
        async move { engine.hear(id, heard).await.unwrap() }
    };
    let [ann, bob, boss] =
        <[DeliveryId; 3]>::try_from(copies(&world).iter().map(|copy| copy.id).collect::<Vec<_>>()).unwrap();
    assert!(hear(ann, What::Bounced { for_good: true, said: "550 no such user".into() }).await);
    hear(bob, What::Complained { said: "outlook".into() }).await;
    hear(bob, What::Clicked { url: "https://shop.example/".into(), by_machine: false }).await;
    hear(boss, What::Replied { unsubscribes: true, by_machine: false }).await;
    assert_eq!(words(&world)[0], "inbox-check/Ann at Gmail seed1@gmail.example bounced");
    assert_eq!(words(&world)[1..], SENT[1..]);
    let counts = world.engine.senders().unwrap()[0].counts;
    assert_eq!((counts.messages, counts.bounces, counts.complaints), (1, 0, 0));
    assert!(world.read(|read| read.feedback_counts("offer")).is_empty());
    assert!(world.read(|read| read.suppression("email", "seed1@gmail.example")).is_none());
    assert!(world.read(|read| read.consents("email", "boss@shop.example")).is_empty());
    assert_eq!(world.people().len(), 1);
    assert!(world.engine.standing(boss).unwrap().is_none(), "its links lead to no page of preferences");
}

#[tokio::test]
async fn a_copy_is_refused_without_harm_and_held_with_the_others() {
    let sink = Sink::start(Mood::RefusesByCode).await;
    let world = World::sending_to(&[SEEDS, COPIED], Some(sink.addr)).await;
    world.engine.launch("offer").await.unwrap();
    world.engine.set_switch("offer", true).await.unwrap();
    world.serve().await;
    assert!(copies(&world).iter().all(|copy| copy.state.as_str() == "held"));
    world.engine.set_switch("offer", false).await.unwrap();
    world.serve().await;
    assert!(copies(&world).iter().all(|copy| copy.state.as_str() == "failed"));
    assert_eq!(world.engine.senders().unwrap()[0].counts, Default::default());
    assert!(world.read(|read| read.suppression("email", "boss@shop.example")).is_none());
}

#[tokio::test]
async fn a_copy_is_paid_for_though_nothing_is_left_for_customers() {
    let budget = "\"The Shop <hello@shop.example>\", cost: 0.01 USD }\nbudgets: [{ name: mail, max: 0.03 USD, per: day }]\n";
    let mut files = files(&[SEEDS, COPIED]);
    files[0].text = files[0].text.replace("\"The Shop <hello@shop.example>\" }\n", budget);
    let world = World::of(files).await;
    world.tell([subscriber("ann@x.org")]).await;
    let preview = world.preview("offer");
    let cost = preview.cost.unwrap();
    assert_eq!(
        (preview.copies, cost.copies.messages, cost.copies.amount.to_string()),
        (3, 3, "0.03 USD".into())
    );
    assert_eq!((cost.messages, cost.short[0].messages), (1, 0), "copies go first");
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert_eq!(words(&world), SENT);
    assert_eq!(world.states(), ["queued"], "the copies have cost what there was");
    let report = world.engine.budgets().unwrap().remove(0);
    assert_eq!((report.spent.to_string(), report.messages), ("0.03 USD".into(), 3));
}

/// The shop whose messages cost a cent each, with a budget of so much a day.
async fn priced(documents: &[&str], max: &str) -> World {
    let mut all = vec![SEEDS];
    all.extend(documents);
    let mut files = files(&all);
    let said = format!(
        "letters: {{ from: \"The Shop\\n1 Quay\", cost: 0.01 USD }}\n\
         budgets: [{{ name: all, max: {max}, per: day }}]\nemail: {{ cost: 0.01 USD,"
    );
    files[0].text = files[0].text.replacen("email: {", &said, 1);
    World::of(files).await
}

fn spent(world: &World) -> (String, u64) {
    let report = world.engine.budgets().unwrap().remove(0);
    (report.spent.to_string(), report.messages)
}

fn sent(deliveries: &[Delivery]) -> usize {
    deliveries.iter().filter(|one| one.state.as_str() == "sent").count()
}

#[tokio::test]
async fn copies_wait_for_a_budget_as_their_customers_do() {
    let world = priced(&[COPIED], "0.02 USD").await;
    world.tell([subscriber("ann@x.org")]).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert_eq!((sent(&copies(&world)), world.states()), (2, vec!["queued"]), "copies are due first");
    assert_eq!(spent(&world), ("0.02 USD".into(), 2), "and pass no budget");
    let waits = copies(&world).pop().unwrap().reason.unwrap();
    assert!(waits.starts_with("waits for the budget `all`"), "{waits}");
    let world = world.restarted(None);
    world.after(DAY).await;
    assert_eq!((sent(&copies(&world)), world.states()), (3, vec!["sent"]));
}

#[tokio::test]
async fn copies_of_a_step_do_not_go_out_while_its_customers_wait() {
    let world = priced(&[CART_COPIED], "0 USD").await;
    world.tell([subscriber("ann@x.org"), cart("c1", "ann@x.org")]).await;
    world.after(45 * MINUTE).await;
    assert_eq!((sent(&copies(&world)), world.states()), (0, vec!["queued"]));
    assert_eq!(copies(&world).len(), 2);
    assert!(world.mailed().is_empty());
    assert_eq!(spent(&world), ("0.00 USD".into(), 0));
}

#[tokio::test]
async fn a_print_run_has_no_copies_that_its_budget_does_not_pay() {
    let world = priced(&[WELCOME], "0.01 USD").await;
    world
        .tell([
            identify("live bea")
                .by("email", "bea@x.org")
                .traits(
                    json!({ "first_name": "bea", "last_name": "Carter", "street": "1 Elm", "city": "Boston",
                                "state": "MA", "postal_code": "02134" }),
                )
                .about_letters("offers", Granted),
            track("m bea", "Moved In").by("email", "bea@x.org").with(json!({ "move": "bea" })),
        ])
        .await;
    world.serve().await;
    let looked = preview_letters(&world).await;
    assert_eq!((looked.letters, looked.copies), (1, 0));
    assert_eq!(print(&world).await.run.unwrap().letters, 1);
    assert_eq!((spent(&world), world.states()), (("0.01 USD".into(), 1), vec!["sent"]));
    let left_out = copies(&world).pop().unwrap();
    assert_eq!(left_out.state.as_str(), "cancelled");
    assert!(left_out.reason.unwrap().starts_with("waits for the budget `all`"));
}

#[tokio::test]
async fn who_is_taken_off_the_list_gets_no_copy_any_more() {
    let world = World::new(&[SEEDS, COPIED]).await;
    world.engine.launch("offer").await.unwrap();
    let fewer = SEEDS.replace("name: The manager", "name: Somebody else");
    world.apply(&[&fewer, COPIED]).await;
    world.serve().await;
    let manager = copies(&world).pop().unwrap();
    assert_eq!(manager.state.as_str(), "cancelled");
    assert_eq!(
        manager.reason.as_deref(),
        Some("the seed colleagues/The manager is not in its list any more")
    );
}

/// A print run has a decoy beside the letters, once for each of what is printed.
#[tokio::test]
async fn a_print_run_has_the_copies_of_what_it_prints() {
    let world = shop(&[WELCOME], "").await;
    let resident = |name: &str| {
        let home = json!({ "first_name": name, "last_name": "Carter", "street": "1 Elm", "city": "Boston", "state": "MA",
                           "postal_code": "02134" });
        let email = format!("{name}@x.org");
        [
            identify(format!("live {name}"))
                .by("email", &email)
                .traits(home)
                .about_letters("offers", Granted),
            track(format!("m {name}"), "Moved In").by("email", &email).with(json!({ "move": name })),
        ]
    };
    for name in ["bea", "carl"] {
        world.tell(resident(name)).await;
    }
    world.serve().await;
    assert!(copies(&world).is_empty(), "letters have theirs when they are printed");
    // A run that dies before its files are whole has printed nobody, and no decoy either.
    print(&world).await;
    let world = world.crashed(
        "UPDATE print_runs SET finished = NULL, id = id + 1; UPDATE printed SET run = run + 1;
         UPDATE deliveries SET state = 'sending';",
    );
    assert_eq!(words(&world), ["inbox-check/Ann at Gmail ann, decoy ln 1, boston, ma 02134, us cancelled"]);
    let looked = preview_letters(&world).await;
    assert_eq!((looked.letters, looked.copies), (2, 1));
    let report = print(&world).await;
    let run = report.run.unwrap();
    assert_eq!(run.letters, 3);
    let csv = std::fs::read_to_string(world.engine.print_file(run.id, LetterFile::Letters).unwrap()).unwrap();
    let decoys = csv.split("\r\n").filter(|row| row.contains("1 Decoy Lane")).count();
    assert_eq!(decoys, 1, "{csv}");
    assert!(csv.contains("Dear Ann, welcome to Boston."), "{csv}");
    assert_eq!(words(&world)[1..], ["inbox-check/Ann at Gmail ann, decoy ln 1, boston, ma 02134, us sent"]);
    assert_eq!(world.states(), ["sent", "sent"]);
    assert_eq!(print(&world).await.run, None, "no run is made of decoys alone");
    // The next run that prints something has its own, as far as it can be made.
    world.tell(resident("dora")).await;
    world.serve().await;
    assert_eq!(print(&world).await.run.unwrap().letters, 2);
    let world = shop_again(world, &SEEDS.replace("traits: { first_name: Ann }", "")).await;
    world.tell(resident("eve")).await;
    world.serve().await;
    let looked = preview_letters(&world).await;
    assert_eq!((looked.letters, looked.copies), (1, 0), "the copy cannot be made");
    assert_eq!(print(&world).await.run.unwrap().letters, 1);
    let failed = copies(&world).pop().unwrap();
    assert_eq!(failed.state.as_str(), "failed");
    assert!(failed.reason.unwrap().contains("first_name"));
}

#[tokio::test]
async fn a_copy_that_people_of_the_house_found_is_counted_nowhere_either() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    let world = World::sending_to(&[SEEDS, COPIED], Some(sink.addr)).await;
    world.engine.launch("offer").await.unwrap();
    world.serve().await;
    assert!(copies(&world).iter().all(|copy| copy.state.as_str() == "unknown"));
    let all = Resolving { program: Some("offer".into()), ..Resolving::default() };
    world.engine.resolve_deliveries(all, WhatBecame::Sent, "we have it".into()).await.unwrap();
    assert!(copies(&world).iter().all(|copy| copy.state.as_str() == "sent"));
    assert_eq!(world.engine.senders().unwrap()[0].counts, Default::default());
}
