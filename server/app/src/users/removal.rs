//! The administration's route for people who leave.

use axum::extract::State;
use axum::http::StatusCode;
use waystation_api::error::{ErrorCode, ErrorReply};
use waystation_api::users::UserRemoval;
use waystation_ids::{AdjustmentId, Role, UserId, UserStatus};
use waystation_ledger::{Account, AccountKind, Direction, SystemAccount, TransferKind};
use waystation_store::{
    self as store, AdjustmentRecord, ChangeKind, FundsOrder, FundsTarget, RemoveUserError, UserFilter,
};

use crate::adjustments::{audit_movement, refuse_movement};
use crate::audit_trail::{Doer, state_of};
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::error::ApiError;
use crate::http::body::{Params, PathParts};
use crate::http::visitor::Visitor;
use crate::random::random_bytes;
use crate::sign_in::FreshProof;
use crate::state::App;

/// Remove a person
///
/// Keys are revoked and sessions end; address, names and all ways to sign in are deleted. What the books need stays,
/// without a name. A person with open calls is not removed, nor one whose accounts hold something unless `forfeit`
/// moves that to the site.
#[utoipa::path(
    delete, path = "/admin/users/{id}", tag = "users", operation_id = "remove_user",
    params(("id" = String, Path, description = "The user's id"), UserRemoval),
    responses(
        (status = 204, description = "The person is removed"),
        (status = 403, description = "The person's role is not below the caller's", body = ErrorReply),
        (status = 404, description = "There is no such user", body = ErrorReply),
        (status = 409, description = "The accounts are not empty, calls are open, or it is the last active owner", body = ErrorReply),
    ),
)]
pub(super) async fn remove_user(
    State(app): State<App>,
    actor: Actor,
    visitor: Visitor,
    _proof: FreshProof,
    PathParts(id): PathParts<UserId>,
    Params(query): Params<UserRemoval>,
) -> Result<StatusCode, ApiError> {
    let user = app.store.load_user(id).await?;
    actor.check_may_act_on(&user)?;
    // Before anything is forfeited; the removal itself asks again, behind its locks.
    if is_last_owner(&app, &user).await? {
        return Err(RemoveUserError::LastOwner.into());
    }
    if query.forfeit {
        forfeit_rest(&app, &actor, &visitor, id).await?;
    }
    let doer = Doer::Actor(&actor, &visitor);
    let audit = doer.does("user.remove", "user", &id.to_string()).showing(shown_removed);
    app.store.remove_user(id, user.role, &audit).await?;
    app.changes.announce(ChangeKind::User, id).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn is_last_owner(app: &App, user: &store::User) -> Result<bool, ApiError> {
    if user.role != Role::Owner || user.status != UserStatus::Active {
        return Ok(false);
    }
    let owners =
        UserFilter { role: Some(Role::Owner), status: Some(UserStatus::Active), ..UserFilter::default() };
    Ok(app.store.list_users(&owners, None, 2).await?.len() == 1)
}

/// Moves what every account still holds to the site. While calls are open nothing moves: they may need it.
async fn forfeit_rest(app: &App, actor: &Actor, visitor: &Visitor, user: UserId) -> Result<(), ApiError> {
    let accounts = app.store.list_accounts(user).await?;
    if accounts.iter().any(|account| account.balance.debits_pending > 0) {
        return Err(RemoveUserError::Unsettled.into());
    }
    for account in accounts.iter().filter(|account| account.balance.posted() > 0) {
        let order = FundsOrder {
            id: AdjustmentId::new_cause(now_ms(), random_bytes()?).uuid(),
            user,
            target: FundsTarget::Account(account.id),
            counterpart: counterpart_of(account),
            direction: Direction::Debit,
            amount: account.balance.posted(),
            kind: TransferKind::Adjustment,
            record: AdjustmentRecord {
                entered: None,
                reason_code: "forfeit".to_owned(),
                note: "What was left when the user was removed".to_owned(),
                actor: Some(actor.id()),
            },
            audit: Some(audit_movement(Doer::Actor(actor, visitor), "adjustment.create", user, &"forfeit")),
        };
        app.lanes.move_funds(order).await.map_err(refuse_movement)?;
    }
    Ok(())
}

fn counterpart_of(account: &Account) -> SystemAccount {
    match account.kind {
        AccountKind::Cash | AccountKind::Debt => SystemAccount::Adjustments,
        AccountKind::Gift | AccountKind::Grant | AccountKind::Quota => SystemAccount::Promotions,
    }
}

/// A removed person as the audit log shows it: the log is kept for good, and no name belongs into it.
fn shown_removed(user: &store::User) -> Option<String> {
    #[derive(serde::Serialize)]
    struct Shown {
        id: UserId,
        role: Role,
        status: UserStatus,
    }
    state_of(&Shown { id: user.id, role: user.role, status: user.status })
}

impl From<RemoveUserError> for ApiError {
    fn from(error: RemoveUserError) -> Self {
        let conflict = |message: &str| ApiError::new(ErrorCode::Conflict, message);
        match error {
            RemoveUserError::LastOwner => conflict("The last active owner stays an active owner."),
            RemoveUserError::RoleChanged => conflict("The user's role has changed meanwhile. Look again."),
            RemoveUserError::Unsettled => conflict(
                "Calls of the user are open, or an account holds something. Wait for the calls; move the rest, or \
                 give it to the site with ?forfeit=true.",
            ),
            RemoveUserError::Store(error) => error.into(),
        }
    }
}
