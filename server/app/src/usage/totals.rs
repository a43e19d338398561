//! One's own use in all and in parts.

use axum::extract::State;
use waystation_api::error::ErrorReply;
use waystation_api::time::Time;
use waystation_api::usage_series::{KeyUsage, ModelUsage, UsageTotals, UsageTotalsQuery};
use waystation_store::{UsageFilter, UsagePart, UsageSplit, UsageSums};

use crate::auth::Actor;
use crate::clock::now_ms;
use crate::days::{Span, SpanLength, SpanStart};
use crate::error::ApiError;
use crate::http::body::{Json, Params};
use crate::state::App;
use crate::usage::{wire_sums, zone_of_query};

const LENGTH: SpanLength = SpanLength { unless_given: SpanStart::Days(30), days_max: 366 };

/// Show what one used, in all, by model and by key
///
/// At most 366 days.
#[utoipa::path(
    get, path = "/me/usage/summary", tag = "me", operation_id = "show_my_usage_totals", params(UsageTotalsQuery),
    responses(
        (status = 200, description = "The sums", body = UsageTotals),
        (status = 400, description = "The time is too long, or none", body = ErrorReply),
    ),
)]
pub(super) async fn show_my_usage_totals(
    State(app): State<App>,
    actor: Actor,
    Params(query): Params<UsageTotalsQuery>,
) -> Result<Json<UsageTotals>, ApiError> {
    let (zone, time_zone) = zone_of_query(&app, query.time_zone.as_deref())?;
    let span = Span::read(query.start_date.as_deref(), query.end_date.as_deref(), &zone, LENGTH, now_ms())?;
    let filter = UsageFilter {
        user: Some(actor.id()),
        key: query.key_id,
        model: query.model,
        from_ms: span.from_ms,
        until_ms: span.until_ms,
    };
    let models = load_model_usage(&app, &filter).await?;
    let keys = load_key_usage(&app, &filter).await?;
    let mut total = UsageSums::default();
    models.iter().for_each(|(_, sums)| total.add(sums));
    let tokens = total.input_tokens.saturating_add(total.output_tokens);
    Ok(Json(UsageTotals {
        from: Time::from_unix_ms(span.from_ms),
        until: Time::from_unix_ms(span.until_ms),
        time_zone,
        total_cost: total.cost.into(),
        total_charged: total.charged.into(),
        total_tokens: tokens,
        total_requests: total.requests,
        total_errors: total.errors,
        total: wire_sums(&total),
        models: models.into_iter().map(|(usage, _)| usage).collect(),
        keys,
    }))
}

/// What was used of each model, the dearest first, with the same as sums.
pub(crate) async fn load_model_usage(
    app: &App,
    filter: &UsageFilter,
) -> Result<Vec<(ModelUsage, UsageSums)>, ApiError> {
    let parts = app.store.list_usage(filter, UsageSplit::Model).await?;
    let models =
        dearest_first(parts.into_iter().collect()).into_iter().filter_map(|(part, sums)| match part {
            UsagePart::Model(model) => Some((ModelUsage { model, sums: wire_sums(&sums) }, sums)),
            UsagePart::Whole | UsagePart::Key(_) | UsagePart::Channel(_) => None,
        });
    Ok(models.collect())
}

/// What was used with each key, the dearest first.
pub(crate) async fn load_key_usage(app: &App, filter: &UsageFilter) -> Result<Vec<KeyUsage>, ApiError> {
    let parts = app.store.list_usage(filter, UsageSplit::Key).await?;
    let keys: Vec<_> = dearest_first(parts.into_iter().collect())
        .into_iter()
        .filter_map(|(part, sums)| match part {
            UsagePart::Key(key) => Some((key, sums)),
            UsagePart::Whole | UsagePart::Model(_) | UsagePart::Channel(_) => None,
        })
        .collect();
    let labels = app.store.list_key_labels(keys.iter().map(|(key, _)| *key).collect()).await?;
    let keys = keys.into_iter().map(|(key_id, sums)| {
        let label = labels.get(&key_id);
        KeyUsage {
            key_id,
            name: label.map(|label| label.name.clone()),
            preview: label.map(|label| label.preview.clone()),
            sums: wire_sums(&sums),
        }
    });
    Ok(keys.collect())
}

/// Parts in the order of what they cost.
pub(crate) fn dearest_first(mut parts: Vec<(UsagePart, UsageSums)>) -> Vec<(UsagePart, UsageSums)> {
    // Those of the same price stay in the order of their names.
    parts.sort_by_key(|(_, sums)| std::cmp::Reverse((sums.cost, sums.requests)));
    parts
}
