//! The events: who, what, in which words.
//!
//! Seven of ten are things done, one says who somebody is, three of twenty are pages, the rest are accounts, aliases and
//! screens. One of five is a new visitor's; the others are those of people who are known already, of whom four of ten
//! have registered and some share a browser with another. Events look as those of the browser's SDK do, and are put
//! together from pieces, so that writing one costs well under a microsecond.

use std::sync::atomic::{AtomicU64, Ordering};

/// A contact point's consent is for this topic.
pub const TOPIC: &str = "offers";
/// The event that begins the program.
pub const TRIGGER: &str = "Cart Updated";
/// The least value of a cart that begins it.
pub const WORTH: u64 = 50;

/// A fast sequence of numbers that look random: SplitMix64.
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same load.
    pub fn new(seed: u64) -> Self {
        Self(scramble(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        scramble(self.0)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

fn scramble(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Everybody there is, and what must have come of their events.
pub struct Crowd {
    /// How many are known before the clock starts.
    pub people: u64,
    strangers: AtomicU64,
    carts: Vec<AtomicU64>,
    runs: AtomicU64,
    messages: AtomicU64,
}

impl Crowd {
    /// So many people.
    pub fn new(people: u64) -> Self {
        Self {
            people,
            strangers: AtomicU64::new(0),
            carts: (0..=people / 64).map(|_| AtomicU64::new(0)).collect(),
            runs: AtomicU64::new(0),
            messages: AtomicU64::new(0),
        }
    }

    /// How many people there must be, once everything was acknowledged.
    pub fn everybody(&self) -> u64 {
        self.people + self.strangers.load(Ordering::Relaxed)
    }

    /// How many runs of the program there must be.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Somebody who has registered.
    pub fn registered(&self, dice: &mut Dice) -> u64 {
        let person = dice.below(self.people);
        person - person % 10 + person % 4
    }

    /// The browser of a person. One of fifty known people shares one with somebody else.
    fn browser(&self, person: u64) -> u64 {
        if person < self.people && person % 100 == 1 { person - 1 } else { person }
    }

    /// A cart that is worth a reminder. A known person has one cart, however often it changes; a stranger's is new.
    fn cart(&self, person: u64) {
        let first = match self.carts.get(person as usize / 64).filter(|_| person < self.people) {
            Some(word) => word.fetch_or(1 << (person % 64), Ordering::Relaxed) & (1 << (person % 64)) == 0,
            None => true,
        };
        if first {
            self.runs.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn has_registered(person: u64) -> bool {
    person % 10 < 4
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something done.
    Track,
    /// Who somebody is.
    Identify,
    /// A page seen.
    Page,
    /// A screen of the app seen.
    Screen,
    /// An account.
    Group,
    /// Two ids of one person.
    Alias,
}

impl Kind {
    fn throw(dice: &mut Dice) -> Self {
        match dice.below(100) {
            0..70 => Self::Track,
            70..80 => Self::Identify,
            80..95 => Self::Page,
            95..97 => Self::Screen,
            97..99 => Self::Group,
            _ => Self::Alias,
        }
    }

    /// Its word, and the last part of its path.
    pub fn word(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }
}

const CONTEXT: &str = "\"context\":{\"page\":{\"path\":\"/cars/wagon\",\"search\":\"\",\"title\":\"Wagons\",\
    \"url\":\"https://www.harbor-motors.example/cars/wagon\"},\
    \"userAgent\":\"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/126.0.0.0 Safari/537.36\",\"locale\":\"en-US\",\
    \"library\":{\"name\":\"analytics.js\",\"version\":\"npm:next-1.84.3\"}}";

/// Writes events.
pub struct Author<'a> {
    crowd: &'a Crowd,
    dice: Dice,
    second: i64,
    stamp: String,
    number: [u8; 20],
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

impl<'a> Author<'a> {
    /// With its own sequence of numbers.
    pub fn new(crowd: &'a Crowd, seed: u64) -> Self {
        Self { crowd, dice: Dice::new(seed), second: 0, stamp: String::new(), number: [0; 20] }
    }

    /// A batch of new and returning people's events.
    pub fn batch(&mut self, events: u64, out: &mut Vec<u8>) {
        self.list(0..events, out, |author, _, out| {
            author.any(out);
        });
    }

    /// The first event of each of these people: those who have registered say who they are, the others see a page.
    pub fn first_visits(&mut self, people: std::ops::Range<u64>, out: &mut Vec<u8>) {
        self.list(people, out, |author, person, out| {
            let kind = if has_registered(person) { Kind::Identify } else { Kind::Page };
            author.event(kind, person, out);
        });
    }

    fn list(
        &mut self,
        each: std::ops::Range<u64>,
        out: &mut Vec<u8>,
        mut write: impl FnMut(&mut Self, u64, &mut Vec<u8>),
    ) {
        out.clear();
        out.extend_from_slice(b"{\"batch\":[");
        let first = each.start;
        for item in each {
            if item > first {
                out.push(b',');
            }
            write(self, item, out);
        }
        out.extend_from_slice(b"],\"sentAt\":\"");
        self.time(out);
        out.extend_from_slice(b"\"}");
    }

    /// One event as a whole body.
    pub fn single(&mut self, out: &mut Vec<u8>) -> Kind {
        out.clear();
        self.any(out)
    }

    fn any(&mut self, out: &mut Vec<u8>) -> Kind {
        let kind = Kind::throw(&mut self.dice);
        let person = if self.dice.below(5) == 0 {
            self.crowd.people + self.crowd.strangers.fetch_add(1, Ordering::Relaxed)
        } else if matches!(kind, Kind::Identify | Kind::Group | Kind::Alias) {
            self.crowd.registered(&mut self.dice)
        } else {
            self.dice.below(self.crowd.people)
        };
        self.event(kind, person, out);
        kind
    }

    fn event(&mut self, kind: Kind, person: u64, out: &mut Vec<u8>) {
        let says_who = matches!(kind, Kind::Identify | Kind::Group | Kind::Alias);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.word().as_bytes());
        out.extend_from_slice(b"\",\"messageId\":\"ajs-next-");
        let message = self.crowd.messages.fetch_add(1, Ordering::Relaxed);
        self.uuid(message ^ 0x6d65_7373_6167_6573, out);
        if kind != Kind::Alias {
            out.extend_from_slice(b"\",\"anonymousId\":\"");
            self.uuid(self.crowd.browser(person), out);
        }
        // Whoever has registered is named by their browser with everything they do; a stranger only now and then.
        if says_who || (has_registered(person) && person < self.crowd.people) {
            out.extend_from_slice(b"\",\"userId\":\"u-");
            self.integer(person, out);
        }
        out.extend_from_slice(b"\",");
        match kind {
            Kind::Track => self.track(person, out),
            Kind::Identify => self.identify(person, out),
            Kind::Page | Kind::Screen => {
                out.extend_from_slice(
                    b"\"name\":\"Car\",\"category\":\"Cars\",\"properties\":{\"path\":\"/cars/wagon\",\
                      \"title\":\"Wagons\",\
                      \"url\":\"https://www.harbor-motors.example/cars/wagon\",\"position\":",
                );
                let position = self.dice.below(50);
                self.integer(position, out);
                out.extend_from_slice(b"},");
            }
            Kind::Group => {
                out.extend_from_slice(b"\"groupId\":\"HM-");
                self.integer(person / 3, out);
                out.extend_from_slice(b"\",\"traits\":{\"plan\":\"family\",\"cars\":2},");
            }
            Kind::Alias => {
                out.extend_from_slice(b"\"previousId\":\"");
                self.uuid(self.crowd.browser(person), out);
                out.extend_from_slice(b"\",");
            }
        }
        out.extend_from_slice(CONTEXT.as_bytes());
        out.extend_from_slice(b",\"timestamp\":\"");
        self.time(out);
        out.extend_from_slice(b"\"}");
    }

    fn track(&mut self, person: u64, out: &mut Vec<u8>) {
        let product = self.dice.below(5_000);
        let price = 10 + self.dice.below(990);
        let name = match self.dice.below(100) {
            0..50 => "Product Viewed",
            50..75 => "Product List Viewed",
            75..85 => "Product Added",
            85..91 => TRIGGER,
            91..95 => "Checkout Started",
            95..98 => "Order Completed",
            _ => "Product Removed",
        };
        out.extend_from_slice(b"\"event\":\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\",\"properties\":{\"product_id\":\"p-");
        self.integer(product, out);
        out.extend_from_slice(
            b"\",\"name\":\"Roof box\",\"category\":\"Parts\",\"currency\":\"USD\",\"quantity\":1,\"",
        );
        out.extend_from_slice(match name {
            TRIGGER => b"cart_id\":\"c-".as_slice(),
            "Order Completed" => b"order_id\":\"o-",
            _ => b"list_id\":\"l-",
        });
        self.integer(person, out);
        out.extend_from_slice(if name == "Order Completed" { b"\",\"revenue\":" } else { b"\",\"value\":" });
        self.integer(price, out);
        out.extend_from_slice(b".95},");
        if name == TRIGGER && price >= WORTH {
            self.crowd.cart(person);
        }
    }

    fn identify(&mut self, person: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"traits\":{\"email\":\"person");
        self.integer(person, out);
        out.extend_from_slice(b"@mail");
        self.integer(person % 50, out);
        out.extend_from_slice(b".example\",\"first_name\":\"Ann\",\"last_name\":\"Lee");
        self.integer(person % 1_000, out);
        out.extend_from_slice(b"\",\"city\":\"Chicago\",\"tier\":\"silver\",\"visits\":");
        let visits = self.dice.below(100);
        self.integer(visits, out);
        if person.is_multiple_of(2) {
            out.extend_from_slice(b",\"consents\":[{\"channel\":\"email\",\"topic\":\"");
            out.extend_from_slice(TOPIC.as_bytes());
            out.extend_from_slice(b"\",\"status\":\"granted\"}]");
        }
        out.extend_from_slice(b"},");
    }

    fn integer(&mut self, mut number: u64, out: &mut Vec<u8>) {
        let mut at = self.number.len();
        loop {
            at -= 1;
            self.number[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        out.extend_from_slice(&self.number[at..]);
    }

    /// A number as a browser's SDK writes ids. Different numbers give different ids.
    fn uuid(&mut self, number: u64, out: &mut Vec<u8>) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let bits = (u128::from(scramble(number.wrapping_add(0x9E37_79B9_7F4A_7C15))) << 64)
            | u128::from(scramble(number ^ 0x5851_F42D_4C95_7F2D));
        for digit in 0..32 {
            if matches!(digit, 8 | 12 | 16 | 20) {
                out.push(b'-');
            }
            out.push(HEX[(bits >> (124 - 4 * digit)) as usize & 15]);
        }
    }

    fn time(&mut self, out: &mut Vec<u8>) {
        let now = now();
        let second = now.div_euclid(1_000);
        if second != self.second {
            self.second = second;
            self.stamp = crowsnest_model::Time(second * 1_000).to_string();
            self.stamp.truncate("2026-03-01T09:30:00".len());
        }
        let rest = now.rem_euclid(1_000) as u64;
        out.extend_from_slice(self.stamp.as_bytes());
        out.push(b'.');
        for digit in [rest / 100, rest / 10 % 10, rest % 10] {
            out.push(b'0' + digit as u8);
        }
        out.push(b'Z');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::{BTreeMap, HashSet};

    fn events(crowd: &Crowd, count: u64) -> (Vec<Value>, usize) {
        let mut body = Vec::new();
        Author::new(crowd, 7).batch(count, &mut body);
        let read: Value = serde_json::from_slice(&body).unwrap();
        (read["batch"].as_array().unwrap().clone(), body.len())
    }

    #[test]
    fn the_mix_is_what_the_guide_says() {
        let crowd = Crowd::new(100_000);
        let (events, bytes) = events(&crowd, 20_000);
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &events {
            *kinds.entry(event["type"].as_str().unwrap()).or_default() += 1;
        }
        let share = |kind: &str| kinds.get(kind).copied().unwrap_or(0) * 100 / events.len();
        assert!((69..=71).contains(&share("track")), "{kinds:?}");
        assert!((9..=11).contains(&share("identify")), "{kinds:?}");
        assert!((14..=16).contains(&share("page")), "{kinds:?}");
        assert_eq!(kinds.len(), 6);
        let new = crowd.everybody() - crowd.people;
        assert!((3_800..=4_200).contains(&new), "one of five is new: {new}");
        assert!((600..=700).contains(&(bytes / events.len())), "{} bytes an event", bytes / events.len());
        let messages: HashSet<_> = events.iter().map(|event| event["messageId"].as_str().unwrap()).collect();
        assert_eq!(messages.len(), events.len(), "every message id is its own");
    }

    #[test]
    fn the_runs_that_must_come_are_those_of_first_worthy_carts() {
        let crowd = Crowd::new(50);
        let (events, _) = events(&crowd, 5_000);
        let worthy: Vec<&Value> = events
            .iter()
            .filter(|event| event["event"] == TRIGGER)
            .map(|event| &event["properties"])
            .filter(|properties| properties["value"].as_f64().unwrap() >= WORTH as f64)
            .collect();
        let carts: HashSet<_> =
            worthy.iter().map(|properties| properties["cart_id"].as_str().unwrap()).collect();
        assert!(carts.len() < worthy.len(), "some carts change more than once");
        assert_eq!(crowd.runs(), carts.len() as u64);
    }

    #[test]
    fn whoever_is_known_comes_again_under_the_same_names() {
        let crowd = Crowd::new(10);
        let mut body = Vec::new();
        let mut author = Author::new(&crowd, 1);
        author.first_visits(0..10, &mut body);
        let first: Value = serde_json::from_slice(&body).unwrap();
        let browsers: HashSet<String> = first["batch"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["anonymousId"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(browsers.len(), 9, "ten people, of whom two share a browser");
        let (later, _) = events(&crowd, 500);
        let returning = later
            .iter()
            .filter_map(|event| event["anonymousId"].as_str())
            .filter(|browser| browsers.contains(*browser))
            .count();
        assert!((350..450).contains(&returning), "four of five return: {returning}");
    }
}
