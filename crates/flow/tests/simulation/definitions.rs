//! Definitions that chance makes and changes. Whatever it does to them, they can be applied.

use crate::{
    ask::{Ask, Figure, Span, What},
    chance::Chance,
    dates::DateText,
    items::{WatchText, Watching},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

pub const EVENTS: [&str; 3] = ["Cart Updated", "Order Completed", "Page Seen"];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Some are just as long as what a series keeps, some a little shorter or longer.
const SPANS: [i64; 12] = [
    7 * MINUTE,
    90 * MINUTE,
    2 * HOUR,
    26 * HOUR,
    3 * DAY,
    8 * DAY,
    30 * DAY,
    32 * DAY,
    33 * DAY,
    95 * DAY,
    200 * DAY,
    370 * DAY,
];

/// A segment on its own, or a segmentation.
#[derive(Debug, Clone)]
pub struct Group {
    pub set: Option<String>,
    pub parts: Vec<(String, Option<Ask>)>,
}

impl Group {
    pub fn has(&self, name: &str) -> bool {
        self.parts.iter().any(|(part, _)| part == name)
    }
}

/// A program. All of its times are in milliseconds.
#[derive(Debug, Clone)]
pub struct ProgramText {
    pub name: String,
    pub event: &'static str,
    /// Only events whose value is at least this.
    pub at_least: Option<i64>,
    pub ttl: Option<i64>,
    /// Once for each cart, not for each event.
    pub by_cart: bool,
    pub cancel: Option<&'static str>,
    /// How long it waits before each message or post.
    pub waits: Vec<i64>,
    /// Which of them are posts to the webhook.
    pub posts: Vec<bool>,
}

/// All of them. Groups come after those that they name.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    pub metrics: BTreeMap<String, Figure>,
    pub groups: Vec<Group>,
    pub programs: BTreeMap<String, ProgramText>,
    pub dates: BTreeMap<String, DateText>,
    pub watching: Watching,
    /// Who gets them.
    pub broadcasts: BTreeMap<String, Ask>,
}

fn span(chance: &mut Chance) -> Span {
    match chance.below(8) {
        0 | 1 => Span::All,
        2 | 3 => {
            let to = *chance.pick(&SPANS);
            let from = to + *chance.pick(&SPANS);
            Span::Between(from, to)
        }
        _ => Span::Within(*chance.pick(&SPANS)),
    }
}

fn figure(chance: &mut Chance, kinds: &[What]) -> Figure {
    Figure {
        what: *chance.pick(kinds),
        event: EVENTS[chance.below(EVENTS.len())],
        span: span(chance),
        at_least: chance.percent(25).then(|| chance.between(1, 9)),
        by: 1,
    }
}

/// How finely a metric may tell moments apart: mostly exactly, and never by more than it asks about.
fn granularity(chance: &mut Chance, span: Span) -> i64 {
    let window = match span {
        Span::All => i64::MAX,
        Span::Within(from) => from,
        Span::Between(from, to) => from - to,
    };
    let by = if chance.percent(50) { 1 } else { chance.pick(&GRANULARITIES).0 };
    if by <= window { by } else { 1 }
}

/// So much as a figure may well be.
fn least(chance: &mut Chance, what: What) -> i64 {
    match what {
        What::Count | What::Distinct => chance.between(1, 4),
        What::Sum => chance.between(1, 30),
        _ => chance.between(1, 10),
    }
}

/// In milliseconds, and as it is written.
const GRANULARITIES: [(i64, &str); 4] = [(1_000, "1s"), (MINUTE, "1m"), (HOUR, "1h"), (DAY, "1d")];
const NUMBERS: [What; 6] = [What::Count, What::Count, What::Sum, What::Mean, What::Least, What::Most];
const MOMENTS: [What; 2] = [What::First, What::Last];

impl Definitions {
    pub fn random(chance: &mut Chance) -> Self {
        let mut all = Self::default();
        for _ in 0..chance.below(3) {
            all.add_metric(chance);
        }
        for _ in 0..chance.below(4) {
            all.add_program(chance);
        }
        for _ in 0..1 + chance.below(6) {
            all.add_group(chance);
        }
        if chance.percent(40) {
            all.change_dates(chance);
        }
        if chance.percent(40) {
            all.change_watching(chance);
        }
        all
    }

    /// One change, or a few.
    pub fn change(&mut self, chance: &mut Chance) {
        for _ in 0..1 + chance.below(2) {
            match chance.below(12) {
                11 => self.change_watching(chance),
                10 => self.change_dates(chance),
                0 => self.add_metric(chance),
                1 => self.add_program(chance),
                2 | 3 => self.add_group(chance),
                4 => self.change_metric(chance),
                5 => {
                    if let Some(name) = some_key(chance, &self.programs) {
                        let text = program(chance, &name);
                        self.programs.insert(name, text);
                    }
                }
                6 => {
                    let names: Vec<String> =
                        self.metrics.keys().chain(self.programs.keys()).cloned().collect();
                    if !names.is_empty() {
                        let gone = chance.pick(&names).clone();
                        self.remove([gone].into());
                    }
                }
                7 => {
                    if !self.groups.is_empty() {
                        let gone = chance.below(self.groups.len());
                        let gone = self.groups.remove(gone);
                        self.remove(gone.parts.into_iter().map(|(name, _)| name).collect());
                    }
                }
                _ => self.change_group(chance),
            }
        }
    }

    /// A program by date comes, changes, or goes.
    fn change_dates(&mut self, chance: &mut Chance) {
        let name = format!("d{}", chance.below(2));
        if self.dates.remove(&name).is_none() || chance.percent(50) {
            self.dates.insert(name.clone(), DateText::random(chance, &name));
        }
    }

    /// A program about things comes, changes, or goes.
    fn change_watching(&mut self, chance: &mut Chance) {
        let name = format!("w{}", chance.below(2));
        if self.watching.remove(&name).is_none() || chance.percent(50) {
            self.watching.insert(name.clone(), WatchText::random(chance, &name, &EVENTS));
        }
    }

    fn change_metric(&mut self, chance: &mut Chance) {
        if let Some(name) = some_key(chance, &self.metrics)
            && let Some(figure) = self.metrics.get_mut(&name)
        {
            figure.span = span(chance);
            figure.by = granularity(chance, figure.span);
        }
    }

    fn change_group(&mut self, chance: &mut Chance) {
        if self.groups.is_empty() {
            return;
        }
        let place = chance.below(self.groups.len());
        let earlier = self.names_before(place);
        let part = chance.below(self.groups[place].parts.len());
        if self.groups[place].parts[part].1.is_some() {
            let ask = self.ask(chance, &earlier, 2);
            self.groups[place].parts[part].1 = Some(ask);
        }
    }

    /// What names something that goes has to go too.
    fn remove(&mut self, mut gone: BTreeSet<String>) {
        loop {
            let before = self.groups.len();
            let names = |group: &Group| group.parts.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
            let (stay, go): (Vec<Group>, Vec<Group>) = self.groups.drain(..).partition(|group| {
                group.parts.iter().flat_map(|(_, ask)| ask).all(|ask| ask.names().is_disjoint(&gone))
            });
            self.groups = stay;
            gone.extend(go.iter().flat_map(names));
            if self.groups.len() == before {
                break;
            }
        }
        self.metrics.retain(|name, _| !gone.contains(name));
        self.programs.retain(|name, _| !gone.contains(name));
        self.broadcasts.retain(|_, ask| ask.names().is_disjoint(&gone));
    }

    fn names_before(&self, place: usize) -> Vec<String> {
        self.groups[..place].iter().flat_map(|group| &group.parts).map(|(name, _)| name.clone()).collect()
    }

    fn add_metric(&mut self, chance: &mut Chance) {
        let name = format!("m{}", chance.below(3));
        let kinds = [&NUMBERS[..], &[What::Distinct], &MOMENTS[..]].concat();
        self.metrics.entry(name).or_insert_with(|| {
            let figure = figure(chance, &kinds);
            Figure { by: granularity(chance, figure.span), ..figure }
        });
    }

    fn add_program(&mut self, chance: &mut Chance) {
        let name = format!("p{}", chance.below(4));
        self.programs.entry(name.clone()).or_insert_with(|| program(chance, &name));
    }

    fn add_group(&mut self, chance: &mut Chance) {
        let earlier = self.names_before(self.groups.len());
        let free = |name: &String| !earlier.contains(name);
        if chance.percent(20) {
            let names: Vec<String> = ["a", "b", "c"].iter().map(|part| format!("stage-{part}")).collect();
            if names.iter().all(free) {
                let mut parts: Vec<(String, Option<Ask>)> = Vec::new();
                for name in names {
                    parts.push((name, Some(self.ask(chance, &earlier, 1))));
                }
                if chance.percent(60)
                    && let Some(last) = parts.last_mut()
                {
                    last.1 = None;
                }
                self.groups.push(Group { set: Some("stage".into()), parts });
            }
            return;
        }
        let name = format!("s{}", chance.below(8));
        if free(&name) {
            let ask = self.ask(chance, &earlier, 2);
            self.groups.push(Group { set: None, parts: vec![(name, Some(ask))] });
        }
    }

    /// A broadcast to some. Whether they are in a program does not matter to it.
    pub fn add_broadcast(&mut self, chance: &mut Chance, name: &str) {
        let by_programs = self.by_programs();
        let segments: Vec<String> = self.names_before(self.groups.len());
        let segments: Vec<String> = segments.into_iter().filter(|name| !by_programs.contains(name)).collect();
        let no_programs = Self { metrics: self.metrics.clone(), ..Self::default() };
        let ask = match no_programs.ask(chance, &segments, 1) {
            // Otherwise hardly anybody gets anything.
            one if chance.percent(50) => Ask::Either(Box::new(one), Box::new(Ask::Agrees)),
            one => one,
        };
        self.broadcasts.insert(name.to_owned(), ask);
    }

    /// The segments that change with the programs that somebody is in.
    pub fn by_programs(&self) -> BTreeSet<String> {
        let mut found: BTreeSet<String> = BTreeSet::new();
        for group in &self.groups {
            let names = || group.parts.iter().flat_map(|(_, ask)| ask).flat_map(Ask::names);
            if names().any(|name| self.programs.contains_key(&name) || found.contains(&name)) {
                found.extend(group.parts.iter().map(|(name, _)| name.clone()));
            }
        }
        found
    }

    fn ask(&self, chance: &mut Chance, earlier: &[String], depth: usize) -> Ask {
        let deeper = |chance: &mut Chance| Box::new(self.ask(chance, earlier, depth - 1));
        match chance.below(if depth == 0 { 13 } else { 16 }) {
            0..=3 => {
                let figure = figure(chance, &NUMBERS);
                let least = least(chance, figure.what);
                Ask::AtLeast(figure, least)
            }
            4 => {
                let figure = figure(chance, &[What::Distinct]);
                Ask::AtLeast(figure, chance.between(1, 4))
            }
            5 => Ask::Before(figure(chance, &MOMENTS), *chance.pick(&SPANS)),
            6 => Ask::Since(figure(chance, &MOMENTS), *chance.pick(&SPANS)),
            7 => Ask::Never(figure(chance, &[What::Count])),
            8 => Ask::Trait("tier", if chance.percent(50) { "gold" } else { "silver" }),
            9 => match some_key(chance, &self.metrics) {
                Some(name) if !MOMENTS.contains(&self.metrics[&name].what) => {
                    let least = least(chance, self.metrics[&name].what);
                    Ask::Metric(name, least)
                }
                _ => Ask::Known("city"),
            },
            10 | 11 if !earlier.is_empty() => Ask::Segment(chance.pick(earlier).clone()),
            12 => match some_key(chance, &self.programs) {
                Some(name) if chance.percent(60) => Ask::InProgram(name),
                _ => Ask::Agrees,
            },
            13 => Ask::Not(deeper(chance)),
            14 => Ask::Both(deeper(chance), deeper(chance)),
            15 => Ask::Either(deeper(chance), deeper(chance)),
            _ => Ask::Known("city"),
        }
    }

    /// As they are written.
    pub fn text(&self, hook: &str) -> Vec<String> {
        let mut texts =
            vec![format!("webhook: crm\nurl: {hook}\nsecret_env: HOOK_SECRET\nallow_private: true\n")];
        for (name, figure) in &self.metrics {
            let by = GRANULARITIES.iter().find(|(by, _)| *by == figure.by);
            let by = by.map(|(_, by)| format!("granularity: {by}\n")).unwrap_or_default();
            texts.push(format!("metric: {name}\nvalue: '{}'\n{by}", figure.text()));
        }
        for group in &self.groups {
            let when = |ask: &Option<Ask>| ask.as_ref().map(|ask| format!("'{}'", ask.text()));
            texts.push(match &group.set {
                None => {
                    let (name, ask) = &group.parts[0];
                    format!("segment: {name}\nwhen: {}\n", when(ask).unwrap_or_default())
                }
                Some(set) => {
                    let mut text = format!("segmentation: {set}\nsegments:\n");
                    for (name, ask) in &group.parts {
                        let when = when(ask).map(|when| format!("\n    when: {when}")).unwrap_or_default();
                        let _ = writeln!(text, "  - segment: {name}{when}");
                    }
                    text
                }
            });
        }
        texts.extend(self.programs.values().map(ProgramText::text));
        texts.extend(self.dates.values().map(DateText::text));
        texts.push(WatchText::CATALOGUE.into());
        texts.extend(self.watching.values().map(WatchText::text));
        texts.extend(self.broadcasts.iter().map(|(name, ask)| {
            format!(
                "broadcast: {name}\naudience: '{}'\nsend: {{ channel: email, template: letter, topic: offers }}\n",
                ask.text()
            )
        }));
        texts
    }
}

impl ProgramText {
    fn text(&self) -> String {
        let minutes = |millis: i64| format!("{}m", millis / MINUTE);
        let when =
            self.at_least.map(|n| format!(", when: 'event.properties.value >= {n}'")).unwrap_or_default();
        let ttl = self.ttl.map(|ttl| format!(", ttl: {}", minutes(ttl))).unwrap_or_default();
        // Clocks jump by months here, and what was due meanwhile is still to be done.
        let mut text = format!(
            "program: {}\nlateness: 3650d\ntrigger: {{ event: {}{when}{ttl} }}\n",
            self.name, self.event
        );
        if self.by_cart {
            text.push_str("occasion: event.properties.cart\n");
        }
        if let Some(cancel) = self.cancel {
            let _ = writeln!(text, "cancel_on: {{ event: {cancel} }}");
        }
        text.push_str("steps:\n");
        for (wait, post) in self.waits.iter().zip(&self.posts) {
            if *wait > 0 {
                let _ = writeln!(text, "  - wait: {}", minutes(*wait));
            }
            text.push_str(match post {
                true => "  - webhook: { to: crm, body: { tier: profile.tier } }\n",
                false => "  - send: { channel: email, template: letter, topic: orders }\n",
            });
        }
        text
    }
}

fn some_key<T>(chance: &mut Chance, of: &BTreeMap<String, T>) -> Option<String> {
    let names: Vec<&String> = of.keys().collect();
    (!names.is_empty()).then(|| (*chance.pick(&names)).clone())
}

fn program(chance: &mut Chance, name: &str) -> ProgramText {
    let place = chance.below(EVENTS.len());
    let waits = [0, 10 * MINUTE, 45 * MINUTE, HOUR, 20 * HOUR, 3 * DAY, 20 * DAY];
    let steps = 1 + chance.below(2);
    ProgramText {
        posts: (0..steps).map(|_| chance.percent(25)).collect(),
        name: name.into(),
        event: EVENTS[place],
        at_least: chance.percent(30).then(|| chance.between(1, 6)),
        ttl: chance.percent(70).then(|| *chance.pick(&[30 * MINUTE, 6 * HOUR, 2 * DAY, 30 * DAY])),
        by_cart: chance.percent(50),
        cancel: chance.percent(50).then(|| EVENTS[(place + 1) % EVENTS.len()]),
        waits: (0..steps).map(|_| *chance.pick(&waits)).collect(),
    }
}
