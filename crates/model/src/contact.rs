//! Contact points in one spelling: e-mail addresses and telephone numbers.

use unicode_normalization::UnicodeNormalization;

/// Why a text is not a contact point, in words that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContactError {
    /// Not an address.
    #[error("is not an e-mail address: {0}")]
    Email(&'static str),
    /// Not a telephone number.
    #[error("is not a telephone number{0}")]
    Phone(String),
    /// The country is not an ISO 3166 code that has telephone numbers.
    #[error("`{0}` is not a country: expected an ISO 3166 code of two letters, such as US")]
    Country(String),
}

/// An e-mail address in lower case and NFC, without spaces around it.
///
/// The local part is lowered too: RFC 5321 lets it be case-sensitive, but no provider of note treats it so, and two
/// spellings of one mailbox must not become two people.
pub fn email(text: &str) -> Result<String, ContactError> {
    let text = text.trim();
    let text = text.strip_prefix("mailto:").unwrap_or(text);
    let address: String = text.nfc().flat_map(char::to_lowercase).collect();
    if address.len() > 254 {
        return Err(ContactError::Email("longer than 254 bytes"));
    }
    let (local, domain) = address.rsplit_once('@').ok_or(ContactError::Email("there is no @"))?;
    let bad = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')' | '\\')
    };
    if local.is_empty() || local.len() > 64 || local.contains(bad) || local.contains('@') {
        return Err(ContactError::Email(
            "the part before the @ is empty, too long or has a forbidden character",
        ));
    }
    let labels_fit = domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    });
    if !labels_fit || !domain.contains('.') {
        return Err(ContactError::Email("the part after the @ is not a domain"));
    }
    Ok(address)
}

/// Checks an ISO 3166 country code, such as `US`.
pub fn country(code: &str) -> Result<phonenumber::country::Id, ContactError> {
    code.trim()
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| ContactError::Country(code.chars().take(20).collect()))
}

/// A telephone number in E.164 (`+13125550142`). A number without a country code is taken as one of `default_country`.
pub fn phone(text: &str, default_country: Option<phonenumber::country::Id>) -> Result<String, ContactError> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if !(6..=20).contains(&digits) || text.len() > 60 {
        return Err(ContactError::Phone(": expected 6 to 20 digits".into()));
    }
    let number = phonenumber::parse(default_country, text.trim())
        .map_err(|error| ContactError::Phone(format!(": {error}")))?;
    // `possible` length only: ranges are opened faster than metadata is released, and a fictional or new number is
    // still the same person's number every time it comes.
    let national = number.national().value().to_string().len();
    if !(4..=14).contains(&national) {
        return Err(ContactError::Phone(": too short or too long for its country".into()));
    }
    Ok(number.format().mode(phonenumber::Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_spelling() {
        assert_eq!(email(" Ann.Lee@Example.COM ").as_deref(), Ok("ann.lee@example.com"));
        assert_eq!(email("mailto:a@b.co").as_deref(), Ok("a@b.co"));
        for bad in [
            "",
            "ann",
            "ann@",
            "@b.co",
            "a b@c.de",
            "a@b",
            "a@-b.co",
            "a@b..co",
            "a@b.co, c@d.ef",
            "a@b.co\r\nBcc: x@y.z",
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_become_e164() {
        let us = country("us").unwrap();
        assert_eq!(phone("(312) 555-0142", Some(us)).as_deref(), Ok("+13125550142"));
        assert_eq!(phone("+44 20 7946 0958", Some(us)).as_deref(), Ok("+442079460958"));
        for bad in ["", "12", "call me", "++++++", "123456789012345678901234"] {
            assert!(phone(bad, Some(us)).is_err(), "{bad}");
        }
        assert!(phone("312 555 0142", None).is_err(), "no country to take it for");
        for spelt in ["+13125550142", "+442079460958", "+4930123456"] {
            assert_eq!(phone(spelt, None).as_deref(), Ok(spelt), "what has its one spelling keeps it");
        }
        assert!(country("Atlantis").is_err());
    }
}
