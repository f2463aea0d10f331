//! Definitions as text: read, check, compare and write back a workspace folder.
//!
//! ```text
//! read_folder ─► check ─► Checked { workspace, documents, warnings } ─► diff, export
//!   (files)       │
//!                 └─► every problem at once, each with its file, line and column
//! ```
//!
//! A file is split into its documents, each document is parsed into a tree whose every node knows its place, the tree is
//! read as the model's own types, and then the documents are checked against each other. Only [`read_folder`] does IO.

mod check;
mod checks;
mod condition;
mod diff;
mod document;
mod folder;
mod problem;
mod schema;
mod section;
mod tree;
mod typed;

pub use check::{Checked, check};
pub use condition::condition_schema;
pub use diff::{Change, diff};
pub use document::{Document, Kind, export};
pub use folder::{FolderError, SourceFile, read_folder};
pub use problem::Problem;
pub use schema::json_schema;
