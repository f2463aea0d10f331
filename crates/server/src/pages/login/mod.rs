//! Logging in with a browser: the administrator's token typed once, and a signed cookie from then on.
//!
//! A page for people of the house takes a [`Session`] as a handler of the API takes an `Admin`, and what its forms post
//! as [`Posted`], which is read only when the form was made by that session for that address. The cookie opens pages alone: the API takes
//! none, so that no other site can make a browser change anything there.
//!
//! The key that signs is made at each start and stands in memory alone: after a start one logs in again, and what was
//! logged out stays so.

mod signing;
mod tries;

use super::{
    answered, escape, house,
    house::{PageError, page},
};
use crate::{App, body, pages::house::redirect, serve::Peer};
use axum::{
    Router,
    body::Body,
    extract::{FromRequest, FromRequestParts, Query, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
    routing::{get, post},
};
use crowsnest_model::Duration;
use serde::Deserialize;
use signing::Key;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use tries::Tries;
use url::form_urlencoded;

/// How long a login lasts.
const LASTS: Duration = Duration::hours(12);
const COOKIE: &str = "crowsnest_session";
/// The same, with TLS: browsers take a cookie of such a name from this very host alone, so that no other host of the domain can put one here.
const HOST_COOKIE: &str = "__Host-crowsnest_session";
/// Where one logs in.
const LOGIN: &str = "/login";
/// Where one goes when one came from nowhere.
const FIRST: &str = "/webhooks";
/// The field of a form that says which session made it.
const SEAL: &str = "seal";
pub(crate) fn routes() -> Router<App> {
    Router::new().route(LOGIN, get(form).post(log_in)).route("/logout", post(log_out))
}

/// Who is logged in, and who tries to.
#[derive(Debug)]
pub(crate) struct Door {
    key: Key,
    tries: Tries,
    /// Sessions that were logged out, until they would have ended by themselves.
    ended: Mutex<BTreeMap<String, i64>>,
}

impl Door {
    /// A door through which nobody has come yet.
    pub(crate) fn new() -> Self {
        Self { key: Key::at_random(), tries: Tries::default(), ended: Mutex::default() }
    }

    fn has_ended(&self, id: &str) -> bool {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }

    fn end(&self, session: &Session, now: i64) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.retain(|_, until| *until > now);
        ended.insert(session.id.clone(), session.until);
    }
}

/// Somebody of the house, who has logged in. They may what the administrator may: there is no other right yet.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    id: String,
    /// When it ends, in milliseconds.
    until: i64,
}

impl Session {
    fn of(headers: &HeaderMap, app: &App) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let plain = !is_tls(headers);
        let value = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == HOST_COOKIE || (plain && *name == COOKIE))?
            .1;
        let (id, until) = app.door().key.read_session(value)?;
        let alive = until > app.engine.now().0 && !app.door().has_ended(&id);
        alive.then_some(Self { id, until })
    }

    /// The hidden field of a form that posts to `action`, a path: by it [`Posted`] knows the form.
    pub(crate) fn seal(&self, app: &App, action: &str) -> String {
        let seal = app.door().key.seal(&self.id, action);
        format!("<input type=\"hidden\" name=\"{SEAL}\" value=\"{seal}\">\n")
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        if let Some(session) = Self::of(&parts.headers, app) {
            return Ok(session);
        }
        if parts.method == Method::GET || parts.method == Method::HEAD {
            let to: String = form_urlencoded::byte_serialize(
                parts.uri.path_and_query().map_or(FIRST, |target| target.as_str()).as_bytes(),
            )
            .collect();
            return Err(PageError::Elsewhere(format!("{LOGIN}?to={to}")));
        }
        Err(PageError::said(
            StatusCode::FORBIDDEN,
            "You are not logged in any more",
            "Nothing was done. Log in, and do it again.",
            (LOGIN, "Log in"),
        ))
    }
}

/// What a form of ours posted.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) session: Session,
    fields: Vec<(String, String)>,
}

impl Posted {
    /// The value of a field; empty when there is none.
    pub(crate) fn field(&self, name: &str) -> &str {
        field(&self.fields, name)
    }
}

impl FromRequest<App> for Posted {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &App) -> Result<Self, PageError> {
        let (mut parts, body) = request.into_parts();
        let session = Session::from_request_parts(&mut parts, app).await;
        let action = parts.uri.path().to_owned();
        let ours = from_ours(&parts.headers);
        // Read before anything is refused: a connection with something unread on it is closed, and the next request on it lost.
        let fields = fields(body).await?;
        let session = session?;
        if !ours || !app.door().key.is_seal(field(&fields, SEAL), &session.id, &action) {
            return Err(PageError::said(
                StatusCode::FORBIDDEN,
                "This form is not one of ours",
                "Nothing was done: the form was not made for you by this page, or before you logged in anew. Open the page again, and do it there.",
                (FIRST, "Webhooks"),
            ));
        }
        Ok(Self { session, fields })
    }
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

async fn fields(body: Body) -> Result<Vec<(String, String)>, PageError> {
    Ok(body::form(body).await?)
}

/// Whether a browser says that a page of ours has posted this. Old ones do not say, and have to know the seal all the same.
fn from_ours(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| matches!(site.as_bytes(), b"same-origin" | b"none"))
}

#[derive(Debug, Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

/// A path of this site to which one may be led on; nothing else, so that nobody is led away by a link to our login.
fn within(to: &str) -> &str {
    let mut chars = to.chars();
    let ours = chars.next() == Some('/')
        && chars.next().is_some_and(|second| second.is_ascii_alphanumeric())
        && to.chars().all(|one| one.is_ascii_graphic() && one != '\\');
    if ours { to } else { FIRST }
}

async fn form(State(app): State<App>, headers: HeaderMap, Query(To { to }): Query<To>) -> Response {
    if Session::of(&headers, &app).is_some() {
        return redirect(within(&to));
    }
    login_page(StatusCode::OK, within(&to), None)
}

fn login_page(status: StatusCode, to: &str, wrong: Option<&str>) -> Response {
    let wrong = wrong.map_or_else(String::new, |wrong| {
        format!("<p class=\"notice bad\" role=\"alert\" id=\"wrong\">{}</p>\n", escape(wrong))
    });
    let described = if wrong.is_empty() { "token-help" } else { "wrong token-help" };
    let body = format!(
        "<h1>Log in to Crowsnest</h1>\n{wrong}<form method=\"post\" action=\"{LOGIN}\">\n\
         <input type=\"hidden\" name=\"to\" value=\"{to}\">\n\
         <label for=\"token\">The administrator's token</label>\n\
         <input type=\"password\" id=\"token\" name=\"token\" required autofocus autocomplete=\"current-password\" \
         aria-describedby=\"{described}\">\n\
         <p class=\"quiet\" id=\"token-help\">It was printed at the first start, and stands in the file <code>admin-token</code> of the data \
         folder, or is what <code>CROWSNEST_ADMIN_TOKEN</code> was set to.</p>\n\
         <div class=\"buttons\"><button type=\"submit\">Log in</button></div>\n</form>\n\
         <p class=\"quiet\">You have logged in, and came here by a link from elsewhere? <a href=\"{to}\">Go on</a></p>\n",
        to = escape(to),
    );
    answered(status, page("Log in to Crowsnest", false, &body))
}

async fn log_in(State(app): State<App>, request: Request) -> Result<Response, PageError> {
    let (parts, body) = request.into_parts();
    let (headers, client) = (&parts.headers, client(&parts));
    let posted = fields(body).await?;
    let to = within(field(&posted, "to"));
    if !from_ours(headers) {
        // Another site made a browser ask: that is no try of who sits there.
        return Ok(login_page(StatusCode::FORBIDDEN, to, Some("Type the token here.")));
    }
    let now = app.engine.now();
    if let Some(until) = app.door().tries.barred(client, now) {
        let seconds = (until.since(now).0 + 999).div_euclid(1_000);
        let said =
            format!("Too many wrong tokens came from your address. Try again in {}.", house::span(seconds));
        let mut response = login_page(StatusCode::TOO_MANY_REQUESTS, to, Some(&said));
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(response);
    }
    if !app.admin.is(field(&posted, "token").trim()) {
        app.door().tries.failed(client, now);
        tracing::warn!("somebody tried to log in with a wrong token");
        return Ok(login_page(StatusCode::FORBIDDEN, to, Some("That is not the administrator's token.")));
    }
    app.door().tries.succeeded(client);
    let until = now.plus(LASTS).0;
    let value = app.door().key.session(until);
    let mut response = redirect(to);
    set_cookie(&mut response, headers, &value, LASTS.0 / 1_000);
    Ok(response)
}

async fn log_out(State(app): State<App>, headers: HeaderMap, posted: Posted) -> Response {
    app.door().end(&posted.session, app.engine.now().0);
    let mut response = redirect(LOGIN);
    set_cookie(&mut response, &headers, "", 0);
    response
}

/// Whether the request came by TLS: the proxy with the certificate says so.
fn is_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

fn set_cookie(response: &mut Response, headers: &HeaderMap, value: &str, seconds: i64) {
    // Without TLS a browser would not send a cookie back that is for TLS alone.
    let (name, secure) = if is_tls(headers) { (HOST_COOKIE, "; Secure") } else { (COOKIE, "") };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Who tries: the address of the connection. Behind a proxy on this machine it is the one that the proxy has added last; what a client
/// claims in front of that counts for nothing.
fn client(parts: &Parts) -> Option<IpAddr> {
    let Peer(peer) = *parts.extensions.get::<Peer>()?;
    if !peer.to_canonical().is_loopback() {
        return Some(peer);
    }
    let last = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let said = last.and_then(|value| value.to_str().ok()).and_then(|said| said.rsplit(',').next());
    Some(said.and_then(|said| said.trim().parse().ok()).unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away() {
        for to in ["/webhooks", "/webhooks/crm?state=failed"] {
            assert_eq!(within(to), to);
        }
        for to in [
            "",
            "/",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/a b",
            "javascript:x",
        ] {
            assert_eq!(within(to), FIRST, "{to}");
        }
    }
}
