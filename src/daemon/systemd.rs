//! What the service manager is told: ready, what is going on, that every thread lives, and the end (sd_notify(3)).
//!
//! Without a service manager all of it is silent.

use super::vigil::Vigil;
use crate::api::status::{DeviceState, PusherStatus, SessionState, Status};
use crate::control::Window;
use crate::flow::worker::Pulse;
use crate::media::{Span, Time};
use sd_notify::NotifyState;

/// Says that the terminal can be used, or can be used again after [`reloading`].
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// Says that the settings are being read again. [`ready`] has to follow.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// Says that the end has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("leaving the servers")]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!("the service manager could not be told: {error}");
    }
}

/// Keeps the service manager informed while the terminal runs.
pub struct Attendant {
    pulses: Vec<Pulse>,
    vigil: Vigil,
    window: Window,
    told: String,
}

impl Attendant {
    /// Watches the threads `pulses` and what stands in `window`, from `now` on.
    pub fn new(pulses: Vec<Pulse>, window: Window, now: Time) -> Self {
        let limit = sd_notify::watchdog_enabled().and_then(|limit| i64::try_from(limit.as_micros()).ok());
        Self { pulses, vigil: Vigil::new(limit.map(Span::micros), now), window, told: String::new() }
    }

    /// To be called often, at least once a second.
    pub fn turn(&mut self, now: Time) {
        let turn = self.vigil.turn(self.pulses.iter().map(|pulse| (pulse.name(), pulse.last())), now);
        if let Some(worker) = turn.silent {
            tracing::error!("the thread {worker} hangs: unless it goes on, the watchdog restarts the service");
        }
        if turn.feed {
            tell(&[NotifyState::Watchdog]);
        }
        if turn.ask {
            self.pulses.iter().for_each(Pulse::ask);
        }
        let words = summary(&self.window.view().status);
        if words != self.told {
            tell(&[NotifyState::Status(&words)]);
            self.told = words;
        }
    }
}

/// The terminal in one line, without figures that change all the time: what `systemctl status` shows.
pub fn summary(status: &Status) -> String {
    let mut parts = Vec::new();
    if !status.degraded.is_empty() {
        parts.push("degraded".to_owned());
    }
    if status.standby {
        parts.push("standby".to_owned());
    }
    if let Some(it) = &status.pusher {
        parts.push(pusher(it));
        parts.extend([lost("camera", it.camera.state), lost("microphone", it.microphone.state)].into_iter().flatten());
    }
    for it in &status.players {
        let waiting = if it.loading && it.state == SessionState::Live { ", waiting for data" } else { "" };
        parts.push(format!("{} {}{waiting}", it.id, it.state.words()));
    }
    parts.extend([lost("speaker", status.speaker.state), lost("screen", status.display.state)].into_iter().flatten());
    if parts.is_empty() { "idle: nothing is configured".into() } else { parts.join("; ") }
}

fn pusher(it: &PusherStatus) -> String {
    let card = if it.state == SessionState::Live && it.picture == "waiting-image" { ", waiting card" } else { "" };
    let muted = if it.muted { ", muted" } else { "" };
    format!("pusher {}{card}{muted}", it.state.words())
}

fn lost(name: &str, state: DeviceState) -> Option<String> {
    (state == DeviceState::Lost).then(|| format!("{name} lost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::status::{DeviceStatus, PlayerStatus};

    #[test]
    fn a_line_tells_what_runs_and_what_is_missing() {
        assert_eq!(summary(&Status::default()), "idle: nothing is configured");
        let gone = DeviceStatus { state: DeviceState::Lost, words: "hw:1: missing".into() };
        let pusher = PusherStatus {
            state: SessionState::Live,
            picture: "waiting-image".into(),
            camera: gone.clone(),
            muted: true,
            ..Default::default()
        };
        let agent = PlayerStatus { id: "agent".into(), state: SessionState::Live, loading: true, ..Default::default() };
        let status = Status {
            pusher: Some(pusher),
            players: vec![agent],
            display: gone,
            degraded: vec!["line 3".into()],
            ..Default::default()
        };
        assert_eq!(
            summary(&status),
            "degraded; pusher live, waiting card, muted; camera lost; agent live, waiting for data; \
             screen lost"
        );
        let status = Status { standby: true, ..Default::default() };
        assert_eq!(summary(&status), "standby");
    }
}
