//! Rows of ratings and their entries, and what they mean.

use diesel::prelude::*;
use kernel::id::AccountId;
use platform::db::StoreError;
use platform::sql::{Key, Ts, Word};

use super::rows::{number, seq};
use super::schema::{rating_entries, ratings};
use crate::domain::rating::{Change, Entry, EntryKind, Family, GameResult, Rating, Standing, Tally};

/// A family as its column names it.
pub(super) fn family(name: &str) -> Result<Family, StoreError> {
    Family::known(name).ok_or(StoreError::inconsistent("a family of rule sets"))
}

pub(super) fn established(standing: &Standing) -> Option<Ts> {
    standing.established_until().map(Ts)
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = ratings)]
pub(super) struct StandingRow {
    pub(super) account: Key,
    pub(super) family: String,
    pub(super) entries: i64,
    pub(super) rating: f64,
    pub(super) deviation: f64,
    pub(super) volatility: f64,
    pub(super) played_at: Ts,
    pub(super) established_until: Option<Ts>,
    pub(super) wins: i64,
    pub(super) losses: i64,
    pub(super) draws: i64,
}

impl StandingRow {
    pub(super) fn of(change: &Change) -> Result<Self, StoreError> {
        let Standing { rating, played_at, entries, tally } = change.standing;
        Ok(Self {
            account: change.account.into(),
            family: change.family.as_str().to_owned(),
            entries: number(entries)?,
            rating: rating.points,
            deviation: rating.deviation,
            volatility: rating.volatility,
            played_at: played_at.into(),
            established_until: established(&change.standing),
            wins: number(tally.wins)?,
            losses: number(tally.losses)?,
            draws: number(tally.draws)?,
        })
    }

    pub(super) fn standing(self) -> Result<(AccountId, Standing), StoreError> {
        let (points, deviation, volatility) = (self.rating, self.deviation, self.volatility);
        let standing = Standing {
            rating: Rating { points, deviation, volatility },
            played_at: self.played_at.time(),
            entries: seq(self.entries)?,
            tally: Tally { wins: seq(self.wins)?, losses: seq(self.losses)?, draws: seq(self.draws)? },
        };
        Ok((self.account.id(), standing))
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = rating_entries)]
pub(super) struct EntryRow {
    account: Key,
    family: String,
    number: i64,
    game: Key,
    kind: Word<EntryKind>,
    result: Word<GameResult>,
    rating_before: f64,
    rating_after: f64,
    deviation: f64,
    volatility: f64,
    opponent: Key,
    opponent_rating: f64,
    opponent_deviation: f64,
    at: Ts,
}

impl EntryRow {
    pub(super) fn of(change: &Change) -> Result<Self, StoreError> {
        let entry = &change.entry;
        Ok(Self {
            account: change.account.into(),
            family: change.family.as_str().to_owned(),
            number: number(entry.number)?,
            game: entry.game.into(),
            kind: Word(entry.kind),
            result: Word(entry.result),
            rating_before: entry.before,
            rating_after: entry.after.points,
            deviation: entry.after.deviation,
            volatility: entry.after.volatility,
            opponent: entry.opponent.into(),
            opponent_rating: entry.opponent_points,
            opponent_deviation: entry.opponent_deviation,
            at: entry.at.into(),
        })
    }

    /// The entry and whose it is.
    pub(super) fn entry(self) -> Result<(AccountId, Entry), StoreError> {
        let (points, deviation, volatility) = (self.rating_after, self.deviation, self.volatility);
        let entry = Entry {
            number: seq(self.number)?,
            game: self.game.id(),
            kind: self.kind.0,
            result: self.result.0,
            before: self.rating_before,
            after: Rating { points, deviation, volatility },
            opponent: self.opponent.id(),
            opponent_points: self.opponent_rating,
            opponent_deviation: self.opponent_deviation,
            at: self.at.time(),
        };
        Ok((self.account.id(), entry))
    }
}
