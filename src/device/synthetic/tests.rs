//! The marks through real codecs, at the rates of a poor link.

use super::mark::{self, TimeMark};
use super::*;
use crate::device::openh264::{OpenH264Decoder, OpenH264Encoder};
use crate::device::{Encoded, VideoDecoder, VideoEncoder, VideoEncoding, sound_decoder, sound_encoder};
use crate::media::{PictureView, Size, SoundCoding, SoundFormat, Span, Time};

/// Encodes and decodes `count` pictures of the test card's at `kbps`; how many codes were read, and how many pictures
/// came out.
fn through_h264(size: Size, kbps: u32, count: u32) -> (usize, usize) {
    let mut card = TestCard::open(1, size, 15).unwrap();
    let mut encoder = OpenH264Encoder::new(VideoEncoding { size, fps: 15, bitrate_kbps: kbps }).unwrap();
    let mut decoder = OpenH264Decoder::new(false).unwrap();
    let (mut unit, mut bytes) = (Vec::new(), vec![0; size.i420_len()]);
    let (mut read, mut shown) = (0, 0);
    for number in 0..count {
        let captured = card.began() + Span::micros(i64::from(number) * 66_667);
        card.draw(&mut bytes, captured, number as u16);
        let picture = PictureView::new(size, size.width as usize, &bytes).unwrap();
        if encoder.encode(picture, captured, number == 0, &mut unit).unwrap() == Encoded::Skipped {
            continue;
        }
        let expected = TimeMark { captured, number: number as u16 };
        let sink = &mut |picture: PictureView<'_>, _: Span| {
            shown += 1;
            read += usize::from(mark::read(&picture) == Some(expected));
        };
        decoder.decode(&unit, captured - card.began(), sink).unwrap();
    }
    (read, shown)
}

#[test]
fn a_time_code_survives_h264_at_the_rates_of_a_poor_link() {
    for (size, kbps) in [(Size::new(320, 180), 150), (Size::new(640, 360), 200), (Size::new(360, 640), 200)] {
        let (read, shown) = through_h264(size, kbps, 45);
        assert!(shown >= 20, "{size} at {kbps}: {shown} pictures");
        assert!(read * 100 >= shown * 95, "{size} at {kbps} kbit/s: {read} of {shown} read");
    }
}

#[test]
fn a_beep_survives_aac_to_a_millisecond() {
    for kbps in [24, 64] {
        let mut encoder = sound_encoder(SoundFormat::CALL, kbps).unwrap();
        let mut decoder = sound_decoder(&SoundCoding::Aac(encoder.config().to_vec().into())).unwrap();
        let mut reader = SoundMarkReader::new(SoundFormat::CALL);
        let mut microphone = ToneMicrophone::open();
        let start = Time::from_micros(500_000_000) - Span::millis(400);
        let mut sound = Vec::new();
        (0..300).for_each(|period| microphone.play(start + Span::millis(10) * period, &mut sound));
        let (mut frame, mut decoded, mut marks, mut done) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for samples in sound.chunks_exact(encoder.frame_len()) {
            encoder.encode(samples, &mut frame).unwrap();
            let format = decoder.decode(&frame, &mut decoded).unwrap();
            assert_eq!(format, SoundFormat::CALL);
            let at = start + Span::samples(done - encoder.delay() as i64, format.rate);
            marks.extend(reader.feed(&decoded, at));
            done += decoded.len() as i64;
        }
        assert_eq!(marks.len(), 3, "at {kbps} kbit/s");
        for (mark, second) in marks.iter().zip(500..) {
            assert_eq!(mark.captured, Time::from_micros(second * 1_000_000));
            assert!((mark.heard - mark.captured).abs() < Span::millis(1), "{kbps} kbit/s: {mark:?}");
        }
    }
}
