//! Puts what is likely to be compared side by side in memory.
//!
//! Records come in any order, and their values are numbered as they come. To compare two records then means to fetch a dozen far places
//! from memory, which takes longer than the comparing. Here nodes are put in the order of surname and birth date, and values in the order
//! of the nodes that hold them. Nothing that is found depends on it.

use crate::fields::FieldKind;
use crate::table::{Node, Table};
use crate::threads;

impl Table {
    /// Arranges nodes and values. Their numbers are others afterwards.
    pub(crate) fn arrange(&mut self, thread_count: usize) {
        let width = self.width;
        if width == 0 || self.nodes() < 2 {
            return;
        }
        let order = self.order();
        let mut rows = Vec::with_capacity(self.rows.len());
        for &node in &order {
            rows.extend_from_slice(self.row(node));
        }
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
        let maps = threads::pieces(domains + 1, 1, thread_count, |range| {
            let each = range.map(|domain| {
                let count = self.dictionaries.get(domain).unwrap_or(&self.doors).len();
                let own: Vec<usize> = (0..width).filter(|&s| of_slot(s) == domain).collect();
                renumber(&rows, width, &own, count)
            });
            each.collect::<Vec<_>>()
        });
        let maps: Vec<(Vec<u32>, Vec<u32>)> = maps.into_iter().flatten().collect();
        let chunk = width * 8_192;
        let of: Vec<usize> = (0..width).map(of_slot).collect();
        std::thread::scope(|scope| {
            let parts = rows.len().div_ceil(thread_count.max(1)).div_ceil(chunk) * chunk;
            for part in rows.chunks_mut(parts.max(chunk)) {
                let (maps, of) = (&maps, &of);
                scope.spawn(move || {
                    for row in part.chunks_exact_mut(width) {
                        for (slot, id) in row.iter_mut().enumerate() {
                            *id = maps[of[slot]].0[*id as usize];
                        }
                    }
                });
            }
        });
        self.rows = rows;
        let kinds = self.layout.domains.iter().map(|d| Some(d.kind)).chain([None]);
        let dictionaries = self.dictionaries.iter_mut().chain([&mut self.doors]);
        for ((dictionary, kind), (_, order)) in dictionaries.zip(kinds).zip(maps) {
            dictionary.arrange(kind, &order);
        }
    }

    fn order(&self) -> Vec<Node> {
        let slot = |kind| self.layout.slots_of_kind(kind).first().copied();
        let (surname, born) = (slot(FieldKind::Surname), slot(FieldKind::BirthDate));
        let mut order: Vec<(u32, u32, Node)> = (0..self.nodes() as u32)
            .map(|n| {
                let at = |slot: Option<usize>| slot.map_or(0, |s| self.row(n)[s]);
                (at(surname), at(born), n)
            })
            .collect();
        order.sort_unstable();
        order.into_iter().map(|(.., node)| node).collect()
    }
}

fn pick<T: Copy>(from: &[T], order: &[u32]) -> Vec<T> {
    order.iter().map(|&i| from[i as usize]).collect()
}

/// New ids of the values in some slots, in the order in which rows have them: by old id, and the old ids in the new order.
fn renumber(rows: &[u32], width: usize, slots: &[usize], count: usize) -> (Vec<u32>, Vec<u32>) {
    let mut new = vec![0u32; count + 1];
    let mut order = Vec::with_capacity(count);
    for row in rows.chunks_exact(width) {
        for &slot in slots {
            let id = row[slot];
            if id != 0 && new[id as usize] == 0 {
                order.push(id);
                new[id as usize] = order.len() as u32;
            }
        }
    }
    // Values that no row holds any more.
    for id in 1..=count as u32 {
        if new[id as usize] == 0 {
            order.push(id);
            new[id as usize] = order.len() as u32;
        }
    }
    (new, order)
}
