use proptest::prelude::*;
use waystation_pricing::UsageSource::{Capped, Estimated, Reported};
use waystation_pricing::{Bucket, Usage, UsageSource};
use waystation_protocol::openai::usage::{Count, read_usage};
use waystation_protocol::openai::usage_judgement::{DeliveredOutput, Evidence, judge_usage};
use waystation_protocol::text_size::TextSize;

/// A call that read about 200 tokens and wrote 400 bytes, which is about 112 tokens.
const CALL: Evidence = Evidence {
    input_bound: 1000,
    output_bound: 500,
    estimated_input: 200,
    delivered: DeliveredOutput {
        text: TextSize { ascii: 400, other: 0 },
        reasoning: TextSize::ZERO,
        audio_bytes: 0,
        is_produced: true,
    },
    is_complete: true,
};

fn judge(json: &str, evidence: &Evidence) -> Usage {
    judge_usage(read_usage(json.as_bytes()).as_ref(), evidence)
}

fn usage(source: UsageSource, buckets: &[(Bucket, u64)]) -> Usage {
    buckets.iter().fold(Usage::none(source), |usage, (bucket, tokens)| usage.with(*bucket, *tokens))
}

#[test]
fn plausible_reports_are_believed_and_split_into_buckets() {
    use Bucket::*;
    for (json, expected) in [
        (
            r#"{"prompt_tokens":190,"completion_tokens":100,"total_tokens":290}"#,
            vec![(Input, 190), (Output, 100)],
        ),
        // Unknown and null details change nothing; nor does text that some vendors count twice.
        (
            r#"{"prompt_tokens":190,"completion_tokens":100,"prompt_tokens_details":{"text_tokens":190,"cached_tokens":90,"x":[]},
               "completion_tokens_details":null,"queue_time":0.01}"#,
            vec![(Input, 100), (CacheRead, 90), (Output, 100)],
        ),
        (
            r#"{"prompt_tokens":190,"prompt_tokens_details":{"cached_tokens":50,"cache_write_tokens":60,"audio_tokens":20,"image_tokens":10},
               "completion_tokens":100,"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":20,
               "accepted_prediction_tokens":5,"rejected_prediction_tokens":6},"total_tokens":290}"#,
            vec![
                (Input, 50),
                (CacheRead, 50),
                (CacheWrite30m, 60),
                (AudioInput, 20),
                (ImageInput, 10),
                (Output, 50),
                (Reasoning, 30),
                (AudioOutput, 20),
            ],
        ),
        (
            r#"{"prompt_tokens":100,"prompt_tokens_details":{"cache_write_tokens":60,"cache_write_tokens_details":
               {"ttl_30m_tokens":40,"ttl_12h_tokens":20}},"completion_tokens":9}"#,
            vec![(Input, 40), (CacheWrite30m, 40), (CacheWrite12h, 20), (Output, 9)],
        ),
        // DeepSeek: hits and misses beside the details.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_cache_hit_tokens":64,
               "prompt_cache_miss_tokens":36,"prompt_tokens_details":{"cached_tokens":64}}"#,
            vec![(Input, 36), (CacheRead, 64), (Output, 50)],
        ),
        // Moonshot: cached at the top.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"cached_tokens":10}"#,
            vec![(Input, 90), (CacheRead, 10), (Output, 50)],
        ),
        // Qwen: an explicit cache of five minutes.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cache_creation_input_tokens":70}}"#,
            vec![(Input, 30), (CacheWrite5m, 70), (Output, 50)],
        ),
        // xAI: reasoning beside the completion, seen by the total.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":350,"completion_tokens_details":{"reasoning_tokens":200}}"#,
            vec![(Input, 100), (Output, 50), (Reasoning, 200)],
        ),
        // Gemini behind its compatible route: thoughts only in the total.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":250}"#,
            vec![(Input, 100), (Output, 50), (Reasoning, 100)],
        ),
        // A relay that fills the names it does not use with zero.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"input_tokens":0,"output_tokens":0,"input_tokens_details":null}"#,
            vec![(Input, 100), (Output, 50)],
        ),
        (r#"{"prompt_eval_count":100,"eval_count":50}"#, vec![(Input, 100), (Output, 50)]),
        // Cached audio: what is not cached is taken to be audio first.
        (
            r#"{"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"cached_tokens":80,"audio_tokens":60}}"#,
            vec![(CacheRead, 80), (AudioInput, 20), (Output, 50)],
        ),
    ] {
        assert_eq!(judge(json, &CALL), usage(Reported, &expected), "{json}");
    }
}

#[test]
fn usage_lies_give_nothing_away_and_charge_nothing_beyond_the_bounds() {
    let est = (200, 112);
    // What is reported, what is billed as input and output, and the mark it gets.
    let lies: &[(&str, (u64, u64), UsageSource)] = &[
        ("", est, Estimated),
        ("null", est, Estimated),
        ("[]", est, Estimated),
        ("\"usage\"", est, Estimated),
        ("{\"prompt_tokens\":1", est, Estimated),
        ("{}", est, Estimated),
        (r#"{"prompt_tokens":null,"completion_tokens":null}"#, est, Estimated),
        (r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":0}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":100}"#, (100, 112), Estimated),
        (r#"{"completion_tokens":100}"#, (200, 100), Estimated),
        (r#"{"prompt_tokens":0,"completion_tokens":100}"#, (200, 100), Estimated),
        (r#"{"total_tokens":300}"#, est, Estimated),
        (r#"{"prompt_tokens":-1,"completion_tokens":100}"#, (200, 100), Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":-5}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":-100,"completion_tokens":-5,"total_tokens":-105}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":-0}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":1.5,"completion_tokens":100}"#, (200, 100), Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":0.0001}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":1e2}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":1e308}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":"100","completion_tokens":"0"}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":"NaN"}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":true,"completion_tokens":false}"#, est, Estimated),
        (r#"{"prompt_tokens":{},"completion_tokens":[]}"#, est, Estimated),
        (r#"{"prompt_tokens":9223372036854775807,"completion_tokens":100}"#, (1000, 100), Capped),
        (r#"{"prompt_tokens":9223372036854775808,"completion_tokens":100}"#, (200, 100), Estimated),
        (r#"{"prompt_tokens":18446744073709551615,"completion_tokens":100}"#, (200, 100), Estimated),
        (
            r#"{"prompt_tokens":18446744073709551616,"completion_tokens":18446744073709551617}"#,
            est,
            Estimated,
        ),
        (r#"{"prompt_tokens":100,"completion_tokens":9223372036854775807}"#, (100, 500), Capped),
        (
            r#"{"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}"#,
            (1000, 500),
            Capped,
        ),
        (r#"{"prompt_tokens":1001,"completion_tokens":501}"#, (1000, 500), Capped),
        (r#"{"prompt_tokens":1001,"completion_tokens":0}"#, (1000, 112), Capped),
        (r#"{"prompt_tokens":100,"completion_tokens":3}"#, (100, 112), Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":150}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":0}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":-200}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":"200"}"#, est, Estimated),
        (r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":1000000}"#, est, Estimated),
        (
            r#"{"prompt_tokens":100,"completion_tokens":100,"total_tokens":300,"completion_tokens_details":{"reasoning_tokens":7}}"#,
            est,
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"cached_tokens":101}}"#,
            (200, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"cached_tokens":-100}}"#,
            (100, 90),
            Estimated,
        ),
        (r#"{"prompt_tokens":100,"completion_tokens":90,"cached_tokens":"all"}"#, (100, 90), Estimated),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":60}}"#,
            (200, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"cached_tokens":9223372036854775807,"cache_write_tokens":9223372036854775807,
               "cache_creation_input_tokens":9223372036854775807}"#,
            (200, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"audio_tokens":60,"image_tokens":60}}"#,
            (100, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"audio_tokens":-6}}"#,
            (100, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"cache_write_tokens":5,"cache_write_tokens_details":{"ttl_12h_tokens":9}}"#,
            (100, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"prompt_cache_hit_tokens":10,"prompt_cache_miss_tokens":1}"#,
            est,
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":91}}"#,
            (100, 112),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":-91}}"#,
            (100, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":80,"audio_tokens":80}}"#,
            (100, 90),
            Estimated,
        ),
        (
            r#"{"prompt_tokens":10,"cached_tokens":190,"completion_tokens":90,"total_tokens":290}"#,
            est,
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"cached_tokens":90,"completion_tokens":90,"total_tokens":280}"#,
            est,
            Estimated,
        ),
        (
            r#"{"prompt_tokens":100,"prompt_tokens":-1,"completion_tokens":90,"completion_tokens":0}"#,
            (200, 90),
            Estimated,
        ),
    ];
    assert!(lies.len() >= 40);
    for (json, billed, source) in lies {
        let usage = judge(json, &CALL);
        assert_eq!((usage.input_tokens(), usage.output_tokens()), *billed, "{json}");
        assert_eq!(usage.source, *source, "{json}");
    }
}

#[test]
fn nothing_produced_and_nothing_reported_is_no_output() {
    let silent = Evidence { delivered: DeliveredOutput::default(), ..CALL };
    assert_eq!(judge("", &silent).output_tokens(), 0);
    let usage = judge(r#"{"prompt_tokens":100,"completion_tokens":0}"#, &silent);
    assert_eq!((usage.output_tokens(), usage.source), (0, Reported));
    // Hidden reasoning can use up the whole cap and deliver nothing.
    let hidden = judge(
        r#"{"prompt_tokens":100,"completion_tokens":500,"completion_tokens_details":{"reasoning_tokens":500}}"#,
        &silent,
    );
    assert_eq!((hidden.get(Bucket::Reasoning), hidden.source), (500, Reported));
}

#[test]
fn output_without_a_size_counts_one_token_at_least() {
    let delivered = DeliveredOutput { is_produced: true, ..DeliveredOutput::default() };
    assert_eq!(judge("", &Evidence { delivered, ..CALL }).output_tokens(), 1);
}

#[test]
fn usage_of_a_stream_that_broke_off_is_the_larger_of_report_and_count() {
    let cut = Evidence { is_complete: false, ..CALL };
    let stale = judge(r#"{"prompt_tokens":100,"completion_tokens":20}"#, &cut);
    assert_eq!((stale.output_tokens(), stale.source), (112, Estimated));
    let fresh = judge(r#"{"prompt_tokens":100,"completion_tokens":130}"#, &cut);
    assert_eq!((fresh.output_tokens(), fresh.source), (130, Reported));
}

#[test]
fn a_cut_keeps_the_proportions() {
    let json = r#"{"prompt_tokens":2000,"cached_tokens":1500,"completion_tokens":999,"completion_tokens_details":{"reasoning_tokens":333}}"#;
    let cut = judge(json, &CALL);
    let expected =
        [(Bucket::Input, 250), (Bucket::CacheRead, 750), (Bucket::Output, 334), (Bucket::Reasoning, 166)];
    assert_eq!(cut, usage(Capped, &expected));
}

#[test]
fn names_are_joined_by_the_larger_number_and_by_nonsense() {
    let read = |json: &str| read_usage(json.as_bytes()).unwrap();
    assert_eq!(read(r#"{"prompt_tokens":0,"input_tokens":7}"#).prompt, Count::Tokens(7));
    assert_eq!(read(r#"{"prompt_tokens":5,"input_tokens":"x"}"#).prompt, Count::Nonsense);
    assert_eq!(read(r#"{"prompt_tokens":null}"#).prompt, Count::Absent);
}

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![
        (-3i64..1200).prop_map(|count| count.to_string()),
        prop::sample::select(vec!["null", "0", "1.5", "\"7\"", "9223372036854775807", "1e99", "[]", "true"])
            .prop_map(String::from),
    ]
}

proptest! {
    #[test]
    fn no_report_gives_free_output_or_more_than_the_bounds(
        numbers in prop::collection::vec(quantity(), 13),
        present in prop::collection::vec(any::<bool>(), 13),
        bytes in 0u64..2000,
        (input_bound, output_bound, estimated_input) in (1u64..1000, 1u64..1000, 1u64..1000),
        is_complete in any::<bool>(),
    ) {
        let names = [
            "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens",
            "cache_creation_input_tokens", "prompt_cache_miss_tokens", "reasoning_tokens",
        ];
        let pick = |names: &[&str], from: usize| -> String {
            let members: Vec<String> = names.iter().enumerate()
                .filter(|(index, _)| present[from + index])
                .map(|(index, name)| format!("\"{name}\":{}", numbers[from + index])).collect();
            members.join(",")
        };
        let mut members = vec![pick(&names, 0)];
        members.push(format!("\"prompt_tokens_details\":{{{}}}", pick(&["audio_tokens", "image_tokens"], 8)));
        members.push(format!("\"completion_tokens_details\":{{{}}}", pick(&["audio_tokens", "image_tokens", "reasoning_tokens"], 10)));
        members.retain(|member| !member.is_empty());
        let json = format!("{{{}}}", members.join(","));
        prop_assert!(read_usage(json.as_bytes()).is_some());
        let delivered = DeliveredOutput {
            text: TextSize { ascii: bytes, other: 0 }, is_produced: bytes > 0, ..DeliveredOutput::default()
        };
        let evidence = Evidence { input_bound, output_bound, estimated_input, delivered, is_complete };
        let usage = judge(&json, &evidence);
        prop_assert!(usage.input_tokens() > 0 && usage.input_tokens() <= input_bound);
        prop_assert!(usage.output_tokens() <= output_bound);
        let least = bytes.div_ceil(128).min(output_bound);
        prop_assert!(usage.output_tokens() >= least, "{json} gives {} tokens for {bytes} bytes", usage.output_tokens());
    }
}
