//! Looking at the settings.

use std::collections::HashMap;

use axum::extract::State;
use waystation_api::pagination::Page;
use waystation_api::settings::{Setting as WireSetting, SettingKind as WireKind, SettingOrigin};
use waystation_api::time::Time;

use crate::config::{Origin, SETTINGS, Setting, SettingKind};
use crate::error::ApiError;
use crate::http::body::Json;
use crate::settings::live::effective_values;
use crate::state::App;

/// List the settings
///
/// Every one, in the order of the documentation, with its value and where that comes from. Secrets are not shown.
#[utoipa::path(
    get, path = "/admin/settings", tag = "settings", operation_id = "list_settings",
    responses((status = 200, description = "All settings, on one page", body = Page<WireSetting>)),
)]
pub(super) async fn list_settings(State(app): State<App>) -> Result<Json<Page<WireSetting>>, ApiError> {
    read_settings(&app).await.map(Json)
}

/// All settings as they are in this moment of the database.
pub(super) async fn read_settings(app: &App) -> Result<Page<WireSetting>, ApiError> {
    let stored = app.store.list_settings().await?;
    let values = effective_values(&app.config, &stored, |_, _| {});
    let set_at: HashMap<&str, i64> =
        stored.iter().map(|setting| (setting.name.as_str(), setting.updated_at_ms)).collect();
    let mut items: Vec<WireSetting> = SETTINGS
        .iter()
        .map(|setting| {
            let (text, origin) = values.get(setting);
            let set_at_ms = set_at.get(setting.name).filter(|_| origin == Origin::Database);
            wire_setting(setting, setting.name.to_owned(), text, &origin, set_at_ms.copied())
        })
        .collect();
    items.extend(
        values
            .list_provider_settings()
            .map(|(name, setting, text, origin)| wire_setting(setting, name, text, &origin, None)),
    );
    Ok(Page { items, next_cursor: None })
}

fn wire_setting(
    setting: &Setting,
    name: String,
    text: &str,
    origin: &Origin,
    set_at_ms: Option<i64>,
) -> WireSetting {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (wire_origin, origin_detail) = wire_origin(origin);
    let is_locked = is_locked(origin);
    WireSetting {
        name,
        value: given(text).filter(|_| !setting.secret),
        is_set: !text.is_empty(),
        is_secret: setting.secret,
        default: given(setting.default),
        origin: wire_origin,
        origin_detail,
        kind: wire_kind(setting.kind),
        choices: match setting.kind {
            SettingKind::Choice(words) => Some(words.iter().map(|word| (*word).to_owned()).collect()),
            _ => None,
        },
        description: setting.text.trim().to_owned(),
        is_editable: setting.is_live && !is_locked,
        locked_by: Some(wire_origin).filter(|_| setting.is_live && is_locked),
        updated_at: set_at_ms.map(Time::from_unix_ms),
    }
}

/// Whether a value in the database would be beaten.
pub(super) fn is_locked(origin: &Origin) -> bool {
    !matches!(origin, Origin::Default | Origin::Database)
}

/// Where a value comes from, and which file or variable that is.
pub(super) fn wire_origin(origin: &Origin) -> (SettingOrigin, Option<String>) {
    match origin {
        Origin::Default => (SettingOrigin::Default, None),
        Origin::Database => (SettingOrigin::Database, None),
        Origin::File(path) => (SettingOrigin::File, Some(path.display().to_string())),
        Origin::Variable(name) => (SettingOrigin::Environment, Some(name.clone())),
        Origin::Flag => (SettingOrigin::Flag, None),
    }
}

fn wire_kind(kind: SettingKind) -> WireKind {
    match kind {
        SettingKind::Text => WireKind::Text,
        SettingKind::Number => WireKind::Number,
        SettingKind::Boolean => WireKind::Boolean,
        SettingKind::Choice(_) => WireKind::Choice,
        SettingKind::List => WireKind::List,
        SettingKind::Amount => WireKind::Amount,
    }
}
