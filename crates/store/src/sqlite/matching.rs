//! People who are alike, in the embedded store.

use super::{rows, session::Session};
use crate::{
    Page, Result, StoreError,
    matching::{LearnedModel, MatchRecord, Question, ReadMatching, WriteMatching},
};
use crowsnest_model::{ProfileId, QuestionId, Time};
use rusqlite::{OptionalExtension, Row, params, types::Type};

const QUESTION: &str = "id, asked, one, other, bits, pairs, value, model, obstacle, evidence, put_off";

fn question(row: &Row<'_>) -> rusqlite::Result<Question> {
    let evidence: String = row.get(9)?;
    Ok(Question {
        id: QuestionId(rows::id(row, 0)?),
        asked: rows::time(row, 1)?,
        one: ProfileId(rows::id(row, 2)?),
        other: ProfileId(rows::id(row, 3)?),
        bits: row.get(4)?,
        pairs: row.get::<_, i64>(5)? as u64,
        value: row.get(6)?,
        model: row.get(7)?,
        obstacle: row.get(8)?,
        evidence: serde_json::from_str(&evidence)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(9, Type::Text, error.into()))?,
        put_off: row.get::<_, Option<i64>>(10)?.map(Time),
    })
}

fn record(row: &Row<'_>) -> rusqlite::Result<MatchRecord> {
    Ok(MatchRecord {
        id: rows::id(row, 0)?,
        profile: ProfileId(rows::id(row, 1)?),
        origin: ProfileId(rows::id(row, 2)?),
        doc: row.get(3)?,
    })
}

impl ReadMatching for Session<'_> {
    fn match_queue(&self, limit: usize) -> Result<Vec<(ProfileId, u64)>> {
        self.all("SELECT profile, stamp FROM match_queue ORDER BY profile LIMIT ?1", [limit as i64], |row| {
            Ok((ProfileId(rows::id(row, 0)?), rows::id(row, 1)?))
        })
    }

    fn match_queue_count(&self) -> Result<u64> {
        let count: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM match_queue")?
            .query_row([], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn match_records(&self, after: u64, limit: usize) -> Result<Vec<MatchRecord>> {
        self.all(
            "SELECT id, profile, origin, doc FROM match_records WHERE id > ?1 ORDER BY id LIMIT ?2",
            [after as i64, limit as i64],
            record,
        )
    }

    fn match_records_of(&self, profile: ProfileId) -> Result<Vec<MatchRecord>> {
        self.all(
            "SELECT id, profile, origin, doc FROM match_records WHERE profile = ?1",
            [profile.0 as i64],
            record,
        )
    }

    fn match_model(&self) -> Result<Option<LearnedModel>> {
        Ok(self
            .connection
            .prepare_cached(
                "SELECT version, learned, people, meaning, doc, homes FROM match_models
                 WHERE doc IS NOT NULL AND homes IS NOT NULL
                 ORDER BY learned DESC LIMIT 1",
            )?
            .query_row([], |row| {
                Ok(LearnedModel {
                    version: row.get(0)?,
                    learned: rows::time(row, 1)?,
                    people: row.get::<_, i64>(2)? as u64,
                    meaning: row.get(3)?,
                    doc: row.get(4)?,
                    homes: row.get(5)?,
                })
            })
            .optional()?)
    }

    fn questions(&self, put_off: bool, page: Page) -> Result<Vec<Question>> {
        let which = if put_off { "IS NOT NULL" } else { "IS NULL" };
        self.all(
            &format!(
                "SELECT {QUESTION} FROM match_questions WHERE put_off {which}
                 ORDER BY value DESC, id LIMIT ?1 OFFSET ?2"
            ),
            [page.limit as i64, page.offset as i64],
            question,
        )
    }

    fn question_count(&self, put_off: bool) -> Result<u64> {
        let which = if put_off { "IS NOT NULL" } else { "IS NULL" };
        let count: i64 = self
            .connection
            .prepare_cached(&format!("SELECT count(*) FROM match_questions WHERE put_off {which}"))?
            .query_row([], |row| row.get(0))?;
        Ok(count as u64)
    }

    fn question(&self, id: QuestionId) -> Result<Option<Question>> {
        let sql = format!("SELECT {QUESTION} FROM match_questions WHERE id = ?1");
        Ok(self.connection.prepare_cached(&sql)?.query_row([id.0 as i64], question).optional()?)
    }

    fn questions_of(&self, profile: ProfileId) -> Result<Vec<Question>> {
        let by = |column: &str| {
            let sql = format!("SELECT {QUESTION} FROM match_questions WHERE {column} = ?1");
            self.all(&sql, [profile.0 as i64], question)
        };
        let mut found = by("one")?;
        found.extend(by("other")?);
        Ok(found)
    }

    fn questions_not_of(&self, model: &str, limit: usize) -> Result<Vec<Question>> {
        let sql = format!("SELECT {QUESTION} FROM match_questions WHERE model <> ?1 LIMIT ?2");
        self.all(&sql, params![model, limit as i64], question)
    }
}

impl WriteMatching for Session<'_> {
    fn queue_match(&mut self, profile: ProfileId, stamp: u64) -> Result<()> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO match_queue (profile, stamp) VALUES (?1, ?2)")?
            .execute([profile.0 as i64, stamp as i64])?;
        Ok(())
    }

    fn end_match(&mut self, profile: ProfileId, stamp: u64) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM match_queue WHERE profile = ?1 AND stamp = ?2")?
            .execute([profile.0 as i64, stamp as i64])?;
        Ok(())
    }

    fn put_match_record(&mut self, record: &MatchRecord) -> Result<()> {
        self.connection
            .prepare_cached("INSERT INTO match_records (id, profile, origin, doc) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                record.id as i64,
                record.profile.0 as i64,
                record.origin.0 as i64,
                record.doc
            ])?;
        Ok(())
    }

    fn remove_match_record(&mut self, id: u64) -> Result<()> {
        self.connection.prepare_cached("DELETE FROM match_records WHERE id = ?1")?.execute([id as i64])?;
        Ok(())
    }

    fn put_match_model(&mut self, model: &LearnedModel) -> Result<()> {
        self.connection
            .execute("UPDATE match_models SET doc = NULL, homes = NULL WHERE doc IS NOT NULL", [])?;
        self.connection.execute(
            "INSERT OR REPLACE INTO match_models (version, learned, people, meaning, doc, homes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                model.version,
                model.learned.0,
                model.people as i64,
                model.meaning,
                model.doc,
                model.homes
            ],
        )?;
        Ok(())
    }

    fn put_question(&mut self, question: &Question) -> Result<()> {
        let evidence = serde_json::to_string(&question.evidence)
            .map_err(|error| StoreError::Document { what: "question", fault: error.to_string() })?;
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO match_questions
                 (id, asked, one, other, bits, pairs, value, model, obstacle, evidence, put_off)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                question.id.0 as i64,
                question.asked.0,
                question.one.0 as i64,
                question.other.0 as i64,
                question.bits,
                question.pairs as i64,
                question.value,
                question.model,
                question.obstacle,
                evidence,
                question.put_off.map(|time| time.0)
            ])?;
        Ok(())
    }

    fn remove_question(&mut self, id: QuestionId) -> Result<bool> {
        let removed = self
            .connection
            .prepare_cached("DELETE FROM match_questions WHERE id = ?1")?
            .execute([id.0 as i64])?;
        Ok(removed > 0)
    }
}
