//! The nearest valid word for one that is not known, so that an error can name it.

/// The word of `known` that is nearest to `word`, if any is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = bare(word);
    let allowed = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &bare(candidate)), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A half sentence that offers the nearest word, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The words in a list for people, such as "`a`, `b`, `c`"; long lists end with how many more there are.
pub(crate) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let words: Vec<&str> = words.into_iter().collect();
    let mut text =
        words.iter().take(SHOWN).map(|word| format!("`{}`", shown(word))).collect::<Vec<_>>().join(", ");
    if words.len() > SHOWN {
        text.push_str(&format!(" and {} more", words.len() - SHOWN));
    }
    text
}

/// A foreign text as it may stand in a sentence: short, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut out: String =
        text.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}

/// Letters and digits in lower case: `orderId`, `order_id` and `Order ID` are one word.
fn bare(word: &str) -> String {
    word.chars().take(100).filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_word_is_found_and_strangers_are_not() {
        let known = ["Order Completed", "Cart Updated", "order_id"];
        for (word, expected) in [
            ("Order Complete", Some("Order Completed")),
            ("order completed", Some("Order Completed")),
            ("CartUpdated", Some("Cart Updated")),
            ("orderId", Some("order_id")),
            ("Signed In", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
