//! Checking the books and the audit log once an hour, and all of both once a day.

use tracing::{debug, error};
use waystation_store::{AuditFinding, AuditKind, AuditOutcome, AuditReport, Pace, StoreError, VerifiedRow};

use crate::state::App;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A call runs for 15 minutes at most and is found by when it began. One that is settled later still, after an outage,
/// is seen when everything is checked.
const CALLS_SINCE_MS: i64 = 30 * 60_000;

/// How much to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// Everything.
    Whole,
    /// What came since the last check, which found nothing.
    Recent,
}

/// Checks what has not been checked for an hour, slowly. One instance does so at a time.
pub(crate) async fn check_what_is_due(app: &App) -> Result<(), StoreError> {
    for kind in AuditKind::ALL {
        let now_ms = app.store.now_ms().await?;
        let before = app.store.load_audit_outcome(kind).await?;
        let Some(extent) = due(before.as_ref(), now_ms) else { continue };
        let unchecked = AuditOutcome {
            kind,
            checked_at_ms: 0,
            whole_at_ms: None,
            findings: 0,
            first_finding: None,
            verified: None,
        };
        let before = before.unwrap_or(unchecked);
        let found = match kind {
            AuditKind::Ledger => check_ledger(app, &before, extent).await?,
            AuditKind::AuditLog => check_audit_log(app, &before, extent).await?,
        };
        let outcome = AuditOutcome {
            checked_at_ms: now_ms,
            whole_at_ms: if extent == Extent::Whole { Some(now_ms) } else { before.whole_at_ms },
            ..found
        };
        app.store.save_audit_outcome(&outcome).await?;
        log_outcome(&outcome, extent);
    }
    Ok(())
}

/// Keeps that the books do not balance, as was found between two checks. They are checked as a whole next: nothing less
/// tells that they balance again.
pub(crate) async fn note_ledger_differences(app: &App, report: &AuditReport) -> Result<(), StoreError> {
    let before = app.store.load_audit_outcome(AuditKind::Ledger).await?;
    if report.is_clean() || before.is_some_and(|before| before.findings > 0) {
        return Ok(());
    }
    let checked_at_ms = app.store.now_ms().await?;
    let outcome = AuditOutcome { checked_at_ms, whole_at_ms: None, ..outcome_of(report) };
    app.store.save_audit_outcome(&outcome).await
}

/// What is due; none: nothing yet. After a check that found something, and until one finds nothing, all is checked:
/// what was found may lie anywhere.
fn due(before: Option<&AuditOutcome>, now_ms: i64) -> Option<Extent> {
    let Some((before, whole_at_ms)) = before.and_then(|before| Some((before, before.whole_at_ms?))) else {
        return Some(Extent::Whole);
    };
    // A clock that was set back must not keep anything from being checked.
    let is_within = |time_ms: i64, at_ms: i64| (0..time_ms).contains(&now_ms.saturating_sub(at_ms));
    if is_within(HOUR_MS, before.checked_at_ms) {
        None
    } else if before.findings > 0 || !is_within(DAY_MS, whole_at_ms) {
        Some(Extent::Whole)
    } else {
        Some(Extent::Recent)
    }
}

async fn check_ledger(app: &App, before: &AuditOutcome, extent: Extent) -> Result<AuditOutcome, StoreError> {
    let report = match extent {
        Extent::Whole => app.store.audit_ledger(Pace::Gentle).await?,
        // Accounts and what is pending are looked at every minute, as soon as they change.
        Extent::Recent => {
            let since_ms = before.checked_at_ms.saturating_sub(CALLS_SINCE_MS);
            app.store.audit_calls_since(since_ms, Pace::Gentle).await?
        }
    };
    Ok(outcome_of(&report))
}

fn outcome_of(report: &AuditReport) -> AuditOutcome {
    AuditOutcome {
        kind: AuditKind::Ledger,
        checked_at_ms: 0,
        whole_at_ms: None,
        findings: report.difference_count,
        first_finding: report.differences.first().map(|difference| difference.finding()),
        verified: None,
    }
}

async fn check_audit_log(
    app: &App,
    before: &AuditOutcome,
    extent: Extent,
) -> Result<AuditOutcome, StoreError> {
    let known = before.verified.unwrap_or_default();
    let from = match extent {
        Extent::Whole => VerifiedRow::default(),
        Extent::Recent => known,
    };
    let found = app.store.follow_audit_log(from, known, Pace::Gentle).await?;
    let first_finding =
        found.err().map(|row| AuditFinding { code: "row_broken".to_owned(), subject: row.to_string() });
    Ok(AuditOutcome {
        kind: AuditKind::AuditLog,
        checked_at_ms: 0,
        whole_at_ms: None,
        findings: u64::from(first_finding.is_some()),
        first_finding,
        verified: found.ok().or(before.verified),
    })
}

fn log_outcome(outcome: &AuditOutcome, extent: Extent) {
    let kind = outcome.kind.name();
    let Some(first) = &outcome.first_finding else {
        debug!(kind, ?extent, "checked: everything agrees");
        return;
    };
    let command = match outcome.kind {
        AuditKind::Ledger => "waystation ledger audit",
        AuditKind::AuditLog => "waystation audit verify",
    };
    error!(
        kind,
        findings = outcome.findings,
        code = first.code,
        subject = first.subject,
        command,
        "a check found what does not agree: run the command"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 100 * DAY_MS;

    fn checked(ago_ms: i64, whole_ago_ms: Option<i64>, findings: u64) -> AuditOutcome {
        AuditOutcome {
            kind: AuditKind::Ledger,
            checked_at_ms: NOW_MS - ago_ms,
            whole_at_ms: whole_ago_ms.map(|ago_ms| NOW_MS - ago_ms),
            findings,
            first_finding: None,
            verified: None,
        }
    }

    #[test]
    fn what_is_recent_is_due_every_hour_and_everything_once_a_day_or_after_a_finding() {
        let due = |outcome: &AuditOutcome| super::due(Some(outcome), NOW_MS);
        assert_eq!(super::due(None, NOW_MS), Some(Extent::Whole));
        assert_eq!(due(&checked(HOUR_MS - 1, Some(DAY_MS), 0)), None);
        assert_eq!(due(&checked(HOUR_MS, Some(DAY_MS - 1), 0)), Some(Extent::Recent));
        assert_eq!(due(&checked(HOUR_MS, Some(DAY_MS), 0)), Some(Extent::Whole));
        assert_eq!(due(&checked(HOUR_MS, Some(HOUR_MS), 1)), Some(Extent::Whole));
        assert_eq!(due(&checked(HOUR_MS - 1, Some(HOUR_MS - 1), 1)), None);
        assert_eq!(due(&checked(1, None, 1)), Some(Extent::Whole));
        // The clock was set back.
        assert_eq!(due(&checked(-5, Some(-5), 0)), Some(Extent::Whole));
    }
}
