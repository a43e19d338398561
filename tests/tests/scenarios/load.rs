//! Callers who go on calling whatever happens, and what they were told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use waystation_tests::{Key, MockUpstream, Reply, World, eventually, nanos};

use crate::{MODEL, question, streamed_question};

/// Callers at work on one server, half of them with streams.
pub(crate) struct Load {
    callers: JoinSet<Vec<Outcome>>,
    stop: Arc<AtomicBool>,
    ends: Arc<Ends>,
}

/// How calls have ended so far.
#[derive(Default)]
struct Ends {
    answered: AtomicUsize,
    refused: AtomicUsize,
}

impl Ends {
    fn count(&self) -> usize {
        self.answered.load(Ordering::Relaxed) + self.refused.load(Ordering::Relaxed)
    }
}

/// What a caller was told of one call.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub request_id: String,
    /// The HTTP status; 0 without an answer.
    pub status: u16,
    /// The code of the error it ended with, empty for none.
    pub code: String,
    /// Whether the caller saw the whole answer.
    pub is_answered: bool,
}

impl Load {
    /// So many callers begin, with these keys in turn.
    pub(crate) fn start(base_url: &str, keys: &[Key], callers: usize) -> Load {
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        let (stop, ends) = (Arc::new(AtomicBool::new(false)), Arc::new(Ends::default()));
        let mut tasks = JoinSet::new();
        for number in 0..callers {
            let url = format!("{base_url}/v1/chat/completions");
            let (http, secret) = (http.clone(), keys[number % keys.len()].secret.clone());
            let (stop, ends) = (stop.clone(), ends.clone());
            tasks.spawn(async move {
                let mut outcomes = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let is_streamed = (number + outcomes.len()) % 2 == 0;
                    let outcome = call(&http, &url, &secret, is_streamed).await;
                    if outcome.is_answered {
                        ends.answered.fetch_add(1, Ordering::Relaxed);
                    } else {
                        ends.refused.fetch_add(1, Ordering::Relaxed);
                        // Whoever is refused waits a little.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    outcomes.push(outcome);
                }
                outcomes
            });
        }
        Load { callers: tasks, stop, ends }
    }

    /// Waits until so many more calls have been answered.
    pub(crate) async fn await_answers(&self, count: usize) {
        self.await_more("calls are answered", count, |ends| ends.answered.load(Ordering::Relaxed)).await;
    }

    /// Waits until so many more calls have ended without an answer.
    pub(crate) async fn await_refusals(&self, count: usize) {
        self.await_more("calls are refused", count, |ends| ends.refused.load(Ordering::Relaxed)).await;
    }

    /// Waits until so many more calls have ended.
    pub(crate) async fn await_ends(&self, count: usize) {
        self.await_more("calls end", count, Ends::count).await;
    }

    /// How many calls have ended.
    pub(crate) fn ends(&self) -> usize {
        self.ends.count()
    }

    async fn await_more(&self, what: &str, count: usize, counted: impl Fn(&Ends) -> usize) {
        let goal = counted(&self.ends) + count;
        let reached = async || (counted(&self.ends) >= goal).then_some(());
        eventually(what, Duration::from_secs(90), reached).await;
    }

    /// Lets every caller finish its call, and gives what all were told.
    pub(crate) async fn stop(mut self) -> Vec<Outcome> {
        self.stop.store(true, Ordering::Relaxed);
        let mut outcomes = Vec::new();
        while let Some(told) = self.callers.join_next().await {
            outcomes.extend(told.expect("a caller does not panic"));
        }
        outcomes
    }
}

async fn call(http: &reqwest::Client, url: &str, secret: &str, is_streamed: bool) -> Outcome {
    let body = if is_streamed { streamed_question(MODEL) } else { question(MODEL) };
    let sent = http
        .post(url)
        .bearer_auth(secret)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await;
    let Ok(response) = sent else {
        return Outcome { request_id: String::new(), status: 0, code: String::new(), is_answered: false };
    };
    let reply = Reply::read(response).await;
    let is_whole = if is_streamed {
        reply.events().last().is_some_and(|event| event == "[DONE]")
    } else {
        serde_json::from_str::<serde_json::Value>(&reply.text).is_ok()
    };
    let last = if is_streamed { reply.events().pop() } else { None };
    let error: serde_json::Value =
        serde_json::from_str(&last.unwrap_or_else(|| reply.text.clone())).unwrap_or_default();
    Outcome {
        request_id: reply.request_id(),
        status: reply.status,
        code: error["error"]["code"].as_str().unwrap_or_default().to_owned(),
        is_answered: reply.status == 200 && is_whole,
    }
}

/// Every answered call has its row and its charge, what each user has left is what the rows leave, and nothing was
/// sent to the upstream without a hold. `charge`, where it is known, is what each answered call costs. Call it when
/// nothing is held any more; the mock must have served nobody else.
pub(crate) async fn assert_booked(
    world: &World,
    mock: &MockUpstream,
    keys: &[Key],
    cash: &str,
    charge: Option<&str>,
    outcomes: &[Outcome],
) {
    let mut rows = HashMap::new();
    for key in keys {
        let (available, pending) = world.balance(&key.user_id).await;
        let of_user = list_rows(world, &key.user_id).await;
        let charged: i64 = of_user.iter().map(|row| nanos(row["charged"].as_str().unwrap())).sum();
        assert_eq!((available, pending), (nanos(cash) - charged, 0), "what is left is what the rows leave");
        rows.extend(of_user.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)));
    }
    for outcome in outcomes.iter().filter(|outcome| outcome.is_answered) {
        let row = rows
            .get(&outcome.request_id)
            .unwrap_or_else(|| panic!("an answered call is unbooked: {outcome:?}"));
        assert_eq!(row["status"], "ok", "{row}");
        if let Some(charge) = charge {
            assert_eq!(nanos(row["charged"].as_str().unwrap()), nanos(charge), "{row}");
        }
    }
    let sent = mock.total_calls();
    assert!(rows.len() >= sent, "{sent} calls reached the upstream, and {} have a row", rows.len());
}

/// Every ended call of a user.
async fn list_rows(world: &World, user_id: &str) -> Vec<serde_json::Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/api/admin/requests?user_id={user_id}&limit=100{cursor}")).await;
        rows.extend(page["items"].as_array().expect("a list has items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}
