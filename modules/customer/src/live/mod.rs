//! This context's part of the live inbox: notices as their readers get them. Wire shapes live here.

use async_trait::async_trait;
use kernel::id::AccountId;
use kernel::{Limit, Timestamp};
use platform::db::Db;
use platform::live::{Body, Event, Hub, InboxSource, TopicError};
use platform::notices;
use serde::Serialize;
use serde_json::Value;

/// The name of this context's stream in every inbox.
const CONTEXT: &str = "customer";

#[derive(Serialize)]
struct NoticeOut<'a> {
    kind: &'a str,
    #[serde(flatten)]
    said: &'a Value,
}

fn body(kind: &str, said: &Value) -> Option<Body> {
    serde_json::value::to_raw_value(&NoticeOut { kind, said }).ok()
}

/// Hands a committed notice to the sockets that follow their inbox here. Losing it loses nothing: it is stored.
pub(crate) fn push(hub: &Hub, account: AccountId, (seq, at): (i64, Timestamp), kind: &str, said: &Value) {
    let (Ok(seq), Some(body)) = (u64::try_from(seq), body(kind, said)) else { return };
    hub.publish_inbox(CONTEXT, account, seq, at, &body);
}

/// The stored notices of this context.
pub(crate) struct StoredNotices(pub(crate) Db);

#[async_trait]
impl InboxSource for StoredNotices {
    fn context(&self) -> &'static str {
        CONTEXT
    }

    async fn head(&self, account: AccountId) -> Result<u64, TopicError> {
        let head = notices::head(&self.0, account).await.map_err(|_| TopicError::Unavailable)?;
        Ok(u64::try_from(head).unwrap_or(0))
    }

    async fn after(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Event>, TopicError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = Limit::try_from(limit.clamp(1, Limit::MAX.get())).unwrap_or_default();
        let found =
            notices::after(&self.0, account, after, limit).await.map_err(|_| TopicError::Unavailable)?;
        let event = |notice: notices::Notice| {
            Some(Event {
                seq: u64::try_from(notice.seq).ok()?,
                at: notice.at,
                body: body(&notice.kind, &notice.body),
            })
        };
        Ok(found.into_iter().filter_map(event).collect())
    }
}
