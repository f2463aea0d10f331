//! A small town: people, what is noted of them, and who they are.

use crowsnest_linkage::comparison::Comparer;
use crowsnest_linkage::explain::explain;
use crowsnest_linkage::linkage::{Decision, Linkage, link};
use crowsnest_linkage::model::{Rarities, Scale};
use crowsnest_linkage::score::Scorer;
use crowsnest_linkage::{Model, Settings, Table, csv};

pub const HEADER: &str = "record_id,first_name,last_name,gender,date_of_birth,email,phone,street,house_number,postcode,city,loyalty_card";

const FORENAMES: [&str; 24] = [
    "Anna", "Bernd", "Carla", "Dieter", "Elena", "Frank", "Greta", "Heinz", "Ines", "Jonas", "Karin",
    "Lukas", "Maria", "Norbert", "Olga", "Peter", "Rosa", "Stefan", "Tina", "Ulrich", "Vera", "Werner",
    "Xenia", "Yannick",
];
const SURNAMES: [&str; 30] = [
    "Ackermann",
    "Bauer",
    "Conrad",
    "Dietrich",
    "Engel",
    "Fischer",
    "Graf",
    "Huber",
    "Ilg",
    "Jansen",
    "Keller",
    "Lang",
    "Maier",
    "Neumann",
    "Otto",
    "Pohl",
    "Quandt",
    "Richter",
    "Schmitt",
    "Thoma",
    "Ullmann",
    "Vogel",
    "Wagner",
    "Xaver",
    "Yilmaz",
    "Ziegler",
    "Brandt",
    "Hofmann",
    "Krause",
    "Simon",
];
const STREETS: [&str; 12] = [
    "Lindenweg",
    "Hauptstrasse",
    "Bergstrasse",
    "Gartenweg",
    "Schulgasse",
    "Bachweg",
    "Ringstrasse",
    "Amselweg",
    "Marktplatz",
    "Waldstrasse",
    "Rosenweg",
    "Muehlgasse",
];
const CITIES: [(&str, &str); 6] = [
    ("50667", "Koeln"),
    ("80331", "Muenchen"),
    ("20095", "Hamburg"),
    ("04109", "Leipzig"),
    ("70173", "Stuttgart"),
    ("90402", "Nuernberg"),
];

/// Numbers that look random and are the same in each run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as usize) % sides
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }
}

/// A row, and whose it is.
#[derive(Clone, Debug)]
pub struct Noted {
    pub person: usize,
    pub row: String,
}

/// `people` people in households of one to three, each noted one to four times, with slips and gaps. Some are twins, some move, some take
/// another name.
pub fn town(people: usize, seed: u64) -> Vec<Noted> {
    let mut dice = Dice(seed);
    let mut rows = Vec::new();
    let mut person = 0;
    while person < people {
        let surname = SURNAMES[dice.roll(SURNAMES.len())];
        let street = STREETS[dice.roll(STREETS.len())];
        let (postcode, city) = CITIES[dice.roll(CITIES.len())];
        let number = dice.roll(120) + 1;
        let landline = format!("0221 {:07}", dice.roll(9_000_000) + 1_000_000);
        let mut twin = None;
        for _ in 0..dice.roll(3) + 1 {
            let forename = FORENAMES[dice.roll(FORENAMES.len())];
            let born = format!("{}-{:02}-{:02}", 1940 + dice.roll(65), dice.roll(12) + 1, dice.roll(28) + 1);
            let born = twin.take().unwrap_or(born);
            if dice.chance(10) {
                twin = Some(born.clone());
            }
            let (new_street, new_number) = (STREETS[dice.roll(STREETS.len())], dice.roll(120) + 1);
            let (new_postcode, new_city) = CITIES[dice.roll(CITIES.len())];
            let (moves, new_name) = (dice.chance(15), SURNAMES[dice.roll(SURNAMES.len())]);
            let renamed = dice.chance(5);
            let email =
                format!("{}.{}{}@mail.de", forename.to_lowercase(), surname.to_lowercase(), dice.roll(9000));
            let mobile = format!("0171 {:07}", dice.roll(9_000_000) + 1_000_000);
            let card = format!("{}", 100_000_000 + dice.roll(800_000_000));
            let gender = if forename.ends_with('a') { "f" } else { "m" };
            for nth in 0..[1, 1, 2, 3, 4][dice.roll(5)] {
                let surname = if renamed && nth > 0 { new_name } else { surname };
                let (street, number, postcode, city) = match moves && nth > 0 {
                    true => (new_street, new_number, new_postcode, new_city),
                    false => (street, number, postcode, city),
                };
                let slip = |text: &str, dice: &mut Dice| match dice.chance(6) {
                    true => {
                        let at = dice.roll(text.len() - 1) + 1;
                        let mut text = text.to_string();
                        text.remove(at);
                        text
                    }
                    false => text.to_string(),
                };
                let mut or_nothing = |text: String, percent: usize| {
                    if dice.chance(percent) { String::new() } else { text }
                };
                let fields = [
                    or_nothing(gender.to_string(), 40),
                    or_nothing(born.clone(), 30),
                    or_nothing(email.clone(), 40),
                    or_nothing(mobile.clone(), 40),
                    or_nothing(street.to_string(), 20),
                    or_nothing(card.clone(), 60),
                ];
                let [gender, born, email, mobile, street, card] = fields;
                let phone = if dice.chance(30) { landline.clone() } else { mobile };
                let (forename, surname) = (slip(forename, &mut dice), slip(surname, &mut dice));
                let row = format!(
                    "r{},{forename},{surname},{gender},{born},{email},{phone},{street},{number},{postcode},{city},{card}",
                    rows.len()
                );
                rows.push(Noted { person, row });
            }
            person += 1;
        }
    }
    rows
}

/// `people` people who all live alone, each noted twice; now and then with another name, day of birth or street.
pub fn singles(people: usize, seed: u64) -> Vec<Noted> {
    let mut dice = Dice(seed);
    let mut rows = Vec::new();
    for person in 0..people {
        let (forename, surname) =
            (FORENAMES[dice.roll(FORENAMES.len())], SURNAMES[dice.roll(SURNAMES.len())]);
        let born = format!("{}-{:02}-{:02}", 1940 + dice.roll(65), dice.roll(12) + 1, dice.roll(28) + 1);
        let (street, (postcode, city)) = (STREETS[dice.roll(STREETS.len())], CITIES[dice.roll(CITIES.len())]);
        let (number, card) = (dice.roll(900) + 1, 100_000_000 + dice.roll(800_000_000));
        for _ in 0..2 {
            let forename = if dice.chance(12) { FORENAMES[dice.roll(FORENAMES.len())] } else { forename };
            let born = if dice.chance(8) { format!("{}-07-01", 1940 + dice.roll(65)) } else { born.clone() };
            let street = if dice.chance(10) { &street[1..] } else { street };
            let row = format!(
                "r{},{forename},{surname},,{born},,,{street},{number},{postcode},{city},{card}",
                rows.len()
            );
            rows.push(Noted { person, row });
        }
    }
    rows
}

/// CSV of rows.
pub fn file<'r>(rows: impl IntoIterator<Item = &'r str>) -> String {
    let mut text = HEADER.to_string();
    for row in rows {
        text.push('\n');
        text.push_str(row);
    }
    text
}

pub fn table(text: &str, settings: &Settings) -> Table {
    let mut reader = csv::Reader::new(settings);
    reader.read("people.csv", text.as_bytes()).expect("CSV");
    reader.finish().0
}

/// Links CSV text.
pub fn linked(
    text: &str,
    settings: &Settings,
    model: Option<Model>,
    decisions: &[Decision],
) -> (Table, Linkage) {
    let mut table = table(text, settings);
    let linkage = link(&mut table, settings, model, decisions, &mut ());
    (table, linkage)
}

/// The place of a record by its id.
pub fn at(table: &Table, id: &str) -> u32 {
    (0..table.records()).find(|&r| table.ids.get(r) == id).expect("a record of that id") as u32
}

/// A town that the model is learned from, with further rows in it.
pub fn town_with(rows: &[&str]) -> String {
    let town = town(1500, 7);
    file(town.iter().map(|n| n.row.as_str()).chain(rows.iter().copied()))
}

/// Pairwise precision and recall.
pub fn quality(truth: &[usize], people: &[u32]) -> (f64, f64) {
    let (mut both, mut found, mut true_pairs) = (0.0, 0.0, 0.0);
    for i in 0..truth.len() {
        for j in i + 1..truth.len() {
            let (t, f) = (truth[i] == truth[j], people[i] == people[j]);
            both += f64::from(u8::from(t && f));
            found += f64::from(u8::from(f));
            true_pairs += f64::from(u8::from(t));
        }
    }
    (both / found, both / true_pairs)
}

/// Why two records score as they do, for a test that fails.
pub fn why(table: &mut Table, linkage: &Linkage, a: u32, b: u32) -> String {
    table.forget_rarity();
    linkage.model.rate(table, &Rarities::new(&linkage.model));
    let (comparer, scale) = (Comparer::new(&table.layout), Scale::new(&linkage.model));
    let scorer = Scorer { table, comparer: &comparer, scale: &scale };
    let explanation = explain(&scorer, table.node_of(a), table.node_of(b));
    let lines = explanation.lines.iter().map(|l| format!("{:>7.2} {}: {}", l.bits, l.field, l.finding));
    format!("{:.2}\n{}", explanation.score, lines.collect::<Vec<_>>().join("\n"))
}
