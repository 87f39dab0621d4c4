//! Keyset cursors: opaque to clients, signed, and good only for the principal and the filter they were made for.

use data_encoding::BASE64URL_NOPAD;
use kernel::{Page, Principal};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::app::Web;
use super::problem::Problem;
use crate::crypto::Mac;

const TAG_BYTES: usize = 16;
const LONGEST: usize = 1_024;

/// Where a list goes on, as the client carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, description = "Opaque: pass it back as it came.")]
pub struct Cursor(String);

impl Cursor {
    /// The cursor that stands for `key`, for this principal and filter only.
    ///
    /// `filter` names the list and everything that narrows or orders it, for example `invites?state=open`.
    pub fn seal<K: Serialize>(web: &Web, principal: &Principal, filter: &str, key: &K) -> Self {
        Self::seal_with(web.cursor_key(), principal.account.to_string().as_bytes(), filter, key)
    }

    /// The key it stands for, or 400 `invalid_cursor`.
    pub fn open<K: DeserializeOwned>(
        &self,
        web: &Web,
        principal: &Principal,
        filter: &str,
    ) -> Result<K, Problem> {
        self.open_with(web.cursor_key(), principal.account.to_string().as_bytes(), filter).ok_or_else(|| {
            Problem::bad_request("invalid_cursor")
                .detail("The cursor is not one of this list. Begin again without it.")
                .at(Some("query"), "/cursor", "invalid_cursor", "not a cursor of this list")
        })
    }

    /// As [`Cursor::seal`], with the key and the owner given; for cursors that are no page of a list.
    pub fn seal_with<K: Serialize>(mac: &Mac, owner: &[u8], filter: &str, key: &K) -> Self {
        let payload = serde_json::to_vec(key).unwrap_or_default();
        let mut sealed = tag(mac, owner, filter, &payload).to_vec();
        sealed.extend_from_slice(&payload);
        Self(BASE64URL_NOPAD.encode(&sealed))
    }

    /// As [`Cursor::open`], with the key and the owner given.
    pub fn open_with<K: DeserializeOwned>(&self, mac: &Mac, owner: &[u8], filter: &str) -> Option<K> {
        if self.0.len() > LONGEST {
            return None;
        }
        let sealed = BASE64URL_NOPAD.decode(self.0.as_bytes()).ok()?;
        let (presented, payload) = sealed.split_at_checked(TAG_BYTES)?;
        let expected = tag(mac, owner, filter, payload);
        let genuine = crate::crypto::same(&expected, presented);
        if genuine { serde_json::from_slice(payload).ok() } else { None }
    }
}

fn tag(mac: &Mac, owner: &[u8], filter: &str, payload: &[u8]) -> [u8; TAG_BYTES] {
    let whole = mac.tag(&[b"cursor", owner, filter.as_bytes(), payload]);
    let mut short = [0; TAG_BYTES];
    for (to, from) in short.iter_mut().zip(whole) {
        *to = from;
    }
    short
}

/// A page on the wire. Each kind of item has a component of its own, named after it.
#[derive(Debug, Clone, Serialize)]
pub struct List<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; null on the last.
    pub next_cursor: Option<Cursor>,
}

impl<T> List<T> {
    /// The page with its key sealed.
    pub fn from_page<K>(page: Page<T, K>, seal: impl FnOnce(&K) -> Cursor) -> Self {
        Self { next_cursor: page.next.as_ref().map(seal), items: page.items }
    }
}

impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let item = RefOr::Ref(Ref::from_schema_name(T::name()));
        ObjectBuilder::new()
            .property("items", ArrayBuilder::new().items(item).description(Some("The items.")))
            .required("items")
            .property("next_cursor", Option::<Cursor>::schema())
            .required("next_cursor")
            .into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    fn name() -> Cow<'static, str> {
        format!("{}List", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretBytes;

    fn mac(byte: u8) -> Mac {
        Mac::new(&SecretBytes::from([byte; 32]))
    }

    #[test]
    fn a_cursor_opens_only_for_its_owner_its_filter_and_its_key() {
        let cursor = Cursor::seal_with(&mac(1), b"acc_a", "invites", &(7_i64, "x"));
        assert_eq!(
            cursor.open_with::<(i64, String)>(&mac(1), b"acc_a", "invites"),
            Some((7, "x".to_owned()))
        );
        assert_eq!(cursor.open_with::<(i64, String)>(&mac(2), b"acc_a", "invites"), None);
        assert_eq!(cursor.open_with::<(i64, String)>(&mac(1), b"acc_b", "invites"), None);
        assert_eq!(cursor.open_with::<(i64, String)>(&mac(1), b"acc_a", "games"), None);
        assert_eq!(cursor.open_with::<String>(&mac(1), b"acc_a", "invites"), None, "another kind of key");
    }

    #[test]
    fn a_cursor_changed_in_any_one_character_does_not_open() {
        let cursor = Cursor::seal_with(&mac(1), b"a", "f", &12_345);
        for place in 0..cursor.0.len() {
            let mut changed = cursor.0.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = Cursor(String::from_utf8(changed).unwrap());
            assert_eq!(changed.open_with::<u64>(&mac(1), b"a", "f"), None, "{place}");
        }
        for junk in ["", "A", "====", &"A".repeat(5_000)] {
            assert_eq!(Cursor(junk.to_owned()).open_with::<u64>(&mac(1), b"a", "f"), None);
        }
    }
}
