//! Who of a household gets a broadcast: laws that hold for any people in any order.

use crowsnest_model::{
    ProfileId, Time,
    definition::{Broadcast, OnePer, Send},
};
use crowsnest_programs::{Candidate, LiveBroadcast, choose};
use proptest::prelude::*;

fn broadcast() -> LiveBroadcast {
    let definition = Broadcast {
        name: "offer".into(),
        title: None,
        audience: "true".into(),
        one_per: OnePer::Household,
        prefer: vec!["profile.role == \"owner\"".into(), "profile.role == \"driver\"".into()],
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

fn members() -> impl Strategy<Value = (Vec<Candidate>, Vec<Candidate>)> {
    let one = (any::<bool>(), any::<bool>(), 0_i64..3);
    prop::collection::vec(one, 0..9).prop_flat_map(|drawn| {
        let all: Vec<Candidate> = drawn
            .into_iter()
            .enumerate()
            .map(|(place, (owner, driver, seen))| Candidate {
                profile: ProfileId(place as u64 + 1),
                contact: format!("{place}@x.org"),
                household: None,
                preferred: vec![owner, driver],
                last_seen: Time(seen),
            })
            .collect();
        (Just(all.clone()), Just(all).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn any_order_gives_the_same_and_nobody_is_lost_or_put_before_a_better_one((one, other) in members()) {
        let broadcast = broadcast();
        let choice = choose(&broadcast, one.clone());
        prop_assert_eq!(&choice, &choose(&broadcast, other));
        let Some(choice) = choice else {
            prop_assert!(one.is_empty());
            return Ok(());
        };
        let mut everybody = choice.others.clone();
        everybody.push(choice.chosen.clone());
        everybody.sort_by_key(|member| member.profile);
        prop_assert_eq!(everybody, one);
        prop_assert_eq!(choice.why.is_some(), !choice.others.is_empty());
        let chosen = &choice.chosen;
        for other in &choice.others {
            // By words, not by the order that the code uses.
            let better = match (other.preferred == chosen.preferred, other.last_seen == chosen.last_seen) {
                (false, _) => {
                    let first = (0..2).find(|at| other.preferred[*at] != chosen.preferred[*at]).unwrap();
                    other.preferred[first]
                }
                (true, false) => other.last_seen > chosen.last_seen,
                (true, true) => other.profile < chosen.profile,
            };
            prop_assert!(!better, "{:?} comes before {:?}", other, chosen);
        }
    }
}
