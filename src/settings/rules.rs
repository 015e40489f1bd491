//! What no single key shows: contradictions between properties, and between devices of a board.

use super::schema::Found;
use super::{Board, PlayerSettings, PusherSettings, Settings, panel, signing};
use std::collections::HashSet;

/// A screen and a processor of the boards this is for have no room for more.
const MOST_PLAYERS: usize = 4;

/// What contradicts itself in `[pusher]`; paths begin inside the table.
pub fn pusher(pusher: &PusherSettings) -> Vec<Found> {
    let mut found = Vec::new();
    if pusher.min_bitrate > pusher.max_bitrate {
        let words = format!("{} is more than max-bitrate, allowed 30 to {}", pusher.min_bitrate, pusher.max_bitrate);
        found.push(Found::new(&["min-bitrate"], words));
    }
    match (pusher.video_width, pusher.video_height) {
        (Some(_), None) => found.push(Found::new(&["video-width"], "needs video-height beside it")),
        (None, Some(_)) => found.push(Found::new(&["video-height"], "needs video-width beside it")),
        (Some(width), Some(height)) if width.min(height) > 1088 => {
            let words = format!("{width}x{height} is too large, allowed 1920x1088 or 1088x1920");
            found.push(Found::new(&["video-height"], words));
        }
        _ => {}
    }
    if pusher.waiting_image_hash.is_some() && pusher.waiting_image.is_none() {
        found.push(Found::new(&["waiting-image-hash"], "needs waiting-image beside it"));
    }
    if let Some(url) = &pusher.url
        && let Some((field, words)) = signing::contradiction(url, pusher.signing.as_ref())
    {
        found.push(Found::new(field, words));
    }
    found
}

/// What contradicts itself in one `[[player]]`; paths begin inside the table.
pub fn player(player: &PlayerSettings) -> Vec<Found> {
    if player.min_cache > player.max_cache {
        let words = format!("{} is more than max-cache, allowed 0 to {}", player.min_cache, player.max_cache);
        return vec![Found::new(&["min-cache"], words)];
    }
    Vec::new()
}

/// What contradicts itself in the whole of `visavis.toml`.
pub fn settings(settings: &Settings) -> Vec<Found> {
    let mut found = Vec::new();
    if let Some(table) = &settings.pusher {
        found.extend(pusher(table).into_iter().map(|found| below(&["pusher".into()], found)));
    }
    let mut ids = HashSet::new();
    for (position, table) in settings.players.iter().enumerate() {
        let place = ["player".to_owned(), format!("#{position}")];
        found.extend(player(table).into_iter().map(|found| below(&place, found)));
        if !ids.insert(&table.id) {
            let words = format!("`{}` names two players, every id is allowed once", table.id);
            found.push(below(&place, Found::new(&["id"], words)));
        }
        if position == MOST_PLAYERS {
            let words = format!("{} players are too many, allowed {MOST_PLAYERS}", settings.players.len());
            found.push(below(&place, Found::new(&[], words)));
        }
    }
    found
}

/// What contradicts itself in a board profile.
pub fn board(board: &Board) -> Vec<Found> {
    panel::contradictions(&board.buttons, &board.lamps)
}

fn below(place: &[String], mut found: Found) -> Found {
    found.path.splice(0..0, place.iter().cloned());
    found
}
