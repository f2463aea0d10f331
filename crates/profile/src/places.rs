//! Which segments have to be asked: a set of their places, in order.

/// A set of places in a list, a bit for each. One is made for every event, and most events touch dozens of segments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(Vec<u64>);

impl Places {
    /// All places below `end`.
    pub fn below(end: usize) -> Self {
        (0..end).collect()
    }

    /// Adds a place.
    pub fn insert(&mut self, place: usize) {
        let word = place / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (place % 64);
        }
    }

    /// Takes out the first place.
    pub fn pop_first(&mut self) -> Option<usize> {
        let (at, word) = self.0.iter_mut().enumerate().find(|(_, word)| **word != 0)?;
        let bit = word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(at * 64 + bit)
    }
}

impl Extend<usize> for Places {
    fn extend<I: IntoIterator<Item = usize>>(&mut self, places: I) {
        places.into_iter().for_each(|place| self.insert(place));
    }
}

impl FromIterator<usize> for Places {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let mut set = Self::default();
        set.extend(places);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn places_come_out_in_order_and_once() {
        let mut places: Places = [130, 0, 63, 64, 0, 130].into_iter().collect();
        assert_eq!(places.pop_first(), Some(0));
        places.extend([5, 64]);
        let rest: Vec<usize> = std::iter::from_fn(|| places.pop_first()).collect();
        assert_eq!(rest, [5, 63, 64, 130]);
        assert_eq!(Places::below(0).pop_first(), None);
        let mut all = Places::below(65);
        assert_eq!(std::iter::from_fn(|| all.pop_first()).count(), 65);
    }
}
