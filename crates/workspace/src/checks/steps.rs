//! The steps of a program: values that make sense, ways that can be taken, programs that exist and do not go in circles.

use super::{
    Findings, Scene, Spot, message,
    program::{condition, event_name, expression},
    trigger::about,
    value,
};
use crate::{
    Kind,
    problem::{did_you_mean, listed, quoted},
};
use crowsnest_model::{
    Duration,
    definition::{Arm, OnLimit, Program, SetValue, Share, Step, TaskStep, WaitUntil, Workspace},
};
use crowsnest_rules::Condition;
use std::collections::{BTreeMap, BTreeSet};

/// How deep ways may lie within ways. Deeper ones are better programs of their own.
const DEEPEST: usize = 10;

/// What steps have in common.
pub(super) struct Walk<'a> {
    pub scene: &'a Scene<'a>,
    /// The event that begins the program, when one does.
    pub about: Option<&'a str>,
    /// After this long nothing is done any more.
    pub ttl: Option<Duration>,
    pub program: &'a str,
}

/// Where the steps of a list stand in time.
#[derive(Clone, Copy)]
struct Clock {
    waited: Duration,
    /// It was said that nothing more is done.
    expired: bool,
}

/// Checks the steps of a program.
pub(super) fn check(program: &Program, spot: Spot<'_>, scene: &Scene<'_>, findings: &mut Findings) {
    if program.steps.is_empty() {
        findings.problem(spot.at("steps"), "a program does something: expected at least one step");
    }
    let walk =
        Walk { scene, about: about(&program.trigger), ttl: program.trigger.ttl, program: &program.name };
    let mut clock = Clock { waited: Duration(0), expired: false };
    walk.list(&program.steps, spot.at("steps"), &mut clock, 0, findings);
}

impl Walk<'_> {
    /// Checks a list of steps. True when it always leaves the program.
    fn list(
        &self,
        steps: &[Step],
        spot: Spot<'_>,
        clock: &mut Clock,
        depth: usize,
        findings: &mut Findings,
    ) -> bool {
        let mut left = false;
        for (index, step) in steps.iter().enumerate() {
            let spot = spot.item(index);
            if left {
                let message = "this is never done: everybody has left the program before";
                findings.warning(spot, message, Some("remove it, or the `exit` before it".into()));
                return true;
            }
            left = self.one(step, spot, clock, depth, findings);
        }
        left
    }

    fn one(
        &self,
        step: &Step,
        spot: Spot<'_>,
        clock: &mut Clock,
        depth: usize,
        findings: &mut Findings,
    ) -> bool {
        let at = spot.at(step.word());
        match step {
            Step::Wait(span) => {
                value::positive(*span, at, findings);
                self.pass(*span, at, clock, findings);
            }
            Step::WaitUntil(until) => return self.wait_until(until, at, clock, findings),
            Step::Branch(arms) => return self.branch(arms, at, clock, depth, findings),
            Step::Split(shares) => return self.split(shares, at, clock, depth, findings),
            Step::Send(send) => message::send(send, at, self.scene, findings),
            Step::Set(traits) => {
                if traits.is_empty() {
                    findings
                        .problem(at, "nothing is set: expected a trait and its value, such as `stage: lead`");
                }
                for (name, set) in traits {
                    if let SetValue::From(text) = set {
                        expression(text, at.at(name).at("from"), self.about, self.scene, findings);
                    }
                }
            }
            Step::Task(task) => {
                value::filled(&task.title, at.at("title"), findings);
                value::filled(&task.team, at.at("team"), findings);
                self.task(task, at, findings);
            }
            Step::Webhook(told) => {
                self.scene.must_exist(Kind::Webhook, &told.to, at.at("to"), findings);
                for (name, text) in &told.body {
                    value::filled(name, at.at("body"), findings);
                    expression(text, at.at("body").at(name), self.about, self.scene, findings);
                }
            }
            Step::Enter(program) => {
                if program == self.program {
                    let message = "a program cannot enter itself: the person is in it already";
                    findings.problem_hint(at, message, Some("name another program".into()));
                } else {
                    self.scene.must_exist(Kind::Program, program, at, findings);
                }
            }
            Step::Exit(reason) => {
                value::filled(reason, at, findings);
                return true;
            }
        }
        false
    }

    /// Checks who is asked, and what a call is about.
    fn task(&self, task: &TaskStep, spot: Spot<'_>, findings: &mut Findings) {
        let organisation = &self.scene.workspace.organisation;
        let teams = &organisation.teams;
        // A workspace document that could not be read says nothing about its teams.
        if !organisation.name.is_empty() && !teams.contains_key(&task.team) {
            let known: Vec<&str> = teams.keys().map(String::as_str).collect();
            if !known.is_empty() {
                let message =
                    format!("there is no team {}; known: {}", quoted(&task.team), listed(known.clone()));
                findings.problem_hint(spot.at("team"), message, did_you_mean(&task.team, known));
            } else if task.call.is_some() {
                let message =
                    "a call needs a team with its capacity, and the `workspace:` document has no `teams:`";
                let hint = format!("write `teams: {{ {}: {{ title: …, capacity: 40 }} }}` there", task.team);
                findings.problem_hint(spot.at("team"), message, Some(hint));
            }
        }
        if !(1..=9).contains(&task.priority) {
            let message = format!("{} is no priority: expected 1, which comes first, to 9", task.priority);
            findings.problem(spot.at("priority"), message);
        }
        if let Some(ttl) = task.ttl {
            value::positive(ttl, spot.at("ttl"), findings);
        }
        if let Some(call) = &task.call {
            let spot = spot.at("call");
            self.scene.must_exist(Kind::Topic, &call.topic, spot.at("topic"), findings);
            if !(1..=20).contains(&call.tries) {
                findings.problem(spot.at("tries"), "a call is tried once at least, and at most 20 times");
            }
        }
    }

    /// Time passes; says so when nothing more is done after it.
    fn pass(&self, span: Duration, spot: Spot<'_>, clock: &mut Clock, findings: &mut Findings) {
        clock.waited = Duration(clock.waited.0.saturating_add(span.0));
        if let Some(ttl) = self.ttl
            && ttl <= clock.waited
            && !clock.expired
        {
            clock.expired = true;
            let message =
                format!("the trigger's `ttl` of {ttl} is over after this wait, so nothing more is done");
            findings.warning(spot, message, Some("give the trigger a longer `ttl`".into()));
        }
    }

    fn wait_until(
        &self,
        until: &WaitUntil,
        spot: Spot<'_>,
        clock: &mut Clock,
        findings: &mut Findings,
    ) -> bool {
        value::positive(until.limit, spot.at("limit"), findings);
        if let Some(event) = &until.event {
            event_name(event, spot.at("event"), self.scene, findings);
        }
        match (&until.event, &until.when) {
            (None, None) => findings.problem_hint(
                spot,
                "nothing ends this wait but its limit: expected `event`, `when`, or both",
                Some("to wait for a time alone, write `wait`".into()),
            ),
            (event, Some(when)) => {
                let about = event.as_deref().or(self.about);
                condition(when, spot.at("when"), about, self.scene, findings);
            }
            _ => {}
        }
        // Only who waits to the end goes on that late; who leaves then does not.
        if until.on_limit == OnLimit::Continue {
            self.pass(until.limit, spot.at("limit"), clock, findings);
        }
        false
    }

    fn branch(
        &self,
        arms: &[Arm],
        spot: Spot<'_>,
        clock: &mut Clock,
        depth: usize,
        findings: &mut Findings,
    ) -> bool {
        if too_deep(depth, spot, findings) {
            return false;
        }
        if arms.is_empty() {
            findings.problem(spot, "a branch without ways: expected at least one `{ when, steps }`");
        }
        let (mut all_leave, mut closed) = (!arms.is_empty(), false);
        let mut asked: BTreeSet<&str> = BTreeSet::new();
        let mut before: Vec<Condition> = Vec::new();
        let mut longest = *clock;
        for (index, arm) in arms.iter().enumerate() {
            let spot = spot.item(index);
            if closed {
                let message = "this way is never taken: `otherwise` before it takes everybody";
                findings.problem_hint(spot, message, Some("`otherwise` comes last".into()));
            }
            let inner = match (&arm.when, &arm.steps, &arm.otherwise) {
                (Some(when), Some(_), None) => {
                    condition(when, spot.at("when"), self.about, self.scene, findings);
                    if self.can_be_taken(when, &mut asked, spot, findings) {
                        self.is_left_somebody(when, &mut before, spot, findings);
                    }
                    spot.at("steps")
                }
                (None, None, Some(_)) => {
                    closed = true;
                    spot.at("otherwise")
                }
                _ => {
                    findings.problem(spot, "expected `when` with `steps`, or `otherwise` alone");
                    continue;
                }
            };
            let mut within = *clock;
            all_leave &= self.list(arm.steps(), inner, &mut within, depth + 1, findings);
            longest = longer(longest, within);
        }
        *clock = longest;
        all_leave && closed
    }

    /// What can be seen without knowing people: a condition that another way has asked before, or that never holds. True
    /// when there is nothing of the kind.
    fn can_be_taken<'c>(
        &self,
        when: &'c str,
        asked: &mut BTreeSet<&'c str>,
        spot: Spot<'_>,
        findings: &mut Findings,
    ) -> bool {
        let hint = || Some("remove this way, or change its condition".to_owned());
        if when.trim() == "false" {
            findings.problem_hint(
                spot.at("when"),
                "this way is never taken: its condition is `false`",
                hint(),
            );
        } else if asked.contains("true") {
            let message = "this way is never taken: a way before it takes everybody";
            findings.problem_hint(spot.at("when"), message, hint());
        } else if !asked.insert(when.trim()) {
            let message = "this way is never taken: a way before it has the same condition";
            findings.problem_hint(spot.at("when"), message, hint());
        } else {
            return true;
        }
        false
    }

    /// Warns of a condition that only those fulfil who have gone another way before.
    fn is_left_somebody(
        &self,
        when: &str,
        before: &mut Vec<Condition>,
        spot: Spot<'_>,
        findings: &mut Findings,
    ) {
        let Ok(condition) = Condition::parse(when, &self.scene.schema(self.about)) else { return };
        if before.iter().any(|earlier| earlier.follows_from(&condition)) {
            let message = "this way is never taken: of whom its condition holds, goes a way before it";
            findings.warning(spot.at("when"), message, Some("put the narrower of the two first".into()));
        }
        before.push(condition);
    }

    fn split(
        &self,
        shares: &BTreeMap<String, Share>,
        spot: Spot<'_>,
        clock: &mut Clock,
        depth: usize,
        findings: &mut Findings,
    ) -> bool {
        if too_deep(depth, spot, findings) {
            return false;
        }
        if shares.len() < 2 {
            findings.problem(spot, "a split has at least two ways, such as `a` and `b`");
        }
        if shares.values().all(|share| share.weight == 0) && !shares.is_empty() {
            findings.problem(spot, "no way of this split has a weight, so nobody could go on");
        }
        let mut all_leave = !shares.is_empty();
        let mut longest = *clock;
        for (name, share) in shares {
            let spot = spot.at(name);
            if let Err(message) = value::name(name) {
                findings.problem(spot, message);
            }
            if share.weight == 0 && shares.values().any(|other| other.weight > 0) {
                let message = format!("the way {} is never taken: its weight is 0", quoted(name));
                findings.warning(spot.at("weight"), message, Some("give it a weight, or remove it".into()));
            }
            let mut within = *clock;
            all_leave &= self.list(&share.steps, spot.at("steps"), &mut within, depth + 1, findings);
            longest = longer(longest, within);
        }
        *clock = longest;
        all_leave
    }
}

fn longer(one: Clock, other: Clock) -> Clock {
    Clock { waited: one.waited.max(other.waited), expired: one.expired || other.expired }
}

fn too_deep(depth: usize, spot: Spot<'_>, findings: &mut Findings) -> bool {
    let deep = depth >= DEEPEST;
    if deep {
        let message = format!("ways within ways lie more than {DEEPEST} deep");
        findings.problem_hint(
            spot,
            message,
            Some("make a program of its own of them, and `enter` it".into()),
        );
    }
    deep
}

/// The programs that a program enters, with the path by which the circle closes, if it comes back to where it began.
pub(super) fn circle(workspace: &Workspace, from: &str) -> Option<Vec<String>> {
    let mut path = vec![from.to_owned()];
    let mut seen = BTreeSet::new();
    back_to(workspace, from, from, &mut path, &mut seen).then_some(path)
}

fn back_to<'w>(
    workspace: &'w Workspace,
    from: &'w str,
    goal: &str,
    path: &mut Vec<String>,
    seen: &mut BTreeSet<&'w str>,
) -> bool {
    let Some(program) = workspace.programs.get(from) else { return false };
    for step in Step::all(&program.steps) {
        let Step::Enter(next) = step else { continue };
        path.push(next.clone());
        // A program that names itself is a mistake of its own.
        if next == goal && path.len() > 2 {
            return true;
        }
        if next != goal && seen.insert(next) && back_to(workspace, next, goal, path, seen) {
            return true;
        }
        path.pop();
    }
    false
}
