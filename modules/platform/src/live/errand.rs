//! What a socket waits for besides commands: openings of topics, reads, current sequences, renewed credentials.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use kernel::Principal;
use kernel::id::AccountId;

use super::auth::Ticketed;
use super::frames::{Cid, TopicName};
use super::hub::Hub;
use super::socket::{PULL_EVENTS, Pull, Pulled, Stream};
use super::topic::{TopicError, TopicKey, Viewer, Viewing};
use crate::web::AuthFailure;

/// Something that came back.
pub(crate) enum Errand {
    Opened { cid: Option<Cid>, key: TopicKey, after: Option<u64>, viewer: Result<Viewer, TopicError> },
    InboxOpened { cid: Option<Cid>, streams: Result<Vec<(&'static str, u64)>, TopicError> },
    Pulled { pull: Pull, result: Result<Pulled, TopicError> },
    Unfollowed { cid: Cid, topic: TopicName },
    Heads { n: u64, heads: Vec<(TopicKey, u64)> },
    Renewed { cid: Cid, result: Box<Result<Ticketed, AuthFailure>> },
}

impl Errand {
    /// Reads what follows a follower's last event; none if nobody serves that topic any more.
    pub(crate) fn pull(hub: &Hub, pull: Pull, principal: Arc<Principal>) -> Option<BoxFuture<'static, Self>> {
        match pull.stream {
            Stream::Topic => {
                let source = hub.source(pull.key.kind())?;
                Some(Box::pin(async move {
                    let viewing = Viewing { principal, topic: pull.key.clone(), viewer: pull.viewer };
                    let read = source.catch_up(&viewing, pull.after, PULL_EVENTS).await;
                    Self::Pulled { pull, result: read.map(Pulled::Topic) }
                }))
            }
            Stream::Inbox(context) => {
                let source = hub.inboxes().into_iter().find(|source| source.context() == context)?;
                Some(Box::pin(async move {
                    let read = source.after(principal.account, pull.after.unwrap_or(0), PULL_EVENTS).await;
                    Self::Pulled { pull, result: read.map(Pulled::Inbox) }
                }))
            }
        }
    }
}

/// Asks each source once for the current sequence of everything a socket follows.
pub(crate) struct Heads {
    topics: Vec<(Arc<dyn super::topic::TopicSource>, Vec<TopicKey>)>,
    inboxes: Vec<(Arc<dyn super::inbox::InboxSource>, TopicKey)>,
    account: AccountId,
}

impl Heads {
    pub(crate) fn of(hub: &Hub, account: AccountId, following: Vec<(TopicKey, Stream, u64)>) -> Self {
        let mut heads = Self { topics: Vec::new(), inboxes: Vec::new(), account };
        for (key, stream, _) in following {
            match stream {
                Stream::Topic => heads.add_topic(hub, key),
                Stream::Inbox(context) => {
                    let source = hub.inboxes().into_iter().find(|source| source.context() == context);
                    heads.inboxes.extend(source.map(|source| (source, key)));
                }
            }
        }
        heads
    }

    fn add_topic(&mut self, hub: &Hub, key: TopicKey) {
        if let Some((_, keys)) = self.topics.iter_mut().find(|(source, _)| source.kind() == key.kind()) {
            keys.push(key);
        } else if let Some(source) = hub.source(key.kind()) {
            self.topics.push((source, vec![key]));
        }
    }

    /// The current sequences of those that can be told now.
    pub(crate) async fn read(self) -> Vec<(TopicKey, u64)> {
        let mut read = Vec::new();
        for (source, keys) in self.topics {
            if let Ok(heads) = source.heads(&keys).await {
                read.extend(keys.into_iter().zip(heads));
            }
        }
        for (source, key) in self.inboxes {
            if let Ok(head) = source.head(self.account).await {
                read.push((key, head));
            }
        }
        read
    }
}
