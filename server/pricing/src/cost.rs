//! From tokens and rates to an amount, with one rounding.

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::price::{Price, Rate};
use crate::usage::{Bucket, Usage};

const PER_MILLION: i128 = 1_000_000;

/// A factor in parts per million; 1,000,000 leaves a price as it is. At most 1,000 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Multiplier(i64);

impl Multiplier {
    /// The factor that changes nothing.
    pub const ONE: Multiplier = Multiplier(1_000_000);

    /// The factor in parts per million.
    pub const fn ppm(self) -> i64 {
        self.0
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Multiplier::ONE
    }
}

impl TryFrom<i64> for Multiplier {
    type Error = &'static str;

    fn try_from(ppm: i64) -> Result<Self, Self::Error> {
        if (0..=1_000_000_000).contains(&ppm) {
            Ok(Multiplier(ppm))
        } else {
            Err("a multiplier lies between 0 and 1000000000 parts per million")
        }
    }
}

impl From<Multiplier> for i64 {
    fn from(multiplier: Multiplier) -> i64 {
        multiplier.0
    }
}

/// Tokens of one bucket at their rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostLine {
    /// Which bucket.
    pub bucket: Bucket,
    /// How many tokens.
    pub tokens: u64,
    /// At which rate, before the multiplier.
    pub rate: Rate,
}

/// The list price of a call: lines, fees and a multiplier, rounded up once when asked for its total.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Token lines.
    pub lines: Vec<CostLine>,
    /// What is charged whatever the tokens, before the multiplier.
    pub fees: Money,
    /// The factor on everything.
    pub multiplier: Multiplier,
}

/// What is left to pay with money after other sources paid for tokens, and what those tokens were worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The cost without the covered tokens.
    pub rest: Cost,
    /// How many tokens were covered.
    pub covered: u64,
}

impl Cost {
    /// The cost of `usage` at `price`.
    pub fn of(usage: &Usage, price: &Price, multiplier: Multiplier) -> Self {
        let lines = usage
            .filled()
            .map(|(bucket, tokens)| CostLine { bucket, tokens, rate: price.rate(bucket) })
            .collect();
        Cost { lines, fees: price.fees.per_request, multiplier }
    }

    /// The most that `input_tokens` read and `output_tokens` written can cost at `price`.
    pub fn bound(price: &Price, input_tokens: u64, output_tokens: u64, multiplier: Multiplier) -> Self {
        let line = |bucket, tokens, rate| CostLine { bucket, tokens, rate };
        Cost {
            lines: vec![
                line(Bucket::Input, input_tokens, price.dearest_input()),
                line(Bucket::Output, output_tokens, price.dearest_output()),
            ],
            fees: price.fees.per_request,
            multiplier,
        }
    }

    /// The amount, rounded up to a nano-USD; `None` where it does not fit.
    pub fn total(&self) -> Option<Money> {
        let fees = i128::from(self.fees.nanos()).checked_mul(PER_MILLION)?;
        let millionths = self.lines.iter().try_fold(fees, |sum, line| {
            let cost = i128::from(line.tokens).checked_mul(i128::from(line.rate.nanos_per_million()))?;
            sum.checked_add(cost)
        })?;
        let scaled = millionths.checked_mul(i128::from(self.multiplier.ppm()))?;
        let divisor = PER_MILLION * PER_MILLION;
        let rounded = scaled.div_euclid(divisor) + i128::from(scaled.rem_euclid(divisor) != 0);
        i64::try_from(rounded).ok().map(Money::from_nanos)
    }

    /// Tokens of all lines.
    pub fn tokens(&self) -> u64 {
        self.lines.iter().fold(0, |sum, line| sum.saturating_add(line.tokens))
    }

    /// Takes up to `tokens` tokens out of the cost, the dearest first.
    pub fn without_dearest(&self, tokens: u64) -> Split {
        self.without(tokens, |a, b| b.rate.cmp(&a.rate))
    }

    /// Takes up to `tokens` tokens out of the cost, the cheapest first: what is left is the most that any
    /// choice of that many tokens can leave to pay.
    pub fn without_cheapest(&self, tokens: u64) -> Split {
        self.without(tokens, |a, b| a.rate.cmp(&b.rate))
    }

    fn without(&self, tokens: u64, order: fn(&CostLine, &CostLine) -> std::cmp::Ordering) -> Split {
        let mut rest = self.clone();
        rest.lines.sort_by(order);
        let mut left = tokens;
        for line in &mut rest.lines {
            let taken = left.min(line.tokens);
            line.tokens -= taken;
            left -= taken;
        }
        rest.lines.retain(|line| line.tokens > 0);
        Split { rest, covered: tokens - left }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::UsageSource;
    use proptest::prelude::*;

    fn rate(nanos: i64) -> Rate {
        Rate::from_nanos_per_million(nanos).unwrap()
    }

    #[test]
    fn a_small_call_is_rounded_up_once() {
        let price = Price { input: rate(1), output: rate(1), ..Price::default() };
        let usage = Usage::none(UsageSource::Reported).with(Bucket::Input, 1).with(Bucket::Output, 1);
        assert_eq!(Cost::of(&usage, &price, Multiplier::ONE).total(), Some(Money::from_nanos(1)));
    }

    #[test]
    fn a_call_costs_what_the_price_list_says() {
        let price =
            Price { input: "2.5".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() };
        let usage = Usage::none(UsageSource::Reported).with(Bucket::Input, 1_000).with(Bucket::Output, 500);
        let cost = Cost::of(&usage, &price, Multiplier::ONE);
        assert_eq!(cost.total(), Some("0.0075".parse().unwrap()));
        let half = Cost { multiplier: Multiplier::try_from(500_000).unwrap(), ..cost };
        assert_eq!(half.total(), Some("0.00375".parse().unwrap()));
    }

    prop_compose! {
        fn any_price()(
            input in 0..2_000_000_000_000_i64, output in 0..2_000_000_000_000_i64,
            cache in 0..2_000_000_000_000_i64, reasoning in 0..2_000_000_000_000_i64,
            fee in 0..1_000_000_000_i64,
        ) -> Price {
            Price {
                input: rate(input), output: rate(output), cache_read: Some(rate(cache)),
                reasoning: Some(rate(reasoning)),
                fees: crate::price::Fees { per_request: Money::from_nanos(fee) },
                ..Price::default()
            }
        }
    }

    prop_compose! {
        fn any_usage()(counts in prop::array::uniform4(0..10_000_000_u64)) -> Usage {
            Usage::none(UsageSource::Reported)
                .with(Bucket::Input, counts[0]).with(Bucket::CacheRead, counts[1])
                .with(Bucket::Output, counts[2]).with(Bucket::Reasoning, counts[3])
        }
    }

    proptest! {
        #[test]
        fn no_usage_within_the_bound_costs_more_than_the_bound(
            price in any_price(), usage in any_usage(), ppm in 0..10_000_000_i64,
            spare_input in 0..1_000_u64, spare_output in 0..1_000_u64,
        ) {
            let multiplier = Multiplier::try_from(ppm).unwrap();
            let bound = Cost::bound(&price, usage.input_tokens() + spare_input, usage.output_tokens() + spare_output, multiplier);
            prop_assert!(Cost::of(&usage, &price, multiplier).total().unwrap() <= bound.total().unwrap());
        }

        #[test]
        fn what_grants_leave_never_exceeds_what_money_holds_for_it(
            price in any_price(), usage in any_usage(), granted in 0..50_000_000_u64,
            spare_input in 0..1_000_u64, spare_output in 0..1_000_u64,
        ) {
            let bound = Cost::bound(&price, usage.input_tokens() + spare_input, usage.output_tokens() + spare_output, Multiplier::ONE);
            let held = bound.without_cheapest(granted).rest.total().unwrap();
            let left = Cost::of(&usage, &price, Multiplier::ONE).without_dearest(granted).rest.total().unwrap();
            prop_assert!(left <= held, "{left} > {held}");
        }

        #[test]
        fn splitting_a_cost_covers_what_is_there(price in any_price(), usage in any_usage(), granted in 0..50_000_000_u64) {
            let cost = Cost::of(&usage, &price, Multiplier::ONE);
            let split = cost.without_dearest(granted);
            prop_assert_eq!(split.covered, granted.min(usage.total_tokens()));
            prop_assert_eq!(split.rest.tokens() + split.covered, usage.total_tokens());
        }
    }
}
