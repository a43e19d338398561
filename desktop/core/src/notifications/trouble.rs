use std::collections::BTreeSet;

use serde::Serialize;

use crate::connections::{ConnectionId, is_invisible};
use crate::language::Language;

const SUBJECT_LENGTH_MAX: usize = 80;

/// Something that is wrong at a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trouble {
    /// Where.
    pub connection: ConnectionId,
    /// What.
    pub kind: TroubleKind,
    /// With what, as a channel's name; empty where it is the site itself.
    pub subject: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The site does not answer.
    Offline,
    /// The site shows another key.
    KeyChanged,
    /// The site has signed this device out.
    SignedOut,
    /// Calls over a channel fail.
    ChannelFailing,
    /// The site's books do not balance.
    LedgerFailing,
    /// The site's audit log is not as it was written.
    AuditLogFailing,
    /// The server of this app ended by itself.
    ServerEnded,
}

/// Compares what is wrong now with what was before.
#[derive(Debug, Default)]
pub struct Watcher(BTreeSet<Trouble>);

impl Watcher {
    /// Takes what is wrong at a connection now. Gives what is wrong and may have to be told, and what is over.
    pub fn note(&mut self, connection: ConnectionId, now: BTreeSet<Trouble>) -> (Vec<Trouble>, Vec<Trouble>) {
        let of_it = |trouble: &&Trouble| trouble.connection == connection;
        let over: Vec<Trouble> =
            self.0.iter().filter(of_it).filter(|was| !now.contains(was)).cloned().collect();
        self.0.retain(|was| was.connection != connection);
        self.0.extend(now.iter().cloned());
        (now.into_iter().collect(), over)
    }
}

/// A notification's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The first line.
    pub title: String,
    /// The rest.
    pub body: String,
}

/// What is said of a trouble at the site of that name.
pub fn notification(language: Language, site: &str, trouble: &Trouble, is_of_more: bool) -> Notification {
    let (english, chinese) = match trouble.kind {
        _ if is_of_more => ("There is more. Open Waystation to see it.", "还有更多问题，请打开驿站查看。"),
        TroubleKind::Offline => ("The site does not answer.", "站点没有响应。"),
        TroubleKind::KeyChanged => (
            "The site's key has changed. Nothing is sent to it.",
            "站点的密钥已更改，已停止向其发送任何内容。",
        ),
        TroubleKind::SignedOut => {
            ("This device was signed out. Pair it again.", "此设备已被登出，请重新配对。")
        }
        TroubleKind::ChannelFailing => ("Calls over this channel fail: ", "此渠道的调用失败："),
        TroubleKind::LedgerFailing => ("The books do not balance.", "账目不平。"),
        TroubleKind::AuditLogFailing => {
            ("The audit log is not as it was written.", "审计日志与写入时不一致。")
        }
        TroubleKind::ServerEnded => ("The local server has ended by itself.", "本地服务意外退出。"),
    };
    let mut body = language.pick(english, chinese).to_owned();
    if trouble.kind == TroubleKind::ChannelFailing && !is_of_more {
        body.extend(one_line(&trouble.subject));
    }
    Notification { title: one_line(site).collect(), body }
}

/// What others wrote stays one short line, and is no markup: some systems would draw it.
fn one_line(text: &str) -> impl Iterator<Item = char> {
    let plain = text.chars().filter(|letter| {
        !letter.is_control() && !is_invisible(*letter) && !matches!(letter, '<' | '>' | '&')
    });
    plain.take(SUBJECT_LENGTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(connection: ConnectionId, subject: &str) -> Trouble {
        Trouble { connection, kind: TroubleKind::ChannelFailing, subject: subject.to_owned() }
    }

    #[test]
    fn what_is_over_is_told_apart_from_what_goes_on() {
        let (mut watcher, site, other) = (Watcher::default(), ConnectionId::draw(), ConnectionId::draw());
        let (one, two) = (trouble(site, "one"), trouble(site, "two"));
        assert_eq!(watcher.note(site, BTreeSet::from([one.clone()])), (vec![one.clone()], vec![]));
        assert_eq!(watcher.note(other, BTreeSet::new()), (vec![], vec![]));
        assert_eq!(watcher.note(site, BTreeSet::from([two.clone()])), (vec![two.clone()], vec![one]));
        assert_eq!(watcher.note(site, BTreeSet::new()), (vec![], vec![two]));
    }

    #[test]
    fn what_a_site_names_cannot_be_markup_or_lines() {
        let down = trouble(ConnectionId::draw(), &format!("<img\u{202e} src=x>\n{}", "x".repeat(500)));
        let told = notification(Language::English, "Prod\u{7}", &down, false);
        assert_eq!(told.title, "Prod");
        assert!(told.body.starts_with("Calls over this channel fail: img src=x") && told.body.len() < 120);
        assert!(!told.body.contains(['<', '\n']));
        let more = notification(Language::Chinese, "Prod", &down, true);
        assert_eq!(more.body, "还有更多问题，请打开驿站查看。");
    }
}
