//! People: identifiers, events, merges, households, consents.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{
    ConsentStatus, DeliveryId, EventId, HouseholdId, Identifier, ProfileId, RunId, Time, Trait,
    delivery::DeliveryState, line::Line, profile::Link,
};
use crowsnest_store::{DeliveryFilter, LedgerEntry, LedgerKind, Page, RunState, Suppression};

pub fn identifiers_have_one_holder(store: &mut impl Backend) {
    let (mail, user) =
        (Identifier::new("email", "ann@example.org"), Identifier::new("user_id", "ann@example.org"));
    store.commit(|unit| {
        unit.put_holder(&mail, ProfileId(1))?;
        assert_eq!(
            unit.holders(&[&mail, &user])?,
            [Some(ProfileId(1)), None],
            "another namespace is another identifier"
        );
        unit.put_holder(&mail, ProfileId(2))?;
        unit.put_holder(&user, ProfileId(3))
    });
    let holders = store.read(|read| read.holders(&[&mail, &user, &Identifier::new("nowhere", "x")]));
    assert_eq!(holders, [Some(ProfileId(2)), Some(ProfileId(3)), None]);
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
            keep(unit, person, event)?;
            assert!(unit.seen(event.id)?);
            assert_eq!(unit.claim(event.id)?, None, "it is here already");
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

pub fn people_are_found_by_what_they_did(store: &mut impl Backend) {
    store.commit(|unit| {
        for (place, (person, name)) in
            [(3, "A"), (1, "A"), (1, "A"), (2, "B"), (4, "C"), (5, "A")].into_iter().enumerate()
        {
            keep(unit, ProfileId(person), &event("web", &format!("m{place}"), Some(name), place as i64))?;
        }
        Ok(())
    });
    store.read(|read| {
        let found = |names: &[&str], after: Option<u64>, limit| -> Vec<u64> {
            let people = read.people_with_events(names, after.map(ProfileId), limit).unwrap();
            people.into_iter().map(|person| person.0).collect()
        };
        assert_eq!(found(&["A"], None, 9), [1, 3, 5], "each once");
        assert_eq!(found(&["A", "B", "Never Heard Of"], None, 3), [1, 2, 3]);
        assert_eq!(found(&["A", "B"], Some(3), 3), [5]);
        assert!(found(&["Never Heard Of"], None, 9).is_empty());
        assert!(found(&[], None, 9).is_empty());
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

pub fn events_whose_ids_begin_alike_are_others(store: &mut impl Backend) {
    let alike = |end: u128| {
        let mut touch = event("web", &end.to_string(), None, 1_000);
        touch.id = EventId((u128::from(u64::MAX) << 64) | end);
        touch
    };
    for end in [1, 2, 3] {
        store.commit(|unit| keep(unit, ProfileId(1), &alike(end)));
    }
    store.commit(|unit| {
        for end in [3, 1, 2] {
            assert!(unit.seen(alike(end).id)?);
            assert_eq!(unit.claim(alike(end).id)?, None);
        }
        assert!(!unit.seen(alike(4).id)?);
        Ok(())
    });
    assert_eq!(store.read(|read| read.events(ProfileId(1), PAGE)).len(), 3);
}

pub fn a_merge_moves_everything(store: &mut impl Backend) {
    let (to, from) = (ProfileId(1), ProfileId(2));
    let touch = event("web", "m1", Some("Cart Updated"), 1_000);
    store.commit(|unit| {
        for id in [1, 2] {
            unit.put_profile(&person(id))?;
        }
        keep(unit, from, &touch)?;
        unit.put_household_member(HouseholdId(7), from)?;
        unit.put_household_member(HouseholdId(8), from)?;
        unit.put_household_member(HouseholdId(8), to)?;
        unit.put_run(&run(11, "cart", 2, "c1", RunState::Active))?;
        unit.put_timer(RunId(11), from, Some(Time(50)))?;
        let mut message = delivery(21, "cart", 2, "c1#0", DeliveryState::Queued);
        message.run = Some(RunId(11));
        unit.put_delivery(&message)?;
        unit.merge(to, from, Time(60)).map(drop)
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
        unit.merge(ProfileId(3), ProfileId(4), Time(3)).map(drop)
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
        unit.merge(ProfileId(1), ProfileId(2), Time(60)).map(drop)
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
        assert!(read.due_deliveries(&Line::of("email", ""), Time(i64::MAX), 9)?.is_empty());
        Ok(())
    });
}

pub fn a_merge_cancels_what_the_other_was_sent(store: &mut impl Backend) {
    let (to, from) = (ProfileId(1), ProfileId(2));
    let waiting = store.commit(|unit| {
        for id in [1, 2] {
            unit.put_profile(&person(id))?;
        }
        let mut mine = delivery(11, "cart", 1, "c1#0", DeliveryState::Queued);
        mine.run = Some(RunId(5));
        unit.put_delivery(&mine)?;
        unit.put_delivery(&delivery(12, "cart", 1, "c2#0", DeliveryState::Queued))?;
        unit.put_delivery(&delivery(21, "cart", 2, "c1#0", DeliveryState::Sent))?;
        unit.merge(to, from, Time(60))
    });
    assert_eq!(waiting, [RunId(5)]);
    let state = |id| store.read(|read| read.delivery(DeliveryId(id))).map(|found| found.state);
    assert_eq!(
        [state(11), state(12), state(21)],
        [Some(DeliveryState::Cancelled), Some(DeliveryState::Queued), Some(DeliveryState::Sent)]
    );
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

pub fn who_shares_an_account(store: &mut impl Backend) {
    store.commit(|unit| {
        for (household, profile) in [(10, 1), (10, 2), (20, 2), (20, 3), (30, 4)] {
            unit.put_household_member(HouseholdId(household), ProfileId(profile))?;
        }
        Ok(())
    });
    store.read(|read| {
        for id in 1..=3 {
            let all = [ProfileId(1), ProfileId(2), ProfileId(3)];
            assert_eq!(read.sharing(ProfileId(id), 3)?.as_deref(), Some(&all[..]), "{id}");
            assert_eq!(read.sharing(ProfileId(id), 2)?, None, "{id}");
        }
        assert_eq!(read.sharing(ProfileId(4), 1)?, Some(vec![ProfileId(4)]));
        assert_eq!(read.sharing(ProfileId(5), 1)?, Some(vec![ProfileId(5)]), "on their own");
        Ok(())
    });
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
    let of = |channel: &'static str| {
        store.read(|read| read.suppressions(Some(channel), Page { limit: 9, offset: 0 })).len()
    };
    assert_eq!((of("email"), of("sms")), (2, 0));
    let listed = |limit, offset| -> Vec<String> {
        let all = store.read(|read| read.suppressions(None, Page { limit, offset }));
        all.into_iter().map(|suppression| suppression.contact).collect()
    };
    assert_eq!(listed(9, 0), ["a@x.org", "c@x.org"]);
    assert_eq!(listed(1, 1), ["c@x.org"]);
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
    assert_eq!(entries.len(), LedgerKind::ALL.len() + 1);
    assert_eq!(entries[0], entry(LedgerKind::Merge, 1, Some(2), "merged"));
    let first = entries.len() - 1;
    assert_eq!(entries[first], entry(LedgerKind::Link, 2, None, "0"));
    assert_eq!(
        store.read(|read| read.ledger(ProfileId(1), Page { limit: 1, offset: first })),
        entries[first..]
    );
}
