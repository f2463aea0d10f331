//! People who are alike: where finding them stands, linking everybody, and the questions to people of the house.

use super::{
    Paging, blocking,
    identity::{IdentifierView, views},
};
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
use crowsnest_flow::{Answer, Answered, LinkReport, LinkedPair, MatchState, PersonAsked, ReviewQuestion};
use crowsnest_model::{DecisionId, ProfileId, QuestionId, Time};
use crowsnest_store::Evidence;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/identity/matching", get(standing))
        .route("/identity/link", post(link))
        .route("/identity/questions", get(questions))
        .route("/identity/questions/{id}", get(question).post(answer))
}

/// Where the matching of people stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StandingView {
    /// `off`, `reading` everybody, `learning`, `linking` everybody, or `live`: whoever changes is compared at once.
    #[schema(value_type = String)]
    state: MatchState,
    /// People read or linked, while that goes on.
    done: u64,
    /// The version of the model.
    model: Option<String>,
    /// When it was learned.
    #[schema(value_type = Option<String>, format = DateTime)]
    learned: Option<Time>,
    /// From how many records.
    learned_from: u64,
    /// Records that are compared.
    records: u64,
    /// People who have changed and wait to be compared.
    waiting: u64,
    /// Questions that are open.
    open_questions: u64,
    /// Questions that are put off.
    put_off: u64,
}

/// Where the matching of people stands.
#[utoipa::path(get, path = "/api/v1/identity/matching", tag = "people",
    responses((status = 200, body = StandingView)), security(("admin" = [])))]
pub(crate) async fn standing(_: Admin, State(app): State<App>) -> Result<Json<StandingView>, ApiError> {
    let view = blocking(&app, |engine| {
        // In this order: who is compared by then does not wait.
        let standing = engine.match_standing();
        let counts = engine.read(|read| {
            Ok((read.question_count(false)?, read.question_count(true)?, read.match_queue_count()?))
        })?;
        Ok(StandingView {
            state: standing.state,
            done: standing.done,
            model: standing.model,
            learned: standing.learned,
            learned_from: standing.learned_from,
            records: standing.records,
            waiting: counts.2,
            open_questions: counts.0,
            put_off: counts.1,
        })
    })
    .await?;
    Ok(Json(view))
}

/// How everybody is to be linked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkWanted {
    /// Say what it would come to, and change nothing.
    #[serde(default)]
    preview: bool,
}

/// What linking everybody comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    /// Records that were compared.
    records: u64,
    /// People about whom too little is known to compare them.
    left_out: u64,
    /// The version of the model that was learned.
    model: String,
    /// How many people are alike enough to be one with somebody else. Where people are not made one without being asked for, or
    /// limits or what is their own stand against it, these are put before people.
    same: u64,
    /// How many were made one with somebody else just now.
    joined: u64,
    /// How many questions are open now.
    open_questions: u64,
    /// How many pairs are in doubt.
    doubtful: u64,
    /// Households among them.
    households: u64,
    /// What is odd about the data.
    warnings: Vec<String>,
    /// Some of those who are one.
    pairs: Vec<PairView>,
    /// Some of those who are in doubt, the most valuable to decide first.
    doubts: Vec<PairView>,
    /// Nothing was changed.
    preview: bool,
}

/// Two who are alike.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PairView {
    #[schema(value_type = String)]
    one: ProfileId,
    #[schema(value_type = String)]
    other: ProfileId,
    /// How certain it is that they are one person, from 0 to 1.
    certainty: f64,
}

impl From<LinkedPair> for PairView {
    fn from(LinkedPair { one, other, certainty }: LinkedPair) -> Self {
        Self { one, other, certainty }
    }
}

impl From<LinkReport> for LinkView {
    fn from(report: LinkReport) -> Self {
        let pairs = |pairs: Vec<LinkedPair>| pairs.into_iter().map(PairView::from).collect();
        Self {
            records: report.records,
            left_out: report.left_out,
            model: report.model,
            same: report.same,
            joined: report.joined,
            open_questions: report.open_questions,
            doubtful: report.doubtful,
            households: report.households,
            warnings: report.warnings,
            pairs: pairs(report.pairs),
            doubts: pairs(report.doubts),
            preview: report.preview,
        }
    }
}

/// Learns anew what likeness weighs, and links everybody by it. It takes seconds with a hundred thousand people.
#[utoipa::path(post, path = "/api/v1/identity/link", tag = "people", request_body = LinkWanted,
    responses((status = 200, body = LinkView), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn link(
    _: Admin,
    State(app): State<App>,
    Body(wanted): Body<LinkWanted>,
) -> Result<Json<LinkView>, ApiError> {
    let report = blocking(&app, move |engine| engine.link_people(wanted.preview)).await?;
    Ok(Json(report.into()))
}

/// A question: whether two are one person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuestionView {
    #[schema(value_type = String)]
    id: QuestionId,
    /// Since when it is asked.
    #[schema(value_type = String, format = DateTime)]
    asked: Time,
    /// How certain it is that they are one person, from 0 to 1.
    certainty: f64,
    /// The same as log2 of the odds, after all that speaks against it.
    bits: f64,
    /// How many pairs of records the answer decides.
    pairs: u64,
    /// What the answer is worth: pairs, weighted by how uncertain they are.
    value: f64,
    /// The version of the model.
    model: String,
    /// What stands against making them one, though they are alike enough.
    obstacle: Option<String>,
    /// Since when it is put off.
    #[schema(value_type = Option<String>, format = DateTime)]
    put_off: Option<Time>,
    /// Field by field; it adds up to how alike the two most alike of their records are.
    evidence: Vec<EvidenceView>,
    /// The two.
    people: Vec<PersonView>,
}

/// What one field says.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// What is compared.
    field: String,
    /// How it came out.
    finding: String,
    /// What that says for one person, in bits; below 0, against it.
    bits: f64,
}

impl From<Evidence> for EvidenceView {
    fn from(Evidence { field, finding, bits }: Evidence) -> Self {
        Self { field, finding, bits }
    }
}

/// Somebody about whom a question is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    #[schema(value_type = String)]
    profile: ProfileId,
    /// By what they are compared: values by field.
    #[schema(value_type = Object)]
    compared: serde_json::Value,
    identifiers: Vec<IdentifierView>,
    events: u64,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
}

impl From<PersonAsked> for PersonView {
    fn from(person: PersonAsked) -> Self {
        let PersonAsked { profile, compared, identifiers, events, last_seen } = person;
        Self { profile, compared, identifiers: views(identifiers), events, last_seen }
    }
}

impl From<ReviewQuestion> for QuestionView {
    fn from(ReviewQuestion { question, certainty, people }: ReviewQuestion) -> Self {
        Self {
            id: question.id,
            asked: question.asked,
            certainty,
            bits: question.bits,
            pairs: question.pairs,
            value: question.value,
            model: question.model,
            obstacle: question.obstacle,
            put_off: question.put_off,
            evidence: question.evidence.into_iter().map(EvidenceView::from).collect(),
            people: people.into_iter().map(PersonView::from).collect(),
        }
    }
}

/// Which questions are wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuestionQuery {
    /// Those that are put off, rather than those that are open.
    #[serde(default)]
    put_off: bool,
    /// At most this many, 100 if not said, 1,000 at the most.
    limit: Option<usize>,
    /// After this many.
    offset: Option<usize>,
}

/// Who may be one person, for people of the house to decide, the most valuable first.
#[utoipa::path(get, path = "/api/v1/identity/questions", tag = "people", params(QuestionQuery),
    responses((status = 200, body = [QuestionView])), security(("admin" = [])))]
pub(crate) async fn questions(
    _: Admin,
    State(app): State<App>,
    Query(query): Query<QuestionQuery>,
) -> Result<Json<Vec<QuestionView>>, ApiError> {
    let page = Paging { limit: query.limit, offset: query.offset }.page()?;
    let questions = blocking(&app, move |engine| engine.questions(query.put_off, page)).await?;
    Ok(Json(questions.into_iter().map(QuestionView::from).collect()))
}

/// A question.
#[utoipa::path(get, path = "/api/v1/identity/questions/{id}", tag = "people", params(("id" = String, Path)),
    responses((status = 200, body = QuestionView), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn question(
    _: Admin,
    State(app): State<App>,
    Path(question): Path<String>,
) -> Result<Json<QuestionView>, ApiError> {
    let question: QuestionId = id(&question)?;
    Ok(Json(blocking(&app, move |engine| engine.question(question)).await?.into()))
}

/// An answer to a question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerGiven {
    /// `same`: they are one person. `different`: they are two. `later`: it comes up again when something about them changes.
    #[schema(value_type = String)]
    answer: Answer,
    /// Why, for those who ask later.
    reason: Option<String>,
}

/// What an answer came to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AnsweredView {
    #[schema(value_type = String)]
    question: QuestionId,
    #[schema(value_type = String)]
    answer: Answer,
    /// The one person whom they are now.
    #[schema(value_type = Option<String>)]
    profile: Option<ProfileId>,
    /// The decision that was kept.
    #[schema(value_type = Option<String>)]
    decision: Option<DecisionId>,
}

/// Answers a question. It holds, and is learned from.
#[utoipa::path(post, path = "/api/v1/identity/questions/{id}", tag = "people", params(("id" = String, Path)),
    request_body = AnswerGiven,
    responses((status = 200, body = AnsweredView), (status = 404, body = crate::error::ErrorBody),
        (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn answer(
    _: Admin,
    State(app): State<App>,
    Path(question): Path<String>,
    Body(given): Body<AnswerGiven>,
) -> Result<Json<AnsweredView>, ApiError> {
    let reason = given.reason.unwrap_or_else(|| "looked at and decided".to_owned());
    let Answered { question, answer, profile, decision } =
        app.engine.answer(id(&question)?, given.answer, reason).await?;
    Ok(Json(AnsweredView { question, answer, profile, decision }))
}
