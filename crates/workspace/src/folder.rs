//! The definition files of a workspace folder.

use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The largest definition file, in bytes.
const LARGEST_FILE: u64 = 1024 * 1024;
/// The most definition files.
const MOST_FILES: usize = 10_000;
/// The deepest folder below the workspace folder.
const DEEPEST: usize = 16;
/// Folders beside the definitions that hold something else: sample feeds, and what a running installation keeps.
const NOT_DEFINITIONS: [&str; 4] = ["sample", "data", "node_modules", "target"];

/// A file with definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path relative to the workspace folder, with forward slashes.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Why a workspace folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The system says no.
    #[error("{path} cannot be read: {error}")]
    Io {
        /// What could not be read.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A link leads out of the folder.
    #[error("{path} leads out of the workspace folder: definitions must be in it")]
    LinkOut {
        /// The link.
        path: PathBuf,
    },
    /// Larger than any definition.
    #[error("{path} has {bytes} bytes: a definition file has at most {LARGEST_FILE}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// More files than any workspace.
    #[error("more than {MOST_FILES} definition files below {path}: is this a workspace folder?")]
    TooMany {
        /// The workspace folder.
        path: PathBuf,
    },
    /// Deeper than any workspace.
    #[error("{path} is more than {DEEPEST} folders deep: is this a workspace folder?")]
    TooDeep {
        /// The folder.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{path} is not UTF-8 text")]
    NotText {
        /// The file or folder.
        path: PathBuf,
    },
    /// Nothing there.
    #[error("there is no definition file (*.yaml) in {path}: is this a workspace folder?")]
    Empty {
        /// The workspace folder.
        path: PathBuf,
    },
}

/// All definition files (`*.yaml`, `*.yml`) below a folder, sorted by path.
///
/// Passed over: what is hidden, and the folders `sample`, `data`, `node_modules` and `target`.
pub fn read_folder(dir: &Path) -> Result<Vec<SourceFile>, FolderError> {
    let root = fs::canonicalize(dir).map_err(|error| FolderError::Io { path: dir.to_owned(), error })?;
    let mut files = Vec::new();
    walk(&root, &root, "", 0, &mut files)?;
    if files.is_empty() {
        return Err(FolderError::Empty { path: dir.to_owned() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(
    root: &Path,
    dir: &Path,
    prefix: &str,
    depth: usize,
    files: &mut Vec<SourceFile>,
) -> Result<(), FolderError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| FolderError::Io { path, error }
    };
    if depth > DEEPEST {
        return Err(FolderError::TooDeep { path: dir.to_owned() });
    }
    for entry in fs::read_dir(dir).map_err(failed(dir))? {
        let path = entry.map_err(failed(dir))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(FolderError::NotText { path });
        };
        if name.starts_with('.') {
            continue;
        }
        let is_definition = name.ends_with(".yaml") || name.ends_with(".yml");
        let is_link = fs::symlink_metadata(&path).map_err(failed(&path))?.is_symlink();
        // A link to something that cannot be a definition is nobody's business here, broken or not.
        if is_link && !is_definition && !fs::metadata(&path).is_ok_and(|target| target.is_dir()) {
            continue;
        }
        let target = fs::canonicalize(&path).map_err(failed(&path))?;
        let about = fs::metadata(&target).map_err(failed(&path))?;
        if about.is_dir() && NOT_DEFINITIONS.contains(&name) || !about.is_dir() && !is_definition {
            continue;
        }
        if !target.starts_with(root) {
            return Err(FolderError::LinkOut { path });
        }
        let relative = format!("{prefix}{name}");
        if about.is_dir() {
            // A link to a folder in the workspace would show its files twice, or for ever.
            if !is_link {
                walk(root, &path, &format!("{relative}/"), depth + 1, files)?;
            }
            continue;
        }
        if files.len() == MOST_FILES {
            return Err(FolderError::TooMany { path: root.to_owned() });
        }
        files.push(SourceFile { path: relative, text: read_text(&target, &path)? });
    }
    Ok(())
}

fn read_text(target: &Path, path: &Path) -> Result<String, FolderError> {
    use io::Read as _;
    let failed = |error| FolderError::Io { path: path.to_owned(), error };
    let file = fs::File::open(target).map_err(failed)?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells that there is too much, whatever the file's size is said to be.
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST_FILE {
        let bytes = fs::metadata(target).map_or(bytes.len() as u64, |about| about.len());
        return Err(FolderError::TooLarge { path: path.to_owned(), bytes });
    }
    String::from_utf8(bytes).map_err(|_| FolderError::NotText { path: path.to_owned() })
}
