//! S05, S08, S09 and S15: upstreams that do not answer.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use waystation_tests::{
    MockUpstream, RawUpstream, SelfSigned, Step, WorldOptions, document, eventually, price,
};

use super::events::ANSWER;
use super::{Bed, FEE};
use crate::{MODEL, question, streamed_question};

/// The models' two kinds of calls.
fn both(model: &str) -> [Value; 2] {
    [question(model), streamed_question(model)]
}

/// An address whose listener does this with each connection.
async fn listen(treat: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            treat(stream);
        }
    });
    address.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_cannot_be_reached_is_passed_over_and_else_an_error_and_free() {
    let bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_CONNECT_MS", "500")).await;
    let refusing = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let resetting = listen(|stream| stream.set_zero_linger().unwrap()).await;
    let closing = listen(drop).await;
    let untrusted = RawUpstream::start_tls(&SelfSigned::new()).await;
    let urls = [
        format!("http://{refusing}/v1"),
        format!("http://{resetting}/v1"),
        format!("http://{closing}/v1"),
        // TLS where none is spoken, none where it is, and with a certificate that nobody vouches for.
        bed.raw.base_url().replace("http:", "https:"),
        untrusted.base_url().replace("https:", "http:"),
        untrusted.base_url(),
        "http://no-such-host.invalid/v1".to_owned(),
    ];
    for (case, url) in urls.iter().enumerate() {
        let (alone, twin) = (format!("alone-{case}"), format!("twin-{case}"));
        for model in [&alone, &twin] {
            bed.world.add_model(model, price("2", "10", FEE)).await;
            bed.world.add_channel(url, &[model], 10).await;
        }
        let second = MockUpstream::start().await;
        bed.world.add_channel(&second.base_url(), &[&twin], 0).await;
        for body in both(&alone) {
            let outcome = bed.ask(body).await.expect_free_error(502, "upstream_error");
            assert_eq!(outcome.attempts(), 1, "{url}: {}", outcome.row);
            assert!(!outcome.reply.text.contains("127.0.0.1"), "{url}: {}", outcome.reply.text);
        }
        let outcome = bed.ask(streamed_question(&twin)).await.expect_honest();
        assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{url}: {}", outcome.row);
    }
    assert_eq!(bed.raw.total_calls() + untrusted.total_calls(), 0, "no credential left the house");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_counts_only_where_it_is_trusted() {
    let (trusted, stranger) = (SelfSigned::new(), SelfSigned::new());
    let file = std::env::temp_dir().join(format!("waystation-trusted-{}.pem", std::process::id()));
    std::fs::write(&file, trusted.pem()).unwrap();
    let bed =
        Bed::start_with(WorldOptions::single().with("SSL_CERT_FILE", &file.display().to_string())).await;
    for (model, certificate) in [("trusted", &trusted), ("stranger", &stranger)] {
        let upstream = RawUpstream::start_tls(certificate).await;
        upstream.script(model, document("200 OK", "", ANSWER));
        bed.world.add_model(model, price("2", "10", FEE)).await;
        bed.world.add_channel(&upstream.base_url(), &[model], 0).await;
        let outcome = bed.ask(question(model)).await;
        if model == "trusted" {
            outcome.expect_honest();
        } else {
            outcome.expect_free_error(502, "upstream_error");
            assert_eq!(upstream.total_calls(), 0);
        }
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn server_errors_are_tried_on_three_channels_at_most_and_free() {
    let bed = Bed::start().await;
    for (case, status) in ["500 Internal Server Error", "502 Bad Gateway", "503 x", "504 x", "529 x", "599 x"]
        .into_iter()
        .enumerate()
    {
        for channels in [1, 4] {
            let model = format!("failing-{case}-{channels}");
            bed.world.add_model(&model, price("2", "10", FEE)).await;
            for _ in 0..channels {
                bed.world.add_channel(&bed.raw.base_url(), &[&model], 0).await;
            }
            bed.raw.script(&model, document(status, "", "<html>sk-secret</html>"));
            let body = if case % 2 == 0 { question(&model) } else { streamed_question(&model) };
            let outcome = bed.ask(body).await.expect_free_error(502, "upstream_error");
            let tries = channels.min(3);
            assert_eq!((outcome.attempts(), bed.raw.call_count(&model)), (tries, tries), "{}", outcome.row);
            assert!(!outcome.reply.text.contains("sk-secret"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstream_that_takes_the_request_and_says_nothing_is_left_after_its_time() {
    let bed = Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_FIRST_BYTE_MS", "800")).await;
    bed.raw.script(MODEL, vec![Step::Hang]);
    for body in both(MODEL) {
        bed.ask(body).await.expect_free_error(504, "upstream_timeout");
    }
    let second = bed.add_twin("twin", &bed.raw).await;
    bed.raw.script("twin", vec![Step::Hang]);
    let outcome = bed.ask(streamed_question("twin")).await.expect_honest();
    assert_eq!((outcome.attempts(), second.total_calls()), (2, 1), "{}", outcome.row);
    assert_eq!(outcome.row["attempts"][0]["error_code"], json!("timeout"), "{}", outcome.row);
    assert_eq!(bed.raw.total_calls(), 3, "each is asked once");
    let cancelled = async || (bed.raw.left() == 3).then_some(());
    eventually("no request is left running", Duration::from_secs(10), cancelled).await;
}
