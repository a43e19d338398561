//! What is worth interrupting somebody for, and how often.

mod gate;
mod trouble;

pub use gate::{Decision, Gate, PAUSE_MS};
pub use trouble::{Notification, Trouble, TroubleKind, Watcher, notification};
