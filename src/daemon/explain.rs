//! `visavisd explain`: what a configuration will do, in plain sentences.

use super::check::BAD_CONFIGURATION;
use super::{boards, files};
use crate::settings::address::without_secrets;
use crate::settings::board::{CameraDriver, DisplayDriver, MicrophoneDriver, PipeEnd, SpeakerDriver, Switch};
use crate::settings::player::{ObjectFit, PlayMode, SoundMode};
use crate::settings::policy::{GivesWay, Rates, Rung};
use crate::settings::pusher::{OnGiveUp, Orientation, Position};
use crate::settings::screen::Layout;
use crate::settings::{Board, PlayerSettings, Problems, PusherSettings, Settings, signing};
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

/// Prints what `config` will do on the board profile in `board`, or on this machine's.
/// Exit status 0, or 78 when the settings or a named profile can not be used.
pub fn run(config: &Path, board: Option<&Path>) -> ExitCode {
    let explained = || -> Result<String, Problems> {
        let settings = files::settings(config)?;
        match boards::choose(board) {
            Ok((file, profile)) => {
                Ok(format!("Board: {} ({})\n\n{}", profile.name, file.display(), words(&settings, Some(&profile))))
            }
            Err(problems) if board.is_some() => Err(problems),
            Err(problems) => {
                let why: Vec<&str> = problems.0.iter().map(|problem| problem.words.as_str()).collect();
                Ok(format!("Board: unknown, {}\n\n{}", why.join(", "), words(&settings, None)))
            }
        }
    };
    match explained() {
        Ok(words) => {
            super::say(&words);
            ExitCode::SUCCESS
        }
        Err(problems) => {
            eprintln!("{problems}");
            ExitCode::from(BAD_CONFIGURATION)
        }
    }
}

/// What `settings` do on `board`.
pub fn words(settings: &Settings, board: Option<&Board>) -> String {
    let mut text = String::new();
    match &settings.pusher {
        Some(it) => text += &pusher(it, board, settings.loudspeaker(board)),
        None => text += "Sends nothing: there is no [pusher].\n",
    }
    for it in &settings.players {
        text.push('\n');
        text += &player(it, board);
    }
    if settings.players.is_empty() {
        text += "\nPlays nothing: there is no [[player]].\n";
    }
    if settings.players.len() > 1 {
        let _ = writeln!(text, "\nScreen: {}.", layout(settings.screen.layout));
    }
    text += &board.map(panel).unwrap_or_default();
    let control = &settings.control;
    let _ = writeln!(
        text,
        "\nControl: {}, for root{}; no network port is opened.",
        control.socket.display(),
        control.allow_users.iter().filter(|user| *user != "root").map(|user| format!(", {user}")).collect::<String>()
    );
    let without: Vec<_> =
        settings.unsupported(board).into_iter().chain(board.into_iter().flat_map(Board::unsupported)).collect();
    if !without.is_empty() {
        text += "\nWithout effect in this version or on this board:\n";
    }
    for it in without {
        let _ = writeln!(text, "  {}: {}", it.property, it.reason);
    }
    for words in settings.warnings() {
        let _ = writeln!(text, "\nProbably a mistake: {words}");
    }
    text
}

fn layout(layout: Layout) -> &'static str {
    match layout {
        Layout::Full => "the first player that plays has it (layout = \"full\"), the others are heard",
        Layout::Pip => "the first player that plays has it, the others lie in its corners (layout = \"pip\")",
        Layout::Grid => "every player that plays has a part of the same size (layout = \"grid\")",
    }
}

/// What hands and eyes find at the terminal.
fn panel(board: &Board) -> String {
    let mut text = String::new();
    for it in &board.buttons {
        let short = it.short.map(|operation| format!("press = {}", operation.name()));
        let long = it.long.map(|operation| format!("held for 3 s = {}", operation.name()));
        let switch = it.switch.map(|Switch::Mute| "on = silence that nothing else ends".to_owned());
        let meaning: Vec<String> = [short, long, switch].into_iter().flatten().collect();
        let _ = write!(text, "\nButton {:?}: {}", it.name, meaning.join(", "));
    }
    for it in &board.lamps {
        let _ = write!(text, "\nLamp {:?}: shows {}", it.name, it.shows.name());
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn pusher(it: &PusherSettings, board: Option<&Board>, loudspeaker: bool) -> String {
    let kbps = it.max_bitrate;
    let mut text = format!("Sends to {}\n", address(&it.url, "url"));
    let mut say = |words: String| {
        let _ = writeln!(text, "  {words}");
    };
    if let (Some(url), Some(signing)) = (&it.url, &it.signing)
        && signing::signs(url)
    {
        let (stream, valid, key) = (signing::stream(url, signing), &signing.valid_for, &signing.key_file);
        say(format!("Signed at every connect: stream {stream}, valid for {valid}, key from {key}."));
    }
    say(started(it.autopush, "visavisctl pusher start"));
    say(format!(
        "Picture: H.264, {} at up to {} pictures a second and {kbps} kbit/s, an IDR picture every 2 s{}{}.",
        it.picture_size(kbps),
        it.picture_rate(kbps),
        if it.remote_mirror { ", mirrored" } else { "" },
        if it.zoom { ", the middle half enlarged (zoom)" } else { "" },
    ));
    let voice: Vec<&str> = it.voice(loudspeaker).names().collect();
    say(format!(
        "Sound: AAC-LC, {} kHz mono, {} kbit/s{}{}{}.",
        it.sound_rate() / 1000,
        it.sound_kbps(),
        if voice.is_empty() { "" } else { ", with " },
        voice.join(", "),
        if it.muted { ", muted" } else { "" },
    ));
    network(&it.rates()).into_iter().for_each(&mut say);
    if let Some(board) = board {
        let (first, other) = match it.device_position {
            Position::Front => (("front", &board.camera.front), ("back", &board.camera.back)),
            Position::Back => (("back", &board.camera.back), ("front", &board.camera.front)),
        };
        say(match (it.enable_camera, first.1) {
            (false, _) => "Camera: stays closed (enable-camera = false), a card is sent.".into(),
            (true, None) => format!("Camera: the board has no {} camera, a card is sent.", first.0),
            (true, Some(driver)) => format!("Camera: {}, {}.", first.0, camera(driver)),
        });
        if let Some(driver) = other.1 {
            say(format!("switch-camera takes the {} one: {}.", other.0, camera(driver)));
        }
        say(match (it.enable_mic, &board.microphone) {
            (false, _) => "Microphone: stays closed (enable-mic = false), silence is sent.".into(),
            (true, None) => "Microphone: the board has none, silence is sent.".into(),
            (true, Some(driver)) => format!("Microphone: {}.", microphone(driver)),
        });
    }
    if let Some(place) = &it.waiting_image {
        let place = if place.contains("://") { without_secrets(place) } else { place.clone() };
        let checked = if it.waiting_image_hash.is_some() { ", if it has the given MD5" } else { "" };
        say(format!("The card is {place}{checked}; the built-in one until it is there."));
    }
    say(match (it.waiting_image_hold, it.background_mute) {
        (0, _) => "In standby the camera is closed and a card is sent for ever".to_owned(),
        (seconds, _) => format!("In standby the camera is closed and a card is sent for {seconds} s, then it stops"),
    } + if it.background_mute { "; the microphone is closed too." } else { "; the microphone stays open." });
    say(given_up(it.on_give_up));
    text
}

/// What becomes of the picture when the network is slow.
fn network(rates: &Rates) -> Vec<String> {
    let policy = rates.policy;
    let rung = |rung: &Rung| format!("{} at {} from {} kbit/s", rung.size, rung.fps, rung.from.max(rates.min));
    let of_use = |pair: &[Rung]| pair.get(1).is_none_or(|next| next.from > rates.min);
    let steps: Vec<String> = (0..rates.rungs.len())
        .filter(|&place| of_use(&rates.rungs[place..]))
        .map(|place| rung(&rates.rungs[place]))
        .collect();
    let first = match (policy.first, rates.rungs.len()) {
        (_, 0 | 1) => "there are fewer pictures a second, the size stays",
        (GivesWay::FrameRate, _) => "there are fewer pictures a second first, then smaller ones",
        (GivesWay::Size, _) => "pictures become smaller first, then fewer a second",
    };
    let limit = policy.queue_limit.as_millis();
    vec![
        match rates.min < rates.max {
            true => format!("On a slow network: down to {} kbit/s of video; {first}.", rates.min),
            false => format!("On a slow network: the rate stays at {} kbit/s (min-bitrate = max-bitrate).", rates.max),
        },
        format!("Steps: {}.", steps.join(", ")),
        match policy.first {
            GivesWay::FrameRate => format!(
                "Latency first: no picture is made that could not leave at once, none waits longer than {limit} ms; about \
                 {} ms may stand in the network. What does not fit at the lowest rate is left out, picture by picture; \
                 sound goes on.",
                policy.room.as_millis()
            ),
            GivesWay::Size => format!(
                "Picture first: pictures may wait {limit} ms for the network before they are shed; about {} ms may stand \
                 in the network; sound goes on.",
                policy.room.as_millis()
            ),
        },
    ]
}

fn player(it: &PlayerSettings, board: Option<&Board>) -> String {
    let mut text = format!("Plays \"{}\" from {}\n", it.id, address(&it.src, "src"));
    let mut say = |words: String| {
        let _ = writeln!(text, "  {words}");
    };
    say(started(it.autoplay, "visavisctl player play"));
    say(match it.mode {
        PlayMode::RTC => format!("Delay: {}; less than 500 ms from camera to screen is the aim.", it.delay_words()),
        PlayMode::Live => format!("Delay: {}, more only after a stall.", it.delay_words()),
    });
    say(format!(
        "Picture: {}{}.",
        match it.object_fit {
            ObjectFit::Contain => "whole, with black bars where shapes differ",
            ObjectFit::FillCrop => "fills the screen, what is left over is cut",
        },
        if it.orientation == Orientation::Horizontal { ", turned by 90 degrees" } else { "" }
    ));
    if let Some(board) = board {
        say(match &board.display {
            None => "Screen: the board has none.".into(),
            Some(driver) => format!("Screen: {}.", display(driver)),
        });
        let (mode, volume) = it.output(board);
        let (name, profile) = match mode {
            SoundMode::Ear => ("ear", &board.speaker.ear),
            SoundMode::Speaker => ("loudspeaker", &board.speaker.speaker),
        };
        say(match profile {
            None => "Sound: the board has no output for it.".into(),
            Some(profile) => {
                let muted = if it.muted { ", muted" } else { "" };
                format!("Sound: {name}, {}, volume {volume} of 100{muted}.", speaker(&profile.driver))
            }
        });
    }
    say(given_up(it.on_give_up));
    text
}

fn address(text: &Option<String>, key: &str) -> String {
    text.as_deref().map_or_else(|| format!("nowhere yet: {key} is not set"), without_secrets)
}

fn started(by_itself: bool, command: &str) -> String {
    if by_itself { "Starts with the daemon.".into() } else { format!("Waits for the order to start ({command}).") }
}

fn given_up(on: OnGiveUp) -> String {
    let then = match on {
        OnGiveUp::Restart => "then a new start after 5 to 60 s, for ever",
        OnGiveUp::Stop => "then it stops",
    };
    format!("When the connection is lost: three tries within about 5 s, {then}.")
}

fn camera(driver: &CameraDriver) -> String {
    let (words, rotation) = match driver {
        CameraDriver::V4l2 { path, mount_rotation, .. } => (path.display().to_string(), mount_rotation),
        CameraDriver::Pipe { end, width, height, fps, mount_rotation, .. } => {
            (format!("{width}x{height} at {fps} from {}", pipe(end)), mount_rotation)
        }
        CameraDriver::TestCard { mount_rotation, .. } => ("a test card (no device)".into(), mount_rotation),
    };
    if *rotation == 0 { words } else { format!("{words}, mounted turned by {rotation} degrees") }
}

fn microphone(driver: &MicrophoneDriver) -> String {
    match driver {
        MicrophoneDriver::Alsa { device } => device.clone(),
        MicrophoneDriver::Pipe { end, rate, channels } => format!("{rate} Hz, {channels} channels from {}", pipe(end)),
        MicrophoneDriver::Tone => "a tone (no device)".into(),
        MicrophoneDriver::Silence => "silence (no device)".into(),
    }
}

fn speaker(driver: &SpeakerDriver) -> String {
    match driver {
        SpeakerDriver::Alsa { device } => device.clone(),
        SpeakerDriver::Pipe { end, rate, channels } => format!("{rate} Hz, {channels} channels into {}", pipe(end)),
        SpeakerDriver::Wav { path } => format!("written to {}", path.display()),
        SpeakerDriver::Null => "heard nowhere (no device)".into(),
    }
}

fn display(driver: &DisplayDriver) -> String {
    match driver {
        DisplayDriver::Drm { card, connector, mode } => {
            let name = |it: &Option<String>| it.clone().unwrap_or_else(|| "first".into());
            let mode = mode.map_or("the mode it prefers".into(), |mode| mode.to_string());
            format!("card {}, connector {}, {mode}", name(card), name(connector))
        }
        DisplayDriver::Pipe { end, width, height } => format!("{width}x{height} into {}", pipe(end)),
        DisplayDriver::Png { path } => format!("the newest picture in {}", path.display()),
        DisplayDriver::None => "none, pictures are decoded and shown nowhere".into(),
    }
}

fn pipe(end: &PipeEnd) -> String {
    match end {
        PipeEnd::Path(path) => path.display().to_string(),
        PipeEnd::Command(command) => format!("`{}`", command.split_whitespace().next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_told_in_sentences_without_secrets() {
        let text = "[pusher]\nurl = \"rtmp://h/live/a?txSecret=hunter2\"\nautopush = true\norientation = \"horizontal\"\n\
                    max-bitrate = 500\nfps = 30\n[[player]]\nid = \"agent\"\nsrc = \"rtmp://h/live/b\"\nmode = \"RTC\"\n";
        let settings = Settings::from_toml("-", text).unwrap();
        let board = "name = \"a\"\n[camera.front]\ndriver = \"test-card\"\n[[button]]\nname = \"mute\"\ndriver = \"gpio\"\n\
                     chip = \"c\"\nline = 1\nshort = \"toggle-mute\"\nlong = \"standby\"\n";
        let board = Board::from_toml("-", board).unwrap();
        let words = words(&settings, Some(&board));
        for part in [
            "Sends to rtmp://h/live/a?txSecret=***\n  Starts with the daemon.",
            "H.264, 640x360 at up to 30 pictures a second and 500 kbit/s",
            "On a slow network: down to 200 kbit/s of video; there are fewer pictures a second first, then smaller ones",
            "Steps: 480x270 at 15 from 200 kbit/s, 640x360 at 30 from 300 kbit/s.",
            "Latency first: no picture is made that could not leave at once, none waits longer than 200 ms",
            "Camera: front, a test card",
            "Microphone: the board has none",
            "Plays \"agent\" from rtmp://h/live/b\n  Waits for the order to start",
            "less than 500 ms",
            "\nButton \"mute\": press = toggle-mute, held for 3 s = standby\n",
            "Sound: AAC-LC, 48 kHz mono, 64 kbit/s.",
            "pusher.audio-volume-type: there is no echo",
        ] {
            assert!(words.contains(part), "{part} is not in\n{words}");
        }
        assert!(!words.contains("hunter2"));
        assert!(super::words(&Settings::default(), None).starts_with("Sends nothing"));
    }
}
