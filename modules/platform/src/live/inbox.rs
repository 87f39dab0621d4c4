//! The inbox: the union of one stream per context and account, each with its own dense sequence, and the signed
//! cursor over all of them. What a notice says is its context's affair.

use std::collections::BTreeMap;

use async_trait::async_trait;
use data_encoding::BASE64URL_NOPAD;
use kernel::id::AccountId;

use super::topic::{Event, TopicError, TopicKey};
use crate::crypto::Mac;

/// One context's part of every inbox.
#[async_trait]
pub trait InboxSource: Send + Sync + 'static {
    /// The context, for example `game`.
    fn context(&self) -> &'static str;

    /// The last notice of an account; 0 if there never was one.
    async fn head(&self, account: AccountId) -> Result<u64, TopicError>;

    /// The notices after `after`, in order, at most `limit`, from storage. If older ones were removed the first may
    /// be later than `after + 1`.
    async fn after(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Event>, TopicError>;
}

/// How far an inbox was sent: the last sequence of each context.
pub(crate) type Positions = BTreeMap<String, u64>;

/// The topic that carries one context's notices for one account.
pub(crate) fn stream_of(context: &'static str, account: AccountId) -> TopicKey {
    TopicKey::new(context, account)
}

const PURPOSE: &[u8] = b"live inbox cursor 1";

/// Writes the cursor: `game.7~identity.3` and its MAC, bound to the account.
pub(crate) fn seal<'a>(
    key: &Mac,
    account: AccountId,
    positions: impl Iterator<Item = (&'a str, u64)>,
) -> String {
    let parts: Vec<String> = positions.map(|(context, seq)| format!("{context}.{seq}")).collect();
    let text = parts.join("~");
    let tag = key.tag(&[PURPOSE, account.to_string().as_bytes(), text.as_bytes()]);
    format!("{}.{}", BASE64URL_NOPAD.encode(text.as_bytes()), BASE64URL_NOPAD.encode(&tag))
}

/// Reads a cursor that [`seal`] wrote for the same account.
pub(crate) fn open(key: &Mac, account: AccountId, cursor: &str) -> Option<Positions> {
    let (text, tag) = cursor.split_once('.')?;
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).ok()?;
    if !key.verify(&[PURPOSE, account.to_string().as_bytes(), text.as_bytes()], &tag) {
        return None;
    }
    text.split('~').filter(|part| !part.is_empty()).map(position).collect()
}

fn position(part: &str) -> Option<(String, u64)> {
    let (context, seq) = part.split_once('.')?;
    Some((context.to_owned(), seq.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretBytes;
    use kernel::TypedId;
    use uuid::Uuid;

    #[test]
    fn a_cursor_is_read_for_its_own_account_only_and_not_when_changed() {
        let key = Mac::new(&SecretBytes::from([7; 32]));
        let [one, two] = [1, 2].map(|id| AccountId::from_uuid(Uuid::from_u128(id)));
        let cursor = seal(&key, one, [("game", 7), ("identity", 3)].into_iter());
        let read = open(&key, one, &cursor).unwrap();
        assert_eq!(
            read.into_iter().collect::<Vec<_>>(),
            [("game".to_owned(), 7), ("identity".to_owned(), 3)]
        );
        assert_eq!(open(&key, two, &cursor), None);
        let tail = cursor.split_once('.').unwrap().1;
        let forged = format!("{}.{tail}", BASE64URL_NOPAD.encode(b"game.8~identity.3"));
        assert_eq!(open(&key, one, &forged), None);
        for bad in ["", ".", "a.b", &cursor[1..], &cursor[..cursor.len() - 1], "é.é"] {
            assert_eq!(open(&key, one, bad), None, "{bad}");
        }
        assert_eq!(open(&key, one, &seal(&key, one, std::iter::empty())), Some(Positions::new()));
    }
}
