//! `crowsnest letters`: print runs.

use crate::{
    client::{Client, Connection, encoded},
    output::{self, text},
};
use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What says what the other files of a print run are.
const MANIFEST: &str = "manifest.json";

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
    /// Fetch the files of a print run, and hold them against its manifest.
    Fetch {
        /// Its id.
        run: String,
        /// Into a folder of the print run's name in this one.
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
                let letters = letters(&report["letters"]);
                say!("{}: {letters}, begun {}", text(&report, "id"), text(&report, "started"));
                show_too_long(&manifest["too_long"]);
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
            let copies = match report["copies"].as_u64().unwrap_or(0) {
                0 => String::new(),
                copies => format!(" and {} for seed lists", output::counted(copies, "copy", "copies")),
            };
            say!("{}{copies} would be printed.", letters(&report["letters"]));
            say!("{}", output::table(["program", "template", "letters"], &[2], rows));
        } else if report["run"].is_null() {
            say!("Nothing was to be printed.");
        } else {
            let run = &report["run"];
            let are = if run["letters"] == 1 { "is" } else { "are" };
            say!("{}: {} {are} printed.", text(run, "id"), letters(&run["letters"]));
            say!("Fetch them: crowsnest letters fetch {}", text(run, "id"));
        }
        let left_out = report["left_out"].as_array().cloned().unwrap_or_default();
        if !left_out.is_empty() {
            let rows = left_out
                .iter()
                .map(|row| [output::count(&row[1]), row[0].as_str().unwrap_or_default().to_owned()]);
            say!("{}", output::table(["not printed", "because"], &[0], rows));
        }
        let unmade = report["unmade"].as_array().cloned().unwrap_or_default();
        if !unmade.is_empty() {
            let columns = ["delivery", "profile", "template", "reason"];
            let rows = unmade.iter().map(|one| columns.map(|column| text(one, column)));
            say!("{}", output::table(["cannot be made", "for", "template", "because"], &[], rows));
            say!("Mend the template or what is known of them: the next print run takes them.");
        }
        show_too_long(&report["too_long"]);
        Ok(())
    }

    /// Fetches the files of a print run into a folder of its name, and holds them against its manifest.
    fn fetch(&self, client: &Client, run: &str, out: &Path) -> anyhow::Result<()> {
        let from = format!("/api/v1/letters/runs/{}", encoded(run));
        let manifest: Value = client.get(&format!("{from}/{MANIFEST}"))?;
        // As the server spells it, so that what was typed names no folder elsewhere.
        let folder = out.join(text(&manifest, "print_run"));
        fs::create_dir_all(&folder)
            .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
        let mut fetched = Vec::new();
        let files = manifest["files"].as_array().into_iter().flatten();
        let files = files.map(|file| (text(file, "name"), Some(text(file, "sha256"))));
        // Last, so that a folder with a manifest is whole.
        for (name, hash) in files.chain([(MANIFEST.to_owned(), None)]) {
            anyhow::ensure!(
                !name.contains(['/', '\\']),
                "the manifest of {run} names no file of its own: {name}"
            );
            let (path, part) = (folder.join(&name), folder.join(format!("{name}.part")));
            let mut body = client.download(&format!("{from}/{}", encoded(&name)))?;
            let mut file = Hashed {
                file: fs::File::create(&part)
                    .with_context(|| format!("{} cannot be written", part.display()))?,
                hash: Sha256::new(),
            };
            io::copy(&mut body, &mut file)
                .with_context(|| format!("{} could not be fetched to its end", path.display()))?;
            file.file.sync_all()?;
            let got: String = file.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            anyhow::ensure!(
                hash.is_none_or(|hash| hash == got),
                "{name} is not what the manifest of {run} says, so it was changed or broken on its way; what came is in {}",
                part.display()
            );
            fs::rename(&part, &path)?;
            fetched.push(path.display().to_string());
        }
        if self.json {
            output::json(&Value::from(fetched));
        } else {
            fetched.iter().for_each(|path| say!("{path}"));
            say!("They are what the manifest says.");
        }
        Ok(())
    }
}

/// A file, and the hash of what is written to it.
struct Hashed {
    file: fs::File,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn letters(count: &Value) -> String {
    output::counted(count.as_u64().unwrap_or(0), "letter", "letters")
}

/// Which lines are too long for where they stand.
fn show_too_long(found: &Value) {
    let lines = found["lines"].as_array().cloned().unwrap_or_default();
    if lines.is_empty() {
        return;
    }
    let columns = ["letter", "place", "line"];
    let rows = lines.iter().map(|line| columns.map(|column| text(line, column)));
    say!("{} with a line that is too long:", letters(&found["letters"]));
    say!("{}", output::table(["letter", "where", "line"], &[], rows));
}
