//! By what a person is compared with others: their traits and identifiers, as one record of a few columns.

use crowsnest_linkage::{
    Settings,
    fields::{self, Customs, FieldKind, Key, split_full_name},
    layout::{Intake, Layout},
    settings::{ColumnSetting, PartSetting, RecipeSetting, Role},
};
use crowsnest_model::{
    Identifier, Object, Profile,
    definition::{IdentityRules, MatchField, MatchKey, Matching, Workspace},
};
use crowsnest_store::{LearnedModel, StoreError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use super::weigher::{InForce, Weigher};

/// How many values of each kind a record has room for. What somebody has more of is not compared: of identifiers those
/// that were seen last are.
const ROOM: [(FieldKind, usize); 12] = [
    (FieldKind::Forename, 1),
    (FieldKind::Surname, 1),
    (FieldKind::MaidenName, 1),
    (FieldKind::BirthDate, 1),
    (FieldKind::Gender, 1),
    (FieldKind::Email, 3),
    (FieldKind::Phone, 3),
    (FieldKind::Street, 2),
    (FieldKind::Unit, 1),
    (FieldKind::Postcode, 2),
    (FieldKind::City, 2),
    (FieldKind::Country, 1),
];

/// Room for values of an identifier of the workspace's own.
const ROOM_FOR_IDENTIFIERS: usize = 2;

/// Who says less than this is compared with nobody.
const LEAST_FIELDS: usize = 2;

/// Longer texts are nobody's name.
const LONGEST: usize = 200;

/// So many names of traits are remembered; which they are is foreign input.
const NAMES: usize = 4_096;

/// A column of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Column {
    name: String,
    kind: FieldKind,
}

/// What somebody is compared by: a text for each column, most of them empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record(Vec<String>);

impl Record {
    /// The columns in which something is said.
    pub(crate) fn filled(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len()).filter(|index| !self.column(*index).is_empty())
    }

    /// The text of a column.
    pub(crate) fn column(&self, index: usize) -> &str {
        self.0.get(index).map_or("", String::as_str)
    }
}

/// By what people are compared in a workspace.
pub(crate) struct Fields {
    rules: BTreeMap<String, MatchField>,
    columns: Vec<Column>,
    customs: Customs,
    settings: Settings,
    automatic: bool,
    households: bool,
    /// What traits are about whose names were met, and whether that counts for a field of an object.
    met: RwLock<HashMap<String, Option<FieldKind>>>,
    weigher: InForce,
}

impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fields").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// The same word in the room where it is known.
fn same_word<T: DeserializeOwned>(word: impl Serialize) -> Option<T> {
    serde_json::to_value(word).and_then(serde_json::from_value).ok()
}

/// log2 of the odds of a probability.
fn bits(share: f64) -> f64 {
    (share / (1.0 - share)).log2()
}

impl Fields {
    /// What the workspace says; `None` when it does not want people to be matched.
    pub(crate) fn of(workspace: &Workspace) -> Option<Self> {
        let matching = workspace.identity.matching.as_ref()?;
        Some(Self::new(matching, &workspace.identity, &workspace.organisation.country))
    }

    /// As a workspace that says no more than that people are to be matched.
    pub(crate) fn usual(workspace: &Workspace) -> Self {
        Self::new(&Matching::default(), &workspace.identity, &workspace.organisation.country)
    }

    fn new(matching: &Matching, identity: &IdentityRules, country: &str) -> Self {
        let mut columns = Vec::new();
        for (kind, room) in ROOM {
            for _ in 0..room {
                columns.push(Column { name: kind.word().to_owned(), kind });
            }
        }
        // A device is nobody's proof, an account is a household's, and where one person has one, all pairs differ.
        let own = identity.namespaces.iter().filter(|(name, rule)| {
            !rule.device && !rule.household && !rule.unique && !matches!(name.as_str(), "email" | "phone")
        });
        let usual = ["loyalty_id"].into_iter().filter(|name| !identity.namespaces.contains_key(*name));
        for name in own.map(|(name, _)| name.as_str()).chain(usual) {
            for _ in 0..ROOM_FOR_IDENTIFIERS {
                columns.push(Column { name: name.to_owned(), kind: FieldKind::Identifier });
            }
        }
        for (path, field) in &matching.fields {
            if let MatchField::Identifier | MatchField::Other = field
                && let Some(kind) = same_word(field)
            {
                columns.push(Column { name: path.clone(), kind });
            }
        }
        let country = (!country.is_empty()).then(|| country.to_owned());
        let (merge, review) = (bits(matching.merge_above.share()), bits(matching.review_above.share()));
        let recipes: Vec<RecipeSetting> = matching
            .blocking
            .iter()
            .map(|parts| RecipeSetting {
                parts: parts.iter().filter_map(|(field, key)| part(*field, *key)).collect(),
                cap: None,
            })
            .collect();
        let settings = Settings {
            columns: columns
                .iter()
                .map(|column| ColumnSetting { name: column.name.clone(), role: Role::Field(column.kind) })
                .collect(),
            recipes: (!recipes.is_empty()).then_some(recipes),
            match_threshold: merge,
            review_band: (merge - review).max(0.0),
            edge_threshold: review.min(0.0),
            // Events keep coming while people are compared.
            threads: std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)),
            country,
            ..Settings::default()
        };
        Self {
            rules: matching.fields.clone(),
            customs: crowsnest_linkage::table::customs(&settings),
            columns,
            settings,
            automatic: matching.automatic,
            households: matching.households,
            met: RwLock::default(),
            weigher: InForce::default(),
        }
    }

    /// The settings of the matching.
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether anybody is made one without being asked for.
    pub(crate) fn is_automatic(&self) -> bool {
        self.automatic
    }

    /// Whether it is found who lives together.
    pub(crate) fn finds_households(&self) -> bool {
        self.households
    }

    /// The names of the columns, for whoever reads records.
    pub(crate) fn headers(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// How the columns fill the slots of a layout that has them.
    pub(crate) fn intake(&self, layout: &Layout) -> Intake {
        let mut layout = Layout { closed: true, ..layout.clone() };
        layout.add_file(&self.headers(), &[], &self.settings, &mut Vec::new())
    }

    /// What a model is learned for, as a text: one for other fields or another country is no use.
    pub(crate) fn meaning(&self) -> String {
        let Settings { country, recipes, .. } = &self.settings;
        serde_json::to_string(&(&self.columns, country, recipes)).unwrap_or_default()
    }

    /// Whether a change of this trait may change with whom somebody is taken for one.
    pub(crate) fn asks_about(&self, name: &str, value: &Value) -> bool {
        match value {
            Value::Object(fields) => {
                fields.keys().any(|field| self.kind(&format!("{name}.{field}")).is_some())
            }
            _ => self.kind(name).is_some(),
        }
    }

    /// Whether identifiers of this kind are compared.
    pub(crate) fn asks_about_namespace(&self, namespace: &str) -> bool {
        matches!(namespace, "email" | "phone") || self.columns.iter().any(|column| column.name == namespace)
    }

    /// What a trait is about: by what the workspace says, or else by its name.
    fn kind(&self, path: &str) -> Option<FieldKind> {
        if let Some(field) = self.rules.get(path) {
            // `ignore` is no kind of field there.
            return same_word(field);
        }
        if let Some(known) = self.met.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return *known;
        }
        let name = path.rsplit('.').next().unwrap_or(path);
        let found = fields::detect(name, &[]).filter(|kind| match kind {
            // Of a trait by any name that looks like a number of something only the workspace can say that it is.
            FieldKind::Identifier | FieldKind::Other => false,
            // The name within an address or a company is not the person's.
            _ if path.contains('.') => matches!(
                kind,
                FieldKind::Street
                    | FieldKind::HouseNumber
                    | FieldKind::Unit
                    | FieldKind::Postcode
                    | FieldKind::City
                    | FieldKind::Country
            ),
            _ => true,
        });
        let mut met = self.met.write().unwrap_or_else(PoisonError::into_inner);
        if met.len() >= NAMES {
            met.clear();
        }
        met.insert(path.to_owned(), found);
        found
    }

    /// What likeness weighs by the model in force, or by what is known beforehand while nothing was learned for these fields.
    pub(crate) fn weigher(
        &self,
        learned: impl FnOnce() -> Result<Option<LearnedModel>, StoreError>,
    ) -> Result<Arc<Weigher>, StoreError> {
        self.weigher.get_or(|| {
            let learned = learned()?.filter(|learned| learned.meaning == self.meaning());
            let model = learned.and_then(|learned| serde_json::from_str(&learned.doc).ok());
            Ok(match model {
                Some(model) => Weigher::of(self, model),
                None => Weigher::untaught(self),
            })
        })
    }

    /// Another model is in force.
    pub(crate) fn forget_weigher(&self) {
        self.weigher.forget();
    }

    /// What somebody's traits say that is compared.
    fn said(&self, profile: &Profile) -> Said {
        self.said_by(profile.traits.iter().map(|(name, known)| (name, &known.value)))
    }

    fn said_by<'t>(&self, traits: impl Iterator<Item = (&'t String, &'t Value)>) -> Said {
        let mut said = Said::default();
        for (name, value) in traits {
            match value {
                Value::Object(fields) => {
                    for (field, value) in fields {
                        self.say(&mut said, name, &format!("{name}.{field}"), value);
                    }
                }
                value => self.say(&mut said, "", name, value),
            }
        }
        said
    }

    /// When somebody was born, as far as it can be read: a year, a month and a day with `-` between.
    pub(crate) fn birth_date(&self, profile: &Profile) -> Option<String> {
        let said = self.said(profile).texts(FieldKind::BirthDate).into_iter().next()?;
        Some(fields::read(FieldKind::BirthDate, &said, &self.customs)?.clean.into())
    }

    /// By what somebody is compared; `None` when that is too little to compare.
    pub(crate) fn record(&self, profile: &Profile) -> Option<Record> {
        Some(self.all_said(profile)).filter(|record| record.filled().count() >= LEAST_FIELDS)
    }

    /// The same, however little it is.
    pub(crate) fn all_said(&self, profile: &Profile) -> Record {
        let mut links: Vec<_> = profile.goes_by().collect();
        links.sort_by(|a, b| b.last_seen.cmp(&a.last_seen).then_with(|| a.value.cmp(&b.value)));
        let links = links.into_iter().map(|link| (link.namespace.as_str(), link.value.as_str()));
        self.record_of(&self.said(profile), links)
    }

    /// What an event says of a person, however little it is.
    pub(crate) fn record_of_event(&self, traits: &Object, named: &[Identifier]) -> Record {
        let links = named.iter().map(|identifier| (identifier.namespace.as_str(), identifier.value.as_str()));
        self.record_of(&self.said_by(traits.iter()), links)
    }

    fn record_of<'l>(&self, said: &Said, links: impl Iterator<Item = (&'l str, &'l str)>) -> Record {
        let mut record = Record(vec![String::new(); self.columns.len()]);
        let (forename, surname) = said.full_name(&self.customs);
        self.put(&mut record, FieldKind::Forename, None, &forename);
        self.put(&mut record, FieldKind::Surname, None, &surname);
        for kind in ROOM.map(|(kind, _)| kind) {
            for text in said.texts(kind) {
                self.put(&mut record, kind, None, &text);
            }
        }
        for (kind, path, text) in said.others() {
            self.put(&mut record, kind, Some(path), text);
        }
        for (namespace, value) in links {
            match namespace {
                "email" => self.put(&mut record, FieldKind::Email, None, value),
                "phone" => self.put(&mut record, FieldKind::Phone, None, value),
                _ => self.put(&mut record, FieldKind::Identifier, Some(namespace), value),
            }
        }
        record
    }

    /// The columns of what is a person's own.
    fn own(&self) -> impl Iterator<Item = usize> {
        let own = |kind| matches!(kind, FieldKind::Forename | FieldKind::BirthDate);
        (0..self.columns.len()).filter(move |place| own(self.columns[*place].kind))
    }

    /// Whether anything is said that is a person's own.
    pub(crate) fn says_own(&self, record: &Record) -> bool {
        self.own().any(|column| !record.column(column).is_empty())
    }

    /// Whether nothing that is a person's own is spelt otherwise in two records.
    pub(crate) fn spells_alike(&self, one: &Record, other: &Record) -> bool {
        self.own().all(|column| {
            let (one, other) = (one.column(column), other.column(column));
            one.is_empty() || other.is_empty() || one.eq_ignore_ascii_case(other)
        })
    }

    /// What a record says of a field that is a person's own, by the name that the comparison has for it.
    pub(crate) fn own_text<'r>(&self, record: &'r Record, field: &str) -> &'r str {
        let is = |column: &usize| self.columns[*column].kind.word().replace('_', " ") == field;
        self.own().find(is).map_or("", |column| record.column(column))
    }

    fn say(&self, said: &mut Said, parent: &str, path: &str, value: &Value) {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return,
        };
        if let Some(kind) = self.kind(path).filter(|_| !text.is_empty() && text.len() <= LONGEST) {
            said.0.push(Saying { kind, parent: parent.to_owned(), path: path.to_owned(), text });
        }
    }

    /// Puts a text into the next free column of its kind, unless it is there already or none is free.
    fn put(&self, record: &mut Record, kind: FieldKind, name: Option<&str>, text: &str) {
        if text.is_empty() {
            return;
        }
        for (column, place) in self.columns.iter().zip(&mut record.0) {
            if column.kind != kind || name.is_some_and(|name| column.name != name) {
                continue;
            }
            if place.is_empty() {
                text.clone_into(place);
                return;
            }
            if place.eq_ignore_ascii_case(text) || kind == FieldKind::Phone && same_number(place, text) {
                return;
            }
        }
    }

    /// A record as a document that is kept.
    pub(crate) fn to_doc(&self, record: &Record) -> String {
        let mut doc: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (column, text) in self.columns.iter().zip(&record.0).filter(|(_, text)| !text.is_empty()) {
            doc.entry(&column.name).or_default().push(text);
        }
        serde_json::to_string(&doc).unwrap_or_default()
    }

    /// A record out of a document; what is not compared any more is left out.
    pub(crate) fn read_doc(&self, doc: &str) -> Record {
        let doc: BTreeMap<String, Vec<String>> = serde_json::from_str(doc).unwrap_or_default();
        let mut record = Record(vec![String::new(); self.columns.len()]);
        for (column, place) in self.columns.iter().zip(0..) {
            let nth = self.columns[..place].iter().filter(|before| before.name == column.name).count();
            if let Some(text) = doc.get(&column.name).and_then(|texts| texts.get(nth)) {
                text.clone_into(&mut record.0[place]);
            }
        }
        record
    }
}

/// Whether two telephone numbers are one, with and without the country's code.
fn same_number(one: &str, other: &str) -> bool {
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).collect::<Vec<u8>>();
    let (one, other) = (digits(one), digits(other));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let local = short.strip_prefix(b"0").unwrap_or(&short);
    local.len() >= 7 && long.ends_with(local)
}

fn part(field: MatchField, key: MatchKey) -> Option<PartSetting> {
    Some(PartSetting { field: same_word(field)?, key: same_word::<Key>(key)? })
}

/// One thing that somebody says of themselves.
struct Saying {
    kind: FieldKind,
    /// The object that it stands in.
    parent: String,
    path: String,
    text: String,
}

/// All that somebody says of themselves, in the order of the names of traits.
#[derive(Default)]
struct Said(Vec<Saying>);

impl Said {
    /// Forename and surname out of the full name, where they are not said by themselves.
    fn full_name(&self, customs: &Customs) -> (String, String) {
        let says = |kind| self.0.iter().any(|saying| saying.kind == kind);
        let full = self.0.iter().find(|saying| saying.kind == FieldKind::FullName);
        match full {
            Some(full) if !says(FieldKind::Forename) || !says(FieldKind::Surname) => {
                let (forename, surname) = split_full_name(&full.text, customs);
                let unless = |kind, text| if says(kind) { String::new() } else { text };
                (unless(FieldKind::Forename, forename), unless(FieldKind::Surname, surname))
            }
            _ => Default::default(),
        }
    }

    /// The texts of a kind; streets with the number of the house.
    fn texts(&self, kind: FieldKind) -> Vec<String> {
        let number = |street: &Saying| {
            let number = self
                .0
                .iter()
                .find(|other| other.kind == FieldKind::HouseNumber && other.parent == street.parent);
            number.filter(|_| kind == FieldKind::Street).map(|number| number.text.as_str())
        };
        self.0
            .iter()
            .filter(|saying| saying.kind == kind)
            .map(|saying| match number(saying) {
                Some(number) => format!("{} {number}", saying.text),
                None => saying.text.clone(),
            })
            .collect()
    }

    /// What is compared under a name of its own.
    fn others(&self) -> impl Iterator<Item = (FieldKind, &str, &str)> {
        self.0
            .iter()
            .filter(|saying| matches!(saying.kind, FieldKind::Identifier | FieldKind::Other))
            .map(|saying| (saying.kind, saying.path.as_str(), saying.text.as_str()))
    }
}

#[cfg(test)]
mod tests;
