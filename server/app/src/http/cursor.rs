//! Cursors of lists.

use std::str::FromStr;

use waystation_api::error::FieldCode;

use crate::error::ApiError;

/// Reads the `cursor` of a list whose cursors are ids.
pub(crate) fn read_cursor<T: FromStr>(cursor: Option<&str>) -> Result<Option<T>, ApiError> {
    cursor
        .map(str::parse)
        .transpose()
        .map_err(|_| ApiError::field("cursor", FieldCode::Invalid, "is not one of this list"))
}
