//! Seeded damage for parser tests: golden inputs in, thousands of reproducible wrong ones out.

use fastrand::Rng;

/// Length fields and counts that parsers get wrong: around zero, sign and size limits.
const EDGES: [u32; 12] = [0, 1, 2, 0x7f, 0x80, 0xff, 0xffff, 0x7f_ffff, 0xff_ffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];

/// The most bytes one damaged input has: an insertion or a splice never makes it longer than this.
const MAX_LEN: usize = 1 << 18;

/// Damaged copies of the `golden` inputs, the same ones for the same `seed`.
///
/// Gives `default_count` of them, or as many as the environment variable `VISAVIS_MUTATIONS` says.
/// Each suffers one to four of: bits flipped, bytes replaced, a length-like field overwritten with an edge
/// value, truncation, bytes inserted, removed or repeated, the tail of another golden input spliced on.
pub(crate) fn mutations(golden: &[&[u8]], seed: u64, default_count: usize) -> impl Iterator<Item = Vec<u8>> {
    let golden: Vec<Vec<u8>> = golden.iter().map(|bytes| bytes.to_vec()).collect();
    assert!(!golden.is_empty(), "mutation needs something to start from");
    let count = std::env::var("VISAVIS_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(default_count);
    let mut rng = Rng::with_seed(seed);
    (0..count).map(move |_| {
        let mut bytes = rng.choice(&golden).cloned().unwrap_or_default();
        for _ in 0..rng.usize(1..=4) {
            damage(&mut bytes, &golden, &mut rng);
        }
        bytes.truncate(MAX_LEN);
        bytes
    })
}

fn damage(bytes: &mut Vec<u8>, golden: &[Vec<u8>], rng: &mut Rng) {
    let len = bytes.len();
    let at = rng.usize(0..=len);
    let span = at..len.min(at + rng.usize(1..=16));
    match rng.u8(0..8) {
        0 if at < len => bytes[at] ^= 1 << rng.u8(0..8),
        1 => bytes[span].iter_mut().for_each(|byte| *byte = rng.u8(..)),
        2 => {
            let width = rng.usize(1..=4);
            let edge = rng.choice(EDGES).unwrap_or(0).to_be_bytes();
            if let Some(field) = bytes.get_mut(at..at + width) {
                field.copy_from_slice(&edge[4 - width..]);
            }
        }
        3 => bytes.truncate(at),
        4 => {
            let inserted: Vec<u8> = (0..rng.usize(1..=16)).map(|_| rng.u8(..)).collect();
            bytes.splice(at..at, inserted);
        }
        5 => drop(bytes.drain(span)),
        6 => {
            let repeated = bytes[span].repeat(rng.usize(1..=32));
            bytes.splice(at..at, repeated);
        }
        _ => {
            if let Some(other) = rng.choice(golden) {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[rng.usize(0..=other.len())..]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_damage_again_and_most_of_it_shows() {
        let golden: [&[u8]; 2] = [b"the first golden input", &[7; 100]];
        let once: Vec<_> = mutations(&golden, 1, 500).collect();
        let again: Vec<_> = mutations(&golden, 1, 500).collect();
        assert_eq!(once, again);
        let changed = once.iter().filter(|bytes| !golden.contains(&bytes.as_slice())).count();
        assert!(changed * 10 > once.len() * 9, "{changed} of {} differ", once.len());
        assert!(once.iter().all(|bytes| bytes.len() <= MAX_LEN));
    }
}
