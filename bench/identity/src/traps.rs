//! Why a record is hard, or easily taken for another's.

/// What is special about a record. The scorer says how the errors spread over these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Trap {
    /// The person has a twin.
    Twin,
    /// Parent and child of one name.
    NamesakeInFamily,
    /// A stranger has the same full name and the same birthday.
    NamesakeStranger,
    /// Lives, or lived, with others in a flat share.
    FlatShare,
    /// Has, or had, another surname: maiden, married or double.
    Renamed,
    /// Moved house within the time that the records are of.
    Moved,
    /// Left a partner.
    Separated,
    /// One mailbox for two.
    SharedMailbox,
    /// A mailbox of a company in which strangers are.
    RoleMailbox,
    /// Had, or got, a mobile number that was another's before.
    RecycledMobile,
    /// One card for the household.
    SharedCard,
    /// One account for two.
    SharedAccount,
    /// A child with a parent's telephone number.
    ParentsPhone,
    /// Somebody else's card was used.
    BorrowedCard,
    /// A slip of the pen in a name, street or town.
    Typo,
    /// Forename and surname are in each other's place.
    SwappedNames,
    /// The forename is an initial.
    Initial,
    /// The forename is a pet form.
    Nickname,
    /// A value that only fills the field: `unknown`, 1900-01-01, noreply@.
    Placeholder,
    /// The date of birth is wrong.
    DateSlip,
    /// The e-mail address or a telephone number is mistyped.
    MistypedContact,
    /// The address was out of date when it was noted.
    StaleAddress,
    /// No more than a name and one thing besides, or less.
    Sparse,
}

/// All traps with the words that files and tables have for them.
pub const TRAPS: [(Trap, &str); 23] = [
    (Trap::Twin, "twin"),
    (Trap::NamesakeInFamily, "namesake in the family"),
    (Trap::NamesakeStranger, "namesake with one birthday"),
    (Trap::FlatShare, "flat share"),
    (Trap::Renamed, "renamed"),
    (Trap::Moved, "moved"),
    (Trap::Separated, "separated"),
    (Trap::SharedMailbox, "shared mailbox"),
    (Trap::RoleMailbox, "role mailbox"),
    (Trap::RecycledMobile, "recycled mobile"),
    (Trap::SharedCard, "shared card"),
    (Trap::SharedAccount, "shared account"),
    (Trap::ParentsPhone, "parent's phone"),
    (Trap::BorrowedCard, "borrowed card"),
    (Trap::Typo, "typo"),
    (Trap::SwappedNames, "swapped names"),
    (Trap::Initial, "initial"),
    (Trap::Nickname, "nickname"),
    (Trap::Placeholder, "placeholder"),
    (Trap::DateSlip, "wrong date of birth"),
    (Trap::MistypedContact, "mistyped contact"),
    (Trap::StaleAddress, "stale address"),
    (Trap::Sparse, "sparse"),
];

/// A set of traps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traps(u32);

impl Traps {
    /// Adds one.
    pub fn add(&mut self, trap: Trap) {
        self.0 |= 1 << trap as u8;
    }

    /// Whether it is in the set.
    pub fn has(self, trap: Trap) -> bool {
        self.0 & (1 << trap as u8) != 0
    }

    /// Those in either.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Their words, with `;` between them.
    pub fn words(self) -> String {
        let words: Vec<&str> =
            TRAPS.iter().filter(|(trap, _)| self.has(*trap)).map(|(_, word)| *word).collect();
        words.join(";")
    }

    /// What [`Self::words`] wrote; words that mean nothing are left out.
    pub fn read(words: &str) -> Self {
        let mut traps = Self::default();
        for word in words.split(';') {
            if let Some((trap, _)) = TRAPS.iter().find(|(_, known)| *known == word) {
                traps.add(*trap);
            }
        }
        traps
    }
}
