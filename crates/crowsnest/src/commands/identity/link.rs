//! `crowsnest identity link`: who is one person, among files of customer records without a server, or on the server.

use super::review::link_everybody;
use crate::{
    client::Connection,
    output::{self, count},
};
use anyhow::{Context, bail};
use clap::Args;
use crowsnest_linkage::{
    Linkage, Model, Settings, Table,
    comparison::Comparer,
    csv::Reader,
    explain::{self, Explanation},
    linkage::{Decision, Watch},
    model::Scale,
    score::Scorer,
    settings::Role,
    table::Node,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Find out who is one person: among the people of the server, or among records in files.
///
/// With files it needs no server: it writes which records are of one person, and which people of one household. Without
/// files it learns anew what likeness weighs among the people of the server, and links them by it, as `matching:` in the
/// `identity:` document says; whoever changes later is compared at once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest identity link people.csv --out clusters.csv\n  \
    crowsnest identity link shop.csv till.csv --out clusters.csv --review doubts.csv --country DE\n  \
    crowsnest identity link people.csv --out clusters.csv --column kunde=ignore --column tel2=phone\n  \
    crowsnest identity link people.csv --out clusters.csv --decisions decided.csv --save-model model.json\n  \
    crowsnest identity link people.csv --explain 17,4711\n  \
    crowsnest identity link --preview")]
pub struct Link {
    /// CSV files with a row for each record. Separator and encoding are found out; columns are known by their names.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where to write who is who: record_id, cluster_id, household_cluster_id.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What a column is about, as NAME=ROLE: record_id, source, as_of, ignore, forename, surname, maiden_name, full_name, birth_date,
    /// gender, email, phone, street, house_number, unit, postcode, city, region, country, identifier, other.
    #[arg(long, value_name = "NAME=ROLE")]
    column: Vec<String>,
    /// The column that says when a record was true at last, by which people live at their latest address; known by names such as
    /// updated_at and last_seen without.
    #[arg(long, value_name = "COLUMN")]
    as_of: Option<String>,
    /// The country whose customs hold, such as DE, where no column says it; several countries are understood without.
    #[arg(long)]
    country: Option<String>,
    /// A source in which nobody is twice; may be given several times.
    #[arg(long, value_name = "SOURCE")]
    unique_source: Vec<String>,
    /// All settings, as YAML or JSON: columns, recipes of candidates, thresholds.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Use this model, as `--save-model` wrote it, rather than learning one.
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Write the model that was learned.
    #[arg(long, value_name = "FILE")]
    save_model: Option<PathBuf>,
    /// Write the doubtful pairs, those first that matter most, each with the reasons that add up to its score.
    #[arg(long, value_name = "FILE")]
    review: Option<PathBuf>,
    /// What people have decided, as CSV: record_id, record_id, `same` or `different`. It holds, and the model learns from it.
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Show why two records are one person or not: their ids with a comma between.
    #[arg(long, value_name = "ID,ID")]
    explain: Vec<String>,
    /// On the server: say what it would come to, and change nothing.
    #[arg(long, conflicts_with = "files")]
    preview: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What each step took, shown while it goes on.
struct Steps {
    bar: ProgressBar,
    begun: Instant,
    done: Vec<(&'static str, f64)>,
    current: Option<&'static str>,
}

impl Steps {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, begun: Instant::now(), done: Vec::new(), current: None }
    }

    fn end(&mut self) {
        if let Some(name) = self.current.take() {
            self.done.push((name, self.begun.elapsed().as_secs_f64()));
        }
        self.begun = Instant::now();
    }
}

impl Watch for Steps {
    fn step(&mut self, name: &'static str) {
        self.end();
        self.current = Some(name);
        self.bar.set_message(name);
    }
}

impl Link {
    /// What is said about files says nothing about a server.
    fn no_options_of_files(&self) -> anyhow::Result<()> {
        let given = self.out.is_some()
            || !self.column.is_empty()
            || self.as_of.is_some()
            || self.country.is_some()
            || !self.unique_source.is_empty()
            || self.settings.is_some()
            || self.model.is_some()
            || self.save_model.is_some()
            || self.review.is_some()
            || self.decisions.is_some()
            || !self.explain.is_empty();
        if given {
            bail!(
                "name the files that are to be linked. Without files the people of the server are linked, as `matching:` in \
                 the `identity:` document says, and only --preview can be given"
            );
        }
        Ok(())
    }

    /// Runs it.
    pub fn run(self, as_json: bool) -> anyhow::Result<()> {
        if self.files.is_empty() {
            self.no_options_of_files()?;
            return link_everybody(&self.connection.client()?, self.preview, as_json);
        }
        if self.out.is_none() && self.explain.is_empty() {
            bail!("say with --out where to write who is who, or with --explain which two to explain");
        }
        let settings = self.settings()?;
        let model = self.model.as_deref().map(read_model).transpose()?;
        let mut steps = Steps::new();
        steps.step("reading");
        let mut reader = match &model {
            Some(model) => Reader::for_model(model, &settings),
            None => Reader::new(&settings),
        };
        for file in &self.files {
            let name = file.display().to_string();
            reader.read(&name, File::open(file).with_context(|| name.clone())?)?;
        }
        steps.step("values");
        let (mut table, mut warnings) = reader.finish();
        let ids = self.wants_ids().then(|| records_by_id(&table)).transpose()?;
        let decisions = match (&self.decisions, &ids) {
            (Some(file), Some(ids)) => read_decisions(file, ids)?,
            _ => Vec::new(),
        };
        let linkage = crowsnest_linkage::link(&mut table, &settings, model, &decisions, &mut steps);
        warnings.extend(linkage.warnings.iter().cloned());
        steps.step("writing");
        if let Some(out) = &self.out {
            crowsnest_linkage::csv::write(&table, &linkage, create(out)?)?;
        }
        if let Some(file) = &self.save_model {
            let mut file = create(file)?;
            serde_json::to_writer(&mut file, &linkage.model)?;
            file.flush()?;
        }
        let comparer = Comparer::new(&table.layout);
        let scale = Scale::new(&linkage.model);
        let scorer = Scorer { table: &table, comparer: &comparer, scale: &scale };
        if let Some(file) = &self.review {
            write_review(file, &scorer, &linkage)?;
        }
        steps.end();
        steps.bar.finish_and_clear();
        for warning in &warnings {
            eprintln!("warning: {warning}");
        }
        let explained = match &ids {
            Some(ids) => self.explained(&scorer, &linkage, ids)?,
            None => Vec::new(),
        };
        report(as_json, &steps, &linkage, &explained);
        Ok(())
    }

    fn wants_ids(&self) -> bool {
        self.decisions.is_some() || !self.explain.is_empty()
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = match &self.settings {
            None => Settings::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
                serde_saphyr::from_str(&text)
                    .map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?
            }
        };
        for column in &self.column {
            let (name, role) = column
                .split_once('=')
                .with_context(|| format!("`{column}` is not NAME=ROLE, such as tel2=phone"))?;
            let role: Role = serde_json::from_value(Value::from(role.trim())).map_err(|_| {
                anyhow::anyhow!(
                    "`{role}` is no role of a column; `crowsnest identity link --help` lists them"
                )
            })?;
            settings.say(name, role);
        }
        if let Some(column) = &self.as_of {
            settings.say(column, Role::AsOf);
        }
        if self.country.is_some() {
            settings.country.clone_from(&self.country);
        }
        settings.unique_sources.extend(self.unique_source.iter().cloned());
        Ok(settings)
    }

    fn explained(
        &self,
        scorer: &Scorer<'_>,
        linkage: &Linkage,
        ids: &HashMap<String, u32>,
    ) -> anyhow::Result<Vec<(String, bool, Explanation)>> {
        let mut explained = Vec::new();
        for pair in &self.explain {
            let (a, b) = pair
                .split_once(',')
                .with_context(|| format!("`{pair}` is not two ids with a comma between, such as 17,4711"))?;
            let (a, b) = (record(ids, a.trim())?, record(ids, b.trim())?);
            let one = linkage.people[a as usize] == linkage.people[b as usize];
            let explanation = explain::explain(scorer, scorer.table.node_of(a), scorer.table.node_of(b));
            explained.push((pair.clone(), one, explanation));
        }
        Ok(explained)
    }
}

fn create(file: &Path) -> anyhow::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(file).with_context(|| file.display().to_string())?))
}

fn read_model(file: &Path) -> anyhow::Result<Model> {
    let opened = File::open(file).with_context(|| file.display().to_string())?;
    serde_json::from_reader(BufReader::new(opened))
        .map_err(|error| anyhow::anyhow!("{} is no model that `--save-model` wrote: {error}", file.display()))
}

fn records_by_id(table: &Table) -> anyhow::Result<HashMap<String, u32>> {
    let mut ids = HashMap::with_capacity(table.records());
    for record in 0..table.records() {
        let id = table.ids.get(record).to_owned();
        if let Some(before) = ids.insert(id, record as u32) {
            let id = table.ids.get(before as usize);
            bail!(
                "the record id `{id}` stands for two records, so that it says nothing of either; make ids unique"
            );
        }
    }
    Ok(ids)
}

fn record(ids: &HashMap<String, u32>, id: &str) -> anyhow::Result<u32> {
    ids.get(id).copied().with_context(|| format!("there is no record `{id}`"))
}

fn read_decisions(file: &Path, ids: &HashMap<String, u32>) -> anyhow::Result<Vec<Decision>> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let mut decisions = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let same = match fields.as_slice() {
            [] | [""] => continue,
            [_, _, "same", ..] => true,
            [_, _, "different", ..] => false,
            // The first line may name the columns.
            _ if place == 0 => continue,
            _ => bail!("{}:{}: expected `ID,ID,same` or `ID,ID,different`", file.display(), place + 1),
        };
        let found = |id: &str| record(ids, id).with_context(|| format!("{}:{}", file.display(), place + 1));
        decisions.push(Decision { a: found(fields[0])?, b: found(fields[1])?, same });
    }
    Ok(decisions)
}

/// A record of a node, by its id.
fn names(scorer: &Scorer<'_>) -> impl Fn(Node) -> String {
    let (starts, records) = scorer.table.records_by_node();
    move |node| {
        let first = starts.get(node as usize).and_then(|start| records.get(*start as usize));
        first.map_or_else(String::new, |record| scorer.table.ids.get(*record as usize).to_owned())
    }
}

fn in_words(explanation: &Explanation) -> String {
    let lines = explanation.lines.iter().filter(|line| line.bits != 0.0);
    lines
        .map(|line| format!("{}: {} {:+.1}", line.field, line.finding, line.bits))
        .collect::<Vec<_>>()
        .join("; ")
}

fn write_review(file: &Path, scorer: &Scorer<'_>, linkage: &Linkage) -> anyhow::Result<()> {
    let name = names(scorer);
    let mut out = create(file)?;
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    writeln!(out, "record_id_a,record_id_b,one_person,score,records_a,records_b,why")?;
    for doubt in &linkage.doubts {
        let why = in_words(&explain::explain(scorer, doubt.a, doubt.b));
        writeln!(
            out,
            "{},{},{},{:.2},{},{},{}",
            quoted(&name(doubt.a)),
            quoted(&name(doubt.b)),
            if doubt.merged { "taken for one" } else { "kept apart" },
            doubt.score,
            doubt.sizes.0,
            doubt.sizes.1,
            quoted(&why),
        )?;
    }
    out.flush()?;
    Ok(())
}

fn report(as_json: bool, steps: &Steps, linkage: &Linkage, explained: &[(String, bool, Explanation)]) {
    let seconds: serde_json::Map<String, Value> = steps
        .done
        .iter()
        .map(|(name, seconds)| ((*name).to_owned(), json!((seconds * 1e3).round() / 1e3)))
        .collect();
    let total: f64 = steps.done.iter().map(|(_, seconds)| seconds).sum();
    if as_json {
        let explained: Vec<Value> = explained
            .iter()
            .map(|(pair, one, explanation)| json!({ "pair": pair, "one_person": one, "explanation": explanation }))
            .collect();
        output::json(&json!({
            "counts": linkage.counts, "doubts": linkage.doubts.len(), "model": linkage.model.version(),
            "seconds": seconds, "explained": explained,
        }));
        return;
    }
    for (pair, one, explanation) in explained {
        say!("{pair}: {}", if *one { "one person" } else { "not one person" });
        let rows = explanation
            .lines
            .iter()
            .map(|line| [line.field.clone(), line.finding.clone(), format!("{:+.2}", line.bits)])
            .chain([[
                "score".to_owned(),
                format!("one person with a chance of {:.1} %", explanation.probability * 100.0),
                format!("{:+.2}", explanation.score),
            ]]);
        say!("{}", output::table(["field", "finding", "bits"], &[2], rows));
    }
    let counts = &linkage.counts;
    let number = |number: u64| count(&json!(number));
    say!(
        "{} records are {} people in {} households; {} pairs were compared, {} doubtful ones can be looked at with --review",
        number(counts.records as u64),
        number(counts.people as u64),
        number(counts.households as u64),
        number(counts.compared),
        number(linkage.doubts.len() as u64),
    );
    let each: Vec<String> = steps.done.iter().map(|(name, seconds)| format!("{name} {seconds:.2}")).collect();
    say!("{total:.2} s: {}", each.join(", "));
}
