//! Signed links in messages. A link carries a delivery's id and an HMAC, and nothing personal.
//!
//! ```text
//! 1 ‖ base64url( delivery id, 8 bytes ‖ first 16 bytes of HMAC-SHA256(secret, label ‖ purpose ‖ delivery id ‖ url) ‖ url )
//! ```
//!
//! The URL is where a followed link leads; other links have none. It is signed with the delivery, so that nobody can make
//! us lead people elsewhere.
//!
//! The leading `1` is the version, so that links in mail that has been sent go on working when the format changes.
//!
//! Addresses that belong to a delivery have tokens of their own, since servers on the way may change the case of letters:
//!
//! ```text
//! 1 ‖ delivery id, 13 characters ‖ the same 16 bytes of the HMAC, in hexadecimal
//! ```

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use crowsnest_model::DeliveryId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// Keeps a link's signature apart from whatever else the same secret may sign.
const LABEL: &[u8] = b"crowsnest link 1";
const VERSION: char = '1';
const TAG: usize = 16;
/// How many characters an id has without its prefix.
const DIGITS: usize = 13;
/// The fewest bytes of a secret: 128 bits.
const SHORTEST: usize = 16;

/// What a link is for. A token for one purpose is worth nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To stop messages like this one.
    Unsubscribe,
    /// To see and change what one agreed to.
    Preferences,
    /// To say that a message was looked at.
    Open,
    /// To follow a link of a message. Its tokens are made by [`LinkSigner::link`] alone.
    Follow,
    /// An address to which servers return what they cannot deliver.
    Return,
    /// An address to which one writes to stop messages like this one.
    UnsubscribeByMail,
}

impl Purpose {
    fn byte(self) -> u8 {
        match self {
            Self::Unsubscribe => b'u',
            Self::Preferences => b'p',
            Self::Open => b'o',
            Self::Follow => b'c',
            Self::Return => b'r',
            Self::UnsubscribeByMail => b'm',
        }
    }
}

/// A secret that must not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret for links has {0} bytes: it needs at least {SHORTEST}, made at random")]
pub struct WeakSecret(usize);

/// Signs and checks links.
#[derive(Clone)]
pub struct LinkSigner {
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for LinkSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSigner(…)")
    }
}

impl LinkSigner {
    /// Signs with `secret`, which must have at least 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, WeakSecret> {
        if secret.len() < SHORTEST {
            return Err(WeakSecret(secret.len()));
        }
        let mut keyed = Hmac::<Sha256>::new_from_slice(secret).map_err(|_| WeakSecret(secret.len()))?;
        keyed.update(LABEL);
        Ok(Self { keyed })
    }

    /// The token of a link for one delivery: 33 characters that may stand in a URL as they are.
    pub fn token(&self, purpose: Purpose, delivery: DeliveryId) -> String {
        self.seal(purpose, delivery, "")
    }

    /// The delivery of a token that this signer made for this purpose; `None` for anything else.
    pub fn verify(&self, purpose: Purpose, token: &str) -> Option<DeliveryId> {
        self.unseal(purpose, token).filter(|(_, url)| url.is_empty()).map(|(delivery, _)| delivery)
    }

    /// The token of a link of one delivery that leads to `url`.
    pub fn link(&self, delivery: DeliveryId, url: &str) -> String {
        self.seal(Purpose::Follow, delivery, url)
    }

    /// The delivery of a token that [`Self::link`] made, and where it leads; `None` for anything else.
    pub fn follow(&self, token: &str) -> Option<(DeliveryId, String)> {
        self.unseal(Purpose::Follow, token).filter(|(_, url)| !url.is_empty())
    }

    fn seal(&self, purpose: Purpose, delivery: DeliveryId, url: &str) -> String {
        let mut bytes = Vec::with_capacity(8 + TAG + url.len());
        bytes.extend_from_slice(&delivery.0.to_be_bytes());
        bytes.extend_from_slice(&self.tag(purpose, delivery, url.as_bytes()));
        bytes.extend_from_slice(url.as_bytes());
        format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    fn unseal(&self, purpose: Purpose, token: &str) -> Option<(DeliveryId, String)> {
        let encoded = token.strip_prefix(VERSION)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let (id, rest) = bytes.split_first_chunk::<8>()?;
        let (tag, url) = rest.split_first_chunk::<TAG>()?;
        let delivery = DeliveryId(u64::from_be_bytes(*id));
        if !bool::from(self.tag(purpose, delivery, url).ct_eq(tag)) {
            return None;
        }
        Some((delivery, String::from_utf8(url.to_vec()).ok()?))
    }

    /// The token of an address that belongs to one delivery: 46 characters, which may be read in any case.
    pub fn address_token(&self, purpose: Purpose, delivery: DeliveryId) -> String {
        let id = delivery.to_string();
        let digits = id.rsplit('_').next().unwrap_or_default();
        let tag: String = self.tag(purpose, delivery, b"").iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{VERSION}{digits}{tag}")
    }

    /// The delivery of an address's token that this signer made for this purpose; `None` for anything else.
    pub fn verify_address(&self, purpose: Purpose, token: &str) -> Option<DeliveryId> {
        let token = token.to_ascii_lowercase();
        let digits = token.strip_prefix(VERSION)?.get(..DIGITS)?;
        let delivery: DeliveryId = format!("{}_{digits}", DeliveryId::PREFIX).parse().ok()?;
        let ours = self.address_token(purpose, delivery);
        bool::from(ours.as_bytes().ct_eq(token.as_bytes())).then_some(delivery)
    }

    fn tag(&self, purpose: Purpose, delivery: DeliveryId, url: &[u8]) -> [u8; TAG] {
        let mut mac = self.keyed.clone();
        mac.update(&[purpose.byte()]);
        mac.update(&delivery.0.to_be_bytes());
        mac.update(url);
        let full = mac.finalize().into_bytes();
        let mut tag = [0; TAG];
        for (place, byte) in tag.iter_mut().zip(full) {
            *place = byte;
        }
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> LinkSigner {
        LinkSigner::new(b"0123456789abcdef").unwrap()
    }

    #[test]
    fn a_token_is_good_for_its_own_purpose_and_secret_only() {
        let id = DeliveryId(0x0123_4567_89ab_cdef);
        let token = signer().token(Purpose::Unsubscribe, id);
        assert_eq!(signer().verify(Purpose::Unsubscribe, &token), Some(id));
        assert_eq!(signer().verify(Purpose::Preferences, &token), None);
        let other = LinkSigner::new(b"another secret of some length").unwrap();
        assert_eq!(other.verify(Purpose::Unsubscribe, &token), None);
    }

    #[test]
    fn the_format_of_links_in_mail_that_was_sent_stays() {
        let token = signer().token(Purpose::Preferences, DeliveryId(1));
        insta::assert_snapshot!(token, @"1AAAAAAAAAAGwFwy4aGphAfdGgX63eGsJ");
    }

    #[test]
    fn a_link_leads_where_it_was_made_to_lead_and_nowhere_else() {
        let (id, url) = (DeliveryId(7), "https://shop.example/boats?a=1&b=ä");
        let token = signer().link(id, url);
        assert_eq!(signer().follow(&token), Some((id, url.to_owned())));
        insta::assert_snapshot!(signer().link(DeliveryId(1), "https://a.example/"), @"1AAAAAAAAAAH9S-mQXHvY2Byy-8TyHIGOaHR0cHM6Ly9hLmV4YW1wbGUv");
        for place in 0..token.len() {
            let mut changed: Vec<char> = token.chars().collect();
            changed[place] = if changed[place] == 'A' { 'B' } else { 'A' };
            assert_eq!(signer().follow(&changed.into_iter().collect::<String>()), None, "{place}");
        }
        // The signature of one delivery, or of no URL, is worth nothing on another one.
        let other = URL_SAFE_NO_PAD.decode(&signer().link(id, "https://evil.example/")[1..]).unwrap();
        let mut mixed = URL_SAFE_NO_PAD.decode(&token[1..]).unwrap();
        mixed.truncate(8 + TAG);
        mixed.extend_from_slice(&other[8 + TAG..]);
        assert_eq!(signer().follow(&format!("1{}", URL_SAFE_NO_PAD.encode(mixed))), None);
        for purpose in [Purpose::Unsubscribe, Purpose::Preferences, Purpose::Open, Purpose::Follow] {
            assert_eq!(signer().follow(&signer().token(purpose, id)), None);
            assert_eq!(signer().verify(purpose, &token), None);
        }
    }

    #[test]
    fn whatever_is_changed_in_a_token_it_is_refused() {
        let token = signer().token(Purpose::Unsubscribe, DeliveryId(7));
        for place in 0..token.len() {
            for letter in ['A', 'b', '0', '_', '=', ' '] {
                let mut changed: Vec<char> = token.chars().collect();
                if changed[place] == letter {
                    continue;
                }
                changed[place] = letter;
                let changed: String = changed.into_iter().collect();
                assert_eq!(signer().verify(Purpose::Unsubscribe, &changed), None, "{changed}");
            }
        }
        for foreign in ["", "1", "2", "é", "1é", &token[..32], &format!("{token}A"), "../../etc/passwd"] {
            assert_eq!(signer().verify(Purpose::Unsubscribe, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn an_address_survives_servers_that_change_its_case_and_nothing_else() {
        let id = DeliveryId(0x0123_4567_89ab_cdef);
        let token = signer().address_token(Purpose::Return, id);
        assert_eq!(token.len(), 46);
        assert!(token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{token}");
        assert_eq!(signer().verify_address(Purpose::Return, &token), Some(id));
        assert_eq!(signer().verify_address(Purpose::Return, &token.to_uppercase()), Some(id));
        assert_eq!(signer().verify_address(Purpose::UnsubscribeByMail, &token), None);
        assert_eq!(signer().verify(Purpose::Return, &token), None);
        for place in 0..token.len() {
            let mut changed: Vec<char> = token.chars().collect();
            changed[place] = if changed[place] == '0' { '1' } else { '0' };
            let changed: String = changed.into_iter().collect();
            assert_eq!(signer().verify_address(Purpose::Return, &changed), None, "{changed}");
        }
        for foreign in
            ["", "1", "é", "1éééééééééééééé", &token[..45], &format!("{token}0"), &format!("{token}é")]
        {
            assert_eq!(signer().verify_address(Purpose::Return, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_format_of_addresses_in_mail_that_was_sent_stays() {
        let token = signer().address_token(Purpose::Return, DeliveryId(1));
        insta::assert_snapshot!(token, @"10000000000001f0fbb97195ef2aabe379ce592a632f9f");
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(LinkSigner::new(b"").is_err());
        assert!(LinkSigner::new(b"0123456789abcde").is_err());
    }
}
