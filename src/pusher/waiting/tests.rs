//! What is taken, what is refused, and what stays.

use super::*;
use crate::image;
use crate::media::PictureView;

const SIZE: Size = Size::new(64, 48);

/// A grey picture of this luma as a PNG file, with its MD5.
fn png(luma: u8) -> (Vec<u8>, String) {
    let mut bytes = vec![luma; SIZE.pixels()];
    bytes.resize(SIZE.i420_len(), 128);
    let file = image::to_png(PictureView::new(SIZE, 64, &bytes).unwrap()).unwrap();
    let md5 = Md5::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    (file, md5)
}

fn wanted(place: &str, md5: Option<&str>) -> Option<WaitingImage> {
    Some(WaitingImage { place: place.into(), md5: md5.map(str::to_owned) })
}

fn shows(state: &State) -> Option<(&str, WaitingFrom)> {
    state.loaded.as_ref().map(|loaded| (loaded.place.as_str(), loaded.from))
}

#[test]
fn a_picture_with_the_right_md5_is_taken_and_another_leaves_the_one_before() {
    let ((one, one_md5), (two, two_md5)) = (png(50), png(200));
    let mut state = State::default();
    state.want(wanted("/one.png", Some(&one_md5.to_uppercase())), None);
    state.accept(&one, WaitingFrom::File, None);
    assert_eq!((shows(&state), state.problem.as_str(), state.due), (Some(("/one.png", WaitingFrom::File)), "", None));
    for (bytes, words) in
        [(&one, format!("/two.png: its MD5 is {one_md5}, expected {two_md5}")), (&vec![7; 9], "MD5".into())]
    {
        state.want(wanted("/two.png", Some(&two_md5)), None);
        state.accept(bytes, WaitingFrom::File, None);
        assert!(state.problem.contains(&words), "{}", state.problem);
        assert_eq!(shows(&state), Some(("/one.png", WaitingFrom::File)), "the one before stays");
        assert!(state.due.is_some(), "it is tried again");
    }
    state.accept(&two, WaitingFrom::File, None);
    assert_eq!((shows(&state), state.problem.as_str()), (Some(("/two.png", WaitingFrom::File)), ""));
    state.want(wanted("/three.png", None), None);
    state.accept(b"<html>", WaitingFrom::File, None);
    assert!(state.problem.contains("neither PNG nor JPEG but a page"), "{}", state.problem);
    assert_eq!(shows(&state), Some(("/two.png", WaitingFrom::File)));
    state.want(None, None);
    assert_eq!((shows(&state), state.due), (None, None));
}

#[test]
fn what_a_new_hash_refuses_is_shown_no_longer() {
    let ((one, _), (_, other)) = (png(50), png(200));
    let mut state = State::default();
    state.want(wanted("/one.png", None), None);
    state.accept(&one, WaitingFrom::File, None);
    state.want(wanted("/one.png", Some(&other)), None);
    assert_eq!(shows(&state), None);
}

#[test]
fn a_copy_is_shown_at_once_verified_again_and_fetched_anew_unless_a_hash_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path());
    let ((one, md5), (_, other)) = (png(50), png(200));
    let place = "http://host/one.png?key=geheim";
    let mut state = State::default();
    state.want(wanted(place, None), Some(&cache));
    assert_eq!((shows(&state), state.due.is_some()), (None, true), "nothing is kept yet");
    state.accept(&one, WaitingFrom::Network, Some(&cache));
    for (hash, shown, due) in [
        (None, Some((place, WaitingFrom::Cache)), true),
        (Some(md5.as_str()), Some((place, WaitingFrom::Cache)), false),
        (Some(other.as_str()), None, true),
    ] {
        let mut state = State::default();
        state.want(wanted(place, hash), Some(&cache));
        assert_eq!((shows(&state), state.due.is_some()), (shown, due), "{hash:?}");
        state.fail("no connection");
        assert!(!state.problem.contains("geheim") && state.problem.contains("http://host/one.png"));
        assert_eq!(shows(&state), shown, "a server that can not be reached takes nothing away");
    }
}

#[test]
fn the_pauses_between_tries_grow_and_stay_bounded() {
    let mut state = State::default();
    state.want(wanted("/nowhere.png", None), None);
    let pauses: Vec<i64> = (0..8)
        .map(|_| {
            let pause = state.pause;
            state.fail("there is no such file");
            pause.as_millis() / 1000
        })
        .collect();
    assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 120, 120]);
}
