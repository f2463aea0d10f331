//! Who gets a broadcast, and why everybody else does not.

use crate::{CompileError, Person, compile};
use crowsnest_model::{
    HouseholdId, Profile, ProfileId, Time,
    definition::{Broadcast, OnePer},
};
use crowsnest_rules::{Condition, Schema, SeriesSpec, Truth};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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

/// One person of the audience. Small, since there may be millions.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who it is.
    pub profile: ProfileId,
    /// Where it would go.
    pub contact: String,
    /// Their household, as the flow grouped it.
    pub household: Option<HouseholdId>,
    /// A launch that was interrupted has queued theirs already.
    pub queued: bool,
    /// For each `prefer` condition, whether it holds.
    pub preferred: Vec<bool>,
    /// When they were last active.
    pub last_seen: Time,
}

/// Somebody of the audience who gets nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Who it is.
    pub profile: ProfileId,
    /// Where it would have gone.
    pub contact: Option<String>,
    /// Why, in the words by which such people are counted.
    pub reason: String,
    /// Who gets it for them.
    pub instead: Option<ProfileId>,
}

/// Somebody who gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    /// Who it is.
    pub candidate: Candidate,
    /// Why this member of the household, in words; `None` for people on their own.
    pub chosen: Option<String>,
}

/// Who gets a broadcast, and who does not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selection {
    /// Who gets it, in the order of their ids.
    pub recipients: Vec<Recipient>,
    /// Who is left out.
    pub left_out: Vec<LeftOut>,
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

    /// What its conditions ask to be remembered of events.
    pub fn series(&self) -> impl Iterator<Item = &Arc<SeriesSpec>> {
        std::iter::once(&self.audience).chain(&self.prefer).flat_map(|condition| &condition.inputs().series)
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
            household: None,
            queued: false,
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
                    "of {} in the household, the one of whom it holds: {}",
                    others.len() + 1,
                    condition.sentence()
                );
            }
        }
        format!("of {} in the household, the one who was active last", others.len() + 1)
    }
}

/// Of these candidates, who gets it: one per household if the broadcast says so, and never two to one contact point.
///
/// Of a household it is the member whom the `prefer` conditions put first, then whoever was active last, then the
/// smaller id. The answer does not depend on the order of the candidates.
pub fn select(broadcast: &LiveBroadcast, candidates: Vec<Candidate>) -> Selection {
    let mut selection = Selection::default();
    let mut groups: BTreeMap<(u8, u64), Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        let key = match (broadcast.definition.one_per, candidate.household) {
            (OnePer::Household, Some(household)) => (0, household.0),
            _ => (1, candidate.profile.0),
        };
        groups.entry(key).or_default().push(candidate);
    }
    let mut chosen = Vec::with_capacity(groups.len());
    for (_, mut members) in groups {
        members.sort_by(|a, b| {
            let order = b.queued.cmp(&a.queued).then(b.preferred.cmp(&a.preferred));
            order.then(b.last_seen.cmp(&a.last_seen)).then(a.profile.cmp(&b.profile))
        });
        let first = members.remove(0);
        let why = (!members.is_empty()).then(|| broadcast.why(&first, &members));
        for other in members {
            selection.left_out.push(LeftOut {
                profile: other.profile,
                contact: Some(other.contact),
                reason: "another member of the household gets it".into(),
                instead: Some(first.profile),
            });
        }
        chosen.push(Recipient { candidate: first, chosen: why });
    }
    // Whoever has it already comes first: an address that had it does not get it again for somebody else.
    chosen.sort_by_key(|recipient| (!recipient.candidate.queued, recipient.candidate.profile));
    let mut by_contact: HashMap<String, ProfileId> = HashMap::new();
    for recipient in chosen {
        let candidate = &recipient.candidate;
        match by_contact.get(&candidate.contact) {
            Some(first) => selection.left_out.push(LeftOut {
                profile: candidate.profile,
                contact: Some(candidate.contact.clone()),
                reason: "another person with the same address gets it".into(),
                instead: Some(*first),
            }),
            None => {
                by_contact.insert(candidate.contact.clone(), candidate.profile);
                selection.recipients.push(recipient);
            }
        }
    }
    selection.recipients.sort_by_key(|recipient| recipient.candidate.profile);
    selection.left_out.sort_by_key(|left_out| left_out.profile);
    selection
}
