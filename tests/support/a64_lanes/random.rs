//! Random numbers with notable ones among them.

use super::float::Format;

/// What registers are filled with.
///
/// There are no NaNs among floating-point numbers, so a result that is one comes from the operation, and is compared
/// with no regard to its bits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fill {
    Bits,
    /// Floating-point numbers of the lanes' size.
    Real,
    /// Those of few bits around what integers can hold.
    Small,
    /// Singles, and of them the upper halves in lanes of two bytes.
    Brain,
    /// Addresses near each other.
    Near,
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// One of a range, often at its ends.
    pub fn around(&mut self, low: i64, high: i64) -> i64 {
        match self.number() % 6 {
            0 => low,
            1 => high,
            _ => low + (self.number() % (high - low + 1) as u64) as i64,
        }
    }

    pub fn bits(&mut self) -> u64 {
        const NOTABLE: [u64; 12] = [
            0,
            1,
            u64::MAX,
            0x8000_0000_0000_0000,
            0x7FFF_FFFF_FFFF_FFFF,
            0x8080_8080_8080_8080,
            0x7F7F_7F7F_7F7F_7F7F,
            0x8000_8000_8000_8000,
            0x7FFF_8000_0001_FFFF,
            0x8000_0000_7FFF_FFFF,
            0x0000_0020_0010_0008,
            0x0000_0003_0000_001F,
        ];
        match self.number() % 8 {
            0 => self.one_of(&NOTABLE),
            1 => self.number() & 0x3F,
            2 => self.number() & 0x0F0F_0F0F_0F0F_0F0F,
            _ => self.number(),
        }
    }

    /// A floating-point number that is no NaN.
    fn real(&mut self, format: Format) -> u64 {
        const NOTABLE: [f64; 8] = [0.0, -0.0, 1.0, -1.5, 2.5, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
        loop {
            let bits = match self.number() % 8 {
                0 => format.round(self.one_of(&NOTABLE)),
                // Of like size, so that sums are of both.
                1..5 => format.round(self.number() as i64 as f64 / 1e17),
                // The least number, and other denormal ones.
                5 => 1 + self.number() % 16,
                _ => self.number() & format.ones(),
            };
            if !format.value(bits).is_nan() {
                return bits;
            }
        }
    }

    /// A number around those that integers can hold, with halves; also the zero with a sign.
    fn small(&mut self) -> f64 {
        if self.below(16) == 0 {
            return -0.0;
        }
        let size = self.number() % 68;
        (self.number() as i64 >> 2) as f64 / 2.0 / 2_f64.powi(size as i32)
    }

    /// Fills lanes of `width` bytes.
    pub fn fill(&mut self, bytes: &mut [u8], width: usize, fill: Fill) {
        match (fill, Format::of(width)) {
            (Fill::Real, Some(format)) => {
                for lane in bytes.chunks_mut(width) {
                    lane.copy_from_slice(&self.real(format).to_le_bytes()[..width]);
                }
            }
            (Fill::Brain, _) => {
                for lane in bytes.chunks_mut(width.min(4)) {
                    // Of singles, some lie in the middle of two shorter numbers.
                    let bits = match self.below(4) {
                        0 => self.real(Format::Single) & 0xFFFF_0000 | 0x8000,
                        _ => self.real(Format::Single),
                    };
                    let bits = if f32::from_bits(bits as u32).is_nan() { 0 } else { bits };
                    lane.copy_from_slice(&bits.to_le_bytes()[4 - lane.len()..4]);
                }
            }
            (Fill::Small, Some(format)) => {
                for lane in bytes.chunks_mut(width) {
                    let bits = format.round(self.small());
                    lane.copy_from_slice(&bits.to_le_bytes()[..width]);
                }
            }
            _ => {
                for eight in bytes.chunks_mut(8) {
                    let value = self.bits();
                    eight.copy_from_slice(&value.to_le_bytes()[..eight.len()]);
                }
            }
        }
    }
}
