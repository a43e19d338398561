//! Who may call what, and what must be held for it.

use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use waystation_ids::{PriceVersionId, RequestId};
use waystation_ledger::{BudgetPeriod, OutputCap, Refusal, Reserve};
use waystation_pricing::{Money, Price};
use waystation_protocol::openai::chat_request::{ChatRequest, ChatRequestError};
use waystation_protocol::openai::token_bound::{bound_input_tokens, estimate_input_tokens};

use crate::call_error::CallError;
use crate::caller::Caller;
use crate::catalog::{Model, Route};
use crate::ports::CallerError;
use crate::relay::Relay;
use crate::timestamp::to_rfc3339;

const BOOKS_SILENT: &str = "The books cannot be reached, so no call can be admitted; try again.";
const SITE_SILENT: &str = "The call cannot be checked at the moment; try again.";

/// A call that may be made once its hold is taken.
#[derive(Debug)]
pub(crate) struct Admission {
    pub model: Arc<Model>,
    pub routes: Arc<[Route]>,
    pub price_version: PriceVersionId,
    pub price: Price,
    pub input_bound: u64,
    pub input_estimate: u64,
    pub output_cap: OutputCap,
    /// Output that an upstream may bill beside the cap: rejected predictions. In tokens a choice; the hold's cap
    /// includes it, the cap sent upstream does not.
    pub output_beside_cap: u64,
}

impl Relay {
    /// Finds out who calls, and whether this may be done from there at all.
    pub(crate) async fn identify_caller(
        &self,
        credential: Option<&str>,
        client_ip: IpAddr,
    ) -> Result<Arc<Caller>, CallError> {
        let Some(credential) = credential else {
            let message = "No API key was given. Send it as `Authorization: Bearer <key>`.";
            return Err(CallError::invalid_api_key(message));
        };
        let caller = self.ports.callers.caller(credential).await.map_err(|error| match error {
            CallerError::Invalid => invalid_key(),
            CallerError::Unavailable => CallError::settlement_unavailable(SITE_SILENT),
        })?;
        // What was cached a moment ago may have expired since.
        if caller.has_expired(self.ports.clock.now_ms()) {
            return Err(invalid_key());
        }
        if !caller.may_call_from(client_ip) {
            return Err(CallError::ip_not_allowed());
        }
        Ok(caller)
    }

    /// The model of this name, if the caller may use it.
    pub(crate) async fn find_model(&self, caller: &Caller, name: &str) -> Result<Arc<Model>, CallError> {
        let found = self.ports.catalog.model(name).await;
        let model = found
            .map_err(|_| CallError::settlement_unavailable(SITE_SILENT))?
            .filter(|model| model.price.is_some())
            .ok_or_else(|| CallError::model_not_found(name))?;
        let may_use = caller.may_use_model(name, &model.groups);
        if may_use { Ok(model) } else { Err(CallError::model_not_allowed(name)) }
    }

    /// Judges a request: what it needs, where it can go, and the most it can use.
    pub(crate) async fn admit_request(
        &self,
        caller: &Caller,
        request: &ChatRequest<'_>,
    ) -> Result<Admission, CallError> {
        let model = self.find_model(caller, &request.model).await?;
        let Some((price_version, price)) = model.price else {
            return Err(CallError::model_not_found(&request.model));
        };
        refuse_unpriced(request)?;
        let found = self.ports.catalog.routes(&model.name).await;
        let routes = found.map_err(|_| CallError::settlement_unavailable(SITE_SILENT))?;
        if routes.is_empty() {
            return Err(CallError::no_channel_available());
        }
        let bound = bound_input_tokens(request, model.context_length);
        if bound.needs_context && model.context_length.is_none() {
            let message = "Files, ids and remote images cannot be used with this model: its context length is not known.";
            return Err(CallError::unsupported_parameter("messages", message));
        }
        let output_beside_cap = request.content.prediction.bytes();
        let within = |tokens: u64| {
            let tokens = caller.output_cap.map_or(tokens, |most| tokens.min(most)).max(1);
            tokens.saturating_add(output_beside_cap)
        };
        let output_cap = match request.output_cap() {
            Some(asked) if self.settings.clamp => OutputCap::AtMost(within(asked)),
            Some(asked) => OutputCap::Exactly(within(asked)),
            None => {
                let most = model.max_output_tokens.unwrap_or(u64::MAX);
                OutputCap::AtMost(within(model.default_output_tokens.min(most)))
            }
        };
        Ok(Admission {
            price_version,
            price,
            input_bound: bound.tokens,
            input_estimate: estimate_input_tokens(request, bound),
            output_cap,
            output_beside_cap,
            model,
            routes,
        })
    }

    /// The order to the books.
    pub(crate) fn reserve_order(
        &self,
        request_id: RequestId,
        caller: &Caller,
        request: &ChatRequest<'_>,
        admission: &Admission,
    ) -> Reserve {
        let now_ms = self.ports.clock.now_ms();
        let budgets = caller.budgets.iter();
        Reserve {
            request: request_id,
            user: caller.user,
            key: caller.key,
            instance: self.instance,
            model: admission.model.name.clone(),
            price_version: admission.price_version,
            price: admission.price,
            multiplier: caller.multiplier,
            input_bound: admission.input_bound,
            input_estimate: admission.input_estimate,
            choices: request.choices,
            output_cap: admission.output_cap,
            budgets: budgets
                .map(|(budget, period)| (*budget, self.ports.calendar.span(*period, now_ms).start_ms))
                .collect(),
            time_limit_ms: i64::try_from(self.settings.total_time.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// A refusal of the books in the caller's words: what is there, and what it would suffice for.
    pub(crate) fn explain_refusal(&self, refusal: &Refusal, beside_cap: u64) -> CallError {
        let status =
            StatusCode::from_u16(self.settings.balance_status).unwrap_or(StatusCode::PAYMENT_REQUIRED);
        let affordable = |cap: Option<u64>| match cap.and_then(|cap| cap.checked_sub(beside_cap)) {
            Some(tokens) if tokens > 0 => {
                format!(" An output cap (`max_completion_tokens`) of up to {tokens} is affordable.")
            }
            _ => String::new(),
        };
        match refusal {
            Refusal::InsufficientBalance { needed, available, affordable_output } => {
                let message = format!(
                    "The balance is not enough: this call may cost up to {} USD, and {} USD are available.{}",
                    plain(*needed),
                    plain(*available),
                    affordable(*affordable_output),
                );
                CallError::insufficient_balance(status, message)
            }
            Refusal::BudgetExceeded { period, limit, left, affordable_output, .. } => {
                let span = self.ports.calendar.span(*period, self.ports.clock.now_ms());
                let reset = match span.end_ms {
                    Some(end_ms) => format!("It resets at {}.", to_rfc3339(end_ms)),
                    None => "It does not reset.".to_owned(),
                };
                let name = match period {
                    BudgetPeriod::Total => "total",
                    BudgetPeriod::Day => "daily",
                    BudgetPeriod::Month => "monthly",
                };
                let message = format!(
                    "The {name} budget of {} USD would be exceeded: {} USD of it are left. {reset}{}",
                    plain(*limit),
                    plain(*left),
                    affordable(*affordable_output),
                );
                CallError::budget_exceeded(status, message)
            }
            Refusal::TooLarge => CallError::invalid_request("The request is too large to be priced."),
            _ => CallError::settlement_unavailable(BOOKS_SILENT),
        }
    }
}

impl CallError {
    /// No hold could be taken because the books do not answer.
    pub(crate) fn books_silent() -> Self {
        CallError::settlement_unavailable(BOOKS_SILENT)
    }
}

impl From<ChatRequestError> for CallError {
    fn from(error: ChatRequestError) -> Self {
        let refused = CallError::invalid_request(error.to_string());
        match error.param() {
            Some(param) => refused.with_param(param.to_owned()),
            None => refused,
        }
    }
}

fn invalid_key() -> CallError {
    CallError::invalid_api_key("The API key is not valid: it is unknown, revoked, disabled or expired.")
}

/// What the price of tokens does not cover is refused: it would be used without being paid.
fn refuse_unpriced(request: &ChatRequest<'_>) -> Result<(), CallError> {
    if request.needs.server_tools {
        let message = "Tools that the upstream runs itself are not offered: their use cannot be bounded.";
        return Err(CallError::unsupported_parameter("tools", message));
    }
    if request.needs.fallback_models {
        let message = "A list of models to fall back to is not supported; name one model.";
        return Err(CallError::unsupported_parameter("models", message));
    }
    if let Some(field) = request.unbounded_field {
        let message = "This field is not offered: what it lets a call use cannot be bounded.";
        return Err(CallError::unsupported_parameter(field, message));
    }
    match request.service_tier.as_deref() {
        // `flex` costs the upstream less and the caller the same.
        None | Some("auto" | "default" | "standard" | "flex") => Ok(()),
        Some(_) => {
            let message = "This service tier is not priced here; use `default` or leave it out.";
            Err(CallError::unsupported_parameter("service_tier", message))
        }
    }
}

/// An amount without the zeros at its end, but with its cents.
fn plain(money: Money) -> String {
    let text = money.to_string();
    let trimmed = text.trim_end_matches('0');
    let decimals = trimmed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    match text.find('.') {
        Some(point) => text.get(..point + 1 + decimals.max(2)).unwrap_or(&text).to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_with_at_least_their_cents() {
        for (amount, shown) in
            [("0", "0.00"), ("12", "12.00"), ("0.5", "0.50"), ("0.000002150", "0.00000215")]
        {
            assert_eq!(plain(amount.parse().unwrap()), shown);
        }
    }
}
