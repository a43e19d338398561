//! Signing in: every way of proving who one is ends in [`completion::complete_sign_in`].

mod backoff;
mod certificate;
mod completion;
mod oauth;
mod pairing;
mod policy;
mod refresh;
mod second_factor;
mod sessions;
mod setup;

use utoipa_axum::routes;
use waystation_api::permissions::Permission;

use crate::auth::{Access, GuardedRoutes};
pub(crate) use backoff::{Backoff, Bucket};
pub(crate) use completion::{
    ProvedBy, Reception, complete_sign_in, failed_sign_in, invalid_credentials, lacks_required_second_factor,
    open_session,
};
pub(crate) use oauth::Oauth;
pub(crate) use pairing::create_pairing;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::UsersRead);
    let writing = Access::Holding(Permission::UsersWrite);
    GuardedRoutes::new()
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
