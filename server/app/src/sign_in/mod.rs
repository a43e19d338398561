//! Signing in: every way of proving who one is ends in [`complete_sign_in`].

mod completion;

pub(crate) use completion::{ProvedBy, Reception, complete_sign_in};

use crate::auth::GuardedRoutes;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
}
