//! The reader of upstreams' lists of models: bounded, in order, and nothing in it that the upstream did not say.

use serde_json::Value;
use waystation_protocol::openai::model_list::{ModelListError, NAMES_MAX, read_model_list};

pub(super) fn check(bytes: &[u8]) {
    let read = match read_model_list(bytes) {
        Ok(list) => list,
        Err(ModelListError::NotAList | ModelListError::Failed(_)) => return,
    };
    assert!(read.names.len() <= NAMES_MAX);
    assert!(read.names.windows(2).all(|pair| pair[0] < pair[1]), "not in order, or twice: {:?}", read.names);
    // Another reader finds each name as a text of the same document; where it refuses what ours takes, there is
    // nothing to compare with.
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else { return };
    for name in &read.names {
        assert!(!name.is_empty());
        assert!(holds_text(&document, name), "a name from nowhere: {name:?}");
    }
}

fn holds_text(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Array(items) => items.iter().any(|item| holds_text(item, wanted)),
        Value::Object(fields) => fields.values().any(|field| holds_text(field, wanted)),
        _ => false,
    }
}
