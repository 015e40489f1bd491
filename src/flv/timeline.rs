//! One steady line out of 32-bit millisecond stamps that wrap.

/// 2^31 ms, 24.8 days: where a peer that counts in 31 bits starts over.
const HALF: i64 = 1 << 31;

/// A jump this close to half of the range is a wrap of 31 bits; no real pause or seek comes near.
const MARGIN: i64 = 10 * 60 * 1000;

/// 2^24 ms, 4.66 hours: where a peer starts over that forgets the extended byte of a stamp.
const SHORT: i64 = 1 << 24;

/// A jump this close to 2^24 ms is a wrap of 24 bits: half a minute of sound and pictures that cross it.
const SHORT_MARGIN: i64 = 30 * 1000;

/// Unwraps the time stamps of one stream, sound and pictures together, by serial arithmetic.
///
/// A stamp is taken for the moment nearest to the last one, so that stamps may also go back, across a wrap too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline {
    last: Option<(u32, i64)>,
}

impl Timeline {
    /// A line without any stamp yet: the first one stands for itself.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// The position of `stamp` (milliseconds as on the wire) on a line that never wraps, in milliseconds.
    pub fn unwrap(&mut self, stamp: u32) -> i64 {
        let position = match self.last {
            None => i64::from(stamp),
            Some((last, position)) => position.saturating_add(step(last, stamp)),
        };
        self.last = Some((stamp, position));
        position
    }
}

/// The way from `last` to `stamp`, forth or back.
fn step(last: u32, stamp: u32) -> i64 {
    let step = i64::from(stamp.wrapping_sub(last) as i32);
    if step < MARGIN - HALF {
        step + HALF
    } else if step > HALF - MARGIN {
        step - HALF
    } else if (step.abs() - SHORT).abs() < SHORT_MARGIN {
        step - SHORT * step.signum()
    } else {
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a line of positions that a peer sends as stamps of `bits` bits.
    fn unwrapped(line: &[i64], bits: u32) -> Vec<i64> {
        let mut timeline = Timeline::new();
        line.iter().map(|&at| timeline.unwrap((at & ((1 << bits) - 1)) as u32)).collect()
    }

    #[test]
    fn wraps_of_32_31_and_24_bits_do_not_show_even_when_sound_and_pictures_cross() {
        let wraps = [(32, 1_i64 << 32), (31, 1 << 31), (32, 1 << 31), (32, 1 << 24), (24, 1 << 24)];
        for (bits, start) in wraps.map(|(bits, wrap)| (bits, wrap - 100)) {
            // Every third stamp is 30 ms late.
            let line: Vec<i64> = (0..60).map(|n| start + n * 7 - if n % 3 == 2 { 30 } else { 0 }).collect();
            assert_eq!(unwrapped(&line, bits), line, "{bits} bits from {start}");
        }
    }

    #[test]
    fn a_year_of_stamps_stays_on_the_line_whatever_the_peer_counts_in() {
        for bits in [31, 32] {
            let line: Vec<i64> = (0..8760).map(|hour| hour * 3_600_000 / 8).collect();
            assert_eq!(unwrapped(&line, bits), line);
        }
    }

    #[test]
    fn jumps_are_kept_as_they_are() {
        let mut timeline = Timeline::new();
        let table =
            [(5000, 5000), (4990, 4990), (3_600_000, 3_600_000), (0, 0), (u32::MAX, -1), (0x5fff_ffff, 0x5fff_ffff)];
        for (stamp, position) in table {
            assert_eq!(timeline.unwrap(stamp), position);
        }
    }

    #[test]
    fn a_step_back_that_a_server_cut_to_31_bits_is_a_small_step() {
        let mut timeline = Timeline::new();
        assert_eq!(timeline.unwrap(1040), 1040);
        assert_eq!(timeline.unwrap(0x7fff_fff6), -10);
        assert_eq!(timeline.unwrap(1070), 1070);
    }
}
