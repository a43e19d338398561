//! Who sees whether the books balance, and that the check is made by one instance at a time.

use serde_json::{Value, json};
use waystation_ids::{InstanceId, Role};

use crate::access_rules::site::Site;
use crate::clock::now_ms;
use crate::jobs::run_named_job;
use crate::random::random_bytes;

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_are_made_by_one_instance_and_once_an_hour() {
    let site = Site::new("audits").await;
    let owner = site.enter("owner", Role::Owner).await;
    let owner = site.token(&owner).await;
    let audits = async || {
        site.get_done(&owner, "GET", "/api/admin/stats/overview", Value::Null).await["audits"].clone()
    };
    let never = |kind| {
        json!({
            "kind": kind, "status": "never", "checked_at": null, "whole_checked_at": null, "findings": 0,
            "first_finding": null,
        })
    };
    assert_eq!(audits().await, json!([never("ledger"), never("audit_log")]));

    // Another instance is at it.
    let other = InstanceId::new(now_ms(), random_bytes().unwrap());
    let take_lease =
        async |lease_ms| site.app.store.take_job_lease("check_site", other, lease_ms).await.unwrap();
    assert!(take_lease(60_000).await);
    run_named_job(&site.app, "check_site").await;
    assert_eq!(audits().await[0]["status"], "never");

    assert!(take_lease(0).await);
    run_named_job(&site.app, "check_site").await;
    let checked = audits().await;
    for audit in checked.as_array().unwrap() {
        assert_eq!((&audit["status"], &audit["findings"]), (&json!("ok"), &json!(0)), "{audit}");
        assert!(
            audit["checked_at"].is_string() && audit["checked_at"] == audit["whole_checked_at"],
            "{audit}"
        );
    }
    // The other's turn comes while nothing is due.
    run_named_job(&site.app, "check_site").await;
    assert_eq!(audits().await, checked);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_do_not_balance_are_shown_at_once_and_until_everything_was_checked() {
    let site = Site::new("cooked").await;
    let owner = site.enter("owner", Role::Owner).await;
    let owner = site.token(&owner).await;
    run_named_job(&site.app, "check_site").await;
    let account = waystation_ids::AccountId::new(1, [7; 10]);
    let mut report = waystation_store::AuditReport { difference_count: 2, ..Default::default() };
    report.differences.push(waystation_store::AuditDifference::Overdrawn { account });
    crate::audits::note_ledger_differences(&site.app, &report).await.unwrap();
    let ledger = async || {
        site.get_done(&owner, "GET", "/api/admin/stats/overview", Value::Null).await["audits"][0].clone()
    };
    let shown = ledger().await;
    assert_eq!((&shown["status"], &shown["findings"]), (&json!("failing"), &json!(2)));
    assert_eq!(
        shown["first_finding"],
        json!({
            "code": "overdrawn", "subject": account,
            "message": format!("Account {account} has more debits than credits."),
        })
    );
    // What is found a minute later changes nothing: all is checked first.
    crate::audits::note_ledger_differences(&site.app, &waystation_store::AuditReport::default())
        .await
        .unwrap();
    report.difference_count = 9;
    crate::audits::note_ledger_differences(&site.app, &report).await.unwrap();
    assert_eq!(ledger().await, shown);
    run_named_job(&site.app, "check_site").await;
    let checked = ledger().await;
    assert_eq!((&checked["status"], &checked["first_finding"]), (&json!("ok"), &Value::Null));
    site.finish().await;
}
