//! Towns, streets, houses, and who lives in one house.

use crate::{
    dice::{Dice, mixed},
    lists::{Country, Lists},
};

/// A dwelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The street without the number.
    pub street: String,
    /// The number of the house, perhaps with a letter: `12a`.
    pub number: String,
    /// The flat within a house of several, where addresses say it.
    pub flat: Option<u32>,
    /// The postcode as the country writes it.
    pub postcode: String,
    /// The town.
    pub city: String,
    /// The telephone that stands there, as national digits without the leading 0.
    pub landline: Option<String>,
}

#[derive(Debug)]
struct Town {
    name: String,
    /// What its postcodes begin with.
    code: String,
    /// What its telephone numbers begin with.
    dial: String,
    streets: usize,
}

/// The towns of a country, as large as the number of customers asks for.
#[derive(Debug)]
pub struct Atlas {
    country: Country,
    towns: Vec<Town>,
}

/// How flat the sizes of towns are: the largest has about one in thirty of the customers.
const TOWN_FLATNESS: f64 = 8.0;

impl Atlas {
    /// Towns for about so many dwellings.
    pub fn new(country: Country, lists: &Lists, dwellings: usize) -> Self {
        let known = lists.words("towns");
        let count = (dwellings / 150).clamp(known.len(), 6000);
        let total: f64 = (0..count).map(|rank| 1.0 / (rank as f64 + TOWN_FLATNESS)).sum();
        let towns = (0..count)
            .map(|rank| {
                let salt = mixed(rank as u64, 17);
                let (name, code) = match known.get(rank).and_then(|entry| entry.split_once(':')) {
                    Some((name, code)) => (name.to_owned(), code.to_owned()),
                    None => {
                        let neighbour = &known[(salt % known.len() as u64) as usize];
                        let code = neighbour.split_once(':').map_or("10", |(_, code)| code);
                        (lists.built("town", salt, false), code.to_owned())
                    }
                };
                let share = dwellings as f64 / (rank as f64 + TOWN_FLATNESS) / total;
                let dial = match country {
                    Country::De => format!("{}{}", 2 + salt % 8, 10 + salt / 8 % 990),
                    Country::Gb => format!("1{}", 200 + salt % 790),
                    Country::Us => format!("{}", 201 + salt % 780),
                };
                Town { name, code, dial, streets: (share / 3.0) as usize + 8 }
            })
            .collect();
        Self { country, towns }
    }

    /// Somewhere to live.
    pub fn home(&self, dice: &mut Dice, lists: &Lists, with_landline: f64) -> Home {
        let at = dice.rank(self.towns.len(), TOWN_FLATNESS);
        let town = &self.towns[at];
        let nth = dice.rank(town.streets, 30.0);
        let salt = mixed(at as u64, 1000 + nth as u64);
        // Every town has its Hauptstraße and High Street; the further from the centre, the more a name is the town's own.
        let common = lists.words("streets");
        let street = match common.get((nth * 3 + (salt % 3) as usize) % (common.len() * 2)) {
            Some(street) => street.clone(),
            None => lists.built("street", salt, false),
        };
        // Three in ten live in the one large house of their street.
        let large = dice.chance(0.3);
        let house = if large { 1 + salt as usize % 60 } else { 1 + dice.rank(120, 25.0) };
        let letter = if !large && dice.chance(0.08) { ["a", "b", "c"][dice.below(3)] } else { "" };
        let flat = (large && self.country != Country::De).then(|| 1 + dice.below(24) as u32);
        let landline = dice.chance(with_landline).then(|| {
            let rest = match self.country {
                Country::De => 5 + dice.below(3),
                Country::Gb => 6,
                Country::Us => 7,
            };
            format!("{}{}", town.dial, dice.digits(rest))
        });
        Home {
            street,
            number: format!("{house}{letter}"),
            flat,
            postcode: self.postcode(town, at, nth, house),
            city: town.name.clone(),
            landline,
        }
    }

    /// A German or American postcode covers a part of a town, a British one a dozen houses.
    fn postcode(&self, town: &Town, at: usize, nth: usize, house: usize) -> String {
        let quarter = nth / 60;
        let salt = mixed(at as u64, 5);
        match self.country {
            Country::De => format!("{}{:03}", town.code, (salt as usize + quarter * 2) % 1000),
            Country::Us => format!("{}{:02}", town.code, (salt as usize + quarter) % 100),
            Country::Gb => {
                let within = mixed(salt ^ nth as u64, house as u64 / 12) as usize;
                let letters = b"ABDEFGHJLNPQRSTUWXYZ";
                let letter = |salt: usize| char::from(letters[salt % letters.len()]);
                let district = 1 + (salt as usize + quarter) % 40;
                format!(
                    "{}{district} {}{}{}",
                    town.code,
                    1 + within % 9,
                    letter(within / 9),
                    letter(within / 200)
                )
            }
        }
    }
}
