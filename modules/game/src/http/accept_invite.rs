//! POST /`api/v1/games/invites/{invite_id}/accept`

use kernel::id::{GameId, GameInviteId};
use platform::web::{Answer, Body, Caller, PathId, Problem, State, schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem;
use crate::app::{App, accept_invite};
use crate::domain::shuffle::Entropy;
use crate::text::Bytes32;

/// One's own entropy for the shuffle.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GameInviteAcceptance)]
pub(super) struct Acceptance {
    /// 32 bytes as base64url without padding; none counts as zero bytes, and the journal says so.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 43, max_length = 43)]
    entropy: Option<Bytes32>,
}

impl Acceptance {
    pub(super) fn entropy(&self) -> Option<Entropy> {
        self.entropy.map(|bytes| Entropy::new(bytes.0))
    }
}

/// The game that began.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = GameBegun)]
pub(super) struct Begun {
    #[schema(value_type = schema::GameId)]
    game_id: GameId,
}

pub(super) async fn handle(
    caller: Caller,
    app: State<App>,
    id: PathId<GameInviteId>,
    body: Body<Acceptance>,
) -> Result<Answer<Begun>, Problem> {
    let entropy = body.0.entropy();
    let game = accept_invite::run(&app, &caller.call, caller.principal.account, id.0, entropy)
        .await
        .map_err(problem::of_accept)?;
    Ok(Answer::ok(Begun { game_id: game }))
}
