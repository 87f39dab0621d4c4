//! Accepting an invite: the game begins, once, however often it is asked for.

use game_engine::{BySeat, Seat};
use kernel::CallContext;
use kernel::id::{AccountId, GameId, GameInviteId};

use super::hot::unseal;
use super::{App, seed_context};
use crate::arrows;
use crate::domain::entry::Started;
use crate::domain::invite::{Invite, InviteClosed, InviteState, Side, check_open};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::plan::Plan;
use crate::domain::practice::{strength, to_act};
use crate::domain::shuffle::{Entropy, Shuffle};
use crate::domain::table::{Setting, Table};
use crate::store::{Acceptance, Accepting, Stamp, StoreError};
use kernel::Timestamp;

/// Why no game began.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AcceptError {
    #[error("no such invite of this account")]
    NotFound,
    #[error("only the invited person accepts")]
    NotYours,
    /// The two may not play each other now; why is not said.
    #[error("not available")]
    NotAvailable,
    #[error("the account may not start games until {0}")]
    Restricted(Timestamp),
    #[error("too many practice games")]
    TooMuchPractice,
    #[error(transparent)]
    Closed(#[from] InviteClosed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How often a change of the creator's entropy may get in between.
const ATTEMPTS: usize = 8;

pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: GameInviteId,
    entropy: Option<Entropy>,
) -> Result<GameId, AcceptError> {
    for _ in 0..ATTEMPTS {
        let invite = app.store.invite(id).await?.ok_or(AcceptError::NotFound)?;
        if invite.side_of(account).ok_or(AcceptError::NotFound)? != Side::Invitee {
            return Err(AcceptError::NotYours);
        }
        if invite.recorded == InviteState::Accepted {
            return Ok(invite.game);
        }
        let stamp = app.stamp(call);
        check_open(&invite, stamp.at)?;
        check_people(app, call, &invite).await?;
        if let Some(game) = begin(app, invite, entropy, stamp).await? {
            return Ok(game);
        }
    }
    Err(AcceptError::Store(StoreError::LostRace))
}

async fn check_people(app: &App, call: &CallContext, invite: &Invite) -> Result<(), AcceptError> {
    if let Some(until) = app.store.restricted_until(invite.invitee, app.clock.now()).await? {
        return Err(AcceptError::Restricted(until));
    }
    if strength(invite.creator).is_some() {
        return Ok(());
    }
    let allowed = app.may_play(call, invite.invitee, invite.creator).await;
    if allowed && !app.is_restricted(invite.creator).await? { Ok(()) } else { Err(AcceptError::NotAvailable) }
}

/// `None` if the invite changed while the cards were dealt.
async fn begin(
    app: &App,
    invite: Invite,
    entropy: Option<Entropy>,
    stamp: Stamp,
) -> Result<Option<GameId>, AcceptError> {
    let (game, players) = (invite.game, invite.players());
    let dealt = deal(app, &invite, BySeat::new(invite.entropy, entropy), stamp.at).await?;
    let Some(plan) = dealt else { return Ok(None) };
    let due_at = plan.clock.next(invite.rules.clock).map(|deadline| deadline.at);
    let notices = vec![
        Addressed { to: players.first, notice: Notice::Accepted { invite: invite.id, game } },
        started(game, &players, Seat::First),
        started(game, &players, Seat::Second),
    ];
    let practice_since = to_act(&players, &plan.state).map(|_| stamp.at);
    let (state, began) = (plan.state, stamp.at);
    let (lines, practice_at_most) = (plan.lines, app.policy.practice_games);
    let acceptance = Acceptance { invite, lines, due_at, practice_since, practice_at_most, notices };
    let told = match app.store.accept_invite(acceptance, stamp).await? {
        Accepting::Begun(told) => told,
        Accepting::Changed => return Ok(None),
        Accepting::TooMuchPractice => return Err(AcceptError::TooMuchPractice),
    };
    (app.reach)(arrows::ACCEPTED);
    app.broadcast.notices(&told);
    if let Some(at) = due_at {
        app.deadlines.set(game, at);
    }
    app.practice.hear(game, &players, &state, began);
    Ok(Some(game))
}

/// The first lines of the game's journal, dealt with both entropies. `None` if the seed is gone: what promised the game
/// has ended meanwhile, and another look says how.
pub(super) async fn deal(
    app: &App,
    invite: &Invite,
    entropy: BySeat<Option<Entropy>>,
    at: Timestamp,
) -> Result<Option<Plan>, StoreError> {
    let game = invite.game;
    let Some(sealed) = app.store.sealed_seed(game).await? else { return Ok(None) };
    let seed = unseal(&app.keys, &sealed, &seed_context(game))?;
    let shuffle = Shuffle { seed, commitment: invite.commitment, entropy };
    let started = Started {
        players: invite.players(),
        rules: invite.rules.canonical(),
        commitment: shuffle.commitment,
        entropy: shuffle.entropy,
    };
    let setting = Setting { game, players: invite.players(), rules: invite.rules, shuffle };
    let opened = Table::new(setting).open(started, at);
    opened.map(Some).map_err(|_| StoreError::inconsistent("a rule set that cannot be dealt"))
}

pub(super) fn started(game: GameId, players: &BySeat<AccountId>, seat: Seat) -> Addressed {
    let notice = Notice::Started { game, opponent: *players.get(seat.other()), seat };
    Addressed { to: *players.get(seat), notice }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::RuleSet;
    use kernel::Principal;
    use platform::testing::TestDb;

    use crate::MIGRATIONS;
    use crate::app::put_entropy;
    use crate::domain::entry::Entry;
    use crate::house::House;

    platform::for_each_database! { MIGRATIONS;
        async fn cards_dealt_with_an_entropy_that_was_replaced_meanwhile_are_not_played(db: TestDb) {
            let house = House::open(&db.db).await;
            let [one, two]: [Principal; 2] = house.network("pair");
            let read = house.invite(&one, "pair1", RuleSet::naija_classic()).await.unwrap();
            put_entropy::run(&house.app, one.account, read.id, Entropy::new([1; 32])).await.unwrap();
            let call = house.call(&two);
            let begun = begin(&house.app, read.clone(), None, house.app.stamp(&call)).await.unwrap();
            assert_eq!(begun, None);
            let game = run(&house.app, &call, two.account, read.id, None).await.unwrap();
            let journal = house.journal(game).await;
            let Some(Entry::Started(started)) = journal.first().map(|line| &line.entry) else { panic!() };
            assert_eq!(started.entropy.first, Some(Entropy::new([1; 32])));
        }
    }
}
