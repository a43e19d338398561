//! The rows of calls: one a call, one a try, and the roll-ups by hour.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::Value;
use sea_orm::sea_query::{Expr, ExprTrait, Order as Sort, Query};
use uuid::Uuid;
use waystation_ids::RequestId;
use waystation_ledger::{CallStatus, LostHold, Settled, Settlement};
use waystation_pricing::{Bucket, Money, Usage};

use crate::book_transaction::{BookRow, BookTransaction};
use crate::column_values::{read_json, write_count, write_json};
use crate::error::StoreError;
use crate::ledger_lanes::row_writer::{RowWriter, WhenThere, padded};
use crate::requests::read_usage;

pub(crate) const HOUR_MS: i64 = 3_600_000;

const REQUEST_COLUMNS: [&str; 34] = [
    "id",
    "user_id",
    "key_id",
    "model_asked",
    "model_served",
    "channel_id",
    "dialect",
    "route",
    "method",
    "stream",
    "usage",
    "usage_source",
    "input_tokens",
    "output_tokens",
    "source_lines",
    "cost_nanos",
    "charged_nanos",
    "operator_loss_nanos",
    "price_version_id",
    "multiplier_ppm",
    "output_cap",
    "status",
    "status_code",
    "error_code",
    "attempts",
    "first_byte_ms",
    "duration_ms",
    "client_ip",
    "user_agent",
    "started_at_ms",
    "ended_at_ms",
    "lost_hold",
    "hour_ms",
    "gift_nanos",
];

const REQUESTS: RowWriter =
    RowWriter { table: "requests", columns: &REQUEST_COLUMNS, when_there: WhenThere::Refuse };

const ATTEMPTS: RowWriter = RowWriter {
    table: "attempts",
    columns: &[
        "id",
        "channel_id",
        "credential_id",
        "upstream_model",
        "status_code",
        "error_code",
        "error_text",
        "started_at_ms",
        "first_byte_ms",
        "duration_ms",
    ],
    when_there: WhenThere::Refuse,
};

const HOURLY_USAGE: RowWriter = RowWriter {
    table: "hourly_usage",
    columns: &[
        "hour_ms",
        "user_id",
        "key_id",
        "model",
        "channel_id",
        "status",
        "requests",
        "input_tokens",
        "output_tokens",
        "cost_nanos",
        "charged_nanos",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
        "gift_nanos",
        "operator_loss_nanos",
    ],
    when_there: WhenThere::Add {
        key: &["hour_ms", "user_id", "key_id", "model", "channel_id", "status"],
        columns: &[
            "requests",
            "input_tokens",
            "output_tokens",
            "cost_nanos",
            "charged_nanos",
            "cache_read_tokens",
            "cache_write_tokens",
            "reasoning_tokens",
            "gift_nanos",
            "operator_loss_nanos",
        ],
    },
};

/// A call that has ended, as its row says.
#[derive(Clone, Debug)]
pub(crate) struct EndedCall {
    pub settled: Settled,
    pub lost: Option<LostHold>,
    pub rollup: Rollup,
}

/// A call that ends in this transaction.
#[derive(Clone, Debug)]
pub(crate) struct EndingCall {
    /// What is known of it; what it cost is said by `settled`.
    pub settlement: Arc<Settlement>,
    pub settled: Settled,
    pub lost: Option<LostHold>,
    /// What of it gift credit paid.
    pub gift: Money,
    pub ended_at_ms: i64,
    /// The row to take the place of: a lost call that was settled late.
    pub replaces: Option<Rollup>,
}

/// What one call adds to the roll-ups, and where.
#[derive(Clone, Debug)]
pub(crate) struct Rollup {
    pub key: RollupKey,
    pub sums: RollupSums,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RollupKey {
    hour_ms: i64,
    user: Uuid,
    key: Uuid,
    model: String,
    channel: Uuid,
    status: &'static str,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RollupSums {
    requests: i64,
    input_tokens: i64,
    output_tokens: i64,
    cost: i64,
    charged: i64,
    cache_read_tokens: i64,
    cache_write_tokens: i64,
    reasoning_tokens: i64,
    gift: i64,
    operator_loss: i64,
}

impl RollupSums {
    /// What one call used and cost.
    fn of_call(usage: &Usage, settled: &Settled, gift: Money) -> Self {
        RollupSums {
            requests: 1,
            input_tokens: write_count(usage.input_tokens()),
            output_tokens: write_count(usage.output_tokens()),
            cost: settled.cost.nanos(),
            charged: settled.charged.nanos(),
            cache_read_tokens: write_count(usage.get(Bucket::CacheRead)),
            cache_write_tokens: write_count(usage.cache_write_tokens()),
            reasoning_tokens: write_count(usage.get(Bucket::Reasoning)),
            gift: gift.nanos(),
            operator_loss: settled.operator_loss.nanos(),
        }
    }

    fn add(&mut self, other: RollupSums, sign: i64) {
        let sum = |a: i64, b: i64| a.saturating_add(b.saturating_mul(sign));
        self.requests = sum(self.requests, other.requests);
        self.input_tokens = sum(self.input_tokens, other.input_tokens);
        self.output_tokens = sum(self.output_tokens, other.output_tokens);
        self.cost = sum(self.cost, other.cost);
        self.charged = sum(self.charged, other.charged);
        self.cache_read_tokens = sum(self.cache_read_tokens, other.cache_read_tokens);
        self.cache_write_tokens = sum(self.cache_write_tokens, other.cache_write_tokens);
        self.reasoning_tokens = sum(self.reasoning_tokens, other.reasoning_tokens);
        self.gift = sum(self.gift, other.gift);
        self.operator_loss = sum(self.operator_loss, other.operator_loss);
    }
}

impl EndingCall {
    fn rollup(&self) -> Rollup {
        let usage = Usage::from(&self.settlement.record.usage);
        Rollup {
            key: RollupKey {
                hour_ms: self.ended_at_ms - self.ended_at_ms.rem_euclid(HOUR_MS),
                user: self.settlement.record.user.uuid(),
                key: self.settlement.record.key.uuid(),
                model: cut(&self.settlement.record.model_served, 191),
                channel: self.settlement.record.channel.map_or(Uuid::nil(), |channel| channel.uuid()),
                status: self.settlement.record.status.name(),
            },
            sums: RollupSums::of_call(&usage, &self.settled, self.gift),
        }
    }
}

/// Locks the rows of calls that have ended.
pub(crate) async fn lock_ended_calls(
    tx: &BookTransaction,
    ids: &[Uuid],
) -> Result<BTreeMap<RequestId, EndedCall>, StoreError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let query = Query::select()
        .columns(REQUEST_COLUMNS)
        .from("requests")
        .and_where(Expr::col("id").is_in(padded(ids)))
        .order_by("id", Sort::Asc)
        .lock_exclusive()
        .take();
    tx.query(&query).await?.iter().map(read_ended_call).collect()
}

/// Writes the rows of calls that end now.
pub(crate) async fn write_ending_calls(tx: &BookTransaction, calls: &[EndingCall]) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let replaced: Vec<Uuid> = calls
        .iter()
        .filter(|call| call.replaces.is_some())
        .map(|call| call.settlement.record.request.uuid())
        .collect();
    if !replaced.is_empty() {
        let delete = Query::delete().from_table("requests").and_where(Expr::col("id").is_in(replaced)).take();
        tx.execute(&delete).await?;
    }
    let mut values = Vec::with_capacity(calls.len() * REQUEST_COLUMNS.len());
    for call in calls {
        values.extend(request_row(call)?);
    }
    REQUESTS.write(tx, values).await?;
    insert_attempts(tx, calls).await?;
    add_to_rollups(tx, calls).await
}

async fn insert_attempts(tx: &BookTransaction, calls: &[EndingCall]) -> Result<(), StoreError> {
    let values = calls
        .iter()
        .flat_map(|call| {
            call.settlement.attempts.iter().map(|attempt| (call.settlement.record.request, attempt))
        })
        .flat_map(|(request, attempt)| {
            [
                request.attempt(attempt.number).uuid().into(),
                attempt.channel.uuid().into(),
                attempt.credential.map(|credential| credential.uuid()).into(),
                cut(&attempt.upstream_model, 191).into(),
                attempt.status_code.map(i64::from).into(),
                attempt.error_code.as_deref().map(|code| cut(code, 64)).into(),
                attempt.error_text.as_deref().map(|text| cut(text, 500)).into(),
                attempt.started_at_ms.into(),
                attempt.first_byte_ms.into(),
                attempt.duration_ms.into(),
            ]
        });
    ATTEMPTS.write(tx, values.collect()).await
}

async fn add_to_rollups(tx: &BookTransaction, calls: &[EndingCall]) -> Result<(), StoreError> {
    let mut sums: BTreeMap<RollupKey, RollupSums> = BTreeMap::new();
    for call in calls {
        let rollup = call.rollup();
        sums.entry(rollup.key).or_default().add(rollup.sums, 1);
        if let Some(before) = &call.replaces {
            sums.entry(before.key.clone()).or_default().add(before.sums, -1);
        }
    }
    let values = sums.iter().flat_map(|(key, sums)| {
        [
            key.hour_ms.into(),
            key.user.into(),
            key.key.into(),
            key.model.as_str().into(),
            key.channel.into(),
            key.status.into(),
            sums.requests.into(),
            sums.input_tokens.into(),
            sums.output_tokens.into(),
            sums.cost.into(),
            sums.charged.into(),
            sums.cache_read_tokens.into(),
            sums.cache_write_tokens.into(),
            sums.reasoning_tokens.into(),
            sums.gift.into(),
            sums.operator_loss.into(),
        ]
    });
    HOURLY_USAGE.write(tx, values.collect()).await
}

fn request_row(call: &EndingCall) -> Result<[Value; REQUEST_COLUMNS.len()], StoreError> {
    let (record, settled) = (&call.settlement.record, &call.settled);
    let usage = Usage::from(&record.usage);
    let by_bucket: BTreeMap<&str, u64> =
        usage.filled().map(|(bucket, tokens)| (bucket.name(), tokens)).collect();
    let lost = call.lost.as_ref().map(write_json).transpose()?;
    Ok([
        record.request.uuid().into(),
        record.user.uuid().into(),
        record.key.uuid().into(),
        cut(&record.model_asked, 191).into(),
        cut(&record.model_served, 191).into(),
        record.channel.map(|channel| channel.uuid()).into(),
        cut(&record.dialect, 16).into(),
        cut(&record.route, 64).into(),
        cut(&record.method, 8).into(),
        record.stream.into(),
        write_json(&by_bucket)?.into(),
        record.usage.source.name().into(),
        write_count(usage.input_tokens()).into(),
        write_count(usage.output_tokens()).into(),
        write_json(&settled.lines)?.into(),
        settled.cost.nanos().into(),
        settled.charged.nanos().into(),
        settled.operator_loss.nanos().into(),
        record.price_version.uuid().into(),
        record.multiplier_ppm.into(),
        write_count(record.output_cap).into(),
        record.status.name().into(),
        i64::from(record.status_code).into(),
        record.error_code.as_deref().map(|code| cut(code, 64)).into(),
        write_count(call.settlement.attempts.len() as u64).into(),
        record.first_byte_ms.into(),
        record.duration_ms.into(),
        cut(&record.client_ip, 64).into(),
        cut(&record.user_agent, 255).into(),
        record.started_at_ms.into(),
        call.ended_at_ms.into(),
        lost.into(),
        begun_hour_ms(record.request).into(),
        call.gift.nanos().into(),
    ])
}

fn read_ended_call(row: &BookRow) -> Result<(RequestId, EndedCall), StoreError> {
    let lines = row.text("source_lines")?;
    let lost = row.optional_text("lost_hold")?;
    let status = row.text("status")?;
    let status = CallStatus::from_name(&status).ok_or(StoreError::Unreadable("call status"))?;
    let ended_at_ms: i64 = row.number("ended_at_ms")?;
    let channel: Option<Uuid> = row.optional_id("channel_id")?;
    let settled = Settled {
        cost: Money::from_nanos(row.number("cost_nanos")?),
        charged: Money::from_nanos(row.number("charged_nanos")?),
        lines: read_json(&lines, "call's source lines")?,
        operator_loss: Money::from_nanos(row.number("operator_loss_nanos")?),
    };
    let usage = row.text("usage")?;
    let usage = read_usage(&usage, &row.text("usage_source")?)?;
    let rollup = Rollup {
        key: RollupKey {
            hour_ms: ended_at_ms - ended_at_ms.rem_euclid(HOUR_MS),
            user: row.id("user_id")?,
            key: row.id("key_id")?,
            model: row.text("model_served")?.into_owned(),
            channel: channel.unwrap_or(Uuid::nil()),
            status: status.name(),
        },
        sums: RollupSums::of_call(&usage, &settled, Money::from_nanos(row.number("gift_nanos")?)),
    };
    let lost = lost.as_deref().map(|text| read_json(text, "lost hold")).transpose()?;
    Ok((RequestId::from_uuid(row.id("id")?), EndedCall { settled, lost, rollup }))
}

/// The hour in which a call began, by its id, so that later hours hold later ids.
pub(crate) fn begun_hour_ms(request: RequestId) -> i64 {
    let unix_ms = i64::try_from(request.uuid().as_u128() >> 80).unwrap_or(0);
    unix_ms - unix_ms.rem_euclid(HOUR_MS)
}

/// Text as a column of `length` characters takes it: PostgreSQL refuses a zero character. What came from outside
/// must not keep a call from its books.
fn cut(text: &str, length: usize) -> String {
    // Nearly always it fits as it is.
    if text.len() <= length && !text.as_bytes().contains(&0) {
        return text.to_owned();
    }
    text.chars().filter(|character| *character != '\0').take(length).collect()
}
