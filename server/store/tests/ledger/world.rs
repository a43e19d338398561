//! A site with a database of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use waystation_ids::{AccountId, AdjustmentId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{
    AccountKind, CallRecord, CallStatus, Direction, OutputCap, Reserve, Settlement, SystemAccount,
    TransferKind, Unit, UsageRecord,
};
use waystation_pricing::{Bucket, Cost, Money, Multiplier, Price, Usage, UsageSource};
use waystation_store::{
    AdjustmentRecord, DatabaseKind, FundsOrder, FundsTarget, LedgerLanes, Store, StoreOptions,
};

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// One database, and a way to it past the store.
pub struct Site {
    pub store: Store,
    pub lanes: LedgerLanes,
    pub url: String,
    pub raw: DatabaseConnection,
    pub instance: InstanceId,
    folder: Option<Folder>,
    admin: Option<(String, String)>,
}

/// A folder that is removed at the end, also where a test has no use for this database.
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Site {
    /// A fresh site on each database that is there.
    pub async fn on_each_database() -> Vec<Site> {
        let mut sites = vec![Site::on_sqlite().await];
        for variable in ["WAYSTATION_TEST_MARIADB_URL", "WAYSTATION_TEST_POSTGRES_URL"] {
            match std::env::var(variable) {
                Ok(server) => sites.push(Site::on_server(&server).await),
                // The test bed starts every database; only a test run by hand may do without.
                Err(_) if std::env::var("WAYSTATION_TEST_ALL").is_ok() => panic!("{variable} is not set"),
                Err(_) => eprintln!("{variable} is not set: not tested there"),
            }
        }
        sites
    }

    pub async fn on_sqlite() -> Site {
        let folder = std::env::temp_dir().join(format!("waystation-store-{}", unique()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}?mode=rwc", folder.join("site.db").display());
        let mut site = Site::open(url).await;
        site.folder = Some(Folder(folder));
        site
    }

    pub async fn on_server(server: &str) -> Site {
        let name = format!("ws_{}", unique());
        // The address may name a database to begin with; each site gets one of its own beside it.
        let (scheme, rest) = server.split_once("://").unwrap();
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let server = format!("{scheme}://{authority}");
        let first = match (database, scheme) {
            ("", "mysql") => "mysql",
            ("", _) => "postgres",
            (named, _) => named,
        };
        let admin_url = format!("{server}/{first}");
        let admin = Database::connect(&admin_url).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        let mut site = Site::open(format!("{server}/{name}")).await;
        site.admin = Some((admin_url, name));
        site
    }

    async fn open(url: String) -> Site {
        let store = Store::connect(&StoreOptions { url: url.clone(), max_connections: 10 }).await.unwrap();
        store.migrate().await.unwrap();
        let (lanes, _) = LedgerLanes::start(&store);
        let raw = Database::connect(&url).await.unwrap();
        let instance = InstanceId::new(now(), random());
        store.renew_instance(instance, "test", "0").await.unwrap();
        let site = Site { store, lanes, url, raw, instance, folder: None, admin: None };
        site.insert_price().await;
        site
    }

    /// A second server process on the same database.
    pub async fn second(&self) -> LedgerLanes {
        let store =
            Store::connect(&StoreOptions { url: self.url.clone(), max_connections: 10 }).await.unwrap();
        LedgerLanes::start(&store).0
    }

    /// A new user with so much cash.
    pub async fn user(&self, cash: &str) -> UserId {
        let user = UserId::new(now(), random());
        if cash != "0" {
            self.lanes.move_funds(credit(user, cash)).await.unwrap();
        }
        user
    }

    pub fn call(&self, user: UserId) -> Reserve {
        Reserve {
            request: RequestId::new_cause(now(), random()),
            user,
            key: KeyId::new(1, [1; 10]),
            instance: self.instance,
            model: "sonnet".to_owned(),
            price_version: price_version(),
            price: price(),
            multiplier: Multiplier::ONE,
            input_bound: 1_000,
            input_estimate: 250,
            choices: 1,
            output_cap: OutputCap::Exactly(500),
            budgets: Vec::new(),
            time_limit_ms: 900_000,
        }
    }

    /// The value in the first row of a query with one column called `value`.
    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.raw.get_database_backend(), sql);
        let row = self.raw.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get("", "value").unwrap()
    }

    pub async fn available(&self, user: UserId) -> i64 {
        let sql = format!(
            "SELECT credits_posted - debits_posted - debits_pending AS value FROM accounts WHERE user_id = {}",
            self.literal(user.uuid())
        );
        self.number(&sql).await
    }

    pub fn literal(&self, id: uuid::Uuid) -> String {
        match self.store.kind() {
            DatabaseKind::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        }
    }

    /// The books balance and nothing is held; then the database is dropped.
    pub async fn finish(self) {
        self.check_books(0).await;
        self.drop_database().await;
    }

    pub async fn check_books(&self, open_holds: u64) {
        let changes = self.store.audit_ledger_changes().await.unwrap();
        assert!(changes.is_clean(), "{:?}: {changes:?}", self.store.kind());
        let report = self.store.audit_ledger().await.unwrap();
        assert!(report.is_clean(), "{:?}: {report:?}", self.store.kind());
        assert_eq!(report.open_holds, open_holds, "open holds on {:?}", self.store.kind());
    }

    pub async fn drop_database(self) {
        let Site { store, lanes, raw, folder, admin, .. } = self;
        drop(lanes);
        raw.close().await.unwrap();
        store.close().await.unwrap();
        drop(folder);
        if let Some((url, name)) = admin {
            let admin = Database::connect(url).await.unwrap();
            // Other pools of the test may still hold connections; the server is thrown away whole anyway.
            let _ = admin.execute_unprepared(&format!("DROP DATABASE {name}")).await;
        }
    }

    async fn insert_price(&self) {
        let sql = format!(
            "INSERT INTO price_versions (id, model_id, price, effective_at_ms, created_at_ms) VALUES ({0}, {0}, '{1}', 0, 0)",
            self.literal(price_version().uuid()),
            serde_json::to_string(&price()).unwrap(),
        );
        self.raw.execute_unprepared(&sql).await.unwrap();
    }
}

pub fn credit(user: UserId, cash: &str) -> FundsOrder {
    FundsOrder {
        id: AdjustmentId::new_cause(now(), random()).uuid(),
        user,
        target: FundsTarget::Standing(AccountKind::Cash, Unit::NanoUsd, AccountId::new(now(), random())),
        counterpart: SystemAccount::Adjustments,
        direction: Direction::Credit,
        amount: usd(cash).nanos(),
        kind: TransferKind::Adjustment,
        record: AdjustmentRecord {
            entered: None,
            reason_code: "test".to_owned(),
            note: String::new(),
            actor: None,
        },
    }
}

/// The end of a call that read and wrote so many tokens; no cost: a void.
pub fn settlement(call: &Reserve, used: Option<(u64, u64)>) -> Arc<Settlement> {
    let (input, output) = used.unwrap_or((0, 0));
    let usage = Usage::none(UsageSource::Reported).with(Bucket::Input, input).with(Bucket::Output, output);
    Arc::new(Settlement {
        cost: used.map(|_| Cost::of(&usage, &call.price, call.multiplier)),
        record: CallRecord {
            request: call.request,
            user: call.user,
            key: call.key,
            model_asked: call.model.clone(),
            model_served: call.model.clone(),
            channel: None,
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: false,
            usage: UsageRecord::from(&usage),
            price_version: call.price_version,
            multiplier_ppm: call.multiplier.ppm(),
            output_cap: 500,
            status: if used.is_some() { CallStatus::Ok } else { CallStatus::Failed },
            status_code: if used.is_some() { 200 } else { 502 },
            error_code: None,
            first_byte_ms: Some(3),
            duration_ms: 9,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: "测试".repeat(200),
            started_at_ms: now(),
        },
        attempts: Vec::new(),
    })
}

/// 2 USD a million in, 10 USD a million out: a call of `Site::call` holds 0.007 USD.
pub fn price() -> Price {
    Price { input: "2".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() }
}

pub const HELD: i64 = 7_000_000;

pub fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

fn price_version() -> PriceVersionId {
    PriceVersionId::new(1, [9; 10])
}

pub fn random() -> [u8; 10] {
    let mut bytes = [0; 10];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

pub fn now() -> i64 {
    let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_millis()).unwrap()
}

fn unique() -> String {
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{}_{}_{number}", std::process::id(), now() % 1_000_000)
}
