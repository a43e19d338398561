//! What the server's description of its API says about the fields of its requests.

use std::fmt;

use serde_json::{Map, Value, json};

/// One field of a request's body.
#[derive(Clone, Debug)]
pub struct Field {
    /// The method, in lower case.
    pub method: String,
    /// The path, with names for ids.
    pub path: String,
    /// The field, with dots for objects in objects and `[]` for the elements of a list.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    schema: Value,
}

/// What a field holds, as far as these tests care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number.
    Whole,
    /// A decimal, as text or number.
    Decimal,
    /// A point in time.
    Time,
    /// An object in an object.
    Object,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.method, self.path, self.name)
    }
}

impl Field {
    /// Whether the field cannot hold this JSON text, by what the description says.
    pub fn must_refuse(&self, text: &str) -> bool {
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            return true;
        };
        match self.kind {
            FieldKind::Whole => {
                let least = self.schema["minimum"].as_i64().unwrap_or(i64::MIN);
                let most = self.schema["maximum"].as_i64().unwrap_or(i64::MAX);
                let fits = |number: i128| number >= i128::from(least) && number <= i128::from(most);
                let is_null = value.is_null() && self.is_nullable();
                !is_null && !text.parse::<i128>().is_ok_and(fits)
            }
            // Decimals have no bounds in the description; what is none has to be refused.
            FieldKind::Decimal => {
                let digits = text.trim_matches('"');
                let is_decimal = digits.starts_with(|first: char| first.is_ascii_digit())
                    && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                let is_null = value.is_null() && self.is_nullable();
                !is_null && digits != "-0" && (!is_decimal || digits.len() > 30)
            }
            FieldKind::Time | FieldKind::Object => value.is_boolean() || value.is_array(),
        }
    }

    fn is_nullable(&self) -> bool {
        self.schema["type"].as_array().is_some_and(|types| types.contains(&json!("null")))
            || self.schema["nullable"] == json!(true)
    }
}

/// Every field of a body that holds a number, a time or an object.
pub fn body_fields(document: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if !schema.is_null() {
                collect(document, schema, String::new(), false, &mut |name, kind, schema| {
                    let (method, path) = (method.clone(), path.clone());
                    fields.push(Field { method, path, name, kind, schema });
                });
            }
        }
    }
    fields
}

/// Path and name of every parameter of a query, and whether it is a number.
pub fn queries(document: &Value) -> Vec<(String, String, bool)> {
    let mut found = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for parameter in
            members(methods).flat_map(|(_, operation)| operation["parameters"].as_array()).flatten()
        {
            if parameter["in"] == "query" {
                let name = parameter["name"].as_str().expect("a parameter has a name").to_owned();
                let is_number = resolve(document, &parameter["schema"])["type"] == "integer";
                found.push((path.clone(), name, is_number));
            }
        }
    }
    found
}

/// A body that is good but for this field, which is left out. `number` makes names that are not taken yet.
pub fn sample_body(document: &Value, field: &Field, number: usize) -> Value {
    let operation = &document["paths"][&field.path][&field.method];
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let mut body = sample(document, schema);
    // What the description cannot say: an OpenAI channel needs its address, and a price both of its rates.
    if field.path == "/api/admin/channels" {
        body["base_url"] = json!("http://127.0.0.1:9/v1");
        body["allow_private_network"] = json!(true);
    }
    // Nor that a notice has words in at least one language.
    if field.path == "/api/admin/notices" {
        for part in ["title", "text"] {
            body[part] = json!({ "en": "Sample" });
        }
    }
    if body["name"].is_string() {
        body["name"] = json!(format!("sample-{number}"));
    }
    if field.name == "tokens_per_call" {
        body["unit"] = json!("calls");
    }
    if field.path.ends_with("/prices") {
        for side in ["input", "output"] {
            if !field.name.starts_with(&format!("{side}_per_")) {
                body[format!("{side}_per_million")] = json!("1");
            }
        }
    }
    body
}

/// The body's text with a field set to this JSON text.
pub fn body_with(mut body: Value, name: &str, text: &str) -> String {
    const PLACE: &str = "the place of the field";
    let mut place = &mut body;
    for part in name.split('.') {
        let (part, is_list) = part.strip_suffix("[]").map_or((part, false), |part| (part, true));
        place = &mut place[part];
        if is_list {
            *place = json!([null]);
            place = &mut place[0];
        }
    }
    *place = json!(PLACE);
    body.to_string().replace(&format!("\"{PLACE}\""), text)
}

fn collect(
    document: &Value,
    schema: &Value,
    name: String,
    nullable: bool,
    found: &mut impl FnMut(String, FieldKind, Value),
) {
    let mut schema = resolve(document, schema).clone();
    for choices in ["oneOf", "anyOf", "allOf"] {
        let choices = schema[choices].as_array().cloned().unwrap_or_default();
        let nullable = nullable || choices.iter().any(|choice| choice["type"] == "null");
        for choice in choices {
            collect(document, &choice, name.clone(), nullable, found);
        }
    }
    if nullable {
        schema["nullable"] = json!(true);
    }
    let is_type = |wanted: &str| {
        schema["type"] == wanted
            || schema["type"].as_array().is_some_and(|types| types.contains(&json!(wanted)))
    };
    if schema["properties"].is_object() {
        if !name.is_empty() {
            found(name.clone(), FieldKind::Object, schema.clone());
        }
        for (member, inner) in members(&schema["properties"]) {
            let name = if name.is_empty() { member.clone() } else { format!("{name}.{member}") };
            collect(document, inner, name, false, found);
        }
    } else if schema["items"].is_object() {
        collect(document, &schema["items"], format!("{name}[]"), false, found);
    } else if is_type("integer") || is_type("number") {
        found(name, FieldKind::Whole, schema.clone());
    } else if schema["format"] == "date-time" {
        found(name, FieldKind::Time, schema.clone());
    } else if schema["example"].as_str().is_some_and(|example| example.parse::<f64>().is_ok()) {
        found(name, FieldKind::Decimal, schema.clone());
    }
}

/// The least that the description asks for.
fn sample(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    if let Some(first) = schema["oneOf"].get(0) {
        return sample(document, first);
    }
    if schema["properties"].is_object() {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let names = required.iter().filter_map(Value::as_str);
        let made = names.map(|name| (name.to_owned(), sample(document, &schema["properties"][name])));
        return Value::Object(made.collect::<Map<_, _>>());
    }
    match schema["type"].as_str() {
        Some("array") => json!([]),
        Some("integer") => schema["minimum"].as_i64().unwrap_or(1).into(),
        Some("boolean") => json!(false),
        _ => schema["example"].as_str().unwrap_or("sample").into(),
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            let name = reference.rsplit('/').next().unwrap_or_default();
            resolve(document, &document["components"]["schemas"][name])
        }
        None => schema,
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
