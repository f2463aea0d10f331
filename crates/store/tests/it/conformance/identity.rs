//! Changes of identity, as others are told of them.

use crate::words::*;
use crowsnest_model::{DecisionId, EventId, ProfileId, Time};
use crowsnest_store::{IdentityChange, IdentityChangeKind};

fn change(kind: IdentityChangeKind, absorbed: u64) -> IdentityChange {
    IdentityChange {
        cursor: 0,
        time: Time(1_000),
        kind,
        survivor: ProfileId(1),
        absorbed: ProfileId(absorbed),
        event: (kind == IdentityChangeKind::Merged).then(|| EventId::of("web", "m1")),
        decision: (kind != IdentityChangeKind::Merged).then_some(DecisionId(7)),
        anonymous: absorbed == 2,
        reason: "they said so".into(),
    }
}

pub fn changes_of_identity_are_read_from_a_cursor(store: &mut impl Backend) {
    assert_eq!(store.read(|read| read.last_identity_change()), 0);
    let [merged, split, moved] = IdentityChangeKind::ALL;
    let written = [change(merged, 2), change(split, 2), change(moved, 3)];
    store.commit(|unit| unit.put_identity_change(&written[0]));
    store.commit(|unit| written[1..].iter().try_for_each(|change| unit.put_identity_change(change)));
    let all = store.read(|read| read.identity_changes(0, 9));
    let without_cursors: Vec<_> =
        all.iter().map(|change| IdentityChange { cursor: 0, ..change.clone() }).collect();
    assert_eq!(without_cursors, written);
    assert!(all.is_sorted_by(|one, next| one.cursor < next.cursor));
    assert_eq!(store.read(|read| read.last_identity_change()), all[2].cursor);
    // Whoever goes on behind the last one that they have read sees each once.
    let mut seen = Vec::new();
    loop {
        let after = seen.last().map_or(0, |change: &IdentityChange| change.cursor);
        let next = store.read(|read| read.identity_changes(after, 1));
        if next.is_empty() {
            break;
        }
        seen.extend(next);
    }
    assert_eq!(seen, all);
    assert_eq!(store.read(|read| read.identity_changes(u64::MAX, 9)), []);
}

pub fn an_event_is_found_by_its_id(store: &mut impl Backend) {
    let (one, other) = (event("web", "m1", Some("Cart Updated"), 1_000), event("web", "m2", None, 2_000));
    store.commit(|unit| keep(unit, ProfileId(1), &one));
    let found = store.read(|read| read.event(one.id)).unwrap();
    assert_eq!(found.columns.id, one.id);
    assert_eq!(found.columns.name.as_deref(), Some("Cart Updated"));
    assert!(store.read(|read| read.event(other.id)).is_none());
}
