//! What is signed with the key of a start: sessions and forms.
//!
//! ```text
//! session: 1 . id . moment at which it ends, in milliseconds . HMAC-SHA256(key, "session" 0 id 0 moment)
//! seal:    HMAC-SHA256(key, "form" 0 id of the session 0 path to which the form posts)
//! ```

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::{self, Write};

const VERSION: &str = "1";

/// A key that is made at each start, and kept in memory.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Bytes that nobody can guess. A system that has none is one on which nothing may go on.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 {
        return None;
    }
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

impl Key {
    pub(super) fn at_random() -> Self {
        Self(Hmac::new_from_slice(&random::<32>()).expect("HMAC takes keys of any length"))
    }

    fn mac(&self, parts: [&str; 3]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac
    }

    /// The cookie of a new session.
    pub(super) fn session(&self, until: i64) -> String {
        let (id, until) = (hex(&random::<16>()), until.to_string());
        let mac = hex(&self.mac(["session", &id, &until]).finalize().into_bytes());
        format!("{VERSION}.{id}.{until}.{mac}")
    }

    /// Id and end of a session that this key has signed.
    pub(super) fn read_session(&self, cookie: &str) -> Option<(String, i64)> {
        let mut parts = cookie.split('.');
        let (version, id, until, mac) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        self.mac(["session", id, until]).verify_slice(&bytes_of(mac)?).ok()?;
        Some((id.to_owned(), until.parse().ok()?))
    }

    /// What marks a form of a session that posts to a path.
    pub(super) fn seal(&self, session: &str, action: &str) -> String {
        hex(&self.mac(["form", session, action]).finalize().into_bytes())
    }

    /// Whether it does.
    pub(super) fn is_seal(&self, seal: &str, session: &str, action: &str) -> bool {
        bytes_of(seal).is_some_and(|seal| self.mac(["form", session, action]).verify_slice(&seal).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_read_and_nothing_else() {
        let key = Key::at_random();
        let cookie = key.session(1_000);
        let (id, until) = key.read_session(&cookie).unwrap();
        assert_eq!(until, 1_000);
        assert!(Key::at_random().read_session(&cookie).is_none(), "of another start");
        for forged in [
            cookie.replacen(".1000.", ".9000.", 1),
            cookie.replacen("1.", "2.", 1),
            format!("{cookie}.x"),
            cookie[..cookie.len() - 2].to_owned(),
            format!("1.{id}.1000.{}", key.seal(&id, "1000")),
            format!("1.{id}.1000.{}", "é".repeat(32)),
            String::new(),
        ] {
            assert!(key.read_session(&forged).is_none(), "{forged}");
        }
        let seal = key.seal(&id, "/webhooks/crm");
        assert!(key.is_seal(&seal, &id, "/webhooks/crm"));
        assert!(!key.is_seal(&seal, &id, "/webhooks/chat") && !key.is_seal(&seal, "other", "/webhooks/crm"));
        assert!(!key.is_seal("", &id, "/webhooks/crm"));
    }
}
