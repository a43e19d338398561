//! Changing settings while the server runs.

use std::collections::BTreeMap;

use axum::extract::State;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::pagination::Page;
use waystation_api::settings::{Setting as WireSetting, SettingsUpdate};
use waystation_pricing::Money;
use waystation_store::ChangeKind;

use crate::audit_trail::{Doer, state_of};
use crate::auth::Actor;
use crate::config::{LiveConfig, Setting};
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::settings::list::{is_locked, read_settings, wire_origin};
use crate::settings::live::{REGISTRATION, effective_values};
use crate::sign_in::OfferedProof;
use crate::state::App;

const GIFT: &str = "auth.sign_up_gift";
/// MySQL keeps 65,535 bytes of a text.
const TEXT_BYTES_MAX: usize = 16_384;

/// Change settings
///
/// All of those that are named, or none. What is set by the configuration file, the environment or a flag is not
/// changed here. A gift for registering that is as large as a change of a balance that needs a fresh proof needs one
/// too.
#[utoipa::path(
    patch, path = "/admin/settings", tag = "settings", operation_id = "update_settings",
    request_body = SettingsUpdate,
    responses(
        (status = 200, description = "All settings as they are now", body = Page<WireSetting>),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
        (status = 409, description = "A setting is set elsewhere", body = ErrorReply),
    ),
)]
pub(super) async fn update_settings(
    State(app): State<App>,
    proof: OfferedProof,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<SettingsUpdate>,
) -> Result<Json<Page<WireSetting>>, ApiError> {
    let changes = checked_changes(&app, body.values).await?;
    if gives_much(&app, &changes).await? {
        proof.redeem(&app).await?;
    }
    let audit = Doer::Actor(&actor, &visitor).does("settings.update", "settings", "site").showing(state_of);
    app.store.save_settings(&changes, &audit).await?;
    for (name, _) in &changes {
        app.changes.announce(ChangeKind::Setting, name).await;
    }
    read_settings(&app).await.map(Json)
}

/// The changes, each with a value that fits, where all of them may be made.
async fn checked_changes(
    app: &App,
    values: BTreeMap<String, Option<String>>,
) -> Result<Vec<(String, Option<String>)>, ApiError> {
    if values.is_empty() {
        return Err(ApiError::field("values", FieldCode::Required, "names no setting"));
    }
    for (name, text) in &values {
        check_change(app, name, text.as_deref())?;
    }
    check_together(app, &values).await?;
    Ok(values.into_iter().collect())
}

fn check_change(app: &App, name: &str, text: Option<&str>) -> Result<(), ApiError> {
    let refuse = |code: FieldCode, reason: &str| Err(ApiError::field(format!("values.{name}"), code, reason));
    let Some(setting) = Setting::find(name) else { return refuse(FieldCode::Unknown, "is no setting") };
    if !setting.is_live {
        return refuse(
            FieldCode::Invalid,
            "is read when the server starts: set it in the file or the environment",
        );
    }
    let (_, origin) = app.config.values.get(setting);
    if is_locked(&origin) {
        let (_, detail) = wire_origin(&origin);
        let place = detail.unwrap_or_else(|| origin.to_string());
        let message = format!("{name} is set by {place}, which beats what is set here.");
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    if text.is_some_and(|text| text.len() > TEXT_BYTES_MAX) {
        return refuse(FieldCode::TooLong, "is longer than 16384 bytes");
    }
    match text.map(|text| setting.check(text)) {
        Some(Err(reason)) => refuse(FieldCode::Invalid, &reason),
        Some(Ok(())) | None => Ok(()),
    }
}

/// What one setting alone cannot say.
async fn check_together(app: &App, values: &BTreeMap<String, Option<String>>) -> Result<(), ApiError> {
    if !values.contains_key(REGISTRATION) {
        return Ok(());
    }
    let mut stored = app.store.list_settings().await?;
    stored.retain(|setting| !values.contains_key(&setting.name));
    let set = values.iter().filter_map(|(name, text)| Some((name.clone(), text.clone()?)));
    stored.extend(set.map(|(name, value)| waystation_store::Setting { name, value, updated_at_ms: 0 }));
    let mut refused = None;
    effective_values(&app.config, &stored, |name, reason| {
        if name == REGISTRATION {
            refused = Some(reason.to_owned());
        }
    });
    match refused {
        None => Ok(()),
        Some(reason) => {
            let help = "set mail.smtp_url, or auth.require_verification to false";
            Err(ApiError::field(
                format!("values.{REGISTRATION}"),
                FieldCode::Invalid,
                format!("{reason}: {help}"),
            ))
        }
    }
}

/// Whether the gift for registering would be raised to what moves much money.
async fn gives_much(app: &App, changes: &[(String, Option<String>)]) -> Result<bool, ApiError> {
    let Some((_, Some(text))) = changes.iter().find(|(name, _)| name == GIFT) else { return Ok(false) };
    let gift: Money = text.parse().unwrap_or(Money::ZERO);
    let live = app.site.current().await?;
    let LiveConfig { auth_sign_up_gift: before, .. } = *live;
    Ok(gift > before && gift >= app.config.auth_large_adjustment)
}
