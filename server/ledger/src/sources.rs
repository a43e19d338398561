//! Which accounts pay for a call, in which order, and how much of each is held.

use waystation_ids::UserId;
use waystation_pricing::{Cost, Money};

use crate::account::{Account, AccountKind, Unit, WhenUsed};
use crate::books::Books;
use crate::hold::HoldLine;

/// A call draws on at most so many accounts, which keeps its transfers within one numbering: an expiry and a
/// correction make at most two for each account, and one for the operator's loss, twice.
const SOURCES_MAX: usize = 60;
/// Of these so many may be token sources: money must find room behind them.
const TOKEN_SOURCES_MAX: usize = 30;
const PER_MILLION: u128 = 1_000_000;

/// The accounts that may pay for one call, in the order of use.
pub(crate) struct Sources<'a> {
    calls: Vec<&'a Account>,
    tokens: Vec<&'a Account>,
    money: Vec<&'a Account>,
}

/// Why sources do not cover a call.
pub(crate) struct Shortfall {
    /// Money the call may need.
    pub needed: Money,
    /// Money there is for it.
    pub available: Money,
}

impl<'a> Sources<'a> {
    /// Calls grants first; then token grants and quotas; then money: quotas and money grants, gifts, cash. Within
    /// a kind the earliest expiry first, none last, ties by id. A money quota stands behind the token sources
    /// because what money has to pay is known only after them.
    pub fn of(books: &'a Books, user: UserId, model: &str, now_ms: i64) -> Self {
        let mut usable: Vec<&Account> = books
            .accounts_of(user)
            .filter(|account| account.kind != AccountKind::Debt)
            .filter(|account| !account.has_expired(now_ms) && account.terms.cover(model))
            .collect();
        usable.sort_by_key(|account| {
            (money_rank(account.kind), account.expires_at_ms.unwrap_or(i64::MAX), account.id)
        });
        let of_unit = |unit| usable.iter().copied().filter(|account| account.unit == unit).collect();
        Sources { calls: of_unit(Unit::Calls), tokens: of_unit(Unit::Tokens), money: of_unit(Unit::NanoUsd) }
    }

    /// Holds for a call that costs at most `bound`; `None` where the amount does not fit into the books.
    pub fn hold(&self, bound: &Cost) -> Option<Result<Vec<HoldLine>, Shortfall>> {
        if let Some(account) = self.calls.iter().find(|account| pays_whole_call(account, bound)) {
            let line = HoldLine { account: account.id, unit: Unit::Calls, held: 1, covers: 0, weight_ppm: 0 };
            return Some(Ok(vec![line]));
        }
        let mut lines = Vec::new();
        let mut tokens_left = bound.tokens();
        for account in &self.tokens {
            let line = token_line(account, tokens_left);
            if line.held > 0 && lines.len() < TOKEN_SOURCES_MAX {
                tokens_left -= line.covers;
                lines.push(line);
            }
        }
        // What money must hold: the tokens not covered, as if they were the dearest, and all fees.
        let needed = bound.without_cheapest(bound.tokens() - tokens_left).rest.total()?;
        if tokens_left > 0 && self.tokens.iter().any(|account| refuses_when_used(account)) {
            return Some(Err(Shortfall { needed, available: Money::ZERO }));
        }
        let mut left = needed.nanos();
        let mut available = 0_i64;
        for account in &self.money {
            // Behind a quota that refuses once used, nothing else may pay.
            let behind_refusal = money_rank(account.kind) > money_rank(AccountKind::Quota)
                && self.money.iter().any(|quota| refuses_when_used(quota));
            if behind_refusal {
                break;
            }
            let has = account.balance.available().max(0);
            available = available.saturating_add(has);
            let held = has.min(left);
            // The last place is for an account that pays all that is left, so that many nearly empty ones do not
            // keep a full one from paying.
            let fits = lines.len() + 1 < SOURCES_MAX || (lines.len() < SOURCES_MAX && held == left);
            if held > 0 && fits {
                left -= held;
                lines.push(HoldLine {
                    account: account.id,
                    unit: Unit::NanoUsd,
                    held,
                    covers: 0,
                    weight_ppm: 0,
                });
            }
        }
        Some(if left == 0 {
            Ok(lines)
        } else {
            Err(Shortfall { needed, available: Money::from_nanos(available) })
        })
    }
}

/// Plan tokens for `tokens` tokens of a call, rounded up.
pub(crate) fn weigh(tokens: u64, weight_ppm: u64) -> u64 {
    let weighed = (u128::from(tokens) * u128::from(weight_ppm)).div_ceil(PER_MILLION);
    u64::try_from(weighed).unwrap_or(u64::MAX)
}

fn money_rank(kind: AccountKind) -> u8 {
    match kind {
        AccountKind::Quota | AccountKind::Grant => 0,
        AccountKind::Gift => 1,
        AccountKind::Cash => 2,
        AccountKind::Debt => 3,
    }
}

fn refuses_when_used(account: &Account) -> bool {
    matches!(account.kind, AccountKind::Quota | AccountKind::Grant)
        && account.terms.when_used == WhenUsed::Refuse
}

fn pays_whole_call(account: &Account, bound: &Cost) -> bool {
    account.balance.available() >= 1
        && account.terms.tokens_per_call.is_none_or(|most| bound.tokens() <= most)
}

fn token_line(account: &Account, tokens_left: u64) -> HoldLine {
    let weight_ppm = account.terms.weight_ppm;
    let available = u64::try_from(account.balance.available()).unwrap_or(0);
    let coverable = match weight_ppm {
        0 => tokens_left,
        weight => {
            let most = u128::from(available) * PER_MILLION / u128::from(weight);
            u64::try_from(most).unwrap_or(u64::MAX)
        }
    };
    let covers = coverable.min(tokens_left);
    let held = i64::try_from(weigh(covers, weight_ppm)).unwrap_or(0);
    HoldLine { account: account.id, unit: Unit::Tokens, held, covers, weight_ppm }
}
