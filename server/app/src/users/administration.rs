//! The administration's routes.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorReply, FieldCode};
use waystation_api::pagination::{Page, page_limit};
use waystation_api::users::{User, UserCreate, UserCreated, UserQuery, UserUpdate};
use waystation_ids::{Role, UserId};
use waystation_store::{self as store, ChangeKind, UserFilter};

use crate::audit_trail::Doer;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Json, Params, PathParts};
use crate::http::search::read_search;
use crate::http::visitor::Visitor;
use crate::passwords::check_password_field;
use crate::sign_in::{OfferedProof, mail_address_changed};
use crate::state::App;
use crate::users::password_link::{draw_link, hand_over_link};
use crate::users::{Entry, enter_user, show, shown_user, wire_user};

const CHANNEL_GROUP_LENGTH_MAX: usize = 64;
/// No address is longer, and the search reads every person for each letter of it.
/// After this a page ends where the search has come to.
const SEARCH_TIME: Duration = Duration::from_secs(1);

/// Enter a person
///
/// The person signs in with the password, if one is given, or by a link to set one; keys and credit can be given at
/// once.
#[utoipa::path(
    post, path = "/admin/users", tag = "users", operation_id = "create_user", request_body = UserCreate,
    responses(
        (status = 201, description = "The person", body = UserCreated),
        (status = 403, description = "The role is not below the caller's", body = ErrorReply),
        (status = 409, description = "The address or username is taken", body = ErrorReply),
    ),
)]
pub(super) async fn create_user(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
    Json(body): Json<UserCreate>,
) -> Result<(StatusCode, Json<UserCreated>), ApiError> {
    actor.check_may_give(body.role)?;
    if body.role != Role::User {
        proof.redeem(&app).await?;
    }
    let drawn = if body.invite { Some(draw_link(&app)?) } else { None };
    let password_hash = match &body.password {
        Some(password) => {
            check_password_field("password", password, Some(&body.email))?;
            Some(app.passwords.hash(password).await?)
        }
        None => None,
    };
    let entry = Entry {
        email: body.email,
        username: body.username,
        display_name: body.display_name.map(String::from),
        role: body.role,
        password_hash,
    };
    let doer = Doer::Actor(&actor, &visitor);
    let user = enter_user(&app, doer, entry).await?;
    let mut password_link = None;
    if let Some(drawn) = drawn {
        let audit = doer.does("user.invite", "user", &user.id.to_string());
        app.store.create_password_link(user.id, user.role, &drawn.stored, &audit).await?;
        password_link = hand_over_link(&app, &user, drawn);
    }
    let user = show(&app, user).await?;
    Ok((StatusCode::CREATED, Json(UserCreated { user, password_link })))
}

/// List people, the newest first
#[utoipa::path(
    get, path = "/admin/users", tag = "users", operation_id = "list_users", params(UserQuery),
    responses((status = 200, description = "A page of people", body = Page<User>)),
)]
pub(super) async fn list_users(
    State(app): State<App>,
    Params(query): Params<UserQuery>,
) -> Result<Json<Page<User>>, ApiError> {
    let limit = page_limit(query.limit);
    let after = read_cursor(query.cursor.as_deref())?;
    let filter = UserFilter {
        text: read_search(query.q.as_deref())?.map(str::to_owned),
        role: query.role,
        status: query.status,
    };
    let found = app.store.search_users(&filter, after, limit + 1, SEARCH_TIME).await?;
    let ids: Vec<UserId> = found.users.iter().map(|user| user.id).collect();
    let balances = app.store.list_money_balances(&ids, now_ms()).await?;
    let users = found.users.into_iter().map(|user| wire_user(user, &balances)).collect();
    let mut page = Page::from_found(users, limit, |user: &User| user.id.to_string());
    page.next_cursor = page.next_cursor.or(found.searched_to.map(|id| id.to_string()));
    Ok(Json(page))
}

/// Show a person
#[utoipa::path(
    get, path = "/admin/users/{id}", tag = "users", operation_id = "show_user",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The person", body = User),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn show_user(
    State(app): State<App>,
    PathParts(id): PathParts<UserId>,
) -> Result<Json<User>, ApiError> {
    let user = app.store.load_user(id).await?;
    Ok(Json(show(&app, user).await?))
}

/// Change a person
///
/// Nobody changes a person whose role is not below their own. Disabling a person ends all sessions for good, and
/// all keys until the person is active again. Another role or address ends all sessions, too; these and another
/// username need a fresh proof.
#[utoipa::path(
    patch, path = "/admin/users/{id}", tag = "users", operation_id = "update_user", request_body = UserUpdate,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The person as it is now", body = User),
        (status = 403, description = "The person's role, or the role to give, is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
        (status = 409, description = "The address or username is taken, or the site would be left without an active owner", body = ErrorReply),
    ),
)]
pub(super) async fn update_user(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    proof: OfferedProof,
    PathParts(id): PathParts<UserId>,
    Json(body): Json<UserUpdate>,
) -> Result<Json<User>, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    if let Some(role) = body.role {
        actor.check_may_give(role)?;
    }
    // What somebody signs in with is worth as much as what somebody may do.
    if body.role.is_some() || body.email.is_some() || body.username.is_some() {
        proof.redeem(&app).await?;
    }
    let audit =
        Doer::Actor(&actor, &visitor).does("user.update", "user", &id.to_string()).showing(shown_user);
    let changed = app.store.update_user(id, user.role, &read_update(body)?, &audit).await?;
    app.changes.announce(ChangeKind::User, id).await;
    if changed.email != user.email {
        mail_address_changed(&app, &user);
    }
    Ok(Json(show(&app, changed).await?))
}

fn read_update(body: UserUpdate) -> Result<store::UserUpdate, ApiError> {
    let is_group = |name: &str| {
        (1..=CHANNEL_GROUP_LENGTH_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    if body.channel_group.as_ref().is_some_and(|group| group.as_deref().is_some_and(|name| !is_group(name))) {
        return Err(ApiError::field(
            "channel_group",
            FieldCode::Invalid,
            "must be 1 to 64 visible characters, or null",
        ));
    }
    Ok(store::UserUpdate {
        email: body.email,
        username: body.username,
        display_name: body.display_name.map(String::from),
        status: body.status,
        role: body.role,
        channel_group: body.channel_group,
    })
}

fn read_cursor(cursor: Option<&str>) -> Result<Option<UserId>, ApiError> {
    cursor
        .map(str::parse)
        .transpose()
        .map_err(|_| ApiError::field("cursor", FieldCode::Invalid, "is not one of this list"))
}
