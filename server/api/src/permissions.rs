//! Who may do what. Every management route names one of these, or that being signed in is enough.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waystation_ids::Role;

/// What a route of the administration lets its caller do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Permission {
    /// See people.
    #[serde(rename = "users.read")]
    UsersRead,
    /// Enter people, and change those of lower roles.
    #[serde(rename = "users.write")]
    UsersWrite,
    /// See people's keys, never their secrets.
    #[serde(rename = "keys.read")]
    KeysRead,
    /// Make, change and revoke the keys of people of lower roles.
    #[serde(rename = "keys.write")]
    KeysWrite,
    /// See balances and what moved them.
    #[serde(rename = "ledger.read")]
    LedgerRead,
    /// Change balances of people of lower roles, and give them grants.
    #[serde(rename = "ledger.write")]
    LedgerWrite,
    /// See models and prices.
    #[serde(rename = "models.read")]
    ModelsRead,
    /// Enter and change models and prices.
    #[serde(rename = "models.write")]
    ModelsWrite,
    /// See channels, never their secrets.
    #[serde(rename = "channels.read")]
    ChannelsRead,
    /// Enter and change channels and their secrets.
    #[serde(rename = "channels.write")]
    ChannelsWrite,
    /// See everybody's calls.
    #[serde(rename = "requests.read")]
    RequestsRead,
    /// See how the site and its users fare.
    #[serde(rename = "stats.read")]
    StatsRead,
    /// See what calls earned, and what users hold together.
    #[serde(rename = "revenue.read")]
    RevenueRead,
    /// See who did what to the site.
    #[serde(rename = "audit.read")]
    AuditRead,
    /// See settings.
    #[serde(rename = "settings.read")]
    SettingsRead,
    /// Change settings.
    #[serde(rename = "settings.write")]
    SettingsWrite,
}

use Permission::{
    AuditRead, ChannelsRead, ChannelsWrite, KeysRead, KeysWrite, LedgerRead, LedgerWrite, ModelsRead,
    ModelsWrite, RequestsRead, RevenueRead, SettingsRead, SettingsWrite, StatsRead, UsersRead, UsersWrite,
};
use Role::{Admin, Auditor, Finance, Operator, Owner};

/// The table: what is not in a permission's line, its role may not. Everybody sees what is their own without any.
const TABLE: &[(Permission, &[Role])] = &[
    (UsersRead, &[Owner, Admin, Operator, Finance, Auditor]),
    (UsersWrite, &[Owner, Admin]),
    (KeysRead, &[Owner, Admin, Operator, Auditor]),
    (KeysWrite, &[Owner, Admin]),
    (LedgerRead, &[Owner, Admin, Finance, Auditor]),
    (LedgerWrite, &[Owner, Admin, Finance]),
    (ModelsRead, &[Owner, Admin, Operator, Finance, Auditor]),
    (ModelsWrite, &[Owner, Admin, Operator]),
    (ChannelsRead, &[Owner, Admin, Operator, Auditor]),
    (ChannelsWrite, &[Owner, Admin, Operator]),
    (RequestsRead, &[Owner, Admin, Operator, Finance, Auditor]),
    (StatsRead, &[Owner, Admin, Operator, Finance, Auditor]),
    (RevenueRead, &[Owner, Admin, Finance, Auditor]),
    (AuditRead, &[Owner, Admin, Auditor]),
    (SettingsRead, &[Owner, Admin, Auditor]),
    (SettingsWrite, &[Owner, Admin]),
];

impl Permission {
    /// Whether a person of this role has it.
    pub fn is_held_by(self, role: Role) -> bool {
        TABLE.iter().any(|(permission, roles)| *permission == self && roles.contains(&role))
    }

    /// Everything a person of this role may do.
    pub fn held_by(role: Role) -> Vec<Permission> {
        TABLE.iter().filter(|(_, roles)| roles.contains(&role)).map(|(permission, _)| *permission).collect()
    }

    /// Every permission, in the table's order.
    pub fn all() -> Vec<Permission> {
        TABLE.iter().map(|(permission, _)| *permission).collect()
    }

    /// The name used in JSON and in the API's description.
    pub const fn name(self) -> &'static str {
        match self {
            UsersRead => "users.read",
            UsersWrite => "users.write",
            KeysRead => "keys.read",
            KeysWrite => "keys.write",
            LedgerRead => "ledger.read",
            LedgerWrite => "ledger.write",
            ModelsRead => "models.read",
            ModelsWrite => "models.write",
            ChannelsRead => "channels.read",
            ChannelsWrite => "channels.write",
            RequestsRead => "requests.read",
            StatsRead => "stats.read",
            RevenueRead => "revenue.read",
            AuditRead => "audit.read",
            SettingsRead => "settings.read",
            SettingsWrite => "settings.write",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_one_line_and_its_wire_name() {
        let mut permissions = Permission::all();
        assert!(permissions.is_sorted(), "the table is in the order of the type");
        permissions.dedup();
        assert_eq!(permissions.len(), TABLE.len());
        assert_eq!(permissions.last(), Some(&SettingsWrite));
        for permission in permissions {
            let wire = serde_json::to_string(&permission).unwrap();
            assert_eq!(wire, format!("\"{}\"", permission.name()));
        }
    }

    #[test]
    fn owners_and_admins_may_everything_and_users_nothing() {
        for role in [Owner, Admin] {
            assert_eq!(Permission::held_by(role).len(), TABLE.len(), "{role:?}");
        }
        assert_eq!(Permission::held_by(Role::User), []);
    }

    #[test]
    fn auditors_change_nothing() {
        for permission in Permission::held_by(Auditor) {
            assert!(permission.name().ends_with(".read"), "{permission:?}");
        }
    }

    #[test]
    fn only_finance_and_above_touch_balances_and_only_operators_and_above_touch_channels() {
        let holders = |permission: Permission| {
            Role::ALL.into_iter().filter(|role| permission.is_held_by(*role)).collect::<Vec<_>>()
        };
        assert_eq!(holders(LedgerWrite), [Finance, Admin, Owner]);
        assert_eq!(holders(ChannelsWrite), [Operator, Admin, Owner]);
        assert_eq!(holders(UsersWrite), [Admin, Owner]);
        assert_eq!(holders(AuditRead), [Auditor, Admin, Owner]);
        assert_eq!(holders(RevenueRead), [Auditor, Finance, Admin, Owner]);
    }

    #[test]
    fn who_may_write_may_read() {
        for role in Role::ALL {
            for permission in Permission::held_by(role) {
                let Some(subject) = permission.name().strip_suffix(".write") else { continue };
                let reads =
                    Permission::held_by(role).iter().any(|held| held.name() == format!("{subject}.read"));
                assert!(reads, "{role:?} writes {subject} unseen");
            }
        }
    }
}
