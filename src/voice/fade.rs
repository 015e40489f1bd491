//! Silence without a click: sound fades out within a few milliseconds, and in again.

/// A fade over the whole range takes this many samples: 5 ms at 48 kHz.
const LENGTH: u16 = 240;

/// How loud it is now.
#[derive(Debug)]
pub struct Fade {
    /// 0 = silence, [`LENGTH`] = untouched.
    level: u16,
}

impl Default for Fade {
    /// Begins in silence, so that a track that begins muted has nothing to fade out.
    fn default() -> Self {
        Self { level: 0 }
    }
}

impl Fade {
    /// Fades mono `samples` at 48 kHz towards silence or back; exactly zero or untouched when it is there.
    pub fn run(&mut self, samples: &mut [i16], silent: bool) {
        let mut rest = samples.iter_mut();
        let goal = if silent { 0 } else { LENGTH };
        while self.level != goal {
            let Some(sample) = rest.next() else { return };
            self.level = if silent { self.level - 1 } else { self.level + 1 };
            *sample = (i32::from(*sample) * i32::from(self.level) / i32::from(LENGTH)) as i16;
        }
        if silent {
            rest.for_each(|sample| *sample = 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn muting_has_no_step_ends_in_exact_zeroes_and_comes_back_whole() {
        let mut fade = Fade::default();
        let mut out = Vec::new();
        for n in 0..60 {
            let mut piece = [20_000; 100];
            fade.run(&mut piece, (20..40).contains(&n));
            out.extend(piece);
        }
        let steps = out.windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0]));
        assert!(steps.map(i32::abs).max().unwrap() <= 20_000 / 240 + 1);
        assert!(out[240..2000].iter().all(|sample| *sample == 20_000));
        assert!(out[2240..4000].iter().all(|sample| *sample == 0));
        assert!(out[4240..].iter().all(|sample| *sample == 20_000));
    }

    #[test]
    fn what_begins_muted_is_never_heard() {
        let mut piece = [20_000; 100];
        Fade::default().run(&mut piece, true);
        assert_eq!(piece, [0; 100]);
    }
}
