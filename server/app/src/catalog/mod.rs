//! The models and channels that calls are priced and routed by, remembered so that a call asks no database.

mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;
use waystation_relay::{Caller, Catalog, CatalogError, Model, Route};
use waystation_store::{ChangeKind, Store, StoreError};

pub(crate) use crate::catalog::snapshot::Offer;
use crate::catalog::snapshot::Snapshot;
use crate::changes::{ChangeListener, Freshness, Notice};
use crate::clock::now_ms;
use crate::error::error_chain;
use crate::sealing::Sealing;

/// What was read just now is believed whether or not changes are heard of: it proves as much as hearing of none.
const JUST_READ: Duration = Duration::from_secs(1);
/// However quiet it is, nothing is believed for longer without reading it again.
const BELIEVED_FOR: Duration = Duration::from_secs(60);
/// A database that does not answer for so long has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Calls that come so soon after a failed reading fail with it, instead of queueing up for another.
const FAILED_FOR: Duration = Duration::from_millis(500);

/// The catalogue of this instance.
pub(crate) struct SiteCatalog {
    store: Store,
    sealing: Sealing,
    freshness: Freshness,
    current: ArcSwapOption<Reading>,
    /// How many changes were heard of. Only a reading that began after the last of them is believed.
    changes: AtomicU64,
    /// When a reading failed last; locked while one goes on.
    failed_at: Mutex<Option<Instant>>,
}

/// What was read, and when.
struct Reading {
    snapshot: Snapshot,
    begun: Instant,
    /// How many changes were heard of when it began.
    changes: u64,
}

/// Why the catalogue could not be read.
#[derive(Debug, Error)]
enum ReadError {
    #[error("the catalogue could not be read")]
    Store(#[source] StoreError),
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the catalogue could not be read a moment ago")]
    JustFailed,
}

impl SiteCatalog {
    /// Nothing is read before the first call, or the first change that is heard of.
    pub(crate) fn new(store: Store, sealing: Sealing, freshness: Freshness) -> Self {
        SiteCatalog {
            store,
            sealing,
            freshness,
            current: ArcSwapOption::empty(),
            changes: AtomicU64::new(0),
            failed_at: Mutex::default(),
        }
    }

    /// Every model that can be asked for, by name, as people see it.
    pub(crate) async fn offers(&self) -> Result<Vec<Offer>, CatalogError> {
        Ok(self.read().await?.snapshot.offers(now_ms()))
    }

    /// What is remembered, if it may be believed; otherwise what the database says now.
    async fn read(&self) -> Result<Arc<Reading>, CatalogError> {
        if let Some(reading) = self.current.load().as_ref().filter(|reading| self.is_believable(reading)) {
            return Ok(reading.clone());
        }
        self.read_database(|reading| self.is_believable(reading)).await.map_err(|error| {
            warn!(error = error_chain(&error), "calls cannot be routed");
            CatalogError
        })
    }

    fn is_believable(&self, reading: &Reading) -> bool {
        let age = reading.begun.elapsed();
        reading.changes == self.changes.load(Ordering::Acquire)
            && (age < JUST_READ || (age < BELIEVED_FOR && self.freshness.is_believable()))
    }

    /// Reads the catalogue, unless another call did so meanwhile and what it read is good enough.
    async fn read_database(&self, is_enough: impl Fn(&Reading) -> bool) -> Result<Arc<Reading>, ReadError> {
        let mut failed_at = self.failed_at.lock().await;
        if let Some(reading) = self.current.load_full().filter(|reading| is_enough(reading)) {
            return Ok(reading);
        }
        if failed_at.is_some_and(|failed_at| failed_at.elapsed() < FAILED_FOR) {
            return Err(ReadError::JustFailed);
        }
        let (begun, changes) = (Instant::now(), self.changes.load(Ordering::Acquire));
        let now_ms = now_ms();
        match timeout(READ_TIMEOUT, self.store.load_catalog(now_ms)).await {
            Ok(Ok(rows)) => {
                let snapshot = Snapshot::of_rows(rows, &self.sealing, now_ms);
                let reading = Arc::new(Reading { snapshot, begun, changes });
                self.current.store(Some(reading.clone()));
                *failed_at = None;
                Ok(reading)
            }
            failed => {
                *failed_at = Some(Instant::now());
                Err(match failed {
                    Ok(Err(error)) => ReadError::Store(error),
                    _ => ReadError::TimedOut,
                })
            }
        }
    }

    async fn hear_of_change(&self) {
        // Counting alone takes the old reading out of use; when this one fails, the next call tries again.
        let change = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        if let Err(error) = self.read_database(|reading| reading.changes >= change).await {
            warn!(error = error_chain(&error), "the catalogue changed and could not be read");
        }
    }
}

#[async_trait]
impl Catalog for SiteCatalog {
    async fn model(&self, name: &str) -> Result<Option<Arc<Model>>, CatalogError> {
        Ok(self.read().await?.snapshot.model(name, now_ms()))
    }

    async fn models_for(&self, caller: &Caller) -> Result<Vec<Arc<Model>>, CatalogError> {
        let reading = self.read().await?;
        let may_use = |model: &Arc<Model>| caller.may_use_model(&model.name, &model.groups);
        Ok(reading.snapshot.models(now_ms()).filter(may_use).collect())
    }

    async fn routes(&self, model: &str) -> Result<Arc<[Route]>, CatalogError> {
        Ok(self.read().await?.snapshot.routes(model))
    }
}

#[async_trait]
impl ChangeListener for SiteCatalog {
    async fn hear(&self, changes: &[Notice]) {
        let concerns = |notice: &Notice| {
            matches!(notice.kind, ChangeKind::Model | ChangeKind::Price | ChangeKind::Channel)
        };
        if changes.iter().any(concerns) {
            self.hear_of_change().await;
        }
    }

    async fn hear_of_anything(&self) {
        self.hear_of_change().await;
    }
}

impl fmt::Debug for SiteCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SiteCatalog(…)")
    }
}

#[cfg(test)]
mod tests {
    use waystation_ids::ModelId;
    use waystation_store::{ModelChange, NewModel, OutputCapParameter, StoreOptions};

    use super::*;
    use crate::sealing::MasterKey;

    /// A catalogue over a database of its own, with one model.
    struct Site {
        folder: std::path::PathBuf,
        store: Store,
        catalog: SiteCatalog,
        freshness: Freshness,
        model: ModelId,
    }

    fn audited<T>() -> waystation_store::Audited<T> {
        crate::audit_trail::Doer::Server.does("test", "model", "").showing(|_| None)
    }

    impl Site {
        async fn new(name: &str) -> Site {
            let folder =
                std::env::temp_dir().join(format!("waystation-catalog-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            let url = format!("sqlite:{}?mode=rwc", folder.join("site.db").display());
            let store = Store::connect(&StoreOptions { url, max_connections: 1 }).await.unwrap();
            store.migrate().await.unwrap();
            let model = ModelId::new(now_ms(), [1; 10]);
            let new = NewModel {
                id: model,
                name: "sonnet".to_owned(),
                display_name: "Sonnet".to_owned(),
                context_length: None,
                max_output_tokens: None,
                first_byte_ms: None,
                default_output_tokens: 100,
                output_cap_parameter: OutputCapParameter::MaxTokens,
                capabilities: Vec::new(),
                active: true,
            };
            store.create_model(new, &audited()).await.unwrap();
            let freshness = Freshness::new();
            let sealing = Sealing::new(MasterKey::new([1; 32]));
            let catalog = SiteCatalog::new(store.clone(), sealing, freshness.clone());
            Site { folder, store, catalog, freshness, model }
        }

        async fn rename(&self, name: &str) {
            let change = ModelChange { name: Some(name.to_owned()), ..ModelChange::default() };
            self.store.update_model(self.model, change, &audited()).await.unwrap();
        }

        async fn knows(&self, name: &str) -> bool {
            self.catalog.model(name).await.unwrap().is_some()
        }

        async fn finish(self) {
            self.store.close().await.unwrap();
            std::fs::remove_dir_all(self.folder).unwrap();
        }
    }

    fn notice(kind: ChangeKind) -> Notice {
        Notice { kind, subject: String::new() }
    }

    #[tokio::test]
    async fn a_change_that_was_heard_of_is_seen_at_once() {
        let site = Site::new("heard").await;
        site.freshness.confirm(Instant::now());
        assert!(site.knows("sonnet").await);
        site.rename("opus").await;
        site.catalog.hear(&[notice(ChangeKind::Key)]).await;
        assert!(site.knows("sonnet").await, "another kind of change costs no reading");
        site.catalog.hear(&[notice(ChangeKind::Key), notice(ChangeKind::Model)]).await;
        assert!(!site.knows("sonnet").await);
        assert!(site.knows("opus").await);
        site.finish().await;
    }

    #[tokio::test]
    async fn without_hearing_of_changes_the_database_is_asked() {
        let site = Site::new("deaf").await;
        assert!(site.knows("sonnet").await);
        site.rename("opus").await;
        let read_long_ago = Reading {
            snapshot: Snapshot::of_rows(waystation_store::CatalogRows::default(), &site.catalog.sealing, 0),
            begun: Instant::now().checked_sub(JUST_READ).unwrap(),
            changes: 0,
        };
        site.catalog.current.store(Some(Arc::new(read_long_ago)));
        assert!(site.knows("opus").await);
        site.finish().await;
    }

    #[tokio::test]
    async fn what_is_older_than_a_minute_is_read_again() {
        let site = Site::new("old").await;
        site.freshness.confirm(Instant::now());
        let read_long_ago = |age: Duration| Reading {
            snapshot: Snapshot::of_rows(waystation_store::CatalogRows::default(), &site.catalog.sealing, 0),
            begun: Instant::now().checked_sub(age).unwrap(),
            changes: 0,
        };
        site.catalog.current.store(Some(Arc::new(read_long_ago(Duration::from_secs(50)))));
        assert!(!site.knows("sonnet").await);
        site.catalog.current.store(Some(Arc::new(read_long_ago(BELIEVED_FOR))));
        assert!(site.knows("sonnet").await);
        site.finish().await;
    }

    #[tokio::test]
    async fn without_a_database_nothing_old_is_believed() {
        let site = Site::new("gone").await;
        site.freshness.confirm(Instant::now());
        assert!(site.knows("sonnet").await);
        site.store.clone().close().await.unwrap();
        assert!(site.knows("sonnet").await);
        site.catalog.hear_of_anything().await;
        assert!(site.catalog.model("sonnet").await.is_err());
        assert!(site.catalog.routes("sonnet").await.is_err());
        std::fs::remove_dir_all(site.folder).unwrap();
    }
}
