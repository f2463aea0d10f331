//! The server under test: a fresh one, with a workspace and a data folder of its own, and what its process has used.

use crate::Setting;
use anyhow::{Context, bail, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const WRITE_KEY: &str = "bench_web_write_key_0001";
const ADMIN_TOKEN: &str = "only-for-the-benchmark-0001";
/// The clock ticks in which Linux counts the time of processes; a constant of its interface since 2.4.
const TICKS: f64 = 100.0;

/// A workspace for the server: paths and texts.
pub type Files = Vec<(String, String)>;

const WORKSPACE: [(&str, &str); 5] = [
    ("crowsnest.yaml", include_str!("../workspace/crowsnest.yaml")),
    ("web.yaml", include_str!("../workspace/web.yaml")),
    ("topics.yaml", include_str!("../workspace/topics.yaml")),
    ("abandoned-cart.yaml", include_str!("../workspace/abandoned-cart.yaml")),
    ("cart-reminder.yaml", include_str!("../workspace/cart-reminder.yaml")),
];

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    data: PathBuf,
    /// Removed when the run is over.
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one with this workspace and waits until it listens.
    pub async fn start(setting: &Setting, files: Files) -> anyhow::Result<Self> {
        let binary = match &setting.server {
            Some(binary) => binary.clone(),
            None => std::env::current_exe()?.with_file_name("crowsnest"),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix("crowsnest-bench-");
        let folder = match &setting.data {
            Some(data) => {
                fs::create_dir_all(data)?;
                builder.tempdir_in(data)?
            }
            None => builder.tempdir()?,
        };
        let workspace = folder.path().join("workspace");
        fs::create_dir(&workspace)?;
        for (name, text) in files {
            fs::write(workspace.join(name), text)?;
        }
        let data = folder.path().join("data");
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .arg("--workspace")
            .arg(&workspace)
            .env("CROWSNEST_ADMIN_TOKEN", ADMIN_TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{}; build it first, or name it with --server", binary.display()))?;
        let output = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = line.strip_prefix("Crowsnest listens at http://") {
                    return Ok(address.parse::<SocketAddr>()?);
                }
            }
            bail!("it ended before it listened")
        };
        let address = tokio::time::timeout(Duration::from_secs(30), listening)
            .await
            .context("it did not listen within 30 seconds")??;
        // Whatever else it says is of no interest, but must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, address, data, _folder: folder })
    }

    /// The Authorization header of the source.
    pub fn source(&self) -> String {
        format!("Basic {}", BASE64_STANDARD.encode(format!("{WRITE_KEY}:")))
    }

    /// The Authorization header of the administrator.
    pub fn admin(&self) -> String {
        format!("Bearer {ADMIN_TOKEN}")
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Ends it at once.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// Asks it to end, waits for that, and says how many bytes its data have then.
    pub async fn stop(&mut self) -> anyhow::Result<u64> {
        let told = Command::new("kill").arg("-TERM").arg(self.process().to_string()).status().await?;
        if !told.success() {
            bail!("it is not there any more");
        }
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait())
            .await
            .context("it did not stop within 30 seconds")??;
        if !ended.success() {
            bail!("it ended with {ended}");
        }
        bytes_below(&self.data)
    }
}

/// The workspace with these definitions, whose mail goes to an SMTP server on this machine. `more` are other lines of its e-mail.
pub fn files_mailing_by(definitions: &str, smtp: SocketAddr, more: &str) -> anyhow::Result<Files> {
    let mut files = files(definitions);
    let (_, main) = files.first_mut().context("no workspace")?;
    let postal = "  postal_address:";
    ensure!(main.contains(postal), "the workspace has no address");
    let account = format!("  smtp: {{ host: {}, port: {}, security: none }}\n{more}", smtp.ip(), smtp.port());
    *main = main.replace(postal, &format!("{account}{postal}"));
    Ok(files)
}

/// The workspace of the benchmark, and these definitions besides.
pub fn files(definitions: &str) -> Files {
    let own = WORKSPACE.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned()));
    own.chain([("definitions.yaml".to_owned(), definitions.to_owned())]).collect()
}

fn bytes_below(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { bytes_below(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

/// What a process has used of the processors so far.
#[derive(Debug, Clone, Default)]
pub struct Used {
    at: Option<Instant>,
    seconds: f64,
    by_thread: BTreeMap<String, f64>,
}

/// What a process used of the processors in some time.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spent {
    /// Seconds on the clock.
    pub elapsed: f64,
    /// Seconds of processors.
    pub cpu: f64,
    /// The same by the names of threads.
    pub by_thread: BTreeMap<String, f64>,
}

impl Used {
    /// Of a process, until now. Threads that have ended are counted with the process only.
    pub fn by(process: u32) -> anyhow::Result<Self> {
        let folder = PathBuf::from(format!("/proc/{process}"));
        let mut by_thread = BTreeMap::new();
        for thread in fs::read_dir(folder.join("task"))? {
            // A thread may end while we look.
            if let Ok((name, seconds)) = times(&thread?.path()) {
                *by_thread.entry(name).or_default() += seconds;
            }
        }
        Ok(Self { at: Some(Instant::now()), seconds: times(&folder)?.1, by_thread })
    }

    /// What was used since `before`.
    pub fn since(&self, before: &Self) -> Spent {
        let elapsed = self.at.zip(before.at).map_or(0.0, |(now, then)| (now - then).as_secs_f64());
        let by_thread = self
            .by_thread
            .iter()
            .map(|(name, seconds)| (name.clone(), seconds - before.by_thread.get(name).unwrap_or(&0.0)))
            .filter(|(_, seconds)| *seconds >= 0.005)
            .collect();
        Spent { elapsed, cpu: self.seconds - before.seconds, by_thread }
    }
}

/// The name of a process or thread, and the seconds that it has used.
fn times(folder: &Path) -> anyhow::Result<(String, f64)> {
    let stat = fs::read_to_string(folder.join("stat"))?;
    parse_times(&stat).with_context(|| format!("{}: {stat}", folder.display()))
}

fn parse_times(stat: &str) -> Option<(String, f64)> {
    // The name stands in parentheses and may have some itself.
    let (before, after) = stat.rsplit_once(')')?;
    let name = before.split_once('(')?.1;
    let mut fields = after.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((name.to_owned(), (user + system) / TICKS))
}

/// The most memory that a process has had, in bytes.
pub fn peak_memory(process: u32) -> anyhow::Result<u64> {
    memory(process, "VmHWM:")
}

/// The memory that a process has, in bytes.
pub fn resident_memory(process: u32) -> anyhow::Result<u64> {
    memory(process, "VmRSS:")
}

fn memory(process: u32, what: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let kibibytes: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix(what))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse().ok())
        .with_context(|| format!("no {what} in the process's status"))?;
    Ok(kibibytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_a_process_are_read_whatever_its_name() {
        let stat = "77 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 9";
        assert_eq!(parse_times(stat), Some(("a (b) c".to_owned(), 3.0)));
        assert_eq!(parse_times("77 a"), None);
    }
}
