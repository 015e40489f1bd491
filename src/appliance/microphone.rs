//! What the life of the microphone means. Its absence is silence of exactly the same length, never a gap.

use crate::api::code::{self, Code};
use crate::api::fault::{DeviceError, Fault};
use crate::api::notice::DeviceNotice;
use crate::api::status::{DeviceState, DeviceStatus};
use serde_json::{Value, json};

/// The microphone as its notices tell it.
#[derive(Debug, Default)]
pub struct MicrophoneState {
    status: DeviceStatus,
    /// What was opened last, in words.
    mode: String,
    /// Why it gives nothing, and whether that was told.
    lost: Option<DeviceError>,
    told: bool,
}

impl MicrophoneState {
    pub fn status(&self) -> &DeviceStatus {
        &self.status
    }

    /// Its worker has news.
    pub fn handle(&mut self, news: &DeviceNotice) {
        if let DeviceNotice::Opened { words } = news {
            self.mode.clone_from(words);
            // A microphone that was lost stays so, and says why, until there is sound.
            if self.status.state == DeviceState::Lost {
                return;
            }
        }
        let (state, words) = match news {
            DeviceNotice::Opened { words } => (DeviceState::Opening, words.clone()),
            DeviceNotice::FirstFrame => (DeviceState::Running, self.mode.clone()),
            DeviceNotice::Closed => (DeviceState::Closed, String::new()),
            DeviceNotice::Lost(error) => (DeviceState::Lost, error.to_string()),
        };
        self.status = DeviceStatus { state, words };
        match news {
            DeviceNotice::Lost(error) => self.lost = Some(error.clone()),
            DeviceNotice::FirstFrame | DeviceNotice::Closed => (self.lost, self.told) = (None, false),
            DeviceNotice::Opened { .. } => {}
        }
    }

    /// The event that is due while it is `wanted`. A failure is told once until sound comes again or it is asked for anew.
    pub fn event(&mut self, wanted: bool) -> Option<(&'static Code, Value)> {
        self.told &= wanted;
        let error = self.lost.as_ref().filter(|_| wanted && !self.told)?;
        self.told = true;
        let code = match error.fault {
            Fault::Unsupported => code::PUSH_ERR_UNSUPPORTED_SAMPLERATE,
            _ => code::PUSH_ERR_OPEN_MIC_FAIL,
        };
        let fault = error.fault.to_string();
        Some((code, json!({ "fault": fault, "device": error.device, "reason": error.words })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_microphone_is_told_once_until_it_was_heard_again_or_is_asked_for_anew() {
        let mut microphone = MicrophoneState::default();
        let lost = |fault| DeviceNotice::Lost(DeviceError::new(fault, "hw:1", "test"));
        let told = |microphone: &mut MicrophoneState, news| {
            microphone.handle(&news);
            microphone.event(true).map(|(code, _)| code.number)
        };
        assert_eq!(told(&mut microphone, lost(Fault::Gone)), Some(-1302));
        assert_eq!(told(&mut microphone, lost(Fault::Missing)), None);
        microphone.handle(&DeviceNotice::Opened { words: "mode".into() });
        assert_eq!(*microphone.status(), DeviceStatus { state: DeviceState::Lost, words: "hw:1: test".into() });
        microphone.handle(&DeviceNotice::FirstFrame);
        assert_eq!(*microphone.status(), DeviceStatus { state: DeviceState::Running, words: "mode".into() });
        assert_eq!(told(&mut microphone, lost(Fault::Unsupported)), Some(-1306));
        assert!(microphone.event(false).is_none(), "nobody misses it");
        assert_eq!(microphone.event(true).map(|(code, _)| code.number), Some(-1306));
        assert_eq!(told(&mut microphone, DeviceNotice::Closed), None);
        assert_eq!(told(&mut microphone, lost(Fault::Unsupported)), Some(-1306));
    }
}
