//! Spectators, and journals as they were known some time ago.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use kernel::id::AccountId;

use super::*;
use crate::domain::notice::{Addressed, Notice};
use crate::domain::spectator::SpectatorState::{self, Agreed, Declined, Ended, Proposed};
use crate::domain::spectator::{MOST, Spectator};
use crate::store::{Cancelling, Proposing, Turning};

fn proposed(stage: &Stage, table: &Table, account: AccountId) -> Spectator {
    let now = stage.now();
    Spectator {
        game: table.game,
        account,
        proposed_by: table.players.first,
        state: SpectatorState::Proposed,
        proposed_at: now,
        changed_at: now,
    }
}

fn notice(table: &Table, spectator: AccountId) -> Vec<Addressed> {
    let notice = Notice::WatchProposed { game: table.game, spectator, by: table.players.first };
    vec![Addressed { to: table.players.second, notice }]
}

for_each_store! {
    async fn somebody_is_proposed_once_and_anew_only_after_it_ended(stage: Stage) {
        let (table, players) = stage.game().await;
        let (watcher, store) = (stage.house.person("watcher"), stage.store());
        let new = proposed(&stage, &table, watcher.account);
        let propose = async || {
            let notices = notice(&table, watcher.account);
            store.propose_spectator(new, notices, stage.stamp(&players[0])).await.unwrap()
        };
        assert!(matches!(propose().await, Proposing::Made(told) if told.len() == 1));
        assert_eq!(propose().await, Proposing::There(new));
        assert_eq!(store.spectators(table.game).await.unwrap(), [new]);
        let turning = |from, to| Turning {
            game: table.game,
            account: watcher.account,
            from,
            to,
            notices: notice(&table, watcher.account),
        };
        let turn = async |from, to| store.turn_spectator(turning(from, to), stage.stamp(&players[1])).await.unwrap();
        assert_eq!(turn(Agreed, Ended).await, None, "it is not agreed yet");
        assert!(turn(Proposed, Agreed).await.is_some());
        assert_eq!(turn(Proposed, Declined).await, None);
        let stands = store.spectator(table.game, watcher.account).await.unwrap().unwrap();
        assert_eq!((stands.state, stands.proposed_by), (Agreed, table.players.first));
        assert!(turn(Agreed, Ended).await.is_some());
        assert_eq!(store.spectators(table.game).await.unwrap(), []);
        assert!(matches!(propose().await, Proposing::Made(_)), "anew");
        let said: Vec<String> = stage.audited(table.game).await.into_iter().map(|(action, ..)| action).collect();
        assert_eq!(said, ["game.spectator.agree", "game.spectator.end", "game.spectator.propose", "game.spectator.propose", "game.start"]);
        assert_eq!(stage.notices(&players[1]).await.len(), 6);
    }

    async fn a_game_has_so_many_spectators_and_no_more_and_none_when_it_is_over(stage: Stage) {
        let (table, players) = stage.game().await;
        let ask = async |account| {
            let new = proposed(&stage, &table, account);
            stage.store().propose_spectator(new, Vec::new(), stage.stamp(&players[0])).await.unwrap()
        };
        for number in 0..MOST {
            let person = stage.house.person(&format!("watcher{number}"));
            assert!(matches!(ask(person.account).await, Proposing::Made(_)));
        }
        let one_more = stage.house.person("one-more").account;
        assert_eq!(ask(one_more).await, Proposing::TooMany);
        assert_eq!(stage.store().spectators(table.game).await.unwrap().len(), MOST);
        let plan = stage.resign(&table, Seat::First);
        let finish = Some(stage.finish(&table, &plan, &players[0], ""));
        stage.store().append(Append { finish, ..append(&table, &plan) }).await.unwrap();
        assert_eq!(ask(one_more).await, Proposing::Over);
    }

    async fn whoever_is_proposed_at_once_is_proposed_once_and_no_more_than_there_is_room_for(stage: Stage) {
        let (table, players) = stage.game().await;
        let ask = async |account| {
            let new = proposed(&stage, &table, account);
            stage.store().propose_spectator(new, notice(&table, account), stage.stamp(&players[0])).await
        };
        let one = stage.house.person("one").account;
        let twice = join_all((0..4).map(|_| ask(one))).await;
        let made = twice.iter().filter(|asked| matches!(asked, Ok(Proposing::Made(_)))).count();
        assert!(made == 1 && twice.iter().all(Result::is_ok), "{twice:?}");
        let others = (0..2 * MOST).map(|number| stage.house.person(&format!("watcher{number}")).account);
        let asked = join_all(others.map(ask)).await;
        let made = asked.iter().filter(|asked| matches!(asked, Ok(Proposing::Made(_)))).count();
        let refused = asked.iter().filter(|asked| matches!(asked, Ok(Proposing::TooMany))).count();
        assert_eq!((made, refused), (MOST - 1, MOST + 1), "{asked:?}");
        assert_eq!(stage.store().spectators(table.game).await.unwrap().len(), MOST);
    }

    async fn those_are_found_who_watch_a_game_of_people_that_are_parted(stage: Stage) {
        let (table, players) = stage.game().await;
        let (other_table, _) = stage.game().await;
        let store = stage.store();
        let [watcher, asked, foreign] = ["watcher", "asked", "foreign"].map(|name| stage.house.person(name).account);
        for (table, account) in [(&table, watcher), (&table, asked), (&other_table, foreign)] {
            let new = proposed(&stage, table, account);
            store.propose_spectator(new, Vec::new(), stage.stamp(&players[0])).await.unwrap();
        }
        let among = async |which| {
            let found = store.spectators_among(which, 10).await.unwrap();
            found.into_iter().map(|one| one.account).collect::<BTreeSet<AccountId>>()
        };
        let [first, second] = [table.players.first, table.players.second];
        let both = BTreeSet::from([watcher, asked]);
        assert_eq!(among(Cancelling::Between(second, first)).await, both, "the players");
        for pair in [(watcher, first), (second, watcher)] {
            assert_eq!(among(Cancelling::Between(pair.0, pair.1)).await, BTreeSet::from([watcher]));
        }
        assert_eq!(among(Cancelling::AllOf(first)).await, both);
        assert_eq!(among(Cancelling::AllOf(foreign)).await, BTreeSet::from([foreign]));
        for pair in [(watcher, asked), (first, foreign), (foreign, watcher)] {
            assert_eq!(among(Cancelling::Between(pair.0, pair.1)).await, BTreeSet::new(), "they have nothing to do");
        }
        assert_eq!(store.spectators_among(Cancelling::AllOf(first), 1).await.unwrap().len(), 1);
        let turning = Turning { game: table.game, account: watcher, from: Proposed, to: Ended, notices: Vec::new() };
        store.turn_spectator(turning, stage.stamp(&players[0])).await.unwrap();
        assert_eq!(among(Cancelling::AllOf(first)).await, BTreeSet::from([asked]), "one is open no more");
        let plan = stage.resign(&table, Seat::First);
        let finish = Some(stage.finish(&table, &plan, &players[0], ""));
        store.append(Append { finish, ..append(&table, &plan) }).await.unwrap();
        assert_eq!(among(Cancelling::AllOf(first)).await, BTreeSet::new(), "the game is over");
    }

    async fn of_a_journal_only_what_was_there_at_an_instant_is_told(stage: Stage) {
        let (table, _) = stage.game().await;
        let begun = stage.now();
        stage.house.clock.advance(Duration::from_secs(5));
        let plan = stage.draw(&table, stage.house.cid());
        stage.store().append(append(&table, &plan)).await.unwrap();
        let until = async |until, after| stage.store().lines_until(table.game, after, until, 10).await.unwrap();
        let seqs = |lines: &crate::store::Lines| lines.lines.iter().map(|line| line.seq).collect::<Vec<_>>();
        let before = until(begun.minus(Duration::from_micros(1)), 0).await;
        assert_eq!((seqs(&before), before.head), (Vec::new(), 0));
        let first = until(begun, 0).await;
        assert_eq!((seqs(&first), first.head), (vec![1, 2], 2), "to the instant");
        let all = until(stage.now(), 1).await;
        assert_eq!((seqs(&all), all.head), (vec![2, 3], 3));
        let nothing = until(stage.now(), u64::MAX).await;
        assert_eq!((seqs(&nothing), nothing.head), (Vec::new(), 3));
    }
}
