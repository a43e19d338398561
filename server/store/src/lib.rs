#![doc = include_str!("../README.md")]

mod accounts;
mod audit_log;
mod audit_outcomes;
mod book_transaction;
mod budgets;
mod catalog;
mod changes;
mod channels;
mod column_values;
mod connection;
mod error;
mod error_groups;
mod first_keys;
mod first_owner;
mod hours;
mod idempotency;
mod identities;
mod invites;
mod keys;
mod labels;
mod leases;
mod ledger_audit;
mod ledger_lanes;
mod mailed_links;
mod model_groups;
mod models;
mod newcomers;
mod notices;
mod pace;
mod passkeys;
mod passwords;
mod pending_sign_ins;
mod planned_faults;
mod prices;
mod recovery_codes;
mod repeat;
mod requests;
mod schema;
mod sessions;
mod sign_in_resets;
mod site;
mod sql;
mod sqlite_books;
mod statistics;
mod text_search;
mod totp;
mod transfers;
mod unpriced_models;
mod usage_sums;
mod user_calls;
mod user_removal;
mod user_search;
mod users;

pub use accounts::MoneyBalance;
pub use audit_log::{
    AuditActor, AuditActorKind, AuditCheck, AuditEntry, AuditFilter, AuditRow, Audited, VerifiedRow,
};
pub use audit_outcomes::{AuditFinding, AuditKind, AuditOutcome};
pub use budgets::BudgetChange;
pub use catalog::{CatalogRows, PricedModel};
pub use changes::{Change, ChangeKind, RecentChanges};
pub use channels::{
    Channel, ChannelChange, ChannelFormat, ChannelModel, ChannelTest, Credential, ModelsChange, NewChannel,
    NewCredential, OnDisconnect,
};
pub use connection::{DatabaseKind, Store, StoreOptions};
pub use error::StoreError;
pub use error_groups::{ErrorFilter, ErrorGroup};
pub use idempotency::{Claim, IdempotentWrite};
pub use identities::{Identity, LinkIdentityError, NewIdentity, UnlinkIdentityError};
pub use invites::{Invite, NewInvite};
pub use keys::{ChangeKeyError, Key, KeyHolder, KeyLimits, KeyRotation, KeyUpdate, NewKey};
pub use labels::KeyLabel;
pub use leases::INSTANCE_LEASE_MS;
pub use ledger_audit::{AuditDifference, AuditReport};
pub use ledger_lanes::{
    AdjustmentRecord, FundsAudit, FundsOrder, FundsReceipt, FundsTarget, LaneError, LaneMetrics, Lapsed,
    LedgerLanes, SweepReport,
};
pub use mailed_links::{LinkPurpose, MailLimits, NewMailedLink};
pub use model_groups::{GroupedModel, ModelGroup, ModelGroupChange, NewModelGroup};
pub use models::{Model, ModelChange, NewModel, OutputCapParameter};
pub use newcomers::{EnterError, Newcomer};
pub use notices::{Notice, NoticeAudience, NoticeContent, NoticeLevel};
pub use pace::Pace;
pub use passkeys::{NewPasskey, Passkey, PasskeyCreation, PasskeyDeletion};
pub use passwords::{ChangePasswordError, Login, PasswordChange, SignInFacts};
pub use pending_sign_ins::{NewPending, Pending, PendingKind};
pub use planned_faults::{FaultKind, FaultMoment, PlannedFault, PlannedFaults};
pub use prices::{DatedPriceVersion, NewPriceVersion, PriceVersion};
pub use requests::{EndedRequest, RequestFilter};
pub use sessions::{NewSession, Rotation, Session, SessionKind, SessionRefresh, SessionSpan, SignInRecord};
pub use sign_in_resets::NewResetLink;
pub use site::Setting;
pub use statistics::{AttemptGroup, FirstByte, HeldBalance, MovementSum, OpenHolds};
pub use totp::{SecondFactors, Totp};
pub use unpriced_models::UnpricedModel;
pub use usage_sums::{HourlyUsage, UsageFilter, UsagePart, UsageSplit, UsageSums};
pub use user_removal::RemoveUserError;
pub use user_search::{FoundUsers, UserFilter};
pub use users::{NewUser, OwnUpdate, UpdateUserError, User, UserUpdate};
