//! Sending people to a provider.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::oauth::{OauthPurpose, OauthStart, OauthStarted};
use waystation_api::sign_in::Reception;

use crate::auth::Actor;
use crate::drawn_secret::DrawnSecret;
use crate::error::{ApiError, error_chain};
use crate::http::body::{Json, PathParts};
use crate::http::local_path::local_path;
use crate::http::public_origin::link_base;
use crate::http::visitor::Visitor;
use crate::sign_in::backoff::Bucket;
use crate::sign_in::oauth::provider::{Provider, Way};
use crate::sign_in::oauth::step::{Step, begin_way, browser_cookie};
use crate::sign_in::proof::OfferedProof;
use crate::state::App;

const INVITE_LENGTH_MAX: usize = 128;
/// What ways by providers are counted as; one that ends as it should is not.
pub(super) const WAYS: Bucket<'static> = Bucket::Calls("oauth");

/// Begin to sign in by an identity provider, or to link an account with it
///
/// The browser that gets the answer's cookie opens the address of the answer within ten minutes, and is led back to
/// `return_path`, or to `/sign-in` with `#challenge=…` for a second factor or `#error=…`.
#[utoipa::path(
    post, path = "/auth/oauth/{provider}/start", tag = "sign-in", operation_id = "start_oauth",
    request_body = OauthStart,
    params(("provider" = String, Path, description = "The provider's name")),
    responses(
        (status = 200, description = "Where to go; the cookie binds the way to this browser", body = OauthStarted),
        (status = 401, description = "To link, one has to be signed in", body = ErrorReply),
        (status = 403, description = "To link, a fresh proof is needed", body = ErrorReply),
        (status = 404, description = "There is no such provider", body = ErrorReply),
        (status = 409, description = "The provider verifies no addresses for others, so nothing can be linked", body = ErrorReply),
        (status = 429, description = "The client has begun too often and not come back", body = ErrorReply),
        (status = 503, description = "The provider does not answer", body = ErrorReply),
    ),
)]
pub(super) async fn start_oauth(
    State(app): State<App>,
    actor: Option<Actor>,
    visitor: Visitor,
    PathParts(name): PathParts<String>,
    headers: HeaderMap,
    Json(body): Json<OauthStart>,
) -> Result<Response, ApiError> {
    let provider = app.oauth.find(&name).ok_or_else(|| ApiError::not_found("provider"))?;
    // Each way is kept until it ends or is too old.
    app.backoff.admit(WAYS, &visitor).await?;
    let owner = match (body.purpose, actor) {
        (OauthPurpose::SignIn, _) => None,
        (OauthPurpose::Link, Some(actor)) => {
            // The route lets anyone in; to link is not to set up a second factor.
            actor.check_second_factor()?;
            if !provider.vouches_for_addresses() {
                let message = format!(
                    "{} does not say whether an address is verified, so an account there cannot be linked.",
                    provider.title()
                );
                return Err(ApiError::new(ErrorCode::Conflict, message));
            }
            OfferedProof::of(actor.clone(), &headers).redeem_or_set_up(&app).await?;
            Some(actor)
        }
        (OauthPurpose::Link, None) => {
            return Err(ApiError::new(ErrorCode::InvalidToken, "To link an account, sign in first."));
        }
    };
    if body.reception != Reception::Cookie {
        return Err(ApiError::field(
            "reception",
            FieldCode::Invalid,
            "only a browser comes back from a provider; pair programs",
        ));
    }
    if body.invite.as_ref().is_some_and(|invite| invite.len() > INVITE_LENGTH_MAX) {
        return Err(ApiError::field(
            "invite",
            FieldCode::TooLong,
            format!("has at most {INVITE_LENGTH_MAX} characters"),
        ));
    }
    let step = Step {
        provider: name,
        purpose: body.purpose,
        verifier: DrawnSecret::draw()?,
        nonce: DrawnSecret::draw()?,
        redirect_url: redirect_url(&app, provider)?,
        return_path: read_return_path(body.return_path)?,
        invite: body.invite,
    };
    let (state, browser) = begin_way(&app, &step, owner.as_ref()).await?;
    let url = provider.authorize_url(&step.way(), state.reveal()).await.map_err(|failure| {
        let reason = format!("{}: {}", step.provider, error_chain(&failure));
        ApiError::new(ErrorCode::Unavailable, "The identity provider does not answer. Try again soon.")
            .because(reason)
    })?;
    let cookies = [(header::SET_COOKIE, browser_cookie(&browser)?)];
    Ok((cookies, Json(OauthStarted { authorize_url: url.into() })).into_response())
}

/// Where a provider sends browsers back to: never made of what a request says.
fn redirect_url(app: &App, provider: &Provider) -> Result<String, ApiError> {
    Ok(format!("{}/api/auth/oauth/{}/callback", link_base(app)?, provider.settings().name))
}

fn read_return_path(text: Option<String>) -> Result<String, ApiError> {
    let text = text.unwrap_or_else(|| "/".to_owned());
    local_path(&text).map(|path| path.as_str().to_owned()).ok_or_else(|| {
        ApiError::field("return_path", FieldCode::Invalid, "must be a path of this site such as /app/keys")
    })
}

impl Step {
    /// What a provider is told, and asked by.
    pub(super) fn way(&self) -> Way<'_> {
        Way { redirect_url: &self.redirect_url, verifier: self.verifier.reveal(), nonce: self.nonce.reveal() }
    }
}
