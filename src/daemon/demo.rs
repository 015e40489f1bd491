//! `visavisd demo`: a whole call on one machine without devices, network or configuration.
//!
//! Test card and marked tone go through the real way up, a relay on loopback and the real way down; the
//! delays are read from what is shown and heard.

use super::inbox::Inbox;
use super::relay::Relay;
use super::say;
use super::terminal::{self, Outputs, Terminal};
use crate::api::command::Command;
use crate::api::status::{PlayStats, PushStats, Status};
use crate::control::{View, Window};
use crate::device::clock;
use crate::device::synthetic::{Meter, MeteredDisplay, MeteredSpeaker, Readings};
use crate::media::{Span, Time};
use crate::settings::board::{CameraDriver, Cameras, DisplayDriver, MicrophoneDriver, SpeakerDriver, Speakers};
use crate::settings::player::PlayMode;
use crate::settings::pusher::{AudioVolumeType, Orientation, PushMode};
use crate::settings::{Board, PlayerSettings, PusherSettings, Settings};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the demo is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the call lasts.
    pub seconds: u32,
    /// Where the picture of the screen is written.
    pub screen: PathBuf,
}

/// Runs the demo and prints its summary; false when no picture came through.
pub fn run(options: &Options) -> io::Result<bool> {
    let relay = Relay::start()?;
    let meter = Meter::new();
    let board = board(&options.screen);
    let started = clock::now();
    let window = Window::default();
    let settings = settings(&relay.url("demo"));
    let (mut terminal, inbox) =
        Terminal::start(settings, &board, metered(&board, &meter), vec![], window.clone(), Arc::default())?;
    say("visavis demo: test card and tone -> H.264, AAC -> RTMP relay on this machine -> screen and loudspeaker\n");
    let mut screen = Screen {
        started,
        end: started + Span::secs(options.seconds.into()),
        next: started,
        first: None,
        leaving: false,
        last: Arc::default(),
        stamps: Vec::new(),
    };
    terminal.run(|now| screen.turn(now, &meter, &window, &inbox));
    drop(terminal);
    say(&summary(&screen, &meter.readings(), &screen.last.status, &options.screen));
    Ok(screen.first.is_some())
}

/// What a person sees while the call lasts.
struct Screen {
    started: Time,
    end: Time,
    next: Time,
    /// When the first picture was on the screen.
    first: Option<Span>,
    leaving: bool,
    /// How things were before the call was ended.
    last: Arc<View>,
    /// What the stamps in the stream said, second by second, in ms: the whole way, and the network's part.
    stamps: Vec<(f64, f64)>,
}

impl Screen {
    fn turn(&mut self, now: Time, meter: &Meter, window: &Window, inbox: &Inbox) {
        let readings = meter.readings();
        if self.first.is_none() && readings.picture.count > 0 {
            // The player's notice of its first picture wakes this at once.
            self.first = Some(now - self.started);
        }
        if now >= self.next && !self.leaving {
            self.next = now + Span::secs(1);
            self.last = window.view();
            let down = self.last.status.players.first().map(|player| &player.net);
            self.stamps.extend(down.and_then(|net| net.latency_end_to_end.zip(net.latency_net)));
            line(&status_line(now - self.started, &readings, window));
        }
        if now >= self.end && !std::mem::replace(&mut self.leaving, now >= self.end) {
            drop(inbox.order(Command::Shutdown));
        }
    }
}

/// One line that is written over again on a terminal, and stands for itself elsewhere.
fn line(text: &str) {
    let mut out = io::stdout().lock();
    // A reader that went away does not end the demo.
    let _ = if out.is_terminal() { write!(out, "\r\x1b[K{text}") } else { writeln!(out, "{text}") };
    let _ = out.flush();
}

fn status_line(at: Span, readings: &Readings, window: &Window) -> String {
    let status = &window.view().status;
    let up = status.pusher.as_ref().map(|pusher| pusher.net.clone()).unwrap_or_default();
    let down = status.players.first().map(|player| player.net.clone()).unwrap_or_default();
    format!(
        "{:>3} s  picture {:>8}  sound {:>8}  {:>4} kbit/s video  {:>3} kbit/s sound  {:>4.1} fps  jitter buffer {:.0} ms",
        at.as_millis() / 1000,
        words(readings.picture.last()),
        words(readings.sound.last()),
        up.video_bitrate,
        up.audio_bitrate,
        down.video_fps,
        down.jitter_buffer_ms,
    )
}

fn words(span: Option<Span>) -> String {
    span.map_or_else(|| "-".into(), |span| span.to_string())
}

fn summary(screen: &Screen, readings: &Readings, last: &Status, file: &Path) -> String {
    let (picture, sound) = (&readings.picture, &readings.sound);
    let up = last.pusher.as_ref().map(|pusher| pusher.net.clone()).unwrap_or_default();
    let down = last.players.first().map(|player| player.net.clone()).unwrap_or_default();
    let end = if io::stdout().is_terminal() { "\r\x1b[K" } else { "" };
    format!(
        "{end}\nThe call, from lens to screen and from microphone to loudspeaker\n\
         \x20 first picture  {} after the start\n\
         \x20 picture        {} median, {} in the worst of a hundred; {} shown, {} missing\n\
         \x20 stamps say     {}\n\
         \x20 sound          {} median (AAC alone takes 43 to 64 ms); {} marks heard\n\
         \x20 sent           {}\n\
         \x20 received       {}\n\
         \x20 screen         {}\n",
        words(screen.first),
        words(picture.percentile(50)),
        words(picture.percentile(99)),
        readings.pictures,
        readings.missing,
        stamps(&screen.stamps),
        words(sound.percentile(50)),
        sound.count,
        sent(&up),
        received(&down),
        file.display(),
    )
}

/// What the stamps in the stream say of the same way, as any player of it can tell.
fn stamps(seconds: &[(f64, f64)]) -> String {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let middle = sorted.get(sorted.len() / 2);
    middle.map_or_else(|| "-".into(), |(whole, net)| format!("{whole:.1} ms median, {net:.1} ms of it on the network"))
}

fn sent(up: &PushStats) -> String {
    format!(
        "{}x{}, {} kbit/s video, {} kbit/s sound; encoding takes {:.1} ms, {} pictures shed",
        up.video_width, up.video_height, up.video_bitrate, up.audio_bitrate, up.latency_encode, up.dropped
    )
}

fn received(down: &PlayStats) -> String {
    format!(
        "{:.1} pictures a second; decoding takes {:.1} ms, the jitter buffer holds {:.0} ms",
        down.video_fps, down.latency_decode, down.jitter_buffer_ms
    )
}

fn settings(url: &str) -> Settings {
    let pusher = PusherSettings {
        url: Some(url.into()),
        mode: PushMode::RTC,
        autopush: true,
        orientation: Orientation::Horizontal,
        video_width: Some(640),
        video_height: Some(360),
        fps: 30,
        max_bitrate: 500,
        // Its loudspeaker is in nobody's room.
        audio_volume_type: AudioVolumeType::Media,
        ..PusherSettings::default()
    };
    let player = PlayerSettings {
        id: "demo".into(),
        src: Some(url.into()),
        mode: PlayMode::RTC,
        autoplay: true,
        ..PlayerSettings::default()
    };
    Settings { pusher: Some(pusher), players: vec![player], ..Settings::default() }
}

fn board(screen: &Path) -> Board {
    let card = |variant| CameraDriver::TestCard { variant, width: None, height: None, mount_rotation: 0 };
    Board {
        name: "demo".into(),
        camera: Cameras { front: Some(card(1)), back: Some(card(2)) },
        microphone: Some(MicrophoneDriver::Tone),
        speaker: Speakers { speaker: Some(SpeakerDriver::Null.into()), ear: Some(SpeakerDriver::Null.into()) },
        display: Some(DisplayDriver::Png { path: screen.into() }),
        buttons: vec![],
        lamps: vec![],
        compatible: vec![],
    }
}

/// The board's screen and loudspeakers with meters around them.
fn metered(board: &Board, meter: &Meter) -> Outputs {
    let Outputs { display, speaker } = terminal::outputs(board);
    let (at_display, at_speaker) = (meter.clone(), meter.clone());
    Outputs {
        display: Box::new(move || Ok(Box::new(MeteredDisplay::new(display()?, at_display.clone())))),
        speaker: Arc::new(move |mode| Ok(Box::new(MeteredSpeaker::new(speaker(mode)?, at_speaker.clone())))),
    }
}
