//! Watching a game: whom the two players let in, what those may know of it, and when it ends.
//!
//! Whatever a spectator is given was read as of a minute ago; nothing here can hand out anything younger.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use game_engine::{BySeat, Outcome};
use identity_api::IdentityError;
use kernel::CallContext;
use kernel::id::{AccountId, GameId};
use platform::bus::Bell;

use super::follow_identity::system_call;
use super::hot::{self, Trouble};
use super::{App, look};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::practice;
use crate::domain::spectator::{Spectator, SpectatorState, known_until};
use crate::domain::view::WatchView;
use crate::store::{Cancelling, Lines, Proposing, StoreError, Turning};

/// Why nobody watches, or goes on watching.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpectateError {
    #[error("no such game, or spectator, of this account")]
    NotFound,
    /// Nobody by that name can be let in; why is not said.
    #[error("not available")]
    NotAvailable,
    #[error("that is for the other player to say")]
    NotYours,
    #[error("the game is over")]
    Over,
    #[error("the game has as many spectators as it may")]
    TooMany,
    #[error("it was {0} before")]
    Closed(SpectatorState),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// What the other player says to a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opinion {
    Agree,
    Decline,
}

/// Looks at most, for those who were faster.
const ATTEMPTS: usize = 4;
/// Spectators of parted people who are found at once.
const ENDED_AT_ONCE: i64 = 500;

/// One player wants somebody to watch. Saying it twice is saying it once.
pub(crate) async fn propose(
    app: &App,
    call: &CallContext,
    me: AccountId,
    game: GameId,
    username: String,
) -> Result<Spectator, SpectateError> {
    let (players, other) = players_for(app, me, game).await?;
    let found = app.identity.account_by_username(call, username).await?;
    let account = found.map(|standing| standing.account).ok_or(SpectateError::NotAvailable)?;
    let plays = account == players.first || account == players.second;
    if plays || !may_see(app, call, account, players).await {
        return Err(SpectateError::NotAvailable);
    }
    // A practice opponent has nothing against it.
    let practises = practice::strength(other).is_some();
    let state = if practises { SpectatorState::Agreed } else { SpectatorState::Proposed };
    let notice = if practises {
        Addressed { to: account, notice: Notice::WatchInvited { game, by: me } }
    } else {
        Addressed { to: other, notice: Notice::WatchProposed { game, spectator: account, by: me } }
    };
    let stamp = app.stamp(call);
    let new =
        Spectator { game, account, proposed_by: me, state, proposed_at: stamp.at, changed_at: stamp.at };
    match app.store.propose_spectator(new, vec![notice], stamp).await? {
        Proposing::Made(told) => {
            app.broadcast.notices(&told);
            Ok(new)
        }
        Proposing::There(there) => Ok(there),
        Proposing::TooMany => Err(SpectateError::TooMany),
        Proposing::Over => Err(SpectateError::Over),
    }
}

/// The other player agrees, or does not.
pub(crate) async fn answer(
    app: &App,
    call: &CallContext,
    me: AccountId,
    (game, account): (GameId, AccountId),
    opinion: Opinion,
) -> Result<Spectator, SpectateError> {
    let (players, _) = players_for(app, me, game).await?;
    let to = match opinion {
        Opinion::Agree => SpectatorState::Agreed,
        Opinion::Decline => SpectatorState::Declined,
    };
    for _ in 0..ATTEMPTS {
        let one = app.store.spectator(game, account).await?.ok_or(SpectateError::NotFound)?;
        if one.proposed_by == me {
            return Err(SpectateError::NotYours);
        }
        if one.state == to {
            return Ok(one);
        }
        if one.state != SpectatorState::Proposed {
            return Err(SpectateError::Closed(one.state));
        }
        if opinion == Opinion::Agree && !may_see(app, call, account, players).await {
            return Err(SpectateError::NotAvailable);
        }
        let notice = match opinion {
            Opinion::Agree => {
                Addressed { to: account, notice: Notice::WatchInvited { game, by: one.proposed_by } }
            }
            Opinion::Decline => {
                Addressed { to: one.proposed_by, notice: Notice::WatchDeclined { game, spectator: account } }
            }
        };
        turn(app, call, one, to, vec![notice]).await?;
    }
    Err(SpectateError::Store(StoreError::LostRace))
}

/// Either player ends it, or the spectator leaves. Saying it twice is saying it once.
pub(crate) async fn end(
    app: &App,
    call: &CallContext,
    me: AccountId,
    (game, account): (GameId, AccountId),
) -> Result<(), SpectateError> {
    for _ in 0..ATTEMPTS {
        let one = app.store.spectator(game, account).await?.ok_or(SpectateError::NotFound)?;
        // Whoever was only proposed does not know of it.
        let leaves = me == account && one.state != SpectatorState::Proposed;
        let summary = app.store.summary(game).await?.ok_or(SpectateError::NotFound)?;
        let BySeat { first, second } = summary.players;
        if !leaves && me != first && me != second {
            return Err(SpectateError::NotFound);
        }
        if !one.state.is_open() {
            return Ok(());
        }
        let mut notices = one.ended(summary.players);
        notices.retain(|addressed| addressed.to != me);
        turn(app, call, one, SpectatorState::Ended, notices).await?;
    }
    Err(SpectateError::Store(StoreError::LostRace))
}

async fn turn(
    app: &App,
    call: &CallContext,
    one: Spectator,
    to: SpectatorState,
    notices: Vec<Addressed>,
) -> Result<(), StoreError> {
    let turning = Turning { game: one.game, account: one.account, from: one.state, to, notices };
    // Nothing: it changed in between, and the next look says how.
    if let Some(told) = app.store.turn_spectator(turning, app.stamp(call)).await? {
        app.broadcast.notices(&told);
        app.watching.changed.ring();
    }
    Ok(())
}

/// Those whom the two have let in, or are about to; for the players.
pub(crate) async fn list(app: &App, me: AccountId, game: GameId) -> Result<Vec<Spectator>, SpectateError> {
    players_for(app, me, game).await?;
    Ok(app.store.spectators(game).await?)
}

/// The players of a game of this account, and the other one of them.
async fn players_for(
    app: &App,
    me: AccountId,
    game: GameId,
) -> Result<(BySeat<AccountId>, AccountId), SpectateError> {
    let summary = app.store.summary(game).await?.ok_or(SpectateError::NotFound)?;
    let BySeat { first, second } = summary.players;
    match me {
        me if me == first => Ok((summary.players, second)),
        me if me == second => Ok((summary.players, first)),
        _ => Err(SpectateError::NotFound),
    }
}

/// Whether somebody may watch these two: each of the three may play with the others. Every doubt is a no.
async fn may_see(app: &App, call: &CallContext, account: AccountId, players: BySeat<AccountId>) -> bool {
    may_gather(app, call, account, players).await.unwrap_or(false)
}

/// The same, with doubt told from no: it may be over a moment later.
async fn may_gather(
    app: &App,
    call: &CallContext,
    account: AccountId,
    BySeat { first, second }: BySeat<AccountId>,
) -> Option<bool> {
    let mut known = Some(true);
    for (one, other) in [(account, first), (account, second), (first, second)] {
        if practice::strength(one).is_some() || practice::strength(other).is_some() {
            continue;
        }
        match app.knows_to_play(call, one, other).await {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = None,
        }
    }
    known
}

/// Whether this account watches the game now: both players want it, and all three may play with each other.
pub(crate) async fn watches(app: &App, account: AccountId, game: GameId) -> Result<bool, StoreError> {
    if !is_let_in(app, account, game).await? {
        return Ok(false);
    }
    let Some(summary) = app.store.summary(game).await? else { return Ok(false) };
    Ok(may_see(app, &system_call(app, "game.watch"), account, summary.players).await)
}

/// Whether this account goes on watching the game. It ends for good if one of the three may not play with another any
/// more; while that is in doubt it only rests.
async fn goes_on(app: &App, account: AccountId, game: GameId) -> Result<bool, StoreError> {
    let one = app.store.spectator(game, account).await?;
    let Some(one) = one.filter(|one| one.state == SpectatorState::Agreed) else { return Ok(false) };
    let Some(summary) = app.store.summary(game).await? else { return Ok(false) };
    let call = system_call(app, "game.watch");
    let known = may_gather(app, &call, account, summary.players).await;
    if known == Some(false) {
        turn(app, &call, one, SpectatorState::Ended, one.ended(summary.players)).await?;
    }
    Ok(known.unwrap_or(false))
}

/// People may not play each other any more: nobody watches, or is proposed for, a game that they are in together.
pub(crate) async fn separate(app: &App, call: &CallContext, which: Cancelling) -> Result<(), StoreError> {
    for _ in 0..ATTEMPTS {
        let among = app.store.spectators_among(which, ENDED_AT_ONCE).await?;
        if among.is_empty() {
            return Ok(());
        }
        for one in among {
            let Some(summary) = app.store.summary(one.game).await? else { continue };
            turn(app, call, one, SpectatorState::Ended, one.ended(summary.players)).await?;
        }
    }
    Err(StoreError::LostRace)
}

async fn is_let_in(app: &App, account: AccountId, game: GameId) -> Result<bool, StoreError> {
    let one = app.store.spectator(game, account).await?;
    Ok(one.is_some_and(|one| one.state == SpectatorState::Agreed))
}

/// The lines of which a spectator may know by now.
pub(crate) async fn lines(app: &App, game: GameId, after: u64, limit: u32) -> Result<Lines, StoreError> {
    app.store.lines_until(game, after, known_until(app.clock.now()), limit).await
}

/// The game as a spectator may know it by now.
pub(crate) async fn view(app: &App, game: GameId) -> Result<WatchView, Trouble> {
    let until = known_until(app.clock.now());
    let table = hot::load_as_of(app.store.as_ref(), &app.keys, game, until).await?;
    let mut view = WatchView::of(&table);
    // What stands beside the journal is as late as what stands in it.
    if view.cards.outcome.is_some() && look::voided_at(app, game).await?.is_some_and(|at| at <= until) {
        view.cards.outcome = Some(Outcome::Voided);
    }
    Ok(view)
}

/// Who follows which game as a spectator in this process.
#[derive(Default)]
pub(crate) struct Watching {
    followed: Mutex<BTreeSet<(GameId, AccountId)>>,
    told: Mutex<std::collections::BTreeMap<GameId, u64>>,
    changed: Bell,
}

impl Watching {
    /// Somebody began or ceased to follow. Quick.
    pub(crate) fn note(&self, game: GameId, account: AccountId, there: bool) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        if there {
            followed.insert((game, account));
        } else {
            followed.remove(&(game, account));
        }
        drop(followed);
        self.changed.ring();
    }

    /// Rings when somebody follows, or may not any more.
    pub(crate) fn bell(&self) -> Bell {
        self.changed.clone()
    }

    fn followed(&self) -> BTreeSet<(GameId, AccountId)> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn told(&self, game: GameId) -> u64 {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.get(&game).copied().unwrap_or(0)
    }

    fn tell(&self, game: GameId, seq: u64) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(game, seq);
    }

    fn forget_others(&self, games: &BTreeSet<GameId>) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).retain(|game, _| games.contains(game));
    }
}

/// Lines told in one step.
const AT_ONCE: u32 = 100;

/// Sends away whoever may not watch any more, then tells the others what has become old enough. A game that cannot be read
/// keeps no other from being told of.
pub(crate) async fn step(app: &App) -> Result<(), StoreError> {
    let (mut games, mut in_doubt) = (BTreeSet::new(), BTreeSet::new());
    for (game, account) in app.watching.followed() {
        match goes_on(app, account, game).await {
            Ok(true) => drop(games.insert(game)),
            Ok(false) => app.broadcast.sent_away(game, account),
            Err(error) => {
                pass_over(game, error)?;
                in_doubt.insert(game);
            }
        }
    }
    app.watching.forget_others(&games.union(&in_doubt).copied().collect());
    for game in games {
        match lines(app, game, app.watching.told(game), AT_ONCE).await {
            Ok(part) => {
                app.broadcast.watched(game, &part.lines);
                if let Some(last) = part.lines.last() {
                    app.watching.tell(game, last.seq);
                }
            }
            Err(error) => pass_over(game, error)?,
        }
    }
    Ok(())
}

/// Goes on without a game that cannot be read; not if storage itself does not answer.
fn pass_over(game: GameId, error: StoreError) -> Result<(), StoreError> {
    if error.is_transient() {
        return Err(error);
    }
    tracing::error!(%game, %error, "a game cannot be watched");
    Ok(())
}
