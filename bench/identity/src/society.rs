//! Families: who lives together, how they are called, what they share, and what became of them.

use crate::{
    contacts::Contacts,
    dice::Dice,
    level::Level,
    lists::{Country, Gender, Lists},
    person::{Day, FIRST_YEAR, History, NOW, Person},
    places::{Atlas, Home},
    traps::{Trap, Traps},
};
use foldhash::HashSet;
use std::{hash::BuildHasher, rc::Rc};

/// Makes people, family by family.
pub struct Society {
    dice: Dice,
    level: Level,
    countries: Vec<Land>,
    abroad: Lists,
    contacts: Contacts,
    people: u32,
    households: u32,
    /// Names with birthdays that are taken, to know namesakes.
    known: HashSet<u64>,
    hasher: foldhash::fast::FixedState,
}

struct Land {
    country: Country,
    lists: Rc<Lists>,
    atlas: Atlas,
    weight: f64,
}

/// What the members of one family have in common while it is made.
struct Family {
    land: usize,
    abroad: bool,
    home: History<Rc<Home>>,
}

impl Society {
    /// People of these countries, each with its weight, for about so many records.
    pub fn new(seed: u64, level: Level, countries: &[(Country, f64)], records: usize) -> Self {
        let total: f64 = countries.iter().map(|(_, weight)| weight).sum();
        let countries = countries
            .iter()
            .map(|&(country, weight)| {
                let lists = Rc::new(Lists::of(country));
                // A household has about four records.
                let atlas = Atlas::new(country, &lists, (records as f64 / 4.0 * weight / total) as usize);
                Land { country, lists, atlas, weight }
            })
            .collect();
        Self {
            dice: Dice::new(seed),
            level,
            countries,
            abroad: Lists::abroad(),
            contacts: Contacts::default(),
            people: 0,
            households: 0,
            known: HashSet::default(),
            hasher: foldhash::fast::FixedState::with_seed(7),
        }
    }

    /// The next family, with the members who have left it.
    pub fn family(&mut self) -> Vec<Person> {
        let land = self.dice.weighted(self.countries.iter().map(|land| land.weight).collect::<Vec<_>>());
        let family = Family { land, abroad: self.dice.chance(0.12), home: self.homes(land, 0.5) };
        let household = self.household();
        let mut people = match self.dice.weighted([0.36, 0.27, 0.21, 0.08, 0.08]) {
            0 => {
                let age = self.adult_age();
                let single = self.someone(&family, household, None, age, None);
                vec![single]
            }
            1 => {
                let age = self.adult_age();
                self.couple(&family, household, age)
            }
            2 => {
                let age = self.dice.between(30, 62);
                let mut people = self.couple(&family, household, age);
                self.children(&family, household, &mut people);
                people
            }
            3 => {
                let age = self.dice.between(26, 58);
                let gender = if self.dice.chance(0.85) { Gender::Female } else { Gender::Male };
                let parent = self.someone(&family, household, Some(gender), age, None);
                let mut people = vec![parent];
                self.children(&family, household, &mut people);
                people
            }
            _ => self.flat_share(&family, household),
        };
        self.separate(&family, &mut people);
        let lists = self.countries[land].lists.clone();
        self.contacts.give(&mut self.dice, self.level, &lists, &mut people);
        for person in &mut people {
            self.note_namesake(person);
            if person.home.changed() {
                person.traps.add(Trap::Moved);
            }
            if person.surname.changed() {
                person.traps.add(Trap::Renamed);
            }
        }
        people
    }

    fn household(&mut self) -> u32 {
        self.households += 1;
        self.households - 1
    }

    fn adult_age(&mut self) -> i32 {
        // Two dice: the middle ages are the most.
        18 + self.dice.between(0, 38) + self.dice.between(0, 34)
    }

    /// One home or, with moves within the years, several.
    fn homes(&mut self, land: usize, with_landline: f64) -> History<Rc<Home>> {
        let mut homes = History::always(self.home(land, with_landline));
        let mut moved = FIRST_YEAR;
        for _ in 0..self.dice.weighted([0.62, 0.28, 0.10]) {
            moved += self.dice.unit() * (NOW - moved);
            let home = self.home(land, with_landline);
            homes.change(moved, home);
        }
        homes
    }

    fn home(&mut self, land: usize, with_landline: f64) -> Rc<Home> {
        let land = &self.countries[land];
        Rc::new(land.atlas.home(&mut self.dice, &land.lists, with_landline))
    }

    fn surname(&mut self, family: &Family) -> String {
        let lists = if family.abroad { &self.abroad } else { &*self.countries[family.land].lists };
        lists.surname(&mut self.dice)
    }

    fn forename(&mut self, family: &Family, gender: Gender, born: i32) -> String {
        let abroad = family.abroad && self.dice.chance(0.8);
        let lists = if abroad { &self.abroad } else { &*self.countries[family.land].lists };
        lists.forename(&mut self.dice, gender, born)
    }

    fn birthday(&mut self, year: i32) -> Day {
        let month = self.dice.between(1, 12) as u8;
        let last = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][usize::from(month) - 1];
        Day { year, month, day: self.dice.between(1, last) as u8 }
    }

    fn someone(
        &mut self,
        family: &Family,
        household: u32,
        gender: Option<Gender>,
        age: i32,
        surname: Option<&str>,
    ) -> Person {
        let gender = gender.unwrap_or(if self.dice.chance(0.52) { Gender::Female } else { Gender::Male });
        let year = NOW as i32 - age;
        let forename = self.forename(family, gender, year);
        let second = self
            .dice
            .chance(0.3)
            .then(|| self.forename(family, gender, year))
            .filter(|name| *name != forename);
        let surname = surname.map_or_else(|| self.surname(family), str::to_owned);
        let title =
            (age > 27 && self.dice.chance(0.015)).then(|| *self.dice.pick(&["Dr.", "Prof. Dr.", "Dr. med."]));
        self.people += 1;
        Person {
            id: self.people - 1,
            household: History::always(household),
            country: self.countries[family.land].country,
            gender,
            title,
            forename,
            second,
            surname: History::always(surname),
            born: self.birthday(year),
            home: family.home.clone(),
            mailboxes: Vec::new(),
            mobile: None,
            card: None,
            account: None,
            traps: Traps::default(),
        }
    }

    fn couple(&mut self, family: &Family, household: u32, age: i32) -> Vec<Person> {
        let one = self.someone(family, household, None, age, None);
        let gender = match (one.gender, self.dice.chance(0.04)) {
            (Gender::Female, false) | (Gender::Male, true) => Gender::Male,
            _ => Gender::Female,
        };
        let age = (age + self.dice.between(-6, 5)).max(18);
        let mut other = self.someone(family, household, Some(gender), age, None);
        let shared = one.surname.now().clone();
        let own = other.surname.now().clone();
        // One in three of those who took a name did so within these years: earlier records have the other one.
        let since =
            if self.dice.chance(0.33) { FIRST_YEAR + self.dice.unit() * (NOW - FIRST_YEAR) } else { 0.0 };
        let taken = match self.dice.weighted([0.68, 0.22, 0.10]) {
            0 => Some(shared),
            1 => None,
            _ if self.dice.chance(0.5) => Some(format!("{own}-{shared}")),
            _ => Some(format!("{shared}-{own}")),
        };
        match taken {
            Some(name) if since > 0.0 => other.surname.change(since, name),
            Some(name) => other.surname = History::always(name),
            None => {}
        }
        vec![one, other]
    }

    /// Children of those who are there already: some have left home, some are twins, some have a parent's name.
    fn children(&mut self, family: &Family, household: u32, people: &mut Vec<Person>) {
        let parents = people.len();
        let mother_age = people.iter().map(|parent| parent.age(NOW)).min().unwrap_or(40);
        let mut count = 1 + self.dice.weighted([0.45, 0.38, 0.13, 0.04]);
        let surname = people[0].surname.now().clone();
        let juniors = if people[0].country == Country::Us { 0.04 } else { 0.012 };
        while count > 0 {
            count -= 1;
            let age = self.dice.between(0, (mother_age - 19).max(0));
            let mut child = self.someone(family, household, None, age, Some(&surname));
            let parent = self.dice.below(parents);
            if people[parent].gender == child.gender && self.dice.chance(juniors * self.level.traps()) {
                child.forename = people[parent].forename.clone();
                child.traps.add(Trap::NamesakeInFamily);
                people[parent].traps.add(Trap::NamesakeInFamily);
            }
            if count > 0 && self.dice.chance(0.05 * self.level.traps()) {
                count -= 1;
                let mut twin = self.someone(family, household, None, age, Some(&surname));
                // Twins are not called the same.
                if twin.forename != child.forename {
                    twin.born = child.born;
                    twin.traps.add(Trap::Twin);
                    child.traps.add(Trap::Twin);
                    self.leave_home(family, &mut twin);
                    people.push(twin);
                }
            }
            self.leave_home(family, &mut child);
            people.push(child);
        }
    }

    fn leave_home(&mut self, family: &Family, child: &mut Person) {
        let age = child.age(NOW);
        if age < 19 || !self.dice.chance(if age < 25 { 0.4 } else { 0.85 }) {
            return;
        }
        let household = self.household();
        let left_at = self.dice.between(18, age.min(30));
        let since = f64::from(child.born.year + left_at) + self.dice.unit();
        let home = self.home(family.land, 0.15);
        if since <= FIRST_YEAR {
            child.home = History::always(home);
            child.household = History::always(household);
        } else {
            child.home = History::always(Rc::clone(family.home.at(since)));
            child.home.change(since.min(NOW - 0.1), home);
            child.household.change(since.min(NOW - 0.1), household);
        }
    }

    /// People behind one door who are no household: each has their own purse, their own accounts, and will move on alone.
    fn flat_share(&mut self, family: &Family, household: u32) -> Vec<Person> {
        (0..2 + self.dice.below(3))
            .map(|nth| {
                let household = if nth == 0 { household } else { self.household() };
                let age = self.dice.between(18, 34);
                let elsewhere =
                    Family { abroad: self.dice.chance(0.2), home: family.home.clone(), land: family.land };
                let mut person = self.someone(&elsewhere, household, None, age, None);
                // Everybody came from somewhere else, and at another time.
                let since = FIRST_YEAR + 4.0 + self.dice.unit() * (NOW - FIRST_YEAR - 4.0);
                let home = Rc::clone(family.home.now());
                person.home = History::always(self.home(family.land, 0.5));
                person.home.change(since, home);
                person.traps.add(Trap::FlatShare);
                person
            })
            .collect()
    }

    /// Some partners leave: another home, another household, and now and then the old name again.
    fn separate(&mut self, family: &Family, people: &mut [Person]) {
        let couple = people.len() > 1 && !people[0].traps.has(Trap::FlatShare) && people[1].age(NOW) >= 20;
        let parted = couple
            && people[0].household.now() == people[1].household.now()
            && people[1].age(NOW) > people[0].age(NOW) - 16;
        if !parted || !self.dice.chance(0.07 * self.level.traps()) {
            return;
        }
        let since = FIRST_YEAR + self.dice.unit() * (NOW - FIRST_YEAR);
        let household = self.household();
        let home = self.home(family.land, 0.25);
        let before = Rc::clone(people[1].home.at(since));
        people[1].household.change(since, household);
        people[1].home = History::always(before);
        people[1].home.change(since, home);
        people[0].traps.add(Trap::Separated);
        people[1].traps.add(Trap::Separated);
        if !people[1].surname.changed() && self.dice.chance(0.3) {
            let own = self.surname(family);
            people[1].surname.change(since, own);
        }
    }

    fn note_namesake(&mut self, person: &mut Person) {
        let key = self.hasher.hash_one((&person.forename, person.surname.now(), person.born));
        if !self.known.insert(key) {
            person.traps.add(Trap::NamesakeStranger);
        }
    }

    /// The chance that records are drawn with after the people.
    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// The card of somebody else, of before.
    pub fn somebodys_card(&mut self) -> Option<String> {
        self.contacts.somebodys_card(&mut self.dice)
    }
}
