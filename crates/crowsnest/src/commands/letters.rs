//! `crowsnest letters`: print runs.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::{fs, io, path::PathBuf};

/// The files of a print run.
const FILES: [&str; 3] = ["letters.csv", "manifest.json", "proof.pdf"];

/// Print letters, and see and fetch what was printed.
#[derive(Debug, Args)]
#[command(
    after_help = "A print run writes the letters that are due to a CSV file, with a manifest and a proof of the first ones.\n\n\
    Examples:\n  crowsnest letters print --preview\n  crowsnest letters print --program welcome-letter\n  \
    crowsnest letters list\n  crowsnest letters fetch prn_0sa44z8wg0004 --out ./to-the-printer"
)]
pub struct Letters {
    #[command(subcommand)]
    action: Action,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the letters that are due.
    Print {
        /// Those of this program or broadcast only.
        #[arg(long)]
        program: Option<String>,
        /// Only say what would be printed.
        #[arg(long)]
        preview: bool,
    },
    /// List the print runs, the newest first.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a print run.
    Show {
        /// Its id.
        run: String,
    },
    /// Fetch the files of a print run.
    Fetch {
        /// Its id.
        run: String,
        /// Into this folder.
        #[arg(long, default_value = ".", value_name = "DIR")]
        out: PathBuf,
    },
}

impl Letters {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let client = self.connection.client()?;
        match &self.action {
            Action::Print { program, preview } => self.print(&client, program.as_deref(), *preview),
            Action::List { limit } => {
                let runs: Vec<Value> = client.get(&format!("/api/v1/letters/runs?limit={limit}"))?;
                if self.json {
                    output::json(&Value::from(runs));
                    return Ok(());
                }
                let columns = ["id", "started", "finished", "letters", "program"];
                let rows = runs.iter().map(|run| columns.map(|column| text(run, column)));
                say!("{}", output::table(columns, &[3], rows));
                Ok(())
            }
            Action::Show { run } => {
                let run = encoded(run);
                let report: Value = client.get(&format!("/api/v1/letters/runs/{run}"))?;
                let manifest: Value = client.get(&format!("/api/v1/letters/runs/{run}/manifest.json"))?;
                if self.json {
                    output::json(&json!({ "run": report, "manifest": manifest }));
                    return Ok(());
                }
                say!(
                    "{}: {} letters, begun {}",
                    text(&report, "id"),
                    text(&report, "letters"),
                    text(&report, "started")
                );
                let files = manifest["files"].as_array().cloned().unwrap_or_default();
                let columns = ["name", "bytes", "sha256"];
                let rows = files.iter().map(|file| columns.map(|column| text(file, column)));
                say!("{}", output::table(columns, &[1], rows));
                Ok(())
            }
            Action::Fetch { run, out } => self.fetch(&client, run, out),
        }
    }

    fn print(&self, client: &Client, program: Option<&str>, preview: bool) -> anyhow::Result<()> {
        let report: Value = if preview {
            let of = program.map(|program| format!("?program={}", encoded(program))).unwrap_or_default();
            client.get(&format!("/api/v1/letters/preview{of}"))?
        } else {
            client.post("/api/v1/letters/print", &json!({ "program": program }))?
        };
        if self.json {
            output::json(&report);
            return Ok(());
        }
        if preview {
            let rows = report["by_template"].as_array().cloned().unwrap_or_default();
            let cell = |row: &Value, place: usize| row[place].as_str().unwrap_or_default().to_owned();
            let rows = rows.iter().map(|row| [cell(row, 0), cell(row, 1), output::count(&row[2])]);
            say!("{} letters would be printed.", output::count(&report["letters"]));
            say!("{}", output::table(["program", "template", "letters"], &[2], rows));
        } else if report["run"].is_null() {
            say!("Nothing was to be printed.");
        } else {
            let run = &report["run"];
            say!("{}: {} letters are printed.", text(run, "id"), output::count(&run["letters"]));
            say!("Fetch them: crowsnest letters fetch {}", text(run, "id"));
        }
        let left_out = report["left_out"].as_array().cloned().unwrap_or_default();
        if !left_out.is_empty() {
            let rows = left_out
                .iter()
                .map(|row| [output::count(&row[1]), row[0].as_str().unwrap_or_default().to_owned()]);
            say!("{}", output::table(["not printed", "because"], &[0], rows));
        }
        Ok(())
    }

    fn fetch(&self, client: &Client, run: &str, out: &PathBuf) -> anyhow::Result<()> {
        fs::create_dir_all(out).with_context(|| format!("the folder {} cannot be made", out.display()))?;
        let mut fetched = Vec::new();
        for name in FILES {
            let path = out.join(format!("{run}-{name}"));
            let part = out.join(format!("{run}-{name}.part"));
            let mut body = client.download(&format!("/api/v1/letters/runs/{}/{name}", encoded(run)))?;
            let mut file =
                fs::File::create(&part).with_context(|| format!("{} cannot be written", part.display()))?;
            io::copy(&mut body, &mut file)
                .with_context(|| format!("{} could not be fetched to its end", path.display()))?;
            file.sync_all()?;
            fs::rename(&part, &path)?;
            fetched.push(path.display().to_string());
        }
        if self.json {
            output::json(&Value::from(fetched));
        } else {
            fetched.iter().for_each(|path| say!("{path}"));
        }
        Ok(())
    }
}
