//! Stores on fresh databases, and the people in them.

use std::future::Future;

use waystation_ids::{AccountId, Role, SessionId, UserId};
use waystation_store::{
    AuditActor, AuditActorKind, AuditEntry, Audited, NewSession, NewUser, SessionKind, Store, StoreOptions,
    User,
};

use crate::fresh_database::{FreshDatabase, now_ms, random};

/// Runs a check on a fresh database of each kind. The check may open further stores on the same URL.
pub async fn for_each_database<F: Future<Output = ()>>(check: impl Fn(Store, String) -> F) {
    for_each_empty_database(async |url| {
        let store = connect(&url).await;
        store.migrate().await.unwrap();
        check(store.clone(), url).await;
        store.close().await.unwrap();
    })
    .await;
}

/// Runs a check on a database of each kind that has no tables yet.
pub async fn for_each_empty_database(check: impl AsyncFn(String)) {
    for database in FreshDatabase::on_each().await {
        check(database.url.clone()).await;
        database.remove().await;
    }
}

/// A store as another server process would open it.
pub async fn connect(url: &str) -> Store {
    Store::connect(&StoreOptions { url: url.to_owned(), max_connections: 10 }).await.unwrap()
}

/// Enters a person with this address and role.
pub async fn enter(store: &Store, email: &str, role: Role) -> User {
    store.create_user(&new_user(email, role), &audited()).await.unwrap()
}

pub fn new_user(email: &str, role: Role) -> NewUser {
    NewUser {
        id: UserId::new(now_ms(), random()),
        cash_account: AccountId::new(now_ms(), random()),
        email: email.parse().unwrap(),
        username: None,
        display_name: "Ann".to_owned(),
        role,
        password_hash: None,
        is_demo: false,
        identity: None,
    }
}

/// A session of a command that lasts for a minute.
pub fn new_session(user: &User) -> NewSession {
    NewSession {
        id: SessionId::new(now_ms(), random()),
        user: user.id,
        kind: SessionKind::Cli,
        secret_hash: None,
        name: None,
        client_ip: None,
        user_agent: None,
        proved_by: None,
        lasts_ms: 60_000,
    }
}

/// What a change of a test tells the audit log: that the server made it.
pub fn audited<T>() -> Audited<T> {
    audit_entry("test").showing(|_| Some("{}".to_owned()))
}

pub fn audit_entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: AuditActor { kind: AuditActorKind::Server, user: None, role: None },
        client_ip: None,
        action: action.to_owned(),
        target: None,
        before: None,
        after: None,
        request_id: None,
    }
}
