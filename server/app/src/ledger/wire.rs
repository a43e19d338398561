//! The books as the API shows them.

use waystation_api::ledger::{
    Account, AccountTotals, BalanceDetails, LedgerSummary, Transfer, TransferDirection, Unit,
};
use waystation_api::time::Time;
use waystation_ids::{AccountId, AdjustmentId, GrantId, RequestId};
use waystation_ledger::{self as ledger, AccountKind, SystemAccount, TransferKind, WhenUsed};
use waystation_pricing::Money;

/// A user's open accounts at `now_ms`, with the money among them summed.
pub(super) fn wire_balance(accounts: Vec<ledger::Account>, now_ms: i64) -> BalanceDetails {
    let spendable = accounts.iter().filter(|account| {
        let is_money = account.unit == ledger::Unit::NanoUsd && account.kind != AccountKind::Debt;
        is_money && !account.has_expired(now_ms)
    });
    let (available, pending) = spendable.fold((Money::ZERO, Money::ZERO), |(available, pending), account| {
        let balance = account.balance;
        (
            available.saturating_add(Money::from_nanos(balance.available())),
            pending.saturating_add(Money::from_nanos(balance.debits_pending)),
        )
    });
    BalanceDetails {
        available: available.into(),
        pending: pending.into(),
        currency: "USD".to_owned(),
        accounts: accounts.into_iter().map(|account| wire_account(account, now_ms)).collect(),
    }
}

/// What came into a user's open accounts and left them until `now_ms`. Debts are no money of the user's.
pub(super) fn wire_summary(accounts: Vec<ledger::Account>, now_ms: i64) -> LedgerSummary {
    let money = |amount: fn(&ledger::Balance) -> i64| {
        let own = accounts
            .iter()
            .filter(|account| account.unit == ledger::Unit::NanoUsd && account.kind != AccountKind::Debt);
        own.fold(Money::ZERO, |sum, account| sum.saturating_add(Money::from_nanos(amount(&account.balance))))
    };
    let (credited, debited) =
        (money(|balance| balance.credits_posted), money(|balance| balance.debits_posted));
    let totals = |account: &ledger::Account| AccountTotals {
        account_id: account.id,
        kind: account.kind.name().to_owned(),
        unit: wire_unit(account.unit),
        credited: amount_text(account.unit, account.balance.credits_posted),
        debited: amount_text(account.unit, account.balance.debits_posted),
    };
    let by_account = accounts.iter().map(totals).collect();
    let balance = wire_balance(accounts, now_ms);
    LedgerSummary {
        credited: credited.into(),
        debited: debited.into(),
        available: balance.available,
        pending: balance.pending,
        currency: balance.currency,
        accounts: by_account,
    }
}

/// A transfer, seen from the user.
pub(super) fn wire_transfer(transfer: ledger::Transfer) -> Transfer {
    let (direction, account_id, counterpart) =
        match (SystemAccount::of(transfer.debit), SystemAccount::of(transfer.credit)) {
            (Some((site, _)), None) => {
                (TransferDirection::Credit, Some(transfer.credit), site.name().to_owned())
            }
            (None, Some((site, _))) => {
                (TransferDirection::Debit, Some(transfer.debit), site.name().to_owned())
            }
            (None, None) => (TransferDirection::Debit, Some(transfer.debit), transfer.credit.to_string()),
            (Some(_), Some((site, _))) => {
                (TransferDirection::None, None::<AccountId>, site.name().to_owned())
            }
        };
    let cause = transfer.id.cause();
    Transfer {
        id: transfer.id,
        kind: transfer.kind.name().to_owned(),
        direction,
        unit: wire_unit(transfer.unit),
        amount: amount_text(transfer.unit, transfer.amount),
        account_id,
        counterpart,
        cause: match transfer.kind {
            TransferKind::Consumption | TransferKind::OperatorLoss => {
                Some(RequestId::from_uuid(cause).to_string())
            }
            TransferKind::Adjustment => Some(AdjustmentId::from_uuid(cause).to_string()),
            TransferKind::Grant => Some(GrantId::from_uuid(cause).to_string()),
            TransferKind::TopUp | TransferKind::Expiry | TransferKind::Reversal => None,
        },
        reverses: transfer.reverses,
        created_at: Time::from_unix_ms(transfer.created_at_ms),
    }
}

pub(crate) fn wire_unit(unit: ledger::Unit) -> Unit {
    match unit {
        ledger::Unit::NanoUsd => Unit::Usd,
        ledger::Unit::Tokens => Unit::Tokens,
        ledger::Unit::Calls => Unit::Calls,
    }
}

/// An amount of a unit as text: a decimal of USD, or a whole number.
pub(crate) fn amount_text(unit: ledger::Unit, amount: i64) -> String {
    match unit {
        ledger::Unit::NanoUsd => Money::from_nanos(amount).to_string(),
        ledger::Unit::Tokens | ledger::Unit::Calls => amount.to_string(),
    }
}

fn wire_account(account: ledger::Account, now_ms: i64) -> Account {
    let text = |amount| amount_text(account.unit, amount);
    Account {
        id: account.id,
        kind: account.kind.name().to_owned(),
        unit: wire_unit(account.unit),
        available: text(account.balance.available()),
        pending: text(account.balance.debits_pending),
        posted: text(account.balance.posted()),
        expires_at: account.expires_at_ms.map(Time::from_unix_ms),
        expired: account.has_expired(now_ms),
        models: account.terms.models,
        tokens_per_call: account.terms.tokens_per_call,
        weight_ppm: account.terms.weight_ppm,
        when_used: match account.terms.when_used {
            WhenUsed::Cash => "cash",
            WhenUsed::Refuse => "refuse",
        }
        .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use waystation_ids::{TransferId, UserId};

    use super::*;

    fn account(kind: AccountKind, unit: ledger::Unit, credits: i64, pending: i64) -> ledger::Account {
        let user = UserId::new(1, [1; 10]);
        let mut account = ledger::Account::new(AccountId::new(1, [credits as u8; 10]), user, kind, unit);
        account.balance.credits_posted = credits;
        account.balance.debits_pending = pending;
        account
    }

    #[test]
    fn only_money_that_calls_may_use_is_summed() {
        let mut expired = account(AccountKind::Gift, ledger::Unit::NanoUsd, 7, 0);
        expired.expires_at_ms = Some(100);
        let accounts = vec![
            account(AccountKind::Cash, ledger::Unit::NanoUsd, 1_000_000_000, 250_000_000),
            account(AccountKind::Grant, ledger::Unit::Tokens, 500, 20),
            account(AccountKind::Debt, ledger::Unit::NanoUsd, 9, 0),
            expired,
        ];
        let balance = wire_balance(accounts, 100);
        assert_eq!(
            (balance.available.to_string(), balance.pending.to_string()),
            ("0.750000000".into(), "0.250000000".into())
        );
        assert_eq!(balance.accounts.len(), 4);
        assert_eq!((balance.accounts[1].available.as_str(), balance.accounts[1].unit), ("480", Unit::Tokens));
        assert!(balance.accounts[3].expired);
    }

    #[test]
    fn what_came_in_and_left_is_summed_over_money_only() {
        let mut used = account(AccountKind::Cash, ledger::Unit::NanoUsd, 1_000_000_000, 0);
        used.balance.debits_posted = 400_000_000;
        let accounts = vec![
            used,
            account(AccountKind::Grant, ledger::Unit::Tokens, 500, 20),
            account(AccountKind::Debt, ledger::Unit::NanoUsd, 9, 0),
        ];
        let summary = wire_summary(accounts, 100);
        let sums = [summary.credited, summary.debited, summary.available].map(|sum| sum.to_string());
        assert_eq!(sums, ["1.000000000", "0.400000000", "0.600000000"]);
        let tokens = &summary.accounts[1];
        assert_eq!((tokens.credited.as_str(), tokens.debited.as_str()), ("500", "0"));
    }

    fn transfer(debit: AccountId, credit: AccountId, kind: TransferKind) -> Transfer {
        let request = RequestId::new_cause(5, [5; 10]);
        wire_transfer(ledger::Transfer {
            id: request.transfer(1),
            user: UserId::new(1, [1; 10]),
            debit,
            credit,
            unit: ledger::Unit::NanoUsd,
            amount: 2_150,
            kind,
            reverses: None::<TransferId>,
            debit_sequence: 1,
            credit_sequence: 0,
            created_at_ms: 5,
        })
    }

    #[test]
    fn a_transfer_is_shown_from_the_users_side() {
        let own = AccountId::new(9, [9; 10]);
        let site = |account: SystemAccount| account.id(ledger::Unit::NanoUsd);
        let paid = transfer(own, site(SystemAccount::Revenue), TransferKind::Consumption);
        assert_eq!((paid.direction, paid.account_id), (TransferDirection::Debit, Some(own)));
        assert_eq!((paid.counterpart.as_str(), paid.amount.as_str()), ("revenue", "0.000002150"));
        assert_eq!(paid.cause, Some(RequestId::new_cause(5, [5; 10]).to_string()));
        let given = transfer(site(SystemAccount::Adjustments), own, TransferKind::Adjustment);
        assert_eq!((given.direction, given.account_id), (TransferDirection::Credit, Some(own)));
        assert!(given.cause.is_some_and(|cause| cause.starts_with("adj_")));
        let lost = transfer(
            site(SystemAccount::OperatorLoss),
            site(SystemAccount::Revenue),
            TransferKind::OperatorLoss,
        );
        assert_eq!((lost.direction, lost.account_id), (TransferDirection::None, None));
    }
}
