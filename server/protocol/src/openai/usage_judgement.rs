//! From what the upstream reports to what is billed.
//!
//! The rules, in this order; "estimated" always means counted from what was sent and delivered:
//!
//! 1. Nothing reported: both sides are estimated.
//! 2. `prompt` or `completion` missing or nonsense: that side is estimated.
//! 3. The total is nonsense or less than prompt + completion, or cache hits + misses are not the prompt:
//!    the report contradicts itself, both sides are estimated.
//! 4. The total is more than prompt + completion: some vendors leave reasoning out of the completion. If
//!    the surplus is the reported reasoning, or no reasoning is reported and the surplus fits the output
//!    bound, it is added as reasoning. Otherwise, and when the caches may be the surplus, the report
//!    contradicts itself.
//! 5. A prompt of zero for a request that has text: the input is estimated.
//! 6. Cached + written more than the prompt: the input is estimated. Other parts (audio, images, a 12-hour
//!    share) that are nonsense or do not fit are dropped and the side counts as plain input; the number
//!    stands, but it is marked estimated.
//! 7. A completion of zero though output was produced, or so small that a token would be longer than
//!    [`TOKEN_BYTES_MAX`] bytes of delivered text: the output is estimated. Reasoning that is more than the
//!    completion: the same. Other parts that do not fit are dropped, as for the input.
//! 8. The answer broke off: usage seen so far may be old, so the larger of report and estimate counts.
//! 9. A side above its bound is cut to the bound, its buckets in proportion, and marked capped.
//!
//! Estimates never exceed the bound either. Where sides differ, capped outranks estimated, which outranks
//! reported, because the more doubtful mark is the one to look into.

use waystation_pricing::{Bucket, Usage, UsageSource};

use super::usage::{Count, ReportedUsage};
use crate::text_size::TextSize;

/// Longest token of the vocabularies in use, in bytes (runs of spaces or dashes). Text longer than this a
/// token cannot have been written with the tokens reported.
pub const TOKEN_BYTES_MAX: u64 = 128;

/// Bytes of streamed audio that make a token in an estimate: twenty tokens a second of 24 kHz 16-bit PCM.
pub const AUDIO_OUTPUT_BYTES_A_TOKEN: u64 = 2_400;

/// What was delivered, as far as it can be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliveredOutput {
    /// Visible text, refusals, names and arguments of tool calls, transcripts.
    pub text: TextSize,
    /// Reasoning text.
    pub reasoning: TextSize,
    /// Bytes of audio, after base64.
    pub audio_bytes: u64,
    /// Whether anything at all was produced, also what has no size here (images, encrypted reasoning).
    pub is_produced: bool,
}

/// What we know of a call ourselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Most tokens the model can have read.
    pub input_bound: u64,
    /// Most tokens the model can have written, all choices together.
    pub output_bound: u64,
    /// Our estimate of what it read.
    pub estimated_input: u64,
    /// What it delivered.
    pub delivered: DeliveredOutput,
    /// Whether the answer came to its end. If not, reported usage may be of an earlier moment.
    pub is_complete: bool,
}

impl Evidence {
    /// Our estimate of what the model wrote, within the bound; at least one token if anything was produced.
    pub fn estimate_output(&self) -> OutputEstimate {
        let delivered = &self.delivered;
        let mut estimate = OutputEstimate {
            text: delivered.text.estimated_tokens(),
            reasoning: delivered.reasoning.estimated_tokens(),
            audio: delivered.audio_bytes.div_ceil(AUDIO_OUTPUT_BYTES_A_TOKEN),
        };
        if delivered.is_produced && estimate.tokens() == 0 {
            estimate.text = 1;
        }
        estimate
    }
}

/// Estimated output tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputEstimate {
    /// Visible text.
    pub text: u64,
    /// Reasoning.
    pub reasoning: u64,
    /// Audio.
    pub audio: u64,
}

impl OutputEstimate {
    /// All kinds together.
    pub fn tokens(self) -> u64 {
        self.text.saturating_add(self.reasoning).saturating_add(self.audio)
    }
}

/// What to bill: the report where it is plausible, our own count where it is not, never above the bounds.
/// The rules are those of this module.
pub fn judge_usage(reported: Option<&ReportedUsage>, evidence: &Evidence) -> Usage {
    let believable = reported.and_then(|reported| resolve_totals(reported, evidence));
    let input = believable
        .and_then(|report| judge_input(&report, evidence))
        .unwrap_or_else(|| Side::estimated([(Bucket::Input, evidence.estimated_input)]))
        .cut_to(evidence.input_bound);
    let output = believable
        .and_then(|report| judge_output(&report, evidence))
        .unwrap_or_else(|| estimated_output(evidence))
        .cut_to(evidence.output_bound);
    let source = if input.rank() >= output.rank() { input.source } else { output.source };
    let mut usage = Usage::none(source);
    for (bucket, tokens) in input.buckets.into_iter().chain(output.buckets).flatten() {
        usage = usage.with(bucket, tokens);
    }
    usage
}

/// The buckets of one direction.
#[derive(Clone, Copy, Debug)]
struct Side {
    buckets: [Option<(Bucket, u64)>; 7],
    source: UsageSource,
}

impl Side {
    fn new<const N: usize>(source: UsageSource, parts: [(Bucket, u64); N]) -> Self {
        let mut buckets = [None; 7];
        for (slot, part) in buckets.iter_mut().zip(parts) {
            *slot = Some(part);
        }
        Side { buckets, source }
    }

    fn estimated<const N: usize>(parts: [(Bucket, u64); N]) -> Self {
        Side::new(UsageSource::Estimated, parts)
    }

    fn rank(&self) -> u8 {
        match self.source {
            UsageSource::Reported => 0,
            UsageSource::Estimated => 1,
            UsageSource::Capped => 2,
        }
    }

    fn cut_to(mut self, bound: u64) -> Self {
        let total = self.buckets.iter().flatten().fold(0u128, |sum, (_, tokens)| sum + u128::from(*tokens));
        if total <= u128::from(bound) {
            return self;
        }
        let mut left = bound;
        for (_, tokens) in self.buckets.iter_mut().flatten() {
            let share = u128::from(*tokens) * u128::from(bound) / total;
            *tokens = u64::try_from(share).unwrap_or(bound).min(left);
            left -= *tokens;
        }
        // What rounding left over goes to the first bucket, the plain one.
        if let Some(Some((_, tokens))) = self.buckets.first_mut() {
            *tokens += left;
        }
        if self.source == UsageSource::Reported {
            self.source = UsageSource::Capped;
        }
        self
    }
}

/// Rules 3 and 4: nothing if the report contradicts itself, else the report with reasoning inside the
/// completion.
fn resolve_totals(reported: &ReportedUsage, evidence: &Evidence) -> Option<ReportedUsage> {
    let mut report = *reported;
    if report.total == Count::Nonsense {
        return None;
    }
    if let (Some(hits), Some(misses), Some(prompt)) =
        (report.cached.tokens(), report.cache_miss.tokens(), report.prompt.tokens())
        && hits.saturating_add(misses) != prompt
    {
        return None;
    }
    let (Some(prompt), Some(completion), Some(total)) =
        (report.prompt.tokens(), report.completion.tokens(), report.total.tokens())
    else {
        return Some(report);
    };
    let surplus = total.checked_sub(prompt.saturating_add(completion))?;
    if surplus > 0 {
        let caches = [report.cached, report.cache_write, report.cache_creation]
            .into_iter()
            .fold(0, |sum: u64, count| sum.saturating_add(count.tokens().unwrap_or(0)));
        if caches > prompt || caches == surplus {
            // A converted report of a family that counts caches beside the prompt.
            return None;
        }
        let explained = match report.reasoning.tokens() {
            Some(reasoning) if reasoning > 0 => reasoning == surplus,
            _ => completion.saturating_add(surplus) <= evidence.output_bound,
        };
        if !explained {
            return None;
        }
        report.completion = Count::Tokens(completion.saturating_add(surplus));
        report.reasoning = Count::Tokens(surplus);
    }
    Some(report)
}

/// Rules 2, 5 and 6: nothing if the input must be estimated.
fn judge_input(report: &ReportedUsage, evidence: &Evidence) -> Option<Side> {
    let prompt = report.prompt.tokens()?;
    if prompt == 0 && evidence.estimated_input > 0 {
        return None;
    }
    let caches = [report.cached, report.cache_write, report.cache_creation];
    let [cached, written, created] = caches.map(|count| count.tokens().unwrap_or(0));
    let uncached = prompt.checked_sub(cached.saturating_add(written).saturating_add(created))?;
    let long_lived = report.cache_write_12h.tokens().unwrap_or(0);
    let [audio, image] = [report.prompt_audio, report.prompt_image].map(|count| count.tokens().unwrap_or(0));
    let all = [report.cached, report.cache_write, report.cache_creation, report.cache_write_12h];
    let is_nonsense = all.contains(&Count::Nonsense)
        || [report.prompt_audio, report.prompt_image].contains(&Count::Nonsense)
        || long_lived > written
        || audio.saturating_add(image) > prompt;
    if is_nonsense {
        return Some(Side::estimated([(Bucket::Input, prompt)]));
    }
    // Cached tokens may be audio or images too; the report does not say, so these are taken from what no
    // cache served.
    let audio = audio.min(uncached);
    let image = image.min(uncached - audio);
    Some(Side::new(
        UsageSource::Reported,
        [
            (Bucket::Input, uncached - audio - image),
            (Bucket::CacheRead, cached),
            (Bucket::CacheWrite5m, created),
            (Bucket::CacheWrite30m, written - long_lived),
            (Bucket::CacheWrite12h, long_lived),
            (Bucket::AudioInput, audio),
            (Bucket::ImageInput, image),
        ],
    ))
}

/// Rules 2, 7 and 8: nothing if the output must be estimated.
fn judge_output(report: &ReportedUsage, evidence: &Evidence) -> Option<Side> {
    let completion = report.completion.tokens()?;
    let delivered = &evidence.delivered;
    let delivered_bytes = delivered.text.plus(delivered.reasoning).bytes();
    let is_too_small = completion.saturating_mul(TOKEN_BYTES_MAX) < delivered_bytes;
    let is_stale = !evidence.is_complete && completion < evidence.estimate_output().tokens();
    if (completion == 0 && delivered.is_produced) || is_too_small || is_stale {
        return None;
    }
    let parts = [report.reasoning, report.completion_audio, report.completion_image];
    let [reasoning, audio, image] = parts.map(|count| count.tokens().unwrap_or(0));
    if reasoning > completion {
        return None;
    }
    let visible = completion.checked_sub(reasoning.saturating_add(audio).saturating_add(image));
    match visible {
        Some(visible) if !parts.contains(&Count::Nonsense) => Some(Side::new(
            UsageSource::Reported,
            [
                (Bucket::Output, visible),
                (Bucket::Reasoning, reasoning),
                (Bucket::AudioOutput, audio),
                (Bucket::ImageOutput, image),
            ],
        )),
        _ => Some(Side::estimated([(Bucket::Output, completion)])),
    }
}

fn estimated_output(evidence: &Evidence) -> Side {
    let estimate = evidence.estimate_output();
    Side::estimated([
        (Bucket::Output, estimate.text),
        (Bucket::Reasoning, estimate.reasoning),
        (Bucket::AudioOutput, estimate.audio),
    ])
}
