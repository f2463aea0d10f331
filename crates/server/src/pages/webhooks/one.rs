//! One webhook: what it was told, newest first, and the question whether all that failed is to be posted again.

use super::{Hook, Wanted, list};
use crate::{
    App,
    pages::house::{self, Zone},
    pages::login::Session,
};
use axum::response::Response;
use crowsnest_channels::email::pages::escape;
use crowsnest_flow::outward::Replayed;
use crowsnest_model::{
    Time,
    delivery::{Delivery, DeliveryState},
};
use std::fmt::Write;
use url::form_urlencoded;

/// The states that what a webhook is told can have.
const STATES: [DeliveryState; 7] = [
    DeliveryState::Queued,
    DeliveryState::Held,
    DeliveryState::Sending,
    DeliveryState::Sent,
    DeliveryState::Failed,
    DeliveryState::Cancelled,
    DeliveryState::Expired,
];

/// A state as a coloured word.
pub(super) fn state(state: DeliveryState) -> String {
    let class = match state {
        DeliveryState::Sent => "good",
        DeliveryState::Failed | DeliveryState::Expired => "bad",
        DeliveryState::Held | DeliveryState::Queued | DeliveryState::Sending => "held",
        _ => "other",
    };
    format!("<span class=\"state {class}\">{state}</span>")
}

/// What it was told.
pub(super) fn page(
    app: &App,
    session: &Session,
    hook: &Hook,
    wanted: &Wanted,
    found: &[Delivery],
    more: bool,
    now: Time,
) -> Response {
    let (name, zone) = (escape(&hook.definition.name).to_string(), Zone::of(app));
    let mut body = format!(
        "<h1>{title} {badge}</h1>\n<p class=\"quiet\"><code>{name}</code>, posts to {place}</p>\n{said}{standing}",
        title = escape(hook.title()),
        badge = list::badge(hook),
        place = escape(&hook.place()),
        said = said(wanted),
        standing = list::standing(hook, &zone, now),
    );
    let _ = write!(body, "<h2>What it was told</h2>\n{}", filter(&name, wanted, &zone));
    if found.is_empty() {
        let words = if wanted.state.is_empty() && wanted.since.is_empty() && wanted.before.is_empty() {
            "Nothing yet."
        } else {
            "Nothing that is so."
        };
        let _ = writeln!(body, "<p>{words}</p>");
    } else {
        body.push_str("<ul class=\"rows\">\n");
        for delivery in found {
            let _ = writeln!(
                body,
                "<li><a href=\"/webhooks/{name}/{id}\">{state} <strong>{program}</strong> queued {queued}\
                 <span class=\"quiet\">{answer}</span></a></li>",
                id = delivery.id,
                state = state(delivery.state),
                program = escape(&delivery.program),
                queued = zone.moment(delivery.created),
                answer = escape(delivery.reason.as_deref().unwrap_or_default()),
            );
        }
        body.push_str("</ul>\n");
    }
    let mut pages = String::new();
    if !wanted.before.is_empty() {
        let _ = writeln!(pages, "<a href=\"{}\">The newest</a>", escape(&address(&name, wanted, None)));
    }
    if let Some(last) = found.last().filter(|_| more) {
        let older = address(&name, wanted, Some(&last.id.to_string()));
        let _ = writeln!(pages, "<a rel=\"next\" href=\"{}\">Older</a>", escape(&older));
    }
    if !pages.is_empty() {
        let _ = writeln!(body, "<nav aria-label=\"Pages\">\n{pages}</nav>");
    }
    let _ = write!(
        body,
        "<section>\n<h2>Post again all that failed</h2>\n<form method=\"get\" action=\"/webhooks/{name}/replay\" class=\"fields\">\n\
         <div><label for=\"failed-since\">Failed since ({place}; empty: ever)</label>\n\
         <input type=\"datetime-local\" id=\"failed-since\" name=\"since\"{since}></div>\n\
         <div class=\"buttons\"><button type=\"submit\" class=\"second\">Count them first</button></div>\n</form>\n</section>\n",
        place = escape(zone.name()),
        since = value(wanted, &zone),
    );
    house::inside(app, session, hook.title(), &body)
}

/// The value of the field since when.
fn value(wanted: &Wanted, zone: &Zone) -> String {
    let since = wanted.since(zone).ok().flatten();
    since.map_or_else(String::new, |since| format!(" value=\"{}\"", zone.field(since)))
}

/// The address of the page with the same filter, from a delivery on.
fn address(name: &str, wanted: &Wanted, before: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in
        [("state", &*wanted.state), ("since", &*wanted.since), ("before", before.unwrap_or_default())]
    {
        if !value.is_empty() {
            query.append_pair(key, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { format!("/webhooks/{name}") } else { format!("/webhooks/{name}?{query}") }
}

fn filter(name: &str, wanted: &Wanted, zone: &Zone) -> String {
    let mut html = format!(
        "<form method=\"get\" action=\"/webhooks/{name}\" class=\"fields\">\n<div><label for=\"state\">State</label>\n\
         <select id=\"state\" name=\"state\"><option value=\"\">any</option>"
    );
    for state in STATES {
        let chosen = if wanted.state == state.as_str() { " selected" } else { "" };
        let _ = write!(html, "<option{chosen}>{state}</option>");
    }
    let _ = write!(
        html,
        "</select></div>\n<div><label for=\"since\">Changed since ({place})</label>\n\
         <input type=\"datetime-local\" id=\"since\" name=\"since\"{since}></div>\n\
         <div class=\"buttons\"><button type=\"submit\" class=\"second\">Show</button></div>\n</form>\n",
        place = escape(zone.name()),
        since = value(wanted, zone),
    );
    html
}

fn said(wanted: &Wanted) -> String {
    if wanted.said != "all" {
        return String::new();
    }
    let Wanted { replayed, ended, .. } = *wanted;
    format!(
        "<p class=\"notice\" role=\"status\">Of what had failed, {}{}</p>\n",
        posts(replayed, ["is", "are"]),
        left(ended)
    )
}

/// So many, and what happens to them.
fn posts(number: u64, [one, many]: [&str; 2]) -> String {
    match number {
        0 => format!("none {one} posted again."),
        1 => format!("one {one} posted again."),
        number => format!("{number} {many} posted again."),
    }
}

fn left(ended: u64) -> String {
    match ended {
        0 => String::new(),
        1 => " One is not, since its way through the program has ended.".to_owned(),
        ended => format!(" {ended} are not, since their way through the program has ended."),
    }
}

/// Says how many would be posted again, and asks why.
pub(super) fn question(
    app: &App,
    session: &Session,
    hook: &Hook,
    since: Option<Time>,
    before: Time,
    counted: Replayed,
) -> Response {
    let name = escape(&hook.definition.name).to_string();
    let action = format!("/webhooks/{name}/replay");
    let Replayed { replayed, ended } = counted;
    let from = since.map_or_else(String::new, |since| format!(" since {}", Zone::of(app).moment(since)));
    let mut body = format!(
        "<h1>Post again all that failed</h1>\n<p>What <strong>{}</strong> could not be told{from}: {}{}</p>\n",
        escape(hook.title()),
        posts(replayed, ["would be"; 2]),
        left(ended),
    );
    if replayed > 0 {
        let _ = write!(
            body,
            "<form method=\"post\" action=\"{action}\">\n{seal}<input type=\"hidden\" name=\"since\" value=\"{since}\">\n\
             <input type=\"hidden\" name=\"before\" value=\"{before}\">\n{reason}\
             <div class=\"buttons\"><button type=\"submit\">{button}</button></div>\n</form>\n",
            seal = session.seal(app, &action),
            since = since.map(|since| since.to_string()).unwrap_or_default(),
            reason = reason(
                "Each post keeps its <code>webhook-id</code>: by that a receiver that has had it can tell."
            ),
            button =
                if replayed == 1 { "Post it again".to_owned() } else { format!("Post {replayed} again") },
        );
    }
    let _ = writeln!(body, "<nav><a href=\"/webhooks/{name}\">Back, and post nothing</a></nav>");
    house::inside(app, session, "Post again", &body)
}

/// The field for why, and a note on what stays the same.
pub(super) fn reason(note: &str) -> String {
    format!(
        "<label for=\"reason\">Why, for those who ask later</label>\n\
         <input type=\"text\" id=\"reason\" name=\"reason\" required maxlength=\"300\" autocomplete=\"off\">\n\
         <p class=\"quiet\">{note}</p>\n"
    )
}
