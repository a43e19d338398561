//! Files of a site's that go to the disk without passing through the window.

use std::path::Path;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use url::Url;

use crate::calls::answer::{Answer, read_answer};
use crate::calls::gateway::{Route, bearer};
use crate::calls::operations::{AnswerKind, Operation, Part};
use crate::calls::request::address_of;
use crate::calls::tokens::AccessToken;
use crate::calls::{CallError, Gateway};
use crate::connections::{Connection, ConnectionId, SiteAddress};

/// The most that is written: far more than a site's own limit of rows gives.
const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Over a slow line a large export takes its time.
const EXPORT_TIME: Duration = Duration::from_secs(10 * 60);

/// An export as the window asks for it. It does not say where to: that is chosen in a dialog of the shell's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Of which site.
    pub connection: ConnectionId,
    /// The operation, such as `export_revenue`.
    pub operation: String,
    /// The query's names and values, in order.
    #[serde(default)]
    pub query: Vec<(String, String)>,
}

/// What an export is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// CSV.
    Csv,
    /// JSON.
    Json,
}

impl ExportFormat {
    /// The end of such a file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            ExportFormat::Csv => "csv",
            ExportFormat::Json => "json",
        }
    }
}

/// What an export came to.
#[derive(Debug)]
pub enum Exported {
    /// So many bytes were written.
    Written(u64),
    /// The site refused, and says why.
    Refused(Answer),
}

impl Export {
    /// What the file would be made of; none: there is no such export.
    pub fn format(&self) -> Option<ExportFormat> {
        match Operation::named(&self.operation)?.answer {
            AnswerKind::Csv => Some(ExportFormat::Csv),
            AnswerKind::JsonFile => Some(ExportFormat::Json),
            AnswerKind::Json => None,
        }
    }
}

impl Gateway {
    /// Writes an export into a file, piece by piece. What is there already is replaced when all of it has come, and
    /// stays if it does not.
    pub async fn export(
        &self,
        connection: &Connection,
        base: &SiteAddress,
        export: &Export,
        path: &Path,
    ) -> Result<Exported, CallError> {
        let operation = Operation::named(&export.operation).filter(|_| export.format().is_some());
        let operation = operation.ok_or(CallError::UnknownOperation)?;
        let words = operation.parts.iter().map(|part| match part {
            Part::Word(word) => Ok(*word),
            Part::Value => Err(CallError::UnknownOperation),
        });
        let words = words.collect::<Result<Vec<_>, _>>()?;
        let url = address_of(base, words, operation, &export.query)?;
        let route = self.route(connection, base)?;
        let mut token = self.token(connection, &route, None).await?;
        let mut response = fetch(&route, &url, &token).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            token = self.token(connection, &route, Some(&token)).await?;
            response = fetch(&route, &url, &token).await?;
        }
        if response.status() != StatusCode::OK {
            let answer = read_answer(response).await?;
            answer.check_secrets([token.reveal()])?;
            return Ok(Exported::Refused(answer));
        }
        write_file(response, path).await.map(Exported::Written)
    }
}

async fn fetch(route: &Route, url: &Url, token: &AccessToken) -> Result<Response, CallError> {
    let request = route.http.get(url.clone()).header(AUTHORIZATION, bearer(token)?).timeout(EXPORT_TIME);
    request.send().await.map_err(|error| CallError::of_request(error, route.watch.take()))
}

async fn write_file(mut response: Response, path: &Path) -> Result<u64, CallError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let beside = path.with_file_name(name);
    let mut file = tokio::fs::File::create(&beside).await.map_err(CallError::File)?;
    let written = async {
        let mut bytes = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(|error| CallError::of_request(error, None))? {
            bytes += chunk.len() as u64;
            if bytes > FILE_BYTES_MAX {
                return Err(CallError::AnswerTooLarge);
            }
            file.write_all(&chunk).await.map_err(CallError::File)?;
        }
        file.sync_all().await.map_err(CallError::File)?;
        tokio::fs::rename(&beside, path).await.map_err(CallError::File)?;
        Ok(bytes)
    }
    .await;
    if written.is_err() {
        // What has come is not what was asked for.
        let _ = tokio::fs::remove_file(&beside).await;
    }
    written
}
