//! What people of the house are asked about who is one person, and what they answer.

use super::{Fields, certainty, matcher::evidence};
use crate::{Engine, FlowError};
use crowsnest_linkage::{Model, live::Live as LivePeople};
use crowsnest_model::{DecisionId, Identifier, Profile, ProfileId, QuestionId, Time};
use crowsnest_store::{Evidence, Page, Question, Read, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question, with what is known of the two.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewQuestion {
    /// The question.
    #[serde(flatten)]
    pub question: Question,
    /// How likely it is that they are one person, from 0 to 1.
    pub certainty: f64,
    /// The two.
    pub people: [PersonAsked; 2],
}

/// Somebody about whom a question is.
#[derive(Debug, Clone, Serialize)]
pub struct PersonAsked {
    /// Who.
    pub profile: ProfileId,
    /// By what they are compared, by field.
    pub compared: Value,
    /// By what they are known.
    pub identifiers: Vec<Identifier>,
    /// How many events are theirs.
    pub events: u64,
    /// When they were last heard of.
    pub last_seen: Time,
}

/// An answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// They are one person.
    Same,
    /// They are two.
    Different,
    /// Not now: it comes up again when something about them changes.
    Later,
}

/// What an answer came to.
#[derive(Debug, Clone, Serialize)]
pub struct Answered {
    /// The question.
    pub question: QuestionId,
    /// The answer.
    pub answer: Answer,
    /// The one person whom they are now; `None` when they are two.
    pub profile: Option<ProfileId>,
    /// The decision that was kept; `None` for later.
    pub decision: Option<DecisionId>,
}

/// How alike two people are.
#[derive(Debug, Clone, Serialize)]
pub struct Resemblance {
    /// How likely it is that they are one person, from 0 to 1.
    pub certainty: f64,
    /// log2 of the odds.
    pub bits: f64,
    /// The version of the model.
    pub model: String,
    /// When it was learned.
    pub learned: Time,
    /// Field by field; the bits add up.
    pub evidence: Vec<Evidence>,
}

impl PersonAsked {
    fn of(profile: &Profile, fields: &Fields) -> Self {
        let doc = fields.record(profile).map(|record| fields.to_doc(&record));
        Self {
            profile: profile.id,
            compared: doc.and_then(|doc| serde_json::from_str(&doc).ok()).unwrap_or_default(),
            identifiers: profile
                .identifiers
                .iter()
                .map(|link| Identifier { namespace: link.namespace.clone(), value: link.value.clone() })
                .collect(),
            events: profile.events,
            last_seen: profile.last_seen,
        }
    }
}

impl Engine {
    /// Questions, the most valuable first: those that are open, or those that are put off.
    pub fn questions(&self, put_off: bool, page: Page) -> Result<Vec<ReviewQuestion>, FlowError> {
        let fields = self.review_fields();
        self.read(|read| {
            let questions = read.questions(put_off, page)?;
            let asked = questions.into_iter().map(|question| asked(read, question, &fields));
            Ok(asked.collect::<Result<Vec<_>, StoreError>>()?.into_iter().flatten().collect())
        })
    }

    /// A question.
    pub fn question(&self, id: QuestionId) -> Result<ReviewQuestion, FlowError> {
        let fields = self.review_fields();
        let found = self.read(|read| match read.question(id)? {
            Some(question) => asked(read, question, &fields),
            None => Ok(None),
        })?;
        found.ok_or_else(|| not_found(id))
    }

    fn review_fields(&self) -> std::sync::Arc<Fields> {
        self.live().fields().clone()
    }

    /// Answers a question. What is decided holds, and is learned from.
    pub async fn answer(
        &self,
        id: QuestionId,
        answer: Answer,
        reason: String,
    ) -> Result<Answered, FlowError> {
        self.commit(move |work| {
            let mut question = work.unit.question(id)?.ok_or_else(|| not_found(id))?;
            let (one, other) = (question.one, question.other);
            let mut answered = Answered { question: id, answer, profile: None, decision: None };
            match answer {
                Answer::Same => {
                    let joined = work.join_by_decision(one, other, reason)?;
                    answered.profile = Some(joined.profile);
                    answered.decision = Some(joined.decision);
                }
                Answer::Different => answered.decision = Some(work.keep_apart(one, other, reason)?),
                Answer::Later => {
                    question.put_off = Some(work.now);
                    work.unit.put_question(&question)?;
                    return Ok(answered);
                }
            }
            work.unit.remove_question(id)?;
            Ok(answered)
        })
        .await
    }

    /// How alike two people are by the model that was learned last; `None` when there is none, or too little is known of
    /// one of them.
    pub fn resemblance(&self, one: ProfileId, other: ProfileId) -> Result<Option<Resemblance>, FlowError> {
        let live = self.live();
        let Some(fields) = live.match_fields() else { return Ok(None) };
        let (known, people) =
            self.read(|read| Ok((read.match_model()?, [read.profile(one)?, read.profile(other)?])))?;
        let known = known.filter(|known| known.meaning == fields.meaning());
        let (Some(known), [Some(one), Some(other)]) = (known, people) else { return Ok(None) };
        let (Some(one), Some(other)) = (fields.record(&one), fields.record(&other)) else { return Ok(None) };
        let Ok(model) = serde_json::from_str::<Model>(&known.doc) else { return Ok(None) };
        let intake = fields.intake(&model.layout);
        let mut both = LivePeople::new(model, fields.settings());
        let [one, other] =
            [one, other].map(|said| both.insert(&intake, "", 0, |column| said.column(column)).record);
        let explained = both.explain(one, other);
        Ok(Some(Resemblance {
            certainty: certainty(f64::from(explained.score)),
            bits: f64::from(explained.score),
            model: known.version,
            learned: known.learned,
            evidence: evidence(&explained),
        }))
    }
}

fn not_found(id: QuestionId) -> FlowError {
    let hint = "it was answered, or it is no question any more: `crowsnest identity decisions` lists what was decided";
    FlowError::NotFound { kind: "open question", name: id.to_string(), hint: Some(hint.to_owned()) }
}

/// A question with what is known of the two; `None` when they are not there or one by now.
fn asked(read: &dyn Read, question: Question, fields: &Fields) -> Result<Option<ReviewQuestion>, StoreError> {
    let (one, other) = (read.profile(question.one)?, read.profile(question.other)?);
    let (Some(one), Some(other)) = (one, other) else { return Ok(None) };
    Ok(Some(ReviewQuestion {
        certainty: certainty(question.bits),
        people: [PersonAsked::of(&one, fields), PersonAsked::of(&other, fields)],
        question,
    }))
}
