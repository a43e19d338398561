//! The books as admins and users look at them. The lanes write these rows; here they are read.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use waystation_ids::{AccountId, TransferId, UserId};
use waystation_ledger::{Account, AccountKind, Balance, Transfer, TransferKind, Unit};

use crate::connection::Store;
use crate::error::StoreError;

impl Store {
    /// The open accounts of a user, oldest first.
    pub async fn list_accounts(&self, user: UserId) -> Result<Vec<Account>, StoreError> {
        let rows = account::Entity::find()
            .filter(account::Column::UserId.eq(user.uuid()))
            .filter(account::Column::ClosedAtMs.is_null())
            .order_by_asc(account::Column::Id)
            .all(self.reader())
            .await?;
        rows.into_iter().map(read_account).collect()
    }

    /// The newest `limit` transfers in a user's books before `before`, newest first. Those between accounts of the
    /// site on account of the user's calls are among them.
    pub async fn list_transfers(
        &self,
        user: UserId,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        self.read_transfers(transfers_of(user), before, limit).await
    }

    /// Those of [`Store::list_transfers`] that touched an account of the user's.
    pub async fn list_own_transfers(
        &self,
        user: UserId,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        let own = transfers_of(user).filter(transfer::Column::Kind.ne(TransferKind::OperatorLoss.name()));
        self.read_transfers(own, before, limit).await
    }

    async fn read_transfers(
        &self,
        mut query: Select<transfer::Entity>,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        if let Some(before) = before {
            query = query.filter(transfer::Column::Id.lt(before.uuid()));
        }
        let rows = query.order_by_desc(transfer::Column::Id).limit(limit).all(self.reader()).await?;
        rows.into_iter().map(read_transfer).collect()
    }
}

fn transfers_of(user: UserId) -> Select<transfer::Entity> {
    transfer::Entity::find().filter(transfer::Column::UserId.eq(user.uuid()))
}

fn read_account(row: account::Model) -> Result<Account, StoreError> {
    let unreadable = || StoreError::Unreadable("account");
    Ok(Account {
        id: AccountId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        kind: AccountKind::from_name(&row.kind).ok_or_else(unreadable)?,
        unit: Unit::from_name(&row.unit).ok_or_else(unreadable)?,
        terms: serde_json::from_str(&row.terms).map_err(|_| unreadable())?,
        expires_at_ms: row.expires_at_ms,
        balance: Balance {
            credits_posted: row.credits_posted,
            debits_posted: row.debits_posted,
            debits_pending: row.debits_pending,
        },
        sequence: row.sequence,
    })
}

fn read_transfer(row: transfer::Model) -> Result<Transfer, StoreError> {
    let unreadable = || StoreError::Unreadable("transfer");
    Ok(Transfer {
        id: TransferId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        debit: AccountId::from_uuid(row.debit_account),
        credit: AccountId::from_uuid(row.credit_account),
        unit: Unit::from_name(&row.unit).ok_or_else(unreadable)?,
        amount: row.amount,
        kind: TransferKind::from_name(&row.kind).ok_or_else(unreadable)?,
        reverses: row.reverses.map(TransferId::from_uuid),
        debit_sequence: row.debit_sequence,
        credit_sequence: row.credit_sequence,
        created_at_ms: row.created_at_ms,
    })
}

mod account {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "accounts")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub kind: String,
        pub unit: String,
        pub terms: String,
        pub expires_at_ms: Option<i64>,
        pub credits_posted: i64,
        pub debits_posted: i64,
        pub debits_pending: i64,
        pub sequence: i64,
        pub closed_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod transfer {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "transfers")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub debit_account: Uuid,
        pub credit_account: Uuid,
        pub unit: String,
        pub amount: i64,
        pub kind: String,
        pub reverses: Option<Uuid>,
        pub debit_sequence: i64,
        pub credit_sequence: i64,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
