//! Who may do what. Authorisation is an extractor: a handler that asks for [`Admin`] runs for nobody else.

use crate::{App, error::ApiError};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The administrator's token, kept as its hash.
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

impl AdminToken {
    /// The shortest token that is taken, in characters.
    pub const SHORTEST: usize = 16;

    /// Of this token; `None` when it is too short to be a secret.
    pub fn new(token: &str) -> Option<Self> {
        (token.len() >= Self::SHORTEST).then(|| Self(Sha256::digest(token).into()))
    }

    /// Whether this is it.
    pub(crate) fn is(&self, token: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(token).into();
        self.0.ct_eq(&given).into()
    }
}

/// The administrator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin;

impl FromRequestParts<App> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        // Bearer alone: Basic is what browsers send by themselves, also when another site asks them to.
        let granted = given.and_then(|value| value.split_once(' ')).is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer") && app.admin.is(token.trim())
        });
        if granted { Ok(Self) } else { Err(ApiError::unauthorised(given.is_some())) }
    }
}

/// User and password of a Basic header's value.
fn basic(encoded: &str) -> Option<(String, String)> {
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A write key with the secret that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WriteKey {
    /// The key.
    pub(crate) key: String,
    /// What followed it after a colon.
    pub(crate) secret: Option<String>,
}

impl WriteKey {
    /// The write key of the headers: Basic with the key as user and no password, or `X-Write-Key: key:secret`.
    pub(crate) fn of_headers(headers: &HeaderMap) -> Option<Self> {
        let split = |text: &str| match text.split_once(':') {
            Some((key, secret)) => Self {
                key: key.to_owned(),
                secret: Some(secret.to_owned()).filter(|secret| !secret.is_empty()),
            },
            None => Self { key: text.to_owned(), secret: None },
        };
        if let Some(value) = headers.get("x-write-key").and_then(|value| value.to_str().ok()) {
            return Some(split(value.trim())).filter(|key| !key.key.is_empty());
        }
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let (key, password) = basic(encoded)?;
        (!key.is_empty()).then_some(Self { key, secret: Some(password).filter(|secret| !secret.is_empty()) })
    }

    /// The write key of a body.
    pub(crate) fn of_body(key: &str) -> Self {
        Self { key: key.to_owned(), secret: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_write_key_comes_in_several_ways() {
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_str(value).unwrap());
            WriteKey::of_headers(&headers)
        };
        let key =
            |secret: Option<&str>| Some(WriteKey { key: "k".into(), secret: secret.map(str::to_owned) });
        assert_eq!(with("authorization", &format!("Basic {}", BASE64_STANDARD.encode("k:"))), key(None));
        assert_eq!(with("x-write-key", "k:s"), key(Some("s")));
        assert_eq!(with("x-write-key", "k"), key(None));
        assert_eq!(with("authorization", "Bearer abc"), None);
        assert_eq!(with("authorization", "Basic !!!"), None);
        assert!(AdminToken::new("short").is_none());
    }
}
