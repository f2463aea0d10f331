//! One delivery: what it says, what came of each try, and posting it again.

use super::one::{reason, state};
use crate::{
    App,
    pages::house::{self, Zone},
    pages::login::Session,
};
use axum::response::Response;
use crowsnest_channels::email::pages::escape;
use crowsnest_flow::outward::Posting;
use crowsnest_model::{
    Time,
    definition::Webhook,
    delivery::{Delivery, DeliveryState},
};
use crowsnest_store::DeliveryEntry;
use std::fmt::Write;

/// The page of a delivery. `said` is what has just been done.
pub(super) fn page(
    app: &App,
    session: &Session,
    webhook: &Webhook,
    delivery: &Delivery,
    log: &[DeliveryEntry],
    posting: Option<&Posting>,
    said: &str,
) -> Response {
    let (name, zone) = (escape(&webhook.name).to_string(), Zone::of(app));
    let hook = webhook.title.as_deref().unwrap_or(&webhook.name);
    let mut body = format!(
        "<nav aria-label=\"Where you are\"><a href=\"/webhooks/{name}\">{}</a></nav>\n<h1><code>{}</code> {}</h1>\n",
        escape(hook),
        delivery.id,
        state(delivery.state),
    );
    body.push_str(match said {
        "again" => "<p class=\"notice\" role=\"status\">It is posted again. Load this page anew to see what came of it.</p>\n",
        "changed" => {
            "<p class=\"notice bad\" role=\"status\">It had changed since that form was shown, perhaps because the form was sent \
             twice. So nothing was posted by it. This is how it stands.</p>\n"
        }
        _ => "",
    });
    body.push_str("<dl>\n");
    for (term, value) in facts(delivery, tries_of(log).len(), &zone) {
        let _ = writeln!(body, "<dt>{term}</dt><dd>{value}</dd>");
    }
    body.push_str("</dl>\n");
    if matches!(delivery.state, DeliveryState::Sent | DeliveryState::Failed | DeliveryState::Expired) {
        let action = format!("/webhooks/{name}/{}", delivery.id);
        let _ = write!(
            body,
            "<section>\n<h2>Post it again</h2>\n<form method=\"post\" action=\"{action}\">\n{seal}\
             <input type=\"hidden\" name=\"seen\" value=\"{seen}\">\n{reason}\
             <div class=\"buttons\"><button type=\"submit\">Post again</button></div>\n</form>\n</section>\n",
            seal = session.seal(app, &action),
            seen = delivery.updated.0,
            reason =
                reason("It keeps its <code>webhook-id</code>: by that a receiver that has had it can tell."),
        );
    }
    body.push_str(&tries(log, &zone));
    body.push_str(&told(delivery, posting));
    body.push_str("<details><summary>Its whole life</summary>\n<ol class=\"life\">\n");
    for entry in log {
        let _ = writeln!(
            body,
            "<li>{} {}{}</li>",
            zone.moment(entry.time),
            state(entry.state),
            entry.reason.as_deref().map_or_else(String::new, |reason| format!(" {}", escape(reason))),
        );
    }
    body.push_str("</ol></details>\n");
    house::inside(app, session, &format!("{} to {hook}", delivery.id), &body)
}

fn facts(delivery: &Delivery, tries: usize, zone: &Zone) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Program", format!("{}, version {}", escape(&delivery.program), delivery.version)),
        ("Queued", zone.moment(delivery.created)),
        ("Last changed", zone.moment(delivery.updated)),
        ("Tries", tries.to_string()),
    ];
    if let Some(reason) = &delivery.reason {
        facts.push(("Why", escape(reason).to_string()));
    }
    if delivery.state == DeliveryState::Queued {
        facts.push(("Next try", zone.moment(delivery.due)));
    }
    if let Some(expires) = delivery.expires.filter(|_| !delivery.state.is_final()) {
        facts.push(("Not after", zone.moment(expires)));
    }
    facts
}

/// A time at which it was handed over, and what came of it.
#[derive(Debug, PartialEq)]
struct Try<'l> {
    began: Time,
    ended: Option<(Time, DeliveryState, Option<&'l str>)>,
}

/// What follows an intent to post is what came of it.
fn tries_of(log: &[DeliveryEntry]) -> Vec<Try<'_>> {
    let begun = log.iter().enumerate().filter(|(_, entry)| entry.state == DeliveryState::Sending);
    begun
        .map(|(at, entry)| Try {
            began: entry.time,
            ended: log.get(at + 1).map(|next| (next.time, next.state, next.reason.as_deref())),
        })
        .collect()
}

fn tries(log: &[DeliveryEntry], zone: &Zone) -> String {
    let tries = tries_of(log);
    if tries.is_empty() {
        return "<h2>Tries</h2>\n<p>It was not tried yet.</p>\n".to_owned();
    }
    let mut html = String::from("<h2>Tries</h2>\n<ol class=\"life\">\n");
    for Try { began, ended } in tries {
        let _ = write!(html, "<li>{} ", zone.moment(began));
        let _ = match ended {
            None => writeln!(html, "is on its way</li>"),
            Some((when, then, reason)) => {
                let word = if then == DeliveryState::Queued { "not taken" } else { then.as_str() };
                let class = match then {
                    DeliveryState::Sent => "good",
                    DeliveryState::Queued => "held",
                    _ => "bad",
                };
                writeln!(
                    html,
                    "<span class=\"state {class}\">{word}</span> {} <span class=\"quiet\">after {}</span></li>",
                    escape(reason.unwrap_or_default()),
                    lasted(when.since(began).0),
                )
            }
        };
    }
    html.push_str("</ol>\n");
    html
}

fn lasted(milliseconds: i64) -> String {
    if milliseconds < 10_000 {
        format!("{} ms", milliseconds.max(0))
    } else {
        house::span(milliseconds / 1_000)
    }
}

/// What it says, with its headers.
fn told(delivery: &Delivery, posting: Option<&Posting>) -> String {
    let mut html = String::from("<h2>What it says</h2>\n");
    let body = match posting {
        Some(posting) => serde_json::to_string_pretty(&posting.body),
        None => serde_json::to_string_pretty(&delivery.event),
    };
    let _ = writeln!(html, "<pre tabindex=\"0\">{}</pre>", escape(&body.unwrap_or_default()));
    let headers = posting.map(|posting| posting.headers.as_slice()).unwrap_or_default();
    if headers.is_empty() {
        return html;
    }
    html.push_str("<h3>Headers</h3>\n<dl>\n");
    for (name, value) in headers {
        let shown = match (value, name.as_str()) {
            (Some(value), _) => escape(value).to_string(),
            (None, "webhook-timestamp") => "<span class=\"quiet\">the moment of each try</span>".to_owned(),
            (None, "webhook-signature") => {
                "<span class=\"quiet\">made for each try, with the webhook's secret</span>".to_owned()
            }
            (None, _) => {
                "<span class=\"quiet\">as the definition says; not shown here, it may be a secret</span>"
                    .to_owned()
            }
        };
        let _ = writeln!(html, "<dt>{}</dt><dd>{shown}</dd>", escape(name));
    }
    html.push_str("</dl>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: i64, state: DeliveryState, reason: &str) -> DeliveryEntry {
        DeliveryEntry { time: Time(time), state, reason: Some(reason.into()) }
    }

    #[test]
    fn each_intent_is_a_try_and_what_follows_is_its_outcome() {
        let log = [
            entry(0, DeliveryState::Queued, ""),
            entry(1, DeliveryState::Sending, ""),
            entry(5, DeliveryState::Queued, "503"),
            entry(9, DeliveryState::Sending, ""),
        ];
        let tries = tries_of(&log);
        assert_eq!(
            tries[0],
            Try { began: Time(1), ended: Some((Time(5), DeliveryState::Queued, Some("503"))) }
        );
        assert_eq!(tries[1], Try { began: Time(9), ended: None });
        let html = super::tries(&log, &Zone::named("UTC"));
        assert!(html.contains("not taken") && html.contains("on its way"), "{html}");
    }
}
