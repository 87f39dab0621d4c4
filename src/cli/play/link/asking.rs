//! How following one topic goes: which request is the present one, and when it is made again after storage could not
//! answer.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Sleep, sleep};

use crate::client::fresh_id;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// Asking for one topic. As new once the topic was heard of.
#[derive(Default)]
pub(super) struct Asking {
    /// The request that is not answered yet.
    cid: Option<String>,
    /// How long the last pause was.
    pause: Option<Duration>,
    due: Option<Pin<Box<Sleep>>>,
}

impl Asking {
    /// The request to follow this topic after what is known of it.
    pub(super) fn frame(&mut self, topic: &Value, after: Option<Value>) -> Value {
        let cid = fresh_id();
        let mut frame = json!({"t": "follow", "cid": cid, "topic": topic});
        if let (Some(after), Some(members)) = (after, frame.as_object_mut()) {
            members.insert("after".to_owned(), after);
        }
        (self.cid, self.due) = (Some(cid), None);
        frame
    }

    /// It was asked for in other words, whose answer names no request.
    pub(super) fn was_asked(&mut self) {
        (self.cid, self.due) = (None, None);
    }

    /// Whether this is the present request.
    pub(super) fn is(&self, cid: &str) -> bool {
        self.cid.as_deref() == Some(cid)
    }

    /// It is asked for again after a pause, twice as long each time.
    pub(super) fn later(&mut self) {
        let pause = self.pause.map_or(FIRST, |last| (last * 2).min(LONGEST));
        (self.cid, self.pause, self.due) = (None, Some(pause), Some(Box::pin(sleep(pause))));
    }
}

/// Waits until it is time to ask again, for ever if it is not to be asked for.
pub(super) async fn due(asking: Option<&mut Asking>) {
    let Some(asking) = asking else { return pending().await };
    match &mut asking.due {
        Some(over) => over.await,
        None => pending().await,
    }
    asking.due = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_pause_doubles_up_to_half_a_minute_until_the_topic_is_heard() {
        let mut asking = Asking::default();
        let mut pauses = Vec::new();
        for _ in 0..7 {
            asking.later();
            pauses.push(asking.pause.unwrap().as_secs());
            asking.was_asked();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }
}
