//! One call explained: how its price comes about, and where its time went.

use waystation_api::requests::{PriceLine, RequestDetails, RequestTimeline};
use waystation_ledger::{AttemptRecord, CallStatus};
use waystation_pricing::{Cost, Money, Multiplier, Price, Usage};
use waystation_store::EndedRequest;

use crate::error::ApiError;
use crate::requests::wire::{wire_own_request, wire_source};
use crate::state::App;

/// A call as the one who paid sees it, explained.
pub(super) async fn explain_request(
    app: &App,
    ended: &EndedRequest,
    attempts: &[AttemptRecord],
) -> Result<RequestDetails, ApiError> {
    let version = app.store.load_price_version(ended.record.price_version).await?;
    let (price_lines, is_priced_by_lines) = match version {
        Some(version) => price_lines(ended, &version.price),
        // A version is never deleted; without one nothing can be said.
        None => (Vec::new(), ended.cost == Money::ZERO),
    };
    Ok(RequestDetails {
        request: wire_own_request(ended),
        sources: ended.sources.iter().map(wire_source).collect(),
        price_lines,
        is_priced_by_lines,
        timeline: timeline(ended, attempts),
        attempts: None,
    })
}

/// The lines of a call's price, and whether they make its cost.
fn price_lines(ended: &EndedRequest, price: &Price) -> (Vec<PriceLine>, bool) {
    if ended.cost == Money::ZERO && ended.sources.is_empty() {
        return (Vec::new(), true);
    }
    let usage = Usage::from(&ended.record.usage);
    let multiplier = Multiplier::try_from(ended.record.multiplier_ppm).unwrap_or_default();
    let cost = Cost::of(&usage, price, multiplier);
    let is_sum = cost.total() == Some(ended.cost);
    let mut lines: Vec<PriceLine> = cost
        .lines
        .iter()
        .map(|line| {
            let alone = Cost { lines: vec![*line], fees: Money::ZERO, multiplier: Multiplier::ONE };
            PriceLine {
                kind: line.bucket.name().to_owned(),
                tokens: Some(line.tokens),
                per_million: Some(Money::from_nanos(line.rate.nanos_per_million()).into()),
                amount: alone.total().unwrap_or_default().into(),
            }
        })
        .collect();
    if cost.fees != Money::ZERO {
        lines.push(PriceLine {
            kind: "per_request".to_owned(),
            tokens: None,
            per_million: None,
            amount: cost.fees.into(),
        });
    }
    (lines, is_sum)
}

/// Times of day and elapsed times are cut to milliseconds each by itself, and read one after the other.
const CLOCKS_APART_MS: i64 = 10;

/// Where a call's time went; its parts make up the whole. Clocks may be set while it runs: what cannot be is not known.
fn timeline(ended: &EndedRequest, attempts: &[AttemptRecord]) -> RequestTimeline {
    let record = &ended.record;
    if record.status == CallStatus::Lost {
        return RequestTimeline::default();
    }
    // How long after the beginning something was, which cannot be later than `latest`.
    let elapsed = |at_ms: i64, latest: i64| {
        let elapsed = at_ms.checked_sub(record.started_at_ms)?;
        let is_possible = (-CLOCKS_APART_MS..=latest.saturating_add(CLOCKS_APART_MS)).contains(&elapsed);
        is_possible.then(|| elapsed.clamp(0, latest))
    };
    let total = record.duration_ms.max(0);
    let answered = record.first_byte_ms.map(|first| first.clamp(0, total));
    let last = attempts.last().and_then(|last| elapsed(last.started_at_ms, answered.unwrap_or(total)));
    let first = attempts.first().zip(last).and_then(|(first, last)| elapsed(first.started_at_ms, last));
    RequestTimeline {
        queue_ms: first,
        retries_ms: first.zip(last).map(|(first, last)| last - first),
        first_byte_ms: first.zip(last).zip(answered).map(|((_, last), answered)| answered - last),
        stream_ms: answered.map(|answered| total - answered),
        total_ms: Some(record.duration_ms),
    }
}

#[cfg(test)]
mod tests {
    use waystation_ids::{ChannelId, KeyId, PriceVersionId, RequestId, UserId};
    use waystation_ledger::{CallRecord, SourceLine, Unit, UsageRecord};
    use waystation_pricing::{Bucket, Fees, UsageSource};

    use super::*;

    fn ended(usage: Usage, cost: &str) -> EndedRequest {
        let cost: Money = cost.parse().unwrap();
        EndedRequest {
            record: CallRecord {
                request: RequestId::new_cause(1, [1; 10]),
                user: UserId::new(1, [1; 10]),
                key: KeyId::new(1, [1; 10]),
                model_asked: "sonnet".to_owned(),
                model_served: "sonnet".to_owned(),
                channel: None,
                dialect: "openai".to_owned(),
                route: "/v1/chat/completions".to_owned(),
                method: "POST".to_owned(),
                stream: true,
                usage: UsageRecord::from(&usage),
                price_version: PriceVersionId::new(1, [1; 10]),
                multiplier_ppm: 500_000,
                output_cap: 100,
                status: CallStatus::Ok,
                status_code: 200,
                error_code: None,
                first_byte_ms: Some(450),
                duration_ms: 1_000,
                client_ip: "127.0.0.1".to_owned(),
                user_agent: String::new(),
                started_at_ms: 10_000,
            },
            cost,
            charged: cost,
            gift: Money::ZERO,
            operator_loss: Money::ZERO,
            sources: vec![SourceLine {
                account: waystation_ids::AccountId::new(1, [1; 10]),
                unit: Unit::NanoUsd,
                amount: cost.nanos(),
                list_value: cost,
            }],
            attempts: 2,
            ended_at_ms: 11_000,
        }
    }

    fn attempt(number: u8, started_at_ms: i64) -> AttemptRecord {
        AttemptRecord {
            number,
            channel: ChannelId::new(1, [1; 10]),
            credential: None,
            upstream_model: "m".to_owned(),
            status_code: None,
            error_code: None,
            error_text: None,
            started_at_ms,
            first_byte_ms: None,
            duration_ms: 1,
        }
    }

    #[test]
    fn lines_are_the_tokens_at_their_prices_and_the_fee_and_make_the_cost() {
        let price = Price {
            input: "2".parse().unwrap(),
            output: "10".parse().unwrap(),
            cache_read: Some("0.5".parse().unwrap()),
            fees: Fees { per_request: "0.001".parse().unwrap() },
            ..Price::default()
        };
        let usage = Usage::none(UsageSource::Reported)
            .with(Bucket::Input, 600)
            .with(Bucket::CacheRead, 400)
            .with(Bucket::Output, 100);
        // (0.0012 + 0.0002 + 0.001 + 0.001) / 2
        let (lines, is_sum) = price_lines(&ended(usage, "0.0017"), &price);
        let shown: Vec<_> =
            lines.iter().map(|line| (line.kind.as_str(), line.tokens, line.amount.to_string())).collect();
        assert_eq!(
            shown,
            [
                ("input", Some(600), "0.001200000".to_owned()),
                ("cache_read", Some(400), "0.000200000".to_owned()),
                ("output", Some(100), "0.001000000".to_owned()),
                ("per_request", None, "0.001000000".to_owned()),
            ]
        );
        assert!(is_sum);
        assert!(!price_lines(&ended(usage, "0.0018"), &price).1);
    }

    #[test]
    fn what_cost_nothing_needs_no_lines() {
        let price = Price { fees: Fees { per_request: "1".parse().unwrap() }, ..Price::default() };
        let free = EndedRequest { sources: Vec::new(), ..ended(Usage::none(UsageSource::Estimated), "0") };
        assert_eq!(price_lines(&free, &price), (Vec::new(), true));
    }

    #[test]
    fn time_went_into_the_queue_the_tries_that_failed_the_first_byte_and_the_stream() {
        let call = ended(Usage::none(UsageSource::Reported), "0");
        let shown = timeline(&call, &[attempt(1, 10_005), attempt(2, 10_105)]);
        assert_eq!((shown.queue_ms, shown.retries_ms), (Some(5), Some(100)));
        assert_eq!(
            (shown.first_byte_ms, shown.stream_ms, shown.total_ms),
            (Some(345), Some(550), Some(1_000))
        );
        // Both times are cut to milliseconds: a part never seems longer than the whole.
        let mut quick = ended(Usage::none(UsageSource::Reported), "0");
        (quick.record.first_byte_ms, quick.record.duration_ms) = (Some(7), 7);
        let shown = timeline(&quick, &[attempt(1, 10_008)]);
        assert_eq!((shown.queue_ms, shown.first_byte_ms, shown.stream_ms), (Some(7), Some(0), Some(0)));
        // A clock that was set back, and a call that was never sent.
        assert_eq!(timeline(&call, &[attempt(1, 9_000)]).queue_ms, None);
        assert_eq!(timeline(&call, &[]).first_byte_ms, None);
    }
}
