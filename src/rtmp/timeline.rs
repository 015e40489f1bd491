//! Time stamps of 32 bits made into a line that never wraps.

/// How far from half the range a jump may be and still be the wrap of a peer that keeps 31 bits: ten minutes.
const NEAR: i64 = 600_000;

const HALF: i64 = 1 << 31;

/// Unwraps the millisecond stamps of one connection. Sound and picture share one, so their offset is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeline {
    last: Option<(u32, i64)>,
}

impl Timeline {
    /// The position of `stamp`: the one nearest to the stamp before it (serial arithmetic, RFC 1982).
    ///
    /// Some servers count 31 bits only: a jump by about 2^31 is taken for their wrap.
    pub fn unwrap(&mut self, stamp: u32) -> i64 {
        let position = self.last.map_or(i64::from(stamp), |(last, position)| {
            let step = i64::from(stamp.wrapping_sub(last) as i32);
            let step = match step {
                step if step < NEAR - HALF => step + HALF,
                step if step > HALF - NEAR => step - HALF,
                step => step,
            };
            position + step
        });
        self.last = Some((stamp, position));
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(stamps: &[u32]) -> Vec<i64> {
        let mut timeline = Timeline::default();
        let positions: Vec<i64> = stamps.iter().map(|&stamp| timeline.unwrap(stamp)).collect();
        positions.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    #[test]
    fn g7_stamps_wrap_at_32_bits_without_a_gap() {
        assert_eq!(steps(&[u32::MAX - 10, 29, u32::MAX - 5, 69]), [40, -35, 75]);
    }

    #[test]
    fn g7_a_peer_that_counts_31_bits_wraps_without_a_gap() {
        assert_eq!(steps(&[0x7FFF_FFF0, 0x18, 0x7FFF_FFF8, 0x40]), [40, -32, 72]);
    }

    #[test]
    fn g7_a_peer_may_pass_bit_31_and_go_back_in_time() {
        assert_eq!(steps(&[0x7FFF_FFF0, 0x8000_0018, 0x8000_0000]), [40, -24]);
        assert_eq!(steps(&[0xFF_FFFF, 0x100_0027, 1000]), [40, 1000 - 0x100_0027]);
    }
}
