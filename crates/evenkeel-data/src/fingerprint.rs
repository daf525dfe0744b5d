//! Numbers that tell data apart.

/// A hash of numbers in their order, the same on every machine and in every version.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, bits: u64) {
        self.0 = (self.0 ^ bits).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    }

    pub(crate) fn add_all(&mut self, numbers: &[f64]) {
        numbers.iter().for_each(|x| self.add(x.to_bits()));
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0
    }
}
