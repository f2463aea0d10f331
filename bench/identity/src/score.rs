//! Says how well records were matched.

use crate::{
    answers::{Answers, read},
    counts::{Pairs, Quality, b_cubed, exact, groups, of_people, pairs_within},
    traps::TRAPS,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// Say how well records were matched.
#[derive(Debug, Clone, Args)]
pub struct Score {
    /// Who they really are: `record_id`, `person_id`, `household_id`.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// What was found: `record_id`, `cluster_id`, and perhaps `household_cluster_id`.
    #[arg(long, value_name = "FILE")]
    pub clusters: PathBuf,
    /// What is special about a record: then errors are counted by that too.
    #[arg(long, value_name = "FILE")]
    pub traps: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// How well records were matched.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How many records.
    pub records: u64,
    /// Records that the answer does not mention; each counts as a cluster of its own.
    pub unmentioned: u64,
    /// Pairs of records of one person.
    pub pairs: Pairs,
    /// Of these pairs.
    pub pairwise: Quality,
    /// The mean over records.
    pub b_cubed: Quality,
    /// Whole people.
    pub people: Whole,
    /// Households, if both truth and answer have them.
    pub households: Option<Households>,
    /// Errors by what is special about a record, if that is known.
    pub errors: Option<Vec<Errors>>,
}

/// Whole groups.
#[derive(Debug, Serialize)]
pub struct Whole {
    /// How many people there are.
    pub of_truth: u64,
    /// How many clusters were found.
    pub found: u64,
    /// How many people have exactly one cluster to themselves.
    pub exact: u64,
    /// How many people have several records.
    pub of_truth_with_several: u64,
    /// How many of these were found exactly.
    pub exact_with_several: u64,
}

/// Who lives with whom. Two records, or people, are a pair if they are of different people of one household: that the records
/// of one person are of one household is no merit.
#[derive(Debug, Serialize)]
pub struct Households {
    /// Pairs of records of different people.
    pub by_record: Quality,
    /// Pairs of people. A person lives where most of their records are.
    pub by_person: Quality,
}

/// Errors in which a record with this trap has a part.
#[derive(Debug, Serialize)]
pub struct Errors {
    /// What is special.
    pub trap: &'static str,
    /// So many records have it.
    pub records: u64,
    /// Pairs of records of one person in which one or both have it.
    pub pairs: u64,
    /// Pairs that were linked and are different people's.
    pub false_links: u64,
    /// Pairs that are one person's and were not linked.
    pub missed_links: u64,
}

impl Report {
    /// Counts.
    pub fn of(answers: &Answers) -> Self {
        let Answers { person, cluster, .. } = answers;
        let pairs = Pairs::of(person, cluster);
        let (of_truth, of_truth_with_several) = groups(person);
        let (exact, exact_with_several) = exact(person, cluster);
        let people =
            Whole { of_truth, found: groups(cluster).0, exact, of_truth_with_several, exact_with_several };
        Self {
            records: person.len() as u64,
            unmentioned: answers.unmentioned,
            pairs,
            pairwise: pairs.quality(),
            b_cubed: b_cubed(person, cluster),
            people,
            households: households(answers),
            errors: errors(answers, pairs),
        }
    }
}

fn households(answers: &Answers) -> Option<Households> {
    let (truth, found) = (answers.household.as_ref()?, answers.household_cluster.as_ref()?);
    let all = Pairs::of(truth, found);
    // Pairs of records of one person: all are of one household in truth.
    let of_one = Pairs::of(&answers.person, found);
    let within = Pairs { of_truth: pairs_within(&answers.person), found: of_one.right, right: of_one.right };
    let (people_truth, people_found) = of_people(&answers.person, truth, found);
    Some(Households {
        by_record: all.without(within).quality(),
        by_person: Pairs::of(&people_truth, &people_found).quality(),
    })
}

fn errors(answers: &Answers, all: Pairs) -> Option<Vec<Errors>> {
    let traps = answers.traps.as_ref()?;
    let of_trap = |&(trap, word): &(_, &'static str)| {
        // All pairs without those between records that do not have it.
        let others: (Vec<u32>, Vec<u32>) = traps
            .iter()
            .zip(answers.person.iter().zip(&answers.cluster))
            .filter(|(traps, _)| !traps.has(trap))
            .map(|(_, (person, cluster))| (*person, *cluster))
            .unzip();
        let pairs = all.without(Pairs::of(&others.0, &others.1));
        Errors {
            trap: word,
            records: (traps.len() - others.0.len()) as u64,
            pairs: pairs.of_truth,
            false_links: pairs.false_links(),
            missed_links: pairs.missed_links(),
        }
    };
    Some(TRAPS.iter().map(of_trap).filter(|errors| errors.records > 0).collect())
}

/// Prints how well records were matched.
pub fn score(what: &Score) -> anyhow::Result<()> {
    let report = Report::of(&read(&what.truth, &what.clusters, what.traps.as_deref())?);
    if what.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    let line = |what: &str, quality: &Quality| {
        println!("{what:<24} {:>8.4} {:>8.4} {:>8.4}", quality.f1, quality.precision, quality.recall);
    };
    println!("{:<24} {:>8} {:>8} {:>8}", "", "F1", "P", "R");
    line("pairs of records", &report.pairwise);
    line("B-cubed", &report.b_cubed);
    if let Some(households) = &report.households {
        line("households, by record", &households.by_record);
        line("households, by person", &households.by_person);
    }
    let people = &report.people;
    println!(
        "\n{} records of {} people in {} clusters; {} people found exactly, of those with several records {} of {}",
        report.records,
        people.of_truth,
        people.found,
        people.exact,
        people.exact_with_several,
        people.of_truth_with_several
    );
    if report.unmentioned > 0 {
        println!("{} records are not mentioned in the answer; each counts as alone", report.unmentioned);
    }
    let pairs = report.pairs;
    println!(
        "{} links are false, {} of {} are missed",
        pairs.false_links(),
        pairs.missed_links(),
        pairs.of_truth
    );
    if let Some(errors) = &report.errors {
        println!(
            "\n{:<28} {:>9} {:>9} {:>9} {:>9}",
            "where a record has", "records", "pairs", "false", "missed"
        );
        for of in errors {
            println!(
                "{:<28} {:>9} {:>9} {:>9} {:>9}",
                of.trap, of.records, of.pairs, of.false_links, of.missed_links
            );
        }
    }
}
