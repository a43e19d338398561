//! One user's calls among those of all.

use waystation_ids::{RequestId, UserId};
use waystation_ledger::CallStatus;
use waystation_store::RequestFilter;

use crate::call_maker::{Call, HOUR_MS, Maker, key};
use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

#[tokio::test]
async fn a_users_calls_are_found_page_by_page_however_long_ago_they_were() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        // Entered long ago, as ids begin with their time.
        let now_ms = now_ms();
        let user = UserId::new(now_ms - 500 * 24 * HOUR_MS, random());
        let other = UserId::new(now_ms - 600 * 24 * HOUR_MS, random());
        for user in [user, other] {
            let direction = waystation_ledger::Direction::Credit;
            let cash = waystation_ledger::AccountKind::Cash;
            maker.move_funds(user, cash, direction, 1_000_000_000, "test").await;
        }
        let mut calls: Vec<RequestId> = Vec::new();
        let hours = [0, 0, 0, 1, 1, 2, 30, 31, 500, 900, 2_000, 9_000, 11_000];
        for (number, hours) in hours.into_iter().enumerate() {
            let begun_ms = now_ms - hours * HOUR_MS - number as i64 * 1_000;
            let model = if hours == 900 { "opus" } else { "sonnet" };
            calls.push(maker.make(Call { begun_ms, model, key: key(number as u8), ..Call::of(user) }).await);
            maker.make(Call { begun_ms: begun_ms - 500, ..Call::of(other) }).await;
        }
        let of_user = RequestFilter { user: Some(user), ..RequestFilter::default() };
        let list = async |filter: &RequestFilter, before, limit| {
            let found = store.list_requests(filter, before, limit).await.unwrap();
            assert!(found.iter().all(|call| call.record.user == user));
            found.into_iter().map(|call| call.record.request).collect::<Vec<_>>()
        };
        assert_eq!(list(&of_user, None, 100).await, calls);
        assert_eq!(store.count_requests(&of_user).await.unwrap(), calls.len() as u64);
        for limit in [1, 2, 3, 5] {
            let mut paged: Vec<RequestId> = Vec::new();
            loop {
                let page = list(&of_user, paged.last().copied(), limit).await;
                paged.extend(&page);
                if (page.len() as u64) < limit {
                    break;
                }
            }
            assert_eq!(paged, calls, "{limit} a page");
        }
        let opus = RequestFilter { model: Some("opus".to_owned()), ..of_user.clone() };
        assert_eq!(list(&opus, None, 5).await, [calls[9]]);
        assert_eq!(store.count_requests(&opus).await.unwrap(), 1);
        let of_key = RequestFilter { key: Some(key(12)), ..of_user.clone() };
        assert_eq!(list(&of_key, None, 5).await, [calls[12]]);
        let between = RequestFilter {
            from_ms: Some(now_ms - 950 * HOUR_MS),
            until_ms: Some(now_ms - 30 * HOUR_MS),
            ..of_user.clone()
        };
        assert_eq!(list(&between, None, 100).await, calls[6..10]);
        assert_eq!(list(&between, Some(calls[7]), 1).await, [calls[8]]);
        assert_eq!(store.count_requests(&between).await.unwrap(), 4);
        let exact = RequestFilter { until_ms: Some(now_ms - HOUR_MS - 4_000), ..of_user.clone() };
        assert_eq!(list(&exact, None, 1).await, [calls[5]]);
        let none = RequestFilter { from_ms: Some(now_ms + 2 * HOUR_MS), ..of_user.clone() };
        assert_eq!((list(&none, None, 5).await, store.count_requests(&none).await.unwrap()), (vec![], 0));
        let stranger =
            RequestFilter { user: Some(UserId::new(now_ms, random())), ..RequestFilter::default() };
        assert_eq!(store.list_requests(&stranger, None, 5).await.unwrap(), []);
        assert_eq!(store.count_requests(&stranger).await.unwrap(), 0);
        assert_eq!(store.count_requests(&RequestFilter::default()).await.unwrap(), 26);
        // One call alone, and only to who paid for it.
        let one = RequestFilter { id: Some(calls[11]), ..of_user };
        assert_eq!(list(&one, None, 5).await, [calls[11]]);
        let hidden = RequestFilter { id: Some(calls[11]), user: Some(other), ..RequestFilter::default() };
        assert_eq!(store.list_requests(&hidden, None, 5).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn calls_are_filtered_by_how_they_ended() {
    for_each_database(|store, _| async move {
        let maker = Maker::start(&store).await;
        let user = maker.user(1_000_000_000, 0).await;
        maker.make(Call::of(user)).await;
        maker.make(Call::failed(user, 502, "upstream_error")).await;
        maker.make(Call::failed(user, 429, "rate_limit_exceeded")).await;
        maker
            .make(Call { status: CallStatus::Interrupted, ..Call::failed(user, 200, "upstream_error") })
            .await;
        maker.make(Call { status: CallStatus::Cancelled, status_code: 499, ..Call::of(user) }).await;
        let any = RequestFilter::default();
        for (filter, expected) in [
            (RequestFilter { only_errors: true, ..any.clone() }, 3),
            (RequestFilter { status: Some(CallStatus::Failed), ..any.clone() }, 2),
            (RequestFilter { status: Some(CallStatus::Cancelled), ..any.clone() }, 1),
            (RequestFilter { status: Some(CallStatus::Ok), ..any.clone() }, 1),
            (RequestFilter { status_codes: Some((400, 499)), ..any.clone() }, 2),
            (RequestFilter { status_codes: Some((500, 599)), ..any.clone() }, 1),
            (RequestFilter { status_codes: Some((200, 299)), only_errors: true, ..any.clone() }, 1),
            (RequestFilter { error_code: Some("upstream_error".to_owned()), ..any.clone() }, 2),
            (RequestFilter { error_code: Some("none".to_owned()), ..any.clone() }, 0),
        ] {
            for filter in [filter.clone(), RequestFilter { user: Some(user), ..filter }] {
                let found = store.list_requests(&filter, None, 10).await.unwrap();
                assert_eq!(found.len(), expected, "{filter:?}");
                assert_eq!(store.count_requests(&filter).await.unwrap(), expected as u64, "{filter:?}");
            }
        }
    })
    .await;
}
