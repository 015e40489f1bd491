//! `/v1`: every path of the socket, what it takes and what it answers.

use super::body::{Nothing, optional, required};
use super::limits::{ANSWER_TIME, SNAPSHOT_TIME};
use super::problem::Problem;
use super::{Controls, metrics, openapi, players, stream};
use crate::api::command::{Command, ImageFormat, PusherCommand, Reply, SnapshotRequest, Transition};
use crate::api::event::Event;
use crate::api::status::{DeviceStatus, PusherStatus, ScreenStatus, Status};
use crate::settings::address::without_secrets;
use crate::settings::{PusherSettings, ScreenSettings};
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

/// The pusher: its properties in force (addresses without their secrets) and its state.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PusherState {
    pub properties: PusherSettings,
    pub status: PusherStatus,
}

/// The screen: its properties in force, how it is shared, and the device.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ScreenState {
    pub properties: ScreenSettings,
    pub status: ScreenStatus,
    pub display: DeviceStatus,
}

/// What a snapshot is, for a client that asks for JSON instead of the image itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SnapshotState {
    pub format: ImageFormat,
    pub width: u32,
    pub height: u32,
    /// Where the daemon also wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The body of `POST /v1/standby`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StandbyRequest {
    pub on: bool,
}

/// The body of `POST /v1/scene`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneRequest {
    pub transition: Transition,
    /// The page that is in front now, for the status and the log.
    #[serde(default)]
    pub page: String,
}

/// The body of `POST /v1/pusher/set-zoom`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoomRequest {
    /// 1.0 (the whole picture) to 4.0.
    pub zoom: f64,
}

/// The longest name of a page.
const PAGE_NAME: usize = 200;

/// What is wanted of `GET /v1/events`.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct EventsQuery {
    /// Also tell how loud each player is.
    audiovolumenotify: bool,
}

pub(super) type Answer = Result<Response, Problem>;

/// Every path.
pub fn router(controls: Controls) -> Router {
    let not_found = || async { Problem::new(StatusCode::NOT_FOUND, "not-found", "see /openapi.json for all paths") };
    let wrong_method =
        || async { Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong-method", "see /openapi.json for all methods") };
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/pusher", get(show_pusher).patch(change_pusher))
        .route("/v1/pusher/snapshot", post(snapshot_pusher))
        .route("/v1/pusher/set-zoom", post(set_zoom))
        .route("/v1/pusher/{operation}", post(order_pusher))
        .route("/v1/players", get(players::show_players))
        .route("/v1/players/{id}", get(players::show_player).patch(players::change_player))
        .route("/v1/players/{id}/snapshot", post(players::snapshot_player))
        .route("/v1/players/{id}/request-full-screen", post(players::request_full_screen))
        .route("/v1/players/{id}/{operation}", post(players::order_player))
        .route("/v1/screen", get(show_screen).patch(change_screen))
        .route("/v1/scene", post(scene))
        .route("/v1/standby", post(standby))
        .route("/v1/events", get(events))
        .route("/metrics", get(scrape))
        .route("/openapi.json", get(description))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .with_state(controls)
}

#[utoipa::path(get, path = "/v1/status", tag = "terminal", responses((status = 200, body = Status)))]
pub(super) async fn status(State(controls): State<Controls>) -> Response {
    Json(&controls.window.view().status).into_response()
}

#[utoipa::path(get, path = "/v1/pusher", tag = "pusher", responses(
    (status = 200, body = PusherState),
    (status = 404, description = "No pusher is configured", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show_pusher(State(controls): State<Controls>) -> Answer {
    pusher_state(&controls)
}

/// Changes properties; all of them take effect, or none. Null resets a property to its default.
#[utoipa::path(patch, path = "/v1/pusher", tag = "pusher", request_body = PusherSettings, responses(
    (status = 200, description = "The state it led to", body = PusherState),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change_pusher(State(controls): State<Controls>, body: Body) -> Answer {
    let change: Map<String, Value> = required(body).await?;
    order(&controls, Command::Pusher(PusherCommand::Patch(change)), ANSWER_TIME).await?;
    pusher_state(&controls)
}

#[utoipa::path(post, path = "/v1/pusher/{operation}", tag = "pusher",
    params(("operation" = String, Path, description = "start, stop, pause, resume, switch-camera, start-preview or stop-preview")),
    responses(
        (status = 200, description = "The state it led to", body = PusherState),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn order_pusher(State(controls): State<Controls>, Path(name): Path<String>, body: Body) -> Answer {
    let command = match name.as_str() {
        "start" => PusherCommand::Start,
        "stop" => PusherCommand::Stop,
        "pause" => PusherCommand::Pause,
        "resume" => PusherCommand::Resume,
        "switch-camera" => PusherCommand::SwitchCamera,
        "start-preview" => PusherCommand::StartPreview,
        "stop-preview" => PusherCommand::StopPreview,
        _ => {
            let all = "start, stop, pause, resume, switch-camera, start-preview, stop-preview, set-zoom and snapshot";
            return Err(no_operation(all));
        }
    };
    optional::<Nothing>(body).await?;
    order(&controls, Command::Pusher(command), ANSWER_TIME).await?;
    pusher_state(&controls)
}

/// Answers the image itself, with its path in `snapshot-path` when the daemon also wrote it; or, to
/// `Accept: application/json`, what it is.
#[utoipa::path(post, path = "/v1/pusher/snapshot", tag = "pusher", request_body = SnapshotRequest, responses(
    (status = 200, content((String = "image/png"), (String = "image/jpeg"), (SnapshotState = "application/json"))),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn snapshot_pusher(State(controls): State<Controls>, headers: HeaderMap, body: Body) -> Answer {
    let request = optional(body).await?;
    snapshot(&controls, Command::Pusher(PusherCommand::Snapshot(request)), &headers).await
}

/// Zooms in by a factor, with the camera's lens where it has one, else by a centre crop.
#[utoipa::path(post, path = "/v1/pusher/set-zoom", tag = "pusher", request_body = ZoomRequest, responses(
    (status = 200, description = "The state it led to", body = PusherState),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn set_zoom(State(controls): State<Controls>, body: Body) -> Answer {
    let ZoomRequest { zoom } = required(body).await?;
    order(&controls, Command::Pusher(PusherCommand::SetZoom(zoom)), ANSWER_TIME).await?;
    pusher_state(&controls)
}

#[utoipa::path(get, path = "/v1/screen", tag = "terminal", responses((status = 200, body = ScreenState)))]
pub(super) async fn show_screen(State(controls): State<Controls>) -> Response {
    let view = controls.window.view();
    let (properties, status, display) = (view.screen, view.status.screen.clone(), view.status.display.clone());
    Json(ScreenState { properties, status, display }).into_response()
}

/// Changes properties; all of them take effect, or none. Null resets a property to its default.
#[utoipa::path(patch, path = "/v1/screen", tag = "terminal", request_body = ScreenSettings, responses(
    (status = 200, description = "The state it led to", body = ScreenState),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change_screen(State(controls): State<Controls>, body: Body) -> Answer {
    let change: Map<String, Value> = required(body).await?;
    order(&controls, Command::Screen(change), ANSWER_TIME).await?;
    Ok(show_screen(State(controls)).await)
}

/// The user interface changed its page: players pause, shrink or go on, as their properties say.
#[utoipa::path(post, path = "/v1/scene", tag = "terminal", request_body = SceneRequest, responses(
    (status = 200, description = "The state it led to", body = Status),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn scene(State(controls): State<Controls>, body: Body) -> Answer {
    let SceneRequest { transition, page } = required(body).await?;
    if page.chars().count() > PAGE_NAME || page.chars().any(char::is_control) {
        let words = format!("page: a name of at most {PAGE_NAME} characters is needed");
        return Err(Problem::unfit("page", words));
    }
    order(&controls, Command::Scene(transition, page), ANSWER_TIME).await?;
    Ok(status(State(controls)).await)
}

#[utoipa::path(post, path = "/v1/standby", tag = "terminal", request_body = StandbyRequest, responses(
    (status = 200, description = "The state it led to", body = Status),
    (status = "4XX", body = Problem, content_type = "application/problem+json"),
    (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn standby(State(controls): State<Controls>, body: Body) -> Answer {
    let StandbyRequest { on } = required(body).await?;
    order(&controls, Command::Standby { on }, ANSWER_TIME).await?;
    Ok(status(State(controls)).await)
}

/// Server-sent events: `state` (the full status) first, then `event` as things happen and `netstatus` each
/// second; with `audiovolumenotify=true` also `audiovolumenotify` five times a second for each player.
/// `Last-Event-ID` replays up to 1000 missed events. To `Accept: application/json`: the kept events.
#[utoipa::path(get, path = "/v1/events", tag = "terminal",
    params(EventsQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last event the client knows")),
    responses((status = 200, content((Event = "text/event-stream"), (Vec<Event> = "application/json")))))]
pub(super) async fn events(
    State(controls): State<Controls>,
    query: Result<Query<EventsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Answer {
    let Query(query) = query.map_err(|_| {
        let words = "allowed is audiovolumenotify=true or audiovolumenotify=false";
        Problem::new(StatusCode::BAD_REQUEST, "invalid-query", words).of_field("audiovolumenotify")
    })?;
    if accepts(&headers, "application/json") {
        let recent = controls.events.recent();
        return Ok(Json(recent.iter().map(|event| &**event).collect::<Vec<_>>()).into_response());
    }
    let after = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    Ok(stream::events(&controls, after, query.audiovolumenotify).into_response())
}

/// The state as Prometheus text.
#[utoipa::path(get, path = "/metrics", tag = "terminal", responses((status = 200, body = String)))]
pub(super) async fn scrape(State(controls): State<Controls>) -> Response {
    let text = metrics::text(&controls.window.view().status);
    ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], text).into_response()
}

async fn description() -> Response {
    Json(openapi::document()).into_response()
}

/// Gives an order and waits for its answer at most `time`.
pub(super) async fn order(controls: &Controls, command: Command, time: Duration) -> Result<Reply, Problem> {
    let late = |status, kind, words| Err(Problem::new(status, kind, words));
    match tokio::time::timeout(time, (controls.orders)(command)).await {
        Ok(Ok(Reply::Refused(refusal))) => Err(refusal.into()),
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(_)) => late(StatusCode::SERVICE_UNAVAILABLE, "ending", "the daemon is ending or overloaded"),
        Err(_) => late(StatusCode::GATEWAY_TIMEOUT, "no-answer", "the order may still take effect"),
    }
}

pub(super) async fn snapshot(controls: &Controls, command: Command, headers: &HeaderMap) -> Answer {
    let Reply::Snapshot(picture) = order(controls, command, SNAPSHOT_TIME).await? else {
        return Err(Problem::new(StatusCode::CONFLICT, "no-picture", "no picture was taken"));
    };
    let path = picture.path.as_ref().map(|path| path.to_string_lossy().into_owned());
    if accepts(headers, "application/json") {
        let (format, width, height) = (picture.format, picture.width, picture.height);
        return Ok(Json(SnapshotState { format, width, height, path }).into_response());
    }
    let mut response = ([(header::CONTENT_TYPE, picture.format.media_type())], picture.bytes).into_response();
    if let Some(path) = path.and_then(|path| HeaderValue::from_str(&path).ok()) {
        response.headers_mut().insert(HeaderName::from_static("snapshot-path"), path);
    }
    Ok(response)
}

fn pusher_state(controls: &Controls) -> Answer {
    let view = controls.window.view();
    let (Some(properties), Some(status)) = (view.pusher.clone(), view.status.pusher.clone()) else {
        let words = "the configuration has no [pusher]";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-configured", words));
    };
    let shown = |text: &Option<String>| text.as_deref().map(without_secrets);
    let (url, waiting_image) = (shown(&properties.url), properties.waiting_image.clone());
    let waiting_image = waiting_image.map(|text| if text.contains("://") { without_secrets(&text) } else { text });
    Ok(Json(PusherState { properties: PusherSettings { url, waiting_image, ..properties }, status }).into_response())
}

pub(super) fn no_operation(all: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not-found", format!("operations are {all}"))
}

/// Whether the client names `media_type` as one it takes.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(|text| text.contains(media_type)))
}
