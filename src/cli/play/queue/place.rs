//! One's place in the queue as the server shows it, and saying yes to what is offered there.

use std::time::Duration;

use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::super::session::Session;
use super::super::wire::{Person, RulesForm};
use super::super::words::rules_line;
use crate::client::ClientError;

pub(super) const QUEUE: &str = "/api/v1/games/queue";
/// How long the server may take for an answer; whoever sits there is not heard meanwhile.
const PATIENCE: Duration = Duration::from_secs(8);

/// Where one stands in the queue.
#[derive(Deserialize)]
pub(super) struct View {
    pub(super) waiting: Option<Waiting>,
    pub(super) pairing: Option<Pairing>,
}

/// What one waits for.
#[derive(Deserialize)]
pub(super) struct Waiting {
    pub(super) rule_set: RulesForm,
    pub(super) rated: bool,
    pub(super) rating: i32,
    pub(super) since: Timestamp,
    pub(super) width: Option<u32>,
}

impl Waiting {
    pub(super) fn words(&self) -> String {
        let rated = if self.rated { "rated" } else { "not rated" };
        format!("{}, {rated}", rules_line(&self.rule_set.rules()))
    }
}

/// Two whom the queue has brought together.
#[derive(Deserialize)]
pub(super) struct Pairing {
    pub(super) id: String,
    pub(super) game_id: String,
    pub(super) opponent: Person,
    pub(super) commitment: String,
    pub(super) accepted: bool,
    pub(super) expires_at: Timestamp,
}

/// What was said to an offer.
pub(super) enum Said {
    Nothing,
    /// The random bytes that were given with it: the first yes counts, so it is repeated as it was.
    Yes(Option<String>),
}

/// Somebody was found.
pub(super) struct Offer {
    pub(super) pairing: Pairing,
    pub(super) said: Said,
}

impl Offer {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.said, Said::Nothing)
    }
}

/// What a yes has led to.
pub(super) enum Yes {
    Begun(String),
    /// The other has not answered yet.
    Half,
    /// The offer is over, for this reason if one is known.
    Over(Option<&'static str>),
    /// Nobody knows; it may be said again.
    Unknown,
}

/// An answer in time, or an error that may pass.
pub(super) async fn ask<T>(question: impl Future<Output = Result<T, ClientError>>) -> Result<T, ClientError> {
    timeout(PATIENCE, question).await.unwrap_or(Err(ClientError::Silence(PATIENCE)))
}

/// Whether the same question may be answered a little later.
pub(super) fn passes(error: &ClientError) -> bool {
    match error {
        ClientError::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
        ClientError::Incomplete(_) => false,
        _ => true,
    }
}

pub(super) fn read(body: &Value) -> Result<View, ClientError> {
    View::deserialize(body)
        .map_err(|_| ClientError::Incomplete("a place in the queue as this program knows it"))
}

/// Says yes, or says it again: it has one effect however often it is said, and none once the offer is over.
pub(super) async fn yes(session: &Session, offer: &Offer) -> Result<Yes, ClientError> {
    let Offer { pairing, said: Said::Yes(entropy) } = offer else { return Ok(Yes::Unknown) };
    let path = format!("/api/v1/games/pairings/{}/accept", pairing.id);
    match ask(session.post(&path, json!({"entropy": entropy}))).await {
        Ok(answer) if answer.body.get("begun") == Some(&Value::Bool(true)) => {
            Ok(Yes::Begun(pairing.game_id.clone()))
        }
        Ok(_) => Ok(Yes::Half),
        Err(ClientError::Refused { code, .. }) if code == "pairing_declined" => {
            Ok(Yes::Over(Some("declined")))
        }
        Err(ClientError::Refused { code, .. }) if code == "pairing_expired" => Ok(Yes::Over(Some("expired"))),
        Err(ClientError::Refused { code, .. })
            if matches!(code.as_str(), "pairing_cancelled" | "not_available" | "play_restricted") =>
        {
            Ok(Yes::Over(Some("not_available")))
        }
        Err(ClientError::Refused { status: 404, .. }) => Ok(Yes::Over(None)),
        Err(error) if passes(&error) => Ok(Yes::Unknown),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_waited_for_and_what_is_refused_is_not() {
        let refused = |status| ClientError::Refused {
            method: String::new(),
            path: String::new(),
            status,
            code: String::new(),
            problem: Value::Null,
        };
        for (status, later) in
            [(401, false), (403, false), (408, true), (409, false), (429, true), (503, true)]
        {
            assert_eq!(passes(&refused(status)), later, "{status}");
        }
        assert!(passes(&ClientError::Unreachable(String::new())) && passes(&ClientError::Silence(PATIENCE)));
        assert!(!passes(&ClientError::Incomplete("all")), "another answer would be no better");
    }
}
