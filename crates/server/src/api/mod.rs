//! `/api/v1`: what the administrator and the commands use. One file for each thing that it is about.

mod broadcasts;
mod budgets;
mod catalogues;
mod definitions;
mod deliveries;
pub(crate) mod describe;
mod email;
mod enrolment;
mod explain;
mod feeds;
mod households;
mod identity;
mod letters;
pub(crate) mod mailbox;
mod matching;
mod overlap;
mod profiles;
mod programs;
mod quarantine;
mod run;
mod segments;
mod stats;
mod suppressions;
mod tasks;
mod templates;
pub(crate) mod webhooks;
mod who_is_who;

use crate::{App, error::ApiError};
use axum::Router;
use crowsnest_flow::{Engine, FlowError};
use crowsnest_store::{Page, Read, StoreError};
use serde::Deserialize;

/// The most that one page of a list has.
const MOST: usize = 1_000;

pub(crate) fn routes() -> Router<App> {
    let v1 = Router::new()
        .merge(broadcasts::routes())
        .merge(budgets::routes())
        .merge(catalogues::routes())
        .merge(definitions::routes())
        .merge(deliveries::routes())
        .merge(email::routes())
        .merge(describe::routes())
        .merge(enrolment::routes())
        .merge(explain::routes())
        .merge(feeds::routes())
        .merge(identity::routes())
        .merge(letters::routes())
        .merge(mailbox::routes())
        .merge(matching::routes())
        .merge(overlap::routes())
        .merge(profiles::routes())
        .merge(households::routes())
        .merge(programs::routes())
        .merge(quarantine::routes())
        .merge(run::routes())
        .merge(segments::routes())
        .merge(stats::routes())
        .merge(suppressions::routes())
        .merge(tasks::routes())
        .merge(templates::routes())
        .merge(webhooks::routes())
        .merge(who_is_who::routes());
    Router::new().nest("/api/v1", v1)
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// At most this many, 100 if not said, 1,000 at the most.
    pub(crate) limit: Option<usize>,
    /// After this many.
    pub(crate) offset: Option<usize>,
}

impl Paging {
    pub(crate) fn page(self) -> Result<Page, ApiError> {
        let limit = self.limit.unwrap_or(100);
        if limit == 0 || limit > MOST {
            return Err(ApiError::bad_request(
                "invalid-query",
                format!("`limit` is {limit}: expected 1 to {MOST}"),
            ));
        }
        Ok(Page { limit, offset: self.offset.unwrap_or(0) })
    }
}

/// Why, for those who ask later: it has to say something.
pub(crate) fn because(reason: String) -> Result<String, ApiError> {
    if reason.trim().is_empty() {
        let message = "`reason` is empty: say why, for those who ask later";
        return Err(ApiError::bad_request("no-reason", message));
    }
    Ok(reason)
}

/// Reads where blocking is allowed.
pub(crate) async fn read<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&dyn Read) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiError> {
    blocking(app, move |engine| engine.read(work)).await
}

/// Does something that blocks where that is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Engine) -> Result<T, FlowError> + Send + 'static,
) -> Result<T, ApiError> {
    let engine = app.engine.clone();
    let done = tokio::task::spawn_blocking(move || work(&engine)).await;
    Ok(done.map_err(|error| FlowError::Broken(error.to_string()))??)
}
