//! Looking after the sites while nobody looks: how they are, and what is worth telling.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use waystation_api::audits::{AuditKind, AuditStatus};
use waystation_api::statistics::OverviewQuery;
use waystation_client::Client;
use waystation_desktop::calls::CallError;
use waystation_desktop::connections::{Connection, ConnectionId};
use waystation_desktop::local_server::{LocalState, StopReason};
use waystation_desktop::notifications::{Decision, Trouble, TroubleKind, notification};
use waystation_desktop::rounds::visit_all;
use waystation_desktop::secrets::{SecretError, SecretsCondition};
use waystation_desktop::tray::Condition;

use crate::desk::Desk;
use crate::local::note_service;

const INTERVAL: Duration = Duration::from_secs(60);
/// The window comes first.
const FIRST: Duration = Duration::from_secs(3);
/// A computer that wakes up has no network for some seconds, which is no trouble of every site's.
const AGAIN: Duration = Duration::from_secs(5);
/// A site that hangs is not waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks after the sites from now on.
pub(crate) fn start(app: &AppHandle) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(FIRST).await;
        loop {
            look(&app).await;
            let desk = app.state::<Desk>();
            // Whichever comes first.
            let _ = tokio::time::timeout(INTERVAL, desk.look_again.notified()).await;
        }
    });
}

/// The time, in unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Asks every site once.
async fn look(app: &AppHandle) {
    note_service(app).await;
    let desk = app.state::<Desk>();
    if desk.book().list().is_empty() {
        // Nobody is asked to open a keyring for nothing.
        return;
    }
    let opened = desk.open_secrets().await.is_ok();
    let connections = desk.book().list().to_vec();
    let needs_secret = |connection: &Connection| {
        desk.address_of(connection).is_ok_and(|address| !desk.gateway.has_token(connection, &address))
    };
    let is_open = !connections.iter().any(needs_secret) || opened && can_read(&desk).await;
    let (locked, reachable) =
        connections.into_iter().partition::<Vec<_>, _>(|connection| !is_open && needs_secret(connection));
    for connection in locked {
        note(app, &connection, Condition::Locked, BTreeSet::new());
    }
    let visit = |connection: Connection| {
        let app = app.clone();
        async move { examine_twice(&app.state::<Desk>(), &connection).await }
    };
    visit_all(reachable, PATIENCE, visit, |connection, seen| {
        let (condition, troubles) = seen.unwrap_or_else(|| offline(&connection));
        note(app, &connection, condition, troubles);
    })
    .await;
}

/// Whether secrets can be read. Nobody is asked to unlock anything: it is asked for every minute.
async fn can_read(desk: &Desk) -> bool {
    let cupboard = desk.cupboard.clone();
    let state = tauri::async_runtime::spawn_blocking(move || cupboard.state()).await;
    state.is_ok_and(|state| state.condition == SecretsCondition::Ready)
}

/// Keeps how a connection is, and tells of what is new.
fn note(app: &AppHandle, connection: &Connection, condition: Condition, troubles: BTreeSet<Trouble>) {
    let desk = app.state::<Desk>();
    if desk.connection(connection.id).is_err() {
        // It was removed meanwhile.
        return;
    }
    let has_changed = desk.note_condition(connection.id, condition);
    tell(app, &desk, connection, troubles);
    if has_changed {
        desk.announce_connections();
    }
}

fn offline(connection: &Connection) -> (Condition, BTreeSet<Trouble>) {
    let trouble = Trouble { connection: connection.id, kind: TroubleKind::Offline, subject: String::new() };
    (Condition::Offline, BTreeSet::from([trouble]))
}

async fn examine_twice(desk: &Desk, connection: &Connection) -> (Condition, BTreeSet<Trouble>) {
    let (condition, troubles) = examine(desk, connection).await;
    if condition != Condition::Offline || troubles.is_empty() {
        return (condition, troubles);
    }
    tokio::time::sleep(AGAIN).await;
    examine(desk, connection).await
}

async fn examine(desk: &Desk, connection: &Connection) -> (Condition, BTreeSet<Trouble>) {
    let trouble =
        |kind, subject: &str| Trouble { connection: connection.id, kind, subject: subject.to_owned() };
    let asked = async {
        let address = desk.address_of(connection)?;
        let question = |client: Client| async move { client.show_overview(&OverviewQuery::default()).await };
        desk.gateway.ask(connection, &address, question).await
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
        Err(error) => {
            let kind = match &error {
                CallError::SignedOut => Some(TroubleKind::SignedOut),
                CallError::KeyChanged(_) | CallError::Untrusted(_) => Some(TroubleKind::KeyChanged),
                // A server that somebody stopped is no trouble, nor is what somebody has to unlock.
                CallError::Refused(_)
                | CallError::NotPaired
                | CallError::NotRunning
                | CallError::Secrets(_) => None,
                _ => Some(TroubleKind::Offline),
            };
            let condition = condition_after(&error).unwrap_or(Condition::Offline);
            (condition, kind.map(|kind| trouble(kind, "")).into_iter().collect())
        }
    }
}

/// How a site is whose call failed like that; none: the failure says nothing of it.
fn condition_after(error: &CallError) -> Option<Condition> {
    match error {
        // Who may not do that is still answered.
        CallError::Refused(_) => Some(Condition::Online),
        CallError::NotPaired | CallError::SignedOut | CallError::Secrets(SecretError::Damaged) => {
            Some(Condition::NeedsPairing)
        }
        CallError::KeyChanged(_) | CallError::Untrusted(_) => Some(Condition::Blocked),
        CallError::Secrets(_) => Some(Condition::Locked),
        CallError::NotRunning | CallError::Unreachable(_) | CallError::Late => Some(Condition::Offline),
        _ => None,
    }
}

/// Keeps what a call of the window's has shown of its site: the tray need not wait for the next look.
pub(crate) fn note_call(desk: &Desk, id: ConnectionId, failure: Option<&CallError>) {
    let condition = match (failure, desk.condition(id)) {
        // What is wrong there besides is looked at in turn.
        (None, Condition::Troubled) => return,
        (None, _) => Condition::Online,
        (Some(error), _) => match condition_after(error) {
            Some(condition) => condition,
            None => return,
        },
    };
    if desk.note_condition(id, condition) {
        desk.announce_connections();
    }
}

/// Tells of the app's own server if it has ended by itself.
pub(crate) fn note_local_server(app: &AppHandle, state: &LocalState) {
    let desk = app.state::<Desk>();
    let Some(connection) = desk.local_connection() else { return };
    let trouble =
        Trouble { connection: connection.id, kind: TroubleKind::ServerEnded, subject: String::new() };
    match state {
        LocalState::Failed { reason: StopReason::Ended, .. } => show(app, &desk, &connection, [trouble]),
        LocalState::Running { .. } => {
            desk.gate.lock().unwrap_or_else(PoisonError::into_inner).note_over(&trouble);
        }
        _ => {}
    }
}

fn tell(app: &AppHandle, desk: &Desk, connection: &Connection, now: BTreeSet<Trouble>) {
    let mut watcher = desk.watcher.lock().unwrap_or_else(PoisonError::into_inner);
    let (present, over) = watcher.note(connection.id, now);
    drop(watcher);
    let mut gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
    over.iter().for_each(|trouble| gate.note_over(trouble));
    drop(gate);
    show(app, desk, connection, present);
}

/// Shows what the gate lets through.
fn show(app: &AppHandle, desk: &Desk, connection: &Connection, present: impl IntoIterator<Item = Trouble>) {
    if !desk.preferences().has_notifications.unwrap_or(true) {
        return;
    }
    let mut gate = desk.gate.lock().unwrap_or_else(PoisonError::into_inner);
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
