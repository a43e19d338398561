//! Named sets of models.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use utoipa::ToSchema;
use waystation_ids::{ModelGroupId, ModelId};

use crate::error::FieldCode;
use crate::models::ModelName;
use crate::name::Name;
use crate::time::Time;

const NOTE_LENGTH_MAX: usize = 500;
const MODELS_MAX: usize = 2_000;

/// A group to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelGroupCreate {
    /// What people read; unique.
    pub name: Name,
    /// What it is for, up to 500 characters.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
    /// The names of its models.
    pub models: Vec<ModelName>,
}

/// What to change of a group. Fields left out stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelGroupUpdate {
    /// What people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// What it is for, up to 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// The names of all its models from now on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<ModelName>>,
}

/// A named set of models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelGroup {
    /// Its id.
    #[schema(value_type = String, example = "mgr_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: ModelGroupId,
    /// What people read.
    pub name: String,
    /// What it is for; may be empty.
    pub note: String,
    /// Its models, by name.
    pub models: Vec<GroupedModel>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A model of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupedModel {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ModelId,
    /// What users ask for.
    pub name: String,
}

/// A field of a group whose value cannot be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelGroupFieldError {
    /// The note is too long, or holds what cannot be seen.
    #[error("is at most 500 characters, none of them a control character")]
    Note,
    /// A model is named twice; its place.
    #[error("names a model twice")]
    ModelTwice(usize),
    /// Too many models.
    #[error("holds at most 2000 models")]
    TooManyModels,
}

impl ModelGroupFieldError {
    /// What is wrong with the field, for programs.
    pub fn code(&self) -> FieldCode {
        match self {
            ModelGroupFieldError::Note => FieldCode::TooLong,
            ModelGroupFieldError::ModelTwice(_) => FieldCode::Repeated,
            ModelGroupFieldError::TooManyModels => FieldCode::TooMany,
        }
    }

    /// The path of the field at fault.
    pub fn field(&self) -> String {
        match self {
            ModelGroupFieldError::Note => "note".to_owned(),
            ModelGroupFieldError::ModelTwice(place) => format!("models[{place}]"),
            ModelGroupFieldError::TooManyModels => "models".to_owned(),
        }
    }
}

impl ModelGroupCreate {
    /// Whether every field can be.
    pub fn check(&self) -> Result<(), ModelGroupFieldError> {
        check_note(&self.note)?;
        check_models(&self.models)
    }
}

impl ModelGroupUpdate {
    /// Whether every field that is given can be.
    pub fn check(&self) -> Result<(), ModelGroupFieldError> {
        self.note.as_deref().map_or(Ok(()), check_note)?;
        self.models.as_deref().map_or(Ok(()), check_models)
    }
}

fn check_note(note: &str) -> Result<(), ModelGroupFieldError> {
    let plain = !note.chars().any(char::is_control);
    if plain && note.chars().count() <= NOTE_LENGTH_MAX { Ok(()) } else { Err(ModelGroupFieldError::Note) }
}

fn check_models(models: &[ModelName]) -> Result<(), ModelGroupFieldError> {
    if models.len() > MODELS_MAX {
        return Err(ModelGroupFieldError::TooManyModels);
    }
    let mut seen = std::collections::HashSet::new();
    match models.iter().position(|name| !seen.insert(name)) {
        Some(place) => Err(ModelGroupFieldError::ModelTwice(place)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_names_each_model_once_and_not_too_many() {
        let read = |body: &str| serde_json::from_str::<ModelGroupCreate>(body).unwrap().check();
        assert_eq!(read(r#"{"name":"Large","models":["opus","sonnet"]}"#), Ok(()));
        let twice = read(r#"{"name":"Large","models":["opus","sonnet","opus"]}"#).unwrap_err();
        assert_eq!(twice.field(), "models[2]");
        let many: Vec<String> = (0..=MODELS_MAX).map(|number| format!("\"m{number}\"")).collect();
        let many = read(&format!(r#"{{"name":"Large","models":[{}]}}"#, many.join(","))).unwrap_err();
        assert_eq!(many, ModelGroupFieldError::TooManyModels);
        let note = read(&format!(r#"{{"name":"Large","models":[],"note":"{}"}}"#, "字".repeat(501)));
        assert_eq!(note, Err(ModelGroupFieldError::Note));
    }
}
