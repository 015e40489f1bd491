//! A terminal whose devices are named pipes in its folder, and who writes into them.

use super::ffmpeg::Ffmpeg;
use std::path::Path;

/// The board: camera (320x180, 15 pictures a second) and microphone (48 kHz, mono).
pub const BOARD: &str = r#"
name = "pipes"
[camera.front]
driver = "pipe"
path = "{folder}/camera"
width = 320
height = 180
fps = 15
[microphone]
driver = "pipe"
path = "{folder}/microphone"
rate = 48000
channels = 1
"#;

/// Writes pictures of one colour, 15 a second, into the named pipe `path`.
pub fn camera(path: &Path, colour: &str) -> Ffmpeg {
    Ffmpeg::start(&format!("-re -f lavfi -i color=c={colour}:size=320x180:rate=15 -f rawvideo -pix_fmt yuv420p"), path)
}

/// Writes a tone of 1 kHz into the named pipe `path`.
pub fn microphone(path: &Path) -> Ffmpeg {
    Ffmpeg::start("-re -f lavfi -i sine=frequency=1000:sample_rate=48000 -f s16le -ac 1", path)
}
