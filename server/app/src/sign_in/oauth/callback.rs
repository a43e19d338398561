//! People who come back from a provider.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use tokio::time::timeout;
use tracing::{info, warn};
use url::form_urlencoded;
use waystation_api::error::ErrorReply;
use waystation_api::sign_in::SignInReply;

use crate::audit_trail::{Deed, state_of};
use crate::auth::Actor;
use crate::error::{ApiError, error_chain};
use crate::http::body::{Params, PathParts};
use crate::http::visitor::Visitor;
use crate::sign_in::oauth::arrival::{Arrival, arrive};
use crate::sign_in::oauth::failure::OauthFailure;
use crate::sign_in::oauth::outbound::AskError;
use crate::sign_in::oauth::provider::Provider;
use crate::sign_in::oauth::start::WAYS;
use crate::sign_in::oauth::step::{TakenStep, no_browser_cookie, take_step};
use crate::state::App;

/// A provider is asked several times; all of that takes no longer.
const ASKING_TIME: Duration = Duration::from_secs(25);
const REPLY_BYTES_MAX: usize = 256 * 1024;
const CODE_LENGTH_MAX: usize = 4_096;
const SIGN_IN_PAGE: &str = "/sign-in";

/// What a provider says by the browser. It may add whatever it likes.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

/// Come back from an identity provider
///
/// For browsers that the provider sends here. Bound by its state to one browser, one provider and one use.
#[utoipa::path(
    get, path = "/auth/oauth/{provider}/callback", tag = "sign-in", operation_id = "finish_oauth",
    params(
        ("provider" = String, Path, description = "The provider's name"),
        ("code" = Option<String>, Query, description = "What the provider exchanges"),
        ("state" = Option<String>, Query, description = "Which way comes to its end"),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207)"),
        ("error" = Option<String>, Query, description = "Why the provider refuses"),
    ),
    responses(
        (status = 303, description = "To the return path with the session's cookie, or to /sign-in"),
        (status = 404, description = "There is no such provider", body = ErrorReply),
    ),
)]
pub(super) async fn finish_oauth(
    State(app): State<App>,
    actor: Option<Actor>,
    visitor: Visitor,
    PathParts(name): PathParts<String>,
    Params(answer): Params<Answer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let provider = app.oauth.find(&name).ok_or_else(|| ApiError::not_found("provider"))?;
    let taken = take_step(&app, &name, answer.state.as_deref().unwrap_or_default(), &headers).await;
    let ended = match taken {
        Ok(taken) => {
            let ended = finish(&app, &visitor, provider, &taken, actor.as_ref(), answer).await;
            if let Err(failure) = &ended {
                note_failure(&app, &visitor, &taken, failure).await;
            }
            ended
        }
        // No way that was begun here comes to its end: nothing to be written down for good.
        Err(failure) => Err(failure),
    };
    let mut response = ended.unwrap_or_else(|failure| {
        info!(provider = name, code = failure.code(), "nobody was signed in by a provider");
        see_other(&format!("{SIGN_IN_PAGE}#error={}", failure.code()))
    });
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, no_browser_cookie());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The address that is left here holds the code.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

async fn finish(
    app: &App,
    visitor: &Visitor,
    provider: &Provider,
    taken: &TakenStep,
    actor: Option<&Actor>,
    answer: Answer,
) -> Result<Response, OauthFailure> {
    let asking = async {
        provider.check_issuer(answer.iss.as_deref()).await?;
        match (answer.error.as_deref(), answer.code) {
            (Some("access_denied"), _) => Err(OauthFailure::AccessDenied),
            (Some(_), _) => Err(OauthFailure::ProviderRefused("by the browser".to_owned())),
            (None, Some(code)) if !code.is_empty() && code.len() <= CODE_LENGTH_MAX => {
                provider.read_profile(&taken.step.way(), code).await
            }
            (None, _) => Err(OauthFailure::InvalidAnswer("there is no code")),
        }
    };
    let profile = timeout(ASKING_TIME, asking).await.unwrap_or(Err(AskError::TimedOut.into()))?;
    let arrival = arrive(app, visitor, provider, taken, actor, profile).await?;
    app.backoff.note_success(WAYS, visitor).await;
    match arrival {
        Arrival::Linked => Ok(see_other(&taken.step.return_path)),
        Arrival::SignedIn(reply) => lead_on(reply, &taken.step.return_path).await,
    }
}

/// Makes the answer to a sign-in one for a browser that follows links: the cookies stay, and the second factor is
/// asked for by the page.
async fn lead_on(reply: Response, return_path: &str) -> Result<Response, OauthFailure> {
    let (parts, body) = reply.into_parts();
    let body = to_bytes(body, REPLY_BYTES_MAX).await.map_err(ApiError::internal)?;
    let reply: SignInReply = serde_json::from_slice(&body).map_err(ApiError::internal)?;
    let mut response = match reply {
        SignInReply::SignedIn(_) => see_other(return_path),
        SignInReply::SecondFactorRequired(challenge) => {
            let methods = serde_json::to_value(&challenge.methods).unwrap_or_default();
            let methods: Vec<&str> =
                methods.as_array().into_iter().flatten().filter_map(|method| method.as_str()).collect();
            let fragment = form_urlencoded::Serializer::new(String::new())
                .append_pair("challenge", &challenge.challenge)
                .append_pair("methods", &methods.join(","))
                .append_pair("return", return_path)
                .finish();
            see_other(&format!("{SIGN_IN_PAGE}#{fragment}"))
        }
    };
    for cookie in parts.headers.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, location)], Body::empty()).into_response()
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

/// Tells the operator why, and the audit log that.
async fn note_failure(app: &App, visitor: &Visitor, taken: &TakenStep, failure: &OauthFailure) {
    let provider = taken.step.provider.as_str();
    warn!(provider, error = error_chain(failure), "an answer of an identity provider led to no sign-in");
    let deed = Deed { action: "sign_in.failed", target: Some(("identity_provider", provider)) };
    let mut entry = deed.by_stranger(taken.owner.map(|(user, _)| user), visitor);
    entry.after = state_of(&json!({ "proved_by": "oauth", "error": failure.code() }));
    if let Err(error) = app.store.append_audit_entry(&entry).await {
        warn!(error = error_chain(&error), "the audit log did not take a failed sign-in");
    }
}

#[cfg(test)]
mod tests {
    use waystation_api::sign_in::{SecondFactor, SecondFactorChallenge};

    use super::*;
    use crate::http::body::Json;

    #[tokio::test]
    async fn a_second_factor_is_asked_for_by_the_sign_in_page() {
        let challenge = SecondFactorChallenge {
            challenge: "c-1".to_owned(),
            methods: vec![SecondFactor::Totp, SecondFactor::RecoveryCode],
            passkey: None,
        };
        let reply = Json(SignInReply::SecondFactorRequired(challenge)).into_response();
        let response = lead_on(reply, "/app?a=b&c").await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location = response.headers()[header::LOCATION].to_str().unwrap();
        assert_eq!(location, "/sign-in#challenge=c-1&methods=totp%2Crecovery_code&return=%2Fapp%3Fa%3Db%26c");
        assert!(response.headers().get(header::SET_COOKIE).is_none());
    }
}
