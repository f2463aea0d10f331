//! What a gateway says of its own accord: signed forms, about texts of ours and about texts that people send.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use crowsnest_model::delivery::Feedback;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// The header of the signature.
pub const SIGNATURE: &str = "x-twilio-signature";

/// The gateway's codes for numbers at which no text will ever arrive: unknown, or of no mobile telephone.
const FOR_GOOD: [u32; 6] = [21_211, 21_214, 21_217, 21_614, 30_005, 30_006];

/// The fields of a form, each with its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, BTreeSet<String>>);

/// Signs forms with the account's token, and verifies signatures: an HMAC by SHA-1 over the address and all fields.
#[derive(Clone)]
pub struct Verifier(hmac::Key);

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(…)")
    }
}

impl Verifier {
    /// With the account's token.
    pub fn new(token: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes()))
    }

    /// The signature of a form at an address.
    pub fn sign(&self, url: &str, form: &Form) -> String {
        STANDARD.encode(hmac::sign(&self.0, form.signed(url).as_bytes()))
    }

    /// Whether a signature is that of this form at this address, compared in constant time.
    pub fn is_signed(&self, url: &str, form: &Form, signature: &str) -> bool {
        let Ok(tag) = STANDARD.decode(signature.trim()) else { return false };
        hmac::verify(&self.0, form.signed(url).as_bytes(), &tag).is_ok()
    }
}

impl Form {
    /// Of a body as browsers send it.
    pub fn parse(body: &[u8]) -> Self {
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            fields.entry(name.into_owned()).or_default().insert(value.into_owned());
        }
        Self(fields)
    }

    /// A value; nothing where there is none or an empty one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.first().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What is signed: the address, and after it each field with each of its values, in the order of bytes.
    fn signed(&self, url: &str) -> String {
        let mut signed = url.to_owned();
        for (name, values) in &self.0 {
            for value in values {
                signed.push_str(name);
                signed.push_str(value);
            }
        }
        signed
    }
}

/// A text that somebody sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The gateway's id of it.
    pub sid: String,
    /// Who sent it.
    pub from: String,
    /// The number of ours that it went to.
    pub to: String,
    /// What it says.
    pub text: String,
    /// What the gateway took it for and has answered itself: `STOP`, `START` or `HELP`.
    pub answered: Option<String>,
}

impl Inbound {
    /// Of a form; nothing when it is none of a text.
    pub fn of(form: &Form) -> Option<Self> {
        Some(Self {
            sid: form.get("MessageSid").or_else(|| form.get("SmsSid"))?.to_owned(),
            from: form.get("From")?.to_owned(),
            to: form.get("To").unwrap_or_default().to_owned(),
            text: form.get("Body").unwrap_or_default().to_owned(),
            answered: form.get("OptOutType").map(str::to_ascii_uppercase),
        })
    }
}

/// What became of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// The gateway has it, and does not know more yet.
    Taken(String),
    /// It arrived.
    Delivered,
    /// It did not, for good or for a reason that may pass.
    Undelivered {
        /// No text will ever arrive there.
        for_good: bool,
        /// The gateway's code and words.
        said: String,
    },
}

impl Became {
    /// Of a form; nothing when it says nothing that is known here.
    pub fn of(form: &Form) -> Option<Self> {
        let status = form.get("MessageStatus").or_else(|| form.get("SmsStatus"))?;
        Some(match status {
            "delivered" | "read" => Self::Delivered,
            "undelivered" | "failed" => {
                let code = form.get("ErrorCode").unwrap_or_default();
                let for_good = code.parse().is_ok_and(|code: u32| FOR_GOOD.contains(&code));
                let code = if code.is_empty() { String::new() } else { format!("{code}: ") };
                let words = form.get("ErrorMessage").map_or(String::new(), |words| format!(", {words}"));
                Self::Undelivered { for_good, said: format!("{code}{status}{words}") }
            }
            "accepted" | "queued" | "sending" | "sent" | "scheduled" => Self::Taken(status.to_owned()),
            _ => return None,
        })
    }

    /// What is heard of it, if anything.
    pub fn feedback(&self) -> Option<Feedback> {
        match self {
            Self::Taken(_) => None,
            Self::Delivered => Some(Feedback::Delivered),
            Self::Undelivered { for_good: true, .. } => Some(Feedback::BouncedForGood),
            Self::Undelivered { for_good: false, .. } => Some(Feedback::BouncedForNow),
        }
    }
}

/// What is answered to a text of somebody's: another one, or nothing. TwiML.
pub fn answer(text: Option<&str>) -> String {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    match text {
        None => format!("{HEAD}<Response></Response>"),
        Some(text) => {
            let mut escaped = String::with_capacity(text.len());
            for c in text.chars() {
                match c {
                    '&' => escaped.push_str("&amp;"),
                    '<' => escaped.push_str("&lt;"),
                    '>' => escaped.push_str("&gt;"),
                    // What XML cannot say is not said.
                    c if c.is_control() && !matches!(c, '\n' | '\t') => {}
                    c => escaped.push(c),
                }
            }
            format!("{HEAD}<Response><Message>{escaped}</Message></Response>")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the gateway's own documentation and libraries.
    #[test]
    fn the_published_example_has_the_published_signature() {
        let form = Form::parse(
            b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
        );
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let verifier = Verifier::new("12345");
        assert_eq!(verifier.sign(url, &form), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert!(verifier.is_signed(url, &form, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        assert!(!Verifier::new("12346").is_signed(url, &form, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        for (url, signature) in [
            ("https://mycompany.com/myapp.php?foo=1&bar=3", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (url, "RSOYDt4T1cUTdK1PDd93/VVr8B9="),
            (url, ""),
            (url, "no base64"),
        ] {
            assert!(!verifier.is_signed(url, &form, signature), "{url} {signature}");
        }
        let more = Form::parse(
            b"CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=12345&From=%2B14158675309&To=%2B18005551212",
        );
        assert!(!verifier.is_signed(url, &more, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        assert_eq!(format!("{verifier:?}"), "Verifier(…)");
    }

    #[test]
    fn what_became_of_a_text_is_read() {
        let became = |text: &str| Became::of(&Form::parse(text.as_bytes()));
        assert_eq!(became("MessageStatus=delivered"), Some(Became::Delivered));
        assert_eq!(became("MessageStatus=sent"), Some(Became::Taken("sent".into())));
        let undelivered = |for_good, said: &str| Some(Became::Undelivered { for_good, said: said.into() });
        assert_eq!(
            became("MessageStatus=undelivered&ErrorCode=30005"),
            undelivered(true, "30005: undelivered")
        );
        assert_eq!(became("MessageStatus=failed&ErrorCode=30003"), undelivered(false, "30003: failed"));
        assert_eq!(became("MessageStatus=failed"), undelivered(false, "failed"));
        assert_eq!(became("MessageStatus=strange"), None);
        assert_eq!(became(""), None);
    }

    #[test]
    fn an_answer_is_xml_whatever_it_says() {
        assert!(answer(None).ends_with("<Response></Response>"));
        let said = answer(Some("Tom & <Jerry>\u{1}\n"));
        assert!(
            said.ends_with("<Response><Message>Tom &amp; &lt;Jerry&gt;\n</Message></Response>"),
            "{said}"
        );
    }
}
