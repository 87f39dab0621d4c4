//! The score sheet of a match: its finished rounds in order, for its two players, also while the match runs.

use game_engine::{Event, RoundResult, Seat};
use kernel::id::{AccountId, GameId};
use kernel::{Limit, Page, Timestamp};

use super::App;
use super::hot::Trouble;
use super::look;
use crate::domain::entry::{Entry, Recorded};

/// A round that is over. Both hands are open to the players from then on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Finished {
    pub(crate) result: RoundResult,
    /// Who was dealt the first card.
    pub(crate) starter: Seat,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
}

/// The finished rounds beyond `after`.
pub(crate) async fn run(
    app: &App,
    account: AccountId,
    game: GameId,
    after: u32,
    limit: Limit,
) -> Result<Page<Finished, u32>, Trouble> {
    look::seat(app, account, game).await?.ok_or(Trouble::NotFound)?;
    let journal = app.store.journal(game).await?.ok_or(Trouble::NotFound)?;
    let mut rounds = finished(&journal.lines);
    rounds.retain(|round| round.result.round > after);
    rounds.truncate(usize::try_from(limit.rows() + 1).unwrap_or(usize::MAX));
    Ok(Page::from_rows(rounds, limit, |last| last.result.round))
}

fn finished(lines: &[Recorded]) -> Vec<Finished> {
    let mut dealt = None;
    let mut rounds = Vec::new();
    for line in lines {
        match (line.entry.clone(), dealt) {
            (Entry::Rules(Event::Dealt(deal)), _) => dealt = Some((deal.starter, line.at)),
            (Entry::Rules(Event::RoundEnded(result)), Some((starter, started_at))) => {
                rounds.push(Finished { result, starter, started_at, ended_at: line.at });
            }
            _ => {}
        }
    }
    rounds
}
