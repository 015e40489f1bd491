//! Listening: how loud, and which tone.

/// Root mean square in dB of full scale; -120 for silence.
pub fn level(samples: &[i16]) -> f64 {
    let power = samples.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>() / samples.len().max(1) as f64;
    (10.0 * (power / f64::from(i16::MAX).powi(2)).log10()).max(-120.0)
}

/// The level of each stretch of `ms` milliseconds of mono sound at `rate`.
pub fn levels(samples: &[i16], rate: u32, ms: usize) -> Vec<f64> {
    samples.chunks_exact(rate as usize * ms / 1000).map(level).collect()
}

/// How much of the power is a tone of `hz`, 0 to 1 (Goertzel).
pub fn share(samples: &[i16], rate: u32, hz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hz / f64::from(rate);
    let (mut before, mut last) = (0.0, 0.0);
    for &sample in samples {
        (before, last) = (last, f64::from(sample) + 2.0 * turn.cos() * last - before);
    }
    let tone = last * last + before * before - 2.0 * turn.cos() * last * before;
    let power: f64 = samples.iter().map(|&value| f64::from(value).powi(2)).sum();
    if power == 0.0 { 0.0 } else { 2.0 * tone / (power * samples.len() as f64) }
}

/// How much of `samples` is a tone of `hz`, in pieces of 50 ms: in a long one a player that follows a clock by single
/// samples turns the tone's phase until it takes itself away.
pub fn purity(samples: &[i16], rate: u32, hz: f64) -> f64 {
    let pieces = samples.chunks_exact(rate as usize / 20);
    pieces.clone().map(|piece| share(piece, rate, hz)).sum::<f64>() / pieces.len().max(1) as f64
}

/// The frequency of a pure tone, from its rising zero crossings.
pub fn frequency(samples: &[i16], rate: u32) -> f64 {
    let rises = samples.windows(2).enumerate().filter(|(_, pair)| pair[0] < 0 && pair[1] >= 0).map(|(at, pair)| {
        at as f64 + f64::from(-i32::from(pair[0])) / f64::from(i32::from(pair[1]) - i32::from(pair[0]))
    });
    let rises: Vec<f64> = rises.collect();
    match (rises.first(), rises.last()) {
        (Some(first), Some(last)) if rises.len() > 1 => (rises.len() - 1) as f64 * f64::from(rate) / (last - first),
        _ => 0.0,
    }
}

/// The sound of a WAV file that may still be growing, as it was written (its header is 44 bytes).
pub fn wav(file: &std::path::Path) -> Vec<i16> {
    let bytes = std::fs::read(file).unwrap_or_default();
    bytes.get(44..).unwrap_or_default().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
