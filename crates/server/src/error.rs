//! The one table of what went wrong: a code, a status, and words. Every error answers `{"code", "message"}`.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use crowsnest_flow::FlowError;
use crowsnest_ingest::wire::WireError;
use crowsnest_store::StoreError;
use crowsnest_workspace::Problem;
use serde::Serialize;
use utoipa::ToSchema;

/// Seconds after which a client that was sent away should try again. `1` made one client try 23 times.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What every error answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A short word for the kind of error, for programs.
    pub(crate) code: String,
    /// What is wrong, where, and what to do, for people.
    pub(crate) message: String,
    /// For definitions: every problem with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub(crate) problems: Vec<Problem>,
}

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ErrorBody,
    challenge: bool,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        let body = ErrorBody { code: code.to_owned(), message: message.into(), problems: Vec::new() };
        Self { status, body, challenge: false }
    }

    pub(crate) fn bad_request(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message)
    }

    pub(crate) fn unauthorised(given: bool) -> Self {
        let message = if given {
            "the administrator's token is not right; it was printed once at first start, or set as CROWSNEST_ADMIN_TOKEN"
        } else {
            "the administrator's token is needed: send `Authorization: Bearer <token>`"
        };
        Self { challenge: true, ..Self::new(StatusCode::UNAUTHORIZED, "unauthorised", message) }
    }

    pub(crate) fn unknown_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unknown-write-key",
            "no source has this write key; send it as the user name of Basic authentication with an empty password, or \
             as `writeKey` in the body. `crowsnest sources` lists the keys",
        )
    }

    fn of_store(error: &StoreError) -> (StatusCode, &'static str) {
        match error {
            StoreError::Full => (StatusCode::INSUFFICIENT_STORAGE, "disk-full"),
            StoreError::CommitUnknown(_) => (StatusCode::SERVICE_UNAVAILABLE, "try-again"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "store"),
        }
    }
}

impl ApiError {
    /// The status, and the words for people.
    pub(crate) fn into_words(self) -> (StatusCode, String) {
        (self.status, self.body.message)
    }
}

impl From<FlowError> for ApiError {
    fn from(error: FlowError) -> Self {
        let (status, code) = match &error {
            FlowError::Store(store) => Self::of_store(store),
            FlowError::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded"),
            FlowError::Closed => (StatusCode::SERVICE_UNAVAILABLE, "shutting-down"),
            FlowError::Definitions(_) => (StatusCode::UNPROCESSABLE_ENTITY, "definitions"),
            FlowError::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found"),
            FlowError::Refused(_) => (StatusCode::CONFLICT, "refused"),
            FlowError::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            FlowError::Feed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "feed"),
            FlowError::Broken(_) => (StatusCode::INTERNAL_SERVER_ERROR, "fault"),
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(%error, "a request failed");
        }
        let mut out = Self::new(status, code, error.to_string());
        if let FlowError::Definitions(problems) = error {
            out.body.problems = problems;
        }
        out
    }
}

impl From<WireError> for ApiError {
    fn from(error: WireError) -> Self {
        let status = match error {
            WireError::TooLarge { .. } | WireError::TooMany { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.code(), error.to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if matches!(
            self.status,
            StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::INSUFFICIENT_STORAGE
        ) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Crowsnest\""));
        }
        response
    }
}

/// A JSON body; what is wrong with it is said with its place.
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    Json<T>: FromRequest<S, Rejection = JsonRejection>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => {
                let code = match &rejection {
                    JsonRejection::MissingJsonContentType(_) => "content-type",
                    JsonRejection::JsonSyntaxError(_) => "invalid-json",
                    _ => "invalid-body",
                };
                let text = rejection.body_text();
                // What follows names the field; what comes before it is about our own code.
                let message =
                    match text.strip_prefix("Failed to deserialize the JSON body into the target type: ") {
                        Some(said) => format!("the body cannot be read: {said}"),
                        None => text,
                    };
                Err(ApiError::new(rejection.status(), code, message))
            }
        }
    }
}

/// A query string; what is wrong with it is said.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> axum::extract::FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(ApiError::bad_request("invalid-query", rejection.body_text())),
        }
    }
}

/// An id of a path.
pub(crate) fn id<T: std::str::FromStr<Err = crowsnest_model::id::IdError>>(
    text: &str,
) -> Result<T, ApiError> {
    text.parse()
        .map_err(|error: crowsnest_model::id::IdError| ApiError::bad_request("invalid-id", error.to_string()))
}

pub(crate) async fn no_route(uri: axum::http::Uri) -> ApiError {
    ApiError::not_found(format!("there is nothing at {}; the API is described at /api/v1", uri.path()))
}

pub(crate) async fn no_method() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "this path does not take this method; the API is described at /api/v1",
    )
}
