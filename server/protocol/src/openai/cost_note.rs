//! The cost shown to a client in the usage of its answer.

use waystation_pricing::Usage;

use crate::json::write_json_string;

/// Text added to the usage of an answer, decimal strings of USD, with the usage itself for answers that
/// came without one.
#[derive(Clone, Copy, Debug)]
pub struct CostNote<'a> {
    /// What the call is worth at list price.
    pub cost: &'a str,
    /// What was charged in money.
    pub charged: &'a str,
    /// The judged usage, written when the upstream reported none.
    pub usage: &'a Usage,
}

impl CostNote<'_> {
    /// A whole `usage` object, for an answer that came without one.
    pub(super) fn to_usage_json(self) -> Vec<u8> {
        let (prompt, completion) = (self.usage.input_tokens(), self.usage.output_tokens());
        let total = self.usage.total_tokens();
        let mut text =
            format!(r#"{{"prompt_tokens":{prompt},"completion_tokens":{completion},"total_tokens":{total},"#)
                .into_bytes();
        text.extend_from_slice(b"\"cost\":");
        write_json_string(self.cost, &mut text);
        text.extend_from_slice(b",\"charged\":");
        write_json_string(self.charged, &mut text);
        text.push(b'}');
        text
    }
}
