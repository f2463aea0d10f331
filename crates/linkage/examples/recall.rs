//! How many of the pairs that are one person become candidates: `recall people.csv truth.csv`.

use crowsnest_linkage::candidates::Blocks;
use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::model::{Model, Rarities};
use crowsnest_linkage::recipe::Recipes;
use crowsnest_linkage::{Settings, csv};
use std::collections::HashMap;
use std::fs::File;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(input), Some(truth)) = (arguments.next(), arguments.next()) else {
        return Err("usage: recall people.csv truth.csv".into());
    };
    let settings = Settings::default();
    let mut reader = csv::Reader::new(&settings);
    reader.read(&input, File::open(&input)?)?;
    let (mut table, _) = reader.finish();
    let model = Model::of_counts(&table);
    model.rate(&mut table, &Rarities::new(&model));
    let comparer = Comparer::new(&table.layout);
    let mut recipes = Recipes::new(&table.layout, &comparer.comparisons, &settings);
    recipes.learn(&table.dictionaries, 2);
    let mut warnings = Vec::new();
    let blocks = Blocks::find(&table, &recipes, 2, &mut warnings);
    let mut people: HashMap<String, Vec<usize>> = HashMap::new();
    let place: HashMap<&str, usize> = (0..table.records()).map(|r| (table.ids.get(r), r)).collect();
    let mut rows = ::csv::Reader::from_path(&truth)?;
    for row in rows.records() {
        let row = row?;
        people.entry(row[1].to_string()).or_default().push(place[&row[0]]);
    }
    // What the weights would be if the truth were known.
    let mut homes: HashMap<String, Vec<(usize, String)>> = HashMap::new();
    let mut rows = ::csv::Reader::from_path(&truth)?;
    for row in rows.records() {
        let row = row?;
        homes.entry(row[2].to_string()).or_default().push((place[&row[0]], row[1].to_string()));
    }
    let mut counts: Vec<Vec<[f64; 2]>> =
        comparer.comparisons.iter().map(|c| vec![[0.0; 2]; c.levels.len()]).collect();
    let mut outcomes = vec![crowsnest_linkage::comparison::Outcome { level: 0, bits: 0.0 }; comparer.len()];
    let mut kinds = [0.0; 2];
    for home in homes.values() {
        for (i, (a, p)) in home.iter().enumerate() {
            for (b, q) in &home[i + 1..] {
                let (a, b) = (table.node_of(*a as u32), table.node_of(*b as u32));
                comparer.compare(&table, a, b, &mut outcomes);
                let class = usize::from(p != q);
                kinds[class] += 1.0;
                for (counts, outcome) in counts.iter_mut().zip(&outcomes) {
                    if let Some(count) = counts.get_mut(usize::from(outcome.level)) {
                        count[class] += 1.0;
                    }
                }
            }
        }
    }
    for (c, counts) in comparer.comparisons.iter().zip(&counts) {
        let total: f64 = counts.iter().map(|c| c[0]).sum();
        let homes: f64 = counts.iter().map(|c| c[1]).sum();
        println!("{} (person {total}, household {homes})", c.name);
        for (level, [p, h]) in c.levels.iter().zip(counts) {
            println!("  {level:<40} {:.5} {:.5}", p / total, h / homes);
        }
    }
    let all = (table.nodes() as f64).powi(2) / 2.0;
    println!("priors {:.2} {:.2}", (kinds[0] / all).log2(), (kinds[1] / all).log2());
    let (mut pairs, mut found, mut shown) = (0u64, 0u64, 0);
    let mut near = Vec::new();
    let mut compared = 0;
    for node in 0..table.nodes() as u32 {
        blocks.neighbours(node, true, &mut near);
        compared += near.len();
    }
    let show = std::env::var_os("SHOW").is_some();
    for records in people.values() {
        for (i, &a) in records.iter().enumerate() {
            let a = table.node_of(a as u32);
            blocks.neighbours(a, false, &mut near);
            for &b in &records[i + 1..] {
                let other = table.node_of(b as u32);
                pairs += 1;
                if a == other || near.binary_search(&other).is_ok() {
                    found += 1;
                } else if show && shown < 40 {
                    shown += 1;
                    let text = |node: u32| {
                        let row = table.row(node);
                        (0..table.layout.slots.len())
                            .map(
                                |s| if row[s] == 0 { "-" } else { &*table.dictionary(s).value(row[s]).clean },
                            )
                            .collect::<Vec<_>>()
                            .join(" | ")
                    };
                    println!("{}\n{}\n", text(a), text(other));
                }
            }
        }
    }
    println!(
        "{found} of {pairs} pairs are candidates: {:.4}; {:.1} candidates for each of {} records",
        found as f64 / pairs.max(1) as f64,
        compared as f64 / table.nodes() as f64,
        table.nodes()
    );
    for warning in warnings {
        println!("{warning}");
    }
    Ok(())
}
