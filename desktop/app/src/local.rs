//! The server of this app, as the window and the tray see it.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use tauri::{AppHandle, Manager};
use waystation_desktop::connections::{Colour, Connection, ConnectionId, Draft, Environment, Place};
use waystation_desktop::local_server::{LocalState, ServiceFile, find_taken_port, service_unit};
use waystation_desktop::trust::TlsPolicy;

use crate::desk::Desk;
use crate::failure::{Refusal, Reply};
use crate::watching::note_local_server;

/// The port of the service, unless the server listened somewhere before.
const SERVICE_PORT: u16 = 8787;
/// A new version may have the database to bring up to date before it listens.
const SERVICE_TRIES: u32 = 60;
const SERVICE_INTERVAL: Duration = Duration::from_millis(500);

/// The server and what may be done with it.
#[derive(Debug, Serialize)]
pub(crate) struct LocalServerView {
    server: LocalState,
    is_service: bool,
    can_be_service: bool,
    connection: Option<ConnectionId>,
}

/// How the server is.
pub(crate) fn view(app: &AppHandle) -> LocalServerView {
    let desk = app.state::<Desk>();
    LocalServerView {
        server: desk.local.state(),
        is_service: is_service(app),
        can_be_service: service_file(app).is_some() && is_installed(),
        connection: desk.local_connection().map(|connection| connection.id),
    }
}

/// Starts the server and makes its connection if there is none.
pub(crate) async fn start(app: &AppHandle) -> Reply<()> {
    let desk = app.state::<Desk>();
    if is_service(app) {
        return Err(Refusal::new("service", "the server runs as a service"));
    }
    let wished = desk.preferences().local_port;
    let url = desk.local.start(wished).await?;
    if wished.is_none() {
        // Programs that were told the address should find the server there the next time as well. A port that something
        // else holds today is asked for again tomorrow.
        desk.change_preferences(|preferences| preferences.local_port = Some(url.port()))?;
    }
    ensure_connection(&desk)?;
    Ok(())
}

/// The connection of the server, made if there is none.
pub(crate) fn ensure_connection(desk: &Desk) -> Reply<Connection> {
    if let Some(connection) = desk.local_connection() {
        return Ok(connection);
    }
    let name = desk.language().pick("This computer", "本机");
    let draft = Draft {
        name: name.parse().map_err(|error| Refusal::new("field", error))?,
        colour: Colour::Grey,
        environment: Environment::Development,
        write_guard: None,
        proxy: None,
    };
    let connection = draft.into_connection(ConnectionId::draw(), Place::ThisApp, TlsPolicy::System);
    desk.book().add(connection.clone())?;
    desk.announce_connections();
    Ok(connection)
}

/// Makes the server a service of the user's, or takes that back. The server of the app stops for it: both have the
/// same data.
pub(crate) async fn keep_running(app: &AppHandle, enabled: bool) -> Reply<()> {
    let service = service_file(app).ok_or_else(|| Refusal::new("service", "services need systemd"))?;
    let desk = app.state::<Desk>();
    if !enabled {
        service.remove().await?;
        note_service(app).await;
        return Ok(());
    }
    if !is_installed() {
        return Err(Refusal::new("service", "the program lies where it will not stay"));
    }
    let port = desk.preferences().local_port.unwrap_or(SERVICE_PORT);
    let unit = service_unit(desk.local.files(), port)?;
    let was_running = desk.local.state().url().is_some();
    desk.local.stop().await;
    let installed = match find_taken_port(port) {
        Some(taken) => Err(Refusal::new("service", format!("something else has port {}", taken.port))),
        None => service.install(&unit).await.map_err(Refusal::from),
    };
    if installed.is_err() && was_running {
        // Who asked for more than there is does not lose what there was.
        start(app).await?;
    }
    installed?;
    ensure_connection(&desk)?;
    for _ in 0..SERVICE_TRIES {
        note_service(app).await;
        if desk.service_url().is_some() {
            break;
        }
        tokio::time::sleep(SERVICE_INTERVAL).await;
    }
    Ok(())
}

/// Whether the server is a service of the user's.
pub(crate) fn is_service(app: &AppHandle) -> bool {
    service_file(app).is_some_and(|service| service.exists())
}

/// Looks where the service answers, and tells of it where that is new.
pub(crate) async fn note_service(app: &AppHandle) {
    let desk = app.state::<Desk>();
    let (service, program) = (service_file(app), desk.local.files().program.clone());
    let found = tauri::async_runtime::spawn_blocking(move || service?.find_server(&program)).await;
    if desk.note_service_url(found.ok().flatten()) {
        desk.announce("local-server");
        desk.announce_connections();
    }
}

/// Tells of each change of the server.
pub(crate) fn start_watching(app: &AppHandle) {
    let app = app.clone();
    let mut states = app.state::<Desk>().local.watch();
    tauri::async_runtime::spawn(async move {
        while states.changed().await.is_ok() {
            let state = states.borrow_and_update().clone();
            note_local_server(&app, &state);
            let desk = app.state::<Desk>();
            desk.announce("local-server");
            desk.look_again.notify_one();
        }
    });
}

#[cfg(target_os = "linux")]
fn service_file(app: &AppHandle) -> Option<ServiceFile> {
    let config_home: PathBuf = app.path().config_dir().ok()?;
    std::path::Path::new("/run/systemd/system").is_dir().then(|| ServiceFile::below(&config_home))
}

#[cfg(not(target_os = "linux"))]
fn service_file(_: &AppHandle) -> Option<ServiceFile> {
    None
}

/// An AppImage is gone from its place when the app ends.
fn is_installed() -> bool {
    !matches!(tauri::utils::platform::bundle_type(), Some(tauri::utils::config::BundleType::AppImage))
}
