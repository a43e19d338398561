//! Calls beside and after each other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::Semaphore;
use waystation_relay::OnDisconnect;

use crate::upstream::{
    ANSWER, DONE, ROLE, STOP, Step, USAGE, Upstream, chunked_stream, document, send, stream, word,
};
use crate::world::{World, read, read_until, request, within};

#[tokio::test]
async fn connections_are_used_again() {
    let gate = Arc::new(Semaphore::new(0));
    let mut once = chunked_stream(&[ROLE, &word("Hello"), STOP, USAGE, DONE]);
    // The encoding's own end comes when the caller has long seen the end of the answer.
    once.insert(once.len() - 1, Step::Gate(gate.clone()));
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}",
        ANSWER.len()
    );
    let script =
        [once.clone(), vec![Step::NextRequest], once, vec![Step::NextRequest, send(&whole)]].concat();
    let upstream = Upstream::start(vec![script]).await;
    let running = World::new(&[upstream.url()]).start();
    for streamed in [true, true, false] {
        assert_eq!(running.ask(&request(streamed)).await.status, 200);
        gate.add_permits(1);
        running.rest().await;
    }
    assert_eq!(upstream.seen().len(), 3);
    assert_eq!(upstream.connections.load(Ordering::Relaxed), 1);
    running.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_every_kind_at_once_leave_balanced_books() {
    let hello = word("Hello");
    let scripts = vec![
        stream(&[ROLE, &hello, STOP, USAGE, DONE]),
        stream(&[ROLE, &hello, &hello, STOP, DONE]),
        document("500 Internal Server Error", "", "{}"),
        stream(&[ROLE, &hello]),
        document("429 Too Many Requests", "", "{}"),
        document("200 OK", "", ANSWER),
        vec![Step::Reset],
        stream(&[ROLE, "data: {\"error\":{\"message\":\"no\"}}\n\n"]),
        stream(&[ROLE, &hello, "data: {\"error\":{\"message\":\"no\"}}\n\n"]),
    ];
    let mut scripts: Vec<_> = std::iter::repeat_n(scripts, 40).flatten().collect();
    scripts.push(stream(&[ROLE, &hello, STOP, USAGE, DONE]));
    let upstream = Upstream::start(scripts).await;
    let mut world = World::new(&[upstream.url(), upstream.url(), upstream.url()]);
    world.channel(1).on_disconnect = OnDisconnect::Cancel;
    // Enough for some calls at a time only.
    world.balance = "0.05".parse().unwrap();
    let running = world.start();
    let calls: Vec<_> = (0..150_u8)
        .map(|number| {
            let (relay, call) = (running.relay.clone(), running.call(&request(number % 3 != 0)));
            tokio::spawn(async move {
                let response = relay.chat_completions(call).await;
                match number % 5 {
                    0 => drop(response),
                    1 if response.status() == 200 && number % 3 != 0 => {
                        let mut body = response.into_body();
                        read_until(&mut body, "Hello").await;
                    }
                    _ => drop(read(response).await),
                }
            })
        })
        .collect();
    for call in calls {
        within(call).await.unwrap();
    }
    within(running.close()).await.unwrap();
}
