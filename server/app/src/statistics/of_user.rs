//! How one user fares.

use std::collections::BTreeMap;

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::statistics::{ErrorCount, UserStatistics};
use waystation_api::time::Time;
use waystation_api::usage_series::ModelUsage;
use waystation_api::users::UserBalance;
use waystation_ids::UserId;
use waystation_store::{ErrorFilter, RequestFilter, UsageFilter, UsageSums};

use crate::clock::now_ms;
use crate::days::{HOUR_MS, full_hour};
use crate::error::ApiError;
use crate::http::body::{Json, PathParts};
use crate::state::App;
use crate::usage::{load_key_usage, load_model_usage, wire_sums};

const DAY_MS: i64 = 24 * HOUR_MS;
const PARTS_MAX: usize = 20;
const ERRORS_MAX: usize = 10;
/// Groups tell channels and models apart, which the counts here do not.
const GROUPS_MAX: u64 = 1_000;

/// Show how a user fares
#[utoipa::path(
    get, path = "/admin/stats/users/{id}", tag = "statistics", operation_id = "show_user_statistics",
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "How the user fares", body = UserStatistics),
        (status = 404, description = "There is no such user", body = ErrorReply),
    ),
)]
pub(super) async fn show_user_statistics(
    State(app): State<App>,
    PathParts(user): PathParts<UserId>,
) -> Result<Json<UserStatistics>, ApiError> {
    app.store.load_user(user).await?;
    let now_ms = now_ms();
    let until_ms = full_hour(now_ms).saturating_add(HOUR_MS);
    let filter = |days: i64| UsageFilter {
        user: Some(user),
        key: None,
        model: None,
        from_ms: until_ms - days * DAY_MS,
        until_ms,
    };
    let sum = |parts: &[(ModelUsage, UsageSums)]| {
        let mut sums = UsageSums::default();
        parts.iter().for_each(|(_, of_part)| sums.add(of_part));
        sums
    };
    let day = load_model_usage(&app, &filter(1)).await?;
    let month = load_model_usage(&app, &filter(30)).await?;
    let mut keys = load_key_usage(&app, &filter(30)).await?;
    keys.truncate(PARTS_MAX);
    let balance = app.store.list_money_balances(&[user], now_ms).await?.remove(&user).unwrap_or_default();
    let calls = RequestFilter { user: Some(user), ..RequestFilter::default() };
    let last = app.store.list_requests(&calls, None, 1).await?.pop();
    Ok(Json(UserStatistics {
        user_id: user,
        balance: UserBalance {
            available: balance.available.into(),
            pending: balance.pending.into(),
            currency: "USD".to_owned(),
        },
        last_request_at: last.map(|last| Time::from_unix_ms(last.record.started_at_ms)),
        day: wire_sums(&sum(&day)),
        month: wire_sums(&sum(&month)),
        models: month.into_iter().map(|(model, _)| model).take(PARTS_MAX).collect(),
        keys,
        errors: count_errors(&app, user, until_ms).await?,
    }))
}

async fn count_errors(app: &App, user: UserId, until_ms: i64) -> Result<Vec<ErrorCount>, ApiError> {
    let filter = ErrorFilter {
        from_ms: until_ms - 30 * DAY_MS,
        until_ms,
        user: Some(user),
        model: None,
        channel: None,
        error_code: None,
        status_code: None,
    };
    let mut counts: BTreeMap<Option<String>, u64> = BTreeMap::new();
    for group in app.store.list_error_groups(&filter, GROUPS_MAX).await? {
        let count = counts.entry(group.error_code).or_default();
        *count = count.saturating_add(group.count);
    }
    let mut counts: Vec<ErrorCount> =
        counts.into_iter().map(|(error_code, requests)| ErrorCount { error_code, requests }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.requests));
    counts.truncate(ERRORS_MAX);
    Ok(counts)
}
