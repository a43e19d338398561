use std::fmt::Write;
use std::time::Instant;

use sea_orm::{ConnectionTrait, Database};
use waystation_ids::{ChannelId, KeyId, RequestId, UserId};
use waystation_pricing::Money;
use waystation_store::{DatabaseKind, ErrorFilter, RequestFilter, UsageFilter, UsageSplit};

use crate::database::for_each_database;
use crate::fresh_database::{now_ms, random};

const HOUR_MS: i64 = 3_600_000;

#[tokio::test(flavor = "multi_thread")]
async fn scale_tmp() {
    for_each_database(|store, url| async move {
        let rows: u64 = std::env::var("ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(100_000);
        let raw = Database::connect(&url).await.unwrap();
        let literal = |id: uuid::Uuid| match store.kind() {
            DatabaseKind::Postgres => format!("'{id}'"),
            _ => format!("x'{}'", id.simple()),
        };
        let now = now_ms();
        let start = now - 90 * 24 * HOUR_MS;
        let users: Vec<UserId> = (0..500).map(|_| UserId::new(start, random())).collect();
        let key = |user: usize| KeyId::new(1, [(user % 250) as u8; 10]);
        let begun = Instant::now();
        let mut done = 0;
        while done < rows {
            let mut sql = String::from("INSERT INTO requests (id,user_id,key_id,model_asked,model_served,channel_id,dialect,route,method,stream,\"usage\",usage_source,input_tokens,output_tokens,source_lines,cost_nanos,charged_nanos,operator_loss_nanos,price_version_id,multiplier_ppm,output_cap,status,status_code,error_code,attempts,first_byte_ms,duration_ms,client_ip,user_agent,started_at_ms,ended_at_ms,hour_ms,gift_nanos) VALUES ");
            if store.kind() == DatabaseKind::MySql { sql = sql.replace('"', "`"); }
            let mut hourly = String::from("INSERT INTO hourly_usage (hour_ms,user_id,key_id,model,channel_id,status,requests,input_tokens,output_tokens,cost_nanos,charged_nanos) VALUES ");
            for place in 0..1_000_u64 {
                let number = done + place;
                // one user makes half of all
                let user = if number % 2 == 0 { 0 } else { (number % 499 + 1) as usize };
                let ms = start + (number as i64) * ((now - start) / rows as i64);
                let id = RequestId::new_cause(ms, random());
                let failed = number % 20 == 3;
                let (status, code, error) = if failed { ("failed", 502, "'upstream_error'") } else { ("ok", 200, "NULL") };
                let hour = ms - ms % HOUR_MS;
                let channel = ChannelId::new(1, [(number % 7) as u8; 10]);
                if place > 0 { sql.push(','); hourly.push(','); }
                write!(sql, "({},{},{},'model-{m}','model-{m}',{},'openai','/v1/chat/completions','POST',{},'{{\"input\":600,\"output\":100}}','reported',600,100,'[{{\"account\":\"acc_06ft3r5yx1v2k4m7q9s0t2w6z0\",\"unit\":\"nano_usd\",\"amount\":2200000,\"list_value\":\"0.0022\"}}]',2200000,2200000,0,{},1000000,500,'{status}',{code},{error},1,{},900,'127.0.0.1','python-openai/1.99.0 something long here to be like real',{ms},{ms},{hour},0)",
                    literal(id.uuid()), literal(users[user].uuid()), literal(key(user).uuid()), literal(channel.uuid()),
                    if store.kind() == DatabaseKind::MySql { "1" } else { "TRUE" },
                    literal(channel.uuid()), 200 + number % 900, m = number % 12).unwrap();
                // worst case: a row an hour for each call
                write!(hourly, "({},{},{},'model-{}-{number}',{},'{status}',1,600,100,2200000,2200000)", hour, literal(users[user].uuid()), literal(key(user).uuid()), number % 12, literal(channel.uuid())).unwrap();
            }
            raw.execute_unprepared(&sql).await.unwrap();
            raw.execute_unprepared(&hourly).await.unwrap();
            done += 1_000;
        }
        match store.kind() {
            DatabaseKind::Sqlite => {}
            DatabaseKind::MySql => { raw.execute_unprepared("ANALYZE TABLE requests, hourly_usage").await.unwrap(); }
            DatabaseKind::Postgres => { raw.execute_unprepared("ANALYZE").await.unwrap(); }
        }
        eprintln!("{:?}: {rows} rows in {:?}", store.kind(), begun.elapsed());
        macro_rules! time {
            ($what:literal, $run:expr) => {{
                let _ = $run;
                let begun = Instant::now();
                let found = $run;
                eprintln!("{:?} {:>6} ms  {}", store.kind(), begun.elapsed().as_millis(), $what);
                found
            }};
        }
        for (name, user) in [("heavy", users[0]), ("light", users[7])] {
            eprintln!("-- {name}");
            let of = RequestFilter { user: Some(user), ..RequestFilter::default() };
            let page = time!("first page", store.list_requests(&of, None, 21).await.unwrap());
            time!("second page", store.list_requests(&of, Some(page.last().unwrap().record.request), 21).await.unwrap());
            let rare = RequestFilter { model: Some("none".to_owned()), ..of.clone() };
            time!("no such model", store.list_requests(&rare, None, 21).await.unwrap());
            let errors = RequestFilter { only_errors: true, ..of.clone() };
            time!("errors", store.list_requests(&errors, None, 21).await.unwrap());
            let old = RequestFilter { until_ms: Some(start + 24 * HOUR_MS), ..of.clone() };
            time!("of the first day", store.list_requests(&old, None, 21).await.unwrap());
            time!("count all", store.count_requests(&of).await.unwrap());
            let month = RequestFilter { from_ms: Some(now - 30 * 24 * HOUR_MS), model: Some("model-1".to_owned()), ..of };
            time!("count a model of 30 days", store.count_requests(&month).await.unwrap());
            let usage = UsageFilter { user: Some(user), key: None, model: None, from_ms: now - 30 * 24 * HOUR_MS, until_ms: now };
            time!("series 30 days", store.list_usage_by_hour(&usage, UsageSplit::Whole).await.unwrap());
            time!("30 days by key", store.list_usage(&usage, UsageSplit::Key).await.unwrap());
        }
        let stranger = RequestFilter { user: Some(UserId::new(start, random())), ..RequestFilter::default() };
        time!("calls of nobody", store.list_requests(&stranger, None, 21).await.unwrap());
        let usage = UsageFilter { user: None, key: None, model: None, from_ms: now - 366 * 24 * HOUR_MS, until_ms: now };
        time!("revenue of all", store.list_usage_by_hour(&usage, UsageSplit::Whole).await.unwrap());
        let usage = UsageFilter { from_ms: now - 48 * HOUR_MS, ..usage };
        time!("overview sums", store.list_usage_by_hour(&usage, UsageSplit::Whole).await.unwrap());
        let hours: Vec<i64> = (0..48).map(|hour| now - now % HOUR_MS - hour * HOUR_MS).collect();
        time!("first bytes", store.sample_first_bytes(&hours, 400).await.unwrap());
        time!("active users", store.count_active_users(now - 24 * HOUR_MS, now).await.unwrap());
        time!("low balances", store.count_low_balances(now - 7 * 24 * HOUR_MS, Money::from_nanos(1), now).await.unwrap());
        for days in [1, 90] {
            let filter = ErrorFilter { from_ms: now - days * 24 * HOUR_MS, until_ms: now, user: None, model: None, channel: None, error_code: None, status_code: None };
            eprintln!("-- {days} days");
            time!("error groups", store.list_error_groups(&filter, 200).await.unwrap());
        }
        let errors = RequestFilter { only_errors: true, ..RequestFilter::default() };
        time!("errors of all", store.list_requests(&errors, None, 21).await.unwrap());
        raw.close().await.unwrap();
    })
    .await;
}
