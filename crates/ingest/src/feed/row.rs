//! From the cells of one row to one event.

use super::{
    cell::Cell,
    plan::{EventPlan, FeedbackPlan, ItemPlan, Plan, Said},
};
use crate::{
    FeedbackRow, ItemRow, Reading, SourceReader,
    fault::Fault,
    nearest::{did_you_mean, listed, shown},
    source::CURRENCY,
    wire::HexDigest,
};
use crowsnest_model::{
    ConsentClaim, DeliveryId, Duration, Event, EventId, EventKind, Identifier, Object, Time, id::IdError,
    money::Currency, quarantine::Rejection,
};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

/// The longest message id, in characters.
const MAX_MESSAGE_ID: usize = 100;
/// How far after its import a row may say that it happened: clocks and zones differ by this much, dates by more.
const AHEAD: Duration = Duration::days(1);

/// What is wrong with a row, and in which of the plan's slots.
#[derive(Debug)]
pub(crate) struct RowFault {
    pub fault: Fault,
    pub slot: Option<usize>,
}

impl From<Fault> for RowFault {
    fn from(fault: Fault) -> Self {
        Self { fault, slot: None }
    }
}

fn at(slot: usize) -> impl FnOnce(Fault) -> RowFault {
    move |fault| RowFault { fault, slot: Some(slot) }
}

/// The cells of one row, one for each slot of the plan.
pub(crate) struct Row<'a> {
    pub plan: &'a Plan,
    pub cells: &'a [Cell<'a>],
}

impl Row<'_> {
    fn cell(&self, slot: usize) -> &Cell<'_> {
        self.cells.get(slot).unwrap_or(&Cell::Absent)
    }

    fn name(&self, slot: usize) -> &str {
        self.plan.slots.get(slot).map_or("", String::as_str)
    }

    /// A hash of the feed and of every cell that the mapping uses.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new().chain_update(&self.plan.name).chain_update([0]);
        for (name, cell) in self.plan.slots.iter().zip(self.cells) {
            if let Some(text) = cell.text() {
                for part in [name.as_str(), text.as_ref()] {
                    digest.update((part.len() as u64).to_be_bytes());
                    digest.update(part);
                }
            }
        }
        digest.finalize().into()
    }

    /// The event that the row is. `occurrence` is which of the rows that are the same to the letter it is, from 1.
    pub fn event(
        &self,
        digest: &[u8; 32],
        occurrence: u32,
        reader: &SourceReader,
        reading: Reading,
    ) -> Result<Event, RowFault> {
        let time = self.time(reading)?;
        let identifiers = self.identifiers(reader)?;
        let traits = self.fields(&self.plan.traits, |name| format!("{name}_currency"))?;
        let properties = self.fields(&self.plan.properties, |_| CURRENCY.to_owned())?;
        let consents = self.consents()?;
        let name = self.event_name()?;
        let message_id = self.message_id(digest, occurrence)?;
        let event = Event {
            id: EventId::of(&reader.name, &message_id),
            source: reader.name.clone(),
            message_id,
            kind: if name.is_some() { EventKind::Track } else { EventKind::Identify },
            name,
            time,
            received: reading.received,
            historical: reading.historical || self.plan.historical,
            identifiers,
            previous: None,
            traits,
            properties: raw(properties)?,
            context: None,
            consents,
        };
        reader.check_contract(&event)?;
        Ok(event)
    }

    /// The item that the row is about.
    pub fn item(
        &self,
        plan: &ItemPlan,
        reader: &SourceReader,
        reading: Reading,
    ) -> Result<ItemRow, RowFault> {
        let Some(key) = self.cell(plan.key).text() else {
            let name = self.name(plan.key);
            return Err(at(plan.key)(Fault::new(
                "required",
                format!("`{name}` is empty, but it is the item's key"),
            )));
        };
        let time = self.plan.time.as_ref().map(|_| self.time(reading)).transpose()?;
        let mut fields = self.fields(&plan.fields, |_| CURRENCY.to_owned())?;
        reader.check_item(&plan.catalogue, &key, &mut fields)?;
        Ok(ItemRow {
            catalogue: plan.catalogue.clone(),
            key: key.into_owned(),
            fields,
            time,
            complete: plan.complete,
            historical: reading.historical || self.plan.historical,
        })
    }

    /// What the row says came back on a message. `unknown` makes of a fault what goes to the quarantine should there be no
    /// such message.
    pub fn feedback(
        &self,
        plan: &FeedbackPlan,
        digest: &[u8; 32],
        occurrence: u32,
        reading: Reading,
        unknown: impl FnOnce(Fault) -> Rejection,
    ) -> Result<FeedbackRow, RowFault> {
        let cell = |slot: usize, about: &str| {
            self.cell(slot).text().ok_or_else(|| {
                at(slot)(Fault::new(
                    "required",
                    format!("`{}` is empty, but it says {about}", self.name(slot)),
                ))
            })
        };
        let wanted = cell(plan.delivery, "of which message the row is")?;
        let delivery: DeliveryId = wanted.trim().parse().map_err(|error: IdError| {
            let name = self.name(plan.delivery);
            at(plan.delivery)(Fault::new("delivery", format!("`{name}`: {error}")))
        })?;
        let word = cell(plan.what, "what came back")?;
        let known = || plan.words.keys().map(String::as_str);
        let Some(what) = plan.words.get(&word.trim().to_lowercase()) else {
            let reason = format!(
                "`{}`: `{}` is not among {}{}",
                self.name(plan.what),
                shown(&word),
                listed(known()),
                did_you_mean(&word, known())
            );
            return Err(at(plan.what)(Fault::new("feedback", reason)));
        };
        let said = plan.said.and_then(|slot| self.cell(slot).text()).unwrap_or(word);
        let reason = format!("`{}`: there is no message {delivery}", self.name(plan.delivery));
        Ok(FeedbackRow {
            delivery,
            id: self.message_id(digest, occurrence)?,
            time: self.time(reading)?,
            what: *what,
            said: shown(said.trim()),
            unknown: unknown(Fault::new("delivery", reason)),
        })
    }

    fn time(&self, reading: Reading) -> Result<Time, RowFault> {
        let Some((slot, format, zone)) = &self.plan.time else { return Ok(reading.received) };
        let name = self.name(*slot);
        let Some(text) = self.cell(*slot).text() else {
            return Err(at(*slot)(Fault::new(
                "required",
                format!("`{name}` is empty, but it says when it happened"),
            )));
        };
        let time = format.read(&text, zone).ok_or_else(|| {
            let expected = format.in_words();
            at(*slot)(Fault::new(
                "date",
                format!("`{name}`: `{}` is not a moment: expected {expected}", shown(&text)),
            ))
        })?;
        let time = time.plus(reading.shift);
        if time > reading.received.plus(AHEAD) {
            return Err(at(*slot)(Fault::new(
                "date",
                format!(
                    "`{name}`: `{}` lies in the future: an event is something that happened",
                    shown(&text)
                ),
            )));
        }
        Ok(time.clamp(*Time::RANGE.start(), reading.received))
    }

    fn identifiers(&self, reader: &SourceReader) -> Result<Vec<Identifier>, RowFault> {
        let mut found: Vec<Identifier> = Vec::with_capacity(self.plan.identifiers.len());
        for (namespace, field) in &self.plan.identifiers {
            let name = self.name(field.slot);
            let value = match field.read(name, self.cell(field.slot)).map_err(at(field.slot))? {
                None => continue,
                Some(Value::String(text)) => text,
                Some(value) => value.to_string(),
            };
            if value.len() > crate::wire::MAX_IDENTIFIER {
                let limit = crate::wire::MAX_IDENTIFIER;
                let reason = format!("`{name}` has {} bytes: an identifier has at most {limit}", value.len());
                return Err(at(field.slot)(Fault::new("identifier", reason)));
            }
            found.push(Identifier::new(namespace.clone(), value));
        }
        if reader.names_a_person(&found) {
            return Ok(found);
        }
        let fields = self.plan.identifiers.iter().map(|(_, field)| self.name(field.slot));
        Err(Fault::new(
            "no-identifier",
            format!("nothing says who this is: of {} none names a person in this row", listed(fields)),
        )
        .into())
    }

    /// The values of these fields. Beside an amount of money stands its currency, unless a field says it.
    fn fields(
        &self,
        fields: &[(String, super::field::Field)],
        currency_name: impl Fn(&str) -> String,
    ) -> Result<Object, RowFault> {
        let mut object = Object::new();
        let mut currencies: Vec<(String, Currency)> = Vec::new();
        for (name, field) in fields {
            let read = field.read(self.name(field.slot), self.cell(field.slot)).map_err(at(field.slot))?;
            if let Some(value) = read {
                object.insert(name.clone(), value);
                currencies.extend(field.currency().map(|currency| (currency_name(name), currency)));
            }
        }
        for (name, currency) in currencies {
            object.entry(name).or_insert_with(|| currency.to_string().into());
        }
        Ok(object)
    }

    fn consents(&self) -> Result<Vec<ConsentClaim>, RowFault> {
        let mut claims = Vec::new();
        for consent in &self.plan.consents {
            let status = match consent.said {
                Said::Always(status) => status,
                Said::By(slot) => {
                    let Some(text) = self.cell(slot).text() else { continue };
                    consent.status(&text).ok_or_else(|| {
                        let words = |list: &[String], usual: [&str; 4]| match list {
                            [] => listed(usual),
                            list => listed(list.iter().map(String::as_str)),
                        };
                        at(slot)(Fault::new(
                            "consent",
                            format!(
                                "`{}`: `{}` is neither consent ({}) nor its withdrawal ({})",
                                self.name(slot),
                                shown(&text),
                                words(&consent.map.granted, ["true", "yes", "y", "1"]),
                                words(&consent.map.withdrawn, ["false", "no", "n", "0"]),
                            ),
                        ))
                    })?
                }
            };
            claims.push(ConsentClaim {
                channel: consent.map.channel.clone(),
                contact: consent
                    .contact
                    .and_then(|slot| self.cell(slot).text())
                    .map(std::borrow::Cow::into_owned),
                topic: consent.map.topic.clone(),
                status,
                evidence: consent.map.evidence.clone(),
            });
        }
        Ok(claims)
    }

    fn event_name(&self) -> Result<Option<String>, RowFault> {
        let (slot, names) = match &self.plan.event {
            None => return Ok(None),
            Some(EventPlan::Fixed(name)) => return Ok(Some(name.clone())),
            Some(EventPlan::Field { slot, names }) => (*slot, names),
        };
        let field = self.name(slot);
        let Some(text) = self.cell(slot).text() else {
            return Err(at(slot)(Fault::new(
                "required",
                format!("`{field}` is empty, but it says what happened"),
            )));
        };
        if names.is_empty() {
            return Ok(Some(text.into_owned()));
        }
        let known = || names.keys().map(String::as_str);
        match names.get(text.as_ref()) {
            Some(name) => Ok(Some(name.clone())),
            None => Err(at(slot)(Fault::new(
                "event-name",
                format!(
                    "`{field}`: `{}` is not among {}{}",
                    shown(&text),
                    listed(known()),
                    did_you_mean(&text, known())
                ),
            ))),
        }
    }

    /// By `row_id`, the feed and its values, hashed when they are long; else a hash of the row.
    fn message_id(&self, digest: &[u8; 32], occurrence: u32) -> Result<String, RowFault> {
        let feed = &self.plan.name;
        if self.plan.row_id.is_empty() {
            let number = if occurrence > 1 { format!("#{occurrence}") } else { String::new() };
            return Ok(format!("row-{:x}{number}", HexDigest(digest)));
        }
        let parts: Vec<String> = self
            .plan
            .row_id
            .iter()
            .map(|slot| self.cell(*slot).text().map_or_else(String::new, std::borrow::Cow::into_owned))
            .collect();
        if parts.iter().all(String::is_empty) {
            let names = listed(self.plan.row_id.iter().map(|slot| self.name(*slot)));
            return Err(Fault::new("required", format!("{names} is empty, but it names the row")).into());
        }
        let plain = format!("{feed}:{}", parts.join("|"));
        if plain.chars().count() <= MAX_MESSAGE_ID && !parts.iter().any(|part| part.contains('|')) {
            return Ok(plain);
        }
        let mut hash = Sha256::new().chain_update(feed).chain_update([0]);
        for part in &parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Ok(format!("row-id-{:x}", HexDigest(&hash.finalize())))
    }
}

fn raw(properties: Object) -> Result<Option<Box<RawValue>>, Fault> {
    if properties.is_empty() {
        return Ok(None);
    }
    serde_json::value::to_raw_value(&properties)
        .map(Some)
        .map_err(|error| Fault::new("json", format!("the row cannot be written as JSON: {error}")))
}
