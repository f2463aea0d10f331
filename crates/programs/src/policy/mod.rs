//! The contact policy: whether a message may go out now, decided next to the send over everything that went before.
//!
//! The order in which messages of the same moment are decided is [`Policy::rank`], then due moment, then id. Whoever
//! decides them hands each that may go out to the next decision as something that was handed over at this moment: so
//! of two programs that fire in the same instant one has the room, and always the same.

mod quiet;
mod standing;

pub use standing::{Standing, standing};

use crowsnest_model::{
    Duration, Time,
    definition::{Cap, ContactPolicy, CountedOver, WhenCapped},
    delivery::HandedOver,
};
use jiff::tz::TimeZone;
use std::collections::{BTreeSet, HashMap};

/// At most this many programs are named in a reason; they are counted by it.
const NAMED: usize = 3;

/// What the reason of a message begins with that the policy puts off. Others that wait their turn may say so, too.
pub const WAITS_FOR_POLICY: &str = "waits: ";

/// The contact policy, ready.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    definition: ContactPolicy,
    service: BTreeSet<String>,
    ranks: HashMap<String, usize>,
}

/// A message that is due, and what went before.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// This moment.
    pub now: Time,
    /// The recipient's time zone.
    pub zone: &'a TimeZone,
    /// The message's program or broadcast.
    pub program: &'a str,
    /// Its channel.
    pub channel: &'a str,
    /// Its topic.
    pub topic: &'a str,
    /// When it has no point any more.
    pub expires: Option<Time>,
    /// What the person was sent, as far back as [`Policy::looks_back`] wants, in any order.
    pub person: &'a [HandedOver],
    /// What the household was sent, the person among them; what the person was sent, when they have none.
    pub household: &'a [HandedOver],
}

/// What the policy says of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go out now.
    Send,
    /// Not now; it is to be asked again at this moment, which is before its time to live runs out.
    Wait {
        /// When to ask again.
        until: Time,
        /// Why, in words.
        reason: String,
    },
    /// Not at all, for this reason.
    Suppress(String),
    /// It would have to wait longer than its time to live, for this reason.
    Expire(String),
}

/// One rule that has no room.
struct Full {
    when_capped: WhenCapped,
    /// When there is room again, if ever.
    until: Option<Time>,
    reason: String,
}

impl Policy {
    /// Makes a policy ready. `service` are the topics that are exempt from it.
    pub fn new(definition: ContactPolicy, service: impl IntoIterator<Item = String>) -> Self {
        let ranks = definition.priorities.iter().cloned().zip(0..).collect();
        Self { definition, service: service.into_iter().collect(), ranks }
    }

    /// Whether messages about a topic are exempt: they are never stopped or delayed, and do not count.
    pub fn exempts(&self, topic: &str) -> bool {
        self.service.contains(topic)
    }

    /// Whether there is anything that it could stop or delay.
    pub fn is_empty(&self) -> bool {
        let ContactPolicy { caps, quiet_hours, apart, one_offer_at_a_time, .. } = &self.definition;
        caps.is_empty() && quiet_hours.is_empty() && apart.is_empty() && one_offer_at_a_time.is_none()
    }

    /// The place of a program or broadcast among the priorities; the smaller one goes first.
    pub fn rank(&self, program: &str) -> usize {
        self.ranks.get(program).copied().unwrap_or(self.ranks.len())
    }

    /// Programs and broadcasts, the most important first.
    pub fn priorities(&self) -> &[String] {
        &self.definition.priorities
    }

    /// How far back it wants to know what a person, or a household, was sent; `None` when it does not want to know.
    pub fn looks_back(&self, of: CountedOver) -> Option<Duration> {
        let caps = self.definition.caps.iter().filter(|cap| cap.of == of).map(|cap| cap.per);
        let apart = self.definition.apart.iter().map(|apart| apart.within);
        let offer = self.definition.one_offer_at_a_time.iter().map(|offer| offer.within);
        match of {
            CountedOver::Person => caps.chain(apart).chain(offer).max(),
            CountedOver::Household => caps.max(),
        }
    }

    /// Why a message would not go out now for what went before, whatever the time of the day; `None` when there is room.
    pub fn capped(&self, facts: &Facts<'_>) -> Option<String> {
        match room(self, facts) {
            Verdict::Send => None,
            Verdict::Wait { reason, .. } | Verdict::Suppress(reason) | Verdict::Expire(reason) => {
                Some(reason)
            }
        }
    }

    /// The quiet hours in which a message would fall, in words; `None` when there are none now.
    pub fn quiet(&self, facts: &Facts<'_>) -> Option<String> {
        quiet::over(&self.definition.quiet_hours, facts).map(|(_, reason)| reason)
    }

    /// The rules that have no room for a message.
    fn full(&self, facts: &Facts<'_>) -> Vec<Full> {
        let ContactPolicy { caps, apart, one_offer_at_a_time, .. } = &self.definition;
        let caps = caps.iter().filter_map(|cap| self.cap(cap, facts));
        let apart = apart.iter().filter(|apart| apart.programs.iter().any(|name| name == facts.program));
        let apart = apart.filter_map(|apart| {
            let others = |other: &HandedOver| apart.programs.contains(&other.program);
            let (until, before) = self.other_program(facts, apart.within, others)?;
            let reason = {
                let span = apart.within.in_words();
                format!("{} are kept {span} apart: {before}", apart.programs.join(", "))
            };
            Some(Full { when_capped: apart.when_capped, until: Some(until), reason })
        });
        let offers =
            one_offer_at_a_time.iter().filter(|offer| offer.topics.iter().any(|name| name == facts.topic));
        let offers = offers.filter_map(|offer| {
            let others = |other: &HandedOver| offer.topics.contains(&other.topic);
            let (until, before) = self.other_program(facts, offer.within, others)?;
            let span = offer.within.in_words();
            let reason = format!("one offer at a time, and an offer runs for {span}: {before}");
            Some(Full { when_capped: offer.when_capped, until: Some(until), reason })
        });
        caps.chain(apart).chain(offers).collect()
    }

    /// A cap that has no room for a message.
    fn cap(&self, cap: &Cap, facts: &Facts<'_>) -> Option<Full> {
        let counts = |channel: &str, topic: &str| {
            cap.channel.as_deref().is_none_or(|only| only == channel)
                && cap.topic.as_deref().is_none_or(|only| only == topic)
        };
        if !counts(facts.channel, facts.topic) {
            return None;
        }
        let before = match cap.of {
            CountedOver::Person => facts.person,
            CountedOver::Household => facts.household,
        };
        let mut within: Vec<&HandedOver> = self
            .within(before, facts.now, cap.per)
            .filter(|other| counts(&other.channel, &other.topic))
            .collect();
        let max = cap.max as usize;
        if within.len() < max {
            return None;
        }
        within.sort_by_key(|other| other.time);
        // Once this one is out of the stretch, fewer than `max` are in it.
        let until = (max > 0).then(|| within[within.len() - max].time.plus(cap.per));
        let messages = if cap.max == 1 { "message" } else { "messages" };
        let channel = cap.channel.as_ref().map(|name| format!(" by {name}")).unwrap_or_default();
        let topic = cap.topic.as_ref().map(|name| format!(" about {name}")).unwrap_or_default();
        let whose = match cap.of {
            CountedOver::Person => "",
            CountedOver::Household => " for a household",
        };
        let limit = format!("{} {messages}{channel}{topic}{whose}", cap.max);
        let reason = match max {
            0 => format!("the cap is {limit}: none at all"),
            _ => format!("at most {limit} in {}: {}", cap.per.in_words(), went_before(&within, facts.now)),
        };
        Some(Full { when_capped: cap.when_capped, until, reason })
    }

    /// When no message of another program that `counts` is nearer than `span` any more, and what went before, in words.
    fn other_program(
        &self,
        facts: &Facts<'_>,
        span: Duration,
        counts: impl Fn(&HandedOver) -> bool,
    ) -> Option<(Time, String)> {
        let others: Vec<&HandedOver> = self
            .within(facts.person, facts.now, span)
            .filter(|other| other.program != facts.program && counts(other))
            .collect();
        let latest = others.iter().map(|other| other.time).max()?;
        Some((latest.plus(span), went_before(&others, facts.now)))
    }

    /// What was handed over less than `span` ago and counts. What lies in the future, because a clock was set back, does.
    fn within<'a>(
        &'a self,
        before: &'a [HandedOver],
        now: Time,
        span: Duration,
    ) -> impl Iterator<Item = &'a HandedOver> {
        before.iter().filter(move |other| other.time.plus(span) > now && !self.exempts(&other.topic))
    }
}

/// What stands in a message's way, in words that are the same for everybody whose reason it is.
fn went_before(others: &[&HandedOver], now: Time) -> String {
    let names = |others: &mut dyn Iterator<Item = &&HandedOver>| {
        let names: BTreeSet<&str> = others.map(|other| other.program.as_str()).collect();
        let more = names.len().saturating_sub(NAMED);
        let mut words: Vec<String> = names.into_iter().take(NAMED).map(str::to_owned).collect();
        if more > 0 {
            words.push(format!("{more} more"));
        }
        words.join(", ")
    };
    if others.iter().any(|other| other.time == now) {
        format!(
            "gives way to {} at the same moment",
            names(&mut others.iter().filter(|other| other.time == now))
        )
    } else {
        format!("had {}", names(&mut others.iter()))
    }
}

/// Whether a message may go out now. A service message always may.
///
/// First the time of the day: what comes at a quiet hour is decided when that is over, by what went before then. Then
/// what went before: one rule that leaves it out does, else the one that makes it wait longest.
pub fn decide(policy: &Policy, facts: &Facts<'_>) -> Verdict {
    if policy.exempts(facts.topic) {
        return Verdict::Send;
    }
    match quiet::over(&policy.definition.quiet_hours, facts) {
        Some((until, reason)) => wait(facts, until, reason),
        None => room(policy, facts),
    }
}

/// What follows from what went before.
fn room(policy: &Policy, facts: &Facts<'_>) -> Verdict {
    if policy.exempts(facts.topic) {
        return Verdict::Send;
    }
    let mut longest: Option<(Time, String)> = None;
    for full in policy.full(facts) {
        match (full.when_capped, full.until) {
            (WhenCapped::Postpone, Some(until)) => {
                if longest.as_ref().is_none_or(|(latest, _)| until > *latest) {
                    longest = Some((until, full.reason));
                }
            }
            _ => return Verdict::Suppress(full.reason),
        }
    }
    longest.map_or(Verdict::Send, |(until, reason)| wait(facts, until, reason))
}

/// It waits, if that has a point.
fn wait(facts: &Facts<'_>, until: Time, reason: String) -> Verdict {
    match facts.expires {
        Some(expires) if expires <= until => {
            Verdict::Expire(format!("{reason}; its time to live ends before that is over"))
        }
        _ => Verdict::Wait { until, reason: format!("{WAITS_FOR_POLICY}{reason}") },
    }
}
