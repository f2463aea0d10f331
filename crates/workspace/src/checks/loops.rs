//! Loops through segments: a program changes what a segment asks about, and the segment begins a program that comes back.
//!
//! Followed are changes and what each can do: a run begins, sets a trait, enters another program, ends; a segment is
//! entered or left; a program begins. What a condition makes of a change is asked of the condition (`Condition::effect`). A
//! loop without rules of re-entry is a mistake when every part of it follows surely, and a warning when some of it depends on
//! the person. Three things keep false alarms away: a segment must be left before it is entered again, so something in the
//! loop must do that too; nobody enters a program that they are in, so something in the loop must take time; and `once`,
//! `every` and `occasion` end it.

use super::{Findings, Spot};
use crate::{Kind, check::Parsed, condition::condition_schema};
use crowsnest_model::definition::{MembershipChange, Program, Reentry, SetValue, Step, Workspace};
use crowsnest_rules::{Condition, Fact, Likely};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Something that happens to one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// A run of the program begins.
    Begins(String),
    /// It sets a trait: to this value in JSON, or to one that only an expression knows.
    Sets { program: String, name: String, value: Option<String> },
    /// It ends.
    Ends(String),
    /// A segment is entered (`true`) or left.
    Segment(String, bool),
}

impl Change {
    /// What is so from then on.
    fn fact(&self) -> Fact {
        match self {
            Self::Begins(program) => Fact::Program(program.clone(), true),
            Self::Ends(program) => Fact::Program(program.clone(), false),
            Self::Sets { name, value, .. } => {
                let value = value.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok());
                Fact::Trait(name.clone(), value)
            }
            Self::Segment(name, inside) => Fact::Segment(name.clone(), *inside),
        }
    }

    fn program(&self) -> Option<&str> {
        match self {
            Self::Begins(program) | Self::Ends(program) | Self::Sets { program, .. } => Some(program),
            Self::Segment(..) => None,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::Begins(program) => format!("`{program}` begins"),
            Self::Ends(program) => format!("`{program}` ends"),
            Self::Sets { program, name, value: Some(value) } => {
                format!("`{program}` sets `{name}` to {value}")
            }
            Self::Sets { program, name, value: None } => format!("`{program}` sets `{name}`"),
            Self::Segment(segment, true) => format!("the segment `{segment}` is entered"),
            Self::Segment(segment, false) => format!("the segment `{segment}` is left"),
        }
    }
}

/// What follows from what, and how likely.
type Follows = BTreeMap<Change, BTreeMap<Change, Likely>>;

/// Checks that no program leads back to itself by way of a segment.
pub(super) fn check(workspace: &Workspace, parsed: &[Parsed<'_>], findings: &mut Findings) {
    let mut told: BTreeSet<BTreeSet<Change>> = BTreeSet::new();
    let all = follows(workspace);
    let mut sure = all.clone();
    sure.values_mut().for_each(|next| next.retain(|_, likely| *likely == Likely::Surely));
    for (follows, certain) in [(sure, true), (all.clone(), false)] {
        let follows = pruned(follows, &all);
        for document in parsed.iter().filter(|document| document.kind == Kind::Program) {
            let begin = Change::Begins(document.name.clone());
            let Some(path) = back_to(&follows, &begin) else { continue };
            let trigger = workspace.programs.get(&document.name).and_then(|it| it.trigger.segment.as_ref());
            let by_segment = path.iter().any(|change| match change {
                Change::Segment(name, _) => Some(name) == trigger,
                _ => false,
            });
            if !by_segment || !takes_time(&path, workspace) || !told.insert(path.iter().cloned().collect()) {
                continue;
            }
            let words: Vec<String> = path.iter().chain([&begin]).map(Change::in_words).collect();
            let spot = Spot::root(document).at("trigger").at("segment");
            let hint =
                "say how often somebody may enter: `reentry: once`, or `reentry: { every: 30d }`".into();
            let way = words.join(" → ");
            if certain {
                findings.problem_hint(spot, format!("this goes round without end: {way}"), Some(hint));
            } else {
                findings.warning(spot, format!("for some this may go round without end: {way}"), Some(hint));
            }
        }
    }
}

/// A segment and who is in it.
struct Asking<'w> {
    name: &'w str,
    condition: Condition,
    /// Nothing stands before it, as in a segmentation, where what a condition says comes true perhaps.
    alone: bool,
}

fn segments(workspace: &Workspace) -> Vec<Asking<'_>> {
    let schema = condition_schema(workspace, None);
    let alone = workspace.segments.values().map(|it| (it.name.as_str(), Some(it.when.as_str()), true));
    let in_sets = workspace.segmentations.values().flat_map(|set| &set.segments);
    alone
        .chain(in_sets.map(|it| (it.name.as_str(), it.when.as_deref(), false)))
        .filter_map(|(name, when, alone)| {
            Some(Asking { name, condition: Condition::parse(when?, &schema).ok()?, alone })
        })
        .collect()
}

/// The segments that are entered or left by a change.
fn moved(segments: &[Asking<'_>], change: &Change) -> Vec<(Change, Likely)> {
    let fact = change.fact();
    let mut found = Vec::new();
    for segment in segments {
        let effect = segment.condition.effect(&fact);
        for (inside, likely) in [(true, effect.begins), (false, effect.ends)] {
            let likely = if segment.alone { likely } else { likely.min(Likely::Perhaps) };
            if likely != Likely::Never {
                found.push((Change::Segment(segment.name.to_owned(), inside), likely));
            }
        }
    }
    found
}

/// Everything that follows from something, without the programs whose rules of re-entry end a loop.
fn follows(workspace: &Workspace) -> Follows {
    let segments = segments(workspace);
    let endless = |program: &&Program| program.reentry == Reentry::Always && program.occasion.is_none();
    let programs: BTreeMap<&str, &Program> =
        workspace.programs.values().filter(endless).map(|program| (program.name.as_str(), program)).collect();
    let mut found = Follows::new();
    for program in programs.values() {
        let begins = Change::Begins(program.name.clone());
        let mut deeds = deeds(program);
        deeds.retain(
            |(deed, _)| !matches!(deed, Change::Begins(other) if !programs.contains_key(other.as_str())),
        );
        for (deed, _) in &deeds {
            if matches!(deed, Change::Sets { .. } | Change::Ends(_)) {
                found.entry(deed.clone()).or_default().extend(moved(&segments, deed));
            }
        }
        // Of whom the segment lets in while they are in the program it cannot be said that they come out again.
        let at_once = moved(&segments, &begins).into_iter();
        deeds.extend(at_once.map(|(change, likely)| (change, likely.min(Likely::Perhaps))));
        found.entry(begins).or_default().extend(deeds);
    }
    for segment in &segments {
        for inside in [true, false] {
            let change = Change::Segment(segment.name.to_owned(), inside);
            let mut next: BTreeMap<Change, Likely> = moved(&segments, &change).into_iter().collect();
            for program in programs.values() {
                let on_enter = program.trigger.on.unwrap_or_default() == MembershipChange::Enter;
                if program.trigger.segment.as_deref() == Some(segment.name) && on_enter == inside {
                    let likely = if program.audience.is_none() { Likely::Surely } else { Likely::Perhaps };
                    next.insert(Change::Begins(program.name.clone()), likely);
                }
            }
            found.insert(change, next);
        }
    }
    found
}

/// What a program does that matters here. Sure is what everybody comes to after a wait and with no more waiting behind it:
/// then they are in no other run of it when something comes of that.
fn deeds(program: &Program) -> Vec<(Change, Likely)> {
    let mut found = Vec::new();
    let (mut all_come, mut waited) = (true, false);
    for (index, step) in program.steps.iter().enumerate() {
        let later = program.steps.get(index + 1..).unwrap_or_default();
        let sure = all_come && waited && !Step::all(later).into_iter().any(waits);
        for inner in Step::all(std::slice::from_ref(step)) {
            let likely = if sure && std::ptr::eq(inner, step) { Likely::Surely } else { Likely::Perhaps };
            match inner {
                Step::Set(traits) => found.extend(traits.iter().map(|(name, value)| {
                    let value = match value {
                        SetValue::Value(value) => Some(value.to_string()),
                        SetValue::From(_) => None,
                    };
                    (Change::Sets { program: program.name.clone(), name: name.clone(), value }, likely)
                })),
                Step::Enter(other) => found.push((Change::Begins(other.clone()), Likely::Perhaps)),
                _ => {}
            }
            all_come &= !matches!(inner, Step::Exit(_) | Step::WaitUntil(_));
        }
        waited |= all_come && matches!(step, Step::Wait(_));
    }
    found.push((Change::Ends(program.name.clone()), if waited { Likely::Surely } else { Likely::Perhaps }));
    found
}

/// Whether a step takes time.
fn waits(step: &Step) -> bool {
    match step {
        Step::Task(task) => task.call.is_some(),
        _ => matches!(step, Step::Wait(_) | Step::WaitUntil(_) | Step::Send(_) | Step::Webhook(_)),
    }
}

/// Whether enough time passes on the way for everybody to have left the programs that they come back to: nobody leaves a
/// program while something comes of a step of it.
fn takes_time(path: &[Change], workspace: &Workspace) -> bool {
    let waiting: BTreeSet<&str> = path
        .iter()
        .filter_map(Change::program)
        .filter(|name| {
            let steps = workspace.programs.get(*name).map(|program| Step::all(&program.steps));
            steps.into_iter().flatten().any(waits)
        })
        .collect();
    let by_end =
        path.iter().any(|change| matches!(change, Change::Ends(name) if waiting.contains(name.as_str())));
    waiting.len() >= 2 || by_end
}

/// Without the segments that nothing in the loop moves the other way, for nobody enters what they have not left.
fn pruned(mut follows: Follows, all: &Follows) -> Follows {
    loop {
        without_dead_ends(&mut follows);
        let reach: BTreeMap<&Change, BTreeSet<&Change>> =
            follows.keys().map(|change| (change, reached(&follows, change, &|_| true))).collect();
        let leads = |from: &Change, to: &Change| reach.get(from).is_some_and(|reached| reached.contains(to));
        let stuck = follows.keys().find(|change| {
            let Change::Segment(name, inside) = change else { return false };
            if !leads(change, change) {
                return false;
            }
            let inside_loop = |other: &&Change| leads(change, other) && leads(other, change);
            let programs: BTreeSet<&str> =
                follows.keys().filter(inside_loop).filter_map(Change::program).collect();
            let causes = |graph: &Follows, wanted: &Change| -> BTreeSet<Change> {
                let of_loop = |it: &&Change| it.program().is_some_and(|program| programs.contains(program));
                let by_segments = |it: &Change| matches!(it, Change::Segment(..));
                graph
                    .keys()
                    .filter(of_loop)
                    .filter(|cause| reached(graph, cause, &by_segments).contains(wanted))
                    .cloned()
                    .collect()
            };
            let (here, back) =
                (causes(&follows, change), causes(all, &Change::Segment(name.clone(), !inside)));
            !here.iter().any(|cause| back.iter().any(|other| other != cause))
        });
        let Some(stuck) = stuck.cloned() else { return follows };
        follows.remove(&stuck);
    }
}

/// Takes away what leads nowhere, which in most workspaces is everything.
fn without_dead_ends(follows: &mut Follows) {
    loop {
        let known: BTreeSet<Change> = follows.keys().cloned().collect();
        follows.values_mut().for_each(|next| next.retain(|change, _| known.contains(change)));
        let before = follows.len();
        follows.retain(|_, next| !next.is_empty());
        if follows.len() == before {
            return;
        }
    }
}

/// What follows from a change, at once or by way of what `through` allows.
fn reached<'f>(
    follows: &'f Follows,
    from: &Change,
    through: &dyn Fn(&Change) -> bool,
) -> BTreeSet<&'f Change> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Change> = follows.get(from).into_iter().flat_map(BTreeMap::keys).collect();
    while let Some(change) = open.pop() {
        if through(change) && found.insert(change) {
            open.extend(follows.get(change).into_iter().flat_map(BTreeMap::keys));
        }
    }
    found
}

/// The shortest way from a change back to it.
fn back_to(follows: &Follows, begin: &Change) -> Option<Vec<Change>> {
    let mut came_from: BTreeMap<&Change, &Change> = BTreeMap::new();
    let mut open = VecDeque::from([begin]);
    while let Some(change) = open.pop_front() {
        for next in follows.get(change).into_iter().flat_map(BTreeMap::keys) {
            if next == begin {
                let way = std::iter::successors(Some(change), |change| came_from.get(change).copied());
                let mut path: Vec<Change> = way.cloned().collect();
                path.reverse();
                return Some(path);
            }
            if !came_from.contains_key(next) {
                came_from.insert(next, change);
                open.push_back(next);
            }
        }
    }
    None
}
