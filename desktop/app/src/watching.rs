//! Looking after the sites while nobody looks: how they are, and what is worth telling.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use waystation_api::audits::{AuditKind, AuditStatus};
use waystation_api::statistics::OverviewQuery;
use waystation_desktop::calls::CallError;
use waystation_desktop::connections::Connection;
use waystation_desktop::notifications::{Decision, Trouble, TroubleKind, notification};
use waystation_desktop::secrets::SecretError;
use waystation_desktop::tray::Condition;

use crate::desk::Desk;

const INTERVAL: Duration = Duration::from_secs(60);
/// The window comes first.
const FIRST: Duration = Duration::from_secs(3);

/// Looks after the sites from now on.
pub(crate) fn start(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(FIRST).await;
        loop {
            look(&app).await;
            tokio::time::sleep(INTERVAL).await;
        }
    });
}

/// The time, in unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Asks every site once, one after the other: none of them is in a hurry.
async fn look(app: &AppHandle) {
    let desk = app.state::<Desk>();
    if desk.book().list().is_empty() {
        // Nobody is asked to open a keyring for nothing.
        return;
    }
    let opened = desk.open_secrets().await;
    let connections = desk.book().list().to_vec();
    let mut has_changed = false;
    for connection in connections {
        let (condition, troubles) = match &opened {
            Ok(()) => examine(&desk, &connection).await,
            Err(_) => (Condition::Locked, BTreeSet::new()),
        };
        has_changed |= desk.note_condition(connection.id, condition);
        tell(app, &desk, &connection, troubles);
    }
    if has_changed {
        desk.announce_connections();
    }
}

async fn examine(desk: &Desk, connection: &Connection) -> (Condition, BTreeSet<Trouble>) {
    let trouble =
        |kind, subject: &str| Trouble { connection: connection.id, kind, subject: subject.to_owned() };
    let asked = async {
        let address = desk.address_of(connection)?;
        let client = desk.gateway.client(connection, &address).await?;
        let asked = client.show_overview(&OverviewQuery::default()).await;
        asked.map_err(|error| desk.gateway.explain(connection, error))
    };
    match asked.await {
        Ok(overview) => {
            let failing = overview.failing_channels.iter().map(|channel| {
                let subject = channel.name.clone().unwrap_or_else(|| channel.channel_id.to_string());
                trouble(TroubleKind::ChannelFailing, &subject)
            });
            let audits = overview.audits.iter().filter(|audit| audit.status == AuditStatus::Failing);
            let audits = audits.map(|audit| match audit.kind {
                AuditKind::Ledger => trouble(TroubleKind::LedgerFailing, ""),
                AuditKind::AuditLog => trouble(TroubleKind::AuditLogFailing, ""),
            });
            let failing: BTreeSet<Trouble> = failing.chain(audits).collect();
            let condition = if failing.is_empty() { Condition::Online } else { Condition::Troubled };
            (condition, failing)
        }
        // Who may not see the overview is still answered.
        Err(CallError::Refused(_)) => (Condition::Online, BTreeSet::new()),
        Err(CallError::NotPaired) => (Condition::NeedsPairing, BTreeSet::new()),
        Err(CallError::SignedOut) => {
            (Condition::NeedsPairing, BTreeSet::from([trouble(TroubleKind::SignedOut, "")]))
        }
        Err(CallError::KeyChanged(_) | CallError::Untrusted(_)) => {
            (Condition::Blocked, BTreeSet::from([trouble(TroubleKind::KeyChanged, "")]))
        }
        Err(CallError::Secrets(SecretError::Damaged)) => (Condition::NeedsPairing, BTreeSet::new()),
        Err(CallError::Secrets(_)) => (Condition::Locked, BTreeSet::new()),
        // A server that somebody stopped is no trouble.
        Err(CallError::NotRunning) => (Condition::Offline, BTreeSet::new()),
        Err(_) => (Condition::Offline, BTreeSet::from([trouble(TroubleKind::Offline, "")])),
    }
}

fn tell(app: &AppHandle, desk: &Desk, connection: &Connection, now: BTreeSet<Trouble>) {
    let mut watcher = desk.watcher.lock().unwrap_or_else(PoisonError::into_inner);
    let (present, over) = watcher.note(connection.id, now);
    drop(watcher);
    let mut gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
    over.iter().for_each(|trouble| gate.note_over(trouble));
    if !desk.preferences().has_notifications.unwrap_or(true) {
        return;
    }
    for trouble in present {
        let is_of_more = match gate.decide(&trouble, now_ms()) {
            Decision::Tell => false,
            Decision::TellOfMore => true,
            Decision::Silent => continue,
        };
        let text = notification(desk.language(), connection.name.as_str(), &trouble, is_of_more);
        let shown = app.notification().builder().title(text.title).body(text.body).show();
        if let Err(error) = shown {
            log::warn!("a notification could not be shown: {error}");
        }
    }
}
