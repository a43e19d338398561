//! Who is asking, and what that person may do.
//!
//! A layer around the management routes finds out who is asking; each route names what is needed for it; handlers
//! take the [`Actor`].

mod access_token;
mod actor;
mod directory;
mod routes;
#[cfg(test)]
mod tests;

pub(crate) use access_token::create_access_token;
pub(crate) use actor::{Actor, bearer_token, identify_actor};
pub(crate) use directory::ActorDirectory;
pub(crate) use routes::{Access, GuardedRoutes};
