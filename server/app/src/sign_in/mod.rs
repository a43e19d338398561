//! Signing in: every way of proving who one is ends in [`completion::complete_sign_in`].

mod backoff;
mod certificate;
mod completion;
mod factor_check;
mod first_key;
mod gift;
mod mailed_links;
mod oauth;
mod options;
mod pairing;
mod passkey_sign_in;
mod passkeys;
mod password;
mod policy;
mod proof;
mod recovery_code;
mod recovery_codes;
mod refresh;
mod registration;
mod relying_party;
mod second_factor;
mod sessions;
mod setup;
mod step_token;
#[cfg(test)]
mod tests;
mod totp;
mod totp_code;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};
pub(crate) use backoff::Backoff;
pub(crate) use completion::lacks_required_second_factor;
#[cfg(test)]
pub(crate) use completion::{ProvedBy, Reception, complete_sign_in};
pub(crate) use mailed_links::{mail_address_changed, mail_site_deed};
pub(crate) use oauth::Oauth;
pub(crate) use pairing::create_pairing;
pub(crate) use proof::{FreshProof, OfferedProof};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::UsersRead);
    let writing = Access::Holding(Permission::UsersWrite);
    GuardedRoutes::new()
        .route(Access::Anyone, routes!(options::show_sign_in_options))
        .route(Access::Anyone, routes!(registration::register))
        .route(Access::Anyone, routes!(registration::verify_email))
        .route(Access::Anyone, routes!(registration::resend_verification))
        .route(Access::Anyone, routes!(password::sign_in))
        .route(Access::Anyone, routes!(password::request_password_reset))
        .route(Access::Anyone, routes!(password::reset_password))
        .route(Access::SignedIn, routes!(password::update_my_password))
        .route(Access::Anyone, routes!(second_factor::finish_second_factor))
        .route(Access::Anyone, routes!(second_factor::show_second_factor_challenge))
        .route(Access::Anyone, routes!(passkey_sign_in::start_passkey_sign_in))
        .route(Access::Anyone, routes!(passkey_sign_in::finish_passkey_sign_in))
        .route(Access::Identified, routes!(proof::start_proof))
        .route(Access::Identified, routes!(proof::create_proof))
        .route(Access::Identified, routes!(first_key::create_my_first_key))
        .route(Access::Identified, routes!(totp::create_totp, totp::show_totp, totp::delete_totp))
        .route(Access::Identified, routes!(totp::confirm_totp))
        .route(
            Access::Identified,
            routes!(recovery_codes::create_recovery_codes, recovery_codes::count_recovery_codes),
        )
        .route(Access::Identified, routes!(passkeys::start_passkey))
        .route(Access::Identified, routes!(passkeys::finish_passkey))
        .route(Access::Identified, routes!(passkeys::list_passkeys))
        .route(Access::Identified, routes!(passkeys::update_passkey, passkeys::delete_passkey))
        .merge(oauth::routes())
        .route(Access::Anyone, routes!(refresh::refresh_tokens))
        .route(Access::Anyone, routes!(pairing::pair_device))
        .route(Access::Identified, routes!(sessions::sign_out))
        .route(Access::SignedIn, routes!(pairing::create_my_pairing))
        .route(Access::SignedIn, routes!(sessions::list_my_sessions))
        .route(Access::SignedIn, routes!(sessions::revoke_my_session))
        .route(Access::SignedIn, routes!(sessions::revoke_my_other_sessions))
        .route(reading, routes!(sessions::list_user_sessions))
        .route(writing, routes!(sessions::revoke_user_session))
        .route(writing, routes!(sessions::revoke_user_sessions))
}

/// The routes below `/api` that answer before there is an owner.
pub(crate) fn setup_routes() -> GuardedRoutes {
    GuardedRoutes::new().route(Access::Anyone, routes!(setup::show_setup, setup::complete_setup))
}
