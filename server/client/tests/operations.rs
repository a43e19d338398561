//! The client against the description of the API.

use serde_json::Value;

const DESCRIPTION: &str = include_str!("../../api/openapi.json");
const SOURCES: [&str; 8] = [
    include_str!("../src/admin.rs"),
    include_str!("../src/insight.rs"),
    include_str!("../src/me.rs"),
    include_str!("../src/oauth.rs"),
    include_str!("../src/registration.rs"),
    include_str!("../src/second_factors.rs"),
    include_str!("../src/sign_in.rs"),
    include_str!("../src/supply.rs"),
];
/// Browsers are led there, and programs have no use for it.
const FOR_BROWSERS: [&str; 1] = ["finish_oauth"];

#[test]
fn each_operation_of_the_api_is_a_method_of_that_name() -> Result<(), serde_json::Error> {
    let description: Value = serde_json::from_str(DESCRIPTION)?;
    let operations: Vec<&str> = description["paths"]
        .as_object()
        .into_iter()
        .flat_map(|paths| paths.values())
        .filter_map(Value::as_object)
        .flat_map(|path| path.values())
        .filter_map(|operation| operation["operationId"].as_str())
        .filter(|name| !FOR_BROWSERS.contains(name))
        .collect();
    assert!(operations.len() > 10, "the description names operations");
    let missing: Vec<&&str> = operations
        .iter()
        .filter(|name| !SOURCES.iter().any(|source| source.contains(&format!("pub async fn {name}("))))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    Ok(())
}
