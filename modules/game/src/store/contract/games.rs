//! Journals and what follows from them.

use std::time::Duration;

use futures_util::future::join_all;
use game_engine::BySeat;
use kernel::TypedId;

use super::*;
use crate::domain::ending::Status;
use crate::store::{GamesQuery, PairScore};

fn nothing() -> GameId {
    GameId::from_uuid(Uuid::from_u128(9))
}

for_each_store! {
    async fn of_many_appends_on_one_head_one_wins_and_the_others_change_nothing(stage: Stage) {
        let (table, _) = stage.game().await;
        let plans: Vec<Plan> = (0..16).map(|_| stage.draw(&table, stage.house.cid())).collect();
        let appends = plans.iter().map(|plan| stage.store().append(append(&table, plan)));
        let outcomes = join_all(appends).await;
        let won: Vec<usize> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| matches!(outcome, Ok(Some(_))))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(won.len(), 1, "{outcomes:?}");
        assert!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(None))).count() == 15);
        assert_eq!(stage.house.journal(table.game).await[2..], plans[won[0]].lines);
    }

    async fn a_command_id_stands_once_in_a_journal_whoever_appends_it(stage: Stage) {
        let (mut table, _) = stage.game().await;
        let cid = stage.house.cid();
        let first = stage.draw(&table, cid);
        assert!(stage.store().append(append(&table, &first)).await.unwrap().is_some());
        let seat = table.state.turn();
        table.commit(first);
        let other = stage.draw(&table, cid);
        assert!(stage.store().append(append(&table, &other)).await.unwrap().is_some(), "of the other player");
        table.commit(other);
        assert_eq!(table.state.turn(), seat);
        let again = stage.draw(&table, cid);
        let refused = stage.store().append(append(&table, &again)).await.unwrap_err();
        assert!(refused.conflicts_on("journal_cid_game_seat_key"), "{refused:?}");
        assert_eq!(stage.store().heads(vec![table.game]).await.unwrap(), [(table.game, table.head)], "rolled back whole");
        let elsewhere = stage.game().await.0;
        let plan = stage.draw(&elsewhere, cid);
        assert!(stage.store().append(append(&elsewhere, &plan)).await.unwrap().is_some(), "in another game");
    }

    async fn a_whole_game_is_loaded_as_it_was_appended(stage: Stage) {
        let (mut table, players) = stage.game().await;
        let plan = stage.draw(&table, stage.house.cid());
        stage.store().append(append(&table, &plan)).await.unwrap();
        table.commit(plan);
        let journal = stage.store().journal(table.game).await.unwrap().unwrap();
        assert_eq!(journal.players, BySeat::new(players[0].account, players[1].account));
        assert_eq!(journal.rules, RuleSet::naija_classic());
        assert_eq!(stage.store().sealed_seed(table.game).await.unwrap().unwrap(), journal.sealed_seed);
        assert_eq!(journal.lines, stage.house.journal(table.game).await);
        assert_eq!(stage.table(table.game).await, table, "replayed");
        assert!(stage.store().journal(nothing()).await.unwrap().is_none());
    }

    async fn heads_and_lines_tell_of_running_and_finished_games_alike(stage: Stage) {
        let (running, _) = stage.house.game(RuleSet::naija_classic()).await;
        let (over, players) = stage.house.game(RuleSet::quick()).await;
        stage.house.play_out(over, &players).await;
        let length = stage.house.journal(over).await.len() as u64;
        let mut heads = stage.store().heads(vec![running, over, nothing()]).await.unwrap();
        heads.sort_unstable();
        let mut expected = vec![(running, 2), (over, length)];
        expected.sort_unstable();
        assert_eq!(heads, expected);
        assert_eq!(stage.store().heads(Vec::new()).await.unwrap(), []);
        let part = stage.store().lines(over, length - 3, 2).await.unwrap().unwrap();
        assert_eq!(part.lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [length - 2, length - 1]);
        assert_eq!(part.head, length);
        for beyond in [length, length + 5, u64::MAX] {
            let none = stage.store().lines(over, beyond, 2).await.unwrap().unwrap();
            assert_eq!((none.lines, none.head), (Vec::new(), length));
        }
        assert!(stage.store().lines(nothing(), 0, 2).await.unwrap().is_none());
    }

    async fn a_match_that_ends_leaves_its_traces_in_the_same_transaction(stage: Stage) {
        let (mut table, players) = stage.game().await;
        let draw = stage.draw(&table, stage.house.cid());
        stage.store().append(append(&table, &draw)).await.unwrap();
        table.commit(draw);
        let plan = stage.resign(&table, Seat::First);
        let finish = stage.finish(&table, &plan, &players[0], "");
        let whole = Append { finish: Some(finish.clone()), ..append(&table, &plan) };
        let stale = Append { expected: table.head - 1, ..whole.clone() };
        assert_eq!(stage.store().append(stale).await.unwrap(), None);
        assert!(stage.store().summary(table.game).await.unwrap().unwrap().ending.is_none(), "nothing changed");
        let told = stage.store().append(whole).await.unwrap().unwrap();
        assert_eq!(told.iter().map(|told| told.kind).collect::<Vec<_>>(), ["game_over"; 2]);
        let summary = stage.store().summary(table.game).await.unwrap().unwrap();
        assert_eq!(summary.ending, Some(finish.ending.clone()));
        assert_eq!((summary.rounds, summary.points, summary.wins), (finish.rounds, finish.points, finish.wins));
        assert_eq!(summary.ended_at, Some(stage.now()));
        assert_eq!(stage.store().heads(vec![table.game]).await.unwrap(), [(table.game, plan.head)]);
        assert_eq!(stage.store().running(None, None, 10).await.unwrap(), []);
        let late = stage.now().plus(Duration::from_hours(9));
        assert_eq!(stage.store().due(late, 10).await.unwrap(), []);
        let audited = [("game.finish", Some("resignation")), ("game.start", None)];
        let audited = audited.map(|(action, why)| (action.to_owned(), table.game.to_string(), why.map(str::to_owned)));
        assert_eq!(stage.audited(table.game).await, audited);
        let both = [players[0].account, players[1].account];
        let outcome = game_api::GameOutcome { winner: Some(both[1]), reason: "resignation".to_owned() };
        let game = table.game;
        assert_eq!(stage.announced(game).await, [
            GameEvent::GameFinished { game, players: both, outcome },
            GameEvent::GameStarted { game, players: both },
        ]);
        assert_eq!(stage.notices(&players[0]).await, ["game_invite_accepted", "game_started", "game_over"]);
        assert_eq!(stage.notices(&players[1]).await, ["game_invited", "game_started", "game_over"]);
        table.commit(plan);
        let other = stage.game().await.0;
        let late = stage.draw(&other, stage.house.cid());
        let late = Append { game, expected: table.head, ..append(&other, &late) };
        assert_eq!(stage.store().append(late).await.unwrap(), None, "it is over");
    }

    async fn a_voided_match_counts_for_nothing_and_its_reason_stays_between_staff_and_the_record(stage: Stage) {
        let (table, players) = stage.game().await;
        let plan = table.void(stage.now()).unwrap();
        let finish = stage.finish(&table, &plan, &players[0], "collusion");
        let told = stage.store().append(Append { finish: Some(finish), ..append(&table, &plan) }).await.unwrap().unwrap();
        assert!(told.iter().all(|told| told.body["reason"] == "voided"), "{told:?}");
        let summary = stage.store().summary(table.game).await.unwrap().unwrap();
        let ending = summary.ending.unwrap();
        assert_eq!((ending.status, ending.winner, ending.reason.as_str()), (Status::Voided, None, "collusion"));
        assert_eq!(stage.store().pair_score(table.players).await.unwrap(), PairScore::default());
        let voided = |row: &Audited| row.0 == "game.void" && row.2.as_deref() == Some("collusion");
        assert!(stage.audited(table.game).await.iter().any(voided));
        let voided = |event: &GameEvent| matches!(event, GameEvent::GameVoided { reason, .. } if reason == "collusion");
        assert!(stage.announced(table.game).await.iter().any(voided));
    }

    async fn lists_are_paged_without_gap_or_repeat_and_filtered_by_status(stage: Stage) {
        let house = &stage.house;
        let [one, two, _]: [Principal; 3] = house.network("pages");
        let mut games = Vec::new();
        for number in 0..5 {
            house.clock.advance(Duration::from_millis(5));
            let invite = house.invite(&one, "pages1", RuleSet::quick()).await.unwrap();
            let call = house.call(&two);
            let game = crate::app::accept_invite::run(&house.app, &call, two.account, invite.id, None).await.unwrap();
            if number % 2 == 0 {
                let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
                house.ask(game, &one, asked).await;
            }
            games.insert(0, game);
        }
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let query = GamesQuery { account: two.account, status: None, before, rows: 2 };
            let page = stage.store().games(query).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.game);
            seen.extend(page.iter().map(|summary| summary.game));
        }
        assert_eq!(seen, games);
        let finished = GamesQuery { account: one.account, status: Some(Status::Finished), before: None, rows: 10 };
        let finished = stage.store().games(finished).await.unwrap();
        assert_eq!(finished.iter().map(|summary| summary.game).collect::<Vec<_>>(), [games[0], games[2], games[4]]);
        let players = finished[0].players;
        let score = stage.store().pair_score(players).await.unwrap();
        assert_eq!((score.first_wins, score.second_wins, score.drawn), (0, 3, 0));
        let turned = stage.store().pair_score(BySeat::new(players.second, players.first)).await.unwrap();
        assert_eq!((turned.first_wins, turned.second_wins, turned.drawn), (3, 0, 0));
        assert_eq!(stage.store().running(Some(one.account), None, 10).await.unwrap(), [games[3], games[1]]);
        assert_eq!(stage.store().running(None, Some(games[3]), 10).await.unwrap(), [games[1]]);
        assert_eq!(stage.store().running(Some(two.account), Some(games[3]), 10).await.unwrap(), [games[1]]);
        assert_eq!(stage.store().running(None, None, 1).await.unwrap(), [games[3]]);
        let stranger = house.person("stranger").account;
        let query = GamesQuery { account: stranger, status: None, before: None, rows: 2 };
        assert_eq!(stage.store().games(query).await.unwrap(), []);
        assert_eq!(stage.store().running(Some(stranger), None, 2).await.unwrap(), []);
    }

    async fn a_seat_is_its_players_alone(stage: Stage) {
        let (table, players) = stage.game().await;
        for (seat, player) in [Seat::First, Seat::Second].into_iter().zip(&players) {
            assert_eq!(stage.store().seat(table.game, player.account).await.unwrap(), Some(seat));
            assert_eq!(stage.store().seat(nothing(), player.account).await.unwrap(), None);
        }
        let stranger = stage.house.person("stranger").account;
        assert_eq!(stage.store().seat(table.game, stranger).await.unwrap(), None);
        assert!(stage.store().summary(nothing()).await.unwrap().is_none());
    }
}
