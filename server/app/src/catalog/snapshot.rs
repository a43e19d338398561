//! The catalogue as it was read once, arranged for look-ups.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tracing::error;
use waystation_protocol::openai::request_rewrite::CapParameter;
use waystation_relay::{
    Channel, ChannelFormat, Credential, CredentialSecret, Model, OnDisconnect, Route, UpstreamUrl,
};
use waystation_store as store;

use crate::error::error_chain;
use crate::sealing::{Purpose, Sealing};

/// Where the demo channel would be if it were anywhere; nothing is sent there.
const NOWHERE: &str = "http://demo.invalid";

/// Models and routes at one time. Prices that begin later are in it already.
pub(super) struct Snapshot {
    /// By name.
    models: BTreeMap<String, PricedModel>,
    /// By the model's name.
    routes: HashMap<String, Arc<[Route]>>,
    /// The models as people see them, by name.
    shown: Vec<store::PricedModel>,
    read_at_ms: i64,
}

/// A model that can be asked for, as people see it.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The model.
    pub(crate) model: store::Model,
    /// What it costs.
    pub(crate) price: store::PriceVersion,
    /// What it will cost, where that is known.
    pub(crate) next_price: Option<store::PriceVersion>,
    /// Whether there is a way to it.
    pub(crate) is_served: bool,
}

/// A model once for each of its prices, so that a look-up copies nothing.
struct PricedModel {
    unpriced: Arc<Model>,
    /// By the time each begins to count.
    priced: Vec<(i64, Arc<Model>)>,
}

impl Snapshot {
    /// Arranges what was read at `read_at_ms`, by this host's clock.
    pub(super) fn of_rows(rows: store::CatalogRows, sealing: &Sealing, read_at_ms: i64) -> Self {
        let mut shown = rows.models.clone();
        shown.sort_by(|one, other| one.model.name.cmp(&other.model.name));
        let models =
            rows.models.into_iter().map(|row| (row.model.name.clone(), PricedModel::of_row(row))).collect();
        let mut routes: HashMap<String, Vec<Route>> = HashMap::new();
        for row in rows.channels {
            let served = row.models.clone();
            let Some((channel, credentials)) = open_channel(row, sealing) else {
                continue;
            };
            for model in served {
                let route = Route {
                    channel: channel.clone(),
                    upstream_model: model.upstream_name,
                    credentials: credentials.clone(),
                };
                routes.entry(model.name).or_default().push(route);
            }
        }
        let routes = routes.into_iter().map(|(model, routes)| (model, routes.into())).collect();
        Snapshot { models, routes, shown, read_at_ms }
    }

    /// The model of this name, with its price at `now_ms`.
    pub(super) fn model(&self, name: &str, now_ms: i64) -> Option<Arc<Model>> {
        self.models.get(name).map(|model| model.at(self.not_before_reading(now_ms)))
    }

    /// Every model that has a price at `now_ms`, by name.
    pub(super) fn models(&self, now_ms: i64) -> impl Iterator<Item = Arc<Model>> {
        let now_ms = self.not_before_reading(now_ms);
        self.models.values().map(move |model| model.at(now_ms)).filter(|model| model.price.is_some())
    }

    /// Every model that has a price at `now_ms`, by name, as people see it.
    pub(super) fn offers(&self, now_ms: i64) -> Vec<Offer> {
        let now_ms = self.not_before_reading(now_ms);
        let offer = |row: &store::PricedModel| {
            let begun = row.prices.partition_point(|version| version.effective_at_ms <= now_ms);
            Some(Offer {
                model: row.model.clone(),
                price: row.prices.get(begun.checked_sub(1)?)?.clone(),
                next_price: row.prices.get(begun).cloned(),
                is_served: self.routes.contains_key(&row.model.name),
            })
        };
        self.shown.iter().filter_map(offer).collect()
    }

    /// The ways to a model.
    pub(super) fn routes(&self, model: &str) -> Arc<[Route]> {
        self.routes.get(model).cloned().unwrap_or_else(|| Arc::new([]))
    }

    /// A clock that was set back must not take away a price that counted already: its predecessor was not read.
    fn not_before_reading(&self, now_ms: i64) -> i64 {
        now_ms.max(self.read_at_ms)
    }
}

impl PricedModel {
    fn of_row(row: store::PricedModel) -> Self {
        let unpriced = Model {
            id: row.model.id,
            name: row.model.name,
            context_length: row.model.context_length,
            max_output_tokens: row.model.max_output_tokens,
            first_byte_ms: row.model.first_byte_ms,
            default_output_tokens: row.model.default_output_tokens,
            output_cap_parameter: match row.model.output_cap_parameter {
                store::OutputCapParameter::MaxCompletionTokens => CapParameter::MaxCompletionTokens,
                store::OutputCapParameter::MaxTokens => CapParameter::MaxTokens,
            },
            groups: row.groups.iter().map(ToString::to_string).collect(),
            price: None,
            created_at_ms: row.model.created_at_ms,
        };
        let priced = row
            .prices
            .into_iter()
            .map(|version| {
                let model = Model { price: Some((version.id, version.price)), ..unpriced.clone() };
                (version.effective_at_ms, Arc::new(model))
            })
            .collect();
        PricedModel { unpriced: Arc::new(unpriced), priced }
    }

    fn at(&self, now_ms: i64) -> Arc<Model> {
        let begun = self.priced.partition_point(|(effective_at_ms, _)| *effective_at_ms <= now_ms);
        match begun.checked_sub(1).and_then(|last| self.priced.get(last)) {
            Some((_, model)) => model.clone(),
            None => self.unpriced.clone(),
        }
    }
}

/// A channel with the secrets that open. One that has secrets of which none opens is left out: calls to it would
/// only fail.
fn open_channel(row: store::Channel, sealing: &Sealing) -> Option<(Arc<Channel>, Vec<Credential>)> {
    let address = match row.format {
        store::ChannelFormat::OpenAi => row.base_url.as_str(),
        store::ChannelFormat::Demo => NOWHERE,
    };
    let base_url = match address.parse::<UpstreamUrl>() {
        Ok(base_url) => base_url,
        Err(error) => {
            error!(channel = %row.id, error = error_chain(&error), "a channel's address cannot be used");
            return None;
        }
    };
    let has_secrets = !row.credentials.is_empty();
    let credentials: Vec<Credential> = row
        .credentials
        .into_iter()
        .filter(|credential| credential.active)
        .filter_map(|credential| open_credential(&credential, sealing))
        .collect();
    if has_secrets && credentials.is_empty() {
        return None;
    }
    let channel = Channel {
        id: row.id,
        format: match row.format {
            store::ChannelFormat::OpenAi => ChannelFormat::OpenAi,
            store::ChannelFormat::Demo => ChannelFormat::Demo,
        },
        base_url,
        priority: row.priority,
        weight: u32::try_from(row.weight).unwrap_or(0),
        allow_private_network: row.allow_private_network,
        on_disconnect: match row.on_disconnect {
            store::OnDisconnect::Drain => OnDisconnect::Drain,
            store::OnDisconnect::Cancel => OnDisconnect::Cancel,
        },
    };
    Some((Arc::new(channel), credentials))
}

fn open_credential(row: &store::Credential, sealing: &Sealing) -> Option<Credential> {
    let opened = sealing.open(Purpose::Credential, &row.id.to_string(), &row.sealed).map_err(|error| {
        error!(credential = %row.id, error = error_chain(&error), "a channel's secret does not open");
    });
    let opened = opened.ok()?;
    let secret = std::str::from_utf8(&opened).ok()?;
    Some(Credential { id: row.id, secret: CredentialSecret::new(secret) })
}

#[cfg(test)]
mod tests {
    use waystation_ids::{ChannelId, CredentialId, ModelId, PriceVersionId};
    use waystation_pricing::Price;

    use super::*;
    use crate::sealing::MasterKey;

    fn sealing() -> Sealing {
        Sealing::new(MasterKey::new([7; 32]))
    }

    fn model(name: &str, prices: &[(u8, i64)]) -> store::PricedModel {
        let id = ModelId::new(1, [name.len() as u8; 10]);
        let prices = prices
            .iter()
            .map(|(number, effective_at_ms)| store::PriceVersion {
                id: PriceVersionId::new(1, [*number; 10]),
                model: id,
                price: Price::default(),
                effective_at_ms: *effective_at_ms,
                created_at_ms: 0,
                created_by: None,
            })
            .collect();
        let model = store::Model {
            id,
            name: name.to_owned(),
            display_name: name.to_owned(),
            context_length: Some(1_000),
            max_output_tokens: None,
            first_byte_ms: None,
            default_output_tokens: 100,
            output_cap_parameter: store::OutputCapParameter::MaxTokens,
            capabilities: Vec::new(),
            active: true,
            created_at_ms: 5,
            updated_at_ms: 5,
        };
        store::PricedModel { model, groups: Vec::new(), prices }
    }

    fn channel(models: &[&str], credentials: Vec<store::Credential>) -> store::Channel {
        store::Channel {
            id: ChannelId::new(1, [1; 10]),
            name: "Main".to_owned(),
            format: store::ChannelFormat::OpenAi,
            base_url: "http://127.0.0.1:9/v1".to_owned(),
            priority: 3,
            weight: 2,
            active: true,
            allow_private_network: true,
            on_disconnect: store::OnDisconnect::Cancel,
            models: models
                .iter()
                .map(|name| store::ChannelModel {
                    name: (*name).to_owned(),
                    upstream_name: format!("their-{name}"),
                })
                .collect(),
            credentials,
            last_test: None,
            created_at_ms: 0,
            updated_at_ms: 0,
        }
    }

    fn credential(number: u8, sealing: &Sealing) -> store::Credential {
        let id = CredentialId::new(1, [number; 10]);
        let sealed = sealing.seal(Purpose::Credential, &id.to_string(), b"sk-upstream").unwrap();
        store::Credential { id, sealed, preview: String::new(), active: true, created_at_ms: 0 }
    }

    fn snapshot(rows: store::CatalogRows, read_at_ms: i64) -> Snapshot {
        Snapshot::of_rows(rows, &sealing(), read_at_ms)
    }

    fn price_at(snapshot: &Snapshot, name: &str, now_ms: i64) -> Option<PriceVersionId> {
        snapshot.model(name, now_ms).unwrap().price.map(|(id, _)| id)
    }

    #[test]
    fn a_price_takes_effect_at_its_time_without_another_reading() {
        let models = vec![model("sonnet", &[(1, 100), (2, 500), (3, 900)]), model("coming", &[(4, 700)])];
        let snapshot = snapshot(store::CatalogRows { models, channels: Vec::new() }, 200);
        let version = |number: u8| Some(PriceVersionId::new(1, [number; 10]));
        for (now_ms, expected) in [(200, 1), (499, 1), (500, 2), (899, 2), (900, 3), (i64::MAX, 3)] {
            assert_eq!(price_at(&snapshot, "sonnet", now_ms), version(expected), "{now_ms}");
        }
        assert_eq!(price_at(&snapshot, "coming", 699), None);
        assert_eq!(price_at(&snapshot, "coming", 700), version(4));
        let names = |now_ms| snapshot.models(now_ms).map(|model| model.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(699), ["sonnet"]);
        assert_eq!(names(700), ["coming", "sonnet"]);
    }

    #[test]
    fn what_is_offered_has_a_price_and_says_what_is_to_come() {
        let models = vec![
            model("sonnet", &[(1, 100), (2, 500)]),
            model("opus", &[(3, 100)]),
            model("coming", &[(4, 700)]),
            model("unpriced", &[]),
        ];
        let channels = vec![channel(&["sonnet", "coming"], Vec::new())];
        let snapshot = snapshot(store::CatalogRows { models, channels }, 200);
        let shown = |now_ms: i64| -> Vec<(String, PriceVersionId, Option<PriceVersionId>, bool)> {
            let offers = snapshot.offers(now_ms).into_iter();
            let next = |offer: &Offer| offer.next_price.as_ref().map(|price| price.id);
            offers
                .map(|offer| (offer.model.name.clone(), offer.price.id, next(&offer), offer.is_served))
                .collect()
        };
        let version = |number: u8| PriceVersionId::new(1, [number; 10]);
        assert_eq!(
            shown(200),
            [
                ("opus".to_owned(), version(3), None, false),
                ("sonnet".to_owned(), version(1), Some(version(2)), true),
            ]
        );
        assert_eq!(
            shown(700),
            [
                ("coming".to_owned(), version(4), None, true),
                ("opus".to_owned(), version(3), None, false),
                ("sonnet".to_owned(), version(2), None, true),
            ]
        );
    }

    #[test]
    fn a_clock_set_back_keeps_the_price_that_counted_when_it_was_read() {
        let models = vec![model("sonnet", &[(1, 100)])];
        let snapshot = snapshot(store::CatalogRows { models, channels: Vec::new() }, 200);
        assert_eq!(price_at(&snapshot, "sonnet", 50), Some(PriceVersionId::new(1, [1; 10])));
    }

    #[test]
    fn of_two_prices_from_the_same_time_the_later_made_counts() {
        let models = vec![model("sonnet", &[(1, 100), (2, 100)])];
        let snapshot = snapshot(store::CatalogRows { models, channels: Vec::new() }, 200);
        assert_eq!(price_at(&snapshot, "sonnet", 200), Some(PriceVersionId::new(1, [2; 10])));
    }

    #[test]
    fn a_route_carries_the_upstreams_name_and_the_opened_secrets() {
        let credentials =
            vec![credential(1, &sealing()), credential(2, &Sealing::new(MasterKey::new([8; 32])))];
        let channels = vec![channel(&["sonnet"], credentials)];
        let snapshot = snapshot(store::CatalogRows { models: Vec::new(), channels }, 0);
        let routes = snapshot.routes("sonnet");
        assert_eq!(routes.len(), 1);
        assert_eq!(routes[0].upstream_model, "their-sonnet");
        assert_eq!((routes[0].channel.priority, routes[0].channel.weight), (3, 2));
        let secrets: Vec<&str> =
            routes[0].credentials.iter().map(|credential| credential.secret.expose()).collect();
        assert_eq!(secrets, ["sk-upstream"]);
        assert!(snapshot.routes("opus").is_empty());
    }

    #[test]
    fn a_channel_whose_secrets_do_not_open_is_no_way_to_anywhere() {
        let foreign = credential(1, &Sealing::new(MasterKey::new([8; 32])));
        let with_foreign = channel(&["sonnet"], vec![foreign]);
        let without_any = channel(&["opus"], Vec::new());
        let channels = vec![with_foreign, without_any];
        let snapshot = snapshot(store::CatalogRows { models: Vec::new(), channels }, 0);
        assert!(snapshot.routes("sonnet").is_empty());
        assert_eq!(snapshot.routes("opus").len(), 1);
    }
}
