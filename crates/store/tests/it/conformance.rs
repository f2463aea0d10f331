//! What every store must do, written against the traits alone.

use crate::words::*;
use crowsnest_model::{
    ConsentStatus, DeliveryId, EventId, HouseholdId, Identifier, Object, ProfileId, QuarantineId, RunId,
    Time, Trait, delivery::DeliveryState, profile::Link, quarantine::QuarantineState,
};
use crowsnest_store::{
    DeliveryFilter, ImportRecord, LaunchRecord, LedgerEntry, LedgerKind, Page, RunState, SourceCount,
    StoreError, Suppression,
};

/// One test for each case, on a fresh store that `$make` makes.
macro_rules! conformance_suite {
    ($make:ident) => {
        conformance_suite!($make:
            identifiers_have_one_holder events_are_kept_as_they_came a_person_is_read_as_written
            people_come_in_the_order_of_their_ids a_merge_moves_everything redirects_lead_to_the_last_survivor
            a_merge_keeps_one_message_of_an_occasion a_message_goes_before_one_that_was_left_out
            households_and_their_count the_later_consent_stays suppressions_keep_their_first_reason
            suppressions_are_listed_and_lifted a_delivery_remembers_its_life
            an_occasion_is_had_once runs_are_listed_counted_and_ended timers_are_due_in_order
            deliveries_have_one_occasion deliveries_are_found_by_any_filter due_held_and_overdue
            the_next_due_moment interrupted_deliveries_are_settled a_cancelled_run_closes_what_is_open
            the_quarantine_keeps_each_thing_once watermarks_only_go_forward switches_and_settings
            imports_and_launches documents_have_versions a_comment_makes_no_version counters_add_up
            the_ledger_follows_the_survivor a_failed_unit_leaves_nothing a_reader_sees_one_moment);
    };
    ($make:ident: $($case:ident)*) => {
        $(#[test] fn $case() { conformance::$case(&mut $make()); })*
    };
}

const PAGE: Page = Page { limit: 100, offset: 0 };

pub fn identifiers_have_one_holder(store: &mut impl Backend) {
    let (mail, user) =
        (Identifier::new("email", "ann@example.org"), Identifier::new("user_id", "ann@example.org"));
    store.commit(|unit| {
        unit.put_holder(&mail, ProfileId(1))?;
        assert_eq!(unit.holders(&[&mail, &user])?.len(), 1, "another namespace is another identifier");
        unit.put_holder(&mail, ProfileId(2))?;
        unit.put_holder(&user, ProfileId(3))
    });
    let holders = store.read(|read| read.holders(&[&mail, &user, &Identifier::new("nowhere", "x")]));
    assert_eq!(holders[&mail], ProfileId(2));
    assert_eq!(holders[&user], ProfileId(3));
    assert_eq!(holders.len(), 2);
}

pub fn events_are_kept_as_they_came(store: &mut impl Backend) {
    let person = ProfileId(1);
    let mut first = event("web", "m1", Some("Cart Updated"), 1_000);
    first.historical = true;
    let second = event("till", "m1", Some("Order Completed"), 3_000);
    let third = event("web", "m2", None, 2_000);
    store.commit(|unit| {
        for event in [&first, &second, &third] {
            assert!(!unit.seen(event.id)?);
            unit.put_event(person, event, &event.body().unwrap())?;
            assert!(unit.seen(event.id)?);
        }
        Ok(())
    });
    store.read(|read| {
        let rows = read.events(person, PAGE)?;
        let ids: Vec<_> = rows.iter().map(|row| row.columns.id).collect();
        assert_eq!(ids, [second.id, third.id, first.id], "the latest first");
        assert_eq!(read.events(person, Page { limit: 1, offset: 2 })?[0].columns.id, first.id);
        let back = crowsnest_model::Event::from_stored(rows[2].columns.clone(), &rows[2].body).unwrap();
        assert_eq!(format!("{back:?}"), format!("{first:?}"));
        let named = |names: &[&str], since| -> Vec<EventId> {
            let rows = read.events_named(person, names, Time(since)).unwrap();
            rows.iter().map(|row| row.columns.id).collect()
        };
        assert_eq!(named(&["Order Completed", "Cart Updated"], 1_000), [first.id, second.id]);
        assert_eq!(named(&["Order Completed", "Cart Updated"], 1_001), [second.id], "not before");
        assert!(named(&["Never Heard Of"], 0).is_empty());
        assert!(named(&[], 0).is_empty());
        assert!(!read.seen(EventId::of("web", "m3"))?);
        assert!(read.events(ProfileId(9), PAGE)?.is_empty());
        Ok(())
    });
}

pub fn a_person_is_read_as_written(store: &mut impl Backend) {
    let mut ann = person(1);
    ann.events = 7;
    ann.identifiers.push(Link {
        namespace: "email".into(),
        value: "ann@example.org".into(),
        first_seen: Time(1),
        last_seen: Time(2),
    });
    ann.traits.insert(
        "tier".into(),
        Trait {
            value: serde_json::json!({"name": "gold", "since": 2019, "share": 0.1}),
            time: Time(5),
            source: "till".into(),
            event: EventId::of("till", "x"),
            third_party: true,
        },
    );
    store.commit(|unit| {
        unit.put_profile(&person(1))?;
        unit.put_profile(&ann)?;
        assert_eq!(unit.profile(ann.id)?, Some(ann.clone()), "what is written can be read at once");
        Ok(())
    });
    assert_eq!(store.read(|read| read.profile(ann.id)), Some(ann));
    assert_eq!(store.read(|read| read.profile(ProfileId(2))), None);
}

pub fn people_come_in_the_order_of_their_ids(store: &mut impl Backend) {
    store.commit(|unit| [5, 3, 9, 1].into_iter().try_for_each(|id| unit.put_profile(&person(id))));
    let ids = |after: Option<u64>, limit| -> Vec<u64> {
        let people = store.read(|read| read.people_after(after.map(ProfileId), limit));
        people.into_iter().map(|profile| profile.id.0).collect()
    };
    assert_eq!(ids(None, 3), [1, 3, 5]);
    assert_eq!(ids(Some(5), 3), [9]);
    assert!(ids(Some(9), 3).is_empty());
}

pub fn a_merge_moves_everything(store: &mut impl Backend) {
    let (to, from) = (ProfileId(1), ProfileId(2));
    let touch = event("web", "m1", Some("Cart Updated"), 1_000);
    store.commit(|unit| {
        for id in [1, 2] {
            unit.put_profile(&person(id))?;
        }
        unit.put_event(from, &touch, b"{}")?;
        unit.put_household_member(HouseholdId(7), from)?;
        unit.put_household_member(HouseholdId(8), from)?;
        unit.put_household_member(HouseholdId(8), to)?;
        unit.put_run(&run(11, "cart", 2, "c1", RunState::Active))?;
        unit.put_timer(RunId(11), from, Some(Time(50)))?;
        let mut message = delivery(21, "cart", 2, "c1#0", DeliveryState::Queued);
        message.run = Some(RunId(11));
        unit.put_delivery(&message)?;
        unit.merge(to, from, Time(60))
    });
    store.read(|read| {
        assert_eq!(read.profile(from)?, None);
        assert_eq!(read.survivor(from)?, to);
        assert_eq!(read.survivor(to)?, to);
        assert_eq!(read.absorbed(to)?, [from]);
        assert_eq!(read.events(to, PAGE)?.len(), 1);
        assert!(read.events(from, PAGE)?.is_empty());
        assert_eq!(read.household(HouseholdId(7))?, [to]);
        assert_eq!(read.household(HouseholdId(8))?, [to]);
        assert_eq!(read.runs(None, Some(to), PAGE)?.len(), 1);
        assert!(read.had_occasion("cart", to, "c1")?);
        assert_eq!(read.due_timers(Time(50), 9)?, [(Time(50), to, RunId(11))]);
        let moved = read.delivery(DeliveryId(21))?.unwrap();
        assert_eq!((moved.profile, moved.state), (to, DeliveryState::Queued));
        Ok(())
    });
}

pub fn redirects_lead_to_the_last_survivor(store: &mut impl Backend) {
    store.commit(|unit| {
        (1..=4).try_for_each(|id| unit.put_profile(&person(id)))?;
        unit.merge(ProfileId(2), ProfileId(1), Time(1))?;
        unit.merge(ProfileId(3), ProfileId(2), Time(2))?;
        unit.merge(ProfileId(3), ProfileId(4), Time(3))
    });
    store.read(|read| {
        for id in 1..=4 {
            assert_eq!(read.survivor(ProfileId(id))?, ProfileId(3), "{id}");
        }
        assert_eq!(read.absorbed(ProfileId(3))?, [ProfileId(1), ProfileId(2), ProfileId(4)]);
        assert_eq!(read.survivor(ProfileId(77))?, ProfileId(77), "nobody has heard of this one");
        Ok(())
    });
}

pub fn a_merge_keeps_one_message_of_an_occasion(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_run(&run(11, "cart", 1, "c1", RunState::Finished))?;
        unit.put_run(&run(12, "cart", 2, "c1", RunState::Active))?;
        unit.put_delivery(&delivery(21, "cart", 1, "c1#0", DeliveryState::Sent))?;
        unit.put_delivery(&delivery(22, "cart", 2, "c1#0", DeliveryState::Queued))?;
        unit.merge(ProfileId(1), ProfileId(2), Time(60))
    });
    store.read(|read| {
        let states: Vec<_> = read
            .deliveries(&DeliveryFilter { profile: Some(ProfileId(1)), ..Default::default() }, 9)?
            .into_iter()
            .map(|delivery| (delivery.id.0, delivery.state))
            .collect();
        assert_eq!(
            states,
            [(22, DeliveryState::Cancelled), (21, DeliveryState::Sent)],
            "both stay on record"
        );
        assert_eq!(read.delivery(DeliveryId(22))?.unwrap().updated, Time(60));
        assert_eq!(read.runs(None, Some(ProfileId(1)), PAGE)?.len(), 2);
        assert!(read.due_deliveries(Time(i64::MAX), 9)?.is_empty());
        Ok(())
    });
}

pub fn a_message_goes_before_one_that_was_left_out(store: &mut impl Backend) {
    let absorbed = delivery(22, "offer", 2, "launch", DeliveryState::Queued);
    store.commit(|unit| {
        unit.put_delivery(&delivery(21, "offer", 1, "launch", DeliveryState::Suppressed))?;
        unit.put_delivery(&absorbed)?;
        unit.merge(ProfileId(1), ProfileId(2), Time(60))?;
        let again = unit.put_delivery(&delivery(23, "offer", 1, "launch", DeliveryState::Queued))?;
        assert!(!again, "the occasion is had");
        Ok(())
    });
    let kept = store.read(|read| read.delivery(DeliveryId(22))).unwrap();
    assert_eq!((kept.profile, kept.state), (ProfileId(1), DeliveryState::Queued));
    assert_eq!(kept.occasion, "launch");
}

pub fn households_and_their_count(store: &mut impl Backend) {
    store.commit(|unit| {
        (1..=5).try_for_each(|id| unit.put_profile(&person(id)))?;
        unit.count("people", 5)?;
        for (household, profile) in [(10, 1), (10, 2), (10, 2), (20, 2), (20, 3)] {
            unit.put_household_member(HouseholdId(household), ProfileId(profile))?;
        }
        Ok(())
    });
    assert_eq!(store.read(|read| read.household(HouseholdId(10))), [ProfileId(1), ProfileId(2)]);
    assert_eq!(store.read(|read| read.household_count()), 3, "one of three people, and two on their own");
}

pub fn the_later_consent_stays(store: &mut impl Backend) {
    use ConsentStatus::{Granted, Withdrawn};
    let kept = store.commit(|unit| {
        Ok([
            unit.put_consent(&consent("offers", Granted, 10))?,
            unit.put_consent(&consent("offers", Granted, 10))?,
            unit.put_consent(&consent("offers", Withdrawn, 5))?,
            unit.put_consent(&consent("offers", Withdrawn, 10))?,
            unit.put_consent(&consent("*", Granted, 1))?,
        ])
    });
    assert_eq!(kept, [true, false, false, true, true]);
    let mut found = store.read(|read| read.consents("email", "ann@example.org"));
    found.sort_by(|a, b| a.topic.cmp(&b.topic));
    assert_eq!(found, [consent("*", Granted, 1), consent("offers", Withdrawn, 10)]);
    assert!(store.read(|read| read.consents("sms", "ann@example.org")).is_empty());
}

pub fn suppressions_keep_their_first_reason(store: &mut impl Backend) {
    let suppression = |reason: &str, time| Suppression {
        channel: "email".into(),
        contact: "a@b.org".into(),
        reason: reason.into(),
        time: Time(time),
    };
    store.commit(|unit| {
        unit.put_suppression(&suppression("it bounced", 1))?;
        unit.put_suppression(&suppression("a complaint", 2))
    });
    assert_eq!(store.read(|read| read.suppression("email", "a@b.org")), Some(suppression("it bounced", 1)));
    assert_eq!(store.read(|read| read.suppression("sms", "a@b.org")), None);
}

pub fn suppressions_are_listed_and_lifted(store: &mut impl Backend) {
    store.commit(|unit| {
        for contact in ["b@x.org", "a@x.org", "c@x.org"] {
            let (channel, contact, reason) = ("email".into(), contact.into(), "it bounced".into());
            unit.put_suppression(&Suppression { channel, contact, reason, time: Time(1) })?;
        }
        assert!(unit.lift_suppression("email", "b@x.org")?);
        assert!(!unit.lift_suppression("email", "b@x.org")?);
        Ok(())
    });
    let listed = |limit, offset| -> Vec<String> {
        let all = store.read(|read| read.suppressions(Page { limit, offset }));
        all.into_iter().map(|suppression| suppression.contact).collect()
    };
    assert_eq!(listed(9, 0), ["a@x.org", "c@x.org"]);
    assert_eq!(listed(1, 1), ["c@x.org"]);
}

pub fn a_delivery_remembers_its_life(store: &mut impl Backend) {
    let mut message = delivery(1, "offer", 1, "launch", DeliveryState::Queued);
    message.run = Some(RunId(5));
    store.commit(|unit| unit.put_delivery(&message));
    message.state = DeliveryState::Sending;
    message.reason = Some("attempt 1".into());
    message.updated = Time(2);
    store.commit(|unit| {
        unit.update_delivery(&message)?;
        unit.update_delivery(&message)?;
        unit.settle_interrupted("the process ended", Time(3))
    });
    let life: Vec<_> = store
        .read(|read| read.delivery_log(DeliveryId(1)))
        .into_iter()
        .map(|entry| (entry.time.0, entry.state.as_str(), entry.reason))
        .collect();
    assert_eq!(
        life,
        [
            (1, "queued", None),
            (2, "sending", Some("attempt 1".into())),
            (3, "unknown", Some("the process ended".into()))
        ],
        "what changed nothing is not an entry"
    );
    assert!(store.read(|read| read.delivery_log(DeliveryId(2))).is_empty());
}

pub fn an_occasion_is_had_once(store: &mut impl Backend) {
    store.commit(|unit| {
        assert!(unit.put_run(&run(1, "cart", 1, "c1", RunState::Skipped))?);
        assert!(!unit.had_occasion("cart", ProfileId(1), "c1")?, "who was only skipped may still come in");
        assert!(unit.put_run(&run(2, "cart", 1, "c1", RunState::Active))?);
        assert!(unit.had_occasion("cart", ProfileId(1), "c1")?);
        for state in RunState::ALL {
            assert!(!unit.put_run(&run(3, "cart", 1, "c1", state))?);
        }
        assert!(unit.put_run(&run(4, "cart", 2, "c1", RunState::Active))?, "another person");
        assert!(unit.put_run(&run(5, "other", 1, "c1", RunState::Active))?, "another program");
        assert!(unit.put_run(&run(6, "cart", 1, "c2", RunState::Active))?, "another occasion");
        Ok(())
    });
    let runs = store.read(|read| read.runs(Some("cart"), Some(ProfileId(1)), PAGE));
    assert_eq!(runs, [run(6, "cart", 1, "c2", RunState::Active), run(2, "cart", 1, "c1", RunState::Active)]);
}

pub fn runs_are_listed_counted_and_ended(store: &mut impl Backend) {
    store.commit(|unit| {
        for id in 1..=6 {
            let program = if id % 2 == 0 { "even" } else { "odd" };
            unit.put_run(&run(id, program, id, "c", RunState::Active))?;
            unit.put_timer(RunId(id), ProfileId(id), Some(Time(1)))?;
        }
        unit.end_run(RunId(4), RunState::Goal, Time(99), "reached", Some(12.5))
    });
    store.read(|read| {
        let ids = |program: Option<&str>, profile: Option<u64>, limit, offset| -> Vec<u64> {
            let page = Page { limit, offset };
            read.runs(program, profile.map(ProfileId), page).unwrap().iter().map(|run| run.id.0).collect()
        };
        assert_eq!(ids(None, None, 2, 1), [5, 4]);
        assert_eq!(ids(Some("even"), None, 2, 0), [6, 4]);
        assert_eq!(ids(Some("even"), None, 2, 2), [2]);
        assert_eq!(ids(None, Some(3), 9, 0), [3]);
        assert!(ids(Some("even"), Some(3), 9, 0).is_empty());
        let ended = &read.runs(Some("even"), Some(ProfileId(4)), PAGE)?[0];
        assert_eq!((ended.state, ended.ended, ended.value), (RunState::Goal, Some(Time(99)), Some(12.5)));
        assert_eq!(ended.reason.as_deref(), Some("reached"));
        let counts = read.run_counts("even")?;
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), [("active".into(), 2), ("goal".into(), 1)]);
        assert_eq!(read.due_timers(Time(1), 9)?.len(), 5, "an ended run has no timer");
        Ok(())
    });
}

pub fn timers_are_due_in_order(store: &mut impl Backend) {
    store.commit(|unit| {
        for (run, due) in [(1, 30), (2, 10), (3, 20), (4, 10)] {
            unit.put_timer(RunId(run), ProfileId(run), Some(Time(due)))?;
        }
        unit.put_timer(RunId(3), ProfileId(3), Some(Time(5)))?;
        unit.put_timer(RunId(2), ProfileId(2), None)
    });
    store.read(|read| {
        let runs = |now, limit| -> Vec<u64> {
            read.due_timers(Time(now), limit).unwrap().iter().map(|(_, _, run)| run.0).collect()
        };
        assert_eq!(runs(29, 9), [3, 4]);
        assert_eq!(runs(30, 9), [3, 4, 1], "due at that very moment");
        assert_eq!(runs(30, 1), [3]);
        assert!(runs(4, 9).is_empty());
        Ok(())
    });
}

pub fn deliveries_have_one_occasion(store: &mut impl Backend) {
    let mut whole = delivery(1, "offer", 1, "launch", DeliveryState::Queued);
    whole.household = Some(HouseholdId(u64::MAX));
    whole.expires = Some(Time(500));
    whole.reason = Some("of 2 in the household, the owner".into());
    store.commit(|unit| {
        assert!(unit.put_delivery(&whole)?);
        assert!(!unit.put_delivery(&delivery(2, "offer", 1, "launch", DeliveryState::Queued))?);
        assert!(unit.put_delivery(&delivery(3, "offer", 2, "launch", DeliveryState::Queued))?);
        assert!(unit.put_delivery(&delivery(4, "offer", 1, "again", DeliveryState::Queued))?);
        Ok(())
    });
    assert_eq!(store.read(|read| read.delivery(DeliveryId(1))), Some(whole.clone()));
    assert_eq!(store.read(|read| read.delivery(DeliveryId(2))), None);
    whole.state = DeliveryState::Failed;
    whole.reason = Some("no such mailbox".into());
    (whole.due, whole.attempts, whole.updated) = (Time(7), 3, Time(8));
    store.commit(|unit| unit.update_delivery(&whole));
    assert_eq!(store.read(|read| read.delivery(DeliveryId(1))), Some(whole));
}

pub fn deliveries_are_found_by_any_filter(store: &mut impl Backend) {
    use DeliveryState::{Queued, Sent};
    store.commit(|unit| {
        for id in 1..=8 {
            let program = if id % 2 == 0 { "even" } else { "odd" };
            let state = if id <= 4 { Sent } else { Queued };
            let mut message = delivery(id, program, id % 4, &id.to_string(), state);
            message.run = (id == 3).then_some(RunId(33));
            message.reason = (id <= 2).then(|| "250 ok".into());
            unit.put_delivery(&message)?;
        }
        Ok(())
    });
    store.read(|read| {
        let found =
            |program: Option<&str>, state: Option<DeliveryState>, profile: Option<u64>, before| -> Vec<u64> {
                let filter = DeliveryFilter {
                    program: program.map(str::to_owned),
                    state: state.map(|state| state.as_str().to_owned()),
                    profile: profile.map(ProfileId),
                    run: None,
                    before: Option::<u64>::map(before, DeliveryId),
                };
                read.deliveries(&filter, 3).unwrap().iter().map(|delivery| delivery.id.0).collect()
            };
        assert_eq!(found(None, None, None, None), [8, 7, 6]);
        assert_eq!(found(None, None, None, Some(3)), [2, 1]);
        assert_eq!(found(Some("even"), None, None, None), [8, 6, 4]);
        assert_eq!(found(Some("even"), None, None, Some(4)), [2]);
        assert_eq!(found(None, Some(Sent), None, None), [4, 3, 2]);
        assert_eq!(found(Some("odd"), Some(Sent), None, None), [3, 1]);
        assert_eq!(found(None, None, Some(3), None), [7, 3]);
        assert_eq!(found(Some("odd"), Some(Queued), Some(3), Some(8)), [7]);
        assert!(found(Some("even"), None, Some(3), None).is_empty());
        let of_run = DeliveryFilter { run: Some(RunId(33)), ..Default::default() };
        assert_eq!(read.deliveries(&of_run, 9)?.len(), 1);
        let counts = |program| read.delivery_counts(program).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(counts(None), [("queued".into(), 4), ("sent".into(), 4)]);
        assert_eq!(counts(Some("even")), [("queued".into(), 2), ("sent".into(), 2)]);
        assert_eq!(
            read.delivery_reasons("even")?,
            [("queued".into(), None, 2), ("sent".into(), None, 1), ("sent".into(), Some("250 ok".into()), 1)]
        );
        Ok(())
    });
}

pub fn due_held_and_overdue(store: &mut impl Backend) {
    use DeliveryState::{Held, Queued, Sending, Sent};
    store.commit(|unit| {
        for (id, state, due, expires) in [
            (1, Queued, 30, Some(90)),
            (2, Queued, 10, None),
            (3, Held, 10, Some(80)),
            (4, Sending, 10, Some(10)),
            (5, Sent, 10, Some(10)),
        ] {
            let mut message = delivery(id, if id == 3 { "cart" } else { "offer" }, id, "x", state);
            message.due = Time(due);
            message.expires = expires.map(Time);
            unit.put_delivery(&message)?;
        }
        Ok(())
    });
    store.read(|read| {
        let ids = |list: Vec<crowsnest_model::delivery::Delivery>| -> Vec<u64> {
            list.iter().map(|delivery| delivery.id.0).collect()
        };
        assert_eq!(ids(read.due_deliveries(Time(29), 9)?), [2]);
        assert_eq!(ids(read.due_deliveries(Time(30), 9)?), [2, 1]);
        assert_eq!(ids(read.due_deliveries(Time(30), 1)?), [2]);
        assert_eq!(ids(read.held_deliveries(&["cart", "nothing"])?), [3]);
        assert!(read.held_deliveries(&["offer"])?.is_empty());
        assert_eq!(ids(read.overdue_deliveries(Time(90), 9)?), [3, 1]);
        assert_eq!(ids(read.overdue_deliveries(Time(80), 9)?), [3]);
        assert!(
            read.overdue_deliveries(Time(79), 9)?.is_empty(),
            "what is sent or on the line is not overdue"
        );
        Ok(())
    });
}

pub fn the_next_due_moment(store: &mut impl Backend) {
    assert_eq!(store.read(|read| read.next_due()), None);
    let mut message = delivery(1, "offer", 1, "x", DeliveryState::Held);
    message.due = Time(1);
    message.expires = Some(Time(40));
    let expect = |store: &dyn Fn() -> Option<Time>, time| assert_eq!(store(), Some(Time(time)));
    store.commit(|unit| unit.put_delivery(&message));
    expect(&|| store.read(|read| read.next_due()), 40);
    store.commit(|unit| unit.put_timer(RunId(1), ProfileId(1), Some(Time(30))));
    expect(&|| store.read(|read| read.next_due()), 30);
    store.commit(|unit| unit.put_delivery(&delivery(2, "offer", 2, "x", DeliveryState::Queued)));
    message.state = DeliveryState::Queued;
    store.commit(|unit| unit.update_delivery(&message));
    expect(&|| store.read(|read| read.next_due()), 1);
}

pub fn interrupted_deliveries_are_settled(store: &mut impl Backend) {
    let settled = store.commit(|unit| {
        unit.put_delivery(&delivery(1, "offer", 1, "x", DeliveryState::Sending))?;
        unit.put_delivery(&delivery(2, "offer", 2, "x", DeliveryState::Queued))?;
        unit.settle_interrupted("the process ended", Time(77))
    });
    assert_eq!(settled.len(), 1);
    let first = store.read(|read| read.delivery(DeliveryId(1))).unwrap();
    assert_eq!((first.state, first.updated), (DeliveryState::Unknown, Time(77)));
    assert_eq!(first.reason.as_deref(), Some("the process ended"));
    assert_eq!(settled[0], first);
    assert!(store.commit(|unit| unit.settle_interrupted("again", Time(78))).is_empty());
}

pub fn a_cancelled_run_closes_what_is_open(store: &mut impl Backend) {
    use DeliveryState::{Cancelled, Held, Queued, Sending, Sent};
    let closed = store.commit(|unit| {
        for (id, state) in [(1, Queued), (2, Held), (3, Sending), (4, Sent)] {
            let mut message = delivery(id, "cart", 1, &id.to_string(), state);
            message.run = Some(RunId(5));
            unit.put_delivery(&message)?;
        }
        let mut other = delivery(9, "cart", 1, "other", Queued);
        other.run = Some(RunId(6));
        unit.put_delivery(&other)?;
        unit.close_deliveries(RunId(5), Cancelled, "they bought", Time(50))
    });
    assert_eq!(closed, 2);
    store.read(|read| {
        for (id, state) in [(1, Cancelled), (2, Cancelled), (3, Sending), (4, Sent), (9, Queued)] {
            assert_eq!(read.delivery(DeliveryId(id))?.unwrap().state, state, "{id}");
        }
        Ok(())
    });
}

pub fn the_quarantine_keeps_each_thing_once(store: &mut impl Backend) {
    let mut first = quarantined(1, "web", "batch[0]", b"{\xff");
    store.commit(|unit| {
        assert!(unit.put_quarantined(&first)?);
        assert!(!unit.put_quarantined(&quarantined(2, "web", "batch[0]", b"{\xff"))?, "the same bytes again");
        assert!(unit.put_quarantined(&quarantined(3, "web", "batch[1]", b"{\xff"))?, "at another place");
        assert!(unit.put_quarantined(&quarantined(4, "till", "batch[0]", b"{\xff"))?, "from another source");
        Ok(())
    });
    first.state = QuarantineState::Resolved;
    first.attempts = 1;
    first.rejection.reason = "it was corrected".into();
    assert!(!store.commit(|unit| unit.put_quarantined(&first)), "changed, not added");
    store.read(|read| {
        assert_eq!(read.quarantined(QuarantineId(1))?, Some(first.clone()));
        assert_eq!(read.quarantined(QuarantineId(2))?, None);
        let ids = |source, state, limit, offset| -> Vec<u64> {
            let list = read.quarantine(source, state, Page { limit, offset }).unwrap();
            list.iter().map(|item| item.id.0).collect()
        };
        let open = Some(QuarantineState::Open);
        assert_eq!(ids(None, None, 9, 0), [4, 3, 1]);
        assert_eq!(ids(None, open, 9, 0), [4, 3]);
        assert_eq!(ids(Some("web"), None, 9, 0), [3, 1]);
        assert_eq!(ids(Some("web"), None, 1, 1), [1]);
        assert_eq!(ids(Some("web"), open, 9, 0), [3]);
        assert!(ids(Some("web"), Some(QuarantineState::Discarded), 9, 0).is_empty());
        Ok(())
    });
}

pub fn watermarks_only_go_forward(store: &mut impl Backend) {
    let moved = store.commit(|unit| {
        Ok([
            unit.advance_watermark("till", Time(100), Time(110))?,
            unit.advance_watermark("till", Time(100), Time(120))?,
            unit.advance_watermark("till", Time(90), Time(130))?,
            unit.advance_watermark("till", Time(140), Time(150))?,
            unit.advance_watermark("web", Time(5), Time(150))?,
        ])
    });
    assert_eq!(moved, [true, false, false, true, true]);
    let marks = store.read(|read| read.watermarks());
    assert_eq!(marks[0].source, "till");
    assert_eq!((marks[0].complete_until, marks[0].updated), (Time(140), Time(150)));
    assert_eq!(marks.len(), 2);
    let repaired = store.commit(|unit| {
        unit.advance_watermark("till", Time(9_000), Time(9_000))?;
        unit.advance_watermark("till", Time(200), Time(210))
    });
    assert!(repaired, "a mark of a clock that was a year ahead gives way");
    assert_eq!(store.read(|read| read.watermarks())[0].complete_until, Time(200));
}

pub fn switches_and_settings(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_switch("*", Some(Time(1)))?;
        unit.put_switch("*", Some(Time(2)))?;
        unit.put_switch("cart", Some(Time(3)))?;
        unit.put_setting("secret", "a")?;
        unit.put_setting("secret", "b")
    });
    let switches = store.read(|read| read.switches());
    assert_eq!(switches[0].since, Time(1), "thrown twice, since the first time");
    assert_eq!(switches.len(), 2);
    store.commit(|unit| unit.put_switch("*", None));
    assert_eq!(store.read(|read| read.switches()).len(), 1);
    assert_eq!(store.read(|read| read.setting("secret")).as_deref(), Some("b"));
    assert_eq!(store.read(|read| read.setting("none")), None);
}

pub fn imports_and_launches(store: &mut impl Backend) {
    let import = |file: &str| ImportRecord {
        time: Time(3),
        source: "till".into(),
        feed: "purchases".into(),
        file: file.into(),
        rows: 10,
        accepted: 7,
        duplicates: 2,
        quarantined: 1,
        complete_until: Some(Time(2)),
    };
    let mut launch = LaunchRecord {
        broadcast: "offer".into(),
        version: 4,
        launched: Time(5),
        queued: None,
        counts: Object::new(),
    };
    store.commit(|unit| {
        unit.put_import(&import("a.csv"))?;
        unit.put_import(&import("b.csv"))?;
        unit.put_launch(&launch)
    });
    let imports = store.read(|read| read.imports(PAGE));
    assert_eq!(imports, [import("b.csv"), import("a.csv")], "the newest first");
    assert_eq!(store.read(|read| read.unfinished_launches()), [launch.clone()]);
    launch.queued = Some(Time(6));
    launch.counts.insert("recipients".into(), 3.into());
    store.commit(|unit| unit.put_launch(&launch));
    assert!(store.read(|read| read.unfinished_launches()).is_empty());
    assert_eq!(store.read(|read| read.launch("offer")), Some(launch));
    assert_eq!(store.read(|read| read.launch("other")), None);
}

pub fn documents_have_versions(store: &mut impl Backend) {
    let versions = store.commit(|unit| {
        let first = unit.put_document(&document("cart", "one", "1"))?;
        let second = unit.put_document(&document("cart", "two", "2"))?;
        unit.retire_document("program", "cart")?;
        let third = unit.put_document(&document("cart", "two", "2"))?;
        Ok((first, second, third, unit.put_document(&document("other", "one", "1"))?))
    });
    assert_eq!(versions, (1, 2, 3, 1));
    let live: Vec<_> = store
        .read(|read| read.documents(false))
        .into_iter()
        .map(|document| (document.name, document.version, document.text))
        .collect();
    assert_eq!(live, [("cart".into(), 3, "two".into()), ("other".into(), 1, "one".into())]);
    let all = store.read(|read| read.documents(true));
    assert_eq!(
        all.iter().map(|d| (d.version, d.live)).collect::<Vec<_>>(),
        [(1, false), (2, false), (3, true), (1, true)]
    );
    assert_eq!(
        all[0],
        crowsnest_store::StoredDocument { version: 1, live: false, ..document("cart", "one", "1") }
    );
}

pub fn a_comment_makes_no_version(store: &mut impl Backend) {
    let version = store.commit(|unit| {
        unit.put_document(&document("cart", "text", "1"))?;
        unit.put_document(&document("cart", "# why\ntext", "1"))
    });
    assert_eq!(version, 1);
    let all = store.read(|read| read.documents(true));
    assert_eq!(all.iter().map(|d| d.text.as_str()).collect::<Vec<_>>(), ["# why\ntext"]);
}

pub fn counters_add_up(store: &mut impl Backend) {
    let counts = |events, duplicates, quarantined| SourceCount {
        source: "web".into(),
        events,
        duplicates,
        quarantined,
    };
    store.commit(|unit| {
        unit.count("events", 3)?;
        unit.count("events", -1)?;
        unit.count("people", -5)?;
        unit.count_source(&counts(1, 2, 3))?;
        unit.count_source(&counts(10, 20, 30))
    });
    assert_eq!(store.read(|read| read.counter("events")), 2);
    assert_eq!(store.read(|read| read.counter("people")), 0, "there are never fewer than none");
    assert_eq!(store.read(|read| read.counter("unheard")), 0);
    assert_eq!(store.read(|read| read.source_counts()), [counts(11, 22, 33)]);
}

pub fn the_ledger_follows_the_survivor(store: &mut impl Backend) {
    let entry = |kind, profile, other: Option<u64>, reason: &str| LedgerEntry {
        time: Time(4),
        event: EventId::of("web", reason),
        kind,
        profile: ProfileId(profile),
        other: other.map(ProfileId),
        namespace: Some("email".into()),
        value: Some("ann@example.org".into()),
        reason: reason.into(),
    };
    store.commit(|unit| {
        (1..=2).try_for_each(|id| unit.put_profile(&person(id)))?;
        for (place, kind) in LedgerKind::ALL.into_iter().enumerate() {
            unit.put_ledger(&entry(kind, 2, None, &place.to_string()))?;
        }
        unit.put_ledger(&entry(LedgerKind::Link, 3, None, "somebody else"))?;
        unit.merge(ProfileId(1), ProfileId(2), Time(5))?;
        unit.put_ledger(&entry(LedgerKind::Merge, 1, Some(2), "merged"))
    });
    let entries = store.read(|read| read.ledger(ProfileId(1), PAGE));
    assert_eq!(entries.len(), 6);
    assert_eq!(entries[0], entry(LedgerKind::Merge, 1, Some(2), "merged"));
    assert_eq!(entries[5], entry(LedgerKind::Link, 2, None, "0"));
    assert_eq!(store.read(|read| read.ledger(ProfileId(1), Page { limit: 1, offset: 5 })), entries[5..]);
}

pub fn a_failed_unit_leaves_nothing(store: &mut impl Backend) {
    let touch = event("a source that is new", "m1", Some("A New Name"), 1);
    let failed = store.commit_with(&mut |unit| {
        unit.put_event(ProfileId(1), &touch, b"{}")?;
        unit.put_profile(&person(1))?;
        unit.put_holder(&Identifier::new("new-namespace", "x"), ProfileId(1))?;
        unit.put_delivery(&delivery(1, "offer", 1, "x", DeliveryState::Queued))?;
        unit.count("events", 1)?;
        Err(StoreError::Damaged("on purpose".into()))
    });
    assert!(failed.is_err());
    store.read(|read| {
        assert!(!read.seen(touch.id)?);
        assert_eq!(read.profile(ProfileId(1))?, None);
        assert_eq!(read.delivery(DeliveryId(1))?, None);
        assert_eq!(read.counter("events")?, 0);
        Ok(())
    });
    // Names that the failed unit made must be made again, not remembered under numbers that now mean something else.
    store.commit(|unit| {
        unit.put_event(ProfileId(2), &event("another", "m2", Some("Another Name"), 2), b"{}")?;
        unit.put_event(ProfileId(1), &touch, b"{}")?;
        unit.put_holder(&Identifier::new("new-namespace", "x"), ProfileId(1))
    });
    store.read(|read| {
        let row = &read.events(ProfileId(1), PAGE)?[0];
        assert_eq!(
            (&*row.columns.source, row.columns.name.as_deref()),
            ("a source that is new", Some("A New Name"))
        );
        let holder = Identifier::new("new-namespace", "x");
        assert_eq!(read.holders(&[&holder])?[&holder], ProfileId(1));
        Ok(())
    });
}

pub fn a_reader_sees_one_moment(store: &mut impl Backend) {
    store.commit(|unit| unit.count("events", 1));
    assert_eq!(store.read(|read| read.counter("events")), 1);
    store.commit(|unit| {
        unit.count("events", 1)?;
        assert_eq!(unit.counter("events")?, 2, "its own writes are seen");
        Ok(())
    });
    assert_eq!(store.read(|read| read.counter("events")), 2);
}
