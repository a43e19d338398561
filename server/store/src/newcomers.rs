//! People who enter themselves.

use sea_orm::{ActiveValue::Set, EntityTrait};
use thiserror::Error;
use waystation_ids::{InviteId, Username};

use crate::audit_log::{AuditEntry, append_audit};
use crate::connection::{Store, database_time_ms};
use crate::error::StoreError;
use crate::invites::use_invite;
use crate::users::{NewUser, User, entity, insert_user};

/// A person who enters itself.
#[derive(Clone)]
pub struct Newcomer {
    /// The person.
    pub user: NewUser,
    /// Whether the person has shown to hold the address.
    pub is_email_verified: bool,
    /// The name to sign in with that the person gets when the address is verified, if it is free then. Before, it is
    /// nobody's: else the name would tell whether the address was known.
    pub wanted_username: Option<Username>,
    /// The language that the person wants mails in.
    pub locale: Option<String>,
    /// The invitation that is used up by it.
    pub invite: Option<InviteId>,
    /// What the person is to be given for registering, in nano-USD.
    pub promised_gift_nanos: Option<i64>,
}

/// Why a person was not entered.
#[derive(Debug, Error)]
pub enum EnterError {
    /// The invitation is used, taken back or too old by now.
    #[error("the invitation cannot be used any more")]
    InviteGone,
    /// The store failed, or the address or username is taken.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for EnterError {
    fn from(error: sea_orm::DbErr) -> Self {
        EnterError::Store(error.into())
    }
}

impl Store {
    /// Enters a person who registers, opens the cash account and uses up the invitation: all of it or nothing, and the
    /// audit log tells of it by these entries.
    pub async fn enter_newcomer(
        &self,
        newcomer: &Newcomer,
        entries: &[AuditEntry],
    ) -> Result<User, EnterError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let id = newcomer.user.id;
            if let Some(invite) = newcomer.invite
                && !use_invite(&transaction, invite, id).await?
            {
                return Err(EnterError::InviteGone);
            }
            insert_user(&transaction, &newcomer.user).await?;
            let now_ms = database_time_ms(&transaction).await?;
            let registered = entity::ActiveModel {
                id: Set(id.uuid()),
                registered_at_ms: Set(Some(now_ms)),
                email_verified_at_ms: Set(newcomer.is_email_verified.then_some(now_ms)),
                password_changed_at_ms: Set(newcomer.user.password_hash.as_ref().map(|_| now_ms)),
                wanted_username: Set(newcomer.wanted_username.as_ref().map(|name| name.as_str().to_owned())),
                promised_gift_nanos: Set(newcomer.promised_gift_nanos),
                locale: Set(newcomer.locale.clone()),
                ..Default::default()
            };
            entity::Entity::update(registered).exec_without_returning(&transaction).await?;
            let row = entity::Entity::find_by_id(id.uuid()).one(&transaction).await?;
            let user = User::try_from(row.ok_or(StoreError::Missing("user"))?)?;
            for entry in entries {
                append_audit(&transaction, entry).await?;
            }
            transaction.commit().await?;
            Ok(user)
        })
        .await
    }
}
