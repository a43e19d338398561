//! What administrators do about upstreams and the site: tests, lists of models, groups, notices and settings.

use waystation_api::channel_probes::{
    ChannelPreset, ChannelTestDraft, ChannelTestOutcome, ChannelTestResults, ChannelTestRun,
    ModelsFetchDraft, ModelsFetched, ModelsSync, ModelsSynced,
};
use waystation_api::model_groups::{ModelGroup, ModelGroupCreate, ModelGroupUpdate};
use waystation_api::notices::{CurrentNotice, Notice, NoticeCreate, NoticeUpdate};
use waystation_api::offered_models::OfferedModel;
use waystation_api::pagination::{Page, PageQuery};
use waystation_api::settings::{Setting, SettingsUpdate};
use waystation_api::site::Site;
use waystation_api::unpriced_models::UnpricedModel;
use waystation_ids::{ChannelId, ModelGroupId, NoticeId};

use crate::call::{Client, ClientError};

/// Upstreams, before and after they are entered.
impl Client {
    /// Lists the vendors that are known.
    pub async fn list_channel_presets(&self) -> Result<Page<ChannelPreset>, ClientError> {
        self.get(&["admin", "channel-presets"]).await
    }

    /// Tests a channel that is not entered.
    pub async fn test_channel_draft(
        &self,
        body: &ChannelTestDraft,
    ) -> Result<ChannelTestOutcome, ClientError> {
        self.post(&["admin", "channels", "test"], body).await
    }

    /// Tests a channel.
    pub async fn test_channel(
        &self,
        channel: ChannelId,
        body: &ChannelTestRun,
    ) -> Result<ChannelTestResults, ClientError> {
        self.post(&["admin", "channels", &channel.to_string(), "test"], body).await
    }

    /// Fetches the models that an upstream offers which is not entered.
    pub async fn fetch_models(&self, body: &ModelsFetchDraft) -> Result<ModelsFetched, ClientError> {
        self.post(&["admin", "channels", "fetch-models"], body).await
    }

    /// Compares what a channel serves with what its upstream offers, and takes over what the body says.
    pub async fn sync_models(
        &self,
        channel: ChannelId,
        body: &ModelsSync,
    ) -> Result<ModelsSynced, ClientError> {
        self.post(&["admin", "channels", &channel.to_string(), "sync-models"], body).await
    }
}

/// Groups of models.
impl Client {
    /// Makes a group.
    pub async fn create_model_group(&self, body: &ModelGroupCreate) -> Result<ModelGroup, ClientError> {
        self.post(&["admin", "model-groups"], body).await
    }

    /// Lists groups.
    pub async fn list_model_groups(&self, query: &PageQuery) -> Result<Page<ModelGroup>, ClientError> {
        self.find(&["admin", "model-groups"], query).await
    }

    /// Shows a group.
    pub async fn show_model_group(&self, group: ModelGroupId) -> Result<ModelGroup, ClientError> {
        self.get(&["admin", "model-groups", &group.to_string()]).await
    }

    /// Changes a group.
    pub async fn update_model_group(
        &self,
        group: ModelGroupId,
        body: &ModelGroupUpdate,
    ) -> Result<ModelGroup, ClientError> {
        self.patch(&["admin", "model-groups", &group.to_string()], body).await
    }

    /// Deletes a group.
    pub async fn delete_model_group(&self, group: ModelGroupId) -> Result<(), ClientError> {
        self.delete_silently(&["admin", "model-groups", &group.to_string()]).await
    }
}

/// What the site tells its people.
impl Client {
    /// Makes a notice.
    pub async fn create_notice(&self, body: &NoticeCreate) -> Result<Notice, ClientError> {
        self.post(&["admin", "notices"], body).await
    }

    /// Lists notices.
    pub async fn list_notices(&self, query: &PageQuery) -> Result<Page<Notice>, ClientError> {
        self.find(&["admin", "notices"], query).await
    }

    /// Shows a notice.
    pub async fn show_notice(&self, notice: NoticeId) -> Result<Notice, ClientError> {
        self.get(&["admin", "notices", &notice.to_string()]).await
    }

    /// Changes a notice.
    pub async fn update_notice(&self, notice: NoticeId, body: &NoticeUpdate) -> Result<Notice, ClientError> {
        self.patch(&["admin", "notices", &notice.to_string()], body).await
    }

    /// Deletes a notice.
    pub async fn delete_notice(&self, notice: NoticeId) -> Result<(), ClientError> {
        self.delete_silently(&["admin", "notices", &notice.to_string()]).await
    }

    /// Lists the notices of this moment that are for oneself.
    pub async fn list_my_notices(&self) -> Result<Page<CurrentNotice>, ClientError> {
        self.get(&["me", "notices"]).await
    }
}

/// The site.
impl Client {
    /// Lists the settings.
    pub async fn list_settings(&self) -> Result<Page<Setting>, ClientError> {
        self.get(&["admin", "settings"]).await
    }

    /// Changes settings.
    pub async fn update_settings(&self, body: &SettingsUpdate) -> Result<Page<Setting>, ClientError> {
        self.patch(&["admin", "settings"], body).await
    }

    /// Shows what the site is.
    pub async fn show_site(&self) -> Result<Site, ClientError> {
        self.get(&["site"]).await
    }

    /// Lists the models that the site offers, with their prices.
    pub async fn list_offered_models(&self) -> Result<Page<OfferedModel>, ClientError> {
        self.get(&["models"]).await
    }

    /// Lists the names that channels serve and that have no price.
    pub async fn list_unpriced_models(&self, query: &PageQuery) -> Result<Page<UnpricedModel>, ClientError> {
        self.find(&["admin", "models", "unpriced"], query).await
    }
}
