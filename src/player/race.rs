//! Which of two connections to one stream is seen and heard. Pure.
//!
//! After a break of its path a server's kernel waits before it sends again, as long as the break was (RFC 6298, 5.5),
//! and nothing a receiver does shortens that. A fresh connection knows no such wait. So where a running stream falls
//! silent, a second connection to it is made beside the first, and whichever has something new is taken: sound from
//! the first frame on that is newer than what was heard, pictures from the second one's first IDR on. Then the first
//! is given up. If it comes to the live edge by itself before that, the second is: its pictures are there in order
//! then, and nothing was lost. Where the second one has nothing new either, it is the sender who is silent, and no third
//! one is made.

mod kind;
mod live;
mod rhythm;
mod shift;

use super::What;
use crate::h264::word::Word;
use crate::media::{Span, Time};
use kind::{Kind, picture_kind, sound_kind, word_of};
use live::Edge;
use rhythm::{EDGE, PATIENCE, Rhythm};
use shift::shift;

/// Between two second connections, and from the beginning to the first: what a server has to bear.
const SELDOM: Span = Span::secs(2);
/// A second connection may take this long to show a picture, when the first one goes on meanwhile.
const LONGEST: Span = Span::secs(8);
/// For so long after a change of connections units are left out that came over the other one already: a server may send
/// its cached GOP first.
const CACHED: Span = Span::secs(3);
/// A server's cached GOP comes within this.
const BURST: Span = Span::millis(500);

/// The connections to one stream, the first of which is the one that is played.
#[derive(Debug)]
pub struct Race {
    lines: Vec<Line>,
    last_number: u64,
    tracks: [Track; 2],
    rhythm: Rhythm,
    /// No second connection before this.
    not_before: Time,
    /// The server wants no second one, or there is no time for one.
    barred: bool,
    /// Something came that was not known when the connections changed last: before that a server that has nothing but
    /// its cached GOP would be asked again and again.
    fresh: bool,
    /// Something came since the stream began, a sequence header at least; and something that was no server's past.
    came: bool,
    live: bool,
    /// What was said in the last picture, and whether that one was held up on its way.
    word: Option<(Word, bool)>,
    switched: Option<Span>,
    /// How long the first connection has been silent at most since there is a second one.
    silence: Span,
    /// Something that concerns whoever runs the connections has changed.
    changed: bool,
}

/// Which of two connections is to go on.
enum Better {
    First,
    Second,
    Both,
}

#[derive(Debug)]
struct Line {
    number: u64,
    since: Time,
    /// When bytes came last.
    bytes_at: Time,
    /// When the stream began.
    begun: Option<Time>,
    /// Sound or pictures came.
    media: bool,
    /// It waits to hand something on: then it is not the network that is silent.
    busy: bool,
    /// Its pictures from here on have what they refer to.
    chain: bool,
    edge: Edge,
    /// Pictures came that have not.
    lacks: bool,
    /// What is taken off its positions, for both tracks.
    shift: Option<Span>,
    /// The newest sequence header of each track.
    headers: [Option<What>; 2],
}

/// Sound or pictures, as handed on.
#[derive(Debug, Default)]
struct Track {
    /// The connection it comes from.
    source: u64,
    newest: Option<Span>,
    /// What another connection brought already, and until when that matters.
    known: Option<(Span, Time)>,
}

impl Track {
    fn of(source: u64) -> Self {
        Self { source, newest: None, known: None }
    }
}

const SOUND: usize = 0;
const PICTURES: usize = 1;

impl Line {
    fn new(number: u64, now: Time) -> Self {
        Self {
            number,
            since: now,
            bytes_at: now,
            begun: None,
            media: false,
            busy: false,
            chain: false,
            edge: Edge::default(),
            lacks: false,
            shift: None,
            headers: [None, None],
        }
    }
}

impl Race {
    /// One connection, to be made now.
    pub fn new(now: Time) -> Self {
        // Whoever plays leaves out the pictures before the first IDR of its stream itself.
        let first = Line { chain: true, shift: Some(Span::ZERO), ..Line::new(1, now) };
        Self {
            lines: vec![first],
            last_number: 1,
            tracks: [Track::of(1), Track::of(1)],
            rhythm: Rhythm::new(now),
            not_before: now,
            barred: false,
            fresh: true,
            came: false,
            live: false,
            word: None,
            switched: None,
            silence: Span::ZERO,
            changed: false,
        }
    }

    /// The connections there should be, the one that is played first.
    pub fn lines(&self) -> impl Iterator<Item = u64> {
        self.lines.iter().map(|line| line.number)
    }

    /// After which silence another connection took over, if one did since the last call.
    pub fn take_switched(&mut self) -> Option<Span> {
        self.switched.take()
    }

    /// What a picture said since the last call, and whether that one was held up on its way.
    pub fn take_word(&mut self) -> Option<(Word, bool)> {
        self.word.take()
    }

    /// A connection brings pictures, and none of those they refer to.
    pub fn lacks_idr(&self) -> bool {
        self.lines.iter().any(|line| line.lacks)
    }

    /// Whether [`Self::lines`] or [`Self::due`] have to be looked at again, since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Something came, and all of it was what a server had kept of the past.
    pub fn only_past(&self) -> bool {
        self.came && !self.live
    }

    /// Bytes came over connection `number`.
    pub fn bytes(&mut self, number: u64, now: Time) {
        let silence = match self.lines.as_mut_slice() {
            [first, _] if first.number == number => now - first.bytes_at,
            _ => Span::ZERO,
        };
        self.silence = self.silence.max(silence);
        if let Some(line) = self.line(number) {
            line.bytes_at = now;
        }
    }

    /// Connection `number` begins or ends to wait until something is taken from it.
    pub fn busy(&mut self, number: u64, busy: bool, now: Time) {
        if let Some(line) = self.line(number) {
            (line.busy, line.bytes_at) = (busy, now);
        }
    }

    /// No second connection from here on.
    pub fn bar(&mut self) {
        self.barred = true;
        self.lines.truncate(1);
    }

    /// Connection `number` is over; `refused`: by the server's own will. False: so is everything.
    pub fn ended(&mut self, number: u64, refused: bool, now: Time) -> bool {
        match self.lines.iter().position(|line| line.number == number) {
            Some(0) if self.lines.get(1).is_some_and(|second| second.media) => self.take_over(now),
            Some(0) => return false,
            Some(_) => {
                self.barred |= refused;
                self.give_up_second(now);
            }
            None => {}
        }
        true
    }

    /// When [`Race::tick`] has something to do.
    pub fn due(&self) -> Option<Time> {
        match self.lines.as_slice() {
            [first] if first.media && self.fresh && !self.barred => {
                Some((first.bytes_at + self.rhythm.patience()).max(self.not_before))
            }
            [_, second] => Some(second.since + LONGEST),
            _ => None,
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Time) {
        if self.due().is_none_or(|due| now < due) {
            return;
        }
        match self.lines.as_mut_slice() {
            [first] if first.busy => first.bytes_at = now,
            [_] => self.begin_second(now),
            _ => self.give_up_second(now),
        }
    }

    fn begin_second(&mut self, now: Time) {
        self.last_number += 1;
        self.lines.push(Line::new(self.last_number, now));
        (self.not_before, self.silence) = (now + SELDOM, Span::ZERO);
    }

    /// What is to be handed on, in this order, for `what` that came over connection `number` at `at`.
    pub fn admit(&mut self, number: u64, what: What, at: Time) -> Vec<What> {
        let Some(place) = self.lines.iter().position(|line| line.number == number) else { return Vec::new() };
        let (track, kind, stamp) = match &what {
            What::Video { timestamp_ms, body } => (PICTURES, picture_kind(body), *timestamp_ms),
            What::Audio { timestamp_ms, body } => (SOUND, sound_kind(body), *timestamp_ms),
            What::Begin if place > 0 => {
                if let Some(second) = self.lines.get_mut(place) {
                    second.begun = Some(at);
                }
                return Vec::new();
            }
            What::Rotation(_) => return if place == 0 { vec![what] } else { Vec::new() },
            What::Begin | What::Finish => {
                if place > 0 {
                    self.take_over(at);
                }
                self.begin_anew(at);
                return vec![what];
            }
        };
        self.came = true;
        let stamp = Span::millis(1) * stamp;
        let alone = self.lines.len() == 1;
        let Some(line) = self.lines.get_mut(place) else { return Vec::new() };
        if kind == Kind::Header {
            line.headers[track] = Some(what.clone());
            return if self.tracks[track].source == number { vec![what] } else { Vec::new() };
        }
        if !std::mem::replace(&mut line.media, true) && place == 0 {
            (self.not_before, self.changed) = (at + SELDOM, true);
        }
        let expected = self.rhythm.expected(at).unwrap_or(stamp);
        let mut position = stamp - *line.shift.get_or_insert_with(|| shift(stamp, expected));
        if alone {
            self.rhythm.note(position, at);
        }
        self.word = word_of(&what, expected - position).or(self.word.take());
        line.chain |= kind == Kind::Key;
        if track == PICTURES {
            line.lacks = !line.chain;
            if line.lacks {
                return Vec::new();
            }
        }
        match self.judge(place, track, position, expected, at) {
            Better::First => self.give_up_second(at),
            Better::Second => self.take_over(at),
            Better::Both => {}
        }
        if !self.lines().any(|line| line == number) {
            return Vec::new();
        }
        let of_track = &mut self.tracks[track];
        of_track.known = of_track.known.filter(|(known, until)| position <= *known && at < *until);
        let known = of_track.known.map(|known| known.0);
        if track == PICTURES {
            // Pictures that were seen already are decoded once more: those behind them refer to them.
            position = known.map_or(position, |known| known.max(position));
        } else if known.or(of_track.newest.filter(|_| self.lines.len() > 1)).is_some_and(|known| position <= known) {
            return Vec::new();
        }
        self.hand_on(number, track, position, what, at)
    }

    /// Which connection is to go on, with a unit for `position` that came over the one at `place`. A second one's
    /// pictures begin with an IDR.
    fn judge(&self, place: usize, track: usize, position: Span, expected: Span, at: Time) -> Better {
        let [first, second] = self.lines.as_slice() else { return Better::Both };
        let pictures = self.tracks[PICTURES].newest;
        match (place, track, pictures) {
            (0, ..) if expected - position <= EDGE => Better::First,
            (0, ..) => Better::Both,
            (_, SOUND, None) => Better::Second,
            (_, SOUND, _) => Better::Both,
            (_, _, newest) => {
                // Where the sender was held up, both have the same again at the same time.
                let level = newest.is_some_and(|newest| newest + EDGE >= position) && at - first.bytes_at < PATIENCE;
                let cached = second.begun.is_some_and(|begun| at - begun <= BURST);
                if level && !cached { Better::First } else { Better::Second }
            }
        }
    }

    fn hand_on(&mut self, number: u64, track: usize, position: Span, mut what: What, at: Time) -> Vec<What> {
        if let What::Video { timestamp_ms, .. } | What::Audio { timestamp_ms, .. } = &mut what {
            *timestamp_ms = position.as_millis();
        }
        let of_track = &mut self.tracks[track];
        if of_track.newest.is_none_or(|newest| newest < position) {
            of_track.newest = Some(position);
            self.changed |= !std::mem::replace(&mut self.fresh, true);
            self.live |= self.line(number).is_some_and(|line| line.edge.note(position, at));
        }
        if std::mem::replace(&mut self.tracks[track].source, number) == number {
            return vec![what];
        }
        let header = self.line(number).and_then(|line| line.headers[track].clone());
        header.into_iter().chain([what]).collect()
    }

    fn line(&mut self, number: u64) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.number == number)
    }

    /// The second connection is the first from here on.
    fn take_over(&mut self, now: Time) {
        if self.lines.len() > 1 {
            let given_up = self.lines.remove(0);
            self.switched = Some(self.silence.max(now - given_up.bytes_at));
            for track in &mut self.tracks {
                track.known = track.newest.map(|newest| (newest, now + CACHED));
            }
            self.rhythm.pause();
            (self.fresh, self.changed) = (false, true);
        }
    }

    fn give_up_second(&mut self, now: Time) {
        if self.lines.len() > 1 {
            self.lines.truncate(1);
            self.not_before = self.not_before.max(now + PATIENCE);
            let heard = &mut self.tracks[SOUND];
            heard.known = heard.newest.map(|newest| (newest, now + CACHED));
            self.changed = true;
        }
    }

    /// The stream begins or is over: its time may be another one next.
    fn begin_anew(&mut self, now: Time) {
        self.lines.truncate(1);
        for line in &mut self.lines {
            (line.media, line.chain, line.lacks, line.shift) = (false, true, false, Some(Span::ZERO));
        }
        for track in &mut self.tracks {
            (track.newest, track.known) = (None, None);
        }
        (self.rhythm, self.fresh, self.changed, self.came) = (Rhythm::new(now), true, true, false);
    }
}

#[cfg(test)]
mod tests;
