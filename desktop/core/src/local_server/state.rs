use serde::Serialize;

use crate::connections::SiteAddress;
use crate::local_server::TakenPort;

/// How the server of this app is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LocalState {
    /// It does not run.
    #[default]
    Stopped,
    /// It has been started and has not said where it is.
    Starting,
    /// It answers.
    Running {
        /// Where.
        url: SiteAddress,
        /// Its version.
        version: String,
        /// The number of its process.
        process: u32,
        /// Whether its site has no owner yet.
        needs_setup: bool,
        /// The port that it should have had, where something else holds that.
        taken_port: Option<TakenPort>,
    },
    /// It runs and does not answer, or something else answers in its place.
    Unhealthy {
        /// Where it was.
        url: SiteAddress,
        /// How it was while it answered, for when it answers again.
        #[serde(skip)]
        before: Box<LocalState>,
    },
    /// It has been told to stop and lets calls finish.
    Stopping,
    /// It ended without being told to.
    Failed {
        /// Why.
        reason: StopReason,
        /// The code that it ended with, where it had one.
        exit_code: Option<i32>,
        /// The last line of its log.
        message: Option<String>,
    },
}

/// Why the server does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The program is not where it belongs, or cannot be run.
    NotInstalled,
    /// It ended before it listened.
    DidNotStart,
    /// It did not listen in time.
    TooSlow,
    /// What answered was not it.
    WrongServer,
    /// It ended while it ran.
    Ended,
}

impl LocalState {
    /// Where the server is, while it runs.
    pub fn url(&self) -> Option<&SiteAddress> {
        match self {
            LocalState::Running { url, .. } | LocalState::Unhealthy { url, .. } => Some(url),
            _ => None,
        }
    }

    /// Whether it could be started.
    pub fn may_start(&self) -> bool {
        matches!(self, LocalState::Stopped | LocalState::Failed { .. })
    }
}
