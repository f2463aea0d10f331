//! Candidates that are given up on early are those that score too low when all of their fields are compared.

use crate::world::{file, linked, town};
use crowsnest_linkage::Settings;
use crowsnest_linkage::candidates::Blocks;
use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::model::{Rarities, Scale};
use crowsnest_linkage::recipe::Recipes;
use crowsnest_linkage::score::{Edge, Scorer};

#[test]
fn no_pair_is_given_up_on_too_early() {
    let town = town(3_000, 5);
    // Written with a space in another place, a name is the same and nothing else of it tells.
    let rows = [
        "x1,Lori,Palsen Blackton,,,,,,,,,",
        "x2,Lori,Palse Nblackton,,,,,,,,,",
        "x3,Jan,Lauberke-Ernst,,,,,,,,,",
        "x4,Jan,Lauberkeernst,,,,,,,,,",
    ];
    let text = file(town.iter().map(|n| n.row.as_str()).chain(rows));
    let settings = Settings::default();
    let (mut table, linkage) = linked(&text, &settings, None, &[]);
    table.forget_rarity();
    linkage.model.rate(&mut table, &Rarities::new(&linkage.model));
    let (comparer, scale) = (Comparer::new(&table.layout), Scale::new(&linkage.model));
    let scorer = Scorer { table: &table, comparer: &comparer, scale: &scale };
    let mut recipes = Recipes::new(&table.layout, &comparer.comparisons, &settings);
    recipes.learn(&table.dictionaries, 1);
    let blocks = Blocks::find(&table, &recipes, 1, &mut Vec::new());
    let mut near = Vec::new();
    for threshold in (-10..10).map(|t| t as f32) {
        let (found, compared) = scorer.edges(&blocks, threshold, 2);
        let (mut all, mut pairs) = (Vec::new(), 0);
        for a in 0..table.nodes() as u32 {
            blocks.neighbours(a, true, &mut near);
            pairs += near.len() as u64;
            let scored = near.iter().map(|&b| Edge { a, b, score: scorer.score(a, b) });
            all.extend(scored.filter(|edge| edge.score >= threshold));
        }
        assert_eq!(compared, pairs);
        assert!(!all.is_empty() && all.len() < pairs as usize);
        assert!(found == all, "at {threshold}: {} found, {} there are", found.len(), all.len());
    }
}
