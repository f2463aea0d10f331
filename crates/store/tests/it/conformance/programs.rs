//! Runs, timers and deliveries.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{
    DeliveryId, HouseholdId, ProfileId, RunId, Time,
    delivery::{DeliveryState, WEBHOOK},
    line::Line,
};
use crowsnest_store::{DeliveryFilter, HookCount, Page, RunRecord, RunState};

pub fn an_occasion_is_had_once(store: &mut impl Backend) {
    store.commit(|unit| {
        assert!(unit.put_run(&run(1, "cart", 1, "c1", RunState::Skipped))?);
        assert!(!unit.had_occasion("cart", ProfileId(1), "c1")?, "who was only skipped may still come in");
        assert!(!unit.put_run(&run(7, "cart", 1, "c1", RunState::Skipped))?, "for the same reason, it stays");
        let otherwise =
            RunRecord { reason: Some("another".into()), ..run(8, "cart", 1, "c1", RunState::Skipped) };
        assert!(unit.put_run(&otherwise)?, "for another reason");
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

pub fn who_is_skipped_is_on_record_at_once(store: &mut impl Backend) {
    let skipped = |id, program, person, reason: &str| RunRecord {
        reason: Some(reason.into()),
        ..run(id, program, person, "skipped", RunState::Skipped)
    };
    let reasons = |runs: Vec<RunRecord>| {
        runs.into_iter()
            .map(|run| (run.id.0, run.program, run.reason.unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let row = |id: u64, program: &str, reason: &str| (id, program.to_owned(), reason.to_owned());
    store.commit(|unit| {
        assert!(unit.put_run(&skipped(1, "cart", 1, "no consent"))?);
        assert!(unit.put_run(&skipped(2, "lease", 1, "no consent"))?);
        assert!(unit.put_run(&skipped(3, "cart", 2, "no consent"))?);
        assert!(!unit.put_run(&skipped(4, "cart", 1, "no consent"))?);
        assert!(unit.put_run(&skipped(5, "cart", 1, "too late"))?);
        let theirs = unit.runs(None, Some(ProfileId(1)), PAGE)?;
        assert_eq!(reasons(theirs), [row(5, "cart", "too late"), row(2, "lease", "no consent")]);
        assert_eq!(unit.run_counts("cart")?.get("skipped"), Some(&2));
        assert!(!unit.put_run(&skipped(6, "cart", 1, "too late"))?, "after it was read, too");
        assert!(unit.put_run(&run(7, "cart", 2, "c1", RunState::Active))?);
        assert!(unit.put_run(&skipped(8, "lease", 2, "no consent"))?, "who has a run of another program");
        Ok(())
    });
    store.commit(|unit| {
        assert!(!unit.put_run(&skipped(9, "cart", 1, "too late"))?, "as the last commit left it");
        assert!(unit.put_run(&skipped(10, "cart", 1, "no consent"))?);
        assert!(unit.put_run(&skipped(11, "cart", 3, "no consent"))?);
        unit.merge(ProfileId(1), ProfileId(3), Time(100)).map(drop)
    });
    let theirs = store.read(|read| read.runs(None, Some(ProfileId(1)), PAGE));
    let expected =
        [row(11, "cart", "no consent"), row(10, "cart", "no consent"), row(2, "lease", "no consent")];
    assert_eq!(reasons(theirs), expected, "the other's steps aside under a name of its own");
    let theirs = store.read(|read| read.runs(Some("cart"), Some(ProfileId(2)), PAGE));
    assert_eq!(reasons(theirs), [row(7, "cart", ""), row(3, "cart", "no consent")]);
}

pub fn an_occasion_that_one_had_is_had_by_both(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_run(&run(1, "cart", 1, "c1", RunState::Skipped))?;
        unit.put_run(&run(2, "cart", 2, "c1", RunState::Expired))?;
        unit.put_run(&run(3, "cart", 1, "c2", RunState::Skipped))?;
        unit.put_run(&run(4, "cart", 2, "c2", RunState::Skipped))?;
        unit.merge(ProfileId(1), ProfileId(2), Time(100))?;
        assert!(unit.had_occasion("cart", ProfileId(1), "c1")?, "what was left out stands in no way");
        assert!(!unit.had_occasion("cart", ProfileId(1), "c2")?);
        Ok(())
    });
    assert_eq!(store.read(|read| read.runs(Some("cart"), Some(ProfileId(1)), PAGE)).len(), 4);
    assert_eq!(store.read(|read| read.runs(Some("cart"), None, PAGE)).len(), 4);
    store.commit(|unit| unit.forget_person(ProfileId(1), &[], &[]));
    assert!(store.read(|read| read.runs(Some("cart"), None, PAGE)).is_empty());
    assert!(store.read(|read| read.run_counts("cart")).is_empty());
}

pub fn what_never_went_out_stands_in_nobodys_way(store: &mut impl Backend) {
    for (from, state, room) in [
        (2, DeliveryState::Cancelled, true),
        (3, DeliveryState::Expired, true),
        (4, DeliveryState::Suppressed, true),
        (5, DeliveryState::Sent, false),
    ] {
        let occasion = format!("c{from}#1");
        store.commit(|unit| {
            unit.put_delivery(&delivery(from, "cart", from, &occasion, state))?;
            unit.merge(ProfileId(1), ProfileId(from), Time(50)).map(drop)
        });
        let new = delivery(from + 10, "cart", 1, &occasion, DeliveryState::Queued);
        store.commit(|unit| {
            assert_eq!(unit.put_delivery(&new)?, room, "{state:?}");
            Ok(())
        });
    }
}

pub fn runs_are_listed_counted_and_ended(store: &mut impl Backend) {
    store.commit(|unit| {
        for id in 1..=6 {
            let program = if id % 2 == 0 { "even" } else { "odd" };
            unit.put_run(&run(id, program, id, "c", RunState::Active))?;
            unit.put_timer(RunId(id), ProfileId(id), Some(Time(1)))?;
        }
        unit.end_run(RunId(4), RunState::Finished, Time(98), "done")?;
        unit.reach_goal(RunId(4), Time(97), Time(99), "reached", Some(12.5))
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

pub fn whom_a_launch_has_decided_is_known(store: &mut impl Backend) {
    use DeliveryState::{Queued, Suppressed};
    let mut stopped = delivery(3, "offer", 3, "launch", Queued);
    let mut left_out = delivery(2, "offer", 2, "launch", Suppressed);
    left_out.contact = "p1@example.org".into();
    store.commit(|unit| {
        for id in [1, 2, 3, 4, 5, 8] {
            unit.put_profile(&person(id))?;
        }
        unit.put_delivery(&left_out)?;
        unit.put_delivery(&delivery(1, "offer", 1, "launch", Queued))?;
        unit.put_delivery(&stopped)?;
        unit.put_delivery(&delivery(4, "offer", 4, "launch", Suppressed))?;
        unit.put_delivery(&delivery(5, "other", 5, "launch", Queued))?;
        unit.put_delivery(&delivery(8, "offer", 8, "launch", Queued))?;
        stopped.state = Suppressed;
        unit.update_delivery(&stopped)
    });
    let of = |people: &[(u64, bool)]| -> Vec<(ProfileId, bool)> {
        people.iter().map(|(person, queued)| (ProfileId(*person), *queued)).collect()
    };
    store.read(|read| {
        let launched = |first, last| read.launched("offer", ProfileId(first), ProfileId(last)).unwrap();
        assert_eq!(
            launched(1, 5),
            of(&[(1, true), (2, false), (3, true), (4, false)]),
            "it was to be sent at first"
        );
        assert_eq!(launched(8, 8), of(&[(8, true)]));
        let goes_to = |contact: &str| read.launched_to("offer", contact).unwrap();
        assert_eq!(goes_to("p1@example.org"), Some(ProfileId(1)));
        assert_eq!(goes_to("p3@example.org"), Some(ProfileId(3)), "though it was stopped before it was sent");
        assert_eq!(goes_to("p4@example.org"), None, "they were left out");
        assert_eq!(goes_to("p5@example.org"), None, "another broadcast's");
        Ok(())
    });
    // Of two that turn out to be one, both addresses were given out.
    store.commit(|unit| unit.merge(ProfileId(1), ProfileId(8), Time(9)).map(drop));
    store.read(|read| {
        assert_eq!(read.launched_to("offer", "p1@example.org")?, Some(ProfileId(1)));
        assert_eq!(read.launched_to("offer", "p8@example.org")?, Some(ProfileId(1)));
        Ok(())
    });
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
            if id == 2 || id == 7 {
                (message.channel, message.contact) = ("webhook".into(), "crm".into());
            }
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
                    webhook: None,
                    since: None,
                    before: Option::<u64>::map(before, DeliveryId),
                    seeds: false,
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
        let told = |webhook: &str, state: Option<DeliveryState>, profile: Option<u64>| -> Vec<u64> {
            let filter = DeliveryFilter {
                webhook: Some(webhook.to_owned()),
                state: state.map(|state| state.as_str().to_owned()),
                profile: profile.map(ProfileId),
                ..Default::default()
            };
            read.deliveries(&filter, 3).unwrap().iter().map(|delivery| delivery.id.0).collect()
        };
        assert_eq!((told("crm", None, None), told("crm", Some(Sent), None)), (vec![7, 2], vec![2]));
        assert_eq!((told("crm", None, Some(3)), told("chat", None, None)), (vec![7], vec![]));
        let of_run = DeliveryFilter { run: Some(RunId(33)), ..Default::default() };
        assert_eq!(read.deliveries(&of_run, 9)?.len(), 1);
        let changed = |filter: DeliveryFilter, since: i64| {
            let filter = DeliveryFilter { since: Some(Time(since)), ..filter };
            read.deliveries(&filter, 9).unwrap().len()
        };
        let of_hook = || DeliveryFilter { webhook: Some("crm".into()), ..Default::default() };
        let of_program = || DeliveryFilter { program: Some("odd".into()), ..Default::default() };
        let of_person = || DeliveryFilter { profile: Some(ProfileId(3)), ..Default::default() };
        for filter in [DeliveryFilter::default, of_hook, of_program, of_person] {
            let all = read.deliveries(&filter(), 9)?;
            let last = all.iter().map(|delivery| delivery.updated.0).max().unwrap();
            let at_last = all.iter().filter(|delivery| delivery.updated.0 == last).count();
            assert_eq!((changed(filter(), last), changed(filter(), last + 1)), (at_last, 0));
        }
        let oldest = read.delivery(DeliveryId(7))?.map(|delivery| delivery.created);
        assert_eq!(read.hook_count("crm", Time(0))?, HookCount { failed: 0, oldest });
        assert_eq!(read.hook_count("chat", Time(0))?, HookCount::default());
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
        assert_eq!(ids(read.due_deliveries(&Line::of("email", ""), Time(29), 9)?), [2]);
        assert_eq!(ids(read.due_deliveries(&Line::of("email", ""), Time(30), 9)?), [2, 1]);
        assert_eq!(ids(read.due_deliveries(&Line::of("email", ""), Time(30), 1)?), [2]);
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

pub fn what_was_handed_over_counts_from_its_intent(store: &mut impl Backend) {
    use DeliveryState::{Failed, Queued, Sending, Sent, Suppressed, Unknown};
    let times = |store: &dyn Fn() -> Vec<crowsnest_model::delivery::HandedOver>| -> Vec<(u64, i64)> {
        store().iter().map(|went| (went.delivery.0, went.time.0)).collect()
    };
    let mut message = delivery(1, "offer", 1, "a", Queued);
    store.commit(|unit| {
        unit.put_delivery(&message)?;
        unit.put_delivery(&delivery(2, "offer", 1, "b", Suppressed))?;
        unit.put_delivery(&delivery(3, "offer", 2, "a", Sent))?;
        Ok(())
    });
    // Tried at 10, to be tried again, tried at 20, sent at 25: it counts while it is on the line and once it is sent,
    // from the moment of the attempt that counts.
    for (state, updated, counts) in [
        (Queued, 5, None),
        (Sending, 10, Some(10)),
        (Queued, 15, None),
        (Sending, 20, Some(20)),
        (Sent, 25, Some(20)),
    ] {
        (message.state, message.updated) = (state, Time(updated));
        store.commit(|unit| unit.update_delivery(&message));
        let expected: Vec<(u64, i64)> = counts.map(|time| (1, time)).into_iter().collect();
        assert_eq!(
            times(&|| store.read(|read| read.handed_over(ProfileId(1), Time(0)))),
            expected,
            "{state}"
        );
    }
    store.commit(|unit| {
        for (id, state) in [(5, Failed), (6, Unknown)] {
            let mut other = delivery(id, "offer", 1, &id.to_string(), Sending);
            other.updated = Time(30);
            unit.put_delivery(&other)?;
            other.state = state;
            unit.update_delivery(&other)?;
        }
        // What a webhook was told is nothing that the person got.
        let mut told = delivery(7, "offer", 1, "7", Sending);
        told.channel = WEBHOOK.into();
        unit.put_delivery(&told).map(drop)
    });
    assert_eq!(store.read(|read| read.delivery(DeliveryId(6))).map(|found| found.state), Some(Unknown));
    assert_eq!(times(&|| store.read(|read| read.handed_over(ProfileId(1), Time(0)))), [(1, 20), (6, 30)]);
    assert_eq!(times(&|| store.read(|read| read.handed_over(ProfileId(1), Time(20)))), [(6, 30)], "after it");
    // Two who turn out to be one have had what both had.
    store.commit(|unit| {
        (1..=2).try_for_each(|id| unit.put_profile(&person(id)))?;
        unit.merge(ProfileId(1), ProfileId(2), Time(100)).map(drop)
    });
    assert_eq!(
        times(&|| store.read(|read| read.handed_over(ProfileId(1), Time(0)))),
        [(3, 1), (1, 20), (6, 30)]
    );
}

pub fn due_deliveries_of_one(store: &mut impl Backend) {
    store.commit(|unit| {
        for (id, profile, due) in [(1, 1, 30), (2, 1, 10), (3, 1, 10), (4, 2, 5), (5, 1, 31)] {
            let mut message = delivery(id, "offer", profile, &id.to_string(), DeliveryState::Queued);
            message.due = Time(due);
            unit.put_delivery(&message)?;
        }
        unit.put_delivery(&delivery(6, "offer", 1, "held", DeliveryState::Held))?;
        Ok(())
    });
    let due = store.read(|read| read.due_deliveries_of(ProfileId(1), Time(30)));
    assert_eq!(due.iter().map(|delivery| delivery.id.0).collect::<Vec<_>>(), [2, 3, 1]);
}

pub fn the_next_due_moment(store: &mut impl Backend) {
    assert_eq!(store.read(|read| read.next_due()), None);
    let mut message = delivery(1, "offer", 1, "x", DeliveryState::Held);
    message.due = Time(1);
    message.expires = Some(Time(40));
    store.commit(|unit| unit.put_delivery(&message));
    assert_eq!(store.read(|read| read.next_due()), Some(Time(40)));
    store.commit(|unit| unit.put_timer(RunId(1), ProfileId(1), Some(Time(30))));
    assert_eq!(store.read(|read| read.next_due()), Some(Time(30)));
    assert_eq!(store.read(|read| read.lines_due()), []);
    store.commit(|unit| unit.put_delivery(&delivery(2, "offer", 2, "x", DeliveryState::Queued)));
    message.state = DeliveryState::Queued;
    store.commit(|unit| unit.update_delivery(&message));
    assert_eq!(store.read(|read| read.lines_due()), [(Line::of("email", ""), Time(1))]);
    assert_eq!(store.read(|read| read.next_due()), Some(Time(30)), "what is to be sent is due by its line");
}

pub fn what_is_being_sent_is_found_again(store: &mut impl Backend) {
    store.commit(|unit| {
        unit.put_delivery(&delivery(1, "offer", 1, "x", DeliveryState::Sending))?;
        unit.put_delivery(&delivery(2, "offer", 2, "x", DeliveryState::Queued))
    });
    let sending = store.read(|read| read.sending_deliveries());
    assert_eq!(sending.iter().map(|delivery| delivery.id.0).collect::<Vec<_>>(), [1]);
}

pub fn each_line_has_a_queue_of_its_own(store: &mut impl Backend) {
    let (alarm, crm, email) = (Line::of(WEBHOOK, "alarm"), Line::of(WEBHOOK, "crm"), Line::of("email", ""));
    store.commit(|unit| {
        for (id, hook, due) in [(1, "crm", 30), (2, "crm", 20), (3, "alarm", 40), (4, "crm", 90)] {
            let mut told = delivery(id, "cart", 1, &id.to_string(), DeliveryState::Queued);
            (told.channel, told.contact, told.due) = (WEBHOOK.into(), hook.into(), Time(due));
            unit.put_delivery(&told)?;
        }
        unit.put_delivery(&delivery(6, "cart", 2, "on the line", DeliveryState::Sending))?;
        let mut message = delivery(5, "cart", 1, "mail", DeliveryState::Queued);
        message.due = Time(50);
        unit.put_delivery(&message)
    });
    store.read(|read| {
        let due = [(email.clone(), Time(50)), (alarm.clone(), Time(40)), (crm.clone(), Time(20))];
        assert_eq!(read.lines_due()?, due);
        let ids = |line, now, limit| -> Vec<u64> {
            read.due_deliveries(line, Time(now), limit).unwrap().iter().map(|told| told.id.0).collect()
        };
        assert_eq!(ids(&crm, 30, 9), [2, 1]);
        assert_eq!(ids(&crm, 90, 2), [2, 1]);
        assert!(ids(&alarm, 39, 9).is_empty());
        // Messages do not wait behind them, nor with them.
        assert_eq!(ids(&email, 99, 9), [5]);
        assert_eq!(read.due_deliveries_of(ProfileId(1), Time(99))?.len(), 1);
        let counts: Vec<_> = read
            .line_counts(Time(40))?
            .into_iter()
            .map(|count| (count.line, count.queued, count.due, count.sending, count.next))
            .collect();
        let expected = [
            (email, 1, 0, 1, Some(Time(50))),
            (alarm, 1, 1, 0, Some(Time(40))),
            (crm, 3, 2, 0, Some(Time(20))),
        ];
        assert_eq!(counts, expected);
        Ok(())
    });
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
        message.state = DeliveryState::Unknown;
        message.reason = Some("the process ended".into());
        message.updated = Time(3);
        unit.update_delivery(&message)
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

/// What goes to the house itself is listed where it is asked for, and counted nowhere.
pub fn copies_are_no_customers(store: &mut impl Backend) {
    let copy = |id, seed: &str, state| {
        let mut copy = delivery(id, "offer", 0, &format!("launch~{seed}"), state);
        copy.seed = Some(seed.to_owned());
        copy
    };
    store.commit(|unit| {
        unit.put_delivery(&delivery(1, "offer", 7, "launch", DeliveryState::Sent))?;
        assert!(unit.put_delivery(&copy(2, "check/Ann", DeliveryState::Sent))?);
        assert!(unit.put_delivery(&copy(3, "check/Bob", DeliveryState::Queued))?);
        assert!(!unit.put_delivery(&copy(4, "check/Bob", DeliveryState::Queued))?, "one for each seed");
        Ok(())
    });
    store.read(|read| {
        assert_eq!(read.delivery(DeliveryId(2))?.and_then(|copy| copy.seed).as_deref(), Some("check/Ann"));
        let listed = |program: Option<&str>, seeds| -> Vec<u64> {
            let filter = DeliveryFilter { program: program.map(str::to_owned), seeds, ..Default::default() };
            read.deliveries(&filter, 9).unwrap().iter().map(|delivery| delivery.id.0).collect()
        };
        for program in [None, Some("offer")] {
            assert_eq!(listed(program, false), [1]);
            assert_eq!(listed(program, true), [3, 2, 1]);
            let counts: Vec<_> = read.delivery_counts(program)?.into_iter().collect();
            assert_eq!(counts, [("sent".to_owned(), 1)], "no state is left of copies alone");
        }
        assert_eq!(read.delivery_reasons("offer")?, [("sent".to_owned(), None, 1)]);
        let due = read.due_deliveries(&Line::of("email", ""), Time(1_000), 9)?;
        assert_eq!(due.iter().map(|copy| copy.id.0).collect::<Vec<_>>(), [3], "and goes out as they do");
        Ok(())
    });
}
