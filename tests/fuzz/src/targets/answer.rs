//! The reader of whole answers: garbage is refused, and an answer changes in its model name and its cost only.

use waystation_pricing::{Bucket, Usage, UsageSource};
use waystation_protocol::openai::chat_response::{ChatResponseError, read_chat_response};
use waystation_protocol::openai::cost_note::CostNote;
use waystation_protocol::openai::usage_judgement::Evidence;

use super::usage::check_judgement;
use super::{has_replacement, take_choices};
use crate::json_members::Members;

pub(super) const MODEL: &str = "shown/\"m\u{f6}del\"\u{1}\\";

pub(super) fn check(bytes: &[u8]) {
    let ([choice], body) = take_choices::<1>(bytes);
    let response = match read_chat_response(body) {
        Ok(response) => response,
        Err(ChatResponseError::NotAnObject) => {
            // Deep nesting is refused too; everything else that is an object must be read.
            let depth = body.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
            assert!(depth > 64 || Members::read(body).is_none(), "an object is refused");
            return;
        }
        Err(ChatResponseError::Failed(error) | ChatResponseError::NoChoices(error)) => {
            assert!(error.message.is_none_or(|message| message.chars().count() <= 301));
            return;
        }
    };
    assert!(response.choices() > 0);
    check_judgement(
        response.usage(),
        &Evidence {
            input_bound: 1000,
            output_bound: 500,
            estimated_input: 20,
            delivered: response.delivered(),
            is_complete: choice & 4 > 0,
        },
    );
    let usage = Usage::none(UsageSource::Estimated).with(Bucket::Input, 7).with(Bucket::Output, 9);
    let note = CostNote { cost: "0.000002150", charged: "0.000000001", usage: &usage };
    let model = (choice & 1 > 0).then_some(MODEL);
    let note = (choice & 2 > 0).then_some(&note);
    match response.rewrite(model, note) {
        None => assert!(note.is_none(), "the cost was not written"),
        Some(rewritten) => check_rewrite(body, model, note, &rewritten),
    }
}

fn check_rewrite(body: &[u8], model: Option<&str>, note: Option<&CostNote<'_>>, rewritten: &[u8]) {
    let shown = rewritten.escape_ascii();
    assert!(has_replacement(body) || !has_replacement(rewritten), "{shown}");
    let again = read_chat_response(rewritten);
    let again = again.unwrap_or_else(|error| panic!("a rewritten answer is no answer: {error} {shown}"));
    let second = again.rewrite(model, note);
    assert!(second.is_none_or(|second| second == rewritten), "not at rest after one rewrite: {shown}");
    // Bytes that are no text pass through as they are; the other reader cannot look into them.
    let Some(members) = Members::read(body) else {
        assert!(std::str::from_utf8(body).is_err(), "{shown}");
        return;
    };
    let changed = Members::read(rewritten).expect("a rewritten answer is a JSON object");
    check_members(&members, &changed, model, note);
}

/// The rewritten object has the model and the cost that were asked for, and is otherwise as it was.
pub(super) fn check_members(
    members: &Members,
    changed: &Members,
    model: Option<&str>,
    note: Option<&CostNote<'_>>,
) {
    assert_eq!(members.without(&["model", "usage"]), changed.without(&["model", "usage"]));
    if let (Some(wanted), Some(text)) = (model, changed.last("model"))
        && text.starts_with('"')
    {
        assert_eq!(serde_json::from_str::<String>(text).expect("our own text"), wanted);
    }
    if let Some(note) = note {
        let usage = changed.last("usage").expect("there is a usage");
        let usage = Members::read(usage.as_bytes()).expect("usage is an object");
        for (name, amount) in [("cost", note.cost), ("charged", note.charged)] {
            assert_eq!(usage.last(name), Some(format!("\"{amount}\"").as_str()), "{usage:?}");
        }
        if let Some(before) = members.last("usage").and_then(|usage| Members::read(usage.as_bytes())) {
            assert_eq!(before.without(&["cost", "charged"]), usage.without(&["cost", "charged"]));
        }
    }
}
