//! What a store keeps beside people: the quarantine, watermarks, definitions, counts; and commits.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{
    DeliveryId, Identifier, Object, ProfileId, QuarantineId, Time,
    delivery::DeliveryState,
    quarantine::QuarantineState,
    sending::{Counted, SendingCounts},
};
use crowsnest_store::{ImportRecord, LaunchRecord, Page, SourceCount, StoreError, Switch};

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
        let counts = [QuarantineState::Open, QuarantineState::Resolved, QuarantineState::Discarded];
        assert_eq!(counts.map(|state| read.quarantine_count(state).unwrap()), [2, 1, 0]);
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
        let switch = |scope: &str, since| Switch { scope: scope.into(), since: Time(since), reason: None };
        assert!(unit.throw_switch(&switch("*", 1))?);
        let again = Switch { reason: Some("too many".into()), ..switch("*", 2) };
        assert!(!unit.throw_switch(&again)?);
        assert!(unit.throw_switch(&Switch { scope: "cart".into(), ..again })?);
        unit.put_setting("secret", "a")?;
        unit.put_setting("secret", "b")
    });
    let switches = store.read(|read| read.switches());
    assert_eq!(switches[0].since, Time(1), "thrown twice, since the first time");
    assert_eq!(
        switches.iter().map(|switch| switch.reason.as_deref()).collect::<Vec<_>>(),
        [None, Some("too many")]
    );
    assert!(store.commit(|unit| unit.reset_switch("*")));
    assert!(!store.commit(|unit| unit.reset_switch("*")), "it is not thrown any more");
    assert_eq!(store.read(|read| read.switches()).len(), 1);
    assert_eq!(store.read(|read| read.setting("secret")).as_deref(), Some("b"));
    assert_eq!(store.read(|read| read.setting("none")), None);
}

pub fn what_is_sent_is_counted_by_the_hour(store: &mut impl Backend) {
    let hour = 3_600_000;
    store.commit(|unit| {
        unit.count_sending("email", Counted::Message, Time(hour), 40)?;
        unit.count_sending("email", Counted::Message, Time(2 * hour - 1), 2)?;
        unit.count_sending("email", Counted::Message, Time(3 * hour), 5)?;
        unit.count_sending("email", Counted::Complaint, Time(3 * hour), 1)?;
        unit.count_sending("sms", Counted::Bounce, Time(3 * hour), 9)
    });
    store.read(|read| {
        let since = |since| read.sending_counts("email", Time(since));
        assert_eq!(since(0)?, SendingCounts { messages: 47, complaints: 1, bounces: 0 });
        assert_eq!(since(2 * hour - 1)?.messages, 47, "the whole hour counts");
        assert_eq!(since(2 * hour)?.messages, 5);
        Ok(())
    });
    store.commit(|unit| unit.forget_sending_counts("email"));
    assert_eq!(store.read(|read| read.sending_counts("email", Time(0))), SendingCounts::default());
    assert_eq!(store.read(|read| read.sending_counts("sms", Time(0))).bounces, 9);
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
        until: ProfileId(90),
        after: None,
        identity: 7,
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
    launch.after = Some(ProfileId(40));
    store.commit(|unit| unit.put_launch(&launch));
    assert_eq!(store.read(|read| read.unfinished_launches()), [launch.clone()], "it says how far it came");
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
        unit.retire_document("program", "cart", Time(11))?;
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
        all.iter().map(|d| (d.version, d.live, d.retired)).collect::<Vec<_>>(),
        [(1, false, Some(Time(9))), (2, false, Some(Time(11))), (3, true, None), (1, true, None)]
    );
    assert_eq!(
        all[0],
        crowsnest_store::StoredDocument {
            version: 1,
            live: false,
            retired: Some(Time(9)),
            ..document("cart", "one", "1")
        }
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

pub fn a_failed_unit_leaves_nothing(store: &mut impl Backend) {
    let touch = event("a source that is new", "m1", Some("A New Name"), 1);
    let failed = store.commit_with(&mut |unit| {
        keep(unit, ProfileId(1), &touch)?;
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
        keep(unit, ProfileId(2), &event("another", "m2", Some("Another Name"), 2))?;
        keep(unit, ProfileId(1), &touch)?;
        unit.put_holder(&Identifier::new("new-namespace", "x"), ProfileId(1))
    });
    store.read(|read| {
        let row = &read.events(ProfileId(1), PAGE)?[0];
        assert_eq!(
            (&*row.columns.source, row.columns.name.as_deref()),
            ("a source that is new", Some("A New Name"))
        );
        let holder = Identifier::new("new-namespace", "x");
        assert_eq!(read.holders(&[&holder])?, [Some(ProfileId(1))]);
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
