//! Invitations to register, each known by the hash of its token, and used once.

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use waystation_ids::{Email, InviteId, UserId};

use crate::audit_log::Audited;
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Its id.
    pub id: InviteId,
    /// Only this address may use it, where there is one.
    pub email: Option<Email>,
    /// Who invites.
    pub created_by: UserId,
    /// When it was made, in unix milliseconds.
    pub created_at_ms: i64,
    /// Until when it can be used, in unix milliseconds.
    pub expires_at_ms: i64,
    /// Who has used it.
    pub used_by: Option<UserId>,
    /// When, in unix milliseconds.
    pub used_at_ms: Option<i64>,
    /// When it was taken back, in unix milliseconds.
    pub revoked_at_ms: Option<i64>,
}

/// An invitation to make.
#[derive(Clone)]
pub struct NewInvite {
    /// Its id.
    pub id: InviteId,
    /// SHA-256 of its token.
    pub hash: [u8; 32],
    /// Only this address may use it, where there is one.
    pub email: Option<Email>,
    /// Who invites.
    pub created_by: UserId,
    /// How long it can be used, in milliseconds of the database's clock.
    pub lasts_ms: i64,
}

impl Store {
    /// Makes an invitation.
    pub async fn create_invite(
        &self,
        invite: &NewInvite,
        audit: &Audited<Invite>,
    ) -> Result<Invite, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let row = entity::Model {
                id: invite.id.uuid(),
                hash: invite.hash.to_vec(),
                email: invite.email.as_ref().map(|email| email.as_str().to_owned()),
                created_by: invite.created_by.uuid(),
                created_at_ms: now_ms,
                expires_at_ms: now_ms.saturating_add(invite.lasts_ms),
                used_by: None,
                used_at_ms: None,
                revoked_at_ms: None,
            };
            entity::Entity::insert(row.clone().into_active_model())
                .exec_without_returning(&transaction)
                .await?;
            let made = Invite::try_from(row)?;
            audit.append(&transaction, None, Some(&made)).await?;
            transaction.commit().await?;
            Ok(made)
        })
        .await
    }

    /// The invitation of this token, if it could be used now. Nothing is used.
    pub async fn load_open_invite(&self, hash: &[u8; 32]) -> Result<Option<Invite>, StoreError> {
        let row =
            entity::Entity::find().filter(entity::Column::Hash.eq(hash.to_vec())).one(self.reader()).await?;
        let now_ms = self.now_ms().await?;
        row.filter(|row| row.is_open(now_ms)).map(Invite::try_from).transpose()
    }

    /// At most `limit` invitations, the newest first, from the one after `after` on.
    pub async fn list_invites(&self, after: Option<InviteId>, limit: u64) -> Result<Vec<Invite>, StoreError> {
        let mut query = entity::Entity::find().order_by_desc(entity::Column::Id).limit(limit);
        if let Some(after) = after {
            query = query.filter(entity::Column::Id.lt(after.uuid()));
        }
        query.all(self.reader()).await?.into_iter().map(Invite::try_from).collect()
    }

    /// How many invitations for this address were made within the last `window_ms`.
    pub async fn count_invites_to(&self, email: &Email, window_ms: i64) -> Result<u64, StoreError> {
        let now_ms = self.now_ms().await?;
        let lately = entity::Entity::find()
            .filter(entity::Column::Email.eq(email.as_str()))
            .filter(entity::Column::CreatedAtMs.gt(now_ms.saturating_sub(window_ms)))
            .count(self.reader());
        Ok(lately.await?)
    }

    /// Takes an invitation back. One that is used or was taken back already stays as it is.
    pub async fn revoke_invite(&self, id: InviteId, audit: &Audited<Invite>) -> Result<Invite, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let mut row = entity::Entity::find_by_id(id.uuid())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("invite"))?;
            if row.used_at_ms.is_none() && row.revoked_at_ms.is_none() {
                let before = Invite::try_from(row.clone())?;
                let now_ms = database_time_ms(&transaction).await?;
                row.revoked_at_ms = Some(now_ms);
                let revoked = entity::ActiveModel {
                    id: Set(row.id),
                    revoked_at_ms: Set(Some(now_ms)),
                    ..Default::default()
                };
                entity::Entity::update(revoked).exec_without_returning(&transaction).await?;
                let after = Invite::try_from(row.clone())?;
                audit.append(&transaction, Some(&before), Some(&after)).await?;
                transaction.commit().await?;
            }
            Invite::try_from(row)
        })
        .await
    }
}

/// Uses an invitation within the transaction that enters the person; says whether it could be used. Of all who try,
/// one can.
pub(crate) async fn use_invite(
    transaction: &Transaction,
    id: InviteId,
    user: UserId,
) -> Result<bool, StoreError> {
    let row = entity::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    let now_ms = database_time_ms(transaction).await?;
    let Some(row) = row.filter(|row| row.is_open(now_ms)) else { return Ok(false) };
    let used = entity::ActiveModel {
        id: Set(row.id),
        used_by: Set(Some(user.uuid())),
        used_at_ms: Set(Some(now_ms)),
        ..Default::default()
    };
    entity::Entity::update(used).exec_without_returning(transaction).await?;
    Ok(true)
}

/// Takes an address out of all invitations, those that its person used included. What is still open for it alone is
/// taken back: without the address it would be anybody's.
pub(crate) async fn erase_invited(
    transaction: &Transaction,
    user: UserId,
    email: &str,
    now_ms: i64,
) -> Result<(), DbErr> {
    entity::Entity::update_many()
        .col_expr(entity::Column::RevokedAtMs, Expr::value(now_ms))
        .filter(entity::Column::Email.eq(email))
        .filter(entity::Column::UsedAtMs.is_null())
        .filter(entity::Column::RevokedAtMs.is_null())
        .exec(transaction)
        .await?;
    entity::Entity::update_many()
        .col_expr(entity::Column::Email, Expr::value(None::<String>))
        .filter(
            Condition::any().add(entity::Column::Email.eq(email)).add(entity::Column::UsedBy.eq(user.uuid())),
        )
        .exec(transaction)
        .await?;
    Ok(())
}

impl entity::Model {
    fn is_open(&self, now_ms: i64) -> bool {
        self.used_at_ms.is_none() && self.revoked_at_ms.is_none() && self.expires_at_ms > now_ms
    }
}

impl TryFrom<entity::Model> for Invite {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let email = row.email.map(|email| email.parse()).transpose();
        Ok(Invite {
            id: InviteId::from_uuid(row.id),
            email: email.map_err(|_| StoreError::Unreadable("email"))?,
            created_by: UserId::from_uuid(row.created_by),
            created_at_ms: row.created_at_ms,
            expires_at_ms: row.expires_at_ms,
            used_by: row.used_by.map(UserId::from_uuid),
            used_at_ms: row.used_at_ms,
            revoked_at_ms: row.revoked_at_ms,
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invites")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub hash: Vec<u8>,
        pub email: Option<String>,
        pub created_by: Uuid,
        pub created_at_ms: i64,
        pub expires_at_ms: i64,
        pub used_by: Option<Uuid>,
        pub used_at_ms: Option<i64>,
        pub revoked_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
