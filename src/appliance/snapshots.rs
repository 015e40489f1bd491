//! Pictures of what is sent, received or seen: asked for now, answered when they are there.

use super::{Appliance, Output, no_player, no_pusher, refuse};
use crate::api::code;
use crate::api::command::{NoSnapshot, Picture, Refusal, Reply, SnapshotRequest, Ticket};
use crate::api::event::{Happening, Object};
use crate::api::plan::Effect;
use crate::media::{Span, Time};
use serde_json::json;

/// A worker that has not answered by then will not: it failed meanwhile. Whoever asks over the socket waits for ten
/// seconds.
const PATIENCE: Span = Span::secs(8);

/// One that was asked for.
#[derive(Debug)]
pub(super) struct Awaited {
    ticket: Ticket,
    object: Object,
    /// When it is given up.
    limit: Time,
}

impl Appliance {
    /// Asks the worker for one; its answer comes later. `Err`: there can be none.
    pub(super) fn snapshot(
        &mut self,
        ticket: Ticket,
        object: Object,
        request: SnapshotRequest,
        now: Time,
    ) -> Result<(), Refusal> {
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
        self.snapshots.push(Awaited { ticket, object: object.clone(), limit: now + PATIENCE });
        self.outputs.push_back(Output::Effect(Effect::Snapshot { ticket, object, request }));
        Ok(())
    }

    /// A worker took one, or could not.
    pub(super) fn snapshot_taken(&mut self, ticket: Ticket, result: Result<Picture, NoSnapshot>) {
        let Some(place) = self.snapshots.iter().position(|awaited| awaited.ticket == ticket) else { return };
        let Awaited { object, .. } = self.snapshots.swap_remove(place);
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

    /// When the next one is given up.
    pub(super) fn snapshot_deadline(&self) -> Option<Time> {
        self.snapshots.iter().map(|awaited| awaited.limit).min()
    }

    /// Gives up those that nobody answers any more.
    pub(super) fn give_up_snapshots(&mut self, now: Time) {
        let overdue: Vec<Ticket> =
            self.snapshots.iter().filter(|awaited| awaited.limit <= now).map(|awaited| awaited.ticket).collect();
        for ticket in overdue {
            let words = format!("no picture came within {PATIENCE}");
            self.snapshot_taken(ticket, Err(NoSnapshot { kind: "no-picture", words }));
        }
    }
}
