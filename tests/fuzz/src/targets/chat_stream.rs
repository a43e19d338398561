//! The meter of streams: however the bytes are cut, the same is shown and the same is counted.

use waystation_pricing::{Usage, UsageSource};
use waystation_protocol::openai::chat_stream::{
    ChatStreamMeter, StreamAction, StreamEnd, StreamVerdict, StreamView, add_chunk_cost,
};
use waystation_protocol::openai::cost_note::CostNote;
use waystation_protocol::openai::usage_judgement::Evidence;
use waystation_protocol::sse::{EVENT_BYTES_MAX, SseEvent};

use super::answer::{MODEL, check_members};
use super::sse::decode;
use super::usage::check_judgement;
use super::{has_replacement, take_choices};
use crate::json_members::Members;

pub(super) fn check(bytes: &[u8]) {
    let ([choice], stream) = take_choices::<1>(bytes);
    let view = StreamView {
        wants_usage: choice & 1 > 0,
        holds_usage: choice & 2 > 0,
        strips_usage: choice & 4 > 0,
        model: (choice & 8 > 0).then(|| MODEL.to_owned()),
    };
    let size = 1 + usize::from(choice >> 4);
    let whole = play(&view, &decode(stream, EVENT_BYTES_MAX, |_| usize::MAX).events);
    let parts = play(&view, &decode(stream, EVENT_BYTES_MAX, |_| size).events);
    assert_eq!(whole, parts, "another cut gave another answer");
    let (shown, verdict) = whole;
    assert!(has_replacement(stream) || !shown.iter().any(|(_, data)| has_replacement(data)));
    assert_eq!(
        verdict.end == StreamEnd::Complete,
        shown.iter().any(|(kind, _)| *kind == "terminal"),
        "an end that was not shown"
    );
    check_judgement(
        verdict.usage.as_ref(),
        &Evidence {
            input_bound: 1000,
            output_bound: 500,
            estimated_input: 20,
            delivered: verdict.delivered,
            is_complete: verdict.end == StreamEnd::Complete,
        },
    );
}

/// What the caller is shown, event by event, without comments and blank lines.
type Shown = Vec<(&'static str, Vec<u8>)>;

fn play(view: &StreamView, events: &[SseEvent]) -> (Shown, StreamVerdict) {
    let mut meter = ChatStreamMeter::new(view.clone());
    let mut shown: Shown = Vec::new();
    for event in events {
        let was_ended = meter.is_ended();
        let produced = meter.delivered();
        let action = meter.observe(event);
        if was_ended {
            assert_eq!((&action, meter.delivered()), (&StreamAction::Ignore, produced), "more after the end");
        }
        if event.is_comment_only {
            continue;
        }
        match action {
            StreamAction::Ignore => {}
            StreamAction::Forward => shown.push(("forward", event.data.to_vec())),
            StreamAction::ForwardData(data) => {
                check_changed(view, event.data.trim_ascii(), &data);
                shown.push(("changed", data));
            }
            StreamAction::HoldUsage(data) => {
                check_changed(view, event.data.trim_ascii(), &data);
                check_cost(&data);
                shown.push(("held", data));
            }
            StreamAction::SwallowUsage => {
                assert!(!view.wants_usage, "usage that was asked for is kept back");
                shown.push(("swallowed", Vec::new()));
            }
            StreamAction::Terminal => shown.push(("terminal", Vec::new())),
            StreamAction::Error(error) => {
                assert!(error.message.is_none_or(|message| message.chars().count() <= 301));
                shown.push(("error", Vec::new()));
            }
        }
    }
    (shown, meter.finish())
}

fn check_changed(view: &StreamView, before: &[u8], after: &[u8]) {
    let (Some(before), Some(after)) = (Members::read(before), Members::read(after)) else {
        assert!(std::str::from_utf8(before).is_err(), "{}", after.escape_ascii());
        return;
    };
    check_members(&before, &after, view.model.as_deref(), None);
    if view.strips_usage && !view.wants_usage {
        assert!(after.all("usage").len() <= before.all("usage").len().saturating_sub(1), "usage is shown");
    } else {
        assert_eq!(before.all("usage"), after.all("usage"));
    }
}

fn check_cost(data: &[u8]) {
    let usage = Usage::none(UsageSource::Estimated);
    let note = CostNote { cost: "0.5", charged: "0", usage: &usage };
    let priced = add_chunk_cost(data, &note);
    let (Some(before), Some(after)) = (Members::read(data), Members::read(&priced)) else {
        assert!(std::str::from_utf8(data).is_err(), "{}", priced.escape_ascii());
        return;
    };
    check_members(&before, &after, None, Some(&note));
}
