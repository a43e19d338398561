//! What the server writes into its audit log.

use serde::Serialize;
use waystation_ids::UserId;
use waystation_store::{AuditActor, AuditActorKind, AuditEntry};

use crate::auth::Actor;
use crate::http::visitor::Visitor;

/// What is done, and what to; begins an entry of the audit log.
pub(crate) struct Deed<'a> {
    /// What is done, such as `user.update`.
    pub(crate) action: &'static str,
    /// What it is done to: its kind and its id or name.
    pub(crate) target: Option<(&'static str, &'a str)>,
}

/// Who does something that a command or the server itself may do as well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doer<'a> {
    /// Somebody who is signed in.
    Actor(&'a Actor, &'a Visitor),
    /// A command at the server.
    Command,
    /// The server itself.
    Server,
}

impl Doer<'_> {
    /// The entry that tells of it.
    pub(crate) fn does(&self, action: &'static str, kind: &'static str, id: &str) -> AuditEntry {
        let deed = Deed { action, target: Some((kind, id)) };
        match self {
            Doer::Actor(actor, visitor) => deed.by(actor, visitor),
            Doer::Command => deed.by_command(),
            Doer::Server => deed.by_server(),
        }
    }
}

impl Deed<'_> {
    /// Done by somebody who is signed in.
    pub(crate) fn by(&self, actor: &Actor, visitor: &Visitor) -> AuditEntry {
        let known = AuditActor { kind: actor.kind(), user: Some(actor.id()), role: Some(actor.role()) };
        self.entry(known, Some(visitor))
    }

    /// Done by somebody who is not signed in, `user` where it is known who that claims or proves to be.
    pub(crate) fn by_stranger(&self, user: Option<UserId>, visitor: &Visitor) -> AuditEntry {
        self.entry(AuditActor { kind: AuditActorKind::Stranger, user, role: None }, Some(visitor))
    }

    /// Done by a command at the server.
    pub(crate) fn by_command(&self) -> AuditEntry {
        self.entry(AuditActor { kind: AuditActorKind::Command, user: None, role: None }, None)
    }

    /// Done by the server itself.
    pub(crate) fn by_server(&self) -> AuditEntry {
        self.entry(AuditActor { kind: AuditActorKind::Server, user: None, role: None }, None)
    }

    fn entry(&self, actor: AuditActor, visitor: Option<&Visitor>) -> AuditEntry {
        AuditEntry {
            actor,
            client_ip: visitor.map(|visitor| visitor.client_ip.to_string()),
            action: self.action.to_owned(),
            target: self.target.map(|(kind, id)| (kind.to_owned(), id.to_owned())),
            before: None,
            after: None,
            request_id: visitor.map(|visitor| visitor.request.to_string()),
        }
    }
}

/// What is written of something before or after a change: the API's view of it, which shows no secret.
pub(crate) fn state_of(shown: &impl Serialize) -> Option<String> {
    serde_json::to_string(shown).ok()
}
