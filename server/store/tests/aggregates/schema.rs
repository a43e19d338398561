use waystation_ids::InstanceId;
use waystation_ledger::Crashed;
use waystation_pricing::Money;
use waystation_store::{RequestFilter, UsageFilter, UsagePart, UsageSplit};

use crate::call_maker::{Call, HOUR_MS, Maker, channel, enter_price, key};
use crate::database::{connect, for_each_database, for_each_empty_database};
use crate::fresh_database::{now_ms, random};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_processes_that_start_at_once_one_makes_the_schema_and_the_others_wait() {
    for_each_empty_database(async |url| {
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            starting.spawn(async move {
                let store = connect(&url).await;
                let ran = store.migrate().await.unwrap();
                assert!(store.has_current_schema().await.unwrap());
                store.close().await.unwrap();
                ran
            });
        }
        let ran = starting.join_all().await;
        assert_eq!(ran.iter().filter(|migrations| **migrations > 0).count(), 1, "{url}: {ran:?}");
    })
    .await;
}

#[tokio::test]
async fn a_schema_without_a_migration_of_this_version_is_not_current_and_a_newer_one_is() {
    for_each_database(async |store, url| {
        let raw = sea_orm::Database::connect(url).await.unwrap();
        let run = async |sql: &str| {
            sea_orm::ConnectionTrait::execute_unprepared(&raw, sql).await.unwrap();
        };
        assert!(store.has_current_schema().await.unwrap());
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)";
        run(newer).await;
        assert!(store.has_current_schema().await.unwrap());
        run("DELETE FROM seaql_migrations WHERE version = 'm0009_site'").await;
        assert!(!store.has_current_schema().await.unwrap());
        run("DROP TABLE seaql_migrations").await;
        assert!(store.has_current_schema().await.is_err());
        raw.close().await.unwrap();
    })
    .await;
}

/// Those that came with the sums of losses and the hours of calls, and after.
const SINCE_INSIGHT: u32 = 4;

#[tokio::test]
async fn calls_of_a_version_before_are_found_by_their_hours_and_their_losses_are_summed() {
    for_each_database(async |store, _| {
        let maker = Maker::start(&store).await;
        enter_price(&store).await;
        let (user, other) = (maker.user(1_000_000_000, 0).await, maker.user(1_000_000_000, 0).await);
        let mut calls = Vec::new();
        for hours in [0, 1, 20] {
            let begun_ms = now_ms() - hours * HOUR_MS;
            calls.push(maker.make(Call { begun_ms, ..Call::of(user) }).await);
            maker.make(Call { begun_ms, key: key(2), channel: Some(channel(2)), ..Call::of(other) }).await;
        }
        // Lost calls have no channel; two of one hour are one sum.
        let gone = Maker { instance: InstanceId::new(now_ms(), random()), ..maker };
        for (user, model) in [(user, "sonnet"), (user, "sonnet"), (user, "opus"), (other, "sonnet")] {
            gone.hold(&Call { model, ..Call::of(user) }).await;
            assert_eq!(gone.lanes.sweep(Crashed::Void).await.unwrap().ended.len(), 1);
        }
        let filter = UsageFilter {
            user: None,
            key: None,
            model: None,
            from_ms: now_ms() - 48 * HOUR_MS,
            until_ms: now_ms() + HOUR_MS,
        };
        let sums = async |split| store.list_usage(&filter, split).await.unwrap();
        let before =
            [sums(UsageSplit::Whole).await, sums(UsageSplit::Model).await, sums(UsageSplit::Key).await];
        assert!(before[0][&UsagePart::Whole].operator_loss > Money::ZERO);
        assert_eq!(before[0][&UsagePart::Whole].granted(), Money::ZERO);

        store.rebuild_schema(Some(SINCE_INSIGHT)).await.unwrap();
        assert_eq!(store.pending_migrations().await.unwrap(), 0);
        let after =
            [sums(UsageSplit::Whole).await, sums(UsageSplit::Model).await, sums(UsageSplit::Key).await];
        assert_eq!(after, before);
        let of_user = RequestFilter { user: Some(user), ..RequestFilter::default() };
        let found = store.list_requests(&of_user, None, 100).await.unwrap();
        assert_eq!(found.len(), calls.len() + 3);
        for call in calls {
            assert!(found.iter().any(|ended| ended.record.request == call));
        }
        assert_eq!(store.count_requests(&of_user).await.unwrap(), 6);
    })
    .await;
}
