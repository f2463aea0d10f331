//! Definitions: what a workspace folder says. Plain data; the room `workspace` reads, checks and writes it.
//!
//! Each YAML document begins with the word for what it defines, and its name: `program: abandoned-cart`. Conditions
//! are kept as the text that was written; [`crate::definition`] knows nothing of their language.

mod budget;
mod catalogue;
mod contract;
mod identity;
mod letters;
mod limits;
mod matching;
mod policy;
mod program;
mod schedule;
mod seeds;
mod segment;
mod sms;
mod source;
mod step;
mod team;
mod template;
mod trigger;
mod webhook;
mod workspace;

pub use budget::{Budget, BudgetPeriod};
pub use catalogue::Catalogue;
pub use contract::{Contract, EventContract, FieldContract, ValueType, Violation};
pub use identity::{IdentityRules, NamespaceRule};
pub use letters::{AddressTraits, LetterAccount, LetterConsent, PrintTimes};
pub use limits::{Limit, SendingLimits};
pub use matching::{MatchField, MatchKey, Matching};
pub use policy::{
    Apart, Cap, ClockTime, ClockTimeError, ContactPolicy, CountedOver, Day, OneOffer, QuietHours, WhenCapped,
};
pub use program::{Broadcast, EventMatch, FreshnessNeed, Goal, OnePer, Program, ProgramState, Reentry, Send};
pub use schedule::{MonthDay, Schedule};
pub use seeds::{Seed, SeedAddress, SeedList};
pub use segment::{Metric, Segment, SegmentOfSet, Segmentation};
pub use sms::{Language, OnStart, OnStop, SmsAccount, SmsGateway, TurnsOff};
pub use source::{
    ConsentMap, EventName, Feed, FeedbackMap, FeedbackWords, FieldMap, FieldType, Format, IdenticalRows,
    Source, Sync, TimeField, Trust,
};
pub use step::{Arm, Call, OnLimit, SetValue, Share, Step, TaskStep, WaitUntil};
pub use team::{OUTCOMES, Team};
pub use template::Template;
pub use trigger::{IdentityEvent, MembershipChange, Trigger, Watched};
pub use webhook::{AddressError, HeaderError, Webhook, WebhookStep};
pub use workspace::{
    Brand, DIMENSIONS, Dimension, DkimKey, EmailAccount, Organisation, Returns, SmtpAccount, SmtpSecurity,
    Throttle, Topic, Tracking, Workspace,
};

use serde::{Deserialize, Deserializer};

/// Reads one thing, or a list of such things.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneOrMany<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de>> serde::de::Visitor<'de> for OneOrMany<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("one entry or a list of entries")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<T>, E> {
            T::deserialize(serde::de::value::StrDeserializer::new(text)).map(|one| vec![one])
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
            T::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = seq.next_element()? {
                all.push(one);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(OneOrMany(std::marker::PhantomData))
}
