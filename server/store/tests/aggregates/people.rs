use waystation_ids::{Role, UserId, UserStatus};
use waystation_ledger::BudgetPeriod;
use waystation_pricing::Money;
use waystation_store::{BudgetChange, ChangeKind, StoreError, UpdateUserError, User, UserFilter, UserUpdate};

use crate::database::{audited, connect, enter, for_each_database, new_user};
use crate::fresh_database::{now_ms, random};

const NOTHING: UserUpdate = UserUpdate {
    email: None,
    username: None,
    display_name: None,
    status: None,
    role: None,
    channel_group: None,
};
const DEMOTED: UserUpdate = UserUpdate { role: Some(Role::User), ..NOTHING };
const DISABLED: UserUpdate = UserUpdate { status: Some(UserStatus::Disabled), ..NOTHING };

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_entered_with_an_empty_cash_account() {
    for_each_database(|store, _| async move {
        assert!(!store.has_owner().await.unwrap());
        let mut new = new_user("Ann@Example.org", Role::Owner);
        new.username = Some("ann".parse().unwrap());
        let ann = store.create_user(&new, &audited()).await.unwrap();
        assert_eq!(ann.email.as_str(), "ann@example.org");
        assert_eq!(ann.status, UserStatus::Active);
        assert_eq!(store.load_user(ann.id).await.unwrap(), ann);
        assert_eq!(store.load_user_by_email(&"ANN@example.org".parse().unwrap()).await.unwrap(), ann);
        assert!(store.has_owner().await.unwrap());
        let balances = store.list_money_balances(&[ann.id], now_ms()).await.unwrap();
        assert_eq!(balances[&ann.id].available, Money::ZERO);
        let changes = store.list_changes_since(0).await.unwrap();
        assert!(
            changes.iter().any(|change| {
                change.kind == Some(ChangeKind::User) && change.subject == ann.id.to_string()
            })
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_counted_by_role_disabled_ones_among_them_and_removed_ones_not() {
    for_each_database(|store, _| async move {
        assert!(store.count_users_by_role().await.unwrap().is_empty());
        enter(&store, "ann@example.org", Role::Owner).await;
        for name in ["ben", "cid", "dan"] {
            let user = enter(&store, &format!("{name}@example.org"), Role::User).await;
            if name == "ben" {
                store.update_user(user.id, Role::User, &DISABLED, &audited()).await.unwrap();
            } else if name == "cid" {
                store.remove_user(user.id, Role::User, &audited()).await.unwrap();
            }
        }
        let counted = store.count_users_by_role().await.unwrap();
        assert_eq!(counted, [(Role::Owner, 1), (Role::User, 2)].into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_or_username_is_named() {
    for_each_database(|store, _| async move {
        let mut ann = new_user("ann@example.org", Role::User);
        ann.username = Some("ann".parse().unwrap());
        store.create_user(&ann, &audited()).await.unwrap();
        let same_email = store.create_user(&new_user("ANN@example.org", Role::User), &audited()).await;
        assert!(matches!(same_email, Err(StoreError::Taken("email"))), "{same_email:?}");
        // The address holds the index's name: that must not make it the username's fault.
        let mut other = new_user("users_username@example.org", Role::User);
        store.create_user(&other, &audited()).await.unwrap();
        let again = store.create_user(&new_user("users_username@example.org", Role::User), &audited()).await;
        assert!(matches!(again, Err(StoreError::Taken("email"))), "{again:?}");
        other = new_user("ben@example.org", Role::User);
        other.username = Some("ANN".parse().unwrap());
        let same_name = store.create_user(&other, &audited()).await;
        assert!(matches!(same_name, Err(StoreError::Taken("username"))), "{same_name:?}");
        let half_made = store.load_user_by_email(&other.email).await;
        assert!(matches!(half_made, Err(StoreError::Missing("user"))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_filtered_and_paged_newest_first() {
    for_each_database(|store, _| async move {
        let mut entered: Vec<User> = Vec::new();
        for (at, email) in ["a_b@x.org", "acb@x.org", "a!b@x.org", "ops@x.org"].into_iter().enumerate() {
            let role = if email.starts_with("ops") { Role::Operator } else { Role::User };
            let mut new = new_user(email, role);
            new.id = UserId::new(1_000 + i64::try_from(at).unwrap(), random());
            entered.push(store.create_user(&new, &audited()).await.unwrap());
        }
        let list = |filter: UserFilter, after, limit| {
            let store = store.clone();
            async move {
                let users = store.list_users(&filter, after, limit).await.unwrap();
                users.into_iter().map(|user| user.email.to_string()).collect::<Vec<_>>()
            }
        };
        let all = UserFilter::default();
        assert_eq!(list(all.clone(), None, 3).await, ["ops@x.org", "a!b@x.org", "acb@x.org"]);
        assert_eq!(list(all, Some(entered[1].id), 3).await, ["a_b@x.org"]);
        let containing = |text: &str| UserFilter { text: Some(text.to_owned()), ..UserFilter::default() };
        assert_eq!(list(containing("A_B"), None, 9).await, ["a_b@x.org"]);
        assert_eq!(list(containing("a!b"), None, 9).await, ["a!b@x.org"]);
        assert_eq!(list(containing("%"), None, 9).await, Vec::<String>::new());
        assert_eq!(list(containing("\\"), None, 9).await, Vec::<String>::new());
        assert_eq!(list(containing("'; DROP TABLE users; --"), None, 9).await, Vec::<String>::new());
        let operators = UserFilter { role: Some(Role::Operator), ..UserFilter::default() };
        assert_eq!(list(operators, None, 9).await, ["ops@x.org"]);
        let disabled = UserFilter { status: Some(UserStatus::Disabled), ..UserFilter::default() };
        assert_eq!(list(disabled, None, 9).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_given_changes() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let update = UserUpdate {
            display_name: Some("Anna".to_owned()),
            channel_group: Some(Some("fast".to_owned())),
            ..UserUpdate::default()
        };
        let changed = store.update_user(ann.id, Role::User, &update, &audited()).await.unwrap();
        assert_eq!((changed.display_name.as_str(), changed.channel_group.as_deref()), ("Anna", Some("fast")));
        assert_eq!((changed.role, changed.status), (ann.role, ann.status));
        assert_eq!(store.load_user(ann.id).await.unwrap(), changed);
        let cleared = UserUpdate { channel_group: Some(None), ..UserUpdate::default() };
        assert_eq!(
            store.update_user(ann.id, Role::User, &cleared, &audited()).await.unwrap().channel_group,
            None
        );
        let stale = store.update_user(ann.id, Role::Admin, &DISABLED, &audited()).await;
        assert!(matches!(stale, Err(UpdateUserError::RoleChanged)), "{stale:?}");
        let missing = store.update_user(UserId::new(1, [1; 10]), Role::User, &DISABLED, &audited()).await;
        assert!(matches!(missing, Err(UpdateUserError::Store(StoreError::Missing("user")))), "{missing:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_active_owner_stays() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::Owner).await;
        let ben = enter(&store, "ben@example.org", Role::Owner).await;
        store.update_user(ben.id, Role::Owner, &DISABLED, &audited()).await.unwrap();
        for update in [DEMOTED, DISABLED] {
            let refused = store.update_user(ann.id, Role::Owner, &update, &audited()).await;
            assert!(matches!(refused, Err(UpdateUserError::LastOwner)), "{refused:?}");
        }
        // A disabled owner is not the last one, and a name is no one's ownership.
        store.update_user(ben.id, Role::Owner, &DEMOTED, &audited()).await.unwrap();
        let renamed = UserUpdate { display_name: Some("Ann".to_owned()), ..UserUpdate::default() };
        store.update_user(ann.id, Role::Owner, &renamed, &audited()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_cannot_take_each_others_role_at_once() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let mut ann = enter(&store, "ann@example.org", Role::Owner).await;
        for round in 0..10 {
            let ben = enter(&store, &format!("ben{round}@example.org"), Role::Owner).await;
            let audit = audited();
            let (one, other) = tokio::join!(
                store.update_user(ann.id, Role::Owner, &DEMOTED, &audit),
                second.update_user(ben.id, Role::Owner, &DISABLED, &audit),
            );
            assert!(one.is_ok() != other.is_ok(), "round {round}: {one:?}, {other:?}");
            if one.is_ok() {
                ann = ben;
            }
        }
        second.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_budget_keeps_its_id_when_its_limit_changes() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let set = |period, usd: Option<&str>| BudgetChange {
            id: waystation_ids::BudgetId::new(now_ms(), random()),
            period,
            limit: usd.map(|usd| usd.parse().unwrap()),
        };
        let changes = [set(BudgetPeriod::Day, Some("1")), set(BudgetPeriod::Month, Some("20"))];
        let first = store.set_user_budgets(ann.id, &changes).await.unwrap();
        assert_eq!(first.len(), 2);
        let changes = [set(BudgetPeriod::Day, Some("0.5")), set(BudgetPeriod::Month, None)];
        let second = store.set_user_budgets(ann.id, &changes).await.unwrap();
        assert_eq!(second.len(), 1);
        assert_eq!(second[0].limit.nanos(), 500_000_000);
        assert!(first.iter().any(|budget| budget.id == second[0].id));
        assert_eq!(store.list_user_budgets(ann.id).await.unwrap(), second);
    })
    .await;
}
