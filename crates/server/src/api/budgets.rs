//! What may be spent on messages, and what was.

use super::blocking;
use crate::{App, auth::Admin, error::ApiError};
use axum::{Json, Router, extract::State, routing::get};
use crowsnest_flow::{BudgetReport, Spent};
use crowsnest_model::Time;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/budgets", get(list))
}

/// Where a budget stands in the days over which it is counted now. Amounts are texts such as `12.50 USD`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BudgetView {
    name: String,
    /// The channel that it is for; `null` for all.
    channel: Option<String>,
    /// The program or broadcast that it is for; `null` for all.
    program: Option<String>,
    /// The topic that it is for; `null` for all.
    topic: Option<String>,
    /// `day`, `week` or `month`.
    per: String,
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// When the next days begin, and what waits goes on.
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    max: String,
    /// With what is being sent.
    spent: String,
    left: String,
    /// What will be spent by the end, if it goes on as it went so far.
    forecast: String,
    /// Messages that were paid of it.
    messages: u64,
    /// Whether the part is spent at which people want to be told.
    warned: bool,
    /// Whether nothing is left, so that its messages wait.
    used_up: bool,
}

/// What the messages of a program or broadcast cost so far, in one currency. Amounts are texts such as `12.50 USD`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CostView {
    amount: String,
    /// For how many messages.
    messages: u64,
    /// What one of them cost on average.
    each: Option<String>,
    /// What each goal that was reached cost; `null` when none was.
    per_goal: Option<String>,
}

/// Those of a program or broadcast by which so many goals were reached.
pub(crate) fn costs(spent: Option<&Vec<Spent>>, goals: u64) -> Vec<CostView> {
    let view = |one: &Spent| CostView {
        amount: one.amount.to_string(),
        messages: one.messages,
        each: one.amount.shared_by(one.messages).map(|each| each.to_string()),
        per_goal: one.amount.shared_by(goals).map(|each| each.to_string()),
    };
    spent.into_iter().flatten().map(view).collect()
}

impl From<BudgetReport> for BudgetView {
    fn from(report: BudgetReport) -> Self {
        Self {
            name: report.name,
            channel: report.channel,
            program: report.program,
            topic: report.topic,
            per: report.per.to_owned(),
            since: report.since,
            until: report.until,
            max: report.max.to_string(),
            spent: report.spent.to_string(),
            left: report.left.to_string(),
            forecast: report.forecast.to_string(),
            messages: report.messages,
            warned: report.warned,
            used_up: report.used_up,
        }
    }
}

/// Where all budgets stand.
#[utoipa::path(get, path = "/api/v1/budgets", tag = "messages",
    responses((status = 200, body = [BudgetView])), security(("admin" = [])))]
pub(crate) async fn list(_: Admin, State(app): State<App>) -> Result<Json<Vec<BudgetView>>, ApiError> {
    let reports = blocking(&app, |engine| engine.budgets()).await?;
    Ok(Json(reports.into_iter().map(BudgetView::from).collect()))
}
