//! The programs that begin by date or by schedule, by what can move their moments.

use crate::{Derived, LiveProgram, Person, Scene};
use crowsnest_model::{Profile, ProfileId, SeriesId, Time, profile::ZONES};
use crowsnest_rules::Subject;
use jiff::tz::TimeZone;
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// The programs in force that begin by date or by schedule, so that an event asks only those whose moments it can move.
#[derive(Debug, Default)]
pub struct DatePlan {
    programs: Vec<Arc<LiveProgram>>,
    by_trait: HashMap<String, Vec<usize>>,
    by_series: HashMap<SeriesId, Vec<usize>>,
    by_segment: HashMap<String, Vec<usize>>,
    by_program: HashMap<String, Vec<usize>>,
    by_consent: Vec<usize>,
    by_household: Vec<usize>,
    /// Those that come due for somebody about whom nothing is known.
    for_newcomers: Vec<usize>,
}

/// What changed about a person, as far as their dates may care.
#[derive(Debug, Clone, Copy)]
pub struct DateTouch<'a> {
    /// These traits.
    pub traits: &'a BTreeSet<String>,
    /// What is remembered of these kinds of events.
    pub series: &'a BTreeSet<SeriesId>,
    /// Whether they are in these segments.
    pub segments: &'a BTreeSet<String>,
    /// Whether they are on their way through these programs.
    pub programs: &'a BTreeSet<String>,
    /// What they agreed to.
    pub consent: bool,
    /// Somebody of their household.
    pub household: bool,
    /// They are new.
    pub newcomer: bool,
}

impl DatePlan {
    /// Adds a program, if it begins by date or by schedule.
    pub(crate) fn add(&mut self, program: &Arc<LiveProgram>) {
        let Some(by_time) = program.by_time() else { return };
        let place = self.programs.len();
        for zone in ZONES {
            self.by_trait.entry(zone.to_owned()).or_default().push(place);
        }
        let mut known = Derived::default();
        if let Some(inputs) = by_time.inputs() {
            for name in inputs.traits.iter().filter(|name| !ZONES.contains(&name.as_str())) {
                self.by_trait.entry(name.clone()).or_default().push(place);
            }
            for series in &inputs.series {
                self.by_series.entry(series.id()).or_default().push(place);
            }
            for (names, index) in
                [(&inputs.segments, &mut self.by_segment), (&inputs.programs, &mut self.by_program)]
            {
                for name in names {
                    index.entry(name.clone()).or_default().push(place);
                }
            }
            for (asked, list) in
                [(inputs.consent, &mut self.by_consent), (inputs.household, &mut self.by_household)]
            {
                if asked {
                    list.push(place);
                }
            }
            known.series.extend(inputs.series.iter().map(|series| (series.id(), series.kept())));
            known.segments.extend(inputs.segments.iter().map(|name| (name.clone(), true)));
            known.programs.extend(inputs.programs.iter().cloned());
        }
        let nobody = Profile::new(ProfileId(0), Time(0));
        let blank = Person {
            profile: &nobody,
            event: None,
            consents: &|_, _| None,
            members: &|_: &mut dyn FnMut(&dyn Subject)| false,
            scene: &Scene { now: Time(0), zone: &TimeZone::UTC, derived: &known },
        };
        if by_time.has_any(&blank) {
            self.for_newcomers.push(place);
        }
        self.programs.push(program.clone());
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<LiveProgram>] {
        &self.programs
    }

    /// Whether the moments of any depend on a trait.
    pub fn asks_about_trait(&self, name: &str) -> bool {
        self.by_trait.contains_key(name)
    }

    /// Whether the moments of any depend on the household.
    pub fn asks_about_households(&self) -> bool {
        !self.by_household.is_empty()
    }

    /// The programs on which the moments of any depend.
    pub fn programs(&self) -> impl Iterator<Item = &String> {
        self.by_program.keys()
    }

    /// Those whose moments a change may have moved, each once.
    pub fn touched_by(&self, touch: DateTouch<'_>) -> Vec<&Arc<LiveProgram>> {
        let mut places: BTreeSet<usize> = BTreeSet::new();
        for (index, names) in [
            (&self.by_trait, touch.traits),
            (&self.by_segment, touch.segments),
            (&self.by_program, touch.programs),
        ] {
            places.extend(names.iter().filter_map(|name| index.get(name)).flatten());
        }
        places.extend(touch.series.iter().filter_map(|id| self.by_series.get(id)).flatten());
        for (touched, list) in [
            (touch.consent, &self.by_consent),
            (touch.household, &self.by_household),
            (touch.newcomer, &self.for_newcomers),
        ] {
            if touched {
                places.extend(list);
            }
        }
        places.into_iter().filter_map(|place| self.programs.get(place)).collect()
    }
}
