//! What is asked of a store about people who are alike: who has to be compared, what was learned, what is in doubt.

use crate::{Page, Result};
use crowsnest_model::{ProfileId, QuestionId, Time};
use serde::{Deserialize, Serialize};

/// What was learned of likeness.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedModel {
    /// Its version: two of one version say the same.
    pub version: String,
    /// When it was learned.
    pub learned: Time,
    /// From how many records.
    pub people: u64,
    /// The settings that it is for, as a text to compare.
    pub meaning: String,
    /// The model itself, as JSON.
    pub doc: String,
    /// What was learned of households with it, as JSON.
    pub homes: String,
}

/// By what somebody was compared before they were merged with somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchRecord {
    /// Its number; later ones have higher numbers.
    pub id: u64,
    /// Whose it is now.
    pub profile: ProfileId,
    /// Who they were then.
    pub origin: ProfileId,
    /// Values by field, as JSON.
    pub doc: String,
}

/// One line of what speaks for or against two being one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is compared.
    pub field: String,
    /// How it came out.
    pub finding: String,
    /// What that says for one person, in bits (log2); below 0, against it.
    pub bits: f64,
}

/// A question to people of the house: whether two are one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// Since when it is asked.
    pub asked: Time,
    /// The one.
    pub one: ProfileId,
    /// The other.
    pub other: ProfileId,
    /// How much speaks for one person: log2 of the odds.
    pub bits: f64,
    /// How many pairs of records the answer decides.
    pub pairs: u64,
    /// What the answer is worth: pairs, weighted by how uncertain they are.
    pub value: f64,
    /// The version of the model.
    pub model: String,
    /// What stands against making them one, though they are alike enough.
    pub obstacle: Option<String>,
    /// Field by field; it adds up to how alike the two are by themselves.
    pub evidence: Vec<Evidence>,
    /// Since when it is put off.
    pub put_off: Option<Time>,
}

/// What can be asked about people who are alike.
pub trait ReadMatching {
    /// Who has to be compared with the others, with the stamp of their last change.
    fn match_queue(&self, limit: usize) -> Result<Vec<(ProfileId, u64)>>;
    /// How many have to be compared.
    fn match_queue_count(&self) -> Result<u64>;
    /// By what people were compared before they were merged, in the order in which it was kept, after `after`.
    fn match_records(&self, after: u64, limit: usize) -> Result<Vec<MatchRecord>>;
    /// The same of one person.
    fn match_records_of(&self, profile: ProfileId) -> Result<Vec<MatchRecord>>;
    /// What was learned last.
    fn match_model(&self) -> Result<Option<LearnedModel>>;
    /// Questions, the most valuable first: those that are put off, or the others.
    fn questions(&self, put_off: bool, page: Page) -> Result<Vec<Question>>;
    /// How many there are of them.
    fn question_count(&self, put_off: bool) -> Result<u64>;
    /// A question.
    fn question(&self, id: QuestionId) -> Result<Option<Question>>;
    /// The questions about a person.
    fn questions_of(&self, profile: ProfileId) -> Result<Vec<Question>>;
    /// Questions that another model than this asked.
    fn questions_not_of(&self, model: &str, limit: usize) -> Result<Vec<Question>>;
}

/// What can be written about people who are alike.
pub trait WriteMatching {
    /// Somebody has to be compared with the others.
    fn queue_match(&mut self, profile: ProfileId, stamp: u64) -> Result<()>;
    /// Somebody was compared, as they were at that stamp.
    fn end_match(&mut self, profile: ProfileId, stamp: u64) -> Result<()>;
    /// Keeps by what somebody was compared before a merge. It goes along with the person in all later merges.
    fn put_match_record(&mut self, record: &MatchRecord) -> Result<()>;
    /// Forgets it.
    fn remove_match_record(&mut self, id: u64) -> Result<()>;
    /// Keeps what was learned. Of what was learned before, only that it was is kept.
    fn put_match_model(&mut self, model: &LearnedModel) -> Result<()>;
    /// Asks, or asks otherwise.
    fn put_question(&mut self, question: &Question) -> Result<()>;
    /// A question is no question any more. False when it was none.
    fn remove_question(&mut self, id: QuestionId) -> Result<bool>;
}
