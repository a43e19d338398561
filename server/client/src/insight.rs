//! What was used and earned, and how the site fares.

use waystation_api::error_groups::{ErrorGroupQuery, ErrorGroups};
use waystation_api::requests::{ExportedRequest, OwnRequestExportQuery};
use waystation_api::revenue::{RevenueQuery, RevenueReport};
use waystation_api::site_usage::{SiteUsage, SiteUsageQuery};
use waystation_api::statistics::{BillingQuery, BillingStatistics, Overview, OverviewQuery, UserStatistics};
use waystation_api::usage_series::{UsageSeries, UsageSeriesQuery, UsageTotals, UsageTotalsQuery};
use waystation_ids::UserId;

use crate::call::{Client, ClientError};

impl Client {
    /// Shows what one used, by day or hour.
    pub async fn show_my_usage_series(&self, query: &UsageSeriesQuery) -> Result<UsageSeries, ClientError> {
        self.find(&["me", "usage", "series"], query).await
    }

    /// Shows what one used, in all, by model and by key.
    pub async fn show_my_usage_totals(&self, query: &UsageTotalsQuery) -> Result<UsageTotals, ClientError> {
        self.find(&["me", "usage", "summary"], query).await
    }

    /// Gives one's own calls as CSV.
    pub async fn export_my_usage_as_csv(&self, query: &OwnRequestExportQuery) -> Result<String, ClientError> {
        self.find_text(&["me", "usage", "export.csv"], query).await
    }

    /// Gives one's own calls.
    pub async fn export_my_usage_as_json(
        &self,
        query: &OwnRequestExportQuery,
    ) -> Result<Vec<ExportedRequest>, ClientError> {
        self.find(&["me", "usage", "export.json"], query).await
    }

    /// Shows what calls earned, by day or month.
    pub async fn show_revenue(&self, query: &RevenueQuery) -> Result<RevenueReport, ClientError> {
        self.find(&["admin", "revenue"], query).await
    }

    /// Gives what calls earned as CSV.
    pub async fn export_revenue(&self, query: &RevenueQuery) -> Result<String, ClientError> {
        self.find_text(&["admin", "revenue", "export.csv"], query).await
    }

    /// Shows what everybody used, by model or channel, and what it earned.
    pub async fn show_site_usage(&self, query: &SiteUsageQuery) -> Result<SiteUsage, ClientError> {
        self.find(&["admin", "usage"], query).await
    }

    /// Gives what everybody used, by model or channel, as CSV.
    pub async fn export_site_usage(&self, query: &SiteUsageQuery) -> Result<String, ClientError> {
        self.find_text(&["admin", "usage", "export.csv"], query).await
    }

    /// Shows how the site fares.
    pub async fn show_overview(&self, query: &OverviewQuery) -> Result<Overview, ClientError> {
        self.find(&["admin", "stats", "overview"], query).await
    }

    /// Shows how a user fares.
    pub async fn show_user_statistics(&self, user: UserId) -> Result<UserStatistics, ClientError> {
        self.get(&["admin", "stats", "users", &user.to_string()]).await
    }

    /// Shows what users hold, and what moved it.
    pub async fn show_billing_statistics(
        &self,
        query: &BillingQuery,
    ) -> Result<BillingStatistics, ClientError> {
        self.find(&["admin", "stats", "billing"], query).await
    }

    /// Lists how calls failed, the most frequent first.
    pub async fn list_error_groups(&self, query: &ErrorGroupQuery) -> Result<ErrorGroups, ClientError> {
        self.find(&["admin", "errors"], query).await
    }
}
