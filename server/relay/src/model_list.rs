//! Models as OpenAI's clients read them: `{"id", "object": "model", "created", "owned_by"}`.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::catalog::Model;

/// The body of `GET /v1/models`.
pub(crate) fn describe_models(models: &[Arc<Model>]) -> Bytes {
    let data: Vec<Value> = models.iter().map(|model| model_object(model)).collect();
    Bytes::from(json!({"object": "list", "data": data}).to_string())
}

/// The body of `GET /v1/models/{id}`.
pub(crate) fn describe_model(model: &Model) -> Bytes {
    Bytes::from(model_object(model).to_string())
}

fn model_object(model: &Model) -> Value {
    let created = model.created_at_ms.div_euclid(1000);
    json!({"id": model.name, "object": "model", "created": created, "owned_by": "waystation"})
}
