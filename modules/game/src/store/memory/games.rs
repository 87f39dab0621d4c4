//! Games in memory: journals that only grow, and what follows from them.

use async_trait::async_trait;
use game_api::{GameEvent, GameOutcome};
use game_engine::{BySeat, Seat};
use kernel::Timestamp;
use kernel::id::{AccountId, GameId};

use super::{Letters, MemoryStore, Tables, announcement, rows};
use crate::domain::ending::Status;
use crate::domain::entry::{Answered, Recorded};
use crate::domain::invite::Invite;
use crate::domain::notice::{Addressed, Notice};
use crate::store::games::Journal;
use crate::store::journal_form;
use crate::store::{Append, Finish, GameStore, GamesQuery, Lines, PairScore, StoreError, Summary, Told};

/// A game and its journal.
#[derive(Debug, Clone)]
pub(super) struct Game {
    pub(super) summary: Summary,
    pub(super) lines: Vec<Line>,
}

/// A game that is played: how far it is, and what is due next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) seq: u64,
    pub(super) due_at: Option<Timestamp>,
    pub(super) practice_since: Option<Timestamp>,
}

/// Finished games of two people, the lower id first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PairWins {
    pub(super) low: u64,
    pub(super) high: u64,
    pub(super) drawn: u64,
}

/// A line in its published form, as every store keeps it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    body: String,
    answers: Option<Answered>,
}

impl Line {
    pub(super) fn of(line: &Recorded) -> Result<Self, StoreError> {
        let body = journal_form::encode(&line.entry, line.clock.as_ref())?;
        Ok(Self { seq: line.seq, at: line.at, body, answers: line.answers.clone() })
    }

    pub(super) fn all(lines: &[Recorded]) -> Result<Vec<Self>, StoreError> {
        lines.iter().map(Self::of).collect()
    }

    pub(super) fn recorded(&self) -> Result<Recorded, StoreError> {
        let (entry, clock) = journal_form::decode(&self.body)?;
        Ok(Recorded { seq: self.seq, at: self.at, entry, clock, answers: self.answers.clone() })
    }
}

impl Game {
    fn head(&self) -> u64 {
        self.lines.last().map_or(0, |line| line.seq)
    }

    /// Refuses what the unique keys of a journal refuse.
    fn takes(&self, lines: &[Line]) -> Result<(), StoreError> {
        for (place, line) in lines.iter().enumerate() {
            let before = || self.lines.iter().chain(lines.iter().take(place));
            if before().any(|other| other.seq == line.seq) {
                return Err(StoreError::Conflict("journal_game_seq_key".to_owned()));
            }
            let id = |line: &Line| line.answers.as_ref().map(|answers| (answers.seat, answers.cid));
            if id(line).is_some() && before().any(|other| id(other) == id(line)) {
                return Err(StoreError::Conflict("journal_cid_game_seat_key".to_owned()));
            }
        }
        Ok(())
    }
}

impl Tables {
    /// What ends with a match, after everything that could fail.
    fn close_game(&mut self, game: GameId, finish: &Finish) {
        self.running.remove(&game);
        self.leases.retain(|(of, ..), _| *of != game);
        if let Some(game) = self.games.get_mut(&game) {
            let summary = &mut game.summary;
            summary.ending = Some(finish.ending.clone());
            (summary.rounds, summary.points, summary.wins) = (finish.rounds, finish.points, finish.wins);
            summary.ended_at = Some(finish.stamp.at);
        }
        if !finish.counts() {
            return;
        }
        let Some(summary) = self.games.get(&game).map(|game| game.summary.clone()) else { return };
        if summary.rated {
            self.await_count(game, finish.stamp.at);
        }
        self.score_pair(&summary);
    }
}

/// What others are told when a match ends.
fn farewell(game: GameId, finish: &Finish) -> (GameEvent, Vec<Addressed>) {
    let Finish { ending, players, .. } = finish;
    let both = [players.first, players.second];
    let voided = ending.status == Status::Voided;
    let event = if voided {
        GameEvent::GameVoided { game, players: both, reason: ending.reason.clone() }
    } else {
        let winner = ending.winner.map(|seat| *players.get(seat));
        let outcome = GameOutcome { winner, reason: ending.reason.clone() };
        GameEvent::GameFinished { game, players: both, outcome }
    };
    let reason = if voided { "voided".to_owned() } else { ending.reason.clone() };
    let notice = Notice::Over { game, status: ending.status, winner: ending.winner, reason };
    (event, both.map(|to| Addressed { to, notice: notice.clone() }).into())
}

#[async_trait]
impl GameStore for MemoryStore {
    async fn journal(&self, game: GameId) -> Result<Option<Journal>, StoreError> {
        let found = self.with(|tables| {
            let found = tables.games.get(&game)?;
            Some((
                found.summary.players,
                found.summary.rules,
                found.lines.clone(),
                tables.seeds.get(&game)?.clone(),
            ))
        });
        let Some((players, rules, lines, sealed_seed)) = found else { return Ok(None) };
        let lines: Result<Vec<Recorded>, StoreError> = lines.iter().map(Line::recorded).collect();
        Ok(Some(Journal { players, rules, sealed_seed, lines: lines? }))
    }

    async fn lines(&self, game: GameId, after: u64, limit: u32) -> Result<Option<Lines>, StoreError> {
        let found = self.with(|tables| {
            let found = tables.games.get(&game)?;
            let lines = found.lines.iter().filter(|line| line.seq > after).take(rows(limit.into()));
            Some((found.head(), lines.cloned().collect::<Vec<Line>>()))
        });
        let Some((head, lines)) = found else { return Ok(None) };
        let lines: Result<Vec<Recorded>, StoreError> = lines.iter().map(Line::recorded).collect();
        Ok(Some(Lines { lines: lines?, head }))
    }

    async fn heads(&self, games: Vec<GameId>) -> Result<Vec<(GameId, u64)>, StoreError> {
        let head = |tables: &Tables, game| tables.games.get(&game).map(|found| (game, found.head()));
        Ok(self.with(|tables| games.into_iter().filter_map(|game| head(tables, game)).collect()))
    }

    async fn append(&self, append: Append<'_>) -> Result<Option<Vec<Told>>, StoreError> {
        let Append { game, expected, due_at, practice_since, away, finish, .. } = append;
        let lines = Line::all(append.lines)?;
        let head = lines.last().map_or(expected, |line| line.seq);
        let farewell = match &finish {
            None => None,
            Some(finish) => {
                let (event, notices) = farewell(game, finish);
                Some((announcement(&self.ids, &event, finish.stamp.at)?, Letters::of(notices)?))
            }
        };
        self.with(|tables| {
            if let Some((seat, now)) = away {
                let mut leases =
                    tables.leases.iter().filter(|((of, held, _), _)| (*of, *held) == (game, seat));
                if leases.any(|(_, lease)| lease.seen_until > now) {
                    return Ok(None);
                }
            }
            if tables.running.get(&game).is_none_or(|running| running.seq != expected) {
                return Ok(None);
            }
            let Some(found) = tables.games.get_mut(&game) else {
                return Err(StoreError::inconsistent("a running game without its row"));
            };
            found.takes(&lines)?;
            found.lines.extend(lines);
            tables.running.insert(game, Running { seq: head, due_at, practice_since });
            if let Some((seat, _)) = away {
                tables.leases.retain(|(of, held, _), _| (*of, *held) != (game, seat));
            }
            let (Some(finish), Some((event, letters))) = (finish, farewell) else {
                return Ok(Some(Vec::new()));
            };
            tables.close_game(game, &finish);
            let voided = finish.ending.status == Status::Voided;
            let action = if voided { "game.void" } else { "game.finish" };
            tables.record(&self.ids, &finish.stamp, action, game.to_string(), |event| {
                event.reason(finish.ending.reason.clone())
            });
            tables.outbox.push(event);
            Ok(Some(tables.tell(letters, finish.stamp.at)))
        })
    }

    async fn summary(&self, game: GameId) -> Result<Option<Summary>, StoreError> {
        Ok(self.with(|tables| tables.games.get(&game).map(|found| found.summary.clone())))
    }

    async fn seat(&self, game: GameId, account: AccountId) -> Result<Option<Seat>, StoreError> {
        Ok(self.with(|tables| tables.participants.get(&(account, game)).copied()))
    }

    async fn games(&self, query: GamesQuery) -> Result<Vec<Summary>, StoreError> {
        let wanted = |summary: &&Summary| {
            query.before.is_none_or(|before| summary.game < before)
                && query.status.is_none_or(|status| status_of(summary) == status)
        };
        Ok(self.with(|tables| {
            let theirs = tables.games_of(query.account).into_iter().rev();
            let summaries = theirs.filter_map(|game| tables.games.get(&game)).map(|game| &game.summary);
            summaries.filter(wanted).take(rows(query.rows)).cloned().collect()
        }))
    }

    async fn pair_score(&self, players: BySeat<AccountId>) -> Result<PairScore, StoreError> {
        let BySeat { first, second } = players;
        let key = (first.min(second), first.max(second));
        let PairWins { low, high, drawn } =
            self.with(|tables| tables.pairs.get(&key).copied().unwrap_or_default());
        let (first_wins, second_wins) = if first < second { (low, high) } else { (high, low) };
        Ok(PairScore { first_wins, second_wins, drawn })
    }

    async fn running(
        &self,
        of: Option<AccountId>,
        after: Option<GameId>,
        limit: i64,
    ) -> Result<Vec<GameId>, StoreError> {
        Ok(self.with(|tables| {
            let all: Vec<GameId> = match of {
                None => tables.running.keys().copied().collect(),
                Some(account) => tables.games_of(account),
            };
            let running = all.into_iter().filter(|game| tables.running.contains_key(game));
            running.filter(|game| after.is_none_or(|after| *game > after)).take(rows(limit)).collect()
        }))
    }
}

impl Tables {
    /// In the order of their ids.
    fn games_of(&self, account: AccountId) -> Vec<GameId> {
        self.participants.keys().filter(|(whose, _)| *whose == account).map(|(_, game)| *game).collect()
    }
}

pub(super) fn status_of(summary: &Summary) -> Status {
    summary.ending.as_ref().map_or(Status::Active, |ending| ending.status)
}

impl Game {
    /// A game that begins.
    pub(super) fn begun(invite: &Invite, at: Timestamp, lines: Vec<Line>) -> Self {
        let summary = Summary {
            game: invite.game,
            players: invite.players(),
            rules: invite.rules,
            rematch_of: invite.rematch_of,
            rated: invite.rated,
            ending: None,
            rounds: 0,
            points: BySeat::default(),
            wins: BySeat::default(),
            started_at: at,
            ended_at: None,
            voided_at: None,
        };
        Self { summary, lines }
    }
}
