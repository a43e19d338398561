//! What commands answer when they fail.

use std::fmt;

use waystation_desktop::calls::{CallError, Failure};
use waystation_desktop::charts::ChartError;
use waystation_desktop::connections::{BookError, ExchangeError};
use waystation_desktop::local_server::{ServiceError, SetUpError, StartError};
use waystation_desktop::pairing::{LinkError, PairError};
use waystation_desktop::secrets::SecretError;
use waystation_desktop::trust::{LookError, Watch};

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
            PairError::Look(LookError::Trust(error)) => CallError::Trust(error).into(),
            PairError::Look(LookError::Late) => CallError::Late.into(),
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
        None => CallError::of_client(error, &Watch::default()).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// What stands between quotes behind each `start`.
    fn quoted<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = String> + 'a {
        text.split(start).skip(1).filter_map(|rest| {
            let word = rest.trim_start().strip_prefix('"')?.split('"').next()?;
            Some(word.to_owned())
        })
    }

    fn read_sources(folder: &Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.path() {
                path if path.is_dir() => read_sources(&path, out),
                path if path.extension().is_some_and(|end| end == "rs") => {
                    let text = std::fs::read_to_string(&path).unwrap();
                    out.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_failure_that_reaches_the_window_is_described_and_no_other() {
        let mut sources = Vec::new();
        read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut sources);
        let mut codes: BTreeSet<String> =
            sources.iter().flat_map(|source| quoted(source, "Refusal::new(")).collect();
        for mapping in [include_str!("failure.rs"), include_str!("../../core/src/calls/error.rs")] {
            let mapping = mapping.split("#[cfg(test)]").next().unwrap_or_default();
            codes.extend(quoted(mapping, "=>"));
        }
        let table = include_str!("../README.md").split_once("## Failures").unwrap().1;
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('|'));
        let described: BTreeSet<String> = rows
            .flat_map(|(names, _)| names.split(',').map(|name| name.trim().trim_matches('`').to_owned()))
            .collect();
        assert_eq!(codes, described);
    }

    #[test]
    fn a_site_that_is_none_is_told_apart_from_one_that_is_not_reached() {
        let answer = serde_json::from_str::<u8>("<html>").unwrap_err();
        let none = waystation_client::ClientError::Answer { status: Default::default(), source: answer };
        assert_eq!(of_client(none).0.code, "unreadable_answer");
        assert_eq!(Refusal::from(PairError::Look(LookError::Late)).0.code, "timed_out");
    }
}
