//! DKIM: a message is from the domain that it names, and came as it was sent (RFC 6376; Ed25519 by RFC 8463).
//!
//! Only signing is here, since a sender needs no more; signatures are checked in the tests by a verifier of others. Headers
//! and body are signed relaxed, so that relays may fold lines and add blanks. Each header is named once more than it stands
//! there, so that nobody can add a second subject or sender (section 8.15).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{self, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use crowsnest_model::Time;
use sha2::{Digest, Sha256};
use std::{fmt, sync::Arc};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, pem::PemObject};

/// The headers that are signed, whether they are there or not.
const SIGNED: [&str; 12] = [
    "from",
    "reply-to",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-id",
    "feedback-id",
];

/// A key that cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a private key.
    #[error(
        "it is no private key in PEM: expected `-----BEGIN PRIVATE KEY-----`, as `openssl genpkey -algorithm RSA -pkeyopt \
         rsa_keygen_bits:2048` writes it"
    )]
    NoKey,
    /// A private key that receivers of mail do not know, or do not trust.
    #[error("it is a key that cannot sign mail ({0}): expected RSA of 2,048 to 4,096 bits, or Ed25519")]
    Unfit(String),
}

enum Pair {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

struct Key {
    domain: String,
    selector: String,
    pair: Pair,
    random: SystemRandom,
}

/// Signs messages in the name of a domain. Cheap to clone.
#[derive(Clone)]
pub struct DkimSigner {
    key: Arc<Key>,
}

impl fmt::Debug for DkimSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimSigner({})", self.record_name())
    }
}

impl DkimSigner {
    /// Signs for `domain` with a private key in PEM, whose public half stands in the DNS under `selector`.
    pub fn new(domain: &str, selector: &str, pem: &str) -> Result<Self, KeyError> {
        let unfit = |reason: aws_lc_rs::error::KeyRejected| KeyError::Unfit(reason.to_string());
        let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoKey)? {
            PrivateKeyDer::Pkcs1(key) => {
                Pair::Rsa(RsaKeyPair::from_der(key.secret_pkcs1_der()).map_err(unfit)?)
            }
            PrivateKeyDer::Pkcs8(key) => {
                let bytes = key.secret_pkcs8_der();
                match RsaKeyPair::from_pkcs8(bytes) {
                    Ok(pair) => Pair::Rsa(pair),
                    // OpenSSL leaves the public half out.
                    Err(rsa) => match Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes) {
                        Ok(pair) => Pair::Ed25519(pair),
                        Err(_) => return Err(unfit(rsa)),
                    },
                }
            }
            _ => return Err(KeyError::Unfit("an elliptic curve of another kind".to_owned())),
        };
        Ok(Self {
            key: Arc::new(Key {
                domain: domain.to_ascii_lowercase(),
                selector: selector.to_owned(),
                pair,
                random: SystemRandom::new(),
            }),
        })
    }

    /// The domain that signs.
    pub fn domain(&self) -> &str {
        &self.key.domain
    }

    /// Where in the DNS the public half has to stand: `selector._domainkey.domain`.
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.key.selector, self.key.domain)
    }

    /// What has to stand there, as a TXT record.
    pub fn record(&self) -> String {
        match &self.key.pair {
            Pair::Rsa(pair) => {
                format!("v=DKIM1; k=rsa; p={}", STANDARD.encode(public_key_info(pair.public_key().as_ref())))
            }
            Pair::Ed25519(pair) => {
                format!("v=DKIM1; k=ed25519; p={}", STANDARD.encode(pair.public_key().as_ref()))
            }
        }
    }

    /// The header that signs a message as of a moment, to be put in front of it. `None` when the message has no end of its
    /// headers, or the key refuses.
    pub fn sign(&self, message: &[u8], time: Time) -> Option<Vec<u8>> {
        let end = message.windows(4).position(|four| four == b"\r\n\r\n")?;
        let (head, body) = (message.get(..end + 2)?, message.get(end + 4..)?);
        let headers = unfolded(head);
        let mut names: Vec<&str> = Vec::new();
        let mut signed: Vec<u8> = Vec::with_capacity(head.len());
        for name in SIGNED {
            // From the last one up, as a verifier takes them; the one more finds none, and is empty.
            for (_, value) in headers.iter().rev().filter(|(found, _)| found == name) {
                signed.extend_from_slice(name.as_bytes());
                signed.push(b':');
                signed.extend_from_slice(value);
                signed.extend_from_slice(b"\r\n");
                names.push(name);
            }
            names.push(name);
        }
        let algorithm = match &self.key.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        };
        // Folded so that no line is longer than relays like.
        let header = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed; d={};\r\n s={}; t={};\r\n h={};\r\n bh={};\r\n b=",
            self.key.domain,
            self.key.selector,
            time.0.div_euclid(1_000),
            names.chunks(5).map(|some| some.join(":")).collect::<Vec<_>>().join(":\r\n "),
            STANDARD.encode(body_hash(body)),
        );
        let (_, own) = unfolded(format!("{header}\r\n").as_bytes()).pop()?;
        signed.extend_from_slice(b"dkim-signature:");
        signed.extend_from_slice(&own);
        let value = match &self.key.pair {
            Pair::Rsa(pair) => {
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &self.key.random, &signed, &mut bytes).ok()?;
                bytes
            }
            // What is signed is the hash, not the message (RFC 8463, section 3).
            Pair::Ed25519(pair) => pair.sign(&Sha256::digest(&signed)).as_ref().to_vec(),
        };
        let mut out = header.into_bytes();
        for (index, line) in STANDARD.encode(value).as_bytes().chunks(72).enumerate() {
            if index > 0 {
                out.extend_from_slice(b"\r\n ");
            }
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b"\r\n");
        Some(out)
    }
}

/// Headers with small names and relaxed values (section 3.4.2): unfolded, blanks as one, none at the ends.
fn unfolded(head: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    for line in head.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (value, folded) = match (line.first(), line.iter().position(|byte| *byte == b':')) {
            (Some(b' ' | b'\t'), _) => (line, true),
            (Some(_), Some(colon)) => {
                let name = String::from_utf8_lossy(&line[..colon]).trim_end().to_ascii_lowercase();
                headers.push((name, Vec::new()));
                (&line[colon + 1..], false)
            }
            _ => continue,
        };
        let Some((_, known)) = headers.last_mut() else { continue };
        let mut blank = folded;
        for byte in value {
            match byte {
                b' ' | b'\t' => blank = true,
                byte => {
                    if std::mem::take(&mut blank) && !known.is_empty() {
                        known.push(b' ');
                    }
                    known.push(*byte);
                }
            }
        }
    }
    headers
}

/// The hash of a body, relaxed (section 3.4.4): blanks as one, none at the ends of lines, no empty lines at the end.
fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut empty_lines = 0_usize;
    let mut line_relaxed: Vec<u8> = Vec::with_capacity(1_000);
    let mut lines = body.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // After the last line break there is no line.
        if lines.peek().is_none() && line.is_empty() {
            break;
        }
        line_relaxed.clear();
        let mut blank = false;
        for byte in line {
            match byte {
                b' ' | b'\t' => blank = true,
                byte => {
                    if std::mem::take(&mut blank) {
                        line_relaxed.push(b' ');
                    }
                    line_relaxed.push(*byte);
                }
            }
        }
        if line_relaxed.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            hash.update(b"\r\n");
        }
        hash.update(&line_relaxed);
        hash.update(b"\r\n");
    }
    hash.finalize().into()
}

/// A public RSA key as the DNS has it: with the name of its algorithm around it (SubjectPublicKeyInfo, RFC 5280).
fn public_key_info(key: &[u8]) -> Vec<u8> {
    /// The algorithm rsaEncryption, which has no parameters.
    const RSA: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    fn with_length(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len().to_be_bytes();
        let length = &length[length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1)..];
        let mut out = vec![tag];
        if content.len() >= 128 {
            out.push(0x80 | length.len() as u8);
        }
        out.extend_from_slice(length);
        out.extend_from_slice(content);
        out
    }
    let bits = [&[0][..], key].concat();
    with_length(0x30, &[&RSA[..], &with_length(0x03, &bits)].concat())
}
