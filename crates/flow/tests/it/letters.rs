//! Letters: they wait for a print run, which prints each once and loses none.

use crate::world::*;
use crowsnest_channels::letter::TooLongLines;
use crowsnest_flow::outward::{Heard, LetterFile, PrintPreview, PrintReport, Residents, What};
use crowsnest_model::ConsentStatus::{Granted, Withdrawn};
use crowsnest_store::Page;
use serde_json::{Value, json};

const WELCOME: &str = r#"
program: welcome
trigger: { event: Moved In }
occasion: event.properties.move
steps:
  - send: { channel: letter, template: hello, topic: offers }
---
template: hello
channel: letter
text: "Dear {{ profile.first_name }},\n\nwelcome to {{ profile.city }}. {{ organisation.title }}"
"#;

const HOUSE: &str = "identity: people\nnamespaces:\n  account: { priority: 1, household: true }\n";

async fn world(letters: &str, documents: &[&str]) -> World {
    let mut all = files(documents);
    all[0].text = all[0].text.replace(
        "currency: USD\n",
        &format!("currency: USD\nletters:\n  from: \"The Shop\\n1 Quay\"\n{letters}"),
    );
    World::of(all).await
}

fn resident(name: &str) -> Touch {
    identify(format!("live {name}")).by("email", &mail(name)).traits(home(name, "1 Elm"))
}

fn mail(name: &str) -> String {
    format!("{}@x.org", name.to_lowercase())
}

fn home(name: &str, street: &str) -> Value {
    json!({ "first_name": name, "last_name": "Carter", "street": street, "city": "Boston", "state": "MA",
            "postal_code": "02134" })
}

fn moved(id: &str, name: &str) -> Touch {
    track(id, "Moved In").by("email", &mail(name)).with(json!({ "move": id }))
}

/// Who agreed to letters and is to get one.
async fn welcome(world: &World, name: &str) {
    world.tell([resident(name).about_letters("offers", Granted), moved(&format!("m {name}"), name)]).await;
    world.serve().await;
}

async fn print(world: &World) -> PrintReport {
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.print_letters(None)).await.unwrap().unwrap()
}

async fn preview(world: &World) -> PrintPreview {
    let engine = world.engine.clone();
    tokio::task::spawn_blocking(move || engine.preview_letters(None)).await.unwrap().unwrap()
}

/// A print run that printed nothing, since all that was due was left out for these reasons.
fn nothing(left_out: &[(&str, u64)]) -> PrintReport {
    let left_out = left_out.iter().map(|(reason, times)| ((*reason).to_owned(), *times)).collect();
    PrintReport { run: None, left_out, unmade: Vec::new(), too_long: TooLongLines::default() }
}

/// The lines of the letters of a print run, without those of the heading.
fn rows(world: &World, report: &PrintReport) -> Vec<String> {
    let id = report.run.as_ref().expect("something was printed").id;
    let csv = std::fs::read_to_string(world.engine.print_file(id, LetterFile::Letters).unwrap()).unwrap();
    csv.split("\r\n").skip(1).filter(|row| !row.is_empty()).map(str::to_owned).collect()
}

fn reasons(world: &World) -> Vec<String> {
    let words = |delivery: crowsnest_model::delivery::Delivery| {
        format!("{}: {}", delivery.state, delivery.reason.unwrap_or_default())
    };
    world.deliveries().into_iter().map(words).collect()
}

#[tokio::test]
async fn a_letter_waits_for_a_print_run_and_is_printed_once() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    world.after(DAY).await;
    assert_eq!(world.states(), ["queued"], "nobody but a print run sends it");
    let preview = preview(&world).await;
    assert_eq!((preview.letters, preview.left_out), (1, Vec::new()));
    let report = print(&world).await;
    let rows = rows(&world, &report);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("Ann Carter,1 Elm,\"Boston, MA 02134\""), "{rows:?}");
    assert!(
        rows[0].contains("2026-03-03,\"Dear Ann,\n\nwelcome to Boston. The Shop\",welcome,hello,offers"),
        "{rows:?}"
    );
    let run = report.run.unwrap();
    assert_eq!((run.letters, run.finished), (1, Some(world.now())));
    assert_eq!(reasons(&world), [format!("sent: in print run {}", run.id)]);
    assert_eq!(world.run_words("welcome"), ["finished: all steps are done"]);
    assert_eq!(print(&world).await, nothing(&[]));
    assert_eq!(world.engine.print_runs(ALL).unwrap(), [run]);
}

#[tokio::test]
async fn it_goes_to_where_they_live_when_it_is_printed() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    world.pass(HOUR);
    world.tell([identify("new").by("email", "ann@x.org").traits(home("Ann", "9 Oak"))]).await;
    let report = print(&world).await;
    assert!(rows(&world, &report)[0].contains("9 Oak"));
    assert_eq!(world.deliveries()[0].contact, "ann carter, oak 9, boston, ma 02134, us");
}

#[tokio::test]
async fn without_an_address_there_is_no_letter_and_the_reason_says_what_is_missing() {
    let world = world("", &[WELCOME]).await;
    let half = identify("half").by("email", "ann@x.org").traits(json!({ "name": "Ann", "street": "1 Elm" }));
    world.tell([half.about_letters("offers", Granted), moved("m", "Ann")]).await;
    world.serve().await;
    assert_eq!(reasons(&world), ["suppressed: no letter address is known: it lacks a postcode and a city"]);
}

#[tokio::test]
async fn an_objection_holds_also_after_a_move_and_a_merge() {
    let world = world("  consent: unless_withdrawn\n", &[WELCOME]).await;
    world.tell([resident("Ann"), moved("first", "Ann")]).await;
    world.serve().await;
    assert_eq!(rows(&world, &print(&world).await).len(), 1, "who never objected may get one");
    world.pass(DAY);
    world.tell([identify("no").by("email", "ann@x.org").about_letters("*", Withdrawn)]).await;
    world.pass(DAY);
    world.tell([identify("new").by("email", "ann@x.org").traits(home("Ann", "9 Oak"))]).await;
    // She turns out to be whom the shop knows by a number, too.
    world.tell([identify("card").by("user_id", "u-1").traits(json!({ "points": 3 }))]).await;
    world.tell([identify("both").by("user_id", "u-1").by("email", "ann@x.org")]).await;
    world.tell([moved("second", "Ann")]).await;
    world.serve().await;
    assert_eq!(print(&world).await.run, None);
    assert_eq!(reasons(&world)[1], "suppressed: withdrew consent to everything by letter");
    assert_eq!(world.people().len(), 1);
}

#[tokio::test]
async fn who_never_agreed_gets_none_unless_the_workspace_says_so() {
    let world = world("", &[WELCOME]).await;
    world.tell([resident("Ann"), moved("m", "Ann")]).await;
    world.serve().await;
    let report = print(&world).await;
    assert_eq!(report.left_out, [("never agreed to offers by letter".to_owned(), 1)]);
    assert_eq!(world.states(), ["suppressed"]);
}

#[tokio::test]
async fn a_household_gets_one_and_a_service_letter_each() {
    let each =
        WELCOME.replace("program: welcome", "program: service").replace("topic: offers", "topic: orders");
    let each = each.split("---").next().unwrap().replace("Moved In", "Served");
    let world = world("", &[WELCOME, &each, HOUSE]).await;
    for name in ["Ann", "Bob"] {
        let of_account = resident(name).by("account", "A-1").about_letters("offers", Granted);
        let served =
            track(format!("s {name}"), "Served").by("email", &mail(name)).with(json!({ "move": name }));
        world.tell([of_account, moved(&format!("m {name}"), name), served]).await;
    }
    world.serve().await;
    let preview = preview(&world).await;
    let report = print(&world).await;
    assert_eq!((preview.letters, &preview.left_out), (3, &report.left_out));
    let rows = rows(&world, &report);
    let of = |program: &str| rows.iter().filter(|row| row.contains(&format!(",{program},hello"))).count();
    assert_eq!((of("welcome"), of("service")), (1, 2), "{rows:?}");
    let ann = world.person("email", "ann@x.org").id;
    assert_eq!(report.left_out, [(format!("the household gets it by the letter to {ann}"), 1)]);
}

/// What a process leaves that dies with a print run on its way.
const DIED: &str = "UPDATE deliveries SET state = 'sending', reason = 'attempt 1' WHERE channel = 'letter';
    INSERT INTO print_runs (id, started, letters) VALUES (77, 1, 0);
    INSERT INTO printed SELECT id, 77, NULL FROM deliveries WHERE channel = 'letter';";

#[tokio::test]
async fn what_was_not_printed_when_the_process_died_waits_for_the_next_print_run() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    let part = world.folder.path().join("letters/.prn_77.part");
    std::fs::create_dir_all(&part).unwrap();
    let world = world.crashed(DIED);
    assert_eq!(world.states(), ["queued"]);
    let report = print(&world).await;
    assert_eq!(rows(&world, &report).len(), 1);
    assert_eq!(world.engine.print_runs(ALL).unwrap().len(), 1, "nothing is left of the one that died");
}

#[tokio::test]
async fn what_was_printed_when_the_process_died_is_settled_and_not_printed_again() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    let report = print(&world).await;
    let id = report.run.as_ref().unwrap().id;
    let world = world.crashed(
        "UPDATE deliveries SET state = 'sending', reason = 'attempt 1' WHERE channel = 'letter';
         UPDATE print_runs SET finished = NULL, letters = 0;",
    );
    assert_eq!(reasons(&world), [format!("sent: in print run {id}")]);
    assert_eq!(world.engine.print_run(id).unwrap().letters, 1);
    assert_eq!(print(&world).await.run, None);
}

#[tokio::test]
async fn files_that_cannot_be_written_leave_the_letters_waiting() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    let blocked = world.folder.path().join("letters");
    std::fs::write(&blocked, "a file where the folder should be").unwrap();
    let engine = world.engine.clone();
    let refused = tokio::task::spawn_blocking(move || engine.print_letters(None)).await.unwrap().unwrap_err();
    assert!(refused.to_string().contains("they wait for the next print run"), "{refused}");
    assert_eq!(world.states(), ["queued"]);
    std::fs::remove_file(&blocked).unwrap();
    assert_eq!(rows(&world, &print(&world).await).len(), 1);
}

/// The welcome letter, which cannot be made for Bob.
fn without_bob() -> String {
    WELCOME.replace(
        "welcome to {{ profile.city }}.",
        "{% if profile.first_name == 'Bob' %}{{ profile.nick }}{% endif %}",
    )
}

#[tokio::test]
async fn a_letter_that_cannot_be_made_is_named_and_printed_once_it_can() {
    let world = world("", &[&without_bob()]).await;
    welcome(&world, "Bob").await;
    welcome(&world, "Ann").await;
    let expected = preview(&world).await;
    let report = print(&world).await;
    assert_eq!((expected.letters, &expected.left_out), (1, &report.left_out));
    assert_eq!(rows(&world, &report).len(), 1);
    assert_eq!((&expected.unmade, report.unmade.len()), (&report.unmade, 1));
    let unmade = &report.unmade[0];
    assert_eq!(unmade.profile, world.person("email", "bob@x.org").id);
    assert!(unmade.reason.contains("nick"), "{unmade:?}");
    assert_eq!(world.states(), ["queued", "sent"]);
    assert!(reasons(&world)[0].contains("the next print run tries again"), "{:?}", reasons(&world));
    world.pass(DAY);
    assert_eq!(print(&world).await.unmade.len(), 1, "nothing was mended");
    world.pass(DAY);
    world.tell([identify("nick").by("email", "bob@x.org").traits(json!({ "nick": "Bobby" }))]).await;
    assert_eq!(preview(&world).await.letters, 1);
    assert!(rows(&world, &print(&world).await)[0].contains("Bobby"));
    assert_eq!(world.states(), ["sent", "sent"]);
}

#[tokio::test]
async fn a_letter_that_cannot_be_made_expires_and_costs_nothing() {
    let mortal = without_bob().replace("{ event: Moved In }", "{ event: Moved In, ttl: 3d }");
    let letters = "  cost: 0.85 USD\nbudgets: [{ name: post, per: day, max: 1 USD }]\n";
    let world = world(letters, &[&mortal]).await;
    welcome(&world, "Bob").await;
    assert_eq!(print(&world).await.run, None);
    assert_eq!(world.engine.budgets().unwrap()[0].messages, 0);
    world.after(4 * DAY).await;
    assert!(reasons(&world)[0].starts_with("expired: its time to live ran out; before that: the letter"));
}

#[tokio::test]
async fn another_of_the_household_gets_it_when_the_first_cannot_be_made() {
    let world = world("", &[&without_bob(), HOUSE]).await;
    for name in ["Bob", "Ann", "Eve"] {
        let of_account = resident(name).by("account", "A-1").about_letters("offers", Granted);
        world.tell([of_account, moved(&format!("m {name}"), name)]).await;
    }
    world.serve().await;
    let expected = preview(&world).await;
    let report = print(&world).await;
    assert_eq!((expected.letters, &expected.left_out), (1, &report.left_out));
    assert!(rows(&world, &report)[0].contains("Ann Carter"));
    assert_eq!(world.states(), ["queued", "sent", "suppressed"]);
}

#[tokio::test]
async fn two_spellings_are_one_address_and_what_is_printed_stays_as_it_was_written() {
    let world = world("", &[WELCOME]).await;
    let written = [
        json!({ "street": "77 Pine Rd Apt 4", "state": "Illinois", "postal_code": "60614-1234" }),
        json!({ "street": "77 Pine Road", "street2": "#4", "state": "IL", "postal_code": "60614" }),
        json!({ "street": "Apt. 4, 77 pine road", "state": "il", "postal_code": "60614" }),
    ];
    let mut contacts = Vec::new();
    for (index, mut traits) in written.into_iter().enumerate() {
        (traits["first_name"], traits["last_name"]) = (json!("Ann"), json!("Carter"));
        traits["city"] = json!("Saint Louis");
        let (by, id) = (format!("a{index}@x.org"), format!("{index}"));
        let resident = identify(format!("live {id}")).by("email", &by).traits(traits);
        let moved = track(format!("m {id}"), "Moved In").by("email", &by).with(json!({ "move": id }));
        world.tell([resident.about_letters("offers", Granted), moved]).await;
        world.serve().await;
        let profile = world.person("email", &by);
        contacts.push(world.engine.live().contact(&profile, "letter").unwrap());
    }
    assert_eq!(contacts, vec!["ann carter, pine rd 77 # 4, st louis, il 60614, us"; 3]);
    let asked = |line: &str| {
        let contact = world.engine.letter_contact(line).unwrap();
        (contact.clone(), world.engine.residents(&contact).unwrap())
    };
    for line in [
        contacts[0].as_str(),
        "Ann Carter, 77 Pine Road, Apartment 4, St. Louis, Illinois 60614",
        "ANN CARTER\n77 Pine Rd. #4\nSaint Louis, IL 60614-1234\nUSA",
    ] {
        assert_eq!(asked(line), (contacts[0].clone(), Residents { people: 3, nearest: None }), "{line}");
    }
    let (slip, nobody) = asked("Ann Carter, 78 Pine Rd, St Louis, IL 60614");
    assert_eq!(nobody, Residents { people: 0, nearest: Some(contacts[0].clone()) }, "{slip}");
    assert_eq!(world.engine.letter_contact("Ann Carter"), None, "a name alone is nobody's address");
    world.engine.set_suppression("letter", &contacts[0], Some("asked for".into())).await.unwrap();
    let report = print(&world).await;
    assert_eq!(report, nothing(&[("the letter address is suppressed: asked for", 3)]));
    world.engine.set_suppression("letter", &contacts[0], None).await.unwrap();
    let again = track("again", "Moved In").by("email", "a0@x.org").with(json!({ "move": "again" }));
    world.pass(DAY);
    world.tell([again]).await;
    world.serve().await;
    assert_eq!(reasons(&world)[3], "queued: ");
    assert!(rows(&world, &print(&world).await)[0].contains(",77 Pine Rd Apt 4,"));
}

#[tokio::test]
async fn a_contact_point_means_itself() {
    let world = world("", &[WELCOME]).await;
    for line in [
        "Eva Weiß, Dorfstraße 3a, 2. OG, 50667 Köln, DE",
        "Eva, Hauptstr. 12-14, D-10115 Berlin, Deutschland",
        "Jo, Rose House, 45 London Road, York, YO1 7HH, UK",
        "Jo, 45 London Road, Rose House, York, YO1 7HH, UK",
        "Jo, 12 Main Street, Dublin 4, Ireland",
        "Luc, 12, rue de la Paix, 75002 Paris, France",
        "Bo, PO Box 12, Boston, MA 02134",
        "Bo, 3rd Floor, 12 N. Michigan Ave., Chicago, IL 60611",
        "Bo, 1 Elm, Sydney NSW 2000, Australia",
        "李, 上海路 5, 200000 上海, CN",
    ] {
        let contact = world.engine.letter_contact(line).unwrap();
        assert_eq!(world.engine.letter_contact(&contact), Some(contact.clone()), "{line}");
    }
}

#[tokio::test]
async fn a_kill_switch_and_the_time_to_live_hold_letters_back() {
    let mortal = WELCOME.replace("{ event: Moved In }", "{ event: Moved In, ttl: 3d }");
    let world = world("", &[&mortal]).await;
    welcome(&world, "Ann").await;
    world.engine.set_switch("welcome", true).await.unwrap();
    assert_eq!(print(&world).await.run, None);
    assert_eq!(world.states(), ["held"]);
    world.engine.set_switch("welcome", false).await.unwrap();
    assert_eq!(world.states(), ["queued"]);
    world.after(4 * DAY).await;
    assert_eq!(world.states(), ["expired"]);
    assert_eq!(print(&world).await, nothing(&[]));
}

#[tokio::test]
async fn what_comes_back_suppresses_the_address_until_they_move() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    print(&world).await;
    let delivery = world.deliveries()[0].id;
    let what = What::Bounced { for_good: true, said: "moved".into() };
    let heard = Heard { id: "r-1".into(), time: world.now(), what };
    assert!(world.engine.hear(delivery, heard.clone()).await.unwrap());
    assert!(!world.engine.hear(delivery, heard).await.unwrap(), "the same is heard once");
    assert_eq!(reasons(&world), ["bounced: moved"]);
    world.tell([moved("again", "Ann")]).await;
    world.serve().await;
    assert_eq!(
        print(&world).await.left_out,
        [("the letter address is suppressed: it bounced: moved".to_owned(), 1)]
    );
    world.pass(HOUR);
    world
        .tell([identify("new").by("email", "ann@x.org").traits(home("Ann", "9 Oak")), moved("there", "Ann")])
        .await;
    world.serve().await;
    assert_eq!(rows(&world, &print(&world).await).len(), 1);
}

#[tokio::test]
async fn letters_are_printed_at_the_workspaces_times_also_late_and_once() {
    // Monday 9:00 UTC is 3:00 in Chicago.
    let world = world("  print: { days: [monday, thursday], at: \"06:00\" }\n", &[WELCOME]).await;
    let due = |world: &World| {
        let engine = world.engine.clone();
        async move { tokio::task::spawn_blocking(move || engine.print_if_due()).await.unwrap().unwrap() }
    };
    welcome(&world, "Ann").await;
    assert_eq!(due(&world).await, None, "times that are new count from now on");
    world.pass(3 * HOUR - 1);
    assert_eq!(due(&world).await, None);
    world.pass(1);
    assert_eq!(due(&world).await.and_then(|report| report.run).map(|run| run.letters), Some(1));
    assert_eq!(due(&world).await, None, "once");
    welcome(&world, "Bob").await;
    // It did not run on Thursday.
    world.pass(5 * DAY);
    let world = world.restarted(None);
    assert_eq!(due(&world).await.and_then(|report| report.run).map(|run| run.letters), Some(1));
    assert_eq!(due(&world).await, None);
}

const RETURNS: &str = r#"
source: post
feeds:
  returned:
    format: csv
    row_id: item
    feedback:
      delivery: letter
      what: { field: code, bounced_for_good: [moved, unknown], complained: refused }
      said: note
"#;

#[tokio::test]
async fn returns_come_back_by_feed_and_the_same_file_changes_nothing() {
    let world = world("", &[WELCOME, RETURNS]).await;
    for name in ["Ann", "Bob"] {
        welcome(&world, name).await;
    }
    print(&world).await;
    let ids: Vec<String> = world.deliveries().iter().map(|delivery| delivery.id.to_string()).collect();
    let file = format!(
        "item,letter,code,note\n1,{},Moved,gone since May\n2,{},refused,\n3,dlv_0sa44z8wg0004,moved,\n4,{},eaten,\n5,x,moved,\n",
        ids[0], ids[1], ids[0]
    );
    let import = |world: &World| {
        let (engine, file) = (world.engine.clone(), file.clone());
        async move {
            let read =
                move || engine.import(file.as_bytes(), "post", "returned", &Default::default(), |_| {});
            let record = tokio::task::spawn_blocking(read).await.unwrap().unwrap();
            (record.rows, record.accepted, record.duplicates, record.quarantined)
        }
    };
    world.pass(DAY);
    assert_eq!(import(&world).await, (5, 2, 0, 3));
    let open = world.read(|read| read.quarantine(Some("post"), None, ALL));
    let mut why: Vec<&str> = open.iter().map(|item| item.rejection.reason.as_str()).collect();
    why.sort_unstable();
    assert_eq!(why.len(), 3);
    assert_eq!(why[0], "`code`: `eaten` is not among `moved`, `refused`, `unknown`");
    assert_eq!(why[2], "`letter`: there is no message dlv_0sa44z8wg0004");
    assert_eq!(world.states(), ["bounced", "sent"]);
    assert_eq!(reasons(&world)[0], "bounced: gone since May");
    let again = import(&world).await;
    assert_eq!((again.1, again.2), (0, 2), "the same file again");
    // Whoever sent one back unopened wants no more, wherever they live.
    world
        .tell([identify("new").by("email", "bob@x.org").traits(home("Bob", "9 Oak")), moved("b2", "Bob")])
        .await;
    world.serve().await;
    assert_eq!(print(&world).await.left_out, [("withdrew consent to everything by letter".to_owned(), 1)]);
}

#[tokio::test]
async fn an_objection_that_came_back_is_of_both_when_they_are_told_apart() {
    let world = world("  consent: unless_withdrawn\n", &[WELCOME]).await;
    let ann = identify("ann").by("user_id", "u1").traits(home("Ann", "1 Elm"));
    let bea = identify("bea").by("loyalty_id", "l2").traits(home("Bea", "2 Oak"));
    world
        .tell([
            ann,
            track("a-seen", "Seen").by("user_id", "u1"),
            bea,
            track("b-seen", "Seen").by("loyalty_id", "l2"),
        ])
        .await;
    let absorbed = [world.person("user_id", "u1").id, world.person("loyalty_id", "l2").id];
    world.pass(HOUR);
    world.tell([identify("one").by("user_id", "u1").by("loyalty_id", "l2")]).await;
    let one = world.person("user_id", "u1").id;
    world.tell([track("in", "Moved In").by("user_id", "u1").with(json!({ "move": "1" }))]).await;
    world.serve().await;
    print(&world).await;
    let delivery = world.deliveries()[0].id;
    world.pass(DAY);
    let heard =
        Heard { id: "r".into(), time: world.now(), what: What::Complained { said: "refused".into() } };
    assert!(world.engine.hear(delivery, heard).await.unwrap());
    let consents = world.read(|read| read.consents("letter", &one.to_string()));
    let evidence = consents[0].evidence.as_deref().unwrap();
    assert!(evidence.starts_with("refused the letter"), "{evidence}");
    let other = absorbed.into_iter().find(|id| *id != one).unwrap();
    let by = crowsnest_flow::SplitBy::Merged(other);
    world.engine.split(one, by, "two people, they said".into(), false).await.unwrap();
    assert_eq!(world.people().len(), 2);
    world.pass(DAY);
    for (namespace, user) in [("user_id", "u1"), ("loyalty_id", "l2")] {
        let here = track(format!("later {user}"), "Moved In").by(namespace, user);
        world.tell([here.with(json!({ "move": user }))]).await;
    }
    world.serve().await;
    assert_eq!(print(&world).await, nothing(&[("withdrew consent to everything by letter", 2)]));
}

#[tokio::test]
async fn letters_cost_what_they_cost_and_wait_for_their_budget() {
    let letters = "  cost: 0.85 USD\nbudgets: [{ name: post, per: day, max: 1 USD, channel: letter }]\n";
    let world = world(letters, &[WELCOME]).await;
    for name in ["Ann", "Bob"] {
        welcome(&world, name).await;
    }
    let report = print(&world).await;
    assert_eq!(rows(&world, &report).len(), 1);
    assert_eq!(world.states(), ["sent", "queued"]);
    let standing = world.engine.budgets().unwrap().remove(0);
    assert_eq!((standing.spent.to_string(), standing.messages), ("0.85 USD".into(), 1));
    world.pass(DAY);
    print(&world).await;
    assert_eq!(world.states(), ["sent", "sent"]);
}

/// Who said stop is never sent to again because a release spells addresses otherwise.
#[tokio::test]
async fn a_stop_in_an_older_spelling_still_holds() {
    let world = world("", &[WELCOME]).await;
    welcome(&world, "Ann").await;
    let contact = world.deliveries().remove(0).contact;
    let older = contact.replace(", ma ", ", massachusetts ");
    assert_ne!(older, contact);
    // As an older version left it, with so many others that they are not spelt in one commit; it died after the first of them.
    let mut sql = format!(
        "INSERT INTO suppressions VALUES ('letter', '{older}', 'asked for', 1), ('email', 'Bob@X.org', 'asked for', 1),
             ('email', 'no address', 'asked for', 1);
         INSERT OR REPLACE INTO settings VALUES ('suppressions-spelt', '0');"
    );
    for index in 0..1_200 {
        sql += &format!("INSERT INTO suppressions VALUES ('email', 'Many{index}@X.org', 'asked for', 1);");
    }
    let world = world.crashed(&sql);
    let suppressed = |world: &World, channel: &str, contact: &str| {
        world.read(|read| read.suppression(channel, contact)).map(|found| found.reason)
    };
    let asked = Some("asked for".to_owned());
    let all = Page { limit: 5_000, offset: 0 };
    assert_eq!(
        world.read(|read| read.suppressions(None, all)).len(),
        1_203,
        "none is lost, and none is there twice"
    );
    for contact in ["bob@x.org", "many0@x.org", "many1199@x.org", "no address"] {
        assert_eq!(suppressed(&world, "email", contact), asked, "{contact}");
    }
    assert_eq!(suppressed(&world, "letter", &contact), asked);
    assert_eq!(print(&world).await, nothing(&[("the letter address is suppressed: asked for", 1)]));
    // It is done once: what is lifted stays lifted.
    assert!(world.engine.set_suppression("letter", &contact, None).await.unwrap());
    let world = world.crashed("UPDATE settings SET value = '0' WHERE name = 'suppressions-spelt'");
    assert_eq!(suppressed(&world, "letter", &contact), None);
    // A process that died in between goes on where it was.
    let world = world.crashed(
        "INSERT INTO suppressions VALUES ('sms', '+1 312 555 0142', 'asked for', 1);
         UPDATE settings SET value = '1 after 500' WHERE name = 'suppressions-spelt'",
    );
    assert_eq!(suppressed(&world, "sms", "+13125550142"), asked);
}
