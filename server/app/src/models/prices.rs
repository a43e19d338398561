//! The administration's routes for prices.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::prices::{PriceCreate, PriceVersion};
use waystation_api::time::Time;
use waystation_ids::{ModelId, PriceVersionId};
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
#[utoipa::path(
    get, path = "/admin/models/{id}/prices", tag = "models", operation_id = "list_price_versions",
    params(PageQuery, ("id" = String, Path, description = "The model's id")),
    responses(
        (status = 200, description = "A page of versions", body = Page<PriceVersion>),
        (status = 404, description = "There is no such model", body = ErrorReply),
    ),
)]
pub(super) async fn list_price_versions(
    State(app): State<App>,
    PathParts(model): PathParts<ModelId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<PriceVersion>>, ApiError> {
    let limit = query.limit();
    let before = read_cursor(query.cursor.as_deref())?;
    app.store.load_model(model).await?;
    let versions = app.store.list_price_versions(model, before, limit + 1).await?;
    let versions = versions.into_iter().map(wire_price_version).collect();
    Ok(Json(Page::from_found(versions, limit, |version: &PriceVersion| version.id.to_string())))
}

/// A version of a price as the audit log shows it.
pub(crate) fn shown_price(version: &store::PriceVersion) -> Option<String> {
    state_of(&wire_price_version(version.clone()))
}

fn wire_price_version(version: store::PriceVersion) -> PriceVersion {
    PriceVersion::new(
        version.id,
        version.model,
        &version.price,
        Time::from_unix_ms(version.effective_at_ms),
        Time::from_unix_ms(version.created_at_ms),
        version.created_by,
    )
}
