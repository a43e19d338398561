//! The administration's routes for groups of models.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::model_groups::{ModelGroup, ModelGroupCreate, ModelGroupUpdate};
use waystation_api::models::ModelName;
use waystation_api::pagination::{Page, PageQuery};
use waystation_ids::{ModelGroupId, ModelId};
use waystation_store::{ChangeKind, ModelGroupChange, NewModelGroup};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::visitor::Visitor;
use crate::model_groups::{shown_group, wire_group};
use crate::random::random_bytes;
use crate::state::App;

/// Make a group of models
#[utoipa::path(
    post, path = "/admin/model-groups", tag = "models", operation_id = "create_model_group",
    request_body = ModelGroupCreate,
    responses(
        (status = 201, description = "The group", body = ModelGroup),
        (status = 400, description = "A model is not known", body = ErrorReply),
        (status = 409, description = "The name is taken", body = ErrorReply),
    ),
)]
pub(super) async fn create_model_group(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ModelGroupCreate>,
) -> Result<(StatusCode, Json<ModelGroup>), ApiError> {
    body.check()?;
    let new = NewModelGroup {
        id: ModelGroupId::new(now_ms(), random_bytes()?),
        name: body.name.into(),
        note: body.note,
        models: find_models(&app, body.models).await?,
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("model_group.create", "model_group", &new.id.to_string()).showing(shown_group);
    let group = app.store.create_model_group(new, &audit).await?;
    app.changes.announce(ChangeKind::Model, group.id).await;
    Ok((StatusCode::CREATED, Json(wire_group(group))))
}

/// List groups of models, the newest first
#[utoipa::path(
    get, path = "/admin/model-groups", tag = "models", operation_id = "list_model_groups", params(PageQuery),
    responses((status = 200, description = "A page of groups", body = Page<ModelGroup>)),
)]
pub(super) async fn list_model_groups(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<ModelGroup>>, ApiError> {
    let limit = query.limit();
    let groups = app.store.list_model_groups(read_cursor(query.cursor.as_deref())?, limit + 1).await?;
    let groups = groups.into_iter().map(wire_group).collect();
    Ok(Json(Page::from_found(groups, limit, |group: &ModelGroup| group.id.to_string())))
}

/// Show a group of models
#[utoipa::path(
    get, path = "/admin/model-groups/{id}", tag = "models", operation_id = "show_model_group",
    params(("id" = String, Path, description = "The group's id")),
    responses(
        (status = 200, description = "The group", body = ModelGroup),
        (status = 404, description = "There is no such group", body = ErrorReply),
    ),
)]
pub(super) async fn show_model_group(
    State(app): State<App>,
    PathParts(id): PathParts<ModelGroupId>,
) -> Result<Json<ModelGroup>, ApiError> {
    Ok(Json(wire_group(app.store.load_model_group(id).await?)))
}

/// Change a group of models
#[utoipa::path(
    patch, path = "/admin/model-groups/{id}", tag = "models", operation_id = "update_model_group",
    request_body = ModelGroupUpdate, params(("id" = String, Path, description = "The group's id")),
    responses(
        (status = 200, description = "The group as it is now", body = ModelGroup),
        (status = 400, description = "A model is not known", body = ErrorReply),
        (status = 404, description = "There is no such group", body = ErrorReply),
        (status = 409, description = "The name is taken", body = ErrorReply),
    ),
)]
pub(super) async fn update_model_group(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ModelGroupId>,
    Json(body): Json<ModelGroupUpdate>,
) -> Result<Json<ModelGroup>, ApiError> {
    body.check()?;
    let models = match body.models {
        Some(models) => Some(find_models(&app, models).await?),
        None => None,
    };
    let change = ModelGroupChange { name: body.name.map(String::from), note: body.note, models };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("model_group.update", "model_group", &id.to_string()).showing(shown_group);
    let group = app.store.update_model_group(id, change, &audit).await?;
    app.changes.announce(ChangeKind::Model, id).await;
    Ok(Json(wire_group(group)))
}

/// Delete a group of models
///
/// Its models stay; keys that may use models by naming it may use them no more.
#[utoipa::path(
    delete, path = "/admin/model-groups/{id}", tag = "models", operation_id = "delete_model_group",
    params(("id" = String, Path, description = "The group's id")),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such group", body = ErrorReply),
    ),
)]
pub(super) async fn delete_model_group(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ModelGroupId>,
) -> Result<StatusCode, ApiError> {
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("model_group.delete", "model_group", &id.to_string()).showing(shown_group);
    app.store.delete_model_group(id, &audit).await?;
    app.changes.announce(ChangeKind::Model, id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The ids of these models; one that the site has not is a wrong field.
async fn find_models(app: &App, names: Vec<ModelName>) -> Result<Vec<ModelId>, ApiError> {
    let names: Vec<String> = names.into_iter().map(ModelName::into_string).collect();
    let found = app.store.find_models(&names).await?;
    let id_of = |(place, name): (usize, &String)| {
        let id = found.get(name).copied();
        id.ok_or_else(|| {
            ApiError::field(format!("models[{place}]"), FieldCode::Unknown, "is no model of this site")
        })
    };
    names.iter().enumerate().map(id_of).collect()
}
