//! Why a call was not answered whole, as a code that says what helps. It tells nothing of channels.

use waystation_api::requests::RequestCause;
use waystation_ledger::CallStatus;

/// The cause of how a call ended; none: it was answered whole.
pub(super) fn cause_of(status: CallStatus, error_code: Option<&str>) -> Option<RequestCause> {
    let code = error_code.unwrap_or_default();
    match status {
        CallStatus::Ok => None,
        CallStatus::Cancelled => Some(RequestCause::CallerLeft),
        CallStatus::Lost => Some(RequestCause::ServerLost),
        CallStatus::Failed | CallStatus::Interrupted => {
            Some(cause_of_code(code, status == CallStatus::Interrupted))
        }
    }
}

fn cause_of_code(code: &str, has_begun: bool) -> RequestCause {
    match code {
        "upstream_error" if has_begun => RequestCause::AnswerBrokeOff,
        "upstream_timeout" if has_begun => RequestCause::AnswerStalled,
        "upstream_error" => RequestCause::ProviderFailed,
        "upstream_timeout" => RequestCause::ProviderSlow,
        "rate_limit_exceeded" => RequestCause::ProviderBusy,
        "no_channel_available" => RequestCause::NoProvider,
        "settlement_unavailable" => RequestCause::NotSettled,
        "server_shutdown" | "shutting_down" => RequestCause::ServerStopped,
        "internal_error" => RequestCause::ServerFault,
        "context_length_exceeded" => RequestCause::PromptTooLong,
        "content_policy_violation" => RequestCause::ContentRefused,
        "unsupported_parameter" => RequestCause::ParameterRefused,
        "model_not_found" => RequestCause::ModelRefused,
        "request_too_large" => RequestCause::RequestTooLarge,
        "invalid_request" => RequestCause::RequestRefused,
        _ => RequestCause::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_follows_from_how_the_call_ended_and_what_the_caller_was_told() {
        for (status, code, cause) in [
            (CallStatus::Ok, None, None),
            (CallStatus::Cancelled, None, Some(RequestCause::CallerLeft)),
            (CallStatus::Lost, Some("lost"), Some(RequestCause::ServerLost)),
            (CallStatus::Failed, Some("upstream_error"), Some(RequestCause::ProviderFailed)),
            (CallStatus::Interrupted, Some("upstream_error"), Some(RequestCause::AnswerBrokeOff)),
            (CallStatus::Failed, Some("upstream_timeout"), Some(RequestCause::ProviderSlow)),
            (CallStatus::Interrupted, Some("upstream_timeout"), Some(RequestCause::AnswerStalled)),
            (CallStatus::Failed, Some("context_length_exceeded"), Some(RequestCause::PromptTooLong)),
            (CallStatus::Interrupted, Some("settlement_unavailable"), Some(RequestCause::NotSettled)),
            (CallStatus::Failed, Some("something_new"), Some(RequestCause::Other)),
            (CallStatus::Failed, None, Some(RequestCause::Other)),
        ] {
            assert_eq!(cause_of(status, code), cause, "{status:?} {code:?}");
        }
    }
}
