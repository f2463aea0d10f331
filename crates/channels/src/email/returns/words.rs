//! What people and their machines write in subjects, in the languages in which it is known here: English, German, French, Spanish,
//! Italian and Dutch. What people write who want nothing more is in [`crate::words`].

use crate::words::{folded, says_only_stop};

/// How the subjects of notes begin that a machine writes while somebody is away.
const AWAY: [&str; 30] = [
    "out of office",
    "out of the office",
    "automatic reply",
    "automatic response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "on vacation",
    "vacation reply",
    "automatische antwort",
    "abwesenheit",
    "abwesend",
    "ich bin nicht im büro",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "absent du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "ausencia de la oficina",
    "risposta automatica",
    "fuori ufficio",
    "assente dall'ufficio",
    "automatisch antwoord",
    "afwezig",
    "niet aanwezig",
];

/// What mail servers write above what they return without the form of a report.
const RETURNED: [&str; 12] = [
    "undeliver",
    "undelivered mail",
    "mail delivery fail",
    "delivery fail",
    "delivery status notification",
    "failure notice",
    "returned mail",
    "mail delivery system",
    "unzustellbar",
    "mail system error",
    "nicht zustellbar",
    "non remis",
];

/// How a subject begins that answers another.
const ANSWERS: [&str; 6] = ["re:", "aw:", "antw:", "antwort:", "rif:", "rv:"];

pub(super) fn is_away(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    AWAY.iter().any(|begins| subject.starts_with(begins))
}

pub(super) fn is_returned(subject: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    RETURNED.iter().any(|begins| subject.starts_with(begins))
}

/// Whether a reply says that nothing more is wanted: by a subject of its own, or by the first line that is its writer's.
pub(super) fn says_stop(subject: &str, text: &str) -> bool {
    let subject = subject.trim().to_lowercase();
    let own = !ANSWERS.iter().any(|begins| subject.starts_with(begins));
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    // What is quoted is not theirs.
    let theirs = if first.starts_with('>') { "" } else { first };
    own && says_only_stop(&folded(&subject)) || says_only_stop(&folded(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_says_nothing_else_says_stop() {
        for (subject, text, expected) in [
            ("unsubscribe", "", true),
            ("Abmelden!", "Hello", true),
            ("Re: Spring offers", "\r\n  STOP.\r\n> Spring offers", true),
            ("Re: Spring offers", "Désabonnement\n", true),
            ("Re: Spring offers", "Darme de baja, por favor", true),
            ("Re: Spring offers", "> unsubscribe", false),
            ("Re: Stop", "How much is it?", false),
            ("Re: Spring offers", "How do I stop the engine?", false),
            ("Re: Spring offers", "Thanks\n> unsubscribe", false),
            ("", "", false),
        ] {
            assert_eq!(says_stop(subject, text), expected, "{subject} / {text}");
        }
    }
}
