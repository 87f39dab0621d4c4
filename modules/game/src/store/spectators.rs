//! Spectators at rest, and a journal as it was known some time ago.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};
use platform::{read, write};

use super::diesel_store::{DieselStore, audit, tell};
use super::rows::{LineRow, seq};
use super::schema::{journal, participants, running_games, spectators};
use super::{Cancelling, Lines, Stamp, Told};
use crate::domain::entry::Recorded;
use crate::domain::notice::Addressed;
use crate::domain::spectator::{MOST, Spectator, SpectatorState};

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Proposing {
    Made(Vec<Told>),
    /// It stands already.
    There(Spectator),
    TooMany,
    /// The game is over.
    Over,
}

/// A spectator whose state changes, if it stands as expected.
#[derive(Debug, Clone)]
pub(crate) struct Turning {
    pub(crate) game: GameId,
    pub(crate) account: AccountId,
    pub(crate) from: SpectatorState,
    pub(crate) to: SpectatorState,
    pub(crate) notices: Vec<Addressed>,
}

#[async_trait]
pub(crate) trait SpectatorStore: Send + Sync {
    /// Proposes somebody for a game that is played, anew if it was declined or ended before.
    async fn propose_spectator(
        &self,
        new: Spectator,
        notices: Vec<Addressed>,
        stamp: Stamp,
    ) -> Result<Proposing, StoreError>;
    /// `None` if it did not stand as expected; nothing changed then.
    async fn turn_spectator(&self, turning: Turning, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError>;
    async fn spectator(&self, game: GameId, account: AccountId) -> Result<Option<Spectator>, StoreError>;
    /// Those that are proposed or agreed, by account. Never many.
    async fn spectators(&self, game: GameId) -> Result<Vec<Spectator>, StoreError>;
    /// Those of games that are played who are there only while these may play each other, by game and account; so many.
    async fn spectators_among(&self, which: Cancelling, rows: i64) -> Result<Vec<Spectator>, StoreError>;
    /// The lines after `after` as of an instant, at most so many; the head is the last line as of then, or 0.
    async fn lines_until(
        &self,
        game: GameId,
        after: u64,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lines, StoreError>;
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = spectators)]
struct SpectatorRow {
    game: Key,
    account: Key,
    proposed_by: Key,
    state: Word<SpectatorState>,
    proposed_at: Ts,
    changed_at: Ts,
}

impl From<Spectator> for SpectatorRow {
    fn from(spectator: Spectator) -> Self {
        Self {
            game: spectator.game.into(),
            account: spectator.account.into(),
            proposed_by: spectator.proposed_by.into(),
            state: Word(spectator.state),
            proposed_at: spectator.proposed_at.into(),
            changed_at: spectator.changed_at.into(),
        }
    }
}

impl From<SpectatorRow> for Spectator {
    fn from(row: SpectatorRow) -> Self {
        Self {
            game: row.game.id(),
            account: row.account.id(),
            proposed_by: row.proposed_by.id(),
            state: row.state.0,
            proposed_at: row.proposed_at.time(),
            changed_at: row.changed_at.time(),
        }
    }
}

/// What is recorded of a change.
pub(super) fn action_of(to: SpectatorState) -> &'static str {
    match to {
        SpectatorState::Proposed => "game.spectator.propose",
        SpectatorState::Agreed => "game.spectator.agree",
        SpectatorState::Declined => "game.spectator.decline",
        SpectatorState::Ended => "game.spectator.end",
    }
}

#[async_trait]
impl SpectatorStore for DieselStore {
    async fn propose_spectator(
        &self,
        new: Spectator,
        notices: Vec<Addressed>,
        stamp: Stamp,
    ) -> Result<Proposing, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let game = Key::from(new.game);
            // The lock: proposals for one game come one after the other, each after what the one before it wrote.
            let played = diesel::update(running_games::table.find(game))
                .set(running_games::seq.eq(running_games::seq))
                .execute(c)
                .await?;
            if played == 0 {
                return Ok(Proposing::Over);
            }
            let known: Vec<SpectatorRow> = spectators::table
                .filter(spectators::game.eq(game))
                .select(SpectatorRow::as_select())
                .load(c)
                .await?;
            let known: Vec<Spectator> = known.into_iter().map(Spectator::from).collect();
            let open: Vec<&Spectator> = known.iter().filter(|one| one.state.is_open()).collect();
            if let Some(there) = open.iter().find(|one| one.account == new.account) {
                return Ok(Proposing::There(**there));
            }
            if open.len() >= MOST {
                return Ok(Proposing::TooMany);
            }
            diesel::delete(spectators::table.find((game, Key::from(new.account)))).execute(c).await?;
            diesel::insert_into(spectators::table).values(SpectatorRow::from(new)).execute(c).await?;
            audit(c, &ids, &stamp, action_of(new.state), new.game.to_string(), |event| {
                event.related("spectator", new.account)
            })
            .await?;
            Ok(Proposing::Made(tell(c, notices, stamp.at).await?))
        })
    }

    async fn turn_spectator(&self, turning: Turning, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let Turning { game, account, from, to, notices } = turning;
            let expected = spectators::table
                .find((Key::from(game), Key::from(account)))
                .filter(spectators::state.eq(Word(from)));
            let changed = diesel::update(expected)
                .set((spectators::state.eq(Word(to)), spectators::changed_at.eq(Ts(stamp.at))))
                .execute(c)
                .await?;
            if changed == 0 {
                return Ok(None);
            }
            audit(c, &ids, &stamp, action_of(to), game.to_string(), |event| {
                event.related("spectator", account)
            })
            .await?;
            Ok(Some(tell(c, notices, stamp.at).await?))
        })
    }

    async fn spectator(&self, game: GameId, account: AccountId) -> Result<Option<Spectator>, StoreError> {
        let row: Result<Option<SpectatorRow>, StoreError> = read!(self.db, |c| {
            let row = spectators::table.find((Key::from(game), Key::from(account)));
            Ok(row.select(SpectatorRow::as_select()).first(c).await.optional()?)
        });
        Ok(row?.map(Spectator::from))
    }

    async fn spectators(&self, game: GameId) -> Result<Vec<Spectator>, StoreError> {
        let rows: Result<Vec<SpectatorRow>, StoreError> = read!(self.db, |c| {
            let open = [Word(SpectatorState::Proposed), Word(SpectatorState::Agreed)];
            let rows = spectators::table
                .filter(spectators::game.eq(Key::from(game)))
                .filter(spectators::state.eq_any(open))
                .order(spectators::account)
                .limit(MOST_ROWS);
            Ok(rows.select(SpectatorRow::as_select()).load(c).await?)
        });
        Ok(rows?.into_iter().map(Spectator::from).collect())
    }

    async fn spectators_among(&self, which: Cancelling, rows: i64) -> Result<Vec<Spectator>, StoreError> {
        let rows: Result<Vec<SpectatorRow>, StoreError> = read!(self.db, |c| {
            let open = [Word(SpectatorState::Proposed), Word(SpectatorState::Agreed)];
            let played = running_games::table.select(running_games::game);
            let of_games = spectators::table
                .filter(spectators::state.eq_any(open).and(spectators::game.eq_any(played)))
                .order((spectators::game, spectators::account))
                .limit(rows)
                .select(SpectatorRow::as_select());
            let watches = |who: Key| spectators::account.eq(who);
            let of = |who: Key| participants::table.filter(participants::account.eq(who));
            let plays = |who: Key| spectators::game.eq_any(of(who).select(participants::game));
            match which {
                Cancelling::Between(one, other) => {
                    let (one, other) = (Key::from(one), Key::from(other));
                    let one_watches = watches(one).and(plays(other));
                    let other_watches = watches(other).and(plays(one));
                    let both_play = plays(one).and(plays(other));
                    Ok(of_games.filter(one_watches.or(other_watches).or(both_play)).load(c).await?)
                }
                Cancelling::AllOf(account) => {
                    let account = Key::from(account);
                    Ok(of_games.filter(watches(account).or(plays(account))).load(c).await?)
                }
            }
        });
        Ok(rows?.into_iter().map(Spectator::from).collect())
    }

    async fn lines_until(
        &self,
        game: GameId,
        after: u64,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lines, StoreError> {
        // Nothing follows what is beyond every journal.
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let loaded: Result<(Option<i64>, Vec<LineRow>), StoreError> = read!(self.db, |c| {
            // Time never runs backwards in a journal, so what is known of it is a beginning of it.
            let known = journal::game.eq(Key::from(game)).and(journal::at.le(Ts(until)));
            let head = journal::table.filter(known).order(journal::seq.desc());
            let head: Option<i64> = head.select(journal::seq).first(c).await.optional()?;
            let lines = journal::table
                .filter(known.and(journal::seq.gt(after)))
                .order(journal::seq)
                .limit(i64::from(limit));
            Ok((head, lines.select(LineRow::as_select()).load(c).await?))
        });
        let (head, rows) = loaded?;
        let lines: Result<Vec<Recorded>, StoreError> = rows.into_iter().map(Recorded::try_from).collect();
        Ok(Lines { lines: lines?, head: head.map(seq).transpose()?.unwrap_or(0) })
    }
}

/// More than there can be.
const MOST_ROWS: i64 = 100;
