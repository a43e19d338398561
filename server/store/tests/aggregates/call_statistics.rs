//! What calls used and how they failed, summed.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, Database};
use waystation_ids::UserId;
use waystation_ledger::{CallStatus, Crashed};
use waystation_pricing::{Bucket, Money, Usage, UsageSource};
use waystation_store::{ErrorFilter, UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::call_maker::{Call, HOUR_MS, Maker, attempt, channel, key, settlement};
use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

fn money(nanos: i64) -> Money {
    Money::from_nanos(nanos)
}

/// Everything of the last two days.
fn lately(user: Option<UserId>) -> UsageFilter {
    UsageFilter {
        user,
        key: None,
        model: None,
        from_ms: now_ms() - 48 * HOUR_MS,
        until_ms: now_ms() + HOUR_MS,
    }
}

fn failures(user: Option<UserId>) -> ErrorFilter {
    ErrorFilter {
        from_ms: now_ms() - 48 * HOUR_MS,
        until_ms: now_ms() + HOUR_MS,
        user,
        model: None,
        channel: None,
        error_code: None,
        status_code: None,
    }
}

#[tokio::test]
async fn sums_tell_tokens_money_and_ends_apart() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        // The gift is worth less than the first call costs.
        let user = maker.user(1_000_000_000, 1_000_000).await;
        let usage = Usage::none(UsageSource::Reported)
            .with(Bucket::Input, 500)
            .with(Bucket::CacheRead, 400)
            .with(Bucket::CacheWrite5m, 60)
            .with(Bucket::CacheWrite1h, 40)
            .with(Bucket::Output, 70)
            .with(Bucket::Reasoning, 30);
        // 1,000 read at 2 USD and 100 written at 10 USD a million: 0.003 USD.
        maker.make(Call { usage, ..Call::of(user) }).await;
        maker.make(Call { key: key(2), model: "opus", ..Call::of(user) }).await;
        maker.make(Call { channel: None, ..Call::failed(user, 502, "upstream_error") }).await;
        maker
            .make(Call { status: CallStatus::Interrupted, ..Call::failed(user, 200, "upstream_error") })
            .await;
        maker.make(Call { status: CallStatus::Cancelled, status_code: 499, ..Call::of(user) }).await;
        let other = maker.user(1_000_000_000, 0).await;
        maker.make(Call::of(other)).await;

        let whole = store.list_usage(&lately(Some(user)), UsageSplit::Whole).await.unwrap();
        let expected = UsageSums {
            requests: 5,
            errors: 2,
            cancelled: 1,
            input_tokens: 1_000 + 600 + 600,
            cache_read_tokens: 400,
            cache_write_tokens: 100,
            output_tokens: 300,
            reasoning_tokens: 30,
            cost: money(3_000_000 + 2_200_000 + 2_200_000),
            charged: money(7_400_000),
            gift: money(1_000_000),
            operator_loss: Money::ZERO,
        };
        assert_eq!(whole.get(&UsagePart::Whole), Some(&expected));
        assert_eq!(expected.granted(), Money::ZERO);
        let models = store.list_usage(&lately(Some(user)), UsageSplit::Model).await.unwrap();
        let requests: Vec<(&UsagePart, u64)> =
            models.iter().map(|(part, sums)| (part, sums.requests)).collect();
        let model = |name: &str| UsagePart::Model(name.to_owned());
        assert_eq!(requests, [(&model("opus"), 1), (&model("sonnet"), 4)]);
        let keys = store.list_usage(&lately(Some(user)), UsageSplit::Key).await.unwrap();
        assert_eq!(keys[&UsagePart::Key(key(2))].cost, money(2_200_000));
        assert_eq!(keys[&UsagePart::Key(key(1))].requests, 4);
        let channels = store.list_usage(&lately(None), UsageSplit::Channel).await.unwrap();
        let requests: Vec<(&UsagePart, u64)> =
            channels.iter().map(|(part, sums)| (part, sums.requests)).collect();
        assert_eq!(requests, [(&UsagePart::Channel(None), 1), (&UsagePart::Channel(Some(channel(1))), 5)]);
        let of_key = UsageFilter { key: Some(key(2)), ..lately(Some(user)) };
        assert_eq!(
            store.list_usage(&of_key, UsageSplit::Whole).await.unwrap()[&UsagePart::Whole].requests,
            1
        );
        let of_model = UsageFilter { model: Some("opus".to_owned()), ..lately(None) };
        assert_eq!(
            store.list_usage(&of_model, UsageSplit::Whole).await.unwrap()[&UsagePart::Whole].requests,
            1
        );
        let everyone = store.list_usage(&lately(None), UsageSplit::Whole).await.unwrap();
        assert_eq!(everyone[&UsagePart::Whole].requests, 6);
        let nobody =
            store.list_usage(&lately(Some(UserId::new(now_ms(), random()))), UsageSplit::Whole).await;
        assert!(nobody.unwrap().is_empty());
        let active = store.count_active_users(now_ms() - HOUR_MS, now_ms() + 1).await.unwrap();
        assert_eq!(active, 2);
        assert_eq!(store.count_active_users(0, now_ms() - 2 * HOUR_MS).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_grants_pay_is_list_cost_that_nobody_was_charged() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let user = maker.user(1_000_000_000, 0).await;
        maker.grant_tokens(user, 1_000_000, None).await;
        maker.make(Call::of(user)).await;
        let whole = store.list_usage(&lately(None), UsageSplit::Whole).await.unwrap();
        let sums = whole[&UsagePart::Whole];
        assert_eq!((sums.cost, sums.charged, sums.gift), (money(2_200_000), Money::ZERO, Money::ZERO));
        assert_eq!(sums.granted(), money(2_200_000));
    })
    .await;
}

#[tokio::test]
async fn sums_are_found_hour_by_hour_and_only_those_of_the_hours_asked_for() {
    for_each_database(|store, url| async move {
        let maker = Maker::start(&store).await;
        let (user, other) = (maker.user(1_000_000_000, 0).await, maker.user(1_000_000_000, 0).await);
        for model in ["a", "b", "c", "d"] {
            maker.make(Call { model, ..Call::of(user) }).await;
            maker.make(Call { model, ..Call::of(other) }).await;
        }
        let raw = Database::connect(url).await.unwrap();
        let this_hour = now_ms() - now_ms() % HOUR_MS;
        // Long enough ago to need several statements.
        for (model, hours) in [("b", 1), ("c", 700), ("d", 2_000)] {
            let sql = format!(
                "UPDATE hourly_usage SET hour_ms = {} WHERE model = '{model}'",
                this_hour - hours * HOUR_MS
            );
            raw.execute_unprepared(&sql).await.unwrap();
        }
        raw.close().await.unwrap();
        let hours = async |user, from_hours: i64, until_hours: i64| -> Vec<i64> {
            let filter = UsageFilter {
                from_ms: this_hour - from_hours * HOUR_MS,
                until_ms: this_hour - until_hours * HOUR_MS,
                ..lately(user)
            };
            let found = store.list_usage_by_hour(&filter, UsageSplit::Whole).await.unwrap();
            assert!(found.values().all(|sums| sums.requests == if user.is_some() { 1 } else { 2 }));
            found.keys().map(|(hour_ms, _)| (this_hour - hour_ms) / HOUR_MS).collect()
        };
        for user in [Some(user), None] {
            assert_eq!(hours(user, 3_000, -2).await, [2_000, 700, 1, 0]);
            assert_eq!(hours(user, 2_000, 1).await, [2_000, 700]);
            assert_eq!(hours(user, 1_999, 0).await, [700, 1]);
            assert_eq!(hours(user, 1, 1).await, Vec::<i64>::new());
        }
        let by_model = UsageFilter { from_ms: 0, ..lately(Some(user)) };
        assert_eq!(store.list_usage(&by_model, UsageSplit::Model).await.unwrap().len(), 4);
    })
    .await;
}

#[tokio::test]
async fn a_lost_call_that_is_settled_late_takes_its_sums_along() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        // All of it is gift credit.
        let user = maker.user(0, 1_000_000_000).await;
        let gone = Maker { instance: waystation_ids::InstanceId::new(now_ms(), random()), ..maker };
        let call = Call::of(user);
        let request = gone.hold(&call).await;
        assert_eq!(gone.lanes.sweep(Crashed::FullHold).await.unwrap().ended.len(), 1);
        let sums = async || store.list_usage(&lately(Some(user)), UsageSplit::Whole).await.unwrap();
        let lost = sums().await[&UsagePart::Whole];
        assert_eq!((lost.requests, lost.errors, lost.input_tokens), (1, 1, 250));
        assert_eq!((lost.charged, lost.gift), (money(7_000_000), money(7_000_000)));
        gone.lanes.settle(Arc::new(settlement(request, call))).await.unwrap();
        let settled = sums().await[&UsagePart::Whole];
        assert_eq!((settled.requests, settled.errors, settled.input_tokens), (1, 0, 600));
        assert_eq!((settled.charged, settled.gift), (money(2_200_000), money(2_200_000)));
        let shown = store.load_request(request).await.unwrap();
        assert_eq!((shown.charged, shown.gift), (money(2_200_000), money(2_200_000)));
    })
    .await;
}

#[tokio::test]
async fn calls_that_failed_are_gathered_by_how() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let (ann, ben) = (maker.user(1_000_000_000, 0).await, maker.user(1_000_000_000, 0).await);
        let hour_ago = now_ms() - HOUR_MS;
        let failed = |user| Call::failed(user, 502, "upstream_error");
        let first = Call { begun_ms: hour_ago, ..failed(ann) };
        maker.make(first).await;
        maker.make(Call { begun_ms: hour_ago + 1_000, ..failed(ben) }).await;
        let newest = maker.make(Call { begun_ms: hour_ago + 2_000, ..failed(ann) }).await;
        maker.make(Call { channel: Some(channel(2)), ..failed(ann) }).await;
        maker
            .make(Call { model: "opus", channel: None, ..Call::failed(ann, 503, "no_channel_available") })
            .await;
        maker
            .make(Call { status: CallStatus::Cancelled, status_code: 499, error_code: None, ..failed(ann) })
            .await;
        maker.make(Call { begun_ms: now_ms() - 72 * HOUR_MS, ..failed(ann) }).await;
        maker.make(Call::of(ann)).await;

        let groups = store.list_error_groups(&failures(None), 10).await.unwrap();
        assert_eq!(groups.iter().map(|group| group.count).collect::<Vec<_>>(), [3, 1, 1]);
        let largest = &groups[0];
        assert_eq!((largest.users, largest.example, largest.status), (2, newest, CallStatus::Failed));
        assert_eq!((largest.first_ms, largest.last_ms), (hour_ago, hour_ago + 2_000));
        assert_eq!(
            (largest.error_code.as_deref(), largest.status_code, largest.channel),
            (Some("upstream_error"), 502, Some(channel(1)))
        );
        assert_eq!((groups[1].model.as_str(), groups[1].channel), ("opus", None));
        assert_eq!(store.list_error_groups(&failures(None), 1).await.unwrap(), groups[..1]);
        let count = async |filter: ErrorFilter| {
            let groups = store.list_error_groups(&filter, 10).await.unwrap();
            groups.iter().map(|group| group.count).sum::<u64>()
        };
        let all = failures(None);
        assert_eq!(count(failures(Some(ben))).await, 1);
        assert_eq!(count(ErrorFilter { model: Some("opus".to_owned()), ..all.clone() }).await, 1);
        assert_eq!(count(ErrorFilter { channel: Some(channel(1)), ..all.clone() }).await, 3);
        assert_eq!(count(ErrorFilter { status_code: Some(502), ..all.clone() }).await, 4);
        let code = Some("no_channel_available".to_owned());
        assert_eq!(count(ErrorFilter { error_code: code, ..all.clone() }).await, 1);
        assert_eq!(count(ErrorFilter { from_ms: 0, ..all.clone() }).await, 6);
        assert_eq!(count(ErrorFilter { until_ms: hour_ago + 1_000, ..all }).await, 1);
    })
    .await;
}

#[tokio::test]
async fn first_bytes_are_sampled_hour_by_hour_the_newest_of_each() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let user = maker.user(1_000_000_000, 0).await;
        let this_hour = now_ms() - now_ms() % HOUR_MS;
        let hours = [this_hour - 2 * HOUR_MS, this_hour - HOUR_MS];
        for (hour, minute, first_byte_ms) in
            [(0, 1, Some(10)), (0, 2, Some(20)), (0, 3, None), (1, 1, Some(30)), (1, 59, Some(40))]
        {
            let begun_ms = hours[hour] + minute * 60_000;
            maker.make(Call { begun_ms, first_byte_ms, ..Call::of(user) }).await;
        }
        let sample = async |hours: &[i64], calls| {
            let mut sample: Vec<(i64, i64)> = store
                .sample_first_bytes(hours, calls)
                .await
                .unwrap()
                .iter()
                .map(|call| ((call.hour_ms - this_hour) / HOUR_MS, call.first_byte_ms))
                .collect();
            sample.sort_unstable();
            sample
        };
        assert_eq!(sample(&hours, 9).await, [(-2, 10), (-2, 20), (-1, 30), (-1, 40)]);
        assert_eq!(sample(&hours, 2).await, [(-2, 20), (-1, 30), (-1, 40)]);
        assert_eq!(sample(&hours[1..], 1).await, [(-1, 40)]);
        assert_eq!(sample(&[], 9).await, []);
    })
    .await;
}

#[tokio::test]
async fn tries_are_gathered_by_channel_and_end() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let user = maker.user(1_000_000_000, 0).await;
        let failing = |number| attempt(number, channel(1), Some("server_error"));
        let old = Call {
            begun_ms: now_ms() - 3 * HOUR_MS,
            attempts: vec![failing(1)],
            ..Call::failed(user, 502, "upstream_error")
        };
        maker.make(old).await;
        for _ in 0..2 {
            let attempts = vec![failing(1), failing(2), attempt(3, channel(2), None)];
            maker.make(Call { attempts, ..Call::of(user) }).await;
        }
        let groups = async |tries| {
            let mut groups = store.list_attempt_groups(now_ms() - HOUR_MS, tries).await.unwrap();
            groups.sort_by_key(|group| group.channel);
            groups
        };
        let all = groups(100).await;
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].channel, all[0].count, all[0].status_code), (channel(1), 4, Some(503)));
        assert_eq!(all[0].error_code.as_deref(), Some("server_error"));
        assert_eq!((all[1].channel, all[1].count, all[1].error_code.clone()), (channel(2), 2, None));
        assert!(all[0].last_ms <= now_ms() && all[0].last_ms > now_ms() - HOUR_MS);
        assert_eq!(groups(2).await.iter().map(|group| group.count).collect::<Vec<_>>(), [1, 1]);
    })
    .await;
}
