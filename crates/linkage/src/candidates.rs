//! Which pairs are worth a comparison.
//!
//! All recipes give blocks; two nodes that share a block are candidates. Pairs are not written down: each node is asked for its
//! neighbours in all of its blocks at once, so that a pair comes once, however many blocks it shares, and no list of pairs is kept.

use crate::recipe::{Recipe, Recipes};
use crate::table::{Node, Table};
use crate::threads;
use crate::warnings::Warning;

/// The blocks of a table.
#[derive(Default)]
pub struct Blocks {
    starts: Vec<u32>,
    members: Vec<Node>,
    masks: Vec<u32>,
    node_starts: Vec<u32>,
    /// Twice the number of the block; and one more if the node is the last there.
    node_blocks: Vec<u32>,
}

/// Blocks of one recipe, while they are found.
#[derive(Default)]
struct Found {
    ends: Vec<u32>,
    members: Vec<Node>,
    masks: Vec<u32>,
    refined: usize,
    largest: usize,
    left_out: usize,
}

impl Blocks {
    /// Finds all blocks. What could not be refined enough is named in a warning.
    pub fn find(table: &Table, recipes: &Recipes, thread_count: usize, warnings: &mut Vec<Warning>) -> Self {
        let found = threads::pieces(recipes.all.len(), 1, thread_count, |range| {
            range.map(|r| of_recipe(table, recipes, &recipes.all[r])).collect::<Vec<_>>()
        });
        let mut blocks = Self { starts: vec![0], ..Self::default() };
        for (recipe, found) in recipes.all.iter().zip(found.into_iter().flatten()) {
            if found.left_out > 0 {
                let message = format!(
                    "{} records share this with too many others (up to {}) and with nothing else that tells them apart; \
                     by this key alone they were not compared",
                    found.left_out, found.largest
                );
                warnings.push(Warning::new(&recipe.name, message));
            }
            let base = blocks.members.len() as u32;
            blocks.starts.extend(found.ends.iter().map(|end| base + end));
            blocks.masks.extend_from_slice(&found.masks);
            blocks.members.extend_from_slice(&found.members);
        }
        blocks.index(table.nodes(), thread_count);
        blocks
    }

    /// Notes the blocks of each node. Each thread goes through all blocks, for some of the nodes.
    fn index(&mut self, nodes: usize, threads: usize) {
        let part = nodes.div_ceil(threads.max(1)).max(1);
        let mut starts = vec![0u32; nodes + 1];
        threads::share(starts[1..].chunks_mut(part).zip(0..), threads, |(counts, number)| {
            for &member in &self.members {
                if let Some(count) = counts.get_mut((member as usize).wrapping_sub(number * part)) {
                    *count += 1;
                }
            }
        });
        for i in 0..nodes {
            starts[i + 1] += starts[i];
        }
        let mut noted = vec![0; self.members.len()];
        let mut rest = noted.as_mut_slice();
        let parts = starts[..nodes].chunks(part).zip(0..).map(|(starts_here, number)| {
            let end = starts[((number + 1) * part).min(nodes)];
            let begin = starts_here[0];
            let (own, others) = std::mem::take(&mut rest).split_at_mut((end - begin) as usize);
            rest = others;
            (own, starts_here.iter().map(|start| start - begin).collect::<Vec<u32>>(), number * part)
        });
        let parts: Vec<_> = parts.collect();
        threads::share(parts.into_iter(), threads, |(own, mut next, first)| {
            for block in 0..self.len() as u32 {
                let members = self.members(block);
                for (&member, left) in members.iter().zip((0..members.len()).rev()) {
                    if let Some(place) = next.get_mut((member as usize).wrapping_sub(first)) {
                        own[*place as usize] = block << 1 | u32::from(left == 0);
                        *place += 1;
                    }
                }
            }
        });
        (self.node_starts, self.node_blocks) = (starts, noted);
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.masks.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.masks.is_empty()
    }

    /// The nodes of a block, in order.
    pub fn members(&self, block: u32) -> &[Node] {
        &self.members[self.starts[block as usize] as usize..self.starts[block as usize + 1] as usize]
    }

    /// The comparisons that are decided by being in a block, as bits.
    pub fn mask(&self, block: u32) -> u32 {
        self.masks[block as usize]
    }

    /// The blocks of a node.
    pub fn of(&self, node: Node) -> impl Iterator<Item = u32> {
        self.noted(node).iter().map(|noted| noted >> 1)
    }

    fn noted(&self, node: Node) -> &[u32] {
        let range = self.node_starts[node as usize] as usize..self.node_starts[node as usize + 1] as usize;
        &self.node_blocks[range]
    }

    /// The candidates of a node, each once, in order; with `later`, only those with a higher number.
    pub fn neighbours(&self, node: Node, later: bool, out: &mut Vec<Node>) {
        out.clear();
        for noted in self.noted(node) {
            // Who is the last of a block has nobody to ask for there, and need not go to see.
            match (later, noted & 1) {
                (true, 1) => {}
                (true, _) => {
                    out.extend(self.members(noted >> 1).iter().rev().take_while(|&&m| m > node));
                }
                (false, _) => out.extend(self.members(noted >> 1).iter().filter(|&&m| m != node)),
            }
        }
        out.sort_unstable();
        out.dedup();
    }
}

fn of_recipe(table: &Table, recipes: &Recipes, recipe: &Recipe) -> Found {
    let (mut scratch, mut keys) = (Vec::new(), Vec::new());
    let mut keyed: Vec<(u64, Node)> = Vec::with_capacity(table.nodes());
    for node in 0..table.nodes() as u32 {
        recipes.keys(recipe, table.row(node), &mut scratch, &mut keys);
        keyed.extend(keys.iter().map(|&key| (key, node)));
    }
    let mut found = Found::default();
    let keyed = sorted(keyed);
    split(table, recipes, recipe, &keyed, recipe.mask, recipes.refiners(recipe), &mut found);
    found.in_order()
}

impl Found {
    /// The blocks in the order of their first nodes: who goes from node to node finds them side by side.
    fn in_order(self) -> Self {
        let start = |block: usize| block.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        let mut order: Vec<(Node, u32)> =
            (0..self.ends.len()).map(|block| (self.members[start(block)], block as u32)).collect();
        order.sort_unstable();
        let (mut ends, mut masks) = (Vec::with_capacity(order.len()), Vec::with_capacity(order.len()));
        let mut members = Vec::with_capacity(self.members.len());
        for (_, block) in order {
            let block = block as usize;
            members.extend_from_slice(&self.members[start(block)..self.ends[block] as usize]);
            ends.push(members.len() as u32);
            masks.push(self.masks[block]);
        }
        Self { ends, members, masks, ..self }
    }
}

/// How many bits of a key tell parts apart.
const BITS: u32 = 10;
/// Fewer records are sorted without parting them again.
const FEW: usize = 64;

/// The same in order: first by some bits of the keys, then by some more. What is left to sort are one or two at a time.
fn sorted(keyed: Vec<(u64, Node)>) -> Vec<(u64, Node)> {
    let mut all = vec![(0, 0); keyed.len()];
    let ends = part(&keyed, 64 - BITS, &mut all);
    drop(keyed);
    let mut scratch: Vec<(u64, Node)> = Vec::new();
    let mut begun = 0;
    for end in ends {
        let one = &mut all[begun..end];
        begun = end;
        if one.len() < FEW {
            one.sort_unstable();
            continue;
        }
        scratch.clear();
        scratch.extend_from_slice(one);
        let ends = part(&scratch, 64 - 2 * BITS, one);
        let mut begun = 0;
        for end in ends {
            if end - begun > 1 {
                one[begun..end].sort_unstable();
            }
            begun = end;
        }
    }
    all
}

/// Puts records in the order of some bits of their keys, and otherwise as they came; gives where the part of each value ends.
fn part(from: &[(u64, Node)], shift: u32, to: &mut [(u64, Node)]) -> [usize; 1 << BITS] {
    let bits = |key: u64| (key >> shift) as usize & ((1 << BITS) - 1);
    let mut places = [0usize; 1 << BITS];
    for &(key, _) in from {
        places[bits(key)] += 1;
    }
    let mut begin = 0;
    for place in &mut places {
        begin += std::mem::replace(place, begin);
    }
    for &(key, node) in from {
        let place = &mut places[bits(key)];
        to[*place] = (key, node);
        *place += 1;
    }
    // Each place has moved on to where the next part begins.
    places
}

/// Makes blocks of sorted records with the same key; what is too large is refined by each of the refiners.
fn split(
    table: &Table,
    recipes: &Recipes,
    recipe: &Recipe,
    keyed: &[(u64, Node)],
    mask: u32,
    refiners: &[usize],
    found: &mut Found,
) {
    let mut finer = Vec::new();
    let mut keys = Vec::new();
    for block in keyed.chunk_by(|a, b| a.0 == b.0) {
        if block.len() < 2 {
            continue;
        }
        if block.len() <= recipe.cap {
            found.members.extend(block.iter().map(|&(_, node)| node));
            found.ends.push(found.members.len() as u32);
            found.masks.push(mask);
            continue;
        }
        found.refined += 1;
        if refiners.is_empty() {
            found.left_out += block.len();
            found.largest = found.largest.max(block.len());
        }
        for (i, &refiner) in refiners.iter().enumerate() {
            finer.clear();
            for &(key, node) in block {
                recipes.refine(key, refiner, table.row(node), &mut keys);
                finer.extend(keys.iter().map(|&key| (key, node)));
            }
            finer.sort_unstable();
            let mask = mask | recipes.refiner_mask(refiner);
            split(table, recipes, recipe, &finer, mask, &refiners[i + 1..], found);
        }
    }
}
