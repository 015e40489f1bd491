//! Streams of FLV tags: made by ffmpeg once, joined and changed, and given out at the pace at which they were filmed.

use super::ffmpeg;
use std::io::{self, Write};
use std::time::{Duration, Instant};
use visavis::flv::tag::{file_header, write_tag};
use visavis::flv::{Reader, Tag, TagKind};

/// Tags, each with the moment at which it is sent, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Film {
    pub tags: Vec<(u32, Tag)>,
}

impl Film {
    /// What ffmpeg makes of `arguments`: see [`ffmpeg::film`].
    pub fn make(name: &str, arguments: &str) -> Self {
        let bytes = std::fs::read(ffmpeg::film(name, arguments)).unwrap();
        let (mut reader, mut input, mut tags) = (Reader::new(), bytes.as_slice(), Vec::new());
        while let Some(tag) = reader.read(&mut input).unwrap() {
            if tag.kind != TagKind::Script {
                tags.push((tag.timestamp, tag));
            }
        }
        Self { tags }
    }

    /// Bars that move, and a tone of 1 kHz: `video` and `audio` are ffmpeg's options for the codecs.
    pub fn of(name: &str, size: &str, fps: u32, seconds: f64, video: &str, audio: &str) -> Self {
        let sources = format!(
            "-f lavfi -i testsrc2=size={size}:rate={fps} -f lavfi -i sine=frequency=1000:sample_rate=48000 -t {seconds}"
        );
        Self::make(name, &format!("{sources} {video} {audio}"))
    }

    /// Its length: when another one would begin.
    pub fn length(&self) -> u32 {
        self.tags.last().map_or(0, |(at, _)| at + 40)
    }

    /// `next` follows; its time stamps go on where these end, and leap by `leap` milliseconds.
    pub fn then(mut self, next: Self, leap: i64) -> Self {
        let (pace, stamp) = (self.length(), self.tags.last().map_or(0, |(_, tag)| tag.timestamp + 40));
        self.tags.extend(next.tags.into_iter().map(|(at, mut tag)| {
            tag.timestamp = (i64::from(tag.timestamp) + i64::from(stamp) + leap) as u32;
            (at + pace, tag)
        }));
        self
    }

    /// Everything after `ms` comes `pause` milliseconds later.
    pub fn paused(mut self, ms: u32, pause: u32) -> Self {
        self.tags.iter_mut().filter(|(at, _)| *at >= ms).for_each(|(at, _)| *at += pause);
        self
    }

    /// Its first `ms` milliseconds.
    pub fn first(mut self, ms: u32) -> Self {
        self.tags.retain(|(at, _)| *at < ms);
        self
    }

    /// Only one track of it.
    pub fn only(mut self, kind: TagKind) -> Self {
        self.tags.retain(|(_, tag)| tag.kind == kind);
        self
    }

    /// Every body of a track changed; those that become nothing are left out.
    pub fn changed(mut self, kind: TagKind, mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Self {
        self.tags.retain_mut(|(_, tag)| {
            if tag.kind != kind {
                return true;
            }
            let body = change(&tag.body);
            tag.body = body.clone().unwrap_or_default().into();
            body.is_some()
        });
        self
    }

    /// Gives it out at its pace.
    pub fn play(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&file_header(true, true))?;
        let begin = Instant::now();
        for (at, tag) in &self.tags {
            std::thread::sleep(Duration::from_millis(u64::from(*at)).saturating_sub(begin.elapsed()));
            let mut bytes = Vec::new();
            write_tag(tag.kind, tag.timestamp, &tag.body, &mut bytes).map_err(io::Error::other)?;
            out.write_all(&bytes)?;
        }
        Ok(())
    }
}
