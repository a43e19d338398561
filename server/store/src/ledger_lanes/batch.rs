//! One transaction: lock, decide each order in memory, write, commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use uuid::Uuid;
use waystation_ids::{AccountId, RequestId, TransferId};
use waystation_ledger::{
    Account, AccountKind, Books, CallRecord, CallStatus, Hold, LostHold, MoveFunds, Refusal, Settled,
    Settlement, SourceLine, Unit, UsageRecord,
};
use waystation_pricing::{Bucket, Money, Usage, UsageSource};

use crate::audit_log::append_audits;
use crate::book_transaction::BookTransaction;
use crate::connection::Store;
use crate::error::StoreError;
use crate::ledger_lanes::book_rows::{
    StoredAccount, delete_holds, insert_accounts, insert_holds, insert_transfers, lock_accounts,
    lock_budgets, lock_holds, write_accounts, write_spending,
};
use crate::ledger_lanes::call_rows::{EndedCall, EndingCall, Rollup, lock_ended_calls, write_ending_calls};
use crate::ledger_lanes::order::{
    Answer, Expire, FundsOrder, FundsReceipt, FundsTarget, LaneError, Order, Reply,
};
use crate::ledger_lanes::row_writer::{RowWriter, WhenThere};

const ADJUSTMENTS: RowWriter = RowWriter {
    table: "adjustments",
    columns: &[
        "id",
        "user_id",
        "account_id",
        "direction",
        "amount",
        "unit",
        "entered_amount",
        "entered_currency",
        "reason_code",
        "note",
        "actor_id",
        "balance_before",
        "balance_after",
        "created_at_ms",
    ],
    when_there: WhenThere::Refuse,
};

/// Why a transaction did not end well.
#[derive(Debug)]
pub(crate) struct BatchFailure {
    pub error: Arc<StoreError>,
    /// The commit was sent and not answered: it may have happened.
    pub commit_unknown: bool,
    /// Repeating does not help; one of the orders may be the cause.
    pub poisoned: bool,
}

/// Runs the orders as one transaction, or gives nothing where one of them was withdrawn before the commit: whoever
/// asked for it has said something else meanwhile, and must not be proved wrong. With `verify`, an earlier run of
/// the same orders may have been committed: what it did is found by its ids, behind the same locks, and only
/// answered.
pub(crate) async fn run_batch(
    store: &Store,
    orders: &[Order],
    verify: bool,
    is_withdrawn: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<Answer>>, BatchFailure> {
    let tx = store.begin_on_books().await?;
    let mut work = Work::load(&tx, orders, verify).await?;
    let answers = orders.iter().map(|order| work.decide(order)).collect();
    work.write(&tx).await?;
    // What may have been committed before cannot be withdrawn any more.
    if !verify && is_withdrawn() {
        return Ok(None);
    }
    match tx.commit().await {
        Ok(()) => Ok(Some(answers)),
        Err(error) => Err(BatchFailure { commit_unknown: true, ..error.into() }),
    }
}

/// Everything one transaction works on.
struct Work {
    now_ms: i64,
    books: Books,
    /// Accounts as they were, to see which changed; new ones are missing here.
    loaded: HashMap<AccountId, (Account, i64)>,
    loaded_holds: BTreeSet<RequestId>,
    loaded_spending: BTreeMap<(waystation_ids::BudgetId, i64), waystation_ledger::Spending>,
    ended: BTreeMap<RequestId, EndedCall>,
    receipts: BTreeMap<Uuid, FundsReceipt>,
    ending: Vec<EndingCall>,
    funds: Vec<(FundsOrder, FundsReceipt)>,
}

impl Work {
    async fn load(tx: &BookTransaction, orders: &[Order], verify: bool) -> Result<Self, StoreError> {
        let users: BTreeSet<Uuid> = orders.iter().map(|order| order.user().uuid()).collect();
        let accounts = lock_accounts(tx, &Vec::from_iter(users)).await?;
        let holds = lock_holds(tx, &hold_ids(orders, verify)).await?;
        let mut books = Books::default();
        let loaded_holds: BTreeMap<RequestId, Hold> =
            holds.into_iter().map(|hold| (hold.request, hold)).collect();
        let ended = lock_ended_calls(tx, &ended_ids(orders, &loaded_holds, verify)).await?;
        lock_budgets(tx, &mut books, &budget_periods(orders, &loaded_holds, &ended)).await?;
        let receipts = lock_receipts(tx, orders).await?;
        let now_ms = tx.now_ms().await?;
        let mut loaded = HashMap::with_capacity(accounts.len());
        for (account, created_at_ms) in accounts {
            books.insert_account(account.clone());
            loaded.insert(account.id, (account, created_at_ms));
        }
        let loaded_spending = books.spending.clone();
        books.holds = loaded_holds;
        let loaded_holds = books.holds.keys().copied().collect();
        Ok(Work {
            now_ms,
            books,
            loaded,
            loaded_holds,
            loaded_spending,
            ended,
            receipts,
            ending: Vec::new(),
            funds: Vec::new(),
        })
    }

    fn decide(&mut self, order: &Order) -> Answer {
        match order {
            Order::Reserve(call) => {
                if let Some(hold) = self.books.holds.get(&call.request) {
                    // Committed by a run whose answer was lost.
                    return Ok(Reply::Held(hold.clone()));
                }
                if self.ended.contains_key(&call.request) {
                    return Err(LaneError::Refused(Refusal::NoHold));
                }
                let hold = self.books.reserve(call, self.now_ms).map_err(LaneError::Refused)?;
                Ok(Reply::Held(hold.clone()))
            }
            Order::Settle(settlement) => {
                self.settle(settlement).map(Reply::Settled).map_err(LaneError::Refused)
            }
            Order::Release { request, .. } => {
                // Nobody was told of this hold; if it is not there, there is nothing to give back.
                let _ = self.books.void(*request, self.now_ms);
                Ok(Reply::Amount(0))
            }
            Order::Expire(expire) => self.expire(expire).map(Reply::Settled).map_err(LaneError::Refused),
            Order::MoveFunds(order) => self.move_funds(order).map(Reply::Moved).map_err(LaneError::Refused),
            Order::ExpireAccount { account, cause, .. } => self
                .books
                .expire_account(*cause, *account, self.now_ms)
                .map(Reply::Amount)
                .map_err(LaneError::Refused),
        }
    }

    fn settle(&mut self, settlement: &Arc<Settlement>) -> Result<Settled, Refusal> {
        let request = settlement.record.request;
        let result = match &settlement.cost {
            Some(cost) => self.books.post(request, cost, self.now_ms),
            None => self.books.void(request, self.now_ms),
        };
        let (settled, replaces) = match result {
            Ok(settled) => (settled, None),
            Err(Refusal::NoHold) => match self.find_ended(request) {
                None => return Err(Refusal::NoHold),
                Some((Some(lost), ended, rollup)) if settlement.cost.is_some() || !ended.lines.is_empty() => {
                    let cost = settlement.cost.clone().unwrap_or_default();
                    let settled = self.books.correct(&lost, &cost, self.now_ms)?;
                    self.ending.retain(|call| call.settlement.record.request != request);
                    (settled, rollup)
                }
                // Posted, voided or corrected already: the same answer, no effect. And a void that comes after the
                // hold expired finds nothing to give back, unless expiry took something.
                Some((_, settled, _)) => return Ok(settled),
            },
            Err(refusal) => return Err(refusal),
        };
        self.ending.push(EndingCall {
            settlement: settlement.clone(),
            gift: self.gift_paid(&settled),
            settled: settled.clone(),
            lost: None,
            ended_at_ms: self.now_ms,
            replaces,
        });
        Ok(settled)
    }

    /// A call that ended before this transaction or earlier in it: its hold if it was lost, how it ended, and the
    /// stored row's part of the roll-ups.
    fn find_ended(&self, request: RequestId) -> Option<(Option<LostHold>, Settled, Option<Rollup>)> {
        let now = self.ending.iter().rev().find(|call| call.settlement.record.request == request);
        let now = now.map(|call| (call.lost.clone(), call.settled.clone(), call.replaces.clone()));
        now.or_else(|| {
            let ended = self.ended.get(&request)?;
            Some((ended.lost.clone(), ended.settled.clone(), Some(ended.rollup.clone())))
        })
    }

    fn expire(&mut self, expire: &Expire) -> Result<Settled, Refusal> {
        let lost = self.books.expire(expire.request, expire.rule, &expire.estimate, self.now_ms)?;
        let settled = lost.settled.clone();
        self.ending.push(EndingCall {
            settlement: Arc::new(Settlement { cost: None, record: lost_record(&lost), attempts: Vec::new() }),
            gift: self.gift_paid(&settled),
            settled: settled.clone(),
            ended_at_ms: self.now_ms,
            lost: Some(lost),
            replaces: None,
        });
        Ok(settled)
    }

    /// What of a call's price gift credit paid.
    fn gift_paid(&self, settled: &Settled) -> Money {
        let is_gift = |line: &&SourceLine| {
            line.unit == Unit::NanoUsd
                && self.books.account(line.account).is_some_and(|account| account.kind == AccountKind::Gift)
        };
        settled.lines.iter().filter(is_gift).map(|line| Money::from_nanos(line.amount)).sum()
    }

    fn move_funds(&mut self, order: &FundsOrder) -> Result<FundsReceipt, Refusal> {
        if let Some(receipt) = self.receipts.get(&order.id) {
            return Ok(receipt.clone());
        }
        let (account, opened) = match &order.target {
            FundsTarget::New(account) if self.books.account(account.id).is_some() => {
                return Err(Refusal::AccountExists);
            }
            FundsTarget::New(account) => ((**account).clone(), true),
            FundsTarget::Account(id) => {
                let known = self.books.accounts_of(order.user).find(|account| account.id == *id);
                (known.ok_or(Refusal::NoAccount)?.clone(), false)
            }
            FundsTarget::Standing(kind, unit, new_id) => {
                let standing = self.books.accounts_of(order.user).find(|account| {
                    account.kind == *kind
                        && account.unit == *unit
                        && account.expires_at_ms.is_none()
                        && account.terms == waystation_ledger::Terms::default()
                });
                match standing {
                    Some(account) => (account.clone(), false),
                    None => (Account::new(*new_id, order.user, *kind, *unit), true),
                }
            }
        };
        let (id, unit) = (account.id, account.unit);
        let movement = MoveFunds {
            cause: order.id,
            user: order.user,
            account: id,
            counterpart: order.counterpart,
            direction: order.direction,
            amount: order.amount,
            kind: order.kind,
        };
        if opened {
            // An account is opened only by a movement that succeeds.
            let mut trial = Books::default();
            trial.insert_account(account.clone());
            trial.move_funds(&movement, self.now_ms)?;
            self.books.insert_account(account);
        }
        let moved = self.books.move_funds(&movement, self.now_ms)?;
        let mut transfer = *order.id.as_bytes();
        transfer[15] = 1;
        let receipt = FundsReceipt {
            account: id,
            unit,
            before: moved.before,
            after: moved.after,
            transfer: TransferId::from_uuid(Uuid::from_bytes(transfer)),
        };
        self.receipts.insert(order.id, receipt.clone());
        self.funds.push((order.clone(), receipt.clone()));
        Ok(receipt)
    }

    async fn write(&self, tx: &BookTransaction) -> Result<(), StoreError> {
        let (known, opened): (Vec<_>, Vec<_>) = self
            .changed_accounts()
            .into_iter()
            .partition(|(account, _)| self.loaded.contains_key(&account.id));
        write_accounts(tx, &known).await?;
        insert_accounts(tx, &opened).await?;
        let ended: Vec<Uuid> = self
            .loaded_holds
            .iter()
            .filter(|id| !self.books.holds.contains_key(id))
            .map(|id| id.uuid())
            .collect();
        delete_holds(tx, &ended).await?;
        let taken: Vec<&Hold> =
            self.books.holds.values().filter(|hold| !self.loaded_holds.contains(&hold.request)).collect();
        insert_holds(tx, &taken).await?;
        let spending = self
            .books
            .spending
            .iter()
            .filter(|(key, spending)| self.loaded_spending.get(key) != Some(spending))
            .map(|(key, spending)| (*key, *spending))
            .collect();
        write_spending(tx, &spending).await?;
        insert_transfers(tx, &self.books.transfers).await?;
        write_ending_calls(tx, &self.ending).await?;
        self.write_adjustments(tx).await?;
        // Last: whoever appends to the log waits for whoever has appended before.
        let told =
            self.funds.iter().filter_map(|(order, receipt)| Some(order.audit.as_ref()?.entry(receipt)));
        append_audits(tx, &told.collect::<Vec<_>>()).await
    }

    fn changed_accounts(&self) -> Vec<StoredAccount> {
        self.books
            .accounts()
            .filter_map(|account| match self.loaded.get(&account.id) {
                Some((before, _)) if before == account => None,
                Some((_, created_at_ms)) => Some((account.clone(), *created_at_ms)),
                None => Some((account.clone(), self.now_ms)),
            })
            .collect()
    }

    async fn write_adjustments(&self, tx: &BookTransaction) -> Result<(), StoreError> {
        let values = self.funds.iter().flat_map(|(order, receipt)| {
            let record = &order.record;
            let direction = match order.direction {
                waystation_ledger::Direction::Credit => "credit",
                waystation_ledger::Direction::Debit => "debit",
            };
            [
                order.id.into(),
                order.user.uuid().into(),
                receipt.account.uuid().into(),
                direction.into(),
                order.amount.into(),
                receipt.unit.name().into(),
                record.entered.as_ref().map(|(amount, _)| amount.clone()).into(),
                record.entered.as_ref().map(|(_, currency)| currency.clone()).into(),
                record.reason_code.as_str().into(),
                record.note.as_str().into(),
                record.actor.map(|actor| actor.uuid()).into(),
                receipt.before.into(),
                receipt.after.into(),
                self.now_ms.into(),
            ]
        });
        ADJUSTMENTS.write(tx, values.collect()).await
    }
}

/// Holds that orders end, and with `verify` those that they may have taken.
fn hold_ids(orders: &[Order], verify: bool) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> = orders
        .iter()
        .filter_map(|order| match order {
            Order::Settle(settlement) => Some(settlement.record.request.uuid()),
            Order::Release { request, .. } => Some(request.uuid()),
            Order::Expire(expire) => Some(expire.request.uuid()),
            Order::Reserve(call) if verify => Some(call.request.uuid()),
            _ => None,
        })
        .collect();
    Vec::from_iter(ids)
}

/// Calls that may have ended already: settlements without a hold, and with `verify` all.
fn ended_ids(orders: &[Order], holds: &BTreeMap<RequestId, Hold>, verify: bool) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> = orders
        .iter()
        .filter_map(|order| match order {
            Order::Settle(settlement) => Some(settlement.record.request),
            Order::Reserve(call) if verify => Some(call.request),
            _ => None,
        })
        .filter(|request| !holds.contains_key(request))
        .map(|request| request.uuid())
        .collect();
    Vec::from_iter(ids)
}

/// Budgets that the orders may change: those asked for, those of holds that end, and those of lost calls that may be
/// corrected. One that were missing would be written as if its period had used nothing.
fn budget_periods(
    orders: &[Order],
    holds: &BTreeMap<RequestId, Hold>,
    ended: &BTreeMap<RequestId, EndedCall>,
) -> Vec<(waystation_ids::BudgetId, i64)> {
    let asked = orders.iter().filter_map(|order| match order {
        Order::Reserve(call) => Some(call.budgets.iter().copied()),
        _ => None,
    });
    let lost = ended.values().filter_map(|call| call.lost.as_ref()).map(|lost| &lost.hold);
    let held = holds.values().chain(lost).flat_map(|hold| &hold.budgets);
    let held = held.map(|held| (held.budget, held.period_start_ms));
    let periods: BTreeSet<_> = asked.flatten().chain(held).collect();
    Vec::from_iter(periods)
}

/// Manual changes that were made already.
async fn lock_receipts(
    tx: &BookTransaction,
    orders: &[Order],
) -> Result<BTreeMap<Uuid, FundsReceipt>, StoreError> {
    let ids: Vec<Uuid> = orders
        .iter()
        .filter_map(|order| match order {
            Order::MoveFunds(order) => Some(order.id),
            _ => None,
        })
        .collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = Query::select()
        .columns(["id", "account_id", "unit", "balance_before", "balance_after"])
        .from("adjustments")
        .and_where(Expr::col("id").is_in(ids))
        .lock_exclusive()
        .take();
    let mut receipts = BTreeMap::new();
    for row in tx.query(&query).await? {
        let id = row.id("id")?;
        let unit = row.text("unit")?;
        let mut transfer = *id.as_bytes();
        transfer[15] = 1;
        receipts.insert(
            id,
            FundsReceipt {
                account: AccountId::from_uuid(row.id("account_id")?),
                unit: waystation_ledger::Unit::from_name(&unit).ok_or(StoreError::Unreadable("unit"))?,
                before: row.number("balance_before")?,
                after: row.number("balance_after")?,
                transfer: TransferId::from_uuid(Uuid::from_bytes(transfer)),
            },
        );
    }
    Ok(receipts)
}

/// The row of a call whose process died: what its hold knows of it.
fn lost_record(lost: &LostHold) -> CallRecord {
    let hold = &lost.hold;
    let usage = Usage::none(UsageSource::Estimated).with(Bucket::Input, hold.input_estimate);
    CallRecord {
        request: hold.request,
        user: hold.user,
        key: hold.key,
        model_asked: hold.model.clone(),
        model_served: hold.model.clone(),
        channel: None,
        dialect: "unknown".to_owned(),
        route: String::new(),
        method: String::new(),
        stream: false,
        usage: UsageRecord::from(&usage),
        price_version: hold.price_version,
        multiplier_ppm: hold.multiplier.ppm(),
        output_cap: hold.output_cap,
        status: CallStatus::Lost,
        status_code: 0,
        error_code: Some("lost".to_owned()),
        first_byte_ms: None,
        // How long it ran is not known; its time limit bounds it.
        duration_ms: hold.deadline_ms.saturating_sub(hold.admitted_at_ms),
        client_ip: String::new(),
        user_agent: String::new(),
        started_at_ms: hold.admitted_at_ms,
    }
}
