//! Who is asking, and what that person may do.
//!
//! A layer around the management routes finds out who is asking; each route names what is needed for it; handlers
//! take the [`Actor`].

mod access_token;
mod actor;
mod cookie;
mod directory;
mod refresh_token;
mod routes;
mod span;
#[cfg(test)]
mod tests;

pub(crate) use access_token::{create_access_token, issue_access_token};
pub(crate) use actor::{Actor, bearer_token, carries_bearer, identify_actor};
pub(crate) use cookie::{COOKIE_NAME, carries_cookie, clear_cookie, set_cookie};
pub(crate) use directory::ActorDirectory;
pub(crate) use refresh_token::{read_refresh_token, write_refresh_token};
pub(crate) use routes::{Access, GuardedRoutes};
pub(crate) use span::{browser_span, device_span};
