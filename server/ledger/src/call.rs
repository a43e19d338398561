//! The life of a call in the books: reserve, then settle (post or void) or expire, and at worst correct.

use serde::{Deserialize, Serialize};
use waystation_ids::{AccountId, BudgetId, InstanceId, KeyId, PriceVersionId, RequestId, TransferId, UserId};
use waystation_pricing::{Cost, Money, Multiplier, Price};

use crate::account::{Account, SystemAccount, Unit};
use crate::books::{Books, Movement, Posting, Refusal};
use crate::hold::{BudgetHold, Hold, HoldLine, SourceLine};
use crate::sources::{Shortfall, Sources, weigh};
use crate::transfer::TransferKind;

/// How many tokens each choice of a call may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputCap {
    /// The caller asked for this cap: pay for it or be refused.
    Exactly(u64),
    /// At most this, and less where the sources cannot pay for more.
    AtMost(u64),
}

/// Facts of a call that asks to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The call.
    pub request: RequestId,
    /// Who pays.
    pub user: UserId,
    /// With which key.
    pub key: KeyId,
    /// Which server process will relay it.
    pub instance: InstanceId,
    /// The model asked for: decides which grants and quotas cover the call.
    pub model: String,
    /// The version of the price below.
    pub price_version: PriceVersionId,
    /// The dearest price of every way the call may be served.
    pub price: Price,
    /// The factor on that price.
    pub multiplier: Multiplier,
    /// The most tokens the call can read.
    pub input_bound: u64,
    /// How many tokens the call likely reads: what a crash is booked with.
    pub input_estimate: u64,
    /// How many choices were asked for; at least 1.
    pub choices: u64,
    /// How many tokens each may write.
    pub output_cap: OutputCap,
    /// Budgets to respect, and the start of their current period in unix milliseconds.
    pub budgets: Vec<(BudgetId, i64)>,
    /// How long the call may last, in milliseconds.
    pub time_limit_ms: i64,
}

/// What became of a call in the books.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// List price of everything used.
    pub cost: Money,
    /// What money sources paid.
    pub charged: Money,
    /// Who paid what.
    pub lines: Vec<SourceLine>,
    /// What the operator bears.
    pub operator_loss: Money,
}

/// What a call that died with its process pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crashed {
    /// Nothing; the estimate is the operator's loss.
    #[default]
    Void,
    /// The estimate of its input.
    Input,
    /// Everything that was held.
    FullHold,
}

/// What must be remembered of an expired hold, so that a late settlement can be booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostHold {
    /// The hold as it was.
    pub hold: Hold,
    /// What expiry made of it.
    pub settled: Settled,
    /// The transfer of the operator's loss, if there was one.
    pub loss: Option<TransferId>,
    /// How many transfers the call made up to its expiry.
    pub transfers: u8,
}

/// What a late settlement made of an expired call.
pub type Correction = Settled;

impl Books {
    /// Admits a call: takes the most it can cost out of reach, or refuses and takes nothing.
    pub fn reserve(&mut self, call: &Reserve, now_ms: i64) -> Result<&Hold, Refusal> {
        if self.holds.contains_key(&call.request) {
            return Err(Refusal::AlreadyHeld);
        }
        let (cap, bound, lines) = self.admit(call, now_ms)?;
        for line in &lines {
            if let Some(account) = self.account_mut(line.account) {
                account.balance.debits_pending = account.balance.debits_pending.saturating_add(line.held);
            }
        }
        let budgets: Vec<BudgetHold> = call
            .budgets
            .iter()
            .map(|(budget, period_start_ms)| BudgetHold {
                budget: *budget,
                period_start_ms: *period_start_ms,
                amount: bound,
            })
            .collect();
        for held in &budgets {
            let spending = self.spending.entry((held.budget, held.period_start_ms)).or_default();
            spending.pending = spending.pending.saturating_add(held.amount);
        }
        let hold = Hold {
            request: call.request,
            user: call.user,
            key: call.key,
            instance: call.instance,
            lines,
            budgets,
            bound,
            input_bound: call.input_bound,
            input_estimate: call.input_estimate,
            model: call.model.clone(),
            output_cap: cap,
            price_version: call.price_version,
            multiplier: call.multiplier,
            admitted_at_ms: now_ms,
            deadline_ms: now_ms.saturating_add(call.time_limit_ms),
        };
        Ok(self.holds.entry(call.request).or_insert(hold))
    }

    /// The output cap, the list bound and the lines of a hold that the sources can pay.
    fn admit(&self, call: &Reserve, now_ms: i64) -> Result<(u64, Money, Vec<HoldLine>), Refusal> {
        let sources = Sources::of(self, call.user, &call.model, now_ms);
        let (OutputCap::Exactly(asked) | OutputCap::AtMost(asked)) = call.output_cap;
        let refusal = match self.admit_with(call, &sources, asked) {
            Ok((bound, lines)) => return Ok((asked, bound, lines)),
            Err(Refusal::TooLarge) => return Err(Refusal::TooLarge),
            Err(refusal) => refusal,
        };
        // Cost grows with the cap, so the largest cap that is admitted is found by halving.
        let (mut admitted, mut refused) = (0, asked);
        let mut best = None;
        while refused - admitted > 1 {
            let middle = admitted + (refused - admitted) / 2;
            match self.admit_with(call, &sources, middle) {
                Ok((bound, lines)) => {
                    admitted = middle;
                    best = Some((middle, bound, lines));
                }
                Err(_) => refused = middle,
            }
        }
        match (call.output_cap, best) {
            (OutputCap::AtMost(_), Some(found)) => Ok(found),
            (_, best) => Err(with_affordable(refusal, best.map(|(cap, ..)| cap))),
        }
    }

    fn admit_with(
        &self,
        call: &Reserve,
        sources: &Sources<'_>,
        cap: u64,
    ) -> Result<(Money, Vec<HoldLine>), Refusal> {
        let output = cap.checked_mul(call.choices).ok_or(Refusal::TooLarge)?;
        let cost = Cost::bound(&call.price, call.input_bound, output, call.multiplier);
        let bound = cost.total().ok_or(Refusal::TooLarge)?;
        for (id, period_start_ms) in &call.budgets {
            // A budget that was removed meanwhile limits nothing.
            let Some(budget) = self.budgets.get(id) else { continue };
            let spending = self.spending.get(&(*id, *period_start_ms)).copied().unwrap_or_default();
            let left = spending.left(budget.limit);
            if bound > left {
                return Err(Refusal::BudgetExceeded {
                    budget: *id,
                    period: budget.period,
                    limit: budget.limit,
                    left,
                    affordable_output: None,
                });
            }
        }
        match sources.hold(&cost).ok_or(Refusal::TooLarge)? {
            Ok(lines) => Ok((bound, lines)),
            Err(Shortfall { needed, available }) => {
                Err(Refusal::InsufficientBalance { needed, available, affordable_output: None })
            }
        }
    }

    /// Ends a call that was answered: posts what it cost, never more than was held, and releases the rest.
    pub fn post(&mut self, request: RequestId, cost: &Cost, now_ms: i64) -> Result<Settled, Refusal> {
        let total = cost.total().ok_or(Refusal::TooLarge)?;
        let hold = self.holds.remove(&request).ok_or(Refusal::NoHold)?;
        let taken = take(&hold, cost, total, |line| line.held);
        Ok(self.end_hold(&hold, taken, TransferKind::Consumption, now_ms))
    }

    /// Ends a call that costs nothing: releases everything.
    pub fn void(&mut self, request: RequestId, now_ms: i64) -> Result<Settled, Refusal> {
        let hold = self.holds.remove(&request).ok_or(Refusal::NoHold)?;
        Ok(self.end_hold(&hold, Taken::default(), TransferKind::Consumption, now_ms))
    }

    /// Ends a call whose process died. `estimate` is what its input cost at least.
    pub fn expire(
        &mut self,
        request: RequestId,
        rule: Crashed,
        estimate: &Cost,
        now_ms: i64,
    ) -> Result<LostHold, Refusal> {
        let total = estimate.total().ok_or(Refusal::TooLarge)?;
        let hold = self.holds.remove(&request).ok_or(Refusal::NoHold)?;
        let taken = match rule {
            Crashed::Void => Taken { cost: total, operator_loss: total, ..Taken::default() },
            Crashed::Input => take(&hold, estimate, total, |line| line.held),
            Crashed::FullHold => take_all(&hold),
        };
        let before = self.transfers.len();
        let settled = self.end_hold(&hold, taken, TransferKind::Consumption, now_ms);
        let made = &self.transfers[before..];
        let loss = made.iter().find(|made| made.kind == TransferKind::OperatorLoss).map(|made| made.id);
        let transfers = u8::try_from(made.len()).map_err(|_| Refusal::TooLarge)?;
        Ok(LostHold { hold, settled, loss, transfers })
    }

    /// Books a settlement that came after its hold had expired: the user pays at most what the hold was and what
    /// is still available, the operator the rest, and the loss booked at expiry is taken back.
    pub fn correct(&mut self, lost: &LostHold, cost: &Cost, now_ms: i64) -> Result<Correction, Refusal> {
        let total = cost.total().ok_or(Refusal::TooLarge)?;
        let hold = &lost.hold;
        let paid = |account| amount_of(&lost.settled.lines, account);
        let mut posting = Posting {
            user: hold.user,
            now_ms,
            cause: hold.request.uuid(),
            next_line: lost.transfers.saturating_add(1),
        };
        if let Some(loss) = lost.loss.filter(|_| lost.settled.operator_loss > Money::ZERO) {
            self.transfer(
                &mut posting,
                Movement {
                    debit: SystemAccount::Revenue.id(Unit::NanoUsd),
                    credit: SystemAccount::OperatorLoss.id(Unit::NanoUsd),
                    unit: Unit::NanoUsd,
                    amount: lost.settled.operator_loss.nanos(),
                    kind: TransferKind::Reversal,
                    reverses: Some(loss),
                },
            );
        }
        let taken = take(hold, cost, total, |line| {
            let available = self.account(line.account).map_or(0, |account| account.balance.available());
            line.held.min(paid(line.account).saturating_add(available.max(0)))
        });
        // What expiry already took counts; only the difference moves now, in either direction.
        self.give_back_excess(&mut posting, lost, &taken.lines);
        let mut settled = Settled {
            cost: total,
            charged: Money::ZERO,
            lines: Vec::new(),
            operator_loss: taken.operator_loss,
        };
        for line in taken.lines {
            let due = line.amount.saturating_sub(paid(line.account));
            self.pay(&mut posting, line.account, line.unit, due, TransferKind::Consumption);
            settled.lines.push(line);
        }
        settled.charged = money_paid(&settled.lines);
        self.bear_loss(&mut posting, settled.operator_loss);
        for held in &hold.budgets {
            let spending = self.spending.entry((held.budget, held.period_start_ms)).or_default();
            let counted = counted_by_budget(lost.settled.cost, lost.settled.operator_loss, held);
            let borne = counted_by_budget(settled.cost, settled.operator_loss, held);
            spending.spent = spending.spent.saturating_sub(counted).saturating_add(borne).max(Money::ZERO);
        }
        Ok(settled)
    }

    /// Takes back what expiry took of each account beyond `due`, and lets it run out where the account has expired.
    fn give_back_excess(&mut self, posting: &mut Posting, lost: &LostHold, due: &[SourceLine]) {
        // Expiry made one transfer for each line that paid, in their order, before any other.
        let paid = lost.settled.lines.iter().filter(|line| line.amount > 0).zip(1_u8..);
        for (line, number) in paid {
            let excess = line.amount.saturating_sub(amount_of(due, line.account));
            if excess > 0 {
                self.transfer(
                    posting,
                    Movement {
                        debit: SystemAccount::consumed(line.unit).id(line.unit),
                        credit: line.account,
                        unit: line.unit,
                        amount: excess,
                        kind: TransferKind::Reversal,
                        reverses: Some(lost.hold.request.transfer(number)),
                    },
                );
                self.expire_rest(posting, line.account);
            }
        }
    }

    /// Releases a hold, posts what was taken of it, and sends on what comes back to an expired account.
    fn end_hold(&mut self, hold: &Hold, taken: Taken, kind: TransferKind, now_ms: i64) -> Settled {
        for line in &hold.lines {
            if let Some(account) = self.account_mut(line.account) {
                account.balance.debits_pending = account.balance.debits_pending.saturating_sub(line.held);
            }
        }
        for held in &hold.budgets {
            let spending = self.spending.entry((held.budget, held.period_start_ms)).or_default();
            spending.pending = spending.pending.saturating_sub(held.amount).max(Money::ZERO);
            spending.spent =
                spending.spent.saturating_add(counted_by_budget(taken.cost, taken.operator_loss, held));
        }
        let mut posting = Posting { user: hold.user, now_ms, cause: hold.request.uuid(), next_line: 1 };
        for line in &taken.lines {
            self.pay(&mut posting, line.account, line.unit, line.amount, kind);
        }
        self.bear_loss(&mut posting, taken.operator_loss);
        for line in &hold.lines {
            self.expire_rest(&mut posting, line.account);
        }
        Settled {
            cost: taken.cost,
            charged: money_paid(&taken.lines),
            lines: taken.lines,
            operator_loss: taken.operator_loss,
        }
    }

    fn pay(&mut self, posting: &mut Posting, from: AccountId, unit: Unit, amount: i64, kind: TransferKind) {
        if amount > 0 {
            let credit = SystemAccount::consumed(unit).id(unit);
            self.transfer(posting, Movement { debit: from, credit, unit, amount, kind, reverses: None });
        }
    }

    /// The operator pays to revenue what users do not, so that revenue equals list cost.
    fn bear_loss(&mut self, posting: &mut Posting, loss: Money) {
        if loss > Money::ZERO {
            self.transfer(
                posting,
                Movement {
                    debit: SystemAccount::OperatorLoss.id(Unit::NanoUsd),
                    credit: SystemAccount::Revenue.id(Unit::NanoUsd),
                    unit: Unit::NanoUsd,
                    amount: loss.nanos(),
                    kind: TransferKind::OperatorLoss,
                    reverses: None,
                },
            );
        }
    }

    /// What an expired account still has available runs out.
    pub(crate) fn expire_rest(&mut self, posting: &mut Posting, id: AccountId) -> i64 {
        let rest = self
            .account(id)
            .filter(|account| account.has_expired(posting.now_ms))
            .map_or(0, |account: &Account| account.balance.available().max(0));
        if let Some(unit) = self.account(id).map(|account| account.unit).filter(|_| rest > 0) {
            self.transfer(
                posting,
                Movement {
                    debit: id,
                    credit: SystemAccount::Expired.id(unit),
                    unit,
                    amount: rest,
                    kind: TransferKind::Expiry,
                    reverses: None,
                },
            );
        }
        rest
    }
}

/// How a cost falls on the lines of a hold.
#[derive(Default)]
struct Taken {
    cost: Money,
    lines: Vec<SourceLine>,
    operator_loss: Money,
}

/// Uses the lines in hold order, each up to `limit`: a calls grant pays everything, token grants the dearest
/// tokens, money the rest; what is left is the operator's.
fn take(hold: &Hold, cost: &Cost, total: Money, limit: impl Fn(&HoldLine) -> i64) -> Taken {
    let mut lines = Vec::new();
    let mut rest = cost.clone();
    let mut owed = total;
    let mut paid_in_money = Money::ZERO;
    for line in &hold.lines {
        let most = limit(line).max(0);
        match line.unit {
            Unit::Calls if most >= 1 => {
                lines.push(SourceLine {
                    account: line.account,
                    unit: line.unit,
                    amount: 1,
                    list_value: owed,
                });
                owed = Money::ZERO;
            }
            Unit::Calls => {}
            Unit::Tokens => {
                let most = u64::try_from(most).unwrap_or(0);
                let coverable = match line.weight_ppm {
                    0 => line.covers,
                    weight => {
                        let tokens = u128::from(most) * 1_000_000 / u128::from(weight);
                        u64::try_from(tokens).unwrap_or(u64::MAX).min(line.covers)
                    }
                };
                let split = rest.without_dearest(coverable);
                let left = split.rest.total().unwrap_or(owed).min(owed);
                let amount = i64::try_from(weigh(split.covered, line.weight_ppm)).unwrap_or(0);
                if split.covered > 0 {
                    let list_value = owed.saturating_sub(left);
                    lines.push(SourceLine { account: line.account, unit: line.unit, amount, list_value });
                }
                rest = split.rest;
                owed = left;
            }
            Unit::NanoUsd => {
                let unpaid = owed.saturating_sub(paid_in_money);
                let amount = most.min(unpaid.nanos());
                if amount > 0 {
                    let list_value = Money::from_nanos(amount);
                    paid_in_money = paid_in_money.saturating_add(list_value);
                    lines.push(SourceLine { account: line.account, unit: line.unit, amount, list_value });
                }
            }
        }
    }
    Taken { cost: total, lines, operator_loss: owed.saturating_sub(paid_in_money) }
}

/// Everything a hold has. What money did not have to hold of the bound is what the grants are worth: the first of
/// them stands for all of it, since a hold does not know which tokens each would have covered.
fn take_all(hold: &Hold) -> Taken {
    let money =
        hold.lines.iter().filter(|line| line.unit == Unit::NanoUsd).map(|line| Money::from_nanos(line.held));
    let mut granted = hold.bound.saturating_sub(money.sum());
    let line = |line: &HoldLine| SourceLine {
        account: line.account,
        unit: line.unit,
        amount: line.held,
        list_value: match line.unit {
            Unit::NanoUsd => Money::from_nanos(line.held),
            Unit::Tokens | Unit::Calls => std::mem::take(&mut granted),
        },
    };
    Taken {
        cost: hold.bound,
        lines: hold.lines.iter().filter(|held| held.held > 0).map(line).collect(),
        operator_loss: Money::ZERO,
    }
}

/// What a call counts against a budget: list cost but for what the operator bears, and never more than was held of
/// the budget, as a grant may pay for an overrun that the limit did not foresee.
fn counted_by_budget(cost: Money, operator_loss: Money, held: &BudgetHold) -> Money {
    cost.saturating_sub(operator_loss).min(held.amount)
}

fn amount_of(lines: &[SourceLine], account: AccountId) -> i64 {
    lines.iter().filter(|line| line.account == account).map(|line| line.amount).sum()
}

fn money_paid(lines: &[SourceLine]) -> Money {
    lines.iter().filter(|line| line.unit == Unit::NanoUsd).map(|line| Money::from_nanos(line.amount)).sum()
}

fn with_affordable(refusal: Refusal, affordable: Option<u64>) -> Refusal {
    match refusal {
        Refusal::InsufficientBalance { needed, available, .. } => {
            Refusal::InsufficientBalance { needed, available, affordable_output: affordable }
        }
        Refusal::BudgetExceeded { budget, period, limit, left, .. } => {
            Refusal::BudgetExceeded { budget, period, limit, left, affordable_output: affordable }
        }
        other => other,
    }
}
