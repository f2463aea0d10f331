//! How far two texts are from each other. All are ASCII by now, so a letter is a byte.
//!
//! Of our own, since what libraries there are allocate for each comparison, and millions of pairs are compared: the tests
//! hold these against `strsim`.

/// The longest text of which the likeness is measured, in bytes; of longer ones their beginnings.
const LONGEST: usize = 64;

/// Whether at most `most` slips lie between two texts: a letter more, less, another, or two neighbours changed over
/// (Damerau and Levenshtein's distance, in the variant that edits no part twice).
pub(crate) fn within(a: &[u8], b: &[u8], most: u8) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    if a.len().abs_diff(b.len()) > usize::from(most) {
        return false;
    }
    let (Some((_, a1)), Some((_, b1))) = (a.split_first(), b.split_first()) else { return true };
    let Some(left) = most.checked_sub(1) else { return false };
    if within(a1, b1, left) || within(a1, b, left) || within(a, b1, left) {
        return true;
    }
    match (a, b) {
        ([p, q, a2 @ ..], [r, s, b2 @ ..]) => p == s && q == r && within(a2, b2, left),
        _ => false,
    }
}

/// The digits of a number, the last first, and how many there are.
pub(crate) fn digits(number: u64) -> ([u8; 20], usize) {
    let (mut all, mut count, mut rest) = ([0; 20], 0, number);
    while rest > 0 {
        all[count] = u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        count += 1;
    }
    (all, count)
}

/// Whether two texts are certainly less alike than `least`, by the letters that they do not share: that is quick to see, and
/// true of most pairs.
pub(crate) fn hopeless(a: &[u8], b: &[u8], least: f32) -> bool {
    let letters = |text: &[u8]| text.iter().take(LONGEST).fold(0u32, |all, letter| all | 1 << (letter & 31));
    let (in_a, in_b) = (letters(a), letters(b));
    let (long_a, long_b) = (a.len().min(LONGEST), b.len().min(LONGEST));
    let alone = |mine: u32, others: u32| (mine & !others).count_ones() as usize;
    let common =
        (long_a.saturating_sub(alone(in_a, in_b))).min(long_b.saturating_sub(alone(in_b, in_a))) as f32;
    let jaro = (common / long_a as f32 + common / long_b as f32 + 1.0) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(a, b)| a == b).count() as f32;
    jaro + prefix * 0.1 * (1.0 - jaro) < least
}

/// Jaro and Winkler's likeness, from 0 to 1: letters in common at about the same place, and more if the texts begin alike.
pub(crate) fn likeness(a: &[u8], b: &[u8]) -> f32 {
    let (a, b) = (&a[..a.len().min(LONGEST)], &b[..b.len().min(LONGEST)]);
    if a.is_empty() || b.is_empty() {
        return if a.len() == b.len() { 1.0 } else { 0.0 };
    }
    let reach = (a.len().max(b.len()) / 2).saturating_sub(1);
    let mut taken_a = 0u64;
    let mut taken_b = 0u64;
    for (at, letter) in a.iter().enumerate() {
        let from = at.saturating_sub(reach);
        let until = (at + reach + 1).min(b.len());
        if let Some(other) = (from..until).find(|other| taken_b >> other & 1 == 0 && b[*other] == *letter) {
            taken_a |= 1 << at;
            taken_b |= 1 << other;
        }
    }
    let common = taken_a.count_ones();
    if common == 0 {
        return 0.0;
    }
    let mut crossed = 0;
    while taken_a != 0 {
        let (at, other) = (taken_a.trailing_zeros(), taken_b.trailing_zeros());
        crossed += u32::from(a[at as usize] != b[other as usize]);
        taken_a &= taken_a - 1;
        taken_b &= taken_b - 1;
    }
    let common = common as f32;
    let jaro =
        (common / a.len() as f32 + common / b.len() as f32 + (common - (crossed / 2) as f32) / common) / 3.0;
    let prefix = a.iter().zip(b).take(4).take_while(|(a, b)| a == b).count();
    if jaro > 0.7 { jaro + prefix as f32 * 0.1 * (1.0 - jaro) } else { jaro }
}
