//! What people write who want nothing more, on whichever channel, in the languages in which it is known here.
//!
//! Everything is compared folded: in small letters, without accents and apostrophes, and with one blank between words.

use crowsnest_model::definition::Language;
use deunicode::deunicode_char;

/// The words of one language. They stand here folded.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) language: Language,
    /// What says stop where it is all that a line or a sentence says.
    pub(crate) stop: &'static [&'static str],
    /// What says stop only where it is all of a text message: too common elsewhere.
    pub(crate) stop_alone: &'static [&'static str],
    /// What says stop wherever it stands in a text message, unless it is denied.
    pub(crate) stop_anywhere: &'static [&'static str],
    /// What denies it, right before it.
    pub(crate) denials: &'static [&'static str],
    /// What says start where it is all of a text message.
    pub(crate) start: &'static [&'static str],
    /// What asks for help where it is all of a text message.
    pub(crate) help: &'static [&'static str],
    /// What may stand beside any of them and says nothing.
    pub(crate) polite: &'static [&'static str],
}

/// All of them, in the order of [`Language`].
#[rustfmt::skip]
pub(crate) const WORDS: [Words; 8] = [
    Words {
        language: Language::De,
        stop: &[
            "stopp", "stop", "abmelden", "abbestellen", "austragen", "newsletter abbestellen", "newsletter abmelden",
            "abbestellung", "abmeldung", "widerruf", "keine sms mehr", "keine nachrichten mehr",
        ],
        stop_alone: &["ende", "aufhoren", "schluss", "kundigen", "widerrufe"],
        stop_anywhere: &[
            "keine sms mehr", "keine nachrichten mehr", "keine werbung mehr", "nicht mehr schreiben", "nicht mehr anschreiben",
            "schreiben sie mir nicht mehr", "schreibt mir nicht mehr", "schreib mir nicht mehr", "lasst mich in ruhe",
            "lassen sie mich in ruhe", "lass mich in ruhe", "hort auf mir zu schreiben", "horen sie auf mir zu schreiben",
            "hor auf mir zu schreiben", "meine nummer loschen", "loschen sie meine nummer", "loscht meine nummer",
            "aus dem verteiler", "von der liste streichen", "melden sie mich ab", "meldet mich ab",
        ],
        denials: &["nicht", "nie", "warum", "bitte nicht"],
        start: &["start", "starten", "anmelden"],
        help: &["hilfe", "info", "help"],
        polite: &["bitte", "danke", "hallo", "hi", "ok", "jetzt", "sofort", "vielen dank", "mich", "guten tag"],
    },
    Words {
        language: Language::En,
        stop: &[
            "stop", "stopall", "stop all", "unsubscribe", "unsubscribe me", "remove me", "remove", "opt out", "optout",
            "opt me out", "revoke", "take me off your list", "stop mailing me", "stop it", "stop this",
        ],
        stop_alone: &["end", "quit", "cancel", "no more", "go away"],
        stop_anywhere: &[
            "stop texting", "stop messaging", "stop sending me", "stop sending these", "stop contacting", "stop these texts",
            "stop these messages", "stop the texts", "stop the messages", "stop all texts", "stop all messages", "stop bothering me",
            "stop spamming", "quit texting", "quit messaging", "dont text me", "do not text me", "dont message me",
            "do not message me", "dont contact me", "do not contact me", "dont send me", "do not send me", "dont text this number",
            "do not text this number", "never text me", "never contact me", "no more texts", "no more messages",
            "no more text messages", "leave me alone", "remove me from", "remove my number", "remove this number",
            "take me off", "take my number off", "delete my number", "lose my number", "unsubscribe me", "opt me out",
            "want to unsubscribe", "want to opt out", "like to unsubscribe", "like to opt out", "wish to unsubscribe",
            "revoke my consent", "i revoke consent", "dont want any more texts", "dont want to receive", "do not want to receive",
            "dont want these texts", "dont want these messages", "do not want these", "not want any more texts",
        ],
        denials: &[
            "dont", "do not", "not", "never", "cant", "cannot", "wont", "did you", "why did you", "didnt", "to not",
        ],
        start: &["start", "unstop", "subscribe", "resubscribe", "opt in", "optin"],
        help: &["help", "info"],
        polite: &[
            "please", "pls", "plz", "thanks", "thank you", "thx", "hi", "hello", "hey", "ok", "okay", "now", "just", "yes", "guys",
            "already", "immediately", "right now", "sorry", "no", "kindly", "can you", "could you", "would you", "can you please",
            "sir", "maam", "today",
        ],
    },
    Words {
        language: Language::Es,
        stop: &[
            "baja", "darme de baja", "dar de baja", "de baja", "deme de baja", "dame de baja", "cancelar suscripcion", "parar",
            "alto", "no mas mensajes", "stop",
        ],
        stop_alone: &["cancelar", "fin", "basta", "salir"],
        stop_anywhere: &[
            "no me escriban", "no me escriba mas", "no me escribas mas", "no me manden mas", "no me mande mas", "no me envien mas",
            "no me envie mas", "no mas mensajes", "dejen de escribirme", "deje de escribirme", "deja de escribirme",
            "dejen de mandarme", "dejen de enviarme", "dejenme en paz", "dejame en paz", "borren mi numero", "borre mi numero",
            "quiero darme de baja", "denme de baja", "no quiero recibir mas", "no quiero mas mensajes",
        ],
        denials: &["por que"],
        start: &["start", "inicio", "iniciar", "empezar", "alta"],
        help: &["ayuda", "info", "help"],
        polite: &["por favor", "gracias", "hola", "ok", "ya", "ahora", "buenos dias"],
    },
    Words {
        language: Language::Fr,
        stop: &[
            "stop", "arret", "arreter", "desabonner", "me desabonner", "se desabonner", "desabonnement", "desinscription",
            "me desinscrire", "desinscrire", "desabonnez moi", "desinscrivez moi",
        ],
        stop_alone: &["fin", "annuler", "quitter"],
        stop_anywhere: &[
            "plus de sms", "plus de messages", "ne mecrivez plus", "ne menvoyez plus", "ne me contactez plus", "arretez de mecrire",
            "arretez de menvoyer", "arretez de me contacter", "laissez moi tranquille", "supprimez mon numero",
            "retirez moi de", "enlevez moi de", "desabonnez moi", "desinscrivez moi", "je ne veux plus recevoir",
            "je veux me desabonner",
        ],
        denials: &["pourquoi"],
        start: &["start", "debut", "commencer"],
        help: &["aide", "info", "help"],
        polite: &["svp", "stp", "sil vous plait", "merci", "bonjour", "ok", "maintenant", "salut"],
    },
    Words {
        language: Language::It,
        stop: &[
            "stop", "cancellami", "cancellazione", "disiscrivimi", "disiscrizione", "annulla iscrizione", "disattiva", "cancellatemi",
        ],
        stop_alone: &["basta", "fine", "annulla", "esci", "ferma"],
        stop_anywhere: &[
            "non scrivetemi piu", "non scrivermi piu", "non mi scrivete piu", "non mandatemi piu", "non inviatemi piu",
            "basta messaggi", "basta sms", "smettete di scrivermi", "smettetela di scrivermi", "lasciatemi in pace",
            "cancellate il mio numero", "rimuovete il mio numero", "non voglio piu ricevere", "non voglio piu messaggi",
            "non contattatemi piu",
        ],
        denials: &["perche"],
        start: &["start", "inizia", "attiva"],
        help: &["aiuto", "info", "help"],
        polite: &["per favore", "per piacere", "grazie", "ciao", "ok", "adesso", "subito", "buongiorno"],
    },
    Words {
        language: Language::Nl,
        stop: &["stop", "afmelden", "uitschrijven", "stoppen", "geen sms meer", "geen berichten meer"],
        stop_alone: &["einde", "annuleren"],
        stop_anywhere: &[
            "geen sms meer", "geen smsjes meer", "geen berichten meer", "stuur me geen", "stuur mij geen", "sms me niet meer",
            "app me niet meer", "stop met sturen", "stop met sms", "stop met berichten", "laat me met rust", "laat mij met rust",
            "verwijder mijn nummer", "haal me van", "haal mij van", "wil me uitschrijven", "wil me afmelden",
            "schrijf me uit",
        ],
        denials: &["niet", "nooit", "waarom"],
        start: &["start", "starten", "aanmelden"],
        help: &["hulp", "info", "help"],
        polite: &["graag", "aub", "alstublieft", "alsjeblieft", "bedankt", "dank u", "hallo", "hoi", "ok", "nu"],
    },
    Words {
        language: Language::Pl,
        stop: &["stop", "wypisz", "wypisz mnie", "wypisac", "rezygnuje", "rezygnacja", "wypisuje sie"],
        stop_alone: &["koniec", "anuluj", "dosc"],
        stop_anywhere: &[
            "nie piszcie do mnie", "nie pisz do mnie", "prosze nie pisac", "nie wysylajcie mi", "nie wysylaj mi", "przestancie pisac",
            "przestan pisac", "przestancie wysylac", "dajcie mi spokoj", "daj mi spokoj", "usuncie moj numer", "usun moj numer",
            "wypiszcie mnie", "prosze mnie wypisac", "nie chce wiecej", "nie chce juz", "zadnych smsow wiecej",
        ],
        denials: &["dlaczego"],
        start: &["start", "wznow", "zapisz"],
        help: &["pomoc", "info", "help"],
        polite: &["prosze", "dziekuje", "dzieki", "czesc", "ok", "teraz", "dzien dobry"],
    },
    Words {
        language: Language::Pt,
        stop: &[
            "parar", "pare", "stop", "sair", "descadastrar", "cancelar inscricao", "remover", "remova me", "me remova",
        ],
        stop_alone: &["cancelar", "fim", "chega"],
        stop_anywhere: &[
            "nao me mande mais", "nao me mandem mais", "nao me envie mais", "nao me enviem mais", "nao mande mais", "nao envie mais",
            "nao me escreva mais", "parem de me mandar", "pare de me mandar", "parem de enviar", "pare de enviar",
            "parem de mandar", "me deixe em paz", "me deixem em paz", "deixem me em paz", "remova meu numero", "removam meu numero",
            "apague meu numero", "nao quero mais receber", "quero cancelar a inscricao",
        ],
        denials: &["por que"],
        start: &["start", "iniciar", "comecar"],
        help: &["ajuda", "info", "help"],
        polite: &["por favor", "obrigado", "obrigada", "ola", "oi", "ok", "agora", "bom dia"],
    },
];

/// A text as it is compared: `Please don’t — STOP!` is `please dont stop`.
pub(crate) fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\'' | '’' | '‘' | '`' | '´' => {}
            // Letters of our alphabet lose their accents, those of others stay what they are.
            _ if c.is_alphabetic() => match deunicode_char(c).filter(|_| is_latin(c)) {
                Some(known) => plain.push_str(known),
                None => plain.push(c),
            },
            _ if c.is_alphanumeric() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    let plain = plain.to_lowercase();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_latin(c: char) -> bool {
    c <= '\u{24f}' || ('\u{1e00}'..='\u{1eff}').contains(&c)
}

/// Whether a folded line says nothing but stop, in any language.
pub(crate) fn says_only_stop(line: &str) -> bool {
    WORDS.iter().any(|words| words.is_only(line, words.stop))
}

impl Words {
    /// Whether a folded text is one of these, but for what is polite around it.
    pub(crate) fn is_only(&self, text: &str, these: &[&str]) -> bool {
        let mut text = text;
        loop {
            if these.contains(&text) {
                return true;
            }
            let shorter = self.polite.iter().find_map(|polite| {
                let first = text.strip_prefix(polite).and_then(|rest| rest.strip_prefix(' '));
                first.or_else(|| text.strip_suffix(polite).and_then(|rest| rest.strip_suffix(' ')))
            });
            match shorter {
                Some(rest) => text = rest,
                None => return false,
            }
        }
    }

    /// Whether a folded text has one of [`Words::stop_anywhere`] that nothing denies.
    pub(crate) fn asks_to_stop(&self, text: &str) -> bool {
        let padded = format!(" {text} ");
        self.stop_anywhere.iter().any(|phrase| {
            padded.match_indices(&format!(" {phrase} ")).any(|(at, _)| {
                let before = padded.get(..at).unwrap_or_default();
                !self.denials.iter().any(|denial| before.ends_with(&format!(" {denial}")))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_as_they_are_compared() {
        for words in &WORDS {
            let lists = [
                words.stop,
                words.stop_alone,
                words.stop_anywhere,
                words.denials,
                words.start,
                words.help,
                words.polite,
            ];
            for word in lists.into_iter().flatten() {
                assert_eq!(folded(word), *word, "{:?}", words.language);
            }
        }
        assert!(WORDS.is_sorted_by_key(|words| words.language));
    }

    #[test]
    fn folding_leaves_letters_and_digits() {
        for (text, expected) in [
            ("  Please DON’T — Stop!! 🙏", "please dont stop"),
            ("Désabonnez-moi, s'il vous plaît", "desabonnez moi sil vous plait"),
            ("HÖRT auf; Straße", "hort auf strasse"),
            ("стоп 停", "стоп 停"),
            ("", ""),
        ] {
            assert_eq!(folded(text), expected);
        }
    }
}
