//! The sources that records come from, and what is usual at each.

use crate::slips::Way;

/// How a source writes dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// 1984-03-09
    Iso,
    /// As the country writes them: 09.03.1984, 09/03/1984, 03/09/1984.
    Local,
}

/// How a source writes streets and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streets {
    /// Two fields.
    Apart,
    /// One field for both; the one for the number is empty.
    Joint,
}

/// What is usual at a source. The first block are probabilities that a field is filled in (if the person has such a thing), at
/// level medium.
#[derive(Debug)]
pub struct Habit {
    /// What the record calls the source.
    pub name: &'static str,
    /// How many records come from here, in proportion.
    pub weight: f64,
    /// The forename.
    pub first_name: f64,
    /// The surname.
    pub last_name: f64,
    /// What the person is addressed as.
    pub gender: f64,
    /// The date of birth.
    pub date_of_birth: f64,
    /// A mailbox.
    pub email: f64,
    /// A mobile number.
    pub phone: f64,
    /// The telephone at home.
    pub landline: f64,
    /// Street, number, postcode and town.
    pub address: f64,
    /// Postcode and town alone, where there is no address.
    pub postcode: f64,
    /// The loyalty card.
    pub card: f64,
    /// The number of the account.
    pub account: f64,
    /// The probability that a field has a slip, at level medium.
    pub slips: f64,
    /// Which kind of slip.
    pub way: Way,
    /// The probability that an address is out of date.
    pub stale: f64,
    /// The probability that the forename is an initial.
    pub initial: f64,
    /// The probability that forename and surname are in each other's place.
    pub swapped: f64,
    /// The probability of a value that only fills the field.
    pub filler: f64,
    /// All in capitals.
    pub capitals: bool,
    /// Umlauts and accents cannot be written.
    pub ascii: bool,
    /// How dates are written.
    pub dates: Dates,
    /// How streets and numbers are written.
    pub streets: Streets,
}

/// The sources.
pub const HABITS: [Habit; 8] = [
    Habit {
        name: "web",
        weight: 0.24,
        first_name: 0.97,
        last_name: 0.98,
        gender: 0.45,
        date_of_birth: 0.40,
        email: 0.98,
        phone: 0.55,
        landline: 0.08,
        address: 0.75,
        postcode: 0.1,
        card: 0.12,
        account: 0.35,
        slips: 0.015,
        way: Way::Typed,
        stale: 0.05,
        initial: 0.03,
        swapped: 0.006,
        filler: 0.015,
        capitals: false,
        ascii: false,
        dates: Dates::Iso,
        streets: Streets::Apart,
    },
    Habit {
        name: "app",
        weight: 0.13,
        first_name: 0.92,
        last_name: 0.85,
        gender: 0.30,
        date_of_birth: 0.50,
        email: 0.95,
        phone: 0.80,
        landline: 0.0,
        address: 0.25,
        postcode: 0.3,
        card: 0.45,
        account: 0.20,
        slips: 0.015,
        way: Way::Typed,
        stale: 0.02,
        initial: 0.04,
        swapped: 0.004,
        filler: 0.02,
        capitals: false,
        ascii: false,
        dates: Dates::Iso,
        streets: Streets::Apart,
    },
    Habit {
        name: "newsletter",
        weight: 0.09,
        first_name: 0.65,
        last_name: 0.55,
        gender: 0.20,
        date_of_birth: 0.08,
        email: 1.0,
        phone: 0.0,
        landline: 0.0,
        address: 0.03,
        postcode: 0.25,
        card: 0.03,
        account: 0.05,
        slips: 0.02,
        way: Way::Typed,
        stale: 0.0,
        initial: 0.05,
        swapped: 0.004,
        filler: 0.02,
        capitals: false,
        ascii: false,
        dates: Dates::Iso,
        streets: Streets::Apart,
    },
    Habit {
        name: "call_centre",
        weight: 0.15,
        first_name: 0.92,
        last_name: 0.98,
        gender: 0.75,
        date_of_birth: 0.45,
        email: 0.40,
        phone: 0.75,
        landline: 0.45,
        address: 0.60,
        postcode: 0.2,
        card: 0.10,
        account: 0.45,
        slips: 0.06,
        way: Way::Heard,
        stale: 0.04,
        initial: 0.04,
        swapped: 0.01,
        filler: 0.02,
        capitals: false,
        ascii: true,
        dates: Dates::Local,
        streets: Streets::Joint,
    },
    Habit {
        name: "showroom",
        weight: 0.13,
        first_name: 0.95,
        last_name: 0.99,
        gender: 0.70,
        date_of_birth: 0.55,
        email: 0.60,
        phone: 0.75,
        landline: 0.25,
        address: 0.88,
        postcode: 0.05,
        card: 0.08,
        account: 0.40,
        slips: 0.05,
        way: Way::Scanned,
        stale: 0.03,
        initial: 0.08,
        swapped: 0.012,
        filler: 0.015,
        capitals: false,
        ascii: false,
        dates: Dates::Local,
        streets: Streets::Joint,
    },
    Habit {
        name: "till",
        weight: 0.10,
        first_name: 0.55,
        last_name: 0.75,
        gender: 0.05,
        date_of_birth: 0.10,
        email: 0.30,
        phone: 0.15,
        landline: 0.03,
        address: 0.15,
        postcode: 0.5,
        card: 0.88,
        account: 0.03,
        slips: 0.04,
        way: Way::Typed,
        stale: 0.06,
        initial: 0.30,
        swapped: 0.01,
        filler: 0.02,
        capitals: true,
        ascii: true,
        dates: Dates::Local,
        streets: Streets::Joint,
    },
    Habit {
        name: "bought_list",
        weight: 0.07,
        first_name: 0.95,
        last_name: 1.0,
        gender: 0.80,
        date_of_birth: 0.35,
        email: 0.20,
        phone: 0.15,
        landline: 0.50,
        address: 1.0,
        postcode: 0.0,
        card: 0.0,
        account: 0.0,
        slips: 0.03,
        way: Way::Scanned,
        stale: 0.25,
        initial: 0.10,
        swapped: 0.015,
        filler: 0.005,
        capitals: true,
        ascii: true,
        dates: Dates::Local,
        streets: Streets::Apart,
    },
    Habit {
        name: "partner",
        weight: 0.09,
        first_name: 0.96,
        last_name: 0.99,
        gender: 0.60,
        date_of_birth: 0.60,
        email: 0.50,
        phone: 0.60,
        landline: 0.20,
        address: 0.85,
        postcode: 0.05,
        card: 0.05,
        account: 0.50,
        slips: 0.03,
        way: Way::Typed,
        stale: 0.08,
        initial: 0.05,
        swapped: 0.03,
        filler: 0.015,
        capitals: false,
        ascii: true,
        dates: Dates::Iso,
        streets: Streets::Joint,
    },
];
