//! Who gets a broadcast: laws that hold for any people in any order.

use crowsnest_model::{
    HouseholdId, ProfileId, Time,
    definition::{Broadcast, OnePer, Send},
};
use crowsnest_programs::{Candidate, LiveBroadcast, Selection, select};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn broadcast(one_per: OnePer) -> LiveBroadcast {
    let definition = Broadcast {
        name: "offer".into(),
        title: None,
        audience: "true".into(),
        one_per,
        prefer: vec!["profile.role == \"owner\"".into()],
        requires_fresh: Vec::new(),
        send: Send {
            channel: "email".into(),
            template: "letter".into(),
            topic: "offers".into(),
            seeds: Vec::new(),
        },
        ttl: None,
    };
    LiveBroadcast::compile(definition, 1, &crowsnest_rules::Schema::open()).unwrap()
}

fn candidates() -> impl Strategy<Value = (Vec<Candidate>, Vec<Candidate>)> {
    let one = (0_u64..6, prop::option::of(0_u64..4), any::<bool>(), any::<bool>(), 0_i64..3);
    prop::collection::vec(one, 0..14).prop_flat_map(|drawn| {
        let all: Vec<Candidate> = drawn
            .into_iter()
            .enumerate()
            .map(|(place, (contact, household, queued, owner, seen))| Candidate {
                profile: ProfileId(place as u64 + 1),
                contact: format!("{contact}@x.org"),
                household: household.map(HouseholdId),
                queued: queued && place % 5 == 0,
                preferred: vec![owner],
                last_seen: Time(seen),
            })
            .collect();
        (Just(all.clone()), Just(all).prop_shuffle())
    })
}

fn of(selection: &Selection) -> Vec<ProfileId> {
    selection.recipients.iter().map(|recipient| recipient.candidate.profile).collect()
}

proptest! {
    #[test]
    fn any_order_gives_the_same_and_nobody_is_lost_or_doubled((one, other) in candidates()) {
        for one_per in [OnePer::Household, OnePer::Person] {
            let broadcast = broadcast(one_per);
            let selection = select(&broadcast, one.clone());
            prop_assert_eq!(&selection, &select(&broadcast, other.clone()));

            let mut everybody = of(&selection);
            everybody.extend(selection.left_out.iter().map(|left_out| left_out.profile));
            everybody.sort();
            let asked: Vec<ProfileId> = one.iter().map(|candidate| candidate.profile).collect();
            prop_assert_eq!(everybody, asked, "each is a recipient or is left out");

            let contacts: BTreeSet<_> = selection.recipients.iter().map(|r| &r.candidate.contact).collect();
            prop_assert_eq!(contacts.len(), selection.recipients.len(), "never two to one address");
            if one_per == OnePer::Household {
                let households: Vec<_> =
                    selection.recipients.iter().filter_map(|r| r.candidate.household).collect();
                let distinct: BTreeSet<_> = households.iter().collect();
                prop_assert_eq!(distinct.len(), households.len(), "never two to one household");
            }
            for left_out in &selection.left_out {
                prop_assert!(left_out.instead.is_some(), "somebody stands for {:?}", left_out.profile);
            }
        }
    }
}

#[test]
fn whoever_has_it_already_stands_for_the_address() {
    let person = |id, queued| Candidate {
        profile: ProfileId(id),
        contact: "us@x.org".into(),
        household: None,
        queued,
        preferred: vec![false],
        last_seen: Time(0),
    };
    let selection = select(&broadcast(OnePer::Person), vec![person(1, false), person(2, true)]);
    assert_eq!(of(&selection), [ProfileId(2)], "or the address would get it twice");
}
