//! Lists by any filter, the newest first, without reading what the filter leaves out.
//!
//! The indexes on (program, state) and (state, source) hold the ids of each pair in order. A filter that names only one
//! of the two is answered by asking each pair for its newest and putting the answers together: there are few programs,
//! sources and states, and many rows.

use super::{rows, session::Session};
use crate::{DeliveryFilter, Page, Result};
use crowsnest_model::{
    delivery::{Delivery, DeliveryState},
    quarantine::{QuarantineState, Quarantined},
};
use rusqlite::{OptionalExtension, Params, Row, params};

impl Session<'_> {
    /// The different values of an index's next column, one step each. `sql` answers the smallest after `?1`.
    pub(super) fn steps(&self, sql: &str) -> Result<Vec<String>> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut found = Vec::new();
        let mut last = String::new();
        while let Some(next) =
            statement.query_row([&last], |row| row.get::<_, Option<String>>(0)).optional()?.flatten()
        {
            found.push(next.clone());
            last = next;
        }
        Ok(found)
    }

    fn programs(&self, given: Option<&str>, of: &str) -> Result<Vec<String>> {
        match given {
            Some(program) => Ok(vec![program.to_owned()]),
            None => self.steps(of),
        }
    }
}

/// The newest of several lists, each with the newest first.
pub(super) fn newest<T>(mut all: Vec<T>, id: impl Fn(&T) -> u64, page: Page) -> Vec<T> {
    all.sort_by_key(|item| std::cmp::Reverse(id(item)));
    all.into_iter().skip(page.offset).take(page.limit).collect()
}

fn rows_of<T>(
    session: &Session<'_>,
    columns: &str,
    rest: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>> {
    session.all(&format!("SELECT {columns} FROM {rest}"), params, read)
}

pub(super) fn deliveries(
    session: &Session<'_>,
    filter: &DeliveryFilter,
    limit: usize,
) -> Result<Vec<Delivery>> {
    let count = limit as i64;
    let before = filter.before.map_or(i64::MAX, |id| id.0 as i64);
    let (program, state) = (filter.program.as_deref(), filter.state.as_deref());
    let person = filter.profile.map(|id| id.0 as i64);
    let since = filter.since.map_or(i64::MIN, |since| since.0);
    let others =
        "(?3 IS NULL OR program = ?3) AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR profile = ?5)
         AND (?7 IS NULL OR channel = 'webhook' AND contact = ?7) AND updated >= ?8
         AND (?9 OR seed IS NULL)";
    let hook = filter.webhook.as_deref();
    if let Some(run) = filter.run {
        let rest = format!(
            "deliveries WHERE run = ?1 AND run IS NOT NULL AND id < ?2 AND {others} ORDER BY id DESC LIMIT ?6"
        );
        let params = params![run.0 as i64, before, program, state, person, count, hook, since, filter.seeds];
        return rows_of(session, rows::DELIVERY, &rest, params, rows::delivery);
    }
    if let Some(person) = person {
        let rest =
            format!("deliveries WHERE profile = ?1 AND id < ?2 AND {others} ORDER BY id DESC LIMIT ?6");
        let params = params![person, before, program, state, person, count, hook, since, filter.seeds];
        return rows_of(session, rows::DELIVERY, &rest, params, rows::delivery);
    }
    let states = match state {
        Some(state) => vec![state],
        None => DeliveryState::ALL.map(DeliveryState::as_str).to_vec(),
    };
    if let Some(hook) = &filter.webhook {
        let mut all = Vec::new();
        for state in &states {
            let rest = "deliveries WHERE channel = 'webhook' AND contact = ?1 AND state = ?2 AND id < ?3
                 AND (?4 IS NULL OR program = ?4) AND updated >= ?6 ORDER BY id DESC LIMIT ?5";
            let params = params![hook, state, before, program, count, since];
            all.extend(rows_of(session, rows::DELIVERY, rest, params, rows::delivery)?);
        }
        return Ok(newest(all, |delivery| delivery.id.0, Page { limit, offset: 0 }));
    }
    if program.is_none() && state.is_none() {
        let rest =
            "deliveries WHERE id < ?1 AND updated >= ?3 AND (?4 OR seed IS NULL) ORDER BY id DESC LIMIT ?2";
        let params = params![before, count, since, filter.seeds];
        return rows_of(session, rows::DELIVERY, rest, params, rows::delivery);
    }
    let mut all = Vec::new();
    for program in session.programs(program, "SELECT min(program) FROM deliveries WHERE program > ?1")? {
        for state in &states {
            let rest = "deliveries WHERE program = ?1 AND state = ?2 AND id < ?3 AND updated >= ?5
                 AND (?6 OR seed IS NULL)                 ORDER BY id DESC LIMIT ?4";
            let params = params![program, state, before, count, since, filter.seeds];
            all.extend(rows_of(session, rows::DELIVERY, rest, params, rows::delivery)?);
        }
    }
    Ok(newest(all, |delivery| delivery.id.0, Page { limit, offset: 0 }))
}

pub(super) fn quarantine(
    session: &Session<'_>,
    source: Option<&str>,
    state: Option<QuarantineState>,
    page: Page,
) -> Result<Vec<Quarantined>> {
    let (limit, offset) = (page.limit as i64, page.offset as i64);
    if source.is_none() && state.is_none() {
        let rest = "quarantine ORDER BY id DESC LIMIT ?1 OFFSET ?2";
        return rows_of(session, rows::QUARANTINED, rest, params![limit, offset], rows::quarantined);
    }
    let sources = match source {
        Some(source) => vec![source.to_owned()],
        None => session.steps("SELECT min(source) FROM quarantine WHERE source > ?1")?,
    };
    let states = match state {
        Some(state) => vec![state],
        None => vec![QuarantineState::Open, QuarantineState::Resolved, QuarantineState::Discarded],
    };
    let mut all = Vec::new();
    for source in &sources {
        for state in &states {
            let rest = "quarantine WHERE state = ?1 AND source = ?2 ORDER BY id DESC LIMIT ?3";
            let params = params![state.as_str(), source, limit.saturating_add(offset)];
            all.extend(rows_of(session, rows::QUARANTINED, rest, params, rows::quarantined)?);
        }
    }
    Ok(newest(all, |item| item.id.0, page))
}
