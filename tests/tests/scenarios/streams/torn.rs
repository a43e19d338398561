//! S18 to S20: frames and letters that are torn apart, and bytes that are none of any text.

use serde_json::{Value, json};
use waystation_tests::{Step, nanos, stream_head};

use super::Bed;
use super::events::{DONE, ROLE, STOP, USAGE, say, stream, word};
use crate::{HONEST_COST, MODEL, streamed_question};

/// The payloads of a stream's events by the standard: lines end in LF, CRLF or CR, several `data` lines are one text.
fn payloads(stream: &str) -> Vec<String> {
    let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut payloads = Vec::new();
    for event in lines.split("\n\n") {
        let data: Vec<&str> = event
            .lines()
            .map(|line| line.trim_start_matches('\u{feff}'))
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.strip_prefix(' ').unwrap_or(data))
            .collect();
        if !data.is_empty() {
            payloads.push(data.join("\n"));
        }
    }
    payloads
}

fn text_of(payloads: &[String]) -> String {
    let chunks = payloads.iter().filter_map(|data| serde_json::from_str::<Value>(data).ok());
    chunks.filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_means_the_same_however_it_is_cut_and_its_lines_end() {
    let bed = Bed::start().await;
    let in_two_lines = "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"二\"}}]}\n\n";
    let named = format!("event: message\nid: 7\nretry: 1000\n{}", word("é"));
    let sizes = [1, 2, 3, 5, 7, 64, 100_000];
    for (mark, last) in [("\u{feff}", DONE), ("", "data: [DONE]")] {
        let whole =
            [mark, ": hello\n\n", ROLE, &word("你好"), &word("👩‍👩‍👧"), &named, in_two_lines, STOP, USAGE, last]
                .concat();
        for ending in ["\n", "\r\n", "\r"] {
            let sent = whole.replace('\n', ending);
            for size in sizes {
                let mut script = vec![stream_head()];
                script.extend(sent.as_bytes().chunks(size).map(|piece| Step::Send(piece.to_vec())));
                bed.raw.script(MODEL, script);
                let about = format!("{ending:?} in pieces of {size}");
                let outcome = bed.ask(streamed_question(MODEL)).await;
                let seen = payloads(&outcome.reply.text);
                assert_eq!(text_of(&seen), "你好👩‍👩‍👧é二", "{about}: {}", outcome.reply.text);
                assert_eq!(seen.len(), 7, "{about}: {seen:?}");
                assert_eq!(seen.last().map(String::as_str), Some("[DONE]"), "{about}");
                assert!(!outcome.reply.text.contains('\u{fffd}'), "{about}");
                assert_eq!(outcome.row["status"], "ok", "{about}: {}", outcome.row);
                assert_eq!(outcome.charged(), nanos(HONEST_COST), "{about}: {}", outcome.row);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_events_neither_stop_a_stream_nor_change_what_it_costs() {
    let mut bed = Bed::start().await;
    let broken: [&[u8]; 10] = [
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xe4\xbd\"}}]}\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\0\"}}]}\n\n",
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\ud800\"}}]}\n\n",
        b"data: {\"choices\":[{\"index\":0,\n\n",
        b"data: \xff\xff\xff\n\n",
        b"data: \0\0\n\n",
        b"\xff\0: nothing\n\n",
        b"data: {\"choices\":{}}\n\n",
        b"data: {\"choices\":[[]],\"usage\":[1]}\n\n",
    ];
    let (one, two) = (word("one"), word("你"));
    for event in broken {
        let script = [
            &[one.as_bytes(), event, two.as_bytes()].concat(),
            STOP.as_bytes(),
            USAGE.as_bytes(),
            DONE.as_bytes(),
        ]
        .map(|piece| Step::Send(piece.to_vec()));
        bed.raw.script(MODEL, [stream_head(), say(ROLE)].into_iter().chain(script).collect());
        let (mut response, id) = bed.begin(streamed_question(MODEL)).await;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        // Byte for byte what came, less the usage that was not asked for: nothing is put in the place of a letter.
        let expected =
            [ROLE.as_bytes(), one.as_bytes(), event, two.as_bytes(), STOP.as_bytes(), DONE.as_bytes()];
        assert_eq!(bytes, expected.concat(), "{}", String::from_utf8_lossy(event));
        let row = bed.world.request_row(&id).await;
        assert_eq!((&row["status"], &row["usage"]["source"]), (&json!("ok"), &json!("reported")), "{row}");
    }
    let log = bed.world.server(0).log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_nesting_from_an_upstream_harms_nothing() {
    let mut bed = Bed::start().await;
    for depth in [100, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("data: {{\"choices\":{}1{}}}\n\n", open.repeat(depth), close.repeat(depth));
            bed.raw.script(MODEL, stream(&[ROLE, &word("one"), &deep, STOP, USAGE, DONE]));
            let outcome = bed.ask(streamed_question(MODEL)).await;
            assert_eq!(outcome.row["status"], "ok", "{}", outcome.row);
            assert!(outcome.charged() <= nanos("0.002"), "{}", outcome.row);
        }
    }
    assert!(!bed.world.server(0).log().contains("panicked"));
}
