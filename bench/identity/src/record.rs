//! A record as it stands in the file of people.

use crate::traps::Traps;

/// The columns, in the order of the file, without `record_id`.
pub const COLUMNS: [&str; 16] = [
    "source",
    "first_name",
    "last_name",
    "gender",
    "date_of_birth",
    "email",
    "phone",
    "landline",
    "street",
    "house_number",
    "postcode",
    "city",
    "country",
    "loyalty_card",
    "account_no",
    "updated_at",
];

/// A record: a text for each of [`COLUMNS`], empty where nothing is known.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// Where it comes from.
    pub source: String,
    /// With a second name, a title, or the surname, at times.
    pub first_name: String,
    /// The surname.
    pub last_name: String,
    /// `f`, `weiblich`, `Female` and so on.
    pub gender: String,
    /// As the source writes dates.
    pub date_of_birth: String,
    /// The mailbox.
    pub email: String,
    /// The mobile number, mostly.
    pub phone: String,
    /// The telephone at home.
    pub landline: String,
    /// With the number, at sources that have one field for both.
    pub street: String,
    /// With the flat, at times.
    pub house_number: String,
    /// With or without a blank.
    pub postcode: String,
    /// The town.
    pub city: String,
    /// Two letters.
    pub country: String,
    /// Ten digits.
    pub loyalty_card: String,
    /// `K` and eight digits.
    pub account_no: String,
    /// When the source says that it was changed last, as it writes moments.
    pub updated_at: String,
    /// When it was noted; not in the file of people.
    pub moment: f64,
    /// What is special about it; not in the file of people.
    pub traps: Traps,
}

impl Record {
    /// The texts in the order of [`COLUMNS`].
    pub fn cells(&self) -> [&str; 16] {
        [
            &self.source,
            &self.first_name,
            &self.last_name,
            &self.gender,
            &self.date_of_birth,
            &self.email,
            &self.phone,
            &self.landline,
            &self.street,
            &self.house_number,
            &self.postcode,
            &self.city,
            &self.country,
            &self.loyalty_card,
            &self.account_no,
            &self.updated_at,
        ]
    }

    /// Empties a column.
    pub fn blank(&mut self, column: &str) {
        match column {
            "first_name" => self.first_name.clear(),
            "last_name" => self.last_name.clear(),
            "gender" => self.gender.clear(),
            "date_of_birth" => self.date_of_birth.clear(),
            "email" => self.email.clear(),
            "phone" => self.phone.clear(),
            "landline" => self.landline.clear(),
            "street" => self.street.clear(),
            "house_number" => self.house_number.clear(),
            "postcode" => self.postcode.clear(),
            "city" => self.city.clear(),
            "loyalty_card" => self.loyalty_card.clear(),
            "account_no" => self.account_no.clear(),
            "updated_at" => self.updated_at.clear(),
            _ => {}
        }
    }
}
