//! Users' keys to the relay.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};
use serde::{Serialize, de::DeserializeOwned};
use thiserror::Error;
use waystation_ids::{KeyHash, KeyId, KeyPreview, KeyStatus, UserId, UserStatus};
use waystation_ledger::Budget;

use crate::audit_log::Audited;
use crate::budgets::{BudgetChange, Subject, list_budgets, set_budgets};
use crate::changes::{ChangeKind, record_change};
use crate::column_values::{read_count, read_json, write_count, write_json};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::users;

/// What keys are called whose person was removed.
const NAME_OF_NOBODYS: &str = "Deleted";

/// A user's key, without its secret, which is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key's id.
    pub id: KeyId,
    /// Whose key it is.
    pub user: UserId,
    /// What the user calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: KeyHash,
    /// Enough of the secret to tell the key from others.
    pub preview: String,
    /// Whether it opens the relay.
    pub status: KeyStatus,
    /// What calls with it may do.
    pub limits: KeyLimits,
    /// Its spending limits, those of its whole line of rotated keys.
    pub budgets: Vec<Budget>,
    /// When it was made, in unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last changed, in unix milliseconds.
    pub updated_at_ms: i64,
    /// When it was revoked, in unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// What calls with a key may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// From when on it is refused, in unix milliseconds.
    pub expires_at_ms: Option<i64>,
    /// The models it may ask for; none: all.
    pub allowed_models: Option<Vec<String>>,
    /// The networks it may be used from, in CIDR form; none: all.
    pub allowed_ips: Option<Vec<String>>,
    /// The most output tokens of a call.
    pub output_cap: Option<u64>,
    /// Whether answers carry what they cost.
    pub show_cost: bool,
}

/// A key to make.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The key's id.
    pub id: KeyId,
    /// Whose key it is.
    pub user: UserId,
    /// What the user calls it, at most 128 characters.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: KeyHash,
    /// Enough of the secret to tell the key from others.
    pub preview: KeyPreview,
    /// What calls with it may do.
    pub limits: KeyLimits,
    /// Its spending limits.
    pub budgets: Vec<BudgetChange>,
}

/// What to change about a key; what is none stays. The inner none takes a limit away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUpdate {
    /// What the user calls it.
    pub name: Option<String>,
    /// Disable it, or make it active again.
    pub active: Option<bool>,
    /// From when on it is refused.
    pub expires_at_ms: Option<Option<i64>>,
    /// The models it may ask for.
    pub allowed_models: Option<Option<Vec<String>>>,
    /// The networks it may be used from.
    pub allowed_ips: Option<Option<Vec<String>>>,
    /// The most output tokens of a call.
    pub output_cap: Option<Option<u64>>,
    /// Whether answers carry what they cost.
    pub show_cost: Option<bool>,
    /// Spending limits to set or take away.
    pub budgets: Vec<BudgetChange>,
}

/// The key that takes the place of another.
#[derive(Clone, Debug)]
pub struct KeyRotation {
    /// The new key's id.
    pub id: KeyId,
    /// SHA-256 of the new secret.
    pub hash: KeyHash,
    /// Enough of the new secret to tell the key from others.
    pub preview: KeyPreview,
    /// How long the old key is still accepted; 0 revokes it at once.
    pub grace_ms: i64,
}

/// What a key allows its holder: all that admission needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// Whose key it is.
    pub user: UserId,
    /// The key.
    pub key: KeyId,
    /// What calls with it may do.
    pub limits: KeyLimits,
    /// The limits that its calls count against: the key's and the user's.
    pub budgets: Vec<Budget>,
    /// Which group of channels serves the user's calls; none: the default one.
    pub channel_group: Option<String>,
}

/// Why a key was not changed.
#[derive(Debug, Error)]
pub enum ChangeKeyError {
    /// A revoked key stays as it is.
    #[error("the key is revoked")]
    Revoked,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for ChangeKeyError {
    fn from(error: DbErr) -> Self {
        ChangeKeyError::Store(error.into())
    }
}

impl Store {
    /// Makes a key.
    pub async fn create_key(&self, key: &NewKey, audit: &Audited<Key>) -> Result<Key, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // Locked, so that a key is not made beside a change that would have forbidden it.
            users::entity::Entity::find_by_id(key.user.uuid())
                .filter(users::entity::Column::DeletedAtMs.is_null())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("user"))?;
            let key = insert_new_key(&transaction, key).await?;
            audit.append(&transaction, None, Some(&key)).await?;
            transaction.commit().await?;
            Ok(key)
        })
        .await
    }

    /// A user's keys, the newest first, from the one after `after` on; at most `limit`.
    pub async fn list_keys(
        &self,
        user: UserId,
        after: Option<KeyId>,
        limit: u64,
    ) -> Result<Vec<Key>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.eq(user.uuid()))
            .filter(Condition::all().add_option(after.map(|id| entity::Column::Id.lt(id.uuid()))))
            .order_by_desc(entity::Column::Id)
            .limit(limit)
            .all(self.reader())
            .await?;
        let subjects: Vec<Subject> = rows.iter().map(|row| Subject::Key(row.lineage_id)).collect();
        let budgets = list_budgets(self.reader(), &subjects).await?;
        rows.into_iter()
            .map(|row| {
                let of_line = budgets.get(&Subject::Key(row.lineage_id)).cloned().unwrap_or_default();
                read_key(row, of_line)
            })
            .collect()
    }

    /// One of a user's keys.
    pub async fn load_key(&self, user: UserId, id: KeyId) -> Result<Key, StoreError> {
        let row = entity::Entity::find_by_id(id.uuid())
            .filter(entity::Column::UserId.eq(user.uuid()))
            .one(self.reader())
            .await?
            .ok_or(StoreError::Missing("key"))?;
        with_budgets(self.reader(), row).await
    }

    /// What the key with this hash allows, if it and its user are active. Its expiry is for the caller to judge,
    /// as the answer may be kept for a while.
    pub async fn load_key_holder(&self, hash: &KeyHash) -> Result<Option<KeyHolder>, StoreError> {
        let found = entity::Entity::find()
            .find_also_related(users::entity::Entity)
            .filter(entity::Column::Hash.eq(hash.as_bytes().to_vec()))
            .filter(entity::Column::Status.eq(KeyStatus::Active.name()))
            .filter(users::entity::Column::Status.eq(UserStatus::Active.name()))
            .one(self.reader())
            .await?;
        let Some((row, Some(user))) = found else {
            return Ok(None);
        };
        let subjects = [Subject::Key(row.lineage_id), Subject::User(row.user_id)];
        let budgets = list_budgets(self.reader(), &subjects).await?.into_values().flatten().collect();
        Ok(Some(KeyHolder {
            user: UserId::from_uuid(row.user_id),
            key: KeyId::from_uuid(row.id),
            limits: read_limits(&row)?,
            budgets,
            channel_group: user.channel_group,
        }))
    }

    /// Changes one of a user's keys.
    pub async fn update_key(
        &self,
        user: UserId,
        id: KeyId,
        update: &KeyUpdate,
        audit: &Audited<Key>,
    ) -> Result<Key, ChangeKeyError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_key(&transaction, user, id).await?;
            if row.status == KeyStatus::Revoked.name() {
                return Err(ChangeKeyError::Revoked);
            }
            let before = with_budgets(&transaction, row.clone()).await?;
            let status =
                update.active.map(|active| if active { KeyStatus::Active } else { KeyStatus::Disabled });
            let changed = entity::Model {
                name: update.name.clone().unwrap_or(row.name),
                status: status.map_or(row.status, |status| status.name().to_owned()),
                expires_at_ms: update.expires_at_ms.unwrap_or(row.expires_at_ms),
                allowed_models: match &update.allowed_models {
                    Some(models) => write_list(models.as_ref())?,
                    None => row.allowed_models,
                },
                allowed_ips: match &update.allowed_ips {
                    Some(networks) => write_list(networks.as_ref())?,
                    None => row.allowed_ips,
                },
                output_cap: update.output_cap.map_or(row.output_cap, |cap| cap.map(write_count)),
                show_cost: update.show_cost.unwrap_or(row.show_cost),
                updated_at_ms: database_time_ms(&transaction).await?,
                ..row
            };
            save_key(&transaction, changed.clone()).await?;
            set_budgets(&transaction, Subject::Key(changed.lineage_id), &update.budgets).await?;
            let key = with_budgets(&transaction, changed).await?;
            audit.append(&transaction, Some(&before), Some(&key)).await?;
            transaction.commit().await?;
            Ok(key)
        })
        .await
    }

    /// Revokes one of a user's keys for good. A key that is revoked already stays as it is.
    pub async fn revoke_key(&self, user: UserId, id: KeyId, audit: &Audited<Key>) -> Result<Key, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_key(&transaction, user, id).await?;
            let before = with_budgets(&transaction, row.clone()).await?;
            if before.status == KeyStatus::Revoked {
                return Ok(before);
            }
            let revoked = revoked(row, database_time_ms(&transaction).await?);
            save_key(&transaction, revoked.clone()).await?;
            let key = with_budgets(&transaction, revoked).await?;
            audit.append(&transaction, Some(&before), Some(&key)).await?;
            transaction.commit().await?;
            Ok(key)
        })
        .await
    }

    /// Makes a key that takes the place of one of the user's, with its name, limits and budgets, and gives both:
    /// the old one, then the new one.
    pub async fn rotate_key(
        &self,
        user: UserId,
        id: KeyId,
        rotation: &KeyRotation,
        audit: &Audited<Key>,
    ) -> Result<(Key, Key), ChangeKeyError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_key(&transaction, user, id).await?;
            if row.status == KeyStatus::Revoked.name() {
                return Err(ChangeKeyError::Revoked);
            }
            let before = with_budgets(&transaction, row.clone()).await?;
            let now_ms = database_time_ms(&transaction).await?;
            let new = entity::Model {
                id: rotation.id.uuid(),
                hash: rotation.hash.as_bytes().to_vec(),
                preview: rotation.preview.as_str().to_owned(),
                created_at_ms: now_ms,
                updated_at_ms: now_ms,
                ..row.clone()
            };
            let old = if rotation.grace_ms > 0 {
                let end_ms = now_ms.saturating_add(rotation.grace_ms);
                let expires_at_ms = Some(row.expires_at_ms.map_or(end_ms, |expiry| expiry.min(end_ms)));
                entity::Model { expires_at_ms, updated_at_ms: now_ms, ..row }
            } else {
                revoked(row, now_ms)
            };
            save_key(&transaction, old.clone()).await?;
            insert_key(&transaction, new.clone()).await?;
            let (old, new) = (with_budgets(&transaction, old).await?, with_budgets(&transaction, new).await?);
            audit.append(&transaction, Some(&before), Some(&new)).await?;
            transaction.commit().await?;
            Ok((old, new))
        })
        .await
    }
}

/// Makes a key within the transaction that makes it possible; the user's row is locked there.
pub(crate) async fn insert_new_key(transaction: &Transaction, key: &NewKey) -> Result<Key, StoreError> {
    let now_ms = database_time_ms(transaction).await?;
    let row = entity::Model {
        id: key.id.uuid(),
        user_id: key.user.uuid(),
        lineage_id: key.id.uuid(),
        name: key.name.clone(),
        hash: key.hash.as_bytes().to_vec(),
        preview: key.preview.as_str().to_owned(),
        status: KeyStatus::Active.name().to_owned(),
        expires_at_ms: key.limits.expires_at_ms,
        allowed_models: write_list(key.limits.allowed_models.as_ref())?,
        allowed_ips: write_list(key.limits.allowed_ips.as_ref())?,
        output_cap: key.limits.output_cap.map(write_count),
        show_cost: key.limits.show_cost,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        revoked_at_ms: None,
    };
    insert_key(transaction, row.clone()).await?;
    set_budgets(transaction, Subject::Key(row.lineage_id), &key.budgets).await?;
    with_budgets(transaction, row).await
}

/// Revokes every key of a user who is removed, and forgets what told of the person.
pub(crate) async fn revoke_all_keys(
    transaction: &Transaction,
    user: UserId,
    now_ms: i64,
) -> Result<(), DbErr> {
    let rows = entity::Entity::find()
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::Status.ne(KeyStatus::Revoked.name()))
        .order_by_asc(entity::Column::Id)
        .lock_exclusive()
        .all(transaction)
        .await?;
    for row in rows {
        save_key(transaction, revoked(row, now_ms)).await?;
    }
    // What somebody called a key, and where it was used from, tells of the person.
    entity::Entity::update_many()
        .col_expr(entity::Column::Name, Expr::value(NAME_OF_NOBODYS))
        .col_expr(entity::Column::AllowedIps, Expr::value(None::<String>))
        .filter(entity::Column::UserId.eq(user.uuid()))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn lock_key(transaction: &Transaction, user: UserId, id: KeyId) -> Result<entity::Model, StoreError> {
    entity::Entity::find_by_id(id.uuid())
        .filter(entity::Column::UserId.eq(user.uuid()))
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or(StoreError::Missing("key"))
}

async fn insert_key(transaction: &Transaction, row: entity::Model) -> Result<(), DbErr> {
    let id = KeyId::from_uuid(row.id);
    entity::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    record_change(transaction, ChangeKind::Key, &id.to_string()).await
}

async fn save_key(transaction: &Transaction, row: entity::Model) -> Result<(), DbErr> {
    let id = KeyId::from_uuid(row.id);
    entity::Entity::update(row.into_active_model().reset_all()).exec_without_returning(transaction).await?;
    record_change(transaction, ChangeKind::Key, &id.to_string()).await
}

fn revoked(row: entity::Model, now_ms: i64) -> entity::Model {
    entity::Model {
        status: KeyStatus::Revoked.name().to_owned(),
        revoked_at_ms: Some(now_ms),
        updated_at_ms: now_ms,
        ..row
    }
}

async fn with_budgets(
    connection: &impl sea_orm::ConnectionTrait,
    row: entity::Model,
) -> Result<Key, StoreError> {
    let subject = Subject::Key(row.lineage_id);
    let budgets = list_budgets(connection, &[subject]).await?.remove(&subject).unwrap_or_default();
    read_key(row, budgets)
}

fn read_key(row: entity::Model, budgets: Vec<Budget>) -> Result<Key, StoreError> {
    let hash = <[u8; 32]>::try_from(row.hash.as_slice()).map_err(|_| StoreError::Unreadable("key hash"))?;
    Ok(Key {
        id: KeyId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        limits: read_limits(&row)?,
        name: row.name,
        hash: KeyHash::from_bytes(hash),
        preview: row.preview,
        status: KeyStatus::from_name(&row.status).ok_or(StoreError::Unreadable("key status"))?,
        budgets,
        created_at_ms: row.created_at_ms,
        updated_at_ms: row.updated_at_ms,
        revoked_at_ms: row.revoked_at_ms,
    })
}

fn read_limits(row: &entity::Model) -> Result<KeyLimits, StoreError> {
    Ok(KeyLimits {
        expires_at_ms: row.expires_at_ms,
        allowed_models: read_list(row.allowed_models.as_deref())?,
        allowed_ips: read_list(row.allowed_ips.as_deref())?,
        output_cap: row.output_cap.map(|cap| read_count(cap, "output cap")).transpose()?,
        show_cost: row.show_cost,
    })
}

/// A list that cannot be read is an error and never "all".
fn read_list<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<Vec<T>>, StoreError> {
    text.map(|text| read_json(text, "list of a key")).transpose()
}

fn write_list<T: Serialize>(list: Option<&Vec<T>>) -> Result<Option<String>, StoreError> {
    list.map(write_json).transpose()
}

pub(crate) mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Related, RelationDef, RelationTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "keys")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub lineage_id: Uuid,
        pub name: String,
        pub hash: Vec<u8>,
        pub preview: String,
        pub status: String,
        pub expires_at_ms: Option<i64>,
        pub allowed_models: Option<String>,
        pub allowed_ips: Option<String>,
        pub output_cap: Option<i64>,
        pub show_cost: bool,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
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
