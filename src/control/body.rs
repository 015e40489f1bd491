//! Bodies of requests: read within their limits, and understood or refused by name.

use super::limits::{BODY, BODY_TIME};
use super::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A body that holds nothing: empty, or `{}`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A body that has to be there, as JSON.
pub async fn required<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    parse(&bytes(body).await?)
}

/// A body that may be left out, as JSON.
pub async fn optional<T: DeserializeOwned + Default>(body: Body) -> Result<T, Problem> {
    let bytes = bytes(body).await?;
    if bytes.trim_ascii().is_empty() { Ok(T::default()) } else { parse(&bytes) }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        match error.inner().classify() {
            serde_json::error::Category::Data => Problem::unfit(field.replace('.', ""), error.inner().to_string()),
            _ => malformed(error.inner()),
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed-body", format!("the body is not JSON: {error}"))
}

async fn bytes(body: Body) -> Result<Bytes, Problem> {
    match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => Err(match std::error::Error::source(&error) {
            Some(source) if source.is::<http_body_util::LengthLimitError>() => {
                let words = format!("allowed are {BODY} bytes");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", words)
            }
            _ => Problem::new(StatusCode::BAD_REQUEST, "malformed-body", "the body ended early"),
        }),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "malformed-body", "the body did not come in time")),
    }
}
