//! Turns that run out, people who are away, and times without any node.

use super::*;

platform::for_each_database! { MIGRATIONS;
    async fn a_move_received_in_time_wins_and_one_received_later_does_not(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (mover, view) = turn_of(&house, game, &players).await;
        let due = view.clock.turn.unwrap().due;
        house.clock.advance(due.since(house.clock.now()));
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        assert!(matches!(house.ask(game, &players[mover], asked).await, Answer::Done { .. }));
        let (mover, view) = turn_of(&house, game, &players).await;
        let due = view.clock.turn.unwrap().due;
        house.clock.advance(due.since(house.clock.now()) + Duration::from_micros(1));
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        let late = house.ask(game, &players[mover], asked).await;
        let Answer::Refused { why: Why::StaleBase, view: Some(after), .. } = late else { panic!("{late:?}") };
        assert_eq!(*after.cards.run_outs.get(Seat::ALL[mover]), 1);
        assert_ne!(after.cards.turn, Some(Seat::ALL[mover]));
    }

    async fn a_deadline_is_carried_out_once_by_whichever_node_notices(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let other = house.next().await;
        let (_, view) = turn_of(&house, game, &players).await;
        let due = view.clock.turn.unwrap().due;
        house.clock.advance((due.since(house.clock.now()) + LENIENCE).checked_sub(Duration::from_millis(1)).unwrap());
        deadlines::sweep(&house.app).await.unwrap();
        deadlines::wake(&house.app).await;
        assert_eq!(settle(&house, game, &players[0]).await.seq, view.seq, "not before its lenience");
        house.clock.advance(Duration::from_millis(1));
        let (one, two) = tokio::join!(deadlines::sweep(&house.app), deadlines::sweep(&other.app));
        one.and(two).unwrap();
        deadlines::wake(&house.app).await;
        settle(&other, game, &players[0]).await;
        let after = settle(&house, game, &players[0]).await;
        assert_eq!(after.cards.run_outs.first + after.cards.run_outs.second, 1);
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "drew"]);
        assert!(after.clock.turn.unwrap().due > house.clock.now());
    }

    async fn whoever_lets_three_turns_run_out_forfeits(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        while house.look(game, &players[0]).await.cards.outcome.is_none() {
            house.clock.advance(Duration::from_secs(81));
            deadlines::sweep(&house.app).await.unwrap();
        }
        let view = house.look(game, &players[0]).await;
        let Some(Outcome::Won { by: WonBy::Forfeit(_), winner }) = view.cards.outcome else { panic!() };
        let board = history::scoreboard(&house.app, players[0].account, game).await.unwrap();
        assert_eq!(board.summary.ending.unwrap().winner, Some(winner));
        assert_eq!(board.pair.first_wins + board.pair.second_wins, 1);
        assert_eq!(house.app.store.due(house.clock.now().plus(LIFE), 10).await.unwrap(), []);
    }

    async fn a_time_without_any_node_extends_every_running_clock_once_and_visibly(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (_, view) = turn_of(&house, game, &players).await;
        let due = view.clock.turn.unwrap().due;
        alive::beat(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(500));
        let next = house.beside();
        let began = next.clock.now();
        alive::take_over(&next.app, began).await.unwrap();
        let view = settle(&next, game, &players[0]).await;
        assert_eq!(view.clock.turn.unwrap().due, due.plus(Duration::from_secs(500)));
        // One that came up at the same time found the same gap.
        let twin = house.beside();
        let gap = crate::domain::clock::Gap { from: began.minus(Duration::from_secs(500)), to: began };
        let (done, _) = tokio::sync::oneshot::channel();
        twin.app.tables.send(game, hot::Message::Extend(gap, done)).await.unwrap();
        settle(&twin, game, &players[0]).await;
        deadlines::sweep(&next.app).await.unwrap();
        settle(&next, game, &players[0]).await;
        assert_eq!(kinds(&next.journal(game).await), ["started", "dealt", "clock_extended"]);
        assert_eq!(next.heard.of(game).len(), 1);
    }

    async fn nothing_lapses_before_it_is_known_whether_a_gap_explains_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (mover, view) = turn_of(&house, game, &players).await;
        alive::beat(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(500));
        let next = house.beside();
        let began = next.clock.now();
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        let mut asking = std::pin::pin!(next.ask(game, &players[mover], asked));
        let early = tokio::time::timeout(Duration::from_millis(200), &mut asking).await;
        assert!(early.is_err(), "decided before it was known: {early:?}");
        alive::take_over(&next.app, began).await.unwrap();
        let answer = asking.await;
        assert!(matches!(answer, Answer::Done { .. }), "the move is in time: {answer:?}");
        assert_eq!(kinds(&next.journal(game).await), ["started", "dealt", "clock_extended", "drew"]);
    }

    async fn a_seat_is_away_once_its_leases_lapse_and_back_when_it_follows_again(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let account = players[0].account;
        let there = |there| house.app.presences.note(game, account, there);
        there(true);
        presence::flush(&house.app).await.unwrap();
        for _ in 0..5 {
            house.clock.advance(Duration::from_secs(3));
            presence::renew(&house.app).await.unwrap();
            presence::notice_lapses(&house.app).await.unwrap();
        }
        assert_eq!(settle(&house, game, &players[0]).await.clock.away.first, None);
        there(false);
        presence::flush(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(4));
        presence::renew(&house.app).await.unwrap();
        presence::notice_lapses(&house.app).await.unwrap();
        assert_eq!(settle(&house, game, &players[0]).await.clock.away.first, None, "a reconnect is in time");
        house.clock.advance(Duration::from_secs(1));
        presence::notice_lapses(&house.app).await.unwrap();
        presence::notice_lapses(&house.app).await.unwrap();
        let since = settle(&house, game, &players[1]).await.clock.away.first;
        assert_eq!(since, Some(house.clock.now()));
        there(true);
        presence::flush(&house.app).await.unwrap();
        assert_eq!(settle(&house, game, &players[1]).await.clock.away.first, None);
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "away", "back"]);
        assert!(house.app.store.lapsed(house.clock.now(), 10).await.unwrap().is_empty());
    }

    async fn whoever_comes_and_goes_between_two_looks_is_away_all_the_same(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        for there in [true, false] {
            house.app.presences.note(game, players[0].account, there);
        }
        presence::flush(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(5));
        presence::notice_lapses(&house.app).await.unwrap();
        assert_eq!(settle(&house, game, &players[1]).await.clock.away.first, Some(house.clock.now()));
        // The last word again, after the seat is known to be away: nothing to tell, and nothing stays behind.
        house.app.presences.note(game, players[0].account, false);
        presence::flush(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(5));
        presence::notice_lapses(&house.app).await.unwrap();
        settle(&house, game, &players[1]).await;
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "away"]);
        assert!(house.app.store.lapsed(house.clock.now(), 10).await.unwrap().is_empty());
    }

    async fn away_with_the_turn_forfeits_after_its_countdown(db: TestDb) {
        let house = House::open(&db.db).await;
        let mut rules = classic();
        rules.set("clock.reserve_s", "600").unwrap();
        let (game, players) = house.game(rules.customised()).await;
        let (mover, _) = turn_of(&house, game, &players).await;
        for there in [true, false] {
            house.app.presences.note(game, players[mover].account, there);
            presence::flush(&house.app).await.unwrap();
        }
        house.clock.advance(Duration::from_secs(5));
        presence::notice_lapses(&house.app).await.unwrap();
        let view = settle(&house, game, &players[1 - mover]).await;
        let forfeits_at = view.forfeits_at.get(Seat::ALL[mover]).unwrap();
        assert_eq!(forfeits_at, house.clock.now().plus(Duration::from_mins(1)));
        house.clock.advance(Duration::from_mins(1) + LENIENCE);
        deadlines::sweep(&house.app).await.unwrap();
        let view = settle(&house, game, &players[0]).await;
        let Some(Outcome::Won { winner, by }) = view.cards.outcome else { panic!() };
        assert_eq!((winner.index(), by.name()), (1 - mover, "forfeit_away"));
    }

    async fn whoever_follows_here_is_not_away_though_no_lease_could_be_renewed(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        house.app.presences.note(game, players[0].account, true);
        presence::flush(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(40));
        presence::notice_lapses(&house.app).await.unwrap();
        assert_eq!(settle(&house, game, &players[1]).await.clock.away.first, None);
        presence::flush(&house.app).await.unwrap();
        assert!(house.app.store.lapsed(house.clock.now(), 10).await.unwrap().is_empty(), "leased anew");
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt"]);
    }

    async fn a_node_whose_leases_lapsed_takes_them_anew_and_whom_it_holds_is_back(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let other = house.next().await;
        house.app.presences.note(game, players[0].account, true);
        presence::flush(&house.app).await.unwrap();
        presence::renew(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(40));
        presence::notice_lapses(&other.app).await.unwrap();
        assert!(settle(&other, game, &players[1]).await.clock.away.first.is_some(), "nobody vouched for it");
        presence::renew(&house.app).await.unwrap();
        presence::flush(&house.app).await.unwrap();
        assert_eq!(settle(&house, game, &players[1]).await.clock.away.first, None);
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "away", "back"]);
        house.clock.advance(Duration::from_secs(29));
        presence::notice_lapses(&other.app).await.unwrap();
        assert_eq!(settle(&other, game, &players[1]).await.clock.away.first, None, "the lease lasts");
    }

    async fn whoever_acts_is_back_and_counts_as_seen_for_as_long_as_a_lease_lasts(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (mover, _) = turn_of(&house, game, &players).await;
        let away = async || *settle(&house, game, &players[0]).await.clock.away.get(Seat::ALL[mover]);
        for there in [true, false] {
            house.app.presences.note(game, players[mover].account, there);
            presence::flush(&house.app).await.unwrap();
        }
        house.clock.advance(Duration::from_secs(5));
        presence::notice_lapses(&house.app).await.unwrap();
        assert!(away().await.is_some());
        let asked = Asked { cid: house.cid(), base: None, act: Act::Draw };
        assert!(matches!(house.ask(game, &players[mover], asked).await, Answer::Done { seq: 5 }));
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "away", "back", "drew"]);
        presence::flush(&house.app).await.unwrap();
        for lasts in [29, 1] {
            assert_eq!(away().await, None);
            house.clock.advance(Duration::from_secs(lasts));
            presence::notice_lapses(&house.app).await.unwrap();
        }
        assert_eq!(away().await, Some(house.clock.now()), "nobody follows for it");
    }
}
