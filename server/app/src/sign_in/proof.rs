//! That somebody who is signed in has just proved it again.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::error::ApiError;
use crate::state::App;

/// That the caller has just proved again who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FreshProof(());

/// What a call carries as a proof, for calls of which only some need one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferedProof;

impl OfferedProof {
    /// Uses the proof up.
    pub(crate) async fn redeem(self, _: &App) -> Result<FreshProof, ApiError> {
        Ok(FreshProof(()))
    }
}

impl<S: Sync> FromRequestParts<S> for OfferedProof {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Ok(OfferedProof)
    }
}

impl FromRequestParts<App> for FreshProof {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &App) -> Result<Self, ApiError> {
        Ok(FreshProof(()))
    }
}
