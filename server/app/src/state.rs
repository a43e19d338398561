//! What every part of the server shares.

use std::ops::Deref;
use std::sync::Arc;

use waystation_ids::InstanceId;
use waystation_store::{Store, StoreOptions};

use crate::clock::now_ms;
use crate::config::Config;
use crate::error::StartError;
use crate::random::random_bytes;
use crate::sealing::{MasterKey, Sealing};
use crate::tasks::Tasks;

/// The running site. Cheap to clone; every handler and job gets one.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The parts of a site.
pub(crate) struct Parts {
    /// Every setting.
    pub(crate) config: Config,
    /// The database.
    pub(crate) store: Store,
    /// Seals and opens secrets.
    pub(crate) sealing: Sealing,
    /// This process among those that share the database.
    pub(crate) instance: InstanceId,
    /// Background tasks.
    pub(crate) tasks: Tasks,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Connects everything and brings the schema up to date. Starts no task: commands that run beside a server
    /// use the same.
    pub(crate) async fn open(config: Config) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|source| StartError::DataDir { path: config.data_dir.clone(), source })?;
        let store = open_store(&config).await?;
        store.migrate().await.map_err(StartError::Database)?;
        let master = match &config.master_key {
            Some(key) => MasterKey::new(key.bytes()),
            None => MasterKey::load_or_create(&config.data_dir)?,
        };
        let sealing = Sealing::new(master);
        let instance = InstanceId::new(now_ms(), random_bytes()?);
        Ok(App(Arc::new(Parts { config, store, sealing, instance, tasks: Tasks::default() })))
    }
}

/// Connects to the database that the settings name.
pub(crate) async fn open_store(config: &Config) -> Result<Store, StartError> {
    let options =
        StoreOptions { url: config.database_url(), max_connections: config.database_max_connections };
    Store::connect(&options).await.map_err(StartError::Database)
}
