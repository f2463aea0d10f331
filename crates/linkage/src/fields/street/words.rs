//! The words of addresses: what a street is called by sort, what stands for a flat, for a post box, for a number.

use crate::fields::distance::within;
use crate::fields::text::Words;
use foldhash::fast::FixedState;
use std::{collections::HashMap, sync::LazyLock};

/// Abbreviations with a dot or stroke within, which would fall apart.
const FALLING_APART: &[(&str, &str)] = &[
    ("v.le ", "viale "),
    ("p.za ", "piazza "),
    ("p.zza ", "piazza "),
    ("c.so ", "corso "),
    ("l.go ", "largo "),
    ("c/o", "c.o "),
    ("c/ ", "calle "),
    ("p.o. ", "po "),
    ("p. o. ", "po "),
    (" s/n", " "),
    (" - ", "-"),
    (" / ", "/"),
];

/// The folded text with such abbreviations spelt out.
pub(super) fn spelt_out(folded: &str) -> String {
    let mut text = folded.to_owned();
    if !folded.contains(['.', '/']) && !folded.contains(" - ") {
        return text;
    }
    for (short, long) in FALLING_APART {
        if text.contains(short) {
            text = text.replace(short, long);
        }
    }
    match text.strip_prefix("c/") {
        Some(rest) => format!("calle {rest}"),
        None => text,
    }
}

/// Words of letters and digits. A number stays with what belongs to it (`12a`, `12-14`, `12/3`), and parts from a word that
/// it was written to (`Hauptstr12`).
pub(super) fn tokens(piece: &str, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    let bytes = piece.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let c = char::from(*byte);
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let numeric = word.starts_with(|c: char| c.is_ascii_digit());
        match c {
            '\'' | '`' => {}
            '-' | '/' | '+' if numeric && digit(at + 1) => word.push(if c == '-' { '-' } else { '/' }),
            _ if c.is_ascii_digit() && word.len() > 2 && !numeric => {
                all.push(std::mem::take(&mut word));
                word.push(c);
            }
            _ if c.is_ascii_alphanumeric() => word.push(c),
            _ => {
                if !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                }
                if c == '#' {
                    all.push("#".to_owned());
                }
            }
        }
        if all.len() >= most {
            return all;
        }
    }
    if !word.is_empty() {
        all.push(word);
    }
    all
}

/// Whether a piece of an address says at whose place, and nothing else.
pub(super) fn care_of(piece: &str) -> bool {
    let piece = piece.trim();
    ["c.o ", "co/ ", "z.hd", "zhd ", "attn", "att:", "att.", "chez ", "z. hd", "p.a. ", "t.a.v."]
        .iter()
        .any(|mark| piece.starts_with(mark))
}

/// The number of the post box that the text begins with.
pub(super) fn post_box(text: &str) -> Option<u32> {
    const BOXES: &[&str] = &[
        "po box",
        "pobox",
        "post office box",
        "post box",
        "postbox",
        "pob ",
        "postfach",
        "postbus",
        "boite postale",
        "bp ",
        "b.p.",
        "apartado de correos",
        "apartado",
        "apdo",
        "casella postale",
        "c.p.",
        "gpo box",
        "locked bag",
        "private bag",
    ];
    let text = text.trim_start();
    let rest = BOXES.iter().find_map(|name| text.strip_prefix(name))?;
    let digits: String = rest
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .chars()
        .take_while(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '-'))
        .filter(char::is_ascii_digit)
        .take(7)
        .collect();
    digits.parse().ok()
}

/// What a street is by sort, with its short spelling. `true` if it may stand first (`rue`, `via`), behind, or both.
#[rustfmt::skip]
const SORTS: &[(&str, &str, bool, bool)] = &[
    ("street", "str", false, true), ("st", "str", false, true), ("str", "str", true, true), ("strasse", "str", true, true),
    ("strase", "str", true, true), ("strabe", "str", true, true), ("strass", "str", false, true), ("straat", "str", false, true), ("stret", "str", false, true),
    ("road", "rd", false, true), ("rd", "rd", false, true),
    ("avenue", "ave", true, true), ("ave", "ave", true, true), ("av", "ave", true, true), ("avenida", "ave", true, false),
    ("avda", "ave", true, false), ("avd", "ave", true, false),
    ("boulevard", "blvd", true, true), ("blvd", "blvd", true, true), ("bd", "blvd", true, false), ("boul", "blvd", true, false),
    ("bvd", "blvd", true, true), ("bld", "blvd", true, false),
    ("drive", "dr", false, true), ("dr", "dr", false, true), ("drv", "dr", false, true),
    ("lane", "ln", false, true), ("la", "ln", false, true), ("ln", "ln", false, true), ("laan", "laan", false, true),
    ("court", "ct", false, true), ("ct", "ct", false, true), ("crt", "ct", false, true),
    ("place", "pl", true, true), ("pl", "pl", true, true), ("platz", "pl", true, true), ("plaza", "pl", true, true),
    ("pza", "pl", true, false), ("plz", "pl", true, false), ("piazza", "pl", true, false), ("plein", "pl", false, true),
    ("placa", "pl", true, false),
    ("square", "sq", true, true), ("sq", "sq", false, true),
    ("terrace", "ter", false, true), ("terr", "ter", false, true), ("tce", "ter", false, true), ("ter", "ter", false, true),
    ("crescent", "cres", false, true), ("cres", "cres", false, true), ("cr", "cres", false, true),
    ("circuit", "cct", false, true), ("cct", "cct", false, true), ("close", "cl", false, true), ("cl", "cl", false, true),
    ("highway", "hwy", true, true), ("hwy", "hwy", true, true), ("parkway", "pkwy", false, true), ("pkwy", "pkwy", false, true),
    ("circle", "cir", false, true), ("cir", "cir", false, true), ("gardens", "gdns", false, true), ("gdns", "gdns", false, true),
    ("grove", "gr", false, true), ("gr", "gr", false, true), ("parade", "pde", false, true), ("pde", "pde", false, true),
    ("way", "way", false, true), ("trail", "trl", false, true), ("trl", "trl", false, true),
    ("weg", "weg", false, true), ("gasse", "gasse", false, true), ("gass", "gasse", false, true),
    ("allee", "allee", true, true), ("gracht", "gracht", false, true),
    ("rue", "rue", true, false), ("r", "rue", true, false), ("chemin", "chemin", true, false), ("che", "chemin", true, false),
    ("ch", "chemin", true, false), ("all", "allee", true, false), ("impasse", "impasse", true, false), ("imp", "impasse", true, false),
    ("quai", "quai", true, false), ("route", "rte", true, false), ("rte", "rte", true, false),
    ("via", "via", true, false), ("v", "via", true, false), ("viale", "viale", true, false), ("vle", "viale", true, false),
    ("corso", "corso", true, false), ("cso", "corso", true, false), ("largo", "largo", true, false), ("vicolo", "vicolo", true, false),
    ("calle", "calle", true, false), ("c", "calle", true, false), ("cl", "calle", true, false), ("carrer", "calle", true, false),
    ("paseo", "paseo", true, false), ("pso", "paseo", true, false), ("carretera", "ctra", true, false), ("ctra", "ctra", true, false),
    ("camino", "camino", true, false), ("cno", "camino", true, false), ("ronda", "ronda", true, false),
];

/// Sorts that are written together with the name: Hauptstraße, Birkenweg, Kerkstraat.
const GROWN_ON: &[&str] = &[
    "street",
    "avenue",
    "crescent",
    "terrace",
    "circuit",
    "boulevard",
    "square",
    "gardens",
    "strasse",
    "strase",
    "strabe",
    "strass",
    "straat",
    "str",
    "weg",
    "platz",
    "gasse",
    "allee",
    "laan",
    "plein",
    "gracht",
    "pl",
];

/// Words with a short spelling wherever they stand.
const SHORT: &[(&str, &str)] = &[
    ("saint", "st"),
    ("sankt", "st"),
    ("sainte", "ste"),
    ("mount", "mt"),
    ("doctor", "dr"),
    ("doktor", "dr"),
    ("professor", "prof"),
    ("fort", "ft"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("northeast", "ne"),
    ("northwest", "nw"),
    ("southeast", "se"),
    ("southwest", "sw"),
    ("first", "1st"),
    ("second", "2nd"),
    ("third", "3rd"),
    ("fourth", "4th"),
    ("fifth", "5th"),
    ("sixth", "6th"),
    ("seventh", "7th"),
    ("eighth", "8th"),
    ("ninth", "9th"),
    ("tenth", "10th"),
    ("und", "u"),
    ("and", "u"),
    ("general", "gen"),
    ("marechal", "mal"),
    ("president", "pres"),
];

const COMPASS: &[&str] = &["n", "s", "e", "w", "ne", "nw", "se", "sw", "north", "south", "east", "west"];

/// Short spellings in front and behind, by word.
static BY_WORD: LazyLock<HashMap<&'static str, [Option<&'static str>; 2], FixedState>> =
    LazyLock::new(|| {
        let mut all: HashMap<_, [Option<_>; 2], FixedState> = HashMap::default();
        for (word, short, front, behind) in SORTS {
            let found = all.entry(*word).or_default();
            found[0] = found[0].or(front.then_some(*short));
            found[1] = found[1].or(behind.then_some(*short));
        }
        all
    });

static SHORT_SORTS: LazyLock<Words> = LazyLock::new(|| SORTS.iter().map(|(_, short, ..)| *short).collect());

fn sort(word: &str, in_front: bool) -> Option<&'static str> {
    BY_WORD.get(word).and_then(|found| found[usize::from(!in_front)])
}

/// Whether a piece names a street: one of its words is a sort of street or ends in one.
pub(super) fn names_street(tokens: &[String]) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        token.len() > 1 && at > 0 && sort(token, false).is_some()
            || token.len() > 2 && sort(token, true).is_some()
            || grown(token).is_some()
    })
}

fn grown(token: &str) -> Option<(&str, &'static str)> {
    let known = GROWN_ON.iter().find(|ending| token.len() >= ending.len() + 3 && token.ends_with(**ending));
    if let Some(ending) = known {
        return Some((&token[..token.len() - ending.len()], sort(ending, false)?));
    }
    // The longest of them is mistyped most: Bergstvasse, Dorfstrahsse.
    let split = [7, 8, 6].into_iter().filter_map(|length| token.len().checked_sub(length)).find(|at| {
        *at >= 3 && token[*at..].starts_with('s') && within(&token.as_bytes()[*at..], b"strasse", 1)
    })?;
    Some((&token[..split], "str"))
}

/// The sort that a word of five letters or more is but one slip from.
fn mistyped(word: &str) -> Option<&'static str> {
    const LONG: &[&str] = &[
        "street",
        "avenue",
        "strasse",
        "straat",
        "drive",
        "court",
        "square",
        "terrace",
        "crescent",
        "boulevard",
    ];
    let meant = LONG.iter().find(|long| word.len() >= 5 && within(word.as_bytes(), long.as_bytes(), 1))?;
    sort(meant, false)
}

/// Writes the words of a street's name in their short spelling, the sort as a word of its own.
pub(super) fn canonical(name: &mut Vec<String>) {
    if name.first().is_some_and(|word| word == "the") && name.len() > 2 {
        name.remove(0);
    }
    // A direction behind the sort: High Street North.
    let last = match name.len() {
        count @ 3.. if COMPASS.contains(&name[count - 1].as_str()) => count - 2,
        count => count.saturating_sub(1),
    };
    let several = name.len() > 1;
    let mut sorted = None;
    if several && let Some(short) = sort(&name[last], false).or_else(|| mistyped(&name[last])) {
        name[last] = short.to_owned();
        sorted = Some(last);
    } else if let Some((stem, short)) = name.get(last).and_then(|word| grown(word)) {
        let stem = stem.to_owned();
        name[last] = stem;
        name.insert(last + 1, short.to_owned());
        sorted = Some(last + 1);
    } else if several && let Some(short) = sort(&name[0], true) {
        name[0] = short.to_owned();
        sorted = Some(0);
    }
    for (_, word) in name.iter_mut().enumerate().filter(|(at, _)| Some(*at) != sorted) {
        if let Some((_, short)) = SHORT.iter().find(|(long, _)| long == word) {
            *word = (*short).to_owned();
        }
    }
}

/// Where the name of a street without its sort begins and ends, in words.
pub(super) fn sort_of(name: &[String]) -> (usize, usize) {
    let is = |word: &String| SHORT_SORTS.contains(word.as_str());
    match name {
        [.., before, sort, compass]
            if COMPASS.contains(&compass.as_str()) && is(sort) && !before.is_empty() =>
        {
            (0, name.len() - 2)
        }
        [_, .., last] if is(last) => (0, name.len() - 1),
        [first, _, ..] if is(first) && first != "dr" => (1, name.len()),
        _ => (0, name.len()),
    }
}

/// Whether a word says that a flat, suite or the like follows.
pub(super) fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "apt"
            | "apartment"
            | "appartement"
            | "appt"
            | "app"
            | "unit"
            | "flat"
            | "suite"
            | "ste"
            | "room"
            | "rm"
            | "wohnung"
            | "whg"
            | "wg"
            | "top"
            | "tuer"
            | "tur"
            | "stiege"
            | "stg"
            | "#"
            | "esc"
            | "escalera"
            | "puerta"
            | "pta"
            | "int"
            | "interno"
            | "scala"
            | "bus"
            | "bte"
            | "lot"
            | "zimmer"
            | "zi"
            | "door"
            | "studio"
            | "office"
    ) || is_floor(word)
}

/// Whether a word is a floor, whose number may stand before.
pub(super) fn is_floor(word: &str) -> bool {
    matches!(
        word,
        "floor"
            | "fl"
            | "flr"
            | "og"
            | "ug"
            | "stock"
            | "stk"
            | "obergeschoss"
            | "etage"
            | "piso"
            | "planta"
            | "piano"
            | "level"
    )
}

/// Whether a word is a number in order: 5th, 1er, 2eme.
pub(super) fn is_ordinal(word: &str) -> bool {
    let ending = word.trim_start_matches(|c: char| c.is_ascii_digit());
    ending.len() < word.len() && matches!(ending, "st" | "nd" | "rd" | "th" | "er" | "eme" | "ieme" | "o")
}

/// Whether a word says that a number follows.
pub(super) fn says_number(word: &str) -> bool {
    matches!(
        word,
        "nr" | "no"
            | "n"
            | "num"
            | "numero"
            | "nummer"
            | "number"
            | "hausnummer"
            | "hnr"
            | "hausnr"
            | "haus"
            | "house"
    )
}

/// Whether a word is a month that streets are named after a day of.
pub(super) fn is_month(word: &str) -> bool {
    matches!(
        word,
        "januar"
            | "februar"
            | "maerz"
            | "april"
            | "mai"
            | "juni"
            | "juli"
            | "august"
            | "september"
            | "oktober"
            | "november"
            | "dezember"
            | "janvier"
            | "fevrier"
            | "mars"
            | "avril"
            | "juin"
            | "juillet"
            | "aout"
            | "septembre"
            | "octobre"
            | "novembre"
            | "decembre"
            | "gennaio"
            | "febbraio"
            | "marzo"
            | "aprile"
            | "maggio"
            | "giugno"
            | "luglio"
            | "agosto"
            | "settembre"
            | "ottobre"
            | "dicembre"
            | "enero"
            | "febrero"
            | "abril"
            | "mayo"
            | "junio"
            | "julio"
            | "septiembre"
            | "octubre"
            | "noviembre"
            | "diciembre"
    )
}
