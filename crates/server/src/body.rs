//! Bodies that come to addresses that stand open: bounded in bytes, and in time.

use crate::error::ApiError;
use axum::{body::Body, http::StatusCode};
use bytes::Bytes;
use crowsnest_ingest::wire::WireError;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::time::Duration;
use url::form_urlencoded;

/// A body that has not arrived by then never will. Without it, whoever sends a byte a minute holds a connection for ever.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of a form. A text message has 1,600 characters.
const LARGEST_FORM: usize = 64 * 1024;

/// The whole body, of at most so many bytes.
pub(crate) async fn read(body: Body, most: usize) -> Result<Bytes, ApiError> {
    within(PATIENCE, body, most).await
}

/// The fields of a form, as browsers and gateways post it.
pub(crate) async fn form(body: Body) -> Result<Vec<(String, String)>, ApiError> {
    let body = read(body, LARGEST_FORM).await?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

/// The bytes of a form.
pub(crate) async fn form_bytes(body: Body) -> Result<Bytes, ApiError> {
    read(body, LARGEST_FORM).await
}

async fn within(patience: Duration, body: Body, most: usize) -> Result<Bytes, ApiError> {
    let read = tokio::time::timeout(patience, Limited::new(body, most).collect()).await;
    let read = read
        .map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long"))?
        .map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => ApiError::from(WireError::TooLarge { limit: most }),
            None => ApiError::bad_request("incomplete-body", "the body broke off"),
        })?;
    Ok(read.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Frame;
    use std::{
        convert::Infallible,
        pin::Pin,
        task::{Context, Poll},
    };

    /// A body of which nothing ever comes.
    struct Never;

    impl hyper::body::Body for Never {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_comes_in_time_and_is_not_too_large_or_it_is_none() {
        let moment = Duration::from_millis(1);
        let (status, _) = within(moment, Body::new(Never), 10).await.unwrap_err().into_words();
        assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
        let (status, _) = read(Body::from("12345678901"), 10).await.unwrap_err().into_words();
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(read(Body::from("1234567890"), 10).await.unwrap(), "1234567890");
        let fields = form(Body::from("a=1&b=%26+2&a=3")).await.unwrap();
        assert_eq!(fields, [("a", "1"), ("b", "& 2"), ("a", "3")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    }
}
