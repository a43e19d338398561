//! Two that want to end one call: the sweeper and its settlement, or two settlements. One of them does; the other
//! changes nothing but what a late settlement may correct.

use futures_util::future::{join, join_all};
use waystation_ledger::{Crashed, Reserve};
use waystation_pricing::Money;

use crate::world::{HELD, Site, settlement, usd};

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_leaves_alone_what_was_settled_before() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let calls: Vec<Reserve> =
            (0..2).map(|_| Reserve { time_limit_ms: -60_000, ..site.call(user) }).collect();
        for call in &calls {
            site.lanes.reserve(call.clone()).await.unwrap();
        }
        let posted = site.lanes.settle(settlement(&calls[0], Some((250, 50)))).await.unwrap();
        let voided = site.lanes.settle(settlement(&calls[1], None)).await.unwrap();
        assert!(site.lanes.sweep(Crashed::FullHold).await.unwrap().ended.is_empty());
        assert_eq!((posted.charged, voided.charged), (usd("0.001"), Money::ZERO));
        assert_eq!(site.available(user).await, 999_000_000);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests WHERE status = 'lost'").await, 0);
        site.check_books(0).await;
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_and_a_settlement_at_once_charge_each_call_once() {
    const CALLS: i64 = 60;
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let calls: Vec<Reserve> =
            (0..CALLS).map(|_| Reserve { time_limit_ms: -60_000, ..site.call(user) }).collect();
        for call in &calls {
            site.lanes.reserve(call.clone()).await.unwrap();
        }
        assert_eq!(site.available(user).await, 1_000_000_000 - CALLS * HELD);
        // Another server's lanes sweep; neither knows of the other.
        let other = site.second().await;
        let sweeping = join_all((0..6).map(|_| other.sweep(Crashed::Void)));
        let settling =
            join_all(calls.iter().map(|call| site.lanes.settle(settlement(call, Some((250, 50))))));
        let (swept, settled) = join(sweeping, settling).await;
        let ended: usize = swept.into_iter().map(|report| report.unwrap().ended.len()).sum();
        assert!(ended <= calls.len(), "{ended}");
        for settled in settled {
            assert_eq!(settled.unwrap().charged, usd("0.001"));
        }
        assert_eq!(site.available(user).await, 1_000_000_000 - CALLS * 1_000_000);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests").await, CALLS);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests WHERE status = 'lost'").await, 0);
        let counted_lost =
            "SELECT COUNT(*) AS value FROM hourly_usage WHERE status = 'lost' AND requests <> 0";
        assert_eq!(site.number(counted_lost).await, 0);
        site.check_books(0).await;
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_settlements_at_once_one_counts_and_both_get_its_answer() {
    const ROUNDS: i64 = 8;
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let other = site.second().await;
        let mut charged = 0;
        for _ in 0..ROUNDS {
            let call = site.call(user);
            site.lanes.reserve(call.clone()).await.unwrap();
            let posting = site.lanes.settle(settlement(&call, Some((250, 50))));
            let voiding = other.settle(settlement(&call, None));
            let (posted, voided) = join(posting, voiding).await;
            let (posted, voided) = (posted.unwrap(), voided.unwrap());
            assert_eq!(posted, voided);
            assert!(posted.charged == usd("0.001") || posted.charged == Money::ZERO);
            charged += posted.charged.nanos();
        }
        assert_eq!(site.available(user).await, 1_000_000_000 - charged);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests").await, ROUNDS);
        site.check_books(0).await;
        site.finish().await;
    }
}
