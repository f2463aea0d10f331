//! Who has which key: what finds candidates for one new record.
//!
//! The same blocks as in [`crate::candidates`], kept one record at a time. A block that grows over its cap is dissolved: its records go
//! on to its refined blocks, and pairs that only it had made candidates are candidates no more. So the blocks are at any time those that
//! would be found of all records at once; but where nodes have left, a block stays dissolved that would be small enough by now.

use crate::recipe::{Recipe, Recipes};
use crate::table::Node;
use std::collections::HashMap;

/// The nodes of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// At most as many as the cap of its recipe.
    Small(Vec<Node>),
    /// More than that: its nodes are in its refined blocks.
    Dissolved,
}

/// Where blocks are kept: in memory, or in a store.
pub trait Postings {
    /// The block of a key; `None` if nobody has it.
    fn block(&self, key: u64) -> Option<Block>;
    /// Adds a node to a block that is small.
    fn add(&mut self, key: u64, node: Node);
    /// Takes a node out of a block that is small. A dissolved block stays dissolved.
    fn remove(&mut self, key: u64, node: Node);
    /// Dissolves a block.
    fn dissolve(&mut self, key: u64);
}

/// Postings in memory. Most keys have one holder, which needs no list of its own.
#[derive(Default)]
pub struct InMemory {
    index: HashMap<u64, u32, foldhash::fast::FixedState>,
    lists: Vec<Vec<Node>>,
    free: Vec<u32>,
}

/// In the index: dissolved.
const DISSOLVED: u32 = u32::MAX;
/// In the index: the place of a list, not a node.
const LIST: u32 = 1 << 31;

impl Postings for InMemory {
    fn block(&self, key: u64) -> Option<Block> {
        Some(match *self.index.get(&key)? {
            DISSOLVED => Block::Dissolved,
            at if at & LIST != 0 => Block::Small(self.lists[(at & !LIST) as usize].clone()),
            node => Block::Small(vec![node]),
        })
    }

    fn add(&mut self, key: u64, node: Node) {
        match self.index.get(&key).copied() {
            None => {
                self.index.insert(key, node);
            }
            Some(DISSOLVED) => {}
            Some(at) if at & LIST != 0 => self.lists[(at & !LIST) as usize].push(node),
            Some(first) => {
                let at = self.free.pop().unwrap_or_else(|| {
                    self.lists.push(Vec::new());
                    self.lists.len() as u32 - 1
                });
                self.lists[at as usize] = vec![first, node];
                self.index.insert(key, at | LIST);
            }
        }
    }

    fn remove(&mut self, key: u64, node: Node) {
        match self.index.get(&key).copied() {
            None | Some(DISSOLVED) => {}
            Some(at) if at & LIST != 0 => {
                let list = &mut self.lists[(at & !LIST) as usize];
                list.retain(|&member| member != node);
                if let [last] = list[..] {
                    list.clear();
                    self.free.push(at & !LIST);
                    self.index.insert(key, last);
                }
            }
            Some(only) if only == node => {
                self.index.remove(&key);
            }
            Some(_) => {}
        }
    }

    fn dissolve(&mut self, key: u64) {
        if let Some(at) = self.index.insert(key, DISSOLVED)
            && at != DISSOLVED
            && at & LIST != 0
        {
            self.lists[(at & !LIST) as usize] = Vec::new();
            self.free.push(at & !LIST);
        }
    }
}

/// What came of entering a node.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Entered {
    /// Nodes that share a small block with it; some may come several times.
    pub near: Vec<Node>,
    /// Nodes of each block that was dissolved.
    pub dissolved: Vec<Vec<Node>>,
}

/// Enters a node into all its blocks.
pub fn enter<'r>(
    postings: &mut impl Postings,
    recipes: &Recipes,
    node: Node,
    row: &impl Fn(Node) -> &'r [u32],
) -> Entered {
    let mut entered = Entered::default();
    let (mut scratch, mut keys) = (Vec::new(), Vec::new());
    for recipe in &recipes.all {
        recipes.keys(recipe, row(node), &mut scratch, &mut keys);
        for &key in &keys {
            enter_one(
                postings,
                recipes,
                recipe,
                key,
                recipes.refiners(recipe),
                node,
                row,
                true,
                &mut entered,
            );
        }
    }
    entered
}

#[expect(clippy::too_many_arguments, reason = "the state of a walk down the refined blocks")]
fn enter_one<'r>(
    postings: &mut impl Postings,
    recipes: &Recipes,
    recipe: &Recipe,
    key: u64,
    refiners: &[usize],
    node: Node,
    row: &impl Fn(Node) -> &'r [u32],
    is_new: bool,
    entered: &mut Entered,
) {
    let mut going_on = vec![];
    match postings.block(key) {
        None => return postings.add(key, node),
        Some(Block::Small(members)) if members.len() < recipe.cap => {
            if is_new {
                entered.near.extend(members);
            }
            return postings.add(key, node);
        }
        Some(Block::Small(members)) => {
            postings.dissolve(key);
            entered.dissolved.push(members.clone());
            going_on.extend(members.into_iter().map(|m| (m, false)));
        }
        Some(Block::Dissolved) => {}
    }
    going_on.push((node, is_new));
    let mut finer = Vec::new();
    for (member, is_new) in going_on {
        for (i, &refiner) in refiners.iter().enumerate() {
            recipes.refine(key, refiner, row(member), &mut finer);
            for &key in &finer {
                let rest = &refiners[i + 1..];
                enter_one(postings, recipes, recipe, key, rest, member, row, is_new, entered);
            }
        }
    }
}

/// Takes a node out of all its blocks.
pub fn leave(postings: &mut impl Postings, recipes: &Recipes, node: Node, row: &[u32]) {
    for key in small_blocks(postings, recipes, row) {
        postings.remove(key, node);
    }
}

/// The keys of all small blocks that a node is in.
pub fn small_blocks(postings: &impl Postings, recipes: &Recipes, row: &[u32]) -> Vec<u64> {
    let mut found = Vec::new();
    let (mut scratch, mut keys) = (Vec::new(), Vec::new());
    for recipe in &recipes.all {
        recipes.keys(recipe, row, &mut scratch, &mut keys);
        for &key in &keys {
            down(postings, recipes, key, recipes.refiners(recipe), row, &mut found);
        }
    }
    found.sort_unstable();
    found
}

fn down(
    postings: &impl Postings,
    recipes: &Recipes,
    key: u64,
    refiners: &[usize],
    row: &[u32],
    found: &mut Vec<u64>,
) {
    match postings.block(key) {
        None => {}
        Some(Block::Small(_)) => found.push(key),
        Some(Block::Dissolved) => {
            let mut finer = Vec::new();
            for (i, &refiner) in refiners.iter().enumerate() {
                recipes.refine(key, refiner, row, &mut finer);
                for &key in &finer {
                    down(postings, recipes, key, &refiners[i + 1..], row, found);
                }
            }
        }
    }
}
