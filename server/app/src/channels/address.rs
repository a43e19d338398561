//! Where a channel may lead.

use waystation_api::error::FieldCode;
use waystation_relay::{UpstreamUrl, UpstreamUrlError};
use waystation_store::ChannelFormat;

use crate::error::ApiError;

const LENGTH_MAX: usize = 1_024;

/// The address as it is kept: without a slash at its end. A demo channel leads nowhere.
///
/// An address of a private network is refused here when it is written as one; what a name stands for is judged at
/// each connection.
pub(super) fn read_base_url(
    text: Option<&str>,
    format: ChannelFormat,
    allow_private_network: bool,
) -> Result<String, ApiError> {
    let text = match (text, format) {
        (_, ChannelFormat::Demo) => return Ok(String::new()),
        (None | Some(""), ChannelFormat::OpenAi) => return Err(refuse("is needed for this format")),
        (Some(text), ChannelFormat::OpenAi) => text,
    };
    let url: UpstreamUrl = text.parse().map_err(|error: UpstreamUrlError| refuse(error.to_string()))?;
    if !allow_private_network && (url.names_private_address() || is_local_name(&url)) {
        return Err(refuse("is an address of a private network, which needs allow_private_network"));
    }
    let kept = url.base().as_str().trim_end_matches('/').to_owned();
    if kept.len() > LENGTH_MAX {
        return Err(refuse("is longer than 1024 characters"));
    }
    Ok(kept)
}

fn is_local_name(url: &UpstreamUrl) -> bool {
    url.base().host_str().is_some_and(|host| {
        let host = host.trim_end_matches('.');
        host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost")
    })
}

fn refuse(message: impl Into<String>) -> ApiError {
    ApiError::field("base_url", FieldCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, allow_private_network: bool) -> Option<String> {
        read_base_url(Some(text), ChannelFormat::OpenAi, allow_private_network).ok()
    }

    #[test]
    fn an_address_is_kept_without_a_slash_at_its_end() {
        for (text, kept) in [
            ("https://api.example.com/v1/", "https://api.example.com/v1"),
            ("HTTPS://API.example.com", "https://api.example.com"),
            ("https://8.8.8.8:8443/v1", "https://8.8.8.8:8443/v1"),
        ] {
            assert_eq!(read(text, false).as_deref(), Some(kept));
        }
    }

    #[test]
    fn a_private_address_needs_leave_however_it_is_written() {
        for text in [
            "http://127.0.0.1:8080/v1",
            "http://2130706433/v1",
            "http://0x7f.1/v1",
            "http://0177.0.0.1",
            "http://10.1.2.3",
            "http://192.168.0.1",
            "http://169.254.169.254/latest",
            "http://[::1]:9/v1",
            "http://[::ffff:10.0.0.1]",
            "http://[fd00::1]",
            "http://[fe80::1]",
            "http://0.0.0.0",
            "http://100.64.0.1",
            "http://localhost:11434/v1",
            "http://LOCALHOST.",
            "http://a.localhost",
        ] {
            assert_eq!(read(text, false), None, "{text}");
            assert!(read(text, true).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_plain_web_address_is_refused_even_with_leave() {
        for text in [
            "",
            "api.example.com",
            "ftp://api.example.com",
            "file:///etc/passwd",
            "https://user:secret@api.example.com",
            "https://api.example.com?key=1",
            "https://api.example.com#a",
            "unix:/run/x",
            "https://",
        ] {
            assert_eq!(read(text, true), None, "{text}");
        }
        assert_eq!(read(&format!("https://api.example.com/{}", "x".repeat(1_024)), true), None);
    }

    #[test]
    fn every_known_vendors_address_is_one_that_a_channel_may_have() {
        for preset in waystation_api::channel_probes::channel_presets().unwrap() {
            if let Some(base_url) = &preset.base_url {
                assert!(read(base_url, preset.allow_private_network).is_some(), "{base_url}");
            }
        }
    }

    #[test]
    fn a_demo_channel_leads_nowhere() {
        assert_eq!(read_base_url(None, ChannelFormat::Demo, false).ok().as_deref(), Some(""));
        assert!(read_base_url(None, ChannelFormat::OpenAi, false).is_err());
    }
}
