//! Reading changes nothing: every route that reads, asked twice by everybody in every form, beside a running server.

use std::collections::BTreeMap;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};
use waystation_tests::{Browser, DatabaseKind, World, eventually};

use crate::{MODEL, add_mock, question};

const PASSWORD: &str = "a long enough secret";

/// What may differ, table and column, and why that is nobody's doing.
const LEFT_OUT: [(&str, &[&str], &str); 3] = [
    (
        "sessions",
        &["last_used_at_ms", "expires_at_ms"],
        "that a session is used, by whatever, is noted once in a while",
    ),
    ("instances", &["*"], "a server renews its lease by its clock"),
    ("job_leases", &["*"], "jobs run by the clock"),
];

/// Everything that the database keeps, as JSON: by table, the rows in the order in which they are kept.
const DUMP: &str = "\
import json, sqlite3, sys
connection = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True, timeout=60)
connection.row_factory = sqlite3.Row
tables = [row[0] for row in connection.execute(\"SELECT name FROM sqlite_master WHERE type = 'table'\")]
text = lambda value: value.hex() if isinstance(value, bytes) else value
rows = lambda table: [{name: text(row[name]) for name in row.keys()} for row in connection.execute(f'SELECT * FROM {table}')]
print(json.dumps({table: rows(table) for table in tables if not table.startswith('sqlite_')}))
";

type Tables = BTreeMap<String, Vec<BTreeMap<String, Value>>>;

fn dump(world: &World) -> Tables {
    let url = &world.first_server().options().database_url;
    let path = url.trim_start_matches("sqlite:");
    let output = Command::new("python3").args(["-c", DUMP, path]).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut tables: Tables = serde_json::from_slice(&output.stdout).expect("JSON");
    for (table, columns, _) in LEFT_OUT {
        for row in tables.get_mut(table).unwrap_or_else(|| panic!("there is no table {table}")) {
            row.retain(|name, _| columns != ["*"] && !columns.contains(&name.as_str()));
        }
        if columns == ["*"] {
            tables.remove(table);
        }
    }
    tables
}

/// What differs between the two, a line each.
fn differences(before: &Tables, after: &Tables) -> Vec<String> {
    let mut found = Vec::new();
    for (table, rows) in after {
        let old = &before[table];
        for row in rows.iter().filter(|row| !old.contains(row)) {
            found.push(format!("{table} has {row:?}"));
        }
        for row in old.iter().filter(|row| !rows.contains(row)) {
            found.push(format!("{table} had {row:?}"));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_that_reads_asked_twice_in_every_form_leaves_the_database_unchanged() {
    let world = World::start(DatabaseKind::Sqlite);
    let _mock = add_mock(&world).await;
    let key = world.add_customer("1").await;
    let call = world.chat(&key.secret, question(MODEL)).await.expect(200).request_id();
    world.request_row(&call).await;
    let body = json!({ "email": "admin@example.org", "role": "admin", "password": PASSWORD });
    world.post("/api/admin/users", body).await;
    let browser = Browser::new(world.first_server().base_url());
    let login = json!({ "login": "admin@example.org", "password": PASSWORD });
    browser.ask(Method::POST, "/api/auth/login", Some(&login)).await.expect(200);
    let paths = paths(&world, &key.user_id, &key.id, &call).await;
    assert!(paths.len() > 35, "{paths:?}");
    // Whatever calls leave to be written a moment later is written before the first look.
    let is_at_rest = async || {
        let before = dump(&world);
        tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
        differences(&before, &dump(&world)).is_empty().then_some(before)
    };
    let (before, _) = eventually("nothing is written", std::time::Duration::from_secs(60), is_at_rest).await;
    let mut tried = 0;
    for _ in 0..2 {
        for path in &paths {
            for method in [Method::GET, Method::HEAD] {
                let by_owner = world.ask(method.clone(), path, None).await;
                let by_browser = browser.ask(method.clone(), path, None).await;
                let by_key =
                    world.ask_as(Some(&key.secret), "127.0.0.1", method.clone(), path, &json!({})).await;
                let by_nobody = world.ask_as(None, "127.0.0.1", method.clone(), path, &json!({})).await;
                for reply in [by_owner, by_browser, by_key, by_nobody] {
                    assert!(reply.status < 500, "{method} {path}: {} {}", reply.status, reply.text);
                    tried += 1;
                }
            }
        }
    }
    let found = differences(&before, &dump(&world));
    assert!(found.is_empty(), "{found:#?}");
    println!("proof: reads that changed nothing; {tried}; -");
    // The same look sees a write.
    world.add_user("0").await;
    let found = differences(&before, &dump(&world));
    assert!(found.iter().any(|line| line.starts_with("users has")), "{found:#?}");
}

/// Every path that is read by GET, with ids of things that there are.
async fn paths(world: &World, user: &str, key: &str, call: &str) -> Vec<String> {
    let description = world.get("/api/openapi.json").await;
    let id_of = async |list: &str| world.get(list).await["items"][0]["id"].as_str().expect("one").to_owned();
    let (model, channel) = (id_of("/api/admin/models").await, id_of("/api/admin/channels").await);
    let described = description["paths"].as_object().expect("paths").iter();
    let mut paths: Vec<String> = described
        .filter(|(_, methods)| methods["get"].is_object())
        .map(|(path, _)| path.as_str())
        // Bound to its state, it ends what a POST began.
        .filter(|path| *path != "/api/auth/oauth/{provider}/callback")
        .map(|path| {
            path.replace("/admin/users/{id}", &format!("/admin/users/{user}"))
                .replace("/admin/models/{id}", &format!("/admin/models/{model}"))
                .replace("/admin/channels/{id}", &format!("/admin/channels/{channel}"))
                .replace("{key}", key)
                .replace("{id}", call)
        })
        .collect();
    let others = [
        "/",
        "/setup",
        "/healthz",
        "/readyz",
        "/api/docs",
        "/api/openapi.json",
        "/v1/models",
        "/v1/usage",
        "/api/v1/models",
        "/v1/models/echo",
        "/nothing",
        "/verify-email?token=x",
        "/reset-password?token=x",
    ];
    paths.extend(others.map(str::to_owned));
    paths
}
