//! The administration's routes for prices.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::price_history::{PriceHistoryEntry, compare_prices};
use waystation_api::prices::{PriceCreate, PriceVersion};
use waystation_api::time::Time;
use waystation_ids::{Email, ModelId, PriceVersionId, UserId};
use waystation_store::{self as store, ChangeKind, NewPriceVersion};

use crate::audit_trail::{Doer, state_of};
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::state::App;

/// Set a model's price
///
/// It is a new version and never changed afterwards. Of the versions in effect, the one in effect for the shortest
/// time counts. Calls that have begun are paid by the price they began with.
#[utoipa::path(
    post, path = "/admin/models/{id}/prices", tag = "models", operation_id = "create_price_version",
    request_body = PriceCreate, params(("id" = String, Path, description = "The model's id")),
    responses(
        (status = 201, description = "The version", body = PriceVersion),
        (status = 404, description = "There is no such model", body = ErrorReply),
    ),
)]
pub(super) async fn create_price_version(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(model): PathParts<ModelId>,
    Json(body): Json<PriceCreate>,
) -> Result<(StatusCode, Json<PriceVersion>), ApiError> {
    let price =
        body.price().map_err(|error| ApiError::field(error.field(), error.code(), error.to_string()))?;
    let now_ms = now_ms();
    let new = NewPriceVersion {
        id: PriceVersionId::new(now_ms, random_bytes()?),
        model,
        price,
        effective_at_ms: body.effective_at.map_or(now_ms, Time::unix_ms),
        created_by: Some(actor.id()),
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("price.create", "model", &model.to_string()).showing(shown_price);
    let version = app.store.create_price_version(new, &audit).await?;
    app.changes.announce(ChangeKind::Price, model).await;
    Ok((StatusCode::CREATED, Json(wire_price_version(version))))
}

/// List the versions of a model's price, the newest first
///
/// Each with who made it, from when to when it counts, and what is different from the one that it takes over from.
#[utoipa::path(
    get, path = "/admin/models/{id}/prices", tag = "models", operation_id = "list_price_versions",
    params(PageQuery, ("id" = String, Path, description = "The model's id")),
    responses(
        (status = 200, description = "A page of versions", body = Page<PriceHistoryEntry>),
        (status = 404, description = "There is no such model", body = ErrorReply),
    ),
)]
pub(super) async fn list_price_versions(
    State(app): State<App>,
    PathParts(model): PathParts<ModelId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<PriceHistoryEntry>>, ApiError> {
    let limit = query.limit();
    let before = read_cursor(query.cursor.as_deref())?;
    app.store.load_model(model).await?;
    let versions = app.store.list_price_versions(model, before, limit + 1).await?;
    let makers = versions.iter().filter_map(|dated| dated.version.created_by).collect();
    let emails = app.store.list_user_emails(makers).await?;
    let current = app.store.load_price_at(model, now_ms()).await?.map(|version| version.id);
    let entries = versions.into_iter().map(|dated| wire_entry(dated, &emails, current)).collect();
    Ok(Json(Page::from_found(entries, limit, |entry: &PriceHistoryEntry| entry.version.id.to_string())))
}

fn wire_entry(
    dated: store::DatedPriceVersion,
    emails: &HashMap<UserId, Email>,
    current: Option<PriceVersionId>,
) -> PriceHistoryEntry {
    let version = wire_price_version(dated.version);
    let previous = dated.previous.map(wire_price_version);
    PriceHistoryEntry {
        created_by_email: version.created_by.and_then(|maker| emails.get(&maker).cloned()),
        effective_until: dated.effective_until_ms.map(Time::from_unix_ms),
        is_current: current == Some(version.id),
        changes: previous.map_or_else(Vec::new, |previous| compare_prices(&previous, &version)),
        version,
    }
}

/// A version of a price as the audit log shows it.
pub(crate) fn shown_price(version: &store::PriceVersion) -> Option<String> {
    state_of(&wire_price_version(version.clone()))
}

pub(super) fn wire_price_version(version: store::PriceVersion) -> PriceVersion {
    PriceVersion::new(
        version.id,
        version.model,
        &version.price,
        Time::from_unix_ms(version.effective_at_ms),
        Time::from_unix_ms(version.created_at_ms),
        version.created_by,
    )
}
