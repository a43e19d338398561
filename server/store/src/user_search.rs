//! Finding people.
//!
//! A part of an address is in no index: whoever is looked for by it is found by looking at everybody. That is done in
//! small pieces, one at a time in this process, so that however many search, nobody else waits for a connection or for
//! the processor.

use std::time::{Duration, Instant};

use sea_orm::{
    ColumnTrait, Condition, ConnAcquireErr, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::ExprTrait,
};
use tokio::time::timeout;
use waystation_ids::{Role, UserId, UserStatus};

use crate::connection::Store;
use crate::error::StoreError;
use crate::text_search::containing;
use crate::users::{User, entity};

/// How many people one statement looks at: some milliseconds' work.
const LOOKED_AT_ONCE: u64 = 5_000;
/// How long a search waits for its turn, which keeps nothing from anybody.
const TURN_WITHIN: Duration = Duration::from_secs(20);

/// Which people to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Part of the address or username, in any case.
    pub text: Option<String>,
    /// Only of this role.
    pub role: Option<Role>,
    /// Only of this status.
    pub status: Option<UserStatus>,
}

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUsers {
    /// The people, the newest first.
    pub users: Vec<User>,
    /// Where the search ended for want of time; none: there are no more people to look at, or enough were found.
    pub searched_to: Option<UserId>,
}

impl Store {
    /// At most `limit` people, the newest first, from the one after `after` on.
    pub async fn list_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u64,
    ) -> Result<Vec<User>, StoreError> {
        Ok(self.search_users(filter, after, limit, Duration::MAX).await?.users)
    }

    /// The same, for at most about this time: then it says how far it came.
    pub async fn search_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u64,
        time: Duration,
    ) -> Result<FoundUsers, StoreError> {
        let begun = Instant::now();
        let (mut users, mut after) = (Vec::new(), after);
        loop {
            let wanted = limit.saturating_sub(users.len() as u64);
            let turn = self.take_search_turn(filter).await?;
            let down_to = match &filter.text {
                Some(_) => self.find_end_of_piece(after).await?,
                None => None,
            };
            users.extend(self.find_users(filter, after, down_to, wanted).await?);
            drop(turn);
            let is_over = down_to.is_none() || users.len() as u64 >= limit;
            if is_over || begun.elapsed() >= time {
                return Ok(FoundUsers { users, searched_to: down_to.filter(|_| !is_over) });
            }
            after = down_to;
        }
    }

    /// Only what looks at many waits for a turn.
    async fn take_search_turn(
        &self,
        filter: &UserFilter,
    ) -> Result<Option<tokio::sync::MutexGuard<'_, ()>>, StoreError> {
        if filter.text.is_none() {
            return Ok(None);
        }
        let turn = timeout(TURN_WITHIN, self.search_turn().lock()).await;
        turn.map(Some).map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout).into())
    }

    /// The last of the next people to look at; none: there are not that many.
    async fn find_end_of_piece(&self, after: Option<UserId>) -> Result<Option<UserId>, StoreError> {
        let id = entity::Entity::find()
            .select_only()
            .column(entity::Column::Id)
            .filter(Condition::all().add_option(after.map(|id| entity::Column::Id.lt(id.uuid()))))
            .order_by_desc(entity::Column::Id)
            .offset(LOOKED_AT_ONCE - 1)
            .limit(1)
            .into_tuple()
            .one(self.reader())
            .await?;
        Ok(id.map(UserId::from_uuid))
    }

    async fn find_users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        down_to: Option<UserId>,
        limit: u64,
    ) -> Result<Vec<User>, StoreError> {
        let mut conditions = Condition::all()
            .add(entity::Column::DeletedAtMs.is_null())
            .add_option(after.map(|id| entity::Column::Id.lt(id.uuid())))
            .add_option(down_to.map(|id| entity::Column::Id.gte(id.uuid())))
            .add_option(filter.role.map(|role| entity::Column::Role.eq(role.name())))
            .add_option(filter.status.map(|status| entity::Column::Status.eq(status.name())));
        if let Some(text) = &filter.text {
            let pattern = containing(text);
            conditions = conditions.add(
                Condition::any()
                    .add(entity::Column::Email.into_expr().like(pattern.clone()))
                    .add(entity::Column::Username.into_expr().like(pattern)),
            );
        }
        entity::Entity::find()
            .filter(conditions)
            .order_by_desc(entity::Column::Id)
            .limit(limit)
            .all(self.reader())
            .await?
            .into_iter()
            .map(User::try_from)
            .collect()
    }
}
