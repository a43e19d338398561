//! One user's transfers among those of all.

use waystation_ids::{TransferId, UserId};
use waystation_ledger::{AccountKind, Direction, TransferKind};
use waystation_store::StoreError;

use crate::call_maker::{Call, HOUR_MS, Maker};
use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

#[tokio::test]
async fn a_users_transfers_are_found_page_by_page_among_those_of_others() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let now_ms = now_ms();
        let user = UserId::new(now_ms - 90 * 24 * HOUR_MS, random());
        let other = UserId::new(now_ms - 90 * 24 * HOUR_MS, random());
        for user in [user, other] {
            maker.move_funds(user, AccountKind::Cash, Direction::Credit, 1_000_000_000, "test").await;
            maker.move_funds(user, AccountKind::Gift, Direction::Credit, 3_000_000, "test").await;
        }
        let mut paid = Vec::new();
        for hours in [0, 0, 1, 40, 41, 900, 2_000] {
            let begun_ms = now_ms - hours * HOUR_MS - 1_000;
            paid.push(maker.make(Call { begun_ms, ..Call::of(user) }).await);
            maker.make(Call { begun_ms, ..Call::of(other) }).await;
            // These cost nothing, so they have no transfer.
            for _ in 0..3 {
                maker.make(Call { begun_ms, ..Call::failed(user, 502, "upstream_error") }).await;
            }
        }
        maker.move_funds(user, AccountKind::Cash, Direction::Debit, 5, "test").await;

        let all = store.list_own_transfers(user, None, 100).await.unwrap();
        assert!(all.iter().all(|transfer| transfer.user == user));
        assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
        let changes = all.iter().filter(|transfer| transfer.kind == TransferKind::Adjustment).count();
        let calls = all.iter().filter(|transfer| transfer.kind == TransferKind::Consumption);
        let mut causes: Vec<_> = calls.map(|transfer| transfer.id.cause()).collect();
        causes.dedup();
        let mut expected: Vec<_> = paid.iter().map(|request| request.uuid()).collect();
        expected.sort();
        expected.reverse();
        assert_eq!((changes, causes), (3, expected));
        for limit in [1, 2, 3, 7] {
            let mut paged: Vec<TransferId> = Vec::new();
            loop {
                let page = store.list_own_transfers(user, paged.last().copied(), limit).await.unwrap();
                paged.extend(page.iter().map(|transfer| transfer.id));
                if (page.len() as u64) < limit {
                    break;
                }
            }
            assert_eq!(paged, all.iter().map(|transfer| transfer.id).collect::<Vec<_>>(), "{limit} a page");
        }
        let stranger = UserId::new(now_ms, random());
        assert_eq!(store.list_own_transfers(stranger, None, 100).await.unwrap(), []);

        let one = &all[1];
        assert_eq!(&store.load_own_transfer(user, one.id).await.unwrap(), one);
        let anothers = store.load_own_transfer(other, one.id).await;
        assert!(matches!(anothers, Err(StoreError::Missing("transfer"))));
    })
    .await;
}
