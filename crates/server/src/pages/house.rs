//! What the pages for people of the house share: their frame, their errors, and how moments are written.

use super::{answered, escape};
use crate::{App, error::ApiError, pages::login::Session};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use crowsnest_channels::email::pages;
use crowsnest_flow::FlowError;
use crowsnest_model::Time;
use jiff::{civil::DateTime, tz::TimeZone};

/// A whole page of somebody who is not logged in. `body` is HTML.
pub(crate) fn page(title: &str, wide: bool, body: &str) -> String {
    pages::page(title, wide, body)
}

/// A whole page of somebody who is: with the ways to the other pages, and out. `body` is HTML.
pub(crate) fn inside(app: &App, session: &Session, title: &str, body: &str) -> Response {
    let organisation = app.engine.live().workspace().organisation.title.clone();
    let body = format!(
        "<header class=\"house\"><span class=\"quiet\">{organisation}</span>\n\
         <nav aria-label=\"Crowsnest\"><a href=\"/webhooks\">Webhooks</a> <a href=\"/mailbox\">Mailbox</a></nav>\n\
         <form method=\"post\" action=\"/logout\">{seal}<button type=\"submit\" class=\"second small\">Log out</button></form></header>\n\
         {body}<p class=\"quiet\">Times are those of {zone}.</p>\n",
        organisation = escape(&organisation),
        seal = session.seal(app, "/logout"),
        zone = escape(Zone::of(app).name()),
    );
    answered(StatusCode::OK, page(title, true, &body))
}

/// On to another page, by GET.
pub(crate) fn redirect(to: &str) -> Response {
    let mut response = answered(StatusCode::SEE_OTHER, String::new());
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum PageError {
    /// It is to be seen elsewhere, or after something else.
    Elsewhere(String),
    /// It says so.
    Said {
        status: StatusCode,
        title: String,
        message: String,
        /// Where one goes on, and what that is called.
        back: (String, String),
    },
}

impl PageError {
    /// A page that says what is wrong, with the way on.
    pub(crate) fn said(status: StatusCode, title: &str, message: &str, (to, named): (&str, &str)) -> Self {
        let back = (to.to_owned(), named.to_owned());
        Self::Said { status, title: title.to_owned(), message: message.to_owned(), back }
    }

    /// The same as the API would answer, with a way back.
    pub(crate) fn of(error: impl Into<ApiError>, back: (&str, &str)) -> Self {
        let (status, message) = error.into().into_words();
        let title = match status {
            StatusCode::NOT_FOUND => "There is no such page",
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => "This cannot be read",
            StatusCode::CONFLICT => "Nothing was done",
            status if status.is_server_error() => "This cannot be shown just now",
            _ => "This cannot be done",
        };
        Self::said(status, title, &message, back)
    }
}

impl From<ApiError> for PageError {
    fn from(error: ApiError) -> Self {
        Self::of(error, ("/webhooks", "Webhooks"))
    }
}

impl From<FlowError> for PageError {
    fn from(error: FlowError) -> Self {
        ApiError::from(error).into()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        match self {
            Self::Elsewhere(to) => redirect(&to),
            Self::Said { status, title, message, back: (to, named) } => {
                let body = format!(
                    "<h1>{}</h1>\n<p>{}</p>\n<nav><a href=\"{}\">{}</a></nav>\n",
                    escape(&title),
                    escape(&sentence(&message)),
                    escape(&to),
                    escape(&named),
                );
                answered(status, page(&title, false, &body))
            }
        }
    }
}

/// Words of an error as a sentence: with a capital, and an end.
fn sentence(message: &str) -> String {
    let mut chars = message.trim().chars();
    let mut sentence: String = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    sentence.push_str(chars.as_str());
    if !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

/// The time zone in which the house reads and writes moments: that of the organisation.
#[derive(Debug)]
pub(crate) struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// By the definitions in force.
    pub(crate) fn of(app: &App) -> Self {
        Self::named(&app.engine.live().workspace().organisation.time_zone)
    }

    /// Of this name; UTC when there is none of it.
    pub(crate) fn named(name: &str) -> Self {
        match TimeZone::get(name) {
            Ok(zone) => Self { name: name.to_owned(), zone },
            Err(_) => Self { name: "UTC".to_owned(), zone: TimeZone::UTC },
        }
    }

    /// What it is called, such as `America/Chicago`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A moment as the people of the house read it, as everybody does, and as machines do. HTML.
    pub(crate) fn moment(&self, time: Time) -> String {
        let (everywhere, here) = (time.timestamp(), time.timestamp().to_zoned(self.zone.clone()));
        format!(
            "<time datetime=\"{time}\" title=\"{}\">{}</time>",
            everywhere.strftime("%Y-%m-%d %H:%M:%S UTC"),
            escape(&here.strftime("%Y-%m-%d %H:%M:%S %Z").to_string()),
        )
    }

    /// A moment as a browser's field takes it.
    pub(crate) fn field(&self, time: Time) -> String {
        time.timestamp().to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// A moment as a browser's field gives it, which knows no zone: it is that of the house. Or as it stands in the API. Of a time
    /// that there is twice, when clocks are put back, it is the first; of one that there is not, what the clock shows then.
    pub(crate) fn read(&self, text: &str) -> Result<Option<Time>, ApiError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if let Ok(time) = text.parse() {
            return Ok(Some(time));
        }
        match text.parse::<DateTime>().and_then(|local| local.to_zoned(self.zone.clone())) {
            Ok(here) => Ok(Some(Time::from_timestamp(here.timestamp()))),
            Err(_) => Err(ApiError::bad_request(
                "invalid-query",
                format!(
                    "`{}` is not a moment: write day and time as the clocks of {} show it, such as 2026-03-01T09:30",
                    text.chars().take(60).collect::<String>(),
                    self.name
                ),
            )),
        }
    }
}

/// So many seconds in the largest unit that fits.
pub(crate) fn span(seconds: i64) -> String {
    let (number, unit) = match seconds.max(0) {
        seconds @ 0..60 => (seconds, "second"),
        seconds @ 60..3_600 => (seconds / 60, "minute"),
        seconds @ 3_600..86_400 => (seconds / 3_600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_words() {
        for (seconds, said) in [
            (-5, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "1 minute"),
            (7_200, "2 hours"),
            (86_399, "23 hours"),
            (864_000, "10 days"),
        ] {
            assert_eq!(span(seconds), said);
        }
    }

    #[test]
    fn moments_are_those_of_the_house() {
        let zone = Zone::named("America/Chicago");
        let time: Time = "2026-03-01T09:30:00Z".parse().unwrap();
        assert_eq!(
            zone.moment(time),
            "<time datetime=\"2026-03-01T09:30:00Z\" title=\"2026-03-01 09:30:00 UTC\">2026-03-01 03:30:00 CST</time>"
        );
        assert_eq!(zone.read(&zone.field(time)).unwrap(), Some(time));
        for text in
            ["2026-03-01T03:30", "2026-03-01T03:30:00", " 2026-03-01T09:30:00Z ", "2026-03-01T10:30:00+01:00"]
        {
            assert_eq!(zone.read(text).unwrap(), Some(time), "{text}");
        }
        assert_eq!(zone.read(" ").unwrap(), None);
        let (_, said) = zone.read("yesterday").unwrap_err().into_words();
        assert!(said.contains("`yesterday` is not a moment") && said.contains("America/Chicago"), "{said}");
    }

    #[test]
    fn what_there_is_twice_or_not_at_all_is_a_moment_all_the_same() {
        let zone = Zone::named("America/Chicago");
        let read = |text: &str| zone.read(text).unwrap().unwrap().to_string();
        assert_eq!(read("2026-11-01T01:30"), "2026-11-01T06:30:00Z", "the first of two");
        assert_eq!(read("2026-03-08T02:30"), "2026-03-08T08:30:00Z", "shown as 03:30");
        let twice = ["2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"]
            .map(|text| zone.moment(text.parse().unwrap()).split('>').nth(1).unwrap().to_owned());
        assert_eq!(twice, ["2026-11-01 01:30:00 CDT</time", "2026-11-01 01:30:00 CST</time"]);
        assert_eq!(Zone::named("Nowhere/Town").name(), "UTC");
    }

    #[test]
    fn an_error_is_a_sentence() {
        assert_eq!(sentence("there is none"), "There is none.");
        assert_eq!(sentence("did you mean `a`?"), "Did you mean `a`?");
    }
}
