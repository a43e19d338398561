//! Everything that routes and prices calls, read in a few statements.

use waystation_ids::ModelGroupId;

use crate::channels::Channel;
use crate::connection::Store;
use crate::error::StoreError;
use crate::models::Model;
use crate::prices::PriceVersion;

/// The models that may be asked for and the channels that serve them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogRows {
    /// The active models.
    pub models: Vec<PricedModel>,
    /// The active channels.
    pub channels: Vec<Channel>,
}

/// A model with what it costs now and later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedModel {
    /// The model.
    pub model: Model,
    /// The groups that it is in.
    pub groups: Vec<ModelGroupId>,
    /// The version that counted when the catalog was read, if any, and those that count later, by effective time.
    pub prices: Vec<PriceVersion>,
}

impl Store {
    /// Reads the catalog as of `now_ms`, in unix milliseconds of the clock that will judge the prices.
    pub async fn load_catalog(&self, now_ms: i64) -> Result<CatalogRows, StoreError> {
        let mut prices = self.list_prices_from(now_ms).await?;
        let models = self.list_active_models().await?;
        let mut groups = self.list_memberships().await?;
        let channels = self.list_active_channels().await?;
        let models = models
            .into_iter()
            .map(|model| {
                let prices = prices.remove(&model.id).unwrap_or_default();
                let groups = groups.remove(&model.id).unwrap_or_default();
                PricedModel { model, groups, prices }
            })
            .collect();
        Ok(CatalogRows { models, channels })
    }
}
