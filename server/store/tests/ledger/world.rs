//! A site with a database of its own.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use waystation_ids::{AccountId, AdjustmentId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{
    AccountKind, CallRecord, CallStatus, Direction, OutputCap, Reserve, Settlement, SystemAccount,
    TransferKind, Unit, UsageRecord,
};
use waystation_pricing::{Bucket, Cost, Money, Multiplier, Price, Usage, UsageSource};
use waystation_store::{
    AdjustmentRecord, AuditActor, AuditActorKind, AuditEntry, DatabaseKind, FundsAudit, FundsOrder,
    FundsTarget, LedgerLanes, Store, StoreOptions,
};

use crate::fresh_database::{FreshDatabase, now_ms, random};

/// One database, and a way to it past the store.
pub struct Site {
    pub store: Store,
    pub lanes: LedgerLanes,
    pub raw: DatabaseConnection,
    pub instance: InstanceId,
    pub database: FreshDatabase,
}

impl Site {
    /// A fresh site on each database that is there.
    pub async fn on_each_database() -> Vec<Site> {
        let mut sites = Vec::new();
        for database in FreshDatabase::on_each().await {
            sites.push(Site::open(database).await);
        }
        sites
    }

    async fn open(database: FreshDatabase) -> Site {
        let options = StoreOptions { url: database.url.clone(), max_connections: 10 };
        let store = Store::connect(&options).await.unwrap();
        store.migrate().await.unwrap();
        let (lanes, _) = LedgerLanes::start(&store);
        let raw = Database::connect(&database.url).await.unwrap();
        let instance = InstanceId::new(now_ms(), random());
        store.renew_instance(instance, "test", "0").await.unwrap();
        let site = Site { store, lanes, raw, instance, database };
        site.insert_price().await;
        site
    }

    /// A second server process on the same database.
    pub async fn second(&self) -> LedgerLanes {
        let store = Store::connect(&StoreOptions { url: self.database.url.clone(), max_connections: 10 })
            .await
            .unwrap();
        LedgerLanes::start(&store).0
    }

    /// A new user with so much cash.
    pub async fn user(&self, cash: &str) -> UserId {
        let user = UserId::new(now_ms(), random());
        if cash != "0" {
            self.lanes.move_funds(credit(user, cash)).await.unwrap();
        }
        user
    }

    pub fn call(&self, user: UserId) -> Reserve {
        Reserve {
            request: RequestId::new_cause(now_ms(), random()),
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
        let report = self.store.audit_ledger(waystation_store::Pace::AtOnce).await.unwrap();
        assert!(report.is_clean(), "{:?}: {report:?}", self.store.kind());
        assert_eq!(report.open_holds, open_holds, "open holds on {:?}", self.store.kind());
    }

    pub async fn drop_database(self) {
        let Site { store, lanes, raw, database, .. } = self;
        drop(lanes);
        raw.close().await.unwrap();
        store.close().await.unwrap();
        database.remove().await;
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
        id: AdjustmentId::new_cause(now_ms(), random()).uuid(),
        user,
        target: FundsTarget::Standing(AccountKind::Cash, Unit::NanoUsd, AccountId::new(now_ms(), random())),
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
        audit: None,
    }
}

/// The same movement, of which the audit log tells under its id.
pub fn audited(order: FundsOrder) -> FundsOrder {
    let target = Some(("adjustment".to_owned(), order.id.to_string()));
    let audit = FundsAudit::new(move |receipt| AuditEntry {
        actor: AuditActor { kind: AuditActorKind::Server, user: None, role: None },
        client_ip: None,
        action: "adjustment.create".to_owned(),
        target: target.clone(),
        before: Some(format!("{{\"balance\":{}}}", receipt.before)),
        after: Some(format!("{{\"balance\":{}}}", receipt.after)),
        request_id: None,
    });
    FundsOrder { audit: Some(audit), ..order }
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
            started_at_ms: now_ms(),
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
