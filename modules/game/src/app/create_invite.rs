//! Inviting somebody to a game: allocates the game's id and promises its shuffle before anyone gives entropy.

use game_engine::RuleSet;
use identity_api::IdentityError;
use kernel::id::{AccountId, GameId, GameInviteId};
use kernel::random::RandomExt;
use kernel::{CallContext, Principal, Timestamp};
use platform::idempotency::Claim;
use platform::web::ClaimParts;

use super::{App, seed_context};
use crate::domain::invite::{Invite, InviteState, LIFE};
use crate::domain::shuffle::{Commitment, Seed};
use crate::store::{Creation, NewInvite, StoreError};
use game_engine::BySeat;

/// The constraint by which a finished game has one open offer of a rematch.
const ONE_REMATCH: &str = "game_invites_rematch_of_key";

/// Whom to invite to what.
#[derive(Debug, Clone)]
pub(crate) struct Invitation {
    pub(crate) username: String,
    /// Validated.
    pub(crate) rules: RuleSet,
    pub(crate) rematch_of: Option<GameId>,
    /// Whether the game shall count for the ratings of the two.
    pub(crate) rated: bool,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    /// Nobody by that name can be invited; whether there is one is not said.
    #[error("not available")]
    NotAvailable,
    #[error("the account may not start games until {0}")]
    Restricted(Timestamp),
    #[error("too many open invites")]
    TooManyOpen,
    #[error("too many practice games")]
    TooMuchPractice,
    #[error("the game is no finished game of the two")]
    NoSuchRematch,
    #[error("a rematch is on offer already")]
    RematchOffered(GameInviteId),
    #[error("the idempotency key was used with another body")]
    KeyReused,
    #[error("a request with this idempotency key is at work")]
    InFlight,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    claim: ClaimParts,
    ask: Invitation,
) -> Result<Invite, CreateError> {
    if let Some(until) = app.store.restricted_until(principal.account, app.clock.now()).await? {
        return Err(CreateError::Restricted(until));
    }
    let found = app.identity.account_by_username(call, ask.username.clone()).await?;
    let invitee = found.map(|standing| standing.account).filter(|invitee| *invitee != principal.account);
    let invitee = invitee.ok_or(CreateError::NotAvailable)?;
    if !app.may_play(call, principal.account, invitee).await || app.is_restricted(invitee).await? {
        return Err(CreateError::NotAvailable);
    }
    if let Some(game) = ask.rematch_of {
        check_rematch(app, game, [principal.account, invitee]).await?;
    }
    let (invite, seed) = promise(app, principal.account, invitee, &ask);
    record(app, call, principal, claim, invite, &seed).await
}

pub(super) async fn check_rematch(app: &App, game: GameId, pair: [AccountId; 2]) -> Result<(), CreateError> {
    let finished = app.store.summary(game).await?.filter(|summary| {
        let players = [summary.players.first, summary.players.second];
        summary.ending.is_some() && pair.iter().all(|account| players.contains(account))
    });
    if finished.is_some() { Ok(()) } else { Err(CreateError::NoSuchRematch) }
}

/// The invite with its commitment, and the seed that the commitment hides.
pub(super) fn promise(app: &App, creator: AccountId, invitee: AccountId, ask: &Invitation) -> (Invite, Seed) {
    let Invitation { rules, rematch_of, rated, .. } = *ask;
    let now = app.clock.now();
    let (game, seed) = (app.ids.next(), Seed::new(app.random.bytes()));
    let commitment = Commitment::to(&seed, game, &rules.canonical(), &BySeat::new(creator, invitee));
    let invite = Invite {
        id: app.ids.next(),
        game,
        creator,
        invitee,
        rules,
        commitment,
        entropy: None,
        entropy_rev: 0,
        rematch_of,
        rated,
        recorded: InviteState::Pending,
        reason: None,
        created_at: now,
        expires_at: now.plus(LIFE),
        closed_at: None,
    };
    (invite, seed)
}

pub(super) async fn record(
    app: &App,
    call: &CallContext,
    principal: &Principal,
    claim: ClaimParts,
    invite: Invite,
    seed: &Seed,
) -> Result<Invite, CreateError> {
    let sealed_seed = app.keys.seeds.seal(app.random.as_ref(), &seed.reveal(), &seed_context(invite.game));
    let claim = Claim {
        scope: principal.account.to_string(),
        route: claim.route,
        key: claim.key,
        body_digest: claim.digest,
        at: invite.created_at,
    };
    let quiet = app.store.preferences(invite.invitee).await?.preferences.are_quiet(invite.created_at);
    let new = NewInvite {
        invite: invite.clone(),
        sealed_seed,
        open_at_most: app.policy.open_invites,
        practice_at_most: app.policy.practice_games,
        quiet,
    };
    let stamp = app.stamp(call);
    let created = match app.store.create_invite(new.clone(), claim.clone(), stamp.clone()).await {
        // The other player offered the same rematch at the same moment: the second look finds that offer.
        Err(error) if error.conflicts_on(ONE_REMATCH) => app.store.create_invite(new, claim, stamp).await,
        other => other,
    };
    match created? {
        Creation::Made(told) => {
            app.broadcast.notices(&told);
            Ok(invite)
        }
        Creation::Repeated(id) => {
            app.store.invite(id).await?.ok_or(StoreError::inconsistent("a repeated invite").into())
        }
        Creation::KeyReused => Err(CreateError::KeyReused),
        Creation::InFlight => Err(CreateError::InFlight),
        Creation::TooManyOpen => Err(CreateError::TooManyOpen),
        Creation::TooMuchPractice => Err(CreateError::TooMuchPractice),
        Creation::RematchOffered(id) => Err(CreateError::RematchOffered(id)),
    }
}
