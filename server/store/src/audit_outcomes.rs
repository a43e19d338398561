//! What the last check of the books and of the audit log found, for all instances to see.

use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder, sea_query::OnConflict};

use crate::audit_log::VerifiedRow;
use crate::connection::Store;
use crate::error::StoreError;

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditKind {
    /// The books.
    Ledger,
    /// The audit log.
    AuditLog,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditOutcome {
    /// What was checked.
    pub kind: AuditKind,
    /// When the check began, in unix milliseconds of the database.
    pub checked_at_ms: i64,
    /// When the last check began that left nothing out; none: one is due.
    pub whole_at_ms: Option<i64>,
    /// How much does not agree.
    pub findings: u64,
    /// The first of it.
    pub first_finding: Option<AuditFinding>,
    /// How far the audit log was found right.
    pub verified: Option<VerifiedRow>,
}

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// A stable code, at most 32 characters.
    pub code: String,
    /// The id or number of what it is about, at most 64 characters.
    pub subject: String,
}

impl AuditKind {
    /// Each of them, in the order in which they are shown.
    pub const ALL: [AuditKind; 2] = [AuditKind::Ledger, AuditKind::AuditLog];

    /// The stable name used in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            AuditKind::Ledger => "ledger",
            AuditKind::AuditLog => "audit_log",
        }
    }
}

impl Store {
    /// What the last check of each kind found, as far as there was one.
    pub async fn list_audit_outcomes(&self) -> Result<Vec<AuditOutcome>, StoreError> {
        let rows = entity::Entity::find().order_by_desc(entity::Column::Kind).all(self.reader()).await?;
        rows.into_iter().map(AuditOutcome::try_from).collect()
    }

    /// What the last check of a kind found; none: there was none.
    pub async fn load_audit_outcome(&self, kind: AuditKind) -> Result<Option<AuditOutcome>, StoreError> {
        let row = entity::Entity::find_by_id(kind.name()).one(self.reader()).await?;
        row.map(AuditOutcome::try_from).transpose()
    }

    /// Keeps what a check found, in place of the one before.
    pub async fn save_audit_outcome(&self, outcome: &AuditOutcome) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let row = entity::ActiveModel::from(entity::Model::from(outcome)).reset_all();
            entity::Entity::insert(row)
                .on_conflict(
                    OnConflict::column(entity::Column::Kind)
                        .update_columns([
                            entity::Column::CheckedAtMs,
                            entity::Column::WholeAtMs,
                            entity::Column::Findings,
                            entity::Column::FindingCode,
                            entity::Column::FindingSubject,
                            entity::Column::VerifiedSequence,
                            entity::Column::VerifiedHash,
                        ])
                        .to_owned(),
                )
                .exec_without_returning(&transaction)
                .await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

impl From<&AuditOutcome> for entity::Model {
    fn from(outcome: &AuditOutcome) -> Self {
        let finding = outcome.first_finding.as_ref();
        entity::Model {
            kind: outcome.kind.name().to_owned(),
            checked_at_ms: outcome.checked_at_ms,
            whole_at_ms: outcome.whole_at_ms,
            findings: i64::try_from(outcome.findings).unwrap_or(i64::MAX),
            finding_code: finding.map(|finding| finding.code.clone()),
            finding_subject: finding.map(|finding| finding.subject.clone()),
            verified_sequence: outcome.verified.map(|row| row.sequence),
            verified_hash: outcome.verified.map(|row| row.hash.to_vec()),
        }
    }
}

impl TryFrom<entity::Model> for AuditOutcome {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable("audit's outcome");
        let kind = AuditKind::ALL.into_iter().find(|kind| kind.name() == row.kind);
        let verified = match row.verified_sequence.zip(row.verified_hash) {
            None => None,
            Some((sequence, hash)) => {
                Some(VerifiedRow { sequence, hash: hash.try_into().map_err(|_| unreadable())? })
            }
        };
        Ok(AuditOutcome {
            kind: kind.ok_or_else(unreadable)?,
            checked_at_ms: row.checked_at_ms,
            whole_at_ms: row.whole_at_ms,
            findings: u64::try_from(row.findings).map_err(|_| unreadable())?,
            first_finding: row
                .finding_code
                .zip(row.finding_subject)
                .map(|(code, subject)| AuditFinding { code, subject }),
            verified,
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_outcomes")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: String,
        pub checked_at_ms: i64,
        pub whole_at_ms: Option<i64>,
        pub findings: i64,
        pub finding_code: Option<String>,
        pub finding_subject: Option<String>,
        pub verified_sequence: Option<i64>,
        pub verified_hash: Option<Vec<u8>>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
