//! What everybody used, by model or channel, and what it earned.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use waystation_api::error::ErrorReply;
use waystation_api::pagination::page_limit;
use waystation_api::site_usage::{SiteUsage, SiteUsageGroup, SiteUsageItem, SiteUsageQuery, SiteUsageRest};
use waystation_api::time::Time;
use waystation_store::{UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::http::export::CSV;
use crate::revenue::sums::{SumsTable, wire_revenue};
use crate::state::App;
use crate::usage::{dearest_first, zone_of_query};

const LENGTH: SpanLength = SpanLength { unless_given: SpanStart::Days(30), days_max: 366 };

/// Show what everybody used, by model or channel, and what it earned
///
/// At most 366 days. The parts with the highest list price are named, and all others are summed.
#[utoipa::path(
    get, path = "/admin/usage", tag = "revenue", operation_id = "show_site_usage", params(SiteUsageQuery),
    responses(
        (status = 200, description = "The parts, and all of them together", body = SiteUsage),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn show_site_usage(
    State(app): State<App>,
    Params(query): Params<SiteUsageQuery>,
) -> Result<Json<SiteUsage>, ApiError> {
    let named_max = usize::try_from(page_limit(query.limit)).unwrap_or(usize::MAX);
    load_usage(&app, &query, named_max).await.map(Json)
}

/// Export what everybody used, by model or channel, as CSV
///
/// UTF-8 with a byte order mark; a row a part. `limit` does not count.
#[utoipa::path(
    get, path = "/admin/usage/export.csv", tag = "revenue", operation_id = "export_site_usage",
    params(SiteUsageQuery),
    responses(
        (status = 200, description = "Every part", content_type = "text/csv", body = String),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn export_site_usage(
    State(app): State<App>,
    Params(query): Params<SiteUsageQuery>,
) -> Result<Response, ApiError> {
    let usage = load_usage(&app, &query, usize::MAX).await?;
    let headers = [
        (header::CONTENT_TYPE, CSV),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"site-usage.csv\""),
    ];
    Ok((headers, write_csv(&usage)).into_response())
}

async fn load_usage(app: &App, query: &SiteUsageQuery, named_max: usize) -> Result<SiteUsage, ApiError> {
    let (zone, time_zone) = zone_of_query(app, query.time_zone.as_deref())?;
    let span = Span::read(query.start_date.as_deref(), query.end_date.as_deref(), &zone, LENGTH, now_ms())?;
    let filter =
        UsageFilter { user: None, key: None, model: None, from_ms: span.from_ms, until_ms: span.until_ms };
    let split = match query.group_by {
        SiteUsageGroup::Model => UsageSplit::Model,
        SiteUsageGroup::Channel => UsageSplit::Channel,
    };
    let parts: Vec<_> = app.store.list_usage(&filter, split).await?.into_iter().collect();
    let total = sum(&parts);
    let (named, rest) = take_named(parts, named_max);
    Ok(SiteUsage {
        from: Time::from_unix_ms(span.from_ms),
        until: Time::from_unix_ms(span.until_ms),
        time_zone,
        group_by: query.group_by,
        currency: "USD".to_owned(),
        items: name_parts(app, named).await?,
        rest,
        total: wire_revenue(&total),
        next_cursor: None,
    })
}

/// The parts to name, the dearest first, and all others together.
fn take_named(
    parts: Vec<(UsagePart, UsageSums)>,
    named_max: usize,
) -> (Vec<(UsagePart, UsageSums)>, Option<SiteUsageRest>) {
    let mut named = dearest_first(parts);
    let others = named.split_off(named.len().min(named_max));
    let rest = (!others.is_empty()).then(|| SiteUsageRest {
        parts: u64::try_from(others.len()).unwrap_or(u64::MAX),
        sums: wire_revenue(&sum(&others)),
    });
    (named, rest)
}

fn sum(parts: &[(UsagePart, UsageSums)]) -> UsageSums {
    let mut sums = UsageSums::default();
    parts.iter().for_each(|(_, of_part)| sums.add(of_part));
    sums
}

async fn name_parts(app: &App, parts: Vec<(UsagePart, UsageSums)>) -> Result<Vec<SiteUsageItem>, ApiError> {
    let channels = parts.iter().filter_map(|(part, _)| match part {
        UsagePart::Channel(channel) => *channel,
        UsagePart::Whole | UsagePart::Model(_) | UsagePart::Key(_) => None,
    });
    let names = app.store.list_channel_names(channels.collect()).await?;
    let items = parts.into_iter().map(|(part, sums)| {
        let (model, channel_id) = match part {
            UsagePart::Model(model) => (Some(model), None),
            UsagePart::Channel(channel) => (None, channel),
            UsagePart::Whole | UsagePart::Key(_) => (None, None),
        };
        let channel_name = channel_id.and_then(|channel| names.get(&channel).cloned());
        SiteUsageItem { model, channel_id, channel_name, sums: wire_revenue(&sums) }
    });
    Ok(items.collect())
}

fn write_csv(usage: &SiteUsage) -> String {
    let mut rows = SumsTable::begin(match usage.group_by {
        SiteUsageGroup::Model => &["model"],
        SiteUsageGroup::Channel => &["channel_id", "channel_name"],
    });
    for item in &usage.items {
        match usage.group_by {
            SiteUsageGroup::Model => rows.push(&[item.model.as_deref().unwrap_or_default()], &item.sums),
            SiteUsageGroup::Channel => {
                let id = item.channel_id.map(|channel| channel.to_string()).unwrap_or_default();
                rows.push(&[&id, item.channel_name.as_deref().unwrap_or_default()], &item.sums);
            }
        }
    }
    rows.into_text()
}

#[cfg(test)]
mod tests {
    use waystation_api::revenue::RevenueSums;

    use super::*;

    fn part(model: &str, requests: u64, cost: i64) -> (UsagePart, UsageSums) {
        let cost = waystation_pricing::Money::from_nanos(cost);
        (UsagePart::Model(model.to_owned()), UsageSums { requests, cost, ..UsageSums::default() })
    }

    #[test]
    fn the_dearest_parts_are_named_and_the_others_summed() {
        let parts = [part("a", 1, 5), part("b", 2, 9), part("c", 3, 5), part("d", 4, 0)];
        let (named, rest) = take_named(parts.to_vec(), 2);
        assert_eq!(named, [part("b", 2, 9), part("c", 3, 5)]);
        let rest = rest.unwrap();
        assert_eq!((rest.parts, rest.sums.requests, rest.sums.list_cost.0.nanos()), (2, 5, 5));
        let (named, rest) = take_named(parts.to_vec(), 4);
        assert_eq!((named.len(), rest), (4, None));
    }

    #[test]
    fn a_table_runs_nothing_in_a_spreadsheet() {
        let usage = SiteUsage {
            from: Time::from_unix_ms(0),
            until: Time::from_unix_ms(0),
            time_zone: "UTC".to_owned(),
            group_by: SiteUsageGroup::Channel,
            currency: "USD".to_owned(),
            items: vec![SiteUsageItem {
                model: None,
                channel_id: None,
                channel_name: Some("=1+1".to_owned()),
                sums: RevenueSums::default(),
            }],
            rest: None,
            total: RevenueSums::default(),
            next_cursor: None,
        };
        let text = write_csv(&usage);
        assert!(text.starts_with("\u{feff}channel_id,channel_name,requests,"), "{text}");
        assert!(text.contains("\r\n,\"'=1+1\",0,") || text.contains("\r\n,'=1+1,0,"), "{text}");
    }
}
