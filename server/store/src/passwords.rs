//! What people sign in with by themselves: addresses that are verified, and hashes of passwords.

use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter,
};
use thiserror::Error;
use waystation_ids::{Email, SessionId, UserId, UserStatus, Username};

use crate::audit_log::{AuditEntry, append_audit};
use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::mailed_links::{LinkPurpose, close_links, take_link};
use crate::sessions::{end_other_sessions, end_sessions};
use crate::users::{entity, find_locked_user, lock_user};

/// What somebody is looked up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// By the person itself.
    Id(UserId),
    /// By the address.
    Email(Email),
    /// By the name to sign in with.
    Username(Username),
}

/// What a sign-in by password looks at. No Debug: the hash is not for the log.
#[derive(Clone)]
pub struct SignInFacts {
    /// Whose.
    pub user: UserId,
    /// The address.
    pub email: Email,
    /// Whether the person may do anything at all.
    pub status: UserStatus,
    /// Argon2id in PHC form; none: no sign-in by password.
    pub password_hash: Option<String>,
    /// Whether the person has shown to hold the address.
    pub is_email_verified: bool,
    /// Whether the person entered itself, so that nobody else vouches for the address.
    pub has_registered: bool,
    /// The language that the person wants mails in.
    pub locale: Option<String>,
    /// What the person was promised for registering and has not been given, in nano-USD.
    pub promised_gift_nanos: Option<i64>,
}

/// A new password of somebody who is signed in.
#[derive(Clone)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The hash that the old password was compared with.
    pub old_hash: String,
    /// The new hash.
    pub new_hash: String,
    /// The session that stays; all others end.
    pub session: SessionId,
}

/// Why a password was not changed.
#[derive(Debug, Error)]
pub enum ChangePasswordError {
    /// The password is another one by now.
    #[error("the password was changed meanwhile")]
    Changed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sea_orm::DbErr> for ChangePasswordError {
    fn from(error: sea_orm::DbErr) -> Self {
        ChangePasswordError::Store(error.into())
    }
}

impl Store {
    /// What a sign-in by password looks at; one statement, whether there is somebody or not.
    pub async fn load_sign_in_facts(&self, login: &Login) -> Result<Option<SignInFacts>, StoreError> {
        let condition = match login {
            Login::Id(id) => entity::Column::Id.eq(id.uuid()),
            Login::Email(email) => entity::Column::Email.eq(email.as_str()),
            Login::Username(name) => entity::Column::Username.eq(name.as_str()),
        };
        let row = entity::Entity::find().filter(condition).one(self.reader()).await?;
        row.map(SignInFacts::try_from).transpose()
    }

    /// Changes a password and ends the person's other sessions.
    pub async fn change_password(
        &self,
        change: &PasswordChange,
        entry: &AuditEntry,
    ) -> Result<(), ChangePasswordError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = lock_user(&transaction, change.user).await?;
            if row.password_hash.as_ref() != Some(&change.old_hash) {
                return Err(ChangePasswordError::Changed);
            }
            let now_ms = write_password(&transaction, &row, &change.new_hash).await?;
            end_other_sessions(&transaction, change.user, change.session, now_ms).await?;
            record_change(&transaction, ChangeKind::User, &change.user.to_string()).await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Writes another hash of the same password, provided that the old one still stands.
    pub async fn rehash_password(
        &self,
        user: UserId,
        old_hash: &str,
        new_hash: &str,
    ) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let Some(row) = find_locked_user(&transaction, user).await? else { return Ok(()) };
            if row.password_hash.as_deref() != Some(old_hash) {
                return Ok(());
            }
            let changed = entity::ActiveModel {
                id: Set(row.id),
                password_hash: Set(Some(new_hash.to_owned())),
                ..Default::default()
            };
            entity::Entity::update(changed).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// Takes a link that was mailed to reset a password, sets the password and ends every session. The address is
    /// verified by it too. None: the link is unknown, used, too old, or its person is disabled or has another address.
    pub async fn reset_password(
        &self,
        link: &[u8; 32],
        new_hash: &str,
        entry: impl Fn(UserId) -> AuditEntry,
    ) -> Result<Option<SignInFacts>, StoreError> {
        self.take_verifying_link(link, LinkPurpose::Reset, Some(new_hash), entry).await
    }

    /// Takes a link that was mailed to verify an address. None: as with [`Store::reset_password`].
    pub async fn verify_email(
        &self,
        link: &[u8; 32],
        entry: impl Fn(UserId) -> AuditEntry,
    ) -> Result<Option<SignInFacts>, StoreError> {
        self.take_verifying_link(link, LinkPurpose::Verify, None, entry).await
    }

    async fn take_verifying_link(
        &self,
        link: &[u8; 32],
        purpose: LinkPurpose,
        new_hash: Option<&str>,
        entry: impl Fn(UserId) -> AuditEntry,
    ) -> Result<Option<SignInFacts>, StoreError> {
        // Two may verify at once who want the same name: the one that is too late goes on without.
        match self.try_verifying_link(link, purpose, new_hash, true, &entry).await {
            Err(StoreError::Taken(_)) => {
                self.try_verifying_link(link, purpose, new_hash, false, &entry).await
            }
            ended => ended,
        }
    }

    async fn try_verifying_link(
        &self,
        link: &[u8; 32],
        purpose: LinkPurpose,
        new_hash: Option<&str>,
        claims_name: bool,
        entry: &impl Fn(UserId) -> AuditEntry,
    ) -> Result<Option<SignInFacts>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let Some(row) = take_link_of_active(&transaction, link, purpose).await? else {
                return Ok(None);
            };
            let user = UserId::from_uuid(row.id);
            let now_ms = match new_hash {
                Some(new_hash) => {
                    let now_ms = write_password(&transaction, &row, new_hash).await?;
                    end_sessions(&transaction, user, now_ms).await?;
                    now_ms
                }
                None => database_time_ms(&transaction).await?,
            };
            if row.email_verified_at_ms.is_none() {
                verify_address(&transaction, &row, claims_name, now_ms).await?;
                close_links(&transaction, user, LinkPurpose::Verify, now_ms).await?;
            }
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            append_audit(&transaction, &entry(user)).await?;
            transaction.commit().await?;
            SignInFacts::try_from(row).map(Some)
        })
        .await
    }

    /// Notes that what the person was promised for registering has been given.
    pub async fn clear_promised_gift(&self, user: UserId) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let given = entity::ActiveModel {
                id: Set(user.uuid()),
                promised_gift_nanos: Set(None),
                ..Default::default()
            };
            entity::Entity::update(given).exec_without_returning(&transaction).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// The link's person first and then the link, as everybody who changes both takes them.
async fn take_link_of_active(
    transaction: &Transaction,
    link: &[u8; 32],
    purpose: LinkPurpose,
) -> Result<Option<entity::Model>, StoreError> {
    let Some((user, _)) = crate::mailed_links::find_link(transaction, link, purpose).await? else {
        return Ok(None);
    };
    let Some(row) = find_locked_user(transaction, user).await? else { return Ok(None) };
    if row.status != UserStatus::Active.name() {
        return Ok(None);
    }
    // Whoever changed the address since does not hold this one any more, or not yet.
    Ok(match take_link(transaction, link, purpose).await? {
        Some(email) if email == row.email => Some(row),
        _ => None,
    })
}

/// Sets the password; no link that was mailed to reset it is good any more. Gives the time.
async fn write_password(
    transaction: &Transaction,
    row: &entity::Model,
    new_hash: &str,
) -> Result<i64, StoreError> {
    let now_ms = database_time_ms(transaction).await?;
    let changed = entity::ActiveModel {
        id: Set(row.id),
        password_hash: Set(Some(new_hash.to_owned())),
        password_changed_at_ms: Set(Some(now_ms)),
        updated_at_ms: Set(now_ms),
        ..Default::default()
    };
    entity::Entity::update(changed).exec_without_returning(transaction).await?;
    close_links(transaction, UserId::from_uuid(row.id), LinkPurpose::Reset, now_ms).await?;
    Ok(now_ms)
}

/// The address is the person's, and so is the name that the person asked for, if it is free.
async fn verify_address(
    transaction: &Transaction,
    row: &entity::Model,
    claims_name: bool,
    now_ms: i64,
) -> Result<(), StoreError> {
    let wanted = row.wanted_username.as_ref().filter(|_| claims_name && row.username.is_none());
    let username = match wanted {
        Some(name) if is_name_free(transaction, name).await? => Set(Some(name.clone())),
        _ => NotSet,
    };
    let verified = entity::ActiveModel {
        id: Set(row.id),
        username,
        wanted_username: Set(None),
        email_verified_at_ms: Set(Some(now_ms)),
        updated_at_ms: Set(now_ms),
        ..Default::default()
    };
    entity::Entity::update(verified)
        .exec_without_returning(transaction)
        .await
        .map_err(|error| StoreError::taken(error, "username"))?;
    Ok(())
}

async fn is_name_free(transaction: &Transaction, name: &str) -> Result<bool, StoreError> {
    let holder = entity::Entity::find().filter(entity::Column::Username.eq(name)).one(transaction).await?;
    Ok(holder.is_none())
}

impl TryFrom<entity::Model> for SignInFacts {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(SignInFacts {
            user: UserId::from_uuid(row.id),
            email: row.email.parse().map_err(|_| StoreError::Unreadable("email"))?,
            status: UserStatus::from_name(&row.status).ok_or(StoreError::Unreadable("status"))?,
            password_hash: row.password_hash,
            is_email_verified: row.email_verified_at_ms.is_some(),
            has_registered: row.registered_at_ms.is_some(),
            locale: row.locale,
            promised_gift_nanos: row.promised_gift_nanos,
        })
    }
}
