//! What webhooks were told, and telling it again, with a browser: the same as `/api/v1/webhooks` and `crowsnest webhook`.
//!
//! Each form knows what its reader saw: of one delivery when it had last changed, of all that failed the moment at which they were
//! counted. So a form that is sent twice, or late, posts nothing twice.

mod delivery;
mod list;
mod one;

use super::house::{PageError, Zone, redirect};
use super::login::{Posted, Session};
use crate::{
    App,
    api::{self, because, blocking, read},
    error::{ApiError, id},
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
    routing::get,
};
use crowsnest_flow::{
    Live,
    outward::{LineStanding, Replayed},
};
use crowsnest_model::{
    DeliveryId, Duration, Time,
    definition::Webhook,
    delivery::{DeliveryState, WEBHOOK},
    line::Line,
};
use crowsnest_store::{DeliveryFilter, HookCount};
use serde::Deserialize;
use std::sync::Arc;

/// Deliveries on one page.
const PAGE: usize = 50;
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/webhooks", get(list))
        .route("/webhooks/{name}", get(one))
        .route("/webhooks/{name}/replay", get(count_failed).post(replay_failed))
        .route("/webhooks/{name}/{id}", get(delivery).post(replay))
}

/// A webhook and how it fares.
#[derive(Debug)]
struct Hook {
    definition: Webhook,
    standing: Option<LineStanding>,
    count: HookCount,
    /// Why nothing can be posted to it.
    fault: Option<String>,
}

impl Hook {
    fn title(&self) -> &str {
        self.definition.title.as_deref().unwrap_or(&self.definition.name)
    }

    /// Scheme and host alone: path and query of a webhook's address are often its secret.
    fn place(&self) -> String {
        match self.definition.address() {
            Ok(url) => format!("{}/…", url.origin().ascii_serialization()),
            Err(_) => "no address".to_owned(),
        }
    }
}

async fn hooks(app: &App, definitions: Vec<Webhook>) -> Result<Vec<Hook>, ApiError> {
    let dispatcher = app.dispatcher.clone();
    let since = app.engine.now().minus(Duration::days(1));
    blocking(app, move |engine| {
        let standing = dispatcher.standing()?;
        definitions
            .into_iter()
            .map(|definition| {
                let line = Line::of(WEBHOOK, &definition.name);
                let count = engine.read(|read| read.hook_count(&definition.name, since))?;
                Ok(Hook {
                    standing: standing.iter().find(|standing| standing.count.line == line).cloned(),
                    fault: dispatcher.courier().webhook_fault(&definition),
                    count,
                    definition,
                })
            })
            .collect()
    })
    .await
}

/// The definitions in force with one webhook of them.
fn known(app: &App, name: &str) -> Result<(Arc<Live>, Webhook), PageError> {
    let live = api::webhooks::known(app, name)?;
    let webhook = live.workspace().webhooks.get(name).cloned();
    Ok((live, webhook.ok_or_else(missing)?))
}

fn missing() -> PageError {
    ApiError::not_found("there is no such webhook").into()
}

async fn hook(app: &App, name: &str) -> Result<Hook, PageError> {
    let (_, definition) = known(app, name)?;
    hooks(app, vec![definition]).await?.pop().ok_or_else(missing)
}

async fn list(session: Session, State(app): State<App>) -> Result<Response, PageError> {
    let definitions = app.engine.live().workspace().webhooks.values().cloned().collect();
    let hooks = hooks(&app, definitions).await?;
    Ok(list::page(&app, &session, &hooks, app.engine.now()))
}

/// Which deliveries are shown, as the form says it: what was left empty is none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    state: String,
    since: String,
    before: String,
    /// What has just been done.
    said: String,
    replayed: u64,
    ended: u64,
}

impl Wanted {
    fn since(&self, zone: &Zone) -> Result<Option<Time>, PageError> {
        zone.read(&self.since).map_err(PageError::from)
    }
}

async fn one(
    session: Session,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let hook = hook(&app, &name).await?;
    let state = Some(wanted.state.trim()).filter(|state| !state.is_empty());
    if let Some(state) = state
        && state.parse::<DeliveryState>().is_err()
    {
        let message = format!("`{}` is no state of a delivery", state.chars().take(60).collect::<String>());
        return Err(ApiError::bad_request("invalid-query", message).into());
    }
    let before = Some(wanted.before.trim()).filter(|before| !before.is_empty());
    let filter = DeliveryFilter {
        webhook: Some(name),
        state: state.map(str::to_owned),
        since: wanted.since(&Zone::of(&app))?,
        before: before.map(id).transpose()?,
        ..DeliveryFilter::default()
    };
    // One more than is shown says whether there are more.
    let mut found = read(&app, move |read| read.deliveries(&filter, PAGE + 1)).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    Ok(one::page(&app, &session, &hook, &wanted, &found, more, app.engine.now()))
}

async fn delivery(
    session: Session,
    State(app): State<App>,
    Path((name, wanted)): Path<(String, String)>,
    Query(said): Query<Wanted>,
) -> Result<Response, PageError> {
    let (live, webhook) = known(&app, &name)?;
    let back = format!("/webhooks/{name}");
    let back = (back.as_str(), webhook.title.as_deref().unwrap_or(&name));
    let id: DeliveryId = id(&wanted).map_err(|error| PageError::of(error, back))?;
    let found = read(&app, move |read| {
        let Some(delivery) = read.delivery(id)? else { return Ok(None) };
        let person = read.profile(read.survivor(delivery.profile)?)?;
        Ok(Some((read.delivery_log(id)?, person, delivery)))
    })
    .await?;
    let Some((log, person, delivery)) =
        found.filter(|(_, _, delivery)| delivery.channel == WEBHOOK && delivery.contact == name)
    else {
        return Err(PageError::of(
            ApiError::not_found(format!("the webhook `{name}` was told nothing by {id}")),
            back,
        ));
    };
    let posting = app.dispatcher.courier().posting(&live, &delivery, person.as_ref());
    Ok(delivery::page(&app, &session, &webhook, &delivery, &log, posting.as_ref(), &said.said))
}

/// Posts one delivery again, if it is still as its reader saw it.
async fn replay(
    State(app): State<App>,
    Path((name, wanted)): Path<(String, String)>,
    posted: Posted,
) -> Result<Response, PageError> {
    known(&app, &name)?;
    let here = format!("/webhooks/{name}/{wanted}");
    let back = (here.as_str(), "Back to the delivery");
    let id: DeliveryId = id(&wanted).map_err(|error| PageError::of(error, back))?;
    let seen = posted.field("seen").parse().map(Time).map_err(|_| {
        PageError::said(StatusCode::BAD_REQUEST, "This form cannot be read", "Nothing was done.", back)
    })?;
    let reason = because(posted.field("reason").to_owned()).map_err(|error| PageError::of(error, back))?;
    match app.engine.replay_post(name, id, Some(seen), reason).await {
        Ok(_) => Ok(redirect(&format!("{here}?said=again"))),
        Err(error) => {
            let now = read(&app, move |read| read.delivery(id)).await?;
            if now.is_some_and(|now| now.updated != seen) {
                return Ok(redirect(&format!("{here}?said=changed")));
            }
            Err(PageError::of(error, back))
        }
    }
}

/// Counts what would be posted again, and asks.
async fn count_failed(
    session: Session,
    State(app): State<App>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, PageError> {
    let hook = hook(&app, &name).await?;
    let (since, before) = (wanted.since(&Zone::of(&app))?, app.engine.now());
    let counted = app.engine.replay_failed_posts(&name, (since, Some(before)), String::new(), true).await?;
    Ok(one::question(&app, &session, &hook, since, before, counted))
}

/// Posts again all that had failed when they were counted.
async fn replay_failed(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted,
) -> Result<Response, PageError> {
    known(&app, &name)?;
    let here = format!("/webhooks/{name}");
    let back = (here.as_str(), "Back to the webhook");
    let read = |error: ApiError| PageError::of(error, back);
    let zone = Zone::of(&app);
    let since = zone.read(posted.field("since")).map_err(read)?;
    let missing =
        || PageError::said(StatusCode::BAD_REQUEST, "This form cannot be read", "Nothing was done.", back);
    let before = zone.read(posted.field("before")).map_err(read)?.ok_or_else(missing)?;
    let reason = because(posted.field("reason").to_owned()).map_err(read)?;
    let done = app.engine.replay_failed_posts(&name, (since, Some(before)), reason, false).await;
    let Replayed { replayed, ended } = done.map_err(|error| PageError::of(error, back))?;
    Ok(redirect(&format!("{here}?said=all&replayed={replayed}&ended={ended}")))
}
