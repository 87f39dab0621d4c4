//! The one home of the operating system's random source. Everything else takes a [`kernel::Random`].

use kernel::Random;

/// The operating system's source, good enough for keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Keys made of anything else would be guessable, so there is nothing better to do.
            tracing::error!("the operating system gives no random bytes");
            std::process::abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::random::RandomExt;

    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!(OsRandom.bytes::<32>(), OsRandom.bytes::<32>());
    }
}
