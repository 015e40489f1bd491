use super::*;
use crate::device::{DeviceError, Fault, Microphone, Speaker, Wake, clock};
use crate::media::{Sound, SoundFormat, Span};

fn fault<T>(result: Result<T, DeviceError>) -> (Fault, String) {
    let error = result.err().expect("an error");
    (error.fault, error.words)
}

#[test]
fn a_device_that_is_not_there_is_missing_and_nothing_is_printed() {
    for name in ["hw:31,0", "no-such-device"] {
        assert_eq!(fault(AlsaMicrophone::open(name)).0, Fault::Missing, "{name}");
        assert_eq!(fault(AlsaSpeaker::open(name)).0, Fault::Missing, "{name}");
    }
    assert!(fault(AlsaSpeaker::open("no\0name")).1.contains("open"));
}

#[test]
fn a_microphone_without_a_pace_is_read_at_the_pace_of_time() {
    let mut microphone = AlsaMicrophone::open("null").unwrap();
    assert_eq!(microphone.format(), SoundFormat::CALL);
    let (wake, mut period) = (Wake::new().unwrap(), Sound::empty(SoundFormat::CALL));
    let (start, mut before) = (clock::now(), None);
    for _ in 0..20 {
        assert!(microphone.next(&wake, &mut period).unwrap());
        assert_eq!(period.span(), Span::millis(10));
        let step = before.map_or(Span::millis(10), |before| period.captured - before);
        assert!((step - Span::millis(10)).abs() <= Span::millis(1), "{step}");
        before = Some(period.captured);
    }
    let took = clock::now() - start;
    assert!(took >= Span::millis(120), "200 ms of sound, at most 40 of them ahead, took {took}");
    wake.ring();
    let rung = (0..20).any(|_| !microphone.next(&wake, &mut period).unwrap());
    assert!(rung, "the bell is heard");
}

#[test]
fn a_speaker_without_a_pace_is_full_after_its_buffer_and_takes_more_when_time_has_passed() {
    let mut speaker = AlsaSpeaker::open("null").unwrap();
    assert_eq!((speaker.format(), speaker.clocked()), (SoundFormat::CALL, true));
    let wake = Wake::new().unwrap();
    let (start, mut taken) = (clock::now(), Span::ZERO);
    while taken < Span::millis(200) {
        let values = speaker.write(&[7; 960]).unwrap();
        taken += speaker.format().span_of(values);
        if values == 0 {
            speaker.wait(&wake, None).unwrap();
        }
    }
    let took = clock::now() - start;
    assert!(took >= Span::millis(100), "200 ms of sound took {took}");
    assert!(speaker.delay().unwrap() <= Span::millis(200));
    while speaker.write(&[7; 480]).unwrap() > 0 {}
    wake.ring();
    speaker.wait(&wake, None).unwrap();
    assert!(!wake.clear(), "the bell ended the wait");
}

#[test]
fn what_is_written_reaches_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("played");
    let mut speaker = AlsaSpeaker::open(&format!("file:{},raw", path.display())).unwrap();
    let samples: Vec<i16> = (0..960).collect();
    let mut sent = 0;
    while sent < samples.len() {
        sent += speaker.write(&samples[sent..]).unwrap();
    }
    drop(speaker);
    let played = std::fs::read(&path).unwrap();
    let expected: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    assert_eq!(played[..expected.len()], expected);
}

#[test]
fn the_cards_of_this_machine_are_listed_with_stable_names() {
    assert!(probe::devices().iter().all(|device| device.device.starts_with("hw:CARD=")));
}
