//! Answering what the queue has offered: when both have said yes the game begins, once.

use game_engine::{BySeat, Seat};
use kernel::id::{AccountId, GameId, PairingId};
use kernel::{CallContext, Timestamp};

use super::{leave_queue, part};
use crate::app::App;
use crate::app::accept_invite::{deal, started};
use crate::arrows;
use crate::domain::pairing::{Cause, Pairing, PairingClosed, PairingState, Yes};
use crate::domain::shuffle::Entropy;
use crate::store::{PairingBegin, Stamp, StoreError};

/// Why an answer was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PairingError {
    #[error("no such pairing of this account")]
    NotFound,
    /// The two may not play each other now; why is not said.
    #[error("not available")]
    NotAvailable,
    #[error("the account may not start games until {0}")]
    Restricted(Timestamp),
    #[error(transparent)]
    Closed(#[from] PairingClosed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a yes has led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) game: GameId,
    /// Whether it has begun; if not, the other has not answered yet.
    pub(crate) begun: bool,
}

/// Looks at most: the other may answer in between, or ring the bell of the clock.
const ATTEMPTS: usize = 8;

/// Says yes. The entropy of the first yes counts, however often it is said.
pub(crate) async fn accept(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: PairingId,
    entropy: Option<Entropy>,
) -> Result<Accepted, PairingError> {
    app.aliveness.settled().await?;
    for _ in 0..ATTEMPTS {
        let (pairing, seat) = own(app, account, id).await?;
        let accepted = |begun| Accepted { game: pairing.game, begun };
        if pairing.recorded == PairingState::Begun {
            return Ok(accepted(true));
        }
        let stamp = app.stamp(call);
        pairing.check_open(stamp.at)?;
        if pairing.answers.get(seat).is_some() {
            return Ok(accepted(false));
        }
        check_people(app, call, &pairing, seat).await?;
        let yes = Yes { entropy, at: stamp.at };
        if pairing.answers.get(seat.other()).is_none() {
            if app.store.answer_pairing(&pairing, seat, yes).await? {
                return Ok(accepted(false));
            }
        } else if begin(app, with(&pairing, seat, yes), stamp).await? {
            return Ok(accepted(true));
        }
    }
    Err(PairingError::Store(StoreError::LostRace))
}

/// Says no, and leaves the queue by it; the other waits on.
pub(crate) async fn decline(
    app: &App,
    call: &CallContext,
    account: AccountId,
    id: PairingId,
) -> Result<(), PairingError> {
    app.aliveness.settled().await?;
    for _ in 0..ATTEMPTS {
        let (pairing, seat) = own(app, account, id).await?;
        if pairing.recorded == PairingState::Declined {
            return Ok(());
        }
        let stamp = app.stamp(call);
        pairing.check_open(stamp.at)?;
        part::end(app, stamp, &pairing, Cause::Refusal(seat)).await?;
    }
    Err(PairingError::Store(StoreError::LostRace))
}

async fn own(app: &App, account: AccountId, id: PairingId) -> Result<(Pairing, Seat), PairingError> {
    let pairing = app.store.pairing(id).await?.ok_or(PairingError::NotFound)?;
    let seat = pairing.seat_of(account).ok_or(PairingError::NotFound)?;
    Ok((pairing, seat))
}

/// What was right when it was offered may not be so any more: whoever may not play leaves, and two who may not play
/// each other are asked no further.
async fn check_people(
    app: &App,
    call: &CallContext,
    pairing: &Pairing,
    seat: Seat,
) -> Result<(), PairingError> {
    let (own, other) = (*pairing.players.get(seat), *pairing.players.get(seat.other()));
    if let Some(until) = app.store.restricted_until(own, app.clock.now()).await? {
        leave_queue::stop(app, call, own).await?;
        return Err(PairingError::Restricted(until));
    }
    if app.is_restricted(other).await? {
        leave_queue::stop(app, call, other).await?;
        return Err(PairingError::NotAvailable);
    }
    if !app.may_play(call, own, other).await {
        part::end(app, app.stamp(call), pairing, Cause::Parted).await?;
        return Err(PairingError::NotAvailable);
    }
    Ok(())
}

fn with(pairing: &Pairing, seat: Seat, yes: Yes) -> Pairing {
    let answers = match seat {
        Seat::First => BySeat::new(Some(yes), pairing.answers.second),
        Seat::Second => BySeat::new(pairing.answers.first, Some(yes)),
    };
    Pairing { answers, ..pairing.clone() }
}

/// Whether the game began; if not, the pairing changed while the cards were dealt.
async fn begin(app: &App, pairing: Pairing, stamp: Stamp) -> Result<bool, PairingError> {
    let (game, players) = (pairing.game, pairing.players);
    let entropy = pairing.answers.map(|yes| yes.and_then(|yes| yes.entropy));
    let invite = pairing.as_invite();
    let Some(plan) = deal(app, &invite, entropy, stamp.at).await? else { return Ok(false) };
    let due_at = plan.clock.next(invite.rules.clock).map(|deadline| deadline.at);
    let notices = vec![started(game, &players, Seat::First), started(game, &players, Seat::Second)];
    let begin = PairingBegin { pairing, lines: plan.lines, due_at, notices };
    let Some(told) = app.store.begin_pairing(begin, stamp).await? else { return Ok(false) };
    (app.reach)(arrows::PAIRED);
    app.broadcast.notices(&told);
    if let Some(at) = due_at {
        app.deadlines.set(game, at);
    }
    Ok(true)
}
