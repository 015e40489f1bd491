//! Several players in one room: the microphone hears all of them.

use super::super::Convert;
use super::*;

/// A player as the microphone and the canceller know it.
struct Talker {
    /// What it plays, 48 kHz mono, from the beginning on; silence where it plays nothing.
    says: Vec<f64>,
    /// The seconds in which it plays.
    plays: std::ops::Range<usize>,
    /// From the loudspeaker to the microphone.
    echo_ms: f64,
    /// The format of its loudspeaker, samples of a piece, and how long before it is heard a piece is given out.
    format: SoundFormat,
    piece: usize,
    ahead: Span,
}

impl Talker {
    fn new(seed: u64, pitch: f64, plays: std::ops::Range<usize>, echo_ms: f64) -> Self {
        let mut says = voice(seed, pitch, 8);
        says[..plays.start * SECOND].fill(0.0);
        says[plays.end * SECOND..].fill(0.0);
        Self { says, plays, echo_ms, format: CALL, piece: 1024, ahead: Span::millis(20) }
    }

    /// The pieces it gives out, in their order.
    fn pieces(&self) -> Vec<Played> {
        let range = self.plays.start * SECOND..self.plays.end * SECOND;
        let mut convert = Convert::new(CALL, self.format);
        let (mut sound, delay) = (Vec::new(), convert.delay());
        convert.push(&samples(&self.says[range]), &mut sound);
        let begin = Time::default() + Span::secs(self.plays.start as i64) - delay;
        let pieces = sound.chunks(self.piece * usize::from(self.format.channels)).scan(begin, |heard, samples| {
            let piece = Played { samples: samples.to_vec(), format: self.format, heard: *heard };
            *heard += self.format.span_of(samples.len());
            Some(piece)
        });
        pieces.collect()
    }
}

/// What the other side hears of a terminal whose microphone hears `near` and the players, and what that was before.
fn in_a_room(near: &[f64], talkers: &[Talker]) -> (Vec<i16>, Vec<i16>) {
    let heard = talkers.iter().fold(near.to_vec(), |all, it| sum(&all, &echo(&it.says, it.echo_ms)));
    let before = samples(&heard);
    let mut given: Vec<_> = talkers.iter().map(|it| it.pieces().into_iter().peekable()).collect();
    let (mut treatment, mut out) = (Treatment::default(), Vec::new());
    treatment.set(ECHO);
    for (n, frame) in before.chunks_exact(FRAME).enumerate() {
        let captured = Time::default() + Span::millis(10) * n as i64;
        for (player, (pieces, talker)) in given.iter_mut().zip(talkers).enumerate() {
            while let Some(piece) = pieces.next_if(|piece| piece.heard <= captured + talker.ahead) {
                treatment.played(player, &piece);
            }
        }
        let mut sound = Sound { format: CALL, samples: frame.to_vec(), captured };
        treatment.run(&mut sound);
        out.extend(sound.samples);
    }
    (before, out)
}

/// By how many dB `after` is quieter than `before` in that second.
fn less(before: &[i16], after: &[i16], second: usize) -> f64 {
    let range = second * SECOND..(second + 1) * SECOND;
    level(&before[range.clone()]) - level(&after[range])
}

#[test]
fn the_echo_of_two_players_is_taken_out_whatever_each_of_them_is_like() {
    let stereo = SoundFormat { rate: 44_100, channels: 2 };
    let first = Talker::new(1, 190.0, 0..8, 70.0);
    let second = Talker { format: stereo, piece: 441, ahead: Span::millis(90), ..Talker::new(5, 130.0, 3..8, 85.0) };
    let (before, out) = in_a_room(&noise(7, 0.0003, 8 * SECOND), &[first, second]);
    let told: Vec<f64> = (0..8).map(|second| less(&before, &out, second)).collect();
    println!("{told:.1?} dB less in each second; the second player begins with the fourth");
    // The first is known after two seconds, the second two seconds after it began.
    assert!([2, 5, 6, 7].iter().all(|second| told[*second] >= 20.0), "{told:?}");
    // Where only the first were known, the second would be heard as it is.
    let (first, second) = (Talker::new(1, 190.0, 0..8, 70.0), Talker::new(5, 130.0, 3..8, 85.0));
    let (before, out) = in_a_room(&echo(&second.says, second.echo_ms), &[first]);
    let told: Vec<f64> = (5..8).map(|second| less(&before, &out, second)).collect();
    assert!(told.iter().all(|db| *db < 12.0), "{told:?}");
}

#[test]
fn a_player_that_stops_leaves_nothing_behind() {
    let mut near = voice(2, 110.0, 8);
    near[..5 * SECOND].fill(0.0);
    let talkers = [Talker::new(1, 190.0, 0..4, 70.0), Talker::new(5, 130.0, 1..4, 85.0)];
    let (_, out) = in_a_room(&near, &talkers);
    // An echo of what is over would be heard when the terminal is quiet, and eat of who speaks.
    let quiet = level(&out[4 * SECOND + SECOND / 2..5 * SECOND]);
    assert!(quiet < -80.0, "{quiet} dBFS");
    let (reference, _) = treat(&near, &vec![0.0; near.len()], |_| ECHO);
    let range = 6 * SECOND..8 * SECOND;
    let (alone, after) = (level(&reference[range.clone()]), level(&out[range]));
    assert!((alone - after).abs() < 0.5, "{alone} dBFS alone, {after} after the others");
}
