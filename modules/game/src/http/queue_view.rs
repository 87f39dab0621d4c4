//! The queue as the one who stands in it sees it.

use game_engine::Seat;
use kernel::id::{GameId, PairingId};
use kernel::{CallContext, Timestamp};
use platform::web::schema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::app::finding::look_at_queue::Standing;
use crate::domain::pairing::Pairing;
use crate::domain::queue::{Entry, width};
use crate::live::wire::{Person, RulesView, SeatWord};
use crate::text::{Bytes32, Text};
use kernel::id::AccountId;

kernel::words! {
    /// Where somebody stands in the queue.
    pub(super) enum QueueState as "queue state" {
        Idle = "idle",
        Waiting = "waiting",
        Offered = "offered",
    }
}
platform::word_schema! { QueueStateWord: QueueState }

/// Where one stands in the open queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameQueue)]
pub(super) struct QueueView {
    /// `idle`: not in the queue. `offered`: somebody is found, and both are asked.
    #[schema(value_type = QueueStateWord)]
    state: QueueState,
    /// What one waits for; absent when idle.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<WaitingView>,
    /// What is on offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pairing: Option<PairingView>,
}

/// What somebody waits for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameQueueEntry)]
struct WaitingView {
    rule_set: RulesView,
    rated: bool,
    /// The rating by which one is paired.
    rating: i32,
    #[schema(value_type = schema::Time)]
    since: Timestamp,
    /// How far from one's own a rating may be by now; null once anybody will do.
    width: Option<u32>,
}

/// Two whom the queue has brought together.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GamePairing)]
struct PairingView {
    #[schema(value_type = schema::PairingId)]
    id: PairingId,
    /// The game it becomes when both accept.
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    opponent: Person,
    /// One's own.
    #[schema(value_type = SeatWord)]
    seat: Text<Seat>,
    /// SHA-256 over seed, game, rules and players, as base64url.
    #[schema(value_type = String)]
    commitment: Bytes32,
    /// Whether one has accepted oneself.
    accepted: bool,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
}

impl QueueView {
    /// The place of this account at this moment.
    pub(super) async fn shown(app: &App, call: &CallContext, viewer: AccountId, standing: Standing) -> Self {
        let now = app.clock.now();
        match standing {
            Standing::Idle => Self { state: QueueState::Idle, waiting: None, pairing: None },
            Standing::Waiting(entry) => Self {
                state: QueueState::Waiting,
                waiting: Some(WaitingView::of(&entry, now)),
                pairing: None,
            },
            Standing::Offered(entry, pairing) => Self {
                state: QueueState::Offered,
                waiting: Some(WaitingView::of(&entry, now)),
                pairing: PairingView::shown(app, call, viewer, &pairing).await,
            },
        }
    }
}

impl WaitingView {
    fn of(entry: &Entry, now: Timestamp) -> Self {
        Self {
            rule_set: RulesView::of(&entry.wish.rules),
            rated: entry.wish.rated,
            rating: entry.rating,
            since: entry.since,
            width: width(now.since(entry.since)),
        }
    }
}

impl PairingView {
    async fn shown(app: &App, call: &CallContext, viewer: AccountId, pairing: &Pairing) -> Option<Self> {
        let seat = pairing.seat_of(viewer)?;
        let opponent = *pairing.players.get(seat.other());
        let names = app.names.of(call, [opponent]).await;
        Some(Self {
            id: pairing.id,
            game_id: pairing.game,
            opponent: Person::named(opponent, &names),
            seat: Text(seat),
            commitment: Bytes32(pairing.commitment.bytes()),
            accepted: pairing.answers.get(seat).is_some(),
            expires_at: pairing.expires_at,
        })
    }
}
