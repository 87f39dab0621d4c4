//! The published record of a game that is over, for its two players: anybody they give it to can verify it offline.

use game_engine::BySeat;
use game_record::{Line, Player, Record};
use kernel::CallContext;
use kernel::id::{AccountId, GameId};

use super::App;
use super::hot::Trouble;
use crate::domain::entry::Recorded;
use crate::store::StoreError;

/// Why there is no record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofError {
    /// It would tell both hands and the seed.
    #[error("the match is not over")]
    NotOver,
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl From<StoreError> for ProofError {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// The whole record.
pub(crate) async fn run(
    app: &App,
    call: &CallContext,
    account: AccountId,
    game: GameId,
) -> Result<Record, ProofError> {
    let summary = app.store.summary(game).await?.ok_or(Trouble::NotFound)?;
    let BySeat { first, second } = summary.players;
    if account != first && account != second {
        return Err(Trouble::NotFound.into());
    }
    if summary.ending.is_none() {
        return Err(ProofError::NotOver);
    }
    let journal = app.store.journal(game).await?.ok_or(Trouble::NotFound)?;
    let names = app.names.of(call, [first, second]).await;
    let players = summary.players.map(|account| Player { account, username: names.get(&account).cloned() });
    let lines = journal.lines.into_iter().map(published).collect();
    Record::of(game, players, lines).ok_or_else(|| {
        tracing::error!(%game, "the journal of a game that is over has no end");
        Trouble::Broken.into()
    })
}

/// A line without the command it answers, which is between its player and the server.
fn published(line: Recorded) -> Line {
    Line { seq: line.seq, at: line.at, entry: line.entry, clock: line.clock }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use game_engine::{Outcome, RuleSet, Seat, WonBy};
    use game_record::{Found, Remembered, verify};
    use kernel::{Clock, Principal};
    use platform::testing::TestDb;

    use crate::MIGRATIONS;
    use crate::app::{alive, deadlines, presence, replay, void_games};
    use crate::domain::command::{Act, Asked};
    use crate::domain::entry::Entry;
    use crate::house::House;

    async fn record(house: &House, game: GameId, player: &Principal) -> Record {
        run(&house.app, &house.call(player), player.account, game).await.unwrap()
    }

    /// Both players get the same record, it verifies as a stranger would see it, and its story can be told.
    async fn verified(house: &House, game: GameId, players: &[Principal; 2]) -> Record {
        let one = record(house, game, &players[0]).await;
        assert_eq!(one, record(house, game, &players[1]).await);
        let report = verify(&one.to_json().unwrap(), &Remembered::default()).unwrap();
        let faults: Vec<_> = report.checks.iter().filter(|check| check.found != Found::Ok).collect();
        assert!(report.holds(), "{faults:?} under {}", one.rules);
        let call = house.call(&players[0]);
        let story = replay::story(&house.app, &call, players[0].account, game).await.unwrap();
        assert_eq!(story.outcome(), Some(one.ending.outcome));
        one
    }

    async fn resign(house: &House, game: GameId, player: &Principal) {
        let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
        house.ask(game, player, asked).await;
    }

    platform::for_each_database! { MIGRATIONS;
        async fn what_the_server_records_verifies_under_every_preset_and_through_several_rounds(db: TestDb) {
            let house = House::open(&db.db).await;
            for (number, name) in RuleSet::PRESETS.into_iter().enumerate() {
                let mut rules = RuleSet::preset(name).unwrap();
                if number % 2 == 1 {
                    rules.set("match", "best_of(3)").unwrap();
                    rules.set("double_deck", "group").unwrap();
                    rules.set("market.reshuffles", "unlimited").unwrap();
                }
                let (game, players) = house.game(rules.customised()).await;
                house.play_out(game, &players).await;
                let record = verified(&house, game, &players).await;
                let names = record.players.map(|player| player.username.unwrap());
                assert!(names.first.ends_with('0') && names.second.ends_with('1'), "{names:?}");
            }
        }

        async fn a_game_that_is_played_has_no_record_and_strangers_never_get_one(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::naija_classic()).await;
            let stranger = house.person("stranger");
            let ask = async |who: &Principal| run(&house.app, &house.call(who), who.account, game).await;
            assert!(matches!(ask(&players[0]).await, Err(ProofError::NotOver)));
            assert!(matches!(ask(&stranger).await, Err(ProofError::Trouble(Trouble::NotFound))));
            resign(&house, game, &players[1]).await;
            assert!(ask(&players[1]).await.is_ok());
            assert!(matches!(ask(&stranger).await, Err(ProofError::Trouble(Trouble::NotFound))));
            let nowhere = house.ids.next();
            let none = run(&house.app, &house.call(&players[0]), players[0].account, nowhere).await;
            assert!(matches!(none, Err(ProofError::Trouble(Trouble::NotFound))));
        }

        async fn time_outs_verify_and_so_does_a_voided_game(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::preset("pagat").unwrap()).await;
            let mut moves = 0;
            while house.look(game, &players[0]).await.cards.outcome.is_none() {
                moves += 1;
                if moves < 30 {
                    house.move_somehow(game, &players).await;
                    house.clock.advance(Duration::from_millis(900));
                } else {
                    house.clock.advance(Duration::from_secs(81));
                }
                deadlines::sweep(&house.app).await.unwrap();
            }
            verified(&house, game, &players).await;

            let (game, players) = house.game(RuleSet::naija_classic()).await;
            house.move_somehow(game, &players).await;
            let call = house.call(&players[0]);
            void_games::run(&house.app, &call, players[0].account, "test").await.unwrap();
            assert_eq!(verified(&house, game, &players).await.ending.outcome, Outcome::Voided);
        }

        async fn going_away_coming_back_and_a_time_without_any_node_verify(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::naija_classic()).await;
            let there = |there| house.app.presences.note(game, players[0].account, there);
            for is_there in [true, false, true, false] {
                there(is_there);
                presence::flush(&house.app).await.unwrap();
                house.clock.advance(Duration::from_secs(7));
                presence::notice_lapses(&house.app).await.unwrap();
                house.look(game, &players[0]).await;
            }
            alive::beat(&house.app).await.unwrap();
            house.clock.advance(Duration::from_secs(500));
            let next = house.beside();
            alive::take_over(&next.app, next.clock.now()).await.unwrap();
            next.look(game, &players[0]).await;
            next.move_somehow(game, &players).await;
            while next.look(game, &players[0]).await.cards.outcome.is_none() {
                next.clock.advance(Duration::from_secs(30));
                deadlines::sweep(&next.app).await.unwrap();
                deadlines::wake(&next.app).await;
            }
            let record = verified(&next, game, &players).await;
            let has = |wanted: fn(&Entry) -> bool| record.lines.iter().any(|line| wanted(&line.entry));
            assert!(has(|entry| matches!(entry, Entry::Away { seat: Seat::First })));
            assert!(has(|entry| matches!(entry, Entry::Back { seat: Seat::First })));
            assert!(has(|entry| matches!(entry, Entry::ClockExtended(_))));
            assert!(matches!(record.ending.outcome, Outcome::Won { by: WonBy::Forfeit(_), .. }));
        }
    }
}
