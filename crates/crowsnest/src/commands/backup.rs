//! `crowsnest backup`: a copy of the store, while everything goes on.

use anyhow::Context;
use clap::Args;
use crowsnest_store::sqlite::Readers;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Write a copy of the store as of one moment into a new file. The server may go on running.
#[derive(Debug, Args)]
#[command(
    after_help = "The copy is checked when it is written. To restore: stop the server, put the copy into an empty \
    data folder as crowsnest.db, start the server on it.\n\nExample: crowsnest backup --data /var/lib/crowsnest /backup/monday.db"
)]
pub struct Backup {
    /// The file. It must not exist.
    file: PathBuf,
    /// The data folder.
    #[arg(long, value_name = "DIR", default_value = "data", env = "CROWSNEST_DATA")]
    data: PathBuf,
}

impl Backup {
    /// Runs it.
    pub fn run(self) -> anyhow::Result<()> {
        let database = self.data.join("crowsnest.db");
        anyhow::ensure!(
            database.exists(),
            "{} has no store; name the data folder with --data",
            self.data.display()
        );
        let bar = ProgressBar::new(0).with_style(
            ProgressStyle::with_template("backup [{bar:30}] {percent}% {eta}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Readers::open(&self.data).backup(&self.file, |left, all| {
            bar.set_length(all);
            bar.set_position(all.saturating_sub(left));
        })?;
        bar.finish_and_clear();
        let size = std::fs::metadata(&self.file).with_context(|| self.file.display().to_string())?.len();
        say!("{} written and checked: {} bytes", self.file.display(), size);
        Ok(())
    }
}
