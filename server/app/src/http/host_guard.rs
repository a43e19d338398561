//! Which names the site answers to. A browser that was led here under another name, by a name server that somebody
//! else runs, gets nothing.

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use waystation_api::error::ErrorCode;

use crate::error::ApiError;
use crate::http::client_address::PeerAddress;
use crate::state::App;

/// Refuses requests to a host that is not the site's.
pub(super) async fn check_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_near = request
        .extensions()
        .get::<PeerAddress>()
        .is_some_and(|PeerAddress(peer)| peer.ip().to_canonical().is_loopback());
    let names = HostNames {
        public: app.public_origin.as_ref().map(|origin| origin.host()),
        others: &app.config.http_other_hosts,
        takes_addresses: app.public_origin.is_none() || is_near,
    };
    match named_hosts(&request) {
        Some(hosts) if hosts.iter().all(|host| names.admit(host)) => next.run(request).await,
        _ => ApiError::new(
            ErrorCode::MisdirectedRequest,
            "This site is not known by this host name. The settings public_url and http.other_hosts name its own.",
        )
        .into_response(),
    }
}

/// The names of a site.
struct HostNames<'a> {
    public: Option<&'a str>,
    others: &'a [String],
    takes_addresses: bool,
}

impl HostNames<'_> {
    /// Whether a host, perhaps with a port, is the site's.
    fn admit(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        self.public == Some(host.as_str())
            || self.others.iter().any(|other| other.eq_ignore_ascii_case(&host))
            || (self.takes_addresses && (host == "localhost" || is_address(&host)))
    }
}

/// Every host that a request names. None: it names them in a way that two readers may understand differently. A
/// request without any names no wrong one; browsers always name one.
fn named_hosts(request: &Request) -> Option<Vec<&str>> {
    let mut named: Vec<&str> = Vec::new();
    let mut headers = request.headers().get_all(header::HOST).iter();
    if let Some(host) = headers.next() {
        named.push(host.to_str().ok()?);
    }
    if headers.next().is_some() {
        return None;
    }
    named.extend(request.uri().authority().map(axum::http::uri::Authority::as_str));
    Some(named)
}

/// The host of an authority in lower case, without its port.
pub(super) fn host_of(authority: &str) -> Option<String> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(bracketed) => {
            let end = bracketed.find(']')?;
            authority.split_at(end + 2)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = rest.is_empty()
        || rest
            .strip_prefix(':')
            .is_some_and(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit()));
    (is_port && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn is_address(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const OTHERS: &[String] = &[];

    #[test]
    fn a_site_answers_to_its_own_names_only() {
        let others = ["relay.lan".to_owned()];
        let names = HostNames { public: Some("ai.example.com"), others: &others, takes_addresses: false };
        for host in ["ai.example.com", "AI.example.com", "ai.example.com:443", "relay.lan", "RELAY.lan:8787"]
        {
            assert!(names.admit(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "ai.example.com.",
            "ai.example.com.evil.example",
            "evil.example/ai.example.com",
            "u@ai.example.com",
            "ai.example.com:x",
            "ai.example.com:443:443",
            " ai.example.com",
            "127.0.0.1",
            "[::1]",
            "localhost",
        ] {
            assert!(!names.admit(host), "{host:?}");
        }
    }

    #[test]
    fn addresses_are_names_where_no_name_is_set() {
        let names = HostNames { public: None, others: OTHERS, takes_addresses: true };
        for host in ["127.0.0.1:8787", "10.0.0.7", "[::1]:8787", "[fd00::1]", "localhost", "LOCALHOST:80"] {
            assert!(names.admit(host), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "::1", "[::1", "[x]", "0x7f.1"]
        {
            assert!(!names.admit(host), "{host}");
        }
    }

    #[test]
    fn a_request_with_two_hosts_names_none_that_can_be_trusted() {
        let request = |hosts: &[&str], uri: &str| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            request.body(Body::empty()).unwrap()
        };
        let named = |hosts: &[&str], uri: &str| {
            let request = request(hosts, uri);
            named_hosts(&request).map(|hosts| hosts.join(" "))
        };
        assert_eq!(named(&["a"], "/").as_deref(), Some("a"));
        assert_eq!(named(&["a"], "http://b/").as_deref(), Some("a b"));
        assert_eq!(named(&["a", "a"], "/"), None);
        assert_eq!(named(&[], "/").as_deref(), Some(""));
    }
}
