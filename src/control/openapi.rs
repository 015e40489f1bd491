//! The description of the API for programs, made from the same types and functions that serve it.

use super::problem::Problem;
use super::{api, players};
use crate::api::command::SnapshotRequest;
use crate::api::event::Event;
use crate::api::volume::AudioVolume;
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "visavis", description = "Control of a video-call terminal over its Unix socket."),
    paths(
        api::status,
        api::show_pusher,
        api::change_pusher,
        api::order_pusher,
        api::set_zoom,
        api::snapshot_pusher,
        players::show_players,
        players::show_player,
        players::change_player,
        players::order_player,
        players::request_full_screen,
        players::snapshot_player,
        api::show_screen,
        api::change_screen,
        api::scene,
        api::standby,
        api::events,
        api::scrape,
    ),
    components(schemas(Problem, SnapshotRequest, Event, AudioVolume))
)]
struct Description;

/// The OpenAPI 3.1 document.
pub fn document() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
