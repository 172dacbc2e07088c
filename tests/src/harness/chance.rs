//! Chance that a seed repeats.

use std::sync::Mutex;

use xuncha_core::host::Random;

/// A generator (splitmix64) whose seed is printed when a test fails and taken from `XUNCHA_SEED`
/// when it is set, so that a failure can be played again.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    state: Mutex<u64>,
}

impl SeededRandom {
    /// A new seed, or the one in `XUNCHA_SEED`.
    pub fn new() -> SeededRandom {
        let given = std::env::var("XUNCHA_SEED").ok().and_then(|text| text.parse().ok());
        let mut drawn = [0; 8];
        getrandom::fill(&mut drawn).unwrap();
        SeededRandom::from_seed(given.unwrap_or(u64::from_le_bytes(drawn)))
    }

    /// This seed.
    pub fn from_seed(seed: u64) -> SeededRandom {
        SeededRandom { seed, state: Mutex::new(seed) }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The next number.
    pub fn number(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).unwrap()
    }

    /// True once in `n`.
    pub fn once_in(&self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

impl Default for SeededRandom {
    fn default() -> SeededRandom {
        SeededRandom::new()
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.number().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl Drop for SeededRandom {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("play this again with XUNCHA_SEED={}", self.seed);
        }
    }
}
