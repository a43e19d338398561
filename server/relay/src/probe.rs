//! Asking an upstream outside of any call: whether it answers, and which models it offers. Nothing is held, priced or
//! booked. Connections are made as for calls: by the same client, to the same addresses, without following redirects.

use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use serde_json::json;
use tokio::time::{Instant, timeout};
use waystation_protocol::openai::chat_response::read_chat_response;
use waystation_protocol::openai::chat_stream::{ChatStreamMeter, StreamEnd, StreamView};
use waystation_protocol::openai::model_list::{ModelList, ModelListError, read_model_list};
use waystation_protocol::openai::request_rewrite::CapParameter;
use waystation_protocol::openai::upstream_error::read_upstream_error;
use waystation_protocol::sse::SseDecoder;

use crate::catalog::CredentialSecret;
use crate::chat_answer::failure_of;
use crate::failure::{Failure, FailureKind, Rejection, is_quota};
use crate::upstream::{EVENT_STREAM, JSON, UpstreamAnswer, Upstreams, put_body, write_request};
use crate::upstream_url::UpstreamUrl;

/// From the first step of connecting to the last byte.
const PROBE_TIME: Duration = Duration::from_secs(15);
/// Room for some sentences: some models refuse to answer within less.
const OUTPUT_TOKENS: u64 = 16;
/// Far more than so few tokens take.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The lists of those who resell everybody's models have some megabytes.
const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// So many letters of a secret in a row tell something of it.
const SECRET_RUN: usize = 8;

/// Asks upstreams. Its clients are made when the first one is asked.
#[derive(Debug)]
pub struct Prober {
    connect_time: Duration,
    upstreams: OnceLock<Upstreams>,
}

/// Whom to ask, and with which secret.
#[derive(Clone, Debug)]
pub struct ProbedUpstream {
    /// Where it is.
    pub base_url: UpstreamUrl,
    /// Whether its host may be a private, loopback or link-local address.
    pub allow_private_network: bool,
    /// The secret, if it asks for one.
    pub secret: Option<CredentialSecret>,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe<T> {
    /// The status of the answer, if one came.
    pub status: Option<u16>,
    /// How long the first byte of the answer's body took, or of its head where that is all there is.
    pub first_byte: Option<Duration>,
    /// How long it took altogether.
    pub duration: Duration,
    /// What was found out.
    pub outcome: Result<T, ProbeFailure>,
}

/// Why an upstream gave no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFailure {
    /// What is to be done about it.
    pub kind: ProbeFailureKind,
    /// The upstream's words or the error's, without secrets, addresses and hosts.
    pub text: Option<String>,
}

/// The kinds of failure, by what is to be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeFailureKind {
    /// The host is in a private network, which is not allowed.
    AddressRefused,
    /// No connection, or no TLS, or no such host.
    ConnectFailed,
    /// Nothing came in time, or not all of it.
    Timeout,
    /// A redirect, which is never followed: the address is another one.
    Redirected,
    /// The upstream refuses the secret.
    CredentialRefused,
    /// The account behind the secret has nothing left.
    NoCredit,
    /// The upstream wants us to slow down.
    RateLimited,
    /// The upstream does not know the model.
    ModelNotFound,
    /// The upstream refuses the question.
    RequestRejected,
    /// The upstream failed.
    ServerError,
    /// What came is not what was asked for.
    NotAnAnswer,
}

impl ProbeFailureKind {
    /// The stable name used in JSON and in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            ProbeFailureKind::AddressRefused => "address_refused",
            ProbeFailureKind::ConnectFailed => "connect_failed",
            ProbeFailureKind::Timeout => "timeout",
            ProbeFailureKind::Redirected => "redirected",
            ProbeFailureKind::CredentialRefused => "credential_refused",
            ProbeFailureKind::NoCredit => "no_credit",
            ProbeFailureKind::RateLimited => "rate_limited",
            ProbeFailureKind::ModelNotFound => "model_not_found",
            ProbeFailureKind::RequestRejected => "request_rejected",
            ProbeFailureKind::ServerError => "server_error",
            ProbeFailureKind::NotAnAnswer => "not_an_answer",
        }
    }
}

/// How far an answer has come.
struct Progress {
    begun: Instant,
    status: Option<StatusCode>,
    first_byte: Option<Duration>,
}

/// A failure, with what its kind alone does not say.
struct Refusal {
    failure: Failure,
    has_no_credit: bool,
    /// Whether it speaks of the other name of the output cap.
    wants_other_cap: bool,
}

impl Prober {
    /// Asks with this much time to connect.
    pub fn new(connect_time: Duration) -> Self {
        Prober { connect_time, upstreams: OnceLock::new() }
    }

    /// Has a model say a few words, as a stream. Without a name of the output cap, the one that the upstream takes is
    /// found out. The error is a fault of this host.
    pub async fn ask_chat(
        &self,
        upstream: &ProbedUpstream,
        model: &str,
        cap: Option<CapParameter>,
    ) -> io::Result<Probe<()>> {
        let upstreams = self.upstreams()?;
        let mut progress = Progress::begin();
        let asking = async {
            let first = cap.unwrap_or(CapParameter::MaxTokens);
            match try_chat(upstreams, upstream, model, first, &mut progress).await {
                Err(refusal) if cap.is_none() && refusal.wants_other_cap => {
                    // Only this try is timed: the other told nothing about the upstream's speed.
                    progress.begun = Instant::now();
                    try_chat(upstreams, upstream, model, CapParameter::MaxCompletionTokens, &mut progress)
                        .await
                }
                ended => ended,
            }
        };
        let outcome = timeout(PROBE_TIME, asking).await.unwrap_or_else(|_| Err(Refusal::timed_out()));
        Ok(progress.end(outcome, upstream, ProbeFailureKind::ModelNotFound))
    }

    /// Asks for the list of models. The error is a fault of this host.
    pub async fn list_models(&self, upstream: &ProbedUpstream) -> io::Result<Probe<ModelList>> {
        let upstreams = self.upstreams()?;
        let mut progress = Progress::begin();
        let asking = try_list(upstreams, upstream, &mut progress);
        let outcome = timeout(PROBE_TIME, asking).await.unwrap_or_else(|_| Err(Refusal::timed_out()));
        Ok(progress.end(outcome, upstream, ProbeFailureKind::RequestRejected))
    }

    fn upstreams(&self) -> io::Result<&Upstreams> {
        if let Some(upstreams) = self.upstreams.get() {
            return Ok(upstreams);
        }
        let made = Upstreams::new(self.connect_time)?;
        Ok(self.upstreams.get_or_init(|| made))
    }
}

async fn try_chat(
    upstreams: &Upstreams,
    upstream: &ProbedUpstream,
    model: &str,
    cap: CapParameter,
    progress: &mut Progress,
) -> Result<(), Refusal> {
    let mut question = json!({
        "model": model,
        "messages": [{ "role": "user", "content": "Hi" }],
        "stream": true,
    });
    question[cap.name()] = OUTPUT_TOKENS.into();
    let mut request =
        write_request(upstream.base_url.chat_completions(), EVENT_STREAM, upstream.secret.as_ref())?;
    put_body(&mut request, Bytes::from(question.to_string()));
    let answer = upstreams.deliver(&upstream.base_url, upstream.allow_private_network, request).await?;
    let body = read_success(answer, progress, ANSWER_BYTES_MAX, ends_in_done).await?;
    Ok(judge_chat(body)?)
}

async fn try_list(
    upstreams: &Upstreams,
    upstream: &ProbedUpstream,
    progress: &mut Progress,
) -> Result<ModelList, Refusal> {
    let request = write_request(upstream.base_url.models(), JSON, upstream.secret.as_ref())?;
    let answer = upstreams.deliver(&upstream.base_url, upstream.allow_private_network, request).await?;
    let body = read_success(answer, progress, LIST_BYTES_MAX, |_| false).await?;
    read_model_list(&body).map_err(|error| {
        Refusal::from(match error {
            ModelListError::Failed(told) => Failure::of_error(told),
            ModelListError::NotAList => garbage(&error.to_string()),
        })
    })
}

/// The body of an answer with a good status, up to where `is_whole` says that nothing more is to come.
async fn read_success(
    mut answer: UpstreamAnswer,
    progress: &mut Progress,
    bytes_max: usize,
    is_whole: impl Fn(&[u8]) -> bool,
) -> Result<Bytes, Refusal> {
    progress.status = Some(answer.status);
    progress.first_byte = Some(progress.begun.elapsed());
    if !answer.status.is_success() {
        let body = answer.read_error_body().await;
        return Err(Refusal::of_status(&answer, &body));
    }
    let mut read = BytesMut::new();
    while let Some(chunk) = answer.body.next().await? {
        if read.is_empty() {
            progress.first_byte = Some(progress.begun.elapsed());
        }
        read.extend_from_slice(&chunk);
        if read.len() > bytes_max {
            return Err(garbage(&format!("the answer is larger than {bytes_max} bytes")).into());
        }
        if is_whole(&read) {
            break;
        }
    }
    Ok(read.freeze())
}

/// Some upstreams leave the line open behind their last event.
fn ends_in_done(body: &[u8]) -> bool {
    body.trim_ascii_end().ends_with(b"data: [DONE]")
}

/// Whether a model has spoken, in events or, as those do that know no streams, in a document.
fn judge_chat(body: Bytes) -> Result<(), Failure> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return read_chat_response(&body).map(drop).map_err(failure_of);
    }
    let mut meter = ChatStreamMeter::new(StreamView::default());
    let mut decoder = SseDecoder::new(ANSWER_BYTES_MAX);
    decoder.push(body);
    while let Some(event) = decoder.next_event() {
        let event = event.map_err(|error| garbage(&error.to_string()))?;
        meter.observe(&event);
    }
    if let Some(event) = decoder.finish() {
        meter.observe(&event);
    }
    let has_choices = meter.has_choices();
    let verdict = meter.finish();
    match verdict.end {
        StreamEnd::Failed(told) => Err(Failure::of_error(told)),
        StreamEnd::Complete if has_choices => Ok(()),
        // Not everybody says that it is done; that a choice is, is enough.
        StreamEnd::Cut if verdict.finished_choices > 0 => Ok(()),
        StreamEnd::Cut if has_choices => Err(garbage("the answer broke off")),
        StreamEnd::Complete | StreamEnd::Cut => Err(garbage("the answer has no choices")),
    }
}

impl Progress {
    fn begin() -> Self {
        Progress { begun: Instant::now(), status: None, first_byte: None }
    }

    fn end<T>(
        self,
        outcome: Result<T, Refusal>,
        upstream: &ProbedUpstream,
        not_found: ProbeFailureKind,
    ) -> Probe<T> {
        let secret = upstream.secret.as_ref().map(CredentialSecret::expose).unwrap_or_default();
        Probe {
            status: self.status.map(|status| status.as_u16()),
            first_byte: self.first_byte,
            duration: self.begun.elapsed(),
            outcome: outcome.map_err(|refusal| ProbeFailure {
                kind: refusal.kind(not_found),
                text: refusal.failure.text.map(|text| hide_secret(&text, secret)),
            }),
        }
    }
}

impl Refusal {
    fn timed_out() -> Self {
        Failure::new(FailureKind::Timeout, None).into()
    }

    fn of_status(answer: &UpstreamAnswer, body: &[u8]) -> Self {
        let told = read_upstream_error(body);
        // When to come again is nobody's question here, so that the time does not matter.
        let failure = Failure::of_status(answer.status, &answer.headers, body, 0);
        let other_cap = CapParameter::MaxCompletionTokens.name();
        Refusal {
            wants_other_cap: answer.status == StatusCode::BAD_REQUEST
                && failure.text.as_deref().is_some_and(|text| text.contains(other_cap)),
            has_no_credit: answer.status == StatusCode::PAYMENT_REQUIRED || is_quota(&told),
            failure,
        }
    }

    fn kind(&self, not_found: ProbeFailureKind) -> ProbeFailureKind {
        match self.failure.kind {
            FailureKind::NotPublic => ProbeFailureKind::AddressRefused,
            FailureKind::Connect => ProbeFailureKind::ConnectFailed,
            FailureKind::Timeout => ProbeFailureKind::Timeout,
            FailureKind::Redirected => ProbeFailureKind::Redirected,
            FailureKind::Account if self.has_no_credit => ProbeFailureKind::NoCredit,
            FailureKind::Account => ProbeFailureKind::CredentialRefused,
            FailureKind::RateLimited => ProbeFailureKind::RateLimited,
            FailureKind::Rejected { reason: Rejection::NotFound, .. } => not_found,
            FailureKind::Rejected { .. } => ProbeFailureKind::RequestRejected,
            FailureKind::ServerError => ProbeFailureKind::ServerError,
            FailureKind::Garbage => ProbeFailureKind::NotAnAnswer,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Refusal { failure, has_no_credit: false, wants_other_cap: false }
    }
}

fn garbage(text: &str) -> Failure {
    Failure::new(FailureKind::Garbage, Some(text.to_owned()))
}

/// Takes out every word that has a piece of the secret in it: upstreams repeat what they refuse, and what is redacted
/// by its looks need not look like this one.
fn hide_secret(text: &str, secret: &str) -> String {
    let run = SECRET_RUN.min(secret.len());
    if run == 0 {
        return text.to_owned();
    }
    let shows = |word: &str| {
        word.as_bytes().windows(run).any(|piece| {
            secret.as_bytes().windows(run).any(|of_secret| of_secret.eq_ignore_ascii_case(piece))
        })
    };
    let words: Vec<&str> =
        text.split(' ').map(|word| if shows(word) { "[redacted]" } else { word }).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_whole_and_in_pieces() {
        let secret = "correct-horse-battery";
        for (text, shown) in [
            ("key correct-horse-battery is wrong", "key [redacted] is wrong"),
            ("key 'correct-h' is wrong", "key [redacted] is wrong"),
            ("key=HORSE-BATT…", "[redacted]"),
            ("the correct horse", "the correct horse"),
            ("", ""),
        ] {
            assert_eq!(hide_secret(text, secret), shown);
        }
        assert_eq!(hide_secret("your key abc", "abc"), "your key [redacted]");
        assert_eq!(hide_secret("your key abc", ""), "your key abc");
    }

    fn judged(body: &str) -> Result<(), FailureKind> {
        judge_chat(Bytes::from(body.to_owned())).map_err(|failure| failure.kind)
    }

    #[test]
    fn a_model_has_spoken_in_events_or_in_a_document() {
        let event = r#"data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
        let end = r#"data: {"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#;
        assert_eq!(judged(&format!("{event}\n\ndata: [DONE]\n\n")), Ok(()));
        assert_eq!(judged(&format!(": ping\n\n{event}\n\n{end}\n\n")), Ok(()));
        assert_eq!(judged(&format!("{event}\n\n{end}")), Ok(()), "not everybody ends the last event");
        assert_eq!(judged(r#"{"choices":[{"message":{"content":"Hi"}}]}"#), Ok(()));
        for garbage in [
            "",
            "<html>Welcome to the hotel's network</html>",
            "data: [DONE]\n\n",
            &format!("{event}\n\n"),
            "{\"choices\":[]}",
            "{\"choices\":[{\"mess",
            "null",
        ] {
            assert_eq!(judged(garbage), Err(FailureKind::Garbage), "{garbage}");
        }
        let failed =
            format!("{event}\n\ndata: {{\"error\":{{\"message\":\"m\",\"code\":\"invalid_api_key\"}}}}\n\n");
        assert_eq!(judged(&failed), Err(FailureKind::Account));
    }
}
