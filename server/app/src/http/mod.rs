//! How requests come in: routes, layers and the listener.

pub(crate) mod body;
pub(crate) mod body_bytes;
pub(crate) mod client_address;
mod connection;
mod connection_limits;
pub(crate) mod csv;
pub(crate) mod cursor;
pub(crate) mod export;
mod host_guard;
pub(crate) mod idempotency;
pub(crate) mod local_path;
mod origin_guard;
pub(crate) mod public_origin;
mod reception;
pub(crate) mod request_id;
mod routes;
pub(crate) mod search;
pub(crate) mod security_headers;
mod server;
pub(crate) mod visitor;

pub(crate) use connection_limits::network_of;
#[cfg(test)]
pub(crate) use routes::management_slices;
pub(crate) use routes::{api_document, build_router};
pub(crate) use server::serve;
