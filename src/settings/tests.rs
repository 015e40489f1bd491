//! Both files and changes of properties, as a user writes them.

use super::board::{SpeakerDriver, Speakers};
use super::*;
use crate::media::Size;
use crate::testing::mutations;
use pusher::{Aspect, AudioQuality, Orientation, PushMode};
use serde_json::json;
use std::fs;

const FULL: &str = r#"# everything
[pusher]
url = "rtmp://127.0.0.1:1935/live/terminal"
mode = "RTC"
autopush = true
orientation = "horizontal"
video-width = 640
video-height = 360
fps = 30
min-bitrate = 200
max-bitrate = 500
[pusher.signing]
key-file = "push-key"
valid-for = "12h"

[[player]]
id = "agent"
src = "rtmp://127.0.0.1:1935/live/agent"
mode = "RTC"
autoplay = true
picture-in-picture-mode = ["push", "pop"]

[control]
socket = "/run/visavis/control.sock"
allow-users = ["root", "kiosk"]
"#;

const BOARD: &str = r#"name = "virtual"
compatible = ["linux,dummy-virt"]
[camera.front]
driver = "test-card"
[camera.back]
driver = "pipe"
command = "rpicam-vid --codec yuv420 -o -"
width = 640
height = 360
fps = 30
[microphone]
driver = "tone"
[speaker.speaker]
driver = "null"
[speaker.ear]
driver = "alsa"
device = "hw:1,0"
[display]
driver = "png"
path = "screen.png"
[[button]]
name = "mute"
driver = "gpio"
chip = "pinctrl-bcm2835"
line = 17
short = "toggle-mute"
long = "standby"
[[lamp]]
name = "live"
driver = "gpio"
chip = "pinctrl-bcm2835"
line = "LAMP"
shows = "live"
"#;

fn problems(text: &str) -> Vec<String> {
    Settings::from_toml("v.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

fn board_problems(text: &str) -> Vec<String> {
    Board::from_toml("b.toml", text).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[test]
fn the_documented_files_are_read_whole() {
    let settings = Settings::from_toml("-", FULL).unwrap();
    let pusher = settings.pusher.unwrap();
    assert_eq!((pusher.fps, pusher.max_bitrate, pusher.video_width), (30, 500, Some(640)));
    assert_eq!(settings.players[0].id, "agent");
    assert_eq!(settings.control.allow_users, ["root", "kiosk"]);
    let board = Board::from_toml("-", BOARD).unwrap();
    assert!(matches!(&board.camera.back, Some(board::CameraDriver::Pipe { end: board::PipeEnd::Command(_), .. })));
    let line = board::LineName::Number(17);
    let (chip, active) = ("pinctrl-bcm2835".to_owned(), board::Level::Low);
    assert_eq!(board.buttons[0].driver, board::ButtonDriver::Gpio { chip, line, active, bias: None });
    assert_eq!(board.buttons[0].long, Some(operation::Operation::Standby));
    let again: Board = serde_json::from_value(serde_json::to_value(&board).unwrap()).unwrap();
    assert_eq!(again, board);
    assert_eq!(Settings::from_toml("-", "").unwrap(), Settings::default());
    assert!(load::looks_like_board(BOARD) && !load::looks_like_board(FULL));
}

#[test]
fn every_problem_of_a_file_is_told_with_its_line() {
    let text = "[pusher]\nfps = 60\nmin-bitrat = 1\nmode = \"XD\"\nmuted = 1\nvideo-width = 641\nmin-bitrate = 900\n\
                max-bitrate = 300\n[control]\nsockett = 1\n[[player]]\nid = \"a b\"\nmin-cache = 4\nmode = 1979-05-27\n";
    assert_eq!(
        problems(text),
        [
            "v.toml:2: pusher.fps: 60 is out of range, allowed 1 to 30",
            "v.toml:3: pusher.min-bitrat: unknown key, did you mean `min-bitrate`?",
            "v.toml:4: pusher.mode: \"XD\" is not possible, allowed SD, HD, FHD, RTC",
            "v.toml:5: pusher.muted: a number is not possible here, allowed true or false",
            "v.toml:6: pusher.video-width: 641 is odd, allowed even numbers from 64 to 1920",
            "v.toml:7: pusher.min-bitrate: 900 is more than max-bitrate, allowed 30 to 300",
            "v.toml:10: control.sockett: unknown key, did you mean `socket`?",
            "v.toml:12: player.id: 1 to 32 letters, digits, - and _ are allowed",
            "v.toml:13: player.min-cache: 4 is more than max-cache, allowed 0 to 3",
            "v.toml:14: player.mode: a date or an endless number is not possible here, allowed live, RTC",
        ]
    );
}

const FIVE_PLAYERS: &str =
    "[[player]]\n[[player]]\nid = \"b\"\n[[player]]\nid = \"c\"\n[[player]]\nid = \"d\"\n[[player]]\nid = \"e\"";

#[test]
fn each_contradiction_and_limit_has_its_own_words() {
    let table = [
        ("[pusher]\nvideo-width = 640", "video-height beside"),
        ("[pusher]\nvideo-height = 640", "video-width beside"),
        ("[pusher]\nvideo-width = 1920\nvideo-height = 1920", "allowed 1920x1088"),
        ("[pusher]\nvideo-width = 1922\nvideo-height = 1080", "out of range"),
        ("[pusher]\nfps = 99999999999999999999", "pusher.fps"),
        ("[pusher]\nfps = -1", "-1 is out of range"),
        ("[pusher]\nurl = \"srt://a/b/c\"", "allowed are rtmp://, rtmps://"),
        ("[pusher]\nurl = 5", "a text is needed"),
        ("[pusher]\nwaiting-image-hash = \"12\"", "MD5"),
        ("[pusher.signing]\nkey-file = \"k\"", "valid-for: is missing"),
        ("[pusher.signing]\nkey-file = \"k\"\nvalid-for = \"soon\"", "12h"),
        (FIVE_PLAYERS, "5 players are too many, allowed 4"),
        ("[screen]\nlayout = \"tiles\"", "allowed full, pip, grid"),
        ("[screen]\nlanguage = \"de\"", "allowed en, zh"),
        ("[screen]\nzoom = 2", "allowed are layout, language"),
        ("[[player]]\n[[player]]", "names two players"),
        ("[[player]]\nmax-cache = nan", "max-cache"),
        ("[player]\nid = \"a\"", "a list of tables is needed"),
        ("pusher = 3", "a table is needed"),
        ("[pusher]\nfps = 1\nfps = 2", "duplicate key"),
        ("[pusher", "v.toml:1:"),
        ("[control]\nallow-users = [\"root\", 3]", "a list of texts"),
    ];
    for (text, words) in table {
        let told = problems(text);
        assert!(told.iter().any(|line| line.contains(words)), "{text}: {told:?}");
    }
    let long = format!("#{}", "x".repeat(64 << 10));
    assert_eq!(problems(&long), ["v.toml: is 65537 bytes long, allowed 65536"]);
}

#[test]
fn secrets_of_addresses_are_in_no_problem() {
    for text in [
        "[pusher]\nurl = \"srt://u:hunter2@h/live/a?txSecret=hunter2&txTime=hunter2\"",
        "[pusher]\nmode = \"rtmp://h/live/a?token=hunter2\"",
        "[pusher]\nurl = \"rtmp://h/live/a?txSecret=hunter2",
        "[pusher]\nurl = \"rtmp://h/live/a b?txSecret=hunter2\"\nurl2 = \"hunter2\"",
        "[pusher]\n\"rtmp://h/live/a?txSecret=hunter2\" = 3",
        "[[player]]\nsrc = \"http://h/a?password=hunter2\"",
    ] {
        let told = problems(text).join("\n");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_board_is_told_which_drivers_and_keys_there_are() {
    let table = [
        ("", "name: is missing"),
        ("name = \"a\"\n[camera.front]\ndriver = \"webcam\"", "drivers are v4l2, pipe, test-card"),
        ("name = \"a\"\n[camera.front]\npath = \"/dev/x\"", "driver: is missing"),
        ("name = \"a\"\n[camera.front]\ndriver = \"v4l2\"", "b.toml:2: camera.front.path: is missing"),
        (
            "name = \"a\"\n[camera.front]\ndriver = \"v4l2\"\npath = \"/dev/x\"\nformat = \"RGB\"",
            "allowed I420, NV12, YUYV, MJPEG",
        ),
        ("name = \"a\"\n[camera.top]\ndriver = \"v4l2\"", "unknown key, allowed are front, back"),
        ("name = \"a\"\n[microphone]\ndriver = \"pipe\"\nrate = 48000\nchannels = 1", "needs one of path and command"),
        (
            "name = \"a\"\n[display]\ndriver = \"pipe\"\npath = \"a\"\ncommand = \"b\"\nwidth = 64\nheight = 64",
            "not both",
        ),
        ("name = \"a\"\n[microphone]\ndriver = \"tone\"\nrate = 1", "unknown key"),
        ("name = \"a\"\n[camera.front]\ndriver = \"test-card\"\nmount-rotation = 45", "allowed 0, 90, 180, 270"),
    ];
    for (text, words) in table {
        let told = board_problems(text);
        assert!(told.iter().any(|line| line.contains(words)), "{text}: {told:?}");
    }
}

#[test]
fn buttons_and_lamps_that_can_not_work_are_told_apart() {
    let gpio = "driver = \"gpio\"\nchip = \"c\"\n";
    let button = |more: &str| format!("name = \"a\"\n[[button]]\nname = \"b\"\n{gpio}{more}\n");
    let lamp = |more: &str| format!("[[lamp]]\nname = \"l\"\n{gpio}shows = \"live\"\n{more}\n");
    let good = button("line = 1\nshort = \"mute\"\nbias = \"as-is\"") + &lamp("line = 2\nactive = \"low\"");
    assert!(Board::from_toml("b.toml", &good).is_ok());
    let second = format!("[[button]]\nname = \"b\"\nshort = \"mute\"\n{gpio}");
    let scripted = "[[button]]\nname = \"s\"\ndriver = \"scripted\"\npath = \"/run/b\"\nshort = \"call\"\n";
    let table = [
        (
            button("line = 1\nshort = \"explode\""),
            "b.toml:7: button.short: \"explode\" is not possible, allowed toggle-m",
        ),
        (button("line = 1"), "b.toml:2: button.short: is missing, a button needs `short`, `long` or both"),
        (button("line = 1\nshort = \"mute\"\nswitch = \"mute\""), "button.switch: a switch has neither"),
        (button("line = 1\nswitch = \"standby\""), "button.switch: \"standby\" is not possible, allowed mute"),
        (
            button("line = 1\nshort = \"mute\"\nactive = \"up\""),
            "button.active: \"up\" is not possible, allowed low, high",
        ),
        (
            button("line = 1\nshort = \"mute\"\nbias = \"up\""),
            "button.bias: \"up\" is not possible, allowed pull-up, pull-down, none, as-is",
        ),
        (button("line = 1\nshort = \"mute\"\npath = \"/run/b\""), "button.path: unknown key"),
        (good.replace("live", "dark"), "lamp.shows: \"dark\" is not possible, allowed live, muted, standby, fault"),
        (good.clone() + &second + "line = 3", "b.toml:17: button.name: \"b\" names two of them"),
        (
            good.clone() + &second.replace("\"c\"", "\"/dev/c\"") + "line = 1",
            "b.toml:21: button.line: line 1 of c is used by button \"b\" already, every line has one use",
        ),
        (good.replace("line = 2", "line = 1"), "b.toml:14: lamp.line: line 1 of c is used by button \"b\" already"),
        (good.clone() + &lamp("line = 2"), "lamp.line: line 2 of c is used by lamp \"l\" already"),
        (
            format!("name = \"a\"\n{scripted}{}", scripted.replace("\"s\"", "\"t\"")),
            "button.path: /run/b is used by button \"s\" already, every path has one use",
        ),
        (scripted.replace("/run/b", "b"), "button.path: a path that begins with / is needed"),
    ];
    for (text, words) in table {
        let told = board_problems(&text);
        assert!(told.iter().any(|line| line.contains(words)), "{text}: {told:?}");
    }
}

#[test]
fn a_scenario_is_applied_under_explicit_keys() {
    let text = "[pusher]\nscenario = \"meeting-guest\"\nmax-bitrate = 400\n";
    let pusher = Settings::from_toml("-", text).unwrap().pusher.unwrap();
    assert_eq!((pusher.mode, pusher.min_bitrate, pusher.max_bitrate), (PushMode::RTC, 150, 400));
    assert_eq!(pusher.audio_quality, AudioQuality::Low);
    let told = problems("[pusher]\nscenario = \"party\"\n");
    assert!(told[0].contains("allowed sd-live, hd-live, fhd-live, video-service"), "{told:?}");
}

#[test]
fn a_change_is_taken_whole_or_not_at_all() {
    let before = PusherSettings { max_bitrate: 800, fps: 20, ..Default::default() };
    let change = |value: serde_json::Value| before.patched(value.as_object().unwrap());
    assert_eq!(change(json!({"fps": 25})).unwrap(), PusherSettings { fps: 25, ..before.clone() });
    assert_eq!(change(json!({"fps": null})).unwrap().fps, 15);
    let refused = change(json!({"muted": true, "fps": 31})).unwrap_err();
    assert_eq!((refused.kind, refused.field.as_str()), ("invalid-property", "fps"));
    assert!(refused.words.contains("allowed 1 to 30"));
    let refused = change(json!({"min-bitrate": 900})).unwrap_err();
    assert_eq!(refused.field, "min-bitrate");
    assert_eq!(change(json!({"bogus": null})).unwrap_err().field, "bogus");
    let live = change(json!({"scenario": "hd-live", "max-bitrate": 900})).unwrap();
    assert_eq!((live.mode, live.min_bitrate, live.max_bitrate), (PushMode::HD, 600, 900));
    assert_eq!(live.patched(json!({"max-bitrate": null}).as_object().unwrap()).unwrap().max_bitrate, 1200);
}

#[test]
fn a_player_keeps_its_id_through_changes() {
    let before = PlayerSettings { id: "agent".into(), ..Default::default() };
    let change = |value: serde_json::Value| before.patched(value.as_object().unwrap());
    assert!(change(json!({"id": "other"})).unwrap_err().words.contains("while running"));
    assert_eq!(change(json!({"id": "agent", "min-cache": 2.5})).unwrap().min_cache, 2.5);
    assert_eq!(change(json!({"min-cache": 5})).unwrap_err().field, "min-cache");
    assert_eq!(change(json!({"src": "ftp://a"})).unwrap_err().field, "src");
}

#[test]
fn the_ladder_gives_even_sizes_in_every_shape() {
    let mut pusher = PusherSettings { orientation: Orientation::Horizontal, fps: 30, ..Default::default() };
    let sizes = [149, 150, 300, 600, 1200].map(|kbps| pusher.picture_size(kbps));
    let wide = [(426, 240), (480, 270), (640, 360), (960, 540), (1280, 720)].map(|(w, h)| Size::new(w, h));
    assert_eq!(sizes, wide);
    assert_eq!([149, 299, 2000].map(|kbps| pusher.picture_rate(kbps)), [10, 15, 30]);
    pusher.aspect = Aspect::ThreeFour;
    pusher.orientation = Orientation::Vertical;
    assert_eq!(pusher.picture_size(599), Size::new(360, 480));
    (pusher.video_width, pusher.video_height) = (Some(320), Some(240));
    assert_eq!(pusher.picture_size(5000), Size::new(320, 240));
    let sound = |quality, mode| {
        let pusher = PusherSettings { audio_quality: quality, mode, ..Default::default() };
        (pusher.sound_rate(), pusher.sound_kbps())
    };
    assert_eq!(sound(AudioQuality::High, PushMode::SD), (48_000, 64));
    assert_eq!(sound(AudioQuality::Low, PushMode::SD), (16_000, 24));
    assert_eq!(sound(AudioQuality::Low, PushMode::RTC), (48_000, 24), "a call keeps the coder's short delay");
}

#[test]
fn what_has_no_effect_is_listed_with_its_reason() {
    let mut settings = Settings::from_toml("-", FULL).unwrap();
    let board = Board { name: "bare".into(), ..Default::default() };
    settings.players[0].sound_mode = player::SoundMode::Ear;
    let listed: Vec<String> = settings.unsupported(Some(&board)).into_iter().map(|it| it.property).collect();
    for property in ["pusher.signing", "pusher.audio-volume-type", "player.sound-mode"] {
        assert!(listed.contains(&property.to_owned()), "{listed:?}");
    }
    let room = Board { speaker: Speakers { ear: Some(SpeakerDriver::Null.into()), ..Default::default() }, ..board };
    assert!(!settings.unsupported(Some(&room)).iter().any(|it| it.property == "pusher.audio-volume-type"));
    let plain =
        PusherSettings { audio_volume_type: pusher::AudioVolumeType::Media, min_bitrate: 1000, ..Default::default() };
    assert_eq!(plain.unsupported(true), []);
}

#[test]
fn an_address_that_is_probably_mistaken_is_pointed_out_and_holds_no_secret() {
    let pusher = PusherSettings {
        url: Some("rtmp://me:hunter2@h/live/{stream}?txSerect=f85a&txTime=1".into()),
        waiting_image: Some("https://me:hunter2@h/wait.png".into()),
        ..Default::default()
    };
    let players = ["rtmp://me@h/live/a?txSerect=f85a", "https://me:hunter2@h/a.flv", "rtmp://h/live/a?txSecret=a@b"]
        .map(|src| PlayerSettings { src: Some(src.into()), ..Default::default() })
        .to_vec();
    let settings = Settings { pusher: Some(pusher), players, ..Default::default() };
    let warnings = settings.warnings();
    let named = |key: &str, words: &str| {
        warnings.iter().filter(|it| it.starts_with(&format!("{key}: ")) && it.contains(words)).count()
    };
    assert_eq!((named("pusher.url", "did you mean `txSecret`"), named("pusher.url", "are not sent")), (1, 1));
    assert_eq!((named("player.src", "did you mean `txSecret`"), named("player.src", "are not sent")), (1, 2));
    assert_eq!((named("pusher.waiting-image", "are not sent"), warnings.len()), (1, 6), "{warnings:?}");
    assert!(!warnings.iter().any(|it| it.contains("hunter2") || it.contains("f85a")), "{warnings:?}");
}

#[test]
fn every_truncation_of_a_file_is_read_or_refused() {
    for end in 0..FULL.len() {
        let _ = Settings::from_toml("v.toml", &FULL[..end]);
    }
    for end in 0..BOARD.len() {
        let _ = Board::from_toml("b.toml", &BOARD[..end]);
    }
}

#[test]
fn damaged_files_are_read_or_refused_and_what_is_read_obeys_the_rules() {
    let mut read = 0;
    for bytes in mutations(&[FULL.as_bytes(), BOARD.as_bytes()], 43, 20_000) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(settings) = Settings::from_toml("v.toml", &text) {
            read += 1;
            assert!(settings.pusher.is_none_or(|p| p.min_bitrate <= p.max_bitrate && (1..=30).contains(&p.fps)));
        }
        let _ = Board::from_toml("b.toml", &text);
    }
    assert!(read > 0);
}

#[test]
fn the_profiles_that_come_along_are_valid() {
    let Ok(folder) = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/board/profiles")) else { return };
    for file in folder.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "toml"))
    {
        let text = fs::read_to_string(&file).unwrap();
        if let Err(problems) = Board::from_toml(&file.to_string_lossy(), &text) {
            panic!("{problems}");
        }
    }
}
