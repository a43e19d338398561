//! Addresses that are fit to send a token to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

const LENGTH_MAX: usize = 1024;

/// Where a site is, such as `https://ai.example.com`. Without TLS it can only be on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SiteAddress(Url);

/// A proxy that a site is reached through, such as `socks5h://127.0.0.1:1080`. It carries no password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProxyAddress(Url);

/// Why a text is no address that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// It is no address at all.
    #[error("it is not an address such as https://ai.example.com")]
    Malformed,
    /// It is longer than addresses of sites are.
    #[error("it is too long")]
    TooLong,
    /// It names a way that is not offered.
    #[error("it does not begin with https://")]
    Scheme,
    /// Everybody on the way could read along.
    #[error("without https:// only a site on this machine can be used")]
    Plain,
    /// A name or password before the host.
    #[error("it has a name or a password in it")]
    Credentials,
    /// Something after the path.
    #[error("it has a part behind ? or #")]
    Trailing,
}

impl SiteAddress {
    /// Whether the site is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// Whether it is reached by TLS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host as it is connected to: foreign letters show in their ASCII form, so that look-alikes are seen.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, also where it is the usual one.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The address without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The address of something at the site: each of `segments` is one part of the path, whatever is in it.
    pub fn join<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl FromStr for SiteAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = read_url(text)?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(AddressError::Plain),
            _ => return Err(AddressError::Scheme),
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(AddressError::Trailing);
        }
        Ok(SiteAddress(url))
    }
}

impl FromStr for ProxyAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let url = read_url(text)?;
        if !matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") {
            return Err(AddressError::Scheme);
        }
        if url.query().is_some() || url.fragment().is_some() || !matches!(url.path(), "" | "/") {
            return Err(AddressError::Trailing);
        }
        Ok(ProxyAddress(url))
    }
}

impl ProxyAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn read_url(text: &str) -> Result<Url, AddressError> {
    let text = text.trim();
    if text.len() > LENGTH_MAX {
        return Err(AddressError::TooLong);
    }
    // The reader of addresses drops line ends and tabs and turns backslashes: what is shown would not be what is used.
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\') {
        return Err(AddressError::Malformed);
    }
    let url = Url::parse(text).map_err(|_| AddressError::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err(AddressError::Malformed),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

impl fmt::Display for SiteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<SiteAddress> for String {
    fn from(address: SiteAddress) -> String {
        address.as_str().to_owned()
    }
}

impl TryFrom<String> for SiteAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<ProxyAddress> for String {
    fn from(address: ProxyAddress) -> String {
        address.0.into()
    }
}

impl TryFrom<String> for ProxyAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, AddressError> {
        text.parse::<SiteAddress>().map(String::from)
    }

    #[test]
    fn a_site_is_reached_by_tls_or_is_on_this_machine() {
        for (text, written) in [
            ("https://ai.example.com", "https://ai.example.com"),
            (" https://AI.example.com:443/ ", "https://ai.example.com"),
            ("https://ai.example.com:8443/a/b/", "https://ai.example.com:8443/a/b"),
            ("https://例子.example", "https://xn--fsqu00a.example"),
            ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
            ("http://127.1.2.3", "http://127.1.2.3"),
            ("http://[::1]:8787/", "http://[::1]:8787"),
            ("http://localhost:8787", "http://localhost:8787"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(written), "{text}");
        }
        for text in
            ["http://ai.example.com", "http://10.0.0.1", "http://0.0.0.0", "http://localhost.example.com"]
        {
            assert_eq!(read(text), Err(AddressError::Plain), "{text}");
        }
    }

    #[test]
    fn an_address_that_is_not_what_it_seems_is_refused() {
        for (text, why) in [
            ("", AddressError::Malformed),
            ("ai.example.com", AddressError::Malformed),
            ("https://", AddressError::Malformed),
            ("https:\\\\ai.example.com", AddressError::Malformed),
            ("https://ai.example.com\n.evil.example", AddressError::Malformed),
            ("https://ai.exa\tmple.com", AddressError::Malformed),
            ("https://ai.example.com@evil.example", AddressError::Credentials),
            ("https://user:pass@ai.example.com", AddressError::Credentials),
            ("https://ai.example.com?x=1", AddressError::Trailing),
            ("https://ai.example.com#x", AddressError::Trailing),
            ("file:///etc/passwd", AddressError::Malformed),
            ("ftp://ai.example.com", AddressError::Scheme),
            ("javascript:alert(1)", AddressError::Malformed),
            ("data:text/html,x", AddressError::Malformed),
            ("smb://ai.example.com/share", AddressError::Scheme),
            ("http://127.0.0.1@evil.example", AddressError::Credentials),
        ] {
            assert_eq!(read(text), Err(why), "{text:?}");
        }
        assert_eq!(read(&format!("https://{}.example", "a".repeat(2_000))), Err(AddressError::TooLong));
    }

    #[test]
    fn what_is_joined_stays_one_part_of_the_path() {
        let address: SiteAddress = "https://ai.example.com/base/".parse().unwrap();
        let url = address.join(["api", "a/b?c#d", "../é"]);
        assert_eq!(url.as_str(), "https://ai.example.com/base/api/a%2Fb%3Fc%23d/..%2F%C3%A9");
        assert_eq!((address.host(), address.port()), ("ai.example.com", 443));
    }

    #[test]
    fn a_proxy_is_a_host_and_no_password() {
        for text in ["socks5h://127.0.0.1:1080", "http://proxy.example:3128"] {
            assert!(text.parse::<ProxyAddress>().is_ok(), "{text}");
        }
        for text in
            ["http://a:b@proxy.example", "file:///x", "http://proxy.example/x", "proxy.example:3128", ""]
        {
            assert!(text.parse::<ProxyAddress>().is_err(), "{text}");
        }
    }
}
