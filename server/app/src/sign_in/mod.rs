//! Signing in: every way of proving who one is ends in [`completion::complete_sign_in`].

mod completion;
mod oauth;
mod policy;

pub(crate) use oauth::Oauth;

use crate::auth::GuardedRoutes;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new().merge(oauth::routes())
}
