//! HMAC-SHA256 over framed parts, so that ("ab", "c") and ("a", "bc") never have the same tag.

use aws_lc_rs::hmac;

use super::SecretBytes;

/// A key that tags and verifies.
#[derive(Clone)]
pub struct Mac(hmac::Key);

impl Mac {
    /// The MAC under this key.
    pub fn new(key: &SecretBytes<32>) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// The tag of the parts.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        super::whole(context.sign().as_ref())
    }

    /// Whether the tag is that of the parts, in constant time.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> bool {
        super::same(&self.tag(parts), tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_holds_for_its_key_and_its_parts_only() {
        let mac = Mac::new(&SecretBytes::from([1; 32]));
        let tag = mac.tag(&[b"ab", b"c"]);
        assert!(mac.verify(&[b"ab", b"c"], &tag));
        assert!(!mac.verify(&[b"a", b"bc"], &tag));
        assert!(!mac.verify(&[b"abc"], &tag));
        assert!(!mac.verify(&[b"ab", b"c"], &tag[..31]));
        assert!(!Mac::new(&SecretBytes::from([2; 32])).verify(&[b"ab", b"c"], &tag));
    }
}
