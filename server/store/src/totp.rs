//! Authenticator apps: their secrets, and which codes have been taken.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QuerySelect,
};
use waystation_ids::{SessionId, UserId};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::passkeys;
use crate::recovery_codes;
use crate::sessions::{end_other_sessions, end_sessions};
use crate::users;

/// A person's authenticator app.
#[derive(Clone)]
pub struct Totp {
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// When it was shown to be set up; none: its codes are asked for by nobody yet. In unix milliseconds.
    pub confirmed_at_ms: Option<i64>,
    /// The time step of the last code that was taken.
    pub last_step: i64,
}

/// What somebody has as second factors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// Whether codes of an authenticator app are taken.
    pub totp: bool,
    /// How many passkeys there are.
    pub passkeys: u64,
    /// How many recovery codes have not been used.
    pub recovery_codes: u64,
}

impl SecondFactors {
    /// Whether there is any. Recovery codes stand in for another factor and are none by themselves.
    pub fn is_any(&self) -> bool {
        self.totp || self.passkeys > 0
    }
}

impl Store {
    /// What the person has as second factors.
    pub async fn load_second_factors(&self, user: UserId) -> Result<SecondFactors, StoreError> {
        let totp = entity::Entity::find_by_id(user.uuid())
            .filter(entity::Column::ConfirmedAtMs.is_not_null())
            .count(self.reader());
        let passkeys = passkeys::entity::Entity::find()
            .filter(passkeys::entity::Column::UserId.eq(user.uuid()))
            .count(self.reader());
        let codes = recovery_codes::entity::Entity::find()
            .filter(recovery_codes::entity::Column::UserId.eq(user.uuid()))
            .filter(recovery_codes::entity::Column::UsedAtMs.is_null())
            .count(self.reader());
        Ok(SecondFactors { totp: totp.await? > 0, passkeys: passkeys.await?, recovery_codes: codes.await? })
    }

    /// A person's authenticator app, set up or about to be.
    pub async fn load_totp(&self, user: UserId) -> Result<Option<Totp>, StoreError> {
        let row = entity::Entity::find_by_id(user.uuid()).one(self.reader()).await?;
        Ok(row.map(|row| Totp {
            sealed: row.sealed,
            confirmed_at_ms: row.confirmed_at_ms,
            last_step: row.last_step,
        }))
    }

    /// Keeps the secret of an authenticator app that is about to be set up, in place of one that was not.
    pub async fn create_totp(
        &self,
        user: UserId,
        sealed: &[u8],
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, user).await?;
            if let Some(known) = entity::Entity::find_by_id(user.uuid()).one(&transaction).await? {
                if known.confirmed_at_ms.is_some() {
                    return Err(StoreError::Taken("totp"));
                }
                entity::Entity::delete_by_id(user.uuid()).exec(&transaction).await?;
            }
            let row = entity::Model {
                user_id: user.uuid(),
                sealed: sealed.to_vec(),
                created_at_ms: database_time_ms(&transaction).await?,
                confirmed_at_ms: None,
                last_step: 0,
            };
            entity::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Has an authenticator app's codes asked for from now on, as `sealed` is the one whose code of `step` was right;
    /// gives its owner new recovery codes and ends all sessions but one. False: there is no such app to set up.
    pub async fn confirm_totp(
        &self,
        user: UserId,
        sealed: &[u8],
        step: i64,
        codes: &[[u8; 32]],
        kept: SessionId,
        audit: &AuditEntry,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, user).await?;
            let row = entity::Entity::find_by_id(user.uuid()).lock_exclusive().one(&transaction).await?;
            if row.filter(|row| row.confirmed_at_ms.is_none() && row.sealed == sealed).is_none() {
                return Ok(false);
            }
            let now_ms = database_time_ms(&transaction).await?;
            entity::Entity::update(entity::ActiveModel {
                user_id: Set(user.uuid()),
                confirmed_at_ms: Set(Some(now_ms)),
                last_step: Set(step),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            recovery_codes::replace_codes(&transaction, user, codes, now_ms).await?;
            end_other_sessions(&transaction, user, kept, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Takes the code of a time step: of all who bring it, one succeeds, and none with an earlier one after that.
    pub async fn take_totp_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(user.uuid())
                .filter(entity::Column::ConfirmedAtMs.is_not_null())
                .lock_exclusive()
                .one(&transaction)
                .await?;
            if row.filter(|row| row.last_step < step).is_none() {
                return Ok(false);
            }
            entity::Entity::update(entity::ActiveModel {
                user_id: Set(user.uuid()),
                last_step: Set(step),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Takes an authenticator app away, and the recovery codes where no passkey is left that they stand in for; ends
    /// all sessions but one.
    pub async fn delete_totp(
        &self,
        user: UserId,
        kept: SessionId,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, user).await?;
            if entity::Entity::delete_by_id(user.uuid()).exec(&transaction).await?.rows_affected == 0 {
                return Err(StoreError::Missing("authenticator app"));
            }
            if passkeys::count_passkeys(&transaction, user).await? == 0 {
                recovery_codes::delete_codes(&transaction, user).await?;
            }
            let now_ms = database_time_ms(&transaction).await?;
            end_other_sessions(&transaction, user, kept, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes away everything that is asked for beside the first factor: authenticator app, passkeys and recovery
    /// codes. Ends all sessions, and whatever of a sign-in is under way. Gives what there was.
    pub async fn delete_second_factors(
        &self,
        user: UserId,
        audit: &AuditEntry,
    ) -> Result<SecondFactors, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, user).await?;
            let had_totp = has_totp(&transaction, user).await?;
            entity::Entity::delete_by_id(user.uuid()).exec(&transaction).await?;
            let had = SecondFactors {
                totp: had_totp,
                passkeys: passkeys::delete_passkeys(&transaction, user).await?,
                recovery_codes: recovery_codes::delete_codes(&transaction, user).await?,
            };
            let now_ms = database_time_ms(&transaction).await?;
            crate::pending_sign_ins::end_pending_of(&transaction, user).await?;
            end_sessions(&transaction, user, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(had)
        })
        .await
    }
}

/// Whether codes of an authenticator app are taken.
pub(crate) async fn has_totp(transaction: &Transaction, user: UserId) -> Result<bool, DbErr> {
    let confirmed = entity::Entity::find_by_id(user.uuid())
        .filter(entity::Column::ConfirmedAtMs.is_not_null())
        .count(transaction);
    Ok(confirmed.await? > 0)
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "totp_secrets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub user_id: Uuid,
        pub sealed: Vec<u8>,
        pub created_at_ms: i64,
        pub confirmed_at_ms: Option<i64>,
        pub last_step: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
