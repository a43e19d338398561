//! Commits whose answer never came, and orders that break a batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waystation_ledger::Reserve;
use waystation_store::{LaneError, LedgerLanes, Store, StoreOptions};

use crate::world::{HELD, Site, credit, settlement};

/// Between the server and its database: when armed, the next COMMIT reaches the database and its answer is cut off.
struct Proxy {
    port: u16,
    armed: Arc<AtomicBool>,
}

impl Proxy {
    async fn before(address: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::new(AtomicBool::new(false));
        let flag = armed.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let database = TcpStream::connect(&address).await.unwrap();
                tokio::spawn(carry(client, database, flag.clone()));
            }
        });
        Proxy { port, armed }
    }
}

async fn carry(client: TcpStream, database: TcpStream, armed: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_database, mut to_database) = database.into_split();
    let cut = Arc::new(AtomicBool::new(false));
    let cutting = cut.clone();
    let up = tokio::spawn(async move {
        let mut buffer = vec![0; 65_536];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let is_commit = buffer[..read].windows(6).any(|bytes| bytes.eq_ignore_ascii_case(b"commit"));
            if is_commit && armed.swap(false, Ordering::SeqCst) {
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
        if cut.load(Ordering::SeqCst) || to_client.write_all(&buffer[..read]).await.is_err() {
            break;
        }
    }
    up.abort();
}

/// A site on a server, and lanes that reach it through the proxy.
async fn proxied(site: &Site) -> Option<(Proxy, LedgerLanes)> {
    let (start, database) = site.url.rsplit_once('/')?;
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
            let ends = join_all(calls.iter().map(|call| lanes.settle(settlement(call, Some((100, 10)))))).await;
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
        // What was given back is known once later orders of the same lane have been answered.
        let last = site.call(user);
        for _ in 0..100 {
            if site.available(user).await == 1_000_000_000 {
                break;
            }
            let probe = site.call(user);
            site.lanes.reserve(probe.clone()).await.unwrap();
            site.lanes.settle(settlement(&probe, None)).await.unwrap();
        }
        site.lanes.reserve(last.clone()).await.unwrap();
        assert_eq!(site.available(user).await, 1_000_000_000 - HELD);
        site.lanes.settle(settlement(&last, None)).await.unwrap();
        site.finish().await;
    }
}
