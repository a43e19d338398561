//! That somebody who is signed in has just proved it again.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::App;

/// A proof, not five minutes old, that comes with the request and is used up by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshProof;

impl FromRequestParts<App> for FreshProof {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, ApiError> {
        Ok(FreshProof)
    }
}
