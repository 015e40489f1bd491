//! Errors as `application/problem+json` (RFC 9457), with types that stay the same.

use crate::api::command::Refusal;
use crate::settings::patch;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Media type of a [`Problem`].
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Stable name for programs: `urn:visavis:problem:` and a kind such as `invalid-property`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    pub status: u16,
    /// What is wrong with this very request.
    pub detail: String,
    /// The property or parameter at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub field: Option<Box<str>>,
    /// What the property may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub allowed: Option<Box<str>>,
}

impl Problem {
    /// A problem of `kind` that is answered with `status`.
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:visavis:problem:{kind}"),
            title: title(kind).into(),
            status: status.as_u16(),
            detail: detail.into(),
            field: None,
            allowed: None,
        }
    }

    /// A body of JSON that does not fit the operation: of `field`, where one is at fault.
    pub fn unfit(field: impl Into<Box<str>>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", detail).of_field(field)
    }

    /// The same problem, of `field`.
    pub fn of_field(self, field: impl Into<Box<str>>) -> Self {
        let field = field.into();
        Self { field: (!field.is_empty()).then_some(field), ..self }
    }

    /// The same problem, with what is allowed instead.
    pub fn allowing(self, allowed: &str) -> Self {
        Self { allowed: Some(allowed.into()), ..self }
    }

    /// The whole HTTP/1.1 answer as bytes, for a connection that is closed before a request is read.
    pub fn last_words(&self) -> Vec<u8> {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let reason = StatusCode::from_u16(self.status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
        let head = format!(
            "HTTP/1.1 {} {reason}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            self.status,
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
}

fn title(kind: &str) -> &'static str {
    match kind {
        "invalid-property" => "A property can not have this value",
        "unknown-player" => "There is no such player",
        "not-configured" => "The terminal is not configured for this",
        "no-picture" => "There is no picture to take",
        "storage-full" => "The disk of the snapshots is full",
        "storage-missing" | "storage-denied" | "storage-read-only" | "storage-symlink" | "storage-failed" => {
            "The folder of the snapshots can not be used"
        }
        "no-display" => "The terminal has no screen for this",
        "standby" => "The terminal is in standby",
        "locked" => "Only a hand at the terminal may do this",
        "not-found" => "There is nothing at this path",
        "wrong-method" => "This path has other methods",
        "malformed-body" => "The body can not be read",
        "invalid-body" => "The body does not fit the operation",
        "invalid-query" => "The query does not fit the path",
        "body-too-large" => "The body is too large",
        "too-many-requests" => "Too many requests",
        "busy" => "Too many clients",
        "not-allowed" => "This user may not control the terminal",
        "no-answer" => "The terminal did not answer in time",
        "ending" => "The terminal takes no orders",
        _ => "Refused",
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.kind {
            "invalid-property" | "invalid-body" => StatusCode::UNPROCESSABLE_ENTITY,
            "unknown-player" | "not-configured" => StatusCode::NOT_FOUND,
            kind if kind.starts_with("storage-") => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::CONFLICT,
        };
        let of_property = (refusal.kind == "invalid-property").then_some(&refusal.field);
        let allowed = of_property.and_then(|field| patch::allowed(&refusal.object, field)).map(String::into_boxed_str);
        let detail = match refusal.field.as_str() {
            "" => refusal.words,
            field => format!("{field}: {}", refusal.words),
        };
        Self { allowed, ..Problem::new(status, refusal.kind, detail).of_field(refusal.field) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
