//! Five hundred callers at once on a balance worth k calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use waystation_tests::{
    Behaviour, DatabaseKind, MockUpstream, World, WorldOptions, eventually, nanos, price,
};

use crate::question;

const CALLERS: usize = 500;

/// How many calls the balance of each round is worth.
const WORTH: [usize; 20] = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100];

#[tokio::test(flavor = "multi_thread")]
async fn exactly_k_of_500_callers_are_admitted_on_sqlite() {
    race(DatabaseKind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_k_of_500_callers_are_admitted_on_mariadb() {
    if DatabaseKind::available().contains(&DatabaseKind::Mariadb) {
        race(DatabaseKind::Mariadb, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_k_of_500_callers_are_admitted_on_postgres() {
    if DatabaseKind::available().contains(&DatabaseKind::Postgres) {
        race(DatabaseKind::Postgres, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_k_of_500_callers_are_admitted_by_three_servers_on_one_database() {
    for kind in DatabaseKind::available() {
        if kind != DatabaseKind::Sqlite {
            race(kind, 3).await;
        }
    }
}

/// Each call costs a fee and nothing else, so the hold is the cost and k calls take the balance to zero. The mock
/// answers nobody until every caller that is not admitted has been refused: all holds are open at once.
async fn race(kind: DatabaseKind, servers: usize) {
    let world = Arc::new(World::start_with(kind, WorldOptions { servers, ..WorldOptions::single() }));
    let mock = MockUpstream::start().await;
    world.add_model("fee", price("0", "0", "0.01")).await;
    world.add_channel(&mock.base_url(), &["fee"], 0).await;
    await_model_everywhere(&world, servers).await;
    mock.script("fee", Behaviour::gated());
    let rounds = std::env::var("WAYSTATION_HTTP_RACE_ROUNDS")
        .map_or(WORTH.len(), |rounds| rounds.parse().expect("WAYSTATION_HTTP_RACE_ROUNDS is a number"));
    for (round, worth) in WORTH.into_iter().cycle().take(rounds).enumerate() {
        mock.close_gate();
        let before = mock.call_count("fee");
        // A remainder of less than a call must not buy one.
        let balance = format!("0.{:02}9", worth % 100);
        let balance = if worth >= 100 { format!("{}.{:02}9", worth / 100, worth % 100) } else { balance };
        let key = world.add_customer(&balance).await;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            let (world, secret) = (Arc::clone(&world), key.secret.clone());
            callers.spawn(async move { world.chat_on(caller % servers, &secret, question("fee")).await });
        }
        let mut refused = 0;
        while refused < CALLERS - worth {
            let next = tokio::time::timeout(Duration::from_secs(60), callers.join_next()).await;
            let reply = next
                .unwrap_or_else(|_| {
                    panic!("round {round}: {refused} of {CALLERS} refused, not {}", CALLERS - worth)
                })
                .expect("callers are left")
                .expect("a caller does not panic");
            reply.expect_error(402, "insufficient_balance");
            refused += 1;
        }
        let all_in = async || (mock.call_count("fee") - before >= worth).then_some(());
        eventually("the admitted calls reach the upstream", Duration::from_secs(60), all_in).await;
        assert_eq!(
            world.balance(&key.user_id).await,
            (nanos("0.009"), nanos("0.01") * worth as i64),
            "round {round}"
        );
        mock.open_gate();
        while let Some(reply) = callers.join_next().await {
            reply.expect("a caller does not panic").expect(200);
        }
        assert_eq!(mock.call_count("fee") - before, worth, "round {round}");
        world.assert_balance(&key.user_id, "0.009").await;
    }
    let (clean, report) = world.audit();
    assert!(clean, "{report}");
    eprintln!("proof: races of {CALLERS} callers over HTTP, {servers} server(s) on {kind:?}; {rounds}; -");
}

/// A change made on one server reaches the others within seconds.
async fn await_model_everywhere(world: &World, servers: usize) {
    let key = world.add_customer("1").await;
    for server in 0..servers {
        let served =
            async || (world.chat_on(server, &key.secret, question("fee")).await.status == 200).then_some(());
        eventually("every server knows the model", Duration::from_secs(10), served).await;
    }
}
