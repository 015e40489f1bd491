//! Where one stretch of sound is most like another: the place at which it can be left or joined without being heard.

/// Rate at which a place is sought first, in Hz; around the best one it is sought again to the sample.
const COARSE: u32 = 12_000;
/// Quieter than this (RMS of a 16-bit sample: −56 dB) no joint is heard, whatever its likeness.
const QUIET: f32 = 50.0;

/// How well a place fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// Samples from the beginning of what was searched.
    pub(super) offset: usize,
    /// Normalised correlation, −1.0 ..= 1.0; 1.0 for sound that is too quiet to matter.
    pub(super) likeness: f32,
}

/// The place in `region` that `template` is most like, both mono at `rate`; `None` when the region is shorter.
///
/// Cross-correlation as in WSOLA (W. Verhelst and M. Roelands, ICASSP 1993), at a low rate first.
pub(super) fn align(template: &[f32], region: &[f32], rate: u32) -> Option<Fit> {
    let last = region.len().checked_sub(template.len())?;
    if template.is_empty() {
        return None;
    }
    if template.iter().map(|value| value * value).sum::<f32>() < QUIET * QUIET * template.len() as f32 {
        return Some(Fit { offset: last / 2, likeness: 1.0 });
    }
    let step = (rate / COARSE).max(1) as usize;
    let (coarse, rough) = (thin(template, step), thin(region, step));
    let near = best(&coarse, &rough, 0, rough.len().saturating_sub(coarse.len()))?.offset * step;
    best(template, region, near.saturating_sub(step), (near + step).min(last))
}

/// The best of the places `from ..= to`.
fn best(template: &[f32], region: &[f32], from: usize, to: usize) -> Option<Fit> {
    let own: f32 = template.iter().map(|value| value * value).sum();
    let fit = |offset: usize| {
        let part = region.get(offset..offset + template.len())?;
        let (mut product, mut power) = (0.0, 0.0);
        for (a, b) in template.iter().zip(part) {
            product += a * b;
            power += b * b;
        }
        Some(Fit { offset, likeness: product / (own * power).sqrt().max(1.0) })
    };
    (from..=to.max(from)).filter_map(fit).max_by(|a, b| a.likeness.total_cmp(&b.likeness))
}

/// Every `step` samples as their mean.
fn thin(samples: &[f32], step: usize) -> Vec<f32> {
    samples.chunks_exact(step).map(|part| part.iter().sum::<f32>() / step as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_found_to_the_sample_at_every_rate() {
        for rate in [8000, 16_000, 44_100, 48_000, 96_000] {
            for hz in [85.0, 133.0, 240.0] {
                let wave: Vec<f32> = (0..rate as usize / 20)
                    .map(|n| {
                        let turn = std::f32::consts::TAU * hz * n as f32 / rate as f32;
                        5000.0 * turn.sin() + 3000.0 * (2.0 * turn).sin() + 2000.0 * (5.0 * turn + 1.0).cos()
                    })
                    .collect();
                let least = rate as usize / 400;
                let fit = align(&wave[..rate as usize / 100], &wave[least..], rate).unwrap();
                let periods = (least + fit.offset) as f32 * hz / rate as f32;
                let off = (periods - periods.round()).abs() * rate as f32 / hz;
                assert!(off < 1.0 && fit.likeness > 0.98, "{rate} Hz, {hz} Hz: {off} samples, {fit:?}");
            }
        }
    }

    #[test]
    fn silence_fits_anywhere_and_what_is_too_short_nowhere() {
        assert_eq!(align(&[0.0; 100], &[0.0; 200], 48_000).unwrap().likeness, 1.0);
        assert_eq!(align(&[0.0; 100], &[0.0; 99], 48_000), None);
        assert_eq!(align(&[], &[1.0], 48_000), None);
    }
}
