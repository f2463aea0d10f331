//! What goes wrong between a person and a record.

use crate::dice::Dice;

/// Letters without accents: `ü` as `ue` if `spelled`, as `u` otherwise.
pub fn ascii(text: &str, spelled: bool) -> String {
    let mut plain = String::with_capacity(text.len() + 4);
    for letter in text.chars() {
        let folded = match letter {
            'ä' if spelled => "ae",
            'ö' if spelled => "oe",
            'ü' if spelled => "ue",
            'Ä' if spelled => "Ae",
            'Ö' if spelled => "Oe",
            'Ü' if spelled => "Ue",
            'ß' => "ss",
            'ä' | 'á' | 'à' | 'â' | 'ã' | 'ą' | 'ă' => "a",
            'ö' | 'ó' | 'ò' | 'ô' | 'õ' => "o",
            'ü' | 'ú' | 'ù' | 'û' => "u",
            'Ä' | 'Á' | 'À' => "A",
            'Ö' | 'Ó' => "O",
            'Ü' | 'Ú' => "U",
            'é' | 'è' | 'ê' | 'ë' | 'ę' => "e",
            'É' | 'È' => "E",
            'í' | 'ì' | 'î' | 'ï' | 'ı' => "i",
            'İ' => "I",
            'ç' | 'ć' | 'č' => "c",
            'Ç' | 'Č' => "C",
            'ş' | 'š' | 'ś' => "s",
            'Ş' | 'Š' | 'Ś' => "S",
            'ğ' => "g",
            'ł' => "l",
            'Ł' => "L",
            'ń' | 'ñ' => "n",
            'ž' | 'ź' | 'ż' => "z",
            'Ž' | 'Ż' => "Z",
            'đ' => "d",
            other => {
                plain.push(other);
                continue;
            }
        };
        plain.push_str(folded);
    }
    plain
}

/// How somebody got a text wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// At a keyboard.
    Typed,
    /// By ear.
    Heard,
    /// From handwriting.
    Scanned,
}

/// The text with one slip; now and then the slip leaves it as it was.
pub fn slip(dice: &mut Dice, text: &str, way: Way) -> String {
    let pairs: &[(&str, &str)] = match way {
        Way::Typed => return keyboard(dice, text),
        Way::Heard => HEARD,
        Way::Scanned => SCANNED,
    };
    // Not every word has something that sounds or looks like something else.
    let able: Vec<(usize, &str, &str)> = pairs
        .iter()
        .flat_map(|&(one, other)| [(one, other), (other, one)])
        .filter(|(from, _)| !from.is_empty())
        .flat_map(|(from, to)| text.match_indices(from).map(move |(at, _)| (at, from, to)))
        .collect();
    if able.is_empty() || dice.chance(0.2) {
        return keyboard(dice, text);
    }
    let &(at, from, to) = dice.pick(&able);
    format!("{}{to}{}", &text[..at], &text[at + from.len()..])
}

const HEARD: &[(&str, &str)] = &[
    ("ph", "f"),
    ("ck", "k"),
    ("th", "t"),
    ("ei", "ai"),
    ("ey", "ei"),
    ("ay", "ai"),
    ("ie", "i"),
    ("dt", "t"),
    ("tz", "z"),
    ("ss", "s"),
    ("nn", "n"),
    ("mm", "m"),
    ("ll", "l"),
    ("tt", "t"),
    ("ff", "f"),
    ("rr", "r"),
    ("eh", "e"),
    ("ah", "a"),
    ("oh", "o"),
    ("y", "i"),
    ("v", "f"),
    ("c", "k"),
    ("sch", "sh"),
    ("ks", "x"),
    ("ch", "k"),
    ("ä", "e"),
    ("ea", "ee"),
    ("ou", "u"),
    ("gh", "g"),
    ("w", "v"),
    ("b", "p"),
    ("d", "t"),
    ("m", "n"),
];

const SCANNED: &[(&str, &str)] = &[
    ("rn", "m"),
    ("cl", "d"),
    ("l", "i"),
    ("ü", "ii"),
    ("ä", "a"),
    ("ö", "o"),
    ("ü", "u"),
    ("u", "n"),
    ("h", "b"),
    ("e", "c"),
    ("vv", "w"),
    ("o", "0"),
    ("l", "1"),
    ("S", "5"),
    ("B", "8"),
    ("a", "o"),
    ("f", "t"),
    ("g", "q"),
    ("K", "H"),
    ("ß", "B"),
    ("v", "r"),
    ("n", "r"),
];

/// One slip at a keyboard: a letter dropped, doubled, changed with its neighbour in the word or on the keyboard.
fn keyboard(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 {
        return text.to_owned();
    }
    // The first letter is the one that people see.
    let at = if dice.chance(0.08) { 0 } else { 1 + dice.below(letters.len() - 1) };
    match dice.weighted([0.28, 0.16, 0.24, 0.24, 0.08]) {
        0 => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters[at]),
        2 => {
            let other = if at + 1 < letters.len() { at + 1 } else { at - 1 };
            letters.swap(at, other);
        }
        3 => letters[at] = neighbour(dice, letters[at]),
        _ => {
            let beside = neighbour(dice, letters[at]);
            letters.insert(at, beside);
        }
    }
    letters.into_iter().collect()
}

/// A key beside this one.
fn neighbour(dice: &mut Dice, key: char) -> char {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let lower = key.to_ascii_lowercase();
    for row in ROWS {
        if let Some(at) = row.find(lower) {
            let beside = if at == 0 || (at + 1 < row.len() && dice.chance(0.5)) { at + 1 } else { at - 1 };
            let found = char::from(row.as_bytes()[beside]);
            return if key.is_uppercase() { found.to_ascii_uppercase() } else { found };
        }
    }
    key
}

/// Digits with one slip: one changed, or two that follow each other in the wrong order.
pub fn wrong_digit(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let places: Vec<usize> = (0..letters.len()).filter(|&at| letters[at].is_ascii_digit()).collect();
    if places.len() < 2 {
        return text.to_owned();
    }
    // What comes first (a country, a network) is rarely wrong.
    let nth = 1 + dice.below(places.len() - 1);
    if dice.chance(0.4) {
        letters.swap(places[nth - 1], places[nth]);
    } else {
        letters[places[nth]] = char::from(b'0' + dice.below(10) as u8);
    }
    letters.into_iter().collect()
}

/// A mistyped e-mail address: mostly the domain.
pub fn wrong_mail(dice: &mut Dice, mailbox: &str) -> String {
    const DOMAINS: [(&str, &str); 14] = [
        ("gmail.com", "gmial.com"),
        ("gmail.com", "gmail.con"),
        ("gmail.com", "gmai.com"),
        ("gmail.com", "googlemail.com"),
        ("gmx.de", "gmx.d"),
        ("gmx.de", "gmx.com"),
        ("web.de", "wb.de"),
        ("web.de", "web.com"),
        ("t-online.de", "tonline.de"),
        ("hotmail.com", "hotmial.com"),
        ("hotmail.com", "hotmail.co"),
        ("yahoo.com", "yaho.com"),
        ("outlook.com", "outlok.com"),
        ("icloud.com", "iclould.com"),
    ];
    let Some((local, domain)) = mailbox.split_once('@') else { return mailbox.to_owned() };
    let known: Vec<&str> =
        DOMAINS.iter().filter(|(right, _)| *right == domain).map(|(_, wrong)| *wrong).collect();
    if !known.is_empty() && dice.chance(0.5) {
        return format!("{local}@{}", dice.pick(&known));
    }
    match dice.weighted([0.75, 0.15, 0.10]) {
        0 => format!("{}@{domain}", keyboard(dice, local)),
        1 => format!("{local}@{}", keyboard(dice, domain)),
        _ => mailbox.replacen(['.', '_'], "", 1),
    }
}
