//! The built-in lists of names, streets and towns, and the long tails that are put together from syllables.

use crate::dice::{Dice, mixed};
use std::collections::HashMap;

/// Where a person lives, which decides names, addresses, telephone numbers and how dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Country {
    /// Germany.
    De,
    /// Great Britain.
    Gb,
    /// The United States.
    Us,
}

impl Country {
    /// The two letters that a record has.
    pub fn code(self) -> &'static str {
        match self {
            Self::De => "DE",
            Self::Gb => "GB",
            Self::Us => "US",
        }
    }
}

/// What a person is addressed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
}

/// How many surnames are built from syllables: the tail that is as long as life's.
const RARE_SURNAMES: usize = 60_000;

/// The lists of one country.
#[derive(Debug)]
pub struct Lists {
    sections: HashMap<&'static str, Vec<String>>,
}

impl Lists {
    /// The lists of a country.
    pub fn of(country: Country) -> Self {
        Self::parse(match country {
            Country::De => include_str!("../data/de.txt"),
            Country::Gb => include_str!("../data/gb.txt"),
            Country::Us => include_str!("../data/us.txt"),
        })
    }

    /// Names of families who came from elsewhere.
    pub fn abroad() -> Self {
        Self::parse(include_str!("../data/abroad.txt"))
    }

    fn parse(text: &'static str) -> Self {
        let mut sections: HashMap<&'static str, Vec<String>> = HashMap::new();
        let mut section = "";
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
            } else {
                sections
                    .entry(section)
                    .or_default()
                    .extend(line.split(' ').map(|word| word.replace('_', " ")));
            }
        }
        Self { sections }
    }

    /// The words of a section, the commonest first; none if there is no such section.
    pub fn words(&self, section: &str) -> &[String] {
        self.sections.get(section).map_or(&[], Vec::as_slice)
    }

    /// A forename as children of this gender got it in that year.
    pub fn forename(&self, dice: &mut Dice, gender: Gender, born: i32) -> String {
        // Names come and go slowly: one in six is of the time before or after.
        let about = if dice.chance(0.16) { born + dice.between(-30, 30) } else { born };
        let section = match (gender, about) {
            (Gender::Male, ..1960) => "male 1900",
            (Gender::Male, ..1988) => "male 1960",
            (Gender::Male, _) => "male 1990",
            (Gender::Female, ..1960) => "female 1900",
            (Gender::Female, ..1988) => "female 1960",
            (Gender::Female, _) => "female 1990",
        };
        let names = self.words(section);
        names[dice.rank(names.len(), 10.0)].clone()
    }

    /// A surname: three in ten of the list (of which the first has about one in a hundred of all people), the others built.
    pub fn surname(&self, dice: &mut Dice) -> String {
        let names = self.words("surnames");
        if self.words("surname starts").is_empty() {
            // From many countries, none of which has its commonest name at the top.
            return names[dice.rank(names.len(), 60.0)].clone();
        }
        if dice.chance(0.3) {
            return names[dice.rank(names.len(), 8.0)].clone();
        }
        let rank = dice.rank(RARE_SURNAMES, 200.0) as u64;
        self.built("surname", rank, mixed(rank, 1).is_multiple_of(3))
    }

    /// The word of that number, put together from the syllables of this kind of word.
    pub fn built(&self, kind: &str, number: u64, with_middle: bool) -> String {
        let syllable = |part: &str, salt: u64| {
            let of = self.words(&format!("{kind} {part}"));
            let at = (mixed(number, salt) % of.len().max(1) as u64) as usize;
            of.get(at).map_or("", String::as_str)
        };
        let middle = if with_middle { syllable("middles", 3) } else { "" };
        format!("{}{middle}{}", syllable("starts", 2), syllable("ends", 4))
    }
}

/// Short and pet forms of a forename.
#[derive(Debug)]
pub struct Nicknames(HashMap<&'static str, Vec<&'static str>>);

impl Nicknames {
    /// The built-in table.
    pub fn new() -> Self {
        let lines = include_str!("../data/nicknames.txt").lines().filter(|line| !line.starts_with('#'));
        Self(
            lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, short)| (name, short.split(' ').collect()))
                .collect(),
        )
    }

    /// What somebody with that forename may be called instead; none if nothing is usual.
    pub fn of(&self, forename: &str) -> &[&'static str] {
        self.0.get(forename).map_or(&[], Vec::as_slice)
    }
}

impl Default for Nicknames {
    fn default() -> Self {
        Self::new()
    }
}
