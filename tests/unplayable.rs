//! Streams that can not be shown or heard: each is refused once, by name, on the screen, in the status and by its event,
//! and what can be played of it is.

mod support;

use serde_json::{Value, json};
use support::film::Film;
use support::terminal::{Terminal, VIRTUAL, player};
use support::wait::until;
use support::web::{FLV, Web};
use visavis::flv::TagKind;

const SOUND: &str = "-c:a aac -ar 48000 -ac 1 -b:a 64k";
const PLAIN: &str = "-c:v libx264 -preset ultrafast -profile:v baseline -pix_fmt yuv420p -g 25";

fn film(name: &str, size: &str, video: &str, audio: &str) -> Film {
    Film::of(name, size, 25, 8.0, video, audio)
}

/// The pictures under another codec's name: by its FourCC in the way of Enhanced RTMP, or by its number.
fn renamed(film: Film, name: &'static [u8]) -> Film {
    film.changed(TagKind::Video, |body| {
        let (frame, packet) = (body[0] >> 4, body[1]);
        Some(match name {
            [number] => [&[frame << 4 | number], &body[1..]].concat(),
            four_cc => [&[0x80 | frame << 4 | packet.min(3)], four_cc, &body[5..]].concat(),
        })
    })
}

/// A server that plays each film at `/NAME.flv`.
fn server(films: Vec<(&'static str, Film)>) -> Web {
    use std::io::Write;
    Web::start(move |path, socket| {
        let name = path.trim_start_matches('/').trim_end_matches(".flv");
        let film = films.iter().find(|(other, _)| *other == name).map(|(_, film)| film);
        socket.write_all(FLV.as_bytes())?;
        film.map_or(Ok(()), |film| film.play(socket))
    })
}

fn shown(status: &Value) -> (&str, &str, &str) {
    let player = &status["players"][0];
    let text = |field: &str| player[field].as_str().unwrap_or_default();
    (text("screen"), text("unplayable"), text("decoder"))
}

#[test]
fn pictures_that_can_not_be_shown_are_refused_with_a_card_and_their_sound_is_heard() {
    let plain = || film("refused-plain", "320x240", PLAIN, SOUND);
    let x264 =
        |name, size, more: &str| film(name, size, &format!("-c:v libx264 -preset ultrafast -g 25 {more}"), SOUND);
    let films = vec![
        ("hevc", renamed(plain(), b"hvc1")),
        ("hevc-by-number", renamed(plain(), &[12])),
        ("av1", renamed(plain(), b"av01")),
        ("vp9", renamed(plain(), b"vp09")),
        ("vp6", renamed(plain(), &[4])),
        ("h263", film("refused-h263", "320x240", "-c:v flv -g 25", SOUND)),
        ("large", x264("refused-large", "2560x1440", "-pix_fmt yuv420p -profile:v baseline")),
        ("level", x264("refused-level", "320x240", "-pix_fmt yuv420p -profile:v baseline -level 5.1")),
        ("fields", x264("refused-fields", "320x240", "-pix_fmt yuv420p -flags +ildct+ilme -x264-params interlaced=1")),
        ("444", x264("refused-444", "320x240", "-pix_fmt yuv444p")),
        ("deep", x264("refused-deep", "320x240", "-pix_fmt yuv420p10le")),
        ("plain", plain()),
    ];
    let server = server(films);
    let url = |name: &str| server.url(&format!("/{name}.flv"));
    let mut terminal = Terminal::start(&player(&url("plain"), "mode = \"RTC\""), VIRTUAL);
    let mut events = terminal.events();
    events.wait("player:agent", 2004, 5.0);
    let begun = events.codes("player:agent").len();
    let table = [
        ("hevc", -2304, "wrong-codec", "HEVC"),
        ("hevc-by-number", -2304, "wrong-codec", "HEVC"),
        ("av1", -2304, "wrong-codec", "AV1"),
        ("vp9", -2304, "wrong-codec", "VP9"),
        ("vp6", -2304, "wrong-codec", "VP6"),
        ("h263", -2304, "wrong-codec", "Sorenson H.263"),
        ("large", 2101, "too-large", "picture of 2560x1440, at most 1920x1088"),
        ("level", 2101, "too-large", "level 5.1"),
        ("fields", 2101, "wrong-format", "interlaced"),
        ("444", 2101, "wrong-format", "Yuv444"),
        ("deep", 2101, "wrong-format", "10 bits"),
    ];
    for (name, code, card, words) in table {
        events.skip();
        let before = events.codes("player:agent").len();
        terminal.ask("PATCH", "/v1/players/agent", &json!({ "src": url(name) }).to_string());
        let told = events.wait("player:agent", code, 5.0);
        assert!(told.detail["reason"].as_str().unwrap().contains(words), "{name}: {}", told.detail);
        assert!(!told.detail["codec"].as_str().unwrap().is_empty(), "{name}: {}", told.detail);
        until(3.0, "sound", || events.codes("player:agent")[before..].contains(&2004).then_some(()));
        let refused = |status: &Value| {
            let (screen, unplayable, decoder) = shown(status);
            screen == card && unplayable.contains(words) && decoder.is_empty()
        };
        terminal.until_status(2.0, name, refused);
    }
    let codes = &events.codes("player:agent")[begun..];
    let told = |code: i64| codes.iter().filter(|other| **other == code).count();
    assert_eq!((told(-2304), told(2101), told(2103)), (6, 5, 0), "each once: {codes:?}");
    assert!(!codes.contains(&2003) && !codes.contains(&2008), "{codes:?}");

    // What can be shown is, at once.
    events.skip();
    terminal.ask("PATCH", "/v1/players/agent", &json!({ "src": url("plain") }).to_string());
    let decoder = events.wait("player:agent", 2008, 5.0);
    assert_eq!(decoder.detail["decoder"], "openh264");
    terminal.until_status(3.0, "the picture", |status| shown(status) == ("picture", "", "openh264"));
    assert!(terminal.runs());
}

#[test]
fn a_stream_that_becomes_unplayable_and_playable_again_says_both() {
    let plain = || film("refused-plain", "320x240", PLAIN, SOUND).first(1200);
    let joined = plain().then(renamed(plain(), b"hvc1"), 0).then(plain(), 0);
    let server = server(vec![("joined", joined)]);
    let terminal = Terminal::start(&player(&server.url("/joined.flv"), "mode = \"RTC\""), VIRTUAL);
    let mut events = terminal.events();
    for code in [2004, -2304] {
        events.wait("player:agent", code, 5.0);
    }
    terminal.until_status(1.0, "the card", |status| shown(status).0 == "wrong-codec");
    events.wait("player:agent", 2009, 5.0);
    terminal.until_status(1.0, "the picture", |status| shown(status) == ("picture", "", "openh264"));
    let codes = events.codes("player:agent");
    assert_eq!(codes.iter().filter(|code| **code == 2007).count(), 0, "the sound went on: {codes:?}");
}

#[test]
fn sound_that_can_not_be_heard_is_refused_once_and_the_picture_is_seen() {
    let sound = |name, codec: &str| film(name, "320x240", PLAIN, codec);
    let films = vec![
        ("speex", sound("refused-speex", "-c:a libspeex -ar 16000 -ac 1")),
        ("nellymoser", sound("refused-nellymoser", "-c:a nellymoser -ar 22050 -ac 1")),
        ("adpcm", sound("refused-adpcm", "-c:a adpcm_swf -ar 22050 -ac 1")),
        ("pcm", sound("refused-pcm", "-c:a pcm_s16le -ar 44100 -ac 1")),
    ];
    let server = server(films);
    let url = |name: &str| server.url(&format!("/{name}.flv"));
    let terminal = Terminal::start("[[player]]\nid = \"agent\"\nautoplay = true\n", VIRTUAL);
    let mut events = terminal.events();
    for (name, words) in [("speex", "Speex"), ("nellymoser", "Nellymoser"), ("adpcm", "ADPCM"), ("pcm", "PCM")] {
        events.skip();
        terminal.ask("PATCH", "/v1/players/agent", &json!({ "src": url(name) }).to_string());
        terminal.ask("POST", "/v1/players/agent/play", "");
        let told = events.wait("player:agent", 2102, 5.0);
        let reason = told.detail["reason"].as_str().unwrap();
        assert!(reason.contains(words) && reason.contains("only AAC, MP3 and G.711"), "{reason}");
        events.wait("player:agent", 2004, 4.0);
        terminal.until_status(2.0, name, |status| shown(status).0 == "picture");
    }
    let codes = events.codes("player:agent");
    assert_eq!(codes.iter().filter(|code| **code == 2102).count(), 4, "each once: {codes:?}");
}
