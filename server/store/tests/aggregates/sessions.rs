use waystation_ids::{Role, SessionId, UserStatus};
use waystation_store::{NewSession, SessionKind, StoreError, User, UserUpdate};

use crate::database::{audited, enter, for_each_database};
use crate::fresh_database::{now_ms, random};

fn new_session(user: &User) -> NewSession {
    NewSession {
        id: SessionId::new(now_ms(), random()),
        user: user.id,
        kind: SessionKind::Cli,
        lasts_ms: 60_000,
    }
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
        let of_another = store.revoke_session(ben.id, session.id).await;
        assert!(matches!(of_another, Err(StoreError::Missing("session"))));
        store.revoke_session(ann.id, session.id).await.unwrap();
        store.revoke_session(ann.id, session.id).await.unwrap();
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
        assert_eq!(store.revoke_sessions(ann.id).await.unwrap(), 3);
        assert!(store.load_active_session(of_ben.id).await.unwrap().is_some());
    })
    .await;
}
