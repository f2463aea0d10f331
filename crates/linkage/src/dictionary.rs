//! Distinct values and how often they are held. A value is read and taken apart once, however many records hold it.

use crate::fields::{self, Customs, FieldKind, Value};
use crate::intake::TextReader;
use crate::sketch::{self, sketch};
use foldhash::quality::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// A hash of text that is the same on every machine and in every run.
pub fn text_hash(text: &str) -> u64 {
    let mut hasher = FixedState::with_seed(0x6c69_6e6b).build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// One hash out of two, the order of which matters.
pub fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b;
    x = (x ^ (x >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^ (x >> 29)
}

/// Numbers for hashes, from 0, in the order in which they come.
#[derive(Default)]
struct Numbers {
    /// Hash and number.
    index: HashTable<(u64, u32)>,
}

impl Numbers {
    fn with_capacity(hashes: usize) -> Self {
        Self { index: HashTable::with_capacity(hashes) }
    }

    /// The number of a hash, and whether it is new.
    fn number(&mut self, hash: u64) -> (u32, bool) {
        let next = self.index.len() as u32;
        match self.index.entry(hash, |known| known.0 == hash, |known| known.0) {
            Entry::Occupied(known) => (known.get().1, false),
            Entry::Vacant(place) => {
                place.insert((hash, next));
                (next, true)
            }
        }
    }
}

/// A value with the hash of its text; `None` if a text says nothing.
pub type Heard = Option<(u64, Value)>;

/// Raw texts of one domain while records come in: each distinct text is kept once.
#[derive(Default)]
pub struct RawTexts {
    text: String,
    ends: Vec<usize>,
    /// By their hashes. Texts are told apart by 64 bits, as values are (see [`Dictionary::intern`]).
    numbers: Numbers,
}

impl RawTexts {
    fn get(&self, i: u32) -> &str {
        slice(&self.text, &self.ends, i)
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Reads some of the texts.
    pub fn read(&self, texts: Range<usize>, kind: FieldKind, customs: &Customs) -> Vec<Heard> {
        let mut reader = TextReader::new(customs);
        let read = texts.map(|i| reader.read(kind, self.get(i as u32)));
        read.map(|value| value.map(|value| (text_hash(&value.clean), value))).collect()
    }

    /// The number of a text, from 0, by its hash (see [`text_hash`]).
    pub fn intern(&mut self, hash: u64, raw: &str) -> u32 {
        let (number, is_new) = self.numbers.number(hash);
        if is_new {
            self.text.push_str(raw);
            self.ends.push(self.text.len());
        }
        number
    }
}

fn slice<'t>(text: &'t str, ends: &[usize], i: u32) -> &'t str {
    let i = i as usize;
    let start = if i == 0 { 0 } else { ends[i - 1] };
    &text[start..ends[i]]
}

/// The distinct values of one domain: of all columns that are compared with each other. Ids begin at 1; 0 is "missing".
#[derive(Default)]
pub struct Dictionary {
    values: Vec<Value>,
    hashes: Vec<u64>,
    /// How many nodes hold each value.
    pub counts: Vec<u32>,
    /// How much agreement on a value is worth: log2 of one over its share. Filled in by the model.
    pub rarity: Vec<f32>,
    sketches: Vec<u64>,
    index: HashTable<u32>,
    /// Values were numbered anew; the index is made again when it is needed.
    index_is_old: bool,
    memo: Memo,
}

/// So many comparisons are remembered of a domain: few enough to be near to the processor.
const MEMO: usize = 1 << 16;

/// Comparisons that were made lately, for values that are compared over and over, such as names. What it forgets is worked out again, so
/// nothing depends on who wrote into it last.
#[derive(Default)]
struct Memo {
    /// Two ids and the level that they came out on, in one word; 0 if there is nothing.
    seen: Vec<AtomicU64>,
}

impl Memo {
    /// Ids above are not remembered.
    const HIGHEST: u32 = (1 << 28) - 1;

    fn with_room(places: usize) -> Self {
        Self { seen: (0..places.next_power_of_two()).map(|_| AtomicU64::new(0)).collect() }
    }

    fn get_or(&self, a: u32, b: u32, compare: impl FnOnce() -> u8) -> u8 {
        let (low, high) = (a.min(b), a.max(b));
        if self.seen.is_empty() || high > Self::HIGHEST {
            return compare();
        }
        let pair = u64::from(low) << 32 | u64::from(high) << 4;
        let place = &self.seen[mix(u64::from(low), u64::from(high)) as usize & (self.seen.len() - 1)];
        let seen = place.load(Ordering::Relaxed);
        if seen & !15 == pair {
            return (seen & 15) as u8;
        }
        let level = compare();
        place.store(pair | u64::from(level & 15), Ordering::Relaxed);
        level
    }
}

impl Dictionary {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The value of an id, which is not 0. Domains of bare hashes have no values.
    pub fn value(&self, id: u32) -> &Value {
        &self.values[id as usize - 1]
    }

    /// The hash of a value's text; 0 for "missing".
    pub fn hash(&self, id: u32) -> u64 {
        if id == 0 { 0 } else { self.hashes[id as usize - 1] }
    }

    /// A few bits of the value (see [`crate::sketch`]).
    pub fn sketch(&self, id: u32) -> u64 {
        self.sketches[id as usize - 1]
    }

    /// How alike two values are, by level.
    pub fn compare(&self, kind: FieldKind, a: u32, b: u32) -> u8 {
        if sketch::is_sketched(kind)
            && let Some(level) = sketch::level(kind, self.sketch(a), self.sketch(b))
        {
            return level;
        }
        self.look(kind, a, b)
    }

    /// The same by the values alone, where somebody has seen already that their sketches do not tell.
    pub fn look(&self, kind: FieldKind, a: u32, b: u32) -> u8 {
        self.memo.get_or(a, b, || fields::compare(kind, self.value(a), self.value(b)))
    }

    /// How much agreement on the value is worth, in bits.
    pub fn rarity(&self, id: u32) -> f32 {
        self.rarity[id as usize - 1]
    }

    /// Puts values into another order: old ids, in the order of the new ones, and how many nodes hold each.
    pub fn arrange(&mut self, kind: Option<FieldKind>, order: &[u32], counts: Vec<u32>) {
        self.hashes = order.iter().map(|&old| self.hashes[old as usize - 1]).collect();
        if !self.values.is_empty() {
            self.sketches = order.iter().map(|&old| self.sketches[old as usize - 1]).collect();
            let mut values: Vec<Option<Value>> =
                std::mem::take(&mut self.values).into_iter().map(Some).collect();
            self.values = order.iter().filter_map(|&old| values[old as usize - 1].take()).collect();
        }
        self.memo = match kind {
            Some(FieldKind::Forename | FieldKind::Surname | FieldKind::City) => {
                Memo::with_room((order.len() * 8).min(MEMO))
            }
            _ => Memo::default(),
        };
        self.counts = counts;
        self.rarity.clear();
        self.index = HashTable::new();
        self.index_is_old = true;
    }

    /// The id of a value that is already known by its hash.
    fn find(&self, hash: u64) -> Option<u32> {
        self.index.find(hash, |&id| self.hashes[id as usize - 1] == hash).copied()
    }

    /// Makes the index, if values were numbered anew since.
    pub fn make_ready(&mut self) {
        if self.index_is_old {
            self.index_is_old = false;
            for id in 1..=self.hashes.len() as u32 {
                let hash = |id: &u32| self.hashes[*id as usize - 1];
                self.index.insert_unique(hash(&id), id, hash);
            }
        }
    }

    /// The id of a hash without a value (addresses, which are made of several columns).
    pub fn intern_hash(&mut self, hash: u64) -> u32 {
        self.make_ready();
        if let Some(id) = self.find(hash) {
            return id;
        }
        self.hashes.push(hash);
        let id = self.hashes.len() as u32;
        let hashes = &self.hashes;
        self.index.insert_unique(hash, id, |&id| hashes[id as usize - 1]);
        id
    }

    /// The id of a value.
    ///
    /// Values are told apart by 64 bits of their text: among 10 million values, two share them with a chance of one in 400,000.
    pub fn intern(&mut self, kind: FieldKind, value: Value) -> u32 {
        let hash = text_hash(&value.clean);
        let before = self.hashes.len();
        let id = self.intern_hash(hash);
        if self.hashes.len() > before {
            self.sketches.push(sketch(kind, &value));
            self.values.push(value);
        }
        id
    }

    /// Takes in all values that were read of raw texts, where none was known before; the answer has the value's id for each of them.
    pub fn take_in(&mut self, kind: FieldKind, heard: Vec<Vec<Heard>>) -> Vec<u32> {
        let count = heard.iter().map(Vec::len).sum();
        let mut numbers = Numbers::with_capacity(count);
        let mut ids = Vec::with_capacity(count);
        for heard in heard.into_iter().flatten() {
            let Some((hash, value)) = heard else {
                ids.push(0);
                continue;
            };
            let (number, is_new) = numbers.number(hash);
            ids.push(number + 1);
            if is_new {
                self.hashes.push(hash);
                self.sketches.push(sketch(kind, &value));
                self.values.push(value);
            }
        }
        self.index_is_old = true;
        ids
    }

    /// The ids of all hashes without a value, where none was known before; 0 stays 0.
    pub fn number(&mut self, hashes: &[u64]) -> Vec<u32> {
        let mut numbers = Numbers::with_capacity(hashes.len());
        let id = |&hash: &u64| {
            if hash == 0 {
                return 0;
            }
            let (number, is_new) = numbers.number(hash);
            if is_new {
                self.hashes.push(hash);
            }
            number + 1
        };
        let ids = hashes.iter().map(id).collect();
        self.index_is_old = true;
        ids
    }
}
