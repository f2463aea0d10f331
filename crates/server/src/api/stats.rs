//! How much there is of everything.

use super::{blocking, read};
use crate::{App, auth::Admin, error::ApiError};
use axum::{Json, Router, extract::State, routing::get};
use crowsnest_flow::outward::SenderStanding;
use crowsnest_model::{Time, quarantine::QuarantineState};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/stats", get(stats)).route("/sources", get(sources))
}

/// How much there is of everything.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Events, each counted once.
    events: u64,
    /// People.
    people: u64,
    /// Households: people who share an account or live together count once, everybody else for themselves.
    households: u64,
    /// Things that went to the quarantine, open or not.
    quarantined: u64,
    /// Those of them that wait for somebody.
    quarantine_open: u64,
    /// Copies of events that came again and changed nothing.
    duplicates: u64,
    /// Deliveries by state.
    deliveries: BTreeMap<String, u64>,
    /// How we stand as a sender on each channel.
    senders: Vec<SenderView>,
}

/// How we stand as a sender on a channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SenderView {
    channel: String,
    /// Messages of the last time, as long as `email.limits` says in `over`, or since counting was begun anew.
    messages: u64,
    /// Those of them that somebody called spam.
    complaints: u64,
    /// Those of them that came back.
    bounces: u64,
    /// `good`, `warned` or `stopped`, by that.
    standing: &'static str,
    /// What is too much, in words.
    reason: Option<String>,
    /// Since when marketing messages are stopped, by Crowsnest or by people of the house.
    #[schema(value_type = Option<String>, format = DateTime)]
    stopped: Option<Time>,
}

impl From<SenderStanding> for SenderView {
    fn from(sender: SenderStanding) -> Self {
        let SenderStanding { channel, counts, standing, stopped, .. } = sender;
        Self {
            channel,
            messages: counts.messages,
            complaints: counts.complaints,
            bounces: counts.bounces,
            standing: standing.as_str(),
            reason: standing.reason().map(str::to_owned),
            stopped,
        }
    }
}

/// How much there is of everything.
#[utoipa::path(get, path = "/api/v1/stats", tag = "run", responses((status = 200, body = Stats)), security(("admin" = [])))]
pub(crate) async fn stats(_: Admin, State(app): State<App>) -> Result<Json<Stats>, ApiError> {
    let senders = blocking(&app, |engine| engine.senders()).await?;
    let stats = read(&app, |read| {
        let mut deliveries: BTreeMap<String, u64> = crowsnest_model::delivery::DeliveryState::ALL
            .iter()
            .map(|state| (state.to_string(), 0))
            .collect();
        deliveries.extend(read.delivery_counts(None)?);
        Ok(Stats {
            events: read.counter("events")?,
            people: read.counter("people")?,
            households: read.household_count()?,
            quarantined: read.counter("quarantined")?,
            quarantine_open: read.quarantine_count(QuarantineState::Open)?,
            duplicates: read.counter("duplicates")?,
            deliveries,
            senders: senders.into_iter().map(SenderView::from).collect(),
        })
    })
    .await?;
    Ok(Json(stats))
}

/// A source: how to send as it, what it has sent, how fresh it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceInfo {
    /// Its name.
    source: String,
    /// What people call it.
    title: Option<String>,
    /// The key with which it may append events.
    write_key: Option<String>,
    /// Its feeds.
    feeds: Vec<String>,
    /// Events, each counted once.
    events: u64,
    /// Copies.
    duplicates: u64,
    /// Things that went to the quarantine.
    quarantined: u64,
    /// Everything up to this moment is here, as far as the source said.
    #[schema(value_type = Option<String>, format = DateTime)]
    complete_until: Option<Time>,
}

/// The sources.
#[utoipa::path(get, path = "/api/v1/sources", tag = "collect", responses((status = 200, body = [SourceInfo])), security(("admin" = [])))]
pub(crate) async fn sources(_: Admin, State(app): State<App>) -> Result<Json<Vec<SourceInfo>>, ApiError> {
    let (counts, marks) = read(&app, |read| Ok((read.source_counts()?, read.watermarks()?))).await?;
    let live = app.engine.live();
    let mut names: Vec<&str> = live.workspace().sources.keys().map(String::as_str).collect();
    names.extend(counts.iter().map(|count| count.source.as_str()));
    names.sort_unstable();
    names.dedup();
    let infos = names
        .into_iter()
        .map(|name| {
            let source = live.workspace().sources.get(name);
            let count = counts.iter().find(|count| count.source == name);
            SourceInfo {
                source: name.to_owned(),
                title: source.and_then(|source| source.title.clone()),
                write_key: live.key_of_source(name).map(str::to_owned),
                feeds: source.map(|source| source.feeds.keys().cloned().collect()).unwrap_or_default(),
                events: count.map_or(0, |count| count.events),
                duplicates: count.map_or(0, |count| count.duplicates),
                quarantined: count.map_or(0, |count| count.quarantined),
                complete_until: marks.iter().find(|mark| mark.source == name).map(|mark| mark.complete_until),
            }
        })
        .collect();
    Ok(Json(infos))
}
