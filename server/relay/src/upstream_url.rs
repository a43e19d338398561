//! Where an upstream is.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use thiserror::Error;
use url::Url;

use crate::network_guard::is_private_literal;

/// The base address of an upstream, such as `https://api.example.com/v1`. Paths come from a fixed table and are
/// appended to it; nothing a caller sends can change them.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    base: Url,
    chat_completions: Uri,
    models: Uri,
    names_private_address: bool,
}

/// Why a text is not the base address of an upstream.
#[derive(Debug, Error)]
pub enum UpstreamUrlError {
    /// It cannot be read as an address.
    #[error("not an address")]
    NotAnAddress,
    /// Only `http` and `https` are spoken.
    #[error("an upstream's address starts with http:// or https://")]
    Scheme,
    /// Secrets belong into the channel's credentials, where they are sealed.
    #[error("an upstream's address holds no user name, password, query or fragment")]
    HasExtras,
}

impl UpstreamUrl {
    /// Where chat completions are asked for.
    pub fn chat_completions(&self) -> &Uri {
        &self.chat_completions
    }

    /// Where its models are listed.
    pub fn models(&self) -> &Uri {
        &self.models
    }

    /// Whether its host is written as an address that is not public. Names are judged when they are resolved.
    pub fn names_private_address(&self) -> bool {
        self.names_private_address
    }

    /// The base address.
    pub fn base(&self) -> &Url {
        &self.base
    }
}

impl FromStr for UpstreamUrl {
    type Err = UpstreamUrlError;

    fn from_str(text: &str) -> Result<Self, UpstreamUrlError> {
        let base = Url::parse(text).map_err(|_| UpstreamUrlError::NotAnAddress)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(UpstreamUrlError::Scheme);
        }
        let has_user = !base.username().is_empty() || base.password().is_some();
        if has_user || base.query().is_some() || base.fragment().is_some() {
            return Err(UpstreamUrlError::HasExtras);
        }
        let chat_completions = append(&base, &["chat", "completions"])?;
        let models = append(&base, &["models"])?;
        let names_private_address = is_private_literal(&base);
        Ok(UpstreamUrl { base, chat_completions, models, names_private_address })
    }
}

/// An address below this one.
fn append(base: &Url, segments: &[&str]) -> Result<Uri, UpstreamUrlError> {
    let mut whole = base.clone();
    let path = whole.path_segments_mut();
    path.map_err(|()| UpstreamUrlError::NotAnAddress)?.pop_if_empty().extend(segments);
    whole.as_str().parse().map_err(|_| UpstreamUrlError::NotAnAddress)
}

impl fmt::Display for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}

impl fmt::Debug for UpstreamUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UpstreamUrl({})", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_appended_to_the_base() {
        for (base, root) in [
            ("https://api.example.com/v1", "https://api.example.com/v1"),
            ("https://api.example.com/v1/", "https://api.example.com/v1"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            let url: UpstreamUrl = base.parse().unwrap();
            assert_eq!(url.chat_completions().to_string(), format!("{root}/chat/completions"));
            assert_eq!(url.models().to_string(), format!("{root}/models"));
        }
    }

    #[test]
    fn an_address_with_secrets_or_of_another_scheme_is_refused() {
        for text in [
            "file:///etc/passwd",
            "https://u:p@example.com",
            "https://example.com/?key=1",
            "example.com",
            "mailto:a@b.c",
        ] {
            assert!(text.parse::<UpstreamUrl>().is_err(), "{text}");
        }
    }
}
