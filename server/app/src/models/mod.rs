//! Models and their prices.

mod administration;
mod offered;
mod prices;
mod unpriced;

use utoipa_axum::routes;
use waystation_api::models::{Model, ModelFieldError, OutputCapParameter};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_store as store;

use crate::audit_trail::state_of;
use crate::auth::{Access, GuardedRoutes};
use crate::error::ApiError;
pub(crate) use prices::shown_price;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::ModelsRead);
    let writing = Access::Holding(Permission::ModelsWrite);
    GuardedRoutes::new()
        .route(writing, routes!(administration::create_model))
        .route(reading, routes!(administration::list_models))
        .route(reading, routes!(administration::show_model))
        .route(writing, routes!(administration::update_model))
        .route(reading, routes!(unpriced::list_unpriced_models))
        .route(writing, routes!(prices::create_price_version))
        .route(reading, routes!(prices::list_price_versions))
        .route(Access::Anyone, routes!(offered::list_offered_models))
}

fn wire_model(model: store::Model) -> Model {
    Model {
        id: model.id,
        name: model.name,
        display_name: model.display_name,
        context_length: model.context_length,
        max_output_tokens: model.max_output_tokens,
        first_byte_ms: model.first_byte_ms,
        default_output_tokens: model.default_output_tokens,
        output_cap_parameter: match model.output_cap_parameter {
            store::OutputCapParameter::MaxCompletionTokens => OutputCapParameter::MaxCompletionTokens,
            store::OutputCapParameter::MaxTokens => OutputCapParameter::MaxTokens,
        },
        capabilities: model.capabilities,
        active: model.active,
        created_at: Time::from_unix_ms(model.created_at_ms),
        updated_at: Time::from_unix_ms(model.updated_at_ms),
    }
}

/// A model as the audit log shows it.
pub(crate) fn shown_model(model: &store::Model) -> Option<String> {
    state_of(&wire_model(model.clone()))
}

fn stored_parameter(parameter: OutputCapParameter) -> store::OutputCapParameter {
    match parameter {
        OutputCapParameter::MaxCompletionTokens => store::OutputCapParameter::MaxCompletionTokens,
        OutputCapParameter::MaxTokens => store::OutputCapParameter::MaxTokens,
    }
}

impl From<ModelFieldError> for ApiError {
    fn from(error: ModelFieldError) -> Self {
        ApiError::field(error.field(), error.code(), error.to_string())
    }
}
