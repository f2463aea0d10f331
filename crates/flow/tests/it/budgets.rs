//! What messages cost, and budgets: exact, whatever happens to a message, and released when there is money again.

use crate::{
    sink::{Mood, Sink},
    world::*,
};
use crowsnest_flow::{BudgetReport, outward::WhatBecame, spent_by_program};
use crowsnest_model::Time;
use crowsnest_testkit::{Mood as Answer, Receiver};
use crowsnest_workspace::SourceFile;
use std::net::SocketAddr;

const CART_NOW: &str = r#"
program: cart
trigger: { event: Cart Updated }
occasion: event.properties.cart_id
steps:
  - send: { channel: email, template: letter, topic: offers }
"#;

const RECEIPT: &str = r#"
program: receipt
trigger: { event: Order Completed }
steps:
  - send: { channel: email, template: letter, topic: orders }
"#;

/// The shop, whose mail costs a tenth of a cent each, with these budgets.
fn shop(budgets: &str) -> Vec<SourceFile> {
    let mut files = files(&[CART_NOW, RECEIPT]);
    let from = "email: { from: \"The Shop <hello@shop.example>\" }";
    let with = format!("email: {{ from: \"The Shop <hello@shop.example>\", cost: 0.001 USD }}\n{budgets}");
    files[0].text = files[0].text.replace(from, &with);
    files
}

fn budget(max: &str, more: &str) -> Vec<SourceFile> {
    shop(&format!("budgets: [{{ name: mail, per: day, max: {max}{more} }}]"))
}

async fn world(files: Vec<SourceFile>, to: Option<SocketAddr>, carts: usize) -> World {
    let world = World::begun(files, to).await;
    for index in 0..carts {
        let email = format!("p{index}@x.org");
        world.tell([subscriber(&email), cart(&format!("c{index}"), &email)]).await;
    }
    world.serve().await;
    world
}

fn standing(world: &World) -> BudgetReport {
    world.engine.budgets().unwrap().remove(0)
}

fn counted(world: &World) -> (String, u64) {
    let standing = standing(world);
    (standing.spent.to_string(), standing.messages)
}

fn of(world: &World, state: &str) -> usize {
    world.states().iter().filter(|is| **is == state).count()
}

#[tokio::test]
async fn what_would_pass_it_waits_for_the_next_day_of_the_organisation() {
    let world = world(budget("0.1 USD", ", warn: 80%"), None, 150).await;
    assert_eq!(
        (of(&world, "sent"), of(&world, "queued"), counted(&world)),
        (100, 50, ("0.10 USD".into(), 100))
    );
    let report = standing(&world);
    assert!(report.warned);
    // Nine in the morning is three at night in Chicago, where the day began at six.
    assert_eq!((report.since, report.until), (START.minus(hours(3)), START.plus(hours(21))));
    assert_eq!(
        (report.left.to_string(), report.forecast.to_string()),
        ("0.00 USD".into(), "0.80 USD".into())
    );
    let waiting = world.deliveries().into_iter().find(|one| one.state.as_str() == "queued").unwrap();
    assert_eq!(waiting.due, report.until);
    assert_eq!(
        waiting.reason.as_deref(),
        Some("waits for the budget `mail`: it costs 0.001 USD, and of 0.10 USD a day 0.00 USD is left")
    );
    let world = world.restarted(None);
    world.after(21 * HOUR - 1).await;
    assert_eq!(of(&world, "sent"), 100);
    world.after(1).await;
    assert_eq!((of(&world, "sent"), counted(&world)), (150, ("0.05 USD".into(), 50)));
    assert!(!standing(&world).warned, "the next day is another");
}

#[tokio::test]
async fn nothing_allows_nothing_and_no_budget_is_no_limit() {
    let none = world(budget("0 USD", ""), None, 3).await;
    none.tell([order("o1", "p1@x.org")]).await;
    none.serve().await;
    assert_eq!((of(&none, "queued"), of(&none, "sent")), (3, 1), "service messages are exempt");
    assert_eq!(counted(&none), ("0.00 USD".into(), 0));
    let all = world(shop(""), None, 3).await;
    assert_eq!((of(&all, "sent"), all.engine.budgets().unwrap()), (3, vec![]));
    let service = world(budget("0 USD", ", service: true"), None, 0).await;
    service.tell([order("o1", "p1@x.org")]).await;
    service.serve().await;
    assert_eq!(of(&service, "sent"), 0, "unless it says otherwise");
}

#[tokio::test]
async fn a_budget_that_is_raised_lets_go_on_at_once() {
    let world = world(budget("0.002 USD", ""), None, 5).await;
    assert_eq!(of(&world, "sent"), 2);
    world.engine.apply(budget("0.004 USD", "")).await.unwrap();
    world.serve().await;
    assert_eq!((of(&world, "sent"), counted(&world)), (4, ("0.004 USD".into(), 4)));
    world.engine.apply(shop("")).await.unwrap();
    world.serve().await;
    assert_eq!(of(&world, "sent"), 5);
}

#[tokio::test]
async fn what_did_not_go_out_costs_nothing_and_what_may_have_does() {
    for (mood, spent) in [(Mood::Later, 0), (Mood::Refuses, 0), (Mood::DropsAfterDot, 2), (Mood::Takes, 2)] {
        let sink = Sink::start(mood).await;
        let world = world(budget("0.002 USD", ""), Some(sink.addr), 2).await;
        assert_eq!(standing(&world).messages, spent, "{mood:?}");
    }
}

#[tokio::test]
async fn a_try_that_failed_leaves_its_money_to_others_and_is_paid_when_it_goes_out() {
    let sink = Sink::start(Mood::Later).await;
    let world = world(budget("0.001 USD", ""), Some(sink.addr), 2).await;
    assert_eq!((of(&world, "queued"), standing(&world).messages), (2, 0));
    sink.becomes(Mood::Takes);
    world.after(2 * MINUTE).await;
    assert_eq!((sink.count(), counted(&world)), (1, ("0.001 USD".into(), 1)));
}

#[tokio::test]
async fn what_people_of_the_house_find_out_is_counted_as_they_say() {
    let sink = Sink::start(Mood::DropsAfterDot).await;
    for (became, messages) in [(WhatBecame::Sent, 1), (WhatBecame::Failed, 0)] {
        let world = world(budget("1 USD", ""), Some(sink.addr), 1).await;
        // It survives the end of the process, too.
        let world = world.restarted(None);
        let delivery = world.deliveries().remove(0);
        assert_eq!((delivery.state.as_str(), standing(&world).messages), ("unknown", 1));
        world.engine.resolve_delivery(delivery.id, became, "the log says so".into()).await.unwrap();
        assert_eq!(standing(&world).messages, messages, "{became:?}");
    }
}

#[tokio::test]
async fn a_process_that_dies_while_sending_has_spent() {
    let world = world(budget("1 USD", ""), None, 1).await;
    let world = world.crashed("UPDATE deliveries SET state = 'sending'");
    assert_eq!((world.states(), counted(&world)), (vec!["unknown"], ("0.001 USD".into(), 1)));
}

fn hours(count: i64) -> crowsnest_model::Duration {
    crowsnest_model::Duration::hours(count)
}

/// The shop with a budget that tells a webhook of its alarm.
fn alarmed(receiver: &Receiver, max: &str) -> Vec<SourceFile> {
    let mut files = budget(max, ", warn: 80%, webhook: ops");
    let hook =
        format!("webhook: ops\nurl: {}\nsecret_env: HOOK_SECRET\nallow_private: true\n", receiver.url());
    files.push(SourceFile { path: "ops.yaml".into(), text: hook });
    files
}

#[tokio::test]
async fn an_alarm_is_posted_once_for_each_period_also_by_a_process_that_died() {
    let receiver = Receiver::start(Answer::answers(200, "", ""));
    let world = world(alarmed(&receiver, "0.01 USD"), None, 9).await;
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1);
    let (id, body) = (posted[0].header("webhook-id").to_owned(), posted[0].json());
    assert_eq!(body["type"], "crowsnest.budget.alarm");
    let data = &body["data"];
    assert_eq!(
        [&data["budget"], &data["per"], &data["warn"], &data["max"], &data["spent"]],
        ["mail", "day", "80%", "0.01 USD", "0.008 USD"]
    );
    assert!(posted[0].header("webhook-signature").starts_with("v1,"));
    // It died before it knew what came of the post: told again under the same id, by which it is known.
    let world = world
        .crashed("UPDATE deliveries SET state = 'sending', reason = 'attempt 1' WHERE channel = 'webhook';");
    world.serve().await;
    let ids: Vec<String> = receiver.posted().iter().map(|one| one.header("webhook-id").to_owned()).collect();
    assert_eq!(ids, [id.clone(), id]);
    let world = world.restarted(None);
    world.tell([subscriber("late@x.org"), cart("late", "late@x.org")]).await;
    world.serve().await;
    assert_eq!(receiver.posted().len(), 2, "it was told today");
    world.after(DAY).await;
    for index in 0..9 {
        world.tell([cart(&format!("next{index}"), &format!("p{index}@x.org"))]).await;
    }
    world.serve().await;
    assert_eq!(receiver.posted().len(), 3, "the next day has its own");
}

#[tokio::test]
async fn an_alarm_is_posted_though_everything_is_stopped_and_tried_again() {
    let receiver = Receiver::start(Answer::answers(503, "", ""));
    let world = world(alarmed(&receiver, "0.002 USD"), None, 2).await;
    assert_eq!(receiver.posted().len(), 1);
    world.engine.set_switch("*", true).await.unwrap();
    receiver.becomes(Answer::answers(200, "", ""));
    world.after(HOUR).await;
    let last = receiver.posted().pop().unwrap();
    assert_eq!(last.header("webhook-id"), receiver.posted()[0].header("webhook-id"));
    let alarm = world.deliveries().into_iter().find(|one| one.channel == "webhook").unwrap();
    assert_eq!((alarm.state.as_str(), alarm.program.as_str()), ("sent", "budget:mail"));
}

#[tokio::test]
async fn a_preview_knows_who_is_capped_and_what_expires_before_there_is_money_again() {
    let mut files = budget("0.003 USD", "");
    for (path, text) in [
        ("offer.yaml", OFFER.replace("ttl: 2d", "ttl: 6h")),
        ("policy.yaml", "policy: contact\ncaps: [{ max: 1, per: 1d }]\n".to_owned()),
    ] {
        files.push(SourceFile { path: path.into(), text });
    }
    let world = world(files, None, 2).await;
    world.serve().await;
    world.pass(MINUTE);
    world.tell([subscriber("cleo@x.org")]).await;
    let preview = world.preview("offer");
    assert_eq!((preview.audience.recipients, preview.audience.recipients_now()), (3, 1));
    let cost = preview.cost.unwrap();
    assert_eq!((cost.messages, cost.amount.to_string()), (3, "0.003 USD".into()));
    assert_eq!((cost.now.messages, cost.now.amount.to_string()), (1, "0.001 USD".into()));
    // The two carts have cost 0.002, so there is enough for whom it goes to now, and not for all.
    let short = &cost.short[0];
    assert_eq!((short.messages, short.carries_now), (1, true));
    let expires = Time(world.now().0 + 6 * HOUR);
    assert!(expires < short.until);
    assert_eq!(short.expires, Some(expires));
}

#[tokio::test]
async fn a_preview_says_what_it_costs_and_which_budget_is_too_small() {
    const SALE: &str = "broadcast: sale\naudience: has(profile.plan)\n\
        send: { channel: email, template: letter, topic: offers }";
    let mut files = budget("0.002 USD", "");
    files.push(SourceFile { path: "sale.yaml".into(), text: SALE.into() });
    let world = world(files, None, 0).await;
    for index in 0..5 {
        let gold = serde_json::json!({ "plan": "gold" });
        world.tell([subscriber(&format!("p{index}@x.org")).traits(gold)]).await;
    }
    let look = |world: &World| world.preview("sale").cost;
    let cost = look(&world).unwrap();
    let short = &cost.short[0];
    assert_eq!(
        (cost.messages, cost.each.to_string(), cost.amount.to_string(), cost.sampled),
        (5, "0.001 USD".into(), "0.005 USD".into(), 0)
    );
    assert_eq!(
        (short.budget.as_str(), short.left.to_string(), short.messages),
        ("mail", "0.002 USD".into(), 2)
    );
    assert_eq!((short.expires, short.carries_now), (None, false), "it waits as long as it takes");
    world.engine.launch("sale").await.unwrap();
    world.serve().await;
    let came = world.engine.broadcast_came("sale").unwrap();
    assert_eq!((came.states["sent"], came.states["queued"]), (2, 3));
    assert!(came.reasons.iter().all(|(state, why, _)| state == "queued" && why.contains("budget `mail`")));
    assert_eq!(came.reasons.iter().map(|row| row.2).sum::<u64>(), 3);
    assert_eq!((came.cost[0].amount.to_string(), came.cost[0].messages), ("0.002 USD".into(), 2));
    let spent = world.read(|read| spent_by_program(read));
    assert_eq!((spent["sale"][0].amount.to_string(), spent["sale"][0].messages), ("0.002 USD".into(), 2));
}

#[tokio::test]
async fn money_that_comes_back_goes_to_who_waits_for_it() {
    let sink = Sink::start(Mood::Refuses).await;
    let world = world(budget("0.001 USD", ""), Some(sink.addr), 3).await;
    assert_eq!((of(&world, "failed"), of(&world, "queued")), (3, 0), "none waits while there is money");
    assert_eq!(counted(&world), ("0.00 USD".into(), 0));
}

#[tokio::test]
async fn an_alarm_is_given_when_a_budget_is_lowered_below_what_is_spent_and_can_be_looked_at() {
    let receiver = Receiver::start(Answer::answers(200, "", ""));
    let world = world(alarmed(&receiver, "0.01 USD"), None, 5).await;
    assert!(receiver.posted().is_empty());
    world.engine.apply(alarmed(&receiver, "0.004 USD")).await.unwrap();
    for index in 0..3 {
        let email = format!("late{index}@x.org");
        world.tell([subscriber(&email), cart(&email, &email)]).await;
    }
    world.serve().await;
    assert_eq!((of(&world, "sent"), of(&world, "queued")), (6, 3), "five letters and the alarm");
    assert_eq!(receiver.posted().len(), 1, "it is said once that nothing is left");
    assert!(standing(&world).warned);
    let alarm = world.deliveries().into_iter().find(|one| one.channel == "webhook").unwrap();
    let shown = world.dispatcher.courier().posting(&world.engine.live(), &alarm, None).unwrap();
    assert_eq!(shown.body, receiver.posted()[0].json());
}
