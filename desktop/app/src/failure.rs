//! What commands answer when they fail.

use std::fmt;

use waystation_desktop::calls::{CallError, Failure};
use waystation_desktop::charts::ChartError;
use waystation_desktop::connections::{BookError, ExchangeError};
use waystation_desktop::local_server::{ServiceError, SetUpError, StartError};
use waystation_desktop::pairing::{LinkError, PairError};
use waystation_desktop::secrets::SecretError;

/// A command's answer.
pub(crate) type Reply<A> = Result<A, Refusal>;

/// A failure on its way to the window.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(transparent)]
pub(crate) struct Refusal(Failure);

impl Refusal {
    /// A failure of that code.
    pub(crate) fn new(code: &'static str, message: impl fmt::Display) -> Self {
        Refusal(Failure::new(code, message))
    }
}

impl From<CallError> for Refusal {
    fn from(error: CallError) -> Self {
        Refusal(Failure::from(error))
    }
}

impl From<SecretError> for Refusal {
    fn from(error: SecretError) -> Self {
        Refusal::new(error.code(), error)
    }
}

impl From<BookError> for Refusal {
    fn from(error: BookError) -> Self {
        let code = match error {
            BookError::Unknown => "unknown_connection",
            BookError::Full => "too_many_connections",
            BookError::Exists => "connection_exists",
            BookError::Damaged(_) | BookError::Newer => "connections_unreadable",
            BookError::Read(_) | BookError::Write(_) => "connections_not_kept",
        };
        Refusal::new(code, error)
    }
}

impl From<ExchangeError> for Refusal {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Book(error) => error.into(),
            other => Refusal::new("not_an_export", other),
        }
    }
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Self {
        let code = match error {
            LinkError::Foreign => "link_foreign",
            LinkError::TooLong | LinkError::Malformed => "link_malformed",
            LinkError::Unknown => "link_unknown",
            LinkError::Address => "link_address",
            LinkError::Fingerprint => "link_fingerprint",
        };
        Refusal::new(code, error)
    }
}

impl From<PairError> for Refusal {
    fn from(error: PairError) -> Self {
        match error {
            PairError::KeyChanged(change) => CallError::KeyChanged(change).into(),
            PairError::Trust(error) => CallError::Trust(error).into(),
            PairError::Look(error) => Refusal::new("no_connection", error),
            PairError::WrongKey => Refusal::new("wrong_key", error),
            PairError::DeviceName => Refusal::new("device_name", error),
            PairError::Answer => Refusal::new("unreadable_answer", error),
            PairError::Call(error) => of_client(error),
        }
    }
}

impl From<StartError> for Refusal {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NotStopped => Refusal::new("not_stopped", error),
            StartError::Failed => Refusal::new("server_failed", error),
        }
    }
}

impl From<SetUpError> for Refusal {
    fn from(error: SetUpError) -> Self {
        match error {
            SetUpError::Call(error) => of_client(error),
            SetUpError::Trust(error) => CallError::Trust(error).into(),
            SetUpError::Field(_) => Refusal::new("field", error),
            SetUpError::NoToken => Refusal::new("is_set_up", error),
            SetUpError::Token(_) | SetUpError::Answer => Refusal::new("set_up_failed", error),
        }
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Refusal::new("service", error)
    }
}

impl From<ChartError> for Refusal {
    fn from(error: ChartError) -> Self {
        Refusal::new("chart", error)
    }
}

/// The site's own words go on to the window: they say what to do.
fn of_client(error: waystation_client::ClientError) -> Refusal {
    match error.refusal() {
        Some(refusal) => Refusal::new("refused", &refusal.message),
        None => Refusal::new("no_connection", error),
    }
}
