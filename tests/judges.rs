//! The judges judged: what the behaviour tests see and hear with is right about pictures and sounds of ffmpeg's.

mod support;

use support::picture::{BARS, Picture, near};
use support::{ffmpeg, sound};

#[test]
fn a_test_card_is_told_by_its_bars() {
    let card = |shift: usize| {
        let line: Vec<u8> = (0..64).flat_map(|x| BARS[(x / 8 + 8 - shift) % 8]).collect();
        Picture { width: 64, height: 36, rgb: line.repeat(36) }
    };
    assert_eq!([card(0).card(), card(3).card(), card(1).card()], [Some(1), Some(2), Some(4)]);
    assert_eq!(card(0).mirrored().card(), None);
    let grey = Picture { width: 64, height: 36, rgb: vec![90; 64 * 36 * 3] };
    assert_eq!(grey.card(), None);
}

#[test]
fn colours_and_levels_are_those_ffmpeg_made() {
    let folder = tempfile::tempdir().unwrap();
    let movie = folder.path().join("movie.mkv");
    let red =
        "-f lavfi -i color=c=red:size=64x36:rate=10:duration=1 -f lavfi -i sine=1000:duration=1:r=48000 -c:a pcm_s16le";
    ffmpeg::Ffmpeg::start(red, &movie).finish();
    let pictures = ffmpeg::pictures(&movie, 5, 32, 18);
    assert_eq!(pictures.len(), 5);
    assert!(near(pictures[2].mean(0.2..0.8, 0.2..0.8), [255, 0, 0]));
    assert!(pictures[0].difference(&pictures[4]) < 1.0);
    let heard = ffmpeg::sound(&movie);
    assert!((sound::frequency(&heard, 48_000) - 1000.0).abs() < 0.1);
    assert!(sound::share(&heard, 48_000, 1000.0) > 0.99 && sound::share(&heard, 48_000, 1500.0) < 0.01);
    // ffmpeg's sine has an eighth of full scale: 18 dB and the sine's own 3 below.
    assert!((sound::level(&heard) + 21.1).abs() < 0.3, "{}", sound::level(&heard));
    assert_eq!(sound::level(&[0; 480]), -120.0);
}
