//! Reads what is true and what was found.

use crate::traps::Traps;
use anyhow::{Context, bail};
use foldhash::{HashMap, HashMapExt};
use serde::Deserialize;
use std::path::Path;

/// Truth and answer, record by record.
#[derive(Debug, Default)]
pub struct Answers {
    /// Whose record it is.
    pub person: Vec<u32>,
    /// With whom that person lives, if the truth says it.
    pub household: Option<Vec<u32>>,
    /// Whose record it was found to be.
    pub cluster: Vec<u32>,
    /// In which household, if the answer says it.
    pub household_cluster: Option<Vec<u32>>,
    /// What is special about the record, if that was read.
    pub traps: Option<Vec<Traps>>,
    /// How many records the answer does not mention.
    pub unmentioned: u64,
}

#[derive(Deserialize)]
struct TrueRow<'a> {
    record_id: &'a str,
    person_id: &'a str,
    #[serde(default)]
    household_id: &'a str,
}

#[derive(Deserialize)]
struct FoundRow<'a> {
    record_id: &'a str,
    cluster_id: &'a str,
    #[serde(default)]
    household_cluster_id: &'a str,
}

#[derive(Deserialize)]
struct TrapRow<'a> {
    record_id: &'a str,
    traps: &'a str,
}

/// Numbers for words.
#[derive(Default)]
struct Labels(HashMap<String, u32>);

impl Labels {
    fn label(&mut self, word: &str) -> u32 {
        if let Some(label) = self.0.get(word) {
            return *label;
        }
        let label = self.0.len() as u32;
        self.0.insert(word.to_owned(), label);
        label
    }

    /// A number that no word has.
    fn alone(&mut self) -> u32 {
        let label = self.0.len() as u32;
        self.0.insert(format!("\0{label}"), label);
        label
    }
}

/// Reads the files. A record that the answer does not mention is alone; one that it mentions twice, or that the truth does not
/// know, is an error.
pub fn read(truth: &Path, clusters: &Path, traps: Option<&Path>) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    let mut records: HashMap<String, u32> = HashMap::new();
    let (mut people, mut households) = (Labels::default(), Labels::default());
    let mut true_households = Vec::new();
    let mut homes: HashMap<u32, u32> = HashMap::new();
    rows(truth, |row, at| {
        let row: TrueRow = row.read()?;
        if records.insert(row.record_id.to_owned(), at as u32).is_some() {
            bail!("{} is there twice", row.record_id);
        }
        let person = people.label(row.person_id);
        answers.person.push(person);
        if !row.household_id.is_empty() {
            let household = households.label(row.household_id);
            true_households.push(household);
            if *homes.entry(person).or_insert(household) != household {
                bail!("{} lives in two households", row.person_id);
            }
        }
        Ok(())
    })?;
    let count = answers.person.len();
    answers.household = (true_households.len() == count && count > 0).then_some(true_households);

    let (mut labels, mut household_labels) = (Labels::default(), Labels::default());
    let mut cluster: Vec<Option<u32>> = vec![None; count];
    let mut household: Vec<Option<u32>> = vec![None; count];
    rows(clusters, |row, _| {
        let row: FoundRow = row.read()?;
        let Some(&at) = records.get(row.record_id) else {
            bail!("the truth does not know {}", row.record_id)
        };
        if cluster[at as usize].replace(labels.label(row.cluster_id)).is_some() {
            bail!("{} is there twice", row.record_id);
        }
        if !row.household_cluster_id.is_empty() {
            household[at as usize] = Some(household_labels.label(row.household_cluster_id));
        }
        Ok(())
    })?;
    answers.unmentioned = cluster.iter().filter(|label| label.is_none()).count() as u64;
    let any_household = household.iter().any(Option::is_some);
    answers.cluster = cluster.into_iter().map(|label| label.unwrap_or_else(|| labels.alone())).collect();
    answers.household_cluster = any_household.then(|| {
        household.into_iter().map(|label| label.unwrap_or_else(|| household_labels.alone())).collect()
    });

    if let Some(path) = traps {
        let mut of_records = vec![Traps::default(); count];
        rows(path, |row, _| {
            let row: TrapRow = row.read()?;
            let Some(&at) = records.get(row.record_id) else {
                bail!("the truth does not know {}", row.record_id)
            };
            of_records[at as usize] = Traps::read(row.traps);
            Ok(())
        })?;
        answers.traps = Some(of_records);
    }
    Ok(answers)
}

/// A row with the words of the header.
struct Row<'a> {
    cells: &'a csv::StringRecord,
    header: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    fn read<T: Deserialize<'a>>(&self) -> anyhow::Result<T> {
        Ok(self.cells.deserialize(Some(self.header))?)
    }
}

fn rows(path: &Path, mut each: impl FnMut(Row, usize) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut file =
        csv::Reader::from_path(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let header = file.headers()?.clone();
    let mut cells = csv::StringRecord::new();
    let mut at = 0;
    while file.read_record(&mut cells).with_context(|| format!("{} cannot be read", path.display()))? {
        each(Row { cells: &cells, header: &header }, at)
            .with_context(|| format!("{}, row {}", path.display(), at + 1))?;
        at += 1;
    }
    Ok(())
}
