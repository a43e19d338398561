//! What users hold and what moved it, and the names of things.

use waystation_ids::{Role, UserId};
use waystation_ledger::{AccountKind, Direction, Unit};
use waystation_pricing::Money;
use waystation_store::HeldBalance;

use crate::call_maker::{Call, HOUR_MS, Maker, channel, key};
use crate::database::{enter, for_each_database};
use crate::fresh_database::now_ms;

#[tokio::test]
async fn balances_are_summed_by_what_they_are_for_and_holds_are_counted() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let (ann, ben) = (maker.user(1_000_000_000, 250_000_000).await, maker.user(2_000_000_000, 0).await);
        maker.grant_tokens(ann, 5_000, None).await;
        maker.grant_tokens(ben, 7_000, Some(now_ms() + HOUR_MS)).await;
        assert_eq!(store.sum_open_holds().await.unwrap(), waystation_store::OpenHolds::default());
        // 1,000 read and 500 written at most: 0.007 USD.
        let carl = maker.user(1_000_000_000, 0).await;
        maker.hold(&Call::of(carl)).await;
        let held =
            |kind, unit, accounts, posted, pending| HeldBalance { kind, unit, accounts, posted, pending };
        assert_eq!(
            store.list_held_balances(now_ms() + 2 * HOUR_MS).await.unwrap(),
            [
                held(AccountKind::Cash, Unit::NanoUsd, 3, 4_000_000_000, 7_000_000),
                held(AccountKind::Gift, Unit::NanoUsd, 1, 250_000_000, 0),
                held(AccountKind::Grant, Unit::Tokens, 1, 5_000, 0),
            ]
        );
        let now = store.list_held_balances(now_ms()).await.unwrap();
        assert_eq!((now[2].accounts, now[2].posted), (2, 12_000));
        let holds = store.sum_open_holds().await.unwrap();
        assert_eq!((holds.count, holds.bound), (1, Money::from_nanos(7_000_000)));
        assert!(holds.oldest_ms.is_some_and(|oldest_ms| (now_ms() - oldest_ms).abs() < HOUR_MS));
    })
    .await;
}

#[tokio::test]
async fn movements_are_summed_by_direction_account_and_reason() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let user = maker.user(0, 0).await;
        for (kind, direction, amount, reason) in [
            (AccountKind::Cash, Direction::Credit, 5_000, "offline_payment"),
            (AccountKind::Cash, Direction::Credit, 7_000, "offline_payment"),
            (AccountKind::Cash, Direction::Credit, 9_000, "goodwill"),
            (AccountKind::Cash, Direction::Debit, 1_000, "correction"),
            (AccountKind::Gift, Direction::Credit, 300, "promotion"),
        ] {
            maker.move_funds(user, kind, direction, amount, reason).await;
        }
        maker.grant_tokens(user, 40, None).await;
        let sums = store.list_movement_sums(now_ms() - HOUR_MS, now_ms() + HOUR_MS).await.unwrap();
        let shown: Vec<_> = sums
            .iter()
            .map(|sum| {
                let reason = sum.reason_code.as_str();
                (sum.direction, sum.kind, sum.unit, reason, sum.count, sum.amount)
            })
            .collect();
        let (credit, usd) = (Direction::Credit, Unit::NanoUsd);
        assert_eq!(
            shown,
            [
                (credit, AccountKind::Cash, usd, "goodwill", 1, 9_000),
                (credit, AccountKind::Cash, usd, "offline_payment", 2, 12_000),
                (credit, AccountKind::Gift, usd, "promotion", 1, 300),
                (credit, AccountKind::Grant, Unit::Tokens, "promotion", 1, 40),
                (Direction::Debit, AccountKind::Cash, usd, "correction", 1, 1_000),
            ]
        );
        assert_eq!(store.list_movement_sums(0, now_ms() - HOUR_MS).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn who_calls_and_has_little_money_is_counted() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let poor = maker.user(40_000_000, 30_000_000).await;
        let rich = maker.user(2_000_000_000, 0).await;
        // Tokens are no money.
        let granted = maker.user(10_000_000, 0).await;
        maker.grant_tokens(granted, 5_000, None).await;
        // Has little, and does not call.
        maker.user(1_000_000, 0).await;
        for user in [poor, rich, granted] {
            maker.make(Call::of(user)).await;
        }
        let count = async |since_ms: i64, threshold: i64| {
            store.count_low_balances(since_ms, Money::from_nanos(threshold), now_ms()).await.unwrap()
        };
        let hour_ago = now_ms() - HOUR_MS;
        assert_eq!(count(hour_ago, 1_000_000_000).await, 2);
        assert_eq!(count(hour_ago, 50_000_000).await, 1);
        assert_eq!(count(hour_ago, 3_000_000_000).await, 3);
        assert_eq!(count(hour_ago, 0).await, 0);
        assert_eq!(count(now_ms() + 2 * HOUR_MS, 1_000_000_000).await, 0);
    })
    .await;
}

#[tokio::test]
async fn names_are_found_for_the_ids_that_have_some() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let emails = store.list_user_emails([ann.id, UserId::new(1, [7; 10])].into()).await.unwrap();
        assert_eq!(emails.into_iter().collect::<Vec<_>>(), [(ann.id, ann.email)]);
        assert!(store.list_key_labels([key(1)].into()).await.unwrap().is_empty());
        assert!(store.list_channel_names([channel(1)].into()).await.unwrap().is_empty());
        assert!(store.list_channel_names([].into()).await.unwrap().is_empty());
    })
    .await;
}
