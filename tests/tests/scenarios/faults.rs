//! Faults by name. Whatever happens to the database, the disk, the clock, Redis or the names of hosts: callers are
//! answered or told that they are not, no answered call is unbooked, nothing is sent upstream without a hold, and
//! afterwards the books balance and calls are answered again.

use std::sync::Arc;
use std::time::Duration;

use waystation_tests::{
    Behaviour, DatabaseKind, DatabaseServer, Disk, FaultyHost, Key, MockUpstream, RedisServer, TcpGate,
    World, WorldOptions, eventually,
};

use crate::load::{Load, Outcome, assert_booked};
use crate::{HONEST_COST, MODEL, add_mock};

const CALLERS: usize = 8;
const CASH: &str = "100";
const HOUR_MS: i64 = 3_600_000;
/// What a caller may be told while the books cannot be written.
const BOOKS_SILENT: &str = "settlement_unavailable";

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_mariadb_stops_calls_until_it_is_back() {
    stop_database(DatabaseKind::Mariadb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_postgres_stops_calls_until_it_is_back() {
    stop_database(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_mariadb_stops_calls_until_it_takes_writes() {
    turn_read_only(DatabaseKind::Mariadb, "SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_postgres_stops_calls_until_it_takes_writes() {
    turn_read_only(
        DatabaseKind::Postgres,
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "ALTER SYSTEM SET default_transaction_read_only = off",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_under_sqlite_stops_calls_until_there_is_space() {
    break_disk(Disk::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_disk_under_sqlite_stops_calls_until_it_takes_writes() {
    break_disk(Disk::ReadOnly).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_under_sqlite_that_fails_to_flush_stops_calls_until_it_does() {
    break_disk(Disk::FailsToFlush).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_or_answered_before_it_is_flushed_on_sqlite() {
    let host = Arc::new(FaultyHost::build());
    let site = Site::start(DatabaseKind::Sqlite, WorldOptions::single().hosted_by(&host)).await;
    site.mock.script(MODEL, Behaviour::gated());
    let load = site.load();
    let all_wait = async || (site.mock.total_calls() == CALLERS).then_some(());
    eventually("every call waits for its upstream", Duration::from_secs(20), all_wait).await;
    // Each caller's first call is to be settled now, and its second would be sent.
    host.set_disk(Disk::HoldsFlushes);
    site.mock.open_gate();
    let is_held = async || (host.flushes_held() > 0).then_some(());
    eventually("the calls are being settled", Duration::from_secs(20), is_held).await;
    // Whatever would leave without waiting for the flush has left by the time that other answers have come.
    for _ in 0..20 {
        site.world.balance(&site.keys[0].user_id).await;
    }
    assert_eq!((load.ends(), site.mock.total_calls()), (0, CALLERS), "an answer left before its flush");
    host.set_disk(Disk::Well);
    load.await_answers(3 * CALLERS).await;
    let outcomes = load.stop().await;
    assert!(outcomes.iter().all(|outcome| outcome.is_answered), "{outcomes:?}");
    site.finish(outcomes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_mariadb_slows_calls_and_loses_none() {
    slow_database_down(DatabaseKind::Mariadb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_postgres_slows_calls_and_loses_none() {
    slow_database_down(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_changes_no_charge_on_sqlite() {
    move_clock(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_changes_no_charge_on_mariadb() {
    move_clock(DatabaseKind::Mariadb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_an_hour_changes_no_charge_on_postgres() {
    move_clock(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_redis_changes_no_answer() {
    let redis = RedisServer::start();
    let gate = TcpGate::start(redis.address()).await;
    let options =
        WorldOptions { redis_url: Some(format!("redis://{}", gate.address())), ..WorldOptions::single() };
    let site = Site::start(DatabaseKind::shared(), options).await;
    let load = site.load();
    load.await_answers(CALLERS).await;
    gate.cut();
    load.await_answers(5 * CALLERS).await;
    gate.mend();
    load.await_answers(5 * CALLERS).await;
    let outcomes = load.stop().await;
    assert!(outcomes.iter().all(|outcome| outcome.is_answered), "{outcomes:?}");
    site.finish(outcomes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_looked_up_cost_nothing() {
    let host = Arc::new(FaultyHost::build());
    let world = World::start_with(DatabaseKind::Sqlite, WorldOptions::single().hosted_by(&host));
    let mock = MockUpstream::start().await;
    world.add_model(MODEL, waystation_tests::price("2", "10", "0.001")).await;
    world.add_channel(&mock.base_url().replace("127.0.0.1", "localhost"), &[MODEL], 0).await;
    // A connection that is kept needs no name.
    mock.script(
        MODEL,
        Behaviour { headers: vec![("connection".into(), "close".into())], ..Behaviour::default() },
    );
    let site = Site::with(world, mock).await;
    let load = site.load();
    load.await_answers(CALLERS).await;
    host.lose_names(true);
    load.await_refusals(5 * CALLERS).await;
    host.lose_names(false);
    load.await_answers(CALLERS).await;
    let outcomes = load.stop().await;
    for refused in outcomes.iter().filter(|outcome| !outcome.is_answered) {
        assert!(matches!(refused.status, 502 | 503), "{refused:?}");
    }
    site.finish(outcomes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_is_lost_takes_no_charge_from_the_books() {
    for kind in [DatabaseKind::Mariadb, DatabaseKind::Postgres] {
        if !DatabaseKind::available().contains(&kind) {
            continue;
        }
        let site = Site::start(kind, WorldOptions::single()).await;
        site.mock.script(MODEL, Behaviour::gated());
        let load = site.load();
        let all_wait = async || (site.mock.total_calls() == CALLERS).then_some(());
        eventually("every call waits for its upstream", Duration::from_secs(20), all_wait).await;
        // The other instances, and the sweeper of this one, take it for dead.
        site.lapse_leases(kind);
        let swept = async || (site.world.balance(&site.keys[0].user_id).await.1 == 0).then_some(());
        eventually("its holds are ended", Duration::from_secs(30), swept).await;
        site.mock.open_gate();
        load.await_answers(CALLERS).await;
        let outcomes = load.stop().await;
        site.finish(outcomes).await;
    }
}

/// The server's own clock; on SQLite it is the database's too.
async fn move_clock(kind: DatabaseKind) {
    if !DatabaseKind::available().contains(&kind) {
        return;
    }
    let host = Arc::new(FaultyHost::build());
    // Nothing that calls need, such as a price, may begin only after the earliest time to come.
    host.shift_clock(-3 * HOUR_MS / 2);
    let site = Site::start(kind, WorldOptions::single().hosted_by(&host)).await;
    host.shift_clock(0);
    let load = site.load();
    for shift in [HOUR_MS, 0, -HOUR_MS, 0] {
        load.await_answers(CALLERS).await;
        host.shift_clock(shift);
        // The sweeper and the renewal of the lease come by every five seconds.
        tokio::time::sleep(Duration::from_secs(6)).await;
        load.await_answers(2 * CALLERS).await;
    }
    let outcomes = load.stop().await;
    let refused: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.is_answered).collect();
    assert!(refused.is_empty(), "{refused:?}");
    site.finish(outcomes).await;
}

async fn stop_database(kind: DatabaseKind) {
    if !DatabaseKind::available().contains(&kind) {
        return;
    }
    let mut database = DatabaseServer::start(kind);
    let site = Site::start(kind, WorldOptions::single().on(&database)).await;
    let load = site.load();
    load.await_answers(2 * CALLERS).await;
    database.stop();
    load.await_refusals(CALLERS).await;
    site.assert_nothing_is_sent(&load).await;
    database.resume();
    load.await_answers(2 * CALLERS).await;
    let outcomes = load.stop().await;
    assert_refused_for_the_books(&outcomes);
    site.finish(outcomes).await;
    // The world audits its books before its database ends.
    drop(site);
    drop(database);
}

async fn turn_read_only(kind: DatabaseKind, begin: &str, end: &str) {
    if !DatabaseKind::available().contains(&kind) {
        return;
    }
    let database = DatabaseServer::start(kind);
    let site = Site::start(kind, WorldOptions::single().on(&database)).await;
    let change = |statement: &str| {
        database.run_statement(statement);
        if kind == DatabaseKind::Postgres {
            database.run_statement("SELECT pg_reload_conf()");
        }
    };
    let load = site.load();
    load.await_answers(2 * CALLERS).await;
    change(begin);
    load.await_refusals(CALLERS).await;
    site.assert_nothing_is_sent(&load).await;
    change(end);
    load.await_answers(2 * CALLERS).await;
    let outcomes = load.stop().await;
    assert_refused_for_the_books(&outcomes);
    site.finish(outcomes).await;
    // The world audits its books before its database ends.
    drop(site);
    drop(database);
}

async fn break_disk(disk: Disk) {
    let host = Arc::new(FaultyHost::build());
    let site = Site::start(DatabaseKind::Sqlite, WorldOptions::single().hosted_by(&host)).await;
    let load = site.load();
    load.await_answers(2 * CALLERS).await;
    host.set_disk(disk);
    load.await_refusals(CALLERS).await;
    site.assert_nothing_is_sent(&load).await;
    host.set_disk(Disk::Well);
    load.await_answers(2 * CALLERS).await;
    let outcomes = load.stop().await;
    assert_refused_for_the_books(&outcomes);
    site.finish(outcomes).await;
}

/// 40 ms a statement: calls are slow. 300 ms: a settlement takes seconds. 3 s: nothing can be booked in time. All the
/// while the upstream refuses, stalls, lies and answers.
async fn slow_database_down(kind: DatabaseKind) {
    let Some(address) = kind.server_address() else { return };
    let gate = TcpGate::start(address).await;
    let site = Site::start(kind, WorldOptions::single().behind(&gate)).await;
    let load = site.load();
    load.await_answers(CALLERS).await;
    gate.slow_down(40);
    load.await_answers(CALLERS).await;
    let lie = serde_json::json!({ "prompt_tokens": -5, "completion_tokens": 0, "total_tokens": 1 });
    for behaviour in [Behaviour::failing(500), Behaviour::lying(lie), Behaviour::default()] {
        site.mock.script(MODEL, behaviour);
        load.await_ends(CALLERS).await;
    }
    gate.slow_down(300);
    load.await_ends(CALLERS).await;
    gate.slow_down(3_000);
    load.await_refusals(CALLERS).await;
    gate.slow_down(0);
    load.await_answers(2 * CALLERS).await;
    let outcomes = load.stop().await;
    site.await_rest().await;
    // What a liar's answers cost is estimated.
    assert_booked(&site.world, &site.mock, &site.keys, CASH, None, &outcomes).await;
}

/// Whoever was not answered was told why, and with the right status before the first byte.
fn assert_refused_for_the_books(outcomes: &[Outcome]) {
    for outcome in outcomes.iter().filter(|outcome| !outcome.is_answered) {
        let is_right = match outcome.status {
            503 => outcome.code == BOOKS_SILENT,
            // A stream that had begun ends with the error as an event.
            200 => outcome.code == BOOKS_SILENT,
            _ => false,
        };
        assert!(is_right, "{outcome:?}");
    }
}

/// A world, its mock and its users.
struct Site {
    world: World,
    mock: MockUpstream,
    keys: Vec<Key>,
}

impl Site {
    async fn start(kind: DatabaseKind, options: WorldOptions) -> Site {
        let world = World::start_with(kind, options);
        let mock = add_mock(&world).await;
        Site::with(world, mock).await
    }

    async fn with(world: World, mock: MockUpstream) -> Site {
        let mut keys = Vec::new();
        for _ in 0..3 {
            keys.push(world.add_customer(CASH).await);
        }
        Site { world, mock, keys }
    }

    fn load(&self) -> Load {
        Load::start(&self.world.base_urls()[0], &self.keys, CALLERS)
    }

    /// From now on the database believes every instance's lease to have lapsed, however often it is renewed.
    fn lapse_leases(&self, kind: DatabaseKind) {
        let lapse = match kind {
            DatabaseKind::Sqlite => unreachable!("a file has one instance"),
            DatabaseKind::Mariadb => {
                "CREATE TRIGGER lapse_lease BEFORE UPDATE ON instances FOR EACH ROW SET NEW.lease_until_ms = 0"
            }
            DatabaseKind::Postgres => {
                "CREATE FUNCTION lapse_lease() RETURNS trigger LANGUAGE plpgsql AS
                 $$ BEGIN NEW.lease_until_ms := 0; RETURN NEW; END $$;
                 CREATE TRIGGER lapse_lease BEFORE UPDATE ON instances
                 FOR EACH ROW EXECUTE FUNCTION lapse_lease()"
            }
        };
        self.world.run_statement(lapse);
        self.world.run_statement("UPDATE instances SET lease_until_ms = 0");
    }

    /// While the books cannot be written no call is sent upstream.
    async fn assert_nothing_is_sent(&self, load: &Load) {
        // Those that were admitted before have been sent by then.
        load.await_refusals(CALLERS).await;
        let before = self.mock.total_calls();
        load.await_refusals(CALLERS).await;
        assert_eq!(self.mock.total_calls(), before, "calls were sent upstream without a hold");
    }

    /// Everything is booked, and nothing is held or kept.
    async fn finish(&self, outcomes: Vec<Outcome>) {
        self.await_rest().await;
        assert_booked(&self.world, &self.mock, &self.keys, CASH, Some(HONEST_COST), &outcomes).await;
    }

    async fn await_rest(&self) {
        let rest = async || {
            for key in &self.keys {
                if self.world.balance_if_known(&key.user_id).await?.1 != 0 {
                    return None;
                }
            }
            let kept = std::fs::read_to_string(self.world.directory_of(0).join("unsettled.log"));
            kept.unwrap_or_default().is_empty().then_some(())
        };
        eventually("nothing is held or kept", Duration::from_secs(90), rest).await;
        let (clean, report) = self.world.audit();
        assert!(clean, "{report}");
    }
}
