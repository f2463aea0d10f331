//! What is asked of a store about items of catalogues, and about those who watch them.

use crate::Result;
use crowsnest_model::{InterestId, Item, Object, ProfileId, Time};
use serde::{Deserialize, Serialize};

/// A change of an item of which a program has still to tell those who watch it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemChange {
    /// Its place in the row; given by the store.
    pub seq: u64,
    /// The program.
    pub program: String,
    /// The catalogue.
    pub catalogue: String,
    /// The item's key.
    pub key: String,
    /// Since when the item is so.
    pub time: Time,
    /// The item as it is (`item`) and as it was (`before`).
    pub seen: Object,
    /// The last of those who were told, in the order of their ids.
    pub after: Option<ProfileId>,
}

/// What can be asked about items.
pub trait ReadItems {
    /// An item, even one that is gone.
    fn item(&self, catalogue: &str, key: &str) -> Result<Option<Item>>;
    /// Items of a catalogue of which something is known, in the order of their keys, after `after`.
    fn items(&self, catalogue: &str, after: Option<&str>, limit: usize) -> Result<Vec<Item>>;
    /// How many items of a catalogue are there and not gone.
    fn item_count(&self, catalogue: &str) -> Result<u64>;
    /// The latest moment of which all items of a catalogue were listed.
    fn listed_until(&self, catalogue: &str) -> Result<Option<Time>>;
    /// Items that are there, as far as is known, and were last listed before a moment.
    fn unlisted(&self, catalogue: &str, moment: Time, limit: usize) -> Result<Vec<Item>>;
    /// Changes of which somebody may have to be told now, in the order in which they came.
    fn due_item_changes(&self, now: Time, limit: usize) -> Result<Vec<ItemChange>>;
    /// Who said at or after `since` that they watch an item, in the order of their ids, after `after`.
    fn watchers(
        &self,
        interest: InterestId,
        key: &str,
        since: Time,
        after: Option<ProfileId>,
        limit: usize,
    ) -> Result<Vec<ProfileId>>;
    /// Items of which somebody last said before a moment that they watch them, in the order of their keys, after `after`.
    fn watched_before(
        &self,
        interest: InterestId,
        before: Time,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>>;
}

/// What can be written about items.
pub trait WriteItems {
    /// Keeps an item.
    fn put_item(&mut self, catalogue: &str, item: &Item) -> Result<()>;
    /// All items of a catalogue were listed at a moment. The latest stays.
    fn put_item_list(&mut self, catalogue: &str, until: Time) -> Result<()>;
    /// Keeps a change, due at a moment, or with `None` once it is known who watches. Its `seq` is not looked at.
    fn put_item_change(&mut self, change: &ItemChange, due: Option<Time>) -> Result<()>;
    /// A person was told of a change; it goes on after them.
    fn move_item_change(&mut self, seq: u64, after: ProfileId) -> Result<()>;
    /// A change waits until it is known who watches.
    fn park_item_change(&mut self, seq: u64) -> Result<()>;
    /// All changes that wait are due at a moment. Answers how many.
    fn unpark_item_changes(&mut self, due: Time) -> Result<u64>;
    /// Everybody was told of a change.
    fn remove_item_change(&mut self, seq: u64) -> Result<()>;
    /// A person said at a moment that they watch an item. The latest moment stays.
    fn put_watcher(&mut self, interest: InterestId, key: &str, profile: ProfileId, time: Time) -> Result<()>;
    /// Forgets those who last said before a moment that they watch an item.
    fn forget_watchers(&mut self, interest: InterestId, key: &str, before: Time) -> Result<()>;
}
