//! Links that were mailed, each known by the hash of its token, and how many a person is mailed.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};
use waystation_ids::{Email, UserId, UserStatus};

use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::users::find_locked_user;

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// What a mail to a person is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkPurpose {
    /// Its link verifies the address.
    Verify,
    /// Its link resets the password.
    Reset,
    /// It says that somebody tried to register with the address. Its link is never taken.
    Registered,
}

/// A link to remember.
#[derive(Clone)]
pub struct NewMailedLink {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What the mail is for.
    pub purpose: LinkPurpose,
    /// Whom it goes to.
    pub user: UserId,
    /// The address it goes to. A person who has another one by then is not mailed.
    pub email: Email,
    /// How long the link can be used, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

/// How many mails a person gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailLimits {
    /// In an hour, for one purpose.
    pub per_purpose: u64,
    /// In an hour, in all.
    pub per_person: u64,
}

impl Store {
    /// Remembers a link, unless the person has been mailed too often within the last hour, is disabled, or has another
    /// address; says whether it was remembered, so that the mail may go out.
    pub async fn create_mailed_link(
        &self,
        link: &NewMailedLink,
        limits: MailLimits,
    ) -> Result<bool, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // Locked, so that mails asked for at once are counted one after the other.
            let Some(person) = find_locked_user(&transaction, link.user).await? else { return Ok(false) };
            if person.status != UserStatus::Active.name() || person.email != link.email.as_str() {
                return Ok(false);
            }
            let now_ms = database_time_ms(&transaction).await?;
            if is_mailed_too_often(&transaction, link, limits, now_ms).await? {
                return Ok(false);
            }
            insert_link(&transaction, link, now_ms).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Whose link it is and the address it went to, if it could be taken now. Nothing is taken.
    pub async fn load_mailed_link(
        &self,
        hash: &[u8; 32],
        purpose: LinkPurpose,
    ) -> Result<Option<(UserId, Email)>, StoreError> {
        let Some(row) = entity::Entity::find_by_id(hash.to_vec()).one(self.reader()).await? else {
            return Ok(None);
        };
        let now_ms = self.now_ms().await?;
        if !row.is_open(purpose, now_ms) {
            return Ok(None);
        }
        let email = row.email.parse().map_err(|_| StoreError::Unreadable("email"))?;
        Ok(Some((UserId::from_uuid(row.user_id), email)))
    }

    /// Forgets links that can no longer be used and count no longer; at most so many at once. Gives how many there were.
    pub async fn prune_mailed_links(&self, limit: u64) -> Result<u64, StoreError> {
        let now_ms = self.now_ms().await?;
        let old: Vec<Vec<u8>> = entity::Entity::find()
            .select_only()
            .column(entity::Column::Hash)
            .filter(entity::Column::ExpiresAtMs.lt(now_ms.saturating_sub(HOUR_MS)))
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
}

/// Remembers a link, however many there are.
pub(crate) async fn insert_link(
    transaction: &Transaction,
    link: &NewMailedLink,
    now_ms: i64,
) -> Result<(), StoreError> {
    let row = entity::Model {
        hash: link.hash.to_vec(),
        purpose: link.purpose.name().to_owned(),
        user_id: link.user.uuid(),
        email: link.email.as_str().to_owned(),
        created_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add(link.lasts_ms),
        used_at_ms: None,
    };
    entity::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}

async fn is_mailed_too_often(
    transaction: &Transaction,
    link: &NewMailedLink,
    limits: MailLimits,
    now_ms: i64,
) -> Result<bool, StoreError> {
    let lately = || {
        entity::Entity::find()
            .filter(entity::Column::UserId.eq(link.user.uuid()))
            .filter(entity::Column::CreatedAtMs.gt(now_ms.saturating_sub(HOUR_MS)))
    };
    if lately().count(transaction).await? >= limits.per_person {
        return Ok(true);
    }
    let alike = lately().filter(entity::Column::Purpose.eq(link.purpose.name())).count(transaction).await?;
    Ok(alike >= limits.per_purpose)
}

/// Whose link it is and the address it went to, unlocked: what is locked before the link itself.
pub(crate) async fn find_link(
    transaction: &Transaction,
    hash: &[u8; 32],
    purpose: LinkPurpose,
) -> Result<Option<(UserId, String)>, StoreError> {
    let row = entity::Entity::find_by_id(hash.to_vec())
        .filter(entity::Column::Purpose.eq(purpose.name()))
        .one(transaction)
        .await?;
    Ok(row.map(|row| (UserId::from_uuid(row.user_id), row.email)))
}

/// Takes a link: of all who ask for it, one gets it. Gives the address it went to.
pub(crate) async fn take_link(
    transaction: &Transaction,
    hash: &[u8; 32],
    purpose: LinkPurpose,
) -> Result<Option<String>, StoreError> {
    let row = entity::Entity::find_by_id(hash.to_vec()).lock_exclusive().one(transaction).await?;
    let now_ms = database_time_ms(transaction).await?;
    let Some(row) = row.filter(|row| row.is_open(purpose, now_ms)) else { return Ok(None) };
    let used =
        entity::ActiveModel { hash: Set(row.hash), used_at_ms: Set(Some(now_ms)), ..Default::default() };
    entity::Entity::update(used).exec_without_returning(transaction).await?;
    Ok(Some(row.email))
}

/// No link of this purpose can be taken any more. They count as mailed all the same.
pub(crate) async fn close_links(
    transaction: &Transaction,
    user: UserId,
    purpose: LinkPurpose,
    now_ms: i64,
) -> Result<(), StoreError> {
    entity::Entity::update_many()
        .col_expr(entity::Column::UsedAtMs, Expr::value(now_ms))
        .filter(entity::Column::UserId.eq(user.uuid()))
        .filter(entity::Column::Purpose.eq(purpose.name()))
        .filter(entity::Column::UsedAtMs.is_null())
        .exec(transaction)
        .await?;
    Ok(())
}

impl LinkPurpose {
    /// The stable name used in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            LinkPurpose::Verify => "verify",
            LinkPurpose::Reset => "reset",
            LinkPurpose::Registered => "registered",
        }
    }
}

impl entity::Model {
    fn is_open(&self, purpose: LinkPurpose, now_ms: i64) -> bool {
        self.purpose == purpose.name() && self.used_at_ms.is_none() && self.expires_at_ms > now_ms
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "mailed_links")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub hash: Vec<u8>,
        pub purpose: String,
        pub user_id: Uuid,
        pub email: String,
        pub created_at_ms: i64,
        pub expires_at_ms: i64,
        pub used_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
