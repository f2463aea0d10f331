//! Recipes for candidates: what two records must have in common to be worth a comparison.
//!
//! A recipe gives a record one or a few keys. Records with the same key are a *block*. Where a block is too large to compare all of its
//! records with each other, it is refined and not dropped: its records must have one thing more in common, whichever it is.

use crate::comparison::{Comparison, Subject};
use crate::dictionary::{Dictionary, mix};
use crate::fields::{self, FieldKind, Key};
use crate::layout::Layout;
use crate::settings::{PartSetting, RecipeSetting, Settings};
use std::collections::HashMap;

/// The keys of one kind of all values of a dictionary.
#[derive(Default)]
pub struct KeyColumn {
    first: Vec<u64>,
    /// Whether there are more than the first.
    several: Vec<bool>,
    more: HashMap<u32, Vec<u64>, foldhash::fast::FixedState>,
}

impl KeyColumn {
    fn extend(&mut self, kind: FieldKind, key: Key, dictionary: &Dictionary) {
        for id in self.first.len() as u32 + 1..=dictionary.len() as u32 {
            let mut found: Vec<u64> = Vec::new();
            fields::keys(kind, dictionary.value(id), &mut |k, hash| {
                if k == key && found.len() < 4 && !found.contains(&hash) {
                    found.push(hash);
                }
            });
            self.first.push(found.first().map_or(0, |&h| h.max(1)));
            self.several.push(found.len() > 1);
            if found.len() > 1 {
                self.more.insert(id, found.split_off(1));
            }
        }
    }

    fn put(&self, id: u32, out: &mut Vec<u64>) {
        let place = (id as usize).wrapping_sub(1);
        let Some(&first) = self.first.get(place) else { return };
        if first != 0 {
            out.push(first);
            // The map is asked only for the few values that have several keys.
            if self.several[place]
                && let Some(more) = self.more.get(&id)
            {
                out.extend_from_slice(more);
            }
        }
    }
}

/// A part of a recipe, found in the slots of a table.
struct Part {
    column: usize,
    slots: Vec<usize>,
}

/// A recipe for a table.
pub struct Recipe {
    /// How it is named in warnings.
    pub name: String,
    /// The largest block that is not refined.
    pub cap: usize,
    /// The comparisons that its parts decide, as bits.
    pub mask: u32,
    parts: Vec<Part>,
    seed: u64,
    refiners: Vec<usize>,
}

/// A further key for blocks that are too large.
struct Refiner {
    part: Part,
    mask: u32,
}

/// All recipes for a table, and the keys of its values.
pub struct Recipes {
    /// The recipes.
    pub all: Vec<Recipe>,
    refiners: Vec<Refiner>,
    columns: Vec<(usize, FieldKind, Key, KeyColumn)>,
}

/// The built-in recipes. Each is something that two records of one person often share, and together they forgive any two slips. They may
/// be coarse, such as the birth date alone: what is frequent is refined by whatever else two records share.
pub fn built_in() -> Vec<RecipeSetting> {
    use FieldKind::{BirthDate, City, Email, Forename, Identifier, Phone, Postcode, Street, Surname};
    use Key::{Canonical, Digits7, Door, Exact, LocalPart, MonthDay, Phonetic, Prefix, Year};
    let recipe = |cap: usize, parts: &[(FieldKind, Key)]| RecipeSetting {
        parts: parts.iter().map(|&(field, key)| PartSetting { field, key }).collect(),
        cap: Some(cap),
    };
    vec![
        recipe(40, &[(Identifier, Exact)]),
        recipe(40, &[(Email, Exact)]),
        recipe(40, &[(Phone, Digits7)]),
        recipe(20, &[(Email, LocalPart)]),
        recipe(20, &[(BirthDate, Exact)]),
        recipe(20, &[(Street, Door)]),
        recipe(30, &[(Surname, Phonetic), (Forename, Canonical)]),
        recipe(20, &[(Surname, Phonetic), (Postcode, Exact)]),
        recipe(20, &[(Surname, Phonetic), (City, Phonetic)]),
        recipe(20, &[(Surname, Phonetic), (Forename, Prefix), (BirthDate, Year)]),
        recipe(20, &[(Surname, Phonetic), (BirthDate, MonthDay)]),
        recipe(20, &[(Forename, Canonical), (BirthDate, MonthDay)]),
        recipe(20, &[(Forename, Canonical), (Postcode, Exact)]),
        recipe(20, &[(Street, Prefix), (Forename, Prefix), (Postcode, Prefix)]),
        recipe(20, &[(Surname, Prefix), (Forename, Canonical), (Postcode, Prefix)]),
        recipe(10, &[(Surname, Exact)]),
    ]
}

impl Recipes {
    /// The recipes of the settings that a table has the fields for.
    pub fn new(layout: &Layout, comparisons: &[Comparison], settings: &Settings) -> Self {
        let mut recipes = Self { all: Vec::new(), refiners: Vec::new(), columns: Vec::new() };
        let refine = [
            (FieldKind::Forename, Key::Canonical),
            (FieldKind::BirthDate, Key::Exact),
            (FieldKind::Surname, Key::Phonetic),
            (FieldKind::Postcode, Key::Exact),
            (FieldKind::Phone, Key::Digits7),
            (FieldKind::Email, Key::Exact),
        ];
        let mut kinds = Vec::new();
        for (kind, key) in refine {
            if let Some((part, mask)) = recipes.part(layout, comparisons, kind, key, None) {
                recipes.refiners.push(Refiner { part, mask });
                kinds.push(kind);
            }
        }
        let settings_recipes = settings.recipes.clone().unwrap_or_else(built_in);
        for (number, setting) in settings_recipes.iter().enumerate() {
            let own: Vec<Option<usize>> = match setting.parts.iter().any(|p| own_domain(p.field)) {
                // One recipe for each card and account: their numbers are not compared with each other.
                true => (0..layout.domains.len())
                    .filter(|&d| own_domain(layout.domains[d].kind))
                    .map(Some)
                    .collect(),
                false => vec![None],
            };
            for domain in own {
                let found: Option<Vec<(Part, u32)>> = setting
                    .parts
                    .iter()
                    .map(|p| recipes.part(layout, comparisons, p.field, p.key, domain))
                    .collect();
                let Some(found) = found.filter(|f| !f.is_empty()) else { continue };
                let mask = found.iter().fold(0, |mask, (_, m)| mask | m);
                let refiners: Vec<usize> = (0..recipes.refiners.len())
                    .filter(|&r| recipes.refiners[r].mask & mask == 0 || is_year(setting, kinds[r]))
                    .collect();
                recipes.all.push(Recipe {
                    name: name(setting, layout, domain),
                    cap: setting.cap.unwrap_or(settings.block_cap).max(2),
                    mask,
                    parts: found.into_iter().map(|(part, _)| part).collect(),
                    seed: mix(number as u64 + 1, domain.map_or(0, |d| d as u64 + 1)),
                    refiners,
                });
            }
        }
        recipes
    }

    fn part(
        &mut self,
        layout: &Layout,
        comparisons: &[Comparison],
        kind: FieldKind,
        key: Key,
        domain: Option<usize>,
    ) -> Option<(Part, u32)> {
        let domain = match own_domain(kind) {
            true => domain.filter(|&d| layout.domains[d].kind == kind)?,
            false => layout.domain_of(kind)?,
        };
        let column = match self.columns.iter().position(|c| c.0 == domain && c.2 == key) {
            Some(found) => found,
            None => {
                self.columns.push((domain, layout.domains[domain].kind, key, KeyColumn::default()));
                self.columns.len() - 1
            }
        };
        Some((Part { column, slots: layout.slots_of(domain) }, mask(layout, comparisons, domain)))
    }

    /// Works out the keys of values that are new since the last time.
    pub fn learn(&mut self, dictionaries: &[Dictionary], threads: usize) {
        let columns = std::mem::take(&mut self.columns);
        let columns: Vec<std::sync::Mutex<_>> = columns.into_iter().map(std::sync::Mutex::new).collect();
        crate::threads::pieces(columns.len(), 1, threads, |range| {
            for i in range {
                if let Ok(mut column) = columns[i].lock() {
                    let (domain, kind, key, column) = &mut *column;
                    column.extend(*kind, *key, &dictionaries[*domain]);
                }
            }
        });
        self.columns = columns.into_iter().filter_map(|c| c.into_inner().ok()).collect();
    }

    fn part_keys(&self, part: &Part, row: &[u32], out: &mut Vec<u64>) {
        out.clear();
        for &slot in &part.slots {
            if row[slot] != 0 {
                self.columns[part.column].3.put(row[slot], out);
            }
        }
    }

    /// The keys of a row by a recipe.
    pub fn keys(&self, recipe: &Recipe, row: &[u32], scratch: &mut Vec<u64>, out: &mut Vec<u64>) {
        const MOST: usize = 8;
        out.clear();
        out.push(recipe.seed);
        for part in &recipe.parts {
            self.part_keys(part, row, scratch);
            if scratch.is_empty() {
                out.clear();
                return;
            }
            let before = out.len();
            for i in 0..before {
                for &key in scratch.iter().skip(1) {
                    if out.len() < MOST {
                        out.push(mix(out[i], key));
                    }
                }
                out[i] = mix(out[i], scratch[0]);
            }
        }
        out.sort_unstable();
        out.dedup();
    }

    /// The refiners of a recipe, in order.
    pub fn refiners<'r>(&self, recipe: &'r Recipe) -> &'r [usize] {
        &recipe.refiners
    }

    /// The comparisons that a refiner decides, as bits.
    pub fn refiner_mask(&self, refiner: usize) -> u32 {
        self.refiners[refiner].mask
    }

    /// The keys of a row in a block that is refined.
    pub fn refine(&self, block: u64, refiner: usize, row: &[u32], out: &mut Vec<u64>) {
        self.part_keys(&self.refiners[refiner].part, row, out);
        for key in out.iter_mut() {
            *key = mix(mix(block, refiner as u64 + 1), *key);
        }
        out.sort_unstable();
        out.dedup();
    }
}

fn own_domain(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Identifier | FieldKind::Other)
}

/// Whether a recipe has only a part of the birth date, so that the whole of it refines.
fn is_year(setting: &RecipeSetting, refiner: FieldKind) -> bool {
    refiner == FieldKind::BirthDate && setting.parts.iter().any(|p| p.field == refiner && p.key != Key::Exact)
}

fn mask(layout: &Layout, comparisons: &[Comparison], domain: usize) -> u32 {
    let kind = layout.domains[domain].kind;
    let address = matches!(kind, FieldKind::Street | FieldKind::Postcode | FieldKind::City);
    comparisons.iter().enumerate().fold(0, |mask, (i, c)| {
        let touched = match c.subject {
            Subject::Address => address,
            Subject::Gender => kind == FieldKind::Forename || c.domain == domain,
            _ => c.domain == domain,
        };
        mask | u32::from(touched) << i
    })
}

fn name(setting: &RecipeSetting, layout: &Layout, domain: Option<usize>) -> String {
    let part = |p: &PartSetting| match domain {
        Some(d) if own_domain(p.field) => layout.domains[d].name.clone(),
        _ => format!("{:?} ({:?})", p.field, p.key).to_lowercase(),
    };
    setting.parts.iter().map(part).collect::<Vec<_>>().join(" + ")
}
