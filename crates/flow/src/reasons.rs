//! Reasons by their kind: many differ in a figure or a name alone, and are one reason all the same.

use std::collections::BTreeMap;

/// So many different ones are told apart. Some have words of other systems in them, such as why an address was suppressed.
pub(crate) const REASONS: usize = 200;

/// By what the others are counted.
pub(crate) const OTHER_REASONS: &str = "other reasons";

/// What stands for what differs.
const DIFFERS: &str = "…";

/// What a contact policy says of what went before, which differs from person to person.
const WENT_BEFORE: [&str; 2] = [": had ", ": gives way to "];

/// How often a kind of reason was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonCount {
    /// The reason; of several that differ, what they have in common, with … for the rest.
    pub reason: String,
    /// Of several that differ, the most frequent.
    pub example: Option<String>,
    /// How often.
    pub count: u64,
}

/// Reasons that are counted by their kind.
#[derive(Debug, Default)]
pub(crate) struct ReasonKinds(BTreeMap<String, Kind>);

#[derive(Debug)]
struct Kind {
    example: String,
    of_example: u64,
    differ: bool,
    count: u64,
}

impl ReasonKinds {
    /// Counts a reason that was given so often.
    pub(crate) fn add_times(&mut self, reason: &str, times: u64) {
        let kind = kind_of(reason);
        let known = self.0.len() < REASONS || self.0.contains_key(&kind);
        let (kind, reason) = if known { (kind, reason) } else { (OTHER_REASONS.to_owned(), OTHER_REASONS) };
        let kind = self.0.entry(kind).or_insert_with(|| Kind {
            example: reason.to_owned(),
            of_example: 0,
            differ: false,
            count: 0,
        });
        kind.count += times;
        if kind.example != reason {
            kind.differ = true;
        }
        if times > kind.of_example {
            (kind.example, kind.of_example) = (reason.to_owned(), times);
        }
    }

    /// All of them, the most frequent first.
    pub(crate) fn most_frequent_first(self) -> Vec<ReasonCount> {
        let counts = self.0.into_iter().map(|(kind, Kind { example, differ, count, .. })| match differ {
            true => ReasonCount { reason: kind, example: Some(example), count },
            false => ReasonCount { reason: example, example: None, count },
        });
        let mut counts: Vec<ReasonCount> = counts.collect();
        counts.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        counts
    }
}

/// What a reason has in common with others of its kind: all but figures, moments, ids and addresses, and what a customer had before.
/// A code at the beginning is what a server means, and stays.
fn kind_of(reason: &str) -> String {
    let cut = WENT_BEFORE.iter().find_map(|words| reason.find(words).map(|at| at + words.len()));
    let head = cut.map_or(reason, |at| &reason[..at]);
    let mut in_code = true;
    let mut kind: Vec<String> = Vec::new();
    for word in head.split_whitespace() {
        in_code = in_code && word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '-'));
        let differs = !in_code && word.contains(|c: char| c.is_ascii_digit() || c == '@');
        let word = if differs { without_core(word) } else { word.to_owned() };
        // A date and a time, or a figure and another one, are one thing that differs.
        if !(word == DIFFERS && kind.last().is_some_and(|last| last == DIFFERS)) {
            kind.push(word);
        }
    }
    if cut.is_some() {
        kind.push(DIFFERS.to_owned());
    }
    kind.join(" ")
}

/// A word whose core differs, with the signs around it.
fn without_core(word: &str) -> String {
    let core = word.trim_matches(|c: char| !c.is_alphanumeric());
    let at = word.find(core).unwrap_or_default();
    format!("{}{DIFFERS}{}", &word[..at], &word[at + core.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_a_figure_are_one_kind() {
        for (reason, kind) in [
            (
                "waits: at most 2 messages in 7 days: had cart, news",
                "waits: at most … messages in … days: had …",
            ),
            ("550 5.1.1 <ann@lake.example>: unknown", "550 5.1.1 <…>: unknown"),
            ("20003: Authenticate (401 Unauthorized)", "20003: Authenticate (… Unauthorized)"),
            ("250 2.0.0 Ok: queued as 4XyZ9", "250 2.0.0 Ok: queued as …"),
            (
                "was in the program before, triggered 2026-03-01 09:30, once",
                "was in the program before, triggered … …, once",
            ),
            ("never agreed to offers by email", "never agreed to offers by email"),
        ] {
            assert_eq!(kind_of(reason), kind);
        }
    }

    #[test]
    fn the_most_frequent_of_a_kind_is_its_example() {
        let mut reasons = ReasonKinds::default();
        for (reason, times) in
            [("1 of 3 days", 1), ("never agreed", 2), ("it had 2 of 3", 1), ("it had 1 of 3", 3)]
        {
            reasons.add_times(reason, times);
        }
        let counts = reasons.most_frequent_first();
        let said: Vec<_> =
            counts.iter().map(|one| (&*one.reason, one.example.as_deref(), one.count)).collect();
        assert_eq!(
            said,
            [
                ("it had … of …", Some("it had 1 of 3"), 4),
                ("never agreed", None, 2),
                ("1 of 3 days", None, 1)
            ]
        );
    }

    #[test]
    fn no_more_kinds_than_anybody_reads() {
        let mut reasons = ReasonKinds::default();
        for first in 0..40 {
            for second in 0..10 {
                let word =
                    |n: u8| "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN".chars().nth(n.into()).unwrap_or('-');
                reasons.add_times(&format!("{}{}", word(first), word(second)), 1);
            }
        }
        let counts = reasons.most_frequent_first();
        assert_eq!((counts.len(), counts[0].count, &*counts[0].reason), (REASONS + 1, 200, OTHER_REASONS));
    }
}
