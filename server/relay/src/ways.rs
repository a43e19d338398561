//! The order in which the ways to a model are tried.

use waystation_ids::ChannelId;

use crate::catalog::{Credential, Route};
use crate::failure::Failure;

/// One way: a channel with one of its credentials.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    pub route: &'a Route,
    pub credential: Option<&'a Credential>,
    pausing: bool,
}

/// The ways not tried yet. Those that do not pause go before those that do, then higher priority goes first, and
/// among equals chance decides by weight. No way is tried twice in a call.
#[derive(Debug)]
pub(crate) struct Ways<'a> {
    left: Vec<Way<'a>>,
}

impl<'a> Ways<'a> {
    /// All ways of these routes; `is_pausing` tells which failed lately.
    pub fn new(routes: &'a [Route], is_pausing: impl Fn(&Route, Option<&Credential>) -> bool) -> Self {
        let mut left = Vec::with_capacity(routes.len());
        for route in routes {
            let mut push =
                |credential| left.push(Way { route, credential, pausing: is_pausing(route, credential) });
            if route.credentials.is_empty() {
                push(None);
            }
            route.credentials.iter().for_each(|credential| push(Some(credential)));
        }
        Ways { left }
    }

    /// Takes the next way; `chance` decides among equals.
    pub fn take_next(&mut self, chance: [u32; 2]) -> Option<Way<'a>> {
        let rank = |way: &Way<'_>| (way.pausing, std::cmp::Reverse(way.route.channel.priority));
        let best = self.left.iter().map(rank).min()?;
        let mut channels: Vec<(ChannelId, u32)> = Vec::new();
        for way in self.left.iter().filter(|way| rank(way) == best) {
            let channel = (way.route.channel.id, way.route.channel.weight);
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        let channel = choose_by_weight(&channels, chance[0])?;
        let of_channel = |way: &Way<'_>| rank(way) == best && way.route.channel.id == channel;
        let count = self.left.iter().filter(|way| of_channel(way)).count();
        let chosen = chance[1] as usize % count.max(1);
        let place = self.left.iter().enumerate().filter(|(_, way)| of_channel(way)).nth(chosen)?.0;
        Some(self.left.swap_remove(place))
    }

    /// Leaves out what this failure has shown to be useless for the call.
    pub fn learn(&mut self, channel: ChannelId, failure: &Failure) {
        if failure.is_of_channel() {
            self.left.retain(|way| way.route.channel.id != channel);
        }
    }
}

fn choose_by_weight(channels: &[(ChannelId, u32)], chance: u32) -> Option<ChannelId> {
    let total: u64 = channels.iter().map(|(_, weight)| u64::from(*weight)).sum();
    if total == 0 {
        return channels.get(chance as usize % channels.len().max(1)).map(|(id, _)| *id);
    }
    // Scales the chance to the sum of weights without the bias of a remainder.
    let mut point = u64::try_from((u128::from(chance) * u128::from(total)) >> 32).unwrap_or(0);
    for (id, weight) in channels {
        match point.checked_sub(u64::from(*weight)) {
            Some(rest) => point = rest,
            None => return Some(*id),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Channel, ChannelFormat, CredentialSecret, OnDisconnect};
    use crate::failure::FailureKind;
    use waystation_ids::CredentialId;

    fn route(number: u8, priority: i64, weight: u32, credentials: u8) -> Route {
        Route {
            channel: Arc::new(Channel {
                id: ChannelId::new(0, [number; 10]),
                format: ChannelFormat::OpenAi,
                base_url: "http://127.0.0.1:1/v1".parse().unwrap(),
                priority,
                weight,
                allow_private_network: true,
                on_disconnect: OnDisconnect::Drain,
            }),
            upstream_model: format!("model-{number}"),
            credentials: (0..credentials)
                .map(|credential| Credential {
                    id: CredentialId::new(0, [credential; 10]),
                    secret: CredentialSecret::new("secret"),
                })
                .collect(),
        }
    }

    fn names(ways: &mut Ways<'_>, chance: [u32; 2]) -> Vec<String> {
        std::iter::from_fn(|| ways.take_next(chance)).map(|way| way.route.upstream_model.clone()).collect()
    }

    #[test]
    fn higher_priority_goes_first_and_pausing_ways_go_last() {
        let routes = [route(1, 5, 1, 0), route(2, 9, 1, 0), route(3, 7, 1, 0)];
        let mut ways = Ways::new(&routes, |route, _| route.channel.priority == 9);
        assert_eq!(names(&mut ways, [0, 0]), ["model-3", "model-1", "model-2"]);
    }

    #[test]
    fn chance_follows_the_weights() {
        let routes = [route(1, 0, 1, 0), route(2, 0, 3, 0), route(3, 0, 0, 0)];
        let mut firsts = [0; 4];
        for step in 0..400_u32 {
            let mut ways = Ways::new(&routes, |_, _| false);
            let first = ways.take_next([step * (u32::MAX / 400), 0]).unwrap();
            firsts[usize::from(first.route.upstream_model.as_bytes()[6] - b'0')] += 1;
        }
        assert_eq!(firsts[3], 0);
        assert!((95..=105).contains(&firsts[1]), "{firsts:?}");
    }

    #[test]
    fn every_way_is_tried_once() {
        let routes = [route(1, 0, 0, 2), route(2, 0, 1, 3)];
        for chance in [0, 77, u32::MAX] {
            let mut ways = Ways::new(&routes, |_, _| false);
            assert_eq!(names(&mut ways, [chance, chance]).len(), 5);
        }
    }

    #[test]
    fn a_failed_channel_is_left_out_but_a_refused_credential_is_not_its_channel() {
        let routes = [route(1, 1, 1, 3), route(2, 0, 1, 1)];
        let mut ways = Ways::new(&routes, |_, _| false);
        let first = ways.take_next([0, 0]).unwrap().route.channel.id;
        ways.learn(first, &Failure::new(FailureKind::Account, None));
        assert_eq!(ways.take_next([0, 0]).unwrap().route.channel.id, first);
        ways.learn(first, &Failure::new(FailureKind::Connect, None));
        assert_eq!(names(&mut ways, [0, 0]), ["model-2"]);
    }
}
