//! One message on one channel, and its life.

use crate::{DeliveryId, Duration, HouseholdId, Object, ProfileId, RunId, Time};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// The channel of e-mail: to a mailbox.
pub const EMAIL: &str = "email";
/// The channel of text messages: to a telephone number.
pub const SMS: &str = "sms";
/// The channel of telephone calls that people of the house make. Each is handed over by coming onto a team's list of a day:
/// nothing leaves the house, so that no outcome is unknown.
pub const PHONE: &str = "phone";
/// The channel of letters: to a postal address. They wait for a print run.
pub const LETTER: &str = "letter";
/// The channel of what is posted to a system of ours: no message to the person, so that consent, contact points and the
/// contact policy do not concern it. It may be repeated, since its receiver knows the delivery's id.
pub const WEBHOOK: &str = "webhook";

/// What a contact point of a channel is called.
pub fn contact_word(channel: &str) -> String {
    match channel {
        SMS | PHONE => "telephone number".to_owned(),
        other => format!("{other} address"),
    }
}

/// The channels on which messages are sent to people.
pub const CHANNELS: [&str; 1] = ["email"];

/// Where a delivery is in its life.
///
/// ```text
/// queued ─► sending ─► sent | failed | unknown ─► bounced
///   │ ▲        │
///   │ └─ retry ┘
///   ├─► held ─► queued
///   └─► suppressed | cancelled | expired
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Will be sent when due.
    Queued,
    /// Waits for a condition outside of it, such as a feed's freshness; the reason says which.
    Held,
    /// The intent to send is written; the outcome is not known yet. A call: it is on a team's list.
    Sending,
    /// The receiving server took it.
    Sent,
    /// It was taken and came back: it reached nobody.
    Bounced,
    /// It will not be sent: the receiving server refused it, or it could not be made.
    Failed,
    /// The line broke when the server may already have taken it. Never repeated by itself.
    Unknown,
    /// Left out by a rule at the last check; the reason says which.
    Suppressed,
    /// What it was for has happened, or somebody called it off.
    Cancelled,
    /// Its time to live ran out before it could be sent.
    Expired,
}

impl DeliveryState {
    /// All states, in the order of a delivery's life.
    pub const ALL: [Self; 10] = [
        Self::Queued,
        Self::Held,
        Self::Sending,
        Self::Sent,
        Self::Bounced,
        Self::Failed,
        Self::Unknown,
        Self::Suppressed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Suppressed => "suppressed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing will change it any more by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Held | Self::Sending)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// A message that was handed over, or may have been: what a contact policy counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// The delivery.
    pub delivery: DeliveryId,
    /// When the intent to hand it over was written, by its latest attempt.
    pub time: Time,
    /// The program or broadcast.
    pub program: String,
    /// The channel.
    pub channel: String,
    /// The consent topic.
    pub topic: String,
}

/// One message to one contact point of one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The program or broadcast that it belongs to.
    pub program: String,
    /// The version of its definition.
    pub version: u32,
    /// The run that waits for it, if a program made it.
    pub run: Option<RunId>,
    /// With program and person, what makes it one of a kind: the same occasion is never delivered twice.
    pub occasion: String,
    /// Who gets it; [`ProfileId::NOBODY`] of a seed's copy.
    pub profile: ProfileId,
    /// Whose copy of what customers get it is, as `LIST/NAME`: an address of the house's own. It is none of a customer's, and
    /// no number has it.
    pub seed: Option<String>,
    /// Their household, if they have one.
    pub household: Option<HouseholdId>,
    /// The channel, such as `email`.
    pub channel: String,
    /// The contact point it goes to; the name of the webhook, if it is none of a person.
    pub contact: String,
    /// The template; the name of the webhook, or the title of the call, if there is none.
    pub template: String,
    /// The consent topic; empty for a webhook.
    pub topic: String,
    /// Where it is in its life.
    pub state: DeliveryState,
    /// Why it is there, in words.
    pub reason: Option<String>,
    /// Not before this moment.
    pub due: Time,
    /// When it was due, of one that a fault has put off since: its line was down, say. How late it is counts from there.
    pub first_due: Option<Time>,
    /// Not after this moment.
    pub expires: Option<Time>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was queued.
    pub created: Time,
    /// When it last changed.
    pub updated: Time,
    /// Its turn at the domain that receives it, where mail to that is paced.
    pub turn: Option<Time>,
    /// What the template may use of the event behind it: `name` and `properties`. For a webhook what it is told: the
    /// `step` and its `body`. For a call beside those of a template: the `team`, and how many `tries` it has.
    pub event: Object,
}

impl Delivery {
    /// Why the run that waits for it ends with it; `None` where it does not. A call may have a shorter time to live than the run,
    /// which then goes on without it.
    pub fn ends_its_run(&self) -> Option<&str> {
        let ends = self.state == DeliveryState::Expired && self.channel != PHONE;
        let own =
            self.reason.as_deref().filter(|_| self.expires.is_none_or(|expires| expires > self.updated));
        ends.then(|| own.unwrap_or("its time to live ran out"))
    }

    /// For how long it has been due.
    pub fn late(&self, now: Time) -> Duration {
        now.since(self.first_due.unwrap_or(self.due))
    }

    /// A fault puts it off until `until`, and it is the later for it.
    pub fn put_off_by_fault(&mut self, until: Time) {
        self.first_due.get_or_insert(self.due);
        self.due = until;
    }

    /// It is meant for another moment from now on, and is not late before.
    pub fn mean_for(&mut self, moment: Time) {
        (self.due, self.first_due) = (moment, None);
    }
}

/// What came back on a message after it was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feedback {
    /// Somebody looked at it.
    Opened,
    /// A machine of the receiver's looked at it: a proxy that fetches pictures before anybody reads, a scanner.
    OpenedByMachine,
    /// Somebody followed a link.
    Clicked,
    /// A machine followed a link, to see whether it is safe.
    ClickedByMachine,
    /// It came back, and will always: there is no such mailbox.
    BouncedForGood,
    /// It came back for a reason that may pass: the mailbox is full.
    BouncedForNow,
    /// Somebody called it spam.
    Complained,
    /// Somebody answered.
    Replied,
    /// A machine answered: somebody is out of the office.
    RepliedByMachine,
    /// It arrived: the receiver's side says so.
    Delivered,
    /// Somebody answered the telephone.
    Answered,
    /// Nobody answered the telephone.
    Missed,
}

impl Feedback {
    /// All of it.
    pub const ALL: [Self; 12] = [
        Self::Opened,
        Self::OpenedByMachine,
        Self::Clicked,
        Self::ClickedByMachine,
        Self::BouncedForGood,
        Self::BouncedForNow,
        Self::Complained,
        Self::Replied,
        Self::RepliedByMachine,
        Self::Delivered,
        Self::Answered,
        Self::Missed,
    ];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::OpenedByMachine => "opened_by_machine",
            Self::Clicked => "clicked",
            Self::ClickedByMachine => "clicked_by_machine",
            Self::BouncedForGood => "bounced_for_good",
            Self::BouncedForNow => "bounced_for_now",
            Self::Complained => "complained",
            Self::Replied => "replied",
            Self::RepliedByMachine => "replied_by_machine",
            Self::Delivered => "delivered",
            Self::Answered => "answered",
            Self::Missed => "missed",
        }
    }

    /// Whether it is a machine's doing, and so says nothing about a person.
    pub fn is_by_machine(self) -> bool {
        matches!(self, Self::OpenedByMachine | Self::ClickedByMachine | Self::RepliedByMachine)
    }

    /// Whether it shows that the message did not arrive.
    pub fn is_bounce(self) -> bool {
        matches!(self, Self::BouncedForGood | Self::BouncedForNow)
    }
}

impl fmt::Display for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Feedback {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|feedback| feedback.as_str() == text).ok_or(())
    }
}
