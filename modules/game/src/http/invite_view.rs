//! An invite as the people at its two ends see it.

use std::collections::HashMap;

use kernel::id::{AccountId, GameId, GameInviteId};
use kernel::{CallContext, Timestamp};
use platform::web::schema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::domain::invite::{DeclineReason, Invite, InviteState, Side};
use crate::domain::shuffle::Entropy;
use crate::live::wire::{Person, RulesView};
use crate::text::Bytes32;

platform::word_schema! {
    GameInviteStateWord: InviteState;
    DeclineReasonWord: DeclineReason;
}

kernel::words! {
    /// Which way an invite goes, for who looks.
    pub(super) enum Direction as "direction" {
        Incoming = "incoming",
        Outgoing = "outgoing",
    }
}
platform::word_schema! { DirectionWord: Direction }

/// An invite to a game.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = GameInvite)]
pub(super) struct InviteView {
    #[schema(value_type = schema::GameInviteId)]
    id: GameInviteId,
    /// The game it becomes when it is accepted.
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
    #[schema(value_type = DirectionWord)]
    direction: Direction,
    #[schema(value_type = GameInviteStateWord)]
    state: InviteState,
    /// Takes the first seat.
    creator: Person,
    /// Takes the second seat.
    invitee: Person,
    rule_set: RulesView,
    /// Whether the game counts for the ratings of the two.
    rated: bool,
    /// SHA-256 over seed, game, rules and players, as base64url.
    #[schema(value_type = String)]
    commitment: Bytes32,
    /// Opens the invite in the app of the one it is addressed to, and of nobody else.
    link: String,
    /// Whether the creator has given entropy; told to the creator alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    entropy_given: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::GameId>)]
    rematch_of: Option<GameId>,
    /// Why it was declined or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    #[schema(value_type = Option<schema::Time>)]
    closed_at: Option<Timestamp>,
}

impl InviteView {
    /// The invite as this account sees it at `now`.
    pub(super) fn of(
        invite: &Invite,
        viewer: AccountId,
        now: Timestamp,
        names: &HashMap<AccountId, String>,
        origin: &str,
    ) -> Self {
        let own = invite.side_of(viewer) == Some(Side::Creator);
        Self {
            id: invite.id,
            game_id: invite.game,
            direction: if own { Direction::Outgoing } else { Direction::Incoming },
            state: invite.state(now),
            creator: Person::named(invite.creator, names),
            invitee: Person::named(invite.invitee, names),
            rule_set: RulesView::of(&invite.rules),
            rated: invite.rated,
            commitment: Bytes32(invite.commitment.bytes()),
            link: link(origin, invite.id),
            entropy_given: own.then_some(invite.entropy.is_some()),
            rematch_of: invite.rematch_of,
            reason: invite.reason.clone(),
            created_at: invite.created_at,
            expires_at: invite.expires_at,
            closed_at: invite.closed_at,
        }
    }

    /// The same, with the names looked up.
    pub(super) async fn shown(app: &App, call: &CallContext, viewer: AccountId, invite: &Invite) -> Self {
        let names = app.names.of(call, [invite.creator, invite.invitee]).await;
        Self::of(invite, viewer, app.clock.now(), &names, &app.public_origin)
    }
}

/// The id stands in the fragment, as codes do: no server and no preview sees which invite is opened.
fn link(origin: &str, id: GameInviteId) -> String {
    format!("{origin}/g#{id}")
}

/// Somebody's own entropy.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntropyForm {
    /// 32 bytes as base64url without padding: 43 characters.
    #[schema(value_type = String, min_length = 43, max_length = 43)]
    entropy: Bytes32,
}

impl EntropyForm {
    pub(super) fn entropy(self) -> Entropy {
        Entropy::new(self.entropy.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::RuleSet;
    use kernel::{Clock, Principal};
    use platform::testing::TestDb;

    use crate::MIGRATIONS;
    use crate::house::House;

    platform::for_each_database! { MIGRATIONS;
        async fn whether_the_creator_gave_entropy_is_told_to_the_creator_alone(db: TestDb) {
            let house = House::open(&db.db).await;
            let [one, two]: [Principal; 2] = house.network("pair");
            let mut invite = house.invite(&one, "pair1", RuleSet::naija_classic()).await.unwrap();
            for entropy in [None, Some(Entropy::new([1; 32]))] {
                invite.entropy = entropy;
                let seen = |viewer| InviteView::of(&invite, viewer, house.clock.now(), &HashMap::new(), "https://whot.example");
                assert_eq!(seen(one.account).entropy_given, Some(invite.entropy.is_some()));
                assert_eq!(seen(two.account).entropy_given, None);
            }
        }
    }
}
