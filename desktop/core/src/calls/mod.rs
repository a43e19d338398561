//! What the window may ask of a site. It names a connection and a known operation; where that is, by what the site is
//! known and what opens it stays on this side.

mod answer;
mod error;
mod export;
mod gateway;
mod operations;
mod request;
mod tokens;
mod transport;
mod trust_change;
mod write_guard;

pub use answer::Answer;
pub use error::{CallError, Failure};
pub use export::{Export, ExportFormat, Exported};
pub use gateway::Gateway;
pub use request::Call;
pub use transport::http_client;
