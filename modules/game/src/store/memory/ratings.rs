//! Ratings in memory: each finished rated game is counted once, each change is an entry that stays.

use std::collections::HashMap;

use async_trait::async_trait;
use game_api::GameEvent;
use game_engine::BySeat;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::games::{PairWins, status_of};
use super::{Letters, MemoryStore, Tables, announcement, rows};
use crate::domain::ending::{Ending, Status};
use crate::domain::notice::{Addressed, Notice};
use crate::domain::rating::{Change, Entry, Family, Standing};
use crate::store::ratings::{BetweenQuery, BoardQuery, EntriesQuery, Place, Revocation, Uncounted};
use crate::store::{PairScore, RatingStore, Stamp, StoreError, Summary, Told};

/// What ratings add to the tables.
#[derive(Default)]
pub(super) struct Rated {
    uncounted: std::collections::BTreeSet<Uncounted>,
    standings: std::collections::BTreeMap<(AccountId, String), Standing>,
    entries: Vec<(AccountId, Family, Entry)>,
    families: std::collections::BTreeMap<(AccountId, AccountId, String), PairWins>,
}

impl Rated {
    /// Everybody's place under one family, in no order.
    fn places(&self, family: Family, now: Timestamp) -> impl Iterator<Item = (Place, Standing)> {
        let of_family = self.standings.iter().filter(move |((_, name), _)| name == family.as_str());
        of_family.filter(|(_, standing)| standing.is_played()).map(move |((account, _), standing)| {
            let established = !standing.is_provisional(now);
            (Place { established, points: standing.rating.points, account: *account }, *standing)
        })
    }

    /// The version that each of these changes follows must be the present one.
    fn may_change(&self, changes: &[Change]) -> Result<(), StoreError> {
        let present = |change: &Change| {
            let key = (change.account, change.family.as_str().to_owned());
            self.standings.get(&key).map_or(0, |standing| standing.entries)
        };
        let follows = |change: &Change| present(change) + 1 == change.entry.number;
        if changes.iter().all(follows) { Ok(()) } else { Err(StoreError::LostRace) }
    }

    /// After [`Rated::may_change`] said yes.
    fn change(&mut self, changes: Vec<Change>) {
        for Change { account, family, standing, entry } in changes {
            self.standings.insert((account, family.as_str().to_owned()), standing);
            self.entries.push((account, family, entry));
        }
    }
}

impl Tables {
    /// A game has been finished.
    pub(super) fn await_count(&mut self, game: GameId, at: Timestamp) {
        self.rated.uncounted.insert((at, game));
    }

    /// Adds a finished game to its pair's scores.
    pub(super) fn score_pair(&mut self, summary: &Summary) {
        let (low, high, family) = pair_of(summary);
        *score(self.pairs.entry((low, high)).or_default(), summary) += 1;
        *score(self.rated.families.entry((low, high, family)).or_default(), summary) += 1;
    }

    /// Takes it away again, if it was added.
    fn unscore_pair(&mut self, summary: &Summary) {
        let (low, high, family) = pair_of(summary);
        let scores = [self.pairs.get_mut(&(low, high)), self.rated.families.get_mut(&(low, high, family))];
        for pair in scores.into_iter().flatten() {
            *score(pair, summary) -= 1;
        }
    }
}

fn pair_of(summary: &Summary) -> (AccountId, AccountId, String) {
    let BySeat { first, second } = summary.players;
    (first.min(second), first.max(second), Family::of(&summary.rules).as_str().to_owned())
}

/// The number that counts games which ended as this one.
fn score<'a>(pair: &'a mut PairWins, summary: &Summary) -> &'a mut u64 {
    let BySeat { first, second } = summary.players;
    let winner = summary.ending.as_ref().and_then(|ending| ending.winner);
    match winner.map(|seat| *summary.players.get(seat)) {
        None => &mut pair.drawn,
        Some(winner) if winner == first.min(second) => &mut pair.low,
        Some(_) => &mut pair.high,
    }
}

/// Before another one on a leaderboard.
fn comes_before(one: &Place, other: &Place) -> bool {
    let key = |place: &Place| (place.established, place.points, place.account);
    key(one) > key(other)
}

#[async_trait]
impl RatingStore for MemoryStore {
    async fn uncounted(&self, after: Option<Uncounted>, limit: i64) -> Result<Vec<Uncounted>, StoreError> {
        Ok(self.with(|tables| {
            let waiting = tables.rated.uncounted.iter().copied();
            waiting.filter(|one| after.is_none_or(|after| *one > after)).take(rows(limit)).collect()
        }))
    }

    async fn standings(
        &self,
        family: Family,
        accounts: Vec<AccountId>,
    ) -> Result<HashMap<AccountId, Standing>, StoreError> {
        Ok(self.with(|tables| {
            let standing = |account| {
                let key = (account, family.as_str().to_owned());
                tables.rated.standings.get(&key).map(|standing| (account, *standing))
            };
            accounts.into_iter().filter_map(standing).collect()
        }))
    }

    async fn standings_of(&self, account: AccountId) -> Result<Vec<(Family, Standing)>, StoreError> {
        Ok(self.with(|tables| {
            let theirs = tables.rated.standings.iter().filter(|((whose, _), _)| *whose == account);
            theirs.filter_map(|((_, family), standing)| Some((Family::known(family)?, *standing))).collect()
        }))
    }

    async fn count_game(
        &self,
        game: GameId,
        changes: Vec<Change>,
        now: Timestamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let letters = Letters::of(Addressed::ratings(&changes))?;
        self.with(|tables| {
            let rated = &mut tables.rated;
            let Some(waiting) = rated.uncounted.iter().find(|(_, id)| *id == game).copied() else {
                return Ok(None);
            };
            rated.may_change(&changes)?;
            rated.uncounted.remove(&waiting);
            rated.change(changes);
            Ok(Some(tables.tell(letters, now)))
        })
    }

    async fn rating_entries(&self, query: EntriesQuery) -> Result<Vec<Entry>, StoreError> {
        Ok(self.with(|tables| {
            let theirs = tables.rated.entries.iter().rev().filter(|(account, family, entry)| {
                (*account, *family) == (query.account, query.family)
                    && query.before.is_none_or(|before| entry.number < before)
            });
            theirs.take(rows(query.rows)).map(|(_, _, entry)| *entry).collect()
        }))
    }

    async fn entries_of_game(&self, game: GameId) -> Result<Vec<(AccountId, Entry)>, StoreError> {
        Ok(self.with(|tables| {
            let about = tables.rated.entries.iter().filter(|(_, _, entry)| entry.game == game);
            let mut about: Vec<(AccountId, Entry)> =
                about.map(|(account, _, entry)| (*account, *entry)).collect();
            about.sort_by_key(|(account, entry)| (*account, entry.number));
            about
        }))
    }

    async fn board(&self, query: BoardQuery) -> Result<Vec<(AccountId, Standing)>, StoreError> {
        Ok(self.with(|tables| {
            let mut places: Vec<(Place, Standing)> = tables
                .rated
                .places(query.family, query.now)
                .filter(|(place, _)| query.after.is_none_or(|after| comes_before(&after, place)))
                .collect();
            places.sort_by(|(one, _), (other, _)| comes_before(other, one).cmp(&comes_before(one, other)));
            let board = places.into_iter().take(rows(query.rows));
            board.map(|(place, standing)| (place.account, standing)).collect()
        }))
    }

    async fn ahead(&self, family: Family, now: Timestamp, of: Place) -> Result<u64, StoreError> {
        Ok(self.with(|tables| {
            let places = tables.rated.places(family, now);
            let ahead = places.filter(|(place, _)| place.established && comes_before(place, &of));
            ahead.count() as u64
        }))
    }

    async fn pair_families(
        &self,
        players: BySeat<AccountId>,
    ) -> Result<Vec<(Family, PairScore)>, StoreError> {
        let BySeat { first, second } = players;
        let (low, high) = (first.min(second), first.max(second));
        Ok(self.with(|tables| {
            let theirs = tables.rated.families.iter().filter(|((l, h, _), _)| (*l, *h) == (low, high));
            let score = |pair: &PairWins| {
                let (first_wins, second_wins) =
                    if first < second { (pair.low, pair.high) } else { (pair.high, pair.low) };
                PairScore { first_wins, second_wins, drawn: pair.drawn }
            };
            theirs.filter_map(|((.., family), pair)| Some((Family::known(family)?, score(pair)))).collect()
        }))
    }

    async fn games_between(&self, query: BetweenQuery) -> Result<Vec<Summary>, StoreError> {
        let wanted = |summary: &&Summary| {
            let players = [summary.players.first, summary.players.second];
            players.contains(&query.one)
                && players.contains(&query.other)
                && status_of(summary) != Status::Active
        };
        Ok(self.with(|tables| {
            let summaries = tables.games.values().rev().map(|game| &game.summary);
            summaries.filter(wanted).take(rows(query.rows)).cloned().collect()
        }))
    }

    async fn void_finished(
        &self,
        revocation: Revocation,
        stamp: Stamp,
    ) -> Result<Option<Vec<Told>>, StoreError> {
        let Revocation { game: summary, reason, changes } = revocation;
        let (game, players) = (summary.game, summary.players);
        let both = [players.first, players.second];
        let event = GameEvent::GameVoided { game, players: both, reason: reason.clone() };
        let event = announcement(&self.ids, &event, stamp.at)?;
        let notice = Notice::Over { game, status: Status::Voided, winner: None, reason: "voided".to_owned() };
        let mut notices: Vec<Addressed> = both.map(|to| Addressed { to, notice: notice.clone() }).into();
        notices.extend(Addressed::ratings(&changes));
        let letters = Letters::of(notices)?;
        self.with(|tables| {
            let Some(kept) = tables.games.get_mut(&game) else { return Ok(None) };
            if status_of(&kept.summary) != Status::Finished {
                return Ok(None);
            }
            let waiting = tables.rated.uncounted.iter().find(|(_, id)| *id == game).copied();
            if (summary.rated && waiting.is_none()) != (changes.len() == 2) {
                return Err(StoreError::LostRace);
            }
            tables.rated.may_change(&changes)?;
            kept.summary.ending =
                Some(Ending { status: Status::Voided, winner: None, reason: reason.clone() });
            kept.summary.voided_at = Some(stamp.at);
            if let Some(waiting) = waiting {
                tables.rated.uncounted.remove(&waiting);
            }
            tables.rated.change(changes);
            tables.unscore_pair(&summary);
            tables.record(&self.ids, &stamp, "game.void", game.to_string(), |event| event.reason(reason));
            tables.outbox.push(event);
            Ok(Some(tables.tell(letters, stamp.at)))
        })
    }
}
