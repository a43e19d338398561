//! OpenAI's chat-completions dialect: requests, answers, usage and errors.

pub mod chat_request;
pub mod chat_response;
pub mod chat_stream;
pub mod cost_note;
pub mod error;
pub mod model_list;
pub mod request_content;
pub mod request_rewrite;
pub mod token_bound;
pub mod upstream_error;
pub mod usage;
pub mod usage_judgement;

mod answer;
mod request_fields;
