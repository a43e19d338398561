//! Named sets of models.

mod administration;

use utoipa_axum::routes;
use waystation_api::model_groups::{GroupedModel, ModelGroup, ModelGroupFieldError};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_store as store;

use crate::audit_trail::state_of;
use crate::auth::{Access, GuardedRoutes};
use crate::error::ApiError;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::ModelsRead);
    let writing = Access::Holding(Permission::ModelsWrite);
    GuardedRoutes::new()
        .route(writing, routes!(administration::create_model_group))
        .route(reading, routes!(administration::list_model_groups))
        .route(reading, routes!(administration::show_model_group))
        .route(writing, routes!(administration::update_model_group))
        .route(writing, routes!(administration::delete_model_group))
}

fn wire_group(group: store::ModelGroup) -> ModelGroup {
    ModelGroup {
        id: group.id,
        name: group.name,
        note: group.note,
        models: group
            .models
            .into_iter()
            .map(|model| GroupedModel { id: model.id, name: model.name })
            .collect(),
        created_at: Time::from_unix_ms(group.created_at_ms),
        updated_at: Time::from_unix_ms(group.updated_at_ms),
    }
}

/// A group as the audit log shows it.
fn shown_group(group: &store::ModelGroup) -> Option<String> {
    state_of(&wire_group(group.clone()))
}

impl From<ModelGroupFieldError> for ApiError {
    fn from(error: ModelGroupFieldError) -> Self {
        ApiError::field(error.field(), error.code(), error.to_string())
    }
}
