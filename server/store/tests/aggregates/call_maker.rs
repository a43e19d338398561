//! Calls of every kind, made by way of the books.

use std::sync::Arc;

use waystation_ids::{
    AccountId, AdjustmentId, ChannelId, InstanceId, KeyId, PriceVersionId, RequestId, UserId,
};
use waystation_ledger::{
    Account, AccountKind, AttemptRecord, CallRecord, CallStatus, Direction, OutputCap, Reserve, Settlement,
    SystemAccount, TransferKind, Unit, UsageRecord,
};
use waystation_pricing::{Bucket, Cost, Multiplier, Price, Usage, UsageSource};
use waystation_store::{AdjustmentRecord, FundsOrder, FundsTarget, LedgerLanes, NewPriceVersion, Store};

use crate::catalog::create_model;
use crate::database::audited;
use crate::fresh_database::{now_ms, random};

pub const HOUR_MS: i64 = 3_600_000;

/// A site whose calls are made here.
pub struct Maker {
    pub lanes: LedgerLanes,
    pub instance: InstanceId,
}

/// A call to be made: answered, 600 tokens read and 100 written at 2 and 10 USD a million, unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Call {
    pub user: UserId,
    pub key: KeyId,
    pub model: &'static str,
    pub channel: Option<ChannelId>,
    pub begun_ms: i64,
    pub usage: Usage,
    /// None: it costs nothing.
    pub is_paid: bool,
    pub status: CallStatus,
    pub status_code: u16,
    pub error_code: Option<&'static str>,
    pub first_byte_ms: Option<i64>,
    pub attempts: Vec<AttemptRecord>,
}

pub fn key(number: u8) -> KeyId {
    KeyId::new(1, [number; 10])
}

pub fn channel(number: u8) -> ChannelId {
    ChannelId::new(1, [number; 10])
}

pub fn price() -> Price {
    Price { input: "2".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() }
}

/// Lets the site know the price, so that what a lost call used can be estimated.
pub async fn enter_price(store: &Store) {
    let model = create_model(store, "sonnet").await.id;
    let id = PriceVersionId::new(1, [9; 10]);
    let new = NewPriceVersion { id, model, price: price(), effective_at_ms: 0, created_by: None };
    store.create_price_version(new, &audited()).await.unwrap();
}

pub fn attempt(number: u8, channel: ChannelId, error_code: Option<&str>) -> AttemptRecord {
    AttemptRecord {
        number,
        channel,
        credential: None,
        upstream_model: "their-name".to_owned(),
        status_code: Some(if error_code.is_none() { 200 } else { 503 }),
        error_code: error_code.map(str::to_owned),
        error_text: None,
        started_at_ms: now_ms(),
        first_byte_ms: None,
        duration_ms: 5,
    }
}

impl Call {
    pub fn of(user: UserId) -> Call {
        Call {
            user,
            key: key(1),
            model: "sonnet",
            channel: Some(channel(1)),
            begun_ms: now_ms(),
            usage: Usage::none(UsageSource::Reported).with(Bucket::Input, 600).with(Bucket::Output, 100),
            is_paid: true,
            status: CallStatus::Ok,
            status_code: 200,
            error_code: None,
            first_byte_ms: Some(3),
            attempts: Vec::new(),
        }
    }

    /// One that failed, and costs nothing.
    pub fn failed(user: UserId, status_code: u16, error_code: &'static str) -> Call {
        Call {
            usage: Usage::none(UsageSource::Estimated),
            is_paid: false,
            status: CallStatus::Failed,
            status_code,
            error_code: Some(error_code),
            first_byte_ms: None,
            ..Call::of(user)
        }
    }
}

impl Maker {
    pub async fn start(store: &Store) -> Maker {
        let (lanes, _) = LedgerLanes::start(store);
        let instance = InstanceId::new(now_ms(), random());
        store.renew_instance(instance, "test", "0").await.unwrap();
        Maker { lanes, instance }
    }

    /// A user with so much cash and gift credit, in nano-USD.
    pub async fn user(&self, cash: i64, gift: i64) -> UserId {
        let user = UserId::new(now_ms(), random());
        for (kind, amount) in [(AccountKind::Cash, cash), (AccountKind::Gift, gift)] {
            if amount > 0 {
                self.move_funds(user, kind, Direction::Credit, amount, "test").await;
            }
        }
        user
    }

    pub async fn move_funds(
        &self,
        user: UserId,
        kind: AccountKind,
        direction: Direction,
        amount: i64,
        reason: &str,
    ) {
        let target = FundsTarget::Standing(kind, Unit::NanoUsd, AccountId::new(now_ms(), random()));
        self.lanes.move_funds(order(user, target, direction, amount, reason)).await.unwrap();
    }

    /// Gives tokens that may be used until a time.
    pub async fn grant_tokens(&self, user: UserId, tokens: i64, expires_at_ms: Option<i64>) {
        self.grant(user, Unit::Tokens, tokens, expires_at_ms).await;
    }

    /// Gives so many whole calls.
    pub async fn grant_calls(&self, user: UserId, calls: i64) {
        self.grant(user, Unit::Calls, calls, None).await;
    }

    async fn grant(&self, user: UserId, unit: Unit, amount: i64, expires_at_ms: Option<i64>) {
        let id = AccountId::new(now_ms(), random());
        let account = Account { expires_at_ms, ..Account::new(id, user, AccountKind::Grant, unit) };
        let target = FundsTarget::New(Box::new(account));
        self.lanes.move_funds(order(user, target, Direction::Credit, amount, "promotion")).await.unwrap();
    }

    pub async fn hold(&self, call: &Call) -> RequestId {
        let request = RequestId::new_cause(call.begun_ms, random());
        let reserve = Reserve {
            request,
            user: call.user,
            key: call.key,
            instance: self.instance,
            model: call.model.to_owned(),
            price_version: PriceVersionId::new(1, [9; 10]),
            price: price(),
            multiplier: Multiplier::ONE,
            input_bound: 1_000,
            input_estimate: 250,
            choices: 1,
            output_cap: OutputCap::Exactly(500),
            budgets: Vec::new(),
            time_limit_ms: 900_000,
        };
        self.lanes.reserve(reserve).await.unwrap();
        request
    }

    pub async fn make(&self, call: Call) -> RequestId {
        let request = self.hold(&call).await;
        self.lanes.settle(Arc::new(settlement(request, call))).await.unwrap();
        request
    }
}

pub fn settlement(request: RequestId, call: Call) -> Settlement {
    Settlement {
        cost: call.is_paid.then(|| Cost::of(&call.usage, &price(), Multiplier::ONE)),
        record: CallRecord {
            request,
            user: call.user,
            key: call.key,
            model_asked: call.model.to_owned(),
            model_served: call.model.to_owned(),
            channel: call.channel,
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: true,
            usage: UsageRecord::from(&call.usage),
            price_version: PriceVersionId::new(1, [9; 10]),
            multiplier_ppm: 1_000_000,
            output_cap: 500,
            status: call.status,
            status_code: call.status_code,
            error_code: call.error_code.map(str::to_owned),
            first_byte_ms: call.first_byte_ms,
            duration_ms: 9,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: "test".to_owned(),
            started_at_ms: call.begun_ms,
        },
        attempts: call.attempts,
    }
}

fn order(user: UserId, target: FundsTarget, direction: Direction, amount: i64, reason: &str) -> FundsOrder {
    FundsOrder {
        id: AdjustmentId::new_cause(now_ms(), random()).uuid(),
        user,
        target,
        counterpart: SystemAccount::Adjustments,
        direction,
        amount,
        kind: TransferKind::Adjustment,
        record: AdjustmentRecord {
            entered: None,
            reason_code: reason.to_owned(),
            note: String::new(),
            actor: None,
        },
        audit: None,
    }
}
