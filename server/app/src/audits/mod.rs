//! Whether the books balance and the audit log is whole: checked by the server itself, and shown.

mod check;

use waystation_api::audits::{AuditFinding, AuditKind, AuditState, AuditStatus};
use waystation_api::time::Time;
use waystation_store as store;

use crate::error::ApiError;
use crate::state::App;
pub(crate) use check::{check_what_is_due, note_ledger_differences};

/// What the last check of each kind found.
pub(crate) async fn load_audits(app: &App) -> Result<Vec<AuditState>, ApiError> {
    let mut outcomes = app.store.list_audit_outcomes().await?;
    let states = store::AuditKind::ALL.into_iter().map(|kind| {
        let place = outcomes.iter().position(|outcome| outcome.kind == kind);
        wire_state(kind, place.map(|place| outcomes.swap_remove(place)))
    });
    Ok(states.collect())
}

fn wire_state(kind: store::AuditKind, outcome: Option<store::AuditOutcome>) -> AuditState {
    let kind = match kind {
        store::AuditKind::Ledger => AuditKind::Ledger,
        store::AuditKind::AuditLog => AuditKind::AuditLog,
    };
    let Some(outcome) = outcome else {
        return AuditState {
            kind,
            status: AuditStatus::Never,
            checked_at: None,
            whole_checked_at: None,
            findings: 0,
            first_finding: None,
        };
    };
    AuditState {
        kind,
        status: if outcome.findings == 0 { AuditStatus::Ok } else { AuditStatus::Failing },
        checked_at: Some(Time::from_unix_ms(outcome.checked_at_ms)),
        whole_checked_at: outcome.whole_at_ms.map(Time::from_unix_ms),
        findings: outcome.findings,
        first_finding: outcome.first_finding.map(|finding| AuditFinding {
            message: describe_finding(&finding),
            code: finding.code,
            subject: finding.subject,
        }),
    }
}

fn describe_finding(finding: &store::AuditFinding) -> String {
    let subject = &finding.subject;
    match finding.code.as_str() {
        "account_sum" => format!("The sum of account {subject} is not that of its transfers."),
        "account_sequence" => format!("Account {subject} counts other transfers than there are."),
        "account_pending" => {
            format!("Account {subject} has more or less pending than open calls hold of it.")
        }
        "budget_pending" => format!("Budget {subject} has more or less pending than open calls hold of it."),
        "overdrawn" => format!("Account {subject} has more debits than credits."),
        "stray_transfer" => {
            format!("Transfer {subject} names an account that is not there, or of another unit.")
        }
        "call_lines" => format!("Call {subject} says that it cost something else than its transfers moved."),
        "call_without_row" => format!("Call {subject} was paid and is not among the calls."),
        "ended_and_held" => format!("Call {subject} has ended and still holds money."),
        "row_broken" => {
            format!(
                "Row {subject} of the audit log is missing, was changed or does not follow the one before."
            )
        }
        code => format!("{code}: {subject}"),
    }
}
