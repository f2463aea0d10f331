//! Cities, regions and countries.

use super::{
    Key, Value,
    distance::{hopeless, likeness, within},
    phonetic,
    text::{fold, hash, number, plain, says_nothing, unscanned, words},
    value::Parts,
};

pub(crate) const CITY: &[&str] = &["same", "slip, short form or part", "different"];

/// Cities that are called otherwise abroad, by the name at home.
#[rustfmt::skip]
const ABROAD: &[(&str, &str)] = &[
    ("munich", "muenchen"), ("cologne", "koeln"), ("vienna", "wien"), ("nuremberg", "nuernberg"), ("hanover", "hannover"),
    ("brunswick", "braunschweig"), ("geneva", "geneve"), ("genf", "geneve"), ("zurich", "zuerich"), ("berne", "bern"), ("basle", "basel"),
    ("lucerne", "luzern"), ("rome", "roma"), ("rom", "roma"), ("milan", "milano"), ("mailand", "milano"), ("turin", "torino"),
    ("naples", "napoli"), ("neapel", "napoli"), ("florence", "firenze"), ("florenz", "firenze"), ("venice", "venezia"),
    ("venedig", "venezia"), ("the hague", "den haag"), ("s gravenhage", "den haag"), ("sgravenhage", "den haag"), ("antwerp", "antwerpen"),
    ("brussels", "bruxelles"), ("bruessel", "bruxelles"), ("brussel", "bruxelles"), ("ghent", "gent"), ("seville", "sevilla"),
    ("lisbon", "lisboa"), ("copenhagen", "koebenhavn"), ("prague", "praha"), ("prag", "praha"), ("warsaw", "warszawa"),
    ("warschau", "warszawa"), ("strassburg", "strasbourg"), ("lyons", "lyon"), ("marseilles", "marseille"),
    ("nyc", "new york"), ("new york city", "new york"), ("la", "los angeles"), ("sf", "san francisco"),
];

/// Words of cities that are written shorter, with the spelling that is kept: of directions the long one, which a slip
/// leaves legible.
const SPELLINGS: &[(&str, &str)] = &[
    ("saint", "st"),
    ("sankt", "st"),
    ("sainte", "ste"),
    ("mt", "mount"),
    ("ft", "fort"),
    ("upon", "on"),
    ("n", "north"),
    ("s", "south"),
    ("e", "east"),
    ("w", "west"),
];

/// States that are written in two letters or in full: of the United States, Canada, Australia, Germany.
#[rustfmt::skip]
const REGIONS: &[(&str, &str)] = &[
    ("alabama", "al"), ("alaska", "ak"), ("arizona", "az"), ("arkansas", "ar"), ("california", "ca"), ("colorado", "co"),
    ("connecticut", "ct"), ("delaware", "de"), ("florida", "fl"), ("georgia", "ga"), ("hawaii", "hi"), ("idaho", "id"), ("illinois", "il"),
    ("indiana", "in"), ("iowa", "ia"), ("kansas", "ks"), ("kentucky", "ky"), ("louisiana", "la"), ("maine", "me"), ("maryland", "md"),
    ("massachusetts", "ma"), ("michigan", "mi"), ("minnesota", "mn"), ("mississippi", "ms"), ("missouri", "mo"), ("montana", "mt"),
    ("nebraska", "ne"), ("nevada", "nv"), ("new hampshire", "nh"), ("new jersey", "nj"), ("new mexico", "nm"), ("new york", "ny"),
    ("north carolina", "nc"), ("north dakota", "nd"), ("ohio", "oh"), ("oklahoma", "ok"), ("oregon", "or"), ("pennsylvania", "pa"),
    ("rhode island", "ri"), ("south carolina", "sc"), ("south dakota", "sd"), ("tennessee", "tn"), ("texas", "tx"), ("utah", "ut"),
    ("vermont", "vt"), ("virginia", "va"), ("washington", "wa"), ("west virginia", "wv"), ("wisconsin", "wi"), ("wyoming", "wy"),
    ("district of columbia", "dc"),
    ("alberta", "ab"), ("british columbia", "bc"), ("manitoba", "mb"), ("new brunswick", "nb"), ("nova scotia", "ns"), ("ontario", "on"),
    ("quebec", "qc"), ("saskatchewan", "sk"),
    ("new south wales", "nsw"), ("victoria", "vic"), ("queensland", "qld"), ("south australia", "sa"), ("western australia", "wa"),
    ("tasmania", "tas"), ("northern territory", "nt"), ("australian capital territory", "act"),
    ("baden wuerttemberg", "bw"), ("bayern", "by"), ("bavaria", "by"), ("berlin", "be"), ("brandenburg", "bb"), ("bremen", "hb"),
    ("hamburg", "hh"), ("hessen", "he"), ("mecklenburg vorpommern", "mv"), ("niedersachsen", "ni"), ("nordrhein westfalen", "nrw"),
    ("nw", "nrw"), ("rheinland pfalz", "rp"), ("saarland", "sl"), ("sachsen", "sn"), ("sachsen anhalt", "st"), ("schleswig holstein", "sh"),
    ("thueringen", "th"),
];

/// Countries by their names, codes of three letters and what else they are called, as the code of two.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str)] = &[
    ("germany", "de"), ("deutschland", "de"), ("allemagne", "de"), ("alemania", "de"), ("germania", "de"), ("duitsland", "de"), ("deu", "de"),
    ("ger", "de"), ("d", "de"), ("brd", "de"), ("bundesrepublik deutschland", "de"),
    ("austria", "at"), ("oesterreich", "at"), ("osterreich", "at"), ("autriche", "at"), ("aut", "at"), ("a", "at"),
    ("switzerland", "ch"), ("schweiz", "ch"), ("suisse", "ch"), ("svizzera", "ch"), ("suiza", "ch"), ("zwitserland", "ch"), ("che", "ch"),
    ("united kingdom", "gb"), ("uk", "gb"), ("great britain", "gb"), ("england", "gb"), ("scotland", "gb"), ("wales", "gb"),
    ("northern ireland", "gb"), ("gbr", "gb"), ("grossbritannien", "gb"), ("royaume uni", "gb"), ("reino unido", "gb"),
    ("regno unito", "gb"), ("vereinigtes koenigreich", "gb"), ("britain", "gb"),
    ("ireland", "ie"), ("irland", "ie"), ("eire", "ie"), ("irl", "ie"), ("irlande", "ie"),
    ("united states", "us"), ("united states of america", "us"), ("usa", "us"), ("u s a", "us"), ("u s", "us"), ("america", "us"), ("vereinigte staaten", "us"),
    ("etats unis", "us"), ("estados unidos", "us"), ("stati uniti", "us"),
    ("canada", "ca"), ("kanada", "ca"), ("can", "ca"), ("australia", "au"), ("australien", "au"), ("aus", "au"),
    ("new zealand", "nz"), ("neuseeland", "nz"), ("nzl", "nz"),
    ("france", "fr"), ("frankreich", "fr"), ("francia", "fr"), ("frankrijk", "fr"), ("fra", "fr"), ("f", "fr"),
    ("netherlands", "nl"), ("the netherlands", "nl"), ("nederland", "nl"), ("niederlande", "nl"), ("holland", "nl"), ("pays bas", "nl"),
    ("paises bajos", "nl"), ("paesi bassi", "nl"), ("nld", "nl"),
    ("belgium", "be"), ("belgien", "be"), ("belgie", "be"), ("belgique", "be"), ("bel", "be"), ("belgica", "be"),
    ("luxembourg", "lu"), ("luxemburg", "lu"), ("lux", "lu"), ("spain", "es"), ("spanien", "es"), ("espana", "es"), ("espagne", "es"),
    ("spanje", "es"), ("spagna", "es"), ("esp", "es"), ("italy", "it"), ("italien", "it"), ("italia", "it"), ("italie", "it"), ("ita", "it"), ("i", "it"),
    ("portugal", "pt"), ("prt", "pt"), ("poland", "pl"), ("polen", "pl"), ("polska", "pl"), ("pologne", "pl"), ("pol", "pl"),
    ("czech republic", "cz"), ("czechia", "cz"), ("tschechien", "cz"), ("cesko", "cz"), ("cze", "cz"),
    ("denmark", "dk"), ("daenemark", "dk"), ("danmark", "dk"), ("dnk", "dk"), ("sweden", "se"), ("schweden", "se"), ("sverige", "se"),
    ("swe", "se"), ("norway", "no"), ("norwegen", "no"), ("norge", "no"), ("nor", "no"), ("finland", "fi"), ("finnland", "fi"), ("suomi", "fi"), ("fin", "fi"),
    ("hungary", "hu"), ("ungarn", "hu"), ("magyarorszag", "hu"), ("turkey", "tr"), ("tuerkei", "tr"), ("turkiye", "tr"), ("tuerkiye", "tr"),
    ("greece", "gr"), ("griechenland", "gr"), ("romania", "ro"), ("rumaenien", "ro"), ("croatia", "hr"), ("kroatien", "hr"), ("hrvatska", "hr"),
    ("liechtenstein", "li"),
];

/// Reads a city: without a postcode or district number, by its name at home, `Saint` as `St`.
pub(crate) fn read_city(raw: &str) -> Option<Value> {
    let folded = fold(raw);
    if says_nothing(&folded) {
        return None;
    }
    let all: Vec<String> = words(&folded).into_iter().map(unscanned).collect();
    let mut named: Vec<&str> = all
        .iter()
        .map(String::as_str)
        .filter(|word| !word.bytes().any(|c| c.is_ascii_digit()))
        .take(8)
        .collect();
    if named.len() > 1 {
        named.retain(|word| !matches!(*word, "cedex" | "stadt" | "city" | "bezirk" | "arrondissement"));
    }
    if let Some(home) = known(ABROAD, &named.join(" ")) {
        return text(home);
    }
    let several = named.len() > 1;
    for word in named.iter_mut().filter(|word| several || word.len() > 2) {
        *word = known(SPELLINGS, word).unwrap_or(word);
    }
    text(&named.join(" "))
}

/// Reads a state or county; states that have a usual abbreviation as that.
pub(crate) fn read_region(raw: &str) -> Option<Value> {
    by_list(raw, REGIONS)
}

/// Reads a country as its code of two letters, if it is known by that name.
pub(crate) fn read_country(raw: &str) -> Option<Value> {
    by_list(raw, COUNTRIES)
}

fn by_list(raw: &str, list: &[(&str, &'static str)]) -> Option<Value> {
    let folded = fold(raw);
    // ND, NA, NC, NR are places.
    if says_nothing(&folded) && folded.len() != 2 {
        return None;
    }
    let clean = words(&folded).join(" ");
    text(known(list, &clean).unwrap_or(&clean))
}

fn known(list: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    list.iter().find(|(known, _)| *known == name).map(|(_, short)| *short)
}

fn text(clean: &str) -> Option<Value> {
    (!clean.is_empty()).then(|| Value { clean: clean.into(), parts: Parts::Text { plain: plain(clean) } })
}

/// Compares two cities; an index into [`CITY`].
pub(crate) fn compare_cities(a: &Value, b: &Value, plain: bool) -> u8 {
    if a.clean == b.clean {
        return 0;
    }
    let (p, q) = (a.clean.as_bytes(), b.clean.as_bytes());
    let (short, long) = if p.len() < q.len() { (p, q) } else { (q, p) };
    // Frankfurt is part of Frankfurt am Main, but Bad not of Bad Homburg.
    let part = |short: &[u8], long: &[u8]| {
        short.len() > 3
            && (long.strip_prefix(short).is_some_and(|rest| rest.first() == Some(&b' '))
                || long.strip_suffix(short).is_some_and(|rest| rest.last() == Some(&b' ')))
    };
    let first = |text: &[u8]| text.iter().position(|c| *c == b' ').unwrap_or(text.len());
    // Frankfurt a. M.
    let head = first(short);
    let letters = head > 3 && head == first(long) && short[..head] == long[..head] && {
        let initials = |text: &'_ [u8]| -> [u8; 3] {
            let mut all = [0; 3];
            let starts = text.windows(2).filter(|pair| pair[0] == b' ').map(|pair| pair[1]);
            all.iter_mut().zip(starts).for_each(|(into, letter)| *into = letter);
            all
        };
        initials(short) == initials(long)
    };
    let slip = short.len() > 3 && within(p, q, 1) || !hopeless(p, q, 0.92) && likeness(p, q) >= 0.92;
    if plain || slip || letters || part(short, long) { 1 } else { 2 }
}

/// The keys of a city or other text, beside the whole.
pub(crate) fn keys(value: &Value, put: &mut dyn FnMut(Key, u64)) {
    let letters: String = value.clean.chars().filter(char::is_ascii_alphabetic).collect();
    put(Key::Phonetic, number(phonetic::code(&letters)));
    if value.clean.contains(' ') {
        value.clean.split(' ').filter(|word| word.len() > 3).for_each(|word| put(Key::Word, hash(word, 0)));
    }
}
