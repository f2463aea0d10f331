//! Recipes for candidates: what two records must have in common to be worth a comparison.
//!
//! A recipe gives a record one or a few keys. Records with the same key are a *block*. Where a block is too large to compare all of its
//! records with each other, it is refined and not dropped: its records must have one thing more in common, whichever it is.

use crate::comparison::{Comparison, Subject};
use crate::dictionary::{Dictionary, mix};
use crate::fields::{self, FieldKind, Key};
use crate::layout::Layout;
use crate::settings::{PartSetting, RecipeSetting, Settings};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

/// The keys of one kind of all values of a dictionary.
#[derive(Default)]
pub struct KeyColumn {
    first: Vec<u64>,
    /// Whether there are more than the first.
    several: Vec<bool>,
    more: HashMap<u32, Vec<u64>, foldhash::fast::FixedState>,
}

impl KeyColumn {
    /// Adds the keys of the next value.
    fn add(&mut self, found: &mut Vec<u64>) {
        self.first.push(found.first().map_or(0, |&h| h.max(1)));
        self.several.push(found.len() > 1);
        if found.len() > 1 {
            self.more.insert(self.first.len() as u32, found.split_off(1));
        }
        found.clear();
    }

    /// The key of a value that has just one, 0 if it has none; `None` if it has several.
    fn only(&self, id: u32) -> Option<u64> {
        let place = (id as usize).wrapping_sub(1);
        let &first = self.first.get(place)?;
        (!self.several[place]).then_some(first)
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

/// The keys of one kind, of one domain.
struct Column {
    domain: usize,
    kind: FieldKind,
    key: Key,
    keys: KeyColumn,
}

/// Works out the keys of the values of a domain that its columns do not know yet.
fn learn_domain(dictionary: &Dictionary, columns: &mut [&mut Column]) {
    /// More keys of one kind than this say nothing new.
    const MOST: usize = 4;
    let Some(column) = columns.first() else { return };
    let (kind, known) = (column.kind, column.keys.first.len());
    let mut found: Vec<Vec<u64>> = columns.iter().map(|_| Vec::new()).collect();
    for id in known as u32 + 1..=dictionary.len() as u32 {
        fields::keys(kind, dictionary.value(id), &mut |key, hash| {
            for (column, found) in columns.iter().zip(&mut found) {
                if column.key == key && found.len() < MOST && !found.contains(&hash) {
                    found.push(hash);
                }
            }
        });
        columns.iter_mut().zip(&mut found).for_each(|(column, found)| column.keys.add(found));
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

/// How many keys there are, if not one.
enum Keys {
    None,
    Several,
}

/// All recipes for a table, and the keys of its values.
pub struct Recipes {
    /// The recipes.
    pub all: Vec<Recipe>,
    refiners: Vec<Refiner>,
    columns: Vec<Column>,
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
        let column = match self.columns.iter().position(|c| c.domain == domain && c.key == key) {
            Some(found) => found,
            None => {
                let kind = layout.domains[domain].kind;
                self.columns.push(Column { domain, kind, key, keys: KeyColumn::default() });
                self.columns.len() - 1
            }
        };
        Some((Part { column, slots: layout.slots_of(domain) }, mask(layout, comparisons, domain)))
    }

    /// Works out the keys of values that are new since the last time.
    pub fn learn(&mut self, dictionaries: &[Dictionary], threads: usize) {
        // All columns of a domain at once: each value is taken apart once.
        let mut by_domain: BTreeMap<usize, Vec<&mut Column>> = BTreeMap::new();
        for column in &mut self.columns {
            by_domain.entry(column.domain).or_default().push(column);
        }
        let mut tasks: Vec<_> = by_domain.into_iter().collect();
        tasks.sort_by_key(|(domain, _)| std::cmp::Reverse(dictionaries[*domain].len()));
        crate::threads::share(tasks.into_iter(), threads, |(domain, mut columns)| {
            learn_domain(&dictionaries[domain], &mut columns);
        });
    }

    /// The key of a row by a part, if there is just one.
    fn only_key(&self, part: &Part, row: &[u32]) -> Result<u64, Keys> {
        let mut ids = part.slots.iter().map(|&slot| row[slot]).filter(|&id| id != 0);
        let Some(id) = ids.next() else { return Err(Keys::None) };
        match (ids.next(), self.columns[part.column].keys.only(id)) {
            (None, Some(0)) => Err(Keys::None),
            (None, Some(key)) => Ok(key),
            _ => Err(Keys::Several),
        }
    }

    fn part_keys(&self, part: &Part, row: &[u32], out: &mut Vec<u64>) {
        out.clear();
        for &slot in &part.slots {
            if row[slot] != 0 {
                self.columns[part.column].keys.put(row[slot], out);
            }
        }
    }

    /// The keys of a row by a recipe.
    pub fn keys(&self, recipe: &Recipe, row: &[u32], scratch: &mut Vec<u64>, out: &mut Vec<u64>) {
        const MOST: usize = 8;
        out.clear();
        // Most rows have one key of each part, or none.
        let only = recipe.parts.iter().try_fold(recipe.seed, |mixed, part| match self.only_key(part, row) {
            Ok(key) => ControlFlow::Continue(mix(mixed, key)),
            Err(several) => ControlFlow::Break(several),
        });
        match only {
            ControlFlow::Continue(key) => return out.push(key),
            ControlFlow::Break(Keys::None) => return,
            ControlFlow::Break(Keys::Several) => {}
        }
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
