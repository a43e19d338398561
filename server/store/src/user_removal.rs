//! People who leave: what they are called and sign in with goes, what the books need stays.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use thiserror::Error;
use waystation_ids::{Role, UserId, UserStatus};

use crate::accounts;
use crate::audit_log::Audited;
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::invites::erase_invited;
use crate::keys::revoke_all_keys;
use crate::repeat::TakenBack;
use crate::users::{UpdateUserError, User, entity, lock_user_of_role};

/// All that tells who somebody is and how they sign in, beside the person's own row.
const PERSONAL_TABLES: [&str; 7] = [
    "sessions",
    "identities",
    "passkeys",
    "totp_secrets",
    "recovery_codes",
    "mailed_links",
    "pending_sign_ins",
];

/// Why a person was not removed.
#[derive(Debug, Error)]
pub enum RemoveUserError {
    /// The site would be left without an active owner.
    #[error("the last owner stays an active owner")]
    LastOwner,
    /// The person's role is not the one that the caller decided upon; look again.
    #[error("the user's role has changed meanwhile")]
    RoleChanged,
    /// Calls are open, or an account holds something.
    #[error("the user's accounts are not empty")]
    Unsettled,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for RemoveUserError {
    fn from(error: DbErr) -> Self {
        RemoveUserError::Store(error.into())
    }
}

impl From<UpdateUserError> for RemoveUserError {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::LastOwner => RemoveUserError::LastOwner,
            UpdateUserError::RoleChanged => RemoveUserError::RoleChanged,
            UpdateUserError::Store(error) => RemoveUserError::Store(error),
        }
    }
}

impl TakenBack for RemoveUserError {
    fn is_taken_back(&self) -> bool {
        matches!(self, RemoveUserError::Store(error) if error.is_taken_back())
    }
}

impl Store {
    /// Removes a person whose role is `expected_role`, who has no open call and whose accounts are empty. Keys and
    /// sessions end; the row stays, without a name, for what the books say of it.
    pub async fn remove_user(
        &self,
        id: UserId,
        expected_role: Role,
        audit: &Audited<User>,
    ) -> Result<(), RemoveUserError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let (row, owners) = lock_user_of_role(&transaction, id, expected_role).await?;
            if owners == [row.id] {
                return Err(RemoveUserError::LastOwner);
            }
            if !is_settled(&transaction, id).await? {
                return Err(RemoveUserError::Unsettled);
            }
            let before = User::try_from(row.clone())?;
            let now_ms = database_time_ms(&transaction).await?;
            let removed = entity::Model {
                // Unique as the id is, and no address of anybody's.
                email: format!("deleted+{id}@invalid"),
                username: None,
                display_name: "Deleted user".to_owned(),
                role: Role::User.name().to_owned(),
                status: UserStatus::Disabled.name().to_owned(),
                password_hash: None,
                channel_group: None,
                locale: None,
                wanted_username: None,
                promised_gift_nanos: None,
                email_verified_at_ms: None,
                password_changed_at_ms: None,
                deleted_at_ms: Some(now_ms),
                updated_at_ms: now_ms,
                ..row
            };
            entity::Entity::update(removed.into_active_model().reset_all())
                .exec_without_returning(&transaction)
                .await?;
            revoke_all_keys(&transaction, id, now_ms).await?;
            erase_invited(&transaction, id, before.email.as_str(), now_ms).await?;
            for table in PERSONAL_TABLES {
                let rows =
                    Query::delete().from_table(table).and_where(Expr::col("user_id").eq(id.uuid())).take();
                transaction.execute(&rows).await?;
            }
            record_change(&transaction, ChangeKind::User, &id.to_string()).await?;
            audit.append(&transaction, Some(&before), None).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// Whether nothing is open and every account is empty. The accounts stay locked: no call begins meanwhile.
async fn is_settled(transaction: &Transaction, user: UserId) -> Result<bool, DbErr> {
    let accounts = accounts::entity::Entity::find()
        .filter(accounts::entity::Column::UserId.eq(user.uuid()))
        .filter(accounts::entity::Column::ClosedAtMs.is_null())
        .order_by_asc(accounts::entity::Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    let is_empty = |account: &accounts::entity::Model| {
        account.credits_posted == account.debits_posted && account.debits_pending == 0
    };
    if !accounts.iter().all(is_empty) {
        return Ok(false);
    }
    // A call that costs nothing holds nothing.
    let open = Query::select()
        .column("id")
        .from("holds")
        .and_where(Expr::col("user_id").eq(user.uuid()))
        .limit(1)
        .take();
    Ok(transaction.query_one(&open).await?.is_none())
}
