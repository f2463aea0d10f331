//! A definition as it stands in its file.

use crate::SourceFile;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// What a document defines: its first word. In the order in which definitions are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The organisation, and what is common to all definitions.
    Workspace,
    /// How people are told apart.
    Identity,
    /// Something that people can consent to.
    Topic,
    /// A system that sends data.
    Source,
    /// What events must look like.
    Contract,
    /// Things that people care about.
    Catalogue,
    /// A message.
    Template,
    /// Addresses of the house which get copies of what customers get.
    Seeds,
    /// What is computed of each person.
    Metric,
    /// The people of whom a condition is true.
    Segment,
    /// Segments of which everybody is in one at most.
    Segmentation,
    /// A trigger plus steps plus a goal.
    Program,
    /// A one-off mailing.
    Broadcast,
    /// A system of ours that programs tell things.
    Webhook,
    /// How much is too much, over all programs and broadcasts.
    Policy,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Self; 15] = [
        Self::Workspace,
        Self::Identity,
        Self::Topic,
        Self::Source,
        Self::Contract,
        Self::Catalogue,
        Self::Template,
        Self::Seeds,
        Self::Metric,
        Self::Segment,
        Self::Segmentation,
        Self::Program,
        Self::Broadcast,
        Self::Webhook,
        Self::Policy,
    ];

    /// The word with which a document of this kind begins.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Identity => "identity",
            Self::Topic => "topic",
            Self::Source => "source",
            Self::Contract => "contract",
            Self::Catalogue => "catalogue",
            Self::Template => "template",
            Self::Seeds => "seeds",
            Self::Metric => "metric",
            Self::Segment => "segment",
            Self::Segmentation => "segmentation",
            Self::Program => "program",
            Self::Broadcast => "broadcast",
            Self::Webhook => "webhook",
            Self::Policy => "policy",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// One definition: a YAML document of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// What it defines.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The file in which it stands, relative to the workspace folder.
    pub path: String,
    /// The line of its first word.
    pub line: usize,
    /// Its text as it was written, comments included, with `\n` line ends and without its `---` line.
    pub text: String,
    /// What the text means: short forms spelled out, what was not given filled in. Two texts that mean the same have
    /// the same value.
    pub value: serde_json::Value,
}

/// The files of these documents: those of one path are sections of one file, in their order.
///
/// [`check`](crate::check) of the result gives the same documents again.
pub fn export(documents: &[Document]) -> Vec<SourceFile> {
    let mut files: BTreeMap<&str, Vec<&Document>> = BTreeMap::new();
    for document in documents {
        files.entry(&document.path).or_default().push(document);
    }
    files
        .into_iter()
        .map(|(path, mut documents)| {
            documents.sort_by_key(|document| (document.line, document.kind, &document.name));
            let texts: Vec<&str> = documents.iter().map(|document| document.text.as_str()).collect();
            SourceFile { path: path.to_owned(), text: texts.join("---\n") }
        })
        .collect()
}
