//! Who shares what, one person at a time.
//!
//! The same as [`super::shared::pairs`] finds of all people at once: what few share says something of each two of them; what many share,
//! only of those who have one surname.

use super::{BTreeMap, BTreeSet, HashMap, Known, Person};
use crate::household::shared::size_bin;

/// A thing that people may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    /// The number of the source.
    pub(super) source: u8,
    /// The value, or the surname and the place.
    pub(super) key: u64,
    /// Of a surname in a place: how likely it is by chance.
    pub(super) chance: Option<u8>,
}

/// The people of one key.
#[derive(Default)]
struct Block {
    /// In order.
    all: Vec<Person>,
    /// The same by their surnames, if they are too many for each two to be compared.
    named: Option<BTreeMap<u32, Vec<Person>>>,
}

/// How a block says something: whether of each two, and how common the thing is.
type Shape = (bool, u8);

/// What blocks were like before a change.
#[derive(Default)]
pub(super) struct Watched {
    blocks: BTreeMap<Key, Shape>,
    named: BTreeMap<(Key, u32), bool>,
}

/// All blocks.
pub(super) struct Blocks {
    cap: usize,
    by_key: HashMap<Key, Block, foldhash::fast::FixedState>,
}

impl Blocks {
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, by_key: HashMap::default() }
    }

    fn shape(&self, key: Key) -> Shape {
        let len = self.by_key.get(&key).map_or(0, |block| block.all.len());
        match key.chance {
            Some(_) => (len <= self.cap * 4, 0),
            None => (len <= self.cap, size_bin(len)),
        }
    }

    fn named(&self, key: Key, name: u32) -> &[Person] {
        let named = self.by_key.get(&key).and_then(|block| block.named.as_ref()?.get(&name));
        named.map_or(&[], Vec::as_slice)
    }

    fn says_something(&self, key: Key, name: u32) -> bool {
        self.named(key, name).len() <= self.cap * 4
    }

    /// Notes what the blocks of a person are like.
    pub(super) fn watch(&self, known: &Known, watched: &mut Watched) {
        for &key in &known.keys {
            watched.blocks.entry(key).or_insert_with(|| self.shape(key));
            for &name in &known.surnames {
                watched.named.entry((key, name)).or_insert_with(|| self.says_something(key, name));
            }
        }
    }

    /// All people of blocks that are not like before.
    pub(super) fn changed(&self, watched: &Watched, people: &mut BTreeSet<Person>) {
        for (&key, &before) in &watched.blocks {
            if self.shape(key) != before {
                people.extend(self.by_key.get(&key).into_iter().flat_map(|block| &block.all));
            }
        }
        for (&(key, name), &before) in &watched.named {
            if self.says_something(key, name) != before {
                people.extend(self.named(key, name));
            }
        }
    }

    /// Enters a person who is known.
    pub(super) fn enter(
        &mut self,
        person: Person,
        known: &HashMap<Person, Known, foldhash::fast::FixedState>,
    ) {
        let Some(of_person) = known.get(&person) else { return };
        for &key in &of_person.keys {
            let block = self.by_key.entry(key).or_default();
            insert(&mut block.all, person);
            if key.chance.is_some() || block.all.len() <= self.cap {
                continue;
            }
            match &mut block.named {
                Some(named) => {
                    for &name in &of_person.surnames {
                        insert(named.entry(name).or_default(), person);
                    }
                }
                none => {
                    let mut named: BTreeMap<u32, Vec<Person>> = BTreeMap::new();
                    for &one in &block.all {
                        for &name in known.get(&one).map_or(&[][..], |known| &known.surnames) {
                            named.entry(name).or_default().push(one);
                        }
                    }
                    *none = Some(named);
                }
            }
        }
    }

    /// Takes a person out of all that was known of them.
    pub(super) fn leave(&mut self, person: Person, known: &Known) {
        for key in &known.keys {
            let Some(block) = self.by_key.get_mut(key) else { continue };
            remove(&mut block.all, person);
            if block.all.is_empty() {
                self.by_key.remove(key);
                continue;
            }
            if block.all.len() <= self.cap {
                block.named = None;
            }
            for name in &known.surnames {
                if let Some(named) = &mut block.named
                    && let Some(people) = named.get_mut(name)
                {
                    remove(people, person);
                    if people.is_empty() {
                        named.remove(name);
                    }
                }
            }
        }
    }

    /// What two people share that says something: sources and bins, each source once with the rarest thing.
    pub(super) fn shared(&self, a: &Known, b: &Known) -> Vec<(u8, u8)> {
        let both = a.keys.iter().filter(|key| b.keys.binary_search(key).is_ok());
        let mut found: Vec<(u8, u8)> = both
            .filter_map(|&key| {
                let (of_all, bin) = self.shape(key);
                let of_name = || {
                    let names = a.surnames.iter().filter(|name| b.surnames.binary_search(name).is_ok());
                    key.chance.is_none() && names.copied().any(|name| self.says_something(key, name))
                };
                (of_all || of_name()).then(|| (key.source, key.chance.unwrap_or(bin)))
            })
            .collect();
        found.sort_unstable();
        found.dedup_by_key(|(source, _)| *source);
        found
    }

    /// All with whom a person shares something that says something, in order.
    pub(super) fn candidates(&self, person: Person, known: &Known) -> Vec<Person> {
        let mut found = Vec::new();
        for &key in &known.keys {
            if self.shape(key).0 {
                found.extend(self.by_key.get(&key).into_iter().flat_map(|block| &block.all));
            } else if key.chance.is_none() {
                let names = known.surnames.iter().filter(|&&name| self.says_something(key, name));
                found.extend(names.flat_map(|&name| self.named(key, name)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|&other| other != person);
        found
    }
}

fn insert(people: &mut Vec<Person>, person: Person) {
    if let Err(at) = people.binary_search(&person) {
        people.insert(at, person);
    }
}

fn remove(people: &mut Vec<Person>, person: Person) {
    if let Ok(at) = people.binary_search(&person) {
        people.remove(at);
    }
}
