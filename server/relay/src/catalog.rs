//! Models, channels, and the ways from one to the other.

use std::fmt;
use std::sync::Arc;

use waystation_ids::{ChannelId, CredentialId, ModelId, PriceVersionId};
use waystation_pricing::Price;
use waystation_protocol::openai::request_rewrite::CapParameter;

use crate::upstream_url::UpstreamUrl;

/// A model as callers know it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// The name callers use.
    pub name: String,
    /// The most tokens it reads, where known.
    pub context_length: Option<u64>,
    /// The most tokens it writes, where known.
    pub max_output_tokens: Option<u64>,
    /// How long an upstream may take to begin its answer, in milliseconds; none: as the settings say.
    pub first_byte_ms: Option<u64>,
    /// The output cap of calls that name none, in tokens.
    pub default_output_tokens: u64,
    /// Under which name its upstreams take the output cap.
    pub output_cap_parameter: CapParameter,
    /// The groups of models that it is in, by their ids; keys may name them in the place of models.
    pub groups: Vec<String>,
    /// The price in force; a model without one cannot be called.
    pub price: Option<(PriceVersionId, Price)>,
    /// When it was added, in unix milliseconds.
    pub created_at_ms: i64,
}

/// One way to a model: a channel, the model's name there, and the secrets that may be used.
#[derive(Clone, Debug)]
pub struct Route {
    /// The channel.
    pub channel: Arc<Channel>,
    /// The model's name there.
    pub upstream_model: String,
    /// The active secrets, of which one is used; empty where the upstream asks for none.
    pub credentials: Vec<Credential>,
}

/// A way to an upstream.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// What it speaks.
    pub format: ChannelFormat,
    /// Where it is; not used by the demo channel.
    pub base_url: UpstreamUrl,
    /// Channels of higher priority are tried first.
    pub priority: i64,
    /// How often it is chosen among channels of its priority; 0: only when no other is left.
    pub weight: u32,
    /// Whether its host may be a private, loopback or link-local address.
    pub allow_private_network: bool,
    /// What becomes of an answer whose caller has gone.
    pub on_disconnect: OnDisconnect,
}

/// The dialect of an upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelFormat {
    /// OpenAI's, over HTTP.
    OpenAi,
    /// An answer made inside this process, to try things out.
    Demo,
}

/// What becomes of an answer whose caller has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// Read it to its end, within limits, so that its usage is known.
    #[default]
    Drain,
    /// Break it off.
    Cancel,
}

/// A secret of a channel.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The secret.
    pub secret: CredentialSecret,
}

/// The text of an upstream's secret. Nothing prints it.
#[derive(Clone)]
pub struct CredentialSecret(Arc<str>);

impl CredentialSecret {
    /// Wraps a secret.
    pub fn new(text: &str) -> Self {
        CredentialSecret(text.into())
    }

    /// The text, for the header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CredentialSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialSecret([redacted])")
    }
}
