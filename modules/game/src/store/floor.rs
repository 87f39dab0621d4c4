//! What the rows of a move cost by themselves: many games append through one store, without engine, sockets or clients.
//! `whot bench play` measures it in the same run as live play. No server calls this.

use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
use game_engine::{By, Card, CardSet, ClockRule, DrawCause, Event, RuleSet, Seat};
use kernel::id::GameId;
use kernel::{Clock, IdSource, Random};
use platform::db::{Db, StoreError};
use platform::sql::Key;
use platform::write;

use super::schema::running_games;
use super::{Append, DieselStore, GameStore};
use crate::domain::clock;
use crate::domain::entry::{Answered, Entry, Recorded};

/// Lets this many games append the line of a drawn card, each as soon as its last one is committed, for this long.
/// Returns how many lines were committed.
pub async fn appended_within(
    db: &Db,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    games: u32,
    time: Duration,
) -> Result<u64, StoreError> {
    let ids = IdSource::new(clock.clone(), random);
    let store = DieselStore::new(db.clone(), ids.clone());
    let end = clock.now().plus(time);
    let appending = (0..games).map(async |_| {
        let game = begin(db, ids.next()).await?;
        let mut head = 0;
        while clock.now() < end {
            let line = drawn(head + 1, &ids, clock.as_ref());
            let due_at = line.clock.and_then(|clock| clock.turn).map(|turn| turn.due);
            let lines = [line];
            let append = Append {
                game,
                expected: head,
                lines: &lines,
                due_at,
                practice_since: None,
                away: None,
                finish: None,
            };
            store.append(append).await?.ok_or(StoreError::LostRace)?;
            head += 1;
        }
        Ok::<u64, StoreError>(head)
    });
    Ok(try_join_all(appending).await?.into_iter().sum())
}

/// A running game without a line.
async fn begin(db: &Db, game: GameId) -> Result<GameId, StoreError> {
    let begun: Result<(), StoreError> = write!(*db, |c| {
        let row = (running_games::game.eq(Key::from(game)), running_games::seq.eq(0_i64));
        diesel::insert_into(running_games::table).values(row).execute(c).await?;
        Ok(())
    });
    begun.map(|()| game)
}

/// The commonest line there is, as a player's command leaves it.
fn drawn(seq: u64, ids: &IdSource, time: &dyn Clock) -> Recorded {
    let rule: ClockRule = RuleSet::naija_classic().clock;
    let (at, seat) = (time.now(), if seq.is_multiple_of(2) { Seat::First } else { Seat::Second });
    let mut clock = clock::Clock::new(rule);
    clock.begin_turn(rule, seat.other(), at);
    let drew = Event::Drew {
        seat,
        cards: CardSet::of("triangle-10".parse::<Card>()).unwrap_or_default(),
        cause: DrawCause::Choice,
        by: By::Player,
        reshuffled: false,
        waiting: None,
        next: seat.other(),
    };
    let answers = Some(Answered { seat, cid: ids.uuid(), act: "draw".to_owned() });
    Recorded { seq, at, entry: Entry::Rules(drew), clock: Some(clock), answers }
}
