use futures_util::future::join_all;
use waystation_ids::{PasskeyId, Role, SessionId};
use waystation_store::{
    AuditActor, AuditActorKind, AuditEntry, AuditFilter, NewPasskey, NewPending, NewSession, PasskeyCreation,
    PasskeyDeletion, PendingKind, SecondFactors, SessionKind, Store, StoreError, User,
};

use crate::database::{audited, enter, for_each_database, new_user};
use crate::fresh_database::{now_ms, random};

fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: AuditActor { kind: AuditActorKind::Server, user: None, role: None },
        client_ip: None,
        action: action.to_owned(),
        target: None,
        before: None,
        after: None,
        request_id: None,
    }
}

async fn open_session(store: &Store, user: &User) -> SessionId {
    let new = NewSession {
        id: SessionId::new(now_ms(), random()),
        user: user.id,
        kind: SessionKind::Browser,
        secret_hash: None,
        name: None,
        client_ip: None,
        user_agent: None,
        proved_by: None,
        lasts_ms: 60_000,
    };
    store.create_session(&new).await.unwrap().id
}

async fn is_open(store: &Store, session: SessionId) -> bool {
    store.load_active_session(session).await.unwrap().is_some()
}

fn passkey(user: &User, name: &str) -> NewPasskey {
    NewPasskey {
        id: PasskeyId::new(now_ms(), random()),
        user: user.id,
        credential_hash: random(),
        credential: "{\"counter\":1}".to_owned(),
        is_backed_up: false,
        name: name.to_owned(),
        codes: vec![random(), random()],
    }
}

async fn count_audited(store: &Store, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    store.list_audit_rows(&filter, None, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authenticator_app_counts_from_its_confirmation_on() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let (own, other) = (open_session(&store, &ann).await, open_session(&store, &ann).await);
        store.create_totp(ann.id, b"first", &entry("totp.set_up")).await.unwrap();
        store.create_totp(ann.id, b"second", &entry("totp.set_up")).await.unwrap();
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), SecondFactors::default());
        assert!(!store.take_totp_step(ann.id, 7).await.unwrap());

        let confirm = async |sealed: &[u8]| {
            let codes = [random(), random()];
            store.confirm_totp(ann.id, sealed, 5, &codes, own, &entry("totp.enable")).await.unwrap()
        };
        // The code was of a secret that another one has replaced meanwhile.
        assert!(!confirm(b"first").await);
        assert!(confirm(b"second").await);
        assert!(!confirm(b"second").await);
        assert_eq!((is_open(&store, own).await, is_open(&store, other).await), (true, false));
        let has = SecondFactors { totp: true, passkeys: 0, recovery_codes: 2 };
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), has);
        let again = store.create_totp(ann.id, b"third", &entry("totp.set_up")).await;
        assert!(matches!(again, Err(StoreError::Taken("totp"))), "{again:?}");
        assert_eq!(count_audited(&store, "totp.enable").await, 1);

        store.delete_totp(ann.id, own, &entry("totp.disable")).await.unwrap();
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), SecondFactors::default());
        let missing = store.delete_totp(ann.id, own, &entry("totp.disable")).await;
        assert!(matches!(missing, Err(StoreError::Missing(_))), "{missing:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_a_step_is_taken_once_and_none_of_an_earlier_one_after_it() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let own = open_session(&store, &ann).await;
        store.create_totp(ann.id, b"sealed", &entry("totp.set_up")).await.unwrap();
        let confirmed =
            store.confirm_totp(ann.id, b"sealed", 5, &[random()], own, &entry("totp.enable")).await;
        assert!(confirmed.unwrap());
        assert!(!store.take_totp_step(ann.id, 5).await.unwrap());
        let taken = join_all((0..20).map(|_| store.take_totp_step(ann.id, 7))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
        assert!(!store.take_totp_step(ann.id, 6).await.unwrap());
        assert!(store.take_totp_step(ann.id, 8).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_is_used_once_by_its_owner() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let own = open_session(&store, &ann).await;
        let codes: [[u8; 32]; 3] = [random(), random(), random()];
        let none = store.replace_recovery_codes(ann.id, &codes, own, &entry("recovery_codes.create")).await;
        assert!(!none.unwrap(), "there is nothing that they stand in for");
        store.create_totp(ann.id, b"sealed", &entry("totp.set_up")).await.unwrap();
        let confirmed = store.confirm_totp(ann.id, b"sealed", 1, &codes, own, &entry("totp.enable")).await;
        assert!(confirmed.unwrap());

        let used = entry("recovery_code.use");
        assert!(!store.take_recovery_code(ben.id, &codes[0], &used).await.unwrap());
        let taken = join_all((0..20).map(|_| store.take_recovery_code(ann.id, &codes[0], &used))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 1);
        assert_eq!(count_audited(&store, "recovery_code.use").await, 1);
        assert_eq!(store.count_recovery_codes(ann.id).await.unwrap(), (2, 3));

        let new = [random()];
        let made = store.replace_recovery_codes(ann.id, &new, own, &entry("recovery_codes.create")).await;
        assert!(made.unwrap());
        assert!(!store.take_recovery_code(ann.id, &codes[1], &used).await.unwrap());
        assert_eq!(store.count_recovery_codes(ann.id).await.unwrap(), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_kept_once_and_used_as_it_was_seen() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let (own, other) = (open_session(&store, &ann).await, open_session(&store, &ann).await);
        let first = passkey(&ann, "Laptop");
        let made = store.create_passkey(&first, 2, own, &entry("passkey.create")).await.unwrap();
        assert!(matches!(made, PasskeyCreation::Kept { has_new_codes: true, .. }), "{made:?}");
        assert_eq!((is_open(&store, own).await, is_open(&store, other).await), (true, false));
        let of_ben = NewPasskey { credential_hash: first.credential_hash, ..passkey(&ben, "x") };
        let taken = store.create_passkey(&of_ben, 2, own, &entry("passkey.create")).await;
        assert!(matches!(taken, Err(StoreError::Taken("passkey"))), "{taken:?}");
        let second = passkey(&ann, "Phone");
        let made = store.create_passkey(&second, 2, own, &entry("passkey.create")).await.unwrap();
        assert!(matches!(made, PasskeyCreation::Kept { has_new_codes: false, .. }), "{made:?}");
        let third =
            store.create_passkey(&passkey(&ann, "x"), 2, own, &entry("passkey.create")).await.unwrap();
        assert_eq!(third, PasskeyCreation::TooMany);
        let has = SecondFactors { totp: false, passkeys: 2, recovery_codes: 2 };
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), has);

        let found = store.find_passkey(&first.credential_hash).await.unwrap().unwrap();
        assert_eq!((found.user, found.name.as_str(), found.last_used_at_ms), (ann.id, "Laptop", None));
        assert!(!found.is_backed_up);
        let uses = (0..10).map(|_| store.use_passkey(found.id, &found.credential, "{\"counter\":2}", true));
        let used = join_all(uses).await.into_iter().filter(|used| *used.as_ref().unwrap()).count();
        assert_eq!(used, 1);
        let found = store.find_passkey(&first.credential_hash).await.unwrap().unwrap();
        assert!(found.credential == "{\"counter\":2}" && found.last_used_at_ms.is_some());
        assert!(found.is_backed_up);

        let renamed = store.rename_passkey(ann.id, first.id, "Desk", &entry("passkey.update")).await.unwrap();
        assert_eq!((renamed.name.as_str(), renamed.credential), ("Desk", found.credential));
        let of_another = store.rename_passkey(ben.id, first.id, "x", &entry("passkey.update")).await;
        assert!(matches!(of_another, Err(StoreError::Missing("passkey"))), "{of_another:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_passkey_goes_only_where_there_is_another_way_to_sign_in() {
    for_each_database(|store, _| async move {
        let mut with_password = new_user("ann@example.org", Role::User);
        with_password.password_hash = Some("$argon2id$".to_owned());
        let ann = store.create_user(&with_password, &audited()).await.unwrap();
        let ben = enter(&store, "ben@example.org", Role::User).await;
        for (user, becomes) in [(&ann, PasskeyDeletion::Deleted), (&ben, PasskeyDeletion::LastWay)] {
            let own = open_session(&store, user).await;
            let made = passkey(user, "x");
            store.create_passkey(&made, 9, own, &entry("passkey.create")).await.unwrap();
            let deleted = store.delete_passkey(user.id, made.id, own, &entry("passkey.delete")).await;
            assert_eq!(deleted.unwrap(), becomes);
        }
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), SecondFactors::default());
        assert_eq!(store.load_second_factors(ben.id).await.unwrap().passkeys, 1);
        // Of two who take away one of the last two, one is too late.
        let own = open_session(&store, &ben).await;
        let second = passkey(&ben, "y");
        store.create_passkey(&second, 9, own, &entry("passkey.create")).await.unwrap();
        let first = store.list_passkeys(ben.id).await.unwrap()[0].id;
        let gone = entry("passkey.delete");
        let (one, other) = tokio::join!(
            store.delete_passkey(ben.id, first, own, &gone),
            store.delete_passkey(ben.id, second.id, own, &gone),
        );
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!(one != other, "{one:?}, {other:?}");
        assert_eq!(store.list_passkeys(ben.id).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_was_not_remembered_is_taken_once() {
    for_each_database(|store, _| async move {
        let kind = PendingKind::PasskeyUse;
        let spent = join_all((0..10).map(|_| store.spend_pending(&[3; 32], kind, 60_000))).await;
        assert_eq!(spent.into_iter().filter(|spent| *spent.as_ref().unwrap()).count(), 1);
        assert!(store.take_pending(&[3; 32], kind).await.unwrap().is_none());
        assert!(store.spend_pending(&[4; 32], kind, 60_000).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_everything_gets_a_clean_start_and_a_new_password_keeps_the_second_factor() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let own = open_session(&store, &ann).await;
        store.create_totp(ann.id, b"sealed", &entry("totp.set_up")).await.unwrap();
        let confirmed =
            store.confirm_totp(ann.id, b"sealed", 1, &[random()], own, &entry("totp.enable")).await;
        assert!(confirmed.unwrap());
        store.create_passkey(&passkey(&ann, "x"), 9, own, &entry("passkey.create")).await.unwrap();
        let step = async |hash: [u8; 32]| {
            let pending = NewPending {
                hash,
                kind: PendingKind::SecondFactor,
                user: Some(ann.id),
                session: None,
                browser_hash: None,
                state: Vec::new(),
                lasts_ms: 60_000,
            };
            store.create_pending(&pending).await.unwrap();
        };
        step([1; 32]).await;
        assert!(store.find_pending(&[1; 32], PendingKind::SecondFactor).await.unwrap().is_some());
        assert!(store.find_pending(&[1; 32], PendingKind::Proof).await.unwrap().is_none());
        store.set_password(ann.id, "$argon2id$new", &entry("password.reset")).await.unwrap();
        assert_eq!(store.load_password_hash(ann.id).await.unwrap().as_deref(), Some("$argon2id$new"));
        assert!(!is_open(&store, own).await);
        assert!(store.find_pending(&[1; 32], PendingKind::SecondFactor).await.unwrap().is_none());
        let has = SecondFactors { totp: true, passkeys: 1, recovery_codes: 1 };
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), has);

        step([2; 32]).await;
        let own = open_session(&store, &ann).await;
        let had = store.delete_second_factors(ann.id, &entry("second_factor.disable")).await.unwrap();
        assert_eq!(had, has);
        assert!(!is_open(&store, own).await);
        assert!(store.take_pending(&[2; 32], PendingKind::SecondFactor).await.unwrap().is_none());
        assert_eq!(store.load_second_factors(ann.id).await.unwrap(), SecondFactors::default());
        let hash = store.load_password_hash(ann.id).await.unwrap();
        assert_eq!(hash.as_deref(), Some("$argon2id$new"));
    })
    .await;
}
