//! Asking for the same game again: an invite to the other player that names the finished game, with its rules.

use game_engine::BySeat;
use kernel::id::GameId;
use kernel::{CallContext, Principal};
use platform::web::ClaimParts;

use super::App;
use super::create_invite::{self, CreateError, Invitation};
use super::practice::offer::{self, Wanted};
use crate::domain::invite::Invite;
use crate::domain::practice;

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
    if let Some(strength) = practice::strength(opponent) {
        let wanted = Wanted { strength, rules: summary.rules, rematch_of: Some(game) };
        return offer::run(app, call, principal, claim, wanted).await.map(Some);
    }
    let standing = app.identity.accounts(call, vec![opponent]).await?.pop();
    let username = standing.ok_or(CreateError::NotAvailable)?.username;
    let ask = Invitation { username, rules: summary.rules, rematch_of: Some(game), rated: summary.rated };
    create_invite::run(app, call, principal, claim, ask).await.map(Some)
}
