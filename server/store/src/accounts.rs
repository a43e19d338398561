//! Users' ledger accounts, as they are opened and looked at. The lanes move what they hold.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
};
use waystation_ids::{AccountId, UserId};
use waystation_ledger::{Account, AccountKind, Balance, Terms, Unit};
use waystation_pricing::Money;

use crate::column_values::{read_json, write_json};
use crate::connection::Store;
use crate::error::StoreError;

/// What a user can pay with, over all money accounts whose time is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MoneyBalance {
    /// What new calls may use.
    pub available: Money,
    /// What open calls may still take.
    pub pending: Money,
}

impl Store {
    /// The open accounts of a user, oldest first.
    pub async fn list_accounts(&self, user: UserId) -> Result<Vec<Account>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.eq(user.uuid()))
            .filter(entity::Column::ClosedAtMs.is_null())
            .order_by_asc(entity::Column::Id)
            .all(self.reader())
            .await?;
        rows.into_iter().map(Account::try_from).collect()
    }

    /// What each of these users can pay with at `now_ms`. Users without an account are not in the map.
    pub async fn list_money_balances(
        &self,
        users: &[UserId],
        now_ms: i64,
    ) -> Result<HashMap<UserId, MoneyBalance>, StoreError> {
        let rows = entity::Entity::find()
            .filter(entity::Column::UserId.is_in(users.iter().map(|user| user.uuid())))
            .filter(entity::Column::Unit.eq(Unit::NanoUsd.name()))
            .filter(entity::Column::Kind.ne(AccountKind::Debt.name()))
            .filter(
                Condition::any()
                    .add(entity::Column::ExpiresAtMs.is_null())
                    .add(entity::Column::ExpiresAtMs.gt(now_ms)),
            )
            .all(self.reader())
            .await?;
        Ok(sum_balances(&rows))
    }
}

/// Opens a user's cash account, within the transaction that makes the user.
pub(crate) async fn open_cash_account(
    connection: &impl ConnectionTrait,
    id: AccountId,
    user: UserId,
    now_ms: i64,
) -> Result<(), StoreError> {
    let terms = write_json(&Terms::default())?;
    let account = entity::ActiveModel {
        id: Set(id.uuid()),
        user_id: Set(user.uuid()),
        kind: Set(AccountKind::Cash.name().to_owned()),
        unit: Set(Unit::NanoUsd.name().to_owned()),
        terms: Set(terms),
        expires_at_ms: Set(None),
        credits_posted: Set(0),
        debits_posted: Set(0),
        debits_pending: Set(0),
        sequence: Set(0),
        created_at_ms: Set(now_ms),
        closed_at_ms: Set(None),
    };
    entity::Entity::insert(account).exec_without_returning(connection).await?;
    Ok(())
}

fn sum_balances(rows: &[entity::Model]) -> HashMap<UserId, MoneyBalance> {
    let mut balances: HashMap<UserId, MoneyBalance> = HashMap::new();
    for row in rows {
        let balance = balances.entry(UserId::from_uuid(row.user_id)).or_default();
        let pending = Money::from_nanos(row.debits_pending);
        let posted =
            Money::from_nanos(row.credits_posted).saturating_sub(Money::from_nanos(row.debits_posted));
        balance.pending = balance.pending.saturating_add(pending);
        balance.available = balance.available.saturating_add(posted.saturating_sub(pending));
    }
    balances
}

impl TryFrom<entity::Model> for Account {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("account");
        Ok(Account {
            id: AccountId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            kind: AccountKind::from_name(&row.kind).ok_or_else(unreadable)?,
            unit: Unit::from_name(&row.unit).ok_or_else(unreadable)?,
            terms: read_json(&row.terms, "account")?,
            expires_at_ms: row.expires_at_ms,
            balance: Balance {
                credits_posted: row.credits_posted,
                debits_posted: row.debits_posted,
                debits_pending: row.debits_pending,
            },
            sequence: row.sequence,
        })
    }
}

pub(crate) mod entity {
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
        pub created_at_ms: i64,
        pub closed_at_ms: Option<i64>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
