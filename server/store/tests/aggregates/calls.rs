//! Ended calls, usage by hour, and the books as people look at them.

use std::sync::Arc;

use waystation_ids::{
    AccountId, AdjustmentId, ChannelId, CredentialId, InstanceId, KeyId, PriceVersionId, RequestId, UserId,
};
use waystation_ledger::{
    AccountKind, AttemptRecord, CallRecord, CallStatus, Direction, OutputCap, Reserve, Settlement,
    SystemAccount, TransferKind, Unit, UsageRecord,
};
use waystation_pricing::{Bucket, Cost, Money, Multiplier, Price, Usage, UsageSource};
use waystation_store::{
    AdjustmentRecord, FundsOrder, FundsTarget, LedgerLanes, RequestFilter, Store, StoreError, UsageFilter,
};

use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

const KEY: [u8; 10] = [1; 10];

/// A user with 1 USD of cash.
async fn fund_user(lanes: &LedgerLanes) -> UserId {
    let user = UserId::new(now_ms(), random());
    let order = FundsOrder {
        id: AdjustmentId::new_cause(now_ms(), random()).uuid(),
        user,
        target: FundsTarget::Standing(AccountKind::Cash, Unit::NanoUsd, AccountId::new(now_ms(), random())),
        counterpart: SystemAccount::Adjustments,
        direction: Direction::Credit,
        amount: 1_000_000_000,
        kind: TransferKind::Adjustment,
        record: AdjustmentRecord {
            entered: None,
            reason_code: "test".to_owned(),
            note: String::new(),
            actor: None,
        },
        audit: None,
    };
    lanes.move_funds(order).await.unwrap();
    user
}

fn price() -> Price {
    Price { input: "2".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() }
}

/// A call of 1,000 tokens in, of which 400 came from a cache, and 100 out, with one failed try before.
async fn make_call(lanes: &LedgerLanes, instance: InstanceId, user: UserId, model: &str) -> RequestId {
    let request = RequestId::new_cause(now_ms(), random());
    let call = Reserve {
        request,
        user,
        key: KeyId::new(1, KEY),
        instance,
        model: model.to_owned(),
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
    lanes.reserve(call).await.unwrap();
    let usage = Usage::none(UsageSource::Reported)
        .with(Bucket::Input, 600)
        .with(Bucket::CacheRead, 400)
        .with(Bucket::Output, 100);
    let attempt = |number, status_code| AttemptRecord {
        number,
        channel: ChannelId::new(1, [number; 10]),
        credential: Some(CredentialId::new(1, [number; 10])),
        upstream_model: "their-name".to_owned(),
        status_code: Some(status_code),
        error_code: (status_code != 200).then(|| "upstream_error".to_owned()),
        error_text: (status_code != 200).then(|| "坏了".to_owned()),
        started_at_ms: now_ms(),
        first_byte_ms: Some(2),
        duration_ms: 5,
    };
    let settlement = Settlement {
        cost: Some(Cost::of(&usage, &price(), Multiplier::ONE)),
        record: CallRecord {
            request,
            user,
            key: KeyId::new(1, KEY),
            model_asked: model.to_owned(),
            model_served: model.to_owned(),
            channel: Some(ChannelId::new(1, [2; 10])),
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: true,
            usage: UsageRecord::from(&usage),
            price_version: PriceVersionId::new(1, [9; 10]),
            multiplier_ppm: 1_000_000,
            output_cap: 500,
            status: CallStatus::Ok,
            status_code: 200,
            error_code: None,
            first_byte_ms: Some(3),
            duration_ms: 9,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: "test".to_owned(),
            started_at_ms: now_ms(),
        },
        attempts: vec![attempt(1, 500), attempt(2, 200)],
    };
    lanes.settle(Arc::new(settlement)).await.unwrap();
    request
}

async fn start_lanes(store: &Store) -> (LedgerLanes, InstanceId) {
    let (lanes, _) = LedgerLanes::start(store);
    let instance = InstanceId::new(now_ms(), random());
    store.renew_instance(instance, "test", "0").await.unwrap();
    (lanes, instance)
}

#[tokio::test]
async fn an_ended_call_is_shown_with_its_tries_and_what_paid_for_it() {
    for_each_database(|store, _| async move {
        let (lanes, instance) = start_lanes(&store).await;
        let user = fund_user(&lanes).await;
        let request = make_call(&lanes, instance, user, "sonnet").await;

        let shown = store.load_user_request(user, request).await.unwrap();
        assert_eq!(store.load_request(request).await.unwrap(), shown);
        assert_eq!(shown.cost, Money::from_nanos(3_000_000));
        assert_eq!(shown.charged, shown.cost);
        assert_eq!(shown.sources.len(), 1);
        assert_eq!(shown.sources[0].amount, 3_000_000);
        let usage = Usage::from(&shown.record.usage);
        assert_eq!((usage.get(Bucket::CacheRead), usage.source), (400, UsageSource::Reported));
        let attempts = store.list_attempts(request).await.unwrap();
        let codes: Vec<_> = attempts.iter().map(|attempt| (attempt.number, attempt.status_code)).collect();
        assert_eq!(codes, [(1, Some(500)), (2, Some(200))]);
        assert_eq!(attempts[0].error_text.as_deref(), Some("坏了"));

        let stranger = UserId::new(now_ms(), random());
        let hidden = store.load_user_request(stranger, request).await;
        assert!(matches!(hidden, Err(StoreError::Missing("request"))));
    })
    .await;
}

#[tokio::test]
async fn calls_are_listed_newest_first_and_filtered() {
    for_each_database(|store, _| async move {
        let (lanes, instance) = start_lanes(&store).await;
        let (one, other) = (fund_user(&lanes).await, fund_user(&lanes).await);
        let started_ms = now_ms();
        let first = make_call(&lanes, instance, one, "sonnet").await;
        let second = make_call(&lanes, instance, other, "opus").await;
        let third = make_call(&lanes, instance, one, "opus").await;
        let list = async |filter: RequestFilter, before, limit| {
            let found = store.list_requests(&filter, before, limit).await.unwrap();
            found.into_iter().map(|call| call.record.request).collect::<Vec<_>>()
        };
        let mut all = vec![first, second, third];
        all.sort_by(|a, b| b.cmp(a));
        assert_eq!(list(RequestFilter::default(), None, 10).await, all);
        assert_eq!(list(RequestFilter::default(), Some(all[0]), 1).await, [all[1]]);
        let of_one = RequestFilter { user: Some(one), ..RequestFilter::default() };
        assert_eq!(list(of_one.clone(), None, 10).await.len(), 2);
        let opus_of_one = RequestFilter { model: Some("opus".to_owned()), ..of_one };
        assert_eq!(list(opus_of_one, None, 10).await, [third]);
        for (filter, expected) in [
            (RequestFilter { key: Some(KeyId::new(1, KEY)), ..RequestFilter::default() }, 3),
            (RequestFilter { key: Some(KeyId::new(2, KEY)), ..RequestFilter::default() }, 0),
            (RequestFilter { status: Some(CallStatus::Ok), ..RequestFilter::default() }, 3),
            (RequestFilter { status: Some(CallStatus::Lost), ..RequestFilter::default() }, 0),
            (RequestFilter { status_code: Some(200), ..RequestFilter::default() }, 3),
            (RequestFilter { channel: Some(ChannelId::new(1, [2; 10])), ..RequestFilter::default() }, 3),
            (RequestFilter { channel: Some(ChannelId::new(1, [1; 10])), ..RequestFilter::default() }, 0),
            (RequestFilter { from_ms: Some(started_ms), ..RequestFilter::default() }, 3),
            (RequestFilter { from_ms: Some(now_ms() + 1), ..RequestFilter::default() }, 0),
            (RequestFilter { until_ms: Some(started_ms), ..RequestFilter::default() }, 0),
            (RequestFilter { until_ms: Some(now_ms() + 1), ..RequestFilter::default() }, 3),
        ] {
            assert_eq!(list(filter.clone(), None, 10).await.len(), expected, "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn usage_by_hour_and_model_sums_keys_and_channels() {
    for_each_database(|store, _| async move {
        let (lanes, instance) = start_lanes(&store).await;
        let (one, other) = (fund_user(&lanes).await, fund_user(&lanes).await);
        for (user, model) in [(one, "sonnet"), (one, "sonnet"), (one, "opus"), (other, "opus")] {
            make_call(&lanes, instance, user, model).await;
        }
        let filter =
            UsageFilter { user: Some(one), key: None, model: None, from_ms: 0, until_ms: now_ms() + 1 };
        let usage = store.list_hourly_usage(&filter).await.unwrap();
        let total = |model: &str| {
            let of_model = usage.iter().filter(|hour| hour.model == model);
            of_model.fold((0, 0, 0, 0), |sum, hour| {
                let (requests, input, output, cost) = sum;
                let cost = cost + hour.cost.nanos();
                (requests + hour.requests, input + hour.input_tokens, output + hour.output_tokens, cost)
            })
        };
        assert_eq!(total("sonnet"), (2, 2_000, 200, 6_000_000));
        assert_eq!(total("opus"), (1, 1_000, 100, 3_000_000));
        assert!(usage.iter().all(|hour| hour.hour_ms % 3_600_000 == 0 && hour.charged == hour.cost));
        let of_key = UsageFilter { key: Some(KeyId::new(2, KEY)), ..filter.clone() };
        assert_eq!(store.list_hourly_usage(&of_key).await.unwrap(), []);
        let everyone = UsageFilter { user: None, ..filter };
        let requests: u64 =
            store.list_hourly_usage(&everyone).await.unwrap().iter().map(|hour| hour.requests).sum();
        assert_eq!(requests, 4);
    })
    .await;
}

#[tokio::test]
async fn the_books_of_a_user_show_accounts_and_transfers() {
    for_each_database(|store, _| async move {
        let (lanes, instance) = start_lanes(&store).await;
        let user = fund_user(&lanes).await;
        fund_user(&lanes).await;
        let request = make_call(&lanes, instance, user, "sonnet").await;
        let accounts = store.list_accounts(user).await.unwrap();
        assert_eq!(accounts.len(), 1);
        assert_eq!((accounts[0].kind, accounts[0].balance.available()), (AccountKind::Cash, 997_000_000));
        let transfers = store.list_transfers(user, None, 10).await.unwrap();
        assert_eq!(transfers.len(), 2);
        assert_eq!((transfers[0].id, transfers[0].amount), (request.transfer(1), 3_000_000));
        assert_eq!(transfers[0].kind, TransferKind::Consumption);
        let older = store.list_transfers(user, Some(transfers[0].id), 10).await.unwrap();
        assert_eq!(older, transfers[1..]);
    })
    .await;
}
