//! The tables of every key of both files.

use super::schema::{Driver, Kind, Property};
use super::{address, duration, operation, scenario, screen_mode};
use Kind::*;

const fn may(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: false }
}

const fn must(name: &'static str, kind: Kind) -> Property {
    Property { name, kind, required: true }
}

/// `visavis.toml`.
pub const SETTINGS: &[Property] = &[
    may("pusher", Table(PUSHER)),
    may("player", Tables(PLAYER)),
    may("screen", Table(SCREEN)),
    may("control", Table(CONTROL)),
];

/// `[pusher]`.
pub const PUSHER: &[Property] = &[
    may("url", Text(address::push)),
    may("mode", Word(&["SD", "HD", "FHD", "RTC"])),
    may("autopush", Flag),
    may("muted", Flag),
    may("enable-mic", Flag),
    may("enable-camera", Flag),
    may("auto-focus", Flag),
    may("orientation", Word(&["vertical", "horizontal"])),
    may("aspect", Word(&["9:16", "3:4"])),
    may("video-width", Even(64, 1920)),
    may("video-height", Even(64, 1920)),
    may("fps", Whole(1, 30)),
    may("beauty", Whole(0, 9)),
    may("whiteness", Whole(0, 9)),
    may("local-mirror", Word(&["auto", "enable", "disable"])),
    may("remote-mirror", Flag),
    may("zoom", Flag),
    may("device-position", Word(&["front", "back"])),
    may("min-bitrate", Whole(30, 8000)),
    may("max-bitrate", Whole(30, 8000)),
    may("audio-quality", Word(&["high", "low"])),
    may("enable-agc", Flag),
    may("enable-ans", Flag),
    may("audio-volume-type", Word(&["voicecall", "media"])),
    may("waiting-image", Text(address::picture)),
    may("waiting-image-hash", Text(md5)),
    may("waiting-image-hold", Whole(0, 86_400)),
    may("background-mute", Flag),
    may("debug", Flag),
    may("scenario", Word(scenario::NAMES)),
    may("on-give-up", Word(&["restart", "stop"])),
    may("signing", Table(SIGNING)),
];

const SIGNING: &[Property] =
    &[must("key-file", Text(some_text)), must("valid-for", Text(length_of_time)), may("stream", Text(stream_name))];

/// Of a sound output.
const VOLUME: Kind = Whole(0, 100);

/// `[[player]]`.
pub const PLAYER: &[Property] = &[
    may("id", Text(player_id)),
    may("src", Text(address::play)),
    may("mode", Word(&["live", "RTC"])),
    may("autoplay", Flag),
    may("muted", Flag),
    may("orientation", Word(&["vertical", "horizontal"])),
    may("object-fit", Word(&["contain", "fillCrop"])),
    may("min-cache", Number(0.0, 30.0)),
    may("max-cache", Number(0.0, 30.0)),
    may("sound-mode", Word(&["speaker", "ear"])),
    may("speaker-volume", VOLUME),
    may("ear-volume", VOLUME),
    may("background-mute", Flag),
    may("auto-pause-if-navigate", Flag),
    may("auto-pause-if-open-native", Flag),
    may("picture-in-picture-mode", Words(&["push", "pop"])),
    may("enable-auto-rotation", Flag),
    may("debug", Flag),
    may("on-give-up", Word(&["restart", "stop"])),
];

/// `[screen]`.
pub const SCREEN: &[Property] = &[may("layout", Word(&["full", "pip", "grid"])), may("language", Word(&["en", "zh"]))];

const CONTROL: &[Property] =
    &[may("socket", Text(socket_path)), may("allow-users", Texts(user_name)), may("snapshots", Text(absolute_path))];

/// The board profile.
pub const BOARD: &[Property] = &[
    must("name", Text(some_text)),
    may("compatible", Texts(some_text)),
    may("camera", Table(&[may("front", Kind::Driver(CAMERAS)), may("back", Kind::Driver(CAMERAS))])),
    may("microphone", Kind::Driver(MICROPHONES)),
    may("speaker", Table(&[may("speaker", Kind::Driver(SPEAKERS)), may("ear", Kind::Driver(SPEAKERS))])),
    may("display", Kind::Driver(DISPLAYS)),
    may("button", Drivers(BUTTONS)),
    may("lamp", Drivers(LAMPS)),
];

const fn driver(name: &'static str, keys: &'static [Property]) -> Driver {
    Driver { name, keys, either: &[] }
}

const fn pipe(keys: &'static [Property]) -> Driver {
    Driver { name: "pipe", keys, either: &["path", "command"] }
}

const MOUNT: Property = may("mount-rotation", OneOf(&[0, 90, 180, 270]));
const PATH: Property = may("path", Text(some_text));
const COMMAND: Property = may("command", Text(some_text));
const RATE: Property = must("rate", Whole(8000, 96_000));
const CHANNELS: Property = must("channels", Whole(1, 2));

const CAMERAS: &[Driver] = &[
    driver(
        "v4l2",
        &[must("path", Text(absolute_path)), may("format", Word(&["I420", "NV12", "YUYV", "MJPEG"])), MOUNT],
    ),
    pipe(&[
        PATH,
        COMMAND,
        must("width", Even(16, 1920)),
        must("height", Even(16, 1920)),
        must("fps", Whole(1, 60)),
        may("format", Word(&["I420"])),
        MOUNT,
    ]),
    driver(
        "test-card",
        &[may("variant", Whole(1, 9)), may("width", Even(16, 1920)), may("height", Even(16, 1920)), MOUNT],
    ),
];

const MICROPHONES: &[Driver] = &[
    driver("alsa", &[must("device", Text(some_text))]),
    pipe(&[PATH, COMMAND, RATE, CHANNELS]),
    driver("tone", &[]),
    driver("silence", &[]),
];

const LOUD: Property = may("volume", VOLUME);

const SPEAKERS: &[Driver] = &[
    driver("alsa", &[must("device", Text(some_text)), LOUD]),
    pipe(&[PATH, COMMAND, RATE, CHANNELS, LOUD]),
    driver("wav", &[must("path", Text(some_text)), LOUD]),
    driver("null", &[LOUD]),
];

const DISPLAYS: &[Driver] = &[
    driver(
        "drm",
        &[may("card", Text(some_text)), may("connector", Text(some_text)), may("mode", Text(mode_of_screen))],
    ),
    pipe(&[PATH, COMMAND, must("width", Even(16, 4096)), must("height", Even(16, 4096))]),
    driver("png", &[must("path", Text(some_text))]),
    driver("none", &[]),
];

const NAME: Property = must("name", Text(some_text));
const CHIP: Property = must("chip", Text(some_text));
const LINE: Property = must("line", Line);
const ACTIVE: Property = may("active", Word(&["low", "high"]));
const BIAS: Property = may("bias", Word(&["pull-up", "pull-down", "none", "as-is"]));
const SHORT: Property = may("short", Word(operation::NAMES));
const LONG: Property = may("long", Word(operation::NAMES));
const SWITCH: Property = may("switch", Word(&["mute"]));
const SHOWS: Property = must("shows", Word(&["live", "muted", "standby", "fault"]));

const BUTTONS: &[Driver] = &[
    driver("gpio", &[NAME, CHIP, LINE, ACTIVE, BIAS, SHORT, LONG, SWITCH]),
    driver("scripted", &[NAME, must("path", Text(absolute_path)), SHORT, LONG, SWITCH]),
];

const LAMPS: &[Driver] = &[
    driver("gpio", &[NAME, CHIP, LINE, ACTIVE, SHOWS]),
    driver("file", &[NAME, must("path", Text(absolute_path)), SHOWS]),
];

fn some_text(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > 1024 || text.contains('\0') {
        return Err("a text of 1 to 1024 characters is needed".into());
    }
    Ok(())
}

fn absolute_path(text: &str) -> Result<(), String> {
    some_text(text)?;
    if text.starts_with('/') { Ok(()) } else { Err("a path that begins with / is needed".into()) }
}

/// The kernel's limit for the path of a Unix socket is 107 bytes and a NUL (unix(7)).
fn socket_path(text: &str) -> Result<(), String> {
    if (1..=107).contains(&text.len()) && !text.contains('\0') {
        return Ok(());
    }
    Err("a path of 1 to 107 characters is needed".into())
}

fn player_id(text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if plain && (1..=32).contains(&text.len()) {
        return Ok(());
    }
    Err("1 to 32 letters, digits, - and _ are allowed".into())
}

fn stream_name(text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if plain && (1..=128).contains(&text.len()) {
        return Ok(());
    }
    Err("1 to 128 letters, digits, -, _ and . are allowed".into())
}

fn user_name(text: &str) -> Result<(), String> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.$".contains(&b));
    if plain && (1..=32).contains(&text.len()) {
        return Ok(());
    }
    Err("a user's name is needed".into())
}

fn md5(text: &str) -> Result<(), String> {
    if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err("the MD5 of the picture as 32 hexadecimal digits is needed".into())
}

fn mode_of_screen(text: &str) -> Result<(), String> {
    screen_mode::parse(text).map(|_| ())
}

fn length_of_time(text: &str) -> Result<(), String> {
    duration::parse(text).map(|_| ())
}
