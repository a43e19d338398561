//! Sign-ins that can be ended.

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid, sea_query::Expr,
};
use waystation_ids::{SessionId, UserId, UserStatus};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::first_keys::has_had_keys;
use crate::keys::{self, Key, NewKey};
use crate::users::{self, User, lock_active_user};

/// So many of a person's latest sessions tell which devices are known.
const SEEN_DEVICES_MAX: u64 = 500;

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
    /// SHA-256 of the secret that its cookie or refresh token carries; none where it has neither.
    pub secret_hash: Option<[u8; 32]>,
    /// What its user calls it.
    pub name: Option<String>,
    /// Where it was made from.
    pub client_ip: Option<String>,
    /// What made it, as it said itself.
    pub user_agent: Option<String>,
    /// How it was proved who signs in.
    pub proved_by: Option<String>,
    /// When it was made, in unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last known to be used, in unix milliseconds.
    pub last_used_at_ms: Option<i64>,
    /// When it ends by itself, in unix milliseconds.
    pub expires_at_ms: i64,
    /// When it was ended, in unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// A sign-in to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Who signs in.
    pub user: UserId,
    /// What makes it.
    pub kind: SessionKind,
    /// SHA-256 of the secret that its cookie or refresh token carries.
    pub secret_hash: Option<[u8; 32]>,
    /// What to call it, at most 64 characters.
    pub name: Option<String>,
    /// Where it is made from.
    pub client_ip: Option<String>,
    /// What makes it, as it says itself; at most 255 characters.
    pub user_agent: Option<String>,
    /// How it was proved who signs in; at most 64 characters.
    pub proved_by: Option<String>,
    /// How long it lasts, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

/// What goes with a sign-in, in its transaction.
#[derive(Clone)]
pub struct SignInRecord {
    /// What the audit log tells of it.
    pub entry: AuditEntry,
    /// The key that is made if it is the person's first sign-in, and what the audit log tells of that.
    pub first_key: Option<(NewKey, AuditEntry)>,
}

/// How long sessions go on when they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSpan {
    /// From the last use, in milliseconds.
    pub idle_ms: i64,
    /// From the beginning, in milliseconds.
    pub max_ms: i64,
}

/// What became of a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// The session has the new secret from now on.
    Rotated(Box<(Session, User)>),
    /// The secret was replaced a moment ago: two of its bearer's calls have crossed.
    JustRotated,
    /// The secret was replaced long ago, so somebody has a copy: the session is ended.
    Stolen(SessionId),
    /// There is no such session, it has ended, or its secret is another.
    Unknown,
}

/// A refresh.
#[derive(Clone, Debug)]
pub struct SessionRefresh {
    /// The session.
    pub id: SessionId,
    /// SHA-256 of the secret that was shown.
    pub shown_hash: [u8; 32],
    /// SHA-256 of the secret that takes its place.
    pub new_hash: [u8; 32],
    /// For how long after a replacement the old secret tells of crossed calls only, in milliseconds.
    pub grace_ms: i64,
    /// How long the session goes on.
    pub span: SessionSpan,
    /// What the audit log tells if the secret shows that it was copied.
    pub stolen: AuditEntry,
}

impl Store {
    /// Makes a session of an active user that nothing is written about: one of the server's own commands.
    pub async fn create_session(&self, session: &NewSession) -> Result<Session, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_active_user(&transaction, session.user).await?;
            let row = insert_session(&transaction, session).await?;
            transaction.commit().await?;
            Session::try_from(row)
        })
        .await
    }

    /// Makes a session of an active user who has signed in. Whoever has no key and never signed in before gets the
    /// first one.
    pub async fn create_sign_in(
        &self,
        session: &NewSession,
        record: &SignInRecord,
    ) -> Result<(Session, Option<Key>), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_active_user(&transaction, session.user).await?;
            let first_key = match &record.first_key {
                Some((key, entry)) if is_newcomer(&transaction, session.user).await? => {
                    Some((keys::insert_new_key(&transaction, key).await?, entry))
                }
                _ => None,
            };
            let row = insert_session(&transaction, session).await?;
            append_audit(&transaction, &record.entry).await?;
            if let Some((_, entry)) = &first_key {
                append_audit(&transaction, entry).await?;
            }
            transaction.commit().await?;
            Ok((Session::try_from(row)?, first_key.map(|(key, _)| key)))
        })
        .await
    }

    /// Whether a session's person had signed in before it, but never from its address by its program. It may be asked
    /// when further sessions have begun.
    pub async fn is_session_of_new_device(&self, id: SessionId) -> Result<bool, StoreError> {
        let own = entity::Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        let own = own.ok_or(StoreError::Missing("session"))?;
        let others: Vec<(Option<String>, Option<String>)> = entity::Entity::find()
            .select_only()
            .column(entity::Column::ClientIp)
            .column(entity::Column::UserAgent)
            .filter(entity::Column::UserId.eq(own.user_id))
            .filter(entity::Column::Id.lt(own.id))
            .filter(entity::Column::Kind.ne(SessionKind::Cli.name()))
            .order_by_desc(entity::Column::Id)
            .limit(SEEN_DEVICES_MAX)
            .into_tuple()
            .all(self.reader())
            .await?;
        let is_seen = others.contains(&(own.client_ip, own.user_agent));
        Ok(!others.is_empty() && !is_seen)
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

    /// A user's sessions that have not ended, the newest first, from the one after `after` on; at most `limit`.
    pub async fn list_sessions(
        &self,
        user: UserId,
        after: Option<SessionId>,
        limit: u64,
    ) -> Result<Vec<Session>, StoreError> {
        let now_ms = self.now_ms().await?;
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.eq(user.uuid()))
            .filter(entity::Column::RevokedAtMs.is_null())
            .filter(entity::Column::ExpiresAtMs.gt(now_ms))
            .filter(Condition::all().add_option(after.map(|id| entity::Column::Id.lt(id.uuid()))))
            .order_by_desc(entity::Column::Id)
            .limit(limit)
            .all(self.reader())
            .await?;
        rows.into_iter().map(Session::try_from).collect()
    }

    /// Notes that a session is used, so that it goes on. One that has ended stays so.
    pub async fn touch_session(&self, id: SessionId, span: Option<SessionSpan>) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(id.uuid()).lock_exclusive().one(&transaction).await?;
            let now_ms = database_time_ms(&transaction).await?;
            let Some(row) = row.filter(|row| is_open(row, now_ms)) else { return Ok(()) };
            let expires_at_ms = match span {
                Some(span) => row.expires_at_ms.max(span.end_ms(row.created_at_ms, now_ms)),
                None => row.expires_at_ms,
            };
            let used = entity::ActiveModel {
                id: Set(row.id),
                last_used_at_ms: Set(Some(now_ms)),
                expires_at_ms: Set(expires_at_ms),
                ..Default::default()
            };
            entity::Entity::update(used).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Gives a device's session a new secret in exchange for its own. The same exchange again, while its new secret
    /// is the session's, gives the same. A secret that was exchanged for another before ends the session: of its two
    /// bearers one is not whom it was given to.
    pub async fn refresh_session(&self, refresh: &SessionRefresh) -> Result<Rotation, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(refresh.id.uuid())
                .filter(entity::Column::Kind.eq(SessionKind::Device.name()))
                .lock_exclusive()
                .one(&transaction)
                .await?;
            let now_ms = database_time_ms(&transaction).await?;
            let Some(row) = row.filter(|row| is_open(row, now_ms)) else { return Ok(Rotation::Unknown) };
            if row.previous_hash.as_deref() == Some(&refresh.shown_hash[..]) {
                // The new secret comes about in one exchange only, so this is the same one: its answer was lost.
                if row.secret_hash.as_deref() == Some(&refresh.new_hash[..]) {
                    let user = find_active_user(&transaction, row.user_id).await?;
                    let Some(user) = user else { return Ok(Rotation::Unknown) };
                    return Ok(Rotation::Rotated(Box::new((Session::try_from(row)?, User::try_from(user)?))));
                }
                let replaced_ms = now_ms.saturating_sub(row.rotated_at_ms.unwrap_or(row.created_at_ms));
                if replaced_ms <= refresh.grace_ms {
                    return Ok(Rotation::JustRotated);
                }
                end_session(&transaction, &row, now_ms).await?;
                append_audit(&transaction, &refresh.stolen).await?;
                transaction.commit().await?;
                return Ok(Rotation::Stolen(refresh.id));
            }
            if row.secret_hash.as_deref() != Some(&refresh.shown_hash[..]) {
                return Ok(Rotation::Unknown);
            }
            let Some(user) = find_active_user(&transaction, row.user_id).await? else {
                return Ok(Rotation::Unknown);
            };
            let changed = entity::Model {
                previous_hash: row.secret_hash.clone(),
                secret_hash: Some(refresh.new_hash.to_vec()),
                rotated_at_ms: Some(now_ms),
                last_used_at_ms: Some(now_ms),
                expires_at_ms: row.expires_at_ms.max(refresh.span.end_ms(row.created_at_ms, now_ms)),
                ..row
            };
            entity::Entity::update(changed.clone().into_active_model().reset_all())
                .exec_without_returning(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(Rotation::Rotated(Box::new((Session::try_from(changed)?, User::try_from(user)?))))
        })
        .await
    }

    /// Ends one of a user's sessions. One that has ended already stays as it is, and nothing is written of it.
    pub async fn revoke_session(
        &self,
        user: UserId,
        id: SessionId,
        entry: &AuditEntry,
    ) -> Result<(), StoreError> {
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
            end_session(&transaction, &row, now_ms).await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Ends all of a user's sessions, but `kept` where one is to stay; every instance hears of it as a change of the
    /// user. Gives how many there were.
    pub async fn revoke_sessions(
        &self,
        user: UserId,
        kept: Option<SessionId>,
        entry: &AuditEntry,
    ) -> Result<u64, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let ended = match kept {
                Some(kept) => end_other_sessions(&transaction, user, kept, now_ms).await?,
                None => end_sessions(&transaction, user, now_ms).await?,
            };
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(ended)
        })
        .await
    }

    /// Forgets sessions that ended by themselves before `expired_before_ms`; at most so many at once. Gives how many
    /// there were.
    pub async fn prune_sessions(&self, expired_before_ms: i64, limit: u64) -> Result<u64, StoreError> {
        let old: Vec<sea_orm::prelude::Uuid> = entity::Entity::find()
            .select_only()
            .column(entity::Column::Id)
            .filter(entity::Column::ExpiresAtMs.lt(expired_before_ms))
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
                .filter(entity::Column::Id.is_in(old.clone()))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(pruned.rows_affected)
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

/// Whether a person has no key and has not signed in yet. What commands at the server did counts for nothing.
async fn is_newcomer(transaction: &Transaction, user: UserId) -> Result<bool, DbErr> {
    let sign_ins = entity::Entity::find()
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::Kind.ne(SessionKind::Cli.name()))
        .limit(1)
        .count(transaction)
        .await?;
    Ok(sign_ins == 0 && !has_had_keys(transaction, user).await?)
}

async fn insert_session(transaction: &Transaction, session: &NewSession) -> Result<entity::Model, DbErr> {
    let now_ms = database_time_ms(transaction).await?;
    let row = entity::Model {
        id: session.id.uuid(),
        user_id: session.user.uuid(),
        kind: session.kind.name().to_owned(),
        created_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(session.lasts_ms),
        revoked_at_ms: None,
        secret_hash: session.secret_hash.map(Vec::from),
        previous_hash: None,
        rotated_at_ms: None,
        last_used_at_ms: None,
        name: session.name.clone(),
        client_ip: session.client_ip.clone(),
        user_agent: session.user_agent.clone(),
        proved_by: session.proved_by.clone(),
    };
    entity::Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await?;
    Ok(row)
}

async fn end_session(transaction: &Transaction, row: &entity::Model, now_ms: i64) -> Result<(), DbErr> {
    let ended =
        entity::ActiveModel { id: Set(row.id), revoked_at_ms: Set(Some(now_ms)), ..Default::default() };
    entity::Entity::update(ended).exec_without_returning(transaction).await?;
    let id = SessionId::from_uuid(row.id);
    record_change(transaction, ChangeKind::Session, &id.to_string()).await
}

async fn find_active_user(
    transaction: &Transaction,
    id: Uuid,
) -> Result<Option<users::entity::Model>, DbErr> {
    users::entity::Entity::find_by_id(id)
        .filter(users::entity::Column::Status.eq(UserStatus::Active.name()))
        .one(transaction)
        .await
}

fn is_open(row: &entity::Model, now_ms: i64) -> bool {
    row.revoked_at_ms.is_none() && row.expires_at_ms > now_ms
}

impl SessionSpan {
    /// When a session ends by itself that is used at `now_ms`.
    fn end_ms(self, created_at_ms: i64, now_ms: i64) -> i64 {
        now_ms.saturating_add(self.idle_ms).min(created_at_ms.saturating_add(self.max_ms))
    }
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
        let secret_hash = row.secret_hash.map(<[u8; 32]>::try_from).transpose();
        Ok(Session {
            id: SessionId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            kind: SessionKind::from_name(&row.kind).ok_or(StoreError::Unreadable("session kind"))?,
            secret_hash: secret_hash.map_err(|_| StoreError::Unreadable("hash"))?,
            name: row.name,
            client_ip: row.client_ip,
            user_agent: row.user_agent,
            proved_by: row.proved_by,
            created_at_ms: row.created_at_ms,
            last_used_at_ms: row.last_used_at_ms,
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
        pub secret_hash: Option<Vec<u8>>,
        pub previous_hash: Option<Vec<u8>>,
        pub rotated_at_ms: Option<i64>,
        pub last_used_at_ms: Option<i64>,
        pub name: Option<String>,
        pub client_ip: Option<String>,
        pub user_agent: Option<String>,
        pub proved_by: Option<String>,
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
