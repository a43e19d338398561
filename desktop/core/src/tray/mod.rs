//! What the tray's menu shows. On Linux a tray has nothing but its menu, so all of it is there.

use serde::{Deserialize, Serialize};

use crate::connections::{ConnectionId, ConnectionName};
use crate::language::Language;
use crate::local_server::LocalState;

/// More connections than these are found in the window.
pub const CONNECTIONS_MAX: usize = 5;

/// What the menu is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayStatus {
    /// The language.
    pub language: Language,
    /// The connections, in the operator's order.
    pub connections: Vec<TrayConnection>,
    /// The connection that is worked with.
    pub selected: Option<ConnectionId>,
    /// The server of this app; none where the app came without.
    pub local_server: Option<LocalState>,
    /// Whether notifications are paused.
    pub is_paused: bool,
    /// Whether this app can bring itself up to date.
    pub can_update: bool,
}

/// A connection in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrayConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: ConnectionName,
    /// How it is.
    pub condition: Condition,
}

/// How a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It was not asked yet.
    #[default]
    Unknown,
    /// It answers.
    Online,
    /// It answers, and some of its channels fail, or its books or its log are not right.
    Troubled,
    /// It does not answer.
    Offline,
    /// It showed another key than the one it is known by.
    Blocked,
    /// This device is not paired with it.
    NeedsPairing,
    /// What opens it cannot be had, as the keyring is locked.
    Locked,
}

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrayEntry {
    /// Something to choose.
    Item {
        /// What it does; none: it is only read.
        action: Option<TrayAction>,
        /// What it says.
        label: String,
        /// Whether it is marked; none: it cannot be.
        is_checked: Option<bool>,
    },
    /// A line between groups.
    Separator,
}

/// What choosing a line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum TrayAction {
    /// Shows the window.
    Open,
    /// Works with another connection and shows the window.
    Select {
        /// Which.
        connection: ConnectionId,
    },
    /// Copies the address that programs use, of the connection that is worked with.
    CopyBaseUrl,
    /// Starts the server of this app.
    StartServer,
    /// Stops it.
    StopServer,
    /// Says nothing for an hour.
    PauseNotifications,
    /// Speaks again.
    ResumeNotifications,
    /// Writes what helps to find a fault.
    Diagnostics,
    /// Looks for a newer version.
    CheckForUpdates,
    /// Ends the app.
    Quit,
}

const SELECT: &str = "select:";

impl TrayAction {
    /// The name of the menu's line.
    pub fn id(self) -> String {
        let word = match self {
            TrayAction::Open => "open",
            TrayAction::Select { connection } => return format!("{SELECT}{connection}"),
            TrayAction::CopyBaseUrl => "copy-base-url",
            TrayAction::StartServer => "start-server",
            TrayAction::StopServer => "stop-server",
            TrayAction::PauseNotifications => "pause-notifications",
            TrayAction::ResumeNotifications => "resume-notifications",
            TrayAction::Diagnostics => "diagnostics",
            TrayAction::CheckForUpdates => "check-for-updates",
            TrayAction::Quit => "quit",
        };
        word.to_owned()
    }

    /// The action of a line of that name.
    pub fn of_id(id: &str) -> Option<Self> {
        if let Some(connection) = id.strip_prefix(SELECT) {
            return Some(TrayAction::Select { connection: connection.parse().ok()? });
        }
        let plain = [
            TrayAction::Open,
            TrayAction::CopyBaseUrl,
            TrayAction::StartServer,
            TrayAction::StopServer,
            TrayAction::PauseNotifications,
            TrayAction::ResumeNotifications,
            TrayAction::Diagnostics,
            TrayAction::CheckForUpdates,
            TrayAction::Quit,
        ];
        plain.into_iter().find(|action| action.id() == id)
    }
}

/// The menu's lines.
pub fn menu_entries(status: &TrayStatus) -> Vec<TrayEntry> {
    let language = status.language;
    let item = |action, english, chinese| TrayEntry::Item {
        action: Some(action),
        label: language.pick(english, chinese).to_owned(),
        is_checked: None,
    };
    let mut entries: Vec<TrayEntry> = status
        .connections
        .iter()
        .take(CONNECTIONS_MAX)
        .map(|connection| {
            let selected = status.selected == Some(connection.id);
            connection_entry(language, connection, selected)
        })
        .collect();
    match status.connections.len() {
        0 => {
            let label = language.pick("No connections yet", "还没有连接").to_owned();
            entries.push(TrayEntry::Item { action: None, label, is_checked: None });
        }
        count if count > CONNECTIONS_MAX => {
            entries.push(item(TrayAction::Open, "More connections…", "更多连接…"));
        }
        _ => {}
    }
    entries.push(TrayEntry::Separator);
    entries.push(item(TrayAction::Open, "Open Waystation", "打开驿站"));
    if status.selected.is_some() {
        entries.push(item(TrayAction::CopyBaseUrl, "Copy base URL", "复制接口地址"));
    }
    if let Some(server) = &status.local_server {
        entries.push(TrayEntry::Separator);
        entries.push(server_entry(language, server));
    }
    entries.push(TrayEntry::Separator);
    entries.push(match status.is_paused {
        false => item(TrayAction::PauseNotifications, "Pause notifications for 1 hour", "暂停通知 1 小时"),
        true => item(TrayAction::ResumeNotifications, "Resume notifications", "恢复通知"),
    });
    entries.push(item(TrayAction::Diagnostics, "Save diagnostics…", "保存诊断信息…"));
    if status.can_update {
        entries.push(item(TrayAction::CheckForUpdates, "Check for updates…", "检查更新…"));
    }
    entries.push(TrayEntry::Separator);
    entries.push(item(TrayAction::Quit, "Quit", "退出"));
    entries
}

fn connection_entry(language: Language, connection: &TrayConnection, is_selected: bool) -> TrayEntry {
    let condition = match connection.condition {
        Condition::Unknown => language.pick("not checked yet", "尚未检查"),
        Condition::Online => language.pick("online", "在线"),
        Condition::Troubled => language.pick("needs attention", "需要处理"),
        Condition::Offline => language.pick("offline", "离线"),
        Condition::Blocked => language.pick("blocked: its key has changed", "已阻止：密钥已更改"),
        Condition::NeedsPairing => language.pick("needs pairing", "需要配对"),
        Condition::Locked => language.pick("keyring locked", "密钥环已锁定"),
    };
    TrayEntry::Item {
        action: Some(TrayAction::Select { connection: connection.id }),
        label: format!("{} — {condition}", plain_label(connection.name.as_str())),
        is_checked: Some(is_selected),
    }
}

fn server_entry(language: Language, server: &LocalState) -> TrayEntry {
    let (action, english, chinese) = match server {
        LocalState::Stopped => (Some(TrayAction::StartServer), "Start local server", "启动本地服务"),
        LocalState::Failed { .. } => {
            (Some(TrayAction::StartServer), "Start local server (it has failed)", "启动本地服务（上次失败）")
        }
        LocalState::Starting => (None, "Local server is starting…", "本地服务正在启动…"),
        LocalState::Running { .. } => (Some(TrayAction::StopServer), "Stop local server", "停止本地服务"),
        LocalState::Unhealthy { .. } => {
            (Some(TrayAction::StopServer), "Stop local server (it does not answer)", "停止本地服务（无响应）")
        }
        LocalState::Stopping => (None, "Local server is stopping…", "本地服务正在停止…"),
    };
    TrayEntry::Item { action, label: language.pick(english, chinese).to_owned(), is_checked: None }
}

/// An ampersand would mark the letter after it.
fn plain_label(text: &str) -> String {
    text.replace('&', "&&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(count: usize) -> TrayStatus {
        let connections = (0..count).map(|number| TrayConnection {
            id: ConnectionId::draw(),
            name: format!("Site {number}").parse().unwrap(),
            condition: Condition::Online,
        });
        let connections: Vec<_> = connections.collect();
        TrayStatus {
            language: Language::English,
            selected: connections.first().map(|first| first.id),
            connections,
            local_server: Some(LocalState::Stopped),
            is_paused: false,
            can_update: false,
        }
    }

    fn labels(status: &TrayStatus) -> Vec<String> {
        let entries = menu_entries(status).into_iter();
        entries
            .map(|entry| match entry {
                TrayEntry::Item { label, is_checked, .. } => {
                    format!("{}{label}", if is_checked == Some(true) { "* " } else { "" })
                }
                TrayEntry::Separator => "-".to_owned(),
            })
            .collect()
    }

    fn actions(status: &TrayStatus) -> Vec<TrayAction> {
        let entries = menu_entries(status).into_iter();
        entries
            .filter_map(|entry| if let TrayEntry::Item { action, .. } = entry { action } else { None })
            .collect()
    }

    #[test]
    fn the_menu_shows_each_connection_and_how_it_is() {
        let mut status = status(2);
        status.connections[1].condition = Condition::NeedsPairing;
        status.connections[1].name = "A & B".parse().unwrap();
        assert_eq!(
            labels(&status),
            [
                "* Site 0 — online",
                "A && B — needs pairing",
                "-",
                "Open Waystation",
                "Copy base URL",
                "-",
                "Start local server",
                "-",
                "Pause notifications for 1 hour",
                "Save diagnostics…",
                "-",
                "Quit",
            ]
        );
    }

    #[test]
    fn more_than_five_connections_are_in_the_window() {
        let status = status(7);
        let selects =
            actions(&status).iter().filter(|action| matches!(action, TrayAction::Select { .. })).count();
        assert_eq!(selects, CONNECTIONS_MAX);
        assert!(labels(&status).contains(&"More connections…".to_owned()));
        let none = TrayStatus { local_server: None, ..self::status(0) };
        assert_eq!(labels(&none)[0], "No connections yet");
        assert!(!actions(&none).contains(&TrayAction::CopyBaseUrl));
        assert!(!actions(&none).contains(&TrayAction::StartServer));
    }

    #[test]
    fn the_server_can_be_started_or_stopped_but_not_both() {
        let url: crate::connections::SiteAddress = "http://127.0.0.1:1".parse().unwrap();
        let running = LocalState::Running {
            url: url.clone(),
            version: "1".to_owned(),
            process: 1,
            needs_setup: false,
            taken_port: None,
        };
        let failed = LocalState::Failed {
            reason: crate::local_server::StopReason::Ended,
            exit_code: Some(1),
            message: None,
        };
        for (state, starts, stops) in [
            (LocalState::Stopped, true, false),
            (failed, true, false),
            (LocalState::Starting, false, false),
            (running, false, true),
            (LocalState::Unhealthy { url, before: Box::default() }, false, true),
            (LocalState::Stopping, false, false),
        ] {
            let actions = actions(&TrayStatus { local_server: Some(state.clone()), ..status(1) });
            let has = |action| actions.contains(&action);
            assert_eq!(
                (has(TrayAction::StartServer), has(TrayAction::StopServer)),
                (starts, stops),
                "{state:?}"
            );
        }
    }

    #[test]
    fn the_menu_speaks_chinese() {
        let status =
            TrayStatus { language: Language::Chinese, is_paused: true, can_update: true, ..status(1) };
        let labels = labels(&status);
        assert_eq!(labels[0], "* Site 0 — 在线");
        let is_chinese =
            |label: &&String| label.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
        assert_eq!(labels.iter().filter(is_chinese).count(), labels.len() - 4);
    }

    #[test]
    fn every_line_is_known_again_by_its_name() {
        let mut all = actions(&status(1));
        all.extend([TrayAction::StopServer, TrayAction::ResumeNotifications, TrayAction::CheckForUpdates]);
        for action in all {
            assert_eq!(TrayAction::of_id(&action.id()), Some(action));
        }
        for wrong in ["", "select:", "select:con_1", "OPEN", "quit "] {
            assert_eq!(TrayAction::of_id(wrong), None, "{wrong}");
        }
    }
}
