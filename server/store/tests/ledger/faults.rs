//! Commits whose answer never came, and orders that break a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use waystation_ids::InstanceId;
use waystation_ledger::Reserve;
use waystation_store::{DatabaseKind, LaneError, LedgerLanes, Store, StoreOptions};

use crate::fresh_database::{now_ms, random};
use crate::world::{HELD, Site, credit, settlement};

/// Between the server and its database: when armed, the next COMMIT reaches the database and its answer is cut off.
struct Proxy {
    port: u16,
    armed: Arc<AtomicBool>,
    /// Taken by the test to keep a cut connection open until it has done something to the database.
    cutting: Arc<Mutex<()>>,
}

impl Proxy {
    async fn before(address: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(AtomicBool::new(false));
        let cutting = Arc::new(Mutex::new(()));
        let (flag, may_cut) = (armed.clone(), cutting.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let database = TcpStream::connect(&address).await.unwrap();
                tokio::spawn(carry(client, database, flag.clone(), may_cut.clone()));
            }
        });
        Proxy { port, armed, cutting }
    }
}

async fn carry(client: TcpStream, database: TcpStream, armed: Arc<AtomicBool>, may_cut: Arc<Mutex<()>>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_database, mut to_database) = database.into_split();
    let cut = Arc::new(AtomicBool::new(false));
    let cutting = cut.clone();
    let up = tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            if sends_commit(&buffer[..read]) && armed.swap(false, Ordering::SeqCst) {
                cutting.store(true, Ordering::SeqCst);
            }
            if to_database.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    });
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = from_database.read(&mut buffer).await {
        // The database has answered, so it has committed; the answer goes no further.
        if cut.load(Ordering::SeqCst) {
            let _ = may_cut.lock().await;
            break;
        }
        if to_client.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    up.abort();
}

/// Whether a COMMIT is among the bytes. Beginning a transaction that is READ COMMITTED is none.
fn sends_commit(bytes: &[u8]) -> bool {
    bytes.windows(6).enumerate().any(|(start, word)| {
        word.eq_ignore_ascii_case(b"commit")
            && !bytes.get(start + 6..start + 9).is_some_and(|end| end.eq_ignore_ascii_case(b"ted"))
    })
}

/// A site on a server, and lanes that reach it through the proxy.
async fn proxied(site: &Site) -> Option<(Proxy, LedgerLanes)> {
    let (start, database) = site.database.url.rsplit_once('/')?;
    let (credentials, address) = start.split_once('@')?;
    let proxy = Proxy::before(address.to_owned()).await;
    let url = format!("{credentials}@127.0.0.1:{}/{database}", proxy.port);
    let store = Store::connect(&StoreOptions { url, max_connections: 4 }).await.unwrap();
    Some((proxy, LedgerLanes::start(&store).0))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_read_back_and_not_done_twice() {
    for site in Site::on_each_database().await {
        let Some((proxy, lanes)) = proxied(&site).await else { continue };
        let user = site.user("1").await;
        for round in 0..10 {
            let calls: Vec<Reserve> = (0..5).map(|_| site.call(user)).collect();
            proxy.armed.store(true, Ordering::SeqCst);
            let holds = join_all(calls.iter().map(|call| lanes.reserve(call.clone()))).await;
            assert!(holds.iter().all(Result::is_ok), "round {round} on {:?}: {holds:?}", site.store.kind());
            assert!(!proxy.armed.load(Ordering::SeqCst), "no commit was cut");
            proxy.armed.store(true, Ordering::SeqCst);
            let ends =
                join_all(calls.iter().map(|call| lanes.settle(settlement(call, Some((100, 10)))))).await;
            assert!(ends.iter().all(Result::is_ok), "{ends:?}");
            proxy.armed.store(true, Ordering::SeqCst);
            lanes.move_funds(credit(user, "0.0015")).await.unwrap();
        }
        // 50 calls of 0.0003 USD, 10 credits of 0.0015.
        assert_eq!(site.available(user).await, 1_000_000_000);
        site.check_books(0).await;
        drop(lanes);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_breaks_a_batch_fails_alone() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let done = site.call(user);
        site.lanes.reserve(done.clone()).await.unwrap();
        site.lanes.settle(settlement(&done, Some((10, 10)))).await.unwrap();
        // Its transfer's id is taken by the call's, which the primary key refuses.
        let mut bad = credit(user, "1");
        bad.id = done.request.uuid();
        let calls: Vec<Reserve> = (0..40).map(|_| site.call(user)).collect();
        let (bad, holds) = tokio::join!(
            site.lanes.move_funds(bad),
            join_all(calls.iter().map(|call| site.lanes.reserve(call.clone())))
        );
        assert!(matches!(bad, Err(LaneError::Unavailable(_))), "{bad:?}");
        assert!(holds.iter().all(Result::is_ok), "{:?}", site.store.kind());
        join_all(calls.iter().map(|call| site.lanes.settle(settlement(call, None)))).await;
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_leaves_before_the_answer_leaves_no_hold() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        for _ in 0..100 {
            let mut leaving = Box::pin(site.lanes.reserve(site.call(user)));
            // Asks once, and leaves.
            tokio::select! {
                biased;
                _ = &mut leaving => {}
                () = std::future::ready(()) => {}
            }
            drop(leaving);
        }
        // Once a later order of the same lane was answered, all of them were taken or withdrawn; those that were taken
        // are given back by further orders.
        let last = site.call(user);
        for _ in 0..1_000 {
            let probe = site.call(user);
            site.lanes.reserve(probe.clone()).await.unwrap();
            site.lanes.settle(settlement(&probe, None)).await.unwrap();
            if site.available(user).await == 1_000_000_000 {
                break;
            }
        }
        site.lanes.reserve(last.clone()).await.unwrap();
        assert_eq!(site.available(user).await, 1_000_000_000 - HELD);
        site.lanes.settle(settlement(&last, None)).await.unwrap();
        site.finish().await;
    }
}

/// The caller leaves after the hold was committed and handed over, and before it looked.
#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_never_looks_at_the_answer_leaves_no_hold() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let mut leaving = Box::pin(site.lanes.reserve(site.call(user)));
        tokio::select! {
            biased;
            _ = &mut leaving => {}
            () = std::future::ready(()) => {}
        }
        wait_for_holds(&site, 1).await;
        // The lane answers right after its commit, well before another order has come through.
        site.lanes.reserve(site.call(site.user("0").await)).await.unwrap_err();
        for _ in 0..8 {
            site.user("1").await;
        }
        drop(leaving);
        wait_for_holds(&site, 0).await;
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_a_database_refuses_does_not_keep_a_call_from_its_books() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        let mut end = waystation_ledger::Settlement::clone(&settlement(&call, Some((10, 10))));
        let long = format!("\0{}", "测".repeat(700));
        end.record.model_served = long.clone();
        end.record.user_agent = long.clone();
        end.attempts.push(waystation_ledger::AttemptRecord {
            number: 1,
            channel: waystation_ids::ChannelId::new(1, [1; 10]),
            credential: None,
            upstream_model: long.clone(),
            status_code: Some(500),
            error_code: Some(long.clone()),
            error_text: Some(long),
            started_at_ms: 0,
            first_byte_ms: None,
            duration_ms: 1,
        });
        site.lanes.settle(Arc::new(end)).await.unwrap();
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_cannot_be_ended_does_not_keep_others_from_ending() {
    for site in Site::on_each_database().await {
        let gone = waystation_ids::InstanceId::new(1, [0; 10]);
        let lost = |user| Reserve { instance: gone, ..site.call(user) };
        let user = site.user("1").await;
        let ended = site.call(user);
        site.lanes.reserve(ended.clone()).await.unwrap();
        site.lanes.settle(settlement(&ended, Some((10, 10)))).await.unwrap();
        // One hold cannot be read, and one is of a call that has its row already.
        let taken = format!("id = {}", site.literal(ended.request.uuid()));
        for tampering in ["budgets = '{'", &taken] {
            let mut calls = Vec::new();
            for _ in 0..3 {
                calls.push(lost(user));
                site.lanes.reserve(calls[calls.len() - 1].clone()).await.unwrap();
            }
            let first = site.literal(calls[0].request.uuid());
            site.raw
                .execute_unprepared(&format!("UPDATE holds SET {tampering} WHERE id = {first}"))
                .await
                .unwrap();
            assert!(site.lanes.sweep(waystation_ledger::Crashed::Void).await.is_err(), "nobody is told");
            assert_eq!(
                site.number("SELECT COUNT(*) AS value FROM holds").await,
                1,
                "{:?}",
                site.store.kind()
            );
            site.raw.execute_unprepared("DELETE FROM holds").await.unwrap();
        }
        site.drop_database().await;
    }
}

/// Somebody's transaction keeps a user's account locked: a host that died in the middle of it, for one.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_stays_locked_does_not_stop_the_lane() {
    for site in Site::on_each_database().await {
        if site.store.kind() == DatabaseKind::Sqlite {
            continue;
        }
        let stuck = site.user("1").await;
        let other = loop {
            let user = site.user("1").await;
            if user.uuid().as_bytes()[14] % 4 == stuck.uuid().as_bytes()[14] % 4 {
                break user;
            }
        };
        let tx = site.raw.begin().await.unwrap();
        let lock =
            format!("UPDATE accounts SET sequence = sequence WHERE user_id = {}", site.literal(stuck.uuid()));
        tx.execute_unprepared(&lock).await.unwrap();
        let (blocked, later) = (site.lanes.reserve(site.call(stuck)), async {
            wait_for_lock_wait(&site).await;
            site.lanes.reserve(site.call(other)).await
        });
        let both = async { tokio::join!(blocked, later) };
        let both = tokio::time::timeout(std::time::Duration::from_secs(15), both).await;
        let (blocked, later) =
            both.unwrap_or_else(|_| panic!("the lane stands still on {:?}", site.store.kind()));
        assert!(matches!(blocked, Err(LaneError::Unavailable(_))), "{blocked:?}");
        assert!(later.is_ok(), "{later:?}");
        tx.rollback().await.unwrap();
        site.drop_database().await;
    }
}

/// The commit happened, its answer was lost, and by the time the batch runs again one order in it has become
/// impossible: the others are found done, not refused as done twice.
#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_commit_is_read_back_though_an_order_of_it_fails_now() {
    for site in Site::on_each_database().await {
        let Some((proxy, lanes)) = proxied(&site).await else { continue };
        let mut users = Vec::new();
        while users.len() < 3 {
            let user = site.user("1").await;
            if user.uuid().as_bytes()[14] % 4 == 0 {
                users.push(user);
            }
        }
        let sequence = |user: waystation_ids::UserId| {
            format!("UPDATE accounts SET sequence = sequence WHERE user_id = {}", site.literal(user.uuid()))
        };
        // The lane waits for the first user while the batch of the two others gathers behind it.
        let (first, batch) = (site.raw.begin().await.unwrap(), site.raw.begin().await.unwrap());
        first.execute_unprepared(&sequence(users[0])).await.unwrap();
        batch.execute_unprepared(&sequence(users[1])).await.unwrap();
        let calls = [site.call(users[0]), site.call(users[1]), site.call(users[1]), site.call(users[2])];
        let mut waiting = Vec::new();
        for call in &calls {
            let mut hold = Box::pin(lanes.reserve(call.clone()));
            // Asked once, the order stands in the lane's queue.
            tokio::select! {
                biased;
                answer = &mut hold => panic!("answered behind a lock: {answer:?}"),
                () = std::future::ready(()) => {}
            }
            waiting.push(hold);
            if waiting.len() == 1 {
                // The first must be under way alone before the others gather behind it.
                wait_for_lock_wait(&site).await;
            }
        }
        first.rollback().await.unwrap();
        wait_for_holds(&site, 1).await;
        let keep = proxy.cutting.lock().await;
        proxy.armed.store(true, Ordering::SeqCst);
        batch.rollback().await.unwrap();
        wait_for_holds(&site, 4).await;
        let third = site.literal(users[2].uuid());
        let terms = |text: &str| format!("UPDATE accounts SET terms = '{text}' WHERE user_id = {third}");
        site.raw.execute_unprepared(&terms("{")).await.unwrap();
        drop(keep);
        let answers = join_all(waiting).await;
        assert!(answers[..3].iter().all(Result::is_ok), "{:?}: {answers:?}", site.store.kind());
        assert!(answers[3].is_err());
        // Nobody was told of the last hold: it is given back as soon as that can be done.
        site.raw.execute_unprepared(&terms("{}")).await.unwrap();
        join_all(calls[..3].iter().map(|call| lanes.settle(settlement(call, None)))).await;
        lanes.move_funds(credit(users[0], "1")).await.unwrap();
        wait_for_holds(&site, 0).await;
        site.finish().await;
    }
}

/// SQLite takes a transaction back by itself when its disk fails; here a trigger makes it do so. Then a statement
/// fails without that, and the store takes the transaction back.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_after_sqlite_took_a_transaction_back_is_committed() {
    for site in Site::on_each_database().await {
        if site.store.kind() != DatabaseKind::Sqlite {
            site.drop_database().await;
            continue;
        }
        let user = site.user("1").await;
        let (renewed, renewed_late) =
            (InstanceId::new(now_ms(), random()), InstanceId::new(now_ms(), random()));
        for resolution in ["ROLLBACK", "ABORT"] {
            for table in ["holds", "instances"] {
                let trigger = format!(
                    "CREATE TRIGGER {table}_fail BEFORE INSERT ON {table} \
                     BEGIN SELECT RAISE({resolution}, 'disk full'); END"
                );
                site.raw.execute_unprepared(&trigger).await.unwrap();
            }
            let refused = site.lanes.reserve(site.call(user)).await;
            assert!(matches!(refused, Err(LaneError::Unavailable(_))), "{refused:?}");
            site.store.renew_instance(renewed, "test", "0").await.unwrap_err();
            for table in ["holds", "instances"] {
                site.raw.execute_unprepared(&format!("DROP TRIGGER {table}_fail")).await.unwrap();
            }
        }
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        site.store.renew_instance(renewed_late, "test", "0").await.unwrap();
        // Seen by another connection, so both are committed.
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM holds").await, 1);
        let id = site.literal(renewed_late.uuid());
        let count = format!("SELECT COUNT(*) AS value FROM instances WHERE id = {id}");
        assert_eq!(site.number(&count).await, 1);
        site.lanes.settle(settlement(&call, None)).await.unwrap();
        site.finish().await;
    }
}

/// Until a transaction on the site's database waits for a lock.
async fn wait_for_lock_wait(site: &Site) {
    let sql = match site.store.kind() {
        // InnoDB's own table of waiting transactions is read anew only where nobody has read it for a while. A
        // statement that locks, and that runs while the test holds the lock, waits.
        DatabaseKind::MySql => {
            "SELECT COUNT(*) AS value FROM information_schema.PROCESSLIST \
             WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND INFO LIKE '%FOR UPDATE%'"
        }
        _ => {
            "SELECT COUNT(*) AS value FROM pg_stat_activity \
             WHERE datname = current_database() AND wait_event_type = 'Lock'"
        }
    };
    wait_for(site, sql, |waiting| waiting > 0).await;
}

/// Until so many holds are open.
async fn wait_for_holds(site: &Site, count: i64) {
    wait_for(site, "SELECT COUNT(*) AS value FROM holds", |holds| holds == count).await;
}

async fn wait_for(site: &Site, sql: &str, is_there: impl Fn(i64) -> bool) {
    let there = async {
        while !is_there(site.number(sql).await) {
            tokio::task::yield_now().await;
        }
    };
    let there = tokio::time::timeout(std::time::Duration::from_secs(30), there).await;
    assert!(there.is_ok(), "never there on {:?}: {sql}", site.store.kind());
}
