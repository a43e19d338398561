//! Users' keys to the relay.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::{KeyId, KeyStatus};

use crate::money::Usd;
use crate::name::Name;
use crate::object::object_or_null;
use crate::patch::given;
use crate::time::Time;

/// A key, without its secret: that is shown once, when the key is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// The key's id.
    #[schema(value_type = String, example = "key_06ft3r5yx1v2k4m7q9s0t2w6z0")]
    pub id: KeyId,
    /// What its user calls it.
    pub name: String,
    /// Enough of the secret to tell the key from others.
    #[schema(example = "sk-Ab12…wxyz")]
    pub preview: String,
    /// Whether it opens the relay. An expired key keeps its status.
    pub status: KeyStatus,
    /// From when on it is refused; null: never.
    pub expires_at: Option<Time>,
    /// The models it may ask for, by name, and groups of models, by id; null: all.
    pub allowed_models: Option<Vec<String>>,
    /// The addresses and networks it may be used from; null: all.
    pub allowed_ips: Option<Vec<String>>,
    /// What its calls may cost, at list price. A rotated key shares them with the one it took the place of.
    pub budgets: KeyBudgets,
    /// The most output tokens of a call; null: no limit of the key's own.
    pub output_cap: Option<u64>,
    /// Whether answers carry what they cost.
    pub show_cost: bool,
    /// When it was made.
    pub created_at: Time,
}

/// What a key's calls may cost, at list price; null: no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBudgets {
    /// Ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Usd>,
    /// In a day of the site's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Usd>,
    /// In a month of the site's time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<Usd>,
}

/// A key to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyCreate {
    /// What to call it.
    pub name: Name,
    /// From when on it is refused; never, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The models it may ask for, by name, and groups of models, by id, at least one; all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 200)]
    pub allowed_models: Option<Vec<String>>,
    /// The addresses and networks it may be used from, at least one; all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 200, example = json!(["10.0.0.0/8"]))]
    pub allowed_ips: Option<Vec<String>>,
    /// What its calls may cost.
    #[serde(default, deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<KeyBudgets>)]
    pub budgets: Option<KeyBudgets>,
    /// The most output tokens of a call, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub output_cap: Option<u64>,
    /// Whether answers carry what they cost.
    #[serde(default)]
    pub show_cost: bool,
}

/// What to change about a key; a field that is not there stays, and one that is null goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyUpdate {
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// Whether it opens the relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<KeySwitch>,
    /// From when on it is refused; null: never.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Time>)]
    pub expires_at: Option<Option<Time>>,
    /// The models it may ask for, by name, and groups of models, by id, at least one; null: all.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 200)]
    pub allowed_models: Option<Option<Vec<String>>>,
    /// The addresses and networks it may be used from, at least one; null: all.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 200)]
    pub allowed_ips: Option<Option<Vec<String>>>,
    /// What its calls may cost; a limit that is not named stays.
    #[serde(default, deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<KeyBudgetsUpdate>)]
    pub budgets: Option<KeyBudgetsUpdate>,
    /// The most output tokens of a call, at least 1; null: no limit of the key's own.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, minimum = 1)]
    pub output_cap: Option<Option<u64>>,
    /// Whether answers carry what they cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_cost: Option<bool>,
}

/// What a key can be switched to. Revoking is a DELETE, and for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeySwitch {
    /// It opens the relay.
    Active,
    /// It does not, until it is made active again.
    Disabled,
}

/// Limits to set or, with null, to take away. A lowered limit only refuses new calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyBudgetsUpdate {
    /// Ever.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usd>)]
    pub total: Option<Option<Usd>>,
    /// In a day of the site's time zone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usd>)]
    pub day: Option<Option<Usd>>,
    /// In a month of the site's time zone.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Usd>)]
    pub month: Option<Option<Usd>>,
}

/// How a key is rotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotate {
    /// How many seconds the old key is still accepted, at most 30 days; 0 revokes it at once.
    #[serde(default)]
    #[schema(maximum = 2_592_000)]
    pub grace_seconds: u32,
}

/// A key that was made, with its secret. No Debug: nothing may print it by accident.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyCreated {
    /// The key.
    pub key: Key,
    /// The secret. It is shown this once and cannot be had again.
    #[schema(example = "sk-…")]
    pub secret: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_not_offered_is_refused() {
        for field in ["id", "user_id", "hash", "status", "preview", "group", "quota"] {
            let body = format!("{{\"name\":\"a\",\"{field}\":null}}");
            assert!(serde_json::from_str::<KeyCreate>(&body).is_err(), "{field}");
        }
        assert!(serde_json::from_str::<KeyUpdate>("{\"status\":\"revoked\"}").is_err());
        assert!(serde_json::from_str::<KeyUpdate>("{\"budgets\":{\"week\":null}}").is_err());
    }

    #[test]
    fn a_limit_is_left_set_or_taken_away() {
        let update: KeyUpdate =
            serde_json::from_str("{\"output_cap\":null,\"budgets\":{\"day\":\"1.5\",\"total\":null}}")
                .unwrap();
        assert_eq!((update.output_cap, update.expires_at), (Some(None), None));
        let budgets = update.budgets.unwrap();
        assert_eq!(budgets.total, Some(None));
        assert_eq!(budgets.day.flatten().map(|usd| usd.0.nanos()), Some(1_500_000_000));
        assert_eq!(budgets.month, None);
    }
}
