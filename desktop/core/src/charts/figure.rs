//! What a chart shows, before it is drawn.

use waystation_api::revenue::{RevenuePeriod, RevenueReport, RevenueSums};
use waystation_api::site_usage::SiteUsage;
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

/// What somebody used of models, at list price.
pub fn usage_figure(language: Language, models: &[ModelUsage]) -> Figure {
    let parts = models.iter().map(|model| Part {
        label: model.model.clone(),
        cost: model.sums.cost.0.nanos(),
        requests: model.sums.requests,
    });
    parts_figure(language, language.pick("Usage by model", "各模型用量"), parts.collect(), Others::default())
}

/// What everybody used of models, at list price.
pub fn site_usage_figure(language: Language, usage: &SiteUsage) -> Figure {
    let parts = usage.items.iter().map(|item| Part {
        label: item.model.clone().unwrap_or_default(),
        cost: item.sums.list_cost.0.nanos(),
        requests: item.sums.requests,
    });
    let others = usage.rest.as_ref().map(|rest| Others {
        count: rest.parts,
        cost: rest.sums.list_cost.0.nanos(),
        requests: rest.sums.requests,
    });
    let title = language.pick("Usage of the site by model", "全站各模型用量");
    parts_figure(language, title, parts.collect(), others.unwrap_or_default())
}

/// What was used of one thing.
struct Part {
    label: String,
    cost: i64,
    requests: u64,
}

/// What was used of all that is not named.
#[derive(Default)]
struct Others {
    count: u64,
    cost: i64,
    requests: u64,
}

impl Others {
    fn add(&mut self, part: &Part) {
        self.count = self.count.saturating_add(1);
        self.cost = self.cost.saturating_add(part.cost);
        self.requests = self.requests.saturating_add(part.requests);
    }
}

/// The dearest parts, and one bar for all others. `others` are those that are not among the parts.
fn parts_figure(language: Language, title: &str, mut parts: Vec<Part>, mut others: Others) -> Figure {
    parts.sort_by_key(|part| std::cmp::Reverse(part.cost));
    let (shown, rest) = parts.split_at(parts.len().min(MODELS_MAX));
    rest.iter().for_each(|part| others.add(part));
    let note = |cost: i64, count: u64| {
        let calls = match language {
            Language::English => format!("{} calls", group_digits(count)),
            Language::Chinese => format!("{} 次调用", group_digits(count)),
        };
        format!("{} · {calls}", write_amount(cost))
    };
    let bar = |label: String, cost, count| Bar { label, note: note(cost, count), nanos: Some(cost) };
    let mut bars: Vec<Bar> =
        shown.iter().map(|part| bar(part.label.clone(), part.cost, part.requests)).collect();
    if others.count > 0 {
        let label = match language {
            Language::English => format!("{} others", others.count),
            Language::Chinese => format!("其他 {} 个", others.count),
        };
        bars.push(bar(label, others.cost, others.requests));
    }
    shown.iter().for_each(|part| others.add(part));
    Figure {
        title: title.to_owned(),
        summary: note(others.cost, others.requests),
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

    #[test]
    fn what_a_site_does_not_name_is_one_bar_with_what_does_not_fit() {
        let sums = |cost: u64| {
            serde_json::json!({
                "requests": 2, "errors": 0, "input_tokens": 1, "output_tokens": 1, "charged": "0", "gift_paid": "0",
                "list_cost": cost.to_string(), "granted": "0", "operator_loss": "0", "upstream_cost": null,
                "margin": null,
            })
        };
        let named = |number: u64| {
            let mut item = sums(number);
            item["model"] = format!("m{number}").into();
            item
        };
        let mut rest = sums(1);
        rest["parts"] = 5.into();
        let usage: SiteUsage = serde_json::from_value(serde_json::json!({
            "from": "2026-11-01T00:00:00.000Z", "until": "2026-12-01T00:00:00.000Z", "time_zone": "UTC",
            "group_by": "model", "currency": "USD", "items": (10..20).rev().map(named).collect::<Vec<_>>(),
            "rest": rest, "total": sums(146), "next_cursor": null,
        }))
        .unwrap();
        let figure = site_usage_figure(Language::English, &usage);
        assert_eq!((figure.bars.len(), figure.bars[0].label.as_str()), (MODELS_MAX + 1, "m19"));
        // 11, 10 and the 1 that the site summed.
        let others = &figure.bars[MODELS_MAX];
        assert_eq!((others.label.as_str(), others.note.as_str()), ("7 others", "$22.00 · 6 calls"));
        assert_eq!(figure.summary, "$146.00 · 22 calls");
    }
}
