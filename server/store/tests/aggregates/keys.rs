use waystation_ids::{BudgetId, KeyCheck, KeyId, KeyPrefix, KeySecret, KeyStatus, Role, UserId};
use waystation_ledger::BudgetPeriod;
use waystation_store::{
    BudgetChange, ChangeKeyError, ChangeKind, KeyLimits, KeyRotation, KeyUpdate, NewKey, Store, StoreError,
    UserUpdate,
};

use crate::database::{audited, enter, for_each_database};
use crate::fresh_database::{now_ms, random};

fn secret() -> KeySecret {
    let check = KeyCheck::new([7; 32]);
    let prefix = KeyPrefix::try_from("sk-").unwrap();
    loop {
        if let Some(secret) = check.create_secret(&prefix, &random::<64>()) {
            return secret;
        }
    }
}

fn new_key(user: UserId, secret: &KeySecret) -> NewKey {
    NewKey {
        id: KeyId::new(now_ms(), random()),
        user,
        name: "laptop".to_owned(),
        hash: secret.hash(),
        preview: secret.preview(),
        limits: KeyLimits {
            expires_at_ms: Some(4_000_000_000_000),
            allowed_models: Some(vec!["sonnet".to_owned()]),
            allowed_ips: Some(vec!["10.0.0.0/8".to_owned(), "::1".to_owned()]),
            output_cap: Some(u64::MAX),
            show_cost: true,
        },
        budgets: vec![budget(BudgetPeriod::Day, Some("1"))],
    }
}

fn budget(period: BudgetPeriod, usd: Option<&str>) -> BudgetChange {
    BudgetChange { id: BudgetId::new(now_ms(), random()), period, limit: usd.map(|usd| usd.parse().unwrap()) }
}

fn rotation(secret: &KeySecret, grace_ms: i64) -> KeyRotation {
    KeyRotation {
        id: KeyId::new(now_ms(), random()),
        hash: secret.hash(),
        preview: secret.preview(),
        grace_ms,
    }
}

async fn opens(store: &Store, secret: &KeySecret) -> bool {
    store.load_key_holder(&secret.hash()).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_found_by_its_hash_with_all_its_limits() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let secret = secret();
        let key = store.create_key(&new_key(ann.id, &secret), &audited()).await.unwrap();
        store.set_user_budgets(ann.id, &[budget(BudgetPeriod::Total, Some("9"))]).await.unwrap();
        assert_eq!(key.status, KeyStatus::Active);
        assert_eq!(key.limits.output_cap, Some(u64::try_from(i64::MAX).unwrap()));
        assert_eq!(store.load_key(ann.id, key.id).await.unwrap(), key);
        let holder = store.load_key_holder(&secret.hash()).await.unwrap().unwrap();
        assert_eq!((holder.user, holder.key, &holder.limits), (ann.id, key.id, &key.limits));
        let mut periods: Vec<BudgetPeriod> = holder.budgets.iter().map(|budget| budget.period).collect();
        periods.sort();
        assert_eq!(periods, [BudgetPeriod::Total, BudgetPeriod::Day]);
        let other = store.load_key_holder(&waystation_ids::KeyHash::of("sk-other")).await.unwrap();
        assert_eq!(other, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_disabled_user_and_a_disabled_key_are_not_found() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let secret = secret();
        let key = store.create_key(&new_key(ann.id, &secret), &audited()).await.unwrap();
        let active = |active| KeyUpdate { active: Some(active), ..KeyUpdate::default() };
        store.update_key(ann.id, key.id, &active(false), &audited()).await.unwrap();
        assert!(!opens(&store, &secret).await);
        store.update_key(ann.id, key.id, &active(true), &audited()).await.unwrap();
        assert!(opens(&store, &secret).await);
        let disabled =
            UserUpdate { status: Some(waystation_ids::UserStatus::Disabled), ..UserUpdate::default() };
        store.update_user(ann.id, Role::User, &disabled, &audited()).await.unwrap();
        assert!(!opens(&store, &secret).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_key_is_not_there() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let key = store.create_key(&new_key(ann.id, &secret()), &audited()).await.unwrap();
        let missing = |error: &StoreError| matches!(error, StoreError::Missing("key"));
        assert!(missing(&store.load_key(ben.id, key.id).await.unwrap_err()));
        assert!(missing(&store.revoke_key(ben.id, key.id, &audited()).await.unwrap_err()));
        let update = store.update_key(ben.id, key.id, &KeyUpdate::default(), &audited()).await;
        assert!(matches!(update, Err(ChangeKeyError::Store(error)) if missing(&error)));
        let rotate = store.rotate_key(ben.id, key.id, &rotation(&secret(), 0), &audited()).await;
        assert!(matches!(rotate, Err(ChangeKeyError::Store(error)) if missing(&error)));
        assert!(store.list_keys(ben.id, None, 10).await.unwrap().is_empty());
        assert_eq!(store.list_keys(ann.id, None, 10).await.unwrap(), [key]);
        let nobody = store.create_key(&new_key(UserId::new(1, [1; 10]), &secret()), &audited()).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_stays_revoked() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let secret = secret();
        let key = store.create_key(&new_key(ann.id, &secret), &audited()).await.unwrap();
        let revoked = store.revoke_key(ann.id, key.id, &audited()).await.unwrap();
        assert_eq!(revoked.status, KeyStatus::Revoked);
        assert!(revoked.revoked_at_ms.is_some());
        assert!(!opens(&store, &secret).await);
        assert_eq!(store.revoke_key(ann.id, key.id, &audited()).await.unwrap(), revoked);
        let active = KeyUpdate { active: Some(true), ..KeyUpdate::default() };
        assert!(matches!(
            store.update_key(ann.id, key.id, &active, &audited()).await,
            Err(ChangeKeyError::Revoked)
        ));
        let rotated = store.rotate_key(ann.id, key.id, &rotation(&secret, 0), &audited()).await;
        assert!(matches!(rotated, Err(ChangeKeyError::Revoked)));
        let told = store.list_changes_since(0).await.unwrap();
        let of_key = told.iter().filter(|change| change.kind == Some(ChangeKind::Key));
        assert!(of_key.map(|change| &change.subject).all(|subject| *subject == key.id.to_string()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_not_named_stays_and_one_set_to_none_goes() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let key = store.create_key(&new_key(ann.id, &secret()), &audited()).await.unwrap();
        let update = KeyUpdate {
            name: Some("desk".to_owned()),
            allowed_models: Some(None),
            allowed_ips: Some(Some(Vec::new())),
            output_cap: Some(Some(100)),
            budgets: vec![budget(BudgetPeriod::Day, None), budget(BudgetPeriod::Month, Some("3"))],
            ..KeyUpdate::default()
        };
        let changed = store.update_key(ann.id, key.id, &update, &audited()).await.unwrap();
        assert_eq!(changed.name, "desk");
        assert_eq!(changed.limits.allowed_models, None);
        // An empty list is not "all".
        assert_eq!(changed.limits.allowed_ips, Some(Vec::new()));
        assert_eq!(changed.limits.output_cap, Some(100));
        assert_eq!(changed.limits.expires_at_ms, key.limits.expires_at_ms);
        assert!(changed.limits.show_cost);
        assert_eq!(changed.budgets.len(), 1);
        assert_eq!(changed.budgets[0].period, BudgetPeriod::Month);
        assert_eq!(store.load_key(ann.id, key.id).await.unwrap(), changed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_keeps_its_limits_and_budgets() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let (first, second, third) = (secret(), secret(), secret());
        let key = store.create_key(&new_key(ann.id, &first), &audited()).await.unwrap();
        let (old, new) =
            store.rotate_key(ann.id, key.id, &rotation(&second, 60_000), &audited()).await.unwrap();
        assert!(opens(&store, &first).await && opens(&store, &second).await);
        let ends_in = old.limits.expires_at_ms.unwrap() - old.updated_at_ms;
        assert_eq!(ends_in, 60_000);
        assert_eq!(new.limits, key.limits);
        // The same budgets, not copies: what was spent stays spent.
        assert_eq!(new.budgets, key.budgets);
        let (revoked, last) =
            store.rotate_key(ann.id, new.id, &rotation(&third, 0), &audited()).await.unwrap();
        assert_eq!(revoked.status, KeyStatus::Revoked);
        assert!(!opens(&store, &second).await && opens(&store, &third).await);
        assert_eq!(last.budgets, key.budgets);
    })
    .await;
}
