//! What is derived from recorded events when a definition asks for something new: read in the background, person by
//! person, while events keep coming, and believed only when everybody has been read.
//!
//! Three passes over all people, in the order of their ids, each resumed where it was after a restart: first the events of
//! each person are read for the series that are new, and for what is newly asked about who watches what; then everybody is
//! asked about the segments that are new; then everybody is given the moment at which they come due for the programs by date
//! or by schedule that are new. Before that, what came while programs waited until what they ask about was built is decided. Events that come meanwhile are added as always: whoever is read later is read from the
//! beginning, these events included.

mod sieve;

use crate::{
    Engine, FlowError, Live,
    inward::{Occurrence, Working},
    rules::Rules,
};
use crowsnest_model::{
    Duration, Event, ProfileId, SeriesId, Time,
    definition::{Trigger, Workspace},
    series::Kept,
};
use crowsnest_profile::{SegmentPlan, Touch};
use crowsnest_programs::{Derived, LiveProgram};
use crowsnest_rules::{EventView, Interest, SeriesSpec};
use crowsnest_store::{Build, EventRow, Read, Unit};
use foldhash::fast::RandomState;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sieve::Stretch;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};
use tokio::task::JoinHandle;

/// So many people are read in one commit, so that events need not wait long for their turn.
const CHUNK: usize = 500;

/// The setting that says how far the reading is.
const PROGRESS: &str = "build";

/// How far the reading of recorded events is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// `series`, `interest`: events are read; `segment`: people are asked; `program`: what came while programs waited is decided;
    /// `date`: people are given the moments of programs.
    pub pass: String,
    /// People who have been read or passed over; where events are read, those of whom there are such events; where it is decided
    /// what came, so much of that.
    pub done: u64,
    /// People there are, as of now.
    pub total: u64,
    /// The last of them.
    after: Option<u64>,
}

/// What a series is called among the builds: its id and for how long it is kept. One that is to be kept longer than before is
/// read anew, and answers what it answered before in the meantime.
fn series_name(series: &SeriesSpec) -> String {
    let kept = match series.kept() {
        Kept::For(kept) => kept.0.to_string(),
        Kept::Ever => "ever".to_owned(),
    };
    format!("{:016x} {kept}", series.id().0)
}

/// The series that a build is of.
fn built_series(build: &Build) -> Option<(SeriesId, Kept)> {
    let (id, kept) = build.name.split_once(' ').filter(|_| build.kind == "series")?;
    let kept = match kept {
        "ever" => Kept::Ever,
        kept => Kept::For(Duration(kept.parse().ok()?)),
    };
    Some((SeriesId(u64::from_str_radix(id, 16).ok()?), kept))
}

/// The series that are complete, each for the longest that it is complete for.
fn complete(builds: &[Build]) -> HashMap<SeriesId, Kept, RandomState> {
    let mut complete = HashMap::default();
    for (id, kept) in builds.iter().filter(|build| build.finished.is_some()).filter_map(built_series) {
        let known = complete.entry(id).or_insert(kept);
        *known = kept.max(*known);
    }
    complete
}

/// Notes what the definitions ask for. What is new has to be built, unless there is nobody yet.
pub(crate) fn ask_for(unit: &mut dyn Unit, live: &Live, now: Time) -> Result<(), FlowError> {
    let before = unit.builds()?;
    let nobody_yet = unit.counter("people")? == 0;
    let complete = complete(&before);
    let series = live.series().all().map(|series| ("series", series_name(series), series.sentence()));
    let segments = meanings(live.segments()).into_iter().map(|(name, meaning)| ("segment", name, meaning));
    // Kept for longer, it has to be read anew: what was too old may have been forgotten.
    let interests = live.plan().interests().map(|(interest, within)| {
        let meaning = format!("{}, kept for {}", interest.sentence(), within.in_words());
        ("interest", interest.id().name(), meaning)
    });
    let dates = live.plan().entrances().dates().all().iter();
    let dates = dates.map(|program| {
        ("date", program.name().to_owned(), date_meaning(live.workspace(), live.segments(), program))
    });
    let wanted: BTreeMap<(&str, String), String> = series
        .chain(interests)
        .chain(segments)
        .chain(dates)
        .map(|(kind, name, meaning)| ((kind, name), meaning))
        .collect();
    let mut new = false;
    for ((kind, name), meaning) in &wanted {
        let known = before.iter().find(|build| build.kind == *kind && build.name == *name);
        // What a series means is in its name; its words may change.
        if known.is_some_and(|build| *kind == "series" || build.meaning == *meaning) {
            continue;
        }
        let mut build = Build {
            kind: (*kind).to_owned(),
            name: name.clone(),
            meaning: meaning.clone(),
            started: now,
            finished: None,
        };
        // What is complete for longer is complete for less.
        let covered = built_series(&build)
            .is_some_and(|(id, kept)| complete.get(&id).is_some_and(|complete| *complete >= kept));
        build.finished = (nobody_yet || covered).then_some(now);
        new |= build.finished.is_none();
        unit.put_build(&build)?;
    }
    for build in before {
        let is_wanted = wanted.contains_key(&(build.kind.as_str(), build.name.clone()))
            // What came while it waited is still to be decided, whatever it asks about now.
            || build.kind == "program" && build.finished.is_none();
        // A series that is read anew because it is to be kept longer answers for less until then.
        let still_serves = build.finished.is_some()
            && built_series(&build).is_some_and(|(id, kept)| {
                live.series().all().any(|series| series.id() == id && series.kept() > kept)
            });
        if !is_wanted && !still_serves {
            unit.remove_build(&build.kind, &build.name)?;
        }
    }
    if new {
        // Whoever was read already was not read for this.
        unit.put_setting(PROGRESS, "")?;
    }
    let builds = unit.builds()?;
    for program in derived(live, &builds).waiting.into_keys() {
        if !builds.iter().any(|build| build.kind == "program" && build.name == program) {
            let (kind, name) = ("program".to_owned(), program);
            unit.put_build(&Build { kind, name, meaning: String::new(), started: now, finished: None })?;
        }
    }
    // What waited to be told may be told by now, or never; whoever tells it looks.
    unit.unpark_item_changes(now)?;
    live.believe(derived(live, &unit.builds()?));
    Ok(())
}

fn digest(meaning: &str) -> String {
    Sha256::digest(meaning).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What each segment means, with the meanings of those that it asks about: when one of them is built anew, so is what
/// follows from it.
pub(crate) fn meanings(segments: &SegmentPlan) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for segment in segments.all() {
        let mut meaning = segment.meaning();
        for asked in segment.asks_about() {
            // By its hash: written out, it would double with every segment that asks about two.
            meaning.push_str(&format!("\n{asked}: {}", digest(all.get(asked).map_or("", String::as_str))));
        }
        all.insert(segment.name.clone(), meaning);
    }
    all
}

/// What the moments of a program by date or by schedule depend on: when that changes, everybody is given them anew.
pub(crate) fn date_meaning(workspace: &Workspace, segments: &SegmentPlan, program: &LiveProgram) -> String {
    let trigger = Trigger { ttl: None, ..program.definition.trigger.clone() };
    let mut meaning = serde_json::to_string(&trigger).unwrap_or_default();
    meaning.push_str(&format!("\n{}", workspace.organisation.time_zone));
    let Some(inputs) = program.date_inputs() else { return meaning };
    for metric in inputs.metrics.iter().filter_map(|name| workspace.metrics.get(name)) {
        meaning.push_str(&format!("\n{}", metric.meaning()));
    }
    if !inputs.segments.is_empty() {
        let all = meanings(segments);
        for name in &inputs.segments {
            meaning.push_str(&format!("\n{name}: {}", digest(all.get(name).map_or("", String::as_str))));
        }
    }
    meaning
}

/// What can be believed while people are asked about their segments, in order: of one that is being built, it is known
/// whether somebody is in it as soon as they themselves have been asked, and that they have when it comes to those that
/// ask about it.
pub(crate) fn while_asking(live: &Live, derived: &Arc<Derived>) -> Arc<Derived> {
    if derived.segments.values().all(|ready| *ready) {
        return derived.clone();
    }
    let mut asking = Derived::clone(derived);
    for segment in live.segments().all() {
        let known = segment.series().iter().all(|series| derived.knows(series))
            && segment.asks_about().iter().all(|asked| asking.segments.get(*asked) != Some(&false));
        asking.segments.insert(segment.name.clone(), known);
    }
    Arc::new(asking)
}

/// What can be believed of people who have been read for all that these rules ask for.
pub(crate) fn at_once(rules: &Rules, derived: &Derived) -> Derived {
    Derived {
        series: rules.series.all().map(|series| (series.id(), series.kept())).collect(),
        segments: rules.segments.all().iter().map(|segment| (segment.name.clone(), true)).collect(),
        waiting: HashMap::new(),
        ..derived.clone()
    }
}

/// What can be believed.
fn derived(live: &Live, builds: &[Build]) -> Derived {
    let finished = |kind: &str, name: &str| {
        builds.iter().any(|build| build.kind == kind && build.name == name && build.finished.is_some())
    };
    let mut waiting: HashMap<String, BTreeSet<u32>> = HashMap::new();
    let derived = Derived {
        series: complete(builds),
        interests: live
            .plan()
            .interests()
            .map(|(interest, _)| interest.id())
            .filter(|interest| finished("interest", &interest.name()))
            .collect(),
        segments: live
            .segments()
            .all()
            .iter()
            .map(|segment| (segment.name.clone(), finished("segment", &segment.name)))
            .collect(),
        programs: live.workspace().programs.keys().cloned().collect(),
        dates: builds
            .iter()
            .filter(|build| build.kind == "date")
            .map(|build| (build.name.clone(), build.started))
            .collect(),
        pending: builds.iter().any(|build| build.kind == "program" && build.finished.is_none()),
        waiting: HashMap::new(),
    };
    for program in live.plan().all().filter(|program| !program.inputs().all(|asked| derived.answers(asked))) {
        waiting.entry(program.name().to_owned()).or_default().insert(program.version);
    }
    Derived { waiting, ..derived }
}

/// How far the reading is; `None` when there is nothing to read.
pub fn progress(read: &dyn Read) -> Result<Option<Progress>, FlowError> {
    let Some(pass) = pass(&read.builds()?) else { return Ok(None) };
    let mut progress: Progress = read
        .setting(PROGRESS)?
        .and_then(|text| serde_json::from_str(&text).ok())
        .filter(|known: &Progress| known.pass == pass)
        .unwrap_or_default();
    progress.pass = pass.to_owned();
    progress.total = read.counter("people")?;
    Ok(Some(progress))
}

fn pass(builds: &[Build]) -> Option<&'static str> {
    let unfinished: BTreeSet<&str> =
        builds.iter().filter(|build| build.finished.is_none()).map(|build| build.kind.as_str()).collect();
    ["series", "interest", "segment", "program", "date"].into_iter().find(|kind| unfinished.contains(kind))
}

/// What came of a stretch.
#[derive(PartialEq, Eq)]
enum Built {
    /// Everything is built.
    Everything,
    /// The stretch is.
    Stretch,
    /// Definitions have changed while it was looked through: people have to be looked through anew.
    Nothing,
}

/// Reads those of a stretch of people who have to be read; of what came while programs waited, decides at most so much.
fn build_some(work: &mut Working<'_>, stretch: Option<Stretch>, limit: usize) -> Result<Built, FlowError> {
    let Some(mut progress) = progress(work.unit)? else { return Ok(Built::Everything) };
    let builds = work.unit.builds()?;
    let new = builds.iter().filter(|build| build.kind == progress.pass && build.finished.is_none());
    let new: BTreeSet<String> = new.map(|build| build.name.clone()).collect();
    let fits = |stretch: &Stretch| {
        std::ptr::eq(&*stretch.live, work.live)
            && stretch.pass == progress.pass
            && stretch.after == progress.after
            && stretch.new == new
    };
    let Some(stretch) = stretch.filter(fits) else { return Ok(Built::Nothing) };
    if stretch.pass == "program" {
        let decided = work.decide_pending(limit)?;
        if decided < limit {
            finish(work, builds, stretch.pass)?;
        } else {
            progress.done += decided as u64;
            keep_progress(work, &progress)?;
        }
        return Ok(Built::Stretch);
    }
    for id in &stretch.chosen {
        // One who was absorbed meanwhile: the survivor was asked about everything.
        if work.try_load(*id)? != Ok(true) {
            continue;
        }
        match stretch.pass {
            "series" => work.derive_series(*id)?,
            "interest" => work.derive_watchers(*id)?,
            "segment" => {
                work.catch_up(*id)?;
                let cause = Occurrence { at: work.now, event: None, announced: false };
                work.reconsider(*id, &Touch { everything: true, ..Touch::default() }, cause)?;
            }
            _ => {
                work.catch_up(*id)?;
                work.begin_dates(*id, &new)?;
            }
        }
    }
    let Some(until) = stretch.until else {
        finish(work, builds, stretch.pass)?;
        return Ok(Built::Stretch);
    };
    progress.done += stretch.people;
    progress.after = Some(until.0);
    keep_progress(work, &progress)?;
    Ok(Built::Stretch)
}

fn keep_progress(work: &mut Working<'_>, progress: &Progress) -> Result<(), FlowError> {
    let text = serde_json::to_string(progress).map_err(|error| FlowError::Broken(error.to_string()))?;
    Ok(work.unit.put_setting(PROGRESS, &text)?)
}

/// A pass is over: everybody has been read.
fn finish(work: &mut Working<'_>, builds: Vec<Build>, pass: &str) -> Result<(), FlowError> {
    let now = work.now;
    for mut build in builds {
        if build.kind != pass || build.finished.is_some() {
            continue;
        }
        if pass == "program" {
            // Its runs go on, too.
            work.unit.remove_build(&build.kind, &build.name)?;
            if !work.live.plan().is_paused(&build.name) {
                work.something_due |= work.unit.unpark_timers(&build.name)? > 0;
            }
            continue;
        }
        build.finished = Some(now);
        work.unit.put_build(&build)?;
    }
    work.unit.put_setting(PROGRESS, "")?;
    work.something_due |= work.unit.unpark_item_changes(now)? > 0;
    let builds = work.unit.builds()?;
    work.believe = Some(derived(work.live, &builds));
    Ok(())
}

impl Working<'_> {
    /// The series that are not complete yet.
    pub(crate) fn incomplete(&self) -> Vec<Arc<SeriesSpec>> {
        self.rules.series.all().filter(|series| !self.derived.knows(series)).cloned().collect()
    }

    /// Reads a person's recorded events for the series that are not complete yet.
    pub(crate) fn derive_series(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let wanted = self.incomplete();
        if wanted.is_empty() {
            return Ok(());
        }
        let names: BTreeSet<&str> = wanted.iter().map(|series| series.event()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut derived = BTreeMap::new();
        for event in self.recorded(person, &names)? {
            let properties = event.properties_object();
            let view = EventView::of(&event, &properties);
            for series in wanted.iter().filter(|series| series.event() == view.name) {
                if let Some(sample) = series.sample(&view) {
                    let known: &mut crowsnest_model::Series = derived.entry(series.id()).or_default();
                    known.add(event.time, sample, series.kept(), self.now);
                }
            }
        }
        if let Some(loaded) = self.people.get_mut(&person) {
            for series in &wanted {
                loaded.changed |= loaded.profile.series.remove(&series.id()).is_some();
            }
            loaded.changed |= !derived.is_empty();
            loaded.profile.series.extend(derived);
        }
        Ok(())
    }
}

impl Working<'_> {
    /// Reads a person's recorded events for what is not known yet of who watches what.
    pub(crate) fn derive_watchers(&mut self, person: ProfileId) -> Result<(), FlowError> {
        let live = self.live;
        let unknown =
            |(interest, _): &(&Arc<Interest>, Duration)| !self.derived.interests.contains(&interest.id());
        let wanted: Vec<_> = live.plan().interests().filter(unknown).collect();
        let names: BTreeSet<&str> = wanted.iter().map(|(interest, _)| interest.event()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        if names.is_empty() {
            return Ok(());
        }
        for event in self.recorded(person, &names)? {
            self.keep_watcher(person, &EventView::of(&event, &event.properties_object()))?;
        }
        Ok(())
    }

    /// A person's recorded events of these names.
    fn recorded(&self, person: ProfileId, names: &[&str]) -> Result<Vec<Event>, FlowError> {
        let rows = self.unit.events_named(person, names, Time(i64::MIN))?;
        rows.into_iter()
            .map(|EventRow { columns, body }| {
                Event::from_stored(columns, &body)
                    .map_err(|error| FlowError::Broken(format!("a stored event cannot be read: {error}")))
            })
            .collect()
    }
}

/// What a reader found.
type Looked = Result<Option<Stretch>, FlowError>;

fn finished(looked: Result<Looked, tokio::task::JoinError>) -> Looked {
    looked.map_err(|error| FlowError::Broken(error.to_string()))?
}

impl Engine {
    /// Builds what new definitions ask for, until everything is built. Does nothing when it is.
    pub async fn build(&self) -> Result<(), FlowError> {
        let mut looked = self.look_through(None, CHUNK);
        loop {
            let stretch = finished(looked.await)?;
            // The next stretch is looked through while this one is written. What waits for the writer has its turn in
            // between.
            let beyond = stretch.as_ref().and_then(|stretch| stretch.until);
            let ahead = beyond.map(|_| self.look_through(beyond, CHUNK));
            looked = match (self.commit(move |work| build_some(work, stretch, CHUNK)).await?, ahead) {
                (Built::Everything, _) => return Ok(()),
                (Built::Stretch, Some(ahead)) => ahead,
                _ => self.look_through(None, CHUNK),
            };
        }
    }

    /// One commit of [`Engine::build`], of at most so many people who have to be read. False when everything is built.
    pub async fn build_more(&self, people: usize) -> Result<bool, FlowError> {
        let stretch = finished(self.look_through(None, people).await)?;
        Ok(self.commit(move |work| build_some(work, stretch, people)).await? != Built::Everything)
    }

    fn look_through(&self, beyond: Option<ProfileId>, limit: usize) -> JoinHandle<Looked> {
        let engine = self.clone();
        tokio::task::spawn_blocking(move || {
            let live = engine.live();
            engine.read(|read| sieve::next(read, &live, engine.now(), beyond, limit))
        })
    }

    /// Builds whenever definitions change, until the engine is closed.
    pub async fn keep_building(self) {
        loop {
            match self.build().await {
                Ok(()) => {}
                Err(FlowError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "what definitions ask for could not be built; tried again in a second");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
            }
            self.definitions_changed().await;
        }
    }

    /// How far the reading of recorded events for new definitions is; `None` when everything is built.
    pub fn building(&self) -> Result<Option<Progress>, FlowError> {
        let mut found = Ok(None);
        self.read(|read| {
            found = progress(read);
            Ok(())
        })?;
        found
    }
}
