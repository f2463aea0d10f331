//! A transaction, read or write, and the small numbers that stand for names in it.

use super::{segment_log::SegmentLog, segments::PutMembership, skips::Skips};
use crate::Result;
use crowsnest_model::ProfileId;
use rusqlite::{CachedStatement, Connection, OptionalExtension};
use std::{
    cell::{Cell, RefCell, RefMut},
    collections::HashMap,
    sync::Arc,
};

/// Names by number and numbers by name, as far as they were needed; and which words may deserve a number.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_name: HashMap<Arc<str>, i64, foldhash::fast::RandomState>,
    by_number: HashMap<i64, Arc<str>, foldhash::fast::RandomState>,
    /// What each program said last when it skipped somebody, and of whom.
    said: HashMap<String, (String, ProfileId), foldhash::fast::RandomState>,
}

/// A statement that is at hand for as long as a transaction lasts: finding it among all prepared ones costs as much as some
/// of them do.
pub(super) type Hot<'c> = RefCell<Option<CachedStatement<'c>>>;

/// The statements that a commit runs for most events or people.
#[derive(Default)]
pub(super) struct Statements<'c> {
    pub(super) claim: Hot<'c>,
    pub(super) put_event: Hot<'c>,
    pub(super) profile: Hot<'c>,
    pub(super) put_profile: Hot<'c>,
    pub(super) put_look: Hot<'c>,
    pub(super) put_segment_change: Hot<'c>,
    pub(super) skips_of_occasion: Hot<'c>,
    pub(super) put_skips: Hot<'c>,
    pub(super) any_run: Hot<'c>,
    pub(super) had_occasion: Hot<'c>,
}

/// One transaction.
pub(super) struct Session<'c> {
    pub(super) connection: &'c Connection,
    names: RefCell<Names>,
    /// The place of the next event, once it was asked for.
    pub(super) next_event: Cell<Option<i64>>,
    /// Memberships that are to be written.
    pub(super) memberships: RefCell<Vec<PutMembership>>,
    /// What of the log of segments is to be written.
    pub(super) segment_log: RefCell<SegmentLog>,
    /// Who is on record as skipped, and what of that is to be written.
    pub(super) skips: RefCell<Skips>,
    pub(super) statements: Statements<'c>,
}

impl<'c> Session<'c> {
    pub(super) fn new(connection: &'c Connection, names: Names) -> Self {
        Self {
            connection,
            names: RefCell::new(names),
            next_event: Cell::new(None),
            memberships: RefCell::default(),
            segment_log: RefCell::default(),
            skips: RefCell::default(),
            statements: Statements::default(),
        }
    }

    /// Writes what is written at the end of a commit.
    pub(super) fn finish(&self) -> Result<()> {
        self.write_memberships()?;
        self.write_segment_log()?;
        self.write_skips()
    }

    /// One of [`Session::statements`], whose text is always this.
    pub(super) fn hot<'s>(&self, kept: &'s Hot<'c>, sql: &str) -> Result<RefMut<'s, CachedStatement<'c>>> {
        let mut kept = kept.borrow_mut();
        let statement = match kept.take() {
            Some(statement) => statement,
            None => self.connection.prepare_cached(sql)?,
        };
        Ok(RefMut::map(kept, |kept| kept.insert(statement)))
    }

    pub(super) fn into_names(self) -> Names {
        self.names.into_inner()
    }

    /// The numbers of those of these names that have one.
    pub(super) fn numbers(&self, names: &[&str]) -> Result<Vec<i64>> {
        names.iter().filter_map(|name| self.number(name).transpose()).collect()
    }

    /// The number of a name, if it has one.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>> {
        if let Some(number) = self.names.borrow().by_name.get(name) {
            return Ok(Some(*number));
        }
        let found: Option<i64> = self
            .connection
            .prepare_cached("SELECT id FROM names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        if let Some(number) = found {
            self.keep(name, number);
        }
        Ok(found)
    }

    /// The number of a name; a new name gets one.
    pub(super) fn number_or_new(&self, name: &str) -> Result<i64> {
        if let Some(number) = self.number(name)? {
            return Ok(number);
        }
        self.connection.prepare_cached("INSERT INTO names (name) VALUES (?1)")?.execute([name])?;
        let number = self.connection.last_insert_rowid();
        self.keep(name, number);
        Ok(number)
    }

    /// The name that a number stands for.
    pub(super) fn name(&self, number: i64) -> Result<Arc<str>> {
        if let Some(name) = self.names.borrow().by_number.get(&number) {
            return Ok(name.clone());
        }
        let name: String = self
            .connection
            .prepare_cached("SELECT name FROM names WHERE id = ?1")?
            .query_row([number], |row| row.get(0))?;
        Ok(self.keep(&name, number))
    }

    /// Whether a program has just said the same of somebody else.
    pub(super) fn is_said_again(&self, program: &str, reason: &str, of: ProfileId) -> bool {
        let said = &mut self.names.borrow_mut().said;
        match said.get(program) {
            Some((last, other)) if last == reason => *other != of,
            _ => {
                said.insert(program.to_owned(), (reason.to_owned(), of));
                false
            }
        }
    }

    fn keep(&self, name: &str, number: i64) -> Arc<str> {
        let mut names = self.names.borrow_mut();
        // Event names are foreign input: the cache must not grow with everything that anybody ever sends.
        if names.by_name.len() > 20_000 {
            *names = Names::default();
        }
        let name: Arc<str> = Arc::from(name);
        names.by_name.insert(name.clone(), number);
        names.by_number.insert(number, name.clone());
        name
    }
}
