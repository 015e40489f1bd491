//! What the life of the microphone means. Its absence is silence of exactly the same length, never a gap.

use crate::api::code::{self, Code};
use crate::api::fault::Fault;
use crate::api::notice::DeviceNotice;
use crate::api::status::{DeviceState, DeviceStatus};
use serde_json::{Value, json};

/// The microphone as its notices tell it.
#[derive(Debug, Default)]
pub struct MicrophoneState {
    status: DeviceStatus,
    /// What was opened last, in words.
    mode: String,
    failed: bool,
}

impl MicrophoneState {
    pub fn status(&self) -> &DeviceStatus {
        &self.status
    }

    /// Its worker has news: the event that follows. A failure is told once until sound comes again.
    pub fn handle(&mut self, news: &DeviceNotice) -> Option<(&'static Code, Value)> {
        if let DeviceNotice::Opened { words } = news {
            self.mode.clone_from(words);
            // A microphone that was lost stays so, and says why, until there is sound.
            if self.status.state == DeviceState::Lost {
                return None;
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
            DeviceNotice::FirstFrame => self.failed = false,
            DeviceNotice::Lost(error) if !std::mem::replace(&mut self.failed, true) => {
                let code = match error.fault {
                    Fault::Unsupported => code::PUSH_ERR_UNSUPPORTED_SAMPLERATE,
                    _ => code::PUSH_ERR_OPEN_MIC_FAIL,
                };
                let fault = error.fault.to_string();
                return Some((code, json!({ "fault": fault, "device": error.device, "reason": error.words })));
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::fault::DeviceError;

    #[test]
    fn a_lost_microphone_is_told_once_until_it_was_heard_again() {
        let mut microphone = MicrophoneState::default();
        let lost = |fault| DeviceNotice::Lost(DeviceError::new(fault, "hw:1", "test"));
        let told = |event: Option<(&'static Code, Value)>| event.map(|(code, _)| code.number);
        assert_eq!(told(microphone.handle(&lost(Fault::Gone))), Some(-1302));
        assert_eq!(told(microphone.handle(&lost(Fault::Missing))), None);
        microphone.handle(&DeviceNotice::Opened { words: "mode".into() });
        assert_eq!(*microphone.status(), DeviceStatus { state: DeviceState::Lost, words: "hw:1: test".into() });
        microphone.handle(&DeviceNotice::FirstFrame);
        assert_eq!(*microphone.status(), DeviceStatus { state: DeviceState::Running, words: "mode".into() });
        assert_eq!(told(microphone.handle(&lost(Fault::Unsupported))), Some(-1306));
    }
}
