//! Ways to upstreams and their secrets.

mod address;
mod administration;
mod credentials;
mod model_lists;
mod probing;

use std::time::Duration;

use utoipa_axum::routes;
use waystation_api::channel_probes::ProbeFieldError;
use waystation_api::channels::{
    Channel, ChannelFieldError, ChannelFormat, ChannelModel, ChannelModelName, LastTest, OnDisconnect,
    ServedModel,
};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_store as store;

use crate::audit_trail::state_of;
use crate::auth::{Access, GuardedRoutes};
use crate::channels::credentials::wire_credential;
use crate::error::ApiError;
pub(crate) use credentials::seal_secret;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::ChannelsRead);
    let writing = Access::Holding(Permission::ChannelsWrite);
    GuardedRoutes::new()
        .route(writing, routes!(administration::create_channel))
        .route(reading, routes!(administration::list_channels))
        .route(reading, routes!(administration::show_channel))
        .route(writing, routes!(administration::update_channel))
        .route(writing, routes!(administration::delete_channel))
        .route(writing, routes!(credentials::create_credential))
        .route(writing, routes!(credentials::delete_credential))
        .route(reading, routes!(probing::list_channel_presets))
        .route(writing, routes!(probing::test_channel_draft))
        .route(writing, routes!(probing::test_channel))
        .route(writing, routes!(model_lists::fetch_models))
        .route(writing, routes!(model_lists::sync_models))
}

fn wire_channel(channel: store::Channel) -> Channel {
    Channel {
        id: channel.id,
        name: channel.name,
        format: match channel.format {
            store::ChannelFormat::OpenAi => ChannelFormat::OpenAi,
            store::ChannelFormat::Demo => ChannelFormat::Demo,
        },
        base_url: channel.base_url,
        models: channel
            .models
            .into_iter()
            .map(|model| ChannelModelName { name: model.name, upstream: model.upstream_name })
            .collect(),
        priority: channel.priority,
        weight: u32::try_from(channel.weight).unwrap_or(0),
        active: channel.active,
        allow_private_network: channel.allow_private_network,
        on_disconnect: match channel.on_disconnect {
            store::OnDisconnect::Drain => OnDisconnect::Drain,
            store::OnDisconnect::Cancel => OnDisconnect::Cancel,
        },
        credentials: channel.credentials.into_iter().map(wire_credential).collect(),
        last_test: channel.last_test.map(wire_test),
        created_at: Time::from_unix_ms(channel.created_at_ms),
        updated_at: Time::from_unix_ms(channel.updated_at_ms),
    }
}

fn wire_test(test: store::ChannelTest) -> LastTest {
    let count = |ms: i64| u64::try_from(ms).unwrap_or(0);
    LastTest {
        at: Time::from_unix_ms(test.tested_at_ms),
        ok: test.code.is_none(),
        code: test.code,
        model: test.model,
        first_byte_ms: test.first_byte_ms.map(count),
        latency_ms: count(test.latency_ms),
    }
}

/// A channel as the audit log shows it: without its last test, which nobody changes by changing the channel.
pub(crate) fn shown_channel(channel: &store::Channel) -> Option<String> {
    state_of(&wire_channel(store::Channel { last_test: None, ..channel.clone() }))
}

/// A time as answers show it.
fn whole_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn refuse_probe(error: ProbeFieldError) -> ApiError {
    ApiError::field(error.field(), error.code(), error.to_string())
}

fn stored_format(format: ChannelFormat) -> store::ChannelFormat {
    match format {
        ChannelFormat::OpenAi => store::ChannelFormat::OpenAi,
        ChannelFormat::Demo => store::ChannelFormat::Demo,
    }
}

fn stored_behaviour(behaviour: OnDisconnect) -> store::OnDisconnect {
    match behaviour {
        OnDisconnect::Drain => store::OnDisconnect::Drain,
        OnDisconnect::Cancel => store::OnDisconnect::Cancel,
    }
}

fn stored_models(models: Vec<ServedModel>) -> Vec<store::ChannelModel> {
    models
        .into_iter()
        .map(ChannelModel::from)
        .map(|model| store::ChannelModel {
            name: model.name.into_string(),
            upstream_name: model.upstream.into_string(),
        })
        .collect()
}

impl From<ChannelFieldError> for ApiError {
    fn from(error: ChannelFieldError) -> Self {
        ApiError::field(error.field(), error.code(), error.to_string())
    }
}
