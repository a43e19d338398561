//! S06, S07 and S24: upstreams that answer with a status which is no success.

use waystation_tests::{RawUpstream, document};

use super::Bed;
use super::events::ANSWER;
use crate::{MODEL, question, streamed_question};

/// What the caller is told about a status of the upstream's.
fn told(status: u16) -> (u16, &'static str) {
    match status {
        // Trouble with the operator's own account is not the caller's.
        401 | 402 | 403 | 407 => (503, "no_channel_available"),
        404 | 410 => (404, "model_not_found"),
        408 | 425 => (504, "upstream_timeout"),
        413 => (413, "request_too_large"),
        429 => (429, "rate_limit_exceeded"),
        409 | 415 | 422 => (status, "invalid_request"),
        _ => (400, "invalid_request"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_of_an_upstream_is_mapped_free_and_asked_for_once() {
    let bed = Bed::start().await;
    let secret = r#"{"error":{"message":"org-1234 at api.secret-host.com says sk-secret","type":"x"}}"#;
    for status in 400..500 {
        bed.raw.script(MODEL, document(&format!("{status} No"), "", secret));
        let body = if status % 2 == 0 { question(MODEL) } else { streamed_question(MODEL) };
        let (told_status, code) = told(status);
        let outcome = bed.ask(body).await.expect_free_error(told_status, code);
        for leak in ["sk-secret", "org-1234", "secret-host"] {
            assert!(!outcome.reply.text.contains(leak), "{status}: {}", outcome.reply.text);
            assert!(!outcome.row.to_string().contains(leak), "{status}: {}", outcome.row);
        }
        assert_eq!(outcome.row["attempts"][0]["status_code"], status, "{}", outcome.row);
    }
    assert_eq!(bed.raw.total_calls(), 100, "each is sent once");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_channel_is_asked_where_it_may_do_better_only() {
    let bed = Bed::start().await;
    for status in [400, 401, 402, 403, 404, 407, 408, 409, 410, 413, 415, 418, 422, 425, 429, 451] {
        let model = format!("refused-{status}");
        let first = RawUpstream::start().await;
        let second = bed.add_twin(&model, &first).await;
        first.script(&model, document(&format!("{status} No"), "", "{}"));
        let outcome = bed.ask(question(&model)).await;
        if matches!(status, 401 | 402 | 403 | 407 | 408 | 425 | 429) {
            let outcome = outcome.expect_honest();
            assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{status}");
        } else {
            let (told_status, code) = told(status);
            let outcome = outcome.expect_free_error(told_status, code);
            assert_eq!((outcome.attempts(), second.total_calls()), (1, 0), "{status}");
        }
        assert_eq!(first.total_calls(), 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wait_a_rate_limit_asks_for_is_passed_on_bounded_and_honoured() {
    let bed = Bed::start().await;
    let date = |seconds: &str| {
        let mut date = std::process::Command::new("date");
        date.env("LC_ALL", "C").args(["-u", "-d", seconds, "+%a, %d %b %Y %H:%M:%S GMT"]);
        String::from_utf8(date.output().unwrap().stdout).unwrap().trim().to_owned()
    };
    let (soon, past, far) = (date("+20 seconds"), date("-1 hour"), date("+30 years"));
    let waits = [
        ("7", Some(7..=7)),
        ("0", Some(0..=0)),
        ("1.2", Some(2..=2)),
        ("3600", Some(300..=300)),
        ("99999999999999999999999999", Some(300..=300)),
        (soon.as_str(), Some(5..=20)),
        (past.as_str(), Some(0..=0)),
        (far.as_str(), Some(300..=300)),
        // What is no time says nothing.
        ("-1", None),
        ("1e30", None),
        ("NaN", None),
        ("soon", None),
        ("", None),
    ];
    for (wait, expected) in waits {
        let header = format!("retry-after: {wait}\r\n");
        bed.raw.script(MODEL, document("429 Too Many Requests", &header, "{}"));
        let outcome = bed.ask(streamed_question(MODEL)).await.expect_free_error(429, "rate_limit_exceeded");
        let passed_on = outcome.reply.header("retry-after");
        match expected {
            Some(seconds) => assert!(seconds.contains(&passed_on.parse().unwrap()), "{wait}: {passed_on}"),
            None => assert_eq!(passed_on, "", "{wait}"),
        }
    }
    // While the channel rests, calls go to another one at once.
    let resting = RawUpstream::start().await;
    let second = bed.add_twin("twin", &resting).await;
    resting.script("twin", document("429 Too Many Requests", "retry-after: 100\r\n", "{}"));
    for attempts in [2, 1, 1] {
        let outcome = bed.ask(question("twin")).await.expect_honest();
        assert_eq!(outcome.attempts(), attempts, "{}", outcome.row);
    }
    assert_eq!((resting.total_calls(), second.total_calls()), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_never_followed() {
    let bed = Bed::start().await;
    let elsewhere = RawUpstream::start().await;
    elsewhere.script(MODEL, document("200 OK", "", ANSWER));
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for target in [elsewhere.base_url() + "/chat/completions", "//127.0.0.1:1/".to_owned(), String::new()]
        {
            let header = format!("location: {target}\r\n");
            bed.raw.script(MODEL, document(&format!("{status} Elsewhere"), &header, ""));
            let body = if status % 2 == 0 { question(MODEL) } else { streamed_question(MODEL) };
            let outcome = bed.ask(body).await.expect_free_error(502, "upstream_error");
            assert_eq!(outcome.row["attempts"][0]["error_code"], "redirect_refused", "{}", outcome.row);
            assert_eq!(outcome.reply.header("location"), "", "{status}");
        }
    }
    assert_eq!(elsewhere.connections(), 0, "credentials go where they were meant for");
    assert_eq!(bed.raw.total_calls(), 24);
}
