//! The person behind a management call.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use waystation_api::error::ErrorCode;
use waystation_ids::{Role, SessionId, UserId};
use waystation_store::{AuditActorKind, Session, SessionKind, User};

use crate::auth::access_token::verify_access_token;
use crate::auth::cookie::{SessionCookie, carries_cookie};
use crate::error::ApiError;
use crate::state::App;

/// The active user who is asking, by a session that has not ended. To hold one is the proof.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    signed_in: Arc<SignedIn>,
    kind: AuditActorKind,
}

/// A session and its user, as they were read.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) user: User,
    pub(super) session: Session,
    /// The site wants a second factor of this role, and the person has none.
    pub(super) lacks_second_factor: bool,
}

impl Actor {
    /// The person's id.
    pub(crate) fn id(&self) -> UserId {
        self.signed_in.user.id
    }

    /// The person.
    pub(crate) fn user(&self) -> &User {
        &self.signed_in.user
    }

    /// The session that the person is known by.
    pub(crate) fn session(&self) -> SessionId {
        self.signed_in.session.id
    }

    /// What made that session.
    pub(crate) fn session_kind(&self) -> SessionKind {
        self.signed_in.session.kind
    }

    /// Whether the person has signed in, rather than a command at the server for them.
    pub(crate) fn has_signed_in(&self) -> bool {
        self.session_kind() != SessionKind::Cli
    }

    /// When the person signed in, in unix milliseconds of the database.
    pub(crate) fn signed_in_at_ms(&self) -> i64 {
        self.signed_in.session.created_at_ms
    }

    /// How the person is known.
    pub(crate) fn kind(&self) -> AuditActorKind {
        self.kind
    }

    /// Whether the person can do nothing yet but set up a second factor.
    pub(crate) fn must_set_up_second_factor(&self) -> bool {
        self.signed_in.lacks_second_factor
    }

    /// Refuses whoever can do nothing yet but set up a second factor.
    pub(crate) fn check_second_factor(&self) -> Result<(), ApiError> {
        if self.must_set_up_second_factor() {
            let message = "must_set_up_second_factor: your role needs a second factor. Set one up first.";
            return Err(ApiError::forbidden(message));
        }
        Ok(())
    }

    /// What the person may do.
    pub(crate) fn role(&self) -> Role {
        self.signed_in.user.role
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
            "This needs a session: sign in, or send a valid access token as Authorization: Bearer …",
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
    let identity = identify(&app, request.headers()).await;
    if let Identity::Known(actor) = &identity {
        app.actors.note_use(&app, &actor.signed_in.session).await;
    }
    request.extensions_mut().insert(identity);
    next.run(request).await
}

/// Whoever carries two proofs is nobody: a page could have added its own to a browser's.
async fn identify(app: &App, headers: &HeaderMap) -> Identity {
    match (carries_bearer(headers), carries_cookie(headers)) {
        (true, false) => match bearer_token(headers) {
            Some(token) => find_by_token(app, token).await,
            None => Identity::Unknown,
        },
        (false, true) => match SessionCookie::read(headers) {
            Some(cookie) => find_by_cookie(app, &cookie).await,
            None => Identity::Unknown,
        },
        (true, true) | (false, false) => Identity::Unknown,
    }
}

async fn find_by_token(app: &App, token: &str) -> Identity {
    let Some(claims) = verify_access_token(token, &app.secrets.access_tokens) else {
        return Identity::Unknown;
    };
    let is_own = |signed_in: &SignedIn| signed_in.user.id == claims.sub;
    find_identity(app, claims.sid, AuditActorKind::Token, is_own).await
}

async fn find_by_cookie(app: &App, cookie: &SessionCookie) -> Identity {
    let is_own = |signed_in: &SignedIn| {
        let hash = signed_in.session.secret_hash;
        signed_in.session.kind == SessionKind::Browser
            && hash.is_some_and(|hash| cookie.secret.has_hash(&hash))
    };
    find_identity(app, cookie.session, AuditActorKind::Cookie, is_own).await
}

async fn find_identity(
    app: &App,
    session: SessionId,
    kind: AuditActorKind,
    is_own: impl Fn(&SignedIn) -> bool,
) -> Identity {
    match app.actors.find_session(app, session).await {
        Ok(Some(signed_in)) if is_own(&signed_in) => Identity::Known(Actor { signed_in, kind }),
        Ok(_) => Identity::Unknown,
        Err(_) => Identity::Unread,
    }
}

/// Whether a request carries an access token, or what should be one.
pub(crate) fn carries_bearer(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
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
