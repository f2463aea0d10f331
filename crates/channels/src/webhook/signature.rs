//! Signatures by the Standard Webhooks specification, version 1: HMAC-SHA256 over `id.timestamp.body`.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret may have, by the specification.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A text that is no secret to sign with. It is not repeated here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not `whsec_` and base64.
    #[error("is not a secret: expected `whsec_` and base64")]
    Form,
    /// Too weak, or longer than receivers take.
    #[error("has {0} bytes: expected 24 to 64, made at random")]
    Length(usize),
}

/// Signs posts.
#[derive(Clone)]
pub struct Signer {
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(…)")
    }
}

impl Signer {
    /// With a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
    pub fn new(secret: &str) -> Result<Self, SecretError> {
        let encoded = secret.trim().strip_prefix(PREFIX).ok_or(SecretError::Form)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::Form)?;
        if !BYTES.contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        let keyed = Hmac::<Sha256>::new_from_slice(&bytes).map_err(|_| SecretError::Length(bytes.len()))?;
        Ok(Self { keyed })
    }

    /// The value of `webhook-signature` for a post with this id at this moment, in seconds since 1970.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut mac = self.keyed.clone();
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the reference implementations that the specification publishes.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn the_published_example_has_the_published_signature() {
        let signer = Signer::new(SECRET).unwrap();
        let signature =
            signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_has_the_form_and_strength_of_the_specification() {
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_???"] {
            assert!(Signer::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Signer::new("whsec_c2VjcmV0").unwrap_err(), SecretError::Length(6));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        assert_eq!(Signer::new(&long).unwrap_err(), SecretError::Length(65));
        assert_eq!(format!("{:?}", Signer::new(SECRET).unwrap()), "Signer(…)");
    }
}
