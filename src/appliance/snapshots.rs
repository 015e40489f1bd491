//! Pictures of what is sent, received or seen: asked for now, answered when they are there.

use super::{Appliance, Output, no_player, no_pusher, refuse};
use crate::api::code;
use crate::api::command::{NoSnapshot, Picture, Refusal, Reply, SnapshotRequest, Ticket};
use crate::api::event::{Happening, Object};
use crate::api::plan::Effect;
use serde_json::json;

impl Appliance {
    /// Asks the worker for one; its answer comes later. `Err`: there can be none.
    pub(super) fn snapshot(&mut self, ticket: Ticket, object: Object, request: SnapshotRequest) -> Result<(), Refusal> {
        match &object {
            Object::Player(id) if !self.players.iter().any(|player| player.settings().id == *id) => {
                return Err(no_player(id));
            }
            Object::Pusher if self.pusher.is_none() => return Err(no_pusher()),
            Object::Pusher if self.standby => {
                return Err(refuse(object, "standby", "", "the terminal is in standby: its camera is closed"));
            }
            _ => {}
        }
        self.snapshots.push((ticket, object.clone()));
        self.outputs.push_back(Output::Effect(Effect::Snapshot { ticket, object, request }));
        Ok(())
    }

    /// A worker took one, or could not.
    pub(super) fn snapshot_taken(&mut self, ticket: Ticket, result: Result<Picture, NoSnapshot>) {
        let Some(place) = self.snapshots.iter().position(|(waiting, _)| *waiting == ticket) else { return };
        let (_, object) = self.snapshots.swap_remove(place);
        let detail = match &result {
            Ok(picture) => json!({ "width": picture.width, "height": picture.height, "path": picture.path }),
            Err(error) => json!({ "error": error.kind, "reason": error.words }),
        };
        let code = code::PUSH_EVT_SNAPSHOT_RESULT;
        self.outputs.push_back(Output::Happened(Happening { object: object.clone(), code, detail }));
        let reply = match result {
            Ok(picture) => Reply::Snapshot(picture),
            Err(error) => Reply::Refused(refuse(object, error.kind, "", &error.words)),
        };
        self.reply(ticket, reply);
    }
}
