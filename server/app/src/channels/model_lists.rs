//! What upstreams offer: looked at before a channel is entered, and beside what it serves afterwards.

use std::collections::HashSet;

use axum::extract::State;
use waystation_api::channel_probes::{
    ModelsFetchDraft, ModelsFetched, ModelsSync, ModelsSynced, UpstreamModel,
};
use waystation_api::channels::{ChannelModel, ChannelModelName};
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::models::ModelName;
use waystation_ids::ChannelId;
use waystation_protocol::openai::model_list::ModelList;
use waystation_relay::ProbedUpstream;
use waystation_store::{self as store, AuditEntry, ChangeKind, ModelsChange};

use crate::audit_trail::{Deed, Doer, state_of};
use crate::auth::Actor;
use crate::channels::probing::{Place, chosen_credentials, drafted_upstream, host_of, stored_upstream};
use crate::channels::{shown_channel, stored_models, wire_channel};
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::sign_in::OfferedProof;
use crate::state::App;

/// Fetch the models that an upstream offers
///
/// Before it is entered; nothing is kept. With a secret it needs a fresh proof, which is not used up: the same one is
/// good for entering the channel.
#[utoipa::path(
    post, path = "/admin/channels/fetch-models", tag = "channels", operation_id = "fetch_models",
    request_body = ModelsFetchDraft,
    responses(
        (status = 200, description = "What it offers, or why it could not be asked", body = ModelsFetched),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
    ),
)]
pub(super) async fn fetch_models(
    State(app): State<App>,
    proof: OfferedProof,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ModelsFetchDraft>,
) -> Result<Json<ModelsFetched>, ApiError> {
    body.check().map_err(super::refuse_probe)?;
    let place =
        Place { base_url: body.base_url.as_deref(), allow_private_network: body.allow_private_network };
    let upstream = drafted_upstream(&app, proof, body.format, place, body.credential.as_ref()).await?;
    let tasks = app.tasks.clone();
    // Who goes away before the upstream has answered has asked it all the same.
    let fetching = async move {
        let asked = list(&app, upstream.as_ref()).await?;
        let target = host_of(upstream.as_ref());
        let deed = Deed { action: "channel.fetch_models", target: Some(("upstream", &target)) };
        let base_url = upstream.as_ref().map(|upstream| upstream.base_url.to_string());
        let after =
            serde_json::json!({ "base_url": base_url, "code": asked.code, "models": asked.names.len() });
        let entry = AuditEntry { after: state_of(&after), ..deed.by(&actor, &visitor) };
        app.store.append_audit_entry(&entry).await?;
        let models = known_here(&app, &asked.names).await?;
        Ok(Json(ModelsFetched {
            ok: asked.code.is_none(),
            status: asked.status,
            code: asked.code,
            message: asked.message,
            latency_ms: asked.latency_ms,
            models,
            is_truncated: asked.is_truncated,
        }))
    };
    tasks.run_to_end("fetch_models", fetching).await
}

/// Compare what a channel serves with what its upstream offers, and take over some of it
///
/// Exactly what the body says is changed, and nothing where the upstream cannot be asked.
#[utoipa::path(
    post, path = "/admin/channels/{id}/sync-models", tag = "channels", operation_id = "sync_models",
    request_body = ModelsSync, params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 200, description = "What is different, or why it could not be asked", body = ModelsSynced),
        (status = 404, description = "There is no such channel", body = ErrorReply),
    ),
)]
pub(super) async fn sync_models(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ChannelId>,
    Json(body): Json<ModelsSync>,
) -> Result<Json<ModelsSynced>, ApiError> {
    body.check().map_err(super::refuse_probe)?;
    let mut channel = app.store.load_channel(id).await?;
    let asked = list_of_channel(&app, &channel).await?;
    if asked.code.is_some() {
        return Ok(Json(nothing_synced(asked, channel)));
    }
    let offered: HashSet<&str> = asked.names.iter().map(String::as_str).collect();
    let change = checked_change(&channel, body, &offered, asked.is_truncated)?;
    if change != ModelsChange::default() {
        let doer = Doer::Actor(&actor, &visitor);
        let audit = doer.does("channel.sync_models", "channel", &id.to_string()).showing(shown_channel);
        let models_max = ModelsSync::MODELS_MAX;
        let changed = app.store.change_channel_models(id, &change, models_max, &audit).await;
        channel = changed.map_err(|error| match error {
            store::StoreError::TooMany(_) => {
                ApiError::field("add", FieldCode::TooMany, "would make it more than 2000 models")
            }
            other => other.into(),
        })?;
        app.changes.announce(ChangeKind::Channel, id).await;
    }
    let served: HashSet<&str> = channel.models.iter().map(|model| model.upstream_name.as_str()).collect();
    let new: Vec<String> =
        asked.names.iter().filter(|name| !served.contains(name.as_str())).cloned().collect();
    let (known, gone): (Vec<&store::ChannelModel>, Vec<&store::ChannelModel>) =
        channel.models.iter().partition(|model| offered.contains(model.upstream_name.as_str()));
    Ok(Json(ModelsSynced {
        ok: true,
        status: asked.status,
        code: None,
        message: None,
        latency_ms: asked.latency_ms,
        is_truncated: asked.is_truncated,
        new: known_here(&app, &new).await?,
        // What is not among those that were looked at may be among the others.
        gone: if asked.is_truncated { Vec::new() } else { wire_models(gone) },
        known: wire_models(known),
        added: change.add.into_iter().map(|model| model.name).collect(),
        removed: change.remove,
        channel: wire_channel(channel),
    }))
}

/// What an upstream has answered.
#[derive(Default)]
struct Asked {
    status: Option<u16>,
    /// Why there is no list.
    code: Option<String>,
    message: Option<String>,
    latency_ms: u64,
    /// Names that models can have here, by name.
    names: Vec<String>,
    is_truncated: bool,
}

/// Asks with each of the channel's secrets in turn, until one is let in.
async fn list_of_channel(app: &App, channel: &store::Channel) -> Result<Asked, ApiError> {
    let mut last = Asked::default();
    for credential in chosen_credentials(channel, None)? {
        last = match stored_upstream(app, channel, credential) {
            Ok(upstream) => list(app, upstream.as_ref()).await?,
            Err(code) => Asked { code: Some(code.to_owned()), ..Asked::default() },
        };
        let is_refused =
            |code: &str| matches!(code, "credential_refused" | "no_credit" | "credential_unreadable");
        if !last.code.as_deref().is_some_and(is_refused) {
            break;
        }
    }
    Ok(last)
}

/// Asks for the list. The demo channel answers whatever it is asked for, and so offers nothing by name.
async fn list(app: &App, upstream: Option<&ProbedUpstream>) -> Result<Asked, ApiError> {
    let Some(upstream) = upstream else { return Ok(Asked::default()) };
    let probe = app.prober.list_models(upstream).await.map_err(ApiError::internal)?;
    let (list, failure) = match probe.outcome {
        Ok(list) => (list, None),
        Err(failure) => (ModelList::default(), Some(failure)),
    };
    Ok(Asked {
        status: probe.status,
        code: failure.as_ref().map(|failure| failure.kind.name().to_owned()),
        message: failure.and_then(|failure| failure.text),
        latency_ms: super::whole_ms(probe.duration),
        names: list.names.into_iter().filter(|name| name.parse::<ModelName>().is_ok()).collect(),
        is_truncated: list.is_truncated,
    })
}

async fn known_here(app: &App, names: &[String]) -> Result<Vec<UpstreamModel>, ApiError> {
    let known = app.store.find_models(names).await?;
    let wire = |name: &String| UpstreamModel { upstream: name.clone(), is_known: known.contains_key(name) };
    Ok(names.iter().map(wire).collect())
}

/// What the body asks for, where the upstream offers it; what is so already is left out.
fn checked_change(
    channel: &store::Channel,
    body: ModelsSync,
    offered: &HashSet<&str>,
    is_truncated: bool,
) -> Result<ModelsChange, ApiError> {
    for (place, served) in body.add.iter().enumerate() {
        let upstream = ChannelModel::from(served.clone()).upstream;
        if !is_truncated && !offered.contains(upstream.as_str()) {
            return Err(ApiError::field(
                format!("add[{place}]"),
                FieldCode::Unknown,
                "is not offered by the upstream",
            ));
        }
    }
    let mut add = stored_models(body.add);
    add.retain(|model| !channel.models.contains(model));
    let is_served = |name: &str| channel.models.iter().any(|model| model.name == name);
    let remove = body.remove.into_iter().map(ModelName::into_string).filter(|name| is_served(name));
    let remove: Vec<String> = remove.collect();
    if let Some(twice) = add.iter().position(|model| remove.contains(&model.name)) {
        return Err(ApiError::field(format!("add[{twice}]"), FieldCode::Invalid, "is to be removed as well"));
    }
    Ok(ModelsChange { add, remove })
}

fn wire_models(models: Vec<&store::ChannelModel>) -> Vec<ChannelModelName> {
    models
        .into_iter()
        .map(|model| ChannelModelName { name: model.name.clone(), upstream: model.upstream_name.clone() })
        .collect()
}

fn nothing_synced(asked: Asked, channel: store::Channel) -> ModelsSynced {
    ModelsSynced {
        ok: false,
        status: asked.status,
        code: asked.code,
        message: asked.message,
        latency_ms: asked.latency_ms,
        is_truncated: false,
        new: Vec::new(),
        gone: Vec::new(),
        known: Vec::new(),
        added: Vec::new(),
        removed: Vec::new(),
        channel: wire_channel(channel),
    }
}
