//! `crowsnest apply`, `diff` and `export`: the definitions as text.

use crate::{client::Connection, output};
use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Check a workspace folder and put its definitions in force, all or nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "What is not in the folder is taken out of force. People who are in a program finish on the \
    version that they began.\n\nExample: crowsnest apply examples/harbor-motors"
)]
pub struct Apply {
    /// The workspace folder.
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Show what applying a workspace folder would change. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "Example: crowsnest diff examples/harbor-motors")]
pub struct Diff {
    /// The workspace folder.
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Write the definitions in force into a folder.
#[derive(Debug, Args)]
#[command(after_help = "Example: crowsnest export ./workspace")]
pub struct Export {
    /// The folder. It is made if it is not there; files in it are replaced.
    folder: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

fn files(folder: &Path) -> anyhow::Result<Value> {
    let files = crowsnest_workspace::read_folder(folder)?;
    Ok(json!({ "files": files }))
}

fn show(answer: &Value, as_json: bool, nothing: &str) {
    if as_json {
        output::json(answer);
        return;
    }
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        say!(
            "warning: {}:{}: {}",
            output::text(warning, "path"),
            warning["line"],
            output::text(warning, "message")
        );
    }
    for fault in answer["not_ready"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        say!("warning: nothing can be handed over: {fault}");
    }
    let changes = answer["changes"].as_array().cloned().unwrap_or_default();
    if changes.is_empty() {
        say!("{nothing}");
    }
    for change in changes {
        let pair = |value: &Value| {
            format!("{} {}", value[0].as_str().unwrap_or_default(), value[1].as_str().unwrap_or_default())
        };
        if let Some(added) = change.get("added") {
            say!("+ {}", pair(added));
        } else if let Some(removed) = change.get("removed") {
            say!("- {}", pair(removed));
        } else if let Some(changed) = change.get("changed") {
            say!("~ {} {}", output::text(changed, "kind"), output::text(changed, "name"));
            for line in output::text(changed, "diff").lines() {
                say!("    {line}");
            }
        }
    }
}

impl Apply {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let answer: Value = self.connection.client()?.put("/api/v1/workspace", &files(&self.folder)?)?;
        show(&answer, self.json, "nothing has changed");
        Ok(())
    }
}

impl Diff {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let answer: Value =
            self.connection.client()?.post("/api/v1/workspace/diff", &files(&self.folder)?)?;
        show(&answer, self.json, "nothing would change");
        Ok(())
    }
}

impl Export {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let files: Vec<crowsnest_workspace::SourceFile> =
            self.connection.client()?.get("/api/v1/workspace")?;
        for file in &files {
            // The server's word is not trusted with this machine's folders.
            let inside = Path::new(&file.path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            anyhow::ensure!(inside, "the server names a file outside of the folder: {}", file.path);
            let path = self.folder.join(&file.path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            }
            std::fs::write(&path, &file.text).with_context(|| path.display().to_string())?;
        }
        let written = output::counted(files.len() as u64, "file", "files");
        say!("{written} written to {}", self.folder.display());
        Ok(())
    }
}
