//! How the ages and genders of two people go together: couples are of one age, parents and children a generation apart.
//!
//! What that says depends on whether they have one surname. Two of one age and other names at one address are a couple much sooner than
//! two who are ten years apart; of one name they are a couple or sisters anyhow.

use crate::fields::{self, FieldKind};
use crate::table::{Node, Table};
use std::collections::BTreeMap;
use std::ops::Range;

/// How far apart two birth years are: of one age, a few years, a generation, more.
const FROM: [u16; 3] = [10, 18, 46];
/// How many of these there are.
const GAPS: usize = FROM.len() + 1;
/// Levels that exclude each other, by what is known of both: years and genders, years alone, genders alone. Which of them is known says
/// nothing, so each of the three is a distribution of its own.
pub(super) const KNOWN: [Range<usize>; 3] = [0..GAPS * 2, GAPS * 2..GAPS * 3, GAPS * 3..GAPS * 3 + 2];
/// How many levels there are.
const LEVELS: usize = KNOWN[2].end;

/// What is believed of the gaps beforehand: of people of one household with one surname, with two, and of strangers.
const GAPS_GUESS: [[f64; GAPS]; 3] =
    [[0.50, 0.06, 0.40, 0.04], [0.65, 0.07, 0.25, 0.03], [0.25, 0.17, 0.40, 0.18]];
/// And how many of one age are of two genders.
const COUPLES: [f64; 3] = [0.8, 0.85, 0.5];

/// Shares of the levels that are believed beforehand: of a household with one surname, with two, and of strangers.
pub(super) fn guess(class: usize) -> [f64; LEVELS] {
    let two_genders = |gap: usize| if gap == 0 { COUPLES[class] } else { 0.5 };
    let mut shares = [0.0; LEVELS];
    let mut both = 0.0;
    for (gap, share) in GAPS_GUESS[class].into_iter().enumerate() {
        shares[gap * 2] = share * two_genders(gap);
        shares[gap * 2 + 1] = share * (1.0 - two_genders(gap));
        shares[KNOWN[1].start + gap] = share;
        both += shares[gap * 2];
    }
    shares[KNOWN[2].start] = both;
    shares[KNOWN[2].start + 1] = 1.0 - both;
    shares
}

/// When somebody was born and of which gender they are, by most of their records.
#[derive(Clone, Copy, Default)]
pub(super) struct Life {
    year: Option<u16>,
    gender: Option<u32>,
}

/// Where birth dates and genders are in a row.
pub(super) struct Lives {
    born: Vec<usize>,
    gender: Vec<usize>,
}

impl Lives {
    pub(super) fn of(table: &Table) -> Self {
        let slots = |kind| table.layout.slots_of_kind(kind);
        Self { born: slots(FieldKind::BirthDate), gender: slots(FieldKind::Gender) }
    }

    pub(super) fn life(&self, table: &Table, nodes: &[Node]) -> Life {
        let year = |slot: usize, id: u32| fields::birth_year(table.dictionary(slot).value(id)).map(u32::from);
        let year = most(table, nodes, &self.born, year);
        let gender = most(table, nodes, &self.gender, |_, id| Some(id));
        Life { year: year.and_then(|year| u16::try_from(year).ok()), gender }
    }
}

/// What most records say; nothing if as many say something else.
fn most(
    table: &Table,
    nodes: &[Node],
    slots: &[usize],
    read: impl Fn(usize, u32) -> Option<u32>,
) -> Option<u32> {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for &node in nodes {
        let row = table.row(node);
        let said = slots.iter().filter(|&&slot| row[slot] > 0);
        for said in said.filter_map(|&slot| read(slot, row[slot])) {
            *counts.entry(said).or_default() += 1;
        }
    }
    let top = *counts.values().max()?;
    let mut holders = counts.into_iter().filter(|&(_, count)| count == top);
    let (first, another) = (holders.next(), holders.next());
    first.filter(|_| another.is_none()).map(|(said, _)| said)
}

/// The level of two people; `None` if nothing is known.
pub(super) fn level(a: Life, b: Life) -> Option<u8> {
    let gap = a.year.zip(b.year).map(|(a, b)| FROM.iter().filter(|&&from| a.abs_diff(b) >= from).count());
    let same = a.gender.zip(b.gender).map(|(a, b)| usize::from(a == b));
    let level = match (gap, same) {
        (Some(gap), Some(same)) => gap * 2 + same,
        (Some(gap), None) => KNOWN[1].start + gap,
        (None, Some(same)) => KNOWN[2].start + same,
        (None, None) => return None,
    };
    Some(level as u8)
}
