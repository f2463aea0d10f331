//! `crowsnest serve`: the one process.

use anyhow::{Context, bail};
use clap::Args;
use crowsnest_channels::email::{
    Mailbox,
    receiving::{Bounds, Reception},
    returns::LARGEST,
};
use crowsnest_flow::{
    Engine, FlowError, Inbox, Opening, SystemClock,
    outward::{Courier, ReturnsFolder, Visits},
};
use crowsnest_server::{AdminToken, App, Limits, Parts};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// Start Crowsnest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  crowsnest serve --workspace examples/harbor-motors\n  \
    crowsnest serve --data /var/lib/crowsnest --listen 0.0.0.0:8080\n\n\
    The administrator's token is CROWSNEST_ADMIN_TOKEN if that is set. Otherwise one is made at first start, printed \
    once, and kept in DATA/admin-token, which only you can read, so that the other commands find it.\n\
    Files that are put into DATA/inbox/<source>/<feed>/ are read, and mail that came back from DATA/returns/.")]
pub struct Serve {
    /// The folder for everything that is kept. It is made if it is not there.
    #[arg(long, value_name = "DIR", default_value = "data", env = "CROWSNEST_DATA")]
    pub data: PathBuf,
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "CROWSNEST_LISTEN")]
    pub listen: SocketAddr,
    /// A workspace folder to apply at the start. Without it, the definitions in force stay.
    #[arg(long, value_name = "DIR", env = "CROWSNEST_WORKSPACE")]
    pub workspace: Option<PathBuf>,
    /// Where the built-in mailbox takes SMTP; any free port of this machine if not said.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", env = "CROWSNEST_MAILBOX")]
    pub mailbox: SocketAddr,
    /// Where to take mail that comes back, over SMTP or LMTP without TLS: an address that your mail server alone reaches. Nowhere
    /// if not said. See `email.returns` of the workspace.
    #[arg(long, value_name = "ADDR", env = "CROWSNEST_RETURNS")]
    pub returns: Option<SocketAddr>,
    /// Ask this DNS server in `crowsnest email check`, instead of the system's.
    #[arg(long, value_name = "ADDR", env = "CROWSNEST_DNS")]
    pub dns: Option<SocketAddr>,
    /// Start with the kill switch for all thrown: nothing is sent until `crowsnest program resume --all`. For a backup
    /// that was restored, whose queued messages may have gone out since.
    #[arg(long)]
    pub stopped: bool,
}

/// What the listener for returned mail bears: mail servers come one by one, and try again.
const RETURNS: Bounds = Bounds {
    name: "returns",
    connections: 64,
    message: LARGEST,
    silence: Duration::from_secs(60),
    lasts: Duration::from_secs(15 * 60),
    refusals: 20,
};

/// The administrator's token: given, kept, or made. True when it was made just now.
fn admin_token(data: &Path) -> anyhow::Result<(String, bool)> {
    match std::env::var("CROWSNEST_ADMIN_TOKEN") {
        Ok(token) if token.len() < AdminToken::SHORTEST => {
            bail!("CROWSNEST_ADMIN_TOKEN is too short: give it at least {} characters", AdminToken::SHORTEST)
        }
        Ok(token) => return Ok((token, false)),
        Err(std::env::VarError::NotPresent) => {}
        Err(error) => bail!("CROWSNEST_ADMIN_TOKEN: {error}"),
    }
    kept_token(&data.join("admin-token"))
}

/// The token that is kept in a file, or a new one that is from now on. True when it was made just now.
fn kept_token(file: &Path) -> anyhow::Result<(String, bool)> {
    if file.exists() {
        let token = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        return Ok((token.trim().to_owned(), false));
    }
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).context("no randomness to make a token of")?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    private_file(file, &token).with_context(|| file.display().to_string())?;
    Ok((token, true))
}

/// Writes a file that only its owner can read.
fn private_file(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Makes a folder that only its owner can look into, if it is not there: whoever can read what is in it is the administrator.
fn private_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The administrator's token.
    pub token: String,
    /// The token was made just now.
    pub token_is_new: bool,
    /// Tells everything to stop.
    pub stop: watch::Sender<bool>,
    /// Ends when everything has stopped.
    pub done: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Serve {
    /// Runs until it is told to stop.
    pub fn run(self) -> anyhow::Result<()> {
        crate::output::log_to_stderr();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let done = runtime.block_on(async {
            let running = self.start().await?;
            say!("Crowsnest listens at http://{}", running.addr);
            if running.token_is_new {
                say!(
                    "The administrator's token, made for this first start and printed this once:\n  {}\n\
                     It is kept in {}.",
                    running.token,
                    self.data.join("admin-token").display()
                );
            }
            stop_signal().await?;
            tracing::info!("stopping");
            let _ = running.stop.send(true);
            running.done.await?
        });
        // What goes on in the background is taken up where it was; learning from a million people is not waited for.
        runtime.shutdown_timeout(Duration::from_secs(5));
        done
    }

    /// Starts everything.
    pub async fn start(&self) -> anyhow::Result<Running> {
        let workspace = match &self.workspace {
            Some(folder) => Some(crowsnest_workspace::read_folder(folder)?),
            None => None,
        };
        private_folder(&self.data).with_context(|| self.data.display().to_string())?;
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).context("no randomness to make a secret of")?;
        let opening = Opening { data: self.data.clone(), workspace, clock: Arc::new(SystemClock), entropy };
        let (engine, warnings) = match Engine::open(opening) {
            Ok(opened) => opened,
            Err(FlowError::Definitions(problems)) => {
                return Err(crate::client::Refusal {
                    status: 422,
                    code: "definitions".into(),
                    message: FlowError::Definitions(problems.clone()).to_string(),
                    problems: problems.iter().map(ToString::to_string).collect(),
                }
                .into());
            }
            Err(error) => return Err(error.into()),
        };
        for warning in warnings {
            eprintln!("warning: {warning}");
        }
        if self.stopped {
            engine.set_switch("*", true).await?;
        }
        let (token, token_is_new) = admin_token(&self.data)?;
        let admin = AdminToken::new(&token).with_context(|| {
            format!("the token in {} is too short", self.data.join("admin-token").display())
        })?;
        let mailbox = Mailbox::start(self.mailbox, self.data.join("mailbox"))
            .await
            .with_context(|| format!("the built-in mailbox cannot listen at {}", self.mailbox))?;
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!("cannot listen at {}; choose another address with --listen", self.listen)
        })?;
        let addr = listener.local_addr()?;
        let courier = Courier::new(mailbox.addr(), format!("http://{addr}"), engine.secret())?;
        let dispatcher = engine.dispatcher(courier);
        // Events are taken all the same; messages wait.
        for fault in dispatcher.courier().setup_faults(&engine.live()) {
            eprintln!("warning: nothing can be handed over: {fault}");
        }
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new()
            .install_recorder()
            .context("the recorder of numbers cannot be installed")?;
        let upkeep = metrics.clone();
        let reception = match self.returns {
            None => None,
            Some(listen) => {
                let started = Reception::start(listen, RETURNS, dispatcher.returns()).await;
                let reception = started.with_context(|| {
                    format!("mail that comes back cannot be taken at {listen}; see --returns")
                })?;
                say!("Mail that comes back is taken at {}", reception.addr());
                Some(reception)
            }
        };
        let returns = ReturnsFolder::open(dispatcher.returns())?;
        let app = App::new(Parts {
            engine: engine.clone(),
            dispatcher: dispatcher.clone(),
            visits: Visits::new(engine.clone()),
            mailbox,
            admin,
            dns: self.dns,
            metrics,
        });
        std::fs::write(self.data.join("address"), format!("{addr}\n"))?;

        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(crowsnest_server::serve(
            listener,
            crowsnest_server::router(app),
            Limits::default(),
            stopping.clone(),
        ));
        let sending = tokio::spawn(dispatcher.run(stopping.clone()));
        let building = tokio::spawn(engine.clone().keep_building());
        let matching = tokio::spawn(engine.clone().keep_matching());
        let forgetting = tokio::spawn(engine.clone().keep_forgetting_watchers());
        let numbers = tokio::spawn(async move {
            // The recorder gathers observations until somebody looks; without this they would pile up.
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                upkeep.run_upkeep();
            }
        });
        let watching = tokio::spawn(watch_inbox(Inbox::open(engine.clone())?, stopping.clone()));
        let printing = tokio::spawn(engine.clone().keep_printing(stopping.clone()));
        let returning = tokio::spawn(watch_returns(returns, stopping));
        let launching = tokio::spawn(engine.clone().keep_launching());
        let done = tokio::spawn(async move {
            serving.await??;
            sending.await?;
            watching.await?;
            returning.await?;
            printing.await?;
            drop(reception);
            numbers.abort();
            building.abort();
            launching.abort();
            matching.abort();
            forgetting.abort();
            Ok(())
        });
        Ok(Running { addr, token, token_is_new, stop, done })
    }
}

/// Looks at the inbox again and again. A folder is all that a file transfer leaves; it does not call us.
async fn watch_inbox(mut inbox: Inbox, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let looked = tokio::task::spawn_blocking(move || {
            let done = inbox.look();
            (inbox, done)
        })
        .await;
        let Ok((back, done)) = looked else { return };
        inbox = back;
        if let Err(error) = done {
            tracing::warn!(%error, folder = %inbox.folder().display(), "the inbox cannot be looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Looks at the folder of returned mail again and again.
async fn watch_returns(mut returns: ReturnsFolder, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = returns.look().await {
            tracing::warn!(%error, folder = %returns.folder().display(), "the folder of returned mail cannot be read");
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Waits for Ctrl-C or the signal with which service managers end a process.
pub async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_first_start_makes_a_token_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("var/data");
        private_folder(&data).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data), 0o700);
        private_folder(&data).unwrap();
        let file = data.join("admin-token");
        let (token, new) = kept_token(&file).unwrap();
        assert!(new && token.len() == 48 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "192 bits");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(kept_token(&file).unwrap(), (token.clone(), false));
        assert_ne!(kept_token(&data.join("another")).unwrap().0, token);
    }
}
