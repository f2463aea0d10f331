//! A name in 64 bits: enough to see that most others are nothing like it.

use super::{Value, name::Name};

/// So many kinds of letters are told apart.
const LETTERS: u32 = 26;
const FIRST: u32 = LETTERS;
const LENGTH: u32 = FIRST + 5;
/// Several words, initials and generations: only a comparison can tell.
const LOOK: u64 = 1 << 36;
/// Where groups of short forms are noted.
const GROUPS: u32 = 37;
const GROUPS_COUNT: u32 = 10;
const SPOKEN: u32 = 47;
const PLAIN: u32 = 53;
const SOUND: u32 = 59;
/// Letters and the first of them: names that are the same but for spaces have them in common.
const WRITTEN: u64 = (1 << LENGTH) - 1;

/// The sketch of a forename or a surname.
pub(super) fn sketch(value: &Value, name: &Name) -> u64 {
    let bytes = name.written(value);
    let kind = |byte: u8| u32::from(if byte.is_ascii_lowercase() { byte - b'a' } else { byte % 26 });
    let mut bits =
        bytes.iter().filter(|&&byte| byte != b' ').fold(0u64, |bits, &byte| bits | 1 << kind(byte));
    bits |= u64::from(bytes.first().map_or(0, |&byte| kind(byte))) << FIRST;
    bits |= bytes.len().min(31) as u64 * (1 << LENGTH);
    if bytes.len() < 2 || bytes.len() > 30 || value.clean.contains(' ') {
        bits |= LOOK;
    }
    bits = name.groups().fold(bits, |bits, group| bits | 1 << (GROUPS + u32::from(group) % GROUPS_COUNT));
    let [spoken, plain, sound] = name.codes();
    bits | (spoken & 63) << SPOKEN
        | (plain & 63) << PLAIN
        | (sound.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59) << SOUND
}

/// Whether two names may have the same letters in the same order.
pub fn may_be_same(a: u64, b: u64) -> bool {
    (a ^ b) & WRITTEN == 0
}

/// Whether two forenames, or two surnames, are surely different: no rule by which they might be alike can hold.
pub fn differ(a: u64, b: u64) -> bool {
    if (a | b) & LOOK != 0 {
        return false;
    }
    let same = |from: u32, width: u32| (a ^ b) >> from & ((1 << width) - 1) == 0;
    if a & b & ((1 << GROUPS_COUNT) - 1) << GROUPS != 0 || same(SPOKEN, 6) || same(PLAIN, 6) {
        return false;
    }
    let letters = |name: u64| name as u32 & ((1 << LETTERS) - 1);
    let length = |name: u64| (name >> LENGTH & 31) as u32;
    // Letters that the other has not got: a slip makes one at most.
    let (of_a, of_b) = ((letters(a) & !letters(b)).count_ones(), (letters(b) & !letters(a)).count_ones());
    let (long_a, long_b) = (length(a), length(b));
    if of_a < 2 && of_b < 2 && long_a.abs_diff(long_b) < 2 {
        return false;
    }
    // The likeness of Jaro and Winkler, if all other letters are in their places.
    let common = long_a.saturating_sub(of_a).min(long_b.saturating_sub(of_b)) as f32;
    let jaro = (common / long_a as f32 + common / long_b as f32 + 1.0) / 3.0;
    let prefix = if jaro > 0.699 && same(FIRST, 5) { 0.4 } else { 0.0 };
    let least = if same(SOUND, 5) { 0.699 } else { 0.849 };
    jaro + prefix * (1.0 - jaro) < least
}
