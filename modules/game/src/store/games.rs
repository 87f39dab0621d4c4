//! Games at rest: journals that only grow, by one writer at a time, and what follows from them.

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_api::{GameEvent, GameOutcome};
use game_engine::{BySeat, RuleSet, Seat};
use kernel::id::{AccountId, GameId};
use kernel::{IdSource, Timestamp};
use platform::audit::AuditConn;
use platform::db::{Bulk, StoreError};
use platform::notices::NoticesConn;
use platform::outbox::OutboxConn;
use platform::sql::{Key, Ts, Word};
use platform::{read, write};

use super::advance::Advance;
use super::diesel_store::{DieselStore, announce, audit, tell};
use super::ratings::{Scored, Scoring};
use super::rows::{GameRow, LineRow, number, rules, seat, seat_number, seq};
use super::schema::{
    game_seeds, games, journal, pair_scores, participants, running_games, seat_leases, unrated_games,
};
use super::{Stamp, Told};
use crate::domain::ending::{Ending, Status};
use crate::domain::entry::Recorded;
use crate::domain::notice::{Addressed, Notice};
use crate::domain::practice;
use crate::domain::rating::Family;

/// A game in lists and scores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) game: GameId,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) rules: RuleSet,
    pub(crate) rematch_of: Option<GameId>,
    /// Whether it counts for the ratings of the two once it is finished.
    pub(crate) rated: bool,
    /// `None` while it is played.
    pub(crate) ending: Option<Ending>,
    /// The rest is known once it is over.
    pub(crate) rounds: u32,
    pub(crate) points: BySeat<u32>,
    pub(crate) wins: BySeat<u16>,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    /// Set where it was voided after it had ended.
    pub(crate) voided_at: Option<Timestamp>,
}

/// A whole game, as it is loaded.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    pub(crate) players: BySeat<AccountId>,
    pub(crate) rules: RuleSet,
    pub(crate) sealed_seed: Vec<u8>,
    pub(crate) lines: Vec<Recorded>,
}

/// A part of a journal.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<Recorded>,
    /// The last line that there is.
    pub(crate) head: u64,
}

/// Lines about to be appended.
#[derive(Debug, Clone)]
pub(crate) struct Append<'a> {
    pub(crate) game: GameId,
    /// The head they were decided on.
    pub(crate) expected: u64,
    pub(crate) lines: &'a [Recorded],
    /// The next deadline after them.
    pub(crate) due_at: Option<Timestamp>,
    /// Since when a practice opponent is to act, if one is after them.
    pub(crate) practice_since: Option<Timestamp>,
    /// The seat that these lines declare away, and as of when its leases must have lapsed.
    pub(crate) away: Option<(Seat, Timestamp)>,
    /// Set when the match ends with them.
    pub(crate) finish: Option<Box<Finish>>,
}

/// What ends with a match.
#[derive(Debug, Clone)]
pub(crate) struct Finish {
    pub(crate) ending: Ending,
    pub(crate) players: BySeat<AccountId>,
    pub(crate) rounds: u32,
    pub(crate) points: BySeat<u32>,
    pub(crate) wins: BySeat<u16>,
    pub(crate) stamp: Stamp,
}

impl Finish {
    /// Whether the scores of the two count it: practice and what was voided count for nothing.
    pub(crate) fn counts(&self) -> bool {
        self.ending.status == Status::Finished && practice::seated(&self.players).is_none()
    }
}

/// One person's games, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GamesQuery {
    pub(crate) account: AccountId,
    pub(crate) status: Option<Status>,
    pub(crate) before: Option<GameId>,
    /// Rows at most.
    pub(crate) rows: i64,
}

/// Finished games between two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct PairScore {
    pub(crate) first_wins: u64,
    pub(crate) second_wins: u64,
    pub(crate) drawn: u64,
}

#[async_trait]
pub(crate) trait GameStore: Send + Sync {
    async fn journal(&self, game: GameId) -> Result<Option<Journal>, StoreError>;
    /// The lines after `after`, at most so many; `None` if there is no such game.
    async fn lines(&self, game: GameId, after: u64, limit: u32) -> Result<Option<Lines>, StoreError>;
    /// The head of each game that exists.
    async fn heads(&self, games: Vec<GameId>) -> Result<Vec<(GameId, u64)>, StoreError>;
    /// Appends if the head is still the expected one; `None` if it is not, and nothing changed.
    async fn append(&self, append: Append<'_>) -> Result<Option<Vec<Told>>, StoreError>;
    async fn summary(&self, game: GameId) -> Result<Option<Summary>, StoreError>;
    /// The seat of an account in a game, if it plays there.
    async fn seat(&self, game: GameId, account: AccountId) -> Result<Option<Seat>, StoreError>;
    async fn games(&self, query: GamesQuery) -> Result<Vec<Summary>, StoreError>;
    /// The wins of `players` against each other.
    async fn pair_score(&self, players: BySeat<AccountId>) -> Result<PairScore, StoreError>;
    /// Games that are played, by id; all of them, or one account's.
    async fn running(
        &self,
        of: Option<AccountId>,
        after: Option<GameId>,
        rows: i64,
    ) -> Result<Vec<GameId>, StoreError>;
}

#[async_trait]
impl GameStore for DieselStore {
    async fn journal(&self, game: GameId) -> Result<Option<Journal>, StoreError> {
        type Head = (Key, Key, String, Vec<u8>);
        let loaded: Result<Option<(Head, Vec<LineRow>)>, StoreError> = read!(self.db, |c| {
            let key = Key::from(game);
            let head: Option<Head> = games::table
                .inner_join(game_seeds::table.on(game_seeds::game.eq(games::id)))
                .filter(games::id.eq(key))
                .select((games::first_player, games::second_player, games::rules, game_seeds::sealed))
                .first(c)
                .await
                .optional()?;
            let Some(head) = head else { return Ok(None) };
            let lines = journal::table.filter(journal::game.eq(key)).order(journal::seq);
            Ok(Some((head, lines.select(LineRow::as_select()).load(c).await?)))
        });
        let Some(((first, second, text, sealed_seed), lines)) = loaded? else { return Ok(None) };
        let lines: Result<Vec<Recorded>, StoreError> = lines.into_iter().map(Recorded::try_from).collect();
        Ok(Some(Journal {
            players: BySeat::new(first.id(), second.id()),
            rules: rules(&text)?,
            sealed_seed,
            lines: lines?,
        }))
    }

    async fn lines(&self, game: GameId, after: u64, limit: u32) -> Result<Option<Lines>, StoreError> {
        // Nothing follows what is beyond every journal.
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let loaded: Result<(Option<i64>, Vec<LineRow>), StoreError> = read!(self.db, |c| {
            let key = Key::from(game);
            let head = journal::table.filter(journal::game.eq(key)).order(journal::seq.desc());
            let head: Option<i64> = head.select(journal::seq).first(c).await.optional()?;
            let lines = journal::table
                .filter(journal::game.eq(key).and(journal::seq.gt(after)))
                .order(journal::seq)
                .limit(i64::from(limit));
            Ok((head, lines.select(LineRow::as_select()).load(c).await?))
        });
        let (head, rows) = loaded?;
        let Some(head) = head else { return Ok(None) };
        let lines: Result<Vec<Recorded>, StoreError> = rows.into_iter().map(Recorded::try_from).collect();
        let lines = lines?;
        // The two were read one after the other.
        let head = lines.last().map_or(0, |line| line.seq).max(seq(head)?);
        Ok(Some(Lines { lines, head }))
    }

    async fn heads(&self, games: Vec<GameId>) -> Result<Vec<(GameId, u64)>, StoreError> {
        let rows: Result<Vec<(Key, Option<i64>)>, StoreError> = read!(self.db, |c| {
            let keys: Vec<Key> = games.into_iter().map(Key::from).collect();
            let running: Vec<(Key, i64)> = running_games::table
                .filter(running_games::game.eq_any(keys.clone()))
                .select((running_games::game, running_games::seq))
                .load(c)
                .await?;
            let over: Vec<Key> =
                keys.into_iter().filter(|key| running.iter().all(|(running, _)| running != key)).collect();
            let mut heads: Vec<(Key, Option<i64>)> =
                running.into_iter().map(|(game, seq)| (game, Some(seq))).collect();
            if !over.is_empty() {
                let over = games::table.filter(games::id.eq_any(over)).select((games::id, games::last_seq));
                heads.extend(over.load::<(Key, Option<i64>)>(c).await?);
            }
            Ok(heads)
        });
        // A game that ended between the two queries has no head here; its followers hear of it otherwise.
        let known = rows?.into_iter().filter_map(|(game, head)| Some((game, head?)));
        known.map(|(game, head)| Ok((game.id(), seq(head)?))).collect()
    }

    async fn append(&self, append: Append<'_>) -> Result<Option<Vec<Told>>, StoreError> {
        let lines: Result<Vec<LineRow>, StoreError> =
            append.lines.iter().map(|line| LineRow::of(append.game, line)).collect();
        let lines = lines?;
        let head = number(append.lines.last().map_or(append.expected, |line| line.seq))?;
        let expected = number(append.expected)?;
        let (game, due_at) = (Key::from(append.game), append.due_at.map(Ts));
        let practice_since = append.practice_since.map(Ts);
        let (away, finish, ids) = (append.away, append.finish, self.ids.clone());
        write!(self.db, |c| {
            if let Some((seat, now)) = away {
                let leases = seat_leases::table
                    .filter(seat_leases::game.eq(game))
                    .filter(seat_leases::seat.eq(seat_number(seat)));
                let lasting: i64 =
                    leases.filter(seat_leases::seen_until.gt(Ts(now))).count().get_result(c).await?;
                if lasting > 0 {
                    return Ok(None);
                }
            }
            // The conditional update is the lock and the check: of two writers one finds another head.
            let moved = Advance { game, expected, head, due_at, practice_since }.execute(c).await?;
            if moved == 0 {
                return Ok(None);
            }
            c.insert_all(lines).await?;
            if let Some((seat, _)) = away {
                diesel::delete(seat_leases::table)
                    .filter(seat_leases::game.eq(game))
                    .filter(seat_leases::seat.eq(seat_number(seat)))
                    .execute(c)
                    .await?;
            }
            match finish {
                None => Ok(Some(Vec::new())),
                Some(finish) => Ok(Some(close_game(c, &ids, game.id(), head, *finish).await?)),
            }
        })
    }

    async fn summary(&self, game: GameId) -> Result<Option<Summary>, StoreError> {
        let row: Result<Option<GameRow>, StoreError> = read!(self.db, |c| {
            let row = games::table.find(Key::from(game)).select(GameRow::as_select());
            Ok(row.first(c).await.optional()?)
        });
        row?.map(Summary::try_from).transpose()
    }

    async fn seat(&self, game: GameId, account: AccountId) -> Result<Option<Seat>, StoreError> {
        let number: Result<Option<i16>, StoreError> = read!(self.db, |c| {
            let row = participants::table.find((Key::from(account), Key::from(game)));
            Ok(row.select(participants::seat).first(c).await.optional()?)
        });
        number?.map(seat).transpose()
    }

    async fn games(&self, query: GamesQuery) -> Result<Vec<Summary>, StoreError> {
        let rows: Result<Vec<GameRow>, StoreError> = read!(self.db, |c| {
            let mut rows = participants::table
                .inner_join(games::table.on(games::id.eq(participants::game)))
                .filter(participants::account.eq(Key::from(query.account)))
                .select(GameRow::as_select())
                .into_boxed();
            if let Some(status) = query.status {
                rows = rows.filter(games::status.eq(Word(status)));
            }
            if let Some(before) = query.before {
                rows = rows.filter(participants::game.lt(Key::from(before)));
            }
            Ok(rows.order(participants::game.desc()).limit(query.rows).load(c).await?)
        });
        rows?.into_iter().map(Summary::try_from).collect()
    }

    async fn pair_score(&self, players: BySeat<AccountId>) -> Result<PairScore, StoreError> {
        let BySeat { first, second } = players;
        let row: Result<Option<(i64, i64, i64)>, StoreError> = read!(self.db, |c| {
            let row = pair_scores::table
                .find((Key::from(first.min(second)), Key::from(first.max(second))))
                .select((pair_scores::low_wins, pair_scores::high_wins, pair_scores::drawn));
            Ok(row.first(c).await.optional()?)
        });
        let (low, high, drawn) = row?.unwrap_or_default();
        let (low, high, drawn) = (seq(low)?, seq(high)?, seq(drawn)?);
        let (first_wins, second_wins) = if first < second { (low, high) } else { (high, low) };
        Ok(PairScore { first_wins, second_wins, drawn })
    }

    async fn running(
        &self,
        of: Option<AccountId>,
        after: Option<GameId>,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        let after = after.map_or(Key(kernel::id::Uuid::nil()), Key::from);
        let keys: Result<Vec<Key>, StoreError> = read!(self.db, |c| {
            let Some(account) = of else {
                let all =
                    running_games::table.filter(running_games::game.gt(after)).order(running_games::game);
                return Ok(all.limit(limit).select(running_games::game).load(c).await?);
            };
            let theirs = participants::table
                .inner_join(games::table.on(games::id.eq(participants::game)))
                .filter(participants::account.eq(Key::from(account)))
                .filter(participants::game.gt(after))
                .filter(games::status.eq(Word(Status::Active)))
                .order(participants::game);
            Ok(theirs.limit(limit).select(participants::game).load(c).await?)
        });
        Ok(keys?.into_iter().map(Key::id).collect())
    }
}

/// The rows that a match leaves when it ends, in the transaction of its last line.
async fn close_game<C>(
    c: &mut C,
    ids: &IdSource,
    game: GameId,
    head: i64,
    finish: Finish,
) -> Result<Vec<Told>, StoreError>
where
    C: Closing + Scoring + AuditConn + OutboxConn + NoticesConn,
{
    let Finish { ending, players, stamp, .. } = &finish;
    c.close_rows(game, head, &finish).await?;
    let action = if ending.status == Status::Voided { "game.void" } else { "game.finish" };
    audit(c, ids, stamp, action, game.to_string(), |event| event.reason(ending.reason.clone())).await?;
    let both = [players.first, players.second];
    let event = if ending.status == Status::Voided {
        GameEvent::GameVoided { game, players: both, reason: ending.reason.clone() }
    } else {
        let winner = ending.winner.map(|seat| *players.get(seat));
        let outcome = GameOutcome { winner, reason: ending.reason.clone() };
        GameEvent::GameFinished { game, players: both, outcome }
    };
    announce(c, ids, &event, stamp.at).await?;
    // Why a game was voided is between staff and the account it is about.
    let reason = if ending.status == Status::Voided { "voided".to_owned() } else { ending.reason.clone() };
    let notice = Notice::Over { game, status: ending.status, winner: ending.winner, reason };
    let notices = both.map(|to| Addressed { to, notice: notice.clone() });
    tell(c, notices.into(), stamp.at).await
}

platform::dual! {
    trait Closing {
        /// Moves a game from those that are played to those that are over.
        async fn close_rows(c, game: GameId, head: i64, finish: &Finish) -> Result<(), StoreError> {
            let key = Key::from(game);
            diesel::delete(running_games::table.find(key)).execute(c).await?;
            diesel::delete(seat_leases::table.filter(seat_leases::game.eq(key))).execute(c).await?;
            let ending = &finish.ending;
            let (rated, text): (bool, String) = diesel::update(games::table.find(key))
                .set((
                    games::status.eq(Word(ending.status)),
                    games::winner.eq(ending.winner.map(seat_number)),
                    games::reason.eq(Some(&ending.reason)),
                    games::rounds.eq(i64::from(finish.rounds)),
                    games::first_points.eq(i64::from(finish.points.first)),
                    games::second_points.eq(i64::from(finish.points.second)),
                    games::first_wins.eq(i64::from(finish.wins.first)),
                    games::second_wins.eq(i64::from(finish.wins.second)),
                    games::last_seq.eq(Some(head)),
                    games::ended_at.eq(Some(Ts(finish.stamp.at))),
                ))
                .returning((games::rated, games::rules))
                .get_result(c)
                .await?;
            if !finish.counts() {
                return Ok(());
            }
            if rated {
                diesel::insert_into(unrated_games::table)
                    .values((unrated_games::game.eq(key), unrated_games::ended_at.eq(Ts(finish.stamp.at))))
                    .execute(c)
                    .await?;
            }
            let family = Family::of(&rules(&text)?);
            c.score_pair(&Scored { players: finish.players, winner: ending.winner, family }).await?;
            Ok(())
        }
    }
}
