//! The administration's routes for models.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::ErrorReply;
use waystation_api::models::{Model, ModelCreate, ModelName, ModelUpdate};
use waystation_api::pagination::{Page, SearchQuery, page_limit};
use waystation_ids::ModelId;
use waystation_store::{ChangeKind, ModelChange, NewModel};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::search::read_search;
use crate::http::visitor::Visitor;
use crate::models::{shown_model, stored_parameter, wire_model};
use crate::random::random_bytes;
use crate::state::App;

/// Enter a model
///
/// Users may ask for it once it has a price and a channel serves it.
#[utoipa::path(
    post, path = "/admin/models", tag = "models", operation_id = "create_model", request_body = ModelCreate,
    responses(
        (status = 201, description = "The model", body = Model),
        (status = 409, description = "The name is taken", body = ErrorReply),
    ),
)]
pub(super) async fn create_model(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ModelCreate>,
) -> Result<(StatusCode, Json<Model>), ApiError> {
    body.check()?;
    let new = NewModel {
        id: ModelId::new(now_ms(), random_bytes()?),
        display_name: body.display_name.unwrap_or_else(|| body.name.to_string()),
        name: body.name.into_string(),
        context_length: body.context_length,
        max_output_tokens: body.max_output_tokens,
        first_byte_ms: body.first_byte_ms,
        default_output_tokens: body.default_output_tokens,
        output_cap_parameter: stored_parameter(body.output_cap_parameter),
        capabilities: body.capabilities,
        active: body.active,
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("model.create", "model", &new.id.to_string()).showing(shown_model);
    let model = app.store.create_model(new, &audit).await?;
    app.changes.announce(ChangeKind::Model, model.id).await;
    Ok((StatusCode::CREATED, Json(wire_model(model))))
}

/// List models, the newest first
#[utoipa::path(
    get, path = "/admin/models", tag = "models", operation_id = "list_models", params(SearchQuery),
    responses((status = 200, description = "A page of models", body = Page<Model>)),
)]
pub(super) async fn list_models(
    State(app): State<App>,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Page<Model>>, ApiError> {
    let text = read_search(query.q.as_deref())?;
    let limit = page_limit(query.limit);
    let models = app.store.list_models(text, read_cursor(query.cursor.as_deref())?, limit + 1).await?;
    let models = models.into_iter().map(wire_model).collect();
    Ok(Json(Page::from_found(models, limit, |model: &Model| model.id.to_string())))
}

/// Show a model
#[utoipa::path(
    get, path = "/admin/models/{id}", tag = "models", operation_id = "show_model",
    params(("id" = String, Path, description = "The model's id")),
    responses(
        (status = 200, description = "The model", body = Model),
        (status = 404, description = "There is no such model", body = ErrorReply),
    ),
)]
pub(super) async fn show_model(
    State(app): State<App>,
    PathParts(id): PathParts<ModelId>,
) -> Result<Json<Model>, ApiError> {
    Ok(Json(wire_model(app.store.load_model(id).await?)))
}

/// Change a model
///
/// Calls that have begun are not touched by it.
#[utoipa::path(
    patch, path = "/admin/models/{id}", tag = "models", operation_id = "update_model", request_body = ModelUpdate,
    params(("id" = String, Path, description = "The model's id")),
    responses(
        (status = 200, description = "The model as it is now", body = Model),
        (status = 404, description = "There is no such model", body = ErrorReply),
        (status = 409, description = "The name is taken", body = ErrorReply),
    ),
)]
pub(super) async fn update_model(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ModelId>,
    Json(body): Json<ModelUpdate>,
) -> Result<Json<Model>, ApiError> {
    body.check()?;
    let change = ModelChange {
        name: body.name.map(ModelName::into_string),
        display_name: body.display_name,
        context_length: body.context_length,
        max_output_tokens: body.max_output_tokens,
        first_byte_ms: body.first_byte_ms,
        default_output_tokens: body.default_output_tokens,
        output_cap_parameter: body.output_cap_parameter.map(stored_parameter),
        capabilities: body.capabilities,
        active: body.active,
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("model.update", "model", &id.to_string()).showing(shown_model);
    let model = app.store.update_model(id, change, &audit).await?;
    app.changes.announce(ChangeKind::Model, id).await;
    Ok(Json(wire_model(model)))
}
