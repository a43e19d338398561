//! The settings that may change while the server runs, remembered so that nobody waits for the database.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::warn;
use waystation_store::{ChangeKind, Setting as StoredSetting, Store, StoreError};

use crate::changes::{ChangeListener, Freshness, Notice};
use crate::config::{Config, ConfigError, LiveConfig, Registration, Values};
use crate::error::{ApiError, error_chain};

/// What was read just now is believed whether or not changes are heard of: it proves as much as hearing of none.
const JUST_READ: Duration = Duration::from_secs(1);
/// However quiet it is, nothing is believed for longer without reading it again.
const BELIEVED_FOR: Duration = Duration::from_secs(60);
/// A database that does not answer for so long has failed.
const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// The settings of this moment.
pub(crate) struct LiveSettings {
    store: Store,
    config: Arc<Config>,
    freshness: Freshness,
    current: ArcSwap<Reading>,
    /// How many changes were heard of. Only a reading that began after the last of them is believed.
    changes: AtomicU64,
    /// One reads at a time, and the others take what it has read.
    reading: Mutex<()>,
}

/// What was read, and when.
struct Reading {
    live: Arc<LiveConfig>,
    begun: Instant,
    /// How many changes were heard of when it began.
    changes: u64,
}

/// Why the settings could not be read.
#[derive(Debug, Error)]
enum ReadError {
    #[error("the settings could not be read")]
    Store(#[source] StoreError),
    #[error("the database did not answer in time")]
    TimedOut,
    #[error("the settings cannot be used")]
    Config(#[source] ConfigError),
}

impl LiveSettings {
    /// Begins with what is set outside of the database; what is in it is read when it is asked for.
    pub(crate) fn new(config: &Config, store: Store, freshness: Freshness) -> Result<Self, ConfigError> {
        let live = Arc::new(LiveConfig::from_values(&config.values)?);
        // Old enough to be read again before it is believed.
        let begun = Instant::now().checked_sub(BELIEVED_FOR).unwrap_or_else(Instant::now);
        Ok(LiveSettings {
            store,
            config: Arc::new(config.clone()),
            freshness,
            current: ArcSwap::from_pointee(Reading { live, begun, changes: u64::MAX }),
            changes: AtomicU64::new(0),
            reading: Mutex::default(),
        })
    }

    /// The settings that count now. An error where that cannot be known: who may register is never guessed.
    pub(crate) async fn current(&self) -> Result<Arc<LiveConfig>, ApiError> {
        let reading = self.current.load_full();
        if self.is_believable(&reading) {
            return Ok(reading.live.clone());
        }
        self.read(|reading| self.is_believable(reading)).await.map_err(ApiError::unavailable)
    }

    /// The settings as they were read last, for what does no harm if it is old.
    pub(crate) fn remembered(&self) -> Arc<LiveConfig> {
        self.current.load().live.clone()
    }

    /// Whether nobody new is taken.
    pub(crate) async fn is_closed(&self) -> Result<bool, ApiError> {
        Ok(self.current().await?.auth_registration == Registration::Closed)
    }

    fn is_believable(&self, reading: &Reading) -> bool {
        let age = reading.begun.elapsed();
        reading.changes == self.changes.load(Ordering::Acquire)
            && (age < JUST_READ || (age < BELIEVED_FOR && self.freshness.is_believable()))
    }

    /// Reads the settings, unless somebody did so meanwhile and what was read is good enough.
    async fn read(&self, is_enough: impl Fn(&Reading) -> bool) -> Result<Arc<LiveConfig>, ReadError> {
        let _alone = self.reading.lock().await;
        let reading = self.current.load_full();
        if is_enough(&reading) {
            return Ok(reading.live.clone());
        }
        let (begun, changes) = (Instant::now(), self.changes.load(Ordering::Acquire));
        let stored = match timeout(READ_TIMEOUT, self.store.list_settings()).await {
            Ok(stored) => stored.map_err(ReadError::Store)?,
            Err(_) => return Err(ReadError::TimedOut),
        };
        let values = effective_values(&self.config, &stored, |name, reason| {
            warn!(name, reason, "a setting in the database is left out");
        });
        let live = Arc::new(LiveConfig::from_values(&values).map_err(ReadError::Config)?);
        self.current.store(Arc::new(Reading { live: live.clone(), begun, changes }));
        Ok(live)
    }

    async fn hear_of_change(&self) {
        // Counting alone takes the old reading out of use; when this one fails, whoever asks next tries again.
        let change = self.changes.fetch_add(1, Ordering::AcqRel) + 1;
        let is_enough = |reading: &Reading| reading.changes != u64::MAX && reading.changes >= change;
        if let Err(error) = self.read(is_enough).await {
            warn!(error = error_chain(&error), "the settings changed and could not be read");
        }
    }
}

/// What is set by all that may set it, the database among them. What cannot be used of the database is told to `refuse`
/// and counts as not set: a server starts whatever its database holds.
pub(super) fn effective_values(
    config: &Config,
    stored: &[StoredSetting],
    mut refuse: impl FnMut(&str, &str),
) -> Values {
    let mut stored: BTreeMap<String, String> =
        stored.iter().map(|setting| (setting.name.clone(), setting.value.clone())).collect();
    let values = config.values.over_database(&stored, &mut refuse);
    let can_be_used = LiveConfig::from_values(&values).is_ok_and(|live| config.may_register(&live));
    if can_be_used {
        return values;
    }
    // The file was right by itself, so that it is the database that lets people register who cannot.
    refuse(REGISTRATION, "lets people register who cannot be mailed a link");
    stored.remove(REGISTRATION);
    config.values.over_database(&stored, |_, _| {})
}

/// The one setting that has to go with others.
pub(super) const REGISTRATION: &str = "auth.registration";

#[async_trait]
impl ChangeListener for LiveSettings {
    async fn hear(&self, changes: &[Notice]) {
        if changes.iter().any(|notice| notice.kind == ChangeKind::Setting) {
            self.hear_of_change().await;
        }
    }

    async fn hear_of_anything(&self) {
        self.hear_of_change().await;
    }
}

impl fmt::Debug for LiveSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveSettings(…)")
    }
}
