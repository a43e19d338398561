//! Ways to sign in that an administrator takes away, so that their owner can set up new ones.

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel};
use waystation_ids::{Role, UserId};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::mailed_links::{LinkPurpose, NewMailedLink, close_links, insert_link};
use crate::sessions::end_sessions;
use crate::users::{UpdateUserError, User, entity, lock_user_of_role};

/// The tables of second factors. A passkey is one, and a first one as well.
const SECOND_FACTORS: [&str; 3] = ["totp_secrets", "recovery_codes", "passkeys"];

/// A link that sets a new password, to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewResetLink {
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// How long it is good for, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

impl Store {
    /// Takes away the password of a person whose role is `expected_role`, ends all sessions, and makes a link that
    /// sets a new password. Earlier links are worth nothing from then on.
    pub async fn withdraw_password(
        &self,
        id: UserId,
        expected_role: Role,
        link: &NewResetLink,
        audit: &AuditEntry,
    ) -> Result<User, UpdateUserError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let (row, _) = lock_user_of_role(&transaction, id, expected_role).await?;
            let now_ms = database_time_ms(&transaction).await?;
            let changed = entity::Model {
                password_hash: None,
                password_changed_at_ms: Some(now_ms),
                updated_at_ms: now_ms,
                ..row
            };
            entity::Entity::update(changed.clone().into_active_model().reset_all())
                .exec_without_returning(&transaction)
                .await?;
            replace_link(&transaction, &changed, link, now_ms).await?;
            end_sessions(&transaction, id, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &id.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(User::try_from(changed)?)
        })
        .await
    }

    /// Makes a link by which a person sets a password. Earlier links are worth nothing from then on.
    pub async fn create_password_link(
        &self,
        id: UserId,
        expected_role: Role,
        link: &NewResetLink,
        audit: &AuditEntry,
    ) -> Result<(), UpdateUserError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let (row, _) = lock_user_of_role(&transaction, id, expected_role).await?;
            let now_ms = database_time_ms(&transaction).await?;
            replace_link(&transaction, &row, link, now_ms).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes away every second factor of a person whose role is `expected_role`, passkeys included, and ends all
    /// sessions.
    pub async fn reset_second_factor(
        &self,
        id: UserId,
        expected_role: Role,
        audit: &AuditEntry,
    ) -> Result<User, UpdateUserError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let (row, _) = lock_user_of_role(&transaction, id, expected_role).await?;
            for table in SECOND_FACTORS {
                let rows =
                    Query::delete().from_table(table).and_where(Expr::col("user_id").eq(id.uuid())).take();
                transaction.execute(&rows).await?;
            }
            let now_ms = database_time_ms(&transaction).await?;
            end_sessions(&transaction, id, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &id.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(User::try_from(row)?)
        })
        .await
    }
}

async fn replace_link(
    transaction: &Transaction,
    user: &entity::Model,
    link: &NewResetLink,
    now_ms: i64,
) -> Result<(), StoreError> {
    let id = UserId::from_uuid(user.id);
    close_links(transaction, id, LinkPurpose::Reset, now_ms).await?;
    let link = NewMailedLink {
        hash: link.hash,
        purpose: LinkPurpose::Reset,
        user: id,
        email: user.email.parse().map_err(|_| StoreError::Unreadable("email"))?,
        lasts_ms: link.lasts_ms,
    };
    insert_link(transaction, &link, now_ms).await
}
