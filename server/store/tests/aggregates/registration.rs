use waystation_ids::{IdentityId, InviteId, Role, SessionId, UserId, UserStatus};
use waystation_store::{
    AuditActor, AuditActorKind, AuditCheck, AuditEntry, AuditFilter, ChangePasswordError, EnterError,
    LinkPurpose, Login, MailLimits, NewIdentity, NewInvite, NewMailedLink, NewSession, Newcomer,
    PasswordChange, SessionKind, Store, StoreError, UpdateUserError, User, UserUpdate,
};

use crate::database::{audited, enter, for_each_database, new_session, new_user};
use crate::fresh_database::{now_ms, random};

const LIMITS: MailLimits = MailLimits { per_purpose: 3, per_person: 6 };

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

fn newcomer(email: &str) -> Newcomer {
    let mut user = new_user(email, Role::User);
    user.password_hash = Some("first".to_owned());
    Newcomer {
        user,
        is_email_verified: false,
        wanted_username: None,
        locale: Some("zh-CN".to_owned()),
        invite: None,
        promised_gift_nanos: Some(5),
    }
}

async fn register(store: &Store, email: &str) -> User {
    store.enter_newcomer(&newcomer(email), &[entry("user.register")]).await.unwrap()
}

fn link(user: &User, purpose: LinkPurpose, hash: u8) -> NewMailedLink {
    NewMailedLink { hash: [hash; 32], purpose, user: user.id, email: user.email.clone(), lasts_ms: 60_000 }
}

fn invite(by: &User, hash: u8) -> NewInvite {
    NewInvite {
        id: InviteId::new(now_ms(), random()),
        hash: [hash; 32],
        email: None,
        created_by: by.id,
        lasts_ms: 60_000,
    }
}

async fn sign_in(store: &Store, user: &User) -> SessionId {
    let session = NewSession { kind: SessionKind::Browser, ..new_session(user) };
    store.create_session(&session).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registers_is_found_by_address_and_name_with_what_was_promised() {
    for_each_database(|store, _| async move {
        let mut ann = newcomer("Ann@Example.org");
        ann.user.username = Some("ann".parse().unwrap());
        let user = store.enter_newcomer(&ann, &[entry("user.register")]).await.unwrap();
        for login in [
            Login::Id(user.id),
            Login::Email("ann@example.org".parse().unwrap()),
            Login::Username("ANN".parse().unwrap()),
        ] {
            let facts = store.load_sign_in_facts(&login).await.unwrap().unwrap();
            assert_eq!((facts.user, facts.password_hash.as_deref()), (user.id, Some("first")));
            assert_eq!((facts.has_registered, facts.is_email_verified), (true, false));
            assert_eq!((facts.promised_gift_nanos, facts.locale.as_deref()), (Some(5), Some("zh-CN")));
        }
        store.clear_promised_gift(user.id).await.unwrap();
        let facts = store.load_sign_in_facts(&Login::Id(user.id)).await.unwrap().unwrap();
        assert_eq!(facts.promised_gift_nanos, None);
        let nobody = store.load_sign_in_facts(&Login::Email("ben@example.org".parse().unwrap())).await;
        assert!(nobody.unwrap().is_none());
        let entered = enter(&store, "cat@example.org", Role::User).await;
        let facts = store.load_sign_in_facts(&Login::Id(entered.id)).await.unwrap().unwrap();
        assert!(!facts.has_registered && facts.password_hash.is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_used_once_and_only_by_a_registration_that_succeeds() {
    for_each_database(|store, _| async move {
        let owner = enter(&store, "owner@example.org", Role::Owner).await;
        let made = store.create_invite(&invite(&owner, 1), &audited()).await.unwrap();
        assert_eq!(store.load_open_invite(&[1; 32]).await.unwrap(), Some(made.clone()));
        let invited = |email: &str| Newcomer { invite: Some(made.id), ..newcomer(email) };
        // The address is taken: nothing of it is done, and the invitation stays good.
        let taken = store.enter_newcomer(&invited("owner@example.org"), &[entry("user.register")]).await;
        assert!(matches!(taken, Err(EnterError::Store(StoreError::Taken("email")))), "{taken:?}");
        assert!(store.load_open_invite(&[1; 32]).await.unwrap().is_some());
        let (newcomers, register) =
            ([invited("ann@example.org"), invited("ben@example.org")], [entry("user.register")]);
        let (one, other) = tokio::join!(
            store.enter_newcomer(&newcomers[0], &register),
            store.enter_newcomer(&newcomers[1], &register),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?}, {other:?}");
        let refused = one.as_ref().err().or(other.as_ref().err()).unwrap();
        assert!(matches!(refused, EnterError::InviteGone), "{refused:?}");
        assert_eq!(store.load_open_invite(&[1; 32]).await.unwrap(), None);
        let used = store.list_invites(None, 9).await.unwrap();
        assert_eq!(used[0].used_by, one.ok().or(other.ok()).map(|user| user.id));
        assert_eq!(store.check_audit_log().await.unwrap(), AuditCheck::Whole(3));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_was_taken_back_or_is_too_old_is_good_for_nothing() {
    for_each_database(|store, _| async move {
        let owner = enter(&store, "owner@example.org", Role::Owner).await;
        let made = store.create_invite(&invite(&owner, 1), &audited()).await.unwrap();
        let revoked = store.revoke_invite(made.id, &audited()).await.unwrap();
        assert!(revoked.revoked_at_ms.is_some());
        let again = store.revoke_invite(made.id, &audited()).await.unwrap();
        assert_eq!(again, revoked);
        let old = NewInvite { lasts_ms: -1, ..invite(&owner, 2) };
        let old = store.create_invite(&old, &audited()).await.unwrap();
        for (hash, id) in [(1, made.id), (2, old.id)] {
            assert_eq!(store.load_open_invite(&[hash; 32]).await.unwrap(), None);
            let late = Newcomer { invite: Some(id), ..newcomer("ann@example.org") };
            let refused = store.enter_newcomer(&late, &[entry("user.register")]).await;
            assert!(matches!(refused, Err(EnterError::InviteGone)), "{refused:?}");
        }
        let unknown = store.revoke_invite(InviteId::new(1, [1; 10]), &audited()).await;
        assert!(matches!(unknown, Err(StoreError::Missing("invite"))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invitations_are_listed_newest_first_and_counted_by_address() {
    for_each_database(|store, _| async move {
        let owner = enter(&store, "owner@example.org", Role::Owner).await;
        let ann = Some("ann@example.org".parse().unwrap());
        let mut ids = Vec::new();
        for number in 0..3 {
            let new = NewInvite {
                id: InviteId::new(1_000 + i64::from(number), random()),
                email: if number == 1 { None } else { ann.clone() },
                ..invite(&owner, number)
            };
            ids.push(store.create_invite(&new, &audited()).await.unwrap().id);
        }
        let list = |after, limit| {
            let store = store.clone();
            async move {
                let found = store.list_invites(after, limit).await.unwrap();
                found.into_iter().map(|invite| invite.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(list(None, 2).await, [ids[2], ids[1]]);
        assert_eq!(list(Some(ids[1]), 2).await, [ids[0]]);
        assert_eq!(store.count_invites_to(ann.as_ref().unwrap(), 60_000).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_verifies_its_address_once() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        for hash in [1, 2] {
            assert!(store.create_mailed_link(&link(&ann, LinkPurpose::Verify, hash), LIMITS).await.unwrap());
        }
        let verify = |_: UserId| entry("user.verify_email");
        // A link is good for its own purpose only.
        assert!(store.reset_password(&[1; 32], "second", verify).await.unwrap().is_none());
        let found = store.load_mailed_link(&[1; 32], LinkPurpose::Verify).await.unwrap();
        assert_eq!(found, Some((ann.id, ann.email.clone())));
        let (one, other) =
            tokio::join!(store.verify_email(&[1; 32], verify), store.verify_email(&[1; 32], verify));
        assert!(one.unwrap().is_some() != other.unwrap().is_some());
        // The other link that was mailed is worth nothing any more.
        assert!(store.verify_email(&[2; 32], verify).await.unwrap().is_none());
        assert_eq!(store.load_mailed_link(&[2; 32], LinkPurpose::Verify).await.unwrap(), None);
        let facts = store.load_sign_in_facts(&Login::Id(ann.id)).await.unwrap().unwrap();
        assert!(facts.is_email_verified);
        assert!(store.verify_email(&[3; 32], verify).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_nobodys_until_an_address_is_verified_and_then_the_first_ones() {
    for_each_database(|store, _| async move {
        let mut people = Vec::new();
        for number in 0..6 {
            let wanted = newcomer(&format!("user{number}@example.org"));
            let wanted = Newcomer { wanted_username: Some("ann".parse().unwrap()), ..wanted };
            let user = store.enter_newcomer(&wanted, &[entry("user.register")]).await.unwrap();
            assert!(
                store.create_mailed_link(&link(&user, LinkPurpose::Verify, number), LIMITS).await.unwrap()
            );
            people.push(user);
        }
        let ann = Login::Username("ann".parse().unwrap());
        assert!(store.load_sign_in_facts(&ann).await.unwrap().is_none());
        let mut verifying = tokio::task::JoinSet::new();
        for number in 0..6 {
            let store = store.clone();
            verifying.spawn(async move {
                store.verify_email(&[number; 32], |_| entry("user.verify_email")).await.unwrap().is_some()
            });
        }
        // All of them are verified; one has the name.
        assert_eq!(verifying.join_all().await, [true; 6]);
        let holder = store.load_sign_in_facts(&ann).await.unwrap().unwrap();
        assert!(people.iter().any(|user| user.id == holder.user));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_every_session_and_every_other_link() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        let session = sign_in(&store, &ann).await;
        for hash in [1, 2] {
            assert!(store.create_mailed_link(&link(&ann, LinkPurpose::Reset, hash), LIMITS).await.unwrap());
        }
        let reset = |_: UserId| entry("password.reset");
        assert!(store.reset_password(&[1; 32], "second", reset).await.unwrap().is_some());
        for hash in [1, 2] {
            assert!(store.reset_password(&[hash; 32], "third", reset).await.unwrap().is_none());
        }
        let facts = store.load_sign_in_facts(&Login::Id(ann.id)).await.unwrap().unwrap();
        assert_eq!(facts.password_hash.as_deref(), Some("second"));
        // Whoever got the mail holds the address.
        assert!(facts.is_email_verified);
        assert_eq!(store.load_active_session(session).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_good_for_an_active_person_only_and_not_for_ever() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        let old = NewMailedLink { lasts_ms: -1, ..link(&ann, LinkPurpose::Reset, 1) };
        assert!(store.create_mailed_link(&old, LIMITS).await.unwrap());
        assert!(store.create_mailed_link(&link(&ann, LinkPurpose::Reset, 2), LIMITS).await.unwrap());
        let elsewhere =
            NewMailedLink { email: "ben@example.org".parse().unwrap(), ..link(&ann, LinkPurpose::Reset, 3) };
        assert!(!store.create_mailed_link(&elsewhere, LIMITS).await.unwrap());
        let disabled = UserUpdate { status: Some(UserStatus::Disabled), ..UserUpdate::default() };
        store.update_user(ann.id, Role::User, &disabled, &audited()).await.unwrap();
        for hash in [1, 2] {
            let reset = store.reset_password(&[hash; 32], "second", |_| entry("password.reset")).await;
            assert!(reset.unwrap().is_none());
        }
        assert!(!store.create_mailed_link(&link(&ann, LinkPurpose::Reset, 4), LIMITS).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_mailed_three_times_an_hour_for_one_purpose_however_many_ask_at_once() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        let mut asking = tokio::task::JoinSet::new();
        for number in 0..20 {
            let (store, link) = (store.clone(), link(&ann, LinkPurpose::Reset, number));
            asking.spawn(async move { store.create_mailed_link(&link, LIMITS).await.unwrap() });
        }
        assert_eq!(asking.join_all().await.into_iter().filter(|made| *made).count(), 3);
        let mut others = 0;
        for number in 20..30 {
            let purpose = if number % 2 == 0 { LinkPurpose::Verify } else { LinkPurpose::Registered };
            others +=
                usize::from(store.create_mailed_link(&link(&ann, purpose, number), LIMITS).await.unwrap());
        }
        // Six in all, whatever they are for.
        assert_eq!(others, 3);
        let ben = register(&store, "ben@example.org").await;
        assert!(store.create_mailed_link(&link(&ben, LinkPurpose::Reset, 40), LIMITS).await.unwrap());
        // What counts is kept.
        assert_eq!(store.prune_mailed_links(100).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_all_sessions_but_the_one_it_was_changed_in() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        let (kept, other) = (sign_in(&store, &ann).await, sign_in(&store, &ann).await);
        assert!(store.create_mailed_link(&link(&ann, LinkPurpose::Reset, 1), LIMITS).await.unwrap());
        let change = |old: &str, new: &str| PasswordChange {
            user: ann.id,
            old_hash: old.to_owned(),
            new_hash: new.to_owned(),
            session: kept,
        };
        let stale = store.change_password(&change("another", "second"), &entry("password.change")).await;
        assert!(matches!(stale, Err(ChangePasswordError::Changed)), "{stale:?}");
        assert!(store.load_active_session(other).await.unwrap().is_some());
        store.change_password(&change("first", "second"), &entry("password.change")).await.unwrap();
        assert!(store.load_active_session(kept).await.unwrap().is_some());
        assert!(store.load_active_session(other).await.unwrap().is_none());
        // A link that was mailed before resets nothing.
        let reset = store.reset_password(&[1; 32], "third", |_| entry("password.reset")).await.unwrap();
        assert!(reset.is_none());
        store.rehash_password(ann.id, "first", "lost").await.unwrap();
        store.rehash_password(ann.id, "second", "rehashed").await.unwrap();
        let facts = store.load_sign_in_facts(&Login::Id(ann.id)).await.unwrap().unwrap();
        assert_eq!(facts.password_hash.as_deref(), Some("rehashed"));
        assert!(store.load_active_session(kept).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_by_a_provider_is_entered_and_linked_in_one_go() {
    for_each_database(|store, _| async move {
        let identity = || NewIdentity {
            id: IdentityId::new(now_ms(), random()),
            provider: "sso".to_owned(),
            issuer: "https://sso.example.org".to_owned(),
            subject: "one".to_owned(),
            email: None,
        };
        let coming = |email: &str| {
            let mut newcomer = newcomer(email);
            newcomer.user.identity = Some(identity());
            newcomer
        };
        let entries = [entry("user.register"), entry("identity.link")];
        let logged = async || {
            let rows = store.list_audit_rows(&AuditFilter::default(), None, 9).await.unwrap();
            rows.into_iter().map(|row| row.entry.action).collect::<Vec<_>>()
        };
        store.enter_newcomer(&coming("ann@example.org"), &entries).await.unwrap();
        assert_eq!(logged().await, ["identity.link", "user.register"]);
        // The account with the provider is somebody's: nothing of it is done, and nothing is told.
        let refused = store.enter_newcomer(&coming("ben@example.org"), &entries).await;
        assert!(matches!(refused, Err(EnterError::Store(StoreError::Taken("identity")))), "{refused:?}");
        assert_eq!(logged().await.len(), 2);
        let nobody = store.load_user_by_email(&"ben@example.org".parse().unwrap()).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_is_unverified_and_ends_what_the_one_before_could_do() {
    for_each_database(|store, _| async move {
        let ann = register(&store, "ann@example.org").await;
        let verify = link(&ann, LinkPurpose::Verify, 1);
        assert!(store.create_mailed_link(&verify, LIMITS).await.unwrap());
        store.verify_email(&[1; 32], |_| entry("user.verify_email")).await.unwrap().unwrap();
        let reset = link(&ann, LinkPurpose::Reset, 2);
        assert!(store.create_mailed_link(&reset, LIMITS).await.unwrap());
        let session = sign_in(&store, &ann).await;

        let update = |email: &str, username: Option<&str>| UserUpdate {
            email: Some(email.parse().unwrap()),
            username: username.map(|name| Some(name.parse().unwrap())),
            ..UserUpdate::default()
        };
        // The same address is no other one.
        store.update_user(ann.id, Role::User, &update("Ann@example.org", None), &audited()).await.unwrap();
        assert!(store.load_user(ann.id).await.unwrap().email_verified_at_ms.is_some());
        assert!(store.load_active_session(session).await.unwrap().is_some());

        let other = update("anna@example.org", Some("anna"));
        let changed = store.update_user(ann.id, Role::User, &other, &audited()).await.unwrap();
        assert_eq!((changed.email.as_str(), changed.email_verified_at_ms), ("anna@example.org", None));
        assert_eq!(changed.username.as_ref().map(|name| name.as_str()), Some("anna"));
        assert_eq!(store.load_active_session(session).await.unwrap(), None);
        assert_eq!(store.load_mailed_link(&[2; 32], LinkPurpose::Reset).await.unwrap(), None);
        let ben = register(&store, "ben@example.org").await;
        for (update, field) in [
            (update("anna@example.org", None), "email"),
            (update("ben@example.org", Some("ANNA")), "username"),
        ] {
            let taken = store.update_user(ben.id, Role::User, &update, &audited()).await;
            let Err(UpdateUserError::Store(StoreError::Taken(found))) = taken else { panic!("{taken:?}") };
            assert_eq!(found, field);
        }
        // The address until now is anybody's.
        register(&store, "ann@example.org").await;
    })
    .await;
}
