//! Keys and what is done with them: derivation, MACs, sealing, one-time tokens. No algorithm is written here; all of it
//! is aws-lc's. Nothing in this room can be printed or serialised.

pub mod crockford;
mod mac;
mod root;
mod seal;
mod secret;
pub mod tokens;

pub use mac::Mac;
pub use root::{NotARootSecret, RootSecret};
pub use seal::{CannotOpen, Sealer};
pub use secret::SecretBytes;

/// Whether two byte strings are equal, in time that tells nothing but their lengths.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// SHA-256.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    whole(context.finish().as_ref())
}

/// The first `N` bytes; algorithms here always give at least as many.
fn whole<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}
