//! Records that say something else later, or go away; and records that are not one node with those that say the same.

use super::{ANY_SOURCE, Node, Record, Table};
use crate::dictionary::mix;

/// The node of a record that is not known any more.
pub(super) const NOBODY: Node = Node::MAX;

impl Table {
    /// The node of a record, if it is known.
    pub fn known(&self, record: Record) -> Option<Node> {
        self.node_of.get(record as usize).copied().filter(|&node| node != NOBODY)
    }

    /// Makes all indexes that are made when they are first needed, so that no single record has to wait for them.
    pub fn make_ready(&mut self) {
        self.index_nodes();
        self.dictionaries.iter_mut().chain([&mut self.doors]).for_each(|dictionary| dictionary.make_ready());
    }

    fn index_nodes(&mut self) {
        if self.index_is_old {
            self.index_is_old = false;
            for node in 0..self.held.len() as u32 {
                if self.held[node as usize] > 0 && !self.is_apart(node) {
                    self.enter_index(node);
                }
            }
        }
    }

    fn enter_index(&mut self, node: Node) {
        let (contents, sources) = (&self.contents, &self.node_sources);
        let hash = |n: &u32| mix(contents[*n as usize], u64::from(sources[*n as usize]));
        self.index.insert_unique(hash(&node), node, hash);
    }

    fn leave_index(&mut self, node: Node) {
        let hash = mix(self.content(node), u64::from(self.node_sources[node as usize]));
        if let Ok(entry) = self.index.find_entry(hash, |&n| n == node) {
            entry.remove();
        }
    }

    /// The node that all records of no particular source have who say this.
    fn shared(&self, content: u64, row: &[u32]) -> Option<Node> {
        let found = self.index.find(mix(content, u64::from(ANY_SOURCE)), |&n| {
            self.node_sources[n as usize] == ANY_SOURCE && self.row(n) == row
        });
        found.copied()
    }

    /// The node of one record more that says this; `apart`, it shares its node with nobody.
    pub(super) fn hold(&mut self, row: &mut [u32], source: u16, apart: bool) -> Node {
        self.set_doors(row);
        self.index_nodes();
        let content = self.content_of(row);
        let source = self.told_apart(source);
        let shared = if apart || source != ANY_SOURCE { None } else { self.shared(content, row) };
        let node = shared.unwrap_or_else(|| {
            let node = self.fresh(row, content, source);
            match apart {
                true => self.apart.entry(content).or_default().push(node),
                false => self.enter_index(node),
            }
            node
        });
        self.held[node as usize] += 1;
        node
    }

    /// Adds a record that says nothing yet: nobody knows it.
    pub(crate) fn add_nobody(&mut self, record_id: &str) -> Record {
        self.ids.push(record_id);
        self.node_of.push(NOBODY);
        self.node_of.len() as u32 - 1
    }

    /// Whether a record says just this already.
    pub(crate) fn says(&mut self, record: Record, row: &mut [u32], source: u16) -> bool {
        self.set_doors(row);
        let source = self.told_apart(source);
        let node = self.known(record).filter(|&node| self.node_sources[node as usize] == source);
        node.is_some_and(|node| self.row(node) == row)
    }

    /// A hash of all that a row says.
    pub(super) fn content_of(&self, row: &[u32]) -> u64 {
        let said = self.layout.slots.iter().zip(row);
        said.fold(0, |content, (slot, &id)| mix(content, self.dictionaries[slot.domain].hash(id)))
    }

    /// A source, if it is one without duplicates.
    pub(super) fn told_apart(&self, source: u16) -> u16 {
        match self.unique.get(usize::from(source)) {
            Some(true) => source,
            _ => ANY_SOURCE,
        }
    }

    /// A node that nobody holds yet.
    fn fresh(&mut self, row: &[u32], content: u64, source: u16) -> Node {
        let Some(node) = self.free.pop() else {
            self.rows.extend_from_slice(row);
            self.contents.push(content);
            self.held.push(0);
            self.node_sources.push(source);
            return self.held.len() as u32 - 1;
        };
        let (place, width) = (node as usize, self.width);
        self.rows[place * width..][..width].copy_from_slice(row);
        (self.contents[place], self.node_sources[place]) = (content, source);
        node
    }

    /// A record that is not known says this from now on.
    pub(crate) fn put(&mut self, record: Record, row: &mut [u32], source: u16, apart: bool) -> Node {
        let node = self.hold(row, source, apart);
        self.node_of[record as usize] = node;
        node
    }

    /// A record is not known any more. Its node's number is given again when nobody holds it.
    pub(crate) fn lift(&mut self, record: Record) {
        let Some(node) = self.known(record) else { return };
        self.index_nodes();
        self.node_of[record as usize] = NOBODY;
        self.held[node as usize] -= 1;
        if self.held[node as usize] == 0 {
            let content = self.content(node);
            if self.is_apart(node) {
                if let Some(nodes) = self.apart.get_mut(&content) {
                    nodes.retain(|&n| n != node);
                }
                self.apart.retain(|_, nodes| !nodes.is_empty());
            } else {
                self.leave_index(node);
            }
            self.free.push(node);
        }
    }

    /// Gives a record a node of its own, whoever says the same.
    pub(crate) fn set_apart(&mut self, record: Record) {
        let Some(node) = self.known(record) else { return };
        if self.is_apart(node) || self.unique_source(node).is_some() {
            return;
        }
        self.index_nodes();
        let content = self.content(node);
        let own = if self.held(node) == 1 {
            self.leave_index(node);
            node
        } else {
            self.held[node as usize] -= 1;
            let row = self.row(node).to_vec();
            let own = self.fresh(&row, content, ANY_SOURCE);
            self.held[own as usize] = 1;
            own
        };
        self.apart.entry(content).or_default().push(own);
        self.node_of[record as usize] = own;
    }

    /// Whether a node is that of one record which shares it with nobody, because something was decided of it.
    pub fn is_apart(&self, node: Node) -> bool {
        !self.apart.is_empty() && self.apart.get(&self.content(node)).is_some_and(|n| n.contains(&node))
    }

    /// Whether any node is.
    pub fn has_apart(&self) -> bool {
        !self.apart.is_empty()
    }

    /// All nodes that say what a node says, itself among them.
    pub fn twins(&self, node: Node) -> Vec<Node> {
        match self.apart.get(&self.content(node)) {
            Some(apart) if self.unique_source(node).is_none() => {
                apart.iter().copied().chain(self.shared(self.content(node), self.row(node))).collect()
            }
            _ => vec![node],
        }
    }

    /// How many records say just what a node says.
    pub fn said(&self, node: Node) -> u32 {
        if self.apart.is_empty() {
            return self.held(node);
        }
        self.twins(node).into_iter().map(|twin| self.held(twin)).sum()
    }

    /// Whether two nodes would be one, but for what was decided of them.
    pub fn are_twins(&self, a: Node, b: Node) -> bool {
        let shared = |node| self.unique_source(node).is_none();
        a == b || shared(a) && shared(b) && self.row(a) == self.row(b)
    }
}
