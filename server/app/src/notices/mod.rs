//! What the site tells its people.

mod administration;
mod own;

use utoipa_axum::routes;
use waystation_api::notices::{
    Notice, NoticeAudience, NoticeCreate, NoticeFieldError, NoticeLevel, Translated,
};
use waystation_api::permissions::Permission;
use waystation_api::time::Time;
use waystation_store as store;

use crate::audit_trail::state_of;
use crate::auth::{Access, GuardedRoutes};
use crate::error::ApiError;

/// The slice's routes below `/api`.
pub(crate) fn routes() -> GuardedRoutes {
    let reading = Access::Holding(Permission::SettingsRead);
    let writing = Access::Holding(Permission::SettingsWrite);
    GuardedRoutes::new()
        .route(writing, routes!(administration::create_notice))
        .route(reading, routes!(administration::list_notices))
        .route(reading, routes!(administration::show_notice))
        .route(writing, routes!(administration::update_notice))
        .route(writing, routes!(administration::delete_notice))
        .route(Access::SignedIn, routes!(own::list_my_notices))
}

fn wire_notice(notice: store::Notice) -> Notice {
    let content = notice.content;
    Notice {
        id: notice.id,
        title: Translated { zh_cn: content.title_zh, en: content.title_en },
        text: Translated { zh_cn: content.text_zh, en: content.text_en },
        level: match content.level {
            store::NoticeLevel::Info => NoticeLevel::Info,
            store::NoticeLevel::Warning => NoticeLevel::Warning,
            store::NoticeLevel::Critical => NoticeLevel::Critical,
        },
        audience: match content.audience {
            store::NoticeAudience::All => NoticeAudience::All,
            store::NoticeAudience::Admins => NoticeAudience::Admins,
        },
        starts_at: content.starts_at_ms.map(Time::from_unix_ms),
        ends_at: content.ends_at_ms.map(Time::from_unix_ms),
        created_at: Time::from_unix_ms(notice.created_at_ms),
        updated_at: Time::from_unix_ms(notice.updated_at_ms),
    }
}

fn stored_content(notice: NoticeCreate) -> Result<store::NoticeContent, ApiError> {
    let notice = notice.checked().map_err(refuse)?;
    Ok(store::NoticeContent {
        title_zh: notice.title.zh_cn,
        title_en: notice.title.en,
        text_zh: notice.text.zh_cn,
        text_en: notice.text.en,
        level: match notice.level {
            NoticeLevel::Info => store::NoticeLevel::Info,
            NoticeLevel::Warning => store::NoticeLevel::Warning,
            NoticeLevel::Critical => store::NoticeLevel::Critical,
        },
        audience: match notice.audience {
            NoticeAudience::All => store::NoticeAudience::All,
            NoticeAudience::Admins => store::NoticeAudience::Admins,
        },
        starts_at_ms: notice.starts_at.map(Time::unix_ms),
        ends_at_ms: notice.ends_at.map(Time::unix_ms),
    })
}

/// A notice as the audit log shows it.
fn shown_notice(notice: &store::Notice) -> Option<String> {
    state_of(&wire_notice(notice.clone()))
}

fn refuse(error: NoticeFieldError) -> ApiError {
    ApiError::field(error.field(), error.code(), error.to_string())
}
