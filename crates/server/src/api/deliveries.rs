//! Messages and where they are in their lives.

use super::{because, blocking, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use crowsnest_flow::{
    FlowError,
    outward::{Heard, LineStanding, Resolved, Resolving, WayState, What, WhatBecame},
};
use crowsnest_model::{
    DeliveryId, HouseholdId, ProfileId, RunId, Time,
    delivery::{Delivery, DeliveryState, Feedback},
};
use crowsnest_store::{DeliveryFilter, FeedbackSum};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/deliveries", get(deliveries))
        .route("/deliveries/lines", get(lines))
        .route("/deliveries/resolve", post(resolve_many))
        .route("/deliveries/{id}", get(delivery))
        .route("/deliveries/{id}/resolve", post(resolve))
        .route("/deliveries/{id}/feedback", post(feedback))
}

/// One message on one channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    #[schema(value_type = String)]
    id: DeliveryId,
    /// The program or broadcast.
    program: String,
    version: u32,
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
    occasion: String,
    /// Who gets it; nobody of the copy of a seed.
    #[schema(value_type = Option<String>)]
    profile: Option<ProfileId>,
    /// Whose copy it is, as `LIST/NAME` of a seed list; nothing of what goes to customers and webhooks.
    seed: Option<String>,
    #[schema(value_type = Option<String>)]
    household: Option<HouseholdId>,
    channel: String,
    /// The address.
    to: String,
    template: String,
    topic: String,
    /// `queued`, `held`, `sending`, `sent`, `bounced`, `failed`, `unknown`, `suppressed`, `cancelled` or `expired`.
    state: String,
    /// Why it is there, in words.
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    due: Time,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires: Option<Time>,
    attempts: u32,
    #[schema(value_type = String, format = DateTime)]
    created: Time,
    #[schema(value_type = String, format = DateTime)]
    updated: Time,
}

/// A message and its life so far.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryLife {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// Where it has been, the first entry first.
    log: Vec<LogEntry>,
    /// What came back after it was handed over.
    feedback: Vec<FeedbackView>,
}

/// What came back on a message, of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackView {
    /// `delivered`, `opened`, `clicked`, `bounced_for_good`, `bounced_for_now`, `complained`, `replied`; or what a machine of the receiver's did,
    /// which says nothing of a person: `opened_by_machine`, `clicked_by_machine`, `replied_by_machine`.
    #[schema(value_type = String)]
    kind: Feedback,
    #[schema(value_type = String, format = DateTime)]
    first: Time,
    #[schema(value_type = String, format = DateTime)]
    last: Time,
    times: u64,
}

/// One entry of a message's life.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogEntry {
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    state: String,
    /// Why, in words.
    reason: Option<String>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            program: delivery.program,
            version: delivery.version,
            run: delivery.run,
            occasion: delivery.occasion,
            profile: Some(delivery.profile).filter(|profile| *profile != ProfileId::NOBODY),
            seed: delivery.seed,
            household: delivery.household,
            channel: delivery.channel,
            to: delivery.contact,
            template: delivery.template,
            topic: delivery.topic,
            state: delivery.state.to_string(),
            reason: delivery.reason,
            due: delivery.due,
            expires: delivery.expires,
            attempts: delivery.attempts,
            created: delivery.created,
            updated: delivery.updated,
        }
    }
}

/// Which deliveries are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Of this program or broadcast.
    program: Option<String>,
    /// In this state.
    state: Option<String>,
    /// To this person.
    profile: Option<String>,
    /// What this webhook is told.
    webhook: Option<String>,
    /// Changed at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Older than this delivery: the last id of the page before.
    before: Option<String>,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
}

/// Deliveries, the newest first.
#[utoipa::path(get, path = "/api/v1/deliveries", tag = "messages", params(Wanted),
    responses((status = 200, body = [DeliveryView])), security(("admin" = [])))]
pub(crate) async fn deliveries(
    _: Admin,
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let limit = super::Paging { limit: wanted.limit, offset: None }.page()?.limit;
    if let Some(state) = &wanted.state
        && state.parse::<DeliveryState>().is_err()
    {
        let known: Vec<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
        return Err(ApiError::bad_request(
            "invalid-query",
            format!("`{state}` is not a state; expected one of {}", known.join(", ")),
        ));
    }
    let live = app.engine.live();
    // What has a colon is no program's name, but an alarm's: `budget:NAME`.
    if let Some(program) = wanted.program.as_deref().filter(|program| !program.contains(':')) {
        live.must_be_named(program)?;
    }
    let webhook = wanted.webhook.clone();
    let filter = DeliveryFilter {
        program: wanted.program,
        state: wanted.state,
        profile: wanted.profile.as_deref().map(id).transpose()?,
        run: None,
        webhook: wanted.webhook,
        since: wanted.since,
        seeds: true,
        before: wanted.before.as_deref().map(id).transpose()?,
    };
    let found = read(&app, move |read| read.deliveries(&filter, limit)).await?;
    // One that is defined no more may still have been told something.
    if let Some(webhook) = webhook.filter(|_| found.is_empty()) {
        let known = &live.workspace().webhooks;
        if !known.contains_key(&webhook) {
            return Err(FlowError::not_found("webhook", &webhook, known.keys().map(String::as_str)).into());
        }
    }
    Ok(Json(found.into_iter().map(DeliveryView::from).collect()))
}

/// Where a line stands: a destination with a queue of its own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineView {
    /// `email`, or `webhook:NAME`.
    line: String,
    /// `open`; `closed` when all its ways have failed again and again and are left alone for a while; `trying` when one
    /// delivery is on a closed one, to see how it fares.
    state: &'static str,
    /// How much is queued for it, due or not.
    queued: u64,
    /// How much of that is due.
    due: u64,
    /// How much is being handed over.
    sending: u64,
    /// When the first of what is queued is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    next: Option<Time>,
    /// The ways by which it can be gone, in the order of preference: the SMTP accounts, or the webhook itself.
    ways: Vec<WayView>,
}

/// A way that can fail as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WayView {
    /// `email:NAME` or `webhook:NAME`.
    way: String,
    /// As of the line.
    state: &'static str,
    /// Since when it is closed.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// When one delivery tries it.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// The last fault, since the server was started.
    fault: Option<String>,
    /// When that was.
    #[schema(value_type = Option<String>, format = DateTime)]
    fault_at: Option<Time>,
}

impl From<WayState> for WayView {
    fn from(WayState { way, closed, until, fault }: WayState) -> Self {
        let state = match (closed, until) {
            (None, _) => "open",
            (Some(_), Some(_)) => "closed",
            (Some(_), None) => "trying",
        };
        let (fault_at, fault) = fault.unzip();
        Self { way, state, since: closed, until, fault, fault_at }
    }
}

impl From<LineStanding> for LineView {
    fn from(LineStanding { count, ways }: LineStanding) -> Self {
        let ways: Vec<WayView> = ways.into_iter().map(WayView::from).collect();
        let best = ["open", "trying"].into_iter().find(|state| ways.iter().any(|way| way.state == *state));
        // What people of the house carry, calls and letters, has no way that could fail.
        let best = if ways.is_empty() { Some("open") } else { best };
        Self {
            line: count.line.to_string(),
            state: best.unwrap_or("closed"),
            queued: count.queued,
            due: count.due,
            sending: count.sending,
            next: count.next,
            ways,
        }
    }
}

/// The lines, by name: what waits for each, and whether it is open.
#[utoipa::path(get, path = "/api/v1/deliveries/lines", tag = "messages",
    responses((status = 200, body = [LineView])), security(("admin" = [])))]
pub(crate) async fn lines(_: Admin, State(app): State<App>) -> Result<Json<Vec<LineView>>, ApiError> {
    let dispatcher = app.dispatcher.clone();
    let standing = blocking(&app, move |_| dispatcher.standing()).await?;
    Ok(Json(standing.into_iter().map(LineView::from).collect()))
}

/// A delivery, with its life so far: when it was held, released, tried, and why.
#[utoipa::path(get, path = "/api/v1/deliveries/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryLife), (status = 404, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn delivery(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<Json<DeliveryLife>, ApiError> {
    let id: DeliveryId = id(&wanted)?;
    let found = read(&app, move |read| {
        let Some(delivery) = read.delivery(id)? else { return Ok(None) };
        Ok(Some((delivery, read.delivery_log(id)?, read.feedback_of(id)?)))
    })
    .await?;
    let (delivery, log, feedback) =
        found.ok_or_else(|| ApiError::not_found(format!("there is no delivery {id}")))?;
    let log = log
        .into_iter()
        .map(|entry| LogEntry { time: entry.time, state: entry.state.to_string(), reason: entry.reason })
        .collect();
    let feedback = feedback.into_iter().map(|FeedbackSum { kind, first, last, times }| FeedbackView {
        kind,
        first,
        last,
        times,
    });
    Ok(Json(DeliveryLife { delivery: delivery.into(), log, feedback: feedback.collect() }))
}

/// What became of a message of unknown outcome.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Became {
    /// `sent`: it went out. `failed`: it did not, and shall not. `again`: it did not, and is checked and handed over again.
    #[serde(rename = "as")]
    #[schema(value_type = String)]
    became: WhatBecame,
    /// How that is known, such as what the receiving server's log says.
    reason: String,
}

/// Says what became of a message of unknown outcome.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/resolve", tag = "messages", params(("id" = String, Path)),
    request_body = Became,
    responses((status = 200, body = DeliveryView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn resolve(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
    Body(Became { became, reason }): Body<Became>,
) -> Result<Json<DeliveryView>, ApiError> {
    let delivery = app.engine.resolve_delivery(id(&wanted)?, became, because(reason)?).await?;
    Ok(Json(delivery.into()))
}

/// What became of many messages of unknown outcome.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManyBecame {
    /// As of one.
    #[serde(rename = "as")]
    #[schema(value_type = String)]
    became: WhatBecame,
    /// How that is known.
    reason: String,
    /// Of this program or broadcast; of all, if not said.
    program: Option<String>,
    /// Of unknown outcome since this moment or later.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Of unknown outcome since before this moment.
    #[schema(value_type = Option<String>, format = DateTime)]
    before: Option<Time>,
    /// Count them, and change nothing.
    #[serde(default)]
    preview: bool,
}

/// What resolving many came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResolvedView {
    /// How many were resolved, or would be.
    resolved: u64,
    /// How many are not sent again, since their way through the program has ended.
    ended: u64,
}

/// Says what became of many messages of unknown outcome.
#[utoipa::path(post, path = "/api/v1/deliveries/resolve", tag = "messages", request_body = ManyBecame,
    responses((status = 200, body = ResolvedView), (status = 400, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn resolve_many(
    _: Admin,
    State(app): State<App>,
    Body(wanted): Body<ManyBecame>,
) -> Result<Json<ResolvedView>, ApiError> {
    let ManyBecame { became, reason, program, since, before, preview } = wanted;
    let which = Resolving { program, since, before, preview };
    let Resolved { resolved, ended } = app.engine.resolve_deliveries(which, became, because(reason)?).await?;
    Ok(Json(ResolvedView { resolved, ended }))
}

/// What came back on a message after it was handed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct FeedbackWanted {
    /// What makes it one of its kind, such as the id of your system's report: the same is heard once.
    id: String,
    /// When it happened; now, if not said.
    #[schema(value_type = Option<String>, format = DateTime)]
    time: Option<Time>,
    /// `what`: `delivered`; `opened` or `clicked` (with `url`), each `by_machine` or not; `bounced` with `for_good` and what was `said`;
    /// `complained` with what was `said`; `replied`, with `unsubscribes` and `by_machine`.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    what: What,
}

/// What hearing it came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FeedbackHeard {
    /// Whether it is new; false for what was heard before.
    new: bool,
}

/// Hear what came back on a message: from a mail server or gateway that reports in its own way. It becomes an event of the
/// person; who bounces for good or calls it spam is sent nothing more.
#[utoipa::path(post, path = "/api/v1/deliveries/{id}/feedback", tag = "messages", params(("id" = String, Path)),
    request_body = FeedbackWanted,
    responses((status = 200, body = FeedbackHeard), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn feedback(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
    Body(FeedbackWanted { id: report, time, what }): Body<FeedbackWanted>,
) -> Result<Json<FeedbackHeard>, ApiError> {
    if report.trim().is_empty() || report.len() > 200 {
        let message = "`id` has to have 1 to 200 characters: by it the same report is heard once";
        return Err(ApiError::bad_request("invalid-body", message));
    }
    let heard = Heard { id: report, time: time.unwrap_or_else(|| app.engine.now()), what };
    Ok(Json(FeedbackHeard { new: app.engine.hear(id(&wanted)?, heard).await? }))
}
