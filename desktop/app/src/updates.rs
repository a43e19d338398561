//! New versions of the app itself. Who builds it for others says, while building, where they lie and by which key they
//! are signed; a build that says neither, and one that a package manager installed, does not look for any.

use std::time::Duration;

use serde::Serialize;
use tauri::utils::config::BundleType;
use tauri::{AppHandle, Manager};
use tauri_plugin_updater::{Update, UpdaterExt};

use crate::desk::Desk;
use crate::failure::{Refusal, Reply};

/// The public key of what is signed.
const KEY: Option<&str> = option_env!("WAYSTATION_UPDATE_KEY");
/// Where new versions are told of, separated by commas; the next is asked when one does not answer.
const ENDPOINTS: Option<&str> = option_env!("WAYSTATION_UPDATE_ENDPOINTS");
const PATIENCE: Duration = Duration::from_secs(20);

/// A newer version.
#[derive(Debug, Serialize)]
pub(crate) struct NewVersion {
    version: String,
    notes: Option<String>,
}

/// Whether this app can bring itself up to date. What a package manager installed it also updates.
pub(crate) fn can_update() -> bool {
    let is_managed =
        matches!(tauri::utils::platform::bundle_type(), None | Some(BundleType::Deb | BundleType::Rpm));
    KEY.is_some() && ENDPOINTS.is_some() && !is_managed
}

/// Looks for a newer version that was not skipped.
pub(crate) async fn check(app: &AppHandle) -> Reply<Option<NewVersion>> {
    let skipped = app.state::<Desk>().preferences().skipped_version;
    let found = find(app).await?.filter(|update| skipped.as_deref() != Some(update.version.as_str()));
    Ok(found.map(|update| NewVersion { version: update.version.clone(), notes: update.body.clone() }))
}

/// Fetches the newer version, checks its signature and puts it in this one's place.
pub(crate) async fn install(app: &AppHandle) -> Reply<()> {
    let update = find(app).await?.ok_or_else(|| Refusal::new("no_update", "there is no newer version"))?;
    app.state::<Desk>().local.stop().await;
    update.download_and_install(|_, _| {}, || {}).await.map_err(refuse)?;
    app.restart();
}

async fn find(app: &AppHandle) -> Reply<Option<Update>> {
    let (Some(key), Some(endpoints), true) = (KEY, ENDPOINTS, can_update()) else {
        return Err(Refusal::new("no_updates", "this build does not update itself"));
    };
    let endpoints = endpoints.split(',').map(|endpoint| endpoint.trim().parse());
    let endpoints =
        endpoints.collect::<Result<Vec<_>, _>>().map_err(|error| Refusal::new("update", error))?;
    let updater = app.updater_builder().pubkey(key).timeout(PATIENCE).endpoints(endpoints).map_err(refuse)?;
    // An older version than this one is none, whoever signed it.
    updater.build().map_err(refuse)?.check().await.map_err(refuse)
}

fn refuse(error: tauri_plugin_updater::Error) -> Refusal {
    Refusal::new("update", error)
}
