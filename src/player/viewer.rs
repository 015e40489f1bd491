//! What becomes of a session's pictures on the screen: counted, and told.

use super::session::Session;
use super::stats::Gauges;
use crate::api::notice::PlayNews;
use crate::flow::frame::{Audience, Timed};
use crate::media::Time;
use std::sync::Arc;

/// The audience of one session's pictures.
pub struct Viewer {
    pub session: Arc<Session>,
    pub gauges: Arc<Gauges>,
}

impl Audience for Viewer {
    fn shown(&self, picture: &Timed, at: Time) {
        self.gauges.presented(at, picture.decoded, picture.captured);
        self.session.shown();
    }

    fn overtaken(&self) {
        self.gauges.overtaken();
    }

    fn late(&self) {
        self.session.trouble(PlayNews::PlayLag);
    }

    fn failed(&self, reason: String) {
        self.session.trouble(PlayNews::VideoDecodeFailed(reason));
    }
}
