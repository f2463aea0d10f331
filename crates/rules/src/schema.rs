//! What names a condition may use, and what is known of their types.

use crate::{error::nearest, kinds::Type};
use crowsnest_model::series::Granularity;
use std::collections::{BTreeMap, BTreeSet};

/// The names that exist, and their types.
///
/// It begins [open](Schema::open). The first trait, event property, topic or channel that is declared closes the list
/// of its kind: from then on, other names of that kind are errors.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    traits: BTreeMap<String, Type>,
    other_traits: bool,
    /// By event; those under `None` belong to every event.
    properties: BTreeMap<Option<String>, BTreeMap<String, Type>>,
    other_properties: bool,
    about: Option<String>,
    topics: Option<BTreeSet<String>>,
    channels: Option<BTreeSet<String>>,
    no_event: bool,
    segments: Option<BTreeSet<String>>,
    programs: Option<BTreeSet<String>>,
    metrics: BTreeMap<String, (String, Granularity)>,
    granularity: Granularity,
    trait_values: BTreeMap<String, Vec<String>>,
    /// By event and property.
    property_values: BTreeMap<(String, String), Vec<String>>,
    item: Items,
}

/// Whether there is an item that has changed, and what is known of it.
#[derive(Debug, Clone, Default)]
enum Items {
    /// There may be one, with any fields.
    #[default]
    Any,
    None,
    Of(BTreeMap<String, Type>),
}

/// A name that does not exist, and the one that was probably meant.
pub(crate) struct Unknown<'a> {
    pub(crate) nearest: Option<&'a str>,
}

impl Schema {
    /// Everything is allowed: traits and properties may be of any type, topics and channels are not checked.
    pub fn open() -> Self {
        Self::default()
    }

    /// Declares a trait. A trait declared twice may be either.
    pub fn with_profile_trait(mut self, name: impl Into<String>, kind: Type) -> Self {
        declare(&mut self.traits, name.into(), kind);
        self
    }

    /// Declares a property of one event, or with `None` of every event. Declared twice, it may be either.
    pub fn with_event_property(mut self, event: Option<&str>, name: impl Into<String>, kind: Type) -> Self {
        declare(self.properties.entry(event.map(Into::into)).or_default(), name.into(), kind);
        self
    }

    /// Traits that are not declared are allowed too, and may be of any type.
    pub fn with_other_traits(mut self) -> Self {
        self.other_traits = true;
        self
    }

    /// Event properties that are not declared are allowed too, and may be of any type.
    pub fn with_other_properties(mut self) -> Self {
        self.other_properties = true;
        self
    }

    /// Declares topics; from then on, others are errors.
    pub fn with_topics<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.topics.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// Declares channels; from then on, others are errors.
    pub fn with_channels<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.channels.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// Declares segments; from then on, others are errors.
    pub fn with_segments<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.segments.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// Declares programs; from then on, others are errors.
    pub fn with_programs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.programs.get_or_insert_default().extend(names.into_iter().map(Into::into));
        self
    }

    /// Declares a metric: `metric(name)` stands for the expression in `text`, which is read where it is used. A metric
    /// that is not declared is always an error. What it asks of events is read at its granularity, wherever it is used.
    pub fn with_metric(
        mut self,
        name: impl Into<String>,
        text: impl Into<String>,
        granularity: Granularity,
    ) -> Self {
        self.metrics.insert(name.into(), (text.into(), granularity));
        self
    }

    /// For the text of a metric itself: what it asks of events is read at this granularity.
    pub fn read_by(self, granularity: Granularity) -> Self {
        Self { granularity, ..self }
    }

    /// At which granularity a text is read that is not the text of a metric named in it.
    pub(crate) fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// Declares the texts that a trait can be. Comparing it with another is doubtful, and not an error.
    pub fn with_trait_values(mut self, name: impl Into<String>, values: Vec<String>) -> Self {
        self.trait_values.insert(name.into(), values);
        self
    }

    /// Declares the texts that a property of an event can be. Comparing it with another is doubtful, and not an error.
    pub fn with_property_values(mut self, event: &str, name: &str, values: Vec<String>) -> Self {
        self.property_values.insert((event.to_owned(), name.to_owned()), values);
        self
    }

    /// There is no item, as wherever no catalogue begins a program.
    pub fn without_item(mut self) -> Self {
        self.item = Items::None;
        self
    }

    /// There is an item that has changed, with these fields and no others.
    pub fn with_item(mut self, fields: impl IntoIterator<Item = (String, Type)>) -> Self {
        self.item = Items::Of(fields.into_iter().collect());
        self
    }

    /// There is no event, as in an audience.
    pub fn without_event(mut self) -> Self {
        self.no_event = true;
        self
    }

    /// The event is always one of this name, so only its properties and those of every event count. Without any
    /// declared for it, all are allowed.
    pub fn for_event(mut self, name: impl Into<String>) -> Self {
        self.about = Some(name.into());
        self
    }

    /// Whether there can be an event.
    pub(crate) fn has_event(&self) -> bool {
        !self.no_event
    }

    /// Whether there can be an item.
    pub(crate) fn has_item(&self) -> bool {
        !matches!(self.item, Items::None)
    }

    /// The type of a field of the item.
    pub(crate) fn item_field(&self, name: &str) -> Result<Type, Unknown<'_>> {
        match &self.item {
            Items::Any => Ok(Type::Any),
            Items::None => Err(Unknown { nearest: None }),
            Items::Of(fields) => fields
                .get(name)
                .copied()
                .ok_or_else(|| Unknown { nearest: nearest(name, fields.keys().map(String::as_str)) }),
        }
    }

    /// The type of a trait.
    pub(crate) fn profile_trait(&self, name: &str) -> Result<Type, Unknown<'_>> {
        match self.traits.get(name) {
            Some(kind) => Ok(*kind),
            None if self.other_traits || self.traits.is_empty() => Ok(Type::Any),
            None => Err(Unknown { nearest: nearest(name, self.traits.keys().map(String::as_str)) }),
        }
    }

    /// Whether a trait of this name was declared.
    pub(crate) fn declares_trait(&self, name: &str) -> bool {
        self.traits.contains_key(name)
    }

    /// The type of a property of an event of this name, or with `None` of the event at hand.
    pub(crate) fn property(&self, event: Option<&str>, name: &str) -> Result<Type, Unknown<'_>> {
        let about = event.or(self.about.as_deref());
        let relevant = || {
            self.properties
                .iter()
                .filter(|(event, _)| about.is_none() || event.is_none() || event.as_deref() == about)
                .map(|(_, properties)| properties)
        };
        let declared = relevant().filter_map(|properties| properties.get(name).copied()).reduce(Type::joined);
        match declared {
            Some(kind) => Ok(kind),
            None if self.other_properties || !self.closes_properties(about) => Ok(Type::Any),
            None => Err(Unknown {
                nearest: nearest(
                    name,
                    relevant().flat_map(|properties| properties.keys().map(String::as_str)),
                ),
            }),
        }
    }

    /// The texts that a trait can be, where that is declared.
    pub(crate) fn values_of_trait(&self, name: &str) -> Option<&[String]> {
        self.trait_values.get(name).map(Vec::as_slice)
    }

    /// The texts that a property can be of an event of this name, or with `None` of the event at hand.
    pub(crate) fn values_of_property(&self, event: Option<&str>, name: &str) -> Option<&[String]> {
        let event = event.or(self.about.as_deref())?;
        self.property_values.get(&(event.to_owned(), name.to_owned())).map(Vec::as_slice)
    }

    fn closes_properties(&self, about: Option<&str>) -> bool {
        match about {
            Some(_) => self.properties.keys().any(|event| event.as_deref() == about),
            None => !self.properties.is_empty(),
        }
    }

    /// Checks a topic.
    pub(crate) fn topic(&self, name: &str) -> Result<(), Unknown<'_>> {
        check(self.topics.as_ref(), name)
    }

    /// Checks a channel.
    pub(crate) fn channel(&self, name: &str) -> Result<(), Unknown<'_>> {
        check(self.channels.as_ref(), name)
    }

    /// Checks a segment.
    pub(crate) fn segment(&self, name: &str) -> Result<(), Unknown<'_>> {
        check(self.segments.as_ref(), name)
    }

    /// Checks a program.
    pub(crate) fn program(&self, name: &str) -> Result<(), Unknown<'_>> {
        check(self.programs.as_ref(), name)
    }

    /// What a metric stands for.
    pub(crate) fn metric(&self, name: &str) -> Result<(&str, Granularity), Unknown<'_>> {
        self.metrics
            .get(name)
            .map(|(text, granularity)| (text.as_str(), *granularity))
            .ok_or_else(|| Unknown { nearest: nearest(name, self.metrics.keys().map(String::as_str)) })
    }
}

fn declare(into: &mut BTreeMap<String, Type>, name: String, kind: Type) {
    into.entry(name).and_modify(|known| *known = known.joined(kind)).or_insert(kind);
}

fn check<'a>(known: Option<&'a BTreeSet<String>>, name: &str) -> Result<(), Unknown<'a>> {
    match known {
        Some(names) if !names.contains(name) => {
            Err(Unknown { nearest: nearest(name, names.iter().map(String::as_str)) })
        }
        _ => Ok(()),
    }
}
