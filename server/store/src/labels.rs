//! What people read in the place of ids.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;
use waystation_ids::{ChannelId, Email, KeyId, UserId};

use crate::connection::Store;
use crate::error::StoreError;

/// The most ids that one statement names.
const IDS_AT_ONCE: usize = 512;

/// What a user calls a key, and what it looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyLabel {
    /// What the user calls it.
    pub name: String,
    /// Enough of the secret to tell it from others.
    pub preview: String,
    /// Whose it is.
    pub user: UserId,
}

impl Store {
    /// The names of these keys, as far as there are such.
    pub async fn list_key_labels(
        &self,
        keys: BTreeSet<KeyId>,
    ) -> Result<HashMap<KeyId, KeyLabel>, StoreError> {
        let rows = self.read_labels(
            "keys",
            &["user_id", "name", "preview"],
            keys.into_iter().map(KeyId::uuid).collect(),
        );
        let mut labels = HashMap::new();
        for row in rows.await? {
            let label = KeyLabel {
                name: row.try_get("", "name")?,
                preview: row.try_get("", "preview")?,
                user: UserId::from_uuid(row.try_get("", "user_id")?),
            };
            labels.insert(KeyId::from_uuid(row.try_get("", "id")?), label);
        }
        Ok(labels)
    }

    /// The addresses of these people, but for those who were removed.
    pub async fn list_user_emails(
        &self,
        users: BTreeSet<UserId>,
    ) -> Result<HashMap<UserId, Email>, StoreError> {
        let rows = self.read_labels(
            "users",
            &["email", "deleted_at_ms"],
            users.into_iter().map(UserId::uuid).collect(),
        );
        let mut emails = HashMap::new();
        for row in rows.await? {
            if row.try_get::<Option<i64>>("", "deleted_at_ms")?.is_none() {
                let email: String = row.try_get("", "email")?;
                let email = email.parse().map_err(|_| StoreError::Unreadable("email"))?;
                emails.insert(UserId::from_uuid(row.try_get("", "id")?), email);
            }
        }
        Ok(emails)
    }

    /// The names of these channels, as far as they are still there.
    pub async fn list_channel_names(
        &self,
        channels: BTreeSet<ChannelId>,
    ) -> Result<HashMap<ChannelId, String>, StoreError> {
        let rows =
            self.read_labels("channels", &["name"], channels.into_iter().map(ChannelId::uuid).collect());
        let mut names = HashMap::new();
        for row in rows.await? {
            names.insert(ChannelId::from_uuid(row.try_get("", "id")?), row.try_get("", "name")?);
        }
        Ok(names)
    }

    async fn read_labels(
        &self,
        table: &'static str,
        columns: &[&'static str],
        ids: Vec<Uuid>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let mut found = Vec::new();
        for some in ids.chunks(IDS_AT_ONCE) {
            let query = Query::select()
                .column("id")
                .columns(columns.iter().copied())
                .from(table)
                .and_where(Expr::col("id").is_in(some.iter().copied()))
                .take();
            found.extend(self.reader().query_all(&query).await?);
        }
        Ok(found)
    }
}
