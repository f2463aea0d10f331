//! Writes the files: people as sources know them, who they really are, and what is special about them.

use crate::{
    clerk::{Clerk, how_many},
    dice::Dice,
    level::Level,
    lists::{Country, Nicknames},
    record::{COLUMNS, Record},
    society::Society,
    stamps::stamp,
    traps::Traps,
};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::{fs::File, io::BufWriter, path::PathBuf};

/// Make up customers and what several sources have noted of them.
#[derive(Debug, Clone, Args)]
pub struct Generate {
    /// How many records.
    #[arg(long, default_value_t = 100_000)]
    pub records: usize,
    /// The same seed makes the same files.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How dirty.
    #[arg(long, value_enum, default_value_t = Level::Medium)]
    pub level: Level,
    /// Where people live.
    #[arg(long, value_enum, ignore_case = true, default_value_t = Where::Mixed)]
    pub country: Where,
    /// Columns that stay empty, such as `email,phone`.
    #[arg(long, value_delimiter = ',')]
    pub without: Vec<String>,
    /// Where the records go.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Where it is said who they really are; no matcher may see it.
    #[arg(long, value_name = "FILE")]
    pub truth: PathBuf,
    /// Where it is said what is special about a record.
    #[arg(long, value_name = "FILE")]
    pub traps: Option<PathBuf>,
}

/// Where people live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Where {
    /// Germany.
    De,
    /// Great Britain.
    Gb,
    /// The United States.
    Us,
    /// Half Germany, a quarter each of the others.
    Mixed,
}

/// Whose record it is, and where its line stands.
struct Line {
    begin: usize,
    end: usize,
    person: u32,
    household: u32,
    traps: Traps,
}

/// Writes the files.
pub fn generate(what: &Generate) -> anyhow::Result<()> {
    let known = &COLUMNS[1..];
    if let Some(column) =
        what.without.iter().find(|column| !known.contains(&column.as_str()) || *column == "country")
    {
        bail!(
            "--without {column}: there is no such column that may be empty; there are {}",
            known.join(", ")
        );
    }
    let countries: &[(Country, f64)] = match what.country {
        Where::De => &[(Country::De, 1.0)],
        Where::Gb => &[(Country::Gb, 1.0)],
        Where::Us => &[(Country::Us, 1.0)],
        Where::Mixed => &[(Country::De, 0.5), (Country::Gb, 0.25), (Country::Us, 0.25)],
    };
    let mut society = Society::new(what.seed, what.level, countries, what.records);
    let mut stamps = Dice::new(what.seed ^ 0xDA7E);
    let clerk = Clerk { level: what.level, nicknames: Nicknames::new() };
    let mut text = csv::Writer::from_writer(Vec::with_capacity(what.records * 120));
    let mut lines: Vec<Line> = Vec::with_capacity(what.records);
    while lines.len() < what.records {
        for (nth, person) in society.family().iter().enumerate() {
            let first = lines.len();
            let mut last_noted = 0.0;
            for _ in 0..how_many(society.dice(), person, nth == 0) {
                let lent = society.somebodys_card();
                let mut record = clerk.write(society.dice(), person, lent);
                stamp(&mut stamps, what.level, &mut record);
                blank(&mut record, &what.without);
                last_noted = record.moment.max(last_noted);
                let begin = text.get_ref().len();
                text.write_record(record.cells())?;
                // Only what was flushed has a length.
                text.flush()?;
                let end = text.get_ref().len();
                lines.push(Line { begin, end, person: person.id, household: 0, traps: record.traps });
            }
            // What became of them after that, no file can know.
            let household = *person.household.at(last_noted);
            lines[first..].iter_mut().for_each(|line| line.household = household);
        }
    }
    lines.truncate(what.records);
    // The order must not say who belongs to whom.
    let mut dice = Dice::new(what.seed ^ 0x5EED);
    for at in (1..lines.len()).rev() {
        lines.swap(at, dice.below(at + 1));
    }
    let text =
        text.into_inner().map_err(|error| anyhow::anyhow!("the records cannot be collected: {error}"))?;
    write(what, &text, &lines)
}

fn blank(record: &mut Record, columns: &[String]) {
    for column in columns {
        record.blank(column);
    }
}

fn write(what: &Generate, text: &[u8], lines: &[Line]) -> anyhow::Result<()> {
    use std::io::Write;
    let create = |path: &PathBuf| -> anyhow::Result<BufWriter<File>> {
        Ok(BufWriter::with_capacity(
            1 << 20,
            File::create(path).with_context(|| format!("{} cannot be written", path.display()))?,
        ))
    };
    let mut people = create(&what.out)?;
    writeln!(people, "record_id,{}", COLUMNS.join(","))?;
    let mut truth = create(&what.truth)?;
    writeln!(truth, "record_id,person_id,household_id")?;
    let mut traps = what.traps.as_ref().map(create).transpose()?;
    if let Some(traps) = &mut traps {
        writeln!(traps, "record_id,traps")?;
    }
    for (at, line) in lines.iter().enumerate() {
        let id = at + 1;
        write!(people, "r{id},")?;
        people.write_all(&text[line.begin..line.end])?;
        writeln!(truth, "r{id},p{},h{}", line.person, line.household)?;
        if let Some(traps) = &mut traps {
            writeln!(traps, "r{id},{}", line.traps.words())?;
        }
    }
    people.flush()?;
    truth.flush()?;
    if let Some(mut traps) = traps {
        traps.flush()?;
    }
    Ok(())
}
