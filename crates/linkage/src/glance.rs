//! What a pair can come to at most, seen at a glance.
//!
//! Most candidates are not one person, and need not be compared to the end. What each field can say at most is told by the ids of its
//! values and by their sketches alone (see [`crate::sketch`]). Those of a record stand here in one short row, so that to reject a pair
//! takes one visit to memory and not one for each field.

use crate::comparison::{Comparer, OTHER_STREET, Outcome, SAME_CITY, SAME_POSTCODE, Subject};
use crate::fields::{FieldKind, names_may_be_same};
use crate::layout::Address;
use crate::model::Scale;
use crate::sketch::{different, is_sketched, level};
use crate::table::{Node, Table};
use crate::threads;

/// No two names are rarer than this.
const SWAPPED_BITS: f32 = 40.0;

/// How many rows are made at once.
const ROWS: usize = 8_192;

/// The ids and sketches of all nodes.
pub(crate) struct Glances<'t> {
    table: &'t Table,
    comparer: &'t Comparer,
    scale: &'t Scale,
    /// Where a slot's sketch stands in a row; 0 if its values have none.
    places: Vec<usize>,
    /// Comparisons of one slot, which most are.
    single: Vec<Option<Single>>,
    width: usize,
    rows: Vec<u32>,
}

/// A comparison of the values in one slot.
struct Single {
    slot: usize,
    kind: FieldKind,
    /// The level of what is different, and what it weighs.
    different: (u8, f32),
    best_but_same: f32,
}

/// One node, to which others are held.
#[derive(Default)]
pub(crate) struct Front<'g> {
    row: &'g [u32],
    /// How rare its values are, by slot.
    rarities: Vec<f32>,
    /// What it says, by comparison, where that has one slot.
    said: Vec<Said>,
    /// The most that each comparison and all after it may come to, whoever the other is; the last is 0.
    rest: Vec<f32>,
}

/// The value of a node in the one slot of a comparison.
#[derive(Clone, Copy, Default)]
struct Said {
    id: u32,
    sketch: u64,
    /// What it weighs if the other says the same.
    same: f32,
    /// The most that it may weigh.
    best: f32,
}

/// What a comparison can say.
#[derive(Clone, Copy)]
pub(crate) struct Most {
    /// For one person, at most.
    pub person: f32,
    /// Nothing more is to be learned from the values.
    pub known: bool,
}

impl Most {
    pub const NOTHING: Self = Self { person: 0.0, known: true };

    fn known(person: f32) -> Self {
        Self { person, known: true }
    }

    fn open(person: f32) -> Self {
        Self { person, known: false }
    }
}

impl<'t> Glances<'t> {
    /// Of all nodes of a table.
    pub fn of(table: &'t Table, comparer: &'t Comparer, scale: &'t Scale, thread_count: usize) -> Self {
        let ids = table.width;
        let mut width = ids;
        let mut places = vec![0; ids];
        for (place, slot) in places.iter_mut().zip(&table.layout.slots) {
            if is_sketched(table.layout.domains[slot.domain].kind) {
                *place = width;
                width += 2;
            }
        }
        let mut rows = vec![0u32; width * table.nodes()];
        let chunks = rows.chunks_mut((ROWS * width).max(1)).enumerate();
        threads::share(chunks, thread_count, |(number, rows)| {
            for (row, node) in rows.chunks_exact_mut(width.max(1)).zip(number * ROWS..) {
                let values = table.row(node as Node);
                row[..ids].copy_from_slice(values);
                for (slot, &place) in places.iter().enumerate().filter(|(_, place)| **place > 0) {
                    if values[slot] > 0 {
                        let sketch = table.dictionary(slot).sketch(values[slot]);
                        (row[place], row[place + 1]) = (sketch as u32, (sketch >> 32) as u32);
                    }
                }
            }
        });
        let single =
            comparer.comparisons.iter().zip(&comparer.slots).enumerate().map(|(i, (comparison, slots))| {
                let kind = match comparison.subject {
                    Subject::Plain(kind) => kind,
                    Subject::Forename => FieldKind::Forename,
                    Subject::Gender => FieldKind::Gender,
                    Subject::Address => return None,
                };
                let &[slot] = slots.as_slice() else { return None };
                Some(Single {
                    slot,
                    kind,
                    different: (different(kind), scale.different(i)),
                    best_but_same: scale.best_but_same(i),
                })
            });
        let single = single.collect();
        Self { table, comparer, scale, places, single, width, rows }
    }

    /// Brings a node to the front.
    pub fn bring<'g>(&'g self, node: Node, front: &mut Front<'g>) {
        let slots = self.table.layout.slots.len();
        let rarity = |(slot, &id): (usize, &u32)| match (id, slot < slots) {
            (0, _) => 0.0,
            (id, true) => self.table.dictionary(slot).rarity(id),
            (id, false) => self.table.doors.rarity(id),
        };
        front.row = self.row(node);
        front.rarities.clear();
        front.rarities.extend(self.table.row(node).iter().enumerate().map(rarity));
        front.said.clear();
        let (row, rarities) = (front.row, &front.rarities);
        front.said.extend(self.single.iter().enumerate().map(|(i, single)| {
            let Some(Single { slot, .. }) = *single else { return Said::default() };
            let bits = rarities[slot];
            Said {
                id: row[slot],
                sketch: self.sketch(row, slot),
                same: self.scale.weigh(i, Outcome { level: 0, bits }).0,
                best: self.scale.best_of_all(i, bits),
            }
        }));
        self.rest(front);
    }

    fn row(&self, node: Node) -> &[u32] {
        &self.rows[node as usize * self.width..][..self.width]
    }

    /// The most that each comparison may say for one person, whoever the other is.
    fn rest(&self, front: &mut Front<'_>) {
        let rarest = |slots: &mut dyn Iterator<Item = usize>| {
            slots.map(|slot| front.rarities[slot]).fold(0.0f32, f32::max)
        };
        front.rest.clear();
        front.rest.push(0.0);
        for (i, comparison) in self.comparer.comparisons.iter().enumerate().rev() {
            let nothing = self.single[i].is_some() && front.said[i].id == 0;
            let most = match comparison.subject {
                Subject::Address => {
                    let (postcodes, cities) = &self.comparer.places;
                    let parts = self.comparer.addresses.iter().flat_map(|a| {
                        [Some(a.street), a.postcode, a.city, Some(a.door)].into_iter().flatten()
                    });
                    let mut slots = parts.chain(postcodes.iter().copied()).chain(cities.iter().copied());
                    self.scale.best_of_all(i, rarest(&mut slots))
                }
                // Names that are swapped say more than a name.
                Subject::Forename => self.scale.best_of_all(i, SWAPPED_BITS),
                Subject::Plain(_) if nothing => 0.0,
                _ => {
                    let mut slots = self.comparer.slots[i].iter().copied();
                    self.scale.best_of_all(i, rarest(&mut slots))
                }
            };
            let after = front.rest.last().copied().unwrap_or(0.0);
            front.rest.push(after + most.max(0.0));
        }
        front.rest.reverse();
    }

    /// Has the rows of some nodes fetched, all at once and not one after the other.
    pub fn fetch(&self, nodes: &[Node]) {
        // One of each 64 bytes.
        let touched = nodes.iter().map(|&node| {
            let row = self.row(node);
            row.iter().step_by(16).fold(row[self.width - 1], |all, one| all ^ one)
        });
        std::hint::black_box(touched.fold(0, |all, one| all ^ one));
    }

    fn sketch(&self, row: &[u32], slot: usize) -> u64 {
        let place = self.places[slot];
        if place == 0 { 0 } else { u64::from(row[place]) | u64::from(row[place + 1]) << 32 }
    }

    /// The level of two values of a slot's domain, if it is told.
    fn level(&self, kind: FieldKind, a: &[u32], s: usize, b: &[u32], t: usize) -> Option<u8> {
        if self.places[s] == 0 {
            return None;
        }
        level(kind, self.sketch(a, s), self.sketch(b, t))
    }

    /// The most that each comparison may come to say for one person: the weight of a level, or less. Gives what they come to together
    /// with `begun`, unless that is surely less than `threshold`.
    pub fn most(
        &self,
        front: &Front<'_>,
        b: Node,
        most: &mut [Most],
        begun: f32,
        threshold: f32,
    ) -> Option<f32> {
        let row = self.row(b);
        let names = self.names(front, row);
        let mut sum = begun;
        for (i, comparison) in self.comparer.comparisons.iter().enumerate().take(most.len()) {
            most[i] = match comparison.subject {
                Subject::Forename => match names {
                    // Names that are swapped look like nothing at all.
                    Names::MayBeSwapped => Most::open(self.scale.best_of_all(i, SWAPPED_BITS)),
                    _ => self.plain(i, FieldKind::Forename, front, row),
                },
                Subject::Plain(FieldKind::Surname) if matches!(names, Names::MayBeSwapped) => {
                    // Then surnames that are different say nothing.
                    let most = self.plain(i, FieldKind::Surname, front, row);
                    Most::open(most.person.max(0.0))
                }
                Subject::Plain(kind) => self.plain(i, kind, front, row),
                Subject::Gender => match names {
                    // The forenames say it already.
                    Names::SameForename => Most::NOTHING,
                    Names::Other => {
                        let said = self.plain(i, FieldKind::Gender, front, row);
                        match self.comparer.forename.is_none_or(|f| most[f].known) {
                            true => said,
                            false => Most::open(said.person.max(0.0)),
                        }
                    }
                    Names::MayBeSwapped => Most::open(self.scale.best_of_all(i, 0.0)),
                },
                Subject::Address => self.address(i, front, row),
            };
            sum += most[i].person;
            if sum + front.rest[i + 1] < threshold {
                return None;
            }
        }
        Some(sum)
    }

    fn names(&self, a: &Front<'_>, b: &[u32]) -> Names {
        let Some(forename) = self.comparer.forename else { return Names::Other };
        let slots = &self.comparer.slots[forename];
        if slots.iter().any(|&s| slots.iter().any(|&t| a.row[s] != 0 && a.row[s] == b[t])) {
            return Names::SameForename;
        }
        match self.may_be_swapped(a.row, b) {
            true => Names::MayBeSwapped,
            false => Names::Other,
        }
    }

    fn plain(&self, i: usize, kind: FieldKind, a: &Front<'_>, b: &[u32]) -> Most {
        if let Some(single) = &self.single[i] {
            return self.single(i, single, &a.said[i], b);
        }
        let mut same: Option<f32> = None;
        let mut most: Option<Most> = None;
        for &s in &self.comparer.slots[i] {
            for &t in &self.comparer.slots[i] {
                let (x, y) = (a.row[s], b[t]);
                if x == 0 || y == 0 {
                    continue;
                }
                if x == y {
                    same = Some(same.unwrap_or(f32::MIN).max(a.rarities[s]));
                    continue;
                }
                let of = Single {
                    slot: t,
                    kind,
                    different: (different(kind), self.scale.different(i)),
                    best_but_same: self.scale.best_but_same(i),
                };
                let best = self.scale.best_of_all(i, a.rarities[s]);
                let may = self.unlike(i, &of, self.sketch(a.row, s), best, b);
                most = Some(match most {
                    Some(before) => Most {
                        person: before.person.max(may.person),
                        // Of several levels the best counts, and not the one that weighs most.
                        known: before.known && may.known && before.person == may.person,
                    },
                    None => may,
                });
            }
        }
        match same {
            Some(bits) => Most::known(self.scale.weigh(i, Outcome { level: 0, bits }).0),
            None => most.unwrap_or(Most::NOTHING),
        }
    }

    /// The most that a comparison of one slot can say.
    fn single(&self, i: usize, of: &Single, said: &Said, b: &[u32]) -> Most {
        match b[of.slot] {
            _ if said.id == 0 => Most::NOTHING,
            0 => Most::NOTHING,
            id if id == said.id => Most::known(said.same),
            _ => self.unlike(i, of, said.sketch, said.best, b),
        }
    }

    /// The most that two values can say that are not written alike. `sketch` is that of the one, and `best` the most that it may weigh.
    fn unlike(&self, i: usize, of: &Single, sketch: u64, best: f32, b: &[u32]) -> Most {
        let other = self.sketch(b, of.slot);
        let told = if self.places[of.slot] == 0 { None } else { level(of.kind, sketch, other) };
        match told {
            // Written otherwise, it may still be the same, and is then as rare as the more frequent of the two.
            Some(0) => Most::open(best),
            // Forenames have one level more here, before the last.
            Some(level) if level == of.different.0 => Most::known(of.different.1),
            Some(level) => Most::known(self.scale.weigh(i, Outcome { level, bits: 0.0 }).0),
            // With and without the country's code, two numbers may still be the same.
            None if of.kind == FieldKind::Phone => Most::open(best),
            // So may two names, but for a space.
            None if is_name(of.kind) && names_may_be_same(sketch, other) => Most::open(best),
            None if of.kind == FieldKind::Gender => Most::known(of.different.1),
            None => Most::open(of.best_but_same),
        }
    }

    /// Whether the forename of one may be the surname of the other.
    fn may_be_swapped(&self, a: &[u32], b: &[u32]) -> bool {
        let (Some(forename), Some(&surname)) = (self.comparer.forename, self.comparer.surnames.first())
        else {
            return false;
        };
        let Some(&forename) = self.comparer.slots[forename].first() else { return false };
        if [a[forename], a[surname], b[forename], b[surname]].contains(&0) || a[surname] == b[surname] {
            return false;
        }
        let same =
            |x: &[u32], y: &[u32]| names_may_be_same(self.sketch(x, forename), self.sketch(y, surname));
        same(a, b) || same(b, a)
    }

    fn address(&self, i: usize, a: &Front<'_>, b: &[u32]) -> Most {
        let mut most: Option<Most> = None;
        for x in &self.comparer.addresses {
            for y in &self.comparer.addresses {
                if a.row[x.street] > 0 && b[y.street] > 0 {
                    let may = self.addresses(i, a, x, b, y);
                    most = Some(most.map_or(may, |before| Most::open(before.person.max(may.person))));
                }
            }
        }
        most.unwrap_or_else(|| {
            let (postcodes, cities) = &self.comparer.places;
            let place = (postcodes.first().copied(), cities.first().copied());
            self.place(i, a, place, b, place, SAME_POSTCODE).unwrap_or(Most::NOTHING)
        })
    }

    /// The most that two addresses can say.
    fn addresses(&self, i: usize, a: &Front<'_>, x: &Address, b: &[u32], y: &Address) -> Most {
        let say = |level: u8, bits: f32| self.scale.weigh(i, Outcome { level, bits }).0;
        if a.row[x.door] == b[y.door] {
            return Most::known(say(0, a.rarities[x.door]));
        }
        let street = a.rarities[x.street];
        let by_street = say(0, street).max(say(1, street));
        if a.row[x.street] == b[y.street] {
            return Most::open(by_street);
        }
        let (here, there) = ((x.postcode, x.city), (y.postcode.or(x.postcode), y.city.or(x.city)));
        let place = self.place(i, a, here, b, there, OTHER_STREET);
        let place = place.unwrap_or(Most::known(self.scale.different(i)));
        match self.level(FieldKind::Street, a.row, x.street, b, y.street) {
            Some(_) => place,
            None => {
                Most::open((2..5).map(|level| say(level, 0.0)).fold(by_street.max(place.person), f32::max))
            }
        }
    }

    /// The most that postcode and city can say, of what is shared, or nearly; `None` if nothing is known. `same` is the level of one
    /// postcode.
    fn place(
        &self,
        i: usize,
        a: &Front<'_>,
        x: (Option<usize>, Option<usize>),
        b: &[u32],
        y: (Option<usize>, Option<usize>),
        same: u8,
    ) -> Option<Most> {
        let say = |level: u8, slot: usize| self.scale.weigh(i, Outcome { level, bits: a.rarities[slot] }).0;
        let both = |x: Option<usize>, y: Option<usize>| {
            x.zip(y).filter(|&(slot, other)| a.row[slot] > 0 && b[other] > 0)
        };
        let mut most: Option<Most> = None;
        if let Some((slot, other)) = both(x.0, y.0) {
            if a.row[slot] == b[other] {
                return Some(Most::known(say(same, slot)));
            }
            // A slip in the postcode weighs like the city.
            most = Some(match self.level(FieldKind::Postcode, a.row, slot, b, other) {
                Some(_) => Most::known(self.scale.different(i)),
                None => Most::open(say(SAME_CITY, slot).max(self.scale.different(i))),
            });
        }
        if let Some((slot, other)) = both(x.1, y.1) {
            let city = say(SAME_CITY, slot);
            let open = most.is_some_and(|most| !most.known);
            most = Some(match (a.row[slot] == b[other], most) {
                (true, _) if !open => Most::known(city),
                (_, postcode) => {
                    let least = self.scale.different(i).max(postcode.map_or(f32::MIN, |most| most.person));
                    Most::open(city.max(least))
                }
            });
        }
        most
    }
}

fn is_name(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Forename | FieldKind::Surname)
}

/// What the names of two look like.
#[derive(Clone, Copy)]
enum Names {
    SameForename,
    MayBeSwapped,
    Other,
}
