//! Game's part of everybody's inbox.

use std::sync::Arc;

use async_trait::async_trait;
use kernel::id::AccountId;
use platform::live::{Body, Event, InboxSource, TopicError};
use serde_json::Value;

use crate::app::App;
use crate::app::inbox::{self, Noted, StoreError};

/// What this part is called in inbox frames.
pub(super) const CONTEXT: &str = "game";

/// Reads notices from storage.
pub(crate) struct GameInbox(pub(crate) Arc<App>);

/// A notice on the wire: its body with its kind.
pub(super) fn notice_data(kind: &str, body: Value) -> Option<Body> {
    let Value::Object(mut members) = body else { return None };
    members.insert("kind".to_owned(), Value::from(kind));
    serde_json::value::to_raw_value(&members).ok()
}

#[async_trait]
impl InboxSource for GameInbox {
    fn context(&self) -> &'static str {
        CONTEXT
    }

    async fn head(&self, account: AccountId) -> Result<u64, TopicError> {
        inbox::head(&self.0, account).await.map_err(unavailable)
    }

    async fn after(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Event>, TopicError> {
        let notices = inbox::after(&self.0, account, after, limit).await.map_err(unavailable)?;
        let event = |notice: Noted| Event {
            seq: notice.seq,
            at: notice.at,
            body: notice_data(&notice.kind, notice.body),
        };
        Ok(notices.into_iter().map(event).collect())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn unavailable(error: StoreError) -> TopicError {
    tracing::warn!(%error, "storage did not answer a socket");
    TopicError::Unavailable
}
