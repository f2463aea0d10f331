//! Files of sources, and how fresh the sources are.

use super::{Paging, blocking, read};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    routing::{get, post, put},
};
use bytes::Bytes;
use crowsnest_flow::ImportOptions;
use crowsnest_model::Time;
use crowsnest_store::ImportRecord;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use std::io;
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/feeds/{source}/{feed}", post(import))
        .route("/imports", get(imports))
        .route("/sources/{source}/watermark", put(set_watermark))
}

/// How to read a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportQuery {
    /// The file's name, as a label only.
    file: Option<String>,
    /// The source is complete up to this moment once the file is read.
    #[param(value_type = Option<String>, format = DateTime)]
    complete_until: Option<Time>,
    /// The rows are history: they change profiles but trigger nothing.
    #[serde(default)]
    historical: bool,
    /// All times are moved so that this moment becomes now: for playing sample data.
    #[param(value_type = Option<String>, format = DateTime)]
    as_of: Option<Time>,
}

/// What came of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Imported {
    source: String,
    feed: String,
    file: String,
    #[schema(value_type = String, format = DateTime)]
    time: Time,
    /// Rows read.
    rows: u64,
    /// Rows that became new events.
    accepted: u64,
    /// Rows that were here already.
    duplicates: u64,
    /// Rows that wait in the quarantine.
    quarantined: u64,
    #[schema(value_type = Option<String>, format = DateTime)]
    complete_until: Option<Time>,
}

impl From<ImportRecord> for Imported {
    fn from(record: ImportRecord) -> Self {
        Self {
            source: record.source,
            feed: record.feed,
            file: record.file,
            time: record.time,
            rows: record.rows,
            accepted: record.accepted,
            duplicates: record.duplicates,
            quarantined: record.quarantined,
            complete_until: record.complete_until,
        }
    }
}

/// A body that arrives piece by piece, read by a thread that may block. A few pieces at most wait in between.
struct Arriving {
    pieces: tokio::sync::mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl io::Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = self.piece.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// Read a file of a source's feed. The body is the file, as it is or gzipped, of any size.
#[utoipa::path(post, path = "/api/v1/feeds/{source}/{feed}", tag = "collect",
    params(("source" = String, Path), ("feed" = String, Path), ImportQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = Imported), (status = 404, body = crate::error::ErrorBody),
        (status = 422, body = crate::error::ErrorBody, description = "The file cannot be read on; rows before that are kept.")),
    security(("admin" = [])))]
pub(crate) async fn import(
    _: Admin,
    State(app): State<App>,
    Path((source, feed)): Path<(String, String)>,
    Query(query): Query<ImportQuery>,
    mut body: axum::body::Body,
) -> Result<Json<Imported>, ApiError> {
    let (sender, pieces) = tokio::sync::mpsc::channel(4);
    tokio::spawn(async move {
        while let Some(frame) = body.frame().await {
            let piece = match frame {
                Ok(frame) => match frame.into_data() {
                    Ok(data) => Ok(data),
                    Err(_) => continue,
                },
                Err(error) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, error.to_string())),
            };
            if sender.send(piece).await.is_err() {
                return;
            }
        }
    });
    let options = ImportOptions {
        file: query.file.unwrap_or_else(|| "upload".into()),
        complete_until: query.complete_until,
        shift: query.as_of.map(|as_of| app.engine.now().since(as_of)).unwrap_or_default(),
        historical: query.historical,
    };
    let record = blocking(&app, move |engine| {
        engine.import(Arriving { pieces, piece: Bytes::new() }, &source, &feed, &options, |_| {})
    })
    .await?;
    Ok(Json(record.into()))
}

/// Files that were read, the newest first.
#[utoipa::path(get, path = "/api/v1/imports", tag = "collect", params(Paging),
    responses((status = 200, body = [Imported])), security(("admin" = [])))]
pub(crate) async fn imports(
    _: Admin,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<Imported>>, ApiError> {
    let page = paging.page()?;
    let found = read(&app, move |read| read.imports(page)).await?;
    Ok(Json(found.into_iter().map(Imported::from).collect()))
}

/// Up to when a source is complete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {
    /// Everything up to this moment is here.
    #[schema(value_type = String, format = DateTime)]
    complete_until: Time,
}

/// Whether a watermark moved.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Marked {
    /// It only ever moves forward.
    moved: bool,
}

/// Say up to when a source is complete. Messages that were held for it go out.
#[utoipa::path(put, path = "/api/v1/sources/{source}/watermark", tag = "collect",
    params(("source" = String, Path)), request_body = Mark,
    responses((status = 200, body = Marked), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn set_watermark(
    _: Admin,
    State(app): State<App>,
    Path(source): Path<String>,
    Body(mark): Body<Mark>,
) -> Result<Json<Marked>, ApiError> {
    Ok(Json(Marked { moved: app.engine.set_watermark(&source, mark.complete_until).await? }))
}
