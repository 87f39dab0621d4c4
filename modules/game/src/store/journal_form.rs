//! A journal line as it is stored: the published form, so that what is kept is what a record shows.

use super::StoreError;
use crate::domain::clock::Clock;
use crate::domain::entry::Entry;

/// A line as JSON.
pub(super) fn encode(entry: &Entry, clock: Option<&Clock>) -> Result<String, StoreError> {
    game_record::encode(entry, clock).map_err(|error| StoreError::Failed(error.to_string()))
}

/// Reads what [`encode`] wrote. A dealt round has an empty key: whoever replays fills it in.
pub(super) fn decode(text: &str) -> Result<(Entry, Option<Clock>), StoreError> {
    game_record::decode(text).map_err(|_| StoreError::inconsistent("a journal line"))
}
