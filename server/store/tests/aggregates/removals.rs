use sea_orm::{ConnectionTrait, Database, Statement};
use waystation_ids::{
    AccountId, AdjustmentId, InviteId, KeyCheck, KeyId, KeyPrefix, KeySecret, KeyStatus, Role, SessionId,
    UserId, UserStatus, Username,
};
use waystation_ledger::{AccountKind, Direction, SystemAccount, TransferKind, Unit};
use waystation_store::{
    AdjustmentRecord, AuditFilter, FundsOrder, FundsTarget, KeyLimits, LedgerLanes, NewInvite, NewKey,
    NewResetLink, Newcomer, OwnUpdate, RemoveUserError, Store, StoreError, UpdateUserError, User, UserFilter,
};

use crate::database::{audit_entry, audited, connect, enter, for_each_database, new_session, new_user};
use crate::fresh_database::{now_ms, random};

/// What lies in every table that tells who somebody is.
async fn insert_personal_rows(store: &Store, url: &str, user: UserId) {
    let raw = Database::connect(url).await.unwrap();
    let (id, hash) = (literal(store, user.uuid()), bytes(store, &random::<32>()));
    for sql in [
        format!(
            "INSERT INTO identities (id, user_id, provider, issuer, subject, created_at_ms) VALUES ({id}, {id}, 'p', 'i', '{user}', 0)"
        ),
        format!(
            "INSERT INTO passkeys (id, user_id, credential_hash, credential, is_backed_up, name, created_at_ms) VALUES ({id}, {id}, {hash}, '', FALSE, '', 0)"
        ),
        format!(
            "INSERT INTO totp_secrets (user_id, sealed, created_at_ms, last_step) VALUES ({id}, {hash}, 0, 0)"
        ),
        format!("INSERT INTO recovery_codes (hash, user_id, created_at_ms) VALUES ({hash}, {id}, 0)"),
        format!(
            "INSERT INTO mailed_links (hash, purpose, user_id, email, created_at_ms, expires_at_ms) VALUES ({hash}, 'reset', {id}, '', 0, 0)"
        ),
    ] {
        raw.execute_unprepared(&sql).await.unwrap();
    }
    raw.close().await.unwrap();
}

fn literal(store: &Store, id: uuid::Uuid) -> String {
    match store.kind() {
        waystation_store::DatabaseKind::Postgres => format!("'{id}'"),
        _ => format!("x'{}'", id.simple()),
    }
}

fn bytes(store: &Store, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match store.kind() {
        waystation_store::DatabaseKind::Postgres => format!("'\\x{digits}'"),
        _ => format!("x'{digits}'"),
    }
}

async fn count(url: &str, table: &str) -> i64 {
    let raw = Database::connect(url).await.unwrap();
    let sql = format!("SELECT COUNT(*) AS counted FROM {table}");
    let row = raw.query_one_raw(Statement::from_string(raw.get_database_backend(), sql)).await.unwrap();
    let counted = row.unwrap().try_get("", "counted").unwrap();
    raw.close().await.unwrap();
    counted
}

async fn add_session(store: &Store, user: &User) -> SessionId {
    store.create_session(&new_session(user)).await.unwrap().id
}

async fn add_key(store: &Store, user: &User) -> (KeyId, KeySecret) {
    let prefix = KeyPrefix::try_from("sk-").unwrap();
    let secret = loop {
        if let Some(secret) = KeyCheck::new([7; 32]).create_secret(&prefix, &random::<96>()) {
            break secret;
        }
    };
    let id = KeyId::new(now_ms(), random());
    let key = NewKey {
        id,
        user: user.id,
        name: "a".to_owned(),
        hash: secret.hash(),
        preview: secret.preview(),
        limits: KeyLimits::default(),
        budgets: Vec::new(),
    };
    store.create_key(&key, &audited()).await.unwrap();
    (id, secret)
}

fn movement(user: UserId, direction: Direction) -> FundsOrder {
    FundsOrder {
        id: AdjustmentId::new_cause(now_ms(), random()).uuid(),
        user,
        target: FundsTarget::Standing(AccountKind::Cash, Unit::NanoUsd, AccountId::new(now_ms(), random())),
        counterpart: SystemAccount::Adjustments,
        direction,
        amount: 1_000,
        kind: TransferKind::Adjustment,
        record: AdjustmentRecord {
            entered: None,
            reason_code: "test".to_owned(),
            note: String::new(),
            actor: None,
        },
        audit: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_removed_person_nothing_is_left_but_what_the_books_need() {
    for_each_database(|store, url| async move {
        let mut new = new_user("ann@example.org", Role::User);
        new.username = Some("ann".parse().unwrap());
        let ann = store.create_user(&new, &audited()).await.unwrap();
        let (key, secret) = add_key(&store, &ann).await;
        let session = add_session(&store, &ann).await;
        insert_personal_rows(&store, &url, ann.id).await;
        assert!(store.load_key_holder(&secret.hash()).await.unwrap().is_some());
        store.remove_user(ann.id, Role::User, &audited()).await.unwrap();

        assert!(matches!(store.load_user(ann.id).await, Err(StoreError::Missing("user"))));
        assert!(matches!(store.load_user_by_email(&ann.email).await, Err(StoreError::Missing("user"))));
        assert_eq!(store.list_users(&UserFilter::default(), None, 9).await.unwrap(), []);
        assert!(store.load_key_holder(&secret.hash()).await.unwrap().is_none());
        assert_eq!(store.load_key(ann.id, key).await.unwrap().status, KeyStatus::Revoked);
        assert_eq!(store.load_active_session(session).await.unwrap(), None);
        assert_eq!(store.list_accounts(ann.id).await.unwrap().len(), 1, "the account stays");
        for table in ["sessions", "identities", "passkeys", "totp_secrets", "recovery_codes", "mailed_links"]
        {
            assert_eq!(count(&url, table).await, 0, "{table}");
        }
        // The address and the name are free again; and who is gone is gone.
        store.create_user(&new_again(&new), &audited()).await.unwrap();
        let twice = store.remove_user(ann.id, Role::User, &audited()).await;
        assert!(matches!(twice, Err(RemoveUserError::Store(StoreError::Missing("user")))), "{twice:?}");
        let key = store.create_key(&another_key(&ann), &audited()).await;
        assert!(matches!(key, Err(StoreError::Missing("user"))));
    })
    .await;
}

fn new_again(new: &waystation_store::NewUser) -> waystation_store::NewUser {
    waystation_store::NewUser {
        id: UserId::new(now_ms(), random()),
        cash_account: AccountId::new(now_ms(), random()),
        ..new.clone()
    }
}

fn another_key(user: &User) -> NewKey {
    let prefix = KeyPrefix::try_from("sk-").unwrap();
    let secret =
        (0..100).find_map(|_| KeyCheck::new([7; 32]).create_secret(&prefix, &random::<96>())).unwrap();
    NewKey {
        id: KeyId::new(now_ms(), random()),
        user: user.id,
        name: "b".to_owned(),
        hash: secret.hash(),
        preview: secret.preview(),
        limits: KeyLimits::default(),
        budgets: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_something_left_is_not_removed() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let (lanes, _) = LedgerLanes::start(&store);
        lanes.move_funds(movement(ann.id, Direction::Credit)).await.unwrap();
        let refused = store.remove_user(ann.id, Role::User, &audited()).await;
        assert!(matches!(refused, Err(RemoveUserError::Unsettled)), "{refused:?}");
        assert_eq!(store.load_user(ann.id).await.unwrap(), ann);
        lanes.move_funds(movement(ann.id, Direction::Debit)).await.unwrap();
        store.remove_user(ann.id, Role::User, &audited()).await.unwrap();
        assert!(store.audit_ledger(waystation_store::Pace::AtOnce).await.unwrap().is_clean());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_remove_each_other_one_stays() {
    for_each_database(|store, url| async move {
        let second = connect(&url).await;
        let audit = audited();
        let mut ann = enter(&store, "ann@example.org", Role::Owner).await;
        for round in 0..8 {
            let ben = enter(&store, &format!("ben{round}@example.org"), Role::Owner).await;
            let (one, other) = tokio::join!(
                store.remove_user(ann.id, Role::Owner, &audit),
                second.remove_user(ben.id, Role::Owner, &audit),
            );
            assert!(one.is_ok() != other.is_ok(), "round {round}: {one:?}, {other:?}");
            if one.is_ok() {
                ann = ben;
            }
        }
        let last = store.remove_user(ann.id, Role::Owner, &audit).await;
        assert!(matches!(last, Err(RemoveUserError::LastOwner)), "{last:?}");
        let stale = store.remove_user(ann.id, Role::Admin, &audit).await;
        assert!(matches!(stale, Err(RemoveUserError::RoleChanged)), "{stale:?}");
        second.close().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_sessions_and_takes_what_was_signed_in_with() {
    for_each_database(|store, url| async move {
        let mut new = new_user("ann@example.org", Role::User);
        new.password_hash = Some("$argon2id$".to_owned());
        let ann = store.create_user(&new, &audited()).await.unwrap();
        insert_personal_rows(&store, &url, ann.id).await;
        let session = add_session(&store, &ann).await;
        let link = NewResetLink { hash: random(), lasts_ms: 60_000 };
        let entry = audit_entry("user.reset_password");
        let stale = store.withdraw_password(ann.id, Role::Admin, &link, &entry).await;
        assert!(matches!(stale, Err(UpdateUserError::RoleChanged)), "{stale:?}");
        store.withdraw_password(ann.id, Role::User, &link, &entry).await.unwrap();
        assert_eq!(store.load_active_session(session).await.unwrap(), None);
        assert_eq!(count(&url, "users WHERE password_hash IS NOT NULL").await, 0);
        // The link that was mailed before is good for nothing.
        assert_eq!(count(&url, "mailed_links WHERE used_at_ms IS NULL").await, 1);
        assert_eq!(count(&url, "mailed_links WHERE used_at_ms IS NULL AND expires_at_ms > 0").await, 1);
        assert_eq!(count(&url, "passkeys").await, 1);

        let session = add_session(&store, &ann).await;
        store
            .reset_second_factor(ann.id, Role::User, &audit_entry("user.reset_second_factor"))
            .await
            .unwrap();
        assert_eq!(store.load_active_session(session).await.unwrap(), None);
        for table in ["passkeys", "totp_secrets", "recovery_codes"] {
            assert_eq!(count(&url, table).await, 0, "{table}");
        }
        let rows = store.list_audit_rows(&AuditFilter::default(), None, 2).await.unwrap();
        let actions: Vec<&str> = rows.iter().map(|row| row.entry.action.as_str()).collect();
        assert_eq!(actions, ["user.reset_second_factor", "user.reset_password"]);
        assert_eq!(store.load_user(ann.id).await.unwrap().status, UserStatus::Active);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_change_their_own_name_and_no_more() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let name: Username = "ann".parse().unwrap();
        let update = OwnUpdate {
            username: Some(Some(name.clone())),
            locale: Some(Some("zh-CN".to_owned())),
            ..OwnUpdate::default()
        };
        let changed = store.update_own_user(ann.id, &update, &audited()).await.unwrap();
        assert_eq!((changed.username.as_ref(), changed.locale.as_deref()), (Some(&name), Some("zh-CN")));
        assert_eq!((changed.display_name.as_str(), changed.role), (ann.display_name.as_str(), ann.role));
        let taken = store.update_own_user(ben.id, &update, &audited()).await;
        assert!(matches!(taken, Err(StoreError::Taken("username"))), "{taken:?}");
        let cleared = OwnUpdate { username: Some(None), locale: Some(None), ..OwnUpdate::default() };
        let changed = store.update_own_user(ann.id, &cleared, &audited()).await.unwrap();
        assert_eq!((changed.username, changed.locale), (None, None));
        store.update_own_user(ben.id, &update, &audited()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_invitation_keeps_the_address_of_somebody_who_was_removed() {
    for_each_database(|store, url| async move {
        let owner = enter(&store, "owner@example.org", Role::Owner).await;
        let invite = |hash: u8, email: Option<&str>| NewInvite {
            id: InviteId::new(now_ms(), random()),
            hash: [hash; 32],
            email: email.map(|email| email.parse().unwrap()),
            created_by: owner.id,
            lasts_ms: 60_000,
        };
        let used = invite(1, Some("ann@example.org"));
        let again = invite(2, Some("ann@example.org"));
        let (of_ben, of_nobody) = (invite(3, Some("ben@example.org")), invite(4, None));
        for invite in [&used, &again, &of_ben, &of_nobody] {
            store.create_invite(invite, &audited()).await.unwrap();
        }
        let newcomer = Newcomer {
            user: new_user("ann@example.org", Role::User),
            is_email_verified: true,
            wanted_username: None,
            locale: None,
            invite: Some(used.id),
            promised_gift_nanos: None,
        };
        let ann = store.enter_newcomer(&newcomer, &[audit_entry("user.register")]).await.unwrap();
        let (key, _) = add_key(&store, &ann).await;
        store.remove_user(ann.id, Role::User, &audited()).await.unwrap();
        assert_eq!(count(&url, "invites WHERE email = 'ann@example.org'").await, 0);
        assert_eq!(count(&url, "invites WHERE email = 'ben@example.org'").await, 1);
        // What was open for that address alone is not open for everybody now.
        assert_eq!(store.load_open_invite(&[2; 32]).await.unwrap(), None);
        for open in [[3; 32], [4; 32]] {
            assert!(store.load_open_invite(&open).await.unwrap().is_some());
        }
        assert_eq!(store.load_key(ann.id, key).await.unwrap().name, "Deleted");
    })
    .await;
}
