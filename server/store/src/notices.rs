//! What the site tells its people.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Unchanged,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr},
};
use waystation_ids::NoticeId;

use crate::audit_log::Audited;
use crate::connection::{Store, Transaction, database_time_ms};
use crate::error::StoreError;

/// What the site tells its people for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// What it says.
    pub content: NoticeContent,
    /// When it was made, in unix milliseconds of the database.
    pub created_at_ms: i64,
    /// When it was last changed, in unix milliseconds of the database.
    pub updated_at_ms: i64,
}

/// What a notice says, to whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeContent {
    /// The title in Chinese, at most 200 characters.
    pub title_zh: Option<String>,
    /// The title in English, at most 200 characters.
    pub title_en: Option<String>,
    /// The text in Chinese, as it was written.
    pub text_zh: Option<String>,
    /// The text in English, as it was written.
    pub text_en: Option<String>,
    /// How much it matters.
    pub level: NoticeLevel,
    /// Whom it is for.
    pub audience: NoticeAudience,
    /// From when on it is shown, in unix milliseconds; none: since ever.
    pub starts_at_ms: Option<i64>,
    /// From when on it is not shown any more, in unix milliseconds; none: never.
    pub ends_at_ms: Option<i64>,
}

/// How much a notice matters; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Something is, or will be, different from usual.
    Warning,
    /// Something does not work.
    Critical,
}

impl NoticeLevel {
    /// Every level, the least first.
    const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            NoticeLevel::Info => "info",
            NoticeLevel::Warning => "warning",
            NoticeLevel::Critical => "critical",
        }
    }

    /// The level of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Whom a notice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoticeAudience {
    /// Everybody who is signed in.
    All,
    /// Everybody who has a part in running the site.
    Admins,
}

impl NoticeAudience {
    /// The stable name used in JSON and in stored rows.
    pub fn name(self) -> &'static str {
        match self {
            NoticeAudience::All => "all",
            NoticeAudience::Admins => "admins",
        }
    }

    /// The audience of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::All, Self::Admins].into_iter().find(|audience| audience.name() == name)
    }
}

impl Store {
    /// Makes a notice.
    pub async fn create_notice(
        &self,
        id: NoticeId,
        content: NoticeContent,
        audit: &Audited<Notice>,
    ) -> Result<Notice, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let now_ms = database_time_ms(&transaction).await?;
            let notice =
                Notice { id, content: content.clone(), created_at_ms: now_ms, updated_at_ms: now_ms };
            entity::Entity::insert(row_of(&notice).reset_all()).exec_without_returning(&transaction).await?;
            audit.append(&transaction, None, Some(&notice)).await?;
            transaction.commit().await?;
            Ok(notice)
        })
        .await
    }

    /// The newest `limit` notices before `before`, newest first.
    pub async fn list_notices(
        &self,
        before: Option<NoticeId>,
        limit: u64,
    ) -> Result<Vec<Notice>, StoreError> {
        let mut query = entity::Entity::find().order_by_desc(entity::Column::Id).limit(limit);
        if let Some(before) = before {
            query = query.filter(entity::Column::Id.lt(before.uuid()));
        }
        query.all(self.reader()).await?.into_iter().map(Notice::try_from).collect()
    }

    /// The first `limit` notices that are shown at this moment of the database's clock, to admins or to everybody: what
    /// matters most comes first, then the newest.
    pub async fn list_current_notices(
        &self,
        for_admins: bool,
        limit: u64,
    ) -> Result<Vec<Notice>, StoreError> {
        let now_ms = self.now_ms().await?;
        let mut query = entity::Entity::find()
            .filter(
                Condition::any()
                    .add(entity::Column::StartsAtMs.is_null())
                    .add(entity::Column::StartsAtMs.lte(now_ms)),
            )
            .filter(
                Condition::any()
                    .add(entity::Column::EndsAtMs.is_null())
                    .add(entity::Column::EndsAtMs.gt(now_ms)),
            )
            .order_by_desc(rank())
            .order_by_desc(entity::Column::Id)
            .limit(limit);
        if !for_admins {
            query = query.filter(entity::Column::Audience.eq(NoticeAudience::All.name()));
        }
        query.all(self.reader()).await?.into_iter().map(Notice::try_from).collect()
    }

    /// One notice.
    pub async fn load_notice(&self, id: NoticeId) -> Result<Notice, StoreError> {
        let row = entity::Entity::find_by_id(id.uuid()).one(self.reader()).await?;
        row.ok_or(StoreError::Missing("notice")).and_then(Notice::try_from)
    }

    /// Gives a notice other content.
    pub async fn update_notice(
        &self,
        id: NoticeId,
        content: NoticeContent,
        audit: &Audited<Notice>,
    ) -> Result<Notice, StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let before = lock_notice(&transaction, id).await?;
            let updated_at_ms = database_time_ms(&transaction).await?;
            let after = Notice { content: content.clone(), updated_at_ms, ..before.clone() };
            let mut row = row_of(&after).reset_all();
            row.id = Unchanged(id.uuid());
            entity::Entity::update(row).exec_without_returning(&transaction).await?;
            audit.append(&transaction, Some(&before), Some(&after)).await?;
            transaction.commit().await?;
            Ok(after)
        })
        .await
    }

    /// Deletes a notice.
    pub async fn delete_notice(&self, id: NoticeId, audit: &Audited<Notice>) -> Result<(), StoreError> {
        self.repeat(|| async {
            let transaction = self.begin().await?;
            let before = lock_notice(&transaction, id).await?;
            entity::Entity::delete_by_id(id.uuid()).exec(&transaction).await?;
            audit.append(&transaction, Some(&before), None).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}

/// How much a notice matters, as a number that databases can sort by.
fn rank() -> SimpleExpr {
    let rank = NoticeLevel::ALL.into_iter().zip(0_i64..);
    let rank = rank.fold(CaseStatement::new(), |rank, (level, number)| {
        rank.case(Expr::col(entity::Column::Level).eq(level.name()), number)
    });
    rank.finally(0_i64).into()
}

async fn lock_notice(transaction: &Transaction, id: NoticeId) -> Result<Notice, StoreError> {
    let row = entity::Entity::find_by_id(id.uuid()).lock_exclusive().one(transaction).await?;
    row.ok_or(StoreError::Missing("notice")).and_then(Notice::try_from)
}

fn row_of(notice: &Notice) -> entity::ActiveModel {
    let content = notice.content.clone();
    entity::ActiveModel::from(entity::Model {
        id: notice.id.uuid(),
        title_zh: content.title_zh,
        title_en: content.title_en,
        text_zh: content.text_zh,
        text_en: content.text_en,
        level: content.level.name().to_owned(),
        audience: content.audience.name().to_owned(),
        starts_at_ms: content.starts_at_ms,
        ends_at_ms: content.ends_at_ms,
        created_at_ms: notice.created_at_ms,
        updated_at_ms: notice.updated_at_ms,
    })
}

impl TryFrom<entity::Model> for Notice {
    type Error = StoreError;

    fn try_from(row: entity::Model) -> Result<Self, StoreError> {
        let unreadable = StoreError::Unreadable("notice");
        let (Some(level), Some(audience)) =
            (NoticeLevel::from_name(&row.level), NoticeAudience::from_name(&row.audience))
        else {
            return Err(unreadable);
        };
        let content = NoticeContent {
            title_zh: row.title_zh,
            title_en: row.title_en,
            text_zh: row.text_zh,
            text_en: row.text_en,
            level,
            audience,
            starts_at_ms: row.starts_at_ms,
            ends_at_ms: row.ends_at_ms,
        };
        Ok(Notice {
            id: NoticeId::from_uuid(row.id),
            content,
            created_at_ms: row.created_at_ms,
            updated_at_ms: row.updated_at_ms,
        })
    }
}

mod entity {
    use sea_orm::entity::prelude::{
        ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter,
        PrimaryKeyTrait, Uuid,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notices")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub title_zh: Option<String>,
        pub title_en: Option<String>,
        pub text_zh: Option<String>,
        pub text_en: Option<String>,
        pub level: String,
        pub audience: String,
        pub starts_at_ms: Option<i64>,
        pub ends_at_ms: Option<i64>,
        pub created_at_ms: i64,
        pub updated_at_ms: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
