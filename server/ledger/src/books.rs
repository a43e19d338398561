//! The rows an operation may touch, and what all operations share.

use std::collections::BTreeMap;

use thiserror::Error;
use waystation_ids::{AccountId, BudgetId, RequestId, TransferId, UserId};
use waystation_pricing::Money;

use crate::account::{Account, Unit};
use crate::budget::{Budget, BudgetPeriod, Spending};
use crate::hold::Hold;
use crate::transfer::{Transfer, TransferKind};

/// A working set of the books. Rows are loaded (locked) before an operation and written back after it.
#[derive(Clone, Debug, Default)]
pub struct Books {
    accounts: BTreeMap<AccountId, Account>,
    by_user: BTreeMap<UserId, Vec<AccountId>>,
    /// Limits.
    pub budgets: BTreeMap<BudgetId, Budget>,
    /// What periods of these limits have used; a period without a row has used nothing.
    pub spending: BTreeMap<(BudgetId, i64), Spending>,
    /// Open holds.
    pub holds: BTreeMap<RequestId, Hold>,
    /// Transfers made since the books were loaded, in order.
    pub transfers: Vec<Transfer>,
}

/// Why an operation was refused. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The user's sources cannot pay for what the call may cost.
    #[error("the balance is not enough")]
    InsufficientBalance {
        /// The most the call may cost, in money.
        needed: Money,
        /// The money that could be used for it.
        available: Money,
        /// The largest output cap that could be paid, if any.
        affordable_output: Option<u64>,
    },
    /// The user's account holds less than should be taken from it, in the account's unit.
    #[error("the account holds less than that")]
    InsufficientFunds {
        /// What could be taken.
        available: i64,
    },
    /// A budget would be exceeded.
    #[error("a budget would be exceeded")]
    BudgetExceeded {
        /// Which budget.
        budget: BudgetId,
        /// How long it lasts.
        period: BudgetPeriod,
        /// Its limit.
        limit: Money,
        /// What is left of it.
        left: Money,
        /// The largest output cap that it still allows, if any.
        affordable_output: Option<u64>,
    },
    /// There is no open hold for this call.
    #[error("there is no open hold for the call")]
    NoHold,
    /// There is already a hold for this call.
    #[error("the call is held already")]
    AlreadyHeld,
    /// The account is not in the books, or is not this user's.
    #[error("there is no such account")]
    NoAccount,
    /// The account to be opened is there already.
    #[error("the account exists already")]
    AccountExists,
    /// A sum does not fit into 64 bits.
    #[error("the amount is too large for the books")]
    TooLarge,
    /// An amount that must be positive is not.
    #[error("the amount must be positive")]
    NotPositive,
    /// The account counts another unit.
    #[error("the account counts another unit")]
    WrongUnit,
}

/// The transfers of one operation, numbered on from the line before `next_line`.
pub(crate) struct Posting {
    pub user: UserId,
    pub now_ms: i64,
    /// The operation's id; its last byte counts the transfers.
    pub cause: uuid::Uuid,
    pub next_line: u8,
}

/// One movement of a [`Posting`]; the amount is positive.
pub(crate) struct Movement {
    pub debit: AccountId,
    pub credit: AccountId,
    pub unit: Unit,
    pub amount: i64,
    pub kind: TransferKind,
    pub reverses: Option<TransferId>,
}

impl Books {
    /// Adds a loaded account.
    pub fn insert_account(&mut self, account: Account) {
        let of_user = self.by_user.entry(account.user).or_default();
        if self.accounts.insert(account.id, account.clone()).is_none() {
            of_user.push(account.id);
        }
    }

    /// An account in the books.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// Every account in the books, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The accounts of one user.
    pub fn accounts_of(&self, user: UserId) -> impl Iterator<Item = &Account> {
        self.by_user.get(&user).into_iter().flatten().filter_map(|id| self.accounts.get(id))
    }

    pub(crate) fn account_mut(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.get_mut(&id)
    }

    /// Moves units and numbers the transfer. The caller has checked what may be taken and that the sums fit, so
    /// that an operation never stops half-way.
    pub(crate) fn transfer(&mut self, posting: &mut Posting, movement: Movement) -> TransferId {
        let Movement { debit, credit, unit, amount, kind, reverses } = movement;
        debug_assert!(amount > 0, "a transfer moves a positive amount");
        let debit_sequence = self.accounts.get_mut(&debit).map_or(0, |account| {
            account.balance.debits_posted = account.balance.debits_posted.saturating_add(amount);
            account.sequence += 1;
            account.sequence
        });
        let credit_sequence = self.accounts.get_mut(&credit).map_or(0, |account| {
            account.balance.credits_posted = account.balance.credits_posted.saturating_add(amount);
            account.sequence += 1;
            account.sequence
        });
        let mut bytes = *posting.cause.as_bytes();
        bytes[15] = posting.next_line;
        posting.next_line = posting.next_line.saturating_add(1);
        let id = TransferId::from_uuid(uuid::Uuid::from_bytes(bytes));
        self.transfers.push(Transfer {
            id,
            user: posting.user,
            debit,
            credit,
            unit,
            amount,
            kind,
            reverses,
            debit_sequence,
            credit_sequence,
            created_at_ms: posting.now_ms,
        });
        id
    }
}
