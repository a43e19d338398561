//! Who is calling, seen through the proxies that are trusted.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::Nets;
use crate::state::App;

/// The address of the connection's other end; the listener puts it into each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerAddress(pub(crate) SocketAddr);

/// The caller's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let unknown = ClientAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Ok(parts.extensions.get::<ClientAddress>().copied().unwrap_or(unknown))
    }
}

/// The caller's address, worked out once for everything behind.
pub(super) fn find_client_address(app: &App, request: &Request) -> Option<ClientAddress> {
    let PeerAddress(peer) = request.extensions().get::<PeerAddress>().copied()?;
    Some(ClientAddress(client_address(peer.ip(), request.headers(), &app.config.proxy_trusted)))
}

/// The last address of `X-Forwarded-For` that no trusted proxy has, provided that a trusted one sent the header.
/// Addresses further left were written by the caller and prove nothing.
fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &Nets) -> IpAddr {
    let mut address = peer.to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for text in forwarded.iter().rev() {
        if !trusted.contain(address) {
            break;
        }
        match text.trim().parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SettingValue;

    fn seen(peer: &str, forwarded: &str) -> String {
        let trusted = Nets::read("127.0.0.1/32,10.0.0.0/8").unwrap();
        let mut headers = HeaderMap::new();
        if !forwarded.is_empty() {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(seen("203.0.113.5", "1.1.1.1"), "203.0.113.5");
        assert_eq!(seen("127.0.0.1", "1.1.1.1, 203.0.113.5"), "203.0.113.5");
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed_to_the_first_stranger() {
        assert_eq!(seen("127.0.0.1", "203.0.113.5, 10.1.1.1"), "203.0.113.5");
        assert_eq!(seen("::ffff:127.0.0.1", "203.0.113.5"), "203.0.113.5");
        assert_eq!(seen("127.0.0.1", ""), "127.0.0.1");
        assert_eq!(seen("127.0.0.1", "nonsense"), "127.0.0.1");
    }
}
