//! The watched folder: files that are put there are read, then moved away.
//!
//! `inbox/<source>/<feed>/FILE`, or `inbox/<source>/FILE` when a feed of the source says by its `files` pattern that it
//! is one of its files. Beside it, `FILE.complete-until` may say in RFC 3339 up to when the source is complete then.
//! A file that was read moves to `inbox-done/`, one that cannot be read to `inbox-failed/` with its reason beside it.

use crate::{Engine, FlowError, ImportOptions, watched::Watched};
use crowsnest_model::Time;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The watched folder of an installation.
#[derive(Debug)]
pub struct Inbox {
    engine: Engine,
    watched: Watched,
}

/// What became of a file.
#[derive(Debug)]
pub struct Arrival {
    /// The file, relative to the inbox.
    pub file: PathBuf,
    /// What came of it.
    pub outcome: Result<crowsnest_store::ImportRecord, String>,
}

impl Inbox {
    /// Watches `inbox/` of the engine's data folder, making it if it is not there.
    pub fn open(engine: Engine) -> io::Result<Self> {
        let watched = Watched::open(engine.data(), "inbox")?;
        Ok(Self { engine, watched })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.watched.folder()
    }

    /// Reads the files that look as they looked the last time; new ones and those still being written wait for the
    /// next look. It blocks.
    pub fn look(&mut self) -> io::Result<Vec<Arrival>> {
        let mut arrivals = Vec::new();
        for path in self.watched.settled()? {
            let file = path.strip_prefix(self.watched.folder()).unwrap_or(&path).to_owned();
            let outcome = self.read(&path, &file).map_err(|error| error.to_string());
            let moved = self.watched.move_away(&file, outcome.as_ref().err())?;
            let note = beside(&path);
            if note.exists() {
                fs::rename(&note, beside(&moved))?;
            }
            arrivals.push(Arrival { file, outcome });
        }
        Ok(arrivals)
    }

    fn read(&self, path: &Path, file: &Path) -> Result<crowsnest_store::ImportRecord, FlowError> {
        let live = self.engine.live();
        let parts: Vec<String> =
            file.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
        let sources = || live.workspace().sources.keys().map(String::as_str);
        let (source, feed, name) = match parts.as_slice() {
            [source, feed, name] => (source, feed.clone(), name),
            [source, name] => {
                let definition = live
                    .workspace()
                    .sources
                    .get(source)
                    .ok_or_else(|| FlowError::not_found("source", source, sources()))?;
                let feed = definition.feeds.iter().find(|(_, feed)| {
                    feed.files.as_deref().is_some_and(|pattern| {
                        globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(name))
                    })
                });
                let feed = feed.map(|(feed, _)| feed.clone()).ok_or_else(|| {
                    FlowError::Refused(format!(
                        "no feed of {source} says by its `files` that this is one of its files; put it into a folder \
                         named after the feed"
                    ))
                })?;
                (source, feed, name)
            }
            _ => {
                return Err(FlowError::Refused(
                    "files belong into a folder named after their source: inbox/<source>/FILE".into(),
                ));
            }
        };
        let io = |error: io::Error| FlowError::Feed(format!("{}: {error}", file.display()));
        let complete_until = match fs::read_to_string(beside(path)) {
            Ok(text) => Some(text.parse::<Time>().map_err(|error| FlowError::Refused(error.to_string()))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io(error)),
        };
        let options = ImportOptions { file: name.clone(), complete_until, ..ImportOptions::default() };
        let input = io::BufReader::with_capacity(1 << 16, fs::File::open(path).map_err(io)?);
        self.engine.import(input, source, &feed, &options, |_| {})
    }
}

/// The file beside a file that says up to when it is complete.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".complete-until");
    PathBuf::from(name)
}
