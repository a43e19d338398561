use waystation_ids::{KeyId, Role, SessionId, UserStatus};
use waystation_store::{
    AuditActor, AuditActorKind, AuditCheck, AuditEntry, AuditFilter, ChangeKind, KeyLimits, NewKey,
    NewSession, Rotation, SessionKind, SessionRefresh, SessionSpan, SignInRecord, Store, StoreError, User,
    UserUpdate,
};

use crate::database::{audited, connect, enter, for_each_database, new_session};
use crate::fresh_database::{now_ms, random};

fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: AuditActor { kind: AuditActorKind::Stranger, user: None, role: None },
        client_ip: None,
        action: action.to_owned(),
        target: None,
        before: None,
        after: None,
        request_id: None,
    }
}

/// What the audit log tells, the newest first.
async fn logged(store: &Store) -> Vec<String> {
    let rows = store.list_audit_rows(&AuditFilter::default(), None, 100).await.unwrap();
    assert!(matches!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(_)));
    rows.into_iter().map(|row| row.entry.action).filter(|action| action != "test").collect()
}

/// A device's session that is known by this secret.
fn device_session(user: &User, secret: [u8; 32]) -> NewSession {
    NewSession { kind: SessionKind::Device, secret_hash: Some(secret), ..new_session(user) }
}

fn refresh(id: SessionId, shown: u8, new: u8, grace_ms: i64) -> SessionRefresh {
    SessionRefresh {
        id,
        shown_hash: [shown; 32],
        new_hash: [new; 32],
        grace_ms,
        span: SessionSpan { idle_ms: 120_000, max_ms: i64::MAX },
        stolen: entry("session.stolen"),
    }
}

fn record(user: &User) -> SignInRecord {
    let check = waystation_ids::KeyCheck::new([1; 32]);
    let prefix = waystation_ids::KeyPrefix::try_from("sk-").unwrap();
    // Bytes that would favour a letter are passed over: of so many enough are left.
    let secret = check.create_secret(&prefix, &random::<255>()).unwrap();
    let key = NewKey {
        id: KeyId::new(now_ms(), random()),
        user: user.id,
        name: "Default".to_owned(),
        hash: secret.hash(),
        preview: secret.preview(),
        limits: KeyLimits::default(),
        budgets: Vec::new(),
    };
    SignInRecord { entry: entry("sign_in.succeeded"), first_key: Some((key, entry("key.create"))) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_active_until_it_is_ended() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let session = store.create_session(&new_session(&ann)).await.unwrap();
        assert_eq!(session.expires_at_ms - session.created_at_ms, 60_000);
        let found = store.load_active_session(session.id).await.unwrap();
        assert_eq!(found, Some((session.clone(), ann.clone())));
        let of_another = store.revoke_session(ben.id, session.id, &entry("session.revoke")).await;
        assert!(matches!(of_another, Err(StoreError::Missing("session"))));
        for _ in 0..2 {
            store.revoke_session(ann.id, session.id, &entry("session.revoke")).await.unwrap();
        }
        assert_eq!(logged(&store).await, ["session.revoke"]);
        assert_eq!(store.load_active_session(session.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_has_no_sessions_and_makes_none() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let session = store.create_session(&new_session(&ann)).await.unwrap();
        let disabled = UserUpdate { status: Some(UserStatus::Disabled), ..UserUpdate::default() };
        store.update_user(ann.id, Role::User, &disabled, &audited()).await.unwrap();
        assert_eq!(store.load_active_session(session.id).await.unwrap(), None);
        let another = store.create_session(&new_session(&ann)).await;
        assert!(matches!(another, Err(StoreError::Missing("user"))));
        // Let in again, the user signs in again: whoever had the old session stays out.
        let enabled = UserUpdate { status: Some(UserStatus::Active), ..UserUpdate::default() };
        store.update_user(ann.id, Role::User, &enabled, &audited()).await.unwrap();
        assert_eq!(store.load_active_session(session.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_users_sessions_end_together() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let of_ben = store.create_session(&new_session(&ben)).await.unwrap();
        for _ in 0..3 {
            store.create_session(&new_session(&ann)).await.unwrap();
        }
        let kept = store.list_sessions(ann.id, None, 9).await.unwrap()[1].id;
        assert_eq!(store.revoke_sessions(ann.id, Some(kept), &entry("a")).await.unwrap(), 2);
        assert!(store.load_active_session(kept).await.unwrap().is_some());
        assert_eq!(store.revoke_sessions(ann.id, None, &entry("b")).await.unwrap(), 1);
        assert_eq!(store.list_sessions(ann.id, None, 9).await.unwrap(), []);
        assert_eq!(logged(&store).await, ["b", "a"]);
        assert!(store.load_active_session(of_ben.id).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sign_in_makes_the_first_key_and_no_other_does() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        // What a command at the server did is no sign-in.
        store.create_session(&new_session(&ann)).await.unwrap();
        let new = |secret| NewSession { kind: SessionKind::Browser, ..device_session(&ann, secret) };
        let (first, second) = (new([1; 32]), new([2; 32]));
        let (record_one, record_two) = (record(&ann), record(&ann));
        let (one, other) = tokio::join!(
            store.create_sign_in(&first, &record_one),
            store.create_sign_in(&second, &record_two),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!([&one.1, &other.1].into_iter().flatten().count(), 1);
        assert_eq!(store.list_keys(ann.id, None, 9).await.unwrap().len(), 1);
        let (third, no_key) = store.create_sign_in(&new([3; 32]), &record(&ann)).await.unwrap();
        assert_eq!((third.secret_hash, no_key), (Some([3; 32]), None));
        let log = logged(&store).await;
        assert_eq!(log.iter().filter(|action| *action == "key.create").count(), 1);
        assert_eq!(log.len(), 4);
        // Whoever was given a key by somebody else needs none.
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let (key, _) = record(&ben).first_key.unwrap();
        store.create_key(&key, &audited()).await.unwrap();
        let (_, no_key) = store.create_sign_in(&device_session(&ben, [4; 32]), &record(&ben)).await.unwrap();
        assert_eq!(no_key, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_secret_is_exchanged_once_and_ends_the_session_when_it_comes_again() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let session = store.create_session(&device_session(&ann, [1; 32])).await.unwrap();
        let unknown = store.refresh_session(&refresh(session.id, 9, 2, 10_000)).await.unwrap();
        assert_eq!(unknown, Rotation::Unknown);
        let rotated = store.refresh_session(&refresh(session.id, 1, 2, 10_000)).await.unwrap();
        let Rotation::Rotated(rotated) = rotated else { panic!("{rotated:?}") };
        assert_eq!((rotated.0.secret_hash, rotated.1.id), (Some([2; 32]), ann.id));
        assert!(rotated.0.expires_at_ms > session.expires_at_ms);
        let crossed = store.refresh_session(&refresh(session.id, 1, 3, 10_000)).await.unwrap();
        assert_eq!(crossed, Rotation::JustRotated);
        assert!(store.load_active_session(session.id).await.unwrap().is_some());
        // An answer that was lost is given again, however late; nothing changes by it.
        let repeated = store.refresh_session(&refresh(session.id, 1, 2, -1)).await.unwrap();
        let Rotation::Rotated(repeated) = repeated else { panic!("{repeated:?}") };
        assert_eq!(repeated.0, rotated.0);
        let stolen = store.refresh_session(&refresh(session.id, 1, 3, -1)).await.unwrap();
        assert_eq!(stolen, Rotation::Stolen(session.id));
        assert_eq!(store.load_active_session(session.id).await.unwrap(), None);
        let after = store.refresh_session(&refresh(session.id, 2, 3, 10_000)).await.unwrap();
        assert_eq!(after, Rotation::Unknown);
        assert_eq!(logged(&store).await, ["session.stolen"]);
        let changes = store.list_changes_since(0).await.unwrap();
        let id = session.id.to_string();
        assert!(
            changes.iter().any(|change| change.kind == Some(ChangeKind::Session) && change.subject == id)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_refreshes_at_once_one_gets_a_new_secret() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let session = store.create_session(&device_session(&ann, [1; 32])).await.unwrap();
        let mut racing = tokio::task::JoinSet::new();
        for new in 2..22 {
            let (store, id) = (store.clone(), session.id);
            racing.spawn(async move { store.refresh_session(&refresh(id, 1, new, 60_000)).await.unwrap() });
        }
        let ended = racing.join_all().await;
        let rotated = ended.iter().filter(|ended| matches!(ended, Rotation::Rotated(_))).count();
        let crossed = ended.iter().filter(|ended| matches!(ended, Rotation::JustRotated)).count();
        assert_eq!((rotated, crossed), (1, 19));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_used_goes_on_up_to_its_longest() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let session = store.create_session(&new_session(&ann)).await.unwrap();
        let ends_at = async |span| {
            store.touch_session(session.id, span).await.unwrap();
            let (found, _) = store.load_active_session(session.id).await.unwrap().unwrap();
            assert!(found.last_used_at_ms.is_some());
            found.expires_at_ms
        };
        assert_eq!(ends_at(None).await, session.expires_at_ms);
        let longer = ends_at(Some(SessionSpan { idle_ms: 120_000, max_ms: i64::MAX })).await;
        assert!(longer >= session.created_at_ms + 120_000);
        let longest = SessionSpan { idle_ms: 900_000, max_ms: 300_000 };
        assert_eq!(ends_at(Some(longest)).await, session.created_at_ms + 300_000);
        store.revoke_session(ann.id, session.id, &entry("session.revoke")).await.unwrap();
        store.touch_session(session.id, Some(longest)).await.unwrap();
        assert_eq!(store.load_active_session(session.id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_owner_is_made_once_however_many_try() {
    for_each_database(|store, url| async move {
        let second = crate::database::connect(&url).await;
        let mut racing = tokio::task::JoinSet::new();
        for number in 0..20 {
            let store = if number % 2 == 0 { store.clone() } else { second.clone() };
            let owner = crate::database::new_user(&format!("owner{number}@example.org"), Role::Owner);
            racing
                .spawn(async move { store.create_first_owner(&owner, &entry("site.setup")).await.unwrap() });
        }
        assert_eq!(racing.join_all().await.into_iter().flatten().count(), 1);
        assert_eq!(logged(&store).await, ["site.setup"]);
        let users = store.list_users(&waystation_store::UserFilter::default(), None, 99).await.unwrap();
        assert_eq!(users.len(), 1);
        second.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_new_that_signs_in_after_others_from_an_address_or_by_a_program_never_seen() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let eve = enter(&store, "eve@example.org", Role::User).await;
        let step = std::sync::atomic::AtomicI64::new(1);
        let is_new = async |user: &User, kind: SessionKind, client: Option<&str>, agent: Option<&str>| {
            // Which came first is told by the id, to the millisecond.
            let at_ms = now_ms() + step.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let session = NewSession {
                id: SessionId::new(at_ms, random()),
                kind,
                client_ip: client.map(str::to_owned),
                user_agent: agent.map(str::to_owned),
                ..new_session(user)
            };
            let made = store.create_session(&session).await.unwrap();
            store.is_session_of_new_device(made.id).await.unwrap()
        };
        let (home, cafe) = (Some("203.0.113.1"), Some("198.51.100.7"));
        let (fox, owl) = (Some("Fox/1"), Some("Owl/2"));
        let browser = SessionKind::Browser;
        // A command at the server is no device, and whoever comes first has none to compare with.
        assert!(!is_new(&ann, SessionKind::Cli, None, None).await);
        assert!(!is_new(&ann, browser, home, fox).await);
        assert!(!is_new(&ann, browser, home, fox).await);
        assert!(is_new(&ann, browser, cafe, fox).await);
        assert!(is_new(&ann, browser, home, owl).await);
        assert!(is_new(&ann, SessionKind::Device, home, None).await);
        assert!(!is_new(&ann, browser, cafe, fox).await);
        // Seen as both apart is not seen as both together; and what others use tells nothing.
        assert!(is_new(&ann, browser, cafe, owl).await);
        assert!(!is_new(&ben, browser, home, fox).await);
        assert!(is_new(&ben, browser, cafe, owl).await);
        // What was ended was seen.
        store.revoke_sessions(ben.id, None, &entry("session.revoke_all")).await.unwrap();
        assert!(!is_new(&ben, browser, cafe, owl).await);
        // What came later tells nothing of the first one, however late it is asked about.
        let first = store.create_session(&NewSession { kind: browser, ..new_session(&eve) }).await.unwrap();
        assert!(is_new(&eve, browser, cafe, owl).await);
        assert!(!store.is_session_of_new_device(first.id).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_for_the_first_key_at_once_one_gets_it() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let ann = enter(&store, "ann@example.org", Role::User).await;
        assert!(!store.has_had_keys(ann.id).await.unwrap());
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (store, (key, entry)) = (
                if number % 2 == 0 { store.clone() } else { second.clone() },
                record(&ann).first_key.unwrap(),
            );
            asking.spawn(async move { store.create_first_key(&key, &entry).await.unwrap() });
        }
        let made: Vec<_> = asking.join_all().await.into_iter().flatten().collect();
        assert_eq!(made.len(), 1);
        assert_eq!(store.list_keys(ann.id, None, 9).await.unwrap().len(), 1);
        assert_eq!(logged(&store).await, ["key.create"]);
        // Revoked, it was still the first.
        store.revoke_key(ann.id, made[0].id, &audited()).await.unwrap();
        let (key, entry) = record(&ann).first_key.unwrap();
        assert_eq!(store.create_first_key(&key, &entry).await.unwrap(), None);
        assert!(store.has_had_keys(ann.id).await.unwrap());
        second.close().await.unwrap();
    })
    .await;
}
