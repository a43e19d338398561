//! Signing in: every way of proving who one is ends in [`complete_sign_in`].

mod backoff;
mod completion;
mod gift;
mod mailed_links;
mod password;
mod policy;
mod registration;
mod token;

#[allow(unused_imports, reason = "every way of signing in counts its guesses")]
pub(crate) use backoff::{Backoff, Bucket};
#[allow(unused_imports, reason = "every way of signing in ends there")]
pub(crate) use completion::{ProvedBy, Reception, complete_sign_in};
#[allow(unused_imports, reason = "every way of signing in gives what was promised, and enters people")]
pub(crate) use gift::give_promised_gift;
#[allow(unused_imports, reason = "the administration resets passwords by it")]
pub(crate) use mailed_links::{create_reset_link, mail_reset_link};
#[allow(unused_imports, reason = "every way of signing in enters people")]
pub(crate) use policy::{Admission, NewPerson, check_registration, enter_newcomer};
pub(crate) use token::LinkToken;

use utoipa_axum::routes;

use crate::auth::{Access, GuardedRoutes};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Anyone, routes!(registration::register))
        .route(Access::Anyone, routes!(registration::verify_email))
        .route(Access::Anyone, routes!(registration::resend_verification))
        .route(Access::Anyone, routes!(password::sign_in))
        .route(Access::Anyone, routes!(password::request_password_reset))
        .route(Access::Anyone, routes!(password::reset_password))
        .route(Access::SignedIn, routes!(password::update_my_password))
}
