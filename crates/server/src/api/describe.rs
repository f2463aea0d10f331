//! What the API is, for programs (OpenAPI) and for people (a page).

use crate::{App, collect, health};
use axum::{Json, Router, routing::get};
use crowsnest_channels::email::pages::{self, escape};
use serde_json::Value;
use std::fmt::Write;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/openapi.json", get(document))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Crowsnest",
        description = "Collect every touch, know each customer once, do the next best thing in time.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        collect::collect,
        super::stats::stats,
        super::stats::sources,
        super::feeds::import,
        super::feeds::imports,
        super::feeds::set_watermark,
        super::quarantine::list,
        super::quarantine::one,
        super::quarantine::redrive,
        super::quarantine::discard,
        super::profiles::lookup,
        super::profiles::profile,
        super::profiles::timeline,
        super::profiles::ledger,
        super::households::household,
        super::overlap::overlap,
        super::identity::split,
        super::identity::join,
        super::identity::decisions,
        super::matching::standing,
        super::matching::link,
        super::matching::questions,
        super::matching::question,
        super::matching::answer,
        super::who_is_who::changes,
        super::who_is_who::explain,
        super::catalogues::list,
        super::catalogues::items,
        super::catalogues::one,
        super::catalogues::put,
        super::catalogues::remove,
        super::segments::list,
        super::segments::one,
        super::segments::members,
        super::segments::changes,
        super::segments::overlap,
        super::segments::metrics,
        super::segments::building,
        super::segments::standings,
        super::segments::values,
        super::programs::programs,
        super::programs::runs,
        super::programs::reasons,
        super::programs::switches,
        super::programs::throw,
        super::programs::reset,
        super::enrolment::enter,
        super::enrolment::move_runs,
        super::enrolment::catch_up,
        super::enrolment::log,
        super::explain::explain,
        super::explain::test,
        super::tasks::list,
        super::tasks::done,
        super::tasks::teams,
        super::broadcasts::broadcasts,
        super::broadcasts::preview,
        super::broadcasts::copies,
        super::broadcasts::launch,
        super::broadcasts::launched,
        super::broadcasts::came,
        super::deliveries::deliveries,
        super::deliveries::lines,
        super::deliveries::delivery,
        super::deliveries::resolve,
        super::deliveries::resolve_many,
        super::deliveries::feedback,
        super::email::dns,
        super::email::check,
        super::email::returns,
        super::budgets::list,
        super::suppressions::list,
        super::suppressions::suppress,
        super::suppressions::lift,
        super::templates::preview,
        super::templates::test,
        super::templates::test_seeds,
        super::letters::proof,
        super::letters::print,
        super::letters::preview,
        super::letters::runs,
        super::letters::run,
        super::letters::file,
        super::webhooks::list,
        super::webhooks::test,
        super::webhooks::replay,
        super::webhooks::replay_failed,
        super::mailbox::list,
        super::mailbox::one,
        super::mailbox::raw,
        super::definitions::export,
        super::definitions::apply,
        super::definitions::diff,
        super::definitions::schema,
        super::run::backup,
        super::run::transport,
        crate::sms::message,
        crate::sms::status,
        document,
        health::healthz,
        health::readyz,
        health::metrics,
    ),
    modifiers(&Schemes),
    tags(
        (name = "collect", description = "What comes in: events and files."),
        (name = "quarantine", description = "What could not be taken in, and why."),
        (name = "people", description = "Who they are, and everything that is known of them."),
        (name = "segments", description = "Of whom a condition is true just now, and what is computed of each."),
        (name = "catalogues", description = "Things that people care about, and what is true of each just now."),
        (name = "programs", description = "Triggered programs, and the kill switches."),
        (name = "tasks", description = "What people of the house are asked to do: calls and other tasks, and the lists of teams."),
        (name = "broadcasts", description = "One-off mailings."),
        (name = "messages", description = "Deliveries, templates, and the built-in mailbox."),
        (name = "workspace", description = "Definitions as text."),
        (name = "run", description = "Keeping it running."),
    )
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let http = |scheme, about: &str| {
            SecurityScheme::Http(HttpBuilder::new().scheme(scheme).description(Some(about)).build())
        };
        components.add_security_scheme("admin", http(HttpAuthScheme::Bearer, "The administrator's token."));
        components.add_security_scheme(
            "write_key",
            http(
                HttpAuthScheme::Basic,
                "A source's write key as user, with an empty password; or `writeKey` in the body.",
            ),
        );
    }
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "run", responses((status = 200, body = Object)))]
pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// The document as a page for people.
pub(crate) fn page() -> String {
    let document = serde_json::to_value(Description::openapi()).unwrap_or_default();
    let mut body = String::from(
        "<h1>Crowsnest API</h1>\n<p>Everything but collecting needs the administrator's token: \
         <code>Authorization: Bearer …</code>. The same for programs: <a href=\"/api/v1/openapi.json\">openapi.json</a>. \
         Pages for people are behind a login with that token: <a href=\"/mailbox\">the built-in mailbox</a>, \
         <a href=\"/webhooks\">webhooks</a>.</p>\n",
    );
    let empty = Vec::new();
    for tag in document["tags"].as_array().unwrap_or(&empty) {
        let name = tag["name"].as_str().unwrap_or_default();
        let about = tag["description"].as_str().unwrap_or_default();
        let _ = writeln!(body, "<h2>{}</h2>\n<p>{}</p>", escape(name), escape(about));
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                let tagged = operation["tags"]
                    .as_array()
                    .is_some_and(|tags| tags.iter().any(|tag| tag.as_str() == Some(name)));
                if tagged {
                    describe(&mut body, method, path, operation);
                }
            }
        }
    }
    pages::page("Crowsnest API", true, &body)
}

fn describe(out: &mut String, method: &str, path: &str, operation: &Value) {
    let text = |value: &Value| value.as_str().map(str::trim).unwrap_or_default().to_owned();
    let _ = writeln!(
        out,
        "<h3><code>{} {}</code></h3>\n<p>{} {}</p>",
        escape(&method.to_uppercase()),
        escape(path),
        escape(&text(&operation["summary"])),
        escape(&text(&operation["description"]))
    );
    let empty = Vec::new();
    let parameters = operation["parameters"].as_array().unwrap_or(&empty);
    if !parameters.is_empty() {
        out.push_str("<ul>");
        for parameter in parameters {
            let _ = write!(
                out,
                "<li><code>{}</code> {}</li>",
                escape(&text(&parameter["name"])),
                escape(&text(&parameter["description"]))
            );
        }
        out.push_str("</ul>");
    }
}
