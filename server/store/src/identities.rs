//! What people are to identity providers: who said so, and whom it named.
//!
//! An issuer and a subject are one person for good. The address that a provider shows beside them is kept to be read
//! by people and decides nothing.

use sea_orm::{
    ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};
use thiserror::Error;
use waystation_ids::{IdentityId, UserId};

use crate::audit_log::{AuditEntry, append_audit};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::passkeys::count_passkeys;
use crate::users::{User, lock_user};

/// One person has at most so many.
const IDENTITIES_MAX: u64 = 20;

/// A person's account with an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// Whose it is here.
    pub user: UserId,
    /// The provider's name in the settings when it was linked.
    pub provider: String,
    /// Who says so; with the subject it is unique.
    pub issuer: String,
    /// Whom it names, as the issuer writes it.
    pub subject: String,
    /// The address that the provider showed last.
    pub email: Option<String>,
    /// When it was linked, in unix milliseconds.
    pub created_at_ms: i64,
    /// When somebody last signed in by it, in unix milliseconds.
    pub last_used_at_ms: Option<i64>,
}

/// An account with an identity provider, to be linked to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIdentity {
    /// Its id.
    pub id: IdentityId,
    /// The provider's name in the settings, at most 64 characters.
    pub provider: String,
    /// Who says so, at most 255 characters.
    pub issuer: String,
    /// Whom it names, at most 255 characters.
    pub subject: String,
    /// The address that the provider shows.
    pub email: Option<String>,
}

/// Why an account was not linked.
#[derive(Debug, Error)]
pub enum LinkIdentityError {
    /// It is somebody else's here.
    #[error("the account with the provider belongs to somebody else here")]
    Taken,
    /// The person has as many as one may have.
    #[error("nobody has more than {IDENTITIES_MAX} accounts with providers")]
    TooMany,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an account was not taken off.
#[derive(Debug, Error)]
pub enum UnlinkIdentityError {
    /// The person could not sign in any more.
    #[error("it is the last way to sign in")]
    LastWay,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for LinkIdentityError {
    fn from(error: DbErr) -> Self {
        LinkIdentityError::Store(error.into())
    }
}

impl From<DbErr> for UnlinkIdentityError {
    fn from(error: DbErr) -> Self {
        UnlinkIdentityError::Store(error.into())
    }
}

impl Store {
    /// The identity of this subject, and the person it is.
    pub async fn find_identity(
        &self,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<(Identity, User)>, StoreError> {
        let found = entity::Entity::find()
            .filter(entity::Column::Issuer.eq(issuer))
            .filter(entity::Column::Subject.eq(subject))
            .one(self.reader())
            .await?;
        // However the database compares text: another spelling is another person.
        let Some(row) = found.filter(|row| row.issuer == issuer && row.subject == subject) else {
            return Ok(None);
        };
        let user = self.load_user(UserId::from_uuid(row.user_id)).await?;
        Ok(Some((Identity::from(row), user)))
    }

    /// Notes that somebody signs in by an identity, and the address that the provider shows now.
    pub async fn record_identity_use(&self, id: IdentityId, email: Option<&str>) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            entity::Entity::update_many()
                .col_expr(entity::Column::LastUsedAtMs, Expr::value(now_ms))
                .col_expr(entity::Column::Email, Expr::value(email.map(str::to_owned)))
                .filter(entity::Column::Id.eq(id.uuid()))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Links an account with a provider to a person. One that is the person's already stays as it is, and the log
    /// tells nothing of it.
    pub async fn link_identity(
        &self,
        user: UserId,
        identity: &NewIdentity,
        entry: &AuditEntry,
    ) -> Result<Identity, LinkIdentityError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_user(&transaction, user).await?;
            let linked = entity::Entity::find()
                .filter(entity::Column::Issuer.eq(identity.issuer.as_str()))
                .filter(entity::Column::Subject.eq(identity.subject.as_str()))
                .one(&transaction)
                .await?;
            match linked {
                Some(row) if row.user_id == user.uuid() && row.subject == identity.subject => {
                    return Ok(Identity::from(row));
                }
                Some(_) => return Err(LinkIdentityError::Taken),
                None => {}
            }
            if count_identities(&transaction, user).await? >= IDENTITIES_MAX {
                return Err(LinkIdentityError::TooMany);
            }
            let now_ms = database_time_ms(&transaction).await?;
            let row = match insert_identity(&transaction, user, identity, now_ms).await {
                Ok(row) => row,
                Err(StoreError::Taken(_)) => return Err(LinkIdentityError::Taken),
                Err(error) => return Err(error.into()),
            };
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(Identity::from(row))
        })
        .await
    }

    /// A person's accounts with providers, the oldest first.
    pub async fn list_identities(&self, user: UserId) -> Result<Vec<Identity>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.eq(user.uuid()))
            .order_by_asc(entity::Column::Id)
            .limit(IDENTITIES_MAX)
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().map(Identity::from).collect())
    }

    /// Takes an account with a provider off a person, who must have another way to sign in: a password, a passkey or
    /// another account. Gives what was taken off.
    pub async fn unlink_identity(
        &self,
        user: UserId,
        id: IdentityId,
        entry: &AuditEntry,
    ) -> Result<Identity, UnlinkIdentityError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let has_password = lock_user(&transaction, user).await?.password_hash.is_some();
            let of_user: Vec<entity::Model> = entity::Entity::find()
                .filter(entity::Column::UserId.eq(user.uuid()))
                .all(&transaction)
                .await?;
            let others = of_user.len().saturating_sub(1);
            let Some(row) = of_user.into_iter().find(|row| row.id == id.uuid()) else {
                return Err(StoreError::Missing("identity").into());
            };
            if !has_password && others == 0 && count_passkeys(&transaction, user).await? == 0 {
                return Err(UnlinkIdentityError::LastWay);
            }
            entity::Entity::delete_by_id(row.id).exec(&transaction).await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(Identity::from(row))
        })
        .await
    }
}

/// Links an account with a provider within the transaction that enters the person, or beside that person's row, which
/// is locked.
pub(crate) async fn insert_identity(
    transaction: &Transaction,
    user: UserId,
    identity: &NewIdentity,
    now_ms: i64,
) -> Result<entity::Model, StoreError> {
    let row = entity::Model {
        id: identity.id.uuid(),
        user_id: user.uuid(),
        provider: identity.provider.clone(),
        issuer: identity.issuer.clone(),
        subject: identity.subject.clone(),
        email: identity.email.clone(),
        created_at_ms: now_ms,
        last_used_at_ms: None,
    };
    entity::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await
        .map_err(|error| StoreError::taken(error, "identity"))?;
    Ok(row)
}

/// How many accounts with providers a person has, within a transaction that holds the person's row.
pub(crate) async fn count_identities(transaction: &Transaction, user: UserId) -> Result<u64, DbErr> {
    entity::Entity::find().filter(entity::Column::UserId.eq(user.uuid())).count(transaction).await
}

impl From<entity::Model> for Identity {
    fn from(row: entity::Model) -> Self {
        Identity {
            id: IdentityId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            provider: row.provider,
            issuer: row.issuer,
            subject: row.subject,
            email: row.email,
            created_at_ms: row.created_at_ms,
            last_used_at_ms: row.last_used_at_ms,
        }
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "identities")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub provider: String,
        pub issuer: String,
        pub subject: String,
        pub email: Option<String>,
        pub created_at_ms: i64,
        pub last_used_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
