//! The screen that is a file: the newest picture as PNG, for a look at what would be shown.

use crate::device::{DeviceError, Display, Fault, Wake, clock};
use crate::media::{PictureView, Size, Time};
use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use yuv::{YuvPlanarImage, YuvRange, YuvStandardMatrix, yuv420_to_rgb};

/// A file is written at most this often.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps a copy of the newest picture; a thread of its own encodes and writes it, at most once a second and at the end.
///
/// The file is replaced as a whole: whoever reads it sees one picture or another, never a part.
pub struct PngDisplay {
    shared: Arc<Shared>,
    name: String,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    newest: Option<Copied>,
    /// Memory of a picture that was written, to be used again.
    spare: Vec<u8>,
    failed: Option<io::Error>,
    closing: bool,
}

/// A tightly packed picture.
struct Copied {
    size: Size,
    bytes: Vec<u8>,
}

impl Shared {
    /// Every holder leaves the state whole, so a panicked one does no harm.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl PngDisplay {
    /// Shows on the file `path`, whose folder must be there.
    pub fn open(path: &Path) -> Result<Self, DeviceError> {
        let name = path.display().to_string();
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if !fs::metadata(folder).map_err(|error| DeviceError::io(&name, "find its folder", &error))?.is_dir() {
            return Err(DeviceError::new(Fault::Unsupported, name, "its folder is not a folder"));
        }
        let shared = Arc::new(Shared::default());
        let (inside, path) = (shared.clone(), path.to_path_buf());
        let writer = std::thread::Builder::new()
            .name("png".into())
            .spawn(move || write_newest(&inside, &path))
            .map_err(|error| DeviceError::io(&name, "start its writer", &error))?;
        Ok(Self { shared, name, writer: Some(writer) })
    }
}

impl Display for PngDisplay {
    fn size(&self) -> Option<Size> {
        None
    }

    fn show(&mut self, picture: PictureView<'_>, _: &Wake) -> Result<Option<Time>, DeviceError> {
        let mut state = self.shared.lock();
        if let Some(error) = state.failed.take() {
            return Err(DeviceError::io(&self.name, "write the picture", &error));
        }
        let old = state.newest.take().map_or_else(|| std::mem::take(&mut state.spare), |copied| copied.bytes);
        state.newest = Some(Copied { size: picture.size, bytes: pack(&picture, old) });
        drop(state);
        self.shared.changed.notify_one();
        Ok(Some(clock::now()))
    }
}

impl Drop for PngDisplay {
    /// The last picture is written before this returns.
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.changed.notify_one();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn pack(picture: &PictureView<'_>, mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.clear();
    let (width, height) = (picture.size.width as usize, picture.size.height as usize);
    let mut plane = |plane: &[u8], stride: usize, width: usize, height: usize| {
        plane
            .chunks(stride.max(1))
            .take(height)
            .for_each(|line| bytes.extend_from_slice(&line[..width.min(line.len())]));
    };
    plane(picture.y, picture.y_stride, width, height);
    plane(picture.u, picture.uv_stride, width.div_ceil(2), height.div_ceil(2));
    plane(picture.v, picture.uv_stride, width.div_ceil(2), height.div_ceil(2));
    bytes
}

/// The writer's thread.
fn write_newest(shared: &Shared, path: &Path) {
    let mut due = Instant::now();
    loop {
        let mut state = shared.lock();
        let now = Instant::now();
        if !state.closing && (state.newest.is_none() || now < due) {
            let wait = if state.newest.is_none() { Duration::from_secs(3600) } else { due - now };
            let _ = shared.changed.wait_timeout(state, wait);
            continue;
        }
        let Some(picture) = state.newest.take() else { return };
        drop(state);
        due = now + EVERY;
        let result = write(&picture, path);
        let mut state = shared.lock();
        state.spare = picture.bytes;
        state.failed = result.err();
    }
}

/// Writes beside `path` and renames: a link under either name is replaced, never followed.
fn write(picture: &Copied, path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part: PathBuf = path.with_file_name(name);
    let _ = fs::remove_file(&part);
    let file = OpenOptions::new().write(true).create_new(true).custom_flags(libc::O_NOFOLLOW).open(&part)?;
    encode(picture, BufWriter::new(file)).and_then(|()| fs::rename(&part, path)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}

fn encode(picture: &Copied, out: impl io::Write) -> io::Result<()> {
    let Size { width, height } = picture.size;
    let view = PictureView::new(picture.size, width as usize, &picture.bytes).ok_or(io::ErrorKind::InvalidData)?;
    let planes = YuvPlanarImage {
        y_plane: view.y,
        y_stride: view.y_stride as u32,
        u_plane: view.u,
        u_stride: view.uv_stride as u32,
        v_plane: view.v,
        v_stride: view.uv_stride as u32,
        width,
        height,
    };
    let mut rgb = vec![0; picture.size.pixels() * 3];
    yuv420_to_rgb(&planes, &mut rgb, width * 3, YuvRange::Limited, YuvStandardMatrix::Bt601)
        .map_err(|error| io::Error::other(error.to_string()))?;
    let mut encoder = ::png::Encoder::new(out, width, height);
    encoder.set_color(::png::ColorType::Rgb);
    encoder.set_compression(::png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    Ok(writer.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(display: &mut PngDisplay, luma: u8) {
        let bytes = [vec![luma; 72 * 36], vec![128; 72 * 36 / 2]].concat();
        let picture = PictureView::new(Size::new(64, 36), 72, &bytes).unwrap();
        display.show(picture, &Wake::new().unwrap()).unwrap().unwrap();
    }

    fn pixels(path: &Path) -> (u32, u32, Vec<u8>) {
        let mut reader = ::png::Decoder::new(io::BufReader::new(fs::File::open(path).unwrap())).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        (info.width, info.height, pixels)
    }

    #[test]
    fn the_last_picture_is_in_the_file_when_the_screen_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("screen.png");
        let mut display = PngDisplay::open(&path).unwrap();
        for luma in [16, 60, 235] {
            show(&mut display, luma);
        }
        drop(display);
        assert_eq!(pixels(&path), (64, 36, vec![255; 64 * 36 * 3]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    #[test]
    fn a_link_in_its_place_is_replaced_and_its_target_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("screen.png"), folder.path().join("precious"));
        fs::write(&precious, "keep").unwrap();
        std::os::unix::fs::symlink(&precious, &path).unwrap();
        std::os::unix::fs::symlink(&precious, folder.path().join("screen.png.part")).unwrap();
        let mut display = PngDisplay::open(&path).unwrap();
        show(&mut display, 100);
        drop(display);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "keep");
        assert_eq!(pixels(&path).0, 64);
    }

    #[test]
    fn a_missing_folder_is_told_at_once() {
        let error = PngDisplay::open(Path::new("/nonexistent/screen.png")).err().unwrap();
        assert_eq!(error.fault, Fault::Missing);
    }
}
