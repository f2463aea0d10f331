//! A folder in which others put files, each of which is read once and moved away.
//!
//! A file that was read moves to `NAME-done/` beside the folder, one that cannot be read to `NAME-failed/` with its reason beside
//! it. A file transfer calls nobody and takes its time: a file is whole when it looks as it looked the last time.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// How a file looked when it was last seen: a file that is still being written changes.
type Look = (u64, Option<SystemTime>);

/// A watched folder.
#[derive(Debug)]
pub(crate) struct Watched {
    folder: PathBuf,
    done: PathBuf,
    failed: PathBuf,
    seen: HashMap<PathBuf, Look>,
}

impl Watched {
    /// Watches `data/name`, making it if it is not there.
    pub(crate) fn open(data: &Path, name: &str) -> io::Result<Self> {
        let folder = data.join(name);
        fs::create_dir_all(&folder)?;
        let (done, failed) = (data.join(format!("{name}-done")), data.join(format!("{name}-failed")));
        Ok(Self { folder, done, failed, seen: HashMap::new() })
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files that look as they looked the last time, by name; new ones and those still being written wait for the next
    /// look.
    pub(crate) fn settled(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut found = HashMap::new();
        gather(&self.folder, 0, &mut found)?;
        let mut settled: Vec<PathBuf> = found
            .iter()
            .filter(|(path, look)| self.seen.get(*path) == Some(look))
            .map(|(path, _)| path.clone())
            .collect();
        settled.sort();
        found.retain(|path, _| settled.binary_search(path).is_err());
        self.seen = found;
        Ok(settled)
    }

    /// Moves a file of the folder away, and writes beside it why it failed, if it did. Gives its new place.
    pub(crate) fn move_away(&self, file: &Path, failed: Option<&String>) -> io::Result<PathBuf> {
        let target = if failed.is_some() { &self.failed } else { &self.done }.join(file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(self.folder.join(file), &target)?;
        if let Some(reason) = failed {
            tracing::warn!(file = %file.display(), reason, "a file of a watched folder cannot be read");
            let mut name = target.clone().into_os_string();
            name.push(".reason.txt");
            fs::write(PathBuf::from(name), format!("{reason}\n"))?;
        }
        Ok(target)
    }
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
