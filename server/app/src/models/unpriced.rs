//! What channels serve and nobody can ask for yet.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::unpriced_models::{ServingChannel, UnpricedModel};
use waystation_store as store;

use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::state::App;

/// List the names that active channels serve and that have no price, by name
///
/// Calls for them are refused until they are models with a price.
#[utoipa::path(
    get, path = "/admin/models/unpriced", tag = "models", operation_id = "list_unpriced_models", params(PageQuery),
    responses(
        (status = 200, description = "A page of names", body = Page<UnpricedModel>),
        (status = 400, description = "The query has faults", body = ErrorReply),
    ),
)]
pub(super) async fn list_unpriced_models(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<UnpricedModel>>, ApiError> {
    let limit = query.limit();
    let found = app.store.list_unpriced_models(query.cursor.as_deref(), limit + 1).await?;
    let found = found.into_iter().map(wire_unpriced).collect();
    Ok(Json(Page::from_found(found, limit, |model: &UnpricedModel| model.name.clone())))
}

fn wire_unpriced(model: store::UnpricedModel) -> UnpricedModel {
    let channels = model.channels.into_iter().map(|(id, name)| ServingChannel { id, name }).collect();
    UnpricedModel { name: model.name, model_id: model.model, channels }
}
