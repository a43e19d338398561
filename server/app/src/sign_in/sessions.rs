//! Seeing and ending sessions: one's own, and those of others.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use waystation_api::error::ErrorReply;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::session::{Session, SessionKind, SessionsRevoked};
use waystation_api::time::Time;
use waystation_ids::{SessionId, UserId};
use waystation_store::{self as store, AuditEntry, ChangeKind};

use crate::audit_trail::Deed;
use crate::auth::{Actor, clear_cookie};
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::cursor::read_cursor;
use crate::http::visitor::Visitor;
use crate::state::App;

/// Sign out
///
/// Ends the session that asks.
#[utoipa::path(
    post, path = "/auth/logout", tag = "sign-in", operation_id = "sign_out",
    responses((status = 204, description = "The session has ended")),
)]
pub(super) async fn sign_out(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
) -> Result<Response, ApiError> {
    let session = actor.session();
    let id = session.to_string();
    let entry = Deed { action: "sign_out", target: Some(("session", &id)) }.by(&actor, &visitor);
    end_session(&app, actor.id(), session, &entry).await?;
    let cleared: [(header::HeaderName, HeaderValue); 1] = [(header::SET_COOKIE, clear_cookie()?)];
    Ok((StatusCode::NO_CONTENT, cleared).into_response())
}

/// List the caller's sessions, the newest first
#[utoipa::path(
    get, path = "/me/sessions", tag = "me", operation_id = "list_my_sessions", params(PageQuery),
    responses((status = 200, description = "A page of sessions that have not ended", body = Page<Session>)),
)]
pub(super) async fn list_my_sessions(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Session>>, ApiError> {
    Ok(Json(list_page(&app, actor.id(), actor.session(), &query).await?))
}

/// End one of the caller's sessions
#[utoipa::path(
    delete, path = "/me/sessions/{session}", tag = "me", operation_id = "revoke_my_session",
    params(("session" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 404, description = "The caller has no such session", body = ErrorReply),
    ),
)]
pub(super) async fn revoke_my_session(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(session): PathParts<SessionId>,
) -> Result<StatusCode, ApiError> {
    let id = session.to_string();
    let entry = Deed { action: "session.revoke", target: Some(("session", &id)) }.by(&actor, &visitor);
    end_session(&app, actor.id(), session, &entry).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of the caller's other sessions
#[utoipa::path(
    post, path = "/me/sessions/revoke-others", tag = "me", operation_id = "revoke_my_other_sessions",
    responses((status = 200, description = "How many there were", body = SessionsRevoked)),
)]
pub(super) async fn revoke_my_other_sessions(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
) -> Result<Json<SessionsRevoked>, ApiError> {
    let user = actor.id().to_string();
    let entry = Deed { action: "session.revoke_others", target: Some(("user", &user)) }.by(&actor, &visitor);
    let revoked = end_sessions(&app, actor.id(), Some(actor.session()), &entry).await?;
    Ok(Json(SessionsRevoked { revoked }))
}

/// List a person's sessions, the newest first
#[utoipa::path(
    get, path = "/admin/users/{id}/sessions", tag = "users", operation_id = "list_user_sessions",
    params(("id" = String, Path, description = "The user's id"), PageQuery),
    responses(
        (status = 200, description = "A page of sessions that have not ended", body = Page<Session>),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn list_user_sessions(
    State(app): State<App>,
    actor: Actor,
    PathParts(id): PathParts<UserId>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Session>>, ApiError> {
    let user = app.store.load_user(id).await?;
    Ok(Json(list_page(&app, user.id, actor.session(), &query).await?))
}

/// End one of a person's sessions
#[utoipa::path(
    delete, path = "/admin/users/{id}/sessions/{session}", tag = "users", operation_id = "revoke_user_session",
    params(
        ("id" = String, Path, description = "The user's id"),
        ("session" = String, Path, description = "The session's id"),
    ),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 403, description = "The person's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user or session", body = ErrorReply),
    ),
)]
pub(super) async fn revoke_user_session(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts((id, session)): PathParts<(UserId, SessionId)>,
) -> Result<StatusCode, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    let target = session.to_string();
    let entry = Deed { action: "session.revoke", target: Some(("session", &target)) }.by(&actor, &visitor);
    end_session(&app, user.id, session, &entry).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of a person's sessions
#[utoipa::path(
    delete, path = "/admin/users/{id}/sessions", tag = "users", operation_id = "revoke_user_sessions",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "How many there were", body = SessionsRevoked),
        (status = 403, description = "The person's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn revoke_user_sessions(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<UserId>,
) -> Result<Json<SessionsRevoked>, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    let target = user.id.to_string();
    let entry = Deed { action: "session.revoke_all", target: Some(("user", &target)) }.by(&actor, &visitor);
    let revoked = end_sessions(&app, user.id, None, &entry).await?;
    Ok(Json(SessionsRevoked { revoked }))
}

async fn list_page(
    app: &App,
    user: UserId,
    current: SessionId,
    query: &PageQuery,
) -> Result<Page<Session>, ApiError> {
    let after = read_cursor(query.cursor.as_deref())?;
    let sessions = app.store.list_sessions(user, after, query.limit() + 1).await?;
    let sessions = sessions.into_iter().map(|session| wire_session(session, current)).collect();
    Ok(Page::from_found(sessions, query.limit(), |session: &Session| session.id.to_string()))
}

async fn end_session(
    app: &App,
    user: UserId,
    session: SessionId,
    entry: &AuditEntry,
) -> Result<(), ApiError> {
    app.store.revoke_session(user, session, entry).await?;
    app.changes.announce(ChangeKind::Session, session).await;
    Ok(())
}

async fn end_sessions(
    app: &App,
    user: UserId,
    kept: Option<SessionId>,
    entry: &AuditEntry,
) -> Result<u64, ApiError> {
    let ended = app.store.revoke_sessions(user, kept, entry).await?;
    app.changes.announce(ChangeKind::User, user).await;
    Ok(ended)
}

fn wire_session(session: store::Session, current: SessionId) -> Session {
    Session {
        id: session.id,
        kind: match session.kind {
            store::SessionKind::Cli => SessionKind::Cli,
            store::SessionKind::Browser => SessionKind::Browser,
            store::SessionKind::Device => SessionKind::Device,
        },
        name: session.name,
        client_ip: session.client_ip,
        user_agent: session.user_agent,
        proved_by: session.proved_by,
        created_at: Time::from_unix_ms(session.created_at_ms),
        last_used_at: session.last_used_at_ms.map(Time::from_unix_ms),
        expires_at: Time::from_unix_ms(session.expires_at_ms),
        is_current: session.id == current,
    }
}
