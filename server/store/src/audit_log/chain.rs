//! Whether the chain of rows is whole.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::time::Instant;

use super::{AuditRow, HEAD, head, log};
use crate::connection::Store;
use crate::error::StoreError;
use crate::pace::Pace;

const ROWS_AT_ONCE: u64 = 1_000;

/// What a check of the chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditCheck {
    /// Every row is as it was written; how many there are.
    Whole(i64),
    /// The first row that is missing, was changed, or does not follow the one before.
    Broken(i64),
}

/// A row of the log that was found right, as were all before it. Number 0 is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerifiedRow {
    /// Its number.
    pub sequence: i64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl Store {
    /// Reads the whole chain.
    pub async fn check_audit_log(&self) -> Result<AuditCheck, StoreError> {
        let start = VerifiedRow::default();
        Ok(match self.follow_audit_log(start, start, Pace::AtOnce).await? {
            Ok(end) => AuditCheck::Whole(end.sequence),
            Err(row) => AuditCheck::Broken(row),
        })
    }

    /// Reads the chain from the row after `from` on, and gives its end, or the number of the first row that is
    /// missing, was changed, or does not follow the one before. Neither `from` nor `known`, which were found right
    /// before, may be gone or another: so a log is found out that somebody wrote anew with all of its hashes.
    pub async fn follow_audit_log(
        &self,
        from: VerifiedRow,
        known: VerifiedRow,
        pace: Pace,
    ) -> Result<Result<VerifiedRow, i64>, StoreError> {
        // Before the rows, so that what is appended meanwhile is not missed by them.
        let end = head::Entity::find_by_id(HEAD).one(self.reader()).await?;
        let (end_sequence, end_hash) = end.map_or((0, vec![0; 32]), |end| (end.sequence, end.hash));
        let is_expected = |row: &VerifiedRow| {
            (row.sequence != end_sequence || row.hash == *end_hash)
                && (row.sequence != known.sequence || row.hash == known.hash)
        };
        let mut last = from;
        if !is_expected(&last) {
            return Ok(Err(last.sequence));
        }
        loop {
            let began = Instant::now();
            let rows = log::Entity::find()
                .filter(log::Column::Sequence.gt(last.sequence))
                .order_by_asc(log::Column::Sequence)
                .limit(ROWS_AT_ONCE)
                .all(self.reader())
                .await?;
            if rows.is_empty() {
                // Rows that were cut off at the end are missed by the end of the chain alone, or where that was moved
                // too, by what is known of it.
                let is_whole =
                    last.sequence >= end_sequence.max(known.sequence) && end_sequence >= from.sequence;
                return Ok(if is_whole { Ok(last) } else { Err(last.sequence.min(end_sequence) + 1) });
            }
            for row in rows {
                let Ok(row) = AuditRow::try_from(row) else { return Ok(Err(last.sequence + 1)) };
                let follows = row.sequence == last.sequence + 1 && row.previous_hash == last.hash;
                if !follows || row.compute_hash() != row.hash {
                    return Ok(Err(last.sequence + 1));
                }
                last = VerifiedRow { sequence: row.sequence, hash: row.hash };
                if !is_expected(&last) {
                    return Ok(Err(last.sequence));
                }
            }
            pace.rest(began).await;
        }
    }
}
