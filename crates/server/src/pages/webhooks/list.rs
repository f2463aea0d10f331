//! The list of webhooks, and how a webhook's line stands.

use super::Hook;
use crate::{
    App,
    pages::house::{self, Zone},
    pages::login::Session,
};
use axum::response::Response;
use crowsnest_channels::email::pages::escape;
use crowsnest_model::Time;
use std::fmt::Write;

/// All webhooks.
pub(super) fn page(app: &App, session: &Session, hooks: &[Hook], now: Time) -> Response {
    let zone = Zone::of(app);
    let mut body = String::from("<h1>Webhooks</h1>\n");
    if hooks.is_empty() {
        body.push_str(
            "<p>None is defined. A file of the workspace with <code>webhook: crm</code> and its <code>url</code> makes one.</p>\n",
        );
    } else {
        body.push_str("<ul class=\"cards\">\n");
        for hook in hooks {
            let _ = write!(
                body,
                "<li>\n<h2><a href=\"/webhooks/{name}\">{title}</a> {badge}</h2>\n<p class=\"quiet\">{place}</p>\n{standing}</li>\n",
                name = escape(&hook.definition.name),
                title = escape(hook.title()),
                badge = badge(hook),
                place = escape(&hook.place()),
                standing = standing(hook, &zone, now),
            );
        }
        body.push_str("</ul>\n");
    }
    house::inside(app, session, "Webhooks", &body)
}

/// Whether posts go out, in a word.
pub(super) fn badge(hook: &Hook) -> &'static str {
    if hook.fault.is_some() {
        return "<span class=\"state bad\">cannot be posted to</span>";
    }
    let way = hook.standing.as_ref().and_then(|standing| standing.ways.first());
    match way.map(|way| (way.closed, way.until)) {
        Some((Some(_), Some(_))) => "<span class=\"state bad\">line closed</span>",
        Some((Some(_), None)) => "<span class=\"state held\">line closed, one is trying</span>",
        _ => "<span class=\"state good\">line open</span>",
    }
}

/// How its line stands.
pub(super) fn standing(hook: &Hook, zone: &Zone, now: Time) -> String {
    let mut html = String::new();
    if let Some(fault) = &hook.fault {
        let _ = writeln!(html, "<p class=\"notice bad\">Nothing can be posted: {}.</p>", escape(fault));
    }
    let Some(line) = &hook.standing else { return html };
    if let Some(way) = line.ways.first()
        && let Some(closed) = way.closed
    {
        let why = way.fault.as_ref().map_or("", |(_, fault)| fault);
        let next = way.until.map_or_else(
            || "one is tried now".to_owned(),
            |until| format!("one is tried at {}", zone.moment(until)),
        );
        let _ = writeln!(
            html,
            "<p class=\"notice bad\">Left alone since {}; {next}. {}</p>",
            zone.moment(closed),
            escape(why)
        );
    }
    let ago = |time: Time| house::span(now.since(time).0 / 1_000);
    let oldest = hook.count.oldest.map_or_else(|| "none".to_owned(), |oldest| format!("for {}", ago(oldest)));
    let waiting = line.count.queued + line.count.sending;
    let _ = writeln!(
        html,
        "<dl class=\"numbers\">\n<div><dt>Waiting</dt><dd>{waiting}</dd></div>\n<div><dt>The oldest waits</dt><dd>{oldest}</dd></div>\n\
         <div><dt>Failed in the last day</dt><dd{}>{}</dd></div>\n</dl>",
        if hook.count.failed > 0 { " class=\"bad\"" } else { "" },
        hook.count.failed,
    );
    html
}
