//! Putting definitions in force.

use crate::{Engine, FlowError, Live};
use crowsnest_model::Time;
use crowsnest_store::{StoredDocument, sqlite::Writer};
use crowsnest_workspace::{Change, Checked, Problem, SourceFile};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What applying definitions changed.
#[derive(Debug, Clone, Serialize)]
pub struct Applied {
    /// The changes, in the order in which definitions are shown.
    pub changes: Vec<Change>,
    /// What is allowed but looks wrong.
    pub warnings: Vec<Problem>,
}

/// The write keys of sources that declare none: made from the installation's secret, so they stay the same.
pub(crate) fn made_keys<'n>(
    sources: impl IntoIterator<Item = &'n str>,
    secret: &str,
) -> HashMap<String, String> {
    sources
        .into_iter()
        .map(|name| {
            let digest = Sha256::new()
                .chain_update("write-key")
                .chain_update([0])
                .chain_update(secret)
                .chain_update([0])
                .chain_update(name)
                .finalize();
            let key: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            (name.to_owned(), format!("wk_{key}"))
        })
        .collect()
}

fn compile(checked: Checked, stored: &[StoredDocument], secret: &str) -> Result<Live, FlowError> {
    let names: Vec<String> = checked.workspace.sources.keys().cloned().collect();
    let keys = made_keys(names.iter().map(String::as_str), secret);
    Live::compile(checked, stored, &keys).map_err(FlowError::Definitions)
}

/// The definitions in force, ready. An installation that has none yet has an empty workspace.
pub(crate) fn in_force(store: &mut Writer, now: Time, secret: &str) -> Result<Live, FlowError> {
    let stored = store.commit(|unit| unit.documents(true).map_err(FlowError::from))?;
    let files = crowsnest_workspace::export(&documents_of(&stored));
    let checked = if files.is_empty() {
        Checked { workspace: Default::default(), documents: Vec::new(), warnings: Vec::new() }
    } else {
        crowsnest_workspace::check(&files).map_err(FlowError::Definitions)?
    };
    let live = compile(checked, &stored, secret)?;
    store.commit(|unit| crate::builds::ask_for(unit, &live, now))?;
    Ok(live)
}

/// Checks files, compares them with what is in force, and puts them in force in one commit. What is not in the files
/// is taken out of force; its earlier versions stay for those who are on their way.
pub(crate) fn put_in_force(
    store: &mut Writer,
    files: &[SourceFile],
    now: Time,
    secret: &str,
) -> Result<(Applied, Live), FlowError> {
    let checked = crowsnest_workspace::check(files).map_err(FlowError::Definitions)?;
    let before = store.commit(|unit| unit.documents(false).map_err(FlowError::from))?;
    let changes = crowsnest_workspace::diff(&documents_of(&before), &checked.documents);
    let warnings = checked.warnings.clone();
    let live = store.commit(|unit| -> Result<Live, FlowError> {
        for change in &changes {
            if let Change::Removed(kind, name) = change {
                unit.retire_document(kind.as_str(), name, now)?;
            }
        }
        for document in &checked.documents {
            let line = u32::try_from(document.line).unwrap_or(u32::MAX);
            let as_before = before.iter().any(|stored| {
                (stored.kind.as_str(), &stored.name, &stored.text, &stored.path, stored.line)
                    == (document.kind.as_str(), &document.name, &document.text, &document.path, line)
            });
            if !as_before {
                unit.put_document(&StoredDocument {
                    kind: document.kind.to_string(),
                    name: document.name.clone(),
                    version: 0,
                    path: document.path.clone(),
                    line,
                    text: document.text.clone(),
                    compiled: document.value.to_string(),
                    live: true,
                    applied: now,
                    retired: None,
                })?;
            }
        }
        let stored = unit.documents(true)?;
        let live = compile(checked, &stored, secret)?;
        crate::builds::ask_for(unit, &live, now)?;
        Ok(live)
    })?;
    Ok((Applied { changes, warnings }, live))
}

/// Stored definitions in force, as documents to compare with.
pub(crate) fn documents_of(stored: &[StoredDocument]) -> Vec<crowsnest_workspace::Document> {
    stored
        .iter()
        .filter(|document| document.live)
        .filter_map(|document| {
            Some(crowsnest_workspace::Document {
                kind: document.kind.parse().ok()?,
                name: document.name.clone(),
                path: document.path.clone(),
                line: document.line as usize,
                text: document.text.clone(),
                value: serde_json::from_str(&document.compiled).ok()?,
            })
        })
        .collect()
}

impl Engine {
    /// What applying these files would change. Nothing is changed.
    pub fn diff(&self, files: &[SourceFile]) -> Result<Applied, FlowError> {
        let checked = crowsnest_workspace::check(files).map_err(FlowError::Definitions)?;
        let stored = self.read(|read| read.documents(true))?;
        let changes = crowsnest_workspace::diff(&documents_of(&stored), &checked.documents);
        let warnings = checked.warnings.clone();
        compile(checked, &stored, self.secret())?;
        Ok(Applied { changes, warnings })
    }

    /// Checks these files and puts them in force, all or nothing.
    pub async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, FlowError> {
        let secret = self.secret().to_owned();
        self.task(move |desk| {
            let now = desk.clock.now();
            let (applied, live) = put_in_force(&mut desk.store, &files, now, &secret)?;
            desk.set_live(live);
            desk.commit(crate::outward::resume)?;
            Ok(applied)
        })
        .await
        .inspect(|_| self.say_definitions_changed())
    }

    /// The definitions in force, as files.
    pub fn export(&self) -> Vec<SourceFile> {
        crowsnest_workspace::export(self.live().documents())
    }
}
