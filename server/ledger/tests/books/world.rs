//! Books to start from, and the check that they balance.

use std::collections::BTreeMap;

use uuid::Uuid;
use waystation_ids::{AccountId, BudgetId, InstanceId, KeyId, PriceVersionId, RequestId, UserId};
use waystation_ledger::{
    Account, AccountKind, Books, Direction, MoveFunds, OutputCap, Reserve, Settled, SystemAccount,
    TransferKind, Unit,
};
use waystation_pricing::{Bucket, Cost, Money, Multiplier, Price, Usage, UsageSource};

pub const NOW: i64 = 1_795_000_000_000;

pub fn user(number: u8) -> UserId {
    UserId::new(1, [number; 10])
}

pub fn account_id(number: u8) -> AccountId {
    AccountId::new(2, [number; 10])
}

pub fn request(number: u32) -> RequestId {
    let bytes = number.to_be_bytes();
    RequestId::new_cause(3, [0, 0, bytes[0], bytes[1], bytes[2], bytes[3], 0, 0, 0, 0])
}

pub fn budget_id(number: u8) -> BudgetId {
    BudgetId::new(4, [number; 10])
}

/// 2 USD a million in, 10 USD a million out.
pub fn price() -> Price {
    Price { input: "2".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() }
}

pub fn call(number: u32, user: UserId) -> Reserve {
    Reserve {
        request: request(number),
        user,
        key: KeyId::new(5, [0; 10]),
        instance: InstanceId::new(6, [0; 10]),
        model: "sonnet".to_owned(),
        price_version: PriceVersionId::new(7, [0; 10]),
        price: price(),
        multiplier: Multiplier::ONE,
        input_bound: 1_000,
        input_estimate: 300,
        choices: 1,
        output_cap: OutputCap::Exactly(500),
        budgets: Vec::new(),
        time_limit_ms: 900_000,
    }
}

pub fn cost_of(input: u64, output: u64) -> Cost {
    let usage = Usage::none(UsageSource::Reported).with(Bucket::Input, input).with(Bucket::Output, output);
    Cost::of(&usage, &price(), Multiplier::ONE)
}

pub fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

/// Adds an account and credits it by a transfer.
pub fn fund(books: &mut Books, mut account: Account, amount: i64) -> AccountId {
    account.balance = Default::default();
    let (id, user) = (account.id, account.user);
    books.insert_account(account);
    let cause = Uuid::from_u128(id.uuid().as_u128() & !0xff ^ 0xabcd << 64);
    let order = MoveFunds {
        cause,
        user,
        account: id,
        counterpart: SystemAccount::Payments,
        direction: Direction::Credit,
        amount,
        kind: TransferKind::TopUp,
    };
    books.move_funds(&order, NOW).unwrap();
    id
}

pub fn account(number: u8, kind: AccountKind, unit: Unit) -> Account {
    Account::new(account_id(number), user(1), kind, unit)
}

pub fn cash(books: &mut Books, amount: &str) -> AccountId {
    fund(books, account(1, AccountKind::Cash, Unit::NanoUsd), usd(amount).nanos())
}

pub fn available(books: &Books, id: AccountId) -> i64 {
    books.account(id).unwrap().balance.available()
}

/// Every account equals its transfers, nothing is negative, pending equals open holds, numbering has no gap.
pub fn check(books: &Books) {
    let mut sums: BTreeMap<AccountId, (i64, i64, Vec<i64>)> = BTreeMap::new();
    let mut ids = Vec::new();
    for transfer in &books.transfers {
        assert!(transfer.amount > 0);
        ids.push(transfer.id);
        let debit = sums.entry(transfer.debit).or_default();
        debit.1 += transfer.amount;
        debit.2.push(transfer.debit_sequence);
        let credit = sums.entry(transfer.credit).or_default();
        credit.0 += transfer.amount;
        credit.2.push(transfer.credit_sequence);
        for (id, other) in [(transfer.debit, transfer.credit), (transfer.credit, transfer.debit)] {
            if let Some((_, unit)) = SystemAccount::of(id) {
                assert_eq!(unit, transfer.unit, "a transfer crosses units");
            } else {
                assert_eq!(books.account(id).unwrap().unit, transfer.unit);
                assert!(SystemAccount::of(other).is_some());
            }
        }
    }
    ids.sort();
    let made = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), made, "two transfers share an id");
    for account in books.accounts() {
        let (credits, debits, sequences) = sums.remove(&account.id).unwrap_or_default();
        assert_eq!(account.balance.credits_posted, credits);
        assert_eq!(account.balance.debits_posted, debits);
        assert_eq!(sequences, (1..=account.sequence).collect::<Vec<_>>());
        assert!(account.balance.available() >= 0, "overdrawn: {account:?}");
        let held: i64 = books
            .holds
            .values()
            .flat_map(|hold| &hold.lines)
            .filter(|line| line.account == account.id)
            .map(|line| line.held)
            .sum();
        assert_eq!(account.balance.debits_pending, held, "pending is not the open holds");
    }
    for (key, spending) in &books.spending {
        let held: Money = books
            .holds
            .values()
            .flat_map(|hold| &hold.budgets)
            .filter(|held| (held.budget, held.period_start_ms) == *key)
            .map(|held| held.amount)
            .sum();
        assert_eq!(spending.pending, held);
        assert!(!spending.spent.is_negative());
    }
}

/// What a call's row will say is what its transfers moved, and adds up to its cost.
pub fn check_lines(books: &Books, number: u32, settled: &Settled) {
    let mut moved: BTreeMap<AccountId, i64> = BTreeMap::new();
    for transfer in books.transfers.iter().filter(|transfer| transfer.id.cause() == request(number).uuid()) {
        match transfer.kind {
            TransferKind::Consumption => *moved.entry(transfer.debit).or_default() += transfer.amount,
            TransferKind::Reversal => *moved.entry(transfer.credit).or_default() -= transfer.amount,
            TransferKind::OperatorLoss => *moved.entry(transfer.debit).or_default() += transfer.amount,
            _ => {}
        }
    }
    let loss = moved.remove(&SystemAccount::OperatorLoss.id(Unit::NanoUsd)).unwrap_or_default();
    assert_eq!(loss, settled.operator_loss.nanos());
    moved.retain(|_, amount| *amount != 0);
    let mut lines: BTreeMap<AccountId, i64> = BTreeMap::new();
    for line in settled.lines.iter().filter(|line| line.amount != 0) {
        *lines.entry(line.account).or_default() += line.amount;
    }
    assert_eq!(lines, moved, "the lines are not the transfers: {settled:?}");
    let worth: Money = settled.lines.iter().map(|line| line.list_value).sum();
    assert_eq!(
        worth.saturating_add(settled.operator_loss),
        settled.cost,
        "the lines do not add up: {settled:?}"
    );
}
