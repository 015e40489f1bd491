//! One camera gives way to the other: the old one is kept until the new one delivers, or for good if it does not.

use super::super::refuse;
use super::Pushing;
use crate::api::code;
use crate::api::command::Refusal;
use crate::api::event::Object;
use crate::api::notice::DeviceNotice;
use crate::api::status::DeviceState;
use crate::media::Time;
use crate::settings::pusher::Position;
use serde_json::json;

impl Pushing {
    pub(super) fn has(&self, position: Position) -> bool {
        match position {
            Position::Front => self.board.camera.front.is_some(),
            Position::Back => self.board.camera.back.is_some(),
        }
    }

    pub(super) fn switch_to(&mut self, position: Position) -> Result<(), Refusal> {
        if !self.has(position) {
            let words = format!("this board has no {position:?} camera").to_lowercase();
            return Err(refuse(Object::Pusher, "no-such-camera", "device-position", &words));
        }
        if self.camera.status().state == DeviceState::Running {
            match self.switching_from.take().unwrap_or((self.settings.device_position, self.asked)) {
                // Back to the one that still delivers ends the switch.
                (old, asked) if old == position => self.asked = asked,
                old => {
                    self.switching_from = Some(old);
                    self.ask();
                }
            }
        } else {
            self.camera.closed();
            self.switching_from = None;
        }
        self.settings.device_position = position;
        Ok(())
    }

    /// A camera is asked for: under a number of its own, so that there is an answer to each asking.
    pub(super) fn ask(&mut self) {
        self.asks += 1;
        self.asked = self.asks;
    }

    /// News of the camera at a position that was asked for under a number.
    pub(super) fn camera_news(&mut self, camera: (Position, u64), news: &DeviceNotice, now: Time) {
        let wanted = camera == (self.settings.device_position, self.asked);
        // The last words of a worker that was told to close it, and answers to what was asked before.
        if self.camera.status().state == DeviceState::Closed || !wanted && self.switching_from != Some(camera) {
            return;
        }
        if let Some((old, asked)) = self.switching_from
            && wanted
        {
            match news {
                DeviceNotice::Lost(error) => {
                    self.switching_from = None;
                    (self.settings.device_position, self.asked) = (old, asked);
                    let detail = json!({ "reason": error.to_string(), "kept": format!("{old:?}").to_lowercase() });
                    self.happened(code::PUSH_ERR_OPEN_CAMERA_FAIL, detail);
                    return;
                }
                DeviceNotice::FirstFrame => self.switching_from = None,
                _ => {}
            }
        }
        for (code, detail) in self.camera.handle(news, now) {
            self.happened(code, detail);
        }
    }
}
