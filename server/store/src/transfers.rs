//! What moved between accounts, as admins and users look at it. The lanes write these rows; here they are read.

use std::collections::BTreeSet;

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use waystation_ids::{AccountId, RequestId, TransferId, UserId};
use waystation_ledger::{Transfer, TransferKind, Unit};

use crate::connection::Store;
use crate::error::StoreError;
use crate::requests::RequestFilter;

/// The most operations whose transfers are looked for together.
const OPERATIONS_MAX: u64 = 200;

impl Store {
    /// The newest `limit` transfers in a user's books before `before`, newest first. Those between accounts of the
    /// site on account of the user's calls are among them.
    pub async fn list_transfers(
        &self,
        user: UserId,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        self.read_transfers(user, &[], before, limit).await
    }

    /// Those of [`Store::list_transfers`] that touched an account of the user's.
    pub async fn list_own_transfers(
        &self,
        user: UserId,
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        self.read_transfers(user, &[TransferKind::OperatorLoss], before, limit).await
    }

    /// One of [`Store::list_own_transfers`].
    pub async fn load_own_transfer(&self, user: UserId, id: TransferId) -> Result<Transfer, StoreError> {
        let row = entity::Entity::find_by_id(id.uuid())
            .filter(entity::Column::UserId.eq(user.uuid()))
            .filter(entity::Column::Kind.ne(TransferKind::OperatorLoss.name()))
            .one(self.reader())
            .await?;
        row.ok_or(StoreError::Missing("transfer"))?.try_into()
    }

    /// Transfers lie in the order of their operations, so that writing one touches the end of the table alone, and no
    /// index leads by user: a user's are found by the ids of the user's calls and manual changes, which they share.
    async fn read_transfers(
        &self,
        user: UserId,
        without: &[TransferKind],
        before: Option<TransferId>,
        limit: u64,
    ) -> Result<Vec<Transfer>, StoreError> {
        let mut found = Vec::new();
        let mut bound = before.map(TransferId::uuid);
        while found.len() as u64 != limit {
            // Calls that cost nothing have no transfer: what is missing is looked for among older ones.
            let wanted = std::cmp::min(limit, OPERATIONS_MAX);
            let operations = self.list_operations(user, bound, wanted).await?;
            let Some(oldest) = operations.last().copied() else { break };
            let mut ranges = Condition::any();
            for operation in &operations {
                let last = Uuid::from_u128(operation.as_u128() | 0xff);
                ranges = ranges.add(entity::Column::Id.between(*operation, last));
            }
            let mut query = entity::Entity::find()
                .filter(ranges)
                .filter(entity::Column::UserId.eq(user.uuid()))
                .filter(entity::Column::Kind.is_not_in(without.iter().map(|kind| kind.name())));
            if let Some(before) = before {
                query = query.filter(entity::Column::Id.lt(before.uuid()));
            }
            let left = limit - found.len() as u64;
            let rows = query.order_by_desc(entity::Column::Id).limit(left).all(self.reader()).await?;
            for row in rows {
                found.push(Transfer::try_from(row)?);
            }
            if (operations.len() as u64) < wanted {
                break;
            }
            bound = Some(oldest);
        }
        Ok(found)
    }

    /// The newest `limit` operations on a user's books whose ids are below `before`, newest first.
    async fn list_operations(
        &self,
        user: UserId,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Uuid>, StoreError> {
        let filter = RequestFilter { user: Some(user), ..RequestFilter::default() };
        let calls = self.list_user_calls::<RequestId>(user, &filter, before.map(RequestId::from_uuid), limit);
        let mut operations: BTreeSet<Uuid> = calls.await?.into_iter().map(RequestId::uuid).collect();
        let changes = Query::select()
            .column("id")
            .from("adjustments")
            .and_where(Expr::col("user_id").eq(user.uuid()))
            .and_where_option(before.map(|before| Expr::col("id").lt(before)))
            .order_by("id", Order::Desc)
            .limit(limit)
            .take();
        for row in self.reader().query_all(&changes).await? {
            operations.insert(row.try_get("", "id")?);
        }
        Ok(operations.into_iter().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
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
