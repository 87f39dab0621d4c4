//! Asking for the same game again: an invite to the other player that names the finished game, with its rules.

use game_engine::BySeat;
use kernel::id::GameId;
use kernel::{CallContext, Principal};
use platform::web::ClaimParts;

use super::App;
use super::create_invite::{self, CreateError, Invitation};
use crate::domain::invite::Invite;

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    claim: ClaimParts,
    game: GameId,
) -> Result<Option<Invite>, CreateError> {
    let Some(summary) = app.store.summary(game).await? else { return Ok(None) };
    let BySeat { first, second } = summary.players;
    let opponent = match principal.account {
        me if me == first => second,
        me if me == second => first,
        _ => return Ok(None),
    };
    let standing = app.identity.accounts(call, vec![opponent]).await?.pop();
    let username = standing.ok_or(CreateError::NotAvailable)?.username;
    let ask = Invitation { username, rules: summary.rules, rematch_of: Some(game), rated: summary.rated };
    create_invite::run(app, call, principal, claim, ask).await.map(Some)
}
