//! The models that the site offers, with their prices.

use axum::extract::State;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::offered_models::{OfferedModel, OfferedPrice};
use waystation_api::pagination::Page;

use crate::auth::Actor;
use crate::catalog::Offer;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::models::prices::wire_price_version;
use crate::state::App;

/// List the models that the site offers, by name
///
/// With what they cost now and what is announced. Strangers see them where the setting `site.public_models` says so.
#[utoipa::path(
    get, path = "/models", tag = "models", operation_id = "list_offered_models",
    responses(
        (status = 200, description = "The models, on one page", body = Page<OfferedModel>),
        (status = 401, description = "The site shows them to nobody who is not signed in", body = ErrorReply),
    ),
)]
pub(super) async fn list_offered_models(
    State(app): State<App>,
    actor: Option<Actor>,
) -> Result<Json<Page<OfferedModel>>, ApiError> {
    if actor.is_none() && !app.site.current().await?.site_public_models {
        return Err(ApiError::new(ErrorCode::InvalidToken, "Sign in to see the models of this site."));
    }
    let offers = app.catalog.offers().await.map_err(ApiError::unavailable)?;
    let items = offers.into_iter().map(wire_offer).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

fn wire_offer(offer: Offer) -> OfferedModel {
    let model = offer.model;
    OfferedModel {
        name: model.name,
        display_name: model.display_name,
        context_length: model.context_length,
        max_output_tokens: model.max_output_tokens,
        capabilities: model.capabilities,
        is_served: offer.is_served,
        price: OfferedPrice::from(wire_price_version(offer.price)),
        next_price: offer.next_price.map(|price| OfferedPrice::from(wire_price_version(price))),
    }
}
