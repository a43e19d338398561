use sea_orm::ConnectionTrait;
use waystation_store::{AuditDifference, Pace};

use crate::fresh_database::now_ms;
use crate::world::{Site, settlement};

/// Each way in which somebody might tamper with the books behind the server's back.
const TAMPERINGS: [(&str, &str); 8] = [
    ("account_sum", "UPDATE accounts SET credits_posted = credits_posted + 1"),
    ("account_sum", "UPDATE transfers SET amount = amount + 1 WHERE kind = 'consumption'"),
    ("account_sequence", "DELETE FROM transfers WHERE kind = 'adjustment'"),
    ("account_pending", "UPDATE accounts SET debits_pending = debits_pending + 1"),
    ("account_pending", "DELETE FROM holds"),
    ("call_lines", "UPDATE requests SET charged_nanos = charged_nanos + 1"),
    ("call_lines", "UPDATE requests SET cost_nanos = cost_nanos + 1"),
    ("call_without_row", "DELETE FROM requests"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_tampering_is_found() {
    for (kind, sql) in TAMPERINGS {
        for site in Site::on_each_database().await {
            let user = site.user("1").await;
            let (done, open) = (site.call(user), site.call(user));
            site.lanes.reserve(done.clone()).await.unwrap();
            site.lanes.settle(settlement(&done, Some((10, 10)))).await.unwrap();
            site.lanes.reserve(open).await.unwrap();
            site.check_books(1).await;
            site.raw.execute_unprepared(sql).await.unwrap();
            let report = site.store.audit_ledger(Pace::AtOnce).await.unwrap();
            let found = serde_json::to_string(&report.differences).unwrap();
            assert!(found.contains(kind), "{sql} on {:?}: {found}", site.store.kind());
            // Each is shown by the code that it is stored under, and by the id of what it is about.
            for difference in &report.differences {
                let shown = serde_json::to_string(difference).unwrap();
                let finding = difference.finding();
                assert!(shown.contains(&format!("\"kind\":\"{}\"", finding.code)), "{shown} {finding:?}");
                assert!(shown.contains(&format!("\"{}\"", finding.subject)), "{shown} {finding:?}");
            }
            site.drop_database().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_since_a_time_are_audited_alone() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        site.lanes.settle(settlement(&call, Some((10, 10)))).await.unwrap();
        let audit = async |since_ms: i64| site.store.audit_calls_since(since_ms, Pace::Gentle).await.unwrap();
        let (hour_ago, in_an_hour) = (now_ms() - 3_600_000, now_ms() + 3_600_000);
        let report = audit(hour_ago).await;
        assert!(report.is_clean() && report.requests == 1, "{report:?}");
        site.raw.execute_unprepared("UPDATE requests SET cost_nanos = cost_nanos + 1").await.unwrap();
        let report = audit(hour_ago).await;
        assert_eq!(report.differences, [AuditDifference::CallLines { request: call.request }]);
        let report = audit(in_an_hour).await;
        assert!(report.is_clean() && report.requests == 0, "{report:?}");
        site.drop_database().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_frequent_audit_looks_only_at_what_moved() {
    for site in Site::on_each_database().await {
        let (still, moving) = (site.user("1").await, site.user("1").await);
        assert_eq!(site.store.audit_ledger_changes().await.unwrap().accounts, 2);
        let call = site.call(moving);
        site.lanes.reserve(call.clone()).await.unwrap();
        site.lanes.settle(settlement(&call, Some((10, 10)))).await.unwrap();
        assert_eq!(site.store.audit_ledger_changes().await.unwrap().accounts, 1);
        assert_eq!(site.store.audit_ledger_changes().await.unwrap().accounts, 0);
        // A sum that was changed by hand shows as soon as the account moves again.
        let sql = format!(
            "UPDATE accounts SET credits_posted = credits_posted + 5 WHERE user_id = {}",
            site.literal(still.uuid())
        );
        site.raw.execute_unprepared(&sql).await.unwrap();
        let call = site.call(still);
        site.lanes.reserve(call.clone()).await.unwrap();
        site.lanes.settle(settlement(&call, Some((10, 10)))).await.unwrap();
        let report = site.store.audit_ledger_changes().await.unwrap();
        assert!(matches!(report.differences[..], [AuditDifference::AccountSum { .. }]), "{report:?}");
        site.drop_database().await;
    }
}
