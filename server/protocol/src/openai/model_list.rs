//! An upstream's list of its models.

use std::collections::BTreeSet;

use thiserror::Error;

use super::upstream_error::{UpstreamError, read_upstream_error};
use crate::json::{JsonError, JsonKind, JsonReader};

/// So many names are kept of a list.
pub const NAMES_MAX: usize = 10_000;

/// The models that an upstream says it offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelList {
    /// Their names, sorted, each once, as the upstream writes them.
    pub names: Vec<String>,
    /// Whether there were more than [`NAMES_MAX`].
    pub is_truncated: bool,
}

/// Why a body with a good status is no list of models.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelListError {
    /// Not JSON, or JSON without a list, or a list that breaks off: what is missing would look as if it were gone.
    #[error("the answer is no list of models")]
    NotAList,
    /// An error under a good status.
    #[error("the answer is an error")]
    Failed(UpstreamError),
}

/// Reads the answer to `GET /models`: `{"data": [{"id": …}]}` as OpenAI writes it, or what others write: `models`
/// instead of `data`, a bare list, `name` or `model` instead of `id`, or names alone. Entries without a name are passed
/// over.
pub fn read_model_list(body: &[u8]) -> Result<ModelList, ModelListError> {
    let mut found = Found::default();
    match read_document(body, &mut found) {
        _ if found.has_error && !found.is_list => Err(ModelListError::Failed(read_upstream_error(body))),
        Ok(()) if found.is_list => {
            Ok(ModelList { names: found.names.into_iter().collect(), is_truncated: found.is_truncated })
        }
        _ => Err(ModelListError::NotAList),
    }
}

#[derive(Default)]
struct Found {
    names: BTreeSet<String>,
    is_list: bool,
    is_truncated: bool,
    has_error: bool,
}

impl Found {
    fn take(&mut self, name: &str) {
        if name.is_empty() || self.names.contains(name) {
            return;
        }
        if self.names.len() < NAMES_MAX {
            self.names.insert(name.to_owned());
        } else {
            self.is_truncated = true;
        }
    }
}

fn read_document(body: &[u8], found: &mut Found) -> Result<(), JsonError> {
    let mut reader = JsonReader::new(body);
    match reader.peek()? {
        JsonKind::Array => read_names(&mut reader, found)?,
        JsonKind::Object => {
            reader.read_object(|reader, key| match (key.name().as_ref(), reader.peek()?) {
                ("data" | "models", JsonKind::Array) => read_names(reader, found),
                ("error", kind) => {
                    found.has_error |= kind != JsonKind::Null;
                    reader.ignore_value()
                }
                _ => reader.ignore_value(),
            })?;
        }
        _ => reader.ignore_value()?,
    }
    reader.finish()
}

fn read_names(reader: &mut JsonReader<'_>, found: &mut Found) -> Result<(), JsonError> {
    found.is_list = true;
    reader.read_array(|reader, _| {
        match reader.peek()? {
            JsonKind::String => {
                if let Some(name) = reader.read_string()?.decode() {
                    found.take(&name);
                }
            }
            JsonKind::Object => {
                if let Some(name) = read_name(reader)? {
                    found.take(&name);
                }
            }
            _ => reader.ignore_value()?,
        }
        Ok::<(), JsonError>(())
    })?;
    Ok(())
}

/// The name of one entry: its `id`, else its `model`, else its `name`, which for some is what people read.
fn read_name(reader: &mut JsonReader<'_>) -> Result<Option<String>, JsonError> {
    let mut names: [Option<String>; 3] = [None, None, None];
    reader.read_object(|reader, key| {
        let rank = match (key.name().as_ref(), reader.peek()?) {
            ("id", JsonKind::String) => 0,
            ("model", JsonKind::String) => 1,
            ("name", JsonKind::String) => 2,
            _ => return reader.ignore_value(),
        };
        let text = reader.read_string()?.decode().map(String::from);
        if let Some(slot) = names.get_mut(rank) {
            *slot = text.filter(|text| !text.is_empty());
        }
        Ok(())
    })?;
    Ok(names.into_iter().flatten().next())
}
