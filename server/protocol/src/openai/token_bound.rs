//! How many tokens a request can cost at most, and how many it probably costs.
//!
//! The bound rests on byte-level tokenizers: a text never has more tokens than decoded UTF-8 bytes.
//! SentencePiece models with NFKC normalisation can exceed it on rare letters; give such a model its
//! context length, which bounds every model because an over-long request is refused uncharged.

use super::chat_request::ChatRequest;

/// Tokens a chat template may add around one message.
pub const MESSAGE_OVERHEAD_TOKENS: u64 = 16;

/// Tokens a chat template may add around one tool.
pub const TOOL_OVERHEAD_TOKENS: u64 = 64;

/// Tokens a chat template may add to a plain conversation.
pub const PREAMBLE_TOKENS: u64 = 64;

/// Tokens a hidden preamble may add when tools or schemas are in play.
pub const TOOL_PREAMBLE_TOKENS: u64 = 2_048;

/// Most tokens one inline image is known to cost: a tile model with 2,833 tokens and eight tiles of 5,667
/// (an extreme aspect). It covers the patch models, which end at 36,000.
pub const IMAGE_TOKENS_MAX: u64 = 48_169;

/// Tokens of a usual photo, for estimates.
pub const IMAGE_TOKENS_USUAL: u64 = 1_024;

/// Bytes of encoded audio that make a token in an estimate: ten tokens a second of 128 kbit/s.
pub const AUDIO_BYTES_A_TOKEN: u64 = 1_600;

/// An upper bound of what the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputBound {
    /// The bound, in tokens.
    pub tokens: u64,
    /// Input lies outside the request (remote images, files, ids), so only a context length bounds it.
    /// When none was given, `tokens` is **not** a bound and a prepaid call must be refused.
    pub needs_context: bool,
}

/// Bounds the input tokens of one pass of the model over the request. `context_length` is the most the
/// model reads, in tokens, where known. Calls with `needs.server_tools` may make several passes.
pub fn bound_input_tokens(request: &ChatRequest<'_>, context_length: Option<u64>) -> InputBound {
    let content = &request.content;
    let needs_context = content.images_remote + content.files + content.unmeasured > 0;
    let has_preamble = content.tools > 0 || request.needs.structured_output || request.needs.server_tools;
    let counted = [
        content.text.bytes(),
        // A template may render JSON anew with spaces and escapes.
        content.json.bytes().saturating_mul(2),
        content.prediction.bytes(),
        content.messages.saturating_mul(MESSAGE_OVERHEAD_TOKENS),
        content.tools.saturating_mul(TOOL_OVERHEAD_TOKENS),
        if has_preamble { TOOL_PREAMBLE_TOKENS } else { PREAMBLE_TOKENS },
        content.images_inline.saturating_mul(IMAGE_TOKENS_MAX),
        content.audio_bytes,
    ]
    .into_iter()
    .fold(0, u64::saturating_add);
    let tokens = match context_length {
        Some(context) if needs_context => context,
        Some(context) => counted.min(context),
        None => counted,
    };
    InputBound { tokens, needs_context }
}

/// Bounds the output tokens of all choices when each is capped at `cap_tokens`. Rejected predictions are
/// billed as output beside the cap.
pub fn bound_output_tokens(request: &ChatRequest<'_>, cap_tokens: u64) -> u64 {
    cap_tokens.saturating_add(request.content.prediction.bytes()).saturating_mul(request.choices)
}

/// An honest guess of the input tokens, for calls whose usage never came; never above the bound. Text by
/// [`crate::text_size::TextSize::estimated_tokens`], four tokens around a message, eight around a tool, a
/// usual photo for each image; input outside the request counts nothing.
pub fn estimate_input_tokens(request: &ChatRequest<'_>, bound: InputBound) -> u64 {
    let content = &request.content;
    let images = content.images_inline.saturating_add(content.images_remote);
    [
        content.text.plus(content.json).plus(content.prediction).estimated_tokens(),
        content.messages.saturating_mul(4),
        content.tools.saturating_mul(8),
        images.saturating_mul(IMAGE_TOKENS_USUAL),
        content.audio_bytes.div_ceil(AUDIO_BYTES_A_TOKEN),
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
    .min(bound.tokens)
}
