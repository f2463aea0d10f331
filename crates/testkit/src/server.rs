//! The real binary as a child process.

use crate::{Api, wait};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The administrator's token of every server that is started here.
pub const TOKEN: &str = "the-token-of-the-tests-0123456789";

/// How to start a server.
#[derive(Debug, Clone)]
pub struct ServerBuilder {
    binary: PathBuf,
    workspace: Option<PathBuf>,
    data: Option<PathBuf>,
    environment: Vec<(String, String)>,
}

/// A server that runs. It is killed when it is dropped; its data folder goes with it, unless a test brought its own.
#[derive(Debug)]
pub struct RunningServer {
    builder: ServerBuilder,
    data: PathBuf,
    _own: Option<TempDir>,
    child: Option<Child>,
    api: Api,
    took: Duration,
}

impl ServerBuilder {
    /// Of this binary, on a data folder of its own.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), workspace: None, data: None, environment: Vec::new() }
    }

    /// With this workspace folder.
    pub fn workspace(mut self, folder: impl Into<PathBuf>) -> Self {
        self.workspace = Some(folder.into());
        self
    }

    /// On this data folder.
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// With this environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it, and waits until it answers.
    pub fn start(self) -> RunningServer {
        let (data, own) = match &self.data {
            Some(data) => (data.clone(), None),
            None => {
                let own = TempDir::new().unwrap_or_else(|error| panic!("no folder for a server: {error}"));
                (own.path().join("data"), Some(own))
            }
        };
        let api = Api::new(String::new(), TOKEN);
        let mut server =
            RunningServer { builder: self, data, _own: own, child: None, api, took: Duration::ZERO };
        server.restart();
        server
    }
}

impl RunningServer {
    /// The client of the administrator.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// How long the last start took, until it answered.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// What it has written to standard output and standard error since it was first started.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Sets an environment variable for the next start, or with `None` takes it away.
    pub fn set_env(&mut self, name: &str, value: Option<&str>) {
        self.builder.environment.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.builder.environment.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Kills it as a crash would: at once, with no chance to say good-bye. Nothing happens when it has ended.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself, which is what killing is for.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    /// Waits until it has ended by itself.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let status = wait::until("the server ends by itself", || self.ended());
        self.child = None;
        status
    }

    /// Starts it again on the same data, wherever it is now. Its address is another then.
    pub fn restart(&mut self) {
        self.try_restart().unwrap_or_else(|why| panic!("{why}"));
    }

    /// As [`RunningServer::restart`]; the error says how it ended when it does so before it answers.
    pub fn try_restart(&mut self) -> Result<(), String> {
        self.kill();
        let address = self.data.join("address");
        if address.exists() {
            fs::remove_file(&address).map_err(|error| error.to_string())?;
        }
        let log_file = self.log_file();
        let log =
            File::options().create(true).append(true).open(&log_file).map_err(|error| error.to_string())?;
        let mut command = Command::new(&self.builder.binary);
        bare(&mut command).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&self.data);
        if let Some(workspace) = &self.builder.workspace {
            command.arg("--workspace").arg(workspace);
        }
        command.env("CROWSNEST_ADMIN_TOKEN", TOKEN).envs(self.builder.environment.iter().cloned());
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let started = Instant::now();
        let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        self.child = Some(child.map_err(|error| format!("{}: {error}", self.builder.binary.display()))?);
        let url = wait::until("the server says where it listens", || {
            if let Some(status) = self.ended() {
                return Some(Err(format!("the server ended ({status}):\n{}", self.log())));
            }
            // The line's end says that the file is whole.
            let written = fs::read_to_string(&address).ok()?;
            written.strip_suffix('\n').map(|address| Ok(format!("http://{address}")))
        })?;
        self.api = Api::new(url, TOKEN);
        self.took = started.elapsed();
        Ok(())
    }

    /// Runs a command against this server and waits until it ends.
    pub fn command(&self, arguments: &[&str]) -> Output {
        self.prepared(arguments).output().unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    /// Starts a command that goes on until it is stopped; what it prints can be read.
    pub fn started(&self, arguments: &[&str]) -> Child {
        let mut command = self.prepared(arguments);
        command.stdout(Stdio::piped()).spawn().unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.builder.binary);
        bare(&mut command).args(arguments).arg("--data").arg(&self.data).env("CROWSNEST_ADMIN_TOKEN", TOKEN);
        command.stdin(Stdio::null());
        command
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the server said\n{}---", self.log());
        }
        self.kill();
    }
}

/// Runs a binary to its end, with nothing of this process's own settings for it.
pub fn run(binary: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary);
    bare(&mut command).args(arguments).stdin(Stdio::null());
    command.output().unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
}

/// Without the settings that whoever runs the tests may have for a server of their own.
fn bare(command: &mut Command) -> &mut Command {
    for name in ["DATA", "LISTEN", "WORKSPACE", "MAILBOX", "RETURNS", "SERVER", "ADMIN_TOKEN", "LOG"] {
        command.env_remove(format!("CROWSNEST_{name}"));
    }
    command.env_remove("FAILPOINTS")
}
