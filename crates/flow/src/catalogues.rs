//! Catalogues as people ask about them, and items that they put there or take away.

use crate::{Engine, FlowError, Live};
use crowsnest_model::{
    Duration, Item, Object, Time,
    definition::{Catalogue, ValueType},
    item::Report,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// The source of items that come by hand or through the API, and by no feed.
const BY_HAND: &str = "api";

/// For so long after it has lost its point it is kept who watches what: a file that comes late tells of changes of its own
/// time, and changes wait while a new definition is built.
const SPARE: Duration = Duration::days(32);

/// So many items are looked at in one commit when it is forgotten who watched them.
const ITEMS: usize = 200;

/// How far ahead of us a clock may be.
const AHEAD: Duration = Duration::days(1);

/// A catalogue, and how much is in it.
#[derive(Debug, Clone, Serialize)]
pub struct CatalogueReport {
    /// Its name.
    pub catalogue: String,
    /// What people call it.
    pub title: Option<String>,
    /// What is known of an item, and of what types that is.
    pub fields: BTreeMap<String, ValueType>,
    /// How many items are there and not gone.
    pub items: u64,
    /// The latest moment of which all items were listed.
    pub listed_until: Option<Time>,
}

/// An item of a catalogue.
#[derive(Debug, Clone, Serialize)]
pub struct ItemReport {
    /// What it is known by.
    pub key: String,
    /// What is known of it.
    pub fields: Object,
    /// It is gone.
    pub gone: bool,
    /// When the fields were true.
    pub time: Option<Time>,
    /// Who said so.
    pub source: String,
}

impl From<Item> for ItemReport {
    fn from(item: Item) -> Self {
        let gone = item.gone();
        let Item { key, fields, time, source, .. } = item;
        Self { key, fields, gone, time, source }
    }
}

/// What came of putting or removing an item.
#[derive(Debug, Clone, Serialize)]
pub struct ItemPut {
    /// It is another one now. An older word, or the same again, changes nothing.
    pub changed: bool,
    /// The item as it stands.
    pub item: ItemReport,
}

impl Live {
    pub(crate) fn catalogue(&self, name: &str) -> Result<&Catalogue, FlowError> {
        let known = &self.workspace().catalogues;
        known
            .get(name)
            .ok_or_else(|| FlowError::not_found("catalogue", name, known.keys().map(String::as_str)))
    }
}

impl Engine {
    /// All catalogues, with how much is in each. It blocks.
    pub fn catalogues(&self) -> Result<Vec<CatalogueReport>, FlowError> {
        let live = self.live();
        self.read(|read| {
            let catalogues = live.workspace().catalogues.values();
            catalogues
                .map(|catalogue| {
                    let fields = catalogue.fields.iter();
                    Ok(CatalogueReport {
                        catalogue: catalogue.name.clone(),
                        title: catalogue.title.clone(),
                        fields: fields.map(|(name, field)| (name.clone(), field.kind)).collect(),
                        items: read.item_count(&catalogue.name)?,
                        listed_until: read.listed_until(&catalogue.name)?,
                    })
                })
                .collect()
        })
    }

    /// Items of a catalogue in the order of their keys, after `after`, those that are gone among them. It blocks.
    pub fn items(
        &self,
        catalogue: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<ItemReport>, FlowError> {
        self.live().catalogue(catalogue)?;
        let items = self.read(|read| read.items(catalogue, after, limit))?;
        Ok(items.into_iter().map(ItemReport::from).collect())
    }

    /// An item of a catalogue. It blocks.
    pub fn item(&self, catalogue: &str, key: &str) -> Result<ItemReport, FlowError> {
        self.live().catalogue(catalogue)?;
        let found = self.read(|read| read.item(catalogue, key))?.filter(|item| item.time.is_some());
        found.map(ItemReport::from).ok_or_else(|| FlowError::not_found("item", key, []))
    }

    /// These are an item's fields, as of a moment (now, if not said). An older word than the one that is known changes
    /// nothing.
    pub async fn put_item(
        &self,
        catalogue: &str,
        key: &str,
        mut fields: Object,
        time: Option<Time>,
    ) -> Result<ItemPut, FlowError> {
        let live = self.live();
        let declared = live.catalogue(catalogue)?;
        fields.retain(|_, value| !value.is_null());
        crowsnest_ingest::check_item(declared, key, &fields, &live.workspace().organisation.country)
            .map_err(FlowError::Invalid)?;
        self.say_of_item(catalogue, key, time, |time| Report::Fields { fields, time, listed: time }).await
    }

    /// An item is gone, as of a moment (now, if not said).
    pub async fn remove_item(
        &self,
        catalogue: &str,
        key: &str,
        time: Option<Time>,
    ) -> Result<ItemPut, FlowError> {
        self.live().catalogue(catalogue)?;
        self.say_of_item(catalogue, key, time, Report::Gone).await
    }

    /// Forgets who said so long ago that they watch an item that no program asks for it any more. Those of an item that
    /// changes are forgotten then; this is for items that never do. Answers of how many items.
    pub async fn forget_watchers(&self) -> Result<u64, FlowError> {
        let mut all = 0;
        let interests: Vec<_> =
            self.live().plan().interests().map(|(interest, within)| (interest.id(), within)).collect();
        for (interest, within) in interests {
            let before = self.now().minus(within).minus(SPARE);
            let mut after: Option<String> = None;
            loop {
                let (engine, last) = (self.clone(), after.take());
                // A reader looks for them, so that no event has to wait for that.
                let found = tokio::task::spawn_blocking(move || {
                    engine.read(|read| read.watched_before(interest, before, last.as_deref(), ITEMS))
                });
                let keys = found.await.map_err(|error| FlowError::Broken(error.to_string()))??;
                after = keys.last().cloned();
                if after.is_none() {
                    break;
                }
                all += keys.len() as u64;
                self.commit(move |work| {
                    // A program that asks for longer may have come meanwhile.
                    let kept = work.live.plan().kept(interest);
                    let before = kept.map_or(before, |kept| before.min(work.now.minus(kept).minus(SPARE)));
                    keys.iter().try_for_each(|key| Ok(work.unit.forget_watchers(interest, key, before)?))
                })
                .await?;
            }
        }
        Ok(all)
    }

    /// Does so at the start and once a day.
    pub async fn keep_forgetting_watchers(self) {
        loop {
            match self.forget_watchers().await {
                Ok(_) => {}
                Err(FlowError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, "who watched items long ago could not be forgotten; tried again in a day");
                }
            }
            tokio::time::sleep(Duration::days(1).to_std()).await;
        }
    }

    async fn say_of_item(
        &self,
        catalogue: &str,
        key: &str,
        time: Option<Time>,
        report: impl FnOnce(Time) -> Report + Send + 'static,
    ) -> Result<ItemPut, FlowError> {
        let (catalogue, key) = (catalogue.to_owned(), key.to_owned());
        self.commit(move |work| {
            let time = time.unwrap_or(work.now);
            if time > work.now.plus(AHEAD) {
                return Err(FlowError::Invalid(format!(
                    "{time} lies in the future: expected a moment at which the item was so"
                )));
            }
            let said = report(time.min(work.now));
            let changed = work.take_in_items(&catalogue, BY_HAND, [(key.clone(), said)], true)? > 0;
            let item = work
                .unit
                .item(&catalogue, &key)?
                .ok_or_else(|| FlowError::Broken("an item is not there after it was put".into()))?;
            Ok(ItemPut { changed, item: item.into() })
        })
        .await
    }
}
