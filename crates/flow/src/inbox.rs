//! The watched folder: files that are put there are read, then moved away.
//!
//! `inbox/<source>/<feed>/FILE`, or `inbox/<source>/FILE` when a feed of the source says by its `files` pattern that it
//! is one of its files. Beside it, `FILE.complete-until` may say in RFC 3339 up to when the source is complete then.
//! A file that was read moves to `inbox-done/`, one that cannot be read to `inbox-failed/` with its reason beside it.

use crate::{Engine, FlowError, ImportOptions};
use crowsnest_model::Time;
use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How a file looked when it was last seen: a file that is still being written changes.
type Look = (u64, Option<SystemTime>);

/// The watched folder of an installation.
#[derive(Debug)]
pub struct Inbox {
    engine: Engine,
    folder: PathBuf,
    seen: HashMap<PathBuf, Look>,
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
        let folder = engine.data().join("inbox");
        fs::create_dir_all(&folder)?;
        Ok(Self { engine, folder, seen: HashMap::new() })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the files that look as they looked the last time; new ones and those still being written wait for the
    /// next look. It blocks.
    pub fn look(&mut self) -> io::Result<Vec<Arrival>> {
        let mut found = HashMap::new();
        gather(&self.folder, 0, &mut found)?;
        let mut settled: Vec<PathBuf> = found
            .iter()
            .filter(|(path, look)| self.seen.get(*path) == Some(look))
            .map(|(path, _)| path.clone())
            .collect();
        settled.sort();
        self.seen = found;
        let mut arrivals = Vec::new();
        for path in settled {
            self.seen.remove(&path);
            let file = path.strip_prefix(&self.folder).unwrap_or(&path).to_owned();
            let outcome = self.read(&path, &file).map_err(|error| error.to_string());
            if let Err(reason) = &outcome {
                tracing::warn!(file = %file.display(), reason, "a file of the inbox cannot be read");
            }
            self.move_away(&path, &file, outcome.as_ref().err())?;
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

    fn move_away(&self, path: &Path, file: &Path, failed: Option<&String>) -> io::Result<()> {
        let folder = self.engine.data().join(if failed.is_some() { "inbox-failed" } else { "inbox-done" });
        let target = folder.join(file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(path, &target)?;
        let note = beside(path);
        if note.exists() {
            fs::rename(&note, beside(&target))?;
        }
        if let Some(reason) = failed {
            let mut name = target.into_os_string();
            name.push(".reason.txt");
            fs::write(PathBuf::from(name), format!("{reason}\n"))?;
        }
        Ok(())
    }
}

/// The file beside a file that says up to when it is complete.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".complete-until");
    PathBuf::from(name)
}

/// Regular files at most two folders deep. Links are not followed; hidden files and those that uploads are written
/// under (`.part`, `.tmp`) are left alone.
fn gather(folder: &Path, depth: usize, found: &mut HashMap<PathBuf, Look>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        let unfinished = [".part", ".tmp", ".complete-until"].iter().any(|ending| name.ends_with(ending));
        if name.starts_with('.') || unfinished {
            continue;
        }
        if kind.is_dir() && depth < 2 {
            gather(&entry.path(), depth + 1, found)?;
        } else if kind.is_file() {
            let metadata = entry.metadata()?;
            found.insert(entry.path(), (metadata.len(), metadata.modified().ok()));
        }
    }
    Ok(())
}
