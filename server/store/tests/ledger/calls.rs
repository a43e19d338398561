use waystation_ids::{BudgetId, InstanceId};
use waystation_ledger::{Crashed, Refusal, Reserve};
use waystation_pricing::Money;
use waystation_store::LaneError;

use crate::fresh_database::{now_ms, random};
use crate::world::{HELD, Site, settlement, usd};
use sea_orm::ConnectionTrait;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_held_posted_and_recorded_once() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        let hold = site.lanes.reserve(call.clone()).await.unwrap();
        assert_eq!(hold.bound, Money::from_nanos(HELD));
        assert_eq!(site.available(user).await, 1_000_000_000 - HELD);
        site.check_books(1).await;
        let settled = site.lanes.settle(settlement(&call, Some((400, 100)))).await.unwrap();
        assert_eq!((settled.cost, settled.charged), (usd("0.0018"), usd("0.0018")));
        // Repeating it gives the same answer and changes nothing.
        assert_eq!(site.lanes.settle(settlement(&call, Some((999, 400)))).await.unwrap(), settled);
        assert_eq!(site.lanes.settle(settlement(&call, None)).await.unwrap(), settled);
        assert_eq!(site.available(user).await, 998_200_000);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests").await, 1);
        assert_eq!(site.number("SELECT cost_nanos AS value FROM hourly_usage").await, 1_800_000);
        assert_eq!(site.number("SELECT requests AS value FROM hourly_usage").await, 1);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voided_call_costs_nothing_and_has_its_row() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        let settled = site.lanes.settle(settlement(&call, None)).await.unwrap();
        assert_eq!(settled.charged, Money::ZERO);
        assert_eq!(site.available(user).await, 1_000_000_000);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests WHERE status = 'failed'").await, 1);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_without_a_hold_is_refused() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        let answer = site.lanes.settle(settlement(&call, Some((1, 1)))).await;
        assert!(matches!(answer, Err(LaneError::Refused(Refusal::NoHold))));
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_an_account_is_refused() {
    for site in Site::on_each_database().await {
        let user = site.user("0").await;
        let answer = site.lanes.reserve(site.call(user)).await;
        assert!(matches!(answer, Err(LaneError::Refused(Refusal::InsufficientBalance { .. }))));
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_holds_and_counts_in_the_same_transaction() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let budget = BudgetId::new(now_ms(), random());
        let sql = format!(
            "INSERT INTO budgets (id, subject_kind, subject_id, period, limit_nanos, created_at_ms) VALUES ({}, 'key', {}, 'day', 10000000, 0)",
            site.literal(budget.uuid()),
            site.literal(user.uuid()),
        );
        site.raw.execute_unprepared(&sql).await.unwrap();
        let call = |period| Reserve { budgets: vec![(budget, period)], ..site.call(user) };
        let first = call(1);
        site.lanes.reserve(first.clone()).await.unwrap();
        let answer = site.lanes.reserve(call(1)).await;
        assert!(matches!(answer, Err(LaneError::Refused(Refusal::BudgetExceeded { .. }))), "{answer:?}");
        // Another day starts anew.
        let next_day = call(2);
        site.lanes.reserve(next_day.clone()).await.unwrap();
        site.lanes.settle(settlement(&first, Some((0, 100)))).await.unwrap();
        site.lanes.settle(settlement(&next_day, None)).await.unwrap();
        assert_eq!(
            site.number("SELECT spent_nanos AS value FROM budget_spending WHERE period_start_ms = 1").await,
            1_000_000
        );
        assert_eq!(
            site.number("SELECT spent_nanos AS value FROM budget_spending WHERE period_start_ms = 2").await,
            0
        );
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_call_ends_and_a_late_settlement_corrects_it_once() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        // A hold of a process that is gone, and one of a process that lives.
        let lost = Reserve { instance: InstanceId::new(now_ms(), random()), ..site.call(user) };
        let live = site.call(user);
        site.lanes.reserve(lost.clone()).await.unwrap();
        site.lanes.reserve(live.clone()).await.unwrap();
        let report = site.lanes.sweep(Crashed::Void).await.unwrap();
        assert_eq!(report.ended.len(), 1);
        assert!(site.lanes.sweep(Crashed::Void).await.unwrap().ended.is_empty());
        assert_eq!(site.available(user).await, 1_000_000_000 - HELD);
        assert_eq!(
            site.number("SELECT operator_loss_nanos AS value FROM requests WHERE status = 'lost'").await,
            500_000
        );
        site.check_books(1).await;
        // A void that comes late finds nothing to give back.
        site.lanes.settle(settlement(&lost, None)).await.unwrap();
        let settled = site.lanes.settle(settlement(&lost, Some((250, 50)))).await.unwrap();
        assert_eq!(settled.charged, usd("0.001"));
        assert_eq!(site.lanes.settle(settlement(&lost, Some((250, 50)))).await.unwrap(), settled);
        assert_eq!(site.number("SELECT COUNT(*) AS value FROM requests WHERE status = 'lost'").await, 0);
        assert_eq!(site.number("SELECT requests AS value FROM hourly_usage WHERE status = 'lost'").await, 0);
        site.lanes.settle(settlement(&live, None)).await.unwrap();
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_past_its_deadline_ends_though_its_process_lives() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = Reserve { time_limit_ms: -15_000, ..site.call(user) };
        site.lanes.reserve(call.clone()).await.unwrap();
        let report = site.lanes.sweep(Crashed::FullHold).await.unwrap();
        assert!(report.ended[0].past_deadline);
        assert_eq!(site.available(user).await, 1_000_000_000 - HELD);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_adds_to_its_budget_and_keeps_what_others_spent() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let budget = BudgetId::new(now_ms(), random());
        let sql = format!(
            "INSERT INTO budgets (id, subject_kind, subject_id, period, limit_nanos, created_at_ms) VALUES ({}, 'key', {}, 'day', 1000000000, 0)",
            site.literal(budget.uuid()),
            site.literal(user.uuid()),
        );
        site.raw.execute_unprepared(&sql).await.unwrap();
        let call = || Reserve { budgets: vec![(budget, 1)], ..site.call(user) };
        let (done, open) = (call(), call());
        let lost = Reserve { instance: InstanceId::new(now_ms(), random()), ..call() };
        for call in [&done, &open, &lost] {
            site.lanes.reserve(call.clone()).await.unwrap();
        }
        site.lanes.settle(settlement(&done, Some((0, 100)))).await.unwrap();
        site.lanes.sweep(Crashed::Void).await.unwrap();
        site.lanes.settle(settlement(&lost, Some((0, 50)))).await.unwrap();
        assert_eq!(site.number("SELECT spent_nanos AS value FROM budget_spending").await, 1_500_000);
        assert_eq!(site.number("SELECT pending_nanos AS value FROM budget_spending").await, HELD);
        site.check_books(1).await;
        site.lanes.settle(settlement(&open, None)).await.unwrap();
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_settlement_below_what_expiry_took_gives_the_rest_back() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let lost = Reserve { instance: InstanceId::new(now_ms(), random()), ..site.call(user) };
        let voided =
            Reserve { request: waystation_ids::RequestId::new_cause(now_ms(), random()), ..lost.clone() };
        for call in [&lost, &voided] {
            site.lanes.reserve(call.clone()).await.unwrap();
        }
        site.lanes.sweep(Crashed::FullHold).await.unwrap();
        assert_eq!(site.available(user).await, 1_000_000_000 - 2 * HELD);
        site.check_books(0).await;
        let settled = site.lanes.settle(settlement(&lost, Some((400, 100)))).await.unwrap();
        assert_eq!(settled.charged, usd("0.0018"));
        assert_eq!(site.lanes.settle(settlement(&voided, None)).await.unwrap().charged, Money::ZERO);
        assert_eq!(site.available(user).await, 998_200_000);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_waits_15_seconds_after_a_deadline_or_a_lapsed_lease() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let other = InstanceId::new(now_ms(), random());
        site.store.renew_instance(other, "other", "0").await.unwrap();
        let late = Reserve { time_limit_ms: -5_000, ..site.call(user) };
        let orphan = Reserve { instance: other, ..site.call(user) };
        for call in [&late, &orphan] {
            site.lanes.reserve(call.clone()).await.unwrap();
        }
        let lapsed_for = async |ms: i64| {
            let until = site.store.now_ms().await.unwrap() - ms;
            let id = site.literal(other.uuid());
            let sql = format!("UPDATE instances SET lease_until_ms = {until} WHERE id = {id}");
            site.raw.execute_unprepared(&sql).await.unwrap();
            site.lanes.sweep(Crashed::Void).await.unwrap().ended.len()
        };
        assert_eq!(lapsed_for(5_000).await, 0);
        assert_eq!(lapsed_for(15_000).await, 1);
        site.lanes.settle(settlement(&late, None)).await.unwrap();
        site.finish().await;
    }
}
