//! What channels serve and nobody can ask for yet, because it has no price.

use std::collections::BTreeMap;

use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use uuid::Uuid;
use waystation_ids::{ChannelId, ModelId};

use crate::connection::Store;
use crate::error::StoreError;

/// A name that active channels serve and that has no price, neither now nor announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpricedModel {
    /// What users would ask for.
    pub name: String,
    /// The model of that name; none: there is none yet.
    pub model: Option<ModelId>,
    /// The channels that serve it, by id, with their names.
    pub channels: Vec<(ChannelId, String)>,
}

impl Store {
    /// The `limit` first such names after `after`, by name. A model that was switched off is not among them.
    pub async fn list_unpriced_models(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<UnpricedModel>, StoreError> {
        let name = || Expr::col(("channel_models", "model_name"));
        let price = Query::select()
            .expr(Expr::val(1))
            .from("price_versions")
            .and_where(Expr::col(("price_versions", "model_id")).equals(("models", "id")))
            .take();
        let is_unpriced = Expr::col(("models", "id"))
            .is_null()
            .or(Expr::col(("models", "active")).eq(true).and(Expr::exists(price).not()));
        let served = |query: &mut sea_orm::sea_query::SelectStatement| {
            query
                .from("channel_models")
                .inner_join(
                    "channels",
                    Expr::col(("channels", "id")).equals(("channel_models", "channel_id")),
                )
                .and_where(Expr::col(("channels", "active")).eq(true))
                .take()
        };
        let names = served(&mut Query::select())
            .expr_as(name(), "name")
            .expr_as(Expr::col(("models", "id")), "model_id")
            .left_join("models", Expr::col(("models", "name")).equals(("channel_models", "model_name")))
            .and_where(is_unpriced)
            .and_where_option(after.map(|after| name().gt(after)))
            .add_group_by([name(), Expr::col(("models", "id"))])
            .order_by(("channel_models", "model_name"), Order::Asc)
            .limit(limit)
            .take();
        let mut found = Vec::new();
        for row in self.reader().query_all(&names).await? {
            let model: Option<Uuid> = row.try_get("", "model_id")?;
            found.push(UnpricedModel {
                name: row.try_get("", "name")?,
                model: model.map(ModelId::from_uuid),
                channels: Vec::new(),
            });
        }
        let channels = served(&mut Query::select())
            .expr_as(name(), "served")
            .expr_as(Expr::col(("channels", "id")), "channel_id")
            .expr_as(Expr::col(("channels", "name")), "channel_name")
            .and_where(name().is_in(found.iter().map(|model| model.name.as_str())))
            .order_by(("channels", "id"), Order::Asc)
            .take();
        let mut serving: BTreeMap<String, Vec<(ChannelId, String)>> = BTreeMap::new();
        for row in self.reader().query_all(&channels).await? {
            let id: Uuid = row.try_get("", "channel_id")?;
            let channel = (ChannelId::from_uuid(id), row.try_get("", "channel_name")?);
            serving.entry(row.try_get("", "served")?).or_default().push(channel);
        }
        for model in &mut found {
            model.channels = serving.remove(&model.name).unwrap_or_default();
        }
        Ok(found)
    }
}
