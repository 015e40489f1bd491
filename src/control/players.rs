//! `/v1/players`: every path of the ways down, what it takes and what it answers.

use super::Controls;
use super::api::{Answer, no_operation, order, snapshot};
use super::body::{Nothing, optional, required};
use super::limits::ANSWER_TIME;
use super::problem::Problem;
use crate::api::command::{Command, Direction, PlayerCommand, SnapshotRequest};
use crate::api::status::PlayerStatus;
use crate::settings::PlayerSettings;
use crate::settings::address::without_secrets;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A player: its properties in force (addresses without their secrets) and its state.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlayerState {
    pub properties: PlayerSettings,
    pub status: PlayerStatus,
}

/// The body of `POST /v1/players/{id}/request-full-screen`; it may be left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FullScreenRequest {
    /// Degrees by which the picture is turned: 0, 90 (clockwise) or -90.
    #[serde(default)]
    #[schema(value_type = i32)]
    pub direction: Value,
}

#[utoipa::path(get, path = "/v1/players", tag = "players", responses((status = 200, body = Vec<PlayerState>)))]
pub(super) async fn show_players(State(controls): State<Controls>) -> Response {
    Json(player_states(&controls)).into_response()
}

#[utoipa::path(get, path = "/v1/players/{id}", tag = "players", params(("id" = String, Path)), responses(
    (status = 200, body = PlayerState),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show_player(State(controls): State<Controls>, Path(id): Path<String>) -> Answer {
    player_state(&controls, &id)
}

/// Changes properties; all of them take effect, or none. Null resets a property to its default.
#[utoipa::path(patch, path = "/v1/players/{id}", tag = "players", params(("id" = String, Path)),
    request_body = PlayerSettings, responses(
        (status = 200, description = "The state it led to", body = PlayerState),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change_player(State(controls): State<Controls>, Path(id): Path<String>, body: Body) -> Answer {
    let change: Map<String, Value> = required(body).await?;
    order(&controls, Command::Player(id.clone(), PlayerCommand::Patch(change)), ANSWER_TIME).await?;
    player_state(&controls, &id)
}

#[utoipa::path(post, path = "/v1/players/{id}/{operation}", tag = "players",
    params(("id" = String, Path),
        ("operation" = String, Path, description = "play, stop, pause, resume, mute, unmute, exit-full-screen or exit-picture-in-picture")),
    responses(
        (status = 200, description = "The state it led to", body = PlayerState),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn order_player(
    State(controls): State<Controls>,
    Path((id, name)): Path<(String, String)>,
    body: Body,
) -> Answer {
    let command = match name.as_str() {
        "play" => PlayerCommand::Play,
        "stop" => PlayerCommand::Stop,
        "pause" => PlayerCommand::Pause,
        "resume" => PlayerCommand::Resume,
        "mute" => PlayerCommand::Mute,
        "unmute" => PlayerCommand::Unmute,
        "exit-full-screen" => PlayerCommand::ExitFullScreen,
        "exit-picture-in-picture" => PlayerCommand::ExitPictureInPicture,
        _ => {
            let all = "play, stop, pause, resume, mute, unmute, request-full-screen, exit-full-screen, \
                       exit-picture-in-picture and snapshot";
            return Err(no_operation(all));
        }
    };
    optional::<Nothing>(body).await?;
    order(&controls, Command::Player(id.clone(), command), ANSWER_TIME).await?;
    player_state(&controls, &id)
}

/// Fills the screen, over everything else.
#[utoipa::path(post, path = "/v1/players/{id}/request-full-screen", tag = "players", params(("id" = String, Path)),
    request_body = FullScreenRequest, responses(
        (status = 200, description = "The state it led to", body = PlayerState),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn request_full_screen(
    State(controls): State<Controls>,
    Path(id): Path<String>,
    body: Body,
) -> Answer {
    let FullScreenRequest { direction } = optional(body).await?;
    let degrees = if direction.is_null() { Some(0) } else { direction.as_i64() };
    let Some(direction) = degrees.and_then(Direction::from_degrees) else {
        let words = "direction: this is no direction, allowed 0, 90, -90";
        return Err(Problem::unfit("direction", words).allowing("0, 90, -90"));
    };
    order(&controls, Command::Player(id.clone(), PlayerCommand::RequestFullScreen(direction)), ANSWER_TIME).await?;
    player_state(&controls, &id)
}

/// Answers the image itself, with its path in `snapshot-path` when the daemon also wrote it; or, to
/// `Accept: application/json`, what it is.
#[utoipa::path(post, path = "/v1/players/{id}/snapshot", tag = "players", params(("id" = String, Path)),
    request_body = SnapshotRequest, responses(
        (status = 200, content((String = "image/png"), (String = "image/jpeg"), (super::api::SnapshotState = "application/json"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn snapshot_player(
    State(controls): State<Controls>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let request = optional(body).await?;
    snapshot(&controls, Command::Player(id, PlayerCommand::Snapshot(request)), &headers).await
}

fn player_states(controls: &Controls) -> Vec<PlayerState> {
    let view = controls.window.view();
    let both = view.players.iter().zip(&view.status.players);
    both.map(|(properties, status)| PlayerState {
        properties: PlayerSettings { src: properties.src.as_deref().map(without_secrets), ..properties.clone() },
        status: status.clone(),
    })
    .collect()
}

fn player_state(controls: &Controls, id: &str) -> Answer {
    match player_states(controls).into_iter().find(|player| player.properties.id == id) {
        Some(player) => Ok(Json(player).into_response()),
        None => Err(Problem::new(StatusCode::NOT_FOUND, "unknown-player", "GET /v1/players lists all players")),
    }
}
