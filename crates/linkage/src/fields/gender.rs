//! Gender, as forms and systems write it.

use super::{Customs, Value, text::fold, value::Parts};

/// Reads a gender; ISO 5218's 0 and 9 say that nothing is known.
pub(crate) fn read(raw: &str, customs: &Customs) -> Option<Value> {
    let folded = fold(raw);
    let word = folded.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let clean = match word {
        "m" if customs.mujer => "female",
        "v" if customs.mujer => "male",
        "m" | "male" | "man" | "mann" | "maennlich" | "mannlich" | "herr" | "herrn" | "mr" | "mister"
        | "boy" | "1" | "1.0" | "h" | "homme" | "hombre" | "masculin" | "masculino" | "maschio"
        | "maschile" | "monsieur" | "senor" | "sig" | "dhr" | "heer" | "mannelijk" | "varon" | "mand"
        | "masculine" | "sir" => "male",
        "f" | "female" | "woman" | "frau" | "weiblich" | "w" | "mrs" | "ms" | "miss" | "girl" | "2"
        | "2.0" | "femme" | "feminin" | "femenino" | "feminine" | "mujer" | "femmina" | "femminile"
        | "madame" | "mme" | "mlle" | "sra" | "senora" | "v" | "vrouw" | "vrouwelijk" | "mevr"
        | "mevrouw" | "mw" | "k" | "kobieta" | "kvinna" | "kvinde" | "donna" | "signora" => "female",
        "x" | "d" | "divers" | "diverse" | "other" | "nb" | "non binary" | "non-binary" | "nonbinary"
        | "mx" | "autre" | "otro" | "altro" | "anders" => "other",
        _ => return None,
    };
    Some(Value { clean: clean.into(), parts: Parts::Text { plain: 0 } })
}
