//! Nobody acts on an equal or higher role: all that can be done to somebody × all pairs of roles.

use serde_json::{Value, json};
use waystation_api::permissions::Permission;
use waystation_ids::Role;
use waystation_store::{AuditFilter, User, UserFilter, UserUpdate};

use crate::access_rules::credentials::session_of;
use crate::access_rules::operations::{Needed, Operation, operations};
use crate::access_rules::site::Site;

/// Everything that each operation on somebody is tried with. One that is not here fails the test: give it a body.
fn bodies_of(operation: &Operation) -> Vec<Value> {
    match operation.id.as_str() {
        "update_user" => vec![
            json!({"display_name": "x"}),
            json!({"status": "disabled"}),
            json!({"role": "user"}),
            json!({"channel_group": "fast"}),
            json!({"username": null}),
        ],
        "create_user_key" => vec![json!({"name": "x"})],
        "update_user_key" => vec![json!({"name": "x"}), json!({"status": "disabled"})],
        "rotate_user_key" | "revoke_user_key" | "remove_user" | "reset_user_password" => vec![json!({})],
        "reset_user_second_factor" | "revoke_user_session" | "revoke_user_sessions" => vec![json!({})],
        "create_adjustment" => {
            vec![json!({"direction": "credit", "amount": "1", "reason_code": "test", "note": "a test"})]
        }
        "create_grant" => vec![json!({"unit": "calls", "amount": "1", "note": "a test"})],
        other => panic!("{other} acts on people: say here what it is asked with"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_roles_says_what_routes_ask_for() {
    let site = Site::new("roles").await;
    let people = site.one_of_each_role().await;
    site.enter("another", Role::Operator).await;
    let auditor = people.iter().find(|person| person.role == Role::Auditor).unwrap();
    let shown = site.get_done(&site.token(auditor).await, "GET", "/api/admin/roles", Value::Null).await;
    let items = shown["items"].as_array().unwrap();
    let counted: Vec<_> = items.iter().map(|item| (&item["role"], &item["people"])).collect();
    let expected = [("owner", 1), ("admin", 1), ("operator", 2), ("finance", 1), ("auditor", 1), ("user", 1)];
    let expected: Vec<_> = expected.map(|(role, people)| (json!(role), json!(people))).into();
    assert_eq!(counted, expected.iter().map(|(role, people)| (role, people)).collect::<Vec<_>>());
    for operation in operations() {
        let Needed::Held(permission) = operation.needed else { continue };
        assert!(shown["permissions"].as_array().unwrap().contains(&json!(permission)), "{permission:?}");
        for item in items {
            let role: Role = serde_json::from_value(item["role"].clone()).unwrap();
            let listed = item["permissions"].as_array().unwrap().contains(&json!(permission));
            assert_eq!(listed, permission.is_held_by(role), "{} by {role:?}", operation.id);
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_acts_on_an_equal_or_higher_role_whatever_the_deed() {
    let site = Site::new("hierarchy").await;
    let actors = site.one_of_each_role().await;
    let owner = site.token(actors.last().unwrap()).await;
    let deeds: Vec<Operation> = operations()
        .into_iter()
        .filter(|operation| operation.path.starts_with("/api/admin/users/{id}") && !operation.is_read())
        .collect();
    assert!(deeds.len() >= 9);
    let mut tried = 0;
    for operation in &deeds {
        for body in bodies_of(operation) {
            for actor in &actors {
                for role in Role::ALL {
                    tried += 1;
                    let target = site.enter(&format!("target-{tried}"), role).await;
                    try_deed(&site, &owner, operation, &body, actor, &target).await;
                }
            }
        }
    }
    assert!(tried >= 13 * 36, "{tried}");
    site.finish().await;
}

async fn try_deed(
    site: &Site,
    owner: &str,
    operation: &Operation,
    body: &Value,
    actor: &User,
    target: &User,
) {
    // Owners' keys are for owners to make.
    let of_target = site.token(target).await;
    let key = site.get_done(&of_target, "POST", "/api/me/keys", json!({"name": "a"})).await;
    let path = operation.path.replace("{id}", &target.id.to_string());
    let path = path.replace("{key}", key["key"]["id"].as_str().unwrap());
    let path = path.replace("{session}", &session_of(&of_target).to_string());
    let before = all_about(site, owner, target).await;
    let token = site.token(actor).await;
    let entries = site.app.store.count_audit_rows(&AuditFilter::default()).await.unwrap();
    let answer = site.ask(&token, &operation.method, &path, body.clone()).await;
    let context = format!(
        "{} {body} by {:?} on {:?}: {} {}",
        operation.id, actor.role, target.role, answer.status, answer.text
    );
    let is_allowed = operation.admits(actor.role) && actor.role > target.role;
    assert_eq!(answer.status.is_success(), is_allowed, "{context}");
    let written = site.app.store.count_audit_rows(&AuditFilter::default()).await.unwrap() - entries;
    if is_allowed {
        assert_eq!(written, 1, "{context}");
    } else {
        assert_eq!((answer.status.as_u16(), answer.code()), (403, "forbidden"), "{context}");
        assert_eq!(written, 0, "{context}");
        assert_eq!(all_about(site, owner, target).await, before, "{context}");
        // Whoever has lost the session was acted on.
        assert_eq!(site.ask(&of_target, "GET", "/api/me", json!({})).await.status.as_u16(), 200, "{context}");
    }
}

/// All that the administration shows of somebody.
async fn all_about(site: &Site, owner: &str, user: &User) -> Vec<Value> {
    let mut shown = Vec::new();
    for part in ["", "/keys", "/balance", "/ledger"] {
        let path = format!("/api/admin/users/{}{part}", user.id);
        shown.push(site.get_done(owner, "GET", &path, json!({})).await);
    }
    shown
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_role_that_is_not_below_their_own_but_owners() {
    let site = Site::new("giving").await;
    let actors = site.one_of_each_role().await;
    for actor in &actors {
        for role in Role::ALL {
            let token = site.token(actor).await;
            let name = format!("{}-by-{}", role.name(), actor.role.name());
            let new = json!({"email": format!("new-{name}@example.org"), "role": role});
            let made = site.ask(&token, "POST", "/api/admin/users", new).await;
            let may_write = Permission::UsersWrite.is_held_by(actor.role);
            assert_eq!(
                made.status.is_success(),
                may_write && actor.role.may_give(role),
                "{name}: {}",
                made.text
            );
            let low = site.enter(&format!("low-{name}"), Role::User).await;
            let path = format!("/api/admin/users/{}", low.id);
            let raised = site.ask(&token, "PATCH", &path, json!({"role": role})).await;
            let may_raise = may_write && actor.role > Role::User && actor.role.may_give(role);
            assert_eq!(raised.status.is_success(), may_raise, "{name}: {}", raised.text);
            let is_role = site.app.store.load_user(low.id).await.unwrap().role;
            assert_eq!(is_role, if may_raise { role } else { Role::User }, "{name}");
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_owner_acts_on_himself_in_the_administration() {
    let site = Site::new("himself").await;
    for user in site.one_of_each_role().await {
        let path = format!("/api/admin/users/{}", user.id);
        let token = site.token(&user).await;
        let answer = site.ask(&token, "PATCH", &path, json!({"display_name": "x"})).await;
        assert_eq!(answer.status.is_success(), user.role == Role::Owner, "{:?}: {}", user.role, answer.text);
    }
    site.finish().await;
}

/// What two owners may try on each other, and on themselves.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Disable,
    Demote,
    Remove,
}

impl Attempt {
    async fn run(self, site: &Site, token: &str, target: &User) -> bool {
        let path = format!("/api/admin/users/{}", target.id);
        let answer = match self {
            Attempt::Disable => site.ask(token, "PATCH", &path, json!({"status": "disabled"})).await,
            Attempt::Demote => site.ask(token, "PATCH", &path, json!({"role": "admin"})).await,
            Attempt::Remove => site.ask(token, "DELETE", &path, json!({})).await,
        };
        assert!(
            matches!(answer.status.as_u16(), 200 | 204 | 401 | 403 | 404 | 409),
            "{self:?}: {}",
            answer.text
        );
        answer.status.is_success()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_owner_stays_whatever_owners_do_at_once() {
    let site = Site::new("last-owner").await;
    let attempts = [Attempt::Disable, Attempt::Demote, Attempt::Remove];
    let mut owners = vec![site.enter("first", Role::Owner).await];
    for (number, (one, other)) in
        attempts.into_iter().flat_map(|one| attempts.map(|other| (one, other))).enumerate()
    {
        owners.push(site.enter(&format!("owner-{number}"), Role::Owner).await);
        let [ann, ben] = owners.as_slice() else { panic!("two owners: {owners:?}") };
        let (of_ann, of_ben) = (site.token(ann).await, site.token(ben).await);
        // An owner may not act on another owner; each on himself, at once, is what could leave none.
        assert!(!one.run(&site, &of_ann, ben).await, "{one:?} on another owner");
        let (first, second) = tokio::join!(one.run(&site, &of_ann, ann), other.run(&site, &of_ben, ben));
        assert!(first != second, "{one:?} and {other:?}: {first} {second}");
        let active = UserFilter {
            role: Some(Role::Owner),
            status: Some(waystation_ids::UserStatus::Active),
            ..UserFilter::default()
        };
        owners = site.app.store.list_users(&active, None, 9).await.unwrap();
        assert_eq!(owners.len(), 1, "{one:?} and {other:?}");
        let token = site.token(&owners[0]).await;
        for last in attempts {
            assert!(!last.run(&site, &token, &owners[0]).await, "the last owner: {last:?}");
        }
    }
    site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_another_role_signs_in_again() {
    let site = Site::new("another-role").await;
    let owner = site.enter("owner", Role::Owner).await;
    let ann = site.enter("ann", Role::Admin).await;
    let (of_owner, of_ann) = (site.token(&owner).await, site.token(&ann).await);
    let path = format!("/api/admin/users/{}", ann.id);
    site.get_done(&of_owner, "PATCH", &path, json!({"display_name": "Ann"})).await;
    assert_eq!(site.ask(&of_ann, "GET", "/api/me", json!({})).await.status.as_u16(), 200);
    site.get_done(&of_owner, "PATCH", &path, json!({"role": "operator"})).await;
    assert_eq!(site.ask(&of_ann, "GET", "/api/me", json!({})).await.status.as_u16(), 401);
    let update = UserUpdate { role: Some(Role::Operator), ..UserUpdate::default() };
    assert_eq!(site.app.store.load_user(ann.id).await.unwrap().role, update.role.unwrap());
    site.finish().await;
}

#[test]
fn every_writing_permission_over_people_is_of_those_above_them() {
    for role in Role::ALL {
        let is_writer = Permission::UsersWrite.is_held_by(role) || Permission::KeysWrite.is_held_by(role);
        assert_eq!(is_writer, role >= Role::Admin, "{role:?}");
    }
    assert!(operations().iter().any(|operation| operation.needed == Needed::Held(Permission::AuditRead)));
}
