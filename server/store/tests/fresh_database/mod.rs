//! Databases made for one test, on each kind of database that is there, and taken away after it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::{ConnectionTrait, Database};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// An empty database.
pub struct FreshDatabase {
    /// How a store connects to it.
    pub url: String,
    remains: Remains,
}

/// What is to be taken away when the test is over.
enum Remains {
    Folder(Folder),
    Database { admin_url: String, name: String },
}

/// A folder that is removed at the end, also where a test has no use for this database.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl FreshDatabase {
    /// One on each kind of database that is there.
    pub async fn on_each() -> Vec<FreshDatabase> {
        let mut databases = vec![FreshDatabase::on_sqlite()];
        for variable in ["WAYSTATION_TEST_MARIADB_URL", "WAYSTATION_TEST_POSTGRES_URL"] {
            match std::env::var(variable) {
                Ok(server) => databases.push(FreshDatabase::on_server(&server).await),
                // The test bed starts every database; only a test run by hand may do without.
                Err(_) if std::env::var("WAYSTATION_TEST_ALL").is_ok() => panic!("{variable} is not set"),
                Err(_) => eprintln!("{variable} is not set: not tested there"),
            }
        }
        databases
    }

    fn on_sqlite() -> FreshDatabase {
        let folder = std::env::temp_dir().join(format!("waystation-store-{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("site.db").display());
        FreshDatabase { url, remains: Remains::Folder(Folder(folder)) }
    }

    async fn on_server(server: &str) -> FreshDatabase {
        // The address may name a database to begin with; each test gets one of its own beside it.
        let (scheme, rest) = server.split_once("://").unwrap();
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let first = match (database, scheme) {
            ("", "mysql") => "mysql",
            ("", _) => "postgres",
            (named, _) => named,
        };
        let server = format!("{scheme}://{authority}");
        let (admin_url, name) = (format!("{server}/{first}"), format!("ws_{}", unique()));
        let admin = Database::connect(&admin_url).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let url = format!("{server}/{name}");
        FreshDatabase { url, remains: Remains::Database { admin_url, name } }
    }

    /// Takes it away.
    pub async fn remove(self) {
        match self.remains {
            Remains::Folder(folder) => drop(folder),
            Remains::Database { admin_url, name } => {
                let admin = Database::connect(admin_url).await.unwrap();
                // Other pools of the test may still hold connections; the server is thrown away whole anyway.
                let _ = admin.execute_unprepared(&format!("DROP DATABASE {name}")).await;
                admin.close().await.unwrap();
            }
        }
    }
}

pub fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// This host's clock, in unix milliseconds.
pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn unique() -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}_{}_{number}", std::process::id(), now_ms() % 1_000_000)
}
