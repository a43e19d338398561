//! Units that come in, go out or run out without a call.

use uuid::Uuid;
use waystation_ids::{AccountId, UserId};

use crate::account::SystemAccount;
use crate::books::{Books, Movement, Posting, Refusal};
use crate::transfer::TransferKind;

/// Which way funds move, seen from the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the user.
    Credit,
    /// From the user.
    Debit,
}

/// Facts of a movement between a user's account and one of the site's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoveFunds {
    /// The operation's id, whose last byte is zero.
    pub cause: Uuid,
    /// Whose account.
    pub user: UserId,
    /// Which account.
    pub account: AccountId,
    /// The site's side.
    pub counterpart: SystemAccount,
    /// Which way.
    pub direction: Direction,
    /// How many units; positive.
    pub amount: i64,
    /// Why.
    pub kind: TransferKind,
}

/// What a movement changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundsMoved {
    /// What the account held before, open holds included.
    pub before: i64,
    /// What it holds now.
    pub after: i64,
}

impl Books {
    /// Credits or debits a user's account. A debit takes only what is available.
    pub fn move_funds(&mut self, order: &MoveFunds, now_ms: i64) -> Result<FundsMoved, Refusal> {
        if order.amount <= 0 {
            return Err(Refusal::NotPositive);
        }
        let account = self
            .account(order.account)
            .filter(|account| account.user == order.user)
            .ok_or(Refusal::NoAccount)?;
        let (unit, before) = (account.unit, account.balance.posted());
        let counterpart = order.counterpart.id(unit);
        let (debit, credit) = match order.direction {
            Direction::Credit => {
                account.balance.credits_posted.checked_add(order.amount).ok_or(Refusal::TooLarge)?;
                (counterpart, account.id)
            }
            Direction::Debit => {
                let available = account.balance.available();
                if order.amount > available {
                    return Err(Refusal::InsufficientFunds { available });
                }
                (account.id, counterpart)
            }
        };
        let mut posting = Posting { user: order.user, now_ms, cause: order.cause, next_line: 1 };
        let movement =
            Movement { debit, credit, unit, amount: order.amount, kind: order.kind, reverses: None };
        self.transfer(&mut posting, movement);
        let after = self.account(order.account).map_or(before, |account| account.balance.posted());
        Ok(FundsMoved { before, after })
    }

    /// Lets what an expired account has available run out; what open holds may still take stays. Gives the
    /// amount, 0 when there was nothing or the account has not expired.
    pub fn expire_account(&mut self, cause: Uuid, id: AccountId, now_ms: i64) -> Result<i64, Refusal> {
        let user = self.account(id).ok_or(Refusal::NoAccount)?.user;
        let mut posting = Posting { user, now_ms, cause, next_line: 1 };
        Ok(self.expire_rest(&mut posting, id))
    }
}
