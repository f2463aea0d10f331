//! Lines and their ways: what is down is left alone, costs nobody a try, and gives way to the next.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::outward::WayState;
use crowsnest_workspace::SourceFile;

/// Nobody listens there.
const NOBODY: &str = "{ name: first, host: 127.0.0.1, port: 1, security: none }";

async fn offer_to(sink: &Sink, people: usize) -> World {
    let world = World::sending_to(&[OFFER], Some(sink.addr)).await;
    everybody(&world, people).await;
    world
}

async fn everybody(world: &World, people: usize) {
    let people: Vec<String> = (0..people).map(|number| format!("p{number}@x.org")).collect();
    world.tell(people.iter().map(|address| subscriber(address))).await;
    world.engine.launch("offer").await.unwrap();
}

fn ways(world: &World) -> Vec<WayState> {
    let standing = world.dispatcher.standing().unwrap();
    standing.into_iter().find(|line| line.count.line.as_str() == "email").unwrap().ways
}

fn waiting(world: &World) -> (u64, u64) {
    let standing = world.dispatcher.standing().unwrap();
    let email = standing.into_iter().find(|line| line.count.line.as_str() == "email").unwrap();
    (email.count.queued, email.count.due)
}

#[tokio::test]
async fn a_server_that_is_down_is_left_alone_then_tried_by_one_and_costs_no_attempt() {
    let sink = Sink::start(Mood::Away).await;
    let world = offer_to(&sink, 100).await;
    world.serve().await;
    assert!(sink.visited() <= 64, "what was on the line when it was closed, and no more: {}", sink.visited());
    assert!(world.deliveries().iter().all(|delivery| delivery.attempts == 0));
    let way = ways(&world).remove(0);
    assert_eq!(
        (way.way.as_str(), way.closed, way.until),
        ("email:mailbox", Some(START), Some(START.plus(crowsnest_model::Duration::seconds(30))))
    );
    assert!(way.fault.unwrap().1.contains("421 nobody is in"));
    assert!(waiting(&world).0 == 100 && waiting(&world).1 >= 36, "{:?}", waiting(&world));
    let visited = sink.visited();
    world.after(MINUTE / 2 - 1).await;
    assert_eq!(sink.visited(), visited);
    world.after(1).await;
    assert_eq!(sink.visited(), visited + 1, "one tries");
    world.after(MINUTE - 1).await;
    assert_eq!(sink.visited(), visited + 1, "twice as long");
    sink.becomes(Mood::Takes);
    world.after(1).await;
    world.after(MINUTE).await;
    assert_eq!(world.states(), vec!["sent"; 100]);
    assert!(world.deliveries().iter().all(|delivery| delivery.attempts == 1));
    assert_eq!(ways(&world)[0].closed, None);
}

#[tokio::test]
async fn a_line_that_was_closed_by_a_clock_that_was_ahead_is_tried_at_once() {
    let hello = "program: hello\ntrigger: { event: Signed Up }\nsteps:\n  \
                 - send: { channel: email, template: letter, topic: offers }\n";
    let sink = Sink::start(Mood::Away).await;
    let world = World::sending_to(&[OFFER, hello], Some(sink.addr)).await;
    world.pass(DAY);
    everybody(&world, 10).await;
    world.serve().await;
    assert!(ways(&world)[0].closed.is_some());
    world.pass(-DAY);
    sink.becomes(Mood::Takes);
    world.tell([subscriber("ann@x.org"), track("s", "Signed Up").by("email", "ann@x.org")]).await;
    world.serve().await;
    assert_eq!(sink.count(), 1, "it waits for tomorrow");
}

#[tokio::test]
async fn a_closed_line_is_tried_when_it_says_so_though_all_that_wait_for_it_are_due_later() {
    let sink = Sink::start(Mood::Away).await;
    let world = offer_to(&sink, 5).await;
    world.serve().await;
    let (visited, until) = (sink.visited(), ways(&world)[0].until.unwrap());
    assert_eq!((waiting(&world), until), ((5, 0), START.plus(crowsnest_model::Duration::seconds(30))));
    let dues: Vec<_> = world.deliveries().into_iter().map(|one| one.due).collect();
    assert!(dues.iter().all(|due| *due > until), "{dues:?}");
    world.after(until.since(world.now()).0 - 1).await;
    assert_eq!(sink.visited(), visited);
    world.after(1).await;
    assert_eq!(sink.visited(), visited + 1, "the one that waits longest");
    assert!(ways(&world)[0].until.unwrap() > world.now());
    sink.becomes(Mood::Takes);
    let until = ways(&world)[0].until.unwrap();
    world.after(until.since(world.now()).0).await;
    assert_eq!(world.states(), vec!["sent"; 5], "and what is due beside it, once it is well");
}

#[tokio::test]
async fn a_line_that_is_well_hurries_nobody_and_what_waits_for_something_else_tries_none() {
    let sink = Sink::start(Mood::Away).await;
    let world = World::sending_to(&[OFFER, CART], Some(sink.addr)).await;
    everybody(&world, 5).await;
    world.serve().await;
    assert!(ways(&world)[0].closed.is_some());
    world.tell([cart("c1", "p0@x.org")]).await;
    world.engine.set_switch("offer", true).await.unwrap();
    // What waited for the line is held now, and nothing else is there to try it.
    world.after(MINUTE).await;
    let visited = sink.visited();
    world.after(10 * MINUTE).await;
    assert_eq!(sink.visited(), visited, "the cart waits for its moment, not for the line");
}

#[tokio::test]
async fn what_waits_for_a_closed_line_expires_as_always_and_definitions_that_change_open_it() {
    let sink = Sink::start(Mood::Away).await;
    let world = offer_to(&sink, 6).await;
    world.serve().await;
    let visited = sink.visited();
    world.apply(&[OFFER, "topic: more\ntitle: More\n"]).await;
    world.after(MINUTE).await;
    assert_eq!(sink.visited(), visited + 1, "somebody may have put right what was wrong");
    world.after(2 * DAY).await;
    assert_eq!(world.states(), vec!["expired"; 6]);
    assert_eq!(waiting(&world), (0, 0));
}

/// The shop with these SMTP accounts.
async fn by(accounts: &str) -> World {
    let with = format!("shop.example>\", smtp: [{accounts}] }}");
    let files: Vec<SourceFile> = files(&[OFFER])
        .into_iter()
        .map(|file| SourceFile { text: file.text.replace("shop.example>\" }", &with), ..file })
        .collect();
    World::of(files).await
}

fn account(name: &str, sink: &Sink) -> String {
    format!("{{ name: {name}, host: 127.0.0.1, port: {}, security: none }}", sink.addr.port())
}

#[tokio::test]
async fn the_next_account_takes_what_the_first_does_not_within_the_same_try() {
    let second = Sink::start(Mood::Takes).await;
    let world = by(&format!("{NOBODY}, {}", account("second", &second))).await;
    everybody(&world, 40).await;
    world.serve().await;
    assert_eq!((world.states(), second.count()), (vec!["sent"; 40], 40));
    let reason = world.deliveries()[0].reason.clone().unwrap();
    assert!(reason.starts_with("second: 250 taken; before that, 127.0.0.1:1: cannot connect"), "{reason}");
    let ways = ways(&world);
    assert_eq!([&*ways[0].way, &*ways[1].way], ["email:first", "email:second"]);
    assert!(ways[0].closed.is_some() && ways[1].closed.is_none());
}

#[tokio::test]
async fn no_other_account_is_tried_when_the_first_may_have_it_or_refused_it() {
    for (mood, state) in
        [(Mood::DropsAfterDot, "unknown"), (Mood::Refuses, "failed"), (Mood::Later, "queued")]
    {
        let (first, second) = (Sink::start(mood).await, Sink::start(Mood::Takes).await);
        let world = by(&format!("{}, {}", account("first", &first), account("second", &second))).await;
        everybody(&world, 1).await;
        world.serve().await;
        assert_eq!((world.states(), second.visited()), (vec![state], 0), "{mood:?}");
        let reason = world.deliveries()[0].reason.clone().unwrap();
        assert!(reason.contains("first"), "{reason}");
    }
}

/// How many each minute from now on gets, served every second.
async fn by_minute(world: &World, sink: &Sink, minutes: usize) -> Vec<usize> {
    let mut counts = Vec::new();
    for _ in 0..minutes {
        let before = sink.count();
        for _ in 0..60 {
            world.serve().await;
            world.pass(MINUTE / 60);
        }
        counts.push(sink.count() - before);
    }
    counts
}

async fn throttled(sink: &Sink, documents: &[&str]) -> World {
    let with = format!(
        "shop.example>\", smtp: {}, throttle: [{{ domains: [x.org], per_minute: 60 }}] }}",
        account("only", sink)
    );
    let files: Vec<SourceFile> = files(documents)
        .into_iter()
        .map(|file| SourceFile { text: file.text.replace("shop.example>\" }", &with), ..file })
        .collect();
    World::of(files).await
}

#[tokio::test]
async fn mail_to_a_domain_is_paced_and_each_message_waits_once_also_over_a_restart() {
    let sink = Sink::start(Mood::Takes).await;
    let world = throttled(&sink, &[OFFER]).await;
    world.tell([subscriber("ann@elsewhere.org")]).await;
    everybody(&world, 120).await;
    world.serve().await;
    assert_eq!(sink.count(), 2, "the first of the paced, and who is elsewhere");
    let waiting = world.deliveries();
    let paced: Vec<_> = waiting.iter().filter(|delivery| delivery.state.as_str() == "queued").collect();
    assert_eq!(paced.len(), 119);
    assert!(
        paced
            .iter()
            .all(|one| one.reason.as_deref() == Some("waits its turn at x.org") && one.turn == Some(one.due))
    );
    assert_eq!(by_minute(&world, &sink, 1).await, [47]);
    let world = world.restarted(None);
    assert_eq!(by_minute(&world, &sink, 2).await, [48, 24]);
    assert_eq!(world.states(), vec!["sent"; 121]);
    for delivery in world.deliveries() {
        let log = world.read(|read| read.delivery_log(delivery.id));
        assert!(log.len() <= 4, "{log:?}");
    }
}

#[tokio::test]
async fn a_reminder_does_not_wait_behind_a_broadcast_and_a_lapsed_turn_is_taken_anew() {
    let sink = Sink::start(Mood::Takes).await;
    let world = throttled(&sink, &[OFFER, CART]).await;
    everybody(&world, 3_000).await;
    world.tell([cart("c1", "p7@x.org")]).await;
    world.pass(45 * MINUTE);
    let cart =
        |world: &World| world.deliveries().into_iter().find(|one| one.program == "cart").map(|one| one.state);
    by_minute(&world, &sink, 1).await;
    assert_eq!(cart(&world).unwrap().as_str(), "sent");
    // Nobody served for an hour: what was put off before must not come all at once.
    world.pass(HOUR);
    let minutes = by_minute(&world, &sink, 2).await;
    assert!(minutes[0] <= 6 * 48 + 2 && minutes[1] <= 50, "{minutes:?}");
}
