//! Spending limits of keys and users. What their periods have used is written by the ledger lanes.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid,
};
use waystation_ids::{BudgetId, UserId};
use waystation_ledger::{Budget, BudgetPeriod};
use waystation_pricing::Money;

use crate::changes::{ChangeKind, record_change};
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
use crate::users;

/// A limit to set or to take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetChange {
    /// The id the budget gets if there is none of this period yet.
    pub id: BudgetId,
    /// Which of the subject's budgets.
    pub period: BudgetPeriod,
    /// The limit, not negative; none takes the budget away.
    pub limit: Option<Money>,
}

/// Whose limit it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// A line of rotated keys, by the id of its first.
    Key(Uuid),
    /// A user.
    User(Uuid),
}

impl Store {
    /// The limits that a user's calls by any key count against.
    pub async fn list_user_budgets(&self, user: UserId) -> Result<Vec<Budget>, StoreError> {
        let subject = Subject::User(user.uuid());
        Ok(list_budgets(self.reader(), &[subject]).await?.remove(&subject).unwrap_or_default())
    }

    /// Sets or takes away a user's own limits; gives those that are left.
    pub async fn set_user_budgets(
        &self,
        user: UserId,
        changes: &[BudgetChange],
    ) -> Result<Vec<Budget>, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            // The user's row is the lock: two changes of the same budget would both find none and insert.
            users::entity::Entity::find_by_id(user.uuid())
                .lock_exclusive()
                .one(&transaction)
                .await?
                .ok_or(StoreError::Missing("user"))?;
            let subject = Subject::User(user.uuid());
            set_budgets(&transaction, subject, changes).await?;
            record_change(&transaction, ChangeKind::User, &user.to_string()).await?;
            let budgets = list_budgets(&transaction, &[subject]).await?.remove(&subject).unwrap_or_default();
            transaction.commit().await?;
            Ok(budgets)
        })
        .await
    }
}

impl Subject {
    fn kind(self) -> &'static str {
        match self {
            Subject::Key(_) => "key",
            Subject::User(_) => "user",
        }
    }

    fn id(self) -> Uuid {
        match self {
            Subject::Key(id) | Subject::User(id) => id,
        }
    }

    fn of(row: &entity::Model) -> Result<Self, StoreError> {
        match row.subject_kind.as_str() {
            "key" => Ok(Subject::Key(row.subject_id)),
            "user" => Ok(Subject::User(row.subject_id)),
            _ => Err(StoreError::Unreadable("budget")),
        }
    }

    fn condition(self) -> Condition {
        Condition::all()
            .add(entity::Column::SubjectKind.eq(self.kind()))
            .add(entity::Column::SubjectId.eq(self.id()))
    }
}

/// The budgets of each subject that has any, by id.
pub(crate) async fn list_budgets(
    connection: &impl ConnectionTrait,
    subjects: &[Subject],
) -> Result<HashMap<Subject, Vec<Budget>>, StoreError> {
    let mut budgets: HashMap<Subject, Vec<Budget>> = HashMap::new();
    if subjects.is_empty() {
        return Ok(budgets);
    }
    let any = subjects.iter().fold(Condition::any(), |any, subject| any.add(subject.condition()));
    let rows = entity::Entity::find().filter(any).order_by_asc(entity::Column::Id).all(connection).await?;
    for row in rows {
        budgets.entry(Subject::of(&row)?).or_default().push(Budget::try_from(row)?);
    }
    Ok(budgets)
}

/// Writes budgets of a subject whose row the transaction has locked. A limit that is changed keeps its id and so
/// what was spent; one that is taken away and set again starts anew.
pub(crate) async fn set_budgets(
    transaction: &Transaction,
    subject: Subject,
    changes: &[BudgetChange],
) -> Result<(), StoreError> {
    for change in changes {
        let this = subject.condition().add(entity::Column::Period.eq(change.period.name()));
        let Some(limit) = change.limit else {
            entity::Entity::delete_many().filter(this).exec(transaction).await?;
            continue;
        };
        let found = entity::Entity::find().filter(this).lock_exclusive().one(transaction).await?;
        match found {
            Some(row) => {
                let mut changed: entity::ActiveModel = row.into();
                changed.limit_nanos = Set(limit.nanos());
                entity::Entity::update(changed).exec_without_returning(transaction).await?;
            }
            None => {
                let row = entity::ActiveModel {
                    id: Set(change.id.uuid()),
                    subject_kind: Set(subject.kind().to_owned()),
                    subject_id: Set(subject.id()),
                    period: Set(change.period.name().to_owned()),
                    limit_nanos: Set(limit.nanos()),
                    created_at_ms: Set(database_time_ms(transaction).await?),
                };
                entity::Entity::insert(row).exec_without_returning(transaction).await?;
            }
        }
    }
    Ok(())
}

impl TryFrom<entity::Model> for Budget {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        Ok(Budget {
            id: BudgetId::from_uuid(row.id),
            period: BudgetPeriod::from_name(&row.period).ok_or(StoreError::Unreadable("budget"))?,
            limit: Money::from_nanos(row.limit_nanos),
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "budgets")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub subject_kind: String,
        pub subject_id: Uuid,
        pub period: String,
        pub limit_nanos: i64,
        pub created_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
