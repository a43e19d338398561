//! Who sees what of use, revenue, statistics and failures, and that the numbers are right.

use std::sync::Arc;

use serde_json::{Value, json};
use waystation_ids::{ChannelId, KeyId, ModelId, PriceVersionId, RequestId, Role};
use waystation_ledger::{AttemptRecord, CallRecord, CallStatus, OutputCap, Reserve, Settlement, UsageRecord};
use waystation_pricing::{Bucket, Cost, Multiplier, Price, Usage, UsageSource};
use waystation_store::{NewPriceVersion, User};

use crate::access_rules::site::Site;
use crate::audit_trail::Doer;
use crate::clock::now_ms;
use crate::random::random_bytes;

/// A site where a price is known and Ben has made calls.
struct Office {
    site: Site,
    owner: String,
    ben: User,
    of_ben: String,
    key: KeyId,
    channel: ChannelId,
    price_version: PriceVersionId,
}

fn price() -> Price {
    Price { input: "2".parse().unwrap(), output: "10".parse().unwrap(), ..Price::default() }
}

async fn open_office(name: &str) -> Office {
    let site = Site::new(name).await;
    let owner = site.enter("owner", Role::Owner).await;
    let owner = site.token(&owner).await;
    let ben = site.enter("ben", Role::User).await;
    let of_ben = site.token(&ben).await;
    for (account, amount) in [("cash", "5"), ("gift", "0.001")] {
        let credit = json!({
            "direction": "credit", "amount": amount, "account": account, "reason_code": "test", "note": "a test",
        });
        let path = format!("/api/admin/users/{}/adjustments", ben.id);
        site.get_done(&owner, "POST", &path, credit).await;
    }
    let key = site.get_done(&of_ben, "POST", "/api/me/keys", json!({"name": "=ben's laptop"})).await;
    let key: KeyId = key["key"]["id"].as_str().unwrap().parse().unwrap();
    let model: ModelId = site.add_model(&owner, "sonnet").await.parse().unwrap();
    let (channel, _) = site.add_channel(&owner).await;
    let price_version = PriceVersionId::new(now_ms(), random_bytes().unwrap());
    let new =
        NewPriceVersion { id: price_version, model, price: price(), effective_at_ms: 0, created_by: None };
    let audit = Doer::Server.does("price.create", "model", "sonnet").showing(|_| Some("{}".to_owned()));
    site.app.store.create_price_version(new, &audit).await.unwrap();
    let channel = channel.parse().unwrap();
    Office { site, owner, ben, of_ben, key, channel, price_version }
}

impl Office {
    /// A call of Ben's that read 600 tokens, 200 of them from a cache, and wrote 100: 0.0022 USD. With an error it
    /// cost nothing.
    async fn call(&self, error: Option<(u16, &str)>) -> RequestId {
        let request = RequestId::new_cause(now_ms(), random_bytes().unwrap());
        let reserve = Reserve {
            request,
            user: self.ben.id,
            key: self.key,
            instance: self.site.app.instance,
            model: "sonnet".to_owned(),
            price_version: self.price_version,
            price: price(),
            multiplier: Multiplier::ONE,
            input_bound: 1_000,
            input_estimate: 250,
            choices: 1,
            output_cap: OutputCap::Exactly(500),
            budgets: Vec::new(),
            time_limit_ms: 60_000,
        };
        self.site.app.lanes.reserve(reserve).await.unwrap();
        let usage = match error {
            None => Usage::none(UsageSource::Reported)
                .with(Bucket::Input, 400)
                .with(Bucket::CacheRead, 200)
                .with(Bucket::Output, 100),
            Some(_) => Usage::none(UsageSource::Estimated),
        };
        let started_at_ms = now_ms();
        let attempt = |number, started_at_ms, error_code: Option<&str>| AttemptRecord {
            number,
            channel: self.channel,
            credential: None,
            upstream_model: "hidden-upstream-name".to_owned(),
            status_code: error_code.is_none().then_some(200),
            error_code: error_code.map(str::to_owned),
            error_text: None,
            started_at_ms,
            first_byte_ms: None,
            duration_ms: 1,
        };
        let failed = attempt(1, started_at_ms + 10, Some("server_error"));
        let second = attempt(2, started_at_ms + 110, error.map(|_| "server_error"));
        let record = CallRecord {
            request,
            user: self.ben.id,
            key: self.key,
            model_asked: "sonnet".to_owned(),
            model_served: "sonnet".to_owned(),
            channel: Some(self.channel),
            dialect: "openai".to_owned(),
            route: "/v1/chat/completions".to_owned(),
            method: "POST".to_owned(),
            stream: true,
            usage: UsageRecord::from(&usage),
            price_version: self.price_version,
            multiplier_ppm: Multiplier::ONE.ppm(),
            output_cap: 500,
            status: if error.is_none() { CallStatus::Ok } else { CallStatus::Failed },
            status_code: error.map_or(200, |(status_code, _)| status_code),
            error_code: error.map(|(_, code)| code.to_owned()),
            first_byte_ms: error.is_none().then_some(300),
            duration_ms: 900,
            client_ip: "127.0.0.1".to_owned(),
            user_agent: "a test".to_owned(),
            started_at_ms,
        };
        let cost = error.is_none().then(|| Cost::of(&usage, &price(), Multiplier::ONE));
        let ended = Settlement { cost, record, attempts: vec![failed, second] };
        self.site.app.lanes.settle(Arc::new(ended)).await.unwrap();
        request
    }

    async fn get(&self, token: &str, path: &str) -> Value {
        self.site.get_done(token, "GET", path, Value::Null).await
    }
}

const OWN: [&str; 4] = ["usage/series", "usage/summary", "usage/export.csv", "usage/export.json"];

#[tokio::test(flavor = "multi_thread")]
async fn what_one_used_is_summed_by_day_model_and_key_and_shown_to_nobody_else() {
    let office = open_office("own-usage").await;
    for error in [None, None, Some((502, "upstream_error"))] {
        office.call(error).await;
    }
    let totals = office.get(&office.of_ben, "/api/me/usage/summary").await;
    assert_eq!(
        (&totals["total_cost"], &totals["total_charged"], &totals["total_tokens"]),
        (&json!("0.004400000"), &json!("0.004400000"), &json!(1_400))
    );
    assert_eq!((&totals["total_requests"], &totals["total_errors"]), (&json!(3), &json!(1)));
    assert_eq!(totals["total"]["cache_read_tokens"], 400);
    assert_eq!(
        (&totals["models"][0]["model"], &totals["models"][0]["requests"]),
        (&json!("sonnet"), &json!(3))
    );
    let key = &totals["keys"][0];
    assert_eq!((&key["key_id"], &key["name"]), (&json!(office.key), &json!("=ben's laptop")));
    assert!(key["preview"].as_str().unwrap().starts_with("sk-"));

    let series = office.get(&office.of_ben, "/api/me/usage/series?group_by=model&time_zone=%2B08:00").await;
    assert_eq!((&series["time_zone"], &series["by"]), (&json!("+08:00"), &json!("day")));
    assert_eq!(series["steps"].as_array().unwrap().len(), 30);
    let points = series["points"].as_array().unwrap();
    let used: u64 = points.iter().map(|point| point["requests"].as_u64().unwrap()).sum();
    assert_eq!((used, &series["total"]["requests"]), (3, &json!(3)));
    let mut steps = series["steps"].as_array().unwrap().iter();
    assert!(steps.any(|step| step["at"] == points[0]["at"] && step["date"] == points[0]["date"]));
    assert_eq!((&points[0]["model"], points[0].get("key_id")), (&json!("sonnet"), None));
    let by_hour = office.get(&office.of_ben, "/api/me/usage/series?by=hour&group_by=key").await;
    assert_eq!(by_hour["points"][0]["key_id"], json!(office.key));
    let mut hours = by_hour["steps"].as_array().unwrap().iter();
    assert!(hours.any(|step| step["at"] == by_hour["points"][0]["at"]));

    let table = office.site.ask(&office.of_ben, "GET", "/api/me/usage/export.csv", Value::Null).await;
    assert_eq!(table.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(table.headers["content-disposition"], "attachment; filename=\"usage.csv\"");
    assert!(table.text.starts_with('\u{feff}'));
    assert_eq!(table.text.lines().count(), 4, "{}", table.text);
    assert!(table.text.contains(",\"'=ben's laptop\",sonnet,"), "{}", table.text);
    let list = office.get(&office.of_ben, "/api/me/usage/export.json?status=error").await;
    assert_eq!((list.as_array().unwrap().len(), &list[0]["error_code"]), (1, &json!("upstream_error")));

    let ann = office.site.enter("ann", Role::User).await;
    let of_ann = office.site.token(&ann).await;
    for path in OWN {
        for query in [String::new(), format!("?key_id={}", office.key), "?model=sonnet".to_owned()] {
            let answer =
                office.site.ask(&of_ann, "GET", &format!("/api/me/{path}{query}"), Value::Null).await;
            let context = format!("{path}{query}: {} {}", answer.status, answer.text);
            assert!(answer.status.is_success(), "{context}");
            // The key that was asked for may be named; nothing of it is.
            assert!(!answer.text.contains("laptop") && !answer.text.contains("sonnet"), "{context}");
            assert!(!answer.text.contains("req_"), "{context}");
        }
    }
    office.site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_too_long_or_none_is_refused_with_its_field() {
    let office = open_office("spans").await;
    for (token, path, field) in [
        (&office.of_ben, "me/usage/series?start_date=2026-01-01&end_date=2026-05-01", "start_date"),
        (&office.of_ben, "me/usage/series?by=hour&start_date=2026-01-01&end_date=2026-02-02", "start_date"),
        (&office.of_ben, "me/usage/series?time_zone=Mars", "time_zone"),
        (&office.of_ben, "me/usage/series?end_date=never", "end_date"),
        (&office.of_ben, "me/usage/summary?start_date=2024-01-01", "start_date"),
        (&office.owner, "admin/revenue?start_date=2026-02-01&end_date=2026-01-01", "start_date"),
        (&office.owner, "admin/stats/billing?start_date=2020-01-01", "start_date"),
        (&office.owner, "admin/usage?start_date=2020-01-01", "start_date"),
        (&office.owner, "admin/errors?start_date=2020-01-01", "start_date"),
    ] {
        let answer = office.site.ask(token, "GET", &format!("/api/{path}"), Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "invalid_request"),
            "{path}: {}",
            answer.text
        );
        assert_eq!(answer.body["error"]["fields"][0]["field"], field, "{path}");
    }
    office.site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_what_was_charged_and_is_shown_to_who_may_see_it() {
    let office = open_office("revenue").await;
    office.call(None).await;
    office.call(Some((502, "upstream_error"))).await;
    for role in Role::ALL {
        let person = office.site.enter(&format!("one-{}", role.name()), role).await;
        let token = office.site.token(&person).await;
        let sees_revenue = matches!(role, Role::Owner | Role::Admin | Role::Finance | Role::Auditor);
        for path in [
            "revenue",
            "revenue?by=month",
            "revenue/export.csv",
            "usage",
            "usage/export.csv",
            "stats/billing",
        ] {
            let answer = office.site.ask(&token, "GET", &format!("/api/admin/{path}"), Value::Null).await;
            assert_eq!(answer.status.is_success(), sees_revenue, "{path} by {role:?}: {}", answer.text);
            assert_eq!(answer.lacks_permission(), !sees_revenue, "{path} by {role:?}");
        }
        let answer = office.site.ask(&token, "GET", "/api/admin/stats/overview", Value::Null).await;
        assert_eq!(answer.status.is_success(), role != Role::User, "{role:?}: {}", answer.text);
        if answer.status.is_success() {
            let charged = if sees_revenue { json!("0.002200000") } else { Value::Null };
            assert_eq!(answer.body["now"]["charged"], charged, "{role:?}");
        }
    }
    let revenue = office.get(&office.owner, "/api/admin/revenue").await;
    let items = revenue["items"].as_array().unwrap();
    assert_eq!(items.len(), 30);
    let total = &revenue["total"];
    for (field, value) in [
        ("requests", json!(2)),
        ("errors", json!(1)),
        ("input_tokens", json!(600)),
        ("output_tokens", json!(100)),
        ("charged", json!("0.002200000")),
        ("gift_paid", json!("0.001000000")),
        ("list_cost", json!("0.002200000")),
        ("granted", json!("0.000000000")),
        ("operator_loss", json!("0.000000000")),
        ("upstream_cost", Value::Null),
        ("margin", Value::Null),
    ] {
        assert_eq!(total[field], value, "{field}");
    }
    // Midnight may have passed.
    let of_days: u64 = items.iter().rev().take(2).map(|item| item["requests"].as_u64().unwrap()).sum();
    assert_eq!(of_days, 2);
    let months = office.get(&office.owner, "/api/admin/revenue?by=month").await;
    assert_eq!(months["items"].as_array().unwrap().len(), 12);
    assert_eq!(months["total"], *total);
    let table = office.site.ask(&office.owner, "GET", "/api/admin/revenue/export.csv", Value::Null).await;
    assert_eq!(table.text.lines().count(), 31);
    assert!(table.text.contains(",2,1,600,100,0.002200000,0.001000000,0.002200000,"), "{}", table.text);

    let usage = office.get(&office.owner, "/api/admin/usage").await;
    assert_eq!((&usage["total"], &usage["rest"]), (total, &Value::Null));
    assert_eq!((&usage["items"][0]["model"], &usage["items"][0]["requests"]), (&json!("sonnet"), &json!(2)));
    assert_eq!((&usage["from"], &usage["until"]), (&revenue["from"], &revenue["until"]));
    let usage = office.get(&office.owner, "/api/admin/usage?group_by=channel").await;
    let item = &usage["items"][0];
    assert_eq!((&item["channel_id"], &item["channel_name"]), (&json!(office.channel), &json!("Main")));
    assert_eq!((&item["charged"], &usage["total"]), (&total["charged"], total));
    let table = office.site.ask(&office.owner, "GET", "/api/admin/usage/export.csv", Value::Null).await;
    assert_eq!(table.text.lines().count(), 2, "{}", table.text);
    assert!(table.text.contains("sonnet,2,1,600,100,0.002200000,0.001000000,"), "{}", table.text);

    let billing = office.get(&office.owner, "/api/admin/stats/billing").await;
    assert_eq!(billing["balances"][0]["kind"], "cash");
    assert_eq!(billing["balances"][0]["available"], "4.998800000");
    assert_eq!((&billing["holds"]["open"], &billing["holds"]["oldest_at"]), (&json!(0), &Value::Null));
    let moved = &billing["movements"][0];
    assert_eq!(
        (&moved["direction"], &moved["account"], &moved["reason_code"], &moved["amount"]),
        (&json!("credit"), &json!("cash"), &json!("test"), &json!("5.000000000"))
    );
    assert_eq!(
        (&billing["calls"]["charged"], &billing["calls"]["gift_paid"]),
        (&total["charged"], &total["gift_paid"])
    );
    office.site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overview_tells_of_calls_people_channels_and_balances() {
    let office = open_office("overview").await;
    office.call(None).await;
    for _ in 0..2 {
        office.call(Some((502, "upstream_error"))).await;
    }
    let overview = office.get(&office.owner, "/api/admin/stats/overview").await;
    let now = &overview["now"];
    assert_eq!(
        (&now["requests"], &now["succeeded"], &now["errors"], &now["success_ppm"]),
        (&json!(3), &json!(1), &json!(2), &json!(333_333))
    );
    assert_eq!((&now["active_users"], &now["input_tokens"]), (&json!(1), &json!(600)));
    assert_eq!(now["first_byte_ms"], json!({"p50": 300, "p95": 300, "sampled": 1}));
    assert_eq!(
        (&overview["before"]["requests"], &overview["before"]["success_ppm"]),
        (&json!(0), &Value::Null)
    );
    let failing = &overview["failing_channels"][0];
    assert_eq!(
        (&failing["channel_id"], &failing["name"], &failing["attempts"], &failing["failures"]),
        (&json!(office.channel), &json!("Main"), &json!(6), &json!(5))
    );
    assert_eq!(failing["last_error_code"], "server_error");
    assert_eq!(overview["low_balance"], json!({"threshold": "1.000000000", "users": 0}));
    let values = json!({"values": {"balance.low": "4.999"}});
    office.site.get_done(&office.owner, "PATCH", "/api/admin/settings", values).await;
    let low = office.get(&office.owner, "/api/admin/stats/overview").await;
    assert_eq!(low["low_balance"], json!({"threshold": "4.999000000", "users": 1}));
    let low = office.get(&office.owner, "/api/admin/stats/overview?low_balance=5").await;
    assert_eq!(low["low_balance"], json!({"threshold": "5.000000000", "users": 1}));

    let user = office.get(&office.owner, &format!("/api/admin/stats/users/{}", office.ben.id)).await;
    assert_eq!((&user["day"]["requests"], &user["month"]["cost"]), (&json!(3), &json!("0.002200000")));
    assert_eq!(
        (&user["models"][0]["model"], &user["keys"][0]["key_id"]),
        (&json!("sonnet"), &json!(office.key))
    );
    assert_eq!(user["errors"], json!([{"error_code": "upstream_error", "requests": 2}]));
    assert!(user["last_request_at"].is_string());
    assert_eq!(user["balance"]["available"], "4.998800000");
    let nobody = "/api/admin/stats/users/usr_06ft3r5yx1v2k4m7q9s0t2w6z0";
    assert_eq!(office.site.ask(&office.owner, "GET", nobody, Value::Null).await.status.as_u16(), 404);
    office.site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_gathered_and_calls_are_found_by_how_they_ended() {
    let office = open_office("failures").await;
    let answered = office.call(None).await;
    for _ in 0..2 {
        office.call(Some((502, "upstream_error"))).await;
    }
    let slow = office.call(Some((504, "upstream_timeout"))).await;
    let errors = office.get(&office.owner, "/api/admin/errors").await;
    let groups = errors["items"].as_array().unwrap();
    assert_eq!((groups.len(), &errors["is_truncated"]), (2, &json!(false)));
    assert_eq!(
        (&groups[0]["cause"], &groups[0]["count"], &groups[0]["users"], &groups[0]["channel_name"]),
        (&json!("provider_failed"), &json!(2), &json!(1), &json!("Main"))
    );
    assert_eq!((&groups[1]["example_request_id"], &groups[1]["status_code"]), (&json!(slow), &json!(504)));
    let other_code = office.get(&office.owner, "/api/admin/errors?error_code=none").await;
    assert_eq!(other_code["items"], json!([]));

    for (query, expected) in [
        ("status=error".to_owned(), 3),
        ("status=ok".to_owned(), 1),
        ("status_class=5xx".to_owned(), 3),
        ("status_class=2xx".to_owned(), 1),
        ("error_code=upstream_timeout".to_owned(), 1),
        (format!("id={answered}"), 1),
        (format!("key_id={}&status=error", office.key), 3),
        (format!("start_date={}", "2100-01-01"), 0),
    ] {
        for (token, path) in [(&office.of_ben, "me"), (&office.owner, "admin")] {
            let list = office.get(token, &format!("/api/{path}/requests?{query}")).await;
            assert_eq!(list["items"].as_array().unwrap().len(), expected, "{path} {query}");
        }
    }
    let own = office.get(&office.of_ben, "/api/me/requests?status=error&limit=1").await;
    assert_eq!(own["items"][0]["cause"], "provider_slow");
    let all = office.get(&office.owner, "/api/admin/requests?limit=1").await;
    assert_eq!(
        (&all["items"][0]["user_email"], &all["items"][0]["channel_name"]),
        (&json!("ben@example.org"), &json!("Main"))
    );
    office.site.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_explained_to_who_paid_without_a_word_of_its_channel() {
    let office = open_office("explained").await;
    let answered = office.call(None).await;
    let failed = office.call(Some((502, "upstream_error"))).await;
    let own =
        office.site.ask(&office.of_ben, "GET", &format!("/api/me/requests/{answered}"), Value::Null).await;
    let shown = &own.body;
    assert_eq!(
        shown["price_lines"],
        json!([
            {"kind": "input", "tokens": 400, "per_million": "2.000000000", "amount": "0.000800000"},
            {"kind": "cache_read", "tokens": 200, "per_million": "2.000000000", "amount": "0.000400000"},
            {"kind": "output", "tokens": 100, "per_million": "10.000000000", "amount": "0.001000000"},
        ])
    );
    assert_eq!((&shown["is_priced_by_lines"], &shown["cost"]), (&json!(true), &json!("0.002200000")));
    assert_eq!(
        shown["timeline"],
        json!({"queue_ms": 10, "retries_ms": 100, "first_byte_ms": 190, "stream_ms": 600, "total_ms": 900})
    );
    assert_eq!(shown["cause"], Value::Null);
    for hidden in ["Main", "hidden-upstream-name", "api.example.com", "chn_", "server_error", "user_email"] {
        assert!(!own.text.contains(hidden), "{hidden}: {}", own.text);
    }
    let own = office.get(&office.of_ben, &format!("/api/me/requests/{failed}")).await;
    assert_eq!(
        (&own["cause"], &own["price_lines"], &own["is_priced_by_lines"], &own["timeline"]["first_byte_ms"]),
        (&json!("provider_failed"), &json!([]), &json!(true), &Value::Null)
    );
    let ann = office.site.enter("ann", Role::User).await;
    let of_ann = office.site.token(&ann).await;
    let path = format!("/api/me/requests/{answered}");
    assert_eq!(office.site.ask(&of_ann, "GET", &path, Value::Null).await.status.as_u16(), 404);
    let list = office.get(&of_ann, &format!("/api/me/requests?id={answered}")).await;
    assert_eq!(list["items"], json!([]));
    let seen = office.get(&office.owner, &format!("/api/admin/requests/{answered}")).await;
    assert_eq!((&seen["channel_name"], &seen["user_email"]), (&json!("Main"), &json!("ben@example.org")));
    assert_eq!(
        (&seen["attempts"][0]["channel_name"], &seen["attempts"][0]["error_code"]),
        (&json!("Main"), &json!("server_error"))
    );
    assert_eq!(seen["price_lines"], shown["price_lines"]);
    office.site.finish().await;
}
