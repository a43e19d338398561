//! The demo channel: an answer made here, to try the relay out without an upstream.
//!
//! It speaks the dialect of a real upstream, bytes and all, so that its calls pass through the same chain.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use waystation_ids::RequestId;

/// Time between two words of a stream.
const WORD_INTERVAL: Duration = Duration::from_millis(25);
/// How many words of the request the answer repeats.
const WORDS_REPEATED: usize = 12;

/// An answer that is being given.
#[derive(Debug)]
pub(crate) struct DemoAnswer {
    parts: VecDeque<Bytes>,
    has_begun: bool,
}

impl DemoAnswer {
    /// The answer to a request that has been checked already, made for the call `call` at `now_ms`.
    pub fn new(request: &[u8], stream: bool, call: RequestId, now_ms: i64) -> Self {
        let (id, created) = (format!("chatcmpl-{call}"), now_ms.div_euclid(1000));
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let model = request["model"].as_str().unwrap_or("demo");
        let cap =
            ["max_completion_tokens", "max_tokens"].iter().filter_map(|name| request[name].as_u64()).max();
        let words = answer_words(&request);
        let most = usize::try_from(cap.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let finish_reason = if words.len() > most { "length" } else { "stop" };
        let words: Vec<String> = words.into_iter().take(most).collect();
        // One word is one token here, read or written.
        let (prompt, completion) = (count_words(&request["messages"]), words.len());
        let usage = json!({
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        });
        let parts = if stream {
            let head = json!({
                "id": id, "object": "chat.completion.chunk", "created": created, "model": model,
            });
            stream_parts(&head, &words, finish_reason, &usage)
        } else {
            let message = json!({"role": "assistant", "content": words.concat()});
            let answer = json!({
                "id": id, "object": "chat.completion", "created": created, "model": model,
                "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
                "usage": usage,
            });
            VecDeque::from([Bytes::from(answer.to_string())])
        };
        DemoAnswer { parts, has_begun: false }
    }

    /// The next part, a moment after the last.
    pub async fn next(&mut self) -> Option<Bytes> {
        if self.has_begun && !self.parts.is_empty() {
            tokio::time::sleep(WORD_INTERVAL).await;
        }
        self.has_begun = true;
        self.parts.pop_front()
    }
}

/// `head` is what all chunks have in common.
fn stream_parts(head: &Value, words: &[String], finish_reason: &str, usage: &Value) -> VecDeque<Bytes> {
    let chunk = |choices: Value, usage: &Value| {
        let mut chunk = head.clone();
        (chunk["choices"], chunk["usage"]) = (choices, usage.clone());
        format!("data: {chunk}\n\n")
    };
    let choice = |delta: Value, finish_reason: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": finish_reason}]), &Value::Null)
    };
    let first = choice(json!({"role": "assistant", "content": ""}), Value::Null);
    let spoken = words.iter().map(|word| choice(json!({"content": word}), Value::Null));
    let end = choice(json!({}), json!(finish_reason));
    let last = [end, chunk(json!([]), usage), "data: [DONE]\n\n".to_owned()].concat();
    std::iter::once(first).chain(spoken).chain([last]).map(Bytes::from).collect()
}

/// A short answer, each word with the space before it.
fn answer_words(request: &Value) -> Vec<String> {
    let asked = request["messages"]
        .as_array()
        .and_then(|messages| messages.iter().rev().find(|message| message["role"] == "user"))
        .map(|message| text_of(&message["content"]))
        .unwrap_or_default();
    let asked: Vec<&str> = asked.split_whitespace().collect();
    let end = asked.get(asked.len().saturating_sub(WORDS_REPEATED)..).unwrap_or_default().join(" ");
    let answer = if end.is_empty() {
        "This is the demo channel. Ask it something.".to_owned()
    } else {
        format!("This is the demo channel. You said: {end}")
    };
    let spaced = |(place, word): (usize, &str)| if place == 0 { word.to_owned() } else { format!(" {word}") };
    answer.split(' ').enumerate().map(spaced).collect()
}

fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> = parts.iter().filter_map(|part| part["text"].as_str()).collect();
            texts.join(" ")
        }
        _ => String::new(),
    }
}

fn count_words(messages: &Value) -> usize {
    let messages = messages.as_array().map(Vec::as_slice).unwrap_or_default();
    messages
        .iter()
        .map(|message| text_of(&message["content"]).split_whitespace().count())
        .sum::<usize>()
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(request: Value, stream: bool) -> String {
        let call = RequestId::new_cause(1_795_238_297_123, [7; 10]);
        let mut answer = DemoAnswer::new(request.to_string().as_bytes(), stream, call, 1_795_238_297_123);
        let mut text = String::new();
        while let Some(part) = answer.next().await {
            text.push_str(std::str::from_utf8(&part).unwrap());
        }
        text
    }

    #[tokio::test(start_paused = true)]
    async fn the_demo_answers_with_the_last_words_and_counts_them() {
        let request = json!({"model": "demo", "messages": [{"role": "user", "content": "good day to you"}]});
        let answer: Value = serde_json::from_str(&all(request.clone(), false).await).unwrap();
        let content = &answer["choices"][0]["message"]["content"];
        assert_eq!(content, "This is the demo channel. You said: good day to you");
        assert_eq!(answer["usage"], json!({"prompt_tokens": 4, "completion_tokens": 11, "total_tokens": 15}));
        let stream = all(request, true).await;
        assert!(stream.ends_with("data: [DONE]\n\n"));
        assert_eq!(stream.matches("\"content\":\" ").count(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn every_part_of_a_demo_answer_names_the_call_and_the_time() {
        let request = json!({"messages": [{"role": "user", "content": "hi"}]});
        let whole: Value = serde_json::from_str(&all(request.clone(), false).await).unwrap();
        assert_eq!(whole["created"], 1_795_238_297);
        let stream = all(request, true).await;
        let chunks = stream.split_terminator("\n\n").filter_map(|event| event.strip_prefix("data: {"));
        for chunk in chunks {
            let chunk: Value = serde_json::from_str(&format!("{{{chunk}")).unwrap();
            assert_eq!((&chunk["id"], &chunk["created"]), (&whole["id"], &whole["created"]));
        }
        assert!(whole["id"].as_str().unwrap().starts_with("chatcmpl-"), "{whole}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_demo_keeps_an_output_cap() {
        let request = json!({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 2});
        let answer: Value = serde_json::from_str(&all(request, false).await).unwrap();
        assert_eq!(answer["choices"][0]["message"]["content"], "This is");
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
    }
}
