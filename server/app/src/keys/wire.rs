//! Keys between the API's types and the store's.

use waystation_api::error::FieldCode;
use waystation_api::keys::{Key, KeyBudgets, KeyBudgetsUpdate, KeyCreate, KeySwitch, KeyUpdate};
use waystation_api::money::Usd;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::time::Time;
use waystation_ids::{BudgetId, KeyId, UserId};
use waystation_ledger::BudgetPeriod;
use waystation_pricing::Money;
use waystation_relay::IpNetwork;
use waystation_store::{self as store, BudgetChange, KeyLimits};

use crate::clock::now_ms;
use crate::error::ApiError;
use crate::random::random_bytes;
use crate::state::App;

const LIST_LENGTH_MAX: usize = 200;
const MODEL_NAME_LENGTH_MAX: usize = 191;
/// As it is stored; MySQL keeps 65,535 bytes of a text.
const LIST_BYTES_MAX: usize = 50_000;

/// A page of a user's keys.
pub(super) async fn list_page(app: &App, user: UserId, query: &PageQuery) -> Result<Page<Key>, ApiError> {
    let after = query.cursor.as_deref().map(str::parse::<KeyId>).transpose();
    let after =
        after.map_err(|_| ApiError::field("cursor", FieldCode::Invalid, "is not one of this list"))?;
    let keys = app.store.list_keys(user, after, query.limit() + 1).await?;
    let keys = keys.into_iter().map(wire_key).collect();
    Ok(Page::from_found(keys, query.limit(), |key: &Key| key.id.to_string()))
}

/// A key as the API shows it.
pub(crate) fn wire_key(key: store::Key) -> Key {
    let limit = |period| {
        key.budgets.iter().find(|budget| budget.period == period).map(|budget| Usd::from(budget.limit))
    };
    Key {
        id: key.id,
        name: key.name,
        preview: key.preview,
        status: key.status,
        expires_at: key.limits.expires_at_ms.map(Time::from_unix_ms),
        budgets: KeyBudgets {
            total: limit(BudgetPeriod::Total),
            day: limit(BudgetPeriod::Day),
            month: limit(BudgetPeriod::Month),
        },
        allowed_models: key.limits.allowed_models,
        allowed_ips: key.limits.allowed_ips,
        output_cap: key.limits.output_cap,
        show_cost: key.limits.show_cost,
        created_at: Time::from_unix_ms(key.created_at_ms),
    }
}

/// The limits of a key to make, checked.
pub(super) fn read_limits(body: &KeyCreate) -> Result<(KeyLimits, Vec<BudgetChange>), ApiError> {
    check_expiry(body.expires_at)?;
    check_models(body.allowed_models.as_deref())?;
    check_networks(body.allowed_ips.as_deref())?;
    check_cap(body.output_cap)?;
    let limits = KeyLimits {
        expires_at_ms: body.expires_at.map(Time::unix_ms),
        allowed_models: body.allowed_models.clone(),
        allowed_ips: body.allowed_ips.clone(),
        output_cap: body.output_cap,
        show_cost: body.show_cost,
    };
    let budgets = body.budgets.clone().unwrap_or_default();
    let set = KeyBudgetsUpdate {
        total: budgets.total.map(Some),
        day: budgets.day.map(Some),
        month: budgets.month.map(Some),
    };
    Ok((limits, read_budgets(&set)?))
}

/// What to change about a key, checked.
pub(super) fn read_update(body: KeyUpdate) -> Result<store::KeyUpdate, ApiError> {
    check_expiry(body.expires_at.flatten())?;
    check_models(body.allowed_models.as_ref().and_then(Option::as_deref))?;
    check_networks(body.allowed_ips.as_ref().and_then(Option::as_deref))?;
    check_cap(body.output_cap.flatten())?;
    Ok(store::KeyUpdate {
        name: body.name.map(String::from),
        active: body.status.map(|switch| switch == KeySwitch::Active),
        expires_at_ms: body.expires_at.map(|expiry| expiry.map(Time::unix_ms)),
        allowed_models: body.allowed_models,
        allowed_ips: body.allowed_ips,
        output_cap: body.output_cap,
        show_cost: body.show_cost,
        budgets: read_budgets(&body.budgets.unwrap_or_default())?,
    })
}

fn read_budgets(update: &KeyBudgetsUpdate) -> Result<Vec<BudgetChange>, ApiError> {
    let periods = [
        (BudgetPeriod::Total, update.total),
        (BudgetPeriod::Day, update.day),
        (BudgetPeriod::Month, update.month),
    ];
    let mut changes = Vec::new();
    for (period, limit) in periods {
        let Some(limit) = limit else { continue };
        let limit = limit.map(|Usd(limit)| limit);
        if limit.is_some_and(Money::is_negative) {
            return Err(ApiError::field(
                format!("budgets.{}", period.name()),
                FieldCode::OutOfRange,
                "must not be negative",
            ));
        }
        changes.push(BudgetChange { id: BudgetId::new(now_ms(), random_bytes()?), period, limit });
    }
    Ok(changes)
}

fn check_expiry(expiry: Option<Time>) -> Result<(), ApiError> {
    match expiry {
        Some(expiry) if expiry.unix_ms() <= now_ms() => {
            Err(ApiError::field("expires_at", FieldCode::OutOfRange, "must lie in the future"))
        }
        _ => Ok(()),
    }
}

fn check_models(models: Option<&[String]>) -> Result<(), ApiError> {
    check_length("allowed_models", models)?;
    let is_name = |name: &String| {
        (1..=MODEL_NAME_LENGTH_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control)
    };
    match models.unwrap_or_default().iter().position(|name| !is_name(name)) {
        Some(place) => Err(ApiError::field(
            format!("allowed_models[{place}]"),
            FieldCode::Invalid,
            "must be a model's name, 1 to 191 visible characters, or a group's id",
        )),
        None => Ok(()),
    }
}

fn check_networks(networks: Option<&[String]>) -> Result<(), ApiError> {
    check_length("allowed_ips", networks)?;
    match networks.unwrap_or_default().iter().position(|text| text.parse::<IpNetwork>().is_err()) {
        Some(place) => Err(ApiError::field(
            format!("allowed_ips[{place}]"),
            FieldCode::Invalid,
            "must be an address or a network such as 10.0.0.0/8",
        )),
        None => Ok(()),
    }
}

/// An empty list would be read as "none" by one person and "all" by another.
fn check_length(field: &str, list: Option<&[String]>) -> Result<(), ApiError> {
    match list {
        Some(list) if !(1..=LIST_LENGTH_MAX).contains(&list.len()) => {
            Err(ApiError::field(field, FieldCode::Invalid, "must have 1 to 200 entries, or be null for all"))
        }
        Some(list) if serde_json::to_string(list).map_err(ApiError::internal)?.len() > LIST_BYTES_MAX => {
            Err(ApiError::field(field, FieldCode::TooLong, "must have at most 50000 bytes"))
        }
        _ => Ok(()),
    }
}

fn check_cap(cap: Option<u64>) -> Result<(), ApiError> {
    match cap {
        // What the database can hold; no model writes as much.
        Some(cap) if cap == 0 || i64::try_from(cap).is_err() => Err(ApiError::field(
            "output_cap",
            FieldCode::OutOfRange,
            "must be between 1 and 9223372036854775807",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(body: &str) -> Option<String> {
        let body = serde_json::from_str(&format!("{{\"name\":\"a\",{body}}}")).unwrap();
        let error = read_limits(&body).unwrap_err();
        error.reply(String::new()).error.fields.first().map(|field| field.field.clone())
    }

    #[test]
    fn limits_that_cannot_be_meant_are_refused_by_field() {
        for (body, name) in [
            ("\"expires_at\":\"2020-01-01T00:00:00Z\"", "expires_at"),
            ("\"allowed_models\":[]", "allowed_models"),
            ("\"allowed_models\":[\"a\",\"\"]", "allowed_models[1]"),
            ("\"allowed_ips\":[]", "allowed_ips"),
            ("\"allowed_ips\":[\"10.0.0.0/33\"]", "allowed_ips[0]"),
            ("\"output_cap\":0", "output_cap"),
            ("\"output_cap\":18446744073709551615", "output_cap"),
            ("\"budgets\":{\"month\":\"-1\"}", "budgets.month"),
        ] {
            assert_eq!(field(body).as_deref(), Some(name), "{body}");
        }
    }

    #[test]
    fn a_list_that_the_smallest_column_cannot_hold_is_refused() {
        let names: Vec<String> = (100..300).map(|number| format!("{}{number}", "字".repeat(180))).collect();
        let list = serde_json::to_string(&names).unwrap();
        assert_eq!(field(&format!("\"allowed_models\":{list}")).as_deref(), Some("allowed_models"));
    }

    #[test]
    fn only_named_budgets_change() {
        let body = serde_json::from_str("{\"budgets\":{\"day\":null,\"total\":\"2\"}}").unwrap();
        let update = read_update(body).unwrap();
        let changes: Vec<(BudgetPeriod, Option<i64>)> =
            update.budgets.iter().map(|change| (change.period, change.limit.map(Money::nanos))).collect();
        assert_eq!(changes, [(BudgetPeriod::Total, Some(2_000_000_000)), (BudgetPeriod::Day, None)]);
    }
}
