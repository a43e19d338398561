//! Steps of a sign-in or a proof that are under way: what an identity provider will answer, a second factor that is
//! asked for, a passkey's challenge, a pairing code. Each is known by the hash of a token, and is used once.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use waystation_ids::{SessionId, UserId};

use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PendingKind {
    /// An identity provider was asked who somebody is.
    Oauth,
    /// A first factor was right, and a second one is asked for.
    SecondFactor,
    /// A passkey is to be made.
    PasskeyCreation,
    /// A passkey is to be used, to sign in or to prove.
    PasskeyUse,
    /// A device is to be paired.
    Pairing,
    /// Somebody who is signed in has proved it again.
    Proof,
}

/// A step to remember.
#[derive(Clone)]
pub struct NewPending {
    /// SHA-256 of the token that it is known by.
    pub hash: [u8; 32],
    /// What is under way.
    pub kind: PendingKind,
    /// Whose it is, where that is known.
    pub user: Option<UserId>,
    /// The session that it belongs to, where there is one.
    pub session: Option<SessionId>,
    /// SHA-256 of what binds it to one browser.
    pub browser_hash: Option<[u8; 32]>,
    /// What the next step needs, sealed; at most 8,192 bytes.
    pub state: Vec<u8>,
    /// How long it can be used, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

/// A step that was found.
#[derive(Clone)]
pub struct Pending {
    /// Whose it is, where that is known.
    pub user: Option<UserId>,
    /// The session that it belongs to, where there is one.
    pub session: Option<SessionId>,
    /// SHA-256 of what binds it to one browser.
    pub browser_hash: Option<[u8; 32]>,
    /// What the next step needs, sealed.
    pub state: Vec<u8>,
}

impl Store {
    /// Remembers a step.
    pub async fn create_pending(&self, step: &NewPending) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                hash: step.hash.to_vec(),
                kind: step.kind.name().to_owned(),
                user_id: step.user.map(UserId::uuid),
                session_id: step.session.map(SessionId::uuid),
                browser_hash: step.browser_hash.map(Vec::from),
                state: step.state.clone(),
                tries: 0,
                is_done: false,
                created_at_ms: now_ms,
                expires_at_ms: now_ms.saturating_add(step.lasts_ms),
            };
            entity::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// A step, which stays as it is. None: as with [`Store::take_pending`].
    pub async fn load_pending(
        &self,
        hash: &[u8; 32],
        kind: PendingKind,
    ) -> Result<Option<Pending>, StoreError> {
        let row = entity::Entity::find_by_id(hash.to_vec()).one(self.reader()).await?;
        let now_ms = self.now_ms().await?;
        row.filter(|row| row.is_open(kind, now_ms)).map(Pending::try_from).transpose()
    }

    /// Takes a step: of all who ask for it, one gets it. None: unknown, of another kind, too old or taken.
    pub async fn take_pending(
        &self,
        hash: &[u8; 32],
        kind: PendingKind,
    ) -> Result<Option<Pending>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let Some(row) = self.lock_open_pending(&transaction, hash, kind).await? else { return Ok(None) };
            let done =
                entity::ActiveModel { hash: Set(row.hash.clone()), is_done: Set(true), ..Default::default() };
            entity::Entity::update(done).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Pending::try_from(row).map(Some)
        })
        .await
    }

    /// Counts a try at a step, before it is looked at whether it succeeds. None: as with [`Store::take_pending`],
    /// or it has been tried `tries_max` times. The one that succeeds then takes it.
    pub async fn try_pending(
        &self,
        hash: &[u8; 32],
        kind: PendingKind,
        tries_max: i64,
    ) -> Result<Option<Pending>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let Some(row) = self.lock_open_pending(&transaction, hash, kind).await? else { return Ok(None) };
            if row.tries >= tries_max {
                return Ok(None);
            }
            let tried = entity::ActiveModel {
                hash: Set(row.hash.clone()),
                tries: Set(row.tries + 1),
                ..Default::default()
            };
            entity::Entity::update(tried).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Pending::try_from(row).map(Some)
        })
        .await
    }

    /// Takes a step that was not remembered when it began, because its token says all: of all who bring the token, one
    /// gets it. It is remembered as taken for as long as the token could be used.
    pub async fn spend_pending(
        &self,
        hash: &[u8; 32],
        kind: PendingKind,
        lasts_ms: i64,
    ) -> Result<bool, StoreError> {
        let spent = self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                hash: hash.to_vec(),
                kind: kind.name().to_owned(),
                user_id: None,
                session_id: None,
                browser_hash: None,
                state: Vec::new(),
                tries: 0,
                is_done: true,
                created_at_ms: now_ms,
                expires_at_ms: now_ms.saturating_add(lasts_ms),
            };
            entity::Entity::insert(row.into_active_model())
                .exec_without_returning(&transaction)
                .await
                .map_err(|error| StoreError::taken(error, "step"))?;
            transaction.commit().await?;
            Ok(())
        });
        match spent.await {
            Ok(()) => Ok(true),
            Err(StoreError::Taken(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Looks at a step without taking it or counting a try. None: as with [`Store::take_pending`].
    pub async fn find_pending(
        &self,
        hash: &[u8; 32],
        kind: PendingKind,
    ) -> Result<Option<Pending>, StoreError> {
        let now_ms = self.now_ms().await?;
        let row = entity::Entity::find_by_id(hash.to_vec()).one(self.reader()).await?;
        row.filter(|row| row.is_open(kind, now_ms)).map(Pending::try_from).transpose()
    }

    /// Forgets steps that are too old to be used; at most so many at once. Gives how many there were.
    pub async fn prune_pending(&self, limit: u64) -> Result<u64, StoreError> {
        let now_ms = self.now_ms().await?;
        let old: Vec<Vec<u8>> = entity::Entity::find()
            .select_only()
            .column(entity::Column::Hash)
            .filter(entity::Column::ExpiresAtMs.lt(now_ms))
            .limit(limit)
            .into_tuple()
            .all(self.reader())
            .await?;
        if old.is_empty() {
            return Ok(0);
        }
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let pruned = entity::Entity::delete_many()
                .filter(entity::Column::Hash.is_in(old.clone()))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(pruned.rows_affected)
        })
        .await
    }

    async fn lock_open_pending(
        &self,
        transaction: &Transaction,
        hash: &[u8; 32],
        kind: PendingKind,
    ) -> Result<Option<entity::Model>, StoreError> {
        let row = entity::Entity::find_by_id(hash.to_vec()).lock_exclusive().one(transaction).await?;
        let now_ms = database_time_ms(transaction).await?;
        Ok(row.filter(|row| row.is_open(kind, now_ms)))
    }
}

/// Ends every step of a person that is under way, within the transaction of the change that ends them.
pub(crate) async fn end_pending_of(transaction: &Transaction, user: UserId) -> Result<(), DbErr> {
    entity::Entity::update_many()
        .col_expr(entity::Column::IsDone, Expr::value(true))
        .filter(entity::Column::UserId.eq(user.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}

impl entity::Model {
    fn is_open(&self, kind: PendingKind, now_ms: i64) -> bool {
        !self.is_done && self.kind == kind.name() && self.expires_at_ms > now_ms
    }
}

impl PendingKind {
    /// The stable name used in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            PendingKind::Oauth => "oauth",
            PendingKind::SecondFactor => "second_factor",
            PendingKind::PasskeyCreation => "passkey_creation",
            PendingKind::PasskeyUse => "passkey_use",
            PendingKind::Pairing => "pairing",
            PendingKind::Proof => "proof",
        }
    }
}

impl TryFrom<entity::Model> for Pending {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let browser_hash = row.browser_hash.map(<[u8; 32]>::try_from).transpose();
        Ok(Pending {
            user: row.user_id.map(UserId::from_uuid),
            session: row.session_id.map(SessionId::from_uuid),
            browser_hash: browser_hash.map_err(|_| StoreError::Unreadable("hash"))?,
            state: row.state,
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "pending_sign_ins")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Vec<u8>,
        pub kind: String,
        pub user_id: Option<Uuid>,
        pub session_id: Option<Uuid>,
        pub browser_hash: Option<Vec<u8>>,
        pub state: Vec<u8>,
        pub tries: i64,
        pub is_done: bool,
        pub created_at_ms: i64,
        pub expires_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
