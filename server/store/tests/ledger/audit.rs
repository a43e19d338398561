use sea_orm::ConnectionTrait;
use waystation_store::AuditDifference;

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
            let report = site.store.audit_ledger().await.unwrap();
            let found = serde_json::to_string(&report.differences).unwrap();
            assert!(found.contains(kind), "{sql} on {:?}: {found}", site.store.kind());
            site.drop_database().await;
        }
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
