//! What is shown as earned, beside what users' accounts lost, whatever became of the calls.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Behaviour, DatabaseKind, Hang, Key, World, WorldOptions, eventually, nanos};

use crate::{MODEL, add_mock, question, streamed_question};

/// What a spreadsheet would run.
const FORMULA: &str = "=HYPERLINK(\"http://example.com\")";

/// The fields of sums that are amounts.
const AMOUNTS: [&str; 5] = ["charged", "gift_paid", "list_cost", "granted", "operator_loss"];

fn amount(value: &Value) -> i64 {
    nanos(value.as_str().unwrap_or_else(|| panic!("{value} is no amount")))
}

/// A user with some cash, some gift credit and some calls, whose key is named like a formula.
async fn add_payer(world: &World) -> Key {
    let user = world.add_user("1").await;
    let gift = json!({
        "direction": "credit", "amount": "0.0015", "account": "gift", "reason_code": "promotion", "note": "a gift",
    });
    world.post(&format!("/api/admin/users/{user}/adjustments"), gift).await;
    world.add_key(&user, json!({ "name": FORMULA })).await
}

/// Calls of every outcome; the gift pays the first and a part of the second.
async fn call_in_every_way(world: &World, mock: &waystation_tests::MockUpstream, key: &Key) -> u64 {
    let broken = Behaviour { cut_after: Some(3), ..Behaviour::default() };
    let stalled = Behaviour { hang: Some(Hang::BeforeEnd), ..Behaviour::default() };
    let greedy = Behaviour::lying(json!({ "prompt_tokens": 12, "completion_tokens": 63 }));
    for (script, streamed) in [
        (Behaviour::default(), false),
        (Behaviour::default(), true),
        (greedy, false),
        (Behaviour::failing(500), false),
        (Behaviour::raw(200, "<html>"), false),
        (broken, true),
        (stalled, true),
    ] {
        mock.script(MODEL, script);
        let body = if streamed { streamed_question(MODEL) } else { question(MODEL) };
        world.chat(&key.secret, body).await;
    }
    // And one whose caller goes away.
    mock.script(MODEL, Behaviour { piece_delay_ms: 50, ..Behaviour::default() });
    let body = streamed_question(MODEL).to_string();
    let mut response = world.send(0, "/v1/chat/completions", &key.secret, body).await;
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    response.chunk().await.unwrap();
    drop(response);
    world.request_row(&id).await;
    8
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_earned_is_what_users_lost_whatever_became_of_their_calls() {
    for kind in DatabaseKind::available() {
        let options = WorldOptions::single().with("WAYSTATION_RELAY_IDLE_MS", "500");
        let world = World::start_with(kind, options);
        let mock = add_mock(&world).await;
        let (ann, ben) = (add_payer(&world).await, add_payer(&world).await);
        let grant = json!({ "unit": "calls", "amount": "2", "note": "two calls" });
        world.post(&format!("/api/admin/users/{}/grants", ben.user_id), grant).await;
        let calls =
            call_in_every_way(&world, &mock, &ann).await + call_in_every_way(&world, &mock, &ben).await;

        // Moved by hand, back and forth: no revenue.
        let mut lost = 0;
        for key in [&ann, &ben] {
            let path = format!("/api/admin/users/{}/adjustments", key.user_id);
            for (direction, amount) in [("credit", "0.25"), ("debit", "0.125")] {
                let body =
                    json!({ "direction": direction, "amount": amount, "reason_code": "refund", "note": "x" });
                world.post(&path, body).await;
            }
            let settled = async || {
                let (available, pending) = world.balance(&key.user_id).await;
                (pending == 0).then_some(available)
            };
            let (left, _) = eventually("nothing is held", Duration::from_secs(20), settled).await;
            lost += nanos("1") + nanos("0.0015") + nanos("0.125") - left;
        }
        let revenue = world.get("/api/admin/revenue").await;
        let total = &revenue["total"];
        assert_eq!(
            (&total["requests"], amount(&total["charged"])),
            (&json!(calls), lost),
            "{kind:?}: {total}"
        );
        let [charged, gift, list, granted, loss] = AMOUNTS.map(|field| amount(&total[field]));
        assert_eq!(list, charged + granted + loss, "{total}");
        assert_eq!(gift, 2 * nanos("0.0015"), "{total}");
        assert!(granted > 0 && charged > 0, "{total}");

        // The same by its parts, by month, in a table, in the statistics, and call by call.
        let items = revenue["items"].as_array().unwrap();
        let by_month = world.get("/api/admin/revenue?by=month").await;
        assert_eq!(by_month["total"], *total);
        for (field, whole) in AMOUNTS.iter().zip([charged, gift, list, granted, loss]) {
            assert_eq!(items.iter().map(|item| amount(&item[field])).sum::<i64>(), whole, "{field}");
        }
        let table = world.ask(Method::GET, "/api/admin/revenue/export.csv", None).await.expect(200).text;
        let charged_in_table: i64 =
            table.lines().skip(1).map(|line| nanos(line.split(',').nth(5).unwrap())).sum();
        assert_eq!(charged_in_table, charged, "{table}");
        for parts in ["model", "channel"] {
            let usage = world.get(&format!("/api/admin/usage?group_by={parts}")).await;
            assert_eq!((&usage["total"], &usage["rest"]), (total, &Value::Null), "{parts}");
            let items = usage["items"].as_array().unwrap();
            for (field, whole) in AMOUNTS.iter().zip([charged, gift, list, granted, loss]) {
                assert_eq!(
                    items.iter().map(|item| amount(&item[field])).sum::<i64>(),
                    whole,
                    "{parts} {field}"
                );
            }
        }
        let billing = world.get("/api/admin/stats/billing").await;
        assert_eq!(billing["calls"]["charged"], total["charged"], "{billing}");
        let moved = billing["movements"].as_array().unwrap();
        let refunds: Vec<(&Value, &Value, i64)> = moved
            .iter()
            .filter(|movement| movement["reason_code"] == "refund")
            .map(|movement| (&movement["direction"], &movement["count"], amount(&movement["amount"])))
            .collect();
        assert_eq!(
            refunds,
            [(&json!("credit"), &json!(2), nanos("0.5")), (&json!("debit"), &json!(2), nanos("0.25"))]
        );
        let rows = world.get("/api/admin/requests?limit=100").await;
        let rows = rows["items"].as_array().unwrap();
        assert_eq!(rows.len() as u64, calls);
        for (field, whole) in [("charged", charged), ("cost", list), ("operator_loss", loss)] {
            assert_eq!(rows.iter().map(|row| amount(&row[field])).sum::<i64>(), whole, "{field}");
        }
        let failed = |row: &&Value| matches!(row["status"].as_str(), Some("failed" | "interrupted" | "lost"));
        let errors = rows.iter().filter(failed).count();
        assert_eq!(total["errors"], json!(errors), "{total}");
        let groups = world.get("/api/admin/errors").await;
        let groups = groups["items"].as_array().unwrap();
        assert_eq!(groups.iter().map(|group| group["count"].as_u64().unwrap()).sum::<u64>(), errors as u64);
        let causes: Vec<&str> = groups.iter().filter_map(|group| group["cause"].as_str()).collect();
        for cause in ["provider_failed", "answer_broke_off", "answer_stalled"] {
            assert!(causes.contains(&cause), "{cause}: {groups:?}");
        }
        assert!(groups.iter().all(|group| group["users"] == 2), "{groups:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_exports_runs_nothing_in_a_spreadsheet() {
    let world = World::start(DatabaseKind::Sqlite);
    add_mock(&world).await;
    let me = world.get("/api/me").await;
    let owner = me["id"].as_str().unwrap();
    let key = json!({ "name": FORMULA });
    let made = world.post("/api/me/keys", key).await;
    let grant = json!({ "unit": "calls", "amount": "1", "note": "one call" });
    world.post(&format!("/api/admin/users/{owner}/grants"), grant).await;
    world.chat(made["secret"].as_str().unwrap(), question(MODEL)).await.expect(200);
    let export = world.ask(Method::GET, "/api/me/usage/export.csv", None).await.expect(200);
    assert!(export.text.contains("\"'=HYPERLINK(\"\"http://example.com\"\")\""), "{}", export.text);
    assert_eq!(export.header("x-content-type-options"), "nosniff");
    assert!(export.header("content-disposition").starts_with("attachment"), "{:?}", export.headers);
}
