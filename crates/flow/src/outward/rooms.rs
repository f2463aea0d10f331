//! How much may be on each line at once.
//!
//! What is on a line when the process dies is of unknown outcome, or is posted again: this bounds how much that is. And what
//! one destination holds up never takes the room of another.

use super::circuits::Passable;
use crowsnest_model::line::Line;
use std::collections::HashMap;

/// So many messages on the line of a channel, and so many posts to one webhook.
const MESSAGES: usize = 64;
const POSTS: usize = 8;

/// So many posts to all webhooks together: there may be many of them.
const ALL_POSTS: usize = 64;

/// What is on the lines, and so how much more may be.
#[derive(Debug, Clone, Default)]
pub(super) struct Rooms {
    busy: HashMap<Line, usize>,
}

impl Rooms {
    /// One more is on the line.
    pub(super) fn begin(&mut self, line: Line) {
        *self.busy.entry(line).or_default() += 1;
    }

    /// One less is.
    pub(super) fn end(&mut self, line: &Line) {
        if let Some(busy) = self.busy.get_mut(line) {
            *busy = busy.saturating_sub(1);
            if *busy == 0 {
                self.busy.remove(line);
            }
        }
    }

    /// For how much more there is room, to be asked for, on a line that can be gone so far.
    pub(super) fn left(&self, line: &Line, passable: Passable) -> usize {
        let busy = self.busy(line);
        let room = match line.webhook() {
            None => MESSAGES.saturating_sub(busy),
            Some(_) => {
                let posts = self.busy.iter().filter(|(line, _)| line.webhook().is_some());
                let all: usize = posts.map(|(_, busy)| busy).sum();
                POSTS.saturating_sub(busy).min(ALL_POSTS.saturating_sub(all))
            }
        };
        match passable {
            Passable::Freely => room,
            Passable::ByOne => room.min(1_usize.saturating_sub(busy)),
            Passable::From(_) | Passable::No => 0,
        }
    }

    /// Whether one more may go that was not asked for: what is due for a person is decided together, whichever line each
    /// goes on. More of it than twice the room waits.
    pub(super) fn bears(&self, line: &Line, passable: Passable) -> bool {
        let beside = passable == Passable::Freely && line.webhook().is_none();
        self.left(line, passable) > 0 || (beside && self.busy(line) < 2 * MESSAGES)
    }

    fn busy(&self, line: &Line) -> usize {
        self.busy.get(line).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Passable::*, *};

    fn filled(rooms: &mut Rooms, line: &Line) -> usize {
        let mut begun = 0;
        while rooms.left(line, Freely) > 0 {
            rooms.begin(line.clone());
            begun += 1;
        }
        begun
    }

    #[test]
    fn what_is_full_leaves_room_for_others() {
        let mut rooms = Rooms::default();
        let hook = |number: usize| Line::of("webhook", &format!("hook-{number}"));
        assert_eq!(filled(&mut rooms, &hook(0)), 8);
        assert!(!rooms.bears(&hook(0), Freely));
        assert_eq!((1..20).map(|number| filled(&mut rooms, &hook(number))).sum::<usize>(), 56);
        let email = Line::of("email", "");
        assert_eq!(filled(&mut rooms, &email), 64, "posts take no room of messages");
        assert_eq!(filled(&mut rooms, &Line::of("sms", "")), 64);
        rooms.end(&hook(3));
        assert_eq!(filled(&mut rooms, &hook(99)), 1);
        // What is decided beside what was asked for goes too, within limits.
        for _ in 0..64 {
            assert!(rooms.bears(&email, Freely));
            rooms.begin(email.clone());
        }
        assert!(!rooms.bears(&email, Freely));
    }

    #[test]
    fn what_is_closed_has_no_room_and_what_is_tried_has_room_for_one() {
        let (mut rooms, email) = (Rooms::default(), Line::of("email", ""));
        for closed in [No, From(crowsnest_model::Time(1))] {
            assert!(rooms.left(&email, closed) == 0 && !rooms.bears(&email, closed));
        }
        assert!(rooms.left(&email, ByOne) == 1 && rooms.bears(&email, ByOne));
        rooms.begin(email.clone());
        assert!(rooms.left(&email, ByOne) == 0 && !rooms.bears(&email, ByOne));
    }
}
