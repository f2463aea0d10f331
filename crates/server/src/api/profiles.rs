//! People: found by an identifier, with everything that is known of them.

use super::{Paging, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use crowsnest_flow::Live;
use crowsnest_identity::Normal;
use crowsnest_model::{
    Consent, Event, HouseholdId, Identifier, Object, Profile, ProfileId, Time,
    delivery::{EMAIL, LETTER, PHONE, SMS},
    profile::{Heard, Link},
};
use crowsnest_store::{DeliveryFilter, EventRow, LedgerEntry, Page, Read, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/profiles/lookup", get(lookup))
        .route("/profiles/{id}", get(profile))
        .route("/profiles/{id}/timeline", get(timeline))
        .route("/profiles/{id}/ledger", get(ledger))
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileView {
    /// Who it is. After a merge, the survivor's id.
    #[schema(value_type = String, example = "prf_0c5v9g2m4x6q8")]
    id: ProfileId,
    /// Ids that were merged into this one.
    #[schema(value_type = Vec<String>)]
    absorbed: Vec<ProfileId>,
    /// The earliest event.
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    /// The latest event.
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// How many events.
    events: u64,
    /// The sources that have told of them.
    sources: Vec<SourceView>,
    /// By what they are known.
    identifiers: Vec<LinkView>,
    /// What they go by though it is somebody else's.
    shared: Vec<LinkView>,
    /// What is known of them, by name.
    traits: BTreeMap<String, TraitView>,
    /// What they agreed to.
    consents: Vec<ConsentView>,
    /// Their household.
    household: Option<HouseholdView>,
    /// The segments that they are in, and since when.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    segments: std::collections::BTreeMap<String, Time>,
    /// The programs that they are in.
    programs: Vec<RunView>,
}

/// What a source has told of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SourceView {
    source: String,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    events: u64,
}

/// That a person goes by an identifier.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LinkView {
    namespace: String,
    value: String,
    #[schema(value_type = String, format = DateTime)]
    first_seen: Time,
    #[schema(value_type = String, format = DateTime)]
    last_seen: Time,
    /// Who else goes by it, the one whose it is first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>, required = false)]
    shared_with: Vec<ProfileId>,
}

/// A value with its time and provenance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraitView {
    #[schema(value_type = Object)]
    value: Value,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    source: String,
    #[schema(value_type = String)]
    event: crowsnest_model::EventId,
    third_party: bool,
}

/// What a contact point agreed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentView {
    /// `email`, `sms`, `phone`, `letter`, or another.
    channel: String,
    /// The address or number. What is agreed about letters is agreed by the person: there it is where they live now, if that is known.
    contact: Option<String>,
    topic: String,
    /// `granted` or `withdrawn`.
    status: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    source: String,
    evidence: Option<String>,
}

/// A household and its members.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HouseholdView {
    #[schema(value_type = String)]
    id: HouseholdId,
    accounts: Vec<String>,
    #[schema(value_type = Vec<String>)]
    members: Vec<ProfileId>,
}

/// Where a person stands in a program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunView {
    program: String,
    version: u32,
    #[schema(value_type = String, format = DateTime)]
    triggered: Time,
    /// When it goes on by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    wake: Option<Time>,
    /// All steps are done; only the goal may still come.
    awaits_goal: bool,
}

impl From<Consent> for ConsentView {
    fn from(consent: Consent) -> Self {
        Self {
            channel: consent.channel,
            contact: Some(consent.contact),
            topic: consent.topic,
            status: consent.status.to_string(),
            time: consent.time,
            source: consent.source,
            evidence: consent.evidence,
        }
    }
}

/// What a person goes by, with who else does.
fn links(read: &dyn Read, person: ProfileId, links: &[Link]) -> Result<Vec<LinkView>, StoreError> {
    let named: Vec<Identifier> = links.iter().map(Link::identifier).collect();
    let named: Vec<&Identifier> = named.iter().collect();
    let whose = read.holders(&named)?.into_iter().zip(read.sharers(&named)?);
    Ok(links
        .iter()
        .zip(whose)
        .map(|(link, (holder, sharers))| LinkView {
            namespace: link.namespace.to_string(),
            value: link.value.clone(),
            first_seen: link.first_seen,
            last_seen: link.last_seen,
            shared_with: holder.into_iter().chain(sharers).filter(|other| *other != person).collect(),
        })
        .collect())
}

/// Everything that a person agreed to or took back: on each channel that leads to what they go by, and for letters.
fn consents(read: &dyn Read, live: &Live, profile: &Profile) -> Result<Vec<ConsentView>, StoreError> {
    let mut points: BTreeSet<(&str, String)> = BTreeSet::new();
    for channel in [EMAIL, SMS, PHONE] {
        points.extend(profile.contact(channel).map(|contact| (channel, contact)));
    }
    for link in profile.goes_by() {
        let channels = match link.namespace.as_str() {
            "phone" => &[SMS, PHONE][..],
            other => &[other],
        };
        points.extend(channels.iter().map(|channel| (*channel, link.value.clone())));
    }
    let mut found = Vec::new();
    for (channel, contact) in points {
        found.extend(read.consents(channel, &contact)?.into_iter().map(ConsentView::from));
    }
    // What is agreed about letters is agreed by the person, under each id that they had.
    let address = live.postal_address(profile).ok().map(|address| address.lines().join(", "));
    for id in read.absorbed(profile.id)?.into_iter().chain([profile.id]) {
        let of_letters = read.consents(LETTER, &id.to_string())?.into_iter().map(ConsentView::from);
        found.extend(of_letters.map(|consent| ConsentView { contact: address.clone(), ..consent }));
    }
    Ok(found)
}

fn view(read: &dyn Read, live: &Live, id: ProfileId) -> Result<Option<ProfileView>, StoreError> {
    let Some(profile) = read.profile(read.survivor(id)?)? else { return Ok(None) };
    let consents = consents(read, live, &profile)?;
    let household = match profile.household() {
        None => None,
        Some(id) => {
            let mut members = Vec::new();
            for household in profile.households() {
                members.extend(read.household(household)?);
            }
            members.sort_unstable();
            members.dedup();
            let accounts = profile.accounts.iter().map(|account| account.value.clone()).collect();
            Some(HouseholdView { id, accounts, members })
        }
    };
    let absorbed = read.absorbed(profile.id)?;
    let shared = links(read, profile.id, &profile.shared)?;
    let identifiers = links(read, profile.id, &profile.identifiers)?;
    let Profile { id, first_seen, last_seen, events, traits, runs, segments, sources, .. } = profile;
    Ok(Some(ProfileView {
        id,
        absorbed,
        first_seen,
        last_seen,
        events,
        sources: sources
            .into_iter()
            .map(|Heard { source, first_seen, last_seen, events }| SourceView {
                source,
                first_seen,
                last_seen,
                events,
            })
            .collect(),
        identifiers,
        shared,
        traits: traits
            .into_iter()
            .map(|(name, known)| {
                let view = TraitView {
                    value: known.value,
                    time: known.time,
                    source: known.source,
                    event: known.event,
                    third_party: known.third_party,
                };
                (name, view)
            })
            .collect(),
        consents,
        household,
        segments: segments.into_iter().map(|(name, membership)| (name, membership.since)).collect(),
        programs: runs
            .into_iter()
            .map(|run| RunView {
                program: run.program,
                version: run.version,
                triggered: run.triggered,
                wake: run.wake,
                awaits_goal: run.awaits_goal,
            })
            .collect(),
    }))
}

/// By what a person is looked up.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lookup {
    /// `email`, `phone`, `user_id`, `anonymous_id`, `loyalty_id`, or a namespace of the workspace.
    namespace: String,
    /// The value, in any spelling.
    value: String,
}

/// Find a person by an identifier.
#[utoipa::path(get, path = "/api/v1/profiles/lookup", tag = "people", params(Lookup), responses(
    (status = 200, body = ProfileView),
    (status = 404, body = crate::error::ErrorBody, description = "Nobody is known by it."),
), security(("admin" = [])))]
pub(crate) async fn lookup(
    _: Admin,
    State(app): State<App>,
    Query(Lookup { namespace, value }): Query<Lookup>,
) -> Result<Json<ProfileView>, ApiError> {
    let identifier =
        match app.engine.live().normaliser().normalise(&Identifier::new(namespace.as_str(), value)) {
            Normal::Person(identifier) => identifier,
            Normal::Household(_) => {
                return Err(ApiError::bad_request(
                    "not-a-person",
                    format!("{namespace} names a household, not a person; look a member up instead"),
                ));
            }
            Normal::Nobody(reason) => return Err(ApiError::bad_request("invalid-identifier", reason)),
        };
    let live = app.engine.live();
    let found = read(&app, move |read| {
        let holder = read.holders(&[&identifier])?.pop().flatten();
        holder.map(|holder| view(read, &live, holder)).transpose().map(Option::flatten)
    })
    .await?;
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("nobody is known by this {namespace}")))
}

/// A person, by id.
#[utoipa::path(get, path = "/api/v1/profiles/{id}", tag = "people", params(("id" = String, Path)), responses(
    (status = 200, body = ProfileView), (status = 404, body = crate::error::ErrorBody),
), security(("admin" = [])))]
pub(crate) async fn profile(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
) -> Result<Json<ProfileView>, ApiError> {
    let id: ProfileId = id(&person)?;
    let live = app.engine.live();
    let found = read(&app, move |read| view(read, &live, id)).await?;
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no profile {id}")))
}

/// One touch, in or out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Touch {
    /// The event's or delivery's id.
    id: String,
    /// `in` for what the customer or a source said, `out` for what we sent.
    direction: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// `track`, `identify`, … or the channel of what we sent.
    kind: String,
    /// The event's name, or the program or broadcast of what we sent.
    name: Option<String>,
    /// Where it came from; `crowsnest` for what we sent.
    source: String,
    /// For what we sent: its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// For what we sent: why it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What it says of itself.
    #[serde(skip_serializing_if = "Object::is_empty")]
    #[schema(value_type = Object)]
    properties: Object,
    /// What it says of the person.
    #[serde(skip_serializing_if = "Object::is_empty")]
    #[schema(value_type = Object)]
    traits: Object,
    /// The identifiers as they came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    identifiers: Vec<Identifier>,
}

fn inbound(row: EventRow) -> Result<Touch, StoreError> {
    let event = Event::from_stored(row.columns, &row.body)
        .map_err(|error| StoreError::Document { what: "event", fault: error.to_string() })?;
    Ok(Touch {
        id: event.id.to_string(),
        direction: "in",
        time: event.time,
        kind: event.kind.to_string(),
        source: event.source.to_string(),
        properties: event.properties_object(),
        name: event.name,
        state: None,
        reason: None,
        traits: event.traits,
        identifiers: event.identifiers,
    })
}

/// All touches of a person, in and out, the latest first.
#[utoipa::path(get, path = "/api/v1/profiles/{id}/timeline", tag = "people",
    params(("id" = String, Path), Paging), responses((status = 200, body = [Touch]),
    (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn timeline(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<Touch>>, ApiError> {
    let id: ProfileId = id(&person)?;
    let page = paging.page()?;
    let found = read(&app, move |read| {
        let person = read.survivor(id)?;
        if read.profile(person)?.is_none() {
            return Ok(None);
        }
        // The newest of both kinds, merged, then cut: the page is of the merged list.
        let reach = Page { limit: page.limit + page.offset, offset: 0 };
        let mut touches: Vec<Touch> =
            read.events(person, reach)?.into_iter().map(inbound).collect::<Result<_, _>>()?;
        let filter = DeliveryFilter { profile: Some(person), ..DeliveryFilter::default() };
        touches.extend(read.deliveries(&filter, reach.limit)?.into_iter().map(|delivery| Touch {
            id: delivery.id.to_string(),
            direction: "out",
            time: delivery.updated,
            kind: delivery.channel,
            name: Some(delivery.program),
            source: crowsnest_flow::OWN_SOURCE.to_owned(),
            state: Some(delivery.state.to_string()),
            reason: delivery.reason,
            properties: Object::new(),
            traits: Object::new(),
            identifiers: Vec::new(),
        }));
        touches.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| b.id.cmp(&a.id)));
        Ok(Some(touches.into_iter().skip(page.offset).take(page.limit).collect::<Vec<_>>()))
    })
    .await?;
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no profile {id}")))
}

/// Why a person's identifiers are theirs: every link and merge with its reason, the latest first.
#[utoipa::path(get, path = "/api/v1/profiles/{id}/ledger", tag = "people",
    params(("id" = String, Path), Paging), responses((status = 200, body = [Object])), security(("admin" = [])))]
pub(crate) async fn ledger(
    _: Admin,
    State(app): State<App>,
    Path(person): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<LedgerEntry>>, ApiError> {
    let id: ProfileId = id(&person)?;
    let page = paging.page()?;
    Ok(Json(read(&app, move |read| read.ledger(read.survivor(id)?, page)).await?))
}
