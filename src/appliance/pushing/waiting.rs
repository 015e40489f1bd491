//! The waiting image: what is wanted, which one is in effect, and what the log says of it.

use super::super::Output;
use super::Pushing;
use crate::api::code;
use crate::api::plan::{Effect, PictureSource};
use crate::api::status::{PushStats, WaitingImageStatus};
use crate::media::Size;
use serde_json::json;

impl Pushing {
    /// Tells of another size when the card is sent in one of its own (it is made as small as 20 kbit/s ask for), and
    /// when the camera's picture is back. `stats` are the newest; a size counts once two in a row agree.
    pub(super) fn size_news(&mut self, stats: &PushStats) {
        let size = Size::new(stats.video_width, stats.video_height);
        let before = (self.stats.video_width, self.stats.video_height);
        if size.is_empty() || before != (size.width, size.height) {
            return;
        }
        let card = self.plan.as_ref().is_some_and(|plan| matches!(plan.picture, PictureSource::Card(_)));
        let (camera, told) = self.sent_sizes;
        self.sent_sizes = match (card, told) {
            (true, None) if camera.is_empty() || camera == size => return,
            (true, told) if told == Some(size) => return,
            (true, _) => (camera, Some(size)),
            (false, Some(told)) if told == size => return,
            (false, _) => (size, None),
        };
        if card || told.is_some() {
            let detail = json!({ "width": size.width, "height": size.height });
            self.happened(code::PUSH_EVT_CHANGE_RESOLUTION, detail);
        }
    }

    /// Its worker has news: a line for the log where something changed.
    pub(super) fn waiting_news(&mut self, now: &WaitingImageStatus) {
        let old = std::mem::replace(&mut self.waiting, now.clone());
        let shown = now.words();
        let trouble = !now.problem.is_empty();
        let words = match trouble {
            true if old.problem != now.problem => format!("waiting image {}; {shown} is sent instead", now.problem),
            false
                if (&old.place, &old.md5, old.from) != (&now.place, &now.md5, now.from) || !old.problem.is_empty() =>
            {
                format!("waiting image: {shown} is sent when there is no picture of the camera")
            }
            _ => return,
        };
        self.outputs.push(Output::Effect(Effect::Note { trouble, words, since: None }));
    }
}
