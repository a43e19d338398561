//! Sums of what calls earned, as the API and its tables show them.

use waystation_api::money::Usd;
use waystation_api::revenue::RevenueSums;
use waystation_pricing::Money;
use waystation_store::UsageSums;

use crate::http::csv::{Cell, CsvRows};

/// Sums as the API shows them.
pub(super) fn wire_revenue(sums: &UsageSums) -> RevenueSums {
    // No channel says what its answers cost.
    let upstream_cost: Option<Money> = None;
    let own = sums.charged.saturating_sub(sums.gift);
    RevenueSums {
        requests: sums.requests,
        errors: sums.errors,
        input_tokens: sums.input_tokens,
        output_tokens: sums.output_tokens,
        charged: sums.charged.into(),
        gift_paid: sums.gift.into(),
        list_cost: sums.cost.into(),
        granted: sums.granted().into(),
        operator_loss: sums.operator_loss.into(),
        upstream_cost: upstream_cost.map(Usd::from),
        margin: upstream_cost.map(|cost| own.saturating_sub(cost).into()),
    }
}

const COLUMNS: [&str; 11] = [
    "requests",
    "errors",
    "input_tokens",
    "output_tokens",
    "charged",
    "gift_paid",
    "list_cost",
    "granted",
    "operator_loss",
    "upstream_cost",
    "margin",
];

/// A table of sums as CSV: what each row is of comes first.
pub(super) struct SumsTable(CsvRows);

impl SumsTable {
    /// Begins a table with the names of the columns that say what a row is of.
    pub(super) fn begin(leading: &[&str]) -> Self {
        let mut rows = CsvRows::default();
        let columns: Vec<&str> = leading.iter().chain(&COLUMNS).copied().collect();
        rows.begin(&columns);
        SumsTable(rows)
    }

    /// Adds a row.
    pub(super) fn push(&mut self, leading: &[&str], sums: &RevenueSums) {
        let known = |amount: Option<Usd>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        let numbers = [
            sums.requests.to_string(),
            sums.errors.to_string(),
            sums.input_tokens.to_string(),
            sums.output_tokens.to_string(),
            sums.charged.to_string(),
            sums.gift_paid.to_string(),
            sums.list_cost.to_string(),
            sums.granted.to_string(),
            sums.operator_loss.to_string(),
            known(sums.upstream_cost),
            known(sums.margin),
        ];
        let numbers = numbers.iter().map(|number| Cell::Number(number));
        self.0.push_mixed(leading.iter().map(|text| Cell::Text(text)).chain(numbers));
    }

    /// The table as text.
    pub(super) fn into_text(self) -> String {
        self.0.into_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn list_cost_is_what_was_charged_granted_and_lost() {
        let sums = UsageSums {
            cost: usd("12"),
            charged: usd("10"),
            gift: usd("1"),
            operator_loss: usd("0.5"),
            ..UsageSums::default()
        };
        let shown = wire_revenue(&sums);
        assert_eq!((shown.granted.0, shown.gift_paid.0), (usd("1.5"), usd("1")));
        assert_eq!((shown.upstream_cost, shown.margin), (None, None));
    }
}
