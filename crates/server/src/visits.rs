//! Links of messages that are followed, and pictures that are looked at. Both are answered whatever else is the matter.

use crate::{App, pages::unknown_link};
use axum::{
    Router,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use crowsnest_channels::{email::machine, links::Purpose};
use crowsnest_flow::outward::Visit;

/// One transparent point.
const PICTURE: [u8; 43] = *b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/c/{token}", get(follow)).route("/o/{picture}", get(look))
}

/// What a path says; a path that is no text is nobody's token.
type Token = Result<Path<String>, PathRejection>;

/// Leads on to where a signed link leads, and to nowhere else.
async fn follow(State(app): State<App>, method: Method, headers: HeaderMap, token: Token) -> Response {
    let followed = token.ok().and_then(|Path(token)| app.dispatcher.courier().follow(&token));
    let Some((delivery, url)) = followed else { return unknown_link(&app) };
    let Ok(location) = HeaderValue::from_str(&url) else { return unknown_link(&app) };
    let machine = machine_of(&method, &headers);
    app.visits.hear(Visit { delivery, url: Some(url), machine }).await;
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::FOUND, headers).into_response()
}

/// Shows the picture, whoever asks: the answer does not say whether a token is ours.
async fn look(State(app): State<App>, method: Method, headers: HeaderMap, picture: Token) -> Response {
    let looked = picture.ok().and_then(|Path(picture)| {
        let token = picture.strip_suffix(".gif")?;
        app.dispatcher.courier().verify(Purpose::Open, token)
    });
    if let Some(delivery) = looked {
        let machine = machine_of(&method, &headers);
        app.visits.hear(Visit { delivery, url: None, machine }).await;
    }
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/gif")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, PICTURE).into_response()
}

fn machine_of(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    machine(method.as_str(), |name| headers.get(name).and_then(|value| value.to_str().ok()))
}
