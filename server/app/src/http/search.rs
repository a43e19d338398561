//! What lists are searched for.

use waystation_api::error::FieldCode;

use crate::error::ApiError;

const LENGTH_MAX: usize = 254;

/// Reads the `q` of a list; none: everything is listed.
pub(crate) fn read_search(text: Option<&str>) -> Result<Option<&str>, ApiError> {
    if text.is_some_and(|text| text.chars().count() > LENGTH_MAX) {
        return Err(ApiError::field("q", FieldCode::TooLong, "is longer than 254 characters"));
    }
    Ok(text.map(str::trim).filter(|text| !text.is_empty()))
}
