use waystation_ids::{AccountId, GrantId};
use waystation_ledger::{Account, AccountKind, Direction, Refusal, SystemAccount, Terms, TransferKind, Unit};
use waystation_pricing::Money;
use waystation_store::{AuditCheck, AuditFilter, FundsOrder, FundsTarget, LaneError};

use crate::fresh_database::{now_ms, random};
use crate::world::{Site, audited, credit, settlement, usd};

#[tokio::test(flavor = "multi_thread")]
async fn an_adjustment_is_made_once_however_often_it_is_sent() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let order = credit(user, "2.5");
        let first = site.lanes.move_funds(order.clone()).await.unwrap();
        assert_eq!((first.before, first.after), (1_000_000_000, 3_500_000_000));
        let again =
            futures_util::future::join_all((0..50).map(|_| site.lanes.move_funds(order.clone()))).await;
        assert!(again.into_iter().all(|receipt| receipt.unwrap() == first));
        assert_eq!(site.available(user).await, 3_500_000_000);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debit_takes_only_what_is_available() {
    for site in Site::on_each_database().await {
        let user = site.user("0.010").await;
        let call = site.call(user);
        site.lanes.reserve(call.clone()).await.unwrap();
        let debit = |amount: &str| FundsOrder { direction: Direction::Debit, ..credit(user, amount) };
        let answer = site.lanes.move_funds(debit("0.004")).await;
        assert!(
            matches!(answer, Err(LaneError::Refused(Refusal::InsufficientFunds { available: 3_000_000 }))),
            "{answer:?}"
        );
        let receipt = site.lanes.move_funds(debit("0.003")).await.unwrap();
        assert_eq!(receipt.after, usd("0.007").nanos());
        site.lanes.settle(settlement(&call, None)).await.unwrap();
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_in_tokens_and_calls_pay_before_cash_and_split_one_call() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let grant = |unit, amount, terms: Terms| {
            let id = AccountId::new(now_ms(), random());
            let account = Account { terms, ..Account::new(id, user, AccountKind::Grant, unit) };
            FundsOrder {
                id: GrantId::new_cause(now_ms(), random()).uuid(),
                target: FundsTarget::New(Box::new(account)),
                counterpart: SystemAccount::Promotions,
                kind: TransferKind::Grant,
                amount,
                ..credit(user, "1")
            }
        };
        site.lanes.move_funds(grant(Unit::Tokens, 600, Terms::default())).await.unwrap();
        site.lanes.move_funds(grant(Unit::Calls, 1, Terms::default())).await.unwrap();
        // The calls grant pays the first call whole; tokens and cash share the second.
        let (first, second) = (site.call(user), site.call(user));
        site.lanes.reserve(first.clone()).await.unwrap();
        site.lanes.reserve(second.clone()).await.unwrap();
        let whole = site.lanes.settle(settlement(&first, Some((1_000, 200)))).await.unwrap();
        assert_eq!((whole.charged, whole.lines[0].unit), (Money::ZERO, Unit::Calls));
        let split = site.lanes.settle(settlement(&second, Some((1_000, 200)))).await.unwrap();
        assert_eq!((split.cost, split.charged), (usd("0.004"), usd("0.0012")));
        assert_eq!(split.lines.len(), 2);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_grant_runs_out_once() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let id = AccountId::new(now_ms(), random());
        let account = Account {
            expires_at_ms: Some(now_ms() - 1),
            ..Account::new(id, user, AccountKind::Gift, Unit::NanoUsd)
        };
        let order = FundsOrder { target: FundsTarget::New(Box::new(account)), ..credit(user, "0.5") };
        site.lanes.move_funds(order).await.unwrap();
        let expire =
            || site.lanes.expire_account(user, id, waystation_ids::RequestId::new_cause(now_ms(), random()));
        assert_eq!(expire().await.unwrap(), usd("0.5").nanos());
        assert_eq!(expire().await.unwrap(), 0);
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_opened_once_and_never_over_another() {
    for site in Site::on_each_database().await {
        let (user, other) = (site.user("1").await, site.user("1").await);
        let id = AccountId::new(now_ms(), random());
        let open = |user| FundsOrder {
            target: FundsTarget::New(Box::new(Account::new(id, user, AccountKind::Gift, Unit::NanoUsd))),
            ..credit(user, "0.5")
        };
        site.lanes.move_funds(open(user)).await.unwrap();
        for user in [user, other] {
            let answer = site.lanes.move_funds(open(user)).await;
            assert!(answer.is_err(), "{answer:?} on {:?}", site.store.kind());
        }
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_once_of_money_that_moved_and_never_of_what_was_refused() {
    for site in Site::on_each_database().await {
        let user = site.user("1").await;
        let order = audited(credit(user, "2.5"));
        let sent =
            futures_util::future::join_all((0..50).map(|_| site.lanes.move_funds(order.clone()))).await;
        assert!(sent.iter().all(Result::is_ok));
        let refused = FundsOrder { direction: Direction::Debit, ..audited(credit(user, "9")) };
        assert!(site.lanes.move_funds(refused).await.is_err());
        let many = (0..40).map(|_| site.lanes.move_funds(audited(credit(user, "1"))));
        assert!(futures_util::future::join_all(many).await.iter().all(Result::is_ok));
        let rows = site.store.list_audit_rows(&AuditFilter::default(), None, 100).await.unwrap();
        assert_eq!(rows.len(), 41, "{:?}", site.store.kind());
        let first = rows.last().unwrap();
        assert_eq!(first.entry.before.as_deref(), Some("{\"balance\":1000000000}"));
        assert_eq!(first.entry.after.as_deref(), Some("{\"balance\":3500000000}"));
        assert_eq!(site.store.check_audit_log().await.unwrap(), AuditCheck::Whole(41));
        site.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_account_of_the_users_own_can_be_named() {
    for site in Site::on_each_database().await {
        let (user, other) = (site.user("1").await, site.user("1").await);
        let id = AccountId::new(now_ms(), random());
        let mut account = Account::new(id, user, AccountKind::Grant, Unit::Tokens);
        account.terms = Terms { models: Some(vec!["sonnet".to_owned()]), ..Terms::default() };
        let given =
            FundsOrder { target: FundsTarget::New(Box::new(account)), amount: 70, ..credit(user, "1") };
        site.lanes.move_funds(given).await.unwrap();
        let take = |user| FundsOrder {
            target: FundsTarget::Account(id),
            direction: Direction::Debit,
            amount: 70,
            ..credit(user, "1")
        };
        let of_another = site.lanes.move_funds(take(other)).await;
        assert!(matches!(of_another, Err(LaneError::Refused(Refusal::NoAccount))), "{of_another:?}");
        let taken = site.lanes.move_funds(take(user)).await.unwrap();
        assert_eq!((taken.account, taken.unit, taken.before, taken.after), (id, Unit::Tokens, 70, 0));
        site.finish().await;
    }
}
