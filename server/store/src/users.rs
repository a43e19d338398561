//! People who sign in or are paid for.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use thiserror::Error;
use waystation_ids::{AccountId, Email, Role, UserId, UserStatus, Username};

use crate::accounts::open_cash_account;
use crate::audit_log::{AuditEntry, Audited, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::column_values::read_count;
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::identities::{NewIdentity, insert_identity};
use crate::mailed_links::{LinkPurpose, close_links};
use crate::pending_sign_ins::end_pending_of;
use crate::sessions::end_sessions;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The person's id.
    pub id: UserId,
    /// The address, unique on the site.
    pub email: Email,
    /// The name to sign in with, unique on the site.
    pub username: Option<Username>,
    /// What the person is called.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Whether the person may do anything at all.
    pub status: UserStatus,
    /// Which group of channels serves the person's calls; none: the default one.
    pub channel_group: Option<String>,
    /// The language of mails, such as zh-CN; none: the site's.
    pub locale: Option<String>,
    /// When the person was shown to hold the address, in unix milliseconds.
    pub email_verified_at_ms: Option<i64>,
    /// Made by demo mode.
    pub is_demo: bool,
    /// When the person was entered, in unix milliseconds.
    pub created_at_ms: i64,
    /// When the person was last changed, in unix milliseconds.
    pub updated_at_ms: i64,
}

/// A person to enter.
#[derive(Clone)]
pub struct NewUser {
    /// The person's id.
    pub id: UserId,
    /// The id of the cash account that is opened with the person.
    pub cash_account: AccountId,
    /// The address.
    pub email: Email,
    /// The name to sign in with.
    pub username: Option<Username>,
    /// What the person is called, at most 128 characters.
    pub display_name: String,
    /// What the person may do.
    pub role: Role,
    /// Argon2id in PHC form; none: no sign-in by password.
    pub password_hash: Option<String>,
    /// Made by demo mode.
    pub is_demo: bool,
    /// The account with an identity provider by which the person came.
    pub identity: Option<NewIdentity>,
}

/// What to change about a person; what is none stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserUpdate {
    /// The address. Another one is not verified, and ends all sessions.
    pub email: Option<Email>,
    /// The name to sign in with; `Some(None)` takes it away.
    pub username: Option<Option<Username>>,
    /// What the person is called.
    pub display_name: Option<String>,
    /// Whether the person may do anything at all.
    pub status: Option<UserStatus>,
    /// What the person may do.
    pub role: Option<Role>,
    /// Which group of channels serves the person's calls; `Some(None)`: the default one.
    pub channel_group: Option<Option<String>>,
}

/// What people change about themselves; what is none stays. The inner none takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnUpdate {
    /// What the person is called.
    pub display_name: Option<String>,
    /// The name to sign in with.
    pub username: Option<Option<Username>>,
    /// The language of mails.
    pub locale: Option<Option<String>>,
}

/// Why a person was not changed.
#[derive(Debug, Error)]
pub enum UpdateUserError {
    /// The site would be left without an active owner.
    #[error("the last owner stays an active owner")]
    LastOwner,
    /// The person's role is not the one that the caller decided upon; look again.
    #[error("the user's role has changed meanwhile")]
    RoleChanged,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DbErr> for UpdateUserError {
    fn from(error: DbErr) -> Self {
        UpdateUserError::Store(error.into())
    }
}

impl Store {
    /// Enters a person and opens the cash account.
    pub async fn create_user(&self, user: &NewUser, audit: &Audited<User>) -> Result<User, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let entered = insert_user(&transaction, user).await?;
            audit.append(&transaction, None, Some(&entered)).await?;
            transaction.commit().await?;
            Ok(entered)
        })
        .await
    }

    /// A person.
    pub async fn load_user(&self, id: UserId) -> Result<User, StoreError> {
        entity::Entity::find_by_id(id.uuid())
            .filter(entity::Column::DeletedAtMs.is_null())
            .one(self.reader())
            .await?
            .ok_or(StoreError::Missing("user"))
            .and_then(User::try_from)
    }

    /// The person with this address.
    pub async fn load_user_by_email(&self, email: &Email) -> Result<User, StoreError> {
        entity::Entity::find()
            .filter(entity::Column::Email.eq(email.as_str()))
            .filter(entity::Column::DeletedAtMs.is_null())
            .one(self.reader())
            .await?
            .ok_or(StoreError::Missing("user"))
            .and_then(User::try_from)
    }

    /// Changes a person whose role is `expected_role`: whoever decided that the change is allowed did so by that.
    /// [`StoreError::Taken`] where another has the address or the username.
    pub async fn update_user(
        &self,
        id: UserId,
        expected_role: Role,
        update: &UserUpdate,
        audit: &Audited<User>,
    ) -> Result<User, UpdateUserError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let (row, owners) = lock_user_of_role(&transaction, id, expected_role).await?;
            let before = User::try_from(row.clone())?;
            let ends_ownership = update.role.is_some_and(|role| role != Role::Owner)
                || update.status.is_some_and(|status| status != UserStatus::Active);
            if ends_ownership && owners == [row.id] {
                return Err(UpdateUserError::LastOwner);
            }
            let has_other_email = update.email.as_ref().is_some_and(|email| *email != before.email);
            let changed = entity::Model {
                email: update.email.as_ref().map_or(row.email, |email| email.as_str().to_owned()),
                email_verified_at_ms: row.email_verified_at_ms.filter(|_| !has_other_email),
                username: match &update.username {
                    Some(username) => username.as_ref().map(|name| name.as_str().to_owned()),
                    None => row.username,
                },
                // Whoever was given a name, or lost it, is not given another one later.
                wanted_username: row.wanted_username.filter(|_| update.username.is_none()),
                display_name: update.display_name.clone().unwrap_or(row.display_name),
                status: update.status.map_or(row.status, |status| status.name().to_owned()),
                role: update.role.map_or(row.role, |role| role.name().to_owned()),
                channel_group: update.channel_group.clone().unwrap_or(row.channel_group),
                updated_at_ms: database_time_ms(&transaction).await?,
                ..row
            };
            entity::Entity::update(changed.clone().into_active_model().reset_all())
                .exec_without_returning(&transaction)
                .await
                .map_err(taken_name)?;
            if has_other_email {
                // Whoever reads the mails that went to the address before has nothing to do with the account now.
                for purpose in [LinkPurpose::Verify, LinkPurpose::Reset] {
                    close_links(&transaction, id, purpose, changed.updated_at_ms).await?;
                }
                end_pending_of(&transaction, id).await?;
            }
            let is_other_role = changed.role != before.role.name();
            if changed.status != UserStatus::Active.name() || is_other_role || has_other_email {
                // For good: who is let in again, or may do other things now, signs in again.
                end_sessions(&transaction, id, changed.updated_at_ms).await?;
            }
            record_change(&transaction, ChangeKind::User, &id.to_string()).await?;
            let changed = User::try_from(changed)?;
            audit.append(&transaction, Some(&before), Some(&changed)).await?;
            transaction.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Changes what people may change about themselves. [`StoreError::Taken`] where another has the username.
    pub async fn update_own_user(
        &self,
        id: UserId,
        update: &OwnUpdate,
        audit: &Audited<User>,
    ) -> Result<User, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::Entity::find_by_id(id.uuid())
                .filter(entity::Column::DeletedAtMs.is_null())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("user"))?;
            let before = User::try_from(row.clone())?;
            let changed = entity::Model {
                display_name: update.display_name.clone().unwrap_or(row.display_name),
                username: match &update.username {
                    Some(username) => username.as_ref().map(|name| name.as_str().to_owned()),
                    None => row.username,
                },
                locale: update.locale.clone().unwrap_or(row.locale),
                updated_at_ms: database_time_ms(&transaction).await?,
                ..row
            };
            entity::Entity::update(changed.clone().into_active_model().reset_all())
                .exec_without_returning(&transaction)
                .await
                .map_err(taken_name)?;
            record_change(&transaction, ChangeKind::User, &id.to_string()).await?;
            let changed = User::try_from(changed)?;
            audit.append(&transaction, Some(&before), Some(&changed)).await?;
            transaction.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// The hash of a person's password, in PHC form; none: no sign-in by password.
    pub async fn load_password_hash(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let row = entity::Entity::find_by_id(user.uuid()).one(self.reader()).await?;
        row.map(|row| row.password_hash).ok_or(StoreError::Missing("user"))
    }

    /// Sets a person's password, whatever it was; ends all sessions, and whatever of a sign-in is under way.
    pub async fn set_password(
        &self,
        user: UserId,
        new_hash: &str,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            lock_user(&transaction, user).await?;
            let now_ms = database_time_ms(&transaction).await?;
            let changed = entity::ActiveModel {
                id: Set(user.uuid()),
                password_hash: Set(Some(new_hash.to_owned())),
                password_changed_at_ms: Set(Some(now_ms)),
                updated_at_ms: Set(now_ms),
                ..Default::default()
            };
            entity::Entity::update(changed).exec_without_returning(&transaction).await?;
            close_links(&transaction, user, LinkPurpose::Reset, now_ms).await?;
            end_pending_of(&transaction, user).await?;
            end_sessions(&transaction, user, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, audit).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// How many people have each role; a role that nobody has is left out.
    pub async fn count_users_by_role(&self) -> Result<HashMap<Role, u64>, StoreError> {
        let rows: Vec<(String, i64)> = entity::Entity::find()
            .select_only()
            .column(entity::Column::Role)
            .column_as(entity::Column::Id.count(), "people")
            .filter(entity::Column::DeletedAtMs.is_null())
            .group_by(entity::Column::Role)
            .into_tuple()
            .all(self.reader())
            .await?;
        rows.into_iter()
            .map(|(role, people)| {
                let role = Role::from_name(&role).ok_or(StoreError::Unreadable("role"))?;
                Ok((role, read_count(people, "user")?))
            })
            .collect()
    }

    /// Whether the site has an owner, active or not: before that only setting up is possible.
    pub async fn has_owner(&self) -> Result<bool, StoreError> {
        let owners = entity::Entity::find()
            .filter(entity::Column::Role.eq(Role::Owner.name()))
            .limit(1)
            .count(self.reader());
        Ok(owners.await? > 0)
    }
}

/// A person's row, locked until the transaction ends: what changes how somebody signs in goes one after the other.
pub(crate) async fn lock_user(transaction: &Transaction, user: UserId) -> Result<entity::Model, StoreError> {
    find_locked_user(transaction, user).await?.ok_or(StoreError::Missing("user"))
}

/// The same, where there may be nobody.
pub(crate) async fn find_locked_user(
    transaction: &Transaction,
    user: UserId,
) -> Result<Option<entity::Model>, StoreError> {
    Ok(entity::Entity::find_by_id(user.uuid()).lock_exclusive().one(transaction).await?)
}

/// Locks an active user, so that nothing is made for somebody beside the change that disables that person.
pub(crate) async fn lock_active_user(transaction: &Transaction, user: UserId) -> Result<(), StoreError> {
    entity::Entity::find_by_id(user.uuid())
        .filter(entity::Column::Status.eq(UserStatus::Active.name()))
        .lock_exclusive()
        .one(transaction)
        .await?
        .map(drop)
        .ok_or(StoreError::Missing("user"))
}

/// Enters a person within the transaction of whatever comes with it, and opens the cash account.
pub(crate) async fn insert_user(transaction: &Transaction, user: &NewUser) -> Result<User, StoreError> {
    let now_ms = database_time_ms(transaction).await?;
    let row = entity::Model {
        id: user.id.uuid(),
        email: user.email.as_str().to_owned(),
        username: user.username.as_ref().map(|name| name.as_str().to_owned()),
        display_name: user.display_name.clone(),
        role: user.role.name().to_owned(),
        status: UserStatus::Active.name().to_owned(),
        password_hash: user.password_hash.clone(),
        channel_group: None,
        is_demo: user.is_demo,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        email_verified_at_ms: None,
        password_changed_at_ms: None,
        registered_at_ms: None,
        wanted_username: None,
        promised_gift_nanos: None,
        locale: None,
        deleted_at_ms: None,
    };
    entity::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(transaction)
        .await
        .map_err(taken_name)?;
    open_cash_account(transaction, user.cash_account, user.id, now_ms).await?;
    if let Some(identity) = &user.identity {
        insert_identity(transaction, user.id, identity, now_ms).await?;
    }
    record_change(transaction, ChangeKind::User, &user.id.to_string()).await?;
    User::try_from(row)
}

/// Locks a person whose role is `expected_role`, and before that every active owner if it is an owner's: two owners
/// who act on each other wait instead of dead-locking.
pub(crate) async fn lock_user_of_role(
    transaction: &Transaction,
    id: UserId,
    expected_role: Role,
) -> Result<(entity::Model, Vec<sea_orm::prelude::Uuid>), UpdateUserError> {
    let owners =
        if expected_role == Role::Owner { lock_active_owners(transaction).await? } else { Vec::new() };
    let row = entity::Entity::find_by_id(id.uuid())
        .filter(entity::Column::DeletedAtMs.is_null())
        .lock_exclusive()
        .one(transaction)
        .await?
        .ok_or(StoreError::Missing("user"))?;
    if row.role != expected_role.name() {
        return Err(UpdateUserError::RoleChanged);
    }
    Ok((row, owners))
}

/// The ids of all active owners, locked until the transaction ends.
async fn lock_active_owners(transaction: &Transaction) -> Result<Vec<sea_orm::prelude::Uuid>, DbErr> {
    entity::Entity::find()
        .select_only()
        .column(entity::Column::Id)
        .filter(entity::Column::Role.eq(Role::Owner.name()))
        .filter(entity::Column::Status.eq(UserStatus::Active.name()))
        .order_by_asc(entity::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(transaction)
        .await
}

/// Tells which of the two unique columns refused a new person.
fn taken_name(error: DbErr) -> StoreError {
    // MySQL quotes the refused value before it names the index, and that value is the caller's.
    let names_username = |message: &str| {
        message.rsplit_once("for key").map_or(message, |(_, index)| index).contains("username")
    };
    let field = match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(message)) if names_username(&message) => "username",
        _ => "email",
    };
    StoreError::taken(error, field)
}

impl TryFrom<entity::Model> for User {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(User {
            id: UserId::from_uuid(row.id),
            email: row.email.parse().map_err(|_| StoreError::Unreadable("email"))?,
            username: row
                .username
                .map(|name| name.parse())
                .transpose()
                .map_err(|_| StoreError::Unreadable("username"))?,
            display_name: row.display_name,
            role: Role::from_name(&row.role).ok_or(StoreError::Unreadable("role"))?,
            status: UserStatus::from_name(&row.status).ok_or(StoreError::Unreadable("status"))?,
            channel_group: row.channel_group,
            locale: row.locale,
            email_verified_at_ms: row.email_verified_at_ms,
            is_demo: row.is_demo,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        })
    }
}

pub(crate) mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub email: String,
        pub username: Option<String>,
        pub display_name: String,
        pub role: String,
        pub status: String,
        pub password_hash: Option<String>,
        pub channel_group: Option<String>,
        pub is_demo: bool,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
        pub email_verified_at_ms: Option<i64>,
        pub password_changed_at_ms: Option<i64>,
        pub registered_at_ms: Option<i64>,
        pub wanted_username: Option<String>,
        pub promised_gift_nanos: Option<i64>,
        pub locale: Option<String>,
        pub deleted_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
