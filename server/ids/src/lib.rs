#![doc = include_str!("../README.md")]

mod id;
mod key_secret;
mod key_status;
mod person;

pub use id::{
    AccountId, AdjustmentId, AttemptId, BudgetId, ChannelId, CredentialId, GrantId, IdError, IdentityId,
    InstanceId, InviteId, KeyId, ModelGroupId, ModelId, NoticeId, PasskeyId, PriceVersionId, RequestId,
    SessionId, TransferId, UserId,
};
pub use key_secret::{KeyCheck, KeyHash, KeyPrefix, KeyPreview, KeySecret, KeySecretError};
pub use key_status::KeyStatus;
pub use person::{Email, EmailError, Role, UserStatus, Username, UsernameError};
