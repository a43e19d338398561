//! What the site is, for whoever comes.

use axum::extract::State;
use utoipa_axum::routes;
use waystation_api::locale::Locale;
use waystation_api::money::Usd;
use waystation_api::site::Site;

use crate::auth::{Access, GuardedRoutes};
use crate::demo::is_demo_folder;
use crate::error::ApiError;
use crate::http::body::Json;
use crate::http::public_origin::link_base;
use crate::state::App;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    GuardedRoutes::new().route(Access::Anyone, routes!(show_site))
}

/// Show what the site is
#[utoipa::path(
    get, path = "/site", tag = "site", operation_id = "show_site",
    responses((status = 200, description = "What the site is", body = Site)),
)]
async fn show_site(State(app): State<App>) -> Result<Json<Site>, ApiError> {
    let live = app.site.current().await?;
    Ok(Json(Site {
        name: live.site_name.to_string(),
        base_url: link_base(&app).ok(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        languages: vec![Locale::En, Locale::ZhCn],
        locale: live.site_locale,
        currency: "USD".to_owned(),
        time_zone: app.config.site_time_zone.rules().iana_name().unwrap_or("UTC").to_owned(),
        demo: is_demo_folder(&app.config.data_dir),
        has_public_models: live.site_public_models,
        low_balance: Usd(live.balance_low),
    }))
}
