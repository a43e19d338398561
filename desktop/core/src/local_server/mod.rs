//! The server that comes with the app: one process, started by the app, known by its nonce, and gone with the app. Who
//! wants it to go on without the app installs it as a service of theirs.

mod announcement;
mod log_ring;
mod port;
mod process;
mod setup;
mod state;
mod user_service;

pub use announcement::{Announcement, AnnouncementError};
pub use log_ring::{LogLine, LogRing, LogSource};
pub use port::{PortHolder, TakenPort, find_taken_port};
pub use process::{LocalServer, ServerFiles, StartError};
pub use setup::{Owner, SetUpError, set_up_site};
pub use state::{LocalState, StopReason};
pub use user_service::{ServiceError, ServiceFile, ServiceUnit, service_unit};
