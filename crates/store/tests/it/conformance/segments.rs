//! Segments, and what is derived from recorded events.

use super::PAGE;
use crate::words::*;
use crowsnest_model::{EventId, ProfileId, Time};
use crowsnest_store::{Build, Page, SegmentChange};

fn change(profile: u64, segment: &str, entered: bool, time: i64) -> SegmentChange {
    SegmentChange {
        profile: ProfileId(profile),
        segment: segment.into(),
        entered,
        time: Time(time),
        event: entered.then(|| EventId::of("web", "m1")),
        why: "has at least 2 orders".into(),
    }
}

pub fn memberships_are_listed_counted_and_compared(store: &mut impl Backend) {
    store.commit(|unit| {
        for id in [1, 2, 3] {
            unit.put_membership("vip", ProfileId(id), Some(Time(id as i64)))?;
        }
        unit.put_membership("lapsed", ProfileId(2), Some(Time(20)))?;
        unit.put_membership("lapsed", ProfileId(9), Some(Time(90)))?;
        unit.put_membership("vip", ProfileId(1), Some(Time(11)))?;
        unit.put_membership("vip", ProfileId(3), None)?;
        assert_eq!(unit.member_count("vip")?, 2);
        unit.put_membership("vip", ProfileId(1), None)?;
        assert_eq!(unit.members("vip", None, 9)?, [(ProfileId(2), Time(2))]);
        unit.put_membership("vip", ProfileId(1), Some(Time(11)))
    });
    store.read(|read| {
        assert_eq!(read.members("vip", None, 9)?, [(ProfileId(1), Time(11)), (ProfileId(2), Time(2))]);
        assert_eq!(read.members("vip", Some(ProfileId(1)), 9)?, [(ProfileId(2), Time(2))]);
        assert_eq!(read.members("vip", None, 1)?.len(), 1);
        assert_eq!((read.overlap("vip", "lapsed")?, read.overlap("vip", "unheard")?), (1, 0));
        assert_eq!((read.member_count("lapsed")?, read.member_count("unheard")?), (2, 0));
        Ok(())
    });
}

pub fn changes_of_segments_are_kept(store: &mut impl Backend) {
    let all = [change(1, "vip", true, 10), change(2, "vip", true, 20), change(1, "lapsed", false, 30)];
    store.commit(|unit| all.iter().try_for_each(|change| unit.put_segment_change(change)));
    store.read(|read| {
        assert_eq!(read.segment_changes(None, None, PAGE)?, [all[2].clone(), all[1].clone(), all[0].clone()]);
        assert_eq!(read.segment_changes(Some("vip"), None, PAGE)?, [all[1].clone(), all[0].clone()]);
        assert_eq!(read.segment_changes(None, Some(ProfileId(1)), PAGE)?, [all[2].clone(), all[0].clone()]);
        assert_eq!(read.segment_changes(Some("vip"), Some(ProfileId(1)), PAGE)?, [all[0].clone()]);
        assert!(read.segment_changes(Some("unheard"), None, PAGE)?.is_empty());
        assert_eq!(read.segment_changes(None, None, Page { limit: 1, offset: 1 })?, [all[1].clone()]);
        Ok(())
    });
}

/// What one event changes lies together, and is still one answer for each segment.
pub fn changes_of_one_event_are_told_apart(store: &mut impl Backend) {
    let names = ["vip", "lapsed", "vip", "busy"];
    let all: Vec<SegmentChange> =
        names.iter().enumerate().map(|(at, name)| change(1, name, at != 2, 10)).collect();
    let all: Vec<SegmentChange> =
        all.into_iter().map(|change| SegmentChange { event: None, ..change }).collect();
    let other = change(2, "vip", true, 10);
    store.commit(|unit| {
        all.iter().try_for_each(|change| unit.put_segment_change(change))?;
        assert_eq!(unit.segment_changes(None, None, PAGE)?[0], all[3], "also within the commit");
        unit.put_segment_change(&other)
    });
    store.read(|read| {
        let page = |limit, offset| Page { limit, offset };
        let vip = [other.clone(), all[2].clone(), all[0].clone()];
        assert_eq!(read.segment_changes(Some("vip"), None, PAGE)?, vip);
        assert_eq!(read.segment_changes(Some("vip"), None, page(1, 1))?, [all[2].clone()]);
        let person = Some(ProfileId(1));
        let newest: Vec<SegmentChange> = all.iter().rev().cloned().collect();
        assert_eq!(read.segment_changes(None, person, PAGE)?, newest);
        for offset in 0..5 {
            let shown = read.segment_changes(None, person, page(2, offset))?;
            let expected: Vec<SegmentChange> = newest.iter().skip(offset).take(2).cloned().collect();
            assert_eq!(shown, expected, "from {offset}");
        }
        assert_eq!(read.segment_changes(Some("vip"), person, page(1, 1))?, [all[0].clone()]);
        Ok(())
    });
    store.commit(|unit| unit.forget_person(ProfileId(1), &[], &[]));
    store.read(|read| {
        assert_eq!(read.segment_changes(Some("vip"), None, PAGE)?, std::slice::from_ref(&other));
        assert!(read.segment_changes(Some("busy"), None, PAGE)?.is_empty());
        Ok(())
    });
}

pub fn looks_come_in_the_order_of_their_moments(store: &mut impl Backend) {
    store.commit(|unit| {
        for (id, due) in [(1, 30), (2, 10), (3, 20)] {
            unit.put_look(ProfileId(id), Some(Time(due)))?;
        }
        unit.put_look(ProfileId(1), Some(Time(5)))?;
        unit.put_look(ProfileId(3), None)
    });
    store.read(|read| {
        assert_eq!(read.due_looks(Time(10), 9)?, [(Time(5), ProfileId(1)), (Time(10), ProfileId(2))]);
        assert!(read.due_looks(Time(4), 9)?.is_empty());
        assert_eq!(read.next_due()?, Some(Time(5)));
        Ok(())
    });
}

pub fn a_merge_takes_changes_of_segments_along(store: &mut impl Backend) {
    let (to, from) = (ProfileId(1), ProfileId(2));
    store.commit(|unit| {
        for id in [1, 2] {
            unit.put_profile(&person(id))?;
            unit.put_look(ProfileId(id), Some(Time(id as i64)))?;
        }
        unit.put_segment_change(&change(2, "theirs", true, 7))?;
        unit.merge(to, from, Time(50)).map(drop)
    });
    store.read(|read| {
        assert_eq!(read.segment_changes(None, Some(to), PAGE)?.len(), 1);
        assert_eq!(read.due_looks(Time(99), 9)?, [(Time(1), to)]);
        Ok(())
    });
}

pub fn builds_are_kept_until_they_are_removed(store: &mut impl Backend) {
    let mut build = Build {
        kind: "segment".into(),
        name: "vip".into(),
        meaning: "spend >= 100".into(),
        started: Time(1),
        finished: None,
    };
    store.commit(|unit| {
        unit.put_build(&build)?;
        unit.put_membership("vip", ProfileId(1), Some(Time(1)))
    });
    build.finished = Some(Time(2));
    store.commit(|unit| unit.put_build(&build));
    assert_eq!(store.read(|read| read.builds()), [build]);
    store.commit(|unit| unit.remove_build("segment", "vip"));
    assert!(store.read(|read| read.builds()).is_empty());
    assert_eq!(store.read(|read| read.member_count("vip")), 0);
}
