//! Reads the marks out of what is shown and heard: latency from lens to screen as a number.

use super::mark;
use super::sound_mark::SoundMarkReader;
use crate::device::{DeviceError, Display, Speaker, Wake, clock};
use crate::media::{PictureView, Size, SoundFormat, Span, Time};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// Latencies kept for medians: a minute and more of pictures.
const KEPT: usize = 2048;
/// A latency outside of zero to this is no latency but another machine's clock.
const MOST: Span = Span::secs(60);
/// A larger step between picture numbers is another camera, not loss.
const MOST_MISSING: u16 = 900;

/// Collects readings; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    readings: Arc<Mutex<Readings>>,
}

/// What was seen and heard so far.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    /// Capture of a picture to its showing.
    pub picture: Latency,
    /// Capture of a beep to its hearing.
    pub sound: Latency,
    /// Pictures shown, whether or not they could be read.
    pub pictures: u64,
    /// Pictures without a readable time code.
    pub unreadable: u64,
    /// Pictures shown again.
    pub duplicates: u64,
    /// Picture numbers that were never shown.
    pub missing: u64,
    last_number: Option<u16>,
}

/// The newest latencies of one kind.
#[derive(Clone, Debug, Default)]
pub struct Latency {
    /// How many were measured in all.
    pub count: u64,
    recent: VecDeque<Span>,
}

impl Latency {
    fn add(&mut self, latency: Span) {
        self.count += 1;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(latency);
    }

    /// The newest one.
    pub fn last(&self) -> Option<Span> {
        self.recent.back().copied()
    }

    /// The latency that `percent` of the recent ones do not exceed (50 = median, 100 = largest).
    pub fn percentile(&self, percent: u8) -> Option<Span> {
        let mut sorted: Vec<Span> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let place = (sorted.len().saturating_sub(1) * usize::from(percent.min(100))).div_ceil(100);
        sorted.get(place).copied()
    }
}

impl Meter {
    /// A meter that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of what it has seen so far.
    pub fn readings(&self) -> Readings {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Readings> {
        self.readings.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Readings {
    fn saw(&mut self, mark: Option<mark::TimeMark>, at: Time) {
        self.pictures += 1;
        let Some(mark) = mark.filter(|mark| plausible(at - mark.captured)) else {
            self.unreadable += 1;
            return;
        };
        match self.last_number.map(|last| mark.number.wrapping_sub(last)) {
            Some(0) => self.duplicates += 1,
            Some(step @ 2..=MOST_MISSING) => self.missing += u64::from(step - 1),
            _ => {}
        }
        if self.last_number.replace(mark.number) != Some(mark.number) {
            self.picture.add(at - mark.captured);
        }
    }
}

fn plausible(latency: Span) -> bool {
    latency >= Span::ZERO && latency <= MOST
}

/// A screen that is watched.
pub struct MeteredDisplay {
    inner: Box<dyn Display>,
    meter: Meter,
}

impl MeteredDisplay {
    /// Watches `inner` and reports to `meter`.
    pub fn new(inner: Box<dyn Display>, meter: Meter) -> Self {
        Self { inner, meter }
    }
}

impl Display for MeteredDisplay {
    fn size(&self) -> Option<Size> {
        self.inner.size()
    }

    fn show(&mut self, picture: PictureView<'_>, wake: &Wake) -> Result<Option<Time>, DeviceError> {
        let shown = self.inner.show(picture, wake)?;
        if let Some(at) = shown {
            let mark = mark::read(&picture);
            self.meter.lock().saw(mark, at);
        }
        Ok(shown)
    }
}

/// A loudspeaker that is listened to.
pub struct MeteredSpeaker {
    inner: Box<dyn Speaker>,
    meter: Meter,
    reader: SoundMarkReader,
}

impl MeteredSpeaker {
    /// Listens to `inner` and reports to `meter`.
    pub fn new(inner: Box<dyn Speaker>, meter: Meter) -> Self {
        let reader = SoundMarkReader::new(inner.format());
        Self { inner, meter, reader }
    }
}

impl Speaker for MeteredSpeaker {
    fn format(&self) -> SoundFormat {
        self.inner.format()
    }

    fn write(&mut self, samples: &[i16]) -> Result<usize, DeviceError> {
        // What is written now is heard after what waits already.
        let at = clock::now() + self.inner.delay()?;
        let taken = self.inner.write(samples)?;
        for mark in self.reader.feed(&samples[..taken.min(samples.len())], at) {
            let latency = mark.heard - mark.captured;
            if plausible(latency) {
                self.meter.lock().sound.add(latency);
            }
        }
        Ok(taken)
    }

    fn wait(&mut self, wake: &Wake, deadline: Option<Time>) -> Result<(), DeviceError> {
        self.inner.wait(wake, deadline)
    }

    fn delay(&mut self) -> Result<Span, DeviceError> {
        self.inner.delay()
    }

    fn clocked(&self) -> bool {
        self.inner.clocked()
    }

    fn take_underruns(&mut self) -> u64 {
        self.inner.take_underruns()
    }
}

#[cfg(test)]
mod tests {
    use super::super::null::{NullDisplay, NullSpeaker};
    use super::super::sound_mark::beep;
    use super::super::test_card::TestCard;
    use super::mark::TimeMark;
    use super::*;
    use crate::device::Camera;

    #[test]
    fn a_picture_from_the_test_card_is_measured_once_however_often_it_is_shown() {
        let (meter, wake) = (Meter::new(), Wake::new().unwrap());
        let mut display = MeteredDisplay::new(Box::new(NullDisplay), meter.clone());
        let picture = TestCard::open(1, Size::new(320, 180), 100).unwrap().next(&wake).unwrap().unwrap();
        for _ in 0..2 {
            display.show(picture.view().unwrap(), &wake).unwrap();
        }
        let readings = meter.readings();
        assert_eq!((readings.pictures, readings.duplicates, readings.picture.count), (2, 1, 1));
        assert!(readings.picture.last().unwrap() < Span::secs(1));
    }

    #[test]
    fn missing_numbers_unreadable_pictures_and_foreign_clocks_are_told_apart() {
        let mut readings = Readings::default();
        let at = Time::from_micros(100_000_000);
        let mut see = |number, age: i64| {
            let mark = TimeMark { captured: at - Span::millis(age), number };
            readings.saw(Some(mark), at);
        };
        see(65_534, 30);
        see(65_535, 40);
        see(2, 50);
        see(40_000, 60);
        see(40_001, -5);
        see(40_001, 90_000);
        readings.saw(None, at);
        assert_eq!((readings.missing, readings.unreadable, readings.pictures), (2, 3, 7));
        assert_eq!(readings.picture.percentile(50), Some(Span::millis(50)));
        assert_eq!(readings.picture.percentile(100), Some(Span::millis(60)));
        assert_eq!(readings.sound.percentile(50), None);
    }

    #[test]
    fn a_beep_is_measured_when_it_is_played() {
        let meter = Meter::new();
        let mut speaker = MeteredSpeaker::new(Box::new(NullSpeaker), meter.clone());
        let second = clock::now().as_micros().div_euclid(1_000_000);
        speaker.write(&[0; 9600]).unwrap();
        speaker.write(&[beep(second, 48_000), vec![0; 4800]].concat()).unwrap();
        let readings = meter.readings();
        assert_eq!(readings.sound.count, 1);
        assert!(readings.sound.last().unwrap() <= Span::secs(2));
    }
}
