//! What channels serve and nobody can ask for yet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{ChannelId, ModelId};

/// A name that active channels serve and that has no price, neither now nor announced: calls for it are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnpricedModel {
    /// What users would ask for.
    pub name: String,
    /// The model of that name; null: there is none yet.
    #[schema(value_type = Option<String>, example = "mdl_06ft3r5yx1v2k4m7q9s0t50000")]
    pub model_id: Option<ModelId>,
    /// The channels that serve it.
    pub channels: Vec<ServingChannel>,
}

/// A channel that serves a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServingChannel {
    /// Its id.
    #[schema(value_type = String, example = "chn_06ft3r5yx1v2k4m7q9s0t50001")]
    pub id: ChannelId,
    /// What people read.
    pub name: String,
}
