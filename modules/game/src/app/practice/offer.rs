//! Asking for a practice game: the opponent invites at once, with its entropy; whoever asked accepts as any invite.

use game_bots::Strength;
use game_engine::RuleSet;
use kernel::id::GameId;
use kernel::random::RandomExt;
use kernel::{CallContext, Principal};
use platform::web::ClaimParts;

use crate::app::App;
use crate::app::create_invite::{CreateError, Invitation, check_rematch, promise, record};
use crate::domain::invite::Invite;
use crate::domain::practice;
use crate::domain::shuffle::Entropy;

/// What is to be practised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) strength: Strength,
    /// Validated.
    pub(crate) rules: RuleSet,
    /// A finished game of the two.
    pub(crate) rematch_of: Option<GameId>,
}

/// Nobody's consent is needed for the pair; a restriction holds here as everywhere.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    claim: ClaimParts,
    wanted: Wanted,
) -> Result<Invite, CreateError> {
    if let Some(until) = app.store.restricted_until(principal.account, app.clock.now()).await? {
        return Err(CreateError::Restricted(until));
    }
    let opponent = practice::account(wanted.strength);
    if let Some(game) = wanted.rematch_of {
        check_rematch(app, game, [opponent, principal.account]).await?;
    }
    let Wanted { strength, rules, rematch_of } = wanted;
    let ask = Invitation { username: practice::username(strength), rules, rematch_of, rated: false };
    let (invite, seed) = promise(app, opponent, principal.account, &ask);
    // After the commitment, as everybody's: it binds the seed before anyone's entropy is known.
    let invite = Invite { entropy: Some(Entropy::new(app.random.bytes())), ..invite };
    record(app, call, principal, claim, invite, &seed).await
}
