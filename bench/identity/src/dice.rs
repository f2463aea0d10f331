//! Chance that comes out the same for the same seed, on every machine and with every version of what is below it.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// A source of chance. ChaCha is specified to the bit; what is drawn from it is worked out here, so that no library's new
/// way of drawing changes the data.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The same throws for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// 0 to `n` − 1, each as likely. 0 if `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// From 0 up to, and without, 1.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// `low` to `high`, both included, each as likely.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// One of them, each as likely. They must not be none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A rank from 0 to `n` − 1, of which rank r is drawn in proportion to 1 / (r + `flat`): as names, towns and streets are.
    pub fn rank(&mut self, n: usize, flat: f64) -> usize {
        let drawn = flat * ((n as f64 + flat) / flat).powf(self.unit()) - flat;
        (drawn as usize).min(n.saturating_sub(1))
    }

    /// The index of one of the weights, in proportion to them.
    pub fn weighted(&mut self, weights: impl IntoIterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().into_iter().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.into_iter().enumerate() {
            last = index;
            left -= weight;
            if left < 0.0 {
                break;
            }
        }
        last
    }

    /// So many digits, of which the first is not 0.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count)
            .map(|at| char::from(b'0' + if at == 0 { 1 + self.below(9) } else { self.below(10) } as u8))
            .collect()
    }
}

/// A number that belongs to these two and to nothing else: for what must be the same wherever it is asked about, such as the
/// name of the ninth street of a town.
pub fn mixed(one: u64, other: u64) -> u64 {
    let mut at = one.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ other.wrapping_add(0xD1B5_4A32_D192_ED03);
    at = (at ^ (at >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    at = (at ^ (at >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    at ^ (at >> 31)
}
