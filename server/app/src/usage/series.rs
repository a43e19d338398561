//! One's own use, step by step.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use waystation_api::error::ErrorReply;
use waystation_api::time::Time;
use waystation_api::usage_series::{
    SeriesGroup, SeriesMark, SeriesStep, UsagePoint, UsageSeries, UsageSeriesQuery,
};
use waystation_store::{UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::auth::Actor;
use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart, day_of};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::state::App;
use crate::usage::{wire_sums, zone_of_query};

/// Show what one used, by day or hour
///
/// At most 92 days, or 31 by hour.
#[utoipa::path(
    get, path = "/me/usage/series", tag = "me", operation_id = "show_my_usage_series", params(UsageSeriesQuery),
    responses(
        (status = 200, description = "The steps, and what was used in them", body = UsageSeries),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn show_my_usage_series(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<UsageSeriesQuery>,
) -> Result<Json<UsageSeries>, ApiError> {
    let now_ms = now_ms();
    let (zone, time_zone) = zone_of_query(&app, query.time_zone.as_deref())?;
    let days_max = match query.by {
        SeriesStep::Day => 92,
        SeriesStep::Hour => 31,
    };
    let length = SpanLength { unless_given: SpanStart::Days(30), days_max };
    let span = Span::read(query.start_date.as_deref(), query.end_date.as_deref(), &zone, length, now_ms)?;
    let filter = UsageFilter {
        user: Some(actor.id()),
        key: query.key_id,
        model: query.model,
        from_ms: span.from_ms,
        until_ms: span.until_ms,
    };
    let split = match query.group_by {
        SeriesGroup::None => UsageSplit::Whole,
        SeriesGroup::Model => UsageSplit::Model,
        SeriesGroup::Key => UsageSplit::Key,
    };
    let hours = app.store.list_usage_by_hour(&filter, split).await?;
    let marks: Vec<(i64, Option<Date>)> = match query.by {
        SeriesStep::Day => {
            span.days(&zone, now_ms).into_iter().map(|(at_ms, day)| (at_ms, Some(day))).collect()
        }
        SeriesStep::Hour => span.hours(now_ms).map(|at_ms| (at_ms, day_of(at_ms, &zone))).collect(),
    };
    let marks: Vec<SeriesMark> =
        marks.into_iter().filter_map(|(at_ms, day)| Some(mark(at_ms, day?))).collect();
    let mut total = UsageSums::default();
    hours.values().for_each(|sums| total.add(sums));
    let points = match query.by {
        SeriesStep::Day => points_by_day(hours, &marks, &zone),
        SeriesStep::Hour => points_by_hour(hours, &zone),
    };
    Ok(Json(UsageSeries {
        from: Time::from_unix_ms(span.from_ms),
        until: Time::from_unix_ms(span.until_ms),
        time_zone,
        by: query.by,
        group_by: query.group_by,
        steps: marks,
        points,
        total: wire_sums(&total),
    }))
}

type Hours = BTreeMap<(i64, UsagePart), UsageSums>;

fn mark(at_ms: i64, day: Date) -> SeriesMark {
    SeriesMark { at: Time::from_unix_ms(at_ms), date: day.to_string() }
}

/// An hour counts for the day it begins in.
fn points_by_day(hours: Hours, marks: &[SeriesMark], zone: &TimeZone) -> Vec<UsagePoint> {
    let mut sums: BTreeMap<(String, UsagePart), UsageSums> = BTreeMap::new();
    for ((hour_ms, part), of_hour) in &hours {
        if let Some(day) = day_of(*hour_ms, zone) {
            sums.entry((day.to_string(), part.clone())).or_default().add(of_hour);
        }
    }
    let marks: BTreeMap<&str, &SeriesMark> = marks.iter().map(|mark| (mark.date.as_str(), mark)).collect();
    sums.into_iter()
        .filter_map(|((date, part), sums)| Some(point((*marks.get(date.as_str())?).clone(), part, &sums)))
        .collect()
}

fn points_by_hour(hours: Hours, zone: &TimeZone) -> Vec<UsagePoint> {
    hours
        .into_iter()
        .filter_map(|((hour_ms, part), sums)| Some(point(mark(hour_ms, day_of(hour_ms, zone)?), part, &sums)))
        .collect()
}

fn point(mark: SeriesMark, part: UsagePart, sums: &UsageSums) -> UsagePoint {
    let (model, key_id) = match part {
        UsagePart::Whole | UsagePart::Channel(_) => (None, None),
        UsagePart::Model(model) => (Some(model), None),
        UsagePart::Key(key) => (None, Some(key)),
    };
    UsagePoint { mark, model, key_id, sums: wire_sums(sums) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn hours_are_gathered_by_the_days_of_the_zone_and_by_part() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let used = |requests| UsageSums { requests, ..UsageSums::default() };
        let model = |name: &str| UsagePart::Model(name.to_owned());
        let hours: Hours = [
            ((hour("2026-11-20T15:00:00Z"), model("sonnet")), used(1)),
            ((hour("2026-11-20T16:00:00Z"), model("sonnet")), used(2)),
            ((hour("2026-11-20T16:00:00Z"), model("opus")), used(8)),
            ((hour("2026-11-21T15:00:00Z"), model("sonnet")), used(4)),
        ]
        .into();
        let marks = [
            mark(hour("2026-11-19T16:00:00Z"), "2026-11-20".parse().unwrap()),
            mark(hour("2026-11-20T16:00:00Z"), "2026-11-21".parse().unwrap()),
        ];
        let points = points_by_day(hours.clone(), &marks, &zone);
        let shown: Vec<(&str, &str, u64)> = points
            .iter()
            .map(|point| (point.mark.date.as_str(), point.model.as_deref().unwrap(), point.sums.requests))
            .collect();
        assert_eq!(
            shown,
            [("2026-11-20", "sonnet", 1), ("2026-11-21", "opus", 8), ("2026-11-21", "sonnet", 6)]
        );
        assert_eq!(points[1].mark, marks[1]);
        assert_eq!(points_by_hour(hours, &zone)[0].mark.date, "2026-11-20");
    }
}
