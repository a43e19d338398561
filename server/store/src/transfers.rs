//! What moved between accounts, as admins and users look at it. The lanes write these rows; here they are read.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use waystation_ids::{AccountId, TransferId, UserId};
use waystation_ledger::{Transfer, TransferKind, Unit};

use crate::connection::Store;
use crate::error::StoreError;

impl Store {
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
        let own = transfers_of(user).filter(entity::Column::Kind.ne(TransferKind::OperatorLoss.name()));
        self.read_transfers(own, before, limit).await
    }

    async fn read_transfers(
        &self,
        mut query: Select<entity::Entity>,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        if let Some(before) = before {
            query = query.filter(entity::Column::Id.lt(before.uuid()));
        }
        let rows = query.order_by_desc(entity::Column::Id).limit(limit).all(self.reader()).await?;
        rows.into_iter().map(Transfer::try_from).collect()
    }
}

fn transfers_of(user: UserId) -> Select<entity::Entity> {
    entity::Entity::find().filter(entity::Column::UserId.eq(user.uuid()))
}

impl TryFrom<entity::Model> for Transfer {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
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
}

mod entity {
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
