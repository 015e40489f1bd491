//! The judges judged: what the behaviour tests see and hear with is right about pictures and sounds of ffmpeg's.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use support::link::{FAR, Link};
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

#[test]
fn a_link_lets_pass_what_it_is_set_to_and_nothing_while_it_is_shut() {
    let Some(link) = Link::new(800) else { return };
    let listener = link.far(|| TcpListener::bind((FAR, 0)).unwrap());
    let mut sender = link.near(|| TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let (mut receiver, _) = listener.accept().unwrap();
    let mut took = || {
        let begun = Instant::now();
        sender.write_all(&[1; 50_000]).unwrap();
        receiver.read_exact(&mut [0; 50_000]).unwrap();
        begun.elapsed().as_secs_f64()
    };
    // 50 kB, their heads, less what passes in one burst.
    let at_800 = took();
    link.rate(4000);
    let at_4000 = took();
    assert!((0.45..0.8).contains(&at_800) && (0.09..0.3).contains(&at_4000), "{at_800} s, {at_4000} s");
    link.rate(0);
    let before = link.arrived();
    sender.write_all(&[1; 20_000]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let passed = link.arrived() - before;
    assert!(passed < 5_000, "{passed} bytes passed a link that is shut");
}
