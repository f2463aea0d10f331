//! A real Chromium, driven by the scripts of `tests/browser`. The pictures that it takes are in `target/tmp/screens`.

use crate::world::{driven, installed, repository};
use serde_json::{Value, json};
use std::{path::Path, process::Command, time::Duration};

/// A browser starts slowly where others build.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a script with a browser, and gives what it says. Nothing may go wrong on any page, not even in the console.
pub fn browse(script: &str, environment: &[(&str, &str)]) -> Value {
    let mut command = Command::new("node");
    command
        .arg(repository().join("tests/browser").join(script))
        .env("BROWSER_MODULES", installed("browser"))
        .env("SCREENS", Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens"))
        .env_remove("NODE_OPTIONS")
        .envs(environment.iter().copied());
    let said = driven(command, script, PATIENCE);
    assert_eq!(said["failures"], json!([]), "{script}: the console of the browser");
    let faults: Vec<&str> = said["wrong"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(faults.is_empty(), "{script}:\n{}", faults.join("\n"));
    said
}
