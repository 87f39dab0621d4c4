//! Spectators in memory.

use async_trait::async_trait;
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::games::Line;
use super::{Letters, MemoryStore, rows};
use crate::domain::entry::Recorded;
use crate::domain::notice::Addressed;
use crate::domain::spectator::{MOST, Spectator};
use crate::store::spectators::action_of;
use crate::store::{Cancelling, Lines, Proposing, SpectatorStore, Stamp, StoreError, Told, Turning};

#[async_trait]
impl SpectatorStore for MemoryStore {
    async fn propose_spectator(
        &self,
        new: Spectator,
        notices: Vec<Addressed>,
        stamp: Stamp,
    ) -> Result<Proposing, StoreError> {
        let letters = Letters::of(notices)?;
        Ok(self.with(|tables| {
            if !tables.running.contains_key(&new.game) {
                return Proposing::Over;
            }
            let open: Vec<Spectator> = tables.open_spectators(new.game).collect();
            if let Some(there) = open.iter().find(|one| one.account == new.account) {
                return Proposing::There(*there);
            }
            if open.len() >= MOST {
                return Proposing::TooMany;
            }
            tables.spectators.insert((new.game, new.account), new);
            tables.record(&self.ids, &stamp, action_of(new.state), new.game.to_string(), |event| {
                event.related("spectator", new.account)
            });
            Proposing::Made(tables.tell(letters, stamp.at))
        }))
    }

    async fn turn_spectator(&self, turning: Turning, stamp: Stamp) -> Result<Option<Vec<Told>>, StoreError> {
        let Turning { game, account, from, to, notices } = turning;
        let letters = Letters::of(notices)?;
        Ok(self.with(|tables| {
            let one = tables.spectators.get_mut(&(game, account)).filter(|one| one.state == from)?;
            (one.state, one.changed_at) = (to, stamp.at);
            tables.record(&self.ids, &stamp, action_of(to), game.to_string(), |event| {
                event.related("spectator", account)
            });
            Some(tables.tell(letters, stamp.at))
        }))
    }

    async fn spectator(&self, game: GameId, account: AccountId) -> Result<Option<Spectator>, StoreError> {
        Ok(self.with(|tables| tables.spectators.get(&(game, account)).copied()))
    }

    async fn spectators(&self, game: GameId) -> Result<Vec<Spectator>, StoreError> {
        Ok(self.with(|tables| tables.open_spectators(game).collect()))
    }

    async fn spectators_among(&self, which: Cancelling, limit: i64) -> Result<Vec<Spectator>, StoreError> {
        Ok(self.with(|tables| {
            let plays = |game, who| tables.participants.contains_key(&(who, game));
            let concerns = |one: &Spectator| match which {
                Cancelling::Between(a, b) => {
                    let there = |who| one.account == who || plays(one.game, who);
                    there(a) && there(b)
                }
                Cancelling::AllOf(who) => one.account == who || plays(one.game, who),
            };
            let open = tables.spectators.values().filter(|one| one.state.is_open());
            let played = open.filter(|one| tables.running.contains_key(&one.game));
            played.filter(|one| concerns(one)).take(rows(limit)).copied().collect()
        }))
    }

    async fn lines_until(
        &self,
        game: GameId,
        after: u64,
        until: Timestamp,
        limit: u32,
    ) -> Result<Lines, StoreError> {
        let (head, lines) = self.with(|tables| {
            let known = tables.games.get(&game).map(|found| found.lines.as_slice()).unwrap_or_default();
            let known = known.iter().filter(|line| line.at <= until);
            let head = known.clone().map(|line| line.seq).max().unwrap_or(0);
            let lines = known.filter(|line| line.seq > after).take(rows(limit.into()));
            (head, lines.cloned().collect::<Vec<Line>>())
        });
        let lines: Result<Vec<Recorded>, StoreError> = lines.iter().map(Line::recorded).collect();
        Ok(Lines { lines: lines?, head })
    }
}

impl super::Tables {
    fn open_spectators(&self, game: GameId) -> impl Iterator<Item = Spectator> + '_ {
        let open = self.spectators.values().filter(move |one| one.game == game && one.state.is_open());
        open.copied()
    }
}
