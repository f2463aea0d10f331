//! What an engineer does with a folder of definitions.

mod example;
mod guide;
mod mistakes;
mod program_mistakes;
mod security;
mod seeds_mistakes;
mod sms_mistakes;
mod webhook_mistakes;
mod write_back;

use crowsnest_workspace::{SourceFile, read_folder};
use std::path::PathBuf;

/// The files of the example workspace.
fn harbor_motors() -> Vec<SourceFile> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/harbor-motors");
    read_folder(&dir).expect("the example can be read")
}
