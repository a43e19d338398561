//! S27: answers of several choices, with tools, or of reasoning alone: all of it counts.

use serde_json::{Value, json};
use waystation_tests::nanos;

use super::events::{DONE, ROLE, STOP, delta, stream, word};
use super::{Bed, FEE};
use crate::{MODEL, streamed_question};

fn of_choice(index: u64, content: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n")
}

fn finish(index: u64) -> String {
    format!("data: {{\"choices\":[{{\"index\":{index},\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n")
}

fn asking_for(choices: u64) -> Value {
    let mut body = streamed_question(MODEL);
    body["n"] = json!(choices);
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_delivered_in_any_form_is_paid_when_no_usage_is_reported() {
    let bed = Bed::start().await;
    let text = "some twenty bytes of text ".repeat(6);
    let call = |index: u64| {
        let arguments = format!(
            "{{\"tool_calls\":[{{\"index\":{index},\"function\":{{\"name\":\"find\",\"arguments\":\"{text}\"}}}}]}}"
        );
        delta(&arguments)
    };
    let plain = word(&text);
    let two = [of_choice(0, &text), of_choice(1, &text)].concat();
    let tools = [call(0), call(1)].concat();
    let thoughts = delta(&format!("{{\"reasoning_content\":\"{text}\"}}"));
    let other_thoughts = delta(&format!("{{\"reasoning\":\"{text}\"}}"));
    let refusal = delta(&format!("{{\"refusal\":\"{text}\"}}"));
    let mut tokens = Vec::new();
    for (content, choices) in
        [(&plain, 1), (&two, 2), (&tools, 1), (&thoughts, 1), (&other_thoughts, 1), (&refusal, 1)]
    {
        bed.raw.script(MODEL, stream(&[ROLE, content, STOP, DONE]));
        let mut body = asking_for(choices);
        body["max_tokens"] = json!(500);
        let outcome = bed.ask(body).await;
        assert_eq!(outcome.row["status"], "ok", "{}", outcome.row);
        assert!(outcome.charged() > nanos(FEE), "{}", outcome.row);
        tokens.push(outcome.row["usage"]["output_tokens"].as_u64().unwrap());
    }
    let one = tokens[0];
    assert!(one >= 30, "{tokens:?}");
    assert_eq!(tokens[1], 2 * one, "{tokens:?}");
    assert!(tokens[2] >= 2 * one, "{tokens:?}");
    assert_eq!(tokens[3..], [one, one, one], "{tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_choices_are_held_and_billed_together_and_never_above_the_hold() {
    let bed = Bed::start().await;
    let usage = |completion: u64| {
        format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":12,\"completion_tokens\":{completion}}}}}\n\n"
        )
    };
    let events =
        [of_choice(0, "one"), of_choice(1, "eins"), of_choice(2, "un"), finish(1), finish(0), finish(2)];
    let all = events.concat();
    // A choice may have 64 tokens.
    for (completion, billed) in [(150, 150), (192, 192), (193, 192), (9_000, 192)] {
        bed.raw.script(MODEL, stream(&[ROLE, &all, &usage(completion), DONE]));
        let outcome = bed.ask(asking_for(3)).await;
        assert_eq!(outcome.row["usage"]["output_tokens"], billed, "{}", outcome.row);
        assert_eq!(outcome.reply.text, [ROLE, &all, DONE].concat());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_finishes_twice_does_not_make_up_for_another() {
    let bed = Bed::start().await;
    let early = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":2}}\n\n";
    let long = "a hundred bytes of text, which are more than two tokens by any measure, are delivered";
    let (one, two) = (of_choice(0, long), of_choice(1, "short"));
    // The report is older than the text. It stands only where all choices came to their end after all.
    for (again, source) in [(finish(0), "estimated"), (finish(1), "reported")] {
        bed.raw.script(MODEL, stream(&[ROLE, &two, early, &one, &finish(0), &again]));
        let outcome = bed.ask(asking_for(2)).await.expect_interrupted("upstream_error");
        assert_eq!(outcome.row["usage"]["source"], source, "{}", outcome.row);
    }
}
