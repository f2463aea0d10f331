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

/// The policy of these pages: one style sheet, forms to this site, nothing else.
pub(crate) const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A whole page of somebody who is not logged in. `body` is HTML.
pub(crate) fn page(title: &str, wide: bool, body: &str) -> String {
    pages::page(title, wide, body)
}

/// A whole page of somebody who is: with the way back to the list, and out. `body` is HTML.
pub(crate) fn inside(app: &App, session: &Session, title: &str, body: &str) -> Response {
    let organisation = app.engine.live().workspace().organisation.title.clone();
    let body = format!(
        "<header class=\"house\"><span class=\"quiet\">{organisation}</span>\n\
         <nav aria-label=\"Crowsnest\"><a href=\"/webhooks\">Webhooks</a></nav>\n\
         <form method=\"post\" action=\"/logout\">{seal}<button type=\"submit\" class=\"second small\">Log out</button></form></header>\n\
         {body}",
        organisation = escape(&organisation),
        seal = session.seal(app, "/logout"),
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

/// A moment as people read it, and as machines do.
pub(crate) fn moment(time: Time) -> String {
    format!("<time datetime=\"{time}\">{}</time>", time.timestamp().strftime("%Y-%m-%d %H:%M:%S UTC"))
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
    fn an_error_is_a_sentence() {
        assert_eq!(sentence("there is none"), "There is none.");
        assert_eq!(sentence("did you mean `a`?"), "Did you mean `a`?");
    }
}
