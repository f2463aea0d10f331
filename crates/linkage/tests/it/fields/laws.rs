//! What holds whatever stands in a cell.

use super::{Customs, FieldKind, compare, keys, levels, read};
use crowsnest_linkage::fields::names_may_be_same;
use crowsnest_linkage::sketch;
use proptest::prelude::*;

/// Text as it is found in cells, and worse: pieces of values of all kinds, mixed with anything.
fn cell() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-zA-ZäöüßéøłÃ¼ '.,-]{0,20}",
        "[0-9 +()/.-]{0,20}",
        "[a-z0-9.+]{0,8}@[a-z]{0,8}\\.(com|de)",
        "(str\\.|straße|St|rue|c/o|apt|#|dr|von|mc|jr|geb|,|;|\n|12a|12-14|5th|&amp;|\u{0}|\u{feff}|3\\. og)",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(" "))
}

fn customs() -> impl Strategy<Value = Customs> {
    prop::sample::select(vec!["", "DE", "US", "IT", "ES", "GB"]).prop_map(Customs::for_country)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_compared_and_found(a in cell(), b in cell(), customs in customs()) {
        for kind in FieldKind::ALL {
            let last = u8::try_from(levels(kind).len() - 1).unwrap();
            let (a, b) = (read(kind, &a, &customs), read(kind, &b, &customs));
            for value in a.iter().chain(&b) {
                prop_assert_eq!(compare(kind, value, value), 0, "{:?} {:?}", kind, value);
                prop_assert!(value.clean.is_ascii());
                prop_assert!(!value.clean.trim().is_empty(), "{:?} {:?}", kind, value);
                let all = |value| {
                    let mut all = Vec::new();
                    keys(kind, value, &mut |key, hash| all.push((key, hash)));
                    all
                };
                prop_assert_eq!(all(value), all(value));
                prop_assert!(all(value).len() < 100);
            }
            if let (Some(a), Some(b)) = (&a, &b) {
                let level = compare(kind, a, b);
                prop_assert!(level <= last);
                prop_assert_eq!(level, compare(kind, b, a), "{:?} {:?} {:?}", kind, a, b);
                if a.clean == b.clean {
                    prop_assert_eq!(level, 0, "{:?} {:?} {:?}", kind, a, b);
                }
            }
        }
    }
}

/// Names of few letters, so that two are often nearly the same.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-e]{1,7}",
        "[a-c]{2,4}[ -][a-c]{2,4}",
        "(bob|rob|robert|bill|will|liz|beth|anna|hanna|jr|von)",
        "[a-z]{2,12}( jr)?"
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What sketches tell of names and dates is what a comparison of the values says.
    #[test]
    fn sketches_tell_no_lies(a in name(), b in name(), x in "(19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-2][1-9]", y in "[0-9]{2}-(0[1-9]|1[0-2])-[0-2][1-9]") {
        let customs = Customs::default();
        for (kind, a, b) in [
            (FieldKind::Forename, &a, &b),
            (FieldKind::Surname, &a, &b),
            (FieldKind::BirthDate, &x, &y),
            (FieldKind::BirthDate, &x, &format!("19{y}")),
        ] {
            let (Some(a), Some(b)) = (read(kind, a, &customs), read(kind, b, &customs)) else { continue };
            let told = sketch::level(kind, sketch::sketch(kind, &a), sketch::sketch(kind, &b));
            if let Some(level) = told {
                prop_assert_eq!(level, compare(kind, &a, &b), "{:?} {:?} {:?}", kind, a, b);
            }
            if matches!(kind, FieldKind::Forename | FieldKind::Surname) && compare(kind, &a, &b) == 0 {
                prop_assert!(names_may_be_same(sketch::sketch(kind, &a), sketch::sketch(kind, &b)), "{:?} {:?}", a, b);
            }
        }
    }
}

/// Few pieces, so that two cells are often the same but for a little.
fn like_cell() -> impl Strategy<Value = String> {
    let pieces = vec![
        "anna", "Anna", "smith", "jr", "Sr.", "II", "von", "Dr.", "mc", "geb.", ",", "12", "12a", "3",
        "12-14", "12/3", "Apt 3", "High", "St", "Str.", "rue", "1984", "03", "1903", "2003", ".", "-", "+49",
        "0171", "2345678", "@web.de", "info", "5",
    ];
    let separator = prop::sample::select(vec!["", " ", "-", "."]);
    (prop::collection::vec(prop::sample::select(pieces), 1..5), separator)
        .prop_map(|(pieces, by)| pieces.join(by))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Columns are held as dictionaries of clean text: what has the same must be the same to `compare`, and to any third.
    #[test]
    fn equal_text_is_the_same_value(cells in prop::collection::vec(like_cell(), 40)) {
        let customs = Customs::default();
        for kind in FieldKind::ALL {
            let values: Vec<_> = cells.iter().filter_map(|cell| read(kind, cell, &customs)).collect();
            for a in &values {
                for b in values.iter().filter(|b| b.clean == a.clean) {
                    prop_assert_eq!(compare(kind, a, b), 0, "{:?} {:?} {:?}", kind, a, b);
                    for third in &values {
                        prop_assert_eq!(compare(kind, a, third), compare(kind, b, third), "{:?} {:?} {:?} {:?}", kind, a, b, third);
                    }
                }
            }
        }
    }
}

/// Text of one letter class, so that what is read is what was written.
fn word() -> impl Strategy<Value = String> {
    "[abcdm]{4,24}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// One slip is what `strsim` calls one edit.
    #[test]
    fn a_slip_is_one_edit(a in word(), at in 0usize..24, how in 0..4, letter in "[abcdm]", again in any::<bool>()) {
        let customs = Customs::default();
        let mut b: Vec<char> = a.chars().collect();
        for at in [Some(at), again.then_some(at / 2 + 3)].into_iter().flatten() {
            let at = at % b.len();
            let letter = letter.chars().next().unwrap();
            match how {
                0 => b[at] = letter,
                1 => b.insert(at, letter),
                2 => drop(b.remove(at)),
                _ => b.swap(at, (at + 1).min(a.len() - 3).min(2)),
            }
        }
        let b: String = b.into_iter().collect();
        let values = |kind| Some((read(kind, &a, &customs)?, read(kind, &b, &customs)?));
        let edits = strsim::osa_distance(&a, &b);
        if let Some((x, y)) = values(FieldKind::Identifier) && a.len().max(b.len()) >= 6 {
            let expected = edits.min(2);
            prop_assert_eq!(usize::from(compare(FieldKind::Identifier, &x, &y)), expected, "{} {}", a, b);
        }
        let likeness = strsim::jaro_winkler(&a, &b);
        if let Some((x, y)) = values(FieldKind::Other) && (likeness - 0.9).abs() > 1e-4 && b.len() > 3 {
            let expected = if edits == 0 { 0 } else if edits == 1 || likeness >= 0.9 { 1 } else { 2 };
            prop_assert_eq!(compare(FieldKind::Other, &x, &y), expected, "{} {} {}", a, b, likeness);
        }
    }

    /// Two words of no kinship are as alike as `strsim` says.
    #[test]
    fn likeness_is_that_of_jaro_and_winkler(a in word(), b in word()) {
        let customs = Customs::default();
        let likeness = strsim::jaro_winkler(&a, &b);
        let read = |raw: &str| read(FieldKind::Other, raw, &customs);
        if let (Some(x), Some(y)) = (read(&a), read(&b)) && (likeness - 0.9).abs() > 1e-4 {
            let alike = strsim::osa_distance(&a, &b) <= 1 || likeness >= 0.9;
            prop_assert_eq!(compare(FieldKind::Other, &x, &y) < 2, alike, "{} {} {}", a, b, likeness);
        }
    }
}

/// A cell of 100 kB costs no more than its beginning, whatever it consists of.
#[test]
fn long_values_are_read_in_no_time() {
    let pieces = [
        "a", "ab ", "1", "1 ", "-", "'", "@", "a@b.de,", "ü", "Ã¼", "&amp;", "&", " ", "\u{300}", "\u{0}",
        "str. ", "12a, ", "c/o ", "🦀", "\n", "von ", "Dr. ", "mar ", "+", "(0)", "/", "<", "e", "\u{200b}",
    ];
    let start = std::time::Instant::now();
    for piece in pieces {
        let long = piece.repeat(100_000 / piece.len());
        for kind in FieldKind::ALL {
            for raw in [long.clone(), format!("Anna 12 {long}"), format!("{long}Anna 12")] {
                if let Some(value) = read(kind, &raw, &Customs::default()) {
                    assert!(value.clean.len() < 5_000, "{kind:?} {piece:?} {}", value.clean.len());
                    assert_eq!(compare(kind, &value, &value), 0);
                    keys(kind, &value, &mut |_, _| {});
                }
            }
        }
    }
    // 1,479 values. Linear takes a second at most without optimisation; what is not takes minutes.
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
}
