//! People: the administration's view of them, and each one's view of themselves.

mod administration;
mod own;
mod password_link;
mod removal;
mod resets;
mod roles;

use std::collections::HashMap;

use utoipa_axum::routes;
use waystation_api::error::ErrorCode;
use waystation_api::locale::Locale;
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_api::users::{User, UserBalance};
use waystation_ids::{AccountId, Email, Role, UserId, UserStatus, Username};
use waystation_store::{self as store, ChangeKind, MoneyBalance, NewUser, UpdateUserError};

use crate::audit_trail::{Doer, state_of};
use crate::auth::{Access, GuardedRoutes};
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::Holding(Permission::UsersWrite), routes!(administration::create_user))
        .route(Access::Holding(Permission::UsersRead), routes!(administration::list_users))
        .route(Access::Holding(Permission::UsersRead), routes!(administration::show_user))
        .route(Access::Holding(Permission::UsersRead), routes!(roles::list_roles))
        .route(Access::Holding(Permission::UsersWrite), routes!(administration::update_user))
        .route(Access::Holding(Permission::UsersWrite), routes!(removal::remove_user))
        .route(Access::Holding(Permission::UsersWrite), routes!(resets::reset_user_password))
        .route(Access::Holding(Permission::UsersWrite), routes!(resets::reset_user_second_factor))
        .route(Access::Identified, routes!(own::show_me))
        .route(Access::SignedIn, routes!(own::update_me))
}

/// A person to enter, before the ids are drawn.
pub(crate) struct Entry {
    /// The address.
    pub(crate) email: Email,
    /// The name to sign in with.
    pub(crate) username: Option<Username>,
    /// What the person is called; none: what stands before the `@`.
    pub(crate) display_name: Option<String>,
    /// What the person may do.
    pub(crate) role: Role,
    /// None: no sign-in by password.
    pub(crate) password_hash: Option<String>,
}

/// Enters a person.
pub(crate) async fn enter_user(app: &App, doer: Doer<'_>, entry: Entry) -> Result<store::User, ApiError> {
    let new = NewUser {
        id: UserId::new(now_ms(), random_bytes()?),
        cash_account: AccountId::new(now_ms(), random_bytes()?),
        display_name: entry.display_name.unwrap_or_else(|| entry.email.local_part().to_owned()),
        email: entry.email,
        username: entry.username,
        role: entry.role,
        password_hash: entry.password_hash,
        is_demo: false,
        identity: None,
    };
    let audit = doer.does("user.create", "user", &new.id.to_string()).showing(shown_user);
    let user = app.store.create_user(&new, &audit).await?;
    app.changes.announce(ChangeKind::User, user.id).await;
    Ok(user)
}

/// The person as the API shows it, with the balance.
pub(crate) async fn show(app: &App, user: store::User) -> Result<User, ApiError> {
    let balances = app.store.list_money_balances(&[user.id], now_ms()).await?;
    Ok(wire_user(user, &balances))
}

/// A person as the audit log shows it. Balances are not the person's row, and have entries of their own.
pub(crate) fn shown_user(user: &store::User) -> Option<String> {
    #[derive(serde::Serialize)]
    struct Shown<'a> {
        id: UserId,
        email: &'a Email,
        username: Option<&'a Username>,
        display_name: &'a str,
        role: Role,
        status: UserStatus,
        channel_group: Option<&'a str>,
        locale: Option<&'a str>,
    }
    state_of(&Shown {
        id: user.id,
        email: &user.email,
        username: user.username.as_ref(),
        display_name: &user.display_name,
        role: user.role,
        status: user.status,
        channel_group: user.channel_group.as_deref(),
        locale: user.locale.as_deref(),
    })
}

fn wire_user(user: store::User, balances: &HashMap<UserId, MoneyBalance>) -> User {
    let balance = balances.get(&user.id).copied().unwrap_or_default();
    User {
        id: user.id,
        email: user.email,
        username: user.username,
        display_name: user.display_name,
        role: user.role,
        status: user.status,
        channel_group: user.channel_group,
        locale: user.locale.as_deref().and_then(Locale::from_tag),
        email_verified_at: user.email_verified_at_ms.map(Time::from_unix_ms),
        created_at: Time::from_unix_ms(user.created_at_ms),
        balance: UserBalance {
            available: balance.available.into(),
            pending: balance.pending.into(),
            currency: "USD".to_owned(),
        },
    }
}

impl From<UpdateUserError> for ApiError {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::LastOwner => {
                ApiError::new(ErrorCode::Conflict, "The last active owner stays an active owner.")
            }
            UpdateUserError::RoleChanged => {
                ApiError::new(ErrorCode::Conflict, "The user's role has changed meanwhile. Look again.")
            }
            UpdateUserError::Store(error) => error.into(),
        }
    }
}
