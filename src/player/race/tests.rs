//! Two connections on a link that breaks: what is handed on, and which of them goes on.

use super::*;
use crate::flv::video::{picture, sequence_header};
use crate::h264::word::{Wish, Word};
use bytes::Bytes;

/// One stream of a sender, 25 pictures and 50 frames of sound a second, an IDR every two seconds.
struct Story {
    race: Race,
    now: i64,
    got: Vec<(i64, What)>,
    started: Vec<i64>,
}

fn at(ms: i64) -> Time {
    Time::from_micros(100_000_000 + ms * 1000)
}

fn video_at(ms: i64) -> What {
    What::Video { timestamp_ms: ms, body: picture(ms % 2000 == 0, 0, &[0]) }
}

fn sound_at(ms: i64) -> What {
    What::Audio { timestamp_ms: ms, body: Bytes::from_static(&[0xaf, 1, 0]) }
}

fn header() -> What {
    What::Video { timestamp_ms: 0, body: sequence_header(&[1]) }
}

impl Story {
    /// The stream has been playing for `ms` over one connection.
    fn playing(ms: i64) -> Self {
        let mut this = Self { race: Race::new(at(0)), now: 0, got: vec![], started: vec![] };
        this.line(1, What::Begin);
        this.line(1, header());
        this.run(ms, &[(1, 0)]);
        assert_eq!(this.got.len() as i64, 2 + (ms + 39) / 40 + ms / 20);
        this
    }

    fn line(&mut self, number: u64, what: What) -> usize {
        let before = self.got.len();
        self.race.bytes(number, at(self.now));
        let admitted = self.race.admit(number, what, at(self.now));
        self.got.extend(admitted.into_iter().map(|what| (self.now, what)));
        self.got.len() - before
    }

    /// Goes on for `ms`; each of `lines` delivers what is captured now, its stamps changed by so much.
    fn run(&mut self, ms: i64, lines: &[(u64, i64)]) {
        for now in (self.now..self.now + ms).step_by(20) {
            self.now = now;
            self.race.tick(at(now));
            for &(number, shift) in lines {
                if now % 40 == 0 {
                    let What::Video { body, .. } = video_at(now) else { return };
                    self.line(number, What::Video { timestamp_ms: now + shift, body });
                }
                self.line(number, What::Audio { timestamp_ms: now + shift, body: Bytes::from_static(&[0xaf, 1, 0]) });
            }
            let known: Vec<u64> = self.race.lines().collect();
            if known.len() > 1 && !self.started.contains(&now) {
                self.started.push(now);
            }
        }
        self.now += 20;
    }

    fn lines(&self) -> Vec<u64> {
        self.race.lines().collect()
    }

    /// Arrival and position of what was handed on from `from` on.
    fn since(&self, from: i64) -> Vec<(i64, i64, char)> {
        let unit = |(now, what): &(i64, What)| match what {
            What::Video { timestamp_ms, body } if picture_kind(body) == Kind::Key => (*now, *timestamp_ms, 'I'),
            What::Video { timestamp_ms, body } if picture_kind(body) == Kind::Header => (*now, *timestamp_ms, 'H'),
            What::Video { timestamp_ms, .. } => (*now, *timestamp_ms, 'P'),
            What::Audio { timestamp_ms, .. } => (*now, *timestamp_ms, 's'),
            What::Begin | What::Finish | What::Rotation(_) => (*now, 0, '-'),
        };
        self.got.iter().map(unit).filter(|unit| unit.0 >= from).collect()
    }
}

#[test]
fn a_stream_that_flows_has_one_connection_and_is_handed_on_as_it_comes() {
    let mut story = Story::playing(20_000);
    story.run(5000, &[(1, 0)]);
    assert_eq!((story.lines(), story.started.len()), (vec![1], 0));
    assert!(story.since(0).iter().skip(2).all(|&(now, position, _)| now == position));
}

#[test]
fn after_a_silence_a_second_connection_gives_sound_at_once_and_pictures_from_its_first_idr_on() {
    let mut story = Story::playing(10_000);
    story.run(3000, &[]);
    assert_eq!((story.started[0] - 9980, story.lines()), (400, vec![1, 2]), "after the last unit");
    story.line(2, What::Begin);
    story.line(2, header());
    let back = story.now;
    story.run(2000, &[(2, 0)]);
    let got = story.since(back);
    assert_eq!(got[0], (back, back, 's'));
    let pictures: Vec<_> = got.iter().filter(|unit| unit.2 != 's').collect();
    assert_eq!((pictures[0].2, pictures[1].2, pictures[1].1 % 2000), ('H', 'I', 0), "{pictures:?}");
    assert_eq!(story.lines(), [2]);
    assert!(story.race.take_switched().is_some_and(|silence| silence > Span::secs(3)));
    // The one that was given up has nothing to say.
    assert_eq!(story.line(1, video_at(10_000)), 0);
    story.run(4000, &[(2, 0)]);
    assert_eq!(story.lines(), [2]);
}

#[test]
fn a_connection_that_comes_to_the_live_edge_by_itself_goes_on_and_nothing_of_it_is_lost() {
    let mut story = Story::playing(10_100);
    story.run(3000, &[]);
    story.line(2, What::Begin);
    story.line(2, header());
    story.run(200, &[(2, 0)]);
    let (heard, back) = (story.since(0).last().unwrap().1, story.now);
    // What waited on the way: faster than it was made.
    for ms in (10_100..story.now).step_by(20) {
        story.now += i64::from(ms % 80 == 0);
        if ms % 40 == 0 {
            let What::Video { .. } = video_at(ms) else { return };
            let body = picture(false, 0, &[0]);
            assert_eq!(story.line(1, What::Video { timestamp_ms: ms, body }), 1, "{ms}");
        }
        story.line(1, sound_at(ms));
    }
    assert_eq!(story.lines(), [1]);
    assert!(story.race.take_switched().is_none());
    let old = story.since(back).into_iter().filter(|unit| unit.2 == 's' && unit.1 <= heard).count();
    assert_eq!(old, 0, "sound is heard once");
}

#[test]
fn a_server_with_a_cached_gop_shows_a_picture_at_once_and_what_was_seen_is_not_moved_back() {
    let mut story = Story::playing(10_500);
    story.run(2300, &[]);
    story.line(2, What::Begin);
    story.line(2, header());
    let back = story.now;
    // From the IDR at 10 s on, all at once.
    for ms in (10_000..back).step_by(40) {
        story.line(2, video_at(ms));
        story.line(2, sound_at(ms));
        story.line(2, sound_at(ms + 20));
    }
    assert_eq!(story.lines(), [2]);
    let got = story.since(back);
    assert!(got.iter().filter(|unit| unit.2 != 'H').all(|unit| unit.1 >= 10_440), "{:?}", got.first());
    assert_eq!(got.iter().filter(|unit| "IP".contains(unit.2)).count(), (back as usize - 10_000).div_ceil(40));
    assert!(got.iter().filter(|unit| unit.2 == 's').all(|unit| unit.1 > 10_480));
}

#[test]
fn a_server_that_counts_each_players_time_from_nothing_is_followed_in_the_time_of_before() {
    let mut story = Story::playing(30_000);
    story.run(2000, &[]);
    let (back, shift) = (story.now, -story.now);
    story.line(2, What::Begin);
    story.run(3000, &[(2, shift)]);
    let got = story.since(back);
    assert_eq!(story.lines(), [2]);
    assert!(got.iter().all(|&(now, position, _)| (now - position).abs() <= 20), "{:?}", got.first());
}

#[test]
fn where_the_sender_was_held_up_the_first_connection_stays() {
    let mut story = Story::playing(10_000);
    story.run(1480, &[]);
    assert_eq!(story.lines(), [1, 2]);
    story.line(2, What::Begin);
    story.run(1000, &[]);
    // Everything two seconds late, over both at the same time, an IDR first.
    let (back, late) = (story.now, 2000);
    for now in (back..back + 200).step_by(20) {
        story.now = now;
        for number in [1, 2] {
            let body = picture(now == back, 0, &[0]);
            story.line(number, What::Video { timestamp_ms: now - late, body });
        }
    }
    assert_eq!(story.lines(), [1]);
}

#[test]
fn a_stream_of_rare_pictures_is_not_taken_for_broken_and_a_slow_reader_not_for_silence() {
    let mut race = Race::new(at(0));
    race.admit(1, What::Begin, at(0));
    for second in 0..30 {
        let now = at(second * 1000);
        assert!(race.due().is_none_or(|due| due >= now) || second < 4, "in second {second}");
        race.bytes(1, now);
        race.admit(1, video_at(second * 1000), now);
    }
    race.busy(1, true, at(29_000));
    race.tick(at(60_000));
    assert_eq!(race.lines().count(), 1);
    race.busy(1, false, at(60_000));
    race.tick(at(63_100));
    assert_eq!(race.lines().count(), 2);
}

#[test]
fn a_server_is_asked_for_a_second_connection_seldom_and_never_again_after_a_refusal() {
    let mut story = Story::playing(10_000);
    for _ in 0..20 {
        // Half a second of silence each second, made up for at once.
        story.run(480, &[]);
        let from = story.now - 500;
        for ms in (from..story.now).step_by(20) {
            story.line(1, sound_at(ms));
        }
        story.run(480, &[(1, 0)]);
    }
    let begun = story.race.last_number - 1;
    assert!((1..=10).contains(&begun), "{begun} second connections in 20 s");
    story.run(3000, &[]);
    let second = *story.lines().last().unwrap();
    assert!(second > 1 && story.race.ended(second, true, at(story.now)));
    story.run(10_000, &[]);
    assert_eq!(story.lines(), [1]);
    assert!(!story.race.ended(1, false, at(story.now)), "the session is over with it");
}

#[test]
fn the_second_one_goes_on_alone_when_the_first_ends_and_the_publishers_end_is_the_streams() {
    let mut story = Story::playing(10_100);
    story.run(1000, &[]);
    story.line(2, What::Begin);
    story.line(2, sound_at(11_100));
    assert!(story.race.ended(1, false, at(story.now)));
    assert_eq!(story.lines(), [2]);
    assert_eq!(story.line(2, What::Video { timestamp_ms: 11_120, body: picture(false, 0, &[0]) }), 0, "no IDR yet");
    assert_eq!(story.line(2, video_at(12_000)), 1);
    assert_eq!(story.line(2, What::Finish), 1);
    story.run(10_000, &[]);
    assert_eq!(story.lines(), [2], "whoever waits for a publisher needs one connection");
}

#[test]
fn a_server_that_has_nothing_but_its_cached_pictures_is_not_asked_again_until_something_new_comes() {
    let mut story = Story::playing(10_000);
    story.run(500, &[]);
    assert_eq!(story.lines(), [1, 2]);
    story.line(2, What::Begin);
    story.line(2, header());
    for past in (8000..9980).step_by(20) {
        story.line(2, sound_at(past));
        if past % 40 == 0 {
            story.line(2, video_at(past));
        }
    }
    assert_eq!((story.lines(), story.race.due()), (vec![2], None), "the sender is silent");
    story.run(4000, &[]);
    assert_eq!(story.lines(), [2]);
    assert!(story.since(10_000).iter().all(|unit| unit.2 != 's'), "none of it is heard twice");
    story.race.take_changed();
    story.run(1000, &[(2, 0)]);
    assert!(story.race.take_changed() && story.race.due().is_some(), "it flows again");
    // The sender's own pause is forgotten after a while.
    story.run(11_000, &[(2, 0)]);
    story.run(1000, &[]);
    assert_eq!(story.lines(), [2, 3], "and is watched again");
}

#[test]
fn a_session_with_nothing_but_a_servers_past_is_told_from_one_that_was_live() {
    let mut story = Story { race: Race::new(at(0)), now: 0, got: vec![], started: vec![] };
    story.line(1, What::Begin);
    assert!(!story.race.only_past(), "who waits for a sender has met none that is silent");
    let past = |story: &mut Story, number: u64, shift: i64| {
        for stamp in (8000..9980).step_by(20) {
            story.line(number, sound_at(stamp + shift));
            if stamp % 40 == 0 {
                let What::Video { body, .. } = video_at(stamp) else { return };
                story.line(number, What::Video { timestamp_ms: stamp + shift, body });
            }
        }
    };
    story.line(1, header());
    assert!(story.race.only_past(), "a server may keep nothing but the header");
    past(&mut story, 1, 0);
    story.run(4000, &[]);
    assert_eq!((story.lines(), story.race.only_past()), (vec![1, 2], true), "the sender is silent");
    // The second connection brings the same, and does not make it newer; not even where each player's time is its own.
    story.line(2, What::Begin);
    story.line(2, header());
    past(&mut story, 2, -8000);
    story.run(2000, &[]);
    assert!(story.race.only_past());
    story.run(1000, &[(2, -2000)]);
    assert!(!story.race.only_past(), "it speaks again");

    let mut story = Story::playing(3000);
    story.run(5000, &[]);
    assert!(!story.race.only_past(), "it was live before it fell silent");

    let mut story = Story { race: Race::new(at(0)), now: 0, got: vec![], started: vec![] };
    for what in [What::Begin, header(), What::Finish] {
        story.line(1, what);
    }
    assert!(!story.race.only_past(), "who hung up is no silent one");
}

/// A picture with `word` in front of it.
fn saying(ms: i64, word: &Word) -> What {
    let mut nal = Vec::new();
    word.write(&mut nal);
    let unit = [&(nal.len() as u32).to_be_bytes()[..], &nal, &[0, 0, 0, 2, 0x41, 0x9a]].concat();
    What::Video { timestamp_ms: ms, body: picture(false, 0, &unit) }
}

#[test]
fn pictures_without_their_idr_are_told_of_until_it_comes_or_nobody_wants_them() {
    let mut story = Story::playing(10_000);
    story.run(3000, &[]);
    story.line(2, What::Begin);
    story.line(2, header());
    story.line(2, sound_at(story.now));
    assert!(!story.race.lacks_idr(), "no picture came");
    story.run(400, &[(2, 0)]);
    assert!(story.race.lacks_idr());
    story.run(800, &[(2, 0)]);
    assert_eq!((story.race.lacks_idr(), story.lines()), (false, vec![2]), "the IDR came at 14 s");

    story.run(3000, &[]);
    story.line(3, What::Begin);
    story.run(200, &[(3, 0)]);
    assert!(story.race.lacks_idr());
    // The first one is at the live edge again by itself.
    story.line(2, sound_at(story.now));
    assert_eq!((story.race.lacks_idr(), story.lines()), (false, vec![2]));
}

#[test]
fn what_is_said_in_a_picture_is_heard_although_it_is_left_out_and_marked_when_it_was_held_up() {
    let word = Word { from: 5, wishes: vec![Wish { of: 6, count: 7 }] };
    let mut story = Story::playing(10_000);
    story.line(1, saying(10_000, &word));
    assert_eq!((story.race.take_word(), story.race.take_word()), (Some((word.clone(), false)), None));
    story.run(3000, &[]);
    story.line(2, What::Begin);
    story.line(2, header());
    assert_eq!(story.line(2, saying(story.now, &word)), 0, "no IDR yet");
    assert_eq!(story.race.take_word(), Some((word.clone(), false)));
    story.line(1, saying(10_040, &word));
    assert_eq!(story.race.take_word(), Some((word, true)), "three seconds late");
}
