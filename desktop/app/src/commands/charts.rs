//! Charts.

use std::path::PathBuf;

use serde::Deserialize;
use tauri::{AppHandle, State};
use waystation_api::revenue::{RevenuePeriod, RevenueQuery};
use waystation_api::site_usage::SiteUsageQuery;
use waystation_api::usage_series::UsageTotalsQuery;
use waystation_desktop::charts::{
    Figure, Theme, draw_png, draw_svg, margin_figure, revenue_figure, site_usage_figure, usage_figure,
};
use waystation_desktop::connections::ConnectionId;

use crate::desk::Desk;
use crate::dialogs::choose_new_file;
use crate::failure::{Refusal, Reply};

/// A chart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chart {
    connection: ConnectionId,
    kind: ChartKind,
    theme: Theme,
    width: u32,
    height: u32,
    #[serde(default)]
    start_date: Option<String>,
    #[serde(default)]
    end_date: Option<String>,
    #[serde(default)]
    time_zone: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChartKind {
    RevenueByDay,
    RevenueByMonth,
    MarginByDay,
    MarginByMonth,
    UsageByModel,
    OwnUsageByModel,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PictureFormat {
    Svg,
    Png,
}

#[tauri::command]
pub(crate) async fn draw_chart(desk: State<'_, Desk>, chart: Chart) -> Reply<String> {
    let figure = load_figure(&desk, &chart).await?;
    Ok(draw_svg(&figure, chart.theme, (chart.width, chart.height))?)
}

#[tauri::command]
pub(crate) async fn save_chart(
    app: AppHandle,
    desk: State<'_, Desk>,
    chart: Chart,
    format: PictureFormat,
) -> Reply<Option<PathBuf>> {
    let figure = load_figure(&desk, &chart).await?;
    let size = (chart.width, chart.height);
    let (extension, picture) = match format {
        PictureFormat::Svg => ("svg", draw_svg(&figure, chart.theme, size)?.into_bytes()),
        PictureFormat::Png => ("png", draw_png(&figure, chart.theme, size)?),
    };
    let Some(path) = choose_new_file(&app, &figure.title, extension).await else { return Ok(None) };
    tokio::fs::write(&path, picture).await.map_err(|error| Refusal::new("file", error))?;
    Ok(Some(path))
}

async fn load_figure(desk: &Desk, chart: &Chart) -> Reply<Figure> {
    let connection = desk.connection(chart.connection)?;
    desk.open_secrets().await?;
    let address = desk.address_of(&connection)?;
    let language = desk.language();
    let by = match chart.kind {
        ChartKind::RevenueByDay | ChartKind::MarginByDay => RevenuePeriod::Day,
        ChartKind::RevenueByMonth | ChartKind::MarginByMonth => RevenuePeriod::Month,
        ChartKind::UsageByModel => {
            let query = SiteUsageQuery {
                start_date: chart.start_date.clone(),
                end_date: chart.end_date.clone(),
                time_zone: chart.time_zone.clone(),
                ..SiteUsageQuery::default()
            };
            let usage = desk.gateway.ask(&connection, &address, |client| {
                let query = &query;
                async move { client.show_site_usage(query).await }
            });
            return Ok(site_usage_figure(language, &usage.await?));
        }
        ChartKind::OwnUsageByModel => {
            let query = UsageTotalsQuery {
                start_date: chart.start_date.clone(),
                end_date: chart.end_date.clone(),
                time_zone: chart.time_zone.clone(),
                ..UsageTotalsQuery::default()
            };
            let totals = desk.gateway.ask(&connection, &address, |client| {
                let query = &query;
                async move { client.show_my_usage_totals(query).await }
            });
            let totals = totals.await?;
            return Ok(usage_figure(language, &totals.models));
        }
    };
    let query = RevenueQuery {
        by,
        start_date: chart.start_date.clone(),
        end_date: chart.end_date.clone(),
        time_zone: chart.time_zone.clone(),
    };
    let report = desk.gateway.ask(&connection, &address, |client| {
        let query = &query;
        async move { client.show_revenue(query).await }
    });
    let report = report.await?;
    Ok(match chart.kind {
        ChartKind::MarginByDay | ChartKind::MarginByMonth => margin_figure(language, &report),
        _ => revenue_figure(language, &report),
    })
}
