//! What is shown as earned, beside what the books moved.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use waystation_ids::{InstanceId, UserId};
use waystation_ledger::{AccountKind, CallStatus, Crashed, Direction, SystemAccount, Unit};
use waystation_pricing::{Bucket, Usage, UsageSource};
use waystation_store::{Store, UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::call_maker::{Call, HOUR_MS, Maker, enter_price, settlement};
use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

const DAY_MS: i64 = 24 * HOUR_MS;
const DAYS: i64 = 31;

/// What the books say, in nano-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Books {
    /// From users' accounts to revenue, what was taken back left out.
    charged: i64,
    /// The same of gift credit alone.
    gift: i64,
    /// From the operator to revenue.
    operator_loss: i64,
}

impl Books {
    async fn read(store: &Store, raw: &DatabaseConnection) -> Books {
        let id = |account: SystemAccount| match store.kind() {
            waystation_store::DatabaseKind::Postgres => format!("'{}'", account.id(Unit::NanoUsd).uuid()),
            _ => format!("x'{}'", account.id(Unit::NanoUsd).uuid().simple()),
        };
        let (revenue, loss) = (id(SystemAccount::Revenue), id(SystemAccount::OperatorLoss));
        let sum = async |other: &str, side: &str, from: &str| -> i64 {
            let sql = format!(
                "SELECT CAST(COALESCE(SUM(amount), 0) AS {}) AS total FROM transfers {from} \
                 WHERE {side} = {revenue} AND {other}",
                if store.kind() == waystation_store::DatabaseKind::MySql { "SIGNED" } else { "BIGINT" }
            );
            let row = raw.query_one_raw(Statement::from_string(raw.get_database_backend(), sql)).await;
            row.unwrap().unwrap().try_get("", "total").unwrap()
        };
        let net = async |payer: &str, from: &str| {
            let of = |side: &str| format!("{payer} = {side}_account");
            let (debit, credit) = (of("debit"), of("credit"));
            let joined = |on: &str| from.replace("{on}", on);
            sum(&debit, "credit_account", &joined(&debit)).await
                - sum(&credit, "debit_account", &joined(&credit)).await
        };
        let of_user = |kind: &str| format!("INNER JOIN accounts ON {{on}}{kind}");
        Books {
            charged: net("accounts.id", &of_user("")).await,
            gift: net("accounts.id", &of_user(" AND accounts.kind = 'gift'")).await,
            operator_loss: net(&loss, "").await,
        }
    }

    fn since(self, before: Books) -> Books {
        Books {
            charged: self.charged - before.charged,
            gift: self.gift - before.gift,
            operator_loss: self.operator_loss - before.operator_loss,
        }
    }

    fn shown(sums: &UsageSums) -> Books {
        Books {
            charged: sums.charged.nanos(),
            gift: sums.gift.nanos(),
            operator_loss: sums.operator_loss.nanos(),
        }
    }
}

/// A call of each kind; odd numbers, so that nothing comes out right by chance. Gives how many there are.
async fn make_calls(maker: &Maker, user: UserId, granted: UserId, day: u64) -> u64 {
    let used = |input, output| {
        Usage::none(UsageSource::Reported)
            .with(Bucket::Input, 301 + 7 * day + input)
            .with(Bucket::CacheRead, 13 * day)
            .with(Bucket::Output, 11 + day + output)
            .with(Bucket::Reasoning, 3)
    };
    let call = |usage| Call { usage, ..Call::of(user) };
    maker.make(call(used(0, 0))).await;
    maker.make(Call { model: "opus", ..call(used(5, 9)) }).await;
    maker.make(Call::failed(user, 502, "upstream_error")).await;
    // What broke off or was given up is paid as far as it came.
    maker.make(Call { status: CallStatus::Interrupted, ..call(used(1, 2)) }).await;
    maker.make(Call { status: CallStatus::Cancelled, status_code: 499, ..call(used(2, 1)) }).await;
    // More than was held.
    maker.make(call(used(4_000, 900))).await;
    // Tokens and calls of plans, with some days in which neither is left.
    maker.make(Call { user: granted, ..call(used(9, 9)) }).await;
    // The server dies: the operator's loss, the user's, and one that is settled after all.
    let gone = Maker { instance: InstanceId::new(now_ms(), random()), lanes: maker.lanes.clone() };
    for crashed in [Crashed::Void, Crashed::FullHold, Crashed::Input] {
        gone.hold(&Call::of(user)).await;
        assert_eq!(gone.lanes.sweep(crashed).await.unwrap().ended.len(), 1);
    }
    let late = call(used(3, 3));
    let request = gone.hold(&late).await;
    assert_eq!(gone.lanes.sweep(Crashed::FullHold).await.unwrap().ended.len(), 1);
    gone.lanes.settle(Arc::new(settlement(request, late))).await.unwrap();
    // What is moved by hand is no revenue.
    maker.move_funds(user, AccountKind::Cash, Direction::Credit, 1_000_003, "refund").await;
    maker.move_funds(user, AccountKind::Cash, Direction::Debit, 7, "correction").await;
    11
}

#[tokio::test]
async fn what_a_months_calls_earned_is_what_the_books_moved_whatever_became_of_them() {
    for_each_database(|store, url| async move {
        let raw = Database::connect(url).await.unwrap();
        let maker = Maker::start(&store).await;
        enter_price(&store).await;
        let (user, granted) =
            (maker.user(5_000_000_000, 40_000_001).await, maker.user(9_000_000_000, 0).await);
        maker.grant_calls(granted, 3).await;
        maker.grant_tokens(granted, 5_003, None).await;
        let this_hour = now_ms() - now_ms() % HOUR_MS;
        let mut expected = Vec::new();
        let mut made = 0;
        for day in (0..DAYS).rev() {
            let before = Books::read(&store, &raw).await;
            made += make_calls(&maker, user, granted, u64::try_from(day).unwrap()).await;
            expected.push(Books::read(&store, &raw).await.since(before));
            // The books know no other day than today: what was summed is put where it would lie.
            let moved = format!(
                "UPDATE hourly_usage SET hour_ms = hour_ms - {} WHERE hour_ms >= {this_hour}",
                (day + 1) * DAY_MS
            );
            raw.execute_unprepared(&moved).await.unwrap();
        }
        let filter = UsageFilter {
            user: None,
            key: None,
            model: None,
            from_ms: this_hour - DAYS * DAY_MS,
            until_ms: this_hour,
        };
        // A new hour may have begun amid a day's calls.
        let mut days = vec![UsageSums::default(); expected.len()];
        for ((hour_ms, _), sums) in store.list_usage_by_hour(&filter, UsageSplit::Whole).await.unwrap() {
            days[usize::try_from((hour_ms - filter.from_ms) / DAY_MS).unwrap()].add(&sums);
        }
        assert_eq!(days.iter().map(Books::shown).collect::<Vec<_>>(), expected);
        let month = store.list_usage(&filter, UsageSplit::Whole).await.unwrap()[&UsagePart::Whole];
        let books = Books::read(&store, &raw).await;
        assert_eq!(Books::shown(&month), books);
        assert_eq!(month.requests, made);
        assert_eq!(month.cost.nanos(), books.charged + month.granted().nanos() + books.operator_loss);
        assert!(books.gift == 40_000_001 && books.operator_loss > 0 && month.granted().nanos() > 0);
        for split in [UsageSplit::Model, UsageSplit::Key, UsageSplit::Channel] {
            let mut whole = UsageSums::default();
            store.list_usage(&filter, split).await.unwrap().values().for_each(|part| whole.add(part));
            assert_eq!(whole, month, "{split:?}");
        }
        raw.close().await.unwrap();
    })
    .await;
}
