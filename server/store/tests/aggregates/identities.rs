use tokio::task::JoinSet;
use waystation_ids::{IdentityId, Role};
use waystation_store::{
    AuditActor, AuditActorKind, AuditCheck, AuditEntry, AuditFilter, LinkIdentityError, NewIdentity, Store,
    StoreError, UnlinkIdentityError, User,
};

use crate::database::{audited, enter, for_each_database, new_user};
use crate::fresh_database::{now_ms, random};

const ISSUER: &str = "https://id.example.com";

fn new_identity(subject: &str) -> NewIdentity {
    NewIdentity {
        id: IdentityId::new(now_ms(), random()),
        provider: "sso".to_owned(),
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        email: Some("ann@example.org".to_owned()),
    }
}

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

async fn link(store: &Store, user: &User, subject: &str) -> Result<IdentityId, LinkIdentityError> {
    let linked = store.link_identity(user.id, &new_identity(subject), &entry("identity.link")).await;
    linked.map(|identity| identity.id)
}

async fn unlink(store: &Store, user: &User, id: IdentityId) -> Result<(), UnlinkIdentityError> {
    store.unlink_identity(user.id, id, &entry("identity.unlink")).await.map(drop)
}

async fn count_entries(store: &Store, action: &str) -> usize {
    let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
    store.list_audit_rows(&filter, None, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_is_one_person_in_exactly_one_spelling() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let id = link(&store, &ann, "Subject").await.unwrap();
        let (identity, user) = store.find_identity(ISSUER, "Subject").await.unwrap().unwrap();
        assert_eq!((identity.id, identity.user, user.clone()), (id, ann.id, ann.clone()));
        assert_eq!((identity.email.as_deref(), identity.last_used_at_ms), (Some("ann@example.org"), None));
        for subject in ["subject", "SUBJECT", "Subject ", " Subject", "Subje\u{301}ct", "Súbject", ""] {
            assert_eq!(store.find_identity(ISSUER, subject).await.unwrap(), None, "{subject:?}");
        }
        for issuer in ["https://id.example.com/", "HTTPS://ID.EXAMPLE.COM", "https://id.example.com "] {
            assert_eq!(store.find_identity(issuer, "Subject").await.unwrap(), None, "{issuer:?}");
        }
        // Another spelling is another person, and the same one is nobody else's.
        link(&store, &ben, "subject").await.unwrap();
        assert!(matches!(link(&store, &ben, "Subject").await, Err(LinkIdentityError::Taken)));
        assert_eq!(link(&store, &ann, "Subject").await.unwrap(), id);
        assert_eq!(store.list_identities(ann.id).await.unwrap().len(), 1);
        assert_eq!(count_entries(&store, "identity.link").await, 2);

        store.record_identity_use(id, Some("new@example.org")).await.unwrap();
        let (identity, same) = store.find_identity(ISSUER, "Subject").await.unwrap().unwrap();
        assert!(identity.last_used_at_ms.is_some() && identity.email.as_deref() == Some("new@example.org"));
        assert_eq!(same, user);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_comes_with_an_identity_or_not_at_all() {
    for_each_database(|store, _| async move {
        let mut ann = new_user("ann@example.org", Role::User);
        ann.identity = Some(new_identity("one"));
        let ann = store.create_user(&ann, &audited()).await.unwrap();
        assert_eq!(store.list_identities(ann.id).await.unwrap().len(), 1);
        let mut ben = new_user("ben@example.org", Role::User);
        ben.identity = Some(new_identity("one"));
        let taken = store.create_user(&ben, &audited()).await;
        assert!(matches!(taken, Err(StoreError::Taken("identity"))), "{taken:?}");
        let missing = store.load_user_by_email(&ben.email).await;
        assert!(matches!(missing, Err(StoreError::Missing("user"))), "{missing:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_to_sign_in_stays() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        let ben = enter(&store, "ben@example.org", Role::User).await;
        let mut with_password = new_user("cat@example.org", Role::User);
        with_password.password_hash = Some("$argon2id$".to_owned());
        let cat = store.create_user(&with_password, &audited()).await.unwrap();
        let (first, second) =
            (link(&store, &ann, "1").await.unwrap(), link(&store, &ann, "2").await.unwrap());
        let of_cat = link(&store, &cat, "3").await.unwrap();
        let of_another = unlink(&store, &ben, first).await;
        assert!(matches!(of_another, Err(UnlinkIdentityError::Store(StoreError::Missing("identity")))));
        unlink(&store, &ann, first).await.unwrap();
        assert!(matches!(unlink(&store, &ann, second).await, Err(UnlinkIdentityError::LastWay)));
        unlink(&store, &cat, of_cat).await.unwrap();
        assert_eq!(store.find_identity(ISSUER, "1").await.unwrap(), None);
        assert_eq!(count_entries(&store, "identity.unlink").await, 2);
        assert!(matches!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(_)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_are_taken_off_at_once_one_stays() {
    for_each_database(|store, _| async move {
        for round in 0..10 {
            let ann = enter(&store, &format!("ann{round}@example.org"), Role::User).await;
            let mut racing = JoinSet::new();
            for place in ["a", "b"] {
                let id = link(&store, &ann, &format!("{place}{round}")).await.unwrap();
                let (store, ann) = (store.clone(), ann.clone());
                racing.spawn(async move { unlink(&store, &ann, id).await.is_ok() });
            }
            racing.join_all().await;
            assert_eq!(store.list_identities(ann.id).await.unwrap().len(), 1, "{round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_link_one_account_at_once_one_gets_it() {
    for_each_database(|store, _| async move {
        let mut racing = JoinSet::new();
        for number in 0..10 {
            let person = enter(&store, &format!("p{number}@example.org"), Role::User).await;
            let store = store.clone();
            racing.spawn(async move {
                match link(&store, &person, "one").await {
                    Ok(_) => true,
                    Err(LinkIdentityError::Taken) => false,
                    Err(error) => panic!("{error:?}"),
                }
            });
        }
        let linked = racing.join_all().await.into_iter().filter(|linked| *linked).count();
        assert_eq!((linked, count_entries(&store, "identity.link").await), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_than_twenty() {
    for_each_database(|store, _| async move {
        let ann = enter(&store, "ann@example.org", Role::User).await;
        for number in 0..20 {
            link(&store, &ann, &number.to_string()).await.unwrap();
        }
        assert!(matches!(link(&store, &ann, "20").await, Err(LinkIdentityError::TooMany)));
    })
    .await;
}
