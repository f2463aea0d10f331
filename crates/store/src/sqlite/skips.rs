//! Who was skipped by programs, and why: most of what programs have to say.
//!
//! Most events that begin a program are those of people whom several programs skip, so what one occasion of a person has
//! of that is one row. One commit asks of each person once what is on record, and writes what changed at its end, in the
//! order of the tables, where neighbours lie together. Which people a program skipped says a table of its own.

use super::{
    rows::{self, DOCUMENT_FORMAT},
    session::Session,
};
use crate::{Read, Result, RunRecord, RunState, StoreError};
use crowsnest_model::{EventId, ProfileId, RunId, Time};
use foldhash::fast::RandomState;
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, sync::Arc};

/// What is on record of the people whom a commit is about, by their numbers, and what of it is still to be written.
#[derive(Debug, Default)]
pub(super) struct Skips {
    people: HashMap<i64, OnRecord, RandomState>,
    places: Vec<Place>,
}

/// That the table of places has a skip, by the numbers of the program and the skip, as this person's; or has it no more.
#[derive(Debug)]
struct Place {
    of: (i64, i64),
    person: Option<i64>,
}

/// One person's, as far as it was asked for.
#[derive(Debug, Default)]
struct OnRecord {
    has_runs: Option<bool>,
    occasions: Vec<Occasion>,
}

/// All skips of one occasion.
#[derive(Debug)]
struct Occasion {
    name: String,
    skips: Vec<Skip>,
    changed: bool,
}

/// As it stands in its row, by the place of its fields.
#[derive(Debug, Serialize, Deserialize)]
struct Skip {
    /// The number of its name.
    program: i64,
    version: u32,
    id: i64,
    /// Both halves of its id.
    event: (u64, u64),
    triggered: i64,
    started: i64,
    reason: Reason,
}

/// Words, or the number of words that are said of many.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Reason {
    Number(i64),
    Words(String),
}

impl OnRecord {
    fn occasion(&mut self, name: &str) -> Option<&mut Occasion> {
        self.occasions.iter_mut().find(|known| known.name == name)
    }
}

impl Occasion {
    fn of(&mut self, program: i64) -> Option<&mut Skip> {
        self.skips.iter_mut().find(|skip| skip.program == program)
    }
}

/// Keeps that somebody was skipped. See [`crate::Unit::put_run`].
pub(super) fn put(session: &Session<'_>, run: &RunRecord) -> Result<bool> {
    let reason = run.reason.as_deref().unwrap_or_default();
    let (person, program) = (run.profile.0 as i64, session.number_or_new(&run.program)?);
    let mut all = session.skips.borrow_mut();
    let Skips { people, places } = &mut *all;
    let known = people.entry(person).or_default();
    if known.occasion(&run.occasion).is_none() {
        known.occasions.push(read(session, person, &run.occasion)?);
    }
    let had = known.occasion(&run.occasion).and_then(|occasion| occasion.of(program));
    // Skipped again for the same reason: the record says since when. A page is not written for that.
    if let Some(skip) = had
        && skip.version == run.version
        && *in_words(session, &skip.reason)? == *reason
    {
        return Ok(false);
    }
    let has_runs = match known.has_runs {
        Some(has) => has,
        None => {
            let sql = "SELECT 1 FROM runs WHERE profile = ?1 LIMIT 1";
            session.hot(&session.statements.any_run, sql)?.exists([person])?
        }
    };
    known.has_runs = Some(has_runs);
    if has_runs && session.had_occasion(&run.program, run.profile, &run.occasion)? {
        return Ok(false);
    }
    let reason = match said_of_many(session, run, reason)? {
        Some(number) => Reason::Number(number),
        None => Reason::Words(reason.to_owned()),
    };
    let id = run.id.0 as i64;
    let event = ((run.event.0 >> 64) as u64, run.event.0 as u64);
    let (triggered, started) = (run.triggered.0, run.started.0);
    let skip = Skip { program, version: run.version, id, event, triggered, started, reason };
    if let Some(occasion) = known.occasion(&run.occasion) {
        occasion.changed = true;
        places.push(Place { of: (program, id), person: Some(person) });
        match occasion.of(program) {
            Some(before) => {
                places.push(Place { of: (program, before.id), person: None });
                *before = skip;
            }
            None => occasion.skips.push(skip),
        }
    }
    Ok(true)
}

/// What the table has of one occasion of a person.
fn read(session: &Session<'_>, person: i64, name: &str) -> Result<Occasion> {
    let sql = "SELECT occasion, skips FROM skips WHERE profile = ?1 AND occasion = ?2";
    let mut statement = session.hot(&session.statements.skips_of_occasion, sql)?;
    let mut found = statement.query(params![person, name])?;
    match found.next()? {
        Some(row) => occasion(row),
        None => Ok(Occasion { name: name.to_owned(), skips: Vec::new(), changed: false }),
    }
}

fn occasion(row: &Row<'_>) -> Result<Occasion> {
    let fault = |fault: String| StoreError::Document { what: "skips", fault };
    let stored = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
    let Some((&DOCUMENT_FORMAT, rest)) = stored.split_first() else {
        return Err(fault("its format is not known".into()));
    };
    let skips = rmp_serde::from_slice(rest).map_err(|error| fault(error.to_string()))?;
    Ok(Occasion { name: row.get(0)?, skips, changed: false })
}

/// The words that stand in a record, or for which a number stands there.
fn in_words(session: &Session<'_>, said: &Reason) -> Result<Arc<str>> {
    match said {
        Reason::Number(number) => session.name(*number),
        Reason::Words(words) => Ok(words.as_str().into()),
    }
}

/// The number of words that a program says of many, such as who its audience is. What it says of one person after another is
/// taken for that; words with that person's own dates in them are not, and would fill the table of names.
fn said_of_many(session: &Session<'_>, run: &RunRecord, reason: &str) -> Result<Option<i64>> {
    if let Some(number) = session.number(reason)? {
        return Ok(Some(number));
    }
    if session.is_said_again(&run.program, reason, run.profile) {
        return session.number_or_new(reason).map(Some);
    }
    Ok(None)
}

impl Session<'_> {
    /// Writes what there is to be written of everybody. Whoever reads the tables calls it before.
    pub(super) fn write_skips(&self) -> Result<()> {
        let mut all = self.skips.borrow_mut();
        let mut people: Vec<(i64, OnRecord)> = all.people.drain().collect();
        people.sort_unstable_by_key(|(person, _)| *person);
        people.into_iter().try_for_each(|(person, known)| self.write_skips_of(person, known.occasions))?;
        if all.places.is_empty() {
            return Ok(());
        }
        // Of several in one place the last counts.
        all.places.sort_by_key(|place| place.of);
        let mut insert = self.connection.prepare_cached(
            "INSERT OR REPLACE INTO skip_places (program, id, profile) VALUES (?1, ?2, ?3)",
        )?;
        let mut delete =
            self.connection.prepare_cached("DELETE FROM skip_places WHERE program = ?1 AND id = ?2")?;
        for of_one_place in all.places.chunk_by(|one, other| one.of == other.of) {
            let Some(Place { of: (program, id), person }) = of_one_place.last() else { continue };
            match person {
                Some(person) => insert.execute([program, id, person])?,
                None => delete.execute([program, id])?,
            };
        }
        all.places.clear();
        Ok(())
    }

    /// Writes what there is to be written of one person, and forgets what is on record of them: somebody else changes it.
    fn settle_skips(&self, person: i64) -> Result<()> {
        let known = self.skips.borrow_mut().people.remove(&person);
        known.map_or(Ok(()), |known| self.write_skips_of(person, known.occasions))
    }

    fn write_skips_of(&self, person: i64, mut occasions: Vec<Occasion>) -> Result<()> {
        occasions.retain(|occasion| occasion.changed);
        occasions.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        for Occasion { name, skips, .. } in occasions {
            if skips.is_empty() {
                let sql = "DELETE FROM skips WHERE profile = ?1 AND occasion = ?2";
                self.connection.prepare_cached(sql)?.execute(params![person, name])?;
                continue;
            }
            let mut stored = Vec::with_capacity(64 * skips.len());
            stored.push(DOCUMENT_FORMAT);
            rmp_serde::encode::write(&mut stored, &skips)
                .map_err(|error| StoreError::Document { what: "skips", fault: error.to_string() })?;
            let sql = "INSERT OR REPLACE INTO skips (profile, occasion, skips) VALUES (?1, ?2, ?3)";
            self.hot(&self.statements.put_skips, sql)?.execute(params![person, name, stored])?;
        }
        Ok(())
    }

    /// Somebody has a run now: that they were skipped on this occasion is not so any more.
    pub(super) fn forget_skip(&self, run: &RunRecord) -> Result<()> {
        let person = run.profile.0 as i64;
        self.settle_skips(person)?;
        let Some(program) = self.number(&run.program)? else { return Ok(()) };
        let mut occasion = read(self, person, &run.occasion)?;
        let Some(skip) = occasion.of(program) else { return Ok(()) };
        let of = (program, skip.id);
        self.skips.borrow_mut().places.push(Place { of, person: None });
        occasion.skips.retain(|skip| skip.program != program);
        occasion.changed = true;
        self.write_skips_of(person, vec![occasion])
    }

    /// What one person was skipped by becomes another's. What that one was skipped by on the same occasion too gets an
    /// occasion of its own.
    pub(super) fn give_skips(&self, from: ProfileId, to: ProfileId) -> Result<()> {
        self.settle_skips(to.0 as i64)?;
        let theirs = self.stored_skips(from)?;
        if theirs.is_empty() {
            return Ok(());
        }
        let mut mine = OnRecord { has_runs: None, occasions: self.stored_skips(to)? };
        let mut all = self.skips.borrow_mut();
        for Occasion { name, skips, .. } in theirs {
            for skip in skips {
                all.places.push(Place { of: (skip.program, skip.id), person: Some(to.0 as i64) });
                let had = mine.occasion(&name).is_some_and(|occasion| occasion.of(skip.program).is_some());
                let name = if had { format!("{name}~{}", skip.id) } else { name.clone() };
                match mine.occasion(&name) {
                    Some(occasion) => {
                        occasion.skips.push(skip);
                        occasion.changed = true;
                    }
                    None => mine.occasions.push(Occasion { name, skips: vec![skip], changed: true }),
                }
            }
        }
        drop(all);
        self.connection.prepare_cached("DELETE FROM skips WHERE profile = ?1")?.execute([from.0 as i64])?;
        self.write_skips_of(to.0 as i64, mine.occasions)
    }

    /// Forgets by what somebody was skipped.
    pub(super) fn forget_skips(&self, person: ProfileId) -> Result<()> {
        let skips = self.stored_skips(person)?.into_iter().flat_map(|occasion| occasion.skips);
        let gone = skips.map(|skip| Place { of: (skip.program, skip.id), person: None });
        self.skips.borrow_mut().places.extend(gone);
        self.connection.prepare_cached("DELETE FROM skips WHERE profile = ?1")?.execute([person.0 as i64])?;
        Ok(())
    }

    /// By what one person was skipped, or by one program, by the number of its name.
    pub(super) fn skips_of_person(&self, person: ProfileId, program: Option<i64>) -> Result<Vec<RunRecord>> {
        let mut records = Vec::new();
        for Occasion { name, skips, .. } in self.stored_skips(person)? {
            for skip in skips {
                if program.is_none_or(|program| program == skip.program) {
                    records.push(self.skip_record(person, &name, skip)?);
                }
            }
        }
        Ok(records)
    }

    /// Whom a program skipped, by the number of its name: the newest, at most so many.
    pub(super) fn skips_of_program(&self, program: i64, most: i64) -> Result<Vec<RunRecord>> {
        self.write_skips()?;
        let places = self.all(
            "SELECT id, profile FROM skip_places WHERE program = ?1 ORDER BY id DESC LIMIT ?2",
            [program, most],
            |row| Ok((row.get::<_, i64>(0)?, ProfileId(rows::id(row, 1)?))),
        )?;
        let mut records = Vec::with_capacity(places.len());
        for (id, person) in places {
            for Occasion { name, skips, .. } in self.stored_skips(person)? {
                if let Some(skip) = skips.into_iter().find(|skip| skip.id == id) {
                    records.push(self.skip_record(person, &name, skip)?);
                }
            }
        }
        Ok(records)
    }

    /// The occasions of a person as they stand in the table.
    fn stored_skips(&self, person: ProfileId) -> Result<Vec<Occasion>> {
        self.settle_skips(person.0 as i64)?;
        let mut statement =
            self.connection.prepare_cached("SELECT occasion, skips FROM skips WHERE profile = ?1")?;
        let mut found = statement.query([person.0 as i64])?;
        let mut occasions = Vec::new();
        while let Some(row) = found.next()? {
            occasions.push(occasion(row)?);
        }
        Ok(occasions)
    }

    fn skip_record(&self, profile: ProfileId, occasion: &str, skip: Skip) -> Result<RunRecord> {
        Ok(RunRecord {
            id: RunId(skip.id as u64),
            program: self.name(skip.program)?.to_string(),
            version: skip.version,
            profile,
            occasion: occasion.to_owned(),
            event: EventId(u128::from(skip.event.0) << 64 | u128::from(skip.event.1)),
            triggered: Time(skip.triggered),
            started: Time(skip.started),
            ended: Some(Time(skip.started)),
            state: RunState::Skipped,
            reason: Some(in_words(self, &skip.reason)?.to_string()),
            value: None,
            goal: None,
        })
    }
}
