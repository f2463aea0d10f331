//! How a sender stands on a channel: messages, and those of them that somebody complained of or that came back.

/// What is counted of messages that are sent on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// A server took it, or said that it reaches nobody.
    Message,
    /// Somebody called it spam.
    Complaint,
    /// It came back, or was refused since it reaches nobody.
    Bounce,
}

impl Counted {
    /// All of it.
    pub const ALL: [Self; 3] = [Self::Message, Self::Complaint, Self::Bounce];

    /// Its one spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Complaint => "complaint",
            Self::Bounce => "bounce",
        }
    }
}

/// How many of each there were in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SendingCounts {
    /// Messages.
    pub messages: u64,
    /// Messages that somebody called spam.
    pub complaints: u64,
    /// Messages that came back.
    pub bounces: u64,
}

impl SendingCounts {
    /// How many of one kind.
    pub fn of(&self, what: Counted) -> u64 {
        match what {
            Counted::Message => self.messages,
            Counted::Complaint => self.complaints,
            Counted::Bounce => self.bounces,
        }
    }

    /// Adds to one kind.
    pub fn add(&mut self, what: Counted, more: u64) {
        let count = match what {
            Counted::Message => &mut self.messages,
            Counted::Complaint => &mut self.complaints,
            Counted::Bounce => &mut self.bounces,
        };
        *count = count.saturating_add(more);
    }
}
