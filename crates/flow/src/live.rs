//! What is in force: the definitions, compiled once, shared by everybody until the next ones are applied.

use crate::{
    FlowError,
    matching::Fields,
    rules::{Rules, expression, schema_of},
};
use crowsnest_channels::{
    letter::PostalAddress,
    template::{CompiledTemplate, CompiledText, TemplateError},
};
use crowsnest_identity::Normaliser;
use crowsnest_ingest::SourceReader;
use crowsnest_model::{
    Object, Percent, Profile,
    definition::{
        Broadcast, FreshnessNeed, LetterConsent, Program, Step, Sync, Team, Template, Trust, Workspace,
    },
    delivery::{LETTER, SMS, contact_word},
};
use crowsnest_profile::{SegmentError, SegmentPlan, SeriesPlan};
use crowsnest_programs::{Derived, InForce, LiveBroadcast, LiveProgram, Plan, Shifts, policy::Policy};
use crowsnest_rules::{Expression, Schema};
use crowsnest_store::StoredDocument;
use crowsnest_workspace::{Checked, Document, Problem};
use jiff::tz::TimeZone;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

/// The source of what people do on our own pages, such as unsubscribing.
pub const OWN_SOURCE: &str = "crowsnest";

/// A template, compiled as its channel needs it.
#[derive(Debug)]
pub enum LiveTemplate {
    /// Of e-mails.
    Email(CompiledTemplate),
    /// Of text messages.
    Sms(CompiledText),
    /// Of letters.
    Letter(CompiledText),
}

impl LiveTemplate {
    /// What of an event it asks for, as written: `event.name`, `event.properties.total`.
    fn of_event(&self) -> Vec<&str> {
        let asked = match self {
            Self::Email(template) => template.variables(),
            Self::Sms(text) | Self::Letter(text) => text.variables(),
        };
        asked.into_iter().filter(|path| path.starts_with("event.")).collect()
    }

    fn compile(template: &Template) -> Result<Self, TemplateError> {
        match template.channel.as_str() {
            SMS => CompiledText::compile(&template.text).map(Self::Sms),
            LETTER => CompiledText::compile(&template.text).map(Self::Letter),
            _ => CompiledTemplate::compile(template).map(Self::Email),
        }
    }
}

/// What is in force.
#[derive(Debug)]
pub struct Live {
    workspace: Workspace,
    documents: Vec<Document>,
    /// Versions in force by name, by kind.
    versions: HashMap<String, HashMap<String, u32>>,
    normaliser: Normaliser,
    /// By what people are compared, or would be.
    fields: Arc<Fields>,
    readers: HashMap<String, Arc<SourceReader>>,
    keys: HashMap<String, String>,
    third_party: HashSet<String>,
    rules: Arc<Rules>,
    needs: HashMap<String, Vec<String>>,
    broadcasts: BTreeMap<String, Arc<LiveBroadcast>>,
    /// Versions of broadcasts that are not in force any more: what was launched of them is finished on them.
    earlier_broadcasts: HashMap<(String, u32), Arc<LiveBroadcast>>,
    ever_named: Vec<String>,
    templates: HashMap<String, LiveTemplate>,
    policy: Policy,
    zone: TimeZone,
    metrics: BTreeMap<String, Expression>,
    derived: RwLock<Arc<Derived>>,
}

impl Live {
    /// Compiles what was checked. `stored` has every version of every definition; `made_keys` the write keys that were
    /// made for sources that declare none.
    pub fn compile(
        checked: Checked,
        stored: &[StoredDocument],
        made_keys: &HashMap<String, String>,
    ) -> Result<Self, Vec<Problem>> {
        let Checked { workspace, documents, .. } = checked;
        let mut problems = Vec::new();
        let place = |kind: &str, name: &str| {
            documents
                .iter()
                .find(|document| document.kind.as_str() == kind && document.name == name)
                .map_or((String::new(), 1), |document| (document.path.clone(), document.line))
        };
        let mut problem = |kind: &str, name: &str, message: String| {
            let (path, line) = place(kind, name);
            problems.push(Problem { path, line, column: 1, message, hint: None });
        };
        let mut readers = HashMap::new();
        let mut keys = HashMap::new();
        for (name, source) in &workspace.sources {
            match SourceReader::new(&workspace, name) {
                Ok(reader) => {
                    readers.insert(name.clone(), Arc::new(reader));
                }
                Err(error) => problem("source", name, error.to_string()),
            }
            if let Some(key) = source.write_key.as_ref().or_else(|| made_keys.get(name)) {
                keys.insert(key.clone(), name.clone());
            }
        }
        let mut templates = HashMap::new();
        for (name, template) in &workspace.templates {
            match LiveTemplate::compile(template) {
                Ok(compiled) => {
                    templates.insert(name.clone(), compiled);
                }
                Err(error) => problem("template", name, error.to_string()),
            }
        }
        let schema = schema_of(&workspace.metrics);
        let mut metrics = BTreeMap::new();
        for (name, metric) in &workspace.metrics {
            match expression(metric, &schema) {
                Ok(value) => {
                    metrics.insert(name.clone(), value);
                }
                Err(error) => problem("metric", name, format!("`value`: {error}")),
            }
        }
        let segments = SegmentPlan::compile(&workspace, &schema).unwrap_or_else(|faults| {
            for fault in faults {
                let name = match &fault {
                    SegmentError::Condition { segment, .. } => segment.clone(),
                    SegmentError::Circle(circle) => circle.first().cloned().unwrap_or_default(),
                };
                let set = workspace
                    .segmentations
                    .values()
                    .find(|set| set.segments.iter().any(|segment| segment.name == name));
                match set {
                    Some(set) => problem("segmentation", &set.name, format!("{name}: {fault}")),
                    None => problem("segment", &name, fault.to_string()),
                }
            }
            SegmentPlan::default()
        });
        let mut broadcasts = BTreeMap::new();
        for (name, broadcast) in &workspace.broadcasts {
            let version = version_in_force(stored, "broadcast", name);
            match LiveBroadcast::compile(broadcast.clone(), version, &schema) {
                Ok(live) => {
                    broadcasts.insert(name.clone(), Arc::new(live));
                }
                Err(error) => problem("broadcast", name, error.to_string()),
            }
        }
        let mut programs = Vec::new();
        let mut needs: HashMap<String, BTreeSet<String>> = HashMap::new();
        for (name, program) in &workspace.programs {
            let (version, in_force) = program_in_force(stored, name);
            match LiveProgram::compile(program.clone(), version, in_force, &schema) {
                Ok(live) => programs.push(live.with_global_holdout(holdout_for(&workspace, program))),
                Err(error) => problem("program", name, error.to_string()),
            }
        }
        // People finish on the version that they began, so earlier versions stay ready. One that cannot be read any
        // more ends the ways of those who are on it, and says so, instead of going on without its rules.
        let mut earlier_broadcasts = HashMap::new();
        for document in stored.iter().filter(|document| !document.live) {
            let wanted = match document.kind.as_str() {
                "program" => earlier_program(document, &schema).map(|live| {
                    let wanted = live.requires_fresh().to_vec();
                    let holdout = holdout_for(&workspace, &live.definition);
                    programs.push(live.with_global_holdout(holdout));
                    wanted
                }),
                "broadcast" => earlier_broadcast(document, &schema).map(|live| {
                    let wanted = live.definition.requires_fresh.clone();
                    earlier_broadcasts.insert((document.name.clone(), document.version), Arc::new(live));
                    wanted
                }),
                _ => continue,
            };
            match wanted {
                Ok(wanted) => {
                    for need in wanted {
                        needs.entry(need.source).or_default().insert(document.name.clone());
                    }
                }
                Err(error) => tracing::error!(
                    kind = document.kind,
                    name = document.name,
                    version = document.version,
                    error,
                    "an earlier version cannot be read any more; who is on it will not go on"
                ),
            }
        }
        let in_force = workspace
            .programs
            .values()
            .map(|program: &Program| (&program.name, &program.requires_fresh))
            .chain(
                workspace
                    .broadcasts
                    .values()
                    .map(|broadcast: &Broadcast| (&broadcast.name, &broadcast.requires_fresh)),
            );
        for (name, wanted) in in_force {
            for need in wanted {
                needs.entry(need.source.clone()).or_default().insert(name.clone());
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let plan = Arc::new(Plan::new(programs));
        let all_broadcasts = broadcasts.values().chain(earlier_broadcasts.values());
        let rules = Arc::new(Rules::new(plan, segments, metrics.values(), all_broadcasts));
        let zone = TimeZone::get(&workspace.organisation.time_zone).unwrap_or(TimeZone::UTC);
        Ok(Self {
            fields: Arc::new(Fields::of(&workspace).unwrap_or_else(|| Fields::usual(&workspace))),
            normaliser: Normaliser::new(&workspace.identity, &workspace.organisation.country),
            third_party: workspace
                .sources
                .values()
                .filter(|source| source.trust == Trust::ThirdParty)
                .map(|source| source.name.clone())
                .collect(),
            versions: versions_in_force(stored),
            policy: contact_policy(&workspace),
            needs: needs.into_iter().map(|(source, names)| (source, names.into_iter().collect())).collect(),
            workspace,
            documents,
            readers,
            keys,
            rules,
            broadcasts,
            earlier_broadcasts,
            ever_named: stored
                .iter()
                .filter(|document| matches!(document.kind.as_str(), "program" | "broadcast"))
                .map(|document| document.name.clone())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            templates,
            zone,
            metrics,
            derived: RwLock::default(),
        })
    }

    /// The definitions.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The definitions as they stand in their files.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The version of a definition in force.
    pub fn version(&self, kind: &str, name: &str) -> Option<u32> {
        self.versions.get(kind)?.get(name).copied()
    }

    /// The time zone of people whose own is not known.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// When a team works, if it is declared.
    pub fn shifts(&self, team: &str) -> Option<(&Team, Shifts<'_>)> {
        let team = self.workspace.organisation.teams.get(team)?;
        Some((team, Shifts::of(team, &self.zone)))
    }

    /// Where things stand with what is derived from events.
    pub fn derived(&self) -> Arc<Derived> {
        self.derived.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says what of that can be believed from now on.
    pub(crate) fn believe(&self, derived: Derived) {
        *self.derived.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(derived);
    }

    /// What is computed of each person, by name.
    pub fn metrics(&self) -> &BTreeMap<String, Expression> {
        &self.metrics
    }

    /// The segments.
    pub fn segments(&self) -> &SegmentPlan {
        &self.rules.segments
    }

    /// What is remembered of events for all of these.
    pub fn series(&self) -> &SeriesPlan {
        &self.rules.series
    }

    /// Whether conditions look at events of this name whenever one comes.
    pub(crate) fn asks_about(&self, event: &str) -> bool {
        self.rules.series.about(event).next().is_some()
            || !self.rules.plan.entrances().triggered_by(event).is_empty()
    }

    /// How identifiers get their one spelling.
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// By what people are compared who may be one; `None` when they are not to be.
    pub(crate) fn match_fields(&self) -> Option<&Arc<Fields>> {
        self.workspace.identity.matching.as_ref().map(|_| &self.fields)
    }

    /// By what people are compared, or would be if they were to be.
    pub(crate) fn fields(&self) -> &Arc<Fields> {
        &self.fields
    }

    /// How a source's data are read.
    pub fn reader(&self, source: &str) -> Option<&Arc<SourceReader>> {
        self.readers.get(source)
    }

    /// The source that a write key identifies.
    pub fn source_of_key(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// The write key of a source.
    pub fn key_of_source(&self, source: &str) -> Option<&str> {
        self.keys.iter().find(|(_, name)| *name == source).map(|(key, _)| key.as_str())
    }

    /// Whether a source's data were bought.
    pub fn is_third_party(&self, source: &str) -> bool {
        self.third_party.contains(source)
    }

    /// How often a source sends.
    pub fn sync_of(&self, source: &str) -> Option<Sync> {
        self.workspace.sources.get(source).map(|source| source.sync)
    }

    /// What people are asked by.
    pub(crate) fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// All programs.
    pub fn plan(&self) -> &Plan {
        &self.rules.plan
    }

    /// A broadcast.
    pub fn broadcast(&self, name: &str) -> Option<&Arc<LiveBroadcast>> {
        self.broadcasts.get(name)
    }

    /// All versions of all broadcasts.
    pub(crate) fn all_broadcasts(&self) -> impl Iterator<Item = &Arc<LiveBroadcast>> {
        self.broadcasts.values().chain(self.earlier_broadcasts.values())
    }

    /// A version of a broadcast, in force or not.
    pub fn broadcast_version(&self, name: &str, version: u32) -> Option<&Arc<LiveBroadcast>> {
        let in_force = self.broadcasts.get(name).filter(|broadcast| broadcast.version == version);
        in_force.or_else(|| self.earlier_broadcasts.get(&(name.to_owned(), version)))
    }

    /// A template.
    pub fn template(&self, name: &str) -> Option<&LiveTemplate> {
        self.templates.get(name)
    }

    /// An event as a template asks for one, with its values left open; nothing when it asks for none.
    pub fn event_asked_for(&self, template: &str) -> Option<Object> {
        let asked = self.template(template)?.of_event();
        let (mut event, mut properties) = (Object::new(), Object::new());
        for path in &asked {
            let mut steps = path.split(['.', '[']).skip(1);
            match (steps.next(), steps.next()) {
                (Some("properties"), Some(name)) => {
                    properties.insert(name.to_owned(), "…".into());
                }
                (Some("name"), _) => {
                    event.insert("name".to_owned(), "…".into());
                }
                _ => {}
            }
        }
        if !properties.is_empty() {
            event.insert("properties".to_owned(), properties.into());
        }
        (!asked.is_empty()).then_some(event)
    }

    /// Whether a topic needs no consent.
    pub fn is_service(&self, topic: &str) -> bool {
        self.workspace.topics.get(topic).is_some_and(|topic| topic.service)
    }

    /// The contact point of a person for a channel; else why there is none, in words.
    pub fn contact(&self, profile: &Profile, channel: &str) -> Result<String, String> {
        if channel == LETTER {
            return self.postal_address(profile).map(|address| crate::outward::contact_of(&address));
        }
        profile.contact(channel).ok_or_else(|| format!("no {} is known", contact_word(channel)))
    }

    /// The postal address of a person; else what is missing, in words.
    pub fn postal_address(&self, profile: &Profile) -> Result<PostalAddress, String> {
        let organisation = &self.workspace.organisation;
        let account = organisation
            .letters
            .as_ref()
            .ok_or("the workspace does not say from whom letters are; add `letters: { from: … }` to it")?;
        PostalAddress::of(profile, &account.address, &organisation.country)
            .map_err(|missing| missing.to_string())
    }

    /// Whether who never said anything about a channel may be contacted on it.
    pub fn is_silence_consent(&self, channel: &str) -> bool {
        let letters = self.workspace.organisation.letters.as_ref();
        channel == LETTER && letters.is_some_and(|letters| letters.consent == LetterConsent::UnlessWithdrawn)
    }

    /// The contact policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The feeds without which nothing of this version of a program or broadcast is sent; `None` when the version is not
    /// there.
    pub fn requires_fresh(&self, program: &str, version: u32) -> Option<&[FreshnessNeed]> {
        if let Some(program) = self.rules.plan.version(program, version) {
            return Some(program.requires_fresh());
        }
        self.broadcast_version(program, version).map(|broadcast| &*broadcast.definition.requires_fresh)
    }

    /// The programs and broadcasts that need a source to be fresh.
    pub fn programs_needing(&self, source: &str) -> &[String] {
        self.needs.get(source).map_or(&[], Vec::as_slice)
    }

    /// The names of all programs and broadcasts that are or were in force: people may be on their way through each.
    pub fn ever_named(&self) -> &[String] {
        &self.ever_named
    }

    /// Refuses a name that no program or broadcast has or had, with the nearest one.
    pub fn must_be_named(&self, name: &str) -> Result<(), FlowError> {
        if self.ever_named.iter().any(|known| known == name) {
            return Ok(());
        }
        Err(FlowError::not_found("program or broadcast", name, self.ever_named.iter().map(String::as_str)))
    }

    /// The names of all programs and broadcasts.
    pub fn program_names(&self) -> Vec<String> {
        self.workspace.programs.keys().chain(self.workspace.broadcasts.keys()).cloned().collect()
    }
}

fn contact_policy(workspace: &Workspace) -> Policy {
    let service = workspace.topics.values().filter(|topic| topic.service).map(|topic| topic.name.clone());
    Policy::new(workspace.policy.clone(), service)
}

fn versions_in_force(stored: &[StoredDocument]) -> HashMap<String, HashMap<String, u32>> {
    let mut versions: HashMap<String, HashMap<String, u32>> = HashMap::new();
    for document in stored.iter().filter(|document| document.live) {
        versions.entry(document.kind.clone()).or_default().insert(document.name.clone(), document.version);
    }
    versions
}

pub(crate) fn when_in_force(document: &StoredDocument) -> InForce {
    InForce { from: document.applied, until: document.retired }
}

/// The version of a program that is in force, and since when.
fn program_in_force(stored: &[StoredDocument], name: &str) -> (u32, InForce) {
    stored
        .iter()
        .find(|document| document.live && document.kind == "program" && document.name == name)
        .map_or((1, InForce::ALWAYS), |document| (document.version, when_in_force(document)))
}

fn version_in_force(stored: &[StoredDocument], kind: &str, name: &str) -> u32 {
    stored
        .iter()
        .find(|document| document.live && document.kind == kind && document.name == name)
        .map_or(1, |document| document.version)
}

/// The part of the people who are held out of all programs, as far as this program is meant: not when it only serves.
pub(crate) fn holdout_for(workspace: &Workspace, program: &Program) -> Option<Percent> {
    let mut topics = Step::all(&program.steps).into_iter().filter_map(|step| match step {
        Step::Send(send) => Some(&send.topic),
        Step::Task(task) => task.call.as_ref().map(|call| &call.topic),
        _ => None,
    });
    let serves = |topic: &str| workspace.topics.get(topic).is_some_and(|topic| topic.service);
    let first = topics.next();
    let only_serves = first.is_some_and(|topic| serves(topic)) && topics.all(|topic| serves(topic));
    workspace.organisation.holdout.filter(|_| !only_serves)
}

pub(crate) fn earlier_program(document: &StoredDocument, schema: &Schema) -> Result<LiveProgram, String> {
    let definition: Program = serde_json::from_str(&document.compiled).map_err(|error| error.to_string())?;
    LiveProgram::compile(definition, document.version, when_in_force(document), schema)
        .map_err(|error| error.to_string())
}

fn earlier_broadcast(document: &StoredDocument, schema: &Schema) -> Result<LiveBroadcast, String> {
    let definition: Broadcast =
        serde_json::from_str(&document.compiled).map_err(|error| error.to_string())?;
    LiveBroadcast::compile(definition, document.version, schema).map_err(|error| error.to_string())
}
