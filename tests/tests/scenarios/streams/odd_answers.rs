//! Upstreams that stretch or break HTTP itself.

use waystation_tests::{Step, WorldOptions};

use super::Bed;
use super::events::{ANSWER, say};
use crate::{MODEL, question};

/// An answer with this head, less the blank line.
fn headed(head: &str) -> Vec<Step> {
    vec![say(&format!("{head}\r\n\r\n{ANSWER}"))]
}

#[tokio::test(flavor = "multi_thread")]
async fn unusual_http_is_read() {
    let bed = Bed::start().await;
    let length = ANSWER.len();
    let chunk = format!("{length:X};extension=\"x\"\r\n{ANSWER}\r\n0\r\nx-trailer: 1\r\n\r\n");
    for script in [
        headed("HTTP/1.0 200 OK"),
        headed("HTTP/1.1 200"),
        headed("HTTP/1.1 201 Created"),
        headed("HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-9/10"),
        headed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK"),
        headed(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: {length}")),
        headed(&format!("HTTP/1.1 200 OK\r\nx-large: {}", "x".repeat(60_000))),
        headed("HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=gb2312"),
        headed(
            "HTTP/1.1 200 OK\r\nset-cookie: a=b\r\nx-request-id: theirs\r\ncontent-type: a/b\r\ncontent-type: c/d",
        ),
        vec![say(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"))],
    ] {
        bed.raw.script(MODEL, script.clone());
        let outcome = bed.ask(question(MODEL)).await.expect_honest();
        assert_eq!(outcome.reply.text, ANSWER, "{script:?}");
        // Nothing of the upstream's head is passed on.
        for name in ["set-cookie", "x-large", "link", "x-trailer"] {
            assert_eq!(outcome.reply.header(name), "", "{script:?}");
        }
        assert!(outcome.reply.request_id().starts_with("req_"), "{script:?}");
        assert_eq!(outcome.reply.header("content-type"), "application/json", "{script:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_no_answer_and_free() {
    let mut bed =
        Bed::start_with(WorldOptions::single().with("WAYSTATION_RELAY_FIRST_BYTE_MS", "2000")).await;
    let headers: String = (0..5_000).map(|number| format!("x-{number}: 1\r\n")).collect();
    let chunked = |body: &str| say(&format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}"));
    let length = ANSWER.len();
    for (case, script) in [
        vec![say("")],
        vec![say("\0\0\0\0\r\n\r\n")],
        vec![say("SSH-2.0-OpenSSH_9.9\r\n")],
        vec![say(ANSWER)],
        headed("HTTP/1.1 99999 OK"),
        headed("HTTP/1.1 -1 OK"),
        headed("HTTP/9.9 200 OK"),
        headed("HTTP/1.1 200 OK\r\nno colon"),
        headed("HTTP/1.1 200 OK\r\nx: \0"),
        headed(&format!("HTTP/1.1 200 OK\r\n{headers}x: 1")),
        headed(&format!("HTTP/1.1 200 OK\r\nx-huge: {}", "x".repeat(2_000_000))),
        headed(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: 7")),
        headed("HTTP/1.1 200 OK\r\ncontent-length: -1"),
        headed("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999"),
        headed(&format!("HTTP/1.1 200 OK\r\ncontent-length: {}", length + 1)),
        headed("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade"),
        headed("HTTP/1.1 204 No Content"),
        headed("HTTP/1.1 205 Reset Content\r\ncontent-length: 0"),
        vec![chunked("ffffffffffffffffff\r\nx")],
        vec![chunked("-1\r\nx\r\n")],
        vec![chunked("zz\r\nx\r\n")],
        vec![chunked("5\r\n{\"a\":")],
    ]
    .into_iter()
    .enumerate()
    {
        bed.raw.script(MODEL, script);
        let outcome = bed.ask(question(MODEL)).await.expect_free_error(502, "upstream_error");
        assert_eq!((outcome.attempts(), bed.raw.total_calls()), (1, case + 1), "{case}: {}", outcome.row);
    }
    bed.world.server(0).assert_no_panic();
}
