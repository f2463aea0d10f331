//! Who lives with whom.

use crate::words::*;
use crowsnest_model::{HouseholdId, ProfileId, Time};
use crowsnest_store::Stay;

const ELM: HouseholdId = HouseholdId(7);
const OAK: HouseholdId = HouseholdId(8);

fn stay(household: HouseholdId, profile: u64, since: i64) -> Stay {
    Stay {
        household,
        profile: ProfileId(profile),
        since: Time(since),
        until: None,
        reason: "same address".into(),
        ended: None,
    }
}

pub fn who_lives_where_is_kept_since_when_and_until_when(store: &mut impl Backend) {
    let (ann, bob) = (ProfileId(1), ProfileId(2));
    store.commit(|unit| {
        unit.begin_stay(ELM, ann, Time(10), "same address")?;
        unit.begin_stay(ELM, bob, Time(10), "same address")?;
        assert!(unit.begin_stay(OAK, bob, Time(11), "same address").is_err(), "nobody has two homes");
        Ok(())
    });
    store.commit(|unit| {
        assert!(unit.end_stay(bob, Time(20), "lives with others now")?);
        assert!(!unit.end_stay(bob, Time(21), "again")?);
        unit.begin_stay(OAK, bob, Time(20), "same address")
    });
    let over =
        Stay { until: Some(Time(20)), ended: Some("lives with others now".into()), ..stay(ELM, 2, 10) };
    store.read(|read| {
        assert_eq!((read.home_of(ann)?, read.home_of(bob)?), (Some(ELM), Some(OAK)));
        assert_eq!((read.living_in(ELM)?, read.living_in(OAK)?), (vec![ann], vec![bob]));
        assert_eq!((read.household(ELM)?, read.household(OAK)?), (vec![ann], vec![bob]));
        assert_eq!(read.stays_in(ELM)?, [stay(ELM, 1, 10), over.clone()]);
        assert_eq!(read.stays_of(bob)?, [over.clone(), stay(OAK, 2, 20)]);
        assert_eq!(read.at_home(None, 9)?, [ann, bob]);
        assert_eq!(read.at_home(Some(ann), 9)?, [bob]);
        Ok(())
    });
}

pub fn where_somebody_lived_goes_along_in_a_merge(store: &mut impl Backend) {
    let (ann, nan, cleo) = (ProfileId(1), ProfileId(2), ProfileId(3));
    store.commit(|unit| {
        for id in [ann, nan, cleo] {
            unit.put_profile(&person(id.0))?;
        }
        unit.begin_stay(ELM, ann, Time(10), "same address")?;
        unit.begin_stay(OAK, nan, Time(11), "same address")?;
        Ok(())
    });
    // Both have a home: that of whoever goes on counts. Of whoever has none it is that of the other.
    store.commit(|unit| unit.merge(ann, nan, Time(20)).map(drop));
    store.commit(|unit| unit.merge(cleo, ann, Time(30)).map(drop));
    store.read(|read| {
        assert_eq!((read.home_of(cleo)?, read.home_of(nan)?), (Some(ELM), None));
        assert_eq!((read.household(ELM)?, read.household(OAK)?), (vec![cleo], vec![]));
        let stays = read.stays_of(cleo)?;
        assert_eq!(stays[0], stay(ELM, 3, 10));
        assert_eq!((stays[1].household, stays[1].until), (OAK, Some(Time(20))));
        Ok(())
    });
}
