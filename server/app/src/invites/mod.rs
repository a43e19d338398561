//! Invitations to register.

use axum::extract::State;
use axum::http::StatusCode;
use utoipa_axum::routes;
use waystation_api::error::{ErrorCode, ErrorReply, FieldCode};
use waystation_api::invites::{Invite, InviteCreate, InviteCreated, InviteStatus};
use waystation_api::pagination::{Page, PageQuery, page_limit};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_ids::{Email, InviteId};
use waystation_store::{self as store, NewInvite};

use crate::audit_trail::{Doer, state_of};
use crate::auth::{Access, Actor, GuardedRoutes};
use crate::clock::now_ms;
use crate::drawn_secret::DrawnSecret;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::public_origin::link_base;
use crate::http::visitor::Visitor;
use crate::mail::{Mail, MailKind};
use crate::random::random_bytes;
use crate::state::App;

const DAYS_DEFAULT: u16 = 7;
const DAYS_MAX: u16 = 90;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// However often somebody is invited, so many mails an hour go to one address.
const MAILS_PER_HOUR: u64 = 3;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Holding(Permission::UsersWrite), routes!(create_invite))
        .route(Access::Holding(Permission::UsersRead), routes!(list_invites))
        .route(Access::Holding(Permission::UsersWrite), routes!(revoke_invite))
}

/// Invite somebody
///
/// The link is in the answer, and cannot be had again. One for an address is mailed to it too, where the site sends
/// mails.
#[utoipa::path(
    post, path = "/admin/invites", tag = "users", operation_id = "create_invite", request_body = InviteCreate,
    responses(
        (status = 201, description = "The invitation with its link", body = InviteCreated),
        (status = 409, description = "The site takes nobody new, or has no address for links", body = ErrorReply),
    ),
)]
async fn create_invite(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    Json(body): Json<InviteCreate>,
) -> Result<(StatusCode, Json<InviteCreated>), ApiError> {
    let days = body.expires_in_days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(ApiError::field("expires_in_days", FieldCode::OutOfRange, "must be between 1 and 90"));
    }
    if app.site.is_closed().await? {
        let message = "This site takes nobody new: set auth.registration to invite or open.";
        return Err(ApiError::new(ErrorCode::Conflict, message));
    }
    let token = DrawnSecret::draw()?;
    let link = format!("{}/register#invite={}", link_base(&app)?, token.reveal());
    let mailed_to = body.email.clone().filter(|_| app.mail.enabled());
    let mailed_to = match mailed_to {
        Some(email) if is_mailed_too_often(&app, &email).await? => None,
        mailed_to => mailed_to,
    };
    let id = InviteId::new(now_ms(), random_bytes()?);
    let new = NewInvite {
        id,
        hash: token.hash(),
        email: body.email.clone(),
        created_by: actor.id(),
        lasts_ms: i64::from(days) * DAY_MS,
    };
    let audit =
        Doer::Actor(&actor, &visitor).does("invite.create", "invite", &id.to_string()).showing(shown_invite);
    let invite = app.store.create_invite(&new, &audit).await?;
    let is_mailed = mailed_to.is_some();
    if let Some(to) = mailed_to {
        let locale = body.locale.unwrap_or_else(|| app.mail_locale(None));
        app.mail.send(Mail { to, locale, kind: MailKind::Invitation { link: link.clone(), days } });
    }
    let created = InviteCreated { invite: wire_invite(invite), link, is_mailed };
    Ok((StatusCode::CREATED, Json(created)))
}

/// List invitations, the newest first
#[utoipa::path(
    get, path = "/admin/invites", tag = "users", operation_id = "list_invites", params(PageQuery),
    responses((status = 200, description = "A page of invitations", body = Page<Invite>)),
)]
async fn list_invites(
    State(app): State<App>,
    Params(query): Params<PageQuery>,
) -> Result<Json<Page<Invite>>, ApiError> {
    let limit = page_limit(query.limit);
    let after = query.cursor.as_deref().map(str::parse).transpose();
    let after =
        after.map_err(|_| ApiError::field("cursor", FieldCode::Invalid, "is not one of this list"))?;
    let invites = app.store.list_invites(after, limit + 1).await?;
    let invites = invites.into_iter().map(wire_invite).collect();
    Ok(Json(Page::from_found(invites, limit, |invite: &Invite| invite.id.to_string())))
}

/// Take an invitation back
///
/// One that is used already stays as it is.
#[utoipa::path(
    delete, path = "/admin/invites/{id}", tag = "users", operation_id = "revoke_invite",
    params(("id" = String, Path, description = "The invitation's id")),
    responses(
        (status = 200, description = "The invitation as it is now", body = Invite),
        (status = 404, description = "There is no such invitation", body = ErrorReply),
    ),
)]
async fn revoke_invite(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    PathParts(id): PathParts<InviteId>,
) -> Result<Json<Invite>, ApiError> {
    let audit =
        Doer::Actor(&actor, &visitor).does("invite.revoke", "invite", &id.to_string()).showing(shown_invite);
    Ok(Json(wire_invite(app.store.revoke_invite(id, &audit).await?)))
}

async fn is_mailed_too_often(app: &App, email: &Email) -> Result<bool, ApiError> {
    Ok(app.store.count_invites_to(email, HOUR_MS).await? >= MAILS_PER_HOUR)
}

/// An invitation as the audit log shows it.
fn shown_invite(invite: &store::Invite) -> Option<String> {
    state_of(&wire_invite(invite.clone()))
}

fn wire_invite(invite: store::Invite) -> Invite {
    let status = match &invite {
        invite if invite.used_at_ms.is_some() => InviteStatus::Used,
        invite if invite.revoked_at_ms.is_some() => InviteStatus::Revoked,
        invite if invite.expires_at_ms <= now_ms() => InviteStatus::Expired,
        _ => InviteStatus::Open,
    };
    Invite {
        id: invite.id,
        email: invite.email,
        status,
        created_by: invite.created_by,
        created_at: Time::from_unix_ms(invite.created_at_ms),
        expires_at: Time::from_unix_ms(invite.expires_at_ms),
        used_by: invite.used_by,
        used_at: invite.used_at_ms.map(Time::from_unix_ms),
        revoked_at: invite.revoked_at_ms.map(Time::from_unix_ms),
    }
}
