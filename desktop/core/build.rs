//! Writes the table of operations that the window may ask for, from the description of the management API.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;

const DOCUMENT: &str = "../../server/api/openapi.json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Below this everything gives or takes sessions, which is for the shell alone. A new route there is left out too,
/// unless it is listed.
const SESSIONS: &str = "/api/auth/";
const OFFERED_OF_SESSIONS: [&str; 3] = ["create_proof", "start_proof", "show_sign_in_options"];
/// Elsewhere: makes the first owner and signs in.
const LEFT_OUT: [&str; 1] = ["complete_setup"];

/// These are sent with POST and change nothing of the site.
const LOOKS: [&str; 5] =
    ["create_proof", "start_proof", "test_channel", "test_channel_draft", "fetch_models"];

fn main() -> Result<(), Box<dyn Error>> {
    writeln!(std::io::stdout(), "cargo::rerun-if-changed={DOCUMENT}\ncargo::rerun-if-changed=build.rs")?;
    let document: Value = serde_json::from_str(&std::fs::read_to_string(DOCUMENT)?)?;
    let mut table = String::from("const OPERATIONS: &[Operation] = &[\n");
    let mut seen = Vec::new();
    for (path, methods) in document["paths"].as_object().ok_or("there are no paths")? {
        for method in METHODS {
            let operation = &methods[method];
            let Some(id) = operation["operationId"].as_str() else { continue };
            seen.push(id);
            let is_of_sessions = path.starts_with(SESSIONS) && !OFFERED_OF_SESSIONS.contains(&id);
            if !is_of_sessions && !LEFT_OUT.contains(&id) {
                write_operation(&mut table, path, method, id, operation)?;
            }
        }
    }
    if let Some(gone) =
        OFFERED_OF_SESSIONS.iter().chain(&LEFT_OUT).chain(&LOOKS).find(|id| !seen.contains(id))
    {
        return Err(format!("there is no operation {gone} any more").into());
    }
    table.push_str("];\n");
    let folder = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(folder.join("operations.rs"), table)?;
    Ok(())
}

fn write_operation(
    table: &mut String,
    path: &str,
    method: &str,
    id: &str,
    operation: &Value,
) -> Result<(), Box<dyn Error>> {
    let mut parts = String::new();
    for part in path.trim_start_matches('/').split('/') {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(_) => parts.push_str("Part::Value, "),
            None => write!(parts, "Part::Word({part:?}), ")?,
        }
    }
    let parameters = operation["parameters"].as_array();
    let named = |place: &str| -> Vec<&str> {
        let parameters = parameters.into_iter().flatten();
        let found = parameters.filter(|parameter| parameter["in"] == place);
        found.filter_map(|parameter| parameter["name"].as_str()).collect()
    };
    let is_once = named("header").iter().any(|name| name.eq_ignore_ascii_case("idempotency-key"));
    let effect = match method {
        "get" => "Effect::None",
        _ if LOOKS.contains(&id) => "Effect::None",
        _ => "Effect::Change",
    };
    let answer = match path.rsplit_once("/export.") {
        Some((_, "csv")) => "AnswerKind::Csv",
        Some((_, "json")) => "AnswerKind::JsonFile",
        _ => "AnswerKind::Json",
    };
    writeln!(
        table,
        "    Operation {{ id: {id:?}, method: {:?}, parts: &[{}], query: &{:?}, has_body: {}, is_once: {is_once}, \
         effect: {effect}, answer: {answer} }},",
        method.to_uppercase(),
        parts.trim_end_matches(", "),
        named("query"),
        operation["requestBody"].is_object(),
    )?;
    Ok(())
}
