//! Items of catalogues, and those who watch them.

use crate::words::*;
use crowsnest_model::{InterestId, Item, Object, ProfileId, Time};
use crowsnest_store::ItemChange;

fn car(key: &str, price: i64, listed: i64, missing: Option<i64>) -> Item {
    let mut fields = Object::new();
    fields.insert("price".into(), price.into());
    Item {
        key: key.into(),
        fields,
        time: Some(Time(listed)),
        source: "inventory".into(),
        listed: Some(Time(listed)),
        missing: missing.map(Time),
    }
}

pub fn items_are_read_as_written(store: &mut impl Backend) {
    let unheard_of = Item { missing: Some(Time(3)), ..Item::unheard_of("d") };
    store.commit(|unit| {
        for item in [&car("b", 2, 20, None), &car("a", 1, 10, None), &car("c", 3, 30, Some(31)), &unheard_of]
        {
            unit.put_item("cars", item)?;
        }
        unit.put_item("cars", &car("b", 5, 25, Some(25)))?;
        unit.put_item("bikes", &car("a", 9, 9, None))?;
        unit.put_item_list("cars", Time(20))?;
        unit.put_item_list("cars", Time(15))
    });
    store.read(|read| {
        assert_eq!(read.item("cars", "b")?, Some(car("b", 5, 25, Some(25))));
        assert_eq!((read.item("cars", "d")?, read.item("bikes", "b")?), (Some(unheard_of), None));
        let keys = |after, limit| -> crowsnest_store::Result<Vec<String>> {
            Ok(read.items("cars", after, limit)?.into_iter().map(|item| item.key).collect())
        };
        assert_eq!((keys(None, 9)?.concat(), keys(Some("a"), 1)?.concat()), ("abc".into(), "b".into()));
        assert_eq!((read.item_count("cars")?, read.item_count("boats")?), (2, 0), "c is gone");
        assert_eq!((read.listed_until("cars")?, read.listed_until("bikes")?), (Some(Time(20)), None));
        assert_eq!(read.unlisted("cars", Time(25), 9)?, [car("a", 1, 10, None)]);
        assert_eq!(read.unlisted("cars", Time(26), 1)?.len(), 1);
        Ok(())
    });
}

pub fn changes_of_items_wait_and_go_on(store: &mut impl Backend) {
    let change = |key: &str| ItemChange {
        seq: 0,
        program: "price-drop".into(),
        catalogue: "cars".into(),
        key: key.into(),
        time: Time(7),
        seen: Object::from_iter([("item".to_owned(), car(key, 1, 1, None).seen().into())]),
        after: None,
    };
    store.commit(|unit| {
        unit.put_item_change(&change("a"), Some(Time(10)))?;
        unit.put_item_change(&change("b"), Some(Time(10)))?;
        unit.put_item_change(&change("c"), None)
    });
    store.commit(|unit| {
        assert_eq!(unit.next_due()?, Some(Time(10)));
        assert_eq!(unit.due_item_changes(Time(9), 9)?, []);
        let due = unit.due_item_changes(Time(10), 9)?;
        assert_eq!(due.len(), 2);
        assert_eq!(due[0], ItemChange { seq: due[0].seq, ..change("a") });
        unit.move_item_change(due[0].seq, ProfileId(5))?;
        unit.park_item_change(due[1].seq)?;
        let due = unit.due_item_changes(Time(10), 9)?;
        assert_eq!((due.len(), due[0].after), (1, Some(ProfileId(5))));
        unit.remove_item_change(due[0].seq)?;
        assert_eq!(unit.next_due()?, None, "the others wait until it is known who watches");
        assert_eq!(unit.unpark_item_changes(Time(20))?, 2);
        let keys = unit.due_item_changes(Time(20), 9)?.into_iter().map(|change| change.key);
        assert_eq!(keys.collect::<String>(), "bc");
        Ok(())
    });
}

pub fn the_latest_word_of_a_watcher_stays(store: &mut impl Backend) {
    let (one, other) = (InterestId(u64::MAX), InterestId(2));
    store.commit(|unit| {
        unit.put_profile(&person(3))?;
        unit.put_profile(&person(4))?;
        unit.put_watcher(one, "a", ProfileId(4), Time(40))?;
        unit.put_watcher(one, "a", ProfileId(4), Time(30))?;
        unit.put_watcher(one, "a", ProfileId(3), Time(50))?;
        unit.put_watcher(one, "b", ProfileId(3), Time(60))?;
        unit.put_watcher(other, "a", ProfileId(9), Time(1))?;
        assert_eq!(unit.watchers(one, "a", Time(40), None, 9)?, [ProfileId(3), ProfileId(4)]);
        assert_eq!(unit.watchers(one, "a", Time(41), None, 9)?, [ProfileId(3)]);
        assert_eq!(unit.watchers(one, "a", Time(0), Some(ProfileId(3)), 9)?, [ProfileId(4)]);
        assert_eq!(unit.watchers(one, "a", Time(0), None, 1)?, [ProfileId(3)]);
        assert_eq!(unit.watched_before(one, Time(41), None, 9)?, ["a"]);
        assert_eq!(unit.watched_before(one, Time(61), None, 9)?, ["a", "b"], "each once");
        assert_eq!(unit.watched_before(one, Time(61), None, 1)?, ["a"]);
        assert_eq!(unit.watched_before(one, Time(61), Some("a"), 9)?, ["b"]);
        assert_eq!(unit.watched_before(one, Time(40), None, 9)?, [""; 0]);
        unit.merge(ProfileId(4), ProfileId(3), Time(70))?;
        assert_eq!(unit.watchers(one, "a", Time(50), None, 9)?, [ProfileId(4)], "of two the later word");
        assert_eq!(unit.watchers(one, "a", Time(51), None, 9)?, []);
        assert_eq!(unit.watchers(one, "b", Time(60), None, 9)?, [ProfileId(4)]);
        unit.forget_watchers(one, "a", Time(51))?;
        assert_eq!(unit.watchers(one, "a", Time(0), None, 9)?, []);
        unit.remove_build("interest", &one.name())?;
        assert_eq!(unit.watchers(one, "b", Time(0), None, 9)?, []);
        assert_eq!(unit.watchers(other, "a", Time(0), None, 9)?, [ProfileId(9)]);
        Ok(())
    });
}
