//! Looking at pictures: colours of places, and which test card it is.

use std::ops::Range;

/// Red, green, blue.
pub type Colour = [u8; 3];

/// The colours of the test card's eight bars from the left, as its first variant has them.
pub const BARS: [Colour; 8] =
    [[191, 191, 191], [191, 191, 0], [0, 191, 191], [0, 191, 0], [191, 0, 191], [191, 0, 0], [0, 0, 191], [0, 0, 0]];

/// A picture of packed RGB.
#[derive(Clone, PartialEq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub rgb: Vec<u8>,
}

impl Picture {
    /// From planes one after another (BT.601, limited range).
    pub fn from_i420(width: usize, height: usize, bytes: &[u8]) -> Self {
        let (luma, chroma) = bytes.split_at(width * height);
        let (u, v) = chroma.split_at(width / 2 * (height / 2));
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let at = y / 2 * (width / 2) + x / 2;
                let light = (f32::from(luma[y * width + x]) - 16.0) * 1.164;
                let (blue, red) = (f32::from(u[at]) - 128.0, f32::from(v[at]) - 128.0);
                let values = [light + 1.596 * red, light - 0.392 * blue - 0.813 * red, light + 2.017 * blue];
                rgb.extend(values.map(|value| value.clamp(0.0, 255.0) as u8));
            }
        }
        Self { width, height, rgb }
    }

    /// Planes one after another (BT.601, limited range), chroma of each four pixels' mean.
    pub fn to_i420(&self) -> Vec<u8> {
        let sample = |x: usize, y: usize| {
            let at = (y * self.width + x) * 3;
            [0, 1, 2].map(|channel| f32::from(self.rgb[at + channel]))
        };
        let all = |step: usize| {
            (0..self.height).step_by(step).flat_map(move |y| (0..self.width).step_by(step).map(move |x| (x, y)))
        };
        let luma = all(1).map(|(x, y)| {
            let [r, g, b] = sample(x, y);
            (16.5 + 0.257 * r + 0.504 * g + 0.098 * b) as u8
        });
        let chroma = |[red, green, blue]: [f32; 3]| {
            all(2).map(move |(x, y)| {
                let four = [(x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1)].map(|(x, y)| sample(x, y));
                let mean = |channel: usize| four.iter().map(|rgb| rgb[channel]).sum::<f32>() / 4.0;
                (128.5 + red * mean(0) + green * mean(1) + blue * mean(2)) as u8
            })
        };
        luma.chain(chroma([-0.148, -0.291, 0.439])).chain(chroma([0.439, -0.368, -0.071])).collect()
    }

    /// The mean colour of the part that lies between these fractions of its width and height.
    pub fn mean(&self, x: Range<f64>, y: Range<f64>) -> Colour {
        let span = |range: Range<f64>, whole: usize| {
            let from = ((range.start * whole as f64) as usize).min(whole - 1);
            from..((range.end * whole as f64) as usize).clamp(from + 1, whole)
        };
        let (mut sum, mut count) = ([0_u64; 3], 0);
        for line in span(y, self.height) {
            for column in span(x.clone(), self.width) {
                let pixel = &self.rgb[(line * self.width + column) * 3..][..3];
                sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += u64::from(*value));
                count += 1;
            }
        }
        sum.map(|sum| (sum / count) as u8)
    }

    /// Which variant of the test card it shows; `None` when it is something else. The ball may hide a bar or two,
    /// and the picture may be mirrored (see [`Picture::mirrored`]).
    pub fn card(&self) -> Option<u32> {
        (1..=4).find(|variant| {
            let right = |number: &usize| {
                let place = (number + 3 * (*variant as usize - 1)) % 8;
                let middle = (place as f64 + 0.5) / 8.0;
                near(self.mean(middle - 0.03..middle + 0.03, 0.08..0.5), BARS[*number])
            };
            (0..8).filter(right).count() >= 6
        })
    }

    /// Writes it to `docs/NAME.png`, for the documents.
    pub fn keep(&self, name: &str) {
        let path = format!("{}/docs/{name}.png", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::File::create(path).unwrap();
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(&self.rgb).unwrap();
    }

    /// Left and right exchanged.
    pub fn mirrored(&self) -> Self {
        let line = |line: &[u8]| line.chunks(3).rev().flatten().copied().collect::<Vec<u8>>();
        Self { rgb: self.rgb.chunks(self.width * 3).flat_map(line).collect(), ..*self }
    }

    /// Mean difference of all values, 0..=255.
    pub fn difference(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let sum: u64 = self.rgb.iter().zip(&other.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.rgb.len() as f64
    }
}

/// Whether two colours are the same but for coding.
pub fn near(one: Colour, other: Colour) -> bool {
    one.iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 40)
}
