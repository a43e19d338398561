//! The person behind a management call.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use waystation_api::error::ErrorCode;
use waystation_ids::{Role, SessionId, UserId};
use waystation_store::{AuditActorKind, User};

use crate::auth::access_token::verify_access_token;
use crate::error::ApiError;
use crate::state::App;

/// The active user who is asking, by a session that has not ended. To hold one is the proof.
#[derive(Clone, Debug)]
pub(crate) struct Actor(Arc<SignedIn>);

/// A session and its user, as they were read.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) session: SessionId,
    pub(super) user: User,
    pub(super) expires_at_ms: i64,
}

impl Actor {
    pub(super) fn new(signed_in: Arc<SignedIn>) -> Self {
        Actor(signed_in)
    }

    /// The person's id.
    pub(crate) fn id(&self) -> UserId {
        self.0.user.id
    }

    /// The session by which the person is known.
    pub(crate) fn session(&self) -> SessionId {
        self.0.session
    }

    /// The person.
    pub(crate) fn user(&self) -> &User {
        &self.0.user
    }

    /// How the person is known.
    pub(crate) fn kind(&self) -> AuditActorKind {
        AuditActorKind::Token
    }

    /// What the person may do.
    pub(crate) fn role(&self) -> Role {
        self.0.user.role
    }

    /// Nobody acts on an equal or higher role; only an owner acts on himself, as nobody else could.
    pub(crate) fn check_may_act_on(&self, user: &User) -> Result<(), ApiError> {
        let is_owner_himself = self.id() == user.id && self.role() == Role::Owner;
        if is_owner_himself || self.role().may_act_on(user.role) {
            Ok(())
        } else {
            Err(ApiError::forbidden("You may only do this to people whose role is below yours."))
        }
    }

    /// Nobody gives a role that is not below their own, but owners give every role.
    pub(crate) fn check_may_give(&self, role: Role) -> Result<(), ApiError> {
        if self.role().may_give(role) {
            Ok(())
        } else {
            Err(ApiError::forbidden("You may only give roles below yours."))
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        actor_of(&parts.extensions)
    }
}

/// For routes that anyone may ask, and that do more for who is signed in.
impl<S: Sync> OptionalFromRequestParts<S> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ApiError> {
        match actor_of(&parts.extensions) {
            Ok(actor) => Ok(Some(actor)),
            Err(error) if error.code() == ErrorCode::InvalidToken => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The actor that [`identify_actor`] found.
pub(super) fn actor_of(extensions: &axum::http::Extensions) -> Result<Actor, ApiError> {
    match extensions.get::<Identity>() {
        Some(Identity::Known(actor)) => Ok(actor.clone()),
        Some(Identity::Unknown) => Err(ApiError::new(
            ErrorCode::InvalidToken,
            "This needs a valid access token: Authorization: Bearer …",
        )),
        Some(Identity::Unread) => Err(ApiError::unavailable("a session could not be read")),
        None => Err(ApiError::internal("a management route lies outside of the layer that finds its actor")),
    }
}

/// What is known of who is asking.
#[derive(Clone)]
enum Identity {
    Known(Actor),
    Unknown,
    Unread,
}

/// Finds out who is asking, once, for everything behind. It refuses nothing: routes say what they need.
pub(crate) async fn identify_actor(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let identity = match bearer_token(request.headers()).or_else(|| cookie_token(request.headers())) {
        Some(token) => find_identity(&app, token).await,
        None => Identity::Unknown,
    };
    request.extensions_mut().insert(identity);
    next.run(request).await
}

fn cookie_token(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix("__Host-waystation="))
}

async fn find_identity(app: &App, token: &str) -> Identity {
    let Some(claims) = verify_access_token(token, &app.secrets.access_tokens) else {
        return Identity::Unknown;
    };
    match app.actors.find_actor(&app.store, claims.sid).await {
        Ok(Some(actor)) if actor.id() == claims.sub => Identity::Known(actor),
        Ok(_) => Identity::Unknown,
        Err(_) => Identity::Unread,
    }
}

/// The one token of the request (RFC 6750, section 2.1). Two headers are none: which of them another program in
/// front has checked is not known.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?, values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_header_with_a_bearer_token_counts() {
        let token = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::AUTHORIZATION, value.parse().unwrap());
            }
            bearer_token(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["Bearer a.b.c"]).as_deref(), Some("a.b.c"));
        assert_eq!(token(&["bearer a.b.c"]).as_deref(), Some("a.b.c"));
        for values in [&[][..], &["a.b.c"], &["Basic a.b.c"], &["Bearer a", "Bearer a"]] {
            assert_eq!(token(values), None, "{values:?}");
        }
    }
}
