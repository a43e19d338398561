//! The audit log: who did what, as a chain of rows of which none can be changed or taken out unseen.
//!
//! Each row has the hash of the one before. Whoever appends holds the end of the chain until its transaction ends, so
//! appending comes last in a transaction, and the row is there if and only if what it tells of is.

mod books;
mod chain;
mod entry;

use sea_orm::sea_query::{ExprTrait, LikeExpr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, Select,
};
use sha2::{Digest, Sha256};
use waystation_ids::{Role, UserId};

use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;
pub(crate) use books::append_audits;
pub use chain::{AuditCheck, VerifiedRow};
pub use entry::{AuditActor, AuditActorKind, AuditEntry, Audited};

const HEAD: i64 = 1;
/// In patterns; not the backslash, which the databases do not write alike.
const LIKE_ESCAPE: char = '!';

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, from 1 without gaps.
    pub sequence: i64,
    /// When, in unix milliseconds of the database.
    pub at_ms: i64,
    /// What it tells.
    pub entry: AuditEntry,
    /// The hash of the row before; zeros for the first.
    pub previous_hash: [u8; 32],
    /// The row's own.
    pub hash: [u8; 32],
}

/// Which rows to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this person.
    pub actor: Option<UserId>,
    /// Only what begins with this, such as `user.`.
    pub action: Option<String>,
    /// Only what was done to the thing of this id or name.
    pub target: Option<String>,
    /// From this moment on, in unix milliseconds.
    pub from_ms: Option<i64>,
    /// Up to but without this moment, in unix milliseconds.
    pub until_ms: Option<i64>,
}

/// Appends to the log within the transaction of what it tells of. Comes last in it.
pub(crate) async fn append_audit(transaction: &Transaction, entry: &AuditEntry) -> Result<(), DbErr> {
    let first = head::ActiveModel { id: Set(HEAD), sequence: Set(0), hash: Set(vec![0; 32]) };
    head::Entity::insert(first)
        .on_conflict(OnConflict::column(head::Column::Id).do_nothing_on([head::Column::Id]).to_owned())
        .exec_without_returning(transaction)
        .await?;
    let end = head::Entity::find_by_id(HEAD).lock_exclusive().one(transaction).await?;
    let end = end.ok_or_else(|| DbErr::RecordNotFound("the end of the audit log".to_owned()))?;
    let row = AuditRow::after(end.sequence, &end.hash, database_time_ms(transaction).await?, entry)
        .map_err(|error| DbErr::Custom(error.to_string()))?;
    log::Entity::insert(row.to_model().into_active_model()).exec_without_returning(transaction).await?;
    let end = head::ActiveModel { id: Set(HEAD), sequence: Set(row.sequence), hash: Set(row.hash.to_vec()) };
    head::Entity::update(end).exec_without_returning(transaction).await?;
    Ok(())
}

impl Store {
    /// Appends what changed nothing else, such as a refused sign-in.
    pub async fn append_audit_entry(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            append_audit(&transaction, entry).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }

    /// At most `limit` rows, the newest first, from the one before `before` on.
    pub async fn list_audit_rows(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u64,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let rows = find(filter)
            .filter(Condition::all().add_option(before.map(|sequence| log::Column::Sequence.lt(sequence))))
            .order_by_desc(log::Column::Sequence)
            .limit(limit)
            .all(self.reader())
            .await?;
        rows.into_iter().map(AuditRow::try_from).collect()
    }

    /// How many rows there are.
    pub async fn count_audit_rows(&self, filter: &AuditFilter) -> Result<u64, StoreError> {
        Ok(find(filter).count(self.reader()).await?)
    }
}

fn find(filter: &AuditFilter) -> Select<log::Entity> {
    log::Entity::find().filter(
        Condition::all()
            .add_option(filter.actor.map(|actor| log::Column::ActorId.eq(actor.uuid())))
            .add_option(
                filter.action.as_ref().map(|start| log::Column::Action.into_expr().like(beginning(start))),
            )
            .add_option(filter.target.as_ref().map(|target| log::Column::TargetId.eq(target.as_str())))
            .add_option(filter.from_ms.map(|from| log::Column::AtMs.gte(from)))
            .add_option(filter.until_ms.map(|until| log::Column::AtMs.lt(until))),
    )
}

/// A pattern that finds what begins with the text, its wildcards taken literally.
fn beginning(text: &str) -> LikeExpr {
    let mut pattern = String::with_capacity(text.len() + 1);
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | LIKE_ESCAPE) {
            pattern.push(LIKE_ESCAPE);
        }
        pattern.push(letter);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape(LIKE_ESCAPE)
}

impl AuditRow {
    /// The row that follows the end of the chain.
    fn after(end_sequence: i64, end_hash: &[u8], at_ms: i64, entry: &AuditEntry) -> Result<Self, StoreError> {
        let mut row = AuditRow {
            sequence: end_sequence + 1,
            at_ms,
            entry: entry.clone(),
            previous_hash: read_hash(end_hash)?,
            hash: [0; 32],
        };
        row.hash = row.compute_hash();
        Ok(row)
    }

    /// SHA-256 of every field with its length before it, so that no two rows are the same text.
    fn compute_hash(&self) -> [u8; 32] {
        let entry = &self.entry;
        let mut hash = Sha256::new();
        let mut add = |field: Option<&[u8]>| match field {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        add(Some(&self.sequence.to_be_bytes()));
        add(Some(&self.at_ms.to_be_bytes()));
        add(entry.actor.user.as_ref().map(|user| user.uuid().into_bytes()).as_ref().map(|id| &id[..]));
        add(entry.actor.role.map(|role| role.name().as_bytes()));
        add(Some(entry.actor.kind.name().as_bytes()));
        add(entry.client_ip.as_deref().map(str::as_bytes));
        add(Some(entry.action.as_bytes()));
        add(entry.target.as_ref().map(|(kind, _)| kind.as_bytes()));
        add(entry.target.as_ref().map(|(_, id)| id.as_bytes()));
        add(entry.before.as_deref().map(str::as_bytes));
        add(entry.after.as_deref().map(str::as_bytes));
        add(entry.request_id.as_deref().map(str::as_bytes));
        add(Some(&self.previous_hash));
        hash.finalize().into()
    }

    fn to_model(&self) -> log::Model {
        let entry = &self.entry;
        log::Model {
            sequence: self.sequence,
            at_ms: self.at_ms,
            actor_id: entry.actor.user.map(UserId::uuid),
            actor_role: entry.actor.role.map(|role| role.name().to_owned()),
            actor_kind: entry.actor.kind.name().to_owned(),
            client_ip: entry.client_ip.clone(),
            action: entry.action.clone(),
            target_kind: entry.target.as_ref().map(|(kind, _)| kind.clone()),
            target_id: entry.target.as_ref().map(|(_, id)| id.clone()),
            before: entry.before.clone(),
            after: entry.after.clone(),
            request_id: entry.request_id.clone(),
            previous_hash: self.previous_hash.to_vec(),
            hash: self.hash.to_vec(),
        }
    }
}

impl TryFrom<log::Model> for AuditRow {
    type Error = StoreError;

    fn try_from(row: log::Model) -> Result<Self, StoreError> {
        let role = row.actor_role.map(|role| Role::from_name(&role).ok_or(StoreError::Unreadable("role")));
        let actor = AuditActor {
            kind: AuditActorKind::from_name(&row.actor_kind).ok_or(StoreError::Unreadable("actor kind"))?,
            user: row.actor_id.map(UserId::from_uuid),
            role: role.transpose()?,
        };
        let entry = AuditEntry {
            actor,
            client_ip: row.client_ip,
            action: row.action,
            target: row.target_kind.zip(row.target_id),
            before: row.before,
            after: row.after,
            request_id: row.request_id,
        };
        Ok(AuditRow {
            sequence: row.sequence,
            at_ms: row.at_ms,
            entry,
            previous_hash: read_hash(&row.previous_hash)?,
            hash: read_hash(&row.hash)?,
        })
    }
}

fn read_hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Unreadable("hash"))
}

mod log {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub at_ms: i64,
        pub actor_id: Option<Uuid>,
        pub actor_role: Option<String>,
        pub actor_kind: String,
        pub client_ip: Option<String>,
        pub action: String,
        pub target_kind: Option<String>,
        pub target_id: Option<String>,
        pub before: Option<String>,
        pub after: Option<String>,
        pub request_id: Option<String>,
        pub previous_hash: Vec<u8>,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod head {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_log_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i64,
        pub sequence: i64,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
