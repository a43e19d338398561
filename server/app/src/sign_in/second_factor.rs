//! Second factors: nobody has one yet.

use waystation_api::sign_in::{SecondFactor, SecondFactorChallenge};
use waystation_ids::UserId;
use waystation_store::User;

use crate::error::ApiError;
use crate::http::visitor::Visitor;
use crate::sign_in::completion::{ProvedBy, Reception};
use crate::state::App;

/// What a person can show as a second factor.
pub(crate) async fn methods_of(app: &App, user: UserId) -> Result<Vec<SecondFactor>, ApiError> {
    let _ = (app, user);
    Ok(Vec::new())
}

/// Asks for a second factor.
pub(crate) async fn begin_challenge(
    app: &App,
    visitor: &Visitor,
    user: &User,
    proved_by: ProvedBy,
    reception: Reception,
) -> Result<SecondFactorChallenge, ApiError> {
    let _ = (app, visitor, user, proved_by, reception);
    Err(ApiError::internal("nobody has a second factor"))
}
