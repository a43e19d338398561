//! What calls earned, by day or month.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use waystation_api::error::ErrorReply;
use waystation_api::revenue::{RevenueItem, RevenuePeriod, RevenueQuery, RevenueReport};
use waystation_api::time::Time;
use waystation_store::{UsageFilter, UsageSplit, UsageSums};

use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart, day_of};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::http::export::CSV;
use crate::revenue::sums::{SumsTable, wire_revenue};
use crate::state::App;
use crate::usage::zone_of_query;

const DAYS_MAX: i64 = 366;

/// Show what calls earned, by day or month
///
/// At most 366 days.
#[utoipa::path(
    get, path = "/admin/revenue", tag = "revenue", operation_id = "show_revenue", params(RevenueQuery),
    responses(
        (status = 200, description = "Every period, and all of them together", body = RevenueReport),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn show_revenue(
    State(app): State<App>,
    Params(query): Params<RevenueQuery>,
) -> Result<Json<RevenueReport>, ApiError> {
    load_report(&app, &query).await.map(Json)
}

/// Export what calls earned as CSV
///
/// UTF-8 with a byte order mark; a row a period.
#[utoipa::path(
    get, path = "/admin/revenue/export.csv", tag = "revenue", operation_id = "export_revenue", params(RevenueQuery),
    responses(
        (status = 200, description = "Every period", content_type = "text/csv", body = String),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn export_revenue(
    State(app): State<App>,
    Params(query): Params<RevenueQuery>,
) -> Result<Response, ApiError> {
    let report = load_report(&app, &query).await?;
    let headers =
        [(header::CONTENT_TYPE, CSV), (header::CONTENT_DISPOSITION, "attachment; filename=\"revenue.csv\"")];
    Ok((headers, write_csv(&report)).into_response())
}

async fn load_report(app: &App, query: &RevenueQuery) -> Result<RevenueReport, ApiError> {
    let now_ms = now_ms();
    let (zone, time_zone) = zone_of_query(app, query.time_zone.as_deref())?;
    let unless_given = match query.by {
        RevenuePeriod::Day => SpanStart::Days(30),
        RevenuePeriod::Month => SpanStart::Months(12),
    };
    let length = SpanLength { unless_given, days_max: DAYS_MAX };
    let span = Span::read(query.start_date.as_deref(), query.end_date.as_deref(), &zone, length, now_ms)?;
    let filter =
        UsageFilter { user: None, key: None, model: None, from_ms: span.from_ms, until_ms: span.until_ms };
    let hours = app.store.list_usage_by_hour(&filter, UsageSplit::Whole).await?;
    let hours = hours.into_iter().map(|((hour_ms, _), sums)| (hour_ms, sums));
    let begun = match query.by {
        RevenuePeriod::Day => span.days(&zone, now_ms),
        RevenuePeriod::Month => span.months(&zone, now_ms),
    };
    let periods = gather(hours, &begun, query.by, &zone);
    let mut total = UsageSums::default();
    periods.iter().for_each(|sums| total.add(sums));
    let items = begun.iter().zip(&periods).map(|((at_ms, first_day), sums)| RevenueItem {
        at: Time::from_unix_ms(*at_ms),
        period: period_name(*first_day, query.by),
        sums: wire_revenue(sums),
    });
    Ok(RevenueReport {
        from: Time::from_unix_ms(span.from_ms),
        until: Time::from_unix_ms(span.until_ms),
        time_zone,
        by: query.by,
        currency: "USD".to_owned(),
        items: items.collect(),
        total: wire_revenue(&total),
        next_cursor: None,
    })
}

/// The sums of each period. An hour counts for the day it begins in.
fn gather(
    hours: impl Iterator<Item = (i64, UsageSums)>,
    begun: &[(i64, Date)],
    by: RevenuePeriod,
    zone: &TimeZone,
) -> Vec<UsageSums> {
    let mut sums: BTreeMap<Date, UsageSums> = BTreeMap::new();
    for (hour_ms, of_hour) in hours {
        let Some(day) = day_of(hour_ms, zone) else { continue };
        let first_day = match by {
            RevenuePeriod::Day => day,
            RevenuePeriod::Month => day.first_of_month(),
        };
        sums.entry(first_day).or_default().add(&of_hour);
    }
    begun.iter().map(|(_, first_day)| sums.remove(first_day).unwrap_or_default()).collect()
}

fn period_name(first_day: Date, by: RevenuePeriod) -> String {
    match by {
        RevenuePeriod::Day => first_day.to_string(),
        RevenuePeriod::Month => format!("{:04}-{:02}", first_day.year(), first_day.month()),
    }
}

fn write_csv(report: &RevenueReport) -> String {
    let mut rows = SumsTable::begin(&["period"]);
    for item in &report.items {
        rows.push(&[&item.period], &item.sums);
    }
    rows.into_text()
}

#[cfg(test)]
mod tests {
    use waystation_api::revenue::RevenueSums;
    use waystation_pricing::Money;

    use super::*;

    fn usd(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn hour(text: &str, charged: &str) -> (i64, UsageSums) {
        let hour_ms = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        (hour_ms, UsageSums { requests: 1, charged: usd(charged), cost: usd("2"), ..UsageSums::default() })
    }

    #[test]
    fn hours_are_gathered_by_the_days_and_months_of_the_zone() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let hours = [
            hour("2026-10-31T15:00:00Z", "1"),
            hour("2026-10-31T16:00:00Z", "0.5"),
            hour("2026-11-01T15:00:00Z", "0.25"),
        ];
        let days = [(0, "2026-10-31".parse().unwrap()), (0, "2026-11-01".parse().unwrap())];
        let charged = |sums: Vec<UsageSums>| sums.iter().map(|sums| sums.charged).collect::<Vec<_>>();
        let by_day = gather(hours.into_iter(), &days, RevenuePeriod::Day, &zone);
        assert_eq!(charged(by_day), [usd("1"), usd("0.75")]);
        let months: [(i64, Date); 3] =
            ["2026-09-01", "2026-10-01", "2026-11-01"].map(|day| (0, day.parse().unwrap()));
        let by_month = gather(hours.into_iter(), &months, RevenuePeriod::Month, &zone);
        assert_eq!(charged(by_month), [usd("0"), usd("1"), usd("0.75")]);
        assert_eq!(period_name(months[0].1, RevenuePeriod::Month), "2026-09");
    }

    #[test]
    fn a_table_has_a_row_a_period_and_leaves_empty_what_is_not_known() {
        let report = RevenueReport {
            from: Time::from_unix_ms(0),
            until: Time::from_unix_ms(0),
            time_zone: "UTC".to_owned(),
            by: RevenuePeriod::Day,
            currency: "USD".to_owned(),
            items: vec![RevenueItem {
                at: Time::from_unix_ms(0),
                period: "2026-11-21".to_owned(),
                sums: wire_revenue(&hour("2026-11-21T00:00:00Z", "1").1),
            }],
            total: RevenueSums::default(),
            next_cursor: None,
        };
        let text = write_csv(&report);
        let columns = "period,requests,errors,input_tokens,output_tokens,charged,gift_paid,list_cost,granted,\
                       operator_loss,upstream_cost,margin";
        let row = "2026-11-21,1,0,0,0,1.000000000,0.000000000,2.000000000,1.000000000,0.000000000,,\r\n";
        assert_eq!(text, format!("\u{feff}{columns}\r\n{row}"));
    }
}
