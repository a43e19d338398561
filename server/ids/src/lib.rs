#![doc = include_str!("../README.md")]

mod id;
mod key_secret;

pub use id::{
    AccountId, AdjustmentId, AttemptId, BudgetId, ChannelId, CredentialId, GrantId, IdError, InstanceId, KeyId,
    ModelId, PriceVersionId, RequestId, SessionId, TransferId, UserId,
};
pub use key_secret::{KeyCheck, KeyHash, KeyPreview, KeyPrefix, KeySecret, KeySecretError};
