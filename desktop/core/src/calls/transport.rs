//! How calls leave: by the connection's TLS policy, through its proxy, and to nowhere else.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::connections::ProxyAddress;
use crate::trust::{TlsPolicy, TrustError, Watch, client_config};

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Longer than the server tries an upstream when a channel is tested.
const CALL_TIME: Duration = Duration::from_secs(60);
const IDLE_TIME: Duration = Duration::from_secs(60);
/// The port is the address's own.
const THIS_MACHINE: [SocketAddr; 2] = [
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 0),
];
const USER_AGENT: &str = concat!("Waystation-Desktop/", env!("CARGO_PKG_VERSION"));

/// A client that believes what the policy believes. It follows no redirect, keeps no cookie and reads no proxy out of
/// the environment.
pub fn http_client(
    policy: &TlsPolicy,
    proxy: Option<&ProxyAddress>,
    watch: &Watch,
) -> Result<reqwest::Client, TrustError> {
    let setup = |error: reqwest::Error| TrustError::Client(error.without_url());
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(client_config(policy, watch)?)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT_TIME)
        .timeout(CALL_TIME)
        .pool_idle_timeout(IDLE_TIME)
        // This machine, whatever somebody's name server says: to this name tokens go without TLS.
        .resolve_to_addrs("localhost", &THIS_MACHINE)
        .no_proxy();
    if let Some(proxy) = proxy {
        builder = builder.proxy(reqwest::Proxy::all(proxy.as_str()).map_err(setup)?);
    }
    builder.build().map_err(setup)
}
