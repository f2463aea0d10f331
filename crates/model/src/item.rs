//! Items of catalogues: what is true of a thing just now, from reports that may come in any order and more than once.

use crate::{Object, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The longest key of an item, in bytes.
pub const LONGEST_KEY: usize = 200;

/// How large the fields of an item may be, in bytes of JSON.
pub const LARGEST_ITEM: usize = 32 * 1024;

/// What conditions see of an item beside its fields: its key, and whether it is gone.
pub const GIVEN: [&str; 2] = ["gone", "key"];

/// What an interest is known by: the hash of which events say it, and of which item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterestId(pub u64);

impl InterestId {
    /// It as sixteen hexadecimal digits.
    pub fn name(self) -> String {
        format!("{:016x}", self.0)
    }

    /// The id that has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        u64::from_str_radix(name, 16).ok().map(Self)
    }
}

/// A thing of a catalogue.
///
/// It keeps three things apart, and of each the latest word: what its fields are, that it is there, and that it is gone.
/// So any order of reports, and any repetition, gives the same item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// What it is known by in its catalogue.
    pub key: String,
    /// What is known of it.
    pub fields: Object,
    /// When that was true; `None` when nothing was ever said but that it is gone.
    pub time: Option<Time>,
    /// Who said so.
    pub source: String,
    /// The latest moment of which it is known that it was there.
    pub listed: Option<Time>,
    /// The latest moment of which it is known that it was gone.
    pub missing: Option<Time>,
}

/// What somebody says of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// These are its fields.
    Fields {
        /// The fields.
        fields: Object,
        /// When that was true.
        time: Time,
        /// Up to when it is known to be there: `time`, or later when it stands in a list of a later moment.
        listed: Time,
    },
    /// It was gone at this moment.
    Gone(Time),
}

/// How a report changed an item, as conditions see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The moment from which it is so.
    pub time: Time,
    /// The item as it was; `None` when it was not known.
    pub before: Option<Object>,
    /// The item as it is.
    pub item: Object,
}

impl Item {
    /// An item of which nothing is known yet.
    pub fn unheard_of(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            fields: Object::new(),
            time: None,
            source: String::new(),
            listed: None,
            missing: None,
        }
    }

    /// Whether it is gone: the latest word on it is that. Of one moment, that it is there counts.
    pub fn gone(&self) -> bool {
        self.missing > self.listed
    }

    /// As conditions and templates see it: its fields, its key, and whether it is gone.
    pub fn seen(&self) -> Object {
        let mut seen = self.fields.clone();
        seen.insert("key".into(), self.key.as_str().into());
        seen.insert("gone".into(), self.gone().into());
        seen
    }

    /// Takes in what somebody says. The later word counts; of two of one moment, the greater fields do. Answers how the
    /// item is another one now, if it is; one that was never there and is gone is nobody's news.
    pub fn take_in(&mut self, report: Report, source: &str) -> Option<Changed> {
        let before = self.time.map(|_| self.seen());
        let was_gone = self.gone();
        let moment = match report {
            Report::Fields { fields, time, listed } => {
                self.listed = self.listed.max(Some(listed));
                let later = Some(time) > self.time;
                let greater = Some(time) == self.time
                    && (written(&fields), source) > (written(&self.fields), self.source.as_str());
                if later || greater {
                    self.fields = fields;
                    self.time = Some(time);
                    source.clone_into(&mut self.source);
                }
                time
            }
            Report::Gone(time) => {
                self.missing = self.missing.max(Some(time));
                time
            }
        };
        let item = self.seen();
        if self.time.is_none() || before.as_ref() == Some(&item) || (before.is_none() && self.gone()) {
            return None;
        }
        let turned = self.listed.max(self.missing).filter(|_| was_gone != self.gone());
        Some(Changed { time: turned.map_or(moment, |turned| turned.max(moment)), before, item })
    }
}

/// Fields as a text that does not depend on their order.
fn written(fields: &Object) -> String {
    let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
    serde_json::to_string(&sorted).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn says(price: i64, time: i64, listed: i64) -> Report {
        let Value::Object(fields) = json!({ "price": price }) else { panic!("it is an object") };
        Report::Fields { fields, time: Time(time), listed: Time(listed) }
    }

    #[test]
    fn any_order_and_any_repetition_give_the_same_item() {
        let reports = [
            says(100, 10, 10),
            says(90, 20, 20),
            says(95, 20, 25),
            Report::Gone(Time(30)),
            says(80, 15, 40),
            Report::Gone(Time(5)),
        ];
        let mut all = Vec::new();
        // Every order of six, twice over.
        for mut number in 0..720 {
            let mut left = reports.to_vec();
            let mut item = Item::unheard_of("c1");
            let mut order = Vec::new();
            for size in (1..=left.len()).rev() {
                order.push(left.remove(number % size));
                number /= size;
            }
            for report in order.iter().chain(&order) {
                item.take_in(report.clone(), "feed");
            }
            all.push(item);
        }
        assert!(all.iter().all(|item| *item == all[0]));
        assert_eq!((all[0].fields["price"].clone(), all[0].gone()), (json!(95), false));
    }

    #[test]
    fn a_change_is_told_once_with_what_was_before() {
        let mut item = Item::unheard_of("c1");
        let new = item.take_in(says(100, 10, 10), "feed").unwrap();
        assert_eq!((new.before, new.item["price"].clone()), (None, json!(100)));
        assert_eq!(item.take_in(says(100, 20, 20), "feed"), None, "the same again");
        assert_eq!(item.take_in(says(70, 15, 15), "feed"), None, "an older word");
        let cheaper = item.take_in(says(90, 30, 30), "feed").unwrap();
        assert_eq!((cheaper.time, cheaper.before.unwrap()["price"].clone()), (Time(30), json!(100)));
        let gone = item.take_in(Report::Gone(Time(40)), "feed").unwrap();
        assert_eq!((gone.time, gone.item["gone"].clone()), (Time(40), json!(true)));
        assert_eq!(item.take_in(Report::Gone(Time(41)), "feed"), None);
        let back = item.take_in(says(90, 30, 50), "feed").unwrap();
        assert_eq!((back.time, back.item["gone"].clone()), (Time(50), json!(false)));
        assert_eq!(Item::unheard_of("c2").take_in(Report::Gone(Time(1)), "feed"), None, "nobody knew it");
    }
}
