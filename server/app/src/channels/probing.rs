//! Tests of channels: a model says a few words, and how long that takes is kept.

use axum::extract::State;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::error;
use waystation_api::channel_probes::{
    ChannelPreset, ChannelTestDraft, ChannelTestOutcome, ChannelTestResult, ChannelTestResults,
    ChannelTestRun, channel_presets,
};
use waystation_api::channels::{ChannelFormat, UpstreamSecret};
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::models::OutputCapParameter;
use waystation_api::pagination::Page;
use waystation_ids::{ChannelId, CredentialId};
use waystation_protocol::openai::request_rewrite::CapParameter;
use waystation_relay::{CredentialSecret, Probe, ProbedUpstream};
use waystation_store::{self as store, AuditEntry};

use crate::audit_trail::{Deed, Doer, state_of};
use crate::auth::Actor;
use crate::channels::address::read_base_url;
use crate::channels::{stored_format, wire_channel};
use crate::error::{ApiError, error_chain};
use crate::http::body::{Json, PathParts};
use crate::http::visitor::Visitor;
use crate::sealing::Purpose;
use crate::sign_in::OfferedProof;
use crate::state::App;

/// A channel with many secrets is tested in a bearable time, and its upstream not flooded.
const ASKED_AT_ONCE: usize = 4;
/// A secret that is stored and cannot be used any more.
const UNREADABLE: &str = "credential_unreadable";

/// List the vendors that are known
///
/// With their addresses and some of their models, as a help for entering a channel.
#[utoipa::path(
    get, path = "/admin/channel-presets", tag = "channels", operation_id = "list_channel_presets",
    responses((status = 200, description = "The vendors, on one page", body = Page<ChannelPreset>)),
)]
pub(super) async fn list_channel_presets() -> Result<Json<Page<ChannelPreset>>, ApiError> {
    let items = channel_presets().map_err(ApiError::internal)?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Test a channel before it is entered
///
/// A model is asked to say a few words, as in a call, within 15 seconds. Nothing is kept of it. With a secret it needs
/// a fresh proof, which is not used up: the same one is good for entering the channel.
#[utoipa::path(
    post, path = "/admin/channels/test", tag = "channels", operation_id = "test_channel_draft",
    request_body = ChannelTestDraft,
    responses(
        (status = 200, description = "How it went, well or not", body = ChannelTestOutcome),
        (status = 403, description = "A fresh proof is needed", body = ErrorReply),
    ),
)]
pub(super) async fn test_channel_draft(
    State(app): State<App>,
    proof: OfferedProof,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<ChannelTestDraft>,
) -> Result<Json<ChannelTestOutcome>, ApiError> {
    body.check().map_err(super::refuse_probe)?;
    let place =
        Place { base_url: body.base_url.as_deref(), allow_private_network: body.allow_private_network };
    let upstream = drafted_upstream(&app, proof, body.format, place, body.credential.as_ref()).await?;
    let cap = body.output_cap_parameter.map(|parameter| match parameter {
        OutputCapParameter::MaxTokens => CapParameter::MaxTokens,
        OutputCapParameter::MaxCompletionTokens => CapParameter::MaxCompletionTokens,
    });
    let tasks = app.tasks.clone();
    // Who goes away before the upstream has answered has asked it all the same.
    let testing = async move {
        let outcome = ask(&app, upstream.as_ref(), body.model.as_str(), cap).await?;
        let target = host_of(upstream.as_ref());
        let deed = Deed { action: "channel.test_draft", target: Some(("upstream", &target)) };
        // As it was read: the demo channel takes any text for an address, and looks at none.
        let base_url = upstream.as_ref().map(|upstream| upstream.base_url.to_string());
        let after = serde_json::json!({ "base_url": base_url, "model": body.model, "code": outcome.code });
        let entry = AuditEntry { after: state_of(&after), ..deed.by(&actor, &visitor) };
        app.store.append_audit_entry(&entry).await?;
        Ok(Json(outcome))
    };
    tasks.run_to_end("test_channel_draft", testing).await
}

/// Test a channel
///
/// A model is asked to say a few words, with each of the channel's secrets, four at a time, or with one, within 15
/// seconds each. How the worst of it went is kept.
#[utoipa::path(
    post, path = "/admin/channels/{id}/test", tag = "channels", operation_id = "test_channel",
    request_body = ChannelTestRun, params(("id" = String, Path, description = "The channel's id")),
    responses(
        (status = 200, description = "How it went, well or not", body = ChannelTestResults),
        (status = 404, description = "There is no such channel or secret", body = ErrorReply),
    ),
)]
pub(super) async fn test_channel(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<ChannelId>,
    Json(body): Json<ChannelTestRun>,
) -> Result<Json<ChannelTestResults>, ApiError> {
    let channel = app.store.load_channel(id).await?;
    let model = chosen_model(&channel, body.model.as_ref().map(|name| name.as_str()))?.clone();
    let credentials: Vec<Option<store::Credential>> =
        chosen_credentials(&channel, body.credential_id)?.into_iter().map(Option::<&_>::cloned).collect();
    let tasks = app.tasks.clone();
    let testing = async move {
        let cap = cap_parameter(&app, &model.name).await?;
        let asked =
            credentials.into_iter().map(|credential| test_one(&app, &channel, credential, &model, cap));
        let results: Vec<ChannelTestResult> =
            stream::iter(asked).buffered(ASKED_AT_ONCE).try_collect().await?;
        if let Some(worst) = worst_of(&results) {
            let test = kept_test(worst);
            let doer = Doer::Actor(&actor, &visitor);
            let mut entry = doer.does("channel.test", "channel", &id.to_string());
            entry.after = state_of(&serde_json::json!({ "model": test.model, "code": test.code }));
            app.store.save_channel_test(id, &test, &entry).await?;
        }
        let channel = wire_channel(app.store.load_channel(id).await?);
        Ok(Json(ChannelTestResults { results, channel }))
    };
    tasks.run_to_end("test_channel", testing).await
}

/// Where a channel would lead.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) base_url: Option<&'a str>,
    pub(super) allow_private_network: bool,
}

/// The upstream of a channel that is not entered; none: it is the demo channel. Whoever sends a secret along shows who
/// they are, as for entering it.
pub(super) async fn drafted_upstream(
    app: &App,
    proof: OfferedProof,
    format: ChannelFormat,
    place: Place<'_>,
    secret: Option<&UpstreamSecret>,
) -> Result<Option<ProbedUpstream>, ApiError> {
    let format = stored_format(format);
    let base_url = read_base_url(place.base_url, format, place.allow_private_network)?;
    if secret.is_some() {
        proof.show(app).await?;
    }
    if format == store::ChannelFormat::Demo {
        return Ok(None);
    }
    Ok(Some(ProbedUpstream {
        base_url: base_url.parse().map_err(ApiError::internal)?,
        allow_private_network: place.allow_private_network,
        secret: secret.map(|secret| CredentialSecret::new(secret.expose())),
    }))
}

/// Which host was asked, for the audit log.
pub(super) fn host_of(upstream: Option<&ProbedUpstream>) -> String {
    const LENGTH_MAX: usize = 191;
    let host = upstream.and_then(|upstream| upstream.base_url.base().host_str()).unwrap_or("demo");
    host.chars().take(LENGTH_MAX).collect()
}

/// The upstream of a channel with one of its secrets; none: it is the demo channel. The error is a code of tests.
pub(super) fn stored_upstream(
    app: &App,
    channel: &store::Channel,
    credential: Option<&store::Credential>,
) -> Result<Option<ProbedUpstream>, &'static str> {
    if channel.format == store::ChannelFormat::Demo {
        return Ok(None);
    }
    let base_url = channel.base_url.parse().map_err(|_| "address_refused")?;
    let open = |credential: &store::Credential| {
        let opened = app.sealing.open(Purpose::Credential, &credential.id.to_string(), &credential.sealed);
        let opened = opened.map_err(|error| {
            error!(credential = %credential.id, error = error_chain(&error), "a channel's secret does not open");
            UNREADABLE
        })?;
        std::str::from_utf8(&opened).map(CredentialSecret::new).map_err(|_| UNREADABLE)
    };
    Ok(Some(ProbedUpstream {
        base_url,
        allow_private_network: channel.allow_private_network,
        secret: credential.map(open).transpose()?,
    }))
}

/// The active secrets of a channel, or the one that was named; one without any is asked once.
pub(super) fn chosen_credentials(
    channel: &store::Channel,
    named: Option<CredentialId>,
) -> Result<Vec<Option<&store::Credential>>, ApiError> {
    if let Some(named) = named {
        let found = channel.credentials.iter().find(|credential| credential.id == named);
        return Ok(vec![Some(found.ok_or_else(|| ApiError::not_found("credential"))?)]);
    }
    let active: Vec<Option<&store::Credential>> =
        channel.credentials.iter().filter(|credential| credential.active).map(Some).collect();
    Ok(if active.is_empty() { vec![None] } else { active })
}

fn chosen_model<'a>(
    channel: &'a store::Channel,
    named: Option<&str>,
) -> Result<&'a store::ChannelModel, ApiError> {
    let mut models = channel.models.iter();
    let found = match named {
        Some(name) => models.find(|model| model.name == name),
        None => models.next(),
    };
    found.ok_or_else(|| ApiError::field("model", FieldCode::Unknown, "is none that the channel serves"))
}

/// Under which name the model takes the output cap, where the site has the model.
async fn cap_parameter(app: &App, model: &str) -> Result<Option<CapParameter>, ApiError> {
    let Some(id) = app.store.find_models(&[model.to_owned()]).await?.remove(model) else { return Ok(None) };
    Ok(Some(match app.store.load_model(id).await?.output_cap_parameter {
        store::OutputCapParameter::MaxTokens => CapParameter::MaxTokens,
        store::OutputCapParameter::MaxCompletionTokens => CapParameter::MaxCompletionTokens,
    }))
}

async fn test_one(
    app: &App,
    channel: &store::Channel,
    credential: Option<store::Credential>,
    model: &store::ChannelModel,
    cap: Option<CapParameter>,
) -> Result<ChannelTestResult, ApiError> {
    let outcome = match stored_upstream(app, channel, credential.as_ref()) {
        Ok(upstream) => ask(app, upstream.as_ref(), &model.upstream_name, cap).await?,
        Err(code) => failed(code),
    };
    let credential_id = credential.map(|credential| credential.id);
    Ok(ChannelTestResult { credential_id, model: model.name.clone(), outcome })
}

/// A failure if there is one, and of those the slowest.
fn worst_of(results: &[ChannelTestResult]) -> Option<&ChannelTestResult> {
    results.iter().max_by_key(|result| (!result.outcome.ok, result.outcome.latency_ms))
}

async fn ask(
    app: &App,
    upstream: Option<&ProbedUpstream>,
    model: &str,
    cap: Option<CapParameter>,
) -> Result<ChannelTestOutcome, ApiError> {
    let Some(upstream) = upstream else { return Ok(answered_at_once()) };
    let probe = app.prober.ask_chat(upstream, model, cap).await.map_err(ApiError::internal)?;
    Ok(wire_outcome(probe))
}

/// The demo channel asks nobody.
fn answered_at_once() -> ChannelTestOutcome {
    let (code, message) = (None, None);
    ChannelTestOutcome { ok: true, status: None, code, message, first_byte_ms: Some(0), latency_ms: 0 }
}

fn failed(code: &str) -> ChannelTestOutcome {
    ChannelTestOutcome {
        ok: false,
        status: None,
        code: Some(code.to_owned()),
        message: None,
        first_byte_ms: None,
        latency_ms: 0,
    }
}

fn wire_outcome(probe: Probe<()>) -> ChannelTestOutcome {
    let failure = probe.outcome.err();
    ChannelTestOutcome {
        ok: failure.is_none(),
        status: probe.status,
        code: failure.as_ref().map(|failure| failure.kind.name().to_owned()),
        message: failure.and_then(|failure| failure.text),
        first_byte_ms: probe.first_byte.map(super::whole_ms),
        latency_ms: super::whole_ms(probe.duration),
    }
}

fn kept_test(result: &ChannelTestResult) -> store::ChannelTest {
    let outcome = &result.outcome;
    let count = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    store::ChannelTest {
        model: result.model.clone(),
        code: outcome.code.clone(),
        first_byte_ms: outcome.first_byte_ms.map(count),
        latency_ms: count(outcome.latency_ms),
        tested_at_ms: 0,
    }
}
