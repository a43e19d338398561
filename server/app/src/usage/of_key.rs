//! What was used with one key, summed by day or model.

use std::collections::BTreeMap;

use jiff::civil::Date;
use waystation_api::usage::{UsageEntry, UsageGroup, UsageQuery, UsageSummary};
use waystation_ids::{KeyId, UserId};
use waystation_pricing::Money;
use waystation_store::{HourlyUsage, UsageFilter};

use crate::clock::now_ms;
use crate::days::{Days, day_of};
use crate::error::ApiError;
use crate::state::App;

/// What a user used with one key, and what the user has left. For `GET /v1/usage`, which a key alone opens: it shows
/// nothing of the user's other keys.
pub(crate) async fn summarize_key_usage(
    app: &App,
    user: UserId,
    key: KeyId,
    query: &UsageQuery,
) -> Result<UsageSummary, ApiError> {
    let now_ms = now_ms();
    let zone = app.config.site_time_zone.rules();
    let days = Days::read(query.start_date.as_deref(), query.end_date.as_deref(), zone, now_ms)?;
    let filter = UsageFilter {
        user: Some(user),
        key: Some(key),
        model: None,
        from_ms: days.from_ms,
        until_ms: days.until_ms,
    };
    let hours = app.store.list_hourly_usage(&filter).await?;
    let balance = app.store.list_money_balances(&[user], now_ms).await?.remove(&user).unwrap_or_default();
    let total = Sum::of(&hours);
    Ok(UsageSummary {
        object: "usage".to_owned(),
        total_cost: total.cost.into(),
        total_charged: total.charged.into(),
        total_tokens: total.input_tokens.saturating_add(total.output_tokens),
        total_requests: total.requests,
        balance: balance.available.into(),
        start_date: days.first.to_string(),
        end_date: days.last.to_string(),
        time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        data: match query.group_by {
            UsageGroup::Day => sum_by_day(&hours, zone),
            UsageGroup::Model => sum_by_model(&hours),
        },
    })
}

/// An hour counts for the day it begins in: in zones off by half an hour, the first half of a day's first hour
/// counts for the day before.
fn sum_by_day(hours: &[HourlyUsage], zone: &jiff::tz::TimeZone) -> Vec<UsageEntry> {
    let mut days: BTreeMap<Date, Sum> = BTreeMap::new();
    for hour in hours {
        if let Some(day) = day_of(hour.hour_ms, zone) {
            days.entry(day).or_default().add(hour);
        }
    }
    days.into_iter().map(|(day, sum)| sum.into_entry(Some(day.to_string()), None)).collect()
}

fn sum_by_model(hours: &[HourlyUsage]) -> Vec<UsageEntry> {
    let mut models: BTreeMap<&str, Sum> = BTreeMap::new();
    for hour in hours {
        models.entry(&hour.model).or_default().add(hour);
    }
    models.into_iter().map(|(model, sum)| sum.into_entry(None, Some(model.to_owned()))).collect()
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    cost: Money,
    charged: Money,
}

impl Sum {
    fn of(hours: &[HourlyUsage]) -> Self {
        let mut sum = Sum::default();
        for hour in hours {
            sum.add(hour);
        }
        sum
    }

    fn add(&mut self, hour: &HourlyUsage) {
        self.requests = self.requests.saturating_add(hour.requests);
        self.input_tokens = self.input_tokens.saturating_add(hour.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(hour.output_tokens);
        self.cost = self.cost.saturating_add(hour.cost);
        self.charged = self.charged.saturating_add(hour.charged);
    }

    fn into_entry(self, date: Option<String>, model: Option<String>) -> UsageEntry {
        UsageEntry {
            date,
            model,
            requests: self.requests,
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cost: self.cost.into(),
            charged: self.charged.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(time: &str, model: &str, requests: u64) -> HourlyUsage {
        HourlyUsage {
            hour_ms: time.parse::<jiff::Timestamp>().unwrap().as_millisecond(),
            model: model.to_owned(),
            requests,
            input_tokens: requests * 10,
            output_tokens: requests,
            cost: Money::from_nanos(5),
            charged: Money::from_nanos(3),
        }
    }

    #[test]
    fn hours_are_summed_by_the_days_of_the_sites_time_zone() {
        let hours = [
            hour("2026-11-20T15:00:00Z", "sonnet", 1),
            hour("2026-11-20T16:00:00Z", "sonnet", 2),
            hour("2026-11-21T15:00:00Z", "opus", 4),
        ];
        let days = sum_by_day(&hours, &jiff::tz::TimeZone::get("Asia/Shanghai").unwrap());
        let sums: Vec<(&str, u64, u64)> = days
            .iter()
            .map(|entry| (entry.date.as_deref().unwrap(), entry.requests, entry.input_tokens))
            .collect();
        assert_eq!(sums, [("2026-11-20", 1, 10), ("2026-11-21", 6, 60)]);
        assert_eq!(days[1].cost.to_string(), "0.000000010");
    }

    #[test]
    fn hours_are_summed_by_model() {
        let hours = [
            hour("2026-11-20T15:00:00Z", "sonnet", 1),
            hour("2026-11-20T16:00:00Z", "opus", 2),
            hour("2026-11-21T15:00:00Z", "sonnet", 4),
        ];
        let models = sum_by_model(&hours);
        let sums: Vec<(&str, u64)> =
            models.iter().map(|entry| (entry.model.as_deref().unwrap(), entry.requests)).collect();
        assert_eq!(sums, [("opus", 2), ("sonnet", 5)]);
    }
}
