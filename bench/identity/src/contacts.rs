//! Mailboxes, telephones, cards and accounts: whose they are, and with whom they are shared.

use crate::{
    dice::Dice,
    level::Level,
    lists::{Country, Lists},
    person::{FIRST_YEAR, History, NOW, Person},
    slips::ascii,
    traps::Trap,
};
use foldhash::HashSet;

/// What was given out so far.
#[derive(Debug, Default)]
pub struct Contacts {
    mailboxes: HashSet<String>,
    mobiles: HashSet<String>,
    /// Mobile numbers that were given up, with when.
    released: Vec<(Country, f64, String)>,
    firms: Vec<String>,
    cards: u32,
    accounts: u32,
    /// Some of the cards that were given out.
    lent: Vec<String>,
}

impl Contacts {
    /// Gives the members of a family what they can be reached by.
    pub fn give(&mut self, dice: &mut Dice, level: Level, lists: &Lists, people: &mut [Person]) {
        for person in people.iter_mut() {
            self.mail(dice, level, lists, person);
            self.mobile(dice, level, person);
        }
        self.share_mail(dice, level, lists, people);
        parents_phone(dice, level, people);
        self.cards(dice, level, people);
        self.accounts(dice, level, people);
    }

    /// A card of somebody who came before.
    pub fn somebodys_card(&self, dice: &mut Dice) -> Option<String> {
        (!self.lent.is_empty()).then(|| dice.pick(&self.lent).clone())
    }

    fn mail(&mut self, dice: &mut Dice, level: Level, lists: &Lists, person: &mut Person) {
        let age = person.age(NOW);
        let any = match age {
            ..12 => 0.0,
            12..18 => 0.6,
            18..66 => 0.97,
            66..78 => 0.75,
            _ => 0.4,
        };
        if !dice.chance(any) {
            return;
        }
        for _ in 0..1 + dice.weighted([0.56, 0.30, 0.14]) {
            let mailbox = self.own_mailbox(dice, lists, person);
            person.mailboxes.push(mailbox);
        }
        if (20..66).contains(&age) && dice.chance(0.15) {
            let firm = self.firm(dice, lists);
            let local = format!("{}.{}", word(&person.forename), word(person.surname.now()));
            let mailbox = self.unique(dice, &local, &firm);
            person.mailboxes.push(mailbox);
        }
        if (20..66).contains(&age) && dice.chance(0.012 * level.traps()) {
            let firm = self.firm(dice, lists);
            let role = *dice.pick(&["info", "office", "einkauf", "sales", "admin", "service"]);
            person.mailboxes.push(format!("{role}@{firm}"));
            person.traps.add(Trap::RoleMailbox);
        }
    }

    fn own_mailbox(&mut self, dice: &mut Dice, lists: &Lists, person: &Person) -> String {
        let domains = lists.words("mail domains");
        let domain = domains[dice.rank(domains.len(), 3.0)].clone();
        // The address keeps the name of the time at which it was made.
        let first = word(&person.forename);
        let last = word(person.surname.at(FIRST_YEAR + dice.unit() * 8.0));
        let initial = &first[..first.len().min(1)];
        let year = person.born.year;
        let local = match dice.weighted([0.34, 0.12, 0.10, 0.10, 0.08, 0.08, 0.06, 0.12]) {
            0 => format!("{first}.{last}"),
            1 => format!("{first}{last}"),
            2 => format!("{initial}.{last}"),
            3 => format!("{first}.{last}{:02}", year % 100),
            4 => format!("{last}.{first}"),
            5 => format!("{first}{}", year),
            6 => format!("{initial}{last}{}", dice.below(100)),
            _ => format!("{}{}", invented(dice), dice.below(1000)),
        };
        self.unique(dice, &local, &domain)
    }

    /// A mailbox that nobody has: with a number if somebody has it.
    fn unique(&mut self, dice: &mut Dice, local: &str, domain: &str) -> String {
        let mut mailbox = format!("{local}@{domain}");
        while !self.mailboxes.insert(mailbox.clone()) {
            mailbox = format!("{local}{}@{domain}", 1 + dice.below(9999));
        }
        mailbox
    }

    fn firm(&mut self, dice: &mut Dice, lists: &Lists) -> String {
        if self.firms.is_empty() || dice.chance(0.2) {
            let end =
                *dice.pick(&["-gmbh.de", "-group.com", ".com", ".net", "-services.com", ".co.uk", ".org"]);
            let name = word(&lists.surname(dice));
            let firm =
                format!("{name}{}{end}", if dice.chance(0.4) { invented(dice) } else { String::new() });
            self.firms.push(firm);
        }
        let at = dice.rank(self.firms.len(), 30.0);
        self.firms[at].clone()
    }

    fn mobile(&mut self, dice: &mut Dice, level: Level, person: &mut Person) {
        let any = match person.age(NOW) {
            ..10 => 0.0,
            10..18 => 0.7,
            18..70 => 0.95,
            _ => 0.6,
        };
        if !dice.chance(any) {
            return;
        }
        let first = self.new_mobile(dice, person.country);
        let mut numbers = History::always(first);
        let mut since = FIRST_YEAR;
        for _ in 0..dice.weighted([0.70, 0.24, 0.06]) {
            since += dice.unit() * (NOW - since);
            let old = numbers.now().clone();
            let recycled = dice.chance(0.2 * level.traps());
            let number = match self.recycled(person.country, since).filter(|_| recycled) {
                Some(number) => {
                    person.traps.add(Trap::RecycledMobile);
                    number
                }
                None => self.new_mobile(dice, person.country),
            };
            numbers.change(since, number);
            self.released.push((person.country, since, old));
        }
        person.mobile = Some(numbers);
    }

    /// A number that was given up at least half a year before.
    fn recycled(&mut self, country: Country, moment: f64) -> Option<String> {
        let at = self
            .released
            .iter()
            .take(50)
            .position(|(of, since, _)| *of == country && *since + 0.5 < moment)?;
        Some(self.released.swap_remove(at).2)
    }

    fn new_mobile(&mut self, dice: &mut Dice, country: Country) -> String {
        loop {
            let number = match country {
                Country::De => {
                    let prefix = *dice.pick(&[
                        "151", "152", "157", "159", "160", "162", "163", "170", "171", "172", "173", "175",
                        "176",
                    ]);
                    let rest = 7 + dice.below(2);
                    format!("{prefix}{}", dice.digits(rest))
                }
                Country::Gb => format!("7{}", dice.digits(9)),
                Country::Us => format!("{}{}", 201 + dice.below(780), dice.digits(7)),
            };
            if self.mobiles.insert(number.clone()) {
                return number;
            }
        }
    }

    /// Couples with one mailbox: the first one's, or one with the family's name.
    fn share_mail(&mut self, dice: &mut Dice, level: Level, lists: &Lists, people: &mut [Person]) {
        let [one, other, ..] = people else { return };
        if other.age(NOW) < 20 || one.traps.has(Trap::FlatShare) || !dice.chance(0.10 * level.traps()) {
            return;
        }
        let own = one.mailboxes.first().cloned().filter(|_| dice.chance(0.6));
        let mailbox = own.unwrap_or_else(|| {
            let domains = lists.words("mail domains");
            let local = format!(
                "{}{}",
                if one.country == Country::De { "familie." } else { "the" },
                word(one.surname.now())
            );
            let domain = domains[dice.rank(domains.len(), 3.0)].clone();
            self.unique(dice, &local, &domain)
        });
        for person in [one, other] {
            person.mailboxes.retain(|known| *known != mailbox);
            person.mailboxes.insert(0, mailbox.clone());
            person.traps.add(Trap::SharedMailbox);
        }
    }

    fn cards(&mut self, dice: &mut Dice, level: Level, people: &mut [Person]) {
        for at in 0..people.len() {
            if !dice.chance(0.75) {
                continue;
            }
            let stranger = people[at].traps.has(Trap::FlatShare);
            let shares = at > 0
                && !stranger
                && dice.chance(if people[at].age(NOW) < 18 { 0.7 } else { 0.2 } * level.traps());
            match people[0].card.clone().filter(|_| shares) {
                Some(card) => {
                    people[at].card = Some(card);
                    people[at].traps.add(Trap::SharedCard);
                    people[0].traps.add(Trap::SharedCard);
                }
                None => {
                    self.cards += 1;
                    // Numbers are not given out in order of families.
                    let card =
                        format!("6{:09}", u64::from(self.cards).wrapping_mul(387_420_489) % 1_000_000_000);
                    if self.lent.len() < 5000 || dice.chance(0.01) {
                        let place = if self.lent.len() < 5000 { self.lent.len() } else { dice.below(5000) };
                        self.lent.splice(place..(place + 1).min(self.lent.len()), [card.clone()]);
                    }
                    people[at].card = Some(card);
                }
            }
        }
    }

    fn accounts(&mut self, dice: &mut Dice, level: Level, people: &mut [Person]) {
        for at in 0..people.len() {
            if people[at].age(NOW) < 18 || !dice.chance(0.6) {
                continue;
            }
            let joint = at == 1 && !people[1].traps.has(Trap::FlatShare) && dice.chance(0.15 * level.traps());
            match people[0].account.clone().filter(|_| joint) {
                Some(account) => {
                    people[1].account = Some(account);
                    people[0].traps.add(Trap::SharedAccount);
                    people[1].traps.add(Trap::SharedAccount);
                }
                None => {
                    self.accounts += 1;
                    people[at].account = Some(format!(
                        "K{:08}",
                        u64::from(self.accounts).wrapping_mul(48_271_217) % 100_000_000
                    ));
                }
            }
        }
    }
}

fn parents_phone(dice: &mut Dice, level: Level, people: &mut [Person]) {
    let Some(parent) = people.first().and_then(|parent| parent.mobile.clone()) else { return };
    for child in people.iter_mut().skip(1).filter(|child| (8..20).contains(&child.age(NOW))) {
        if dice.chance(0.25 * level.traps()) && !child.traps.has(Trap::FlatShare) {
            child.mobile = Some(parent.clone());
            child.traps.add(Trap::ParentsPhone);
        }
    }
}

/// A name as it stands in an e-mail address.
fn word(name: &str) -> String {
    ascii(name, true)
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
        .collect()
}

/// A word that means nothing: a handle.
fn invented(dice: &mut Dice) -> String {
    const STARTS: [&str; 30] = [
        "sun", "moon", "star", "blue", "red", "wolf", "bear", "tiger", "snow", "fire", "rock", "sky", "sea",
        "wild", "lucky", "happy", "magic", "crazy", "sweet", "dark", "little", "big", "fast", "mister",
        "miss", "super", "mega", "cyber", "tech", "gamer",
    ];
    const ENDS: [&str; 30] = [
        "shine", "light", "dancer", "runner", "rider", "fan", "girl", "boy", "man", "lady", "cat", "dog",
        "mouse", "bird", "fox", "flower", "rose", "king", "queen", "hero", "master", "guitar", "soccer",
        "biker", "baker", "cook", "cloud", "storm", "wave", "dream",
    ];
    format!("{}{}", dice.pick(&STARTS), dice.pick(&ENDS))
}
