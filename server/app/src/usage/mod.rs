//! What was used: one's own, over time and in parts, and what one key used.

mod of_key;
mod series;
mod totals;

use jiff::tz::TimeZone;
use utoipa_axum::routes;
use waystation_api::usage_series::UsageSums;
use waystation_store as store;

use crate::auth::{Access, GuardedRoutes};
use crate::days::read_zone;
use crate::error::ApiError;
use crate::state::App;
pub(crate) use of_key::summarize_key_usage;
pub(crate) use totals::{dearest_first, load_key_usage, load_model_usage};

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new()
        .route(Access::SignedIn, routes!(series::show_my_usage_series))
        .route(Access::SignedIn, routes!(totals::show_my_usage_totals))
}

/// The time zone that a query names, or the site's, with its name.
pub(crate) fn zone_of_query(app: &App, named: Option<&str>) -> Result<(TimeZone, String), ApiError> {
    match named {
        Some(text) => read_zone(text),
        None => {
            let zone = app.config.site_time_zone.rules();
            Ok((zone.clone(), zone.iana_name().unwrap_or("UTC").to_owned()))
        }
    }
}

/// Sums as the API shows them.
pub(crate) fn wire_sums(sums: &store::UsageSums) -> UsageSums {
    UsageSums {
        requests: sums.requests,
        errors: sums.errors,
        input_tokens: sums.input_tokens,
        cache_read_tokens: sums.cache_read_tokens,
        cache_write_tokens: sums.cache_write_tokens,
        output_tokens: sums.output_tokens,
        reasoning_tokens: sums.reasoning_tokens,
        cost: sums.cost.into(),
        charged: sums.charged.into(),
    }
}
