//! ffmpeg and ffprobe as independent publishers and judges.

use super::picture::Picture;
use serde_json::Value;
use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process of ffmpeg, killed when dropped.
pub struct Ffmpeg(Child);

impl Ffmpeg {
    /// Runs `ffmpeg` with these blank-separated arguments, then `last` as it is.
    pub fn start(arguments: &str, last: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new("ffmpeg");
        // That somebody stops reading is what many tests are about, and no news.
        command.args(["-nostdin", "-v", "fatal", "-y"]).args(arguments.split_whitespace()).arg(last);
        command.stdout(Stdio::null());
        Self(command.spawn().expect("ffmpeg is installed by board/run-tests"))
    }

    /// Publishes the recording `file` to `url` as a camera would, again and again.
    pub fn publish(file: &Path, url: &str) -> Self {
        Self::start(&format!("-re -stream_loop -1 -i {} -c copy -f flv", file.display()), url)
    }

    /// Waits for its own end.
    ///
    /// # Panics
    /// It failed.
    pub fn finish(mut self) {
        let status = self.0.wait().unwrap();
        assert!(status.success(), "ffmpeg: {status}");
    }

    /// Ends it as a user would, so that it leaves its server properly.
    pub fn leave(mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let _ = self.0.wait();
    }
}

impl Drop for Ffmpeg {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The FLV file that ffmpeg makes of `arguments` (inputs, codecs, length), kept as `name` for every test that wants just
/// that.
pub fn film(name: &str, arguments: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut recipe = DefaultHasher::new();
    arguments.hash(&mut recipe);
    let file = folder.join(format!("{name}-{:016x}.flv", recipe.finish()));
    if !file.exists() {
        let part = tempfile::Builder::new().suffix(".flv").tempfile_in(folder).unwrap();
        Ffmpeg::start(&format!("{arguments} -f flv"), part.path()).finish();
        part.persist(&file).unwrap();
    }
    file
}

/// Runs a tool of the ffmpeg family to its end: standard output and standard error.
///
/// # Panics
/// It failed.
pub fn run(program: &str, arguments: &str, last: &[&OsStr]) -> (Vec<u8>, String) {
    let mut command = Command::new(program);
    command.args(arguments.split_whitespace()).args(last).stdin(Stdio::null());
    let output = command.output().expect("ffmpeg is installed by board/run-tests");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments} {last:?}: {error}");
    (output.stdout, error)
}

fn probe(arguments: &str, input: &OsStr) -> Value {
    let (out, _) = run("ffprobe", &format!("-v error -of json {arguments}"), &[input]);
    serde_json::from_slice(&out).unwrap()
}

/// What a stream or recording consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct Streams {
    pub video: String,
    pub profile: String,
    pub size: (u64, u64),
    /// Pictures a second on average.
    pub fps: f64,
    pub audio: String,
    pub rate: u32,
    pub channels: u64,
}

/// Looks at `input`, a file or an address.
///
/// # Panics
/// It has no picture or no sound.
pub fn streams(input: impl AsRef<OsStr>) -> Streams {
    let found = probe("-show_streams -analyzeduration 2000000", input.as_ref());
    let of = |kind: &str| {
        let streams = found["streams"].as_array().into_iter().flatten();
        streams.clone().find(|stream| stream["codec_type"] == kind).unwrap_or_else(|| panic!("no {kind} in {found:#}"))
    };
    let (video, audio) = (of("video"), of("audio"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fps = text(&video["avg_frame_rate"]);
    let (over, under) = fps.split_once('/').unwrap_or((&fps, "1"));
    Streams {
        video: text(&video["codec_name"]),
        profile: text(&video["profile"]),
        size: (video["width"].as_u64().unwrap(), video["height"].as_u64().unwrap()),
        fps: over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap(),
        audio: text(&audio["codec_name"]),
        rate: text(&audio["sample_rate"]).parse().unwrap(),
        channels: audio["channels"].as_u64().unwrap(),
    }
}

/// A coded unit of a recording; times in seconds.
#[derive(Clone, Debug)]
pub struct Packet {
    pub pts: f64,
    pub dts: f64,
    pub key: bool,
    /// Bytes.
    pub size: usize,
}

/// The units of the track `kind` (`v` or `a`) of a recording, in the order they are stored.
pub fn packets(file: &Path, kind: &str) -> Vec<Packet> {
    let arguments = format!("-select_streams {kind} -show_entries packet=pts_time,dts_time,flags,size");
    let found = probe(&arguments, file.as_os_str());
    let seconds = |value: &Value| value.as_str().and_then(|text| text.parse().ok()).expect("every packet has its time");
    let packet = |packet: &Value| Packet {
        pts: seconds(&packet["pts_time"]),
        dts: seconds(&packet["dts_time"]),
        key: packet["flags"].as_str().unwrap_or_default().starts_with('K'),
        size: packet["size"].as_str().and_then(|text| text.parse().ok()).unwrap_or_default(),
    };
    found["packets"].as_array().into_iter().flatten().map(packet).collect()
}

/// When those pictures of a recording are shown, in ms, that carry user data which a UUID names (H.264, Annex D.1.7).
pub fn stamped(file: &Path) -> Vec<i64> {
    let found = probe("-select_streams v -show_entries frame=pts:frame_side_data=side_data_type", file.as_os_str());
    let carries = |frame: &&Value| frame["side_data_list"].to_string().contains("User Data Unregistered");
    let frames = found["frames"].as_array().into_iter().flatten();
    frames.filter(carries).filter_map(|frame| frame["pts"].as_i64()).collect()
}

/// The size of each decoded picture of a recording.
pub fn sizes(file: &Path) -> Vec<(u64, u64)> {
    let found = probe("-select_streams v -show_entries frame=width,height", file.as_os_str());
    let size = |frame: &Value| (frame["width"].as_u64().unwrap(), frame["height"].as_u64().unwrap());
    found["frames"].as_array().into_iter().flatten().map(size).collect()
}

/// What a decoder has to say against `input`, of which it decodes at most `seconds`.
pub fn complaints(input: impl AsRef<OsStr>, seconds: u32) -> String {
    let arguments = format!("-nostdin -v error -t {seconds} -i");
    // Times as they are, not rounded to a frame rate that is guessed.
    let last = ["-vsync", "passthrough", "-enc_time_base:v", "1:1000", "-f", "null", "-"].map(OsStr::new);
    let last: Vec<&OsStr> = [input.as_ref()].into_iter().chain(last).collect();
    run("ffmpeg", &arguments, &last).1
}

/// Every picture of a recording that was sent in this size, as it was sent.
pub fn pictures_of_size(file: &Path, size: (u64, u64)) -> Vec<Picture> {
    let last = ["-vsync", "passthrough", "-autoscale", "0", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"].map(OsStr::new);
    let last: Vec<&OsStr> = [file.as_os_str()].into_iter().chain(last).collect();
    let (bytes, _) = run("ffmpeg", "-nostdin -v error -i", &last);
    let mut rest = bytes.as_slice();
    let mut pictures = Vec::new();
    for (width, height) in sizes(file) {
        let (rgb, after) = rest.split_at((width * height * 3) as usize);
        rest = after;
        if (width, height) == size {
            pictures.push(Picture { width: width as usize, height: height as usize, rgb: rgb.to_vec() });
        }
    }
    assert!(rest.is_empty(), "{} bytes are left of {}", rest.len(), file.display());
    pictures
}

/// The planes (I420) of every picture of a recording, one after another, as they were sent.
pub fn planes(file: &Path) -> Vec<u8> {
    let last = ["-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"].map(OsStr::new);
    let last: Vec<&OsStr> = [file.as_os_str()].into_iter().chain(last).collect();
    run("ffmpeg", "-nostdin -v error -i", &last).0
}

/// `fps` pictures for each second of a recording, made `width` by `height`.
pub fn pictures(file: &Path, fps: u32, width: usize, height: usize) -> Vec<Picture> {
    raw(file, &["-vf", &format!("fps={fps},scale={width}:{height}:flags=area")], width, height)
}

/// Every decoded picture of a recording, made `width` by `height`.
pub fn every_picture(file: &Path, width: usize, height: usize) -> Vec<Picture> {
    let filter = format!("scale={width}:{height}:flags=area");
    raw(file, &["-vf", &filter, "-vsync", "passthrough"], width, height)
}

/// What ffmpeg makes of a file with these options, as pictures of this size.
fn raw(file: &Path, options: &[&str], width: usize, height: usize) -> Vec<Picture> {
    let last = options.iter().chain(&["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]).map(OsStr::new);
    let last: Vec<&OsStr> = [file.as_os_str()].into_iter().chain(last).collect();
    let (bytes, _) = run("ffmpeg", "-nostdin -v error -i", &last);
    bytes.chunks_exact(width * height * 3).map(|rgb| Picture { width, height, rgb: rgb.to_vec() }).collect()
}

/// The picture in the image file or image bytes' file `file`, in its own size.
pub fn image(file: &Path) -> Picture {
    let found = probe("-show_streams", file.as_os_str());
    let side =
        |name: &str| found["streams"][0][name].as_u64().unwrap_or_else(|| panic!("no picture: {found}")) as usize;
    let (width, height) = (side("width"), side("height"));
    let last =
        [file.as_os_str(), "-f".as_ref(), "rawvideo".as_ref(), "-pix_fmt".as_ref(), "rgb24".as_ref(), "-".as_ref()];
    let (rgb, error) = run("ffmpeg", "-nostdin -v error -i", &last);
    assert_eq!(error, "", "{}", file.display());
    assert_eq!(rgb.len(), width * height * 3, "{}", file.display());
    Picture { width, height, rgb }
}

/// The sound of a recording: mono, 48 kHz.
pub fn sound(file: &Path) -> Vec<i16> {
    let last = ["-vn", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"].map(OsStr::new);
    let last: Vec<&OsStr> = [file.as_os_str()].into_iter().chain(last).collect();
    let (bytes, _) = run("ffmpeg", "-nostdin -v error -i", &last);
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
