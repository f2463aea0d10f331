//! Letters: print runs and their files.

use super::{
    Paging, blocking,
    templates::{PreviewRequest, because_of_event, person, unmade},
};
use crate::{
    App,
    auth::Admin,
    error::{ApiError, Body, Query, id},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use crowsnest_flow::outward::{LetterFile, PrintPreview, PrintReport, PrintedLetters};
use crowsnest_model::PrintRunId;
use hyper::body::Frame;
use serde::Deserialize;
use std::{
    io::Read,
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// So much of a file is read at once.
const PIECE: usize = 64 * 1024;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/letters/print", post(print))
        .route("/letters/preview", get(preview))
        .route("/letters/runs", get(runs))
        .route("/letters/runs/{id}", get(run))
        .route("/letters/runs/{id}/{file}", get(file))
        .route("/templates/{name}/proof", post(proof))
}

/// Which letters are meant.
#[derive(Debug, Default, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Those of this program or broadcast only.
    #[serde(default)]
    program: Option<String>,
}

/// Print the letters that are due. Answers when their files are there.
#[utoipa::path(post, path = "/api/v1/letters/print", tag = "messages", request_body = Which,
    responses((status = 200, body = Object), (status = 409, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn print(
    _: Admin,
    State(app): State<App>,
    Body(which): Body<Which>,
) -> Result<Json<PrintReport>, ApiError> {
    Ok(Json(blocking(&app, move |engine| engine.print_letters(which.program.as_deref())).await?))
}

/// What a print run would print now. Nothing is printed.
#[utoipa::path(get, path = "/api/v1/letters/preview", tag = "messages", params(Which),
    responses((status = 200, body = Object)), security(("admin" = [])))]
pub(crate) async fn preview(
    _: Admin,
    State(app): State<App>,
    Query(which): Query<Which>,
) -> Result<Json<PrintPreview>, ApiError> {
    Ok(Json(blocking(&app, move |engine| engine.preview_letters(which.program.as_deref())).await?))
}

/// The print runs, the newest first.
#[utoipa::path(get, path = "/api/v1/letters/runs", tag = "messages", params(Paging),
    responses((status = 200, body = Vec<Object>)), security(("admin" = [])))]
pub(crate) async fn runs(
    _: Admin,
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Vec<PrintedLetters>>, ApiError> {
    let page = paging.page()?;
    Ok(Json(blocking(&app, move |engine| engine.print_runs(page)).await?))
}

/// A print run.
#[utoipa::path(get, path = "/api/v1/letters/runs/{id}", tag = "messages", params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn run(
    _: Admin,
    State(app): State<App>,
    Path(wanted): Path<String>,
) -> Result<Json<PrintedLetters>, ApiError> {
    let run: PrintRunId = id(&wanted)?;
    Ok(Json(blocking(&app, move |engine| engine.print_run(run)).await?))
}

/// A file of a print run: `letters.csv`, `manifest.json` or `proof.pdf`.
#[utoipa::path(get, path = "/api/v1/letters/runs/{id}/{file}", tag = "messages",
    params(("id" = String, Path), ("file" = String, Path)),
    responses((status = 200), (status = 404, body = crate::error::ErrorBody)), security(("admin" = [])))]
pub(crate) async fn file(
    _: Admin,
    State(app): State<App>,
    Path((wanted, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let run: PrintRunId = id(&wanted)?;
    let file = LetterFile::named(&name).ok_or_else(|| {
        let known = LetterFile::ALL.map(LetterFile::name).join(", ");
        ApiError::not_found(format!("a print run has no file `{name}`; expected one of {known}"))
    })?;
    let path = blocking(&app, move |engine| engine.print_file(run, file)).await?;
    let kind = match file {
        LetterFile::Letters => "text/csv; charset=utf-8",
        LetterFile::Manifest => "application/json",
        LetterFile::Proof => "application/pdf",
    };
    let shown_as = format!("attachment; filename=\"{wanted}-{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, shown_as)];
    Ok((headers, axum::body::Body::new(pieces(path))).into_response())
}

/// A letter of a template to a person, as a page. Nothing is printed.
#[utoipa::path(post, path = "/api/v1/templates/{name}/proof", tag = "messages", params(("name" = String, Path)),
    request_body = PreviewRequest, responses((status = 200), (status = 422, body = crate::error::ErrorBody)),
    security(("admin" = [])))]
pub(crate) async fn proof(
    _: Admin,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(request): Body<PreviewRequest>,
) -> Result<Response, ApiError> {
    let profile = person(&app, &request.profile).await?;
    let made = blocking(&app, move |engine| {
        let made = engine.letter_proof(&name, &profile, &request.event);
        Ok(made.map_err(|reason| because_of_event(&engine.live(), &name, &request.event, reason)))
    });
    let proof = made.await?.map_err(unmade)?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], proof.pdf).into_response())
}

/// A file in pieces, read as fast as they are taken.
fn pieces(path: PathBuf) -> Pieces {
    let (give, take) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let opened = std::fs::File::open(path);
        let mut file = match opened {
            Ok(file) => file,
            Err(error) => {
                // Whoever asked may have gone away.
                let _ = give.blocking_send(Err(error));
                return;
            }
        };
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            if matches!(read, Ok(0)) {
                return;
            }
            let broken = read.is_err();
            if give.blocking_send(read.map(|_| Frame::data(Bytes::from(piece)))).is_err() || broken {
                return;
            }
        }
    });
    Pieces(take)
}

struct Pieces(mpsc::Receiver<std::io::Result<Frame<Bytes>>>);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.get_mut().0.poll_recv(context)
    }
}
