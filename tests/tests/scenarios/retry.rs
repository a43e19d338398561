//! Another channel serves what the first one cannot, and the client pays once.

use waystation_tests::{Behaviour, DatabaseKind, MockUpstream, World, nanos, price};

use crate::{HONEST_COST, MODEL, question, streamed_question};

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_channel_is_followed_by_the_next_and_the_call_is_charged_once() {
    for kind in DatabaseKind::available() {
        let world = World::start(kind);
        let (broken, sound) = (MockUpstream::start().await, MockUpstream::start().await);
        broken.script(MODEL, Behaviour::failing(500));
        world.add_model(MODEL, price("2", "10", "0.001")).await;
        world.add_channel(&broken.base_url(), &[MODEL], 10).await;
        let serving = world.add_channel(&sound.base_url(), &[MODEL], 0).await;
        let key = world.add_customer("1").await;
        let mut paid = 0;
        for body in [question(MODEL), streamed_question(MODEL)] {
            let reply = world.chat(&key.secret, body).await.expect(200);
            let row = world.request_row(&reply.request_id()).await;
            let attempts = row["attempts"].as_array().unwrap_or_else(|| panic!("{row}"));
            assert!((1..=2).contains(&attempts.len()), "{row}");
            assert_eq!(row["channel_id"], serving.as_str(), "{row}");
            paid += nanos(row["charged"].as_str().unwrap());
        }
        assert!(broken.total_calls() >= 1, "the channel of higher priority is tried first");
        assert_eq!(sound.total_calls(), 2);
        assert_eq!(paid, 2 * nanos(HONEST_COST));
        world.assert_balance(&key.user_id, "0.997852").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_channel_is_followed_by_the_next_and_both_attempts_are_recorded() {
    let world = World::start(DatabaseKind::Sqlite);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sound = MockUpstream::start().await;
    world.add_model(MODEL, price("2", "10", "0.001")).await;
    world.add_channel(&format!("http://{closed}/v1"), &[MODEL], 10).await;
    world.add_channel(&sound.base_url(), &[MODEL], 0).await;
    let key = world.add_customer("1").await;
    let reply = world.chat(&key.secret, question(MODEL)).await.expect(200);
    let row = world.request_row(&reply.request_id()).await;
    assert_eq!(row["attempts"].as_array().map(Vec::len), Some(2), "{row}");
    world.assert_balance(&key.user_id, "0.998926").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_begun_is_not_begun_again_elsewhere() {
    let world = World::start(DatabaseKind::Sqlite);
    let (broken, sound) = (MockUpstream::start().await, MockUpstream::start().await);
    broken.script(MODEL, Behaviour { cut_after: Some(2), ..Behaviour::default() });
    world.add_model(MODEL, price("2", "10", "0.001")).await;
    world.add_channel(&broken.base_url(), &[MODEL], 10).await;
    world.add_channel(&sound.base_url(), &[MODEL], 0).await;
    let key = world.add_customer("1").await;
    let reply = world.chat(&key.secret, streamed_question(MODEL)).await.expect(200);
    assert_eq!(reply.streamed_text(), "one two");
    assert_eq!(sound.total_calls(), 0);
}
