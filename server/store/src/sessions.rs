//! Sign-ins that can be ended.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use waystation_ids::{SessionId, UserId, UserStatus};

use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::users::{self, User};

/// What made a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// A command at the server.
    Cli,
    /// A browser.
    Browser,
    /// A program on a user's device.
    Device,
}

/// A sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// What made it.
    pub kind: SessionKind,
    /// When it was made, in unix milliseconds.
    pub created_at_ms: i64,
    /// When it ends by itself, in unix milliseconds.
    pub expires_at_ms: i64,
    /// When it was ended, in unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// A sign-in to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Who signs in.
    pub user: UserId,
    /// What makes it.
    pub kind: SessionKind,
    /// How long it lasts, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

impl Store {
    /// Makes a session of an active user.
    pub async fn create_session(&self, session: &NewSession) -> Result<Session, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // Locked, so that no session is made beside the change that disables the user.
            users::entity::Entity::find_by_id(session.user.uuid())
                .filter(users::entity::Column::Status.eq(UserStatus::Active.name()))
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("user"))?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: session.id.uuid(),
                user_id: session.user.uuid(),
                kind: session.kind.name().to_owned(),
                created_at_ms: now_ms,
                expires_at_ms: now_ms.saturating_add(session.lasts_ms),
                revoked_at_ms: None,
            };
            entity::Entity::insert(row.clone().into_active_model())
                .exec_without_returning(&transaction)
                .await?;
            transaction.commit().await?;
            Session::try_from(row)
        })
        .await
    }

    /// A session that was not ended and its user, if active. Its expiry is for the caller to judge, as the answer
    /// may be kept for a while.
    pub async fn load_active_session(&self, id: SessionId) -> Result<Option<(Session, User)>, StoreError> {
        let found = entity::Entity::find_by_id(id.uuid())
            .find_also_related(users::entity::Entity)
            .filter(entity::Column::RevokedAtMs.is_null())
            .filter(users::entity::Column::Status.eq(UserStatus::Active.name()))
            .one(self.reader())
            .await?;
        match found {
            Some((session, Some(user))) => Ok(Some((Session::try_from(session)?, User::try_from(user)?))),
            _ => Ok(None),
        }
    }

    /// Ends one of a user's sessions. One that has ended already stays as it is.
    pub async fn revoke_session(&self, user: UserId, id: SessionId) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(id.uuid())
                .filter(entity::Column::UserId.eq(user.uuid()))
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("session"))?;
            if row.revoked_at_ms.is_some() {
                return Ok(());
            }
            let now_ms = database_time_ms(&transaction).await?;
            entity::Entity::update(entity::ActiveModel {
                id: Set(row.id),
                revoked_at_ms: Set(Some(now_ms)),
                ..Default::default()
            })
            .exec_without_returning(&transaction)
            .await?;
            record_change(&transaction, ChangeKind::Session, &id.to_string()).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends all of a user's sessions; every instance hears of it as a change of the user.
    pub async fn revoke_sessions(&self, user: UserId) -> Result<u64, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let ended = end_sessions(&transaction, user, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            transaction.commit().await?;
            Ok(ended)
        })
        .await
    }
}

/// Ends all of a user's sessions within the transaction of the change that ends them; gives how many there were.
pub(crate) async fn end_sessions(transaction: &Transaction, user: UserId, now_ms: i64) -> Result<u64, DbErr> {
    let ended = entity::Entity::update_many()
        .col_expr(entity::Column::RevokedAtMs, Expr::value(now_ms))
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::RevokedAtMs.is_null())
        .exec(transaction)
        .await?;
    Ok(ended.rows_affected)
}

/// Ends a user's sessions but for one, within the transaction of the change that ends them; gives how many there were.
pub(crate) async fn end_other_sessions(
    transaction: &Transaction,
    user: UserId,
    kept: SessionId,
    now_ms: i64,
) -> Result<u64, DbErr> {
    let ended = entity::Entity::update_many()
        .col_expr(entity::Column::RevokedAtMs, Expr::value(now_ms))
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::Id.ne(kept.uuid()))
        .filter(entity::Column::RevokedAtMs.is_null())
        .exec(transaction)
        .await?;
    Ok(ended.rows_affected)
}

impl SessionKind {
    /// The stable name used in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            SessionKind::Cli => "cli",
            SessionKind::Browser => "browser",
            SessionKind::Device => "device",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [SessionKind::Cli, SessionKind::Browser, SessionKind::Device]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

impl TryFrom<entity::Model> for Session {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(Session {
            id: SessionId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            kind: SessionKind::from_name(&row.kind).ok_or(StoreError::Unreadable("session kind"))?,
            created_at_ms: row.created_at_ms,
            expires_at_ms: row.expires_at_ms,
            revoked_at_ms: row.revoked_at_ms,
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Related, RelationDef, RelationTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "sessions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub kind: String,
        pub created_at_ms: i64,
        pub expires_at_ms: i64,
        pub revoked_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "crate::users::entity::Entity",
            from = "Column::UserId",
            to = "crate::users::entity::Column::Id"
        )]
        User,
    }

    impl Related<crate::users::entity::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::User.def()
        }
    }

    impl ActiveModelBehavior for ActiveModel {}
}
