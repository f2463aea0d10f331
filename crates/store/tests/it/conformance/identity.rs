//! Changes of identity, as others are told of them.

use crate::words::*;
use crowsnest_model::{DecisionId, EventId, Identifier, ProfileId, Time, profile::Link};
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

pub fn who_shares_an_identifier_is_known(store: &mut impl Backend) {
    let (mail, phone) = (Identifier::new("email", "home@x.org"), Identifier::new("phone", "+13125550142"));
    store.commit(|unit| {
        unit.put_sharer(&mail, ProfileId(3))?;
        unit.put_sharer(&mail, ProfileId(2))?;
        unit.put_sharer(&mail, ProfileId(3))?;
        unit.put_sharer(&phone, ProfileId(2))
    });
    let nobodys = Identifier::new("email", "x@x.org");
    let all = store.read(|read| read.sharers(&[&phone, &nobodys, &mail]));
    assert_eq!(all, [vec![ProfileId(2)], vec![], vec![ProfileId(2), ProfileId(3)]]);
    store.commit(|unit| unit.remove_sharer(&mail, ProfileId(3)));
    assert_eq!(store.read(|read| read.sharers(&[&mail])), [[ProfileId(2)]]);
    // Whoever is forgotten shares nothing.
    let mut bob = person(2);
    bob.shared = [&mail, &phone]
        .map(|identifier| Link {
            namespace: identifier.namespace.clone(),
            value: identifier.value.clone(),
            first_seen: Time(1_000),
            last_seen: Time(1_000),
        })
        .to_vec();
    store.commit(|unit| unit.put_profile(&bob));
    store.commit(|unit| unit.forget_person(bob.id, &[bob.id], &[]));
    assert_eq!(store.read(|read| read.sharers(&[&mail, &phone])), [vec![], vec![]]);
}
