//! Puts what is likely to be compared side by side in memory.
//!
//! Records come in any order, and their values are numbered as they come. To compare two records then means to fetch a dozen far places
//! from memory, which takes longer than the comparing. Here nodes are put in the order of surname and birth date, and values in the order
//! of the nodes that hold them. Nothing that is found depends on it.

use crate::fields::FieldKind;
use crate::table::{Node, Table};
use crate::threads;

/// How many rows are worked off at once.
const ROWS: usize = 8_192;

impl Table {
    /// Arranges nodes and values, and counts how many nodes hold each value. Their numbers are others afterwards.
    pub(crate) fn arrange(&mut self, threads: usize) {
        let width = self.width;
        if width == 0 {
            return;
        }
        let order = self.order();
        let mut rows = vec![0; self.rows.len()];
        let chunks = rows.chunks_mut(ROWS * width).zip(order.chunks(ROWS));
        threads::share(chunks, threads, |(rows, order)| {
            rows.chunks_exact_mut(width)
                .zip(order)
                .for_each(|(row, &node)| row.copy_from_slice(self.row(node)));
        });
        let mut number = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old as usize] = new as u32;
        }
        self.contents = pick(&self.contents, &order);
        self.held = pick(&self.held, &order);
        self.node_sources = pick(&self.node_sources, &order);
        for node in &mut self.node_of {
            *node = number[*node as usize];
        }
        self.index.clear();
        self.index_is_old = true;

        let domains = self.dictionaries.len();
        let slots = self.layout.slots.len();
        let of_slot = |slot: usize| if slot < slots { self.layout.slots[slot].domain } else { domains };
        let maps = threads::pieces(domains + 1, 1, threads, |range| {
            let domain = range.start;
            let count = self.dictionaries.get(domain).unwrap_or(&self.doors).len();
            let own: Vec<usize> = (0..width).filter(|&s| of_slot(s) == domain).collect();
            Renumbered::of(&rows, width, &own, count)
        });
        let of: Vec<usize> = (0..width).map(of_slot).collect();
        threads::share(rows.chunks_mut(ROWS * width), threads, |rows| {
            for row in rows.chunks_exact_mut(width) {
                for (id, &domain) in row.iter_mut().zip(&of) {
                    *id = maps[domain].new[*id as usize];
                }
            }
        });
        self.rows = rows;
        let kinds = self.layout.domains.iter().map(|d| Some(d.kind)).chain([None]);
        let dictionaries = self.dictionaries.iter_mut().chain([&mut self.doors]);
        threads::share(dictionaries.zip(kinds).zip(maps), threads, |((dictionary, kind), renumbered)| {
            dictionary.arrange(kind, &renumbered.order, renumbered.counts);
        });
    }

    /// Nodes by surname, then by birth date.
    fn order(&self) -> Vec<Node> {
        let slot = |kind| self.layout.slots_of_kind(kind).first().copied();
        let (surname, born) = (slot(FieldKind::Surname), slot(FieldKind::BirthDate));
        let at = |node: usize, slot: Option<usize>| slot.map_or(0, |s| self.rows[node * self.width + s]);
        // Into a place for each surname first: then there is little left to sort.
        let surnames = surname.map_or(0, |slot| self.dictionary(slot).len());
        let mut ends = vec![0usize; surnames + 2];
        (0..self.nodes()).for_each(|node| ends[at(node, surname) as usize + 1] += 1);
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        let starts = ends.clone();
        let mut order: Vec<(u32, Node)> = vec![(0, 0); self.nodes()];
        for node in 0..self.nodes() {
            let place = &mut ends[at(node, surname) as usize];
            order[*place] = (at(node, born), node as Node);
            *place += 1;
        }
        for (&start, &end) in starts.iter().zip(&ends) {
            order[start..end.max(start)].sort_unstable();
        }
        order.into_iter().map(|(_, node)| node).collect()
    }
}

fn pick<T: Copy>(from: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&i| from[i as usize]).collect()
}

/// New ids of the values in some slots, in the order in which rows have them.
struct Renumbered {
    /// By old id; the first is of what is missing.
    new: Vec<u32>,
    /// The old ids in the new order.
    order: Vec<u32>,
    /// How many rows hold each value, in the new order.
    counts: Vec<u32>,
}

impl Renumbered {
    fn of(rows: &[u32], width: usize, slots: &[usize], count: usize) -> Self {
        let mut new = vec![0u32; count + 1];
        let mut order = Vec::with_capacity(count);
        let mut counts = Vec::with_capacity(count);
        for row in rows.chunks_exact(width) {
            for &slot in slots {
                let id = row[slot];
                if id == 0 {
                    continue;
                }
                match &mut new[id as usize] {
                    0 => {
                        order.push(id);
                        counts.push(1);
                        new[id as usize] = order.len() as u32;
                    }
                    known => counts[*known as usize - 1] += 1,
                }
            }
        }
        // Values that no row holds.
        for id in 1..=count as u32 {
            if new[id as usize] == 0 {
                order.push(id);
                counts.push(0);
                new[id as usize] = order.len() as u32;
            }
        }
        Self { new, order, counts }
    }
}
