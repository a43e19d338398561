//! What the running app holds.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tauri::{AppHandle, Emitter, Manager};
use tokio::sync::Notify;
use waystation_desktop::Language;
use waystation_desktop::calls::{CallError, Gateway};
use waystation_desktop::connections::{
    Book, BookError, Connection, ConnectionId, Exchange, Place, SiteAddress,
};
use waystation_desktop::local_server::{LocalServer, ServerFiles};
use waystation_desktop::notifications::{Gate, Watcher};
use waystation_desktop::pairing::{OpenTarget, Waiting};
use waystation_desktop::preferences::Preferences;
use waystation_desktop::secrets::{Cupboard, SecretsPlace, SharedSecrets};
use waystation_desktop::tray::Condition;

use crate::environment::locale;
use crate::failure::{Refusal, Reply};

const CONNECTIONS_FILE: &str = "connections.json";
const PREFERENCES_FILE: &str = "preferences.json";
const SECRETS_FILE: &str = "secrets.sealed";
/// The server that comes with the app lies beside it.
const SERVER_PROGRAM: &str = if cfg!(windows) { "waystation-server.exe" } else { "waystation-server" };

/// Everything the parts of the app share.
pub(crate) struct Desk {
    app: AppHandle,
    config_dir: PathBuf,
    book: Mutex<Book>,
    /// Why the book began anew, if it did.
    pub(crate) notice: Option<&'static str>,
    pub(crate) gateway: Gateway,
    pub(crate) cupboard: Arc<Cupboard>,
    pub(crate) local: LocalServer,
    service_url: Mutex<Option<SiteAddress>>,
    preferences: Mutex<Preferences>,
    conditions: Mutex<HashMap<ConnectionId, Condition>>,
    pub(crate) gate: Mutex<Gate>,
    pub(crate) watcher: Mutex<Watcher>,
    pub(crate) waiting: Waiting,
    /// Has the sites looked at now and not at the next minute.
    pub(crate) look_again: Notify,
    link_news: Mutex<UnheardNews>,
    pub(crate) import: Mutex<Option<Exchange>>,
}

/// What a link that another program has opened came to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkNews {
    /// A page to show.
    Page(OpenTarget),
    /// Its site could not be looked at.
    Failure(Refusal),
}

/// A link may start the app: what it came to is kept until the window hears of such things.
#[derive(Debug, Default)]
struct UnheardNews {
    is_heard: bool,
    last: Option<LinkNews>,
}

impl Desk {
    /// Reads what was kept.
    pub(crate) fn open(app: &AppHandle) -> Result<Self, Box<dyn std::error::Error>> {
        let config_dir = app.path().app_config_dir()?;
        let data_dir = app.path().app_data_dir()?;
        let (book, notice) = open_book(&config_dir.join(CONNECTIONS_FILE))?;
        let preferences = Preferences::load(&config_dir.join(PREFERENCES_FILE));
        let place = preferences.secrets.unwrap_or(SecretsPlace::Keyring);
        let program = std::env::current_exe()?.with_file_name(SERVER_PROGRAM);
        Ok(Desk {
            app: app.clone(),
            book: Mutex::new(book),
            notice,
            gateway: Gateway::new(None),
            cupboard: Arc::new(Cupboard::new(place, config_dir.join(SECRETS_FILE))),
            local: LocalServer::new(ServerFiles { program, data_dir: data_dir.join("server") }),
            service_url: Mutex::default(),
            preferences: Mutex::new(preferences),
            conditions: Mutex::default(),
            gate: Mutex::default(),
            watcher: Mutex::default(),
            waiting: Waiting::default(),
            look_again: Notify::new(),
            link_news: Mutex::default(),
            import: Mutex::default(),
            config_dir,
        })
    }

    /// The connections.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection.
    pub(crate) fn connection(&self, id: ConnectionId) -> Reply<Connection> {
        let found = self.book().find(id).cloned();
        found.ok_or_else(|| CallError::UnknownConnection.into())
    }

    /// The connection of this app's server.
    pub(crate) fn local_connection(&self) -> Option<Connection> {
        self.book().list().iter().find(|kept| kept.place == Place::ThisApp).cloned()
    }

    /// The connection to an address.
    pub(crate) fn connection_to(&self, address: &SiteAddress) -> Option<Connection> {
        let connections = self.book().list().to_vec();
        connections.into_iter().find(|kept| self.address_of(kept).is_ok_and(|its| its == *address))
    }

    /// What has to be able to keep a secret before something is taken that is given once only.
    pub(crate) async fn prepare_secrets(&self) -> Reply<SharedSecrets> {
        self.open_secrets().await?;
        let secrets = self.gateway.secrets()?;
        let asked = secrets.clone();
        let prepared = tauri::async_runtime::spawn_blocking(move || asked.prepare()).await;
        prepared.map_err(|error| Refusal::new("keyring_unavailable", error))??;
        Ok(secrets)
    }

    /// Where a connection's site is now.
    pub(crate) fn address_of(&self, connection: &Connection) -> Result<SiteAddress, CallError> {
        match &connection.place {
            Place::Site { address } => Ok(address.clone()),
            Place::ThisApp => self.local_url().ok_or(CallError::NotRunning),
        }
    }

    /// Where the server of this app is now, be it the app's own process or a service.
    pub(crate) fn local_url(&self) -> Option<SiteAddress> {
        self.local.state().url().cloned().or_else(|| self.service_url())
    }

    /// Where the service answered last.
    pub(crate) fn service_url(&self) -> Option<SiteAddress> {
        self.service_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes where the service answers; whether that is new.
    pub(crate) fn note_service_url(&self, found: Option<SiteAddress>) -> bool {
        let mut kept = self.service_url.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = *kept != found;
        *kept = found;
        is_new
    }

    /// Gives the gateway the secrets, opening their place if that was not done. It may wait for a keyring.
    pub(crate) async fn open_secrets(&self) -> Reply<()> {
        if self.gateway.secrets().is_ok() {
            return Ok(());
        }
        let cupboard = self.cupboard.clone();
        let opened = tauri::async_runtime::spawn_blocking(move || cupboard.open()).await;
        let opened = opened.map_err(|error| Refusal::new("keyring_unavailable", error))??;
        self.gateway.use_secrets(Some(opened));
        Ok(())
    }

    /// The choices.
    pub(crate) fn preferences(&self) -> Preferences {
        self.preferences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the choices and keeps them.
    pub(crate) fn change_preferences(&self, change: impl FnOnce(&mut Preferences)) -> Reply<()> {
        let mut preferences = self.preferences.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = preferences.clone();
        change(&mut changed);
        let saved = changed.save(&self.config_dir.join(PREFERENCES_FILE));
        saved.map_err(|error| Refusal::new("preferences_not_kept", error))?;
        *preferences = changed;
        Ok(())
    }

    /// The language of what the shell says.
    pub(crate) fn language(&self) -> Language {
        self.preferences().language.unwrap_or_else(|| Language::of_locale(&locale()))
    }

    /// Forgets what was known of a connection that is gone.
    pub(crate) fn forget_condition(&self, id: ConnectionId) {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        let _ = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).note(id, BTreeSet::new());
    }

    /// How a connection is.
    pub(crate) fn condition(&self, id: ConnectionId) -> Condition {
        let conditions = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        conditions.get(&id).copied().unwrap_or_default()
    }

    /// Notes how a connection is; whether that is new.
    pub(crate) fn note_condition(&self, id: ConnectionId, condition: Condition) -> bool {
        let mut conditions = self.conditions.lock().unwrap_or_else(PoisonError::into_inner);
        conditions.insert(id, condition) != Some(condition)
    }

    /// Tells the window what a link came to, now or when it asks.
    pub(crate) fn tell_of_link(&self, news: LinkNews) {
        let mut unheard = self.link_news.lock().unwrap_or_else(PoisonError::into_inner);
        if !unheard.is_heard {
            unheard.last = Some(news);
            return;
        }
        drop(unheard);
        let told = match news {
            LinkNews::Page(target) => self.app.emit("open", target),
            LinkNews::Failure(refusal) => self.app.emit("proposal-failed", refusal),
        };
        if let Err(error) = told {
            log::warn!("what a link came to was not told to the window: {error}");
        }
    }

    /// What a link came to before the window asked. From then on it is told by events.
    pub(crate) fn take_link_news(&self) -> Option<LinkNews> {
        let mut unheard = self.link_news.lock().unwrap_or_else(PoisonError::into_inner);
        unheard.is_heard = true;
        unheard.last.take()
    }

    /// Tells the window and the tray that connections have changed.
    pub(crate) fn announce_connections(&self) {
        self.announce("connections");
    }

    /// Tells the window and the tray that something has changed: both ask again.
    pub(crate) fn announce(&self, event: &str) {
        if let Err(error) = self.app.emit(event, ()) {
            log::warn!("an event was not told to the window: {error}");
        }
        crate::tray::refresh(&self.app);
    }
}

/// A book that cannot be understood is put aside, and a new one begun: without connections there is an app to say so.
fn open_book(path: &Path) -> Result<(Book, Option<&'static str>), Box<dyn std::error::Error>> {
    let (notice, aside) = match Book::open(path.to_owned()) {
        Ok(book) => return Ok((book, None)),
        Err(BookError::Damaged(_)) => ("connections_damaged", "connections.damaged.json"),
        Err(BookError::Newer) => ("connections_newer", "connections.newer.json"),
        Err(error) => return Err(error.into()),
    };
    std::fs::rename(path, path.with_file_name(aside))?;
    Ok((Book::open(path.to_owned())?, Some(notice)))
}
