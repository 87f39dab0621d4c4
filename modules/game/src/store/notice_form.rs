//! What a notice says in the inbox, as JSON. Ids only: names are looked up by whoever shows it.

use kernel::Timestamp;
use kernel::id::{AccountId, GameId, GameInviteId};
use serde::Serialize;
use serde_json::Value;

use super::StoreError;
use crate::domain::ending::Status;
use crate::domain::notice::Notice;
use crate::domain::practice;
use crate::text::Text;
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
    Over {
        game_id: GameId,
        status: Status,
        winner: Option<Text<Seat>>,
        reason: &'a str,
    },
}

/// The body of a notice, without its kind.
pub(super) fn body(notice: &Notice) -> Result<Value, StoreError> {
    let form = match notice {
        Notice::Invited { invite, game, from, rematch_of, expires_at } => Form::Invited {
            invite_id: *invite,
            game_id: *game,
            from_account_id: *from,
            rematch_of: *rematch_of,
            expires_at: *expires_at,
        },
        Notice::Accepted { invite, game } => Form::Accepted { invite_id: *invite, game_id: *game },
        Notice::Declined { invite, reason } | Notice::Cancelled { invite, reason } => {
            Form::Closed { invite_id: *invite, reason }
        }
        Notice::Expired { invite } => Form::Expired { invite_id: *invite },
        Notice::Started { game, opponent, seat } => {
            let practice = practice::strength(*opponent).map(Text);
            Form::Started { game_id: *game, opponent_account_id: *opponent, practice, seat: Text(*seat) }
        }
        Notice::Over { game, status, winner, reason } => {
            Form::Over { game_id: *game, status: *status, winner: winner.map(Text), reason }
        }
    };
    serde_json::to_value(form).map_err(|_| StoreError::Failed("a notice does not encode".to_owned()))
}
