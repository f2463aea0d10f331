//! What holds whatever stands in a cell.

use super::{Customs, FieldKind, compare, keys, levels, read};
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
