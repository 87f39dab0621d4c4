//! What a game's beginning writes, whether an invite or a pairing led to it, and what is left of one that will not begin;
//! called inside their transactions only.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use game_engine::Seat;
use kernel::Timestamp;
use platform::db::{Bulk, StoreError};
use platform::sql::{Key, Ts};

use super::rows::{GameRow, LineRow, number, seat_number};
use super::schema::{game_seeds, games, participants, running_games};
use crate::domain::entry::Recorded;
use crate::domain::invite::Invite;

/// A game that begins from an accepted invite, or from a pairing seen as one.
pub(super) struct Begun {
    invite: Invite,
    lines: Vec<LineRow>,
    head: i64,
    due_at: Option<Ts>,
    practice_since: Option<Ts>,
    at: Ts,
}

impl Begun {
    /// With the first lines of its journal, encoded before the transaction.
    pub(super) fn of(
        invite: Invite,
        lines: &[Recorded],
        due_at: Option<Timestamp>,
        practice_since: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let rows: Result<Vec<LineRow>, StoreError> =
            lines.iter().map(|line| LineRow::of(invite.game, line)).collect();
        Ok(Self {
            lines: rows?,
            head: number(lines.last().map_or(0, |line| line.seq))?,
            due_at: due_at.map(Ts),
            practice_since: practice_since.map(Ts),
            at: Ts(at),
            invite,
        })
    }
}

platform::dual! {
    /// A connection on which games can begin; both are.
    pub(super) trait Beginnings {
        /// The game's row, its players, its first lines, and its place among those that run.
        async fn begin_game(c, begun: Begun) -> Result<(), StoreError> {
            let (game, players) = (Key::from(begun.invite.game), begun.invite.players());
            let row = GameRow::started(&begun.invite, begun.at);
            diesel::insert_into(games::table).values(row).execute(c).await?;
            for seat in Seat::ALL {
                diesel::insert_into(participants::table)
                    .values((
                        participants::account.eq(Key::from(*players.get(*seat))),
                        participants::game.eq(game),
                        participants::seat.eq(seat_number(*seat)),
                    ))
                    .execute(c)
                    .await?;
            }
            c.insert_all(begun.lines).await?;
            diesel::insert_into(running_games::table)
                .values((
                    running_games::game.eq(game),
                    running_games::seq.eq(begun.head),
                    running_games::due_at.eq(begun.due_at),
                    running_games::practice_since.eq(begun.practice_since),
                ))
                .execute(c)
                .await?;
            Ok(())
        }

        /// The secrets of games that will never begin.
        async fn drop_seeds(c, games: Vec<Key>) -> Result<(), StoreError> {
            if !games.is_empty() {
                diesel::delete(game_seeds::table.filter(game_seeds::game.eq_any(games))).execute(c).await?;
            }
            Ok(())
        }
    }
}
