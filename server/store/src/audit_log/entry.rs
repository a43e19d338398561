//! What the log tells of one thing that was done.

use sea_orm::DbErr;
use sha2::{Digest, Sha256};
use waystation_ids::{Role, UserId};

use super::append_audit;
use crate::connection::Transaction;

/// What a thing looks like may take so many bytes; MySQL keeps 65,535 of a text.
const SHOWN_BYTES_MAX: usize = 60_000;

/// Something that was done and that the log tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: AuditActor,
    /// The address it was done from.
    pub client_ip: Option<String>,
    /// What was done, such as `user.update`; at most 64 characters.
    pub action: String,
    /// What it was done to: its kind, such as `user`, and its id or name.
    pub target: Option<(String, String)>,
    /// What it was before, as a JSON object without secrets.
    pub before: Option<String>,
    /// What it is after, as a JSON object without secrets.
    pub after: Option<String>,
    /// The request that did it, as text.
    pub request_id: Option<String>,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditActor {
    /// How the actor was known.
    pub kind: AuditActorKind,
    /// The person, where it is known.
    pub user: Option<UserId>,
    /// The person's role at that time.
    pub role: Option<Role>,
}

/// How an actor was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditActorKind {
    /// By a browser's cookie.
    Cookie,
    /// By an access token.
    Token,
    /// By a command at the server.
    Command,
    /// Not at all: somebody who signs in, or tries to.
    Stranger,
    /// The server itself.
    Server,
}

/// What a change writes into the log: who makes it, and what the thing is like before and after it. Its own
/// transaction knows both.
#[derive(Clone, Debug)]
pub struct Audited<T> {
    entry: AuditEntry,
    show: fn(&T) -> Option<String>,
}

impl AuditEntry {
    /// The entry of a change, which shows the thing before and after it as a JSON object without secrets.
    pub fn showing<T>(self, show: fn(&T) -> Option<String>) -> Audited<T> {
        Audited { entry: self, show }
    }

    /// The entry with what the thing was before and is after.
    pub fn with_states(self, before: Option<String>, after: Option<String>) -> Self {
        AuditEntry { before: before.map(bounded), after: after.map(bounded), ..self }
    }
}

impl<T> Audited<T> {
    /// Appends to the log within the transaction of the change. Comes last in it.
    pub(crate) async fn append(
        &self,
        transaction: &Transaction,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), DbErr> {
        let entry = self.entry.clone().with_states(before.and_then(self.show), after.and_then(self.show));
        append_audit(transaction, &entry).await
    }
}

/// The text, or what tells it from others where it is too long to be kept: a change is never refused for the length
/// of what is written of it.
fn bounded(shown: String) -> String {
    if shown.len() <= SHOWN_BYTES_MAX {
        return shown;
    }
    let hash: String = Sha256::digest(&shown).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{{\"too_long_bytes\":{},\"sha256\":\"{hash}\"}}", shown.len())
}

impl AuditActorKind {
    /// The stable name used in stored rows.
    pub const fn name(self) -> &'static str {
        match self {
            AuditActorKind::Cookie => "cookie",
            AuditActorKind::Token => "token",
            AuditActorKind::Command => "command",
            AuditActorKind::Stranger => "stranger",
            AuditActorKind::Server => "server",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Cookie, Self::Token, Self::Command, Self::Stranger, Self::Server]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_to_be_kept_is_told_by_its_hash() {
        assert_eq!(bounded("{}".to_owned()), "{}");
        let long = bounded("x".repeat(SHOWN_BYTES_MAX + 1));
        assert!(long.starts_with("{\"too_long_bytes\":60001,\"sha256\":\""), "{long}");
        assert_ne!(long, bounded("y".repeat(SHOWN_BYTES_MAX + 1)));
    }

    #[test]
    fn an_actors_kind_is_read_back() {
        for name in ["cookie", "token", "command", "stranger", "server"] {
            assert_eq!(AuditActorKind::from_name(name).map(AuditActorKind::name), Some(name));
        }
        assert_eq!(AuditActorKind::from_name("root"), None);
    }
}
