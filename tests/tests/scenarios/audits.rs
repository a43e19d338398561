//! The server finds out by itself that somebody changed the database.

use std::time::Duration;

use serde_json::{Value, json};
use waystation_tests::{DatabaseKind, World, WorldOptions, eventually};

use crate::{MODEL, add_mock, question};

const TOKEN: &str = "the-collectors-token";

/// Both checks, once each of them has this status.
async fn audits_that_are(world: &World, status: &str) -> Vec<Value> {
    let checked = async || {
        let overview = world.get("/api/admin/stats/overview").await;
        let audits = overview["audits"].as_array().unwrap().clone();
        audits.iter().all(|audit| audit["status"] == status).then_some(audits)
    };
    eventually("both checks are made", Duration::from_secs(30), checked).await.0
}

/// An hour passes, and a day since the audit log was read from its beginning; then a server starts.
fn begin_the_next_checks(world: &mut World) {
    world.run_statement("UPDATE audit_outcomes SET checked_at_ms = checked_at_ms - 3600000");
    world.run_statement("UPDATE audit_outcomes SET whole_at_ms = NULL WHERE kind = 'audit_log'");
    // A killed server's leases end by themselves, later.
    world.run_statement("DELETE FROM job_leases");
    world.restart(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_row_and_a_cooked_call_are_found_shown_and_counted_until_they_are_put_right() {
    for kind in DatabaseKind::available() {
        let options = WorldOptions::single().with("WAYSTATION_METRICS_TOKEN", TOKEN);
        let mut world = World::start_with(kind, options);
        for audit in audits_that_are(&world, "ok").await {
            assert_eq!((&audit["findings"], &audit["first_finding"]), (&json!(0), &Value::Null), "{audit}");
        }
        let _mock = add_mock(&world).await;
        let key = world.add_customer("1").await;
        let call =
            world.chat(&key.secret, question(MODEL)).await.expect(200).header("x-request-id").to_owned();
        world.request_row(&call).await;

        world.run_statement("UPDATE requests SET charged_nanos = charged_nanos + 1");
        world.run_statement("UPDATE audit_log SET action = 'user.show' WHERE sequence = 1");
        begin_the_next_checks(&mut world);
        let failing = audits_that_are(&world, "failing").await;
        for (audit, kind, code, subject) in [
            (&failing[0], "ledger", "call_lines", call.as_str()),
            (&failing[1], "audit_log", "row_broken", "1"),
        ] {
            let first = &audit["first_finding"];
            assert_eq!(
                (&audit["kind"], &audit["findings"], &first["code"], &first["subject"]),
                (&json!(kind), &json!(1), &json!(code), &json!(subject))
            );
            assert!(first["message"].as_str().unwrap().contains(subject), "{first}");
        }
        let numbers = world.relay_get("/metrics", TOKEN).await.expect(200).text;
        for name in ["ledger", "audit_log"] {
            assert!(
                numbers.contains(&format!("waystation_audit_findings{{audit=\"{name}\"}} 1\n")),
                "{numbers}"
            );
        }
        let log = world.first_server().log();
        assert!(log.contains("a check found what does not agree"), "{log}");

        world.run_statement("UPDATE requests SET charged_nanos = charged_nanos - 1");
        world.run_statement("UPDATE audit_log SET action = 'user.create' WHERE sequence = 1");
        begin_the_next_checks(&mut world);
        audits_that_are(&world, "ok").await;
    }
}
