//! What comes out does not depend on how many threads worked on it.

use crate::world::{file, linked, town};
use crowsnest_linkage::Settings;

#[test]
fn any_number_of_threads_finds_the_same() {
    // More records than any step takes in one piece.
    let town = town(5_000, 11);
    let text = file(town.iter().map(|n| n.row.as_str()));
    let with = |threads: usize| linked(&text, &Settings { threads, ..Settings::default() }, None, &[]).1;
    let one = with(1);
    assert!(one.counts.nodes > 9_000, "{:?}", one.counts);
    assert!(!one.doubts.is_empty(), "doubts are compared, too");
    for threads in [2, 3, 7] {
        let several = with(threads);
        assert!(several.people == one.people, "people, with {threads} threads");
        assert!(several.households == one.households, "households, with {threads} threads");
        assert_eq!(several.doubts, one.doubts, "doubts, with {threads} threads");
        assert!(several.model == one.model, "the model, with {threads} threads");
        assert_eq!(several.warnings, one.warnings, "warnings, with {threads} threads");
    }
}
