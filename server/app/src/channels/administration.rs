//! The administration's routes for channels.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::channels::{Channel, ChannelCreate, ChannelUpdate};
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::pagination::{Page, SearchQuery, page_limit};
use waystation_ids::ChannelId;
use waystation_store::{self as store, ChangeKind, ChannelChange, NewChannel};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::channels::address::read_base_url;
use crate::channels::credentials::seal_secret;
use crate::channels::{shown_channel, stored_behaviour, stored_format, stored_models, wire_channel};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::search::read_search;
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::OfferedProof;
use crate::state::App;

/// Enter a channel
///
/// One with secrets needs a fresh proof.
#[utoipa::path(
    post, path = "/admin/channels", tag = "channels", operation_id = "create_channel",
    request_body = ChannelCreate,
    responses(
        (status = 201, description = "The channel, without its secrets", body = Channel),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
    ),
)]
pub(super) async fn create_channel(
    State(app): State<App>,
    proof: OfferedProof,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ChannelCreate>,
) -> Result<(StatusCode, Json<Channel>), ApiError> {
    body.check()?;
    if !body.credentials.is_empty() {
        proof.redeem(&app).await?;
    }
    let format = stored_format(body.format);
    let credentials =
        body.credentials.iter().map(|secret| seal_secret(&app, secret)).collect::<Result<_, _>>()?;
    let new = NewChannel {
        id: ChannelId::new(now_ms(), random_bytes()?),
        base_url: read_base_url(body.base_url.as_deref(), format, body.allow_private_network)?,
        name: body.name,
        format,
        priority: i64::from(body.priority),
        weight: i64::from(body.weight),
        active: body.active,
        allow_private_network: body.allow_private_network,
        on_disconnect: stored_behaviour(body.on_disconnect),
        models: stored_models(body.models),
        credentials,
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("channel.create", "channel", &new.id.to_string()).showing(shown_channel);
    let channel = app.store.create_channel(new, &audit).await?;
    app.changes.announce(ChangeKind::Channel, channel.id).await;
    Ok((StatusCode::CREATED, Json(wire_channel(channel))))
}

/// List channels, the newest first
#[utoipa::path(
    get, path = "/admin/channels", tag = "channels", operation_id = "list_channels", params(SearchQuery),
    responses((status = 200, description = "A page of channels, without their secrets", body = Page<Channel>)),
)]
pub(super) async fn list_channels(
    State(app): State<App>,
    Params(query): Params<SearchQuery>,
) -> Result<Json<Page<Channel>>, ApiError> {
    let text = read_search(query.q.as_deref())?;
    let limit = page_limit(query.limit);
    let channels = app.store.list_channels(text, read_cursor(query.cursor.as_deref())?, limit + 1).await?;
    let channels = channels.into_iter().map(wire_channel).collect();
    Ok(Json(Page::from_found(channels, limit, |channel: &Channel| channel.id.to_string())))
}

/// Show a channel
#[utoipa::path(
    get, path = "/admin/channels/{id}", tag = "channels", operation_id = "show_channel",
    params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 200, description = "The channel, without its secrets", body = Channel),
        (status = 404, description = "There is no such channel", body = ErrorReply),
    ),
)]
pub(super) async fn show_channel(
    State(app): State<App>,
    PathParts(id): PathParts<ChannelId>,
) -> Result<Json<Channel>, ApiError> {
    Ok(Json(wire_channel(app.store.load_channel(id).await?)))
}

/// Change a channel
///
/// Calls that have begun are not touched by it.
#[utoipa::path(
    patch, path = "/admin/channels/{id}", tag = "channels", operation_id = "update_channel",
    request_body = ChannelUpdate, params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 200, description = "The channel as it is now", body = Channel),
        (status = 404, description = "There is no such channel", body = ErrorReply),
    ),
)]
pub(super) async fn update_channel(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ChannelId>,
    Json(body): Json<ChannelUpdate>,
) -> Result<Json<Channel>, ApiError> {
    body.check()?;
    let before = app.store.load_channel(id).await?;
    let change = ChannelChange {
        base_url: read_changed_url(&body, &before)?,
        name: body.name,
        format: body.format.map(stored_format),
        priority: body.priority.map(i64::from),
        weight: body.weight.map(i64::from),
        active: body.active,
        allow_private_network: body.allow_private_network,
        on_disconnect: body.on_disconnect.map(stored_behaviour),
        models: body.models.map(stored_models),
    };
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("channel.update", "channel", &id.to_string()).showing(shown_channel);
    let channel = app.store.update_channel(id, change, &audit).await?;
    app.changes.announce(ChangeKind::Channel, id).await;
    Ok(Json(wire_channel(channel)))
}

/// Delete a channel with its secrets
///
/// Calls that it served keep its id. To rest a channel, set `active` to false instead.
#[utoipa::path(
    delete, path = "/admin/channels/{id}", tag = "channels", operation_id = "delete_channel",
    params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such channel", body = ErrorReply),
    ),
)]
pub(super) async fn delete_channel(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ChannelId>,
) -> Result<StatusCode, ApiError> {
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("channel.delete", "channel", &id.to_string()).showing(shown_channel);
    app.store.delete_channel(id, &audit).await?;
    app.changes.announce(ChangeKind::Channel, id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The address after the change, if the change touches what it depends on: the address that stays must fit too.
fn read_changed_url(body: &ChannelUpdate, before: &store::Channel) -> Result<Option<String>, ApiError> {
    if body.base_url.is_none() && body.format.is_none() && body.allow_private_network.is_none() {
        return Ok(None);
    }
    let url = body.base_url.as_deref().unwrap_or(&before.base_url);
    if !before.credentials.is_empty() && origin_of(url) != origin_of(&before.base_url) {
        // Whoever may edit a channel may not see its secrets, and so not have them sent elsewhere either.
        let message = "names another host, and the channel's secrets belong to the one it has: make a new channel, \
                       or delete the secrets first";
        return Err(ApiError::field("base_url", FieldCode::Invalid, message));
    }
    let format = body.format.map_or(before.format, stored_format);
    let allow_private_network = body.allow_private_network.unwrap_or(before.allow_private_network);
    read_base_url(Some(url), format, allow_private_network).map(Some)
}

/// Scheme, host and port of an address, as it is written.
fn origin_of(url: &str) -> String {
    let mut parts = url.split('/');
    let origin: Vec<&str> = parts.by_ref().take(3).collect();
    origin.join("/").to_ascii_lowercase()
}
