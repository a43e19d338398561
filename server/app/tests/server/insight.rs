//! Use and revenue over HTTP, of calls that were really made.

use serde_json::json;
use waystation_api::error::ErrorCode;
use waystation_api::requests::{OwnRequestExportQuery, OwnRequestQuery};
use waystation_api::revenue::RevenueQuery;
use waystation_api::site_usage::SiteUsageQuery;
use waystation_api::statistics::OverviewQuery;
use waystation_api::usage_series::{UsageSeriesQuery, UsageTotalsQuery};
use waystation_pricing::Money;

use crate::catalog::open_shop;
use crate::world::Site;

#[tokio::test]
async fn real_calls_are_summed_earned_and_explained() {
    let shop = open_shop(Site::new(), &[]).await;
    for _ in 0..3 {
        assert_eq!(shop.call("sonnet").await.0, 200);
    }
    let calls = shop.owner.list_my_requests(&OwnRequestQuery::default()).await.unwrap().items;
    let cost: Money = calls.iter().map(|call| call.cost.0).sum();
    let totals = shop.owner.show_my_usage_totals(&UsageTotalsQuery::default()).await.unwrap();
    assert_eq!((totals.total_requests, totals.total_cost.0, totals.total_errors), (3, cost, 0));
    let series = shop.owner.show_my_usage_series(&UsageSeriesQuery::default()).await.unwrap();
    assert_eq!((series.total, series.steps.len()), (totals.total, 30));
    let revenue = shop.owner.show_revenue(&RevenueQuery::default()).await.unwrap();
    assert_eq!((revenue.total.charged.0, revenue.total.requests), (cost, 3));
    let usage = shop.owner.show_site_usage(&SiteUsageQuery::default()).await.unwrap();
    assert_eq!((usage.total, usage.rest), (revenue.total, None));
    assert_eq!((usage.items[0].model.as_deref(), usage.items[0].sums), (Some("sonnet"), revenue.total));
    let table = shop.owner.export_site_usage(&SiteUsageQuery::default()).await.unwrap();
    assert!(table.contains("\r\nsonnet,3,0,"), "{table}");
    let overview = shop.owner.show_overview(&OverviewQuery::default()).await.unwrap();
    assert_eq!((overview.now.succeeded, overview.now.first_byte_ms.sampled), (3, 3));
    assert_eq!(overview.failing_channels, []);

    let explained = shop.owner.show_my_request(calls[0].id).await.unwrap();
    assert!(explained.is_priced_by_lines);
    let lines: Money = explained.price_lines.iter().map(|line| line.amount.0).sum();
    assert_eq!(lines, calls[0].cost.0);
    let timeline = explained.timeline;
    let parts = [timeline.queue_ms, timeline.retries_ms, timeline.first_byte_ms, timeline.stream_ms];
    assert!(parts.iter().flatten().sum::<i64>() <= timeline.total_ms.unwrap(), "{timeline:?}");
    shop.close().await;
}

#[tokio::test]
async fn an_export_of_more_calls_than_fit_is_refused_with_their_number() {
    let site = Site::new().with_variable("WAYSTATION_EXPORT_MAX_ROWS", "2");
    let shop = open_shop(site, &[]).await;
    let export = async || shop.owner.export_my_usage_as_json(&OwnRequestExportQuery::default()).await;
    assert_eq!(export().await.unwrap(), []);
    for _ in 0..2 {
        assert_eq!(shop.call("sonnet").await.0, 200);
    }
    let calls = export().await.unwrap();
    let listed = shop.owner.list_my_requests(&OwnRequestQuery::default()).await.unwrap().items;
    let ids = |ids: Vec<waystation_ids::RequestId>| json!(ids);
    assert_eq!(
        ids(calls.iter().map(|call| call.request_id).collect()),
        ids(listed.iter().map(|call| call.id).collect())
    );
    assert_eq!(shop.call("sonnet").await.0, 200);
    for refused in [
        export().await.unwrap_err(),
        shop.owner.export_my_usage_as_csv(&OwnRequestExportQuery::default()).await.unwrap_err(),
    ] {
        let body = refused.refusal().unwrap();
        assert_eq!(body.code, ErrorCode::ExportTooLarge);
        assert!(body.message.contains("3 rows"), "{}", body.message);
    }
    shop.close().await;
}
