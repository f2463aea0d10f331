//! By what a person is compared with others: their traits and identifiers, as one record of a few columns.

mod record;
mod said;

pub(crate) use record::Record;

use crowsnest_linkage::{
    Settings,
    fields::{self, Customs, FieldKind, Key},
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
use said::{Said, Saying};

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
}

fn part(field: MatchField, key: MatchKey) -> Option<PartSetting> {
    Some(PartSetting { field: same_word(field)?, key: same_word::<Key>(key)? })
}

#[cfg(test)]
mod tests;
