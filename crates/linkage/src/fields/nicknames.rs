//! Short forms of forenames: Bob is Robert, and Alex is Alexander or Alexandra.

use foldhash::fast::FixedState;
use std::{collections::HashMap, sync::LazyLock};

/// One group a line: the full name, then its short forms and other spellings. A short form may be in several groups.
const TEXT: &str = include_str!("nicknames.txt");

static GROUPS: LazyLock<HashMap<&'static str, Vec<u16>, FixedState>> = LazyLock::new(|| {
    let mut groups: HashMap<&'static str, Vec<u16>, FixedState> = HashMap::default();
    for (number, line) in lines().enumerate() {
        for name in line.split_ascii_whitespace() {
            groups.entry(name).or_default().push(u16::try_from(number).unwrap_or(u16::MAX));
        }
    }
    groups
});

static HEADS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| lines().filter_map(|line| line.split_ascii_whitespace().next()).collect());

/// The groups that a folded forename belongs to, in ascending order; none, if it is not in the list.
pub(crate) fn groups(name: &str) -> &'static [u16] {
    GROUPS.get(name).map_or(&[], Vec::as_slice)
}

/// The full name that heads a group.
pub(crate) fn full(group: u16) -> &'static str {
    HEADS.get(usize::from(group)).copied().unwrap_or_default()
}

/// Whether two names have a group in common.
pub(crate) fn share(a: &[u16], b: &[u16]) -> bool {
    a.iter().any(|group| b.contains(group))
}

fn lines() -> impl Iterator<Item = &'static str> {
    TEXT.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
