//! The first channel, from a setting: so that a new site needs no more than a key of an upstream.

use serde_json::Value;
use tracing::info;
use waystation_api::channels::CredentialCreate;
use waystation_ids::ChannelId;
use waystation_store::{ChangeKind, ChannelFormat, NewChannel, OnDisconnect};

use crate::audit_trail::Doer;
use crate::channels::{seal_secret, shown_channel};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;

const BASE_URL: &str = "https://api.openai.com/v1";
/// Of several instances that start at once, one makes the channel.
const LEASE: &str = "bootstrap_channel";
const LEASE_MS: i64 = 60_000;

/// Makes a channel to OpenAI with the configured key when there is no channel. Which models it serves is said later,
/// by whoever enters and prices them.
pub(crate) async fn bootstrap_channel(app: &App) -> Result<(), ApiError> {
    let Some(key) = &app.config.bootstrap_openai_api_key else { return Ok(()) };
    if !app.store.take_job_lease(LEASE, app.instance, LEASE_MS).await?
        || !app.store.list_channels(None, None, 1).await?.is_empty()
    {
        return Ok(());
    }
    let secret = Value::Object([("secret".to_owned(), Value::from(key.reveal()))].into_iter().collect());
    let credential: CredentialCreate =
        serde_json::from_value(secret).map_err(|_| ApiError::internal("the configured key is not one"))?;
    credential.check()?;
    let channel = ChannelId::new(now_ms(), random_bytes()?);
    let audit = Doer::Server.does("channel.create", "channel", &channel.to_string()).showing(shown_channel);
    app.store
        .create_channel(
            NewChannel {
                id: channel,
                name: "OpenAI".to_owned(),
                format: ChannelFormat::OpenAi,
                base_url: BASE_URL.to_owned(),
                priority: 0,
                weight: 1,
                active: true,
                allow_private_network: false,
                on_disconnect: OnDisconnect::Drain,
                models: Vec::new(),
                credentials: vec![seal_secret(app, &credential.secret)?],
            },
            &audit,
        )
        .await?;
    app.changes.announce(ChangeKind::Channel, channel).await;
    info!(%channel, "the first channel was made from bootstrap.openai_api_key; name the models it serves");
    Ok(())
}
