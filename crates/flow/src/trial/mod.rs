//! A program tried on one real customer with a simulated clock. Nothing is written, and nothing is sent.

mod call;
mod supposed;

pub use call::CallTried;

use crate::{
    Engine, FlowError, Live, OWN_SOURCE,
    inward::{Cause, Obstacle},
    outward::{Courier, Forecast, Message, Preview},
    people::{Agreed, Lookout},
};
use crowsnest_channels::webhook::{self, Told};
use crowsnest_model::{
    DeliveryId, EventId, Object, Profile, ProfileId, RunId, Time, Trait,
    definition::{ProgramState, Send},
    delivery::{HandedOver, WEBHOOK},
    profile::Run,
};
use crowsnest_programs::{Due, LiveProgram, Met, Then, Walk, on_the_clock};
use crowsnest_rules::{Clause, Subject};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A walk has at most this many stops: a condition that changes at each midnight stops it often, and one for ever.
const STOPS: usize = 10_000;

/// What is tried.
#[derive(Debug, Clone)]
pub struct Trial {
    /// On whom.
    pub person: ProfileId,
    /// The properties of the event that begins it; those of the person's latest such event, if not said.
    pub properties: Option<Object>,
    /// Of a program that begins with a change of an item: the item's key; that of the item that the person watched last, if
    /// not said.
    pub item: Option<String>,
    /// The fields that the item had before, where they were others; nothing is known of it before, if not said.
    pub before: Option<Object>,
    /// Segments that the person has then entered (`true`) or left, whatever their conditions say, beside the one that the
    /// program begins with.
    pub segments: BTreeMap<String, bool>,
    /// When that happens; if not said, now, and with a program by date or by schedule when it next comes due.
    pub at: Option<Time>,
}

/// What a program would do with a person.
#[derive(Debug, Clone, Serialize)]
pub struct ProgramTried {
    /// The program.
    pub program: String,
    /// The person; after a merge the survivor.
    pub profile: ProfileId,
    /// The version that was tried: the newest.
    pub version: u32,
    /// Its state. A draft can be tried.
    pub state: ProgramState,
    /// When what begins it is supposed to happen.
    pub at: Time,
    /// Of a program by date or by schedule: when it next comes due, by the person's own clock, such as
    /// `2027-03-01 at 09:00 America/New_York`.
    pub next: Option<String>,
    /// What begins it, in words.
    pub trigger: String,
    /// The properties of the event that was supposed.
    pub properties: Object,
    /// The recorded event that they are from.
    pub event: Option<EventId>,
    /// What the trigger asks, clause by clause; of a trigger by segment, what the segment asks.
    pub trigger_clauses: Vec<Clause>,
    /// What the audience asks, clause by clause.
    pub audience: Vec<Clause>,
    /// Why the lot holds the person out, if it does.
    pub held_out: Option<String>,
    /// What on record stands in the way, if anything does.
    pub obstacle: Option<String>,
    /// Whether the person would enter. If not, the steps say what would be if they did.
    pub enters: bool,
    /// The steps that they would come by, in their order.
    pub steps: Vec<StepTried>,
    /// How it would end.
    pub outcome: String,
    /// When.
    pub ended: Time,
    /// The names of the events that would end it before.
    pub ends: Vec<String>,
}

/// A step that a person would come by.
#[derive(Debug, Clone, Serialize)]
pub struct StepTried {
    /// When, by the simulated clock.
    pub time: Time,
    /// Its path in the definition, such as `2` or `2.a.0`.
    pub step: String,
    /// What would come of it, in words.
    pub outcome: String,
    /// What its conditions ask, clause by clause.
    pub clauses: Vec<Clause>,
    /// The message, if it is one.
    pub message: Option<MessageTried>,
    /// What a webhook would be told, if it is that.
    pub post: Option<PostTried>,
    /// The call, if a team is asked for one.
    pub call: Option<CallTried>,
}

/// What a webhook would be told.
#[derive(Debug, Clone, Serialize)]
pub struct PostTried {
    /// The webhook.
    pub webhook: String,
    /// What would be posted, as it stands there.
    pub body: Value,
    /// What it would wait for, in words.
    pub reasons: Vec<String>,
}

/// A message that would be made.
#[derive(Debug, Clone, Serialize)]
pub struct MessageTried {
    /// The template.
    pub template: String,
    /// The channel.
    pub channel: String,
    /// The consent topic.
    pub topic: String,
    /// The subject line; `None` when it cannot be made, and on channels whose messages have none.
    pub subject: Option<String>,
    /// The text of a message without a subject line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// When it would go out; `None` when it would not.
    pub goes: Option<Time>,
    /// Why not, or what it waits for, in words.
    pub reasons: Vec<String>,
}

impl Engine {
    /// Walks one person through the newest version of a program, as if the event that is supposed here had been taken in.
    /// It blocks.
    pub fn try_program(
        &self,
        courier: &Courier,
        program: &str,
        trial: Trial,
    ) -> Result<ProgramTried, FlowError> {
        self.known_program(program)?;
        let live = self.live();
        let known = live.segments();
        if let Some(unknown) = trial.segments.keys().find(|name| known.get(name).is_none()) {
            let all = known.all().iter().map(|segment| segment.name.as_str());
            return Err(FlowError::not_found("segment", unknown, all));
        }
        let derived = live.derived();
        let now = self.now();
        let newest =
            live.version("program", program).and_then(|version| live.plan().version(program, version));
        let newest = newest.ok_or_else(|| FlowError::Broken(format!("{program} is not ready")))?;
        let (person, at) = (trial.person, trial.at);
        self.read(|read| {
            let Some(profile) = read.profile(read.survivor(person)?)? else { return Ok(None) };
            let agreed = Agreed::default();
            let mut lookout =
                Lookout { read, live: &live, derived: &derived, now, agreed: &agreed, loaded: None };
            let (due, next) = lookout.ask(&profile, None, |person| {
                let due = newest.next_due(person);
                let next = due.as_ref().map(|due| on_the_clock(due.at, &person.zone()));
                (due, next)
            });
            let due = due.filter(|_| at.is_none());
            lookout.now = at.or(due.as_ref().map(|due| due.at)).unwrap_or(now);
            let tried = tried(&lookout, courier, newest, profile, (trial, due), now);
            Ok(Some(tried.map(|tried| ProgramTried { next, ..tried })))
        })?
        .unwrap_or_else(|| Err(FlowError::not_found("profile", &person.to_string(), [])))
    }
}

fn tried(
    lookout: &Lookout<'_>,
    courier: &Courier,
    program: &LiveProgram,
    mut profile: Profile,
    (trial, due): (Trial, Option<Due>),
    now: Time,
) -> Result<ProgramTried, FlowError> {
    let changes = supposed::changes(lookout, program, &trial.segments)?;
    let (cause, event, watched) = match program.watch() {
        Some(watch) => {
            let (cause, watched) = supposed::change(lookout, watch, &profile, trial)?;
            (cause, None, Some(watched))
        }
        None => {
            let (cause, event) = supposed::event(lookout, program, &profile, trial.properties, due)?;
            (cause, event, None)
        }
    };
    supposed::happens(lookout, &changes, &mut profile, &cause);
    let (mut trigger_clauses, audience, occasion) = lookout.ask(&profile, Some(cause.view()), |person| {
        (program.explain_trigger(person), program.explain_audience(person), program.occasion_of(person))
    });
    trigger_clauses.extend(watched);
    let hold = |clauses: &[Clause]| clauses.iter().all(|clause| clause.truth.holds());
    let meant = hold(&trigger_clauses) && hold(&audience);
    if let Some(name) = &program.definition.trigger.segment
        && let Some(segment) = lookout.live.segments().get(name)
    {
        trigger_clauses = lookout.ask(&profile, None, |person| segment.explain(person, &profile));
    }
    let occasion = occasion.unwrap_or_else(|| cause.occasion.clone());
    let obstacle =
        Obstacle::of(lookout.read, &profile, program, cause.time, &occasion)?.map(Obstacle::in_words);
    let held_out = program.held_out(profile.id);
    let enters = meant && obstacle.is_none() && held_out.is_none();
    let id = profile.id;
    let mut guide =
        Guide { lookout: *lookout, courier, program, profile, cause: &cause, now, steps: Vec::new() };
    let (outcome, ended) = guide.walk(occasion)?;
    Ok(ProgramTried {
        program: program.name().to_owned(),
        profile: id,
        version: program.version,
        state: program.definition.state,
        at: cause.time,
        next: None,
        trigger: program.trigger_in_words(),
        properties: cause.properties.clone(),
        event,
        trigger_clauses,
        audience,
        held_out,
        obstacle,
        enters,
        steps: guide.steps,
        outcome,
        ended,
        ends: program.ends().into_iter().map(str::to_owned).collect(),
    })
}

/// What would become of a message.
enum Sent {
    At(Time),
    Not,
    /// Its time to live would run out first.
    Expired,
}

/// Leads a person through a program.
struct Guide<'a> {
    lookout: Lookout<'a>,
    courier: &'a Courier,
    program: &'a LiveProgram,
    /// The person as they would be: with the traits that steps have set.
    profile: Profile,
    cause: &'a Cause,
    /// This moment, by the real clock.
    now: Time,
    steps: Vec<StepTried>,
}

impl Guide<'_> {
    /// To the end: how it ends, and when.
    fn walk(&mut self, occasion: String) -> Result<(String, Time), FlowError> {
        let program = self.program;
        self.profile.runs.retain(|run| run.program != program.name());
        self.profile.runs.push(Run {
            id: RunId(0),
            program: program.name().to_owned(),
            version: program.version,
            occasion,
            triggered: self.cause.time,
            step: 0,
            wake: None,
            awaits_goal: false,
            event: self.cause.event.clone(),
            properties: self.cause.properties.clone(),
            source: self.cause.source.clone(),
            since: None,
            moved_by: None,
        });
        let mut walk = Walk::begin(program, self.cause.time);
        let mut supposed = Vec::new();
        for _ in 0..STOPS {
            let lookout = Lookout { now: walk.clock(), ..self.lookout };
            let mut met = Vec::new();
            let then =
                lookout.ask(&self.profile, Some(self.cause.view()), |person| walk.go_on(person, &mut met));
            self.steps.extend(met.into_iter().map(|Met { time, step, outcome, clauses }| StepTried {
                time,
                step,
                outcome,
                clauses,
                message: None,
                post: None,
                call: None,
            }));
            match then {
                Then::Later => {}
                Then::Send { step, send } => match self.send(step, send, walk.clock(), &mut supposed)? {
                    Sent::At(time) => walk.resume(time),
                    Sent::Not => walk.resume(walk.clock()),
                    Sent::Expired => return Ok(("its time to live ran out".to_owned(), walk.clock())),
                },
                Then::Call { step, asked, call } => {
                    let ended = self.call((step, asked, call), walk.clock(), &mut supposed)?;
                    walk.resume(ended);
                }
                Then::Webhook { step, to, body } => {
                    self.tell(step, to, &body, walk.clock())?;
                    walk.resume(walk.clock());
                }
                Then::Set(traits) => self.set(traits, walk.clock()),
                Then::Enter { step, program } => {
                    let open = self.lookout.live.plan().entrances().open(program).is_some();
                    let outcome = match open {
                        true => format!("{program} would be entered, if its own rules let the person in"),
                        false => format!("{program} is not entered: it takes nobody in now"),
                    };
                    self.note(step, outcome, walk.clock(), None);
                }
                Then::End(reason) => return Ok((reason, walk.clock())),
            }
        }
        Ok((format!("the walk was given up after {STOPS} stops"), walk.clock()))
    }

    fn note(&mut self, step: &str, outcome: String, time: Time, message: Option<MessageTried>) {
        let step = step.to_owned();
        self.steps.push(StepTried {
            time,
            step,
            outcome,
            clauses: Vec::new(),
            message,
            post: None,
            call: None,
        });
    }

    /// The person has these traits from now on.
    fn set(&mut self, traits: Object, time: Time) {
        let said = |value| Trait {
            value,
            time,
            source: OWN_SOURCE.to_owned(),
            event: self.cause.id,
            third_party: false,
        };
        self.profile.traits.extend(traits.into_iter().map(|(name, value)| (name, said(value))));
    }

    /// What a webhook would be told.
    fn tell(&mut self, step: &str, to: &str, body: &Object, time: Time) -> Result<(), FlowError> {
        let program = self.program;
        let told = Told {
            program: program.name(),
            version: program.version,
            step,
            run: None,
            profile: self.profile.id,
            body,
            time,
        };
        let Lookout { read, live, .. } = self.lookout;
        let held =
            Forecast::held(read, live, program.name(), program.requires_fresh(), (WEBHOOK, ""), self.now)?;
        self.steps.push(StepTried {
            time,
            step: step.to_owned(),
            outcome: format!("tells {to}"),
            clauses: Vec::new(),
            message: None,
            post: Some(PostTried {
                webhook: to.to_owned(),
                body: webhook::told(&told),
                reasons: held.into_iter().collect(),
            }),
            call: None,
        });
        Ok(())
    }

    /// What would become of a message that is due at `due`.
    fn send(
        &mut self,
        step: &str,
        send: &Send,
        due: Time,
        supposed: &mut Vec<HandedOver>,
    ) -> Result<Sent, FlowError> {
        let live: &Live = self.lookout.live;
        let name = self.program.name();
        let message = Message {
            program: name,
            needs: self.program.requires_fresh(),
            send,
            due,
            expires: self.program.expires(self.cause.time),
        };
        let Forecast { goes, mut reasons, expires } =
            Forecast::with_budgets(self.lookout.read, live, &self.profile, &message, supposed, self.now)?;
        let mut seen = Object::new();
        seen.insert("name".into(), self.cause.event.clone().into());
        seen.insert("properties".into(), self.cause.properties.clone().into());
        let to = live.contact(&self.profile, &send.channel).unwrap_or_default();
        let (subject, text) = match self.courier.preview(live, &send.template, &self.profile, &to, &seen) {
            Ok(Preview { subject: None, text, .. }) => (None, Some(text)),
            Ok(preview) => (preview.subject, None),
            Err(error) => {
                reasons.push(format!("it cannot be made: {error}"));
                (None, None)
            }
        };
        let goes = goes.filter(|_| subject.is_some() || text.is_some());
        if let Some(time) = goes {
            let (channel, topic) = (send.channel.clone(), send.topic.clone());
            let program = name.to_owned();
            supposed.push(HandedOver { delivery: DeliveryId(0), time, program, channel, topic });
        }
        let outcome = match goes {
            Some(time) if time > due => format!("{} by {} waits until {time}", send.template, send.channel),
            Some(_) => format!("sends {} by {}", send.template, send.channel),
            None => format!("does not send {} by {}", send.template, send.channel),
        };
        let tried = MessageTried {
            template: send.template.clone(),
            channel: send.channel.clone(),
            topic: send.topic.clone(),
            subject,
            text,
            goes,
            reasons,
        };
        self.note(step, outcome, due, Some(tried));
        Ok(match goes {
            Some(time) => Sent::At(time),
            None if expires => Sent::Expired,
            None => Sent::Not,
        })
    }
}
