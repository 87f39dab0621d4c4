//! Ratings at rest: each finished rated game is counted once, each change is an entry that stays.

use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_api::GameEvent;
use game_engine::BySeat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};
use platform::{read, write};

use super::diesel_store::{DieselStore, announce, audit, tell};
use super::games::{PairScore, Summary};
use super::rating_rows::{EntryRow, StandingRow, established, family};
use super::rows::{GameRow, number, seq};
use super::schema::{games, pair_families, pair_scores, rating_entries, ratings, unrated_games};
use super::{Stamp, Told};
use crate::domain::ending::Status;
use crate::domain::notice::{Addressed, Notice};
use crate::domain::rating::{Change, Entry, Family, Standing};

/// A finished rated game that no rating knows yet, in the order in which they are counted.
pub(crate) type Uncounted = (Timestamp, GameId);

/// One account's changes under one family, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntriesQuery {
    pub(crate) account: AccountId,
    pub(crate) family: Family,
    pub(crate) before: Option<u64>,
    /// Rows at most.
    pub(crate) rows: i64,
}

/// A place on a leaderboard: those whose rating is established stand before the others, the better first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) established: bool,
    pub(crate) points: f64,
    pub(crate) account: AccountId,
}

/// Everybody's ratings under one family, from one place on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoardQuery {
    pub(crate) family: Family,
    /// Decides who is established.
    pub(crate) now: Timestamp,
    pub(crate) after: Option<Place>,
    /// Rows at most.
    pub(crate) rows: i64,
}

/// Games of two people that are over, newest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BetweenQuery {
    pub(crate) one: AccountId,
    pub(crate) other: AccountId,
    /// Rows at most.
    pub(crate) rows: i64,
}

/// A finished game about to be voided.
#[derive(Debug, Clone)]
pub(crate) struct Revocation {
    pub(crate) game: Summary,
    pub(crate) reason: String,
    /// What takes back its entries; none if it has none.
    pub(crate) changes: Vec<Change>,
}

#[async_trait]
pub(crate) trait RatingStore: Send + Sync {
    /// Games to be counted, after one of them.
    async fn uncounted(&self, after: Option<Uncounted>, rows: i64) -> Result<Vec<Uncounted>, StoreError>;
    /// The accounts that have a rating there.
    async fn standings(
        &self,
        family: Family,
        accounts: Vec<AccountId>,
    ) -> Result<HashMap<AccountId, Standing>, StoreError>;
    /// All families that this account has a rating in, by name.
    async fn standings_of(&self, account: AccountId) -> Result<Vec<(Family, Standing)>, StoreError>;
    /// `None`: it was counted or voided before. A standing that changed meanwhile is a lost race, and nothing happened.
    async fn count_game(
        &self,
        game: GameId,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<Option<Vec<Told>>, StoreError>;
    async fn rating_entries(&self, query: EntriesQuery) -> Result<Vec<Entry>, StoreError>;
    /// What a game changed, for whom.
    async fn entries_of_game(&self, game: GameId) -> Result<Vec<(AccountId, Entry)>, StoreError>;
    /// Those for whom a game counts.
    async fn board(&self, query: BoardQuery) -> Result<Vec<(AccountId, Standing)>, StoreError>;
    /// How many established ratings stand before an established place.
    async fn ahead(&self, family: Family, now: Timestamp, of: Place) -> Result<u64, StoreError>;
    /// The wins of `players` against each other under each family, by name.
    async fn pair_families(&self, players: BySeat<AccountId>)
    -> Result<Vec<(Family, PairScore)>, StoreError>;
    async fn games_between(&self, query: BetweenQuery) -> Result<Vec<Summary>, StoreError>;
    /// `None` if it was no finished game any more. A rating that changed meanwhile, or a game that was counted only
    /// now, is a lost race, and nothing happened.
    async fn void_finished(
        &self,
        revocation: Revocation,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError>;
}

#[async_trait]
impl RatingStore for DieselStore {
    async fn uncounted(&self, after: Option<Uncounted>, rows: i64) -> Result<Vec<Uncounted>, StoreError> {
        let found: Result<Vec<(Ts, Key)>, StoreError> = read!(self.db, |c| {
            let mut waiting = unrated_games::table.into_boxed();
            if let Some((at, game)) = after {
                let same = unrated_games::ended_at.eq(Ts(at)).and(unrated_games::game.gt(Key::from(game)));
                waiting = waiting.filter(unrated_games::ended_at.gt(Ts(at)).or(same));
            }
            let waiting = waiting.order((unrated_games::ended_at, unrated_games::game)).limit(rows);
            Ok(waiting.select((unrated_games::ended_at, unrated_games::game)).load(c).await?)
        });
        Ok(found?.into_iter().map(|(at, game)| (at.time(), game.id())).collect())
    }

    async fn standings(
        &self,
        family: Family,
        accounts: Vec<AccountId>,
    ) -> Result<HashMap<AccountId, Standing>, StoreError> {
        let rows: Result<Vec<StandingRow>, StoreError> = read!(self.db, |c| {
            let keys: Vec<Key> = accounts.into_iter().map(Key::from).collect();
            let theirs = ratings::table
                .filter(ratings::family.eq(family.as_str().to_owned()))
                .filter(ratings::account.eq_any(keys));
            Ok(theirs.select(StandingRow::as_select()).load(c).await?)
        });
        rows?.into_iter().map(StandingRow::standing).collect()
    }

    async fn standings_of(&self, account: AccountId) -> Result<Vec<(Family, Standing)>, StoreError> {
        let rows: Result<Vec<StandingRow>, StoreError> = read!(self.db, |c| {
            let theirs = ratings::table.filter(ratings::account.eq(Key::from(account)));
            Ok(theirs.select(StandingRow::as_select()).order(ratings::family).load(c).await?)
        });
        let named = |row: StandingRow| Ok((family(&row.family)?, row.standing()?.1));
        rows?.into_iter().map(named).collect()
    }

    async fn count_game(
        &self,
        game: GameId,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        write!(self.db, |c| {
            let waiting = diesel::delete(unrated_games::table.find(Key::from(game))).execute(c).await?;
            if waiting == 0 {
                return Ok(None);
            }
            let notices = Addressed::ratings(&changes);
            c.change_ratings(changes).await?;
            Ok(Some(tell(c, notices, now).await?))
        })
    }

    async fn rating_entries(&self, query: EntriesQuery) -> Result<Vec<Entry>, StoreError> {
        // Nothing precedes what is beyond every number.
        let before = query.before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
        let rows: Result<Vec<EntryRow>, StoreError> = read!(self.db, |c| {
            let theirs = rating_entries::table
                .filter(rating_entries::account.eq(Key::from(query.account)))
                .filter(rating_entries::family.eq(query.family.as_str().to_owned()))
                .filter(rating_entries::number.lt(before))
                .order(rating_entries::number.desc())
                .limit(query.rows);
            Ok(theirs.select(EntryRow::as_select()).load(c).await?)
        });
        rows?.into_iter().map(|row| Ok(row.entry()?.1)).collect()
    }

    async fn entries_of_game(&self, game: GameId) -> Result<Vec<(AccountId, Entry)>, StoreError> {
        let rows: Result<Vec<EntryRow>, StoreError> = read!(self.db, |c| {
            let about = rating_entries::table.filter(rating_entries::game.eq(Key::from(game)));
            let order = (rating_entries::account, rating_entries::number);
            Ok(about.order(order).select(EntryRow::as_select()).load(c).await?)
        });
        rows?.into_iter().map(EntryRow::entry).collect()
    }

    async fn board(&self, query: BoardQuery) -> Result<Vec<(AccountId, Standing)>, StoreError> {
        let rows: Result<Vec<StandingRow>, StoreError> = read!(self.db, |c| {
            let (name, now) = (query.family.as_str().to_owned(), Some(Ts(query.now)));
            let mut found: Vec<StandingRow> = Vec::new();
            for established in [true, false] {
                let left = query.rows - i64::try_from(found.len()).unwrap_or(i64::MAX);
                if left <= 0 || established && query.after.is_some_and(|after| !after.established) {
                    continue;
                }
                let played = ratings::wins.gt(0).or(ratings::losses.gt(0)).or(ratings::draws.gt(0));
                let mut rows = ratings::table.filter(ratings::family.eq(&name).and(played)).into_boxed();
                rows = if established {
                    rows.filter(ratings::established_until.gt(now))
                } else {
                    rows.filter(ratings::established_until.is_null().or(ratings::established_until.le(now)))
                };
                if let Some(after) = query.after.filter(|after| after.established == established) {
                    let same =
                        ratings::rating.eq(after.points).and(ratings::account.lt(Key::from(after.account)));
                    rows = rows.filter(ratings::rating.lt(after.points).or(same));
                }
                let rows = rows.order((ratings::rating.desc(), ratings::account.desc())).limit(left);
                found.extend(rows.select(StandingRow::as_select()).load(c).await?);
            }
            Ok(found)
        });
        rows?.into_iter().map(StandingRow::standing).collect()
    }

    async fn ahead(&self, family: Family, now: Timestamp, of: Place) -> Result<u64, StoreError> {
        let count: Result<i64, StoreError> = read!(self.db, |c| {
            let same = ratings::rating.eq(of.points).and(ratings::account.gt(Key::from(of.account)));
            let played = ratings::wins.gt(0).or(ratings::losses.gt(0)).or(ratings::draws.gt(0));
            let ahead = ratings::table
                .filter(ratings::family.eq(family.as_str().to_owned()).and(played))
                .filter(ratings::established_until.gt(Some(Ts(now))))
                .filter(ratings::rating.gt(of.points).or(same));
            Ok(ahead.count().get_result(c).await?)
        });
        seq(count?)
    }

    async fn pair_families(
        &self,
        players: BySeat<AccountId>,
    ) -> Result<Vec<(Family, PairScore)>, StoreError> {
        let BySeat { first, second } = players;
        let (low, high) = (Key::from(first.min(second)), Key::from(first.max(second)));
        let rows: Result<Vec<(String, i64, i64, i64)>, StoreError> = read!(self.db, |c| {
            let theirs =
                pair_families::table.filter(pair_families::low.eq(low).and(pair_families::high.eq(high)));
            let columns = (
                pair_families::family,
                pair_families::low_wins,
                pair_families::high_wins,
                pair_families::drawn,
            );
            Ok(theirs.order(pair_families::family).select(columns).load(c).await?)
        });
        let score = |(name, low, high, drawn): (String, i64, i64, i64)| {
            let (first_wins, second_wins) = if first < second { (low, high) } else { (high, low) };
            let (first_wins, second_wins) = (seq(first_wins)?, seq(second_wins)?);
            Ok((family(&name)?, PairScore { first_wins, second_wins, drawn: seq(drawn)? }))
        };
        rows?.into_iter().map(score).collect()
    }

    async fn games_between(&self, query: BetweenQuery) -> Result<Vec<Summary>, StoreError> {
        let rows: Result<Vec<GameRow>, StoreError> = read!(self.db, |c| {
            let (one, other) = (Key::from(query.one), Key::from(query.other));
            let there = games::first_player.eq(one).and(games::second_player.eq(other));
            let back = games::first_player.eq(other).and(games::second_player.eq(one));
            let theirs = games::table.filter(there.or(back)).filter(games::status.ne(Word(Status::Active)));
            let theirs = theirs.order(games::id.desc()).limit(query.rows);
            Ok(theirs.select(GameRow::as_select()).load(c).await?)
        });
        rows?.into_iter().map(Summary::try_from).collect()
    }

    async fn void_finished(
        &self,
        revocation: Revocation,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let ids = self.ids.clone();
        write!(self.db, |c| {
            let Revocation { game: summary, reason, changes } = revocation;
            let (game, players) = (summary.game, summary.players);
            let finished =
                games::table.find(Key::from(game)).filter(games::status.eq(Word(Status::Finished)));
            let voided = diesel::update(finished)
                .set((
                    games::status.eq(Word(Status::Voided)),
                    games::winner.eq(None::<i16>),
                    games::reason.eq(Some(&reason)),
                    games::voided_at.eq(Some(Ts(stamp.at))),
                ))
                .execute(c)
                .await?;
            if voided == 0 {
                return Ok(None);
            }
            let waiting = diesel::delete(unrated_games::table.find(Key::from(game))).execute(c).await? == 1;
            // It is known to no rating, or to both players' and then both are told otherwise here.
            let known = summary.rated && !waiting;
            if known != (changes.len() == 2) {
                return Err(StoreError::LostRace);
            }
            let ratings = Addressed::ratings(&changes);
            c.change_ratings(changes).await?;
            c.unscore_pair(&Scored::of(&summary)).await?;
            audit(c, &ids, &stamp, "game.void", game.to_string(), |event| event.reason(reason.clone()))
                .await?;
            let both = [players.first, players.second];
            announce(c, &ids, &GameEvent::GameVoided { game, players: both, reason }, stamp.at).await?;
            let notice =
                Notice::Over { game, status: Status::Voided, winner: None, reason: "voided".to_owned() };
            let mut notices: Vec<Addressed> = both.map(|to| Addressed { to, notice: notice.clone() }).into();
            notices.extend(ratings);
            Ok(Some(tell(c, notices, stamp.at).await?))
        })
    }
}

/// What a finished game means between its two players.
#[derive(Debug, Clone)]
pub(super) struct Scored {
    pub(super) players: BySeat<AccountId>,
    pub(super) winner: Option<game_engine::Seat>,
    pub(super) family: Family,
}

/// One game as the scores of a pair count it.
struct Outcome {
    low: Key,
    high: Key,
    low_wins: i64,
    high_wins: i64,
    drawn: i64,
}

impl Scored {
    fn outcome(&self) -> Outcome {
        let BySeat { first, second } = self.players;
        let won = self.winner.map(|seat| *self.players.get(seat));
        let (low, high) = (first.min(second), first.max(second));
        Outcome {
            low: low.into(),
            high: high.into(),
            low_wins: (won == Some(low)).into(),
            high_wins: (won == Some(high)).into(),
            drawn: won.is_none().into(),
        }
    }

    fn of(summary: &Summary) -> Self {
        let winner = summary.ending.as_ref().and_then(|ending| ending.winner);
        Self { players: summary.players, winner, family: Family::of(&summary.rules) }
    }
}

platform::dual! {
    pub(super) trait Scoring {
        /// Adds a finished game to its pair's scores.
        async fn score_pair(c, scored: &Scored) -> Result<(), StoreError> {
            let Outcome { low, high, low_wins, high_wins, drawn } = scored.outcome();
            diesel::insert_into(pair_scores::table)
                .values((
                    pair_scores::low.eq(low),
                    pair_scores::high.eq(high),
                    pair_scores::low_wins.eq(low_wins),
                    pair_scores::high_wins.eq(high_wins),
                    pair_scores::drawn.eq(drawn),
                ))
                .on_conflict((pair_scores::low, pair_scores::high))
                .do_update()
                .set((
                    pair_scores::low_wins.eq(pair_scores::low_wins + low_wins),
                    pair_scores::high_wins.eq(pair_scores::high_wins + high_wins),
                    pair_scores::drawn.eq(pair_scores::drawn + drawn),
                ))
                .execute(c)
                .await?;
            diesel::insert_into(pair_families::table)
                .values((
                    pair_families::low.eq(low),
                    pair_families::high.eq(high),
                    pair_families::family.eq(scored.family.as_str()),
                    pair_families::low_wins.eq(low_wins),
                    pair_families::high_wins.eq(high_wins),
                    pair_families::drawn.eq(drawn),
                ))
                .on_conflict((pair_families::low, pair_families::high, pair_families::family))
                .do_update()
                .set((
                    pair_families::low_wins.eq(pair_families::low_wins + low_wins),
                    pair_families::high_wins.eq(pair_families::high_wins + high_wins),
                    pair_families::drawn.eq(pair_families::drawn + drawn),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Takes it away again, if it was added.
        async fn unscore_pair(c, scored: &Scored) -> Result<(), StoreError> {
            let Outcome { low, high, low_wins, high_wins, drawn } = scored.outcome();
            diesel::update(pair_scores::table.find((low, high)))
                .set((
                    pair_scores::low_wins.eq(pair_scores::low_wins - low_wins),
                    pair_scores::high_wins.eq(pair_scores::high_wins - high_wins),
                    pair_scores::drawn.eq(pair_scores::drawn - drawn),
                ))
                .execute(c)
                .await?;
            diesel::update(pair_families::table.find((low, high, scored.family.as_str())))
                .set((
                    pair_families::low_wins.eq(pair_families::low_wins - low_wins),
                    pair_families::high_wins.eq(pair_families::high_wins - high_wins),
                    pair_families::drawn.eq(pair_families::drawn - drawn),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// Writes what changes, each account in the order of ids so that two transactions never wait for each other.
        /// A standing that is not the one before is a lost race.
        async fn change_ratings(c, changes: Vec<Change>) -> Result<(), StoreError> {
            let mut changes = changes;
            changes.sort_by_key(|change| change.account);
            for change in changes {
                let (row, entry) = (StandingRow::of(&change)?, EntryRow::of(&change)?);
                let changed = if change.entry.number == 1 {
                    let new = diesel::insert_into(ratings::table).values(&row);
                    new.on_conflict((ratings::account, ratings::family)).do_nothing().execute(c).await?
                } else {
                    let last = number(change.entry.number - 1)?;
                    let before = ratings::table
                        .find((Key::from(change.account), change.family.as_str()))
                        .filter(ratings::entries.eq(last));
                    diesel::update(before)
                        .set((
                            ratings::entries.eq(row.entries),
                            ratings::rating.eq(row.rating),
                            ratings::deviation.eq(row.deviation),
                            ratings::volatility.eq(row.volatility),
                            ratings::played_at.eq(row.played_at),
                            ratings::established_until.eq(established(&change.standing)),
                            ratings::wins.eq(row.wins),
                            ratings::losses.eq(row.losses),
                            ratings::draws.eq(row.draws),
                        ))
                        .execute(c)
                        .await?
                };
                if changed == 0 {
                    return Err(StoreError::LostRace);
                }
                diesel::insert_into(rating_entries::table).values(entry).execute(c).await?;
            }
            Ok(())
        }
    }
}
