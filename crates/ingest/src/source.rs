//! What is needed to read one source, compiled once from the workspace.

use crate::{feed::plan::Plan, nearest::did_you_mean};
use crowsnest_model::{
    Event, Identifier, Namespace, Object,
    definition::{Catalogue, Contract, IdentityRules, Source, Workspace},
    money::Currency,
};
use jiff::tz::TimeZone;
use std::{collections::BTreeMap, sync::Arc};

/// The field in which an amount of money says what it is counted in.
pub(crate) const CURRENCY: &str = "currency";

/// Everything needed to read one source, compiled once from the workspace.
#[derive(Debug, Clone)]
pub struct SourceReader {
    source: Source,
    pub(crate) name: Arc<str>,
    pub(crate) locale: Locale,
    pub(crate) contract: Option<Contract>,
    pub(crate) plans: BTreeMap<String, Arc<Plan>>,
    /// The catalogues of which its feeds have items.
    catalogues: BTreeMap<String, Catalogue>,
    pub(crate) namespaces: Namespaces,
    identity: IdentityRules,
}

/// Why the definitions of a source cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The workspace has no such source.
    #[error("there is no source `{name}`{hint}")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The nearest name, in a half sentence.
        hint: String,
    },
    /// A field of the source's definition, or a field of the workspace that it relies on, is wrong.
    #[error("{field}: {reason}")]
    Field {
        /// The field, such as `feeds.orders.properties.revenue.currency`.
        field: String,
        /// What is wrong and what was expected.
        reason: String,
    },
}

impl SourceError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}

/// What the workspace says about values that do not say it themselves.
#[derive(Debug, Clone)]
pub(crate) struct Locale {
    pub country: Option<phonenumber::country::Id>,
    pub zone: Option<TimeZone>,
    pub currency: Option<Currency>,
}

/// The namespaces that every wire event uses, made once.
#[derive(Debug, Clone)]
pub(crate) struct Namespaces {
    pub user_id: Namespace,
    pub anonymous_id: Namespace,
    pub account: Namespace,
    pub email: Namespace,
    pub phone: Namespace,
}

impl SourceReader {
    /// Compiles the source called `source`: resolves its contract, and the time zones, currencies, countries, encodings
    /// and date formats of its feeds.
    pub fn new(workspace: &Workspace, source: &str) -> Result<Self, SourceError> {
        let found = workspace.sources.get(source).ok_or_else(|| SourceError::Unknown {
            name: source.to_owned(),
            hint: did_you_mean(source, workspace.sources.keys().map(String::as_str)),
        })?;
        let contract = match &found.contract {
            None => None,
            Some(name) => Some(workspace.contracts.get(name).cloned().ok_or_else(|| {
                let near = did_you_mean(name, workspace.contracts.keys().map(String::as_str));
                SourceError::field("contract", format!("there is no contract `{name}`{near}"))
            })?),
        };
        let organisation = &workspace.organisation;
        let said = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
        let locale = Locale {
            country: said(&organisation.country)
                .map(|code| country("workspace.country", &code))
                .transpose()?,
            zone: said(&organisation.time_zone).map(|name| zone("workspace.time_zone", &name)).transpose()?,
            currency: said(&organisation.currency)
                .map(|code| currency("workspace.currency", &code))
                .transpose()?,
        };
        let plans = found
            .feeds
            .iter()
            .map(|(name, feed)| Ok((name.clone(), Arc::new(Plan::new(name, feed, &locale)?))))
            .collect::<Result<_, SourceError>>()?;
        let mut catalogues = BTreeMap::new();
        for (feed, name) in
            found.feeds.iter().filter_map(|(name, feed)| Some((name, feed.catalogue.as_ref()?)))
        {
            let catalogue = workspace.catalogues.get(name).ok_or_else(|| {
                let near = did_you_mean(name, workspace.catalogues.keys().map(String::as_str));
                let place = format!("feeds.{feed}.catalogue");
                SourceError::field(place, format!("there is no catalogue `{name}`{near}"))
            })?;
            catalogues.insert(name.clone(), catalogue.clone());
        }
        Ok(Self {
            catalogues,
            source: found.clone(),
            name: Arc::from(found.name.as_str()),
            locale,
            contract,
            plans,
            namespaces: Namespaces {
                user_id: "user_id".into(),
                anonymous_id: "anonymous_id".into(),
                account: "account".into(),
                email: "email".into(),
                phone: "phone".into(),
            },
            identity: workspace.identity.clone(),
        })
    }

    /// The definition of the source.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether one of the identifiers is a person's own; an account alone is nobody.
    pub(crate) fn names_a_person(&self, identifiers: &[Identifier]) -> bool {
        identifiers.iter().any(|identifier| !self.identity.rule(identifier.namespace.as_str()).household)
    }

    /// Checks an event against the contract, if the source has one.
    pub(crate) fn check_contract(&self, event: &Event) -> Result<(), crate::fault::Fault> {
        match &self.contract {
            Some(contract) => crate::contract::check(contract, event, self.locale.country),
            None => Ok(()),
        }
    }

    /// Checks an item against its catalogue.
    pub(crate) fn check_item(
        &self,
        catalogue: &str,
        key: &str,
        fields: &mut Object,
    ) -> Result<(), crate::fault::Fault> {
        let Some(declared) = self.catalogues.get(catalogue) else { return Ok(()) };
        // An amount of money brings its currency along, which counts where the catalogue wants to know it.
        if !declared.fields.contains_key(CURRENCY) {
            fields.remove(CURRENCY);
        }
        crate::item::check(declared, key, fields, self.locale.country)
    }
}

pub(crate) fn country(field: &str, code: &str) -> Result<phonenumber::country::Id, SourceError> {
    crowsnest_model::contact::country(code).map_err(|error| SourceError::field(field, error.to_string()))
}

pub(crate) fn zone(field: &str, name: &str) -> Result<TimeZone, SourceError> {
    TimeZone::get(name.trim()).map_err(|_| {
        SourceError::field(
            field,
            format!("`{name}` is not a time zone: expected an IANA name, such as America/Chicago"),
        )
    })
}

pub(crate) fn currency(field: &str, code: &str) -> Result<Currency, SourceError> {
    Currency::parse(code).map_err(|error| SourceError::field(field, error.to_string()))
}
