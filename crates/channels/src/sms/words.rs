//! What people mean who answer a text.

use crate::words::{WORDS, Words, folded};
use crowsnest_model::definition::Language;

/// What somebody wants who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing more.
    Stop,
    /// Texts again.
    Start,
    /// To know who we are and how to stop.
    Help,
}

/// What a text asks for in one of these languages, or in English, whose words everybody is told; nothing when it is a text like
/// any other.
///
/// Stopping goes first, and is understood in plain sentences too: a text too many is worse than one too few.
pub fn wanted(text: &str, languages: &[Language]) -> Option<Wanted> {
    let whole = folded(text);
    let known: Vec<&Words> = WORDS
        .iter()
        .filter(|words| words.language == Language::En || languages.contains(&words.language))
        .collect();
    let any = |test: &dyn Fn(&Words) -> bool| known.iter().any(|words| test(words));
    let only = |pick: fn(&Words) -> &'static [&'static str]| any(&|words| words.is_only(&whole, pick(words)));
    if only(|words| words.stop) || only(|words| words.stop_alone) {
        return Some(Wanted::Stop);
    }
    // A question among other sentences is none of these: "Why did you stop?".
    let sentence_stops = sentences(text).any(|sentence| any(&|words| words.is_only(&sentence, words.stop)));
    if sentence_stops || any(&|words| words.asks_to_stop(&whole)) {
        return Some(Wanted::Stop);
    }
    if only(|words| words.start) {
        return Some(Wanted::Start);
    }
    only(|words| words.help).then_some(Wanted::Help)
}

/// The sentences of a text, folded, without questions.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    text.split_inclusive(['.', '!', '?', ';', '\n'])
        .filter(|sentence| !sentence.ends_with('?'))
        .map(folded)
        .filter(|sentence| !sentence.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{De, En, Es, Fr, It, Nl, Pl, Pt};

    #[track_caller]
    fn all(languages: &[Language], texts: &[&str], expected: Option<Wanted>) {
        for text in texts {
            assert_eq!(wanted(text, languages), expected, "{text}");
        }
    }

    #[test]
    fn the_words_that_everybody_is_told_stop_in_every_language() {
        let words = [
            "STOP",
            "stop",
            "Stop.",
            " STOP! ",
            "quit",
            "END",
            "Revoke",
            "OPT OUT",
            "opt-out",
            "OptOut",
            "cancel",
            "UNSUBSCRIBE",
            "stopall",
            "Stop all",
            "STOP 🛑",
            "'stop'",
        ];
        all(&[En], &words, Some(Wanted::Stop));
        all(&[De], &words, Some(Wanted::Stop));
        all(&[], &words, Some(Wanted::Stop));
    }

    #[test]
    fn plain_language_stops() {
        all(
            &[En],
            &[
                "please don't text me again",
                "Please don’t text me again!",
                "PLEASE DO NOT TEXT ME",
                "stop texting me",
                "Can you stop texting me?",
                "I want you to stop texting me",
                "leave me alone",
                "Just leave me alone already",
                "remove me from your list",
                "Please remove me from this list, thanks",
                "Take me off your list",
                "take my number off your list",
                "no more texts please",
                "Hi, I'd like to unsubscribe",
                "I don't want to receive these messages any more",
                "stop please",
                "Please stop",
                "ok stop",
                "STOP now",
                "Stop. I already bought a car.",
                "I have bought one elsewhere. Please stop.",
                "STOP\nSent from my phone",
                "I revoke my consent",
                "unsubscribe me please",
                "lose my number",
                "Stop it",
            ],
            Some(Wanted::Stop),
        );
        all(
            &[De],
            &[
                "Bitte schreibt mir nicht mehr",
                "Keine SMS mehr!",
                "Stopp",
                "Bitte abmelden",
                "ABMELDEN",
                "Lassen Sie mich in Ruhe.",
                "Löschen Sie meine Nummer",
                "Hört auf, mir zu schreiben",
                "Schluss",
            ],
            Some(Wanted::Stop),
        );
        all(
            &[Fr],
            &[
                "Arrêt",
                "ne m'écrivez plus",
                "Désabonnez-moi s'il vous plaît",
                "Plus de SMS merci",
                "STOP svp",
            ],
            Some(Wanted::Stop),
        );
        all(
            &[Es],
            &["BAJA", "No me escriban más", "Darme de baja, por favor", "Déjenme en paz", "parar"],
            Some(Wanted::Stop),
        );
        all(
            &[It],
            &["Basta!", "non scrivetemi più", "Lasciatemi in pace", "Cancellami, grazie"],
            Some(Wanted::Stop),
        );
        all(&[Nl], &["Afmelden aub", "stuur me geen berichten meer", "Laat me met rust"], Some(Wanted::Stop));
        all(
            &[Pl],
            &["Wypisz mnie", "Proszę nie piszcie do mnie", "dajcie mi spokój", "usuńcie mój numer"],
            Some(Wanted::Stop),
        );
        all(
            &[Pt],
            &["Sair", "não me mandem mais mensagens", "Parem de me mandar isso", "Remova meu número"],
            Some(Wanted::Stop),
        );
    }

    #[test]
    fn what_only_sounds_like_it_does_not_stop() {
        all(
            &[En],
            &[
                "don't stop",
                "Don't stop texting me, I love these",
                "please do not stop texting me",
                "Why did you stop texting me?",
                "I can't stop laughing",
                "when does the sale end?",
                "Does the offer end on Friday?",
                "Can I stop by tomorrow at 5?",
                "stop by the garage",
                "Where is the bus stop",
                "cancel my appointment on Monday",
                "I want to cancel the test drive",
                "my kids won't leave me alone",
                "I need help with my brakes",
                "Can you help me",
                "start the car",
                "the engine will not start",
                "the end of the month is fine",
                "I quit smoking",
                "remove the roof rack please",
                "yes",
                "",
                "🚗",
                "Text me again next week",
            ],
            None,
        );
        all(
            &[De],
            &[
                "Nicht aufhören",
                "Wann ist das Angebot zu Ende?",
                "Ich komme am Ende der Woche",
                "Warum stoppt ihr das?",
            ],
            None,
        );
        // What is not spoken here is not understood.
        all(&[En], &["Bitte abmelden", "Basta!", "déjenme en paz"], None);
    }

    #[test]
    fn start_and_help_are_words_of_their_own() {
        all(&[En], &["START", "unstop", "Subscribe", "start please"], Some(Wanted::Start));
        all(&[En], &["HELP", "help!", "Info"], Some(Wanted::Help));
        all(&[De], &["Hilfe", "HELP", "Hilfe bitte"], Some(Wanted::Help));
        all(&[De], &["Anmelden", "START"], Some(Wanted::Start));
        all(&[Es], &["AYUDA"], Some(Wanted::Help));
    }
}
