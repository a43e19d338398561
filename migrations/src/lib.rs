#![doc = include_str!("../README.md")]

mod columns;
mod m0001_users;
mod m0002_keys;
mod m0003_budgets;
mod m0004_models;
mod m0005_channels;
mod m0006_ledger;
mod m0007_requests;
mod m0008_coordination;
mod m0009_site;
mod m0010_sign_in;
mod m0011_audit_log;
mod m0012_people;
mod m0013_insight;
mod m0014_model_groups;
mod m0015_notices;
mod m0016_channel_tests;
mod m0017_audit_outcomes;

pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{MigrationTrait, async_trait};

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_users::Migration),
            Box::new(m0002_keys::Migration),
            Box::new(m0003_budgets::Migration),
            Box::new(m0004_models::Migration),
            Box::new(m0005_channels::Migration),
            Box::new(m0006_ledger::Migration),
            Box::new(m0007_requests::Migration),
            Box::new(m0008_coordination::Migration),
            Box::new(m0009_site::Migration),
            Box::new(m0010_sign_in::Migration),
            Box::new(m0011_audit_log::Migration),
            Box::new(m0012_people::Migration),
            Box::new(m0013_insight::Migration),
            Box::new(m0014_model_groups::Migration),
            Box::new(m0015_notices::Migration),
            Box::new(m0016_channel_tests::Migration),
            Box::new(m0017_audit_outcomes::Migration),
        ]
    }
}
