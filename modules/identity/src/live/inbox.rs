//! Notices that identity sends to people, as their inbox shows them: a session that was ended for them.

use async_trait::async_trait;
use kernel::Limit;
use kernel::id::AccountId;
use platform::db::Db;
use platform::live::{Event, Hub, InboxSource, TopicError};
use platform::notices;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::app::Posted;

/// The name of this context's stream in every inbox.
const CONTEXT: &str = "identity";

/// Identity's part of every inbox.
pub(crate) struct Inbox(pub(crate) Db);

#[derive(Serialize)]
struct Body<'a> {
    kind: &'a str,
    #[serde(flatten)]
    content: &'a Value,
}

fn body(kind: &str, content: &Value) -> Option<Box<RawValue>> {
    to_raw_value(&Body { kind, content }).ok()
}

/// Hands a committed notice to the sockets that follow their inbox here. Losing it loses nothing: it is stored.
pub(crate) fn push(hub: &Hub, posted: &Posted) {
    let (Ok(seq), Some(body)) = (u64::try_from(posted.seq), body(posted.kind, &posted.body)) else { return };
    hub.publish_inbox(CONTEXT, posted.account, seq, posted.at, &body);
}

#[async_trait]
impl InboxSource for Inbox {
    fn context(&self) -> &'static str {
        CONTEXT
    }

    async fn head(&self, account: AccountId) -> Result<u64, TopicError> {
        let head = notices::head(&self.0, account).await.map_err(|_| TopicError::Unavailable)?;
        u64::try_from(head).map_err(|_| TopicError::Unavailable)
    }

    async fn after(&self, account: AccountId, after: u64, limit: u32) -> Result<Vec<Event>, TopicError> {
        let after = i64::try_from(after).map_err(|_| TopicError::Unavailable)?;
        let limit = Limit::try_from(limit).unwrap_or(Limit::MAX);
        let found =
            notices::after(&self.0, account, after, limit).await.map_err(|_| TopicError::Unavailable)?;
        Ok(found
            .iter()
            .map(|notice| Event {
                seq: u64::try_from(notice.seq).unwrap_or(0),
                at: notice.at,
                body: body(&notice.kind, &notice.body),
            })
            .collect())
    }
}
