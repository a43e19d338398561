//! Where the site says it is. Links that are mailed or handed out begin with this, never with what a request names.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;
use waystation_api::error::ErrorCode;

use crate::error::{ApiError, StartError};
use crate::state::App;

/// The address under which people reach the site, out of the setting `public_url`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicOrigin {
    url: String,
    origin: String,
    host: String,
    port: u16,
    is_https: bool,
}

impl PublicOrigin {
    /// Reads the setting.
    pub(crate) fn read(url: &str) -> Result<Self, StartError> {
        let wrong = || StartError::PublicUrl(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| wrong())?;
        let is_plain = parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.query().is_none()
            && parsed.fragment().is_none();
        if !is_plain || !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong());
        }
        let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
        Ok(PublicOrigin {
            url: parsed.as_str().trim_end_matches('/').to_owned(),
            origin: parsed.origin().ascii_serialization(),
            host: host.to_ascii_lowercase(),
            port: parsed.port_or_known_default().ok_or_else(wrong)?,
            is_https: parsed.scheme() == "https",
        })
    }

    /// What links begin with; ends without a slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// As browsers write it into the header `Origin`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Its host, in lower case.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is reached by TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }
}

/// What links begin with: `public_url`, or where that is not set, this machine's own address if the server listens on
/// that alone.
pub(crate) fn link_base(app: &App) -> Result<String, ApiError> {
    if let Some(origin) = &app.public_origin {
        return Ok(origin.url().to_owned());
    }
    local_base(app.listening_on.get().copied().unwrap_or(app.config.listen)).ok_or_else(|| {
        ApiError::new(ErrorCode::Conflict, "This needs the setting public_url: the site's address.")
    })
}

fn local_base(address: SocketAddr) -> Option<String> {
    if !address.ip().is_loopback() || address.port() == 0 {
        return None;
    }
    Some(match address.ip() {
        IpAddr::V4(_) => format!("http://127.0.0.1:{}", address.port()),
        IpAddr::V6(_) => format!("http://[::1]:{}", address.port()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_known_by_its_scheme_host_and_port() {
        let origin = PublicOrigin::read("https://AI.example.com/").unwrap();
        assert_eq!((origin.url(), origin.origin()), ("https://ai.example.com", "https://ai.example.com"));
        assert_eq!((origin.host(), origin.port(), origin.is_https()), ("ai.example.com", 443, true));
        let origin = PublicOrigin::read("http://10.0.0.7:8080/relay/").unwrap();
        assert_eq!((origin.url(), origin.origin()), ("http://10.0.0.7:8080/relay", "http://10.0.0.7:8080"));
        for text in ["ai.example.com", "ftp://a", "https://u:p@a", "https://a/?x", "https://a/#x", "https://"]
        {
            assert!(PublicOrigin::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn without_public_url_links_lead_to_this_machine_only() {
        let base = |address: &str| local_base(address.parse().unwrap());
        assert_eq!(base("127.0.0.1:8787").as_deref(), Some("http://127.0.0.1:8787"));
        assert_eq!(base("[::1]:8787").as_deref(), Some("http://[::1]:8787"));
        assert_eq!(base("0.0.0.0:8787"), None);
        assert_eq!(base("127.0.0.1:0"), None);
    }
}
