//! What may be written and what is shown: the fields of the API's types, and no other.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waystation_ids::Role;

use crate::access_rules::operations::{document, operations, resolve};
use crate::access_rules::site::Site;

/// What others' programs have let people write.
const EXTRA: [&str; 14] = [
    "role",
    "balance",
    "group",
    "id",
    "quota",
    "verified",
    "price",
    "is_admin",
    "user_id",
    "password_hash",
    "is_demo",
    "deleted_at",
    "__proto__",
    "constructor",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_a_write_does_not_offer_is_refused_by_its_name() {
    let site = Site::new("extra").await;
    let people = site.one_of_each_role().await;
    let mut tried = 0;
    for operation in operations() {
        let Some(fields) = &operation.fields else { continue };
        for extra in EXTRA.into_iter().filter(|extra| !fields.contains(*extra)) {
            // Ids that could be: what is wrong is the body alone.
            let path = operation
                .path
                .replace("{key}", "key_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/me/passkeys/{id}", "/me/passkeys/pky_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/admin/users/{id}", "/admin/users/usr_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/admin/models/{id}", "/admin/models/mdl_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/admin/channels/{id}", "/admin/channels/chn_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/admin/model-groups/{id}", "/admin/model-groups/mgr_06ft3r5yx1v2k4m7q9s0t2w6z0")
                .replace("/admin/notices/{id}", "/admin/notices/ntc_06ft3r5yx1v2k4m7q9s0t2w6z0");
            let token = site.token(people.last().unwrap()).await;
            let answer = site.ask(&token, &operation.method, &path, json!({extra: 1})).await;
            let context = format!("{} with {extra}: {} {}", operation.id, answer.status, answer.text);
            assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"), "{context}");
            assert_eq!(answer.body["error"]["fields"][0]["field"], extra, "{context}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    site.finish().await;
}

/// Fields that no answer may have anywhere, whoever asks.
const NEVER: [&str; 8] = [
    "password",
    "password_hash",
    "sealed",
    "secret_hash",
    "previous_hash",
    "totp",
    "credential_hash",
    "is_demo",
];
/// Fields that only those see who administer: what a call went through, and what the operator lost by it.
const NOT_FOR_USERS: [&str; 5] = ["channel_id", "channel_name", "operator_loss", "attempts", "user_email"];

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_fields_of_its_type_for_every_role() {
    let site = Site::new("answers").await;
    let people = site.one_of_each_role().await;
    let owner = people.last().unwrap();
    let of_owner = site.token(owner).await;
    let (key, _) = site.add_key(&of_owner, &people[0]).await;
    let (channel, credential) = site.add_channel(&of_owner).await;
    let model = site.add_model(&of_owner, "sonnet").await;
    site.get_done(
        &of_owner,
        "POST",
        &format!("/api/admin/models/{model}/prices"),
        json!({"input_per_million": "2", "output_per_million": "10"}),
    )
    .await;
    let (group, notice) = (site.add_model_group(&of_owner).await, site.add_notice(&of_owner).await);
    // Everybody has a call, and asks for it; whoever administers sees the user's.
    let mut calls = Vec::new();
    for person in &people {
        let credit = json!({"direction": "credit", "amount": "1", "reason_code": "test", "note": "a test"});
        if person.role < Role::Owner {
            let path = format!("/api/admin/users/{}/adjustments", person.id);
            site.get_done(&of_owner, "POST", &path, credit).await;
        }
        calls.push(site.add_call(person, &channel).await);
    }
    let document = document();
    let mut seen = 0;
    for operation in operations().iter().filter(|operation| operation.is_read()) {
        let Some(schema) = &operation.answer else { continue };
        let path = operation
            .path
            .replace("/admin/users/{id}", &format!("/admin/users/{}", people[0].id))
            .replace("/admin/stats/users/{id}", &format!("/admin/stats/users/{}", people[0].id))
            .replace("/admin/models/{id}", &format!("/admin/models/{model}"))
            .replace("/admin/channels/{id}", &format!("/admin/channels/{channel}"))
            .replace("/admin/model-groups/{id}", &format!("/admin/model-groups/{group}"))
            .replace("/admin/notices/{id}", &format!("/admin/notices/{notice}"))
            .replace("{credential}", &credential)
            .replace("{key}", &key);
        for (person, call) in people.iter().zip(&calls) {
            let token = site.token(person).await;
            let call = if path.starts_with("/api/admin/") { &calls[0] } else { call };
            let path = path.replace("/requests/{id}", &format!("/requests/{call}"));
            let answer = site.ask(&token, "GET", &path, Value::Null).await;
            let context = format!("{} by {:?}", operation.id, person.role);
            if !operation.admits(person.role) {
                assert!(answer.lacks_permission(), "{context}: {} {}", answer.status, answer.text);
                continue;
            }
            // Other slices' things are not here.
            if !answer.status.is_success() {
                assert!(operation.path.contains('{'), "{context}: {} {}", answer.status, answer.text);
                continue;
            }
            seen += 1;
            check_fields(&document, schema, &answer.body, &context);
            let mut names = BTreeSet::new();
            collect_names(&answer.body, &mut names);
            // What a change was made of is shown as it was then, by names of its own.
            for name in NEVER {
                assert!(!names.contains(name), "{context} shows {name}: {}", answer.text);
            }
            if person.role == Role::User {
                for name in NOT_FOR_USERS {
                    assert!(!names.contains(name), "{context} shows {name}: {}", answer.text);
                }
            }
            for secret in ["upstream-secret", "argon2"] {
                assert!(!answer.text.contains(secret), "{context}: {}", answer.text);
            }
        }
    }
    assert!(seen >= 50, "{seen}");
    site.finish().await;
}

/// Every field of the value is one that its schema names.
fn check_fields(document: &Value, schema: &Value, value: &Value, context: &str) {
    match value {
        Value::Array(items) => {
            let of_items = items_schema(document, schema);
            for item in items {
                if let Some(of_items) = &of_items {
                    check_fields(document, of_items, item, context);
                }
            }
        }
        Value::Object(fields) => {
            let Some(named) = properties(document, schema) else { return };
            for (name, value) in fields {
                let of_field = named.iter().find(|(known, _)| known == name);
                let (_, of_field) =
                    of_field.unwrap_or_else(|| panic!("{context} has the field {name}: {value}"));
                check_fields(document, of_field, value, context);
            }
        }
        _ => {}
    }
}

fn items_schema(document: &Value, schema: &Value) -> Option<Value> {
    let schema = resolve(document, schema);
    if schema["items"].is_object() {
        return Some(schema["items"].clone());
    }
    ["oneOf", "anyOf", "allOf"]
        .iter()
        .flat_map(|parts| schema[*parts].as_array().into_iter().flatten())
        .find_map(|part| items_schema(document, part))
}

/// The fields that a schema names; none: an object of any fields.
fn properties(document: &Value, schema: &Value) -> Option<Vec<(String, Value)>> {
    let schema = resolve(document, schema);
    let mut named: Vec<(String, Value)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    let mut is_named = schema["properties"].is_object();
    for parts in ["allOf", "oneOf", "anyOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            if let Some(of_part) = properties(document, part) {
                is_named = true;
                named.extend(of_part);
            }
        }
    }
    is_named.then_some(named)
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                collect_names(value, names);
            }
        }
        _ => {}
    }
}
