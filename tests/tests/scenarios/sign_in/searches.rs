//! Searching for people where there are very many.

use std::cell::Cell;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use waystation_tests::{DatabaseKind, World};

use super::at_once;
use crate::{MODEL, add_mock, question};

const PEOPLE: u32 = 200_000;
const SEARCHES: usize = 50;
const CALLS: usize = 100;
/// Begun again and again, these almost fit each of the addresses, and none does. The wildcards are none.
const NOWHERE: [&str; 4] = ["%_", "ab%", "_", "ba"];

/// Enters people whose addresses are as alike as can be, and one older than all of them.
fn enter_people(world: &World, kind: DatabaseKind) {
    let columns = "id, email, username, display_name, role, status, is_demo, created_at_ms, updated_at_ms";
    let row = |id: &str, email: &str, name: &str, flag: &str| {
        format!("{id}, {email}, {name}, 'x', 'user', 'active', {flag}, 1, 1")
    };
    let like = "ab".repeat(30);
    let oldest = "'needle@example.net'";
    let (rows, first) = match kind {
        DatabaseKind::Sqlite => (
            format!(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE}) \
                 INSERT INTO users ({columns}) SELECT {} FROM n",
                row("randomblob(16)", &format!("'{like}' || i || '@example.org'"), "'name' || i", "0"),
            ),
            row("zeroblob(16)", oldest, "NULL", "0"),
        ),
        DatabaseKind::Mariadb => {
            let (email, name) = (format!("CONCAT('{like}', seq, '@example.org')"), "CONCAT('name', seq)");
            let all = row("UNHEX(MD5(seq))", &email, name, "0");
            (
                format!("INSERT INTO users ({columns}) SELECT {all} FROM seq_1_to_{PEOPLE}"),
                row("REPEAT(CHAR(0), 16)", oldest, "NULL", "0"),
            )
        }
        DatabaseKind::Postgres => {
            let email = format!("'{like}' || i || '@example.org'");
            let all = row("md5(i::text)::uuid", &email, "'name' || i", "false");
            (
                format!("INSERT INTO users ({columns}) SELECT {all} FROM generate_series(1, {PEOPLE}) i"),
                row("'00000000-0000-0000-0000-000000000000'", oldest, "NULL", "false"),
            )
        }
    };
    world.run_statement(&rows);
    world.run_statement(&format!("INSERT INTO users ({columns}) VALUES ({first})"));
    // PostgreSQL looks at what was entered after a while by itself; until then it guesses how to read it.
    if kind == DatabaseKind::Postgres {
        world.run_statement("ANALYZE users");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_search_among_many_people_calls_are_answered_on_sqlite() {
    answer_beside_searches(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_search_among_many_people_calls_are_answered_on_mariadb() {
    answer_beside_searches(DatabaseKind::Mariadb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_search_among_many_people_calls_are_answered_on_postgres() {
    answer_beside_searches(DatabaseKind::Postgres).await;
}

async fn answer_beside_searches(kind: DatabaseKind) {
    if !DatabaseKind::available().contains(&kind) {
        return;
    }
    let world = World::start(kind);
    let _mock = add_mock(&world).await;
    let key = world.add_customer("1000").await;
    enter_people(&world, kind);
    let patterns: Vec<String> = NOWHERE.iter().map(|text| text.repeat(40)).collect();
    for pattern in &patterns {
        assert_eq!(find_all(&world, pattern).await.0, Vec::<String>::new(), "{pattern}");
    }

    let alone = time_calls(&world, &key.secret).await;
    let is_over = Cell::new(false);
    let calls = async {
        let times = time_calls(&world, &key.secret).await;
        is_over.set(true);
        times
    };
    let searches = at_once(SEARCHES, async |number| {
        let mut pages = 0;
        while !is_over.get() {
            let path = page_of(&patterns[number % patterns.len()], None);
            let reply = world.ask(Method::GET, &path, None).await;
            // Whoever waits too long for a turn is told to come again.
            assert!(matches!(reply.status, 200 | 503), "{path}: {} {}", reply.status, reply.text);
            assert!(reply.status == 503 || reply.json()["items"] == json!([]), "{path}: {}", reply.text);
            pages += 1;
        }
        pages
    });
    let ((during, pages), (found, parts)) =
        tokio::join!(async { tokio::join!(calls, searches) }, find_all(&world, "NEEDLE"));
    // Amid the others a search ends early and goes on from there, and misses nobody.
    assert_eq!(found, ["needle@example.net"]);
    assert!(parts > 1, "{parts}");
    println!(
        "proof: calls beside {SEARCHES} searches among {PEOPLE} people ({} pages), {kind:?}, median {:?} and p99 \
         {:?}, alone {:?} and {:?}; {CALLS}; -",
        pages.iter().sum::<u32>(),
        during[CALLS / 2],
        during[CALLS - 2],
        alone[CALLS / 2],
        alone[CALLS - 2]
    );
}

/// The addresses that a search finds, page after page, and how many pages that were.
async fn find_all(world: &World, text: &str) -> (Vec<String>, u32) {
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        pages += 1;
        let page = world.get(&page_of(text, cursor.as_deref())).await;
        let items = page["items"].as_array().expect("a list").iter();
        found.extend(items.map(|user| user["email"].as_str().expect("an address").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return (found, pages),
        }
    }
}

fn page_of(text: &str, cursor: Option<&str>) -> String {
    let text: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("/api/admin/users?limit=100&q={text}{cursor}")
}

/// How long calls of the relay take, in order; each is answered.
async fn time_calls(world: &World, secret: &str) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..CALLS {
        let begun = Instant::now();
        world.chat(secret, question(MODEL)).await.expect(200);
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times
}
