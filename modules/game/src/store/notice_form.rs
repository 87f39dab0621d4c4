//! What a notice says in the inbox, as JSON. Ids only: names are looked up by whoever shows it.

use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId, PairingId};
use serde::Serialize;
use serde_json::Value;

use super::StoreError;
use crate::domain::ending::Status;
use crate::domain::notice::Notice;
use crate::domain::practice;
use crate::domain::queue::LeaveCause;
use crate::domain::rating::EntryKind;
use crate::text::{Text, tenth};
use game_bots::Strength;
use game_engine::Seat;

#[derive(Serialize)]
#[serde(untagged)]
enum Form<'a> {
    Invited {
        invite_id: GameInviteId,
        game_id: GameId,
        from_account_id: AccountId,
        #[serde(skip_serializing_if = "Option::is_none")]
        rematch_of: Option<GameId>,
        expires_at: Timestamp,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        quiet: bool,
    },
    PairingOffered {
        pairing_id: PairingId,
        game_id: GameId,
        opponent_account_id: AccountId,
        expires_at: Timestamp,
    },
    PairingEnded {
        pairing_id: PairingId,
        reason: &'a str,
        waiting: bool,
    },
    QueueLeft {
        reason: LeaveCause,
    },
    Accepted {
        invite_id: GameInviteId,
        game_id: GameId,
    },
    Closed {
        invite_id: GameInviteId,
        reason: &'a str,
    },
    Expired {
        invite_id: GameInviteId,
    },
    Started {
        game_id: GameId,
        opponent_account_id: AccountId,
        #[serde(skip_serializing_if = "Option::is_none")]
        practice: Option<Text<Strength>>,
        seat: Text<Seat>,
    },
    WatchProposed {
        game_id: GameId,
        spectator_account_id: AccountId,
        by_account_id: AccountId,
    },
    WatchInvited {
        game_id: GameId,
        by_account_id: AccountId,
    },
    WatchOver {
        game_id: GameId,
        spectator_account_id: AccountId,
    },
    Over {
        game_id: GameId,
        status: Status,
        winner: Option<Text<Seat>>,
        reason: &'a str,
    },
    RatingChanged {
        game_id: GameId,
        family: &'a str,
        entry: EntryKind,
        rating_before: f64,
        rating_after: f64,
    },
}

/// The body of a notice, without its kind.
pub(super) fn body(notice: &Notice) -> Result<Value, StoreError> {
    let form = match notice {
        Notice::Invited { invite, game, from, rematch_of, expires_at, quiet } => Form::Invited {
            invite_id: *invite,
            game_id: *game,
            from_account_id: *from,
            rematch_of: *rematch_of,
            expires_at: *expires_at,
            quiet: *quiet,
        },
        Notice::PairingOffered { pairing, game, opponent, expires_at } => Form::PairingOffered {
            pairing_id: *pairing,
            game_id: *game,
            opponent_account_id: *opponent,
            expires_at: *expires_at,
        },
        Notice::PairingEnded { pairing, reason, waiting } => {
            Form::PairingEnded { pairing_id: *pairing, reason, waiting: *waiting }
        }
        Notice::QueueLeft { cause } => Form::QueueLeft { reason: *cause },
        Notice::Accepted { invite, game } => Form::Accepted { invite_id: *invite, game_id: *game },
        Notice::Declined { invite, reason } | Notice::Cancelled { invite, reason } => {
            Form::Closed { invite_id: *invite, reason }
        }
        Notice::Expired { invite } => Form::Expired { invite_id: *invite },
        Notice::Started { game, opponent, seat } => {
            let practice = practice::strength(*opponent).map(Text);
            Form::Started { game_id: *game, opponent_account_id: *opponent, practice, seat: Text(*seat) }
        }
        Notice::WatchProposed { game, spectator, by } => {
            Form::WatchProposed { game_id: *game, spectator_account_id: *spectator, by_account_id: *by }
        }
        Notice::WatchInvited { game, by } => Form::WatchInvited { game_id: *game, by_account_id: *by },
        Notice::WatchDeclined { game, spectator } | Notice::WatchEnded { game, spectator } => {
            Form::WatchOver { game_id: *game, spectator_account_id: *spectator }
        }
        Notice::Over { game, status, winner, reason } => {
            Form::Over { game_id: *game, status: *status, winner: winner.map(Text), reason }
        }
        Notice::RatingChanged { game, family, entry, before, after } => Form::RatingChanged {
            game_id: *game,
            family: family.as_str(),
            entry: *entry,
            rating_before: tenth(*before),
            rating_after: tenth(*after),
        },
    };
    serde_json::to_value(form).map_err(|_| StoreError::Failed("a notice does not encode".to_owned()))
}
