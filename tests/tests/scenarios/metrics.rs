//! What the page of numbers says of calls.

use std::collections::HashMap;
use std::time::Duration;

use waystation_tests::{Behaviour, DatabaseKind, World, WorldOptions, eventually};

use crate::{MODEL, add_mock, question, streamed_question};

const TOKEN: &str = "the-collectors-token";

/// Every number by its name and labels.
async fn read_numbers(world: &World) -> HashMap<String, f64> {
    let page = world.relay_get("/metrics", TOKEN).await.expect(200).text;
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a number");
            (name.to_owned(), value.parse().expect("a number"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_holds_settlements_and_attempts_are_counted_as_they_end() {
    for kind in DatabaseKind::available() {
        let options = WorldOptions::single().with("WAYSTATION_METRICS_TOKEN", TOKEN);
        let world = World::start_with(kind, options);
        let mock = add_mock(&world).await;
        let key = world.add_customer("1").await;
        let poor = world.add_customer("0").await;

        world.chat(&key.secret, question(MODEL)).await.expect(200);
        world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
        mock.script(MODEL, Behaviour::failing(500));
        world.chat(&key.secret, question(MODEL)).await.expect(502);
        world.chat(&poor.secret, question(MODEL)).await.expect(402);
        world.chat("sk-nonsense", question(MODEL)).await.expect(401);

        let numbers = read_numbers(&world).await;
        let attempts = mock.total_calls() as f64;
        for (name, value) in [
            ("waystation_calls_total{outcome=\"ok\"}", 2.0),
            ("waystation_calls_total{outcome=\"failed\"}", 1.0),
            ("waystation_reserves_total{outcome=\"held\"}", 3.0),
            ("waystation_reserves_total{outcome=\"refused\"}", 1.0),
            ("waystation_reserve_seconds_count", 4.0),
            ("waystation_settlements_total{outcome=\"settled\"}", 3.0),
            ("waystation_settle_seconds_bucket{le=\"+Inf\"}", 3.0),
            ("waystation_upstream_attempts_total{outcome=\"ok\"}", 2.0),
            ("waystation_upstream_attempts_total{outcome=\"server_error\"}", attempts - 2.0),
            ("waystation_relay_answers_total{class=\"2xx\"}", 2.0),
            ("waystation_relay_answers_total{class=\"4xx\"}", 2.0),
            ("waystation_relay_answers_total{class=\"5xx\"}", 1.0),
            ("waystation_unauthorized_total", 1.0),
            ("waystation_open_holds", 0.0),
            ("waystation_oldest_hold_seconds", 0.0),
            ("waystation_live_calls", 0.0),
            ("waystation_unsettled", 0.0),
            ("waystation_audit_differences", 0.0),
            ("waystation_audit_findings{audit=\"ledger\"}", 0.0),
            ("waystation_audit_findings{audit=\"audit_log\"}", 0.0),
            ("waystation_log_lines_lost_total", 0.0),
        ] {
            assert_eq!(numbers.get(name), Some(&value), "{name} on {kind:?}");
        }
        assert!(numbers["waystation_lane_batch_orders_sum"] >= 7.0, "{numbers:?}");
        assert!(numbers["waystation_connections"] >= 1.0);

        // A call under way is seen with its hold.
        mock.script(MODEL, Behaviour::gated());
        let (secret, body) = (key.secret.clone(), streamed_question(MODEL).to_string());
        let mut stream = world.send(0, "/v1/chat/completions", &secret, body).await;
        stream.chunk().await.unwrap().expect("the stream begins");
        let numbers = read_numbers(&world).await;
        assert_eq!((numbers["waystation_live_calls"], numbers["waystation_open_holds"]), (1.0, 1.0));
        mock.open_gate();
        while stream.chunk().await.unwrap().is_some() {}
        let ended = async || {
            let numbers = read_numbers(&world).await;
            (numbers["waystation_live_calls"] == 0.0 && numbers["waystation_open_holds"] == 0.0).then_some(())
        };
        eventually("the call has ended", Duration::from_secs(10), ended).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_callers_send_makes_no_number_of_its_own() {
    let options = WorldOptions::single().with("WAYSTATION_METRICS_TOKEN", TOKEN);
    let world = World::start_with(DatabaseKind::Sqlite, options);
    add_mock(&world).await;
    let key = world.add_customer("1").await;
    let names = async || {
        let mut names: Vec<String> = read_numbers(&world).await.into_keys().collect();
        names.sort();
        names
    };
    let before = names().await;
    for number in 0..50 {
        world.chat(&key.secret, question(&format!("model-{number}\"}} 1\n"))).await;
        world.relay_get(&format!("/v1/models/{number}"), &key.secret).await;
        world.relay_get(&format!("/nothing/{number}"), &key.secret).await;
    }
    assert_eq!(names().await, before);
}
