//! Who gets a broadcast, and why everybody else does not.

use crate::{CompileError, Person, compile};
use crowsnest_model::{HouseholdId, Profile, ProfileId, Time, definition::Broadcast};
use crowsnest_rules::{Condition, Inputs, Schema, SeriesSpec, Truth};
use std::sync::Arc;

/// A broadcast, ready.
#[derive(Debug)]
pub struct LiveBroadcast {
    /// What it says.
    pub definition: Broadcast,
    /// Its version.
    pub version: u32,
    audience: Condition,
    prefer: Vec<Condition>,
}

/// One person who can and may be written to.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who it is.
    pub profile: ProfileId,
    /// Where it would go.
    pub contact: String,
    /// The household by which their deliveries are known.
    pub household: Option<HouseholdId>,
    /// For each `prefer` condition, whether it holds.
    pub preferred: Vec<bool>,
    /// When they were last active.
    pub last_seen: Time,
}

/// Who of a household gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// Who gets it.
    pub chosen: Candidate,
    /// Why they, in words; `None` for people on their own.
    pub why: Option<String>,
    /// The others, in the order of their ids.
    pub others: Vec<Candidate>,
}

impl LiveBroadcast {
    /// Makes a broadcast ready.
    pub fn compile(definition: Broadcast, version: u32, schema: &Schema) -> Result<Self, CompileError> {
        let schema = schema.clone().without_event();
        let parse = |field: &'static str, text: &str| {
            Condition::parse(text, &schema).map_err(|error| compile::CompileError {
                program: definition.name.clone(),
                field,
                error,
            })
        };
        Ok(Self {
            audience: parse("audience", &definition.audience)?,
            prefer: definition.prefer.iter().map(|text| parse("prefer", text)).collect::<Result<_, _>>()?,
            version,
            definition,
        })
    }

    /// What its conditions look at.
    pub fn inputs(&self) -> impl Iterator<Item = &Inputs> {
        std::iter::once(&self.audience).chain(&self.prefer).map(Condition::inputs)
    }

    /// What its conditions ask to be remembered of events.
    pub fn series(&self) -> impl Iterator<Item = &Arc<SeriesSpec>> {
        self.inputs().flat_map(|inputs| &inputs.series)
    }

    /// The audience's condition.
    pub fn audience(&self) -> &Condition {
        &self.audience
    }

    /// Whether a person is of the audience; if not, the clause that says no, in words.
    pub fn in_audience(&self, person: &Person<'_>) -> Result<(), String> {
        if self.audience.evaluate(person).holds() {
            return Ok(());
        }
        let clause = self.audience.explain(person).into_iter().find(|clause| clause.truth != Truth::True);
        Err(match clause {
            Some(clause) if clause.truth == Truth::Unknown => {
                format!("it is not known whether: {}", clause.sentence)
            }
            Some(clause) => format!("does not hold: {}", clause.sentence),
            None => "the audience's condition does not hold".to_owned(),
        })
    }

    /// The person as a candidate.
    pub fn candidate(&self, person: &Person<'_>, contact: String) -> Candidate {
        let profile: &Profile = person.profile;
        Candidate {
            profile: profile.id,
            contact,
            household: profile.household(),
            preferred: self.prefer.iter().map(|condition| condition.evaluate(person).holds()).collect(),
            last_seen: profile.last_seen,
        }
    }

    /// Why a member of a household was chosen, in words.
    fn why(&self, chosen: &Candidate, others: &[Candidate]) -> String {
        for (index, condition) in self.prefer.iter().enumerate() {
            let differs = others.iter().any(|other| other.preferred[index] != chosen.preferred[index]);
            if differs && chosen.preferred[index] {
                return format!(
                    "of {}{CHOSEN_OF}of whom it holds: {}",
                    others.len() + 1,
                    condition.sentence()
                );
            }
        }
        format!("of {}{CHOSEN_OF}who was active last", others.len() + 1)
    }
}

/// Whether a delivery's reason says only why this member of a household was chosen.
pub fn is_choice(reason: &str) -> bool {
    reason.starts_with("of ") && reason.contains(CHOSEN_OF)
}

/// What stands in each reason for which a member was chosen.
const CHOSEN_OF: &str = " in the household, the one ";

/// Who of the candidates of one household gets it; of somebody on their own, they themselves; nobody when there are none.
///
/// It is the member whom the `prefer` conditions put first, then whoever was active last, then the smaller id. The answer
/// does not depend on the order of the members.
pub fn choose(broadcast: &LiveBroadcast, mut members: Vec<Candidate>) -> Option<Choice> {
    members.sort_by_key(|member| member.profile);
    let best = |a: &(usize, &Candidate), b: &(usize, &Candidate)| {
        let (a, b) = (a.1, b.1);
        a.preferred.cmp(&b.preferred).then(a.last_seen.cmp(&b.last_seen)).then(b.profile.cmp(&a.profile))
    };
    let (place, _) = members.iter().enumerate().max_by(best)?;
    let chosen = members.remove(place);
    let why = (!members.is_empty()).then(|| broadcast.why(&chosen, &members));
    Some(Choice { chosen, why, others: members })
}
