//! What every part of the server shares.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use waystation_api::locale::Locale;
use waystation_ids::{InstanceId, KeySecret};
use waystation_relay::Prober;
use waystation_store::{LedgerLanes, Store, StoreError, StoreOptions};
use zeroize::Zeroizing;

use crate::auth::ActorDirectory;
use crate::catalog::SiteCatalog;
use crate::changes::{Changes, Freshness};
use crate::clock::now_ms;
use crate::config::Config;
use crate::error::StartError;
use crate::http::public_origin::PublicOrigin;
use crate::instance_lease::InstanceLease;
use crate::keys::{KeyDirectory, SharedKeys};
use crate::mail::{MailAllowance, Mailer};
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::random::random_bytes;
use crate::redis::Redis;
use crate::sealing::{MasterKey, Sealing};
use crate::settings::LiveSettings;
use crate::setup::Setup;
use crate::sign_in::{Backoff, Oauth};
use crate::site_secrets::{SiteSecrets, is_sealed};
use crate::tasks::Tasks;
use crate::unsettled::UnsettledLog;

/// How long a command waits for what it has begun.
const COMMAND_CLOSE_TIME: Duration = Duration::from_secs(1);

/// The running site. Cheap to clone; every handler and job gets one.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

/// The parts of a site.
pub(crate) struct Parts {
    /// Every setting.
    pub(crate) config: Config,
    /// The database.
    pub(crate) store: Store,
    /// The way to the books.
    pub(crate) lanes: LedgerLanes,
    /// Settlements that the database has not taken yet.
    pub(crate) unsettled: UnsettledLog,
    /// Seals and opens secrets.
    pub(crate) sealing: Sealing,
    /// What the site signs and checks with.
    pub(crate) secrets: SiteSecrets,
    /// Where the site says it is.
    pub(crate) public_origin: Option<PublicOrigin>,
    /// Slows down who guesses.
    pub(crate) backoff: Backoff,
    /// Who is signed in.
    pub(crate) actors: Arc<ActorDirectory>,
    /// The keys that open the relay.
    pub(crate) keys: Arc<KeyDirectory>,
    /// The models and channels that calls are priced and routed by.
    pub(crate) catalog: Arc<SiteCatalog>,
    /// What may be set while the server runs.
    pub(crate) site: Arc<LiveSettings>,
    /// Asks upstreams outside of calls.
    pub(crate) prober: Prober,
    /// Tells of changes of keys, users, sessions, models, prices and channels.
    pub(crate) changes: Changes,
    /// This process among those that share the database.
    pub(crate) instance: InstanceId,
    /// Whether the other instances believe that this one lives.
    pub(crate) instance_lease: InstanceLease,
    /// Who may say who somebody is.
    pub(crate) oauth: Oauth,
    /// Where this server listens, once it does.
    pub(crate) listening_on: OnceLock<SocketAddr>,
    /// By what the program that started this server knows it again, where one did.
    pub(crate) launch_nonce: OnceLock<String>,
    /// Whether the site has an owner.
    pub(crate) setup: Setup,
    /// Hashes and compares passwords.
    pub(crate) passwords: Passwords,
    /// Sends mails.
    pub(crate) mail: Mailer,
    /// Counts the mails that clients ask for.
    pub(crate) mail_allowance: MailAllowance,
    /// Background tasks.
    pub(crate) tasks: Tasks,
    /// What this process has counted.
    pub(crate) metrics: Metrics,
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// The language of mails to somebody who chose this one.
    pub(crate) fn mail_locale(&self, chosen: Option<&str>) -> Locale {
        chosen.and_then(Locale::from_tag).unwrap_or_else(|| self.site.remembered().site_locale)
    }

    /// Connects everything and brings the schema up to date. Starts no job: commands that run beside a server use
    /// the same.
    pub(crate) async fn open(config: Config) -> Result<Self, StartError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|source| StartError::DataDir { path: config.data_dir.clone(), source })?;
        let public_origin = config.public_url.as_deref().map(PublicOrigin::read).transpose()?;
        let store = open_store(&config).await?;
        store.migrate().await.map_err(StartError::Database)?;
        let sealing = Sealing::new(load_master_key(&config, &store).await?);
        let secrets = SiteSecrets::load_or_create(&store, &sealing).await?;
        let redis = config.redis_url.as_ref().map(Redis::open).transpose().map_err(StartError::Redis)?;
        let unsettled = UnsettledLog::open(&config.data_dir).map_err(StartError::UnsettledLog)?;
        let instance = InstanceId::new(now_ms(), random_bytes()?);
        let tasks = Tasks::default();
        let freshness = Freshness::new();
        let catalog = Arc::new(SiteCatalog::new(store.clone(), sealing.clone(), freshness.clone()));
        let actors = Arc::new(ActorDirectory::new(freshness.clone()));
        let keys = Arc::new(KeyDirectory::new(
            store.clone(),
            secrets.key_check.clone(),
            config.key_prefixes(),
            redis.clone().map(|redis| SharedKeys::new(redis, sealing.clone())),
            freshness.clone(),
        ));
        let site =
            LiveSettings::new(&config, store.clone(), freshness.clone()).map_err(StartError::Config)?;
        let site = Arc::new(site);
        let prober = Prober::new(Duration::from_millis(config.relay_connect_ms));
        let changes = Changes::new(
            // The catalogue reads the database when it hears of a change: nobody waits for that behind it.
            vec![actors.clone(), keys.clone(), site.clone(), catalog.clone()],
            freshness,
            redis.clone(),
            instance,
            tasks.clone(),
        );
        let oauth = Oauth::new(&config.oauth).map_err(StartError::Oauth)?;
        let backoff = Backoff::new(redis);
        let mail = Mailer::open(&config, tasks.clone())?;
        let mail_allowance = MailAllowance::new(config.mail_requests_per_client_max);
        // The lanes end by themselves with the last clone of them; whoever was promised an answer has it then.
        let (lanes, _) = LedgerLanes::start(&store);
        Ok(App(Arc::new(Parts {
            config,
            store,
            lanes,
            unsettled,
            sealing,
            secrets,
            public_origin,
            backoff,
            actors,
            keys,
            catalog,
            site,
            prober,
            changes,
            instance,
            instance_lease: InstanceLease::default(),
            oauth,
            listening_on: OnceLock::new(),
            launch_nonce: OnceLock::new(),
            setup: Setup::default(),
            passwords: Passwords::default(),
            mail,
            mail_allowance,
            tasks,
            metrics: Metrics::default(),
        })))
    }
}

impl App {
    /// Ends what a command has begun; a server has more to wait for.
    pub(crate) async fn close(self) -> Result<(), StoreError> {
        self.tasks.stop();
        // What is still to be published is read from the database by the others.
        self.tasks.wait(COMMAND_CLOSE_TIME).await;
        self.store.clone().close().await
    }

    /// A new key's secret.
    pub(crate) fn new_key_secret(&self) -> Result<KeySecret, getrandom::Error> {
        loop {
            let random = Zeroizing::new(random_bytes::<96>()?);
            // Bytes that would favour a letter are passed over; that too few are left happens hardly ever.
            if let Some(secret) =
                self.secrets.key_check.create_secret(&self.config.keys_prefix, random.as_slice())
            {
                return Ok(secret);
            }
        }
    }
}

/// Connects to the database that the settings name.
pub(crate) async fn open_store(config: &Config) -> Result<Store, StartError> {
    let options =
        StoreOptions { url: config.database_url(), max_connections: config.database_max_connections };
    Store::connect(&options).await.map_err(StartError::Database)
}

/// The configured master key, or the data folder's. A new one is made only for a database that none has sealed.
async fn load_master_key(config: &Config, store: &Store) -> Result<MasterKey, StartError> {
    if let Some(key) = &config.master_key {
        return Ok(MasterKey::new(key.bytes()));
    }
    match MasterKey::load(&config.data_dir)? {
        Some(key) => Ok(key),
        None if is_sealed(store).await? => Err(StartError::WrongMasterKey),
        None => Ok(MasterKey::load_or_create(&config.data_dir)?),
    }
}
