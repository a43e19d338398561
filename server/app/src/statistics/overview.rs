//! The site at a glance.

use std::collections::BTreeMap;

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::permissions::Permission;
use waystation_api::statistics::{
    FailingChannel, FirstByteTimes, LowBalance, Overview, OverviewQuery, OverviewWindow,
};
use waystation_api::time::Time;
use waystation_ids::ChannelId;
use waystation_pricing::Money;
use waystation_store::{AttemptGroup, FirstByte, UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::audits::load_audits;
use crate::auth::Actor;
use crate::clock::now_ms;
use crate::days::{HOUR_MS, full_hour};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::state::App;
use crate::statistics::percentile::{Weighed, percentile};

const WINDOW_HOURS: i64 = 24;
/// How many calls of an hour are looked at for their first bytes: a look at all would take as long as there are calls.
const SAMPLED_AN_HOUR: u64 = 400;
const LOW_BALANCE_DAYS: i64 = 7;
const FAILING_MINUTES: i64 = 60;
/// The newest of that time are enough to tell.
const FAILING_TRIES_MAX: u64 = 20_000;
const FAILURES_MIN: u64 = 3;
const FAILING_CHANNELS_MAX: usize = 20;

/// Tries that ended so tell of the channel; others of the request, the caller or this server.
const FAILURES: [&str; 7] = [
    "connect_failed",
    "not_an_answer",
    "server_error",
    "timeout",
    "rate_limited",
    "account_refused",
    "redirect_refused",
];

/// Show how the site fares
///
/// 24 hours beside the 24 before, the channels that fail, and how many people run out of money. What was charged is
/// shown to who may see revenue.
#[utoipa::path(
    get, path = "/admin/stats/overview", tag = "statistics", operation_id = "show_overview", params(OverviewQuery),
    responses(
        (status = 200, description = "How the site fares", body = Overview),
        (status = 400, description = "The amount is none", body = ErrorReply),
    ),
)]
pub(super) async fn show_overview(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<OverviewQuery>,
) -> Result<Json<Overview>, ApiError> {
    let now_ms = now_ms();
    let until_ms = full_hour(now_ms).saturating_add(HOUR_MS);
    let middle_ms = until_ms - WINDOW_HOURS * HOUR_MS;
    let from_ms = middle_ms - WINDOW_HOURS * HOUR_MS;
    let filter = UsageFilter { user: None, key: None, model: None, from_ms, until_ms };
    let hours = app.store.list_usage_by_hour(&filter, UsageSplit::Whole).await?;
    let begun: Vec<i64> = (0..2 * WINDOW_HOURS).map(|hour| from_ms + hour * HOUR_MS).collect();
    let sample = app.store.sample_first_bytes(&begun, SAMPLED_AN_HOUR).await?;
    let sees_revenue = Permission::RevenueRead.is_held_by(actor.role());
    let window = |from_ms, until_ms, active_users| {
        show_window(&hours, &sample, Window { from_ms, until_ms, active_users, sees_revenue })
    };
    let now = window(middle_ms, until_ms, app.store.count_active_users(middle_ms, until_ms).await?);
    let before = window(from_ms, middle_ms, app.store.count_active_users(from_ms, middle_ms).await?);
    let threshold = match query.low_balance {
        Some(threshold) => threshold.0,
        None => app.site.current().await?.balance_low,
    };
    let since_ms = until_ms - LOW_BALANCE_DAYS * 24 * HOUR_MS;
    let users = app.store.count_low_balances(since_ms, threshold, now_ms).await?;
    let since_ms = now_ms - FAILING_MINUTES * 60_000;
    let groups = app.store.list_attempt_groups(since_ms, FAILING_TRIES_MAX).await?;
    let mut failing_channels = failing_channels(&groups);
    let names = app
        .store
        .list_channel_names(failing_channels.iter().map(|failing| failing.channel_id).collect())
        .await?;
    for failing in &mut failing_channels {
        failing.name = names.get(&failing.channel_id).cloned();
    }
    let low_balance = LowBalance { threshold: threshold.into(), users };
    let audits = load_audits(&app).await?;
    Ok(Json(Overview { now, before, failing_channels, low_balance, audits }))
}

struct Window {
    from_ms: i64,
    until_ms: i64,
    active_users: u64,
    sees_revenue: bool,
}

fn show_window(
    hours: &BTreeMap<(i64, UsagePart), UsageSums>,
    sample: &[FirstByte],
    window: Window,
) -> OverviewWindow {
    let is_within = |hour_ms: i64| (window.from_ms..window.until_ms).contains(&hour_ms);
    let mut sums = UsageSums::default();
    let mut calls: BTreeMap<i64, u64> = BTreeMap::new();
    for ((hour_ms, _), of_hour) in hours.iter().filter(|((hour_ms, _), _)| is_within(*hour_ms)) {
        sums.add(of_hour);
        calls.insert(*hour_ms, of_hour.requests);
    }
    let succeeded = sums.requests.saturating_sub(sums.errors).saturating_sub(sums.cancelled);
    let judged = succeeded.saturating_add(sums.errors);
    let success_ppm = u128::from(succeeded) * 1_000_000 / u128::from(judged.max(1));
    let sample: Vec<&FirstByte> = sample.iter().filter(|call| is_within(call.hour_ms)).collect();
    let shown = |amount: Money| window.sees_revenue.then(|| amount.into());
    OverviewWindow {
        from: Time::from_unix_ms(window.from_ms),
        until: Time::from_unix_ms(window.until_ms),
        requests: sums.requests,
        succeeded,
        errors: sums.errors,
        cancelled: sums.cancelled,
        success_ppm: u32::try_from(success_ppm).ok().filter(|_| judged > 0),
        input_tokens: sums.input_tokens,
        output_tokens: sums.output_tokens,
        active_users: window.active_users,
        first_byte_ms: first_byte_times(&sample, &calls),
        charged: shown(sums.charged),
        list_cost: shown(sums.cost),
    }
}

/// A call of the sample stands for as many as its hour had for each that was looked at.
fn first_byte_times(sample: &[&FirstByte], calls: &BTreeMap<i64, u64>) -> FirstByteTimes {
    let mut looked_at: BTreeMap<i64, u64> = BTreeMap::new();
    for call in sample {
        *looked_at.entry(call.hour_ms).or_default() += 1;
    }
    let weight = |hour_ms: i64| {
        let all = calls.get(&hour_ms).copied().unwrap_or(0);
        // In thousandths, so that an hour with little more than was looked at counts for it.
        let looked_at = looked_at.get(&hour_ms).copied().unwrap_or(1).max(1);
        (all.saturating_mul(1_000) / looked_at).max(1_000)
    };
    let mut values: Vec<Weighed> =
        sample.iter().map(|call| (call.first_byte_ms, weight(call.hour_ms))).collect();
    values.sort_unstable();
    FirstByteTimes {
        p50: percentile(&values, 50),
        p95: percentile(&values, 95),
        sampled: u64::try_from(values.len()).unwrap_or(u64::MAX),
    }
}

fn failing_channels(groups: &[AttemptGroup]) -> Vec<FailingChannel> {
    let mut channels: BTreeMap<ChannelId, (u64, u64, Option<&AttemptGroup>)> = BTreeMap::new();
    for group in groups {
        let (attempts, failures, last) = channels.entry(group.channel).or_default();
        *attempts = attempts.saturating_add(group.count);
        if group.error_code.as_deref().is_some_and(|code| FAILURES.contains(&code)) {
            *failures = failures.saturating_add(group.count);
            if last.is_none_or(|last| last.last_ms < group.last_ms) {
                *last = Some(group);
            }
        }
    }
    let mut failing: Vec<FailingChannel> = channels
        .into_iter()
        .filter(|(_, (attempts, failures, _))| {
            *failures >= FAILURES_MIN && failures.saturating_mul(4) >= *attempts
        })
        .filter_map(|(channel_id, (attempts, failures, last))| {
            let last = last?;
            Some(FailingChannel {
                channel_id,
                name: None,
                attempts,
                failures,
                last_error_code: last.error_code.clone()?,
                last_status_code: last.status_code,
                last_failed_at: Time::from_unix_ms(last.last_ms),
            })
        })
        .collect();
    // By the share of failures, without dividing.
    failing.sort_by_key(|one| {
        std::cmp::Reverse((one.failures.saturating_mul(1_000) / one.attempts, one.failures))
    });
    failing.truncate(FAILING_CHANNELS_MAX);
    failing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(channel: u8, error_code: Option<&str>, count: u64, last_ms: i64) -> AttemptGroup {
        AttemptGroup {
            channel: ChannelId::new(1, [channel; 10]),
            error_code: error_code.map(str::to_owned),
            status_code: None,
            count,
            last_ms,
        }
    }

    #[test]
    fn a_channel_fails_when_three_tries_and_a_quarter_of_all_failed_by_its_own_fault() {
        let groups = [
            group(1, None, 9, 1),
            group(1, Some("server_error"), 2, 7),
            group(1, Some("timeout"), 1, 9),
            group(2, None, 10, 1),
            group(2, Some("server_error"), 3, 1),
            group(3, Some("timeout"), 2, 1),
            group(4, Some("request_rejected"), 50, 1),
            group(4, Some("caller_gone"), 50, 1),
            group(5, Some("connect_failed"), 3, 2),
        ];
        let shown: Vec<_> = failing_channels(&groups)
            .into_iter()
            .map(|failing| (failing.channel_id, failing.attempts, failing.failures, failing.last_error_code))
            .collect();
        assert_eq!(
            shown,
            [
                (ChannelId::new(1, [5; 10]), 3, 3, "connect_failed".to_owned()),
                (ChannelId::new(1, [1; 10]), 12, 3, "timeout".to_owned()),
            ]
        );
    }

    #[test]
    fn a_window_sums_its_own_hours_and_shows_money_to_who_may_see_it() {
        let used = |requests, errors, cancelled| UsageSums {
            requests,
            errors,
            cancelled,
            charged: Money::from_nanos(5),
            ..UsageSums::default()
        };
        let hours = [
            ((0, UsagePart::Whole), used(100, 50, 0)),
            ((HOUR_MS, UsagePart::Whole), used(10, 1, 2)),
            ((2 * HOUR_MS, UsagePart::Whole), used(2, 0, 0)),
        ]
        .into();
        let sample = [(0, 9_000), (HOUR_MS, 100), (HOUR_MS, 200), (2 * HOUR_MS, 300), (2 * HOUR_MS, 400)]
            .map(|(hour_ms, first_byte_ms)| FirstByte { hour_ms, first_byte_ms });
        let window = |sees_revenue| {
            let (from_ms, until_ms) = (HOUR_MS, 3 * HOUR_MS);
            show_window(&hours, &sample, Window { from_ms, until_ms, active_users: 4, sees_revenue })
        };
        let shown = window(false);
        assert_eq!((shown.requests, shown.succeeded, shown.errors, shown.cancelled), (12, 9, 1, 2));
        assert_eq!((shown.success_ppm, shown.charged, shown.list_cost), (Some(900_000), None, None));
        // Each call of the first hour stands for five.
        assert_eq!(shown.first_byte_ms, FirstByteTimes { p50: Some(200), p95: Some(400), sampled: 4 });
        assert_eq!(window(true).charged.map(|charged| charged.0.nanos()), Some(10));
        let empty = show_window(
            &BTreeMap::new(),
            &[],
            Window { from_ms: 0, until_ms: 1, active_users: 0, sees_revenue: true },
        );
        assert_eq!((empty.success_ppm, empty.first_byte_ms), (None, FirstByteTimes::default()));
    }
}
