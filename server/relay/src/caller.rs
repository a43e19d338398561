//! Who calls, and what the key allows.

use std::net::IpAddr;
use std::str::FromStr;

use thiserror::Error;
use waystation_ids::{BudgetId, KeyId, UserId};
use waystation_ledger::BudgetPeriod;
use waystation_pricing::Multiplier;

/// A valid key with its user.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who pays.
    pub user: UserId,
    /// The key used.
    pub key: KeyId,
    /// The models the key may call, by name, and groups of them, by id; none: all.
    pub allowed_models: Option<Vec<String>>,
    /// Where the key may be used from; empty: anywhere.
    pub allowed_ips: Vec<IpNetwork>,
    /// The most output tokens a choice may have with this key.
    pub output_cap: Option<u64>,
    /// Whether answers name their cost.
    pub show_cost: bool,
    /// From when on the key is not valid, in unix milliseconds.
    pub expires_at_ms: Option<i64>,
    /// Budgets of the key and of the user.
    pub budgets: Vec<(BudgetId, BudgetPeriod)>,
    /// The factor on list prices for this user.
    pub multiplier: Multiplier,
}

impl Caller {
    /// Whether the key may call the model of this name, which is in these groups.
    pub fn may_use_model(&self, name: &str, groups: &[String]) -> bool {
        let is_meant = |allowed: &String| allowed == name || groups.contains(allowed);
        self.allowed_models.as_ref().is_none_or(|allowed| allowed.iter().any(is_meant))
    }

    /// Whether the key may be used from this address.
    pub fn may_call_from(&self, address: IpAddr) -> bool {
        self.allowed_ips.is_empty() || self.allowed_ips.iter().any(|network| network.contains(address))
    }

    /// Whether the key's time is over.
    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_at_ms.is_some_and(|expiry| expiry <= now_ms)
    }
}

/// A range of addresses, such as `10.0.0.0/8`; a lone address is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

/// The text is not an address or a range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not an address or a network such as 10.0.0.0/8")]
pub struct IpNetworkError;

impl IpNetwork {
    /// Whether the address lies in the range. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = (network.to_bits() ^ address.to_bits()).leading_zeros();
                differing >= u32::from(self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = (network.to_bits() ^ address.to_bits()).leading_zeros();
                differing >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

impl FromStr for IpNetwork {
    type Err = IpNetworkError;

    fn from_str(text: &str) -> Result<Self, IpNetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| IpNetworkError)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse::<u8>().ok().filter(|prefix| *prefix <= bits).ok_or(IpNetworkError)?
            }
            Some(_) => return Err(IpNetworkError),
            None => bits,
        };
        // An IPv4 network written as IPv6 is kept as IPv4, so that it matches either spelling of an address.
        match (address, address.to_canonical()) {
            (IpAddr::V6(_), canonical @ IpAddr::V4(_)) if prefix >= 96 => {
                Ok(IpNetwork { address: canonical, prefix: prefix - 96 })
            }
            (IpAddr::V6(_), IpAddr::V4(_)) => Err(IpNetworkError),
            _ => Ok(IpNetwork { address, prefix }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<IpNetwork>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_lies_in_its_network_only() {
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "192.0.2.1"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(contains("192.0.2.7", "192.0.2.7"));
        assert!(!contains("192.0.2.7", "192.0.2.6"));
    }

    #[test]
    fn an_ipv4_address_is_the_same_in_ipv6_spelling() {
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(contains("::ffff:10.0.0.0/104", "10.0.0.1"));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in
            ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::1/129", "localhost", "::ffff:10.0.0.0/64"]
        {
            assert_eq!(text.parse::<IpNetwork>(), Err(IpNetworkError), "{text}");
        }
    }
}
