//! What a source writes down about a person.

use crate::{
    dice::Dice,
    habits::{Dates, HABITS, Habit, Streets},
    level::Level,
    lists::{Country, Gender, Nicknames},
    person::{Day, FIRST_YEAR, NOW, Person},
    places::Home,
    record::Record,
    slips::{Way, ascii, slip, wrong_digit, wrong_mail},
    traps::{Trap, Traps},
};

/// How many records there are of a person: nearly half have one, few have more than five.
pub fn how_many(dice: &mut Dice, person: &Person, first_of_family: bool) -> usize {
    let age = person.age(NOW);
    let customer = match age {
        ..10 => 0.08,
        10..16 => 0.25,
        _ if first_of_family => 1.0,
        _ => 0.7,
    };
    if !dice.chance(customer) {
        return 0;
    }
    match dice.weighted([0.45, 0.21, 0.13, 0.08, 0.05, 0.08]) {
        5 => 6 + dice.rank(7, 3.0),
        fewer => 1 + fewer,
    }
}

/// Writes records of people at a level.
#[derive(Debug)]
pub struct Clerk {
    /// How dirty.
    pub level: Level,
    /// What people are called instead.
    pub nicknames: Nicknames,
}

impl Clerk {
    /// One record of that person; `lent` is a card of somebody else that may have been used.
    pub fn write(&self, dice: &mut Dice, person: &Person, lent: Option<String>) -> Record {
        let habit = &HABITS[dice.weighted(HABITS.iter().map(|habit| habit.weight))];
        // Later years have more records.
        let moment = FIRST_YEAR + (NOW - FIRST_YEAR) * dice.unit().sqrt();
        let mut record = Record {
            source: habit.name.into(),
            country: person.country.code().into(),
            moment,
            traps: person.traps,
            ..Record::default()
        };
        self.names(dice, habit, person, moment, &mut record);
        self.birth(dice, habit, person, &mut record);
        self.contact(dice, habit, person, moment, &mut record);
        self.address(dice, habit, person, moment, &mut record);
        if let Some(card) = person.card.as_ref().filter(|_| self.has(dice, habit.card)) {
            record.loyalty_card = card.clone();
            if self.errs(dice, habit.slips * 0.3) {
                record.loyalty_card = wrong_digit(dice, card);
            }
        }
        if let Some(card) = lent.filter(|_| habit.card > 0.5 && self.errs(dice, 0.008)) {
            record.loyalty_card = card;
            record.traps.add(Trap::BorrowedCard);
        }
        if let Some(account) = person.account.as_ref().filter(|_| self.has(dice, habit.account)) {
            record.account_no =
                if self.errs(dice, habit.slips * 0.3) { wrong_digit(dice, account) } else { account.clone() };
        }
        let nothing = [
            &record.email,
            &record.phone,
            &record.landline,
            &record.loyalty_card,
            &record.account_no,
            &record.street,
        ];
        let known = nothing.iter().filter(|text| !text.is_empty()).count()
            + usize::from(!record.date_of_birth.is_empty());
        if known == 0 && (record.first_name.is_empty() || record.postcode.is_empty()) {
            // Nobody keeps a record of nothing.
            record.first_name = person.forename.clone();
            record.last_name = person.surname.at(moment).clone();
            let home = person.home.at(moment);
            record.postcode = home.postcode.clone();
            record.city = home.city.clone();
        }
        if known <= 1 {
            record.traps.add(Trap::Sparse);
        }
        self.spelling(dice, habit, &mut record);
        record
    }

    /// Whether a field is filled in.
    fn has(&self, dice: &mut Dice, usual: f64) -> bool {
        dice.chance(1.0 - ((1.0 - usual) * self.level.gaps()).min(1.0))
    }

    /// Whether something goes wrong.
    fn errs(&self, dice: &mut Dice, rate: f64) -> bool {
        dice.chance(rate * self.level.slips())
    }

    fn slipped(&self, dice: &mut Dice, habit: &Habit, text: &str, rate: f64, traps: &mut Traps) -> String {
        if !self.errs(dice, habit.slips * rate) {
            return text.to_owned();
        }
        traps.add(Trap::Typo);
        let once = slip(dice, text, habit.way);
        // Who writes badly does so twice.
        if dice.chance(0.15) { slip(dice, &once, habit.way) } else { once }
    }

    fn names(&self, dice: &mut Dice, habit: &Habit, person: &Person, moment: f64, record: &mut Record) {
        if self.has(dice, habit.first_name) {
            let short = self.nicknames.of(&person.forename);
            record.first_name = if self.errs(dice, habit.initial) {
                record.traps.add(Trap::Initial);
                let dot = if dice.chance(0.7) { "." } else { "" };
                format!("{}{dot}", person.forename.chars().take(1).collect::<String>())
            } else if !short.is_empty() && self.errs(dice, 0.12) {
                record.traps.add(Trap::Nickname);
                (*dice.pick(short)).to_owned()
            } else {
                let name = self.slipped(dice, habit, &person.forename, 1.0, &mut record.traps);
                match &person.second {
                    Some(second) if dice.chance(0.12) => format!("{name} {second}"),
                    Some(second) if person.country == Country::Us && dice.chance(0.3) => {
                        format!("{name} {}", second.chars().take(1).collect::<String>())
                    }
                    // Some write only the second one.
                    Some(second) if self.errs(dice, 0.02) => second.clone(),
                    _ => name,
                }
            };
        }
        if self.has(dice, habit.last_name) {
            // A new name takes its time to become known.
            let surname =
                if self.errs(dice, 0.08) { person.surname.before(moment) } else { person.surname.at(moment) };
            let mut surname = self.slipped(dice, habit, surname, 1.2, &mut record.traps);
            if let Some((one, other)) = surname.clone().split_once('-') {
                match dice.weighted([0.6, 0.15, 0.1, 0.1, 0.05]) {
                    0 => {}
                    1 => surname = format!("{one} {other}"),
                    2 => surname = other.to_owned(),
                    3 => surname = one.to_owned(),
                    _ => surname = format!("{other}-{one}"),
                }
            }
            record.last_name = surname;
        }
        if self.errs(dice, habit.swapped) && !record.first_name.is_empty() && !record.last_name.is_empty() {
            std::mem::swap(&mut record.first_name, &mut record.last_name);
            record.traps.add(Trap::SwappedNames);
        }
        if let Some(title) = person.title.filter(|_| dice.chance(0.6)) {
            let place = if dice.chance(0.7) { &mut record.first_name } else { &mut record.last_name };
            if !place.is_empty() {
                *place = format!("{title} {place}");
            }
        } else if self.errs(dice, 0.012) && !record.last_name.is_empty() {
            let address = match (person.country, person.gender) {
                (Country::De, Gender::Female) => "Frau",
                (Country::De, Gender::Male) => "Herr",
                (_, Gender::Female) => "Mrs",
                (_, Gender::Male) => "Mr",
            };
            record.last_name = format!("{address} {}", record.last_name);
        }
        if self.errs(dice, habit.filler * 0.4) {
            record.first_name =
                if person.country == Country::De { "unbekannt" } else { "unknown" }.to_owned();
            record.traps.add(Trap::Placeholder);
        }
        if self.has(dice, habit.gender) {
            let right = !self.errs(dice, 0.008);
            let female = (person.gender == Gender::Female) == right;
            record.gender = match (habit.dates, person.country) {
                (Dates::Iso, _) => {
                    if female {
                        "f"
                    } else {
                        "m"
                    }
                }
                (Dates::Local, Country::De) => {
                    if female {
                        "weiblich"
                    } else {
                        "männlich"
                    }
                }
                (Dates::Local, _) => {
                    if female {
                        "Female"
                    } else {
                        "Male"
                    }
                }
            }
            .to_owned();
        }
    }

    fn birth(&self, dice: &mut Dice, habit: &Habit, person: &Person, record: &mut Record) {
        if !self.has(dice, habit.date_of_birth) {
            return;
        }
        let mut born = person.born;
        let slips = 1.0 + habit.slips * 10.0;
        if self.errs(dice, habit.filler * 0.6) {
            born = *dice.pick(&[
                Day { year: 1900, month: 1, day: 1 },
                Day { year: 1970, month: 1, day: 1 },
                Day { year: 1999, month: 12, day: 31 },
            ]);
            record.traps.add(Trap::Placeholder);
        } else if self.errs(dice, 0.025 * slips) {
            record.traps.add(Trap::DateSlip);
            match dice.weighted([0.25, 0.25, 0.2, 0.15, 0.15]) {
                0 if born.day <= 12 => (born.day, born.month) = (born.month, born.day),
                0 | 1 => born.day = (born.day + [1, 9, 10, 27][dice.below(4)] - 1) % 28 + 1,
                2 => born.year += *dice.pick(&[-10, -1, -1, 1, 1, 10]),
                3 => born.month = (born.month + dice.below(11) as u8) % 12 + 1,
                _ => (born.day, born.month) = (1, 1),
            }
        }
        let Day { year, month, day } = born;
        record.date_of_birth = match (habit.dates, person.country) {
            (Dates::Iso, _) => format!("{year:04}-{month:02}-{day:02}"),
            (Dates::Local, Country::De) if dice.chance(0.2) => format!("{day}.{month}.{year:04}"),
            (Dates::Local, Country::De) => format!("{day:02}.{month:02}.{year:04}"),
            (Dates::Local, Country::Gb) => format!("{day:02}/{month:02}/{year:04}"),
            (Dates::Local, Country::Us) => format!("{month:02}/{day:02}/{year:04}"),
        };
    }

    fn contact(&self, dice: &mut Dice, habit: &Habit, person: &Person, moment: f64, record: &mut Record) {
        if self.errs(dice, habit.filler) && habit.email > 0.0 {
            record.email = (*dice.pick(&[
                "noreply@example.com",
                "keine@email.de",
                "none@none.com",
                "kunde@shop.example",
                "test@test.de",
            ]))
            .to_owned();
            record.traps.add(Trap::Placeholder);
        } else if !person.mailboxes.is_empty() && self.has(dice, habit.email) {
            let mailbox = if dice.chance(0.7) { &person.mailboxes[0] } else { dice.pick(&person.mailboxes) };
            record.email = if self.errs(dice, habit.slips) {
                record.traps.add(Trap::MistypedContact);
                wrong_mail(dice, mailbox)
            } else {
                mailbox.clone()
            };
        }
        let landline = person.home.at(moment).landline.as_ref();
        if let Some(mobile) = person.mobile.as_ref().filter(|_| self.has(dice, habit.phone)) {
            let number = if dice.chance(0.06) { mobile.before(moment) } else { mobile.at(moment) };
            record.phone = self.telephone(dice, habit, person.country, number, &mut record.traps);
        } else if let Some(number) = landline.filter(|_| habit.landline > 0.0 && dice.chance(0.25)) {
            record.phone = self.telephone(dice, habit, person.country, number, &mut record.traps);
        } else if self.errs(dice, habit.filler) {
            record.phone = (*dice.pick(&["0000000", "0123456789", "1111111", "00000000000"])).to_owned();
            record.traps.add(Trap::Placeholder);
        }
        if let Some(number) = landline.filter(|_| self.has(dice, habit.landline)) {
            record.landline = self.telephone(dice, habit, person.country, number, &mut record.traps);
        }
    }

    fn telephone(
        &self,
        dice: &mut Dice,
        habit: &Habit,
        country: Country,
        number: &str,
        traps: &mut Traps,
    ) -> String {
        let number = if self.errs(dice, habit.slips * 0.8) {
            traps.add(Trap::MistypedContact);
            wrong_digit(dice, number)
        } else {
            number.to_owned()
        };
        let (head, rest) = number.split_at(3.min(number.len()));
        match (country, dice.weighted([0.30, 0.26, 0.16, 0.12, 0.10, 0.06])) {
            (Country::De, 0) => format!("0{number}"),
            (Country::De, 1) => format!("0{head} {rest}"),
            (Country::De, 2) => format!("+49 {head} {rest}"),
            (Country::De, 3) => format!("0{head}/{rest}"),
            (Country::De, 4) => format!("+49{number}"),
            (Country::De, _) => format!("0049{number}"),
            (Country::Gb, 0 | 3) => format!("0{number}"),
            (Country::Gb, 1) => {
                format!("0{head}{} {}", &rest[..1.min(rest.len())], &rest[1.min(rest.len())..])
            }
            (Country::Gb, 2) => format!("+44 {head} {rest}"),
            (Country::Gb, 4) => format!("+44{number}"),
            (Country::Gb, _) => format!("+44 (0){number}"),
            (Country::Us, 0) => number,
            (Country::Us, 1) => {
                format!("({head}) {}-{}", &rest[..3.min(rest.len())], &rest[3.min(rest.len())..])
            }
            (Country::Us, 2 | 3) => {
                format!("{head}-{}-{}", &rest[..3.min(rest.len())], &rest[3.min(rest.len())..])
            }
            (Country::Us, 4) => format!("+1{number}"),
            (Country::Us, _) => {
                format!("{head}.{}.{}", &rest[..3.min(rest.len())], &rest[3.min(rest.len())..])
            }
        }
    }

    fn address(&self, dice: &mut Dice, habit: &Habit, person: &Person, moment: f64, record: &mut Record) {
        let stale = person.home.changed() && dice.chance(habit.stale * 3.0);
        let home = if stale { person.home.before(moment) } else { person.home.at(moment) };
        let whole = self.has(dice, habit.address);
        if !whole && !self.has(dice, habit.postcode) {
            return;
        }
        if stale {
            record.traps.add(Trap::StaleAddress);
        }
        record.postcode = if self.errs(dice, habit.slips * 0.5) {
            wrong_digit(dice, &home.postcode)
        } else {
            home.postcode.clone()
        };
        if dice.chance(0.92) {
            record.city = self.slipped(dice, habit, &home.city, 0.8, &mut record.traps);
        }
        if whole {
            self.street(dice, habit, person.country, home, record);
        }
    }

    fn street(&self, dice: &mut Dice, habit: &Habit, country: Country, home: &Home, record: &mut Record) {
        let mut street = self.slipped(dice, habit, &home.street, 1.2, &mut record.traps);
        if dice.chance(0.35) {
            for (long, short) in ABBREVIATED {
                if let Some(stem) = street.strip_suffix(long) {
                    street = format!("{stem}{}", dice.pick(short));
                    break;
                }
            }
        }
        let digits = home.number.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let mut number = match &home.number[digits.len()..] {
            "" => digits.to_owned(),
            letter => match dice.weighted([0.5, 0.25, 0.15, 0.1]) {
                0 => format!("{digits}{letter}"),
                1 => format!("{digits} {letter}"),
                2 => format!("{digits}{}", letter.to_uppercase()),
                _ => digits.to_owned(),
            },
        };
        if self.errs(dice, habit.slips * 0.5) {
            number = wrong_digit(dice, &number);
        }
        let flat = home.flat.filter(|_| dice.chance(0.75));
        match (habit.streets, country) {
            (Streets::Apart, Country::De) => (record.street, record.house_number) = (street, number),
            (Streets::Joint, Country::De) => record.street = format!("{street} {number}"),
            (Streets::Apart, _) => {
                record.house_number =
                    flat.map_or(number.clone(), |flat| format!("{number} {} {flat}", unit(country)));
                record.street = street;
            }
            (Streets::Joint, Country::Gb) => {
                record.street = flat
                    .map_or(format!("{number} {street}"), |flat| format!("Flat {flat}, {number} {street}"));
            }
            (Streets::Joint, Country::Us) => {
                record.street =
                    flat.map_or(format!("{number} {street}"), |flat| format!("{number} {street} Apt {flat}"));
            }
        }
    }

    /// Capitals, letters that a system cannot write, blanks at the end.
    fn spelling(&self, dice: &mut Dice, habit: &Habit, record: &mut Record) {
        let spelled = dice.chance(0.8);
        let plain = habit.ascii || self.errs(dice, 0.1);
        let lower = habit.way == Way::Typed && self.errs(dice, 0.05);
        let blank = self.errs(dice, 0.01);
        for text in [&mut record.first_name, &mut record.last_name, &mut record.street, &mut record.city] {
            if plain {
                *text = ascii(text, spelled);
            }
            if habit.capitals {
                *text = text.to_uppercase();
            } else if lower {
                *text = text.to_lowercase();
            }
            if blank && !text.is_empty() {
                text.push(' ');
            }
        }
        if self.errs(dice, 0.06) || habit.capitals {
            record.email = record.email.to_uppercase();
        }
        if self.errs(dice, 0.05) {
            record.postcode = record.postcode.replace(' ', "");
        }
    }
}

fn unit(country: Country) -> &'static str {
    if country == Country::Us { "Apt" } else { "Flat" }
}

const ABBREVIATED: [(&str, &[&str]); 11] = [
    ("straße", &["str.", "strasse", "str"]),
    ("Straße", &["Str.", "Strasse", "Str"]),
    ("platz", &["pl."]),
    (" Street", &[" St", " St."]),
    (" Road", &[" Rd", " Rd."]),
    (" Avenue", &[" Ave", " Av"]),
    (" Drive", &[" Dr", " Dr."]),
    (" Lane", &[" Ln", " La"]),
    (" Court", &[" Ct"]),
    (" Crescent", &[" Cres"]),
    (" Boulevard", &[" Blvd"]),
];
