//! How many connections there may be: altogether, and from one network of a stranger.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Nets;

/// Which limit a connection would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// That of all connections.
    All,
    /// That of the caller's network.
    Peer,
}

/// Counts the connections of a listener. Asked once when a connection opens, and once when it closes.
#[derive(Clone, Debug)]
pub(super) struct ConnectionLimits(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    all_max: usize,
    peer_max: usize,
    /// Many people may stand behind each of these.
    trusted: Nets,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// Never empty entries.
    of_peers: HashMap<IpAddr, usize>,
}

/// A place among the connections; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    limits: ConnectionLimits,
    peer: Option<IpAddr>,
}

impl ConnectionLimits {
    /// Limits that do not count addresses of `trusted` and loopback one by one.
    pub(super) fn new(all_max: usize, peer_max: usize, trusted: Nets) -> Self {
        ConnectionLimits(Arc::new(Limits { all_max, peer_max, trusted, open: Mutex::default() }))
    }

    /// Takes a place for a connection from this address.
    pub(super) fn take_place(&self, address: IpAddr) -> Result<Place, Exceeded> {
        let address = address.to_canonical();
        let is_counted = !address.is_loopback() && !self.0.trusted.contain(address);
        let peer = is_counted.then(|| network_of(address));
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.all >= self.0.all_max {
            return Err(Exceeded::All);
        }
        if let Some(peer) = peer {
            let count = open.of_peers.get(&peer).copied().unwrap_or(0);
            if count >= self.0.peer_max {
                return Err(Exceeded::Peer);
            }
            open.of_peers.insert(peer, count + 1);
        }
        open.all += 1;
        Ok(Place { limits: self.clone(), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.limits.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(peer) = self.peer
            && let Entry::Occupied(mut count) = open.of_peers.entry(peer)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// An IPv4 address counts by itself; an IPv6 address with its whole /64, which one subscriber is given to choose from.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SettingValue;

    fn limits(all_max: usize, peer_max: usize) -> ConnectionLimits {
        ConnectionLimits::new(all_max, peer_max, Nets::read("10.0.0.0/8").unwrap())
    }

    fn take(limits: &ConnectionLimits, address: &str) -> Result<Place, Exceeded> {
        limits.take_place(address.parse().unwrap())
    }

    #[test]
    fn a_stranger_has_so_many_places_and_gets_them_back() {
        let limits = limits(100, 2);
        let first = take(&limits, "203.0.113.5").unwrap();
        let _second = take(&limits, "::ffff:203.0.113.5").unwrap();
        assert_eq!(take(&limits, "203.0.113.5").unwrap_err(), Exceeded::Peer);
        let _other = take(&limits, "203.0.113.6").unwrap();
        drop(first);
        let _third = take(&limits, "203.0.113.5").unwrap();
        assert_eq!(limits.0.open.lock().unwrap().all, 3);
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_their_places() {
        let limits = limits(100, 1);
        let first = take(&limits, "2001:db8:0:1::1").unwrap();
        assert_eq!(take(&limits, "2001:db8:0:1:ffff::2").unwrap_err(), Exceeded::Peer);
        let _other = take(&limits, "2001:db8:0:2::1").unwrap();
        drop(first);
        assert_eq!(
            limits.0.open.lock().unwrap().of_peers.len(),
            1,
            "networks without connections are forgotten"
        );
    }

    #[test]
    fn loopback_and_trusted_proxies_are_bound_by_the_limit_of_all_only() {
        let limits = limits(5, 1);
        let places: Vec<Place> = ["127.0.0.1", "127.0.0.1", "::1", "10.1.1.1", "10.1.1.1"]
            .map(|address| take(&limits, address).unwrap())
            .into();
        assert_eq!(take(&limits, "127.0.0.1").unwrap_err(), Exceeded::All);
        drop(places);
        assert_eq!(limits.0.open.lock().unwrap().all, 0);
    }
}
