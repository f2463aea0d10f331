//! From files to a checked workspace, or to everything that is wrong with them.

use crate::{
    Document, Kind, Problem, SourceFile,
    checks::{self, Findings, Spot},
    problem::{did_you_mean, listed, quoted},
    section::{body, sections},
    tree::Node,
    typed,
};
use crowsnest_model::definition::{self, Workspace};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// A workspace without mistakes.
#[derive(Debug, Clone)]
pub struct Checked {
    /// What it defines.
    pub workspace: Workspace,
    /// Its documents, by kind and name.
    pub documents: Vec<Document>,
    /// What is allowed, but probably not meant.
    pub warnings: Vec<Problem>,
}

/// A document whose kind and name are known.
pub(crate) struct Parsed<'a> {
    pub kind: Kind,
    pub name: String,
    pub path: &'a str,
    /// The text of its section, to which the places of its nodes refer.
    pub section: &'a str,
    pub root: Node,
}

/// Where each kind and name is defined first.
pub(crate) type Names = BTreeMap<Kind, BTreeMap<String, Origin>>;

/// Where something is defined.
pub(crate) struct Origin {
    pub path: String,
    pub line: usize,
}

/// Checks all files together: the workspace they define, or every mistake in them, by place.
pub fn check(files: &[SourceFile]) -> Result<Checked, Vec<Problem>> {
    let mut findings = Findings::default();
    let parsed = parse(files, &mut findings);
    let names = names(&parsed, &mut findings);
    let (workspace, documents) = read(&parsed, &mut findings);
    checks::check_all(&workspace, &parsed, &documents, &names, &mut findings);
    let Findings { mut problems, mut warnings } = findings;
    for list in [&mut problems, &mut warnings] {
        list.sort();
        list.dedup();
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut documents: Vec<Document> = documents.into_iter().flatten().collect();
    documents.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    Ok(Checked { workspace, documents, warnings })
}

fn parse<'a>(files: &'a [SourceFile], findings: &mut Findings) -> Vec<Parsed<'a>> {
    let mut all = Vec::new();
    for file in files {
        for section in sections(&file.text) {
            match Node::parse(section.text, section.lines_before) {
                Ok(root) => all.extend(named(&file.path, section.text, root, findings)),
                Err(error) => findings.problem_at(&file.path, error.place, error.message, None),
            }
        }
    }
    all
}

fn named<'a>(path: &'a str, section: &'a str, root: Node, findings: &mut Findings) -> Option<Parsed<'a>> {
    let kinds = || Kind::ALL.into_iter().map(Kind::as_str);
    let Some(first) = root.entries().first() else {
        let message = format!(
            "a document begins with what it defines, one of {}; this is {}",
            listed(kinds()),
            root.in_words()
        );
        findings.problem_at(path, root.place, message, None);
        return None;
    };
    let Ok(kind) = first.key.parse::<Kind>() else {
        let elsewhere = root.entries().iter().find(|entry| entry.key.parse::<Kind>().is_ok());
        let hint = match elsewhere {
            Some(entry) => Some(format!("move `{}` to the first line of the document", entry.key)),
            None => did_you_mean(&first.key, kinds()),
        };
        let message = format!(
            "unknown word {}; a document begins with what it defines, one of {}",
            quoted(&first.key),
            listed(kinds())
        );
        findings.problem_at(path, first.key_place, message, hint);
        return None;
    };
    let Some(name) = first.value.text() else {
        let message = format!("expected the name of the {kind}, found {}", first.value.in_words());
        findings.problem_at(path, first.value.place, message, None);
        return None;
    };
    if let Err(message) = checks::name(name) {
        findings.problem_at(path, first.value.place, message, None);
    }
    Some(Parsed { kind, name: name.to_owned(), path, section, root })
}

fn names(parsed: &[Parsed<'_>], findings: &mut Findings) -> Names {
    let mut names = Names::new();
    for document in parsed {
        let of_kind = names.entry(document.kind).or_default();
        let only_one = matches!(document.kind, Kind::Workspace | Kind::Identity | Kind::Policy);
        let before = if only_one { of_kind.values().next() } else { of_kind.get(&document.name) };
        match before {
            Some(Origin { path, line }) => {
                let message = if only_one {
                    format!("a workspace has only one `{}:`, and it is at {path}:{line}", document.kind)
                } else {
                    format!(
                        "there is already a {} {} at {path}:{line}",
                        document.kind,
                        quoted(&document.name)
                    )
                };
                findings.problem(Spot::root(document).at(document.kind.as_str()), message);
            }
            None => {
                let origin = Origin { path: document.path.to_owned(), line: document.root.place.line };
                of_kind.insert(document.name.clone(), origin);
            }
        }
    }
    if !names.contains_key(&Kind::Workspace) {
        findings.problems.push(Problem {
            path: "crowsnest.yaml".into(),
            line: 1,
            column: 1,
            message: "there is no `workspace:` document: a folder has exactly one, by custom in this file"
                .into(),
            hint: None,
        });
    }
    names
}

/// Reads each document as its type. Those that cannot be read are left out of the workspace.
fn read(parsed: &[Parsed<'_>], findings: &mut Findings) -> (Workspace, Vec<Option<Document>>) {
    fn typed<T: DeserializeOwned + Serialize>(
        document: &Parsed<'_>,
        findings: &mut Findings,
        keep: impl FnOnce(T),
    ) -> Option<Document> {
        let value: T = match typed::read(&document.root) {
            Ok(value) => value,
            Err(mistakes) => {
                for mistake in mistakes {
                    findings.problem_at(document.path, mistake.place, mistake.message, mistake.hint);
                }
                return None;
            }
        };
        let canonical = serde_json::to_value(&value).map_err(|error| {
            findings.problem(Spot::root(document), format!("this cannot be written back: {error}"));
        });
        keep(value);
        Some(Document {
            kind: document.kind,
            name: document.name.clone(),
            path: document.path.to_owned(),
            line: document.root.place.line,
            text: body(document.section),
            value: canonical.ok()?,
        })
    }

    let mut all = Workspace::default();
    let documents = parsed
        .iter()
        .map(|document| {
            let name = document.name.clone();
            match document.kind {
                Kind::Workspace => typed(document, findings, |value| all.organisation = value),
                Kind::Identity => typed(document, findings, |value| all.identity = value),
                Kind::Topic => typed(document, findings, |value| drop(all.topics.insert(name, value))),
                Kind::Source => typed::<definition::Source>(document, findings, |value| {
                    drop(all.sources.insert(name, value))
                }),
                Kind::Contract => typed(document, findings, |value| drop(all.contracts.insert(name, value))),
                Kind::Catalogue => {
                    typed(document, findings, |value| drop(all.catalogues.insert(name, value)))
                }
                Kind::Template => typed(document, findings, |value| drop(all.templates.insert(name, value))),
                Kind::Seeds => typed(document, findings, |value| drop(all.seeds.insert(name, value))),
                Kind::Metric => typed(document, findings, |value| drop(all.metrics.insert(name, value))),
                Kind::Segment => typed(document, findings, |value| drop(all.segments.insert(name, value))),
                Kind::Segmentation => {
                    typed(document, findings, |value| drop(all.segmentations.insert(name, value)))
                }
                Kind::Program => typed(document, findings, |value| drop(all.programs.insert(name, value))),
                Kind::Broadcast => {
                    typed(document, findings, |value| drop(all.broadcasts.insert(name, value)))
                }
                Kind::Webhook => typed(document, findings, |value| drop(all.webhooks.insert(name, value))),
                Kind::Policy => typed(document, findings, |value| all.policy = value),
            }
        })
        .collect();
    (all, documents)
}
