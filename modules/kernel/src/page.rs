//! Bounded pages. Every list that can grow is one; nothing counts in offsets.

use serde::{Deserialize, Serialize};

/// How many items a page may have: 1 to 100, 50 unless told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Limit(u32);

/// A limit outside 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit lies between 1 and 100")]
pub struct InvalidLimit;

impl Limit {
    /// The largest page.
    pub const MAX: Self = Self(100);

    /// The number of items.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The number of items as SQL takes it.
    #[must_use]
    pub fn rows(self) -> i64 {
        i64::from(self.0)
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for Limit {
    type Error = InvalidLimit;
    fn try_from(limit: u32) -> Result<Self, InvalidLimit> {
        if (1..=100).contains(&limit) { Ok(Self(limit)) } else { Err(InvalidLimit) }
    }
}

impl From<Limit> for u32 {
    fn from(limit: Limit) -> Self {
        limit.0
    }
}

/// Some items of a longer list, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T, K> {
    /// The items.
    pub items: Vec<T>,
    /// The key after which the next page begins; absent on the last page.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// Makes a page from up to `limit + 1` rows: the extra row only proves that there is more.
    ///
    /// ```
    /// use kernel::{Limit, Page};
    ///
    /// let limit = Limit::try_from(2)?;
    /// let page = Page::from_rows(vec!["a", "b", "c"], limit, |last| *last);
    /// assert_eq!((page.items, page.next), (vec!["a", "b"], Some("b")));
    /// # Ok::<(), kernel::page::InvalidLimit>(())
    /// ```
    pub fn from_rows(mut rows: Vec<T>, limit: Limit, key: impl FnOnce(&T) -> K) -> Self {
        let size = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let next = if more { rows.last().map(key) } else { None };
        Self { items: rows, next }
    }

    /// The same page with each item changed.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(change).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_begins_only_when_there_is_one() {
        let limit = Limit::try_from(2).unwrap();
        let page = Page::from_rows(vec![1, 2, 3], limit, |last| *last);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        let page = Page::from_rows(vec![1, 2], limit, |last| *last);
        assert_eq!((page.items, page.next), (vec![1, 2], None));
        assert!(Limit::try_from(0).is_err() && Limit::try_from(101).is_err());
    }
}
