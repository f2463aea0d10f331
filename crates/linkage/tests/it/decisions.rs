//! What humans decide holds, and every score explains itself.

use crate::world::{at, linked, table, town_with};
use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::explain::explain;
use crowsnest_linkage::linkage::Decision;
use crowsnest_linkage::model::{Rarities, Scale};
use crowsnest_linkage::review::questions;
use crowsnest_linkage::score::Scorer;
use crowsnest_linkage::{Model, Settings};

const ROWS: [&str; 3] = [
    "a,Hanna,Wiesental,f,1970-03-04,hw@mail.de,,Amselweg,7,50667,Koeln,",
    "b,Hanna,Wiesental,f,1970-03-04,hw@mail.de,,Amselweg,7,50667,,",
    "c,Georg,Tannhauser,m,1981-12-01,,,Ringstrasse,9,20095,Hamburg,",
];

#[test]
fn decisions_are_obeyed_against_all_evidence() {
    let text = town_with(&ROWS);
    let before = table(&text, &Settings::default());
    let [a, b, c] = ["a", "b", "c"].map(|id| at(&before, id));
    let (_, free) = linked(&text, &Settings::default(), None, &[]);
    assert_eq!(free.people[a as usize], free.people[b as usize]);
    let decisions = [Decision { a, b, same: false }, Decision { a, b: c, same: true }];
    let (_, linkage) = linked(&text, &Settings::default(), None, &decisions);
    assert_ne!(linkage.people[a as usize], linkage.people[b as usize]);
    assert_eq!(linkage.people[a as usize], linkage.people[c as usize]);
}

#[test]
fn lines_of_an_explanation_add_up_to_the_score() {
    let settings = Settings::default();
    let (mut table, linkage) = linked(&town_with(&ROWS), &settings, None, &[]);
    let text = serde_json::to_string(&linkage.model).expect("JSON");
    let model: Model = serde_json::from_str(&text).expect("a model");
    assert_eq!(model.version(), linkage.model.version());
    table.forget_rarity();
    model.rate(&mut table, &Rarities::new(&model));
    let (comparer, scale) = (Comparer::new(&table.layout), Scale::new(&model));
    let scorer = Scorer { table: &table, comparer: &comparer, scale: &scale };
    for a in 0..60 {
        for b in a + 1..60 {
            let explanation = explain(&scorer, a, b);
            assert_eq!(explanation.score, scorer.score(a, b));
            assert_eq!(explanation.score, explanation.lines.iter().map(|l| l.bits).sum::<f32>());
        }
    }
}

#[test]
fn questions_come_by_what_their_answers_are_worth() {
    let (table, linkage) = linked(&town_with(&ROWS), &Settings::default(), None, &[]);
    let questions = questions(&table, &linkage.doubts, 50);
    assert!(!questions.is_empty());
    assert!(questions.is_sorted_by(|x, y| x.value >= y.value));
    let (a, b) = (at(&table, &questions[0].a), at(&table, &questions[0].b));
    // The answer is obeyed, whatever it is, and not asked for again.
    for same in [true, false] {
        let decisions = [Decision { a, b, same }];
        let (table, linkage) = linked(&town_with(&ROWS), &Settings::default(), None, &decisions);
        assert_eq!(linkage.people[a as usize] == linkage.people[b as usize], same);
        let again = crowsnest_linkage::review::questions(&table, &linkage.doubts, usize::MAX);
        assert!(!again.iter().any(|q| (at(&table, &q.a), at(&table, &q.b)) == (a, b)));
    }
}
