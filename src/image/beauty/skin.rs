//! Which parts of a picture may be skin: a region of the chroma plane with soft edges.
//!
//! Skin of every tone has about the same hue, a red between pink and yellow; how dark it is shows in luma, and a
//! little in how far its chroma is from grey. So luma is not asked, and the region begins close to grey: it holds
//! the tones 1 to 9 of the Monk Skin Tone scale (skintone.google, 2022); the tenth is so near to black that its
//! chroma is lost in a camera's noise. The outer borders lie at the well-known box of Cb 77..=127, Cr 133..=173 (D.
//! Chai and K. N. Ngan, "Face segmentation using skin-color map", 1999), with orange, red and yellow cut off.

use crate::media::PictureView;

/// Full weight.
const FULL: i16 = 255;

/// Writes 0 (no skin) to 255 (skin) for each chroma sample into `out`, tightly packed.
pub fn mask(picture: PictureView<'_>, out: &mut [u8]) {
    let width = picture.size.width as usize / 2;
    let lines = picture.u.chunks(picture.uv_stride).zip(picture.v.chunks(picture.uv_stride));
    for (out, (u, v)) in out.chunks_exact_mut(width).zip(lines) {
        for ((out, u), v) in out.iter_mut().zip(u).zip(v) {
            *out = weight(*u, *v);
        }
    }
}

/// How far a colour is inside of the region: the least distance from its five borders, times their softness.
pub fn weight(u: u8, v: u8) -> u8 {
    let (yellow, red) = (128 - i16::from(u), i16::from(v) - 128);
    let grey = ((red - 2) * 64).min((yellow - 1) * 64);
    let strong = (48 - red) * 32;
    let hue = ((red + 11 - yellow) * 48).min((2 * yellow + 8 - red) * 32);
    grey.min(strong).min(hue).clamp(0, FULL) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cb and Cr of a colour (BT.601, limited range).
    fn chroma(rgb: u32) -> (u8, u8) {
        let [_, r, g, b] = rgb.to_be_bytes().map(f64::from);
        let u = 128.0 - 0.148 * r - 0.291 * g + 0.439 * b;
        let v = 128.0 + 0.439 * r - 0.368 * g - 0.071 * b;
        (u.round() as u8, v.round() as u8)
    }

    fn weight_of(rgb: u32) -> u8 {
        let (u, v) = chroma(rgb);
        weight(u, v)
    }

    #[test]
    fn skin_of_every_tone_but_the_blackest_is_skin() {
        let monk = [0xf6ede4, 0xf3e7db, 0xf7ead0, 0xeadaba, 0xd7bd96, 0xa07e56, 0x825c43, 0x604134, 0x3a312a];
        for (tone, rgb) in monk.into_iter().enumerate() {
            assert!(weight_of(rgb) >= 128, "tone {}: {}", tone + 1, weight_of(rgb));
        }
        // Tones as cameras see them: pale, ruddy, tanned, brown, deep brown, in warm and in cold light.
        for rgb in [0xffdbc3, 0xe0a28c, 0xdc826e, 0xc68642, 0x8d5524, 0x4b3228, 0xf0c8a8, 0xc9a59b] {
            assert!(weight_of(rgb) >= 200, "{rgb:06x}: {}", weight_of(rgb));
        }
    }

    #[test]
    fn what_is_no_skin_has_no_weight() {
        for (name, rgb) in [
            ("grey", 0x808080),
            ("white", 0xffffff),
            ("black", 0x000000),
            ("sky", 0x87b5e0),
            ("leaf", 0x5f8f3a),
            ("red cloth", 0xc81e28),
            ("orange cloth", 0xe6501e),
            ("lips", 0xb0303c),
            ("yellow", 0xf0d020),
            ("wood", 0xb08030),
            ("violet", 0x8040a0),
        ] {
            assert_eq!(weight_of(rgb), 0, "{name}");
        }
        assert_eq!(weight(0, 0), 0);
        assert_eq!(weight(255, 255), 0);
        assert_eq!(weight(0, 255), 0);
    }

    #[test]
    fn the_edges_of_the_region_are_soft() {
        for u in 1..=255u8 {
            for v in 1..=255u8 {
                let near = [weight(u - 1, v), weight(u, v - 1)];
                assert!(near.iter().all(|near| near.abs_diff(weight(u, v)) <= 64), "{u} {v}");
            }
        }
    }
}
