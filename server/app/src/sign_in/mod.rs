//! Signing in: every way of proving who one is ends in [`complete_sign_in`].

mod completion;
mod proof;

pub(crate) use completion::{ProvedBy, Reception, complete_sign_in};
pub(crate) use proof::{FreshProof, OfferedProof};

use crate::auth::GuardedRoutes;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
}
