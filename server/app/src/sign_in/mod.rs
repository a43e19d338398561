//! Signing in: every way of proving who one is ends in [`completion::complete_sign_in`].

mod backoff;
mod completion;
mod factor_check;
mod passkey_sign_in;
mod passkeys;
mod proof;
mod recovery_code;
mod recovery_codes;
mod second_factor;
mod step_token;
#[cfg(test)]
mod tests;
mod totp;
mod totp_code;

use utoipa_axum::routes;

use crate::auth::{Access, GuardedRoutes};
pub(crate) use backoff::Backoff;
pub(crate) use proof::{FreshProof, OfferedProof};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Anyone, routes!(second_factor::finish_second_factor))
        .route(Access::Anyone, routes!(second_factor::show_second_factor_challenge))
        .route(Access::Anyone, routes!(passkey_sign_in::start_passkey_sign_in))
        .route(Access::Anyone, routes!(passkey_sign_in::finish_passkey_sign_in))
        .route(Access::SignedIn, routes!(proof::start_proof))
        .route(Access::SignedIn, routes!(proof::create_proof))
        .route(Access::SignedIn, routes!(totp::create_totp, totp::show_totp, totp::delete_totp))
        .route(Access::SignedIn, routes!(totp::confirm_totp))
        .route(
            Access::SignedIn,
            routes!(recovery_codes::create_recovery_codes, recovery_codes::count_recovery_codes),
        )
        .route(Access::SignedIn, routes!(passkeys::start_passkey))
        .route(Access::SignedIn, routes!(passkeys::finish_passkey))
        .route(Access::SignedIn, routes!(passkeys::list_passkeys))
        .route(Access::SignedIn, routes!(passkeys::update_passkey, passkeys::delete_passkey))
}
