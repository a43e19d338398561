//! The operations of the management API, out of its description.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waystation_api::permissions::Permission;
use waystation_ids::Role;

use crate::access_rules::site::Site;
use crate::auth::Access;
use crate::http::{api_document, management_slices};

/// The routes that anyone may ask, one by one. Whoever adds one writes it here, and thinks twice.
const PUBLIC: &[(&str, &str)] = &[
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/pair"),
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/verify-email"),
    ("POST", "/api/auth/resend-verification"),
    ("POST", "/api/auth/password-reset"),
    ("POST", "/api/auth/password-reset/confirm"),
    ("POST", "/api/auth/second-factor"),
    ("POST", "/api/auth/second-factor/methods"),
    ("POST", "/api/auth/passkeys/start"),
    ("POST", "/api/auth/passkeys/finish"),
    ("GET", "/api/auth/options"),
    ("POST", "/api/auth/oauth/{provider}/start"),
    ("GET", "/api/auth/oauth/{provider}/callback"),
    ("GET", "/api/models"),
    ("GET", "/api/site"),
    ("GET", "/api/setup"),
    ("POST", "/api/setup"),
];

/// What the server answers beside the management API: pages and probes that hold no secret, and the relay, which keys
/// open.
const OUTSIDE: &[&str] = &[
    "/",
    "/v1",
    "/api/v1",
    "/healthz",
    "/readyz",
    "/api/docs",
    "/api/openapi.json",
    "/v1/chat/completions",
    "/v1/models",
    "/v1/models/{*model}",
    "/v1/usage",
    "/api/v1/chat/completions",
    "/api/v1/models",
    "/api/v1/models/{*model}",
    "/api/v1/usage",
];

/// What is needed for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    Nothing,
    ToBeSignedIn,
    Held(Permission),
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) method: String,
    /// With `/api` in front and its parameters in braces.
    pub(super) path: String,
    pub(super) id: String,
    pub(super) needed: Needed,
    /// The parameters of its query.
    pub(super) query: Vec<String>,
    /// The fields of its body; none: it takes none.
    pub(super) fields: Option<BTreeSet<String>>,
    /// The schema of its answer when all is well.
    pub(super) answer: Option<Value>,
}

impl Operation {
    /// The path with the same text for every parameter.
    pub(super) fn path_with(&self, id: &str) -> String {
        let mut path = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            path.push_str(before);
            path.push_str(id);
            rest = after.split_once('}').unwrap().1;
        }
        path + rest
    }

    pub(super) fn is_read(&self) -> bool {
        self.method == "GET"
    }

    /// Whether somebody of this role is let through to the handler.
    pub(super) fn admits(&self, role: Role) -> bool {
        match self.needed {
            Needed::Nothing | Needed::ToBeSignedIn => true,
            Needed::Held(permission) => permission.is_held_by(role),
        }
    }
}

/// Every operation.
pub(super) fn operations() -> Vec<Operation> {
    let document = document();
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            found.push(read_operation(&document, method, path, described));
        }
    }
    found
}

/// The whole description.
pub(super) fn document() -> Value {
    serde_json::to_value(api_document()).unwrap()
}

/// What a reference in the description points to.
pub(super) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

fn read_operation(document: &Value, method: &str, path: &str, described: &Value) -> Operation {
    let needed = match described["x-permission"].as_str() {
        Some(name) => Needed::Held(serde_json::from_value(json!(name)).unwrap()),
        None if described["security"] == json!([]) => Needed::Nothing,
        None => Needed::ToBeSignedIn,
    };
    let parameters = described["parameters"].as_array().cloned().unwrap_or_default();
    let query = parameters.iter().filter(|parameter| parameter["in"] == "query");
    let body = &described["requestBody"]["content"]["application/json"]["schema"];
    let answer =
        described["responses"].as_object().unwrap().iter().find(|(status, _)| status.starts_with('2'));
    let answer = answer.map(|(_, answer)| answer["content"]["application/json"]["schema"].clone());
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        id: described["operationId"].as_str().unwrap().to_owned(),
        needed,
        query: query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect(),
        fields: (!body.is_null()).then(|| field_names(document, body)),
        answer: answer.filter(|schema| !schema.is_null()),
    }
}

/// The names of an object's fields, those of every form it may have.
pub(super) fn field_names(document: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = resolve(document, schema);
    let mut names: BTreeSet<String> =
        schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    for parts in ["allOf", "oneOf", "anyOf"] {
        for part in schema[parts].as_array().into_iter().flatten() {
            names.extend(field_names(document, part));
        }
    }
    names
}

#[test]
fn every_operation_says_what_is_needed_and_anyone_may_ask_only_those_named_here() {
    let operations = operations();
    assert!(operations.len() >= 45, "{}", operations.len());
    for operation in &operations {
        let is_named = PUBLIC.contains(&(operation.method.as_str(), operation.path.as_str()));
        let is_public = operation.needed == Needed::Nothing;
        assert!(!is_public || is_named, "{} {} is open to anyone", operation.method, operation.path);
        let is_administration = operation.path.starts_with("/api/admin/");
        let is_guarded = matches!(operation.needed, Needed::Held(_));
        assert_eq!(is_administration, is_guarded, "{} {}", operation.method, operation.path);
        let is_own = operation.path == "/api/me" || operation.path.starts_with("/api/me/");
        assert!(is_administration || is_own || operation.path.starts_with("/api/auth/") || is_named);
    }
}

#[test]
fn a_reading_permission_never_writes_and_a_writing_one_never_only_reads() {
    for operation in operations() {
        let Needed::Held(permission) = operation.needed else { continue };
        let wanted = if operation.is_read() { ".read" } else { ".write" };
        assert!(
            permission.name().ends_with(wanted),
            "{} {} needs {permission:?}",
            operation.method,
            operation.path
        );
    }
}

#[test]
fn the_description_names_every_route_with_what_its_guard_asks_for() {
    let slices = management_slices();
    let mut described = operations();
    for route in slices.table() {
        let path = format!("/api{}", route.path);
        let place =
            described.iter().position(|operation| operation.method == route.method && operation.path == path);
        let operation = described.swap_remove(place.unwrap_or_else(|| panic!("{route:?} is not described")));
        let needed = match route.access {
            Access::Anyone => Needed::Nothing,
            Access::Holding(permission) => Needed::Held(permission),
            _ => Needed::ToBeSignedIn,
        };
        assert_eq!(operation.needed, needed, "{route:?}");
    }
    // Setting up comes before there is anybody who could be asked for something.
    assert!(described.iter().all(|operation| operation.path == "/api/setup"), "{described:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_answers_no_path_that_is_neither_described_nor_named_here() {
    let site = Site::new("routed").await;
    let routed = site.routed_paths();
    let mut known: BTreeSet<String> = operations().into_iter().map(|operation| operation.path).collect();
    known.extend(OUTSIDE.iter().map(|path| (*path).to_owned()));
    let other: Vec<&String> = routed.difference(&known).collect();
    assert!(other.is_empty(), "{other:?}");
    // The router does list its paths.
    assert!(operations().iter().all(|operation| routed.contains(&operation.path)), "{routed:?}");
    site.finish().await;
}
