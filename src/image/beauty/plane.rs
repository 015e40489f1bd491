//! Planes in half size: made from luma, and averaged over squares with running sums.

/// The largest radius: the sum over a square of 15 by 15 samples fits 16 bits.
pub const MOST_RADIUS: usize = 7;

/// Samples that are summed at once, in registers.
const BLOCK: usize = 64;

/// Sums of columns, kept from call to call.
pub type Sums = Vec<u16>;

/// Makes each sample of `out`, `width` a line, the rounded mean of a square of four in `luma`.
pub fn halve(luma: &[u8], stride: usize, width: usize, out: &mut [u8]) {
    for (line, pair) in out.chunks_exact_mut(width).zip(luma.chunks(2 * stride)) {
        let (above, below) = pair.split_at(stride.min(pair.len()));
        let squares = above.chunks_exact(2).zip(below.chunks_exact(2));
        for (out, (a, b)) in line.iter_mut().zip(squares) {
            let sum = u16::from(a[0]) + u16::from(a[1]) + u16::from(b[0]) + u16::from(b[1]);
            *out = ((sum + 2) >> 2) as u8;
        }
    }
}

/// Makes each sample of `out` the mean of the square around it in `plane`, `radius` to every side (1 ..=
/// [`MOST_RADIUS`]); the border counts on outside. Both have `width` samples a line. An even plane stays as it is.
pub fn box_mean(plane: &[u8], width: usize, radius: usize, sums: &mut Sums, out: &mut [u8]) {
    let radius = radius.clamp(1, MOST_RADIUS);
    let side = 2 * radius + 1;
    let lines = plane.len() / width;
    let line = |y: usize| &plane[y.min(lines - 1) * width..][..width];
    // The sums of columns stand in the middle, their borders repeated before and after, and room for a whole block.
    sums.clear();
    sums.resize(width.next_multiple_of(BLOCK) + 2 * MOST_RADIUS + 1, 0);
    let columns = radius..radius + width;
    for y in 0..side {
        add(&mut sums[columns.clone()], line(y.saturating_sub(radius)));
    }
    let area = (side * side) as u16;
    // Rounded; the error of 65 536 / area does not reach half a step for any area up to 225.
    let inverse = ((65_536 + u32::from(area) / 2) / u32::from(area)) as u16;
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let (first, last) = (sums[radius], sums[radius + width - 1]);
        sums[..radius].fill(first);
        sums[radius + width..][..radius].fill(last);
        for (number, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut means = [area / 2; BLOCK];
            for shift in 0..side {
                let sums = &sums[number * BLOCK + shift..][..BLOCK];
                means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = mean.wrapping_add(*sum));
            }
            for (out, mean) in out.iter_mut().zip(means) {
                *out = ((u32::from(mean) * u32::from(inverse)) >> 16) as u8;
            }
        }
        let (leaves, comes) = (line(y.saturating_sub(radius)), line(y + radius + 1));
        for ((sum, comes), leaves) in sums[columns.clone()].iter_mut().zip(comes).zip(leaves) {
            *sum = sum.wrapping_add(u16::from(*comes)).wrapping_sub(u16::from(*leaves));
        }
    }
}

/// Makes each sample of `out` the greatest of the square around it in `plane`, `radius` to every side. Both have
/// `width` samples a line; `spare` is for what is between.
pub fn box_most(plane: &[u8], width: usize, radius: usize, spare: &mut [u8], out: &mut [u8]) {
    let last = plane.len() / width - 1;
    for (y, most) in spare.chunks_exact_mut(width).enumerate() {
        most.copy_from_slice(&plane[y * width..][..width]);
        for y in y.saturating_sub(radius)..=(y + radius).min(last) {
            raise(most, &plane[y * width..][..width]);
        }
    }
    for (most, line) in out.chunks_exact_mut(width).zip(spare.chunks_exact(width)) {
        most.copy_from_slice(line);
        for shift in 1..=radius.min(width - 1) {
            raise(&mut most[shift..], &line[..width - shift]);
            raise(&mut most[..width - shift], &line[shift..]);
        }
    }
}

fn raise(most: &mut [u8], line: &[u8]) {
    most.iter_mut().zip(line).for_each(|(most, sample)| *most = (*most).max(*sample));
}

fn add(sums: &mut [u16], line: &[u8]) {
    sums.iter_mut().zip(line).for_each(|(sum, sample)| *sum += u16::from(*sample));
}
