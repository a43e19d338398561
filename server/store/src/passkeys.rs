//! Passkeys of people.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use waystation_ids::{PasskeyId, SessionId, UserId};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::identities::count_identities;
use crate::sessions::end_other_sessions;
use crate::{recovery_codes, totp, users};

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// What verifies its signatures, with its count, as JSON.
    pub credential: String,
    /// Whether its authenticator keeps a copy of it elsewhere.
    pub is_backed_up: bool,
    /// What its owner calls it.
    pub name: String,
    /// When it was made, in unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last used, in unix milliseconds.
    pub last_used_at_ms: Option<i64>,
}

/// A passkey to keep.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// SHA-256 of the authenticator's name for it.
    pub credential_hash: [u8; 32],
    /// What verifies its signatures, with its count, as JSON.
    pub credential: String,
    /// Whether its authenticator keeps a copy of it elsewhere.
    pub is_backed_up: bool,
    /// What its owner calls it, at most 64 characters.
    pub name: String,
    /// Hashes of recovery codes, for a person who has none.
    pub codes: Vec<[u8; 32]>,
}

/// What became of a passkey to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasskeyCreation {
    /// It is kept, and the recovery codes are, if so said.
    Kept {
        /// As it is now.
        passkey: Passkey,
        /// Whether its owner had no recovery codes and has them now.
        has_new_codes: bool,
    },
    /// Its owner has as many as one may have.
    TooMany,
}

/// What became of a passkey to take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyDeletion {
    /// It is gone.
    Deleted,
    /// Its owner would have no way to sign in left.
    LastWay,
}

impl Store {
    /// Keeps a passkey, and ends all sessions of its owner but one. An authenticator's passkey is kept once.
    pub async fn create_passkey(
        &self,
        passkey: &NewPasskey,
        most: u64,
        kept: SessionId,
        audit: &AuditEntry,
    ) -> Result<PasskeyCreation, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            users::lock_user(&transaction, passkey.user).await?;
            if count_passkeys(&transaction, passkey.user).await? >= most {
                return Ok(PasskeyCreation::TooMany);
            }
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: passkey.id.uuid(),
                user_id: passkey.user.uuid(),
                credential_hash: passkey.credential_hash.to_vec(),
                credential: passkey.credential.clone(),
                is_backed_up: passkey.is_backed_up,
                name: passkey.name.clone(),
                created_at_ms: now_ms,
                last_used_at_ms: None,
            };
            entity::Entity::insert(row.clone().into_active_model())
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "passkey"))?;
            let has_new_codes = !recovery_codes::has_codes(&transaction, passkey.user).await?;
            if has_new_codes {
                let codes = &passkey.codes;
                recovery_codes::replace_codes(&transaction, passkey.user, codes, now_ms).await?;
            }
            end_other_sessions(&transaction, passkey.user, kept, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &passkey.user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(PasskeyCreation::Kept { passkey: row.into(), has_new_codes })
        })
        .await
    }

    /// A person's passkeys, the oldest first.
    pub async fn list_passkeys(&self, user: UserId) -> Result<Vec<Passkey>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.eq(user.uuid()))
            .order_by_asc(entity::Column::Id)
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(Passkey::from).collect())
    }

    /// The passkey whose name, by its authenticator, has this hash.
    pub async fn find_passkey(&self, credential_hash: &[u8; 32]) -> Result<Option<Passkey>, StoreError> {
        let row = entity::Entity::find()
            .filter(entity::Column::CredentialHash.eq(credential_hash.to_vec()))
            .one(self.reader())
            .await?;
        Ok(row.map(Passkey::from))
    }

    /// Writes down that a passkey was used, if it is still as it was seen. False: it was used or taken away meanwhile,
    /// and by the count in `seen` nothing can be decided.
    pub async fn use_passkey(
        &self,
        id: PasskeyId,
        seen: &str,
        credential: &str,
        is_backed_up: bool,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(id.uuid()).lock_exclusive().one(&transaction).await?;
            let Some(row) = row.filter(|row| row.credential == seen) else { return Ok(false) };
            entity::Entity::update(entity::ActiveModel {
                id: Set(row.id),
                credential: Set(credential.to_owned()),
                is_backed_up: Set(is_backed_up),
                last_used_at_ms: Set(Some(database_time_ms(&transaction).await?)),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Gives one of a person's passkeys another name.
    pub async fn rename_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        name: &str,
        audit: &AuditEntry,
    ) -> Result<Passkey, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_passkey(&transaction, user, id).await?;
            let renamed = entity::Model { name: name.to_owned(), ..row };
            entity::Entity::update(entity::ActiveModel {
                id: Set(renamed.id),
                name: Set(renamed.name.clone()),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(renamed.into())
        })
        .await
    }

    /// Takes one of a person's passkeys away, unless it is the last way to sign in; ends all sessions but one. With
    /// the last second factor the recovery codes go too.
    pub async fn delete_passkey(
        &self,
        user: UserId,
        id: PasskeyId,
        kept: SessionId,
        audit: &AuditEntry,
    ) -> Result<PasskeyDeletion, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let owner = users::lock_user(&transaction, user).await?;
            lock_passkey(&transaction, user, id).await?;
            let others = count_passkeys(&transaction, user).await?.saturating_sub(1);
            let is_last = owner.password_hash.is_none() && others == 0;
            if is_last && count_identities(&transaction, user).await? == 0 {
                return Ok(PasskeyDeletion::LastWay);
            }
            entity::Entity::delete_by_id(id.uuid()).exec(&transaction).await?;
            if others == 0 && !totp::has_totp(&transaction, user).await? {
                recovery_codes::delete_codes(&transaction, user).await?;
            }
            let now_ms = database_time_ms(&transaction).await?;
            end_other_sessions(&transaction, user, kept, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(PasskeyDeletion::Deleted)
        })
        .await
    }
}

/// How many passkeys a person has.
pub(crate) async fn count_passkeys(transaction: &Transaction, user: UserId) -> Result<u64, DbErr> {
    entity::Entity::find().filter(entity::Column::UserId.eq(user.uuid())).count(transaction).await
}

/// Takes all of a person's passkeys away; gives how many there were.
pub(crate) async fn delete_passkeys(transaction: &Transaction, user: UserId) -> Result<u64, DbErr> {
    let deleted = entity::Entity::delete_many()
        .filter(entity::Column::UserId.eq(user.uuid()))
        .exec(transaction)
        .await?;
    Ok(deleted.rows_affected)
}

async fn lock_passkey(
    transaction: &Transaction,
    user: UserId,
    id: PasskeyId,
) -> Result<entity::Model, StoreError> {
    entity::Entity::find_by_id(id.uuid())
        .filter(entity::Column::UserId.eq(user.uuid()))
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or(StoreError::Missing("passkey"))
}

impl From<entity::Model> for Passkey {
    fn from(row: entity::Model) -> Self {
        Passkey {
            id: PasskeyId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            credential: row.credential,
            is_backed_up: row.is_backed_up,
            name: row.name,
            created_at_ms: row.created_at_ms,
            last_used_at_ms: row.last_used_at_ms,
        }
    }
}

pub(crate) mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "passkeys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub credential_hash: Vec<u8>,
        pub credential: String,
        pub is_backed_up: bool,
        pub name: String,
        pub created_at_ms: i64,
        pub last_used_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
