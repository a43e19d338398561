//! What the site is, for whoever comes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::locale::Locale;
use crate::money::Usd;

/// What the site is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Site {
    /// What people call it.
    pub name: String,
    /// The address under which people reach it, without a slash at its end; null: not known to it.
    #[schema(example = "https://ai.example.com")]
    pub base_url: Option<String>,
    /// The server's version.
    pub version: String,
    /// The languages that people can read it in.
    pub languages: Vec<Locale>,
    /// The language of those who chose none.
    pub locale: Locale,
    /// What amounts are in.
    #[schema(example = "USD")]
    pub currency: String,
    /// The IANA time zone of its days and months.
    #[schema(example = "Asia/Shanghai")]
    pub time_zone: String,
    /// Whether it is a site to try out.
    pub demo: bool,
    /// Whether strangers may see its models and prices.
    pub has_public_models: bool,
    /// The balance below which people are told that it is low.
    #[schema(value_type = String, example = "1")]
    pub low_balance: Usd,
}
