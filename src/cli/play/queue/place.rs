//! One's place in the queue as the server shows it, and saying yes to what is offered there.

use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::session::{Session, ask};
use super::super::wire::{Person, RulesForm};
use super::super::words::rules_line;
use crate::client::ClientError;

pub(super) const QUEUE: &str = "/api/v1/games/queue";

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
        Err(error) if error.passes() => Ok(Yes::Unknown),
        Err(error) => Err(error),
    }
}
