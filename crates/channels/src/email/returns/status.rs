//! What servers mean by their codes (RFC 3463 and the registry that goes with it).

/// An enhanced status code: `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status {
    class: u16,
    subject: u16,
    detail: u16,
}

impl Status {
    /// Of a text that begins with one.
    pub(super) fn at(text: &str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let code = text.get(..end)?.trim_end_matches('.');
        let mut numbers = code.split('.').map(|number| match number.len() {
            1..=3 => number.parse::<u16>().ok(),
            _ => None,
        });
        let status = Self { class: numbers.next()??, subject: numbers.next()??, detail: numbers.next()?? };
        (numbers.next().is_none() && matches!(status.class, 2 | 4 | 5)).then_some(status)
    }

    /// Of a server's answer: the first that stands right behind a code of three digits, as in `550 5.1.1 …` or `550-5.1.1 …`.
    pub(super) fn in_answer(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        (0..bytes.len()).find_map(|at| {
            let code = bytes.get(at..at + 3)?;
            let alone = at
                .checked_sub(1)
                .and_then(|before| bytes.get(before))
                .is_none_or(|before| !before.is_ascii_alphanumeric() && *before != b'.');
            if !alone || !matches!(code.first(), Some(b'4' | b'5')) || !code.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let rest = text.get(at + 3..)?;
            let status = rest.trim_start_matches([' ', '-', '#', '(']);
            if status.len() == rest.len() {
                return None;
            }
            Self::at(status).filter(|status| Some(&(b'0' + status.class as u8)) == code.first())
        })
    }

    /// Whether it says more than that something failed.
    fn is_particular(self) -> bool {
        (self.subject, self.detail) != (0, 0)
    }

    /// Whether there is no such mailbox, and none to be expected: its name or its domain does not exist (1.1, 1.2, 1.3), it
    /// moved and left no address (1.6), its domain takes no mail (1.10), or it was closed (2.1).
    ///
    /// Nothing else is for good. 1.0 and 1.4 to 1.9 are of senders, or in doubt; a full mailbox (2.2), a domain that is not found
    /// today (4.4), and whatever is said of the message or of us (5, 6, 7) may pass.
    fn is_nobody(self) -> bool {
        self.class == 5 && matches!((self.subject, self.detail), (1, 1 | 2 | 3 | 6 | 10) | (2, 1))
    }
}

/// Whether all that the codes of a failure say is that there is no such mailbox. `status` is the code of the report, if there is
/// one, and `answer` what the other server answered. In doubt it is not: then the address is tried again.
pub(super) fn is_for_good(status: Option<Status>, answer: &str) -> bool {
    let mut said =
        [status, Status::in_answer(answer)].into_iter().flatten().filter(|code| code.is_particular());
    said.next().is_some_and(Status::is_nobody) && said.all(Status::is_nobody)
}

/// Whether a server that refused a message said that there is no such mailbox, by the same rules as for mail that bounced.
pub fn reaches_nobody(answer: &str) -> bool {
    is_for_good(None, answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_good_is_what_the_codes_say_beyond_doubt() {
        for (status, answer, expected) in [
            ("5.1.1", "550 5.1.1 <ann@x.example>: user unknown", true),
            ("5.1.1", "", true),
            ("", "550-5.1.1 The email account that you tried to reach does not exist.", true),
            ("5.0.0", "smtp; 550 5.1.1 no such user", true),
            ("5.0.0", "550 #5.1.1 no such user", true),
            ("5.0.0", "550 no such user", false),
            ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", true),
            ("5.1.2", "Host not found", true),
            ("5.2.1", "550 5.2.1 The email account is disabled", true),
            ("5.2.2", "552 5.2.2 mailbox full", false),
            ("5.4.4", "no host", false),
            ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", false),
            ("5.7.1", "550 5.7.1 spam", false),
            ("5.1.1", "550 5.7.1 spam", false),
            ("5.1.8", "550 5.1.8 sender address rejected", false),
            ("4.1.1", "450 4.1.1 greylisted", false),
            ("4.4.7", "expired", false),
            ("", "550 blocked: 5.1.1.23 is on a list", false),
            ("", "250 5.1.1", false),
            ("", "connection from 10.550 5.1.1", false),
            ("", "450 5.1.1", false),
            ("", "550 5.1.1111111111111", false),
            ("", "550 5.é", false),
            ("", "", false),
        ] {
            assert_eq!(is_for_good(Status::at(status), answer), expected, "{status} / {answer}");
        }
    }
}
