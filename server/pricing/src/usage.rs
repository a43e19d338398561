//! What a call consumed, in disjoint buckets.

use serde::{Deserialize, Serialize};

/// One kind of token a model consumes or produces. Buckets are disjoint: a token is counted in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Text read by the model that no cache served.
    Input,
    /// Prompt tokens served from the upstream's cache.
    CacheRead,
    /// Prompt tokens written to a cache kept for 5 minutes.
    #[serde(rename = "cache_write_5m")]
    CacheWrite5m,
    /// Prompt tokens written to a cache kept for 30 minutes.
    #[serde(rename = "cache_write_30m")]
    CacheWrite30m,
    /// Prompt tokens written to a cache kept for 1 hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Prompt tokens written to a cache kept for 12 hours.
    #[serde(rename = "cache_write_12h")]
    CacheWrite12h,
    /// Audio read by the model.
    AudioInput,
    /// Images read by the model, in tokens.
    ImageInput,
    /// Visible text the model wrote, and rejected predictions.
    Output,
    /// Hidden reasoning the model wrote.
    Reasoning,
    /// Audio the model wrote.
    AudioOutput,
    /// Images the model wrote, in tokens.
    ImageOutput,
}

impl Bucket {
    /// Every bucket, inputs before outputs.
    pub const ALL: [Bucket; 12] = [
        Bucket::Input,
        Bucket::CacheRead,
        Bucket::CacheWrite5m,
        Bucket::CacheWrite30m,
        Bucket::CacheWrite1h,
        Bucket::CacheWrite12h,
        Bucket::AudioInput,
        Bucket::ImageInput,
        Bucket::Output,
        Bucket::Reasoning,
        Bucket::AudioOutput,
        Bucket::ImageOutput,
    ];

    /// Whether the model read these tokens (as opposed to wrote them).
    pub fn is_input(self) -> bool {
        !matches!(self, Bucket::Output | Bucket::Reasoning | Bucket::AudioOutput | Bucket::ImageOutput)
    }

    /// Whether these tokens were written to a cache.
    pub fn is_cache_write(self) -> bool {
        matches!(
            self,
            Bucket::CacheWrite5m | Bucket::CacheWrite30m | Bucket::CacheWrite1h | Bucket::CacheWrite12h
        )
    }

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            Bucket::Input => "input",
            Bucket::CacheRead => "cache_read",
            Bucket::CacheWrite5m => "cache_write_5m",
            Bucket::CacheWrite30m => "cache_write_30m",
            Bucket::CacheWrite1h => "cache_write_1h",
            Bucket::CacheWrite12h => "cache_write_12h",
            Bucket::AudioInput => "audio_input",
            Bucket::ImageInput => "image_input",
            Bucket::Output => "output",
            Bucket::Reasoning => "reasoning",
            Bucket::AudioOutput => "audio_output",
            Bucket::ImageOutput => "image_output",
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

/// Where the numbers of a [`Usage`] come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The upstream said so, and it is plausible.
    Reported,
    /// Counted here, from what was sent and delivered.
    #[default]
    Estimated,
    /// Reported above what the call could possibly have used, and cut to that bound.
    Capped,
}

impl UsageSource {
    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            UsageSource::Reported => "reported",
            UsageSource::Estimated => "estimated",
            UsageSource::Capped => "capped",
        }
    }
}

/// Tokens by bucket. Counts are unsigned; sums saturate instead of wrapping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    tokens: [u64; 12],
    /// Where the numbers come from.
    pub source: UsageSource,
}

impl Usage {
    /// No tokens at all, with the given source.
    pub fn none(source: UsageSource) -> Self {
        Usage { tokens: [0; 12], source }
    }

    /// The same usage with `tokens` in `bucket`.
    #[must_use]
    pub fn with(mut self, bucket: Bucket, tokens: u64) -> Self {
        self.tokens[bucket.index()] = tokens;
        self
    }

    /// Tokens in one bucket.
    pub fn get(&self, bucket: Bucket) -> u64 {
        self.tokens[bucket.index()]
    }

    /// Every bucket that is not empty.
    pub fn filled(&self) -> impl Iterator<Item = (Bucket, u64)> + '_ {
        Bucket::ALL.into_iter().map(|bucket| (bucket, self.get(bucket))).filter(|(_, tokens)| *tokens > 0)
    }

    /// Tokens the model read.
    pub fn input_tokens(&self) -> u64 {
        self.sum(Bucket::is_input)
    }

    /// Prompt tokens written to caches, however long those are kept.
    pub fn cache_write_tokens(&self) -> u64 {
        self.sum(Bucket::is_cache_write)
    }

    /// Tokens the model wrote, reasoning included.
    pub fn output_tokens(&self) -> u64 {
        self.sum(|bucket| !bucket.is_input())
    }

    /// Tokens read and written.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens().saturating_add(self.output_tokens())
    }

    fn sum(&self, wanted: impl Fn(Bucket) -> bool) -> u64 {
        Bucket::ALL
            .into_iter()
            .filter(|bucket| wanted(*bucket))
            .fold(0, |sum, bucket| sum.saturating_add(self.get(bucket)))
    }
}
