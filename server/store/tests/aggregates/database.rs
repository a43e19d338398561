//! A fresh database for each test, on each kind of database that is there.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::{ConnectionTrait, Database};
use waystation_ids::{AccountId, Role, UserId};
use waystation_store::{NewUser, Store, StoreOptions, User};

static COUNTER: AtomicU64 = AtomicU64::new(0);

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
    on_sqlite(&check).await;
    for variable in ["WAYSTATION_TEST_MARIADB_URL", "WAYSTATION_TEST_POSTGRES_URL"] {
        match std::env::var(variable) {
            Ok(server) => on_server(&server, &check).await,
            // The test bed starts every database; only a test run by hand may do without.
            Err(_) if std::env::var("WAYSTATION_TEST_ALL").is_ok() => panic!("{variable} is not set"),
            Err(_) => eprintln!("{variable} is not set: not tested there"),
        }
    }
}

async fn on_sqlite(check: &impl AsyncFn(String)) {
    let folder: PathBuf = std::env::temp_dir().join(format!("waystation-aggregates-{}", unique()));
    std::fs::create_dir_all(&folder).unwrap();
    check(format!("sqlite:{}", folder.join("site.db").display())).await;
    std::fs::remove_dir_all(folder).unwrap();
}

async fn on_server(server: &str, check: &impl AsyncFn(String)) {
    // The address may name a database already; ours is made beside it.
    let server = match server.match_indices('/').nth(2) {
        Some((end, _)) => &server[..end],
        None => server,
    };
    let name = format!("ws_{}", unique());
    let database = if server.starts_with("postgres") { "postgres" } else { "mysql" };
    let admin = Database::connect(format!("{server}/{database}")).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    check(format!("{server}/{name}")).await;
    // Pools of the check may still hold connections; the server is thrown away whole anyway.
    let _ = admin.execute_unprepared(&format!("DROP DATABASE {name}")).await;
    admin.close().await.unwrap();
}

/// A store as another server process would open it.
pub async fn connect(url: &str) -> Store {
    Store::connect(&StoreOptions { url: url.to_owned(), max_connections: 10 }).await.unwrap()
}

/// Enters a person with this address and role.
pub async fn enter(store: &Store, email: &str, role: Role) -> User {
    store.create_user(&new_user(email, role)).await.unwrap()
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
    }
}

pub fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn unique() -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}_{}_{number}", std::process::id(), now_ms() % 1_000_000)
}
