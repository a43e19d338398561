//! The meter of a streamed chat completion: reads along, changes little, and knows how the stream ended.

use std::borrow::Cow;

use super::answer::{Answer, read_answer};
use super::chat_request::CHOICES_MAX;
use super::cost_note::CostNote;
use super::upstream_error::{UpstreamError, read_upstream_error};
use super::usage::ReportedUsage;
use super::usage_judgement::DeliveredOutput;
use crate::json::Splice;
use crate::sse::SseEvent;
use crate::text_size::TextSize;

/// So many finished choices are told apart; no request may ask for more.
const FINISHED_CHOICES_MAX: usize = CHOICES_MAX as usize;

/// How the stream is to be shown to the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamView {
    /// The client asked for the usage chunk.
    pub wants_usage: bool,
    /// Hold the usage chunk back, so that the cost can be added once it is booked. Usage that comes beside
    /// choices, as some vendors send it, is forwarded as it is.
    pub holds_usage: bool,
    /// Take `usage` out of the other chunks too when the client did not ask. Each chunk is then copied.
    pub strips_usage: bool,
    /// The model name to show, when the upstream knows the model under another name.
    pub model: Option<String>,
}

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamAction {
    /// Send the event's raw bytes.
    Forward,
    /// Send an event with this data instead.
    ForwardData(Vec<u8>),
    /// The usage chunk, to be sent once its cost is known, see [`add_chunk_cost`].
    HoldUsage(Vec<u8>),
    /// The usage chunk, which the client did not ask for: send nothing.
    SwallowUsage,
    /// `[DONE]`. The client may see it only after the call is settled.
    Terminal,
    /// The upstream failed. Send an error event of our own and end without `[DONE]`.
    Error(UpstreamError),
    /// Comes after the end, or is a torn remainder: send nothing.
    Ignore,
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEnd {
    /// With `[DONE]`.
    Complete,
    /// Without `[DONE]` or an error. The client must not be shown a normal end.
    Cut,
    /// With an error event.
    Failed(UpstreamError),
}

/// All that a stream told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamVerdict {
    /// How it ended.
    pub end: StreamEnd,
    /// The last usage reported.
    pub usage: Option<ReportedUsage>,
    /// What was delivered.
    pub delivered: DeliveredOutput,
    /// The last finish reason named.
    pub finish_reason: Option<String>,
    /// Choices that named a finish reason. A cut stream that reached all of them lost nothing but its end.
    pub finished_choices: u64,
}

/// Reads the events of one stream.
#[derive(Clone, Debug, Default)]
pub struct ChatStreamMeter {
    view: StreamView,
    end: Option<StreamEnd>,
    has_choices: bool,
    usage: Option<ReportedUsage>,
    delivered: DeliveredOutput,
    finish_reason: Option<String>,
    /// The indexes of these choices: some vendors name the reason again with the usage.
    finished_choices: Vec<u64>,
}

impl ChatStreamMeter {
    /// A meter for a stream that is shown in this way.
    pub fn new(view: StreamView) -> Self {
        ChatStreamMeter { view, ..ChatStreamMeter::default() }
    }

    /// Reads the next event and says what to do with it.
    ///
    /// An event that is not JSON is forwarded, its bytes counted as text; a torn one at the end of the
    /// stream is not.
    pub fn observe(&mut self, event: &SseEvent) -> StreamAction {
        if self.end.is_some() {
            return StreamAction::Ignore;
        }
        if event.is_comment_only {
            return if event.is_terminated { StreamAction::Forward } else { StreamAction::Ignore };
        }
        let data = event.data.trim_ascii();
        if data == b"[DONE]" {
            self.end = Some(StreamEnd::Complete);
            return StreamAction::Terminal;
        }
        let is_error_event = event.event.as_deref() == Some(b"error");
        let Ok(answer) = read_answer(data) else {
            if !event.is_terminated {
                return StreamAction::Ignore;
            }
            if is_error_event {
                return self.fail(data);
            }
            let size = TextSize::of_bytes(data);
            self.delivered.text = self.delivered.text.plus(size);
            self.delivered.is_produced |= size.bytes() > 0;
            return StreamAction::Forward;
        };
        self.count(&answer);
        if answer.has_error || is_error_event {
            return self.fail(data);
        }
        self.show(&answer, data, event.is_terminated)
    }

    /// Whether `[DONE]` or an error was seen.
    pub fn is_ended(&self) -> bool {
        self.end.is_some()
    }

    /// Whether any choice was seen: a stream without one is no answer, whatever else it says.
    pub fn has_choices(&self) -> bool {
        self.has_choices
    }

    /// What was delivered so far.
    pub fn delivered(&self) -> DeliveredOutput {
        self.delivered
    }

    /// The end of the stream, or of our patience with it.
    pub fn finish(self) -> StreamVerdict {
        StreamVerdict {
            end: self.end.unwrap_or(StreamEnd::Cut),
            usage: self.usage,
            delivered: self.delivered,
            finish_reason: self.finish_reason,
            finished_choices: self.finished_choices.len() as u64,
        }
    }

    fn count(&mut self, answer: &Answer<'_>) {
        self.has_choices |= answer.choices.unwrap_or(0) > 0;
        self.usage = answer.usage.or(self.usage);
        let (sum, more) = (&mut self.delivered, &answer.delivered);
        sum.text = sum.text.plus(more.text);
        sum.reasoning = sum.reasoning.plus(more.reasoning);
        sum.audio_bytes = sum.audio_bytes.saturating_add(more.audio_bytes);
        sum.is_produced |= more.is_produced;
        for index in &answer.finished_choices {
            if self.finished_choices.len() < FINISHED_CHOICES_MAX && !self.finished_choices.contains(index) {
                self.finished_choices.push(*index);
            }
        }
        if let Some(reason) = &answer.finish_reason {
            // Outside text is kept short; real reasons are one word.
            self.finish_reason = Some(reason.chars().take(64).collect());
        }
    }

    fn show(&self, answer: &Answer<'_>, data: &[u8], is_terminated: bool) -> StreamAction {
        let is_usage_chunk = answer.usage.is_some() && answer.choices.unwrap_or(0) == 0;
        if is_usage_chunk && !self.view.wants_usage {
            return StreamAction::SwallowUsage;
        }
        let mut splice = Splice::default();
        if let Some(model) = &self.view.model {
            answer.replace_model(model, &mut splice);
        }
        if self.view.strips_usage && !self.view.wants_usage {
            answer.remove_usage(data, &mut splice);
        }
        if is_usage_chunk && self.view.holds_usage {
            return StreamAction::HoldUsage(splice.apply(data));
        }
        // What the upstream did not terminate must be, or the next event would run into it.
        if splice.is_empty() && is_terminated {
            StreamAction::Forward
        } else {
            StreamAction::ForwardData(splice.apply(data))
        }
    }

    fn fail(&mut self, data: &[u8]) -> StreamAction {
        let error = read_upstream_error(data);
        self.end = Some(StreamEnd::Failed(error.clone()));
        StreamAction::Error(error)
    }
}

/// The usage chunk with `usage.cost` and `usage.charged`. Data that is not an answer object stays as it is.
pub fn add_chunk_cost<'a>(data: &'a [u8], note: &CostNote<'_>) -> Cow<'a, [u8]> {
    let Ok(answer) = read_answer(data) else {
        return Cow::Borrowed(data);
    };
    let mut splice = Splice::default();
    answer.add_cost(note, &mut splice);
    Cow::Owned(splice.apply(data))
}
