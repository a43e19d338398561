//! The database is cut off while calls are live: nothing is given away, nothing is lost.

use std::time::Duration;

use waystation_tests::{Behaviour, DatabaseKind, Reply, TcpGate, World, WorldOptions, eventually, nanos};

use crate::{HONEST_COST, MODEL, add_mock, question, streamed_question};

/// How a world comes back after its database was away.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Return {
    /// The server went on running.
    Running,
    /// The server was killed while the database was away.
    Restarted,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_mariadb_could_not_settle_is_settled_when_it_is_back() {
    cut_off(DatabaseKind::Mariadb, Return::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_postgres_could_not_settle_is_settled_when_it_is_back() {
    cut_off(DatabaseKind::Postgres, Return::Running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_mariadb_could_not_settle_is_settled_after_a_restart() {
    cut_off(DatabaseKind::Mariadb, Return::Restarted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_postgres_could_not_settle_is_settled_after_a_restart() {
    cut_off(DatabaseKind::Postgres, Return::Restarted).await;
}

async fn cut_off(kind: DatabaseKind, back: Return) {
    if !DatabaseKind::available().contains(&kind) {
        return;
    }
    let gate = TcpGate::start(kind.server_address().expect("it is there")).await;
    let mut world = World::start_with(kind, WorldOptions::single().behind(&gate));
    let mock = add_mock(&world).await;
    mock.script(MODEL, Behaviour::gated());
    let key = world.add_customer("1").await;
    let kept_file = world.server(0).options().directory.join("unsettled.log");

    let body = streamed_question(MODEL).to_string();
    let mut stream = world.send(0, "/v1/chat/completions", &key.secret, body).await;
    let stream_id = stream.headers()["x-request-id"].to_str().unwrap().to_owned();
    stream.chunk().await.unwrap().expect("the stream has begun");
    let cut = async {
        let both_are_live = async || (mock.total_calls() == 2).then_some(());
        eventually("the plain call is under way", Duration::from_secs(20), both_are_live).await;
        gate.cut();
        mock.open_gate();
        Reply::read(stream).await
    };
    let (withheld, stream) = tokio::join!(world.chat(&key.secret, question(MODEL)), cut);

    assert!(!stream.text.contains("[DONE]"), "{}", stream.text);
    assert!(stream.text.contains("five"), "what came before the end was passed on: {}", stream.text);
    let end = stream.events().pop().unwrap();
    assert!(end.contains("\"code\":\"settlement_unavailable\""), "{end}");
    let withheld_id = withheld.request_id();
    assert!(!withheld.text.contains("five"), "{}", withheld.text);
    withheld.expect_error(503, "settlement_unavailable");
    world.chat(&key.secret, question(MODEL)).await.expect_error(503, "settlement_unavailable");
    assert_eq!(mock.total_calls(), 2, "without the books nothing is sent upstream");
    let kept = std::fs::read_to_string(&kept_file).unwrap();
    assert_eq!(kept.lines().count(), 2, "{kept}");
    assert!(!kept.contains(&key.secret) && !kept.contains("upstream-secret"));

    if back == Return::Restarted {
        world.server(0).kill();
        gate.mend();
        world.restart(0);
    } else {
        gate.mend();
    }

    let is_back = async || (world.balance_if_known(&key.user_id).await?.1 == 0).then_some(());
    eventually("nothing is held", Duration::from_secs(40), is_back).await;
    let row = world.request_row(&stream_id).await;
    for amount in ["cost", "charged"] {
        assert_eq!(nanos(row[amount].as_str().unwrap()), nanos(HONEST_COST), "{row}");
    }
    assert_eq!(
        (&row["status"], &row["error_code"]),
        (&"interrupted".into(), &"settlement_unavailable".into())
    );
    let row = world.request_row(&withheld_id).await;
    assert_eq!(nanos(row["charged"].as_str().unwrap()), 0, "{row}");
    assert_eq!((&row["status"], &row["status_code"]), (&"failed".into(), &503.into()), "{row}");
    world.assert_balance(&key.user_id, "0.998926").await;
    assert_eq!(std::fs::read_to_string(&kept_file).unwrap(), "", "nothing is repeated for ever");

    let answers = async || (world.chat(&key.secret, question(MODEL)).await.status == 200).then_some(());
    eventually("calls are answered again", Duration::from_secs(20), answers).await;
    world.assert_balance(&key.user_id, "0.997852").await;
}
