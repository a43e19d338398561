//! A whole chat completion: checked, measured, and changed only where it must be.

use thiserror::Error;

use super::answer::{Answer, read_answer};
use super::cost_note::CostNote;
use super::upstream_error::{UpstreamError, read_upstream_error};
use super::usage::ReportedUsage;
use super::usage_judgement::DeliveredOutput;
use crate::json::Splice;

/// A chat completion whose body was read.
#[derive(Clone, Debug)]
pub struct ChatResponse<'a> {
    body: &'a [u8],
    answer: Answer<'a>,
}

/// Why a body with a good status is not an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChatResponseError {
    /// Not a JSON object.
    #[error("the answer is not a JSON object")]
    NotAnObject,
    /// An error under a good status.
    #[error("the answer is an error")]
    Failed(UpstreamError),
    /// An object without choices.
    #[error("the answer has no choices")]
    NoChoices(UpstreamError),
}

/// Reads a non-streamed answer. Garbage is an error, so that another channel can be tried.
pub fn read_chat_response(body: &[u8]) -> Result<ChatResponse<'_>, ChatResponseError> {
    let answer = read_answer(body).map_err(|_| ChatResponseError::NotAnObject)?;
    if answer.has_error {
        return Err(ChatResponseError::Failed(read_upstream_error(body)));
    }
    if answer.choices.unwrap_or(0) == 0 {
        return Err(ChatResponseError::NoChoices(read_upstream_error(body)));
    }
    Ok(ChatResponse { body, answer })
}

impl ChatResponse<'_> {
    /// What the upstream reports to have used.
    pub fn usage(&self) -> Option<&ReportedUsage> {
        self.answer.usage.as_ref()
    }

    /// What the answer delivers.
    pub fn delivered(&self) -> DeliveredOutput {
        self.answer.delivered
    }

    /// How many choices there are.
    pub fn choices(&self) -> u64 {
        self.answer.choices.unwrap_or(0)
    }

    /// The last finish reason named.
    pub fn finish_reason(&self) -> Option<&str> {
        self.answer.finish_reason.as_deref()
    }

    /// The body for the client: with the model name it asked for, and with the cost if it is to be shown.
    /// Nothing when the upstream's bytes can be sent as they are.
    pub fn rewrite(&self, model: Option<&str>, note: Option<&CostNote<'_>>) -> Option<Vec<u8>> {
        let mut splice = Splice::default();
        if let Some(model) = model {
            self.answer.replace_model(model, &mut splice);
        }
        if let Some(note) = note {
            self.answer.add_cost(note, &mut splice);
        }
        if splice.is_empty() { None } else { Some(splice.apply(self.body)) }
    }
}
