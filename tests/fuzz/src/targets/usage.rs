//! The reader and the judge of reported usage: nothing below zero, nothing over the bounds, nothing for free.

use waystation_pricing::{Bucket, Cost, Money, Multiplier, Price, Rate, UsageSource};
use waystation_protocol::openai::usage::{Count, read_usage};
use waystation_protocol::openai::usage_judgement::{
    AUDIO_OUTPUT_BYTES_A_TOKEN, DeliveredOutput, Evidence, TOKEN_BYTES_MAX, judge_usage,
};
use waystation_protocol::text_size::TextSize;

use super::take_choices;

pub(super) fn check(bytes: &[u8]) {
    let (choices, json) = take_choices::<12>(bytes);
    let reported = read_usage(json);
    if let Some(usage) = &reported {
        let counts = [
            usage.prompt,
            usage.completion,
            usage.total,
            usage.cached,
            usage.cache_miss,
            usage.cache_write,
            usage.cache_write_12h,
            usage.cache_creation,
            usage.prompt_audio,
            usage.prompt_image,
            usage.reasoning,
            usage.completion_audio,
            usage.completion_image,
        ];
        for count in counts {
            assert!(!matches!(count, Count::Tokens(tokens) if i64::try_from(tokens).is_err()), "{count:?}");
        }
    }
    check_judgement(reported.as_ref(), &choose_evidence(&choices));
}

/// What is promised of every judgement, whatever was reported.
pub(super) fn check_judgement(
    reported: Option<&waystation_protocol::openai::usage::ReportedUsage>,
    evidence: &Evidence,
) {
    let usage = judge_usage(reported, evidence);
    let (input, output) = (usage.input_tokens(), usage.output_tokens());
    assert!(input <= evidence.input_bound, "{usage:?} for {evidence:?}");
    assert!(output <= evidence.output_bound, "{usage:?} for {evidence:?}");
    if evidence.estimated_input > 0 && evidence.input_bound > 0 {
        assert!(input > 0, "free input: {usage:?} for {evidence:?}");
    }
    let delivered = &evidence.delivered;
    let text = delivered.text.plus(delivered.reasoning).bytes();
    let least = text.div_ceil(TOKEN_BYTES_MAX).max(u64::from(delivered.is_produced));
    assert!(output >= least.min(evidence.output_bound), "free output: {usage:?} for {evidence:?}");
    if !evidence.is_complete {
        let counted = delivered.audio_bytes.div_ceil(AUDIO_OUTPUT_BYTES_A_TOKEN);
        assert!(output >= counted.min(evidence.output_bound), "free output: {usage:?} for {evidence:?}");
    }
    if reported.is_none() {
        assert_eq!(usage.source, UsageSource::Estimated);
    }
    let price = price();
    let cost = Cost::of(&usage, &price, Multiplier::ONE).total();
    let bound = Cost::bound(&price, evidence.input_bound, evidence.output_bound, Multiplier::ONE).total();
    if let Some(bound) = bound {
        let cost = cost.expect("what is below a bound can be written");
        assert!(cost <= bound && cost >= Money::from_nanos(0), "{cost} for a bound of {bound}");
    }
    for bucket in Bucket::ALL {
        assert!(usage.get(bucket) <= evidence.input_bound.max(evidence.output_bound));
    }
}

fn choose_evidence(choices: &[u8; 12]) -> Evidence {
    let wide = |low: u8, high: u8| {
        let number = u64::from(low) | u64::from(high) << 8;
        match high {
            // The ends of the range are as likely as its middle.
            0xff => u64::MAX - u64::from(low),
            0xfe => i64::MAX as u64 - u64::from(low),
            0xfd => u64::from(u32::MAX) + u64::from(low),
            _ => number,
        }
    };
    let input_bound = wide(choices[0], choices[1]);
    let text = wide(choices[6], choices[7] & 0x3f);
    Evidence {
        input_bound,
        output_bound: wide(choices[2], choices[3]),
        estimated_input: wide(choices[4], choices[5]).min(input_bound),
        delivered: DeliveredOutput {
            text: TextSize { ascii: text, other: u64::from(choices[8]) },
            reasoning: TextSize { ascii: u64::from(choices[9]), other: 0 },
            audio_bytes: u64::from(choices[10]) * 1000,
            is_produced: text > 0 || choices[8..11].iter().any(|choice| *choice > 0) || choices[11] & 2 > 0,
        },
        is_complete: choices[11] & 1 > 0,
    }
}

fn price() -> Price {
    let rate = |nanos| Rate::from_nanos_per_million(nanos).expect("a rate within its range");
    Price {
        input: rate(2_500_000_000),
        output: rate(10_000_000_001),
        cache_read: Some(rate(1)),
        cache_write_12h: Some(rate(9_999_999_999)),
        reasoning: Some(rate(20_000_000_000)),
        audio_input: Some(rate(0)),
        ..Price::default()
    }
}
