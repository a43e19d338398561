//! What a chart shows, before it is drawn.

use waystation_api::revenue::{RevenuePeriod, RevenueReport, RevenueSums};
use waystation_api::usage_series::ModelUsage;

use crate::charts::amounts::{group_digits, write_amount};
use crate::language::Language;

/// More models than these are one bar of the rest.
const MODELS_MAX: usize = 8;

/// What a chart shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is of.
    pub title: String,
    /// The sum, and what it was counted over.
    pub summary: String,
    /// What is said where there is nothing to show.
    pub nothing: String,
    /// How it is laid out.
    pub layout: Layout,
    /// The bars, in order. Amounts are billionths of a dollar.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it is of.
    pub label: String,
    /// What is written at its end, where there is room.
    pub note: String,
    /// How long it is; none: it is not known.
    pub nanos: Option<i64>,
}

/// How bars lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Upright, in the order of time.
    Columns,
    /// Lying, the longest first.
    Rows,
}

/// What was earned, by day or month.
pub fn revenue_figure(language: Language, report: &RevenueReport) -> Figure {
    let title = match report.by {
        RevenuePeriod::Day => language.pick("Revenue by day", "每日收入"),
        RevenuePeriod::Month => language.pick("Revenue by month", "每月收入"),
    };
    periods(language, title, report, |sums| Some(sums.charged.0.nanos()))
}

/// What was left of it, by day or month.
pub fn margin_figure(language: Language, report: &RevenueReport) -> Figure {
    let title = match report.by {
        RevenuePeriod::Day => language.pick("Margin by day", "每日毛利"),
        RevenuePeriod::Month => language.pick("Margin by month", "每月毛利"),
    };
    periods(language, title, report, |sums| sums.margin.map(|margin| margin.0.nanos()))
}

/// What models were used for, at list price.
pub fn usage_figure(language: Language, models: &[ModelUsage]) -> Figure {
    let mut models: Vec<&ModelUsage> = models.iter().collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.sums.cost.0.nanos()));
    let (shown, rest) = models.split_at(models.len().min(MODELS_MAX));
    let requests = |count: u64| match language {
        Language::English => format!("{} calls", group_digits(count)),
        Language::Chinese => format!("{} 次调用", group_digits(count)),
    };
    let bar = |label: &str, cost: i64, count: u64| Bar {
        label: label.to_owned(),
        note: format!("{} · {}", write_amount(cost), requests(count)),
        nanos: Some(cost),
    };
    let mut bars: Vec<Bar> =
        shown.iter().map(|model| bar(&model.model, model.sums.cost.0.nanos(), model.sums.requests)).collect();
    let sum = |models: &[&ModelUsage]| {
        models.iter().fold((0_i64, 0_u64), |(cost, count), model| {
            (cost.saturating_add(model.sums.cost.0.nanos()), count.saturating_add(model.sums.requests))
        })
    };
    if !rest.is_empty() {
        let (cost, count) = sum(rest);
        let label = match language {
            Language::English => format!("{} others", rest.len()),
            Language::Chinese => format!("其他 {} 个", rest.len()),
        };
        bars.push(bar(&label, cost, count));
    }
    let (cost, count) = sum(&models);
    Figure {
        title: language.pick("Usage by model", "各模型用量").to_owned(),
        summary: format!("{} · {}", write_amount(cost), requests(count)),
        nothing: nothing(language),
        layout: Layout::Rows,
        bars,
    }
}

fn periods(
    language: Language,
    title: &str,
    report: &RevenueReport,
    amount: impl Fn(&RevenueSums) -> Option<i64>,
) -> Figure {
    let bars = report.items.iter().map(|item| {
        let nanos = amount(&item.sums);
        let note = nanos.map(write_amount).unwrap_or_default();
        Bar { label: item.period.clone(), note, nanos }
    });
    let total = match amount(&report.total) {
        Some(nanos) => write_amount(nanos),
        None => language.pick("not known", "未知").to_owned(),
    };
    Figure {
        title: title.to_owned(),
        summary: format!("{} {total} · {}", language.pick("Total", "合计"), report.time_zone),
        nothing: nothing(language),
        layout: Layout::Columns,
        bars: bars.collect(),
    }
}

fn nothing(language: Language) -> String {
    language.pick("Nothing in this period", "此时段没有数据").to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::charts) fn report(by: &str, amounts: &[(&str, &str, Option<&str>)]) -> RevenueReport {
        let sums = |charged: &str, margin: Option<&str>| {
            serde_json::json!({
                "requests": 1, "errors": 0, "input_tokens": 1, "output_tokens": 1, "charged": charged,
                "gift_paid": "0", "list_cost": charged, "granted": "0", "operator_loss": "0",
                "upstream_cost": null, "margin": margin,
            })
        };
        let items: Vec<_> = amounts
            .iter()
            .map(|(period, charged, margin)| {
                let mut item = sums(charged, *margin);
                item["at"] = "2026-11-01T00:00:00.000Z".into();
                item["period"] = (*period).into();
                item
            })
            .collect();
        serde_json::from_value(serde_json::json!({
            "from": "2026-11-01T00:00:00.000Z", "until": "2026-12-01T00:00:00.000Z",
            "time_zone": "Asia/Shanghai", "by": by, "currency": "USD", "items": items,
            "total": sums("12.30", None), "next_cursor": null,
        }))
        .unwrap()
    }

    pub(in crate::charts) fn model(name: &str, cost: &str, requests: u64) -> ModelUsage {
        serde_json::from_value(serde_json::json!({
            "model": name, "requests": requests, "errors": 0, "input_tokens": 1, "cache_read_tokens": 0,
            "cache_write_tokens": 0, "output_tokens": 1, "reasoning_tokens": 0, "cost": cost, "charged": cost,
        }))
        .unwrap()
    }

    #[test]
    fn revenue_is_a_column_a_period() {
        let report = report("day", &[("2026-11-01", "10", None), ("2026-11-02", "2.30", Some("-1"))]);
        let figure = revenue_figure(Language::Chinese, &report);
        assert_eq!((figure.title.as_str(), figure.layout), ("每日收入", Layout::Columns));
        assert_eq!(figure.summary, "合计 $12.30 · Asia/Shanghai");
        assert_eq!(figure.bars[1].nanos, Some(2_300_000_000));
        let margin = margin_figure(Language::English, &report);
        assert_eq!(margin.summary, "Total not known · Asia/Shanghai");
        assert_eq!((margin.bars[0].nanos, margin.bars[1].nanos), (None, Some(-1_000_000_000)));
        assert_eq!(margin.bars[1].note, "−$1.00");
    }

    #[test]
    fn many_models_are_the_dearest_and_the_rest() {
        let models: Vec<_> =
            (0..20).map(|number| model(&format!("m{number}"), &number.to_string(), 2)).collect();
        let figure = usage_figure(Language::English, &models);
        assert_eq!(figure.bars.len(), MODELS_MAX + 1);
        assert_eq!(
            (figure.bars[0].label.as_str(), figure.bars[0].note.as_str()),
            ("m19", "$19.00 · 2 calls")
        );
        assert_eq!(figure.bars[MODELS_MAX].label, "12 others");
        let rest: i64 = (0..12).map(|number| number * 1_000_000_000).sum();
        assert_eq!(figure.bars[MODELS_MAX].nanos, Some(rest));
        assert_eq!(figure.summary, "$190.00 · 40 calls");
        assert!(usage_figure(Language::English, &[]).bars.is_empty());
    }
}
