//! FLV bodies into units: sequence headers and parameter sets become configurations, and what can not be played is said
//! clearly, once.

use crate::api::notice::{Unplayable, Why};
use crate::flv::{AudioSpecificConfig, AudioTag, VideoTag, audio, video};
use crate::h264::nal::{self, NalKind};
use crate::h264::{DecoderConfig, Refusal, Sps};
use crate::media::{Size, SoundCoding, SoundUnit, Span, VideoUnit};
use bytes::Bytes;

/// So many units without a configuration for them are no mere beginning: two seconds of pictures at 25 a second.
const BARE: u32 = 50;

/// Longest AAC configuration: a program config element with everything in it (ISO/IEC 14496-3, 4.4.1.1) has far less.
const MOST_CONFIG: usize = 1024;

/// What a decoder of pictures has to know.
#[derive(Debug, PartialEq, Eq)]
pub struct VideoConfig {
    /// Parameter sets as Annex B.
    pub parameter_sets: Vec<u8>,
    /// Bytes of the length in front of each NAL unit.
    pub length_size: usize,
    /// Pictures may be shown in another order than they come.
    pub reorders: bool,
    pub size: Size,
}

/// What a video body was.
#[derive(Debug, PartialEq, Eq)]
pub enum VideoBody {
    Config(VideoConfig),
    /// A unit, and the configuration that is new with it.
    Unit {
        config: Option<VideoConfig>,
        unit: VideoUnit,
    },
    Nothing,
}

/// What an audio body was.
#[derive(Debug, PartialEq, Eq)]
pub enum AudioBody {
    /// A coding that was understood.
    Config(SoundCoding),
    /// A unit, and the coding it says of itself.
    Unit {
        coding: Option<SoundCoding>,
        unit: SoundUnit,
    },
    Nothing,
}

/// Why a body can not be played.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It alone is damaged, or lacks something; words for people.
    Damaged(String),
    /// Nothing of the track can be played until it is configured anew.
    Unplayable(Unplayable),
}

/// The pictures of one stream.
#[derive(Debug)]
pub struct VideoTrack {
    sets: DecoderConfig,
    /// Parameter sets came with pictures since the last configuration.
    changed: bool,
    /// There is a configuration, and it can be played.
    playable: bool,
    /// A unit was lost: nothing before the next IDR can be decoded.
    broken: bool,
    /// Units that came without a configuration.
    bare: u32,
    /// What was said to be unplayable last.
    refused: Option<Unplayable>,
}

impl VideoTrack {
    /// Of a stream that begins.
    pub fn new() -> Self {
        let sets = DecoderConfig::in_band();
        Self { sets, changed: false, playable: false, broken: false, bare: 0, refused: None }
    }

    /// The stream begins again: what it can not be played for is said again.
    pub fn begin(&mut self) {
        self.refused = None;
    }

    /// A unit was lost, and nothing before the next IDR can be decoded.
    pub fn awaits_idr(&self) -> bool {
        self.playable && self.broken
    }

    /// Reads a body that came with `timestamp_ms`. The same is said to be unplayable once.
    pub fn read(&mut self, timestamp_ms: i64, body: &Bytes) -> Result<VideoBody, Trouble> {
        let result = self.take(timestamp_ms, body);
        match &result {
            Err(Trouble::Unplayable(new)) if self.refused.as_ref() == Some(new) => Ok(VideoBody::Nothing),
            Err(Trouble::Unplayable(new)) => {
                self.refused = Some(new.clone());
                self.playable = false;
                result
            }
            Err(Trouble::Damaged(_)) => {
                let told = std::mem::replace(&mut self.broken, true);
                if told { Ok(VideoBody::Nothing) } else { result }
            }
            Ok(VideoBody::Config(_) | VideoBody::Unit { config: Some(_), .. }) => {
                self.refused = None;
                result
            }
            Ok(_) => result,
        }
    }

    fn take(&mut self, timestamp_ms: i64, body: &Bytes) -> Result<VideoBody, Trouble> {
        match video::parse(body).map_err(damaged)? {
            VideoTag::SequenceHeader(record) => {
                self.sets = DecoderConfig::parse(&record).map_err(unreadable)?;
                self.configure().map(VideoBody::Config)
            }
            VideoTag::Picture { composition_ms, data, .. } => {
                let dts = milliseconds(timestamp_ms);
                self.picture(dts, dts + Span::millis(i64::from(composition_ms)), data)
            }
            VideoTag::Unsupported { what } => {
                let words = format!("{what} can not be played, only H.264");
                Err(Trouble::Unplayable(Unplayable { why: Why::Codec, codec: what, words }))
            }
            VideoTag::EndOfSequence | VideoTag::Ignored => Ok(VideoBody::Nothing),
        }
    }

    /// An access unit. Whether it is an IDR is seen from what is in it: senders mark other pictures as key frames, too.
    fn picture(&mut self, dts: Span, pts: Span, data: Bytes) -> Result<VideoBody, Trouble> {
        let mut idr = false;
        for nal in nal::length_prefixed(&data, self.sets.length_size) {
            let nal = nal.map_err(damaged)?;
            match NalKind::of(nal) {
                Some(NalKind::Idr) => idr = true,
                Some(NalKind::Sps | NalKind::Pps) => self.changed |= self.sets.merge(nal),
                _ => {}
            }
        }
        let whole = !self.sets.sps.is_empty() && !self.sets.pps.is_empty();
        let config = if idr && self.changed && whole { Some(self.configure()?) } else { None };
        if !self.playable {
            self.bare = self.bare.saturating_add(1);
            let lacking = self.bare == BARE && self.refused.is_none();
            let words = "pictures come without a sequence header";
            return if lacking { Err(damaged(words)) } else { Ok(VideoBody::Nothing) };
        }
        self.broken &= !idr;
        if self.broken {
            return Ok(VideoBody::Nothing);
        }
        Ok(VideoBody::Unit { config, unit: VideoUnit { data, idr, dts, pts } })
    }

    /// The configuration that the parameter sets of now make.
    fn configure(&mut self) -> Result<VideoConfig, Trouble> {
        (self.changed, self.playable) = (false, false);
        let (mut reorders, mut size) = (false, Size::default());
        // A picture may name any of them.
        for set in self.sets.sps.iter().rev() {
            let sps = Sps::parse(set).map_err(unreadable)?;
            if let Some(refusal) = sps.refusal() {
                return Err(unplayable(refusal));
            }
            (reorders, size) = (reorders || sps.reorders(), sps.size);
        }
        (self.playable, self.bare) = (true, 0);
        let mut parameter_sets = Vec::new();
        self.sets.write_annex_b(&mut parameter_sets);
        Ok(VideoConfig { parameter_sets, length_size: self.sets.length_size, reorders, size })
    }
}

/// The sound of one stream.
#[derive(Debug, Default)]
pub struct SoundTrack {
    configured: bool,
    bare: u32,
    refused: String,
}

impl SoundTrack {
    /// The stream begins again, as for pictures.
    pub fn begin(&mut self) {
        self.refused.clear();
    }

    /// Reads a body that came with `timestamp_ms`; words on why it can not be played, the same codec once.
    pub fn read(&mut self, timestamp_ms: i64, body: &Bytes) -> Result<AudioBody, String> {
        let unit = |data| SoundUnit { data, pts: milliseconds(timestamp_ms) };
        match audio::parse(body).map_err(|error| error.to_string())? {
            AudioTag::SequenceHeader(config) => {
                self.configured = false;
                if config.len() > MOST_CONFIG {
                    return Err(format!("an AAC configuration of {} bytes, {MOST_CONFIG} are the most", config.len()));
                }
                AudioSpecificConfig::parse(&config).map_err(|error| error.to_string())?;
                (self.configured, self.bare) = (true, 0);
                Ok(AudioBody::Config(SoundCoding::Aac(Bytes::copy_from_slice(&config))))
            }
            AudioTag::Frame(data) if self.configured => Ok(AudioBody::Unit { coding: None, unit: unit(data) }),
            AudioTag::Frame(_) => {
                self.bare = self.bare.saturating_add(1);
                let lacking = self.bare == BARE;
                if lacking { Err("AAC comes without a sequence header".into()) } else { Ok(AudioBody::Nothing) }
            }
            AudioTag::Bare { coding, data } => {
                // AAC that comes after this has to say anew what it is.
                self.configured = false;
                Ok(AudioBody::Unit { coding: Some(coding), unit: unit(data) })
            }
            AudioTag::Unsupported { what } if self.refused == what => Ok(AudioBody::Nothing),
            AudioTag::Unsupported { what } => {
                let words = format!("{what} can not be played, only AAC, MP3 and G.711");
                self.refused = what;
                Err(words)
            }
            AudioTag::Ignored => Ok(AudioBody::Nothing),
        }
    }
}

/// A position from a time stamp that may be anything.
fn milliseconds(timestamp: i64) -> Span {
    Span::millis(1) * timestamp
}

fn damaged(reason: impl ToString) -> Trouble {
    Trouble::Damaged(reason.to_string())
}

/// A configuration that makes no sense.
fn unreadable(reason: impl ToString) -> Trouble {
    Trouble::Unplayable(Unplayable { why: Why::Format, codec: "H.264".into(), words: reason.to_string() })
}

fn unplayable(refusal: Refusal) -> Trouble {
    let why = match refusal {
        Refusal::Size(_) | Refusal::Level(_) => Why::TooLarge,
        Refusal::Interlaced | Refusal::Chroma(_) | Refusal::Depth(_) => Why::Format,
    };
    Trouble::Unplayable(Unplayable { why, codec: "H.264".into(), words: refusal.to_string() })
}

#[cfg(test)]
mod tests;
