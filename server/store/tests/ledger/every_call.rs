//! Each database call of an operation on the books fails once: the first, the second, and so on until the operation
//! needs no more of them. Whatever fails, the operation has happened once or not at all, repeating it ends well, and
//! no hold is left.

use std::sync::Arc;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use waystation_ids::{BudgetId, ChannelId, InstanceId, UserId};
use waystation_ledger::{AttemptRecord, Crashed, Reserve, Settlement};
use waystation_store::{
    AuditCheck, AuditFilter, DatabaseKind, FaultKind, FaultMoment, LaneError, LedgerLanes, PlannedFault,
    PlannedFaults, Store, StoreOptions,
};

use crate::fresh_database::{now_ms, random};
use crate::wire::{WireFault, WireFaults};
use crate::world::{HELD, Site, audited, credit, settlement, usd};

/// No operation makes more calls than this, not even where it is repeated.
const CALLS_MAX: u64 = 400;
const BALANCE: i64 = 1_000_000_000;
/// 400 tokens read and 100 written.
const USED: (u64, u64) = (400, 100);
const COST: i64 = 1_800_000;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Reserve,
    Settle,
    Sweep,
    Adjust,
}

#[tokio::test(flavor = "multi_thread")]
async fn any_database_call_of_a_reservation_may_fail() {
    fail_each_call_everywhere(Operation::Reserve).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_database_call_of_a_settlement_may_fail() {
    fail_each_call_everywhere(Operation::Settle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_database_call_of_a_sweep_may_fail() {
    fail_each_call_everywhere(Operation::Sweep).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_database_call_of_an_adjustment_may_fail() {
    fail_each_call_everywhere(Operation::Adjust).await;
}

/// The databases side by side, with several operations in a lane. The long proof also has them one at a time, and
/// every variant on the servers too.
async fn fail_each_call_everywhere(operation: Operation) {
    let sites = Site::on_each_database().await;
    join_all(sites.into_iter().map(|site| async move {
        let mut struck = 0;
        let sizes: &[usize] = if is_long() { &[1, 3] } else { &[3] };
        for &together in sizes {
            for faults in Faults::before(&site).await {
                for variant in faults.variants() {
                    struck += fail_each_call(&site, &faults, operation, variant, together).await;
                }
            }
        }
        let kind = site.store.kind();
        eprintln!("proof: failed database calls in {operation:?} on {kind:?}; {struck}; -");
        let log = site.store.check_audit_log().await.unwrap();
        assert!(matches!(log, AuditCheck::Whole(_)), "{kind:?}: {log:?}");
        site.finish().await;
    }))
    .await;
}

/// Until none is left; says how many failed.
async fn fail_each_call(
    site: &Site,
    faults: &Faults,
    operation: Operation,
    variant: Variant,
    together: usize,
) -> u64 {
    for call in 1..=CALLS_MAX {
        let context =
            format!("{operation:?} on {:?}: call {call} of {variant:?}, {together}", site.store.kind());
        let bench = Bench::new(site, operation, together).await;
        faults.plan(call, variant);
        let answers = bench.run(&faults.lanes).await;
        let struck = faults.has_struck();
        faults.clear();
        assert!(struck || answers.iter().all(Result::is_ok), "{context}: {answers:?}");
        bench.check(&faults.lanes, &answers, &context).await;
        let changes = site.store.audit_ledger_changes().await.unwrap();
        assert!(changes.is_clean() && changes.open_holds == 0, "{context}: {changes:?}");
        if !struck {
            return call - 1;
        }
    }
    panic!("{operation:?} on {:?} makes more than {CALLS_MAX} calls", site.store.kind());
}

fn is_long() -> bool {
    std::env::var("WAYSTATION_PROOF_SCALE").is_ok()
}

/// Lanes, and what may go wrong on their way to the database.
struct Faults {
    lanes: LedgerLanes,
    is_server: bool,
    way: Way,
}

enum Way {
    Statements(Arc<PlannedFaults>),
    Wire(Arc<WireFaults>),
}

#[derive(Clone, Copy, Debug)]
enum Variant {
    Statement { moment: FaultMoment, kind: FaultKind, lasts: bool },
    Wire(WireFault),
}

impl Faults {
    /// Faults of single statements, and to a server also of the line.
    async fn before(site: &Site) -> Vec<Faults> {
        let options = |url| StoreOptions { url, max_connections: 4 };
        let is_server = site.store.kind() != DatabaseKind::Sqlite;
        let plan = Arc::new(PlannedFaults::default());
        let store = Store::connect_faulty(&options(site.database.url.clone()), plan.clone()).await.unwrap();
        let mut faults =
            vec![Faults { lanes: LedgerLanes::start(&store).0, is_server, way: Way::Statements(plan) }];
        if is_server {
            let (wire, url) = WireFaults::before(&site.database.url).await;
            let store = Store::connect(&options(url)).await.unwrap();
            faults.push(Faults { lanes: LedgerLanes::start(&store).0, is_server, way: Way::Wire(wire) });
        }
        faults
    }

    fn variants(&self) -> Vec<Variant> {
        let statement = |moment, kind, lasts| Variant::Statement { moment, kind, lasts };
        match self.way {
            Way::Statements(_) if self.is_server && !is_long() => vec![
                statement(FaultMoment::Before, FaultKind::Refused, false),
                statement(FaultMoment::After, FaultKind::ConnectionLost, true),
            ],
            Way::Wire(_) if !is_long() => vec![Variant::Wire(WireFault::AnswerLost)],
            Way::Statements(_) => vec![
                statement(FaultMoment::Before, FaultKind::ConnectionLost, false),
                statement(FaultMoment::After, FaultKind::ConnectionLost, false),
                statement(FaultMoment::Before, FaultKind::Refused, false),
                statement(FaultMoment::After, FaultKind::Refused, false),
                statement(FaultMoment::After, FaultKind::ConnectionLost, true),
            ],
            Way::Wire(_) => {
                vec![Variant::Wire(WireFault::CallLost), Variant::Wire(WireFault::AnswerLost)]
            }
        }
    }

    fn plan(&self, call: u64, variant: Variant) {
        match (&self.way, variant) {
            (Way::Statements(plan), Variant::Statement { moment, kind, lasts }) => {
                plan.plan(Some(PlannedFault { call, moment, kind, lasts }));
            }
            (Way::Wire(wire), Variant::Wire(fault)) => wire.plan(call, fault),
            _ => unreachable!("variants are those of the way"),
        }
    }

    fn has_struck(&self) -> bool {
        match &self.way {
            Way::Statements(plan) => plan.has_struck(),
            Way::Wire(wire) => wire.has_struck(),
        }
    }

    fn clear(&self) {
        match &self.way {
            Way::Statements(plan) => plan.plan(None),
            Way::Wire(wire) => wire.clear(),
        }
    }
}

/// One or several operations, made ready.
struct Bench<'a> {
    site: &'a Site,
    operation: Operation,
    calls: Vec<Reserve>,
    funds: Vec<waystation_store::FundsOrder>,
}

impl<'a> Bench<'a> {
    /// Users of one lane, each with a call that holds of a budget too.
    async fn new(site: &'a Site, operation: Operation, together: usize) -> Bench<'a> {
        let users = join_all((0..together).map(|_| Bench::new_call(site, operation))).await;
        let funds = match operation {
            Operation::Adjust => users.iter().map(|call| audited(credit(call.user, "0.25"))).collect(),
            _ => Vec::new(),
        };
        Bench { site, operation, calls: users, funds }
    }

    async fn new_call(site: &Site, operation: Operation) -> Reserve {
        let user = loop {
            let user = UserId::new(now_ms(), random());
            if user.uuid().as_bytes()[14].is_multiple_of(4) {
                break user;
            }
        };
        site.lanes.move_funds(credit(user, "1")).await.unwrap();
        let call = Reserve { budgets: vec![(add_budget(site, user).await, 1)], ..site.call(user) };
        let held = match operation {
            Operation::Reserve | Operation::Adjust => return call,
            Operation::Settle => call.clone(),
            Operation::Sweep => Reserve { instance: InstanceId::new(1, [0; 10]), ..call.clone() },
        };
        site.lanes.reserve(held).await.unwrap();
        call
    }

    async fn run(&self, lanes: &LedgerLanes) -> Vec<Result<(), LaneError>> {
        match self.operation {
            Operation::Reserve => {
                join_all(self.calls.iter().map(async |call| lanes.reserve(call.clone()).await.map(drop)))
                    .await
            }
            Operation::Settle => {
                join_all(self.calls.iter().map(async |call| lanes.settle(end_of(call)).await.map(drop))).await
            }
            Operation::Sweep => vec![lanes.sweep(Crashed::Void).await.map(drop)],
            Operation::Adjust => {
                join_all(self.funds.iter().map(async |order| lanes.move_funds(order.clone()).await.map(drop)))
                    .await
            }
        }
    }

    /// What was answered is true, and repeating it ends well.
    async fn check(&self, lanes: &LedgerLanes, answers: &[Result<(), LaneError>], context: &str) {
        match self.operation {
            Operation::Reserve => self.check_holds(lanes, answers, context).await,
            _ => {
                if answers.iter().all(Result::is_ok) {
                    self.check_end(context).await;
                }
                let again = self.run(lanes).await;
                assert!(again.iter().all(Result::is_ok), "{context}: {again:?}");
            }
        }
        self.check_end(context).await;
    }

    /// An admitted call is held and no other; then all of them are called and settled.
    async fn check_holds(&self, lanes: &LedgerLanes, answers: &[Result<(), LaneError>], context: &str) {
        // What nobody was told of is given back behind the next order; the second one comes after that.
        let probe = self.site.call(self.calls[0].user);
        lanes.reserve(probe.clone()).await.unwrap();
        lanes.settle(settlement(&probe, None)).await.unwrap();
        for (call, answer) in self.calls.iter().zip(answers) {
            let held = if answer.is_ok() { HELD } else { 0 };
            assert_eq!(self.site.available(call.user).await, BALANCE - held, "{context}: {answer:?}");
        }
        for (call, answer) in self.calls.iter().zip(answers) {
            if answer.is_err() {
                lanes.reserve(call.clone()).await.unwrap_or_else(|error| panic!("{context}: {error:?}"));
            }
            lanes.settle(end_of(call)).await.unwrap();
        }
    }

    async fn check_end(&self, context: &str) {
        for order in &self.funds {
            let target = Some(order.id.to_string());
            let told = AuditFilter { target, ..AuditFilter::default() };
            assert_eq!(self.site.store.count_audit_rows(&told).await.unwrap(), 1, "{context}");
        }
        for call in &self.calls {
            let (available, rows, cost) = match self.operation {
                Operation::Reserve | Operation::Settle => (BALANCE - COST, 1, COST),
                Operation::Sweep => (BALANCE, 1, 0),
                Operation::Adjust => (BALANCE + usd("0.25").nanos(), 0, 0),
            };
            assert_eq!(self.site.available(call.user).await, available, "{context}");
            let id = self.site.literal(call.request.uuid());
            let count = format!("SELECT COUNT(*) AS value FROM requests WHERE id = {id}");
            assert_eq!(self.site.number(&count).await, rows, "{context}");
            let user = self.site.literal(call.user.uuid());
            // SQLite, MariaDB and PostgreSQL agree on the type of a sum only where it is cast.
            let spent = format!(
                "SELECT CAST(COALESCE(SUM(cost_nanos), 0) AS {}) AS value FROM hourly_usage WHERE user_id = {user}",
                if self.site.store.kind() == DatabaseKind::MySql { "SIGNED" } else { "BIGINT" },
            );
            let lost = matches!(self.operation, Operation::Sweep);
            if !lost {
                assert_eq!(self.site.number(&spent).await, cost, "{context}");
            }
        }
    }
}

/// The same end each time, with a try, so that every table of an ended call is written.
fn end_of(call: &Reserve) -> Arc<Settlement> {
    let mut end = Settlement::clone(&settlement(call, Some(USED)));
    end.attempts.push(AttemptRecord {
        number: 1,
        channel: ChannelId::new(1, [1; 10]),
        credential: None,
        upstream_model: "upstream".to_owned(),
        status_code: Some(200),
        error_code: None,
        error_text: None,
        started_at_ms: 0,
        first_byte_ms: Some(1),
        duration_ms: 1,
    });
    Arc::new(end)
}

async fn add_budget(site: &Site, user: UserId) -> BudgetId {
    let budget = BudgetId::new(now_ms(), random());
    let sql = format!(
        "INSERT INTO budgets (id, subject_kind, subject_id, period, limit_nanos, created_at_ms) \
         VALUES ({}, 'user', {}, 'day', 1000000000, 0)",
        site.literal(budget.uuid()),
        site.literal(user.uuid()),
    );
    site.raw.execute_unprepared(&sql).await.unwrap();
    budget
}
