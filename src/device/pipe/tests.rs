use super::*;
use crate::device::{Camera, DeviceError, Display, Fault, Microphone, Speaker, Wake, clock};
use crate::media::{PictureView, RawPicture, Size, Sound, SoundFormat, Span};
use crate::settings::board::PipeEnd;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::thread;

const SIZE: Size = Size::new(64, 36);

struct Fifo {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Fifo {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        Self { path, _folder: folder }
    }
    fn end(&self) -> PipeEnd {
        PipeEnd::Path(self.path.clone())
    }
    fn writer(&self) -> File {
        OpenOptions::new().write(true).open(&self.path).unwrap()
    }
    /// Open for reading, without waiting for a writer.
    fn reader(&self) -> File {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&self.path).unwrap();
        rustix::fs::fcntl_setfl(&file, rustix::fs::OFlags::empty()).unwrap();
        file
    }
}

fn picture(value: u8) -> Vec<u8> {
    vec![value; SIZE.i420_len()]
}

fn camera(fifo: &Fifo) -> PipeCamera {
    PipeCamera::open(&fifo.end(), SIZE, 30, "I420").unwrap()
}

fn next(camera: &mut PipeCamera) -> RawPicture {
    camera.next(&Wake::new().unwrap()).unwrap().unwrap()
}

fn fault<T>(result: Result<T, DeviceError>) -> (Fault, String) {
    let error = result.err().expect("an error");
    (error.fault, error.words)
}

#[test]
fn a_fifo_that_is_not_there_says_how_to_make_it() {
    let end = PipeEnd::Path("/nonexistent/camera".into());
    let (kind, words) = fault(PipeCamera::open(&end, SIZE, 30, "I420"));
    assert_eq!(kind, Fault::Missing);
    assert!(words.contains("mkfifo /nonexistent/camera"), "{words}");
}

#[test]
fn a_camera_without_a_writer_waits_for_the_bell_and_then_for_its_first_picture() {
    let fifo = Fifo::new();
    let mut camera = camera(&fifo);
    let wake = Wake::new().unwrap();
    wake.ring();
    assert!(camera.next(&wake).unwrap().is_none());
    let mut writer = fifo.writer();
    let before = clock::now();
    writer.write_all(&picture(7)).unwrap();
    let got = next(&mut camera);
    assert_eq!((got.size, got.bytes[0]), (SIZE, 7));
    assert!(got.captured >= before && got.captured <= clock::now());
}

#[test]
fn the_newest_of_several_waiting_pictures_wins_and_the_others_are_counted() {
    let fifo = Fifo::new();
    let mut camera = camera(&fifo);
    let mut writer = fifo.writer();
    for value in 1..=3 {
        writer.write_all(&picture(value)).unwrap();
    }
    writer.write_all(&picture(4)[..100]).unwrap();
    assert_eq!(next(&mut camera).bytes[0], 3);
    assert_eq!(camera.take_losses(), 2);
    writer.write_all(&picture(4)[100..]).unwrap();
    assert_eq!(next(&mut camera).bytes[0], 4);
    assert_eq!(camera.take_losses(), 0);
}

#[test]
fn a_bell_in_the_middle_of_a_picture_does_not_lose_its_place() {
    let fifo = Fifo::new();
    let mut camera = camera(&fifo);
    let mut writer = fifo.writer();
    writer.write_all(&picture(9)[..500]).unwrap();
    let wake = Wake::new().unwrap();
    let bell = wake.clone();
    thread::scope(|scope| {
        scope.spawn(move || bell.ring());
        assert!(camera.next(&wake).unwrap().is_none());
    });
    writer.write_all(&picture(9)[500..]).unwrap();
    assert!(next(&mut camera).bytes.iter().all(|&byte| byte == 9));
}

#[test]
fn a_writer_that_leaves_is_a_lost_camera_and_a_silent_one_a_stalled_one() {
    let fifo = Fifo::new();
    let mut camera = camera(&fifo);
    let mut writer = fifo.writer();
    writer.write_all(&picture(1)).unwrap();
    next(&mut camera);
    camera.patience = Span::millis(5);
    assert_eq!(fault(camera.next(&Wake::new().unwrap())).0, Fault::Stalled);
    drop(writer);
    assert_eq!(fault(camera.next(&Wake::new().unwrap())), (Fault::Gone, "its writer went away".into()));
}

#[test]
fn a_camera_opened_again_on_a_living_writer_starts_at_a_picture_and_not_with_old_ones() {
    let fifo = Fifo::new();
    let mut first = camera(&fifo);
    let mut writer = fifo.writer();
    writer.write_all(&picture(1)[..1000]).unwrap();
    let wake = Wake::new().unwrap();
    let bell = wake.clone();
    thread::scope(|scope| {
        scope.spawn(move || bell.ring());
        assert!(first.next(&wake).unwrap().is_none());
    });
    writer.write_all(&picture(1)[1000..]).unwrap();
    writer.write_all(&picture(2)).unwrap();
    let keeper = fifo.reader();
    drop(first);
    let mut second = camera(&fifo);
    writer.write_all(&picture(3)).unwrap();
    let got = next(&mut second);
    assert!(got.bytes.iter().all(|&byte| byte == 3));
    drop(keeper);
}

#[test]
fn a_commands_pictures_arrive_and_its_end_is_told_with_its_status() {
    let line = format!("head -c {} /dev/zero; exit 3", SIZE.i420_len());
    let mut camera = PipeCamera::open(&PipeEnd::Command(line), SIZE, 30, "i420").unwrap();
    assert_eq!(next(&mut camera).bytes[0], 0);
    let (kind, words) = fault(camera.next(&Wake::new().unwrap()));
    assert_eq!(kind, Fault::Gone);
    assert!(words.starts_with("the command"), "{words}");
}

#[test]
fn dropping_a_command_ends_all_that_it_started() {
    let (fifo, bell) = (Fifo::new(), Wake::new().unwrap());
    // The inner `sleep` holds the FIFO's writing end for as long as it lives.
    let line = format!("(head -c 960 /dev/zero; exec sleep 1000) > {} & wait", fifo.path.display());
    let mut watch = PipeMicrophone::open(&fifo.end(), SoundFormat::CALL).unwrap();
    let camera = PipeCamera::open(&PipeEnd::Command(line), SIZE, 30, "I420").unwrap();
    let mut period = Sound::empty(SoundFormat::CALL);
    assert!(watch.next(&bell, &mut period).unwrap(), "the command has begun");
    drop(camera);
    assert_eq!(fault(watch.next(&bell, &mut period)).0, Fault::Gone);
}

#[test]
fn a_file_is_played_at_its_own_pace_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.yuv");
    std::fs::write(&path, [picture(1), picture(2)].concat()).unwrap();
    let mut camera = PipeCamera::open(&PipeEnd::Path(path), SIZE, 100, "I420").unwrap();
    let first = next(&mut camera);
    let second = next(&mut camera);
    assert_eq!((first.bytes[0], second.bytes[0]), (1, 2));
    assert!(second.captured - first.captured >= Span::millis(9));
    assert_eq!(fault(camera.next(&Wake::new().unwrap())), (Fault::Gone, "the file is at its end".into()));
}

#[test]
fn other_formats_and_impossible_sizes_are_refused() {
    let fifo = Fifo::new();
    assert_eq!(fault(PipeCamera::open(&fifo.end(), SIZE, 30, "NV12")).0, Fault::Unsupported);
    assert_eq!(fault(PipeCamera::open(&fifo.end(), Size::new(0, 9), 30, "I420")).0, Fault::Unsupported);
    let huge = Size::new(u32::MAX, u32::MAX);
    assert_eq!(fault(PipeCamera::open(&fifo.end(), huge, 30, "I420")).0, Fault::Unsupported);
}

#[test]
fn sound_comes_in_periods_stamped_by_its_arrival_until_its_writer_leaves() {
    let fifo = Fifo::new();
    let wake = Wake::new().unwrap();
    let mut microphone = PipeMicrophone::open(&fifo.end(), SoundFormat::CALL).unwrap();
    let mut writer = fifo.writer();
    let samples: Vec<u8> = (0..960_i16).flat_map(|sample| sample.to_le_bytes()).collect();
    let before = clock::now();
    // Cut inside a sample: 961 bytes, then the rest.
    writer.write_all(&samples[..961]).unwrap();
    let mut period = Sound::empty(SoundFormat::CALL);
    assert!(microphone.next(&wake, &mut period).unwrap());
    assert!(period.captured >= before - Span::millis(11) && period.captured <= clock::now() - Span::millis(10));
    assert_eq!(period.samples, (0..480).collect::<Vec<i16>>());
    wake.ring();
    assert!(!microphone.next(&wake, &mut period).unwrap());
    writer.write_all(&samples[961..]).unwrap();
    assert!(microphone.next(&wake, &mut period).unwrap());
    assert_eq!(period.samples, (480..960).collect::<Vec<i16>>());
    drop(writer);
    assert_eq!(fault(microphone.next(&wake, &mut period)).0, Fault::Gone);
}

#[test]
fn a_speaker_needs_a_reader_and_misses_it_when_it_leaves() {
    let fifo = Fifo::new();
    assert_eq!(fault(PipeSpeaker::open(&fifo.end(), SoundFormat::CALL)).0, Fault::Missing);
    let mut reader = fifo.reader();
    let mut speaker = PipeSpeaker::open(&fifo.end(), SoundFormat::CALL).unwrap();
    assert_eq!(speaker.write(&[1, -2, 3]).unwrap(), 3);
    assert_eq!(speaker.delay().unwrap(), SoundFormat::CALL.span_of(3));
    let mut bytes = [0; 6];
    reader.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, [1, 0, 254, 255, 3, 0]);
    drop(reader);
    assert_eq!(fault(speaker.write(&[1])).0, Fault::Gone);
    assert_eq!(fault(speaker.wait(&Wake::new().unwrap(), None)).0, Fault::Gone);
}

#[test]
fn a_reader_that_sleeps_loses_sound_and_holds_nobody_up() {
    let fifo = Fifo::new();
    let _reader = fifo.reader();
    let format = SoundFormat { rate: 48_000, channels: 2 };
    let mut speaker = PipeSpeaker::open(&fifo.end(), format).unwrap();
    for _ in 0..500 {
        assert_eq!(speaker.write(&[5; 960]).unwrap(), 960);
    }
    let delay = speaker.delay().unwrap();
    assert!(delay >= Span::millis(200) && delay <= Span::millis(220), "{delay}");
}

fn shown(value: u8) -> Vec<u8> {
    // 64x36 behind lines of 80 bytes.
    vec![value; 80 * 36 + 2 * 40 * 18]
}

#[test]
fn a_screen_that_reads_slowly_gets_whole_pictures_only() {
    let fifo = Fifo::new();
    let mut reader = fifo.reader();
    let big = Size::new(128, 72);
    let mut display = PipeDisplay::open(&fifo.end(), big).unwrap();
    // A page, the smallest pipe there is: a picture of 13824 bytes never fits.
    rustix::pipe::fcntl_setpipe_size(&reader, 4096).unwrap();
    let wake = Wake::new().unwrap();
    let (mut bytes, mut told) = (Vec::new(), Vec::new());
    for value in 0..40_u8 {
        let planes = vec![value; 160 * 72 + 2 * 80 * 36];
        wake.ring();
        if display.show(PictureView::new(big, 160, &planes).unwrap(), &wake).unwrap().is_some() {
            told.push(value);
        }
        let mut part = [0; 4096];
        let count = reader.read(&mut part).unwrap();
        bytes.extend_from_slice(&part[..count]);
    }
    let pictures: Vec<&[u8]> = bytes.chunks_exact(big.i420_len()).collect();
    assert!(pictures.len() > 5);
    for picture in &pictures {
        assert!(picture.iter().all(|byte| byte == &picture[0]), "a torn picture");
    }
    let seen: Vec<u8> = pictures.iter().map(|picture| picture[0]).collect();
    assert_eq!(seen, told[..seen.len()], "what is said to be shown arrives, once");
    assert!(seen.windows(2).all(|pair| pair[1] > pair[0] + 1), "pictures in between were left out");
}

#[test]
fn a_screen_gets_each_picture_when_it_is_shown_and_refuses_other_sizes() {
    let fifo = Fifo::new();
    let mut reader = fifo.reader();
    let mut display = PipeDisplay::open(&fifo.end(), SIZE).unwrap();
    let (planes, wake) = (shown(77), Wake::new().unwrap());
    let at = display.show(PictureView::new(SIZE, 80, &planes).unwrap(), &wake).unwrap().unwrap();
    assert!(at <= clock::now());
    let mut bytes = picture(0);
    reader.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, picture(77));
    let other = PictureView::new(Size::new(32, 18), 80, &planes).unwrap();
    assert_eq!(fault(display.show(other, &wake)).0, Fault::Damaged);
    drop(reader);
    assert_eq!(fault(display.show(PictureView::new(SIZE, 80, &planes).unwrap(), &wake)).0, Fault::Gone);
}
