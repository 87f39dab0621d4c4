//! One hot game: the only place where a journal grows.
//!
//! A task of its own takes the game's messages one by one, decides each on the table it holds, appends with the
//! expected seq, and only after the commit tells anybody. Another node may do the same at the same time: the store
//! lets one of them win, and the other reloads and decides again.

use std::sync::Arc;

use game_engine::{Refusal, Seat};
use kernel::id::{AccountId, GameId};
use kernel::{Actor, CallContext, Clock, Random, RequestId, Timestamp};
use metrics::{Counter, Histogram};
use platform::bus::Bell;
use tokio::sync::{mpsc, oneshot};

use super::alive::Aliveness;
use super::broadcast::{Broadcast, Followers};
use super::deadlines::Deadlines;
use super::practice::Practice;
use super::presence::Presences;
use super::{Keys, Reach, seed_context};
use crate::arrows;
use crate::domain::clock::{Deadline, Gap};
use crate::domain::command::Asked;
use crate::domain::ending::{Ending, Status};
use crate::domain::entry::{Entry, Recorded};
use crate::domain::plan::Plan;
use crate::domain::practice::{Position, to_act};
use crate::domain::shuffle::{Seed, Shuffle};
use crate::domain::table::{Known, Setting, Table};
use crate::domain::view::GameView;
use crate::store::{Append, Finish, Journal, Stamp, Store, StoreError};

/// How often somebody else may be faster before a command is given back.
const ATTEMPTS: usize = 8;
/// How long a call made by the system itself may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// What all hot games share.
pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) broadcast: Arc<dyn Broadcast>,
    pub(crate) deadlines: Arc<Deadlines>,
    pub(crate) aliveness: Arc<Aliveness>,
    pub(crate) practice: Arc<Practice>,
    pub(crate) presences: Arc<Presences>,
    /// Rung when a match is over.
    pub(crate) over: Bell,
    pub(crate) meters: Meters,
    pub(crate) reach: Reach,
}

/// What an operator wants to see of play.
pub(crate) struct Meters {
    moves: Counter,
    refusals: Counter,
    conflicts: Counter,
    lapses: Counter,
    commit_seconds: Histogram,
}

impl Meters {
    pub(crate) fn new() -> Self {
        Self {
            moves: metrics::counter!("game_moves_total"),
            refusals: metrics::counter!("game_refusals_total"),
            conflicts: metrics::counter!("game_append_conflicts_total"),
            lapses: metrics::counter!("game_lapses_total"),
            commit_seconds: metrics::histogram!("game_commit_seconds"),
        }
    }
}

/// A player's command on its way.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) account: AccountId,
    pub(crate) asked: Asked,
    /// When it reached this process: what counts against the clock.
    pub(crate) received: Timestamp,
    pub(crate) call: CallContext,
}

/// What a game's task is told.
pub(crate) enum Message {
    Play(Box<Ask>, oneshot::Sender<Result<Answer, Trouble>>),
    Look(AccountId, oneshot::Sender<Result<GameView, Trouble>>),
    /// What a practice opponent sees, if it is to act.
    Ponder(oneshot::Sender<Result<Option<Position>, Trouble>>),
    /// A deadline may have passed.
    Tick,
    /// Somebody follows the game.
    Seen(AccountId),
    /// Nobody vouches for the seat any more.
    Lapsed(Seat),
    /// A time without any node has to be made good.
    Extend(Gap, oneshot::Sender<Result<(), Trouble>>),
    Void(Box<Voiding>, oneshot::Sender<Result<bool, Trouble>>),
}

/// Why a match counts for nothing, and who says so.
#[derive(Debug)]
pub(crate) struct Voiding {
    pub(crate) reason: String,
    pub(crate) call: CallContext,
}

/// The one answer to a command.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Committed; the last line it caused.
    Done { seq: u64 },
    /// Nothing changed. A stale base comes with a view.
    Refused { why: Why, seq: u64, view: Option<Box<GameView>> },
}

/// Why a command changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Rules(Refusal),
    StaleBase,
    IdConflict,
}

impl Why {
    /// The stable word on the wire; the rules' own refusals keep theirs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Rules(refusal) => refusal.code(),
            Self::StaleBase => "stale_base",
            Self::IdConflict => "id_conflict",
        }
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("no such game of this account")]
    NotFound,
    /// It is not known whether the command took effect: it may be repeated under its id.
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the game does not replay")]
    Broken,
    #[error("the game is busy")]
    Busy,
}

impl Trouble {
    /// Whether the same command may be answered later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Busy => true,
            Self::Store(error) => error.is_transient(),
            Self::NotFound | Self::Broken => false,
        }
    }
}

/// Takes a game's messages until nobody has any.
pub(crate) async fn run(parts: Arc<Parts>, game: GameId, mut messages: mpsc::Receiver<Message>) {
    let mut hot = Hot { parts, game, table: None, followers: None, scheduled: None };
    while let Some(message) = messages.recv().await {
        hot.handle(message).await;
    }
}

/// The table of a game as its journal tells it, without a task.
pub(crate) async fn load(store: &dyn Store, keys: &Keys, game: GameId) -> Result<Table, Trouble> {
    let journal = store.journal(game).await?.ok_or(Trouble::NotFound)?;
    replay(keys, game, journal, |_| true)
}

/// The same as it was at an instant; before its first line, if it had not begun.
pub(crate) async fn load_as_of(
    store: &dyn Store,
    keys: &Keys,
    game: GameId,
    until: Timestamp,
) -> Result<Table, Trouble> {
    let journal = store.journal(game).await?.ok_or(Trouble::NotFound)?;
    replay(keys, game, journal, |line| line.at <= until)
}

fn replay(
    keys: &Keys,
    game: GameId,
    journal: Journal,
    known: impl FnMut(&Recorded) -> bool,
) -> Result<Table, Trouble> {
    let seed = unseal(keys, &journal.sealed_seed, &seed_context(game))?;
    let Some(Entry::Started(started)) = journal.lines.first().map(|line| &line.entry) else {
        return Err(Trouble::Broken);
    };
    let shuffle = Shuffle { seed, commitment: started.commitment, entropy: started.entropy };
    let setting = Setting { game, players: journal.players, rules: journal.rules, shuffle };
    let mut lines = journal.lines;
    lines.retain(known);
    Table::replay(setting, lines).map_err(|_| Trouble::Broken)
}

pub(crate) fn unseal(keys: &Keys, sealed: &[u8], context: &[u8]) -> Result<Seed, StoreError> {
    let plain = keys.seeds.open(sealed, context).map_err(|_| StoreError::inconsistent("a sealed seed"))?;
    let bytes = plain.as_slice().try_into().map_err(|_| StoreError::inconsistent("a seed"))?;
    Ok(Seed::new(bytes))
}

struct Hot {
    parts: Arc<Parts>,
    game: GameId,
    table: Option<Table>,
    followers: Option<Box<dyn Followers>>,
    /// The wake-up that was asked for. A later deadline needs none of its own: the earlier one finds it.
    scheduled: Option<Timestamp>,
}

/// What to do about a command, on the table as it is.
enum Step {
    Answered(u64),
    Refused(Why),
    /// A deadline had passed when the command came.
    Missed(Deadline),
    Commit(Box<Plan>),
}

/// What became of something for which nobody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quietly {
    Done,
    /// It may be possible later.
    Again,
}

fn next(table: &Table, seat: Seat, ask: &Ask) -> Step {
    match table.known(seat, &ask.asked) {
        Known::Answered(seq) => return Step::Answered(seq),
        Known::Conflict => return Step::Refused(Why::IdConflict),
        Known::New => {}
    }
    if let Some(deadline) = table.missed_by(seat, ask.received) {
        return Step::Missed(deadline);
    }
    if table.is_stale(ask.asked.base) {
        return Step::Refused(Why::StaleBase);
    }
    match table.play(seat, &ask.asked, ask.received) {
        Ok(plan) => Step::Commit(Box::new(plan)),
        Err(refusal) => Step::Refused(Why::Rules(refusal)),
    }
}

impl Hot {
    async fn handle(&mut self, message: Message) {
        match message {
            Message::Play(ask, reply) => {
                let answer = self.play(&ask).await;
                // Whoever asked may have gone; the command is committed or not all the same.
                let _ = reply.send(answer);
            }
            Message::Look(account, reply) => {
                let _ = reply.send(self.look(account).await);
            }
            Message::Ponder(reply) => {
                let _ = reply.send(self.ponder().await);
            }
            Message::Void(voiding, done) => {
                let _ = done.send(self.void(&voiding).await);
            }
            Message::Tick => {
                self.quietly("deadline", |hot| Box::pin(hot.tick())).await;
            }
            Message::Seen(account) => {
                if self.quietly("return", |hot| Box::pin(hot.seen(account))).await == Quietly::Again {
                    self.parts.presences.unheard(self.game, account);
                }
            }
            Message::Lapsed(seat) => {
                self.quietly("lapse", |hot| Box::pin(hot.lapsed(seat))).await;
            }
            Message::Extend(gap, done) => {
                let _ = done.send(self.extend(gap).await);
            }
        }
    }

    /// Nobody waits for the outcome; what is due by storage will be tried again.
    async fn quietly<F>(&mut self, what: &'static str, act: F) -> Quietly
    where
        F: for<'a> FnOnce(&'a mut Self) -> futures_util::future::BoxFuture<'a, Result<(), Trouble>>,
    {
        match act(self).await {
            Ok(()) | Err(Trouble::NotFound) => Quietly::Done,
            Err(error) => {
                tracing::warn!(game = %self.game, what, %error, "a game could not go on");
                if error.may_pass() { Quietly::Again } else { Quietly::Done }
            }
        }
    }

    async fn play(&mut self, ask: &Ask) -> Result<Answer, Trouble> {
        let mut fresh = self.ready().await?;
        for _ in 0..ATTEMPTS {
            let table = self.table.as_ref().ok_or(Trouble::NotFound)?;
            let seat = table.seat_of(ask.account).ok_or(Trouble::NotFound)?;
            match next(table, seat, ask) {
                Step::Answered(seq) => return Ok(Answer::Done { seq }),
                Step::Missed(deadline) => self.lapse(deadline, ask.received).await?,
                Step::Refused(why) if fresh || why == Why::IdConflict => {
                    return Ok(self.refuse(why, table, seat));
                }
                // Another node may know better.
                Step::Refused(_) => {
                    self.refresh().await?;
                    fresh = true;
                }
                // Whoever acts is there, whatever became of its leases.
                Step::Commit(_) if table.clock.away.get(seat).is_some() => {
                    self.seen(ask.account).await?;
                    self.parts.presences.acted(self.game, ask.account);
                }
                Step::Commit(plan) => {
                    if self.commit(*plan, Some(&ask.call), None, "").await? {
                        self.parts.meters.moves.increment(1);
                        let seq = self.table.as_ref().map_or(0, |table| table.head);
                        return Ok(Answer::Done { seq });
                    }
                    fresh = true;
                }
            }
        }
        Err(Trouble::Busy)
    }

    fn refuse(&self, why: Why, table: &Table, seat: Seat) -> Answer {
        self.parts.meters.refusals.increment(1);
        let view = (why == Why::StaleBase).then(|| Box::new(GameView::of(table, seat)));
        Answer::Refused { why, seq: table.head, view }
    }

    async fn look(&mut self, account: AccountId) -> Result<GameView, Trouble> {
        if !self.ensure().await? {
            self.refresh().await?;
        }
        let table = self.table.as_ref().ok_or(Trouble::NotFound)?;
        let seat = table.seat_of(account).ok_or(Trouble::NotFound)?;
        Ok(GameView::of(table, seat))
    }

    async fn ponder(&mut self) -> Result<Option<Position>, Trouble> {
        let fresh = self.ensure().await?;
        let seen = self.table.as_ref().and_then(Position::of);
        if seen.is_some() || fresh {
            return Ok(seen);
        }
        // Another node may know better.
        self.refresh().await?;
        Ok(self.table.as_ref().and_then(Position::of))
    }

    async fn tick(&mut self) -> Result<(), Trouble> {
        self.scheduled = None;
        self.ensure().await?;
        for _ in 0..ATTEMPTS {
            let now = self.parts.clock.now();
            match self.table.as_ref().and_then(|table| table.missed(now)) {
                Some(deadline) => self.lapse(deadline, now).await?,
                None => break,
            }
        }
        self.schedule();
        Ok(())
    }

    async fn seen(&mut self, account: AccountId) -> Result<(), Trouble> {
        let mut fresh = self.ready().await?;
        for _ in 0..ATTEMPTS {
            let now = self.parts.clock.now();
            let back = self.table.as_ref().and_then(|table| table.back(table.seat_of(account)?, now));
            match back {
                Some(plan) => {
                    if self.commit(plan, None, None, "").await? {
                        return Ok(());
                    }
                }
                None if fresh => return Ok(()),
                // Another node may know better.
                None => self.refresh().await?,
            }
            fresh = true;
        }
        Err(Trouble::Busy)
    }

    async fn lapsed(&mut self, seat: Seat) -> Result<(), Trouble> {
        self.ready().await?;
        let (table, now) = (self.table.as_ref().ok_or(Trouble::NotFound)?, self.parts.clock.now());
        // The lease of somebody who follows here could not be prolonged in time: nobody left.
        if self.parts.presences.vouches(self.game, *table.players.get(seat)) {
            return Ok(());
        }
        match table.away(seat, now) {
            // If the seat was taken again meanwhile, or the game went on elsewhere, the next look decides.
            Some(plan) => self.commit(plan, None, Some((seat, now)), "").await.map(drop),
            None => Ok(self.parts.store.drop_lapsed(self.game, seat, now).await?),
        }
    }

    async fn void(&mut self, voiding: &Voiding) -> Result<bool, Trouble> {
        self.ensure().await?;
        for _ in 0..ATTEMPTS {
            let now = self.parts.clock.now();
            let plan = self.table.as_ref().and_then(|table| table.void(now));
            let Some(plan) = plan else { return Ok(false) };
            if self.commit(plan, Some(&voiding.call), None, &voiding.reason).await? {
                return Ok(true);
            }
        }
        Err(Trouble::Busy)
    }

    /// Carries out what a passed deadline means, unless a gap explains it.
    async fn lapse(&mut self, deadline: Deadline, at: Timestamp) -> Result<(), Trouble> {
        if let Some(gap) = self.parts.aliveness.gap().await?
            && self.make_good(gap).await?
        {
            return Ok(());
        }
        let Some(table) = &self.table else { return Ok(()) };
        let plan = table.lapse(deadline.what, at).map_err(|refusal| {
            tracing::error!(game = %self.game, code = refusal.code(), "the rules refuse a deadline");
            Trouble::Broken
        })?;
        if self.commit(plan, None, None, "").await? {
            self.parts.meters.lapses.increment(1);
        }
        Ok(())
    }

    async fn extend(&mut self, gap: Gap) -> Result<(), Trouble> {
        self.ensure().await?;
        self.make_good(gap).await.map(drop)
    }

    /// Whether there was anything to make good.
    async fn make_good(&mut self, gap: Gap) -> Result<bool, Trouble> {
        for _ in 0..ATTEMPTS {
            let now = self.parts.clock.now();
            let plan = self.table.as_ref().and_then(|table| table.extend(gap, now));
            let Some(plan) = plan else { return Ok(false) };
            if self.commit(plan, None, None, "").await? {
                return Ok(true);
            }
        }
        Err(Trouble::Busy)
    }

    /// Has a table on which something may be appended: nothing is before a gap is made good, or its time would be
    /// charged to whoever acts first. Says whether the table was loaded just now.
    async fn ready(&mut self) -> Result<bool, Trouble> {
        let fresh = self.ensure().await?;
        if let Some(gap) = self.parts.aliveness.gap().await? {
            self.make_good(gap).await?;
        }
        Ok(fresh)
    }

    /// Has a table, whether or not it is the newest; says whether it was loaded just now.
    async fn ensure(&mut self) -> Result<bool, Trouble> {
        if self.table.is_some() {
            return Ok(false);
        }
        self.reload().await?;
        if let Some(gap) = self.parts.aliveness.known_gap() {
            self.make_good(gap).await?;
        }
        self.schedule();
        Ok(true)
    }

    async fn reload(&mut self) -> Result<(), Trouble> {
        self.table = None;
        let loaded = load(self.parts.store.as_ref(), &self.parts.keys, self.game).await;
        if let Err(Trouble::Broken) = &loaded {
            tracing::error!(game = %self.game, "a journal does not replay");
        }
        self.table = Some(loaded?);
        Ok(())
    }

    /// Makes sure that the table is what storage holds now.
    async fn refresh(&mut self) -> Result<(), Trouble> {
        let heads = self.parts.store.heads(vec![self.game]).await?;
        let head = self.table.as_ref().map(|table| table.head);
        if heads.first().map(|(_, head)| *head) == head { Ok(()) } else { self.reload().await }
    }

    /// Appends a plan and tells of it. `false`: somebody else was faster, and the table has been loaded again.
    async fn commit(
        &mut self,
        plan: Plan,
        call: Option<&CallContext>,
        away: Option<(Seat, Timestamp)>,
        reason: &str,
    ) -> Result<bool, Trouble> {
        let Some(table) = &mut self.table else { return Err(Trouble::Broken) };
        let began = self.parts.clock.now();
        let append = Append {
            game: self.game,
            expected: table.head,
            lines: &plan.lines,
            due_at: plan.clock.next(plan.state.rules().clock).map(|deadline| deadline.at),
            practice_since: to_act(&table.players, &plan.state).map(|_| began),
            away,
            finish: finish(&self.parts, table, &plan, call, reason, began),
        };
        match self.parts.store.append(append).await {
            Ok(Some(told)) => {
                if plan.outcome().is_some() {
                    (self.parts.reach)(arrows::FINISHED);
                    self.parts.over.ring();
                } else {
                    (self.parts.reach)(arrows::APPENDED);
                }
                self.parts.meters.commit_seconds.record(self.parts.clock.now().since(began));
                let followers =
                    self.followers.get_or_insert_with(|| self.parts.broadcast.game(self.game, table.players));
                followers.lines(&plan.lines, &plan.state);
                self.parts.broadcast.notices(&told);
                table.commit(plan);
                self.parts.practice.hear(self.game, &table.players, &table.state, self.parts.clock.now());
                self.schedule();
                Ok(true)
            }
            Ok(None) | Err(StoreError::Conflict(_) | StoreError::LostRace) => {
                self.parts.meters.conflicts.increment(1);
                self.reload().await?;
                Ok(false)
            }
            Err(error) => {
                // What became of it is not known: the next message begins with what storage holds.
                self.table = None;
                Err(error.into())
            }
        }
    }

    fn schedule(&mut self) {
        let Some(deadline) = self.table.as_ref().and_then(Table::deadline) else { return };
        if self.scheduled.is_none_or(|scheduled| deadline.at < scheduled) {
            self.scheduled = Some(deadline.at);
            self.parts.deadlines.set(self.game, deadline.at);
        }
    }
}

/// What ends with the plan, if the match does.
fn finish(
    parts: &Parts,
    table: &Table,
    plan: &Plan,
    call: Option<&CallContext>,
    reason: &str,
    at: Timestamp,
) -> Option<Box<Finish>> {
    let ending = Ending::of(plan.outcome()?, reason);
    let call = call.cloned().unwrap_or_else(|| system_call(parts, at));
    debug_assert!(ending.status != Status::Active);
    Some(Box::new(Finish {
        ending,
        players: table.players,
        rounds: plan.state.round(),
        points: plan.state.scores(),
        wins: plan.state.wins(),
        stamp: Stamp { call, at },
    }))
}

fn system_call(parts: &Parts, now: Timestamp) -> CallContext {
    let request = RequestId::fresh(parts.random.as_ref());
    CallContext::new(Actor::system("game.deadlines"), request, now, PATIENCE)
}
