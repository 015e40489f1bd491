//! The pass over the full-size picture: luma towards its local mean and up a curve, chroma towards grey.

use crate::media::PictureView;

/// Samples of the half-size planes that are brought to full size at once.
const HALF: usize = 64;
const BLOCK: usize = 2 * HALF;

/// Luma of black and white in limited range: between them the curve lifts.
const BLACK: i16 = 16;
const WHITE: i16 = 235;

/// Steps by which the curve lifts the middle, in 1/65 536 of (luma - black) * (white - luma), at each level of
/// whiteness: 3.3 steps of luma, 30 at level 9. Below 54 in all it rises everywhere, so that nothing clips.
const LIFT: u16 = 18;
/// How much of its distance from grey chroma loses at each level of whiteness, in 1/256.
const FADE: i32 = 6;

/// What smoothing needs beside the picture: planes in half size.
#[derive(Clone, Copy)]
pub struct Smooth<'a> {
    pub mean: &'a [u8],
    /// 0 ..= 255: how far luma goes towards the mean.
    pub weight: &'a [u8],
    /// A pixel further than this from the mean is left as it is.
    pub reach: u16,
}

/// Rows of the half-size planes, interpolated between lines: four times the value, with a border on both sides.
#[derive(Default)]
pub struct Rows {
    mean: Vec<u16>,
    weight: Vec<u16>,
    skin: Vec<u16>,
}

/// Writes the luma of `picture` into `out`, tightly packed: smoothed, then lightened by `whiteness` where `skin` is.
pub fn luma(
    picture: PictureView<'_>,
    smooth: Option<Smooth<'_>>,
    skin: &[u8],
    whiteness: u32,
    rows: &mut Rows,
    out: &mut [u8],
) {
    let width = picture.size.width as usize;
    let half = width / 2;
    let room = half.next_multiple_of(HALF) + 2;
    for row in [&mut rows.mean, &mut rows.weight, &mut rows.skin] {
        row.resize(room, 0);
    }
    let lift = LIFT * whiteness as u16;
    let lines = out.chunks_exact_mut(width).zip(picture.y.chunks(picture.y_stride));
    for (y, (out, line)) in lines.enumerate() {
        let line = &line[..width];
        // Weights first: most lines of most pictures, and most blocks of the others, hold no skin.
        let smoothed = smooth.filter(|smooth| between(smooth.weight, half, y, &mut rows.weight));
        let lightened = lift > 0 && between(skin, half, y, &mut rows.skin);
        if let Some(smooth) = smoothed {
            between(smooth.mean, half, y, &mut rows.mean);
        } else if !lightened {
            out.copy_from_slice(line);
            continue;
        }
        let blocks = out.chunks_mut(BLOCK).zip(line.chunks(BLOCK));
        for (number, (out, line)) in blocks.enumerate() {
            let place = number * HALF..number * HALF + HALF + 2;
            let any = |row: &[u16]| row[place.clone()].iter().fold(0, |any, sum| any | sum) > 0;
            let (smoothed, lightened) = (smoothed.filter(|_| any(&rows.weight)), lightened && any(&rows.skin));
            if smoothed.is_none() && !lightened {
                out.copy_from_slice(line);
                continue;
            }
            let mut samples = [0; BLOCK];
            samples.iter_mut().zip(line).for_each(|(sample, luma)| *sample = i16::from(*luma));
            if let Some(smooth) = smoothed {
                let (mean, weight) = (widen(&rows.mean[place.clone()]), widen(&rows.weight[place.clone()]));
                pull(&mut samples, &mean, &weight, smooth.reach);
            }
            if lightened {
                brighten(&mut samples, &widen(&rows.skin[place]), lift);
            }
            out.iter_mut().zip(samples).for_each(|(out, sample)| *out = sample.clamp(0, 255) as u8);
        }
    }
}

/// Writes one chroma plane, `width` samples a line, into `out`, faded where `skin` is.
pub fn chroma(plane: &[u8], stride: usize, skin: &[u8], width: usize, whiteness: u32, out: &mut [u8]) {
    let fade = FADE * whiteness as i32;
    let lines = out.chunks_exact_mut(width).zip(plane.chunks(stride)).zip(skin.chunks_exact(width));
    for ((out, line), skin) in lines {
        if fade == 0 {
            out.copy_from_slice(&line[..width]);
            continue;
        }
        for ((out, sample), skin) in out.iter_mut().zip(line).zip(skin) {
            let away = i32::from(*sample) - 128;
            *out = (i32::from(*sample) - ((away * fade * i32::from(*skin) + 32_768) >> 16)) as u8;
        }
    }
}

/// Interpolates line `y` of the full picture out of a half-size plane: three parts of the nearer line, one of the
/// further one. False when all of it is zero.
fn between(plane: &[u8], width: usize, y: usize, row: &mut [u16]) -> bool {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(plane.len() / width - 1) };
    let (near, far) = (&plane[near * width..][..width], &plane[far * width..][..width]);
    let mut any = 0;
    for ((sum, near), far) in row[1..=width].iter_mut().zip(near).zip(far) {
        *sum = 3 * u16::from(*near) + u16::from(*far);
        any |= *sum;
    }
    row[0] = row[1];
    row[width + 1] = row[width];
    any > 0
}

/// Doubles a piece of a row, in 1/16 of a step.
fn widen(row: &[u16]) -> [u16; BLOCK] {
    let mut wide = [0; BLOCK];
    for (pair, near) in wide.chunks_exact_mut(2).zip(row.windows(3)) {
        pair[0] = 3 * near[1] + near[0];
        pair[1] = 3 * near[1] + near[2];
    }
    wide
}

/// Moves samples towards `mean` by `weight` (both in 1/16), fully where they are within half of `reach` of it, and
/// not at all from `reach` on.
fn pull(samples: &mut [i16; BLOCK], mean: &[u16; BLOCK], weight: &[u16; BLOCK], reach: u16) {
    // Distances in quarters of a step: a distance times what is left of the reach then fits 16 bits.
    let reach = 4 * reach as i16;
    let full = reach / 2;
    let scale = (1 << 18) / i32::from(full).max(1);
    for ((sample, mean), weight) in samples.iter_mut().zip(mean).zip(weight) {
        let away = ((mean + 2) >> 2) as i16 - 4 * *sample;
        let left = (reach - away.abs()).clamp(0, full);
        let weight = (i32::from(*weight) * scale) >> 16;
        let step = (i32::from(away.wrapping_mul(left)) * weight + 32_768) >> 16;
        *sample += step as i16;
    }
}

/// Lifts samples by a parabola that is zero at black and at white, as far as `skin` (in 1/16) says.
fn brighten(samples: &mut [i16; BLOCK], skin: &[u16; BLOCK], lift: u16) {
    for (sample, skin) in samples.iter_mut().zip(skin) {
        let place = (*sample - BLACK).clamp(0, WHITE - BLACK);
        let curve = place * (WHITE - BLACK - place);
        let lift = ((skin >> 4) * lift) >> 8;
        *sample += ((i32::from(curve) * i32::from(lift) + 32_768) >> 16) as i16;
    }
}
