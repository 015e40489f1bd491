//! A room with a terminal in it: what comes out of the pipes of its two outputs goes, later and quieter, into the pipe of
//! its microphone.

use super::fifo;
use rustix::fs::{Mode, OFlags, open};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// An output plays so long after it was given something, as a sound card does: 80 ms at 48 kHz.
const LATER: usize = 3840;
/// What of it reaches the microphone, directly and from a wall 5 ms later.
const SHARES: [(usize, f64); 2] = [(0, 0.4), (240, -0.15)];
const PERIOD: usize = 480;

/// See the module's head; quiet when dropped.
pub struct Room {
    stop: Arc<AtomicBool>,
    air: Option<JoinHandle<()>>,
}

impl Room {
    /// Makes the pipes `speaker`, `ear` and `microphone` in `folder`, 48 kHz mono all of them.
    pub fn open(folder: &Path) -> Self {
        let pipe = |name: &str| {
            fifo::make(&folder.join(name));
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
            File::from(open(folder.join(name), flags, Mode::empty()).unwrap())
        };
        let (outputs, mut microphone) = (["speaker", "ear"].map(pipe), pipe("microphone"));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let air = std::thread::spawn(move || {
            let (start, mut periods) = (Instant::now(), 0_u32);
            let mut bytes = vec![0; 64 << 10];
            let mut played = outputs.map(|output| (output, VecDeque::new()));
            let mut past: VecDeque<f64> = vec![0.0; 1024].into();
            let mut random = 1_u32;
            while !stopped.load(Ordering::Acquire) {
                periods += 1;
                sleep((start + Duration::from_millis(10) * periods).saturating_duration_since(Instant::now()));
                for (output, played) in &mut played {
                    let count = output.read(&mut bytes).unwrap_or(0);
                    if played.is_empty() && count > 0 {
                        played.resize(LATER, 0);
                    }
                    played.extend(bytes[..count].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
                }
                let mut heard = Vec::with_capacity(PERIOD * 2);
                for _ in 0..PERIOD {
                    past.pop_back();
                    past.push_front(
                        played.iter_mut().map(|(_, played)| f64::from(played.pop_front().unwrap_or(0))).sum(),
                    );
                    random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let hiss = f64::from(random >> 16) / 65_536.0 * 6.0 - 3.0;
                    let echo: f64 = SHARES.iter().map(|(late, share)| past[*late] * share).sum();
                    heard.extend(((echo + hiss) as i16).to_le_bytes());
                }
                // Nobody may listen yet.
                let _ = microphone.write(&heard);
            }
        });
        Self { stop, air: Some(air) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(air) = self.air.take() {
            let _ = air.join();
        }
    }
}

/// `seconds` of somebody who talks without end, as 16-bit samples at 48 kHz: a buzzing voice whose pitch wanders about
/// `pitch` Hz, in syllables of a quarter of a second with short pauses.
pub fn talk(pitch: f64, seconds: usize) -> Vec<u8> {
    let (mut phase, mut low) = (0.0_f64, 0.0_f64);
    let sample = |n: usize| {
        let at = n as f64 / 48_000.0;
        let syllable = (at * 4.0).floor();
        let pitch = pitch + 40.0 * (syllable * 1.7).sin() + 20.0 * (at * 9.0).sin();
        phase = (phase + pitch / 48_000.0).fract();
        let envelope = ((at * 4.0).fract() * 1.15).min(1.0);
        let colour = 0.15 + 0.1 * (syllable * 2.3).sin();
        low += colour * (2.0 * phase - 1.0 - low);
        let loud = (envelope * std::f64::consts::PI).sin();
        ((low * loud * 12_000.0) as i16).to_le_bytes()
    };
    (0..seconds * 48_000).flat_map(sample).collect()
}
