//! What a site can set about relaying.

use std::time::Duration;

/// Times, limits and rules of the relay. The default is what the contract promises.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// Longest time to a connection.
    pub connect_time: Duration,
    /// Longest time from sending a request to the upstream's headers.
    pub first_byte_time: Duration,
    /// Longest silence of an upstream that has begun to answer.
    pub idle_time: Duration,
    /// Longest time a call may take altogether; its hold lasts as long.
    pub total_time: Duration,
    /// How long before the hold's deadline the relay ends the call itself.
    pub cut_before_deadline: Duration,
    /// After how much silence a streaming caller gets a comment.
    pub keep_alive_interval: Duration,
    /// How long a settlement may take before the answer is withheld.
    pub settle_time: Duration,
    /// How long a caller may refuse to read before it counts as gone.
    pub write_stall_time: Duration,
    /// How long an answer is read on after its caller has gone.
    pub drain_time: Duration,
    /// How many answers are read on at once.
    pub drains_max: usize,
    /// How many bytes of an answer are read on.
    pub drain_bytes_max: usize,
    /// Largest request body, in bytes.
    pub request_bytes_max: usize,
    /// Largest answer that is not streamed, in bytes.
    pub answer_bytes_max: usize,
    /// Largest event of a stream, in bytes.
    pub event_bytes_max: usize,
    /// How many ways to an upstream one call tries.
    pub attempts_max: u8,
    /// The HTTP status of a balance or budget that does not suffice: 402, or 429 for clients that insist on it.
    pub balance_status: u16,
    /// Lower an output cap that cannot be paid instead of refusing the call.
    pub clamp: bool,
    /// What an interrupted call pays.
    pub interrupted: Interrupted,
    /// Name the cost in every answer, whatever the key says.
    pub show_cost: bool,
}

/// What a call pays whose caller went away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interrupted {
    /// What the evidence says was used.
    #[default]
    Evidence,
    /// The most it could have cost.
    FullHold,
}

impl Default for RelaySettings {
    fn default() -> Self {
        RelaySettings {
            connect_time: Duration::from_secs(10),
            first_byte_time: Duration::from_secs(120),
            idle_time: Duration::from_secs(120),
            total_time: Duration::from_secs(15 * 60),
            cut_before_deadline: Duration::from_secs(5),
            keep_alive_interval: Duration::from_secs(15),
            settle_time: Duration::from_secs(5),
            write_stall_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(60),
            drains_max: 64,
            drain_bytes_max: 64 * 1024 * 1024,
            request_bytes_max: 32 * 1024 * 1024,
            answer_bytes_max: 64 * 1024 * 1024,
            event_bytes_max: waystation_protocol::sse::EVENT_BYTES_MAX,
            attempts_max: 3,
            balance_status: 402,
            clamp: false,
            interrupted: Interrupted::Evidence,
            show_cost: false,
        }
    }
}
