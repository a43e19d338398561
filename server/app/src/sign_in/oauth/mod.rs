//! Signing in by an identity provider: OAuth 2 and OpenID Connect, with PKCE, a nonce and a state that is used once by
//! the browser that began.

mod arrival;
mod callback;
mod discovery;
mod failure;
mod id_token;
mod identities;
mod outbound;
mod profile;
mod provider;
mod start;
mod step;

pub(crate) use provider::Oauth;
pub(super) use provider::Provider;
use utoipa_axum::routes;

use crate::auth::{Access, GuardedRoutes};

/// The slice's routes below `/api`.
pub(super) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Anyone, routes!(start::start_oauth))
        .route(Access::Anyone, routes!(callback::finish_oauth))
        .route(Access::SignedIn, routes!(identities::list_my_identities))
        .route(Access::SignedIn, routes!(identities::unlink_my_identity))
}
