//! The directory over a real database, and over Redis where the test bed has started one.

use waystation_ids::{AccountId, KeyId, KeySecret, Role, UserId, UserStatus};
use waystation_pricing::Money;
use waystation_relay::{CallerError, Callers};
use waystation_store::{KeyLimits, KeyUpdate, NewKey, NewUser, Store, StoreOptions, UserUpdate};

use super::*;
use crate::changes::{ChangeListener, Freshness, Notice};
use crate::config::{Secret, SettingValue, environment_variable};
use crate::redis::Redis;
use crate::sealing::{MasterKey, Sealing};
use waystation_ids::{KeyCheck, KeyPrefix};

/// A user with a key, and a directory that hears of changes.
struct Site {
    folder: std::path::PathBuf,
    store: Store,
    keys: KeyDirectory,
    user: UserId,
    key: KeyId,
    secret: KeySecret,
}

fn audited<T>() -> waystation_store::Audited<T> {
    Doer::Server.does("test", "key", "").showing(|_| None)
}

fn check() -> KeyCheck {
    KeyCheck::new([7; 32])
}

fn prefix() -> KeyPrefix {
    KeyPrefix::try_from("sk-").unwrap()
}

fn new_secret() -> KeySecret {
    loop {
        if let Some(secret) = check().create_secret(&prefix(), &random_bytes::<64>().unwrap()) {
            return secret;
        }
    }
}

fn heard() -> Freshness {
    let freshness = Freshness::new();
    freshness.confirm(std::time::Instant::now());
    freshness
}

fn directory(store: &Store, shared: Option<SharedKeys>, freshness: Freshness) -> KeyDirectory {
    KeyDirectory::new(store.clone(), check(), vec![prefix()], shared, freshness)
}

impl Site {
    async fn new(name: &str) -> Site {
        let folder = std::env::temp_dir().join(format!("waystation-keys-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("site.db").display());
        let store = Store::connect(&StoreOptions { url, max_connections: 1 }).await.unwrap();
        store.migrate().await.unwrap();
        let user = UserId::new(now_ms(), random_bytes().unwrap());
        let new = NewUser {
            id: user,
            cash_account: AccountId::new(now_ms(), random_bytes().unwrap()),
            email: "ann@example.org".parse().unwrap(),
            username: None,
            display_name: "Ann".to_owned(),
            role: Role::User,
            password_hash: None,
            is_demo: false,
            identity: None,
        };
        store.create_user(&new, &audited()).await.unwrap();
        let (key, secret) = (KeyId::new(now_ms(), random_bytes().unwrap()), new_secret());
        let keys = directory(&store, None, heard());
        let site = Site { folder, store, keys, user, key, secret };
        site.make(site.key, &site.secret, KeyLimits::default()).await;
        site
    }

    async fn make(&self, id: KeyId, secret: &KeySecret, limits: KeyLimits) {
        let (hash, preview) = (secret.hash(), secret.preview());
        let new =
            NewKey { id, user: self.user, name: "a".to_owned(), hash, preview, limits, budgets: Vec::new() };
        self.store.create_key(&new, &audited()).await.unwrap();
    }

    async fn opens(&self, keys: &KeyDirectory) -> bool {
        opens(keys, self.secret.reveal()).await
    }

    async fn finish(self) {
        self.store.close().await.unwrap();
        std::fs::remove_dir_all(self.folder).unwrap();
    }
}

async fn opens(keys: &KeyDirectory, secret: &str) -> bool {
    match keys.caller(secret).await {
        Ok(_) => true,
        Err(CallerError::Invalid) => false,
        Err(CallerError::Unavailable) => panic!("the key could not be checked"),
    }
}

async fn hear(keys: &KeyDirectory, kind: ChangeKind, subject: String) {
    keys.hear(&[Notice { kind, subject }]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_remembered_until_a_change_of_it_is_heard_of() {
    let site = Site::new("remembered").await;
    assert!(site.opens(&site.keys).await);
    site.store.revoke_key(site.user, site.key, &audited()).await.unwrap();
    assert!(site.opens(&site.keys).await, "nothing was heard of yet");
    hear(&site.keys, ChangeKind::Key, site.key.to_string()).await;
    assert!(!site.opens(&site.keys).await);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_user_or_of_anything_counts_too() {
    let site = Site::new("user").await;
    assert!(site.opens(&site.keys).await);
    let status = |status| UserUpdate { status: Some(status), ..UserUpdate::default() };
    site.store.update_user(site.user, Role::User, &status(UserStatus::Disabled), &audited()).await.unwrap();
    hear(&site.keys, ChangeKind::User, site.user.to_string()).await;
    assert!(!site.opens(&site.keys).await);
    site.store.update_user(site.user, Role::User, &status(UserStatus::Active), &audited()).await.unwrap();
    site.keys.hear_of_anything().await;
    assert!(site.opens(&site.keys).await);
    // A change that cannot be read is taken for a change of everything.
    site.store.revoke_key(site.user, site.key, &audited()).await.unwrap();
    hear(&site.keys, ChangeKind::Key, "of a later version".to_owned()).await;
    assert!(!site.opens(&site.keys).await);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_made_active_again_opens_at_once() {
    let site = Site::new("again").await;
    for active in [false, true, false, true] {
        let update = KeyUpdate { active: Some(active), ..KeyUpdate::default() };
        site.store.update_key(site.user, site.key, &update, &audited()).await.unwrap();
        hear(&site.keys, ChangeKind::Key, site.key.to_string()).await;
        assert_eq!(site.opens(&site.keys).await, active);
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_believed_while_changes_are_not_heard_of() {
    let site = Site::new("deaf").await;
    let deaf = directory(&site.store, None, Freshness::new());
    assert!(site.opens(&deaf).await);
    site.store.revoke_key(site.user, site.key, &audited()).await.unwrap();
    assert!(!site.opens(&deaf).await);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_database_only_what_is_remembered_opens_and_forged_keys_are_told() {
    let site = Site::new("gone").await;
    let deaf = directory(&site.store, None, Freshness::new());
    assert!(site.opens(&site.keys).await);
    site.store.clone().close().await.unwrap();
    assert!(site.opens(&site.keys).await);
    let unknown = new_secret();
    for keys in [&site.keys, &deaf] {
        assert!(matches!(keys.caller(unknown.reveal()).await, Err(CallerError::Unavailable)));
    }
    assert!(matches!(deaf.caller(site.secret.reveal()).await, Err(CallerError::Unavailable)));
    // These never reach the database.
    let mut forged = site.secret.reveal().to_owned();
    forged.replace_range(5..6, if &forged[5..6] == "a" { "b" } else { "a" });
    let spaced = format!("{} ", site.secret.reveal());
    for text in ["", "sk-", "sk-0123456789abcdefghijklmnopqrstuv", &forged, &spaced, "' OR 1=1 --"] {
        assert!(matches!(deaf.caller(text).await, Err(CallerError::Invalid)), "{text:?}");
    }
    std::fs::remove_dir_all(site.folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_key_ends_with_its_time() {
    let site = Site::new("expiry").await;
    let secret = new_secret();
    let limits = KeyLimits { expires_at_ms: Some(now_ms() - 1), ..KeyLimits::default() };
    site.make(KeyId::new(now_ms(), random_bytes().unwrap()), &secret, limits).await;
    assert!(!opens(&site.keys, secret.reveal()).await);
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_networks_cannot_be_read_opens_nothing() {
    let site = Site::new("networks").await;
    for networks in [vec![], vec!["10.0.0.0/99".to_owned()]] {
        let update = KeyUpdate { allowed_ips: Some(Some(networks)), ..KeyUpdate::default() };
        site.store.update_key(site.user, site.key, &update, &audited()).await.unwrap();
        hear(&site.keys, ChangeKind::Key, site.key.to_string()).await;
        assert!(!site.opens(&site.keys).await);
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_carries_the_keys_limits_and_budgets() {
    let site = Site::new("limits").await;
    let body = serde_json::from_str(
        "{\"allowed_models\":[\"sonnet\"],\"allowed_ips\":[\"10.0.0.0/8\"],\"output_cap\":9,\"show_cost\":true,
          \"budgets\":{\"day\":\"1\"}}",
    );
    let update = wire::read_update(body.unwrap()).unwrap();
    let key = site.store.update_key(site.user, site.key, &update, &audited()).await.unwrap();
    let caller = site.keys.caller(site.secret.reveal()).await.unwrap();
    assert!(caller.may_use_model("sonnet", &[]) && !caller.may_use_model("opus", &[]));
    assert!(caller.may_call_from("10.1.1.1".parse().unwrap()));
    assert!(!caller.may_call_from("11.1.1.1".parse().unwrap()));
    assert_eq!((caller.output_cap, caller.show_cost), (Some(9), true));
    assert_eq!(caller.budgets, [(key.budgets[0].id, key.budgets[0].period)]);
    assert_eq!(key.budgets[0].limit, Money::from_nanos(1_000_000_000));
    site.finish().await;
}

fn shared(url: &str, master: u8) -> SharedKeys {
    let redis = Redis::open(&Secret::read(url).unwrap()).unwrap();
    SharedKeys::new(redis, Sealing::new(MasterKey::new([master; 32])))
}

/// The address of Redis, if there is one.
pub(crate) fn redis_url() -> Option<String> {
    let url = environment_variable("WAYSTATION_TEST_REDIS_URL");
    if url.is_none() {
        assert!(environment_variable("WAYSTATION_TEST_ALL").is_none(), "the test bed started no Redis");
        eprintln!("WAYSTATION_TEST_REDIS_URL is not set: not tested with Redis");
    }
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_remember_keys_together_in_redis() {
    let Some(url) = redis_url() else { return };
    let site = Site::new("shared").await;
    let first = directory(&site.store, Some(shared(&url, 1)), heard());
    assert!(site.opens(&first).await);
    let before = directory(&site.store, Some(shared(&url, 1)), heard());
    let after = directory(&site.store, Some(shared(&url, 1)), heard());
    let stranger = directory(&site.store, Some(shared(&url, 2)), heard());
    site.store.clone().close().await.unwrap();
    assert!(site.opens(&before).await, "Redis remembers what the first instance read");
    let deaf = directory(&site.store, Some(shared(&url, 1)), Freshness::new());
    assert!(matches!(deaf.caller(site.secret.reveal()).await, Err(CallerError::Unavailable)));
    // Another site's entry, or a forged one, does not open: the database decides, which is gone.
    assert!(matches!(stranger.caller(site.secret.reveal()).await, Err(CallerError::Unavailable)));
    // What Redis remembers is older than the change that was heard of.
    hear(&after, ChangeKind::Key, site.key.to_string()).await;
    assert!(matches!(after.caller(site.secret.reveal()).await, Err(CallerError::Unavailable)));
    std::fs::remove_dir_all(site.folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_known_as_such_in_redis() {
    let Some(url) = redis_url() else { return };
    let site = Site::new("revoked").await;
    let first = directory(&site.store, Some(shared(&url, 1)), heard());
    assert!(site.opens(&first).await);
    let key = site.store.revoke_key(site.user, site.key, &audited()).await.unwrap();
    first.forget_shared(&key).await;
    let second = directory(&site.store, Some(shared(&url, 1)), heard());
    site.store.clone().close().await.unwrap();
    assert!(!site.opens(&second).await);
    std::fs::remove_dir_all(site.folder).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_gone_leaves_it_to_the_database() {
    let site = Site::new("lost").await;
    // Nothing listens at the discard port.
    let keys = directory(&site.store, Some(shared("redis://127.0.0.1:9", 1)), heard());
    let begun = std::time::Instant::now();
    assert!(site.opens(&keys).await);
    let key = site.store.revoke_key(site.user, site.key, &audited()).await.unwrap();
    keys.forget_shared(&key).await;
    hear(&keys, ChangeKind::Key, site.key.to_string()).await;
    assert!(!site.opens(&keys).await);
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    site.finish().await;
}
