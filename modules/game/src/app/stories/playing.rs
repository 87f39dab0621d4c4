//! Commands, answers, journals and what others see of them.

use super::*;

platform::for_each_database! { MIGRATIONS;
    async fn whole_games_of_every_preset_replay_to_the_live_state_and_leak_nothing(db: TestDb) {
        let house = House::open(&db.db).await;
        for name in RuleSet::PRESETS {
            let (game, players) = house.game(RuleSet::preset(name).unwrap()).await;
            let seed = hot::load(house.app.store.as_ref(), &house.app.keys, game).await.unwrap().shuffle.seed;
            let secret = data_encoding::BASE64URL_NOPAD.encode(&seed.reveal());
            while house.look(game, &players[0]).await.cards.outcome.is_none() {
                for (place, player) in players.iter().enumerate() {
                    let view = house.look(game, player).await;
                    let json = snapshot_json(&view);
                    assert!(!json.contains(&secret));
                    let mut seen: BTreeSet<Card> = view.cards.hand.unwrap().iter().collect();
                    seen.extend(view.cards.in_force);
                    if let Some(round) = view.cards.last_round.and_then(RoundView::whole) {
                        seen.extend(round.hands.first.iter().chain(round.hands.second.iter()));
                    }
                    assert!(cards_in(&json).is_subset(&seen), "{name}: seat {place} sees {json}");
                }
                house.clock.advance(Duration::from_millis(100));
                house.move_somehow(game, &players).await;
            }
            let stored = hot::load(house.app.store.as_ref(), &house.app.keys, game).await.unwrap();
            let live = house.look(game, &players[1]).await;
            assert_eq!(GameView::of(&stored, Seat::Second), live);
            no_body_leaks(&house, game);
            assert_eq!(kinds(&house.journal(game).await).last(), Some(&"revealed"));
        }
    }

    async fn what_was_published_is_what_storage_gives_to_those_who_come_later(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        house.play_out(game, &players).await;
        let heard = house.heard.of(game);
        let journal = house.journal(game).await;
        // The first lines are written with the acceptance, before anybody can follow.
        let published = journal.iter().skip(journal.len() - heard.len());
        for (line, heard) in published.zip(&heard) {
            for seat in Seat::ALL {
                let later = crate::live::wire::EventData::raw_with(line, *seat, None).unwrap();
                assert_eq!(later.get(), heard.bodies.get(*seat));
            }
        }
        assert!(heard.is_sorted_by_key(|heard| heard.line.seq) && heard.len() + 2 == journal.len());
    }

    async fn the_same_command_ten_times_at_once_on_two_nodes_has_one_effect_and_one_answer(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let other = house.next().await;
        let (mover, view) = turn_of(&house, game, &players).await;
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        let asks = (0..10).map(|number| {
            let node = if number % 2 == 0 { &house } else { &other };
            node.ask(game, &players[mover], asked)
        });
        let answers = join_all(asks).await;
        let before = view.seq;
        for answer in answers {
            assert!(matches!(answer, Answer::Done { seq } if seq == before + 1), "{answer:?}");
        }
        assert_eq!(house.journal(game).await.len() as u64, before + 1);
        let heard = house.heard.of(game).len() + other.heard.of(game).len();
        assert_eq!(heard, 1 + other.heard.of(game).iter().filter(|heard| heard.line.seq <= before).count());
    }

    async fn an_old_command_gets_its_old_answer_whatever_happened_since(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (mover, view) = turn_of(&house, game, &players).await;
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        let Answer::Done { seq } = house.ask(game, &players[mover], asked).await else { panic!() };
        house.play_out(game, &players).await;
        let node = house.next().await;
        for node in [&house, &node] {
            let again = node.ask(game, &players[mover], asked).await;
            assert!(matches!(again, Answer::Done { seq: answered } if answered == seq));
            let other = Asked { act: Act::Pass, ..asked };
            assert_eq!(refusal(&node.ask(game, &players[mover], other).await), "id_conflict");
        }
        let late = Asked { cid: house.cid(), base: Some(house.look(game, &players[0]).await.seq), act: Act::Draw };
        assert_eq!(refusal(&node.ask(game, &players[mover], late).await), "game_over");
    }

    async fn a_stale_base_gets_a_snapshot_and_nothing_changes(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let old = house.look(game, &players[0]).await.seq;
        let now = house.move_somehow(game, &players).await;
        let (mover, _) = turn_of(&house, game, &players).await;
        for base in [old, now + 1, u64::MAX] {
            let asked = Asked { cid: house.cid(), base: Some(base), act: Act::Draw };
            let Answer::Refused { why: Why::StaleBase, seq, view: Some(view) } =
                house.ask(game, &players[mover], asked).await
            else { panic!() };
            assert_eq!((seq, view.seq), (now, now));
        }
        assert_eq!(house.journal(game).await.len() as u64, now);
    }

    async fn commands_out_of_turn_and_strangers_are_refused_and_nothing_changes(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (mover, view) = turn_of(&house, game, &players).await;
        let asked = Asked { cid: house.cid(), base: Some(view.seq), act: Act::Draw };
        assert_eq!(refusal(&house.ask(game, &players[1 - mover], asked).await), "not_your_turn");
        let stranger = house.person("stranger");
        let answer = play::run(&house.app, house.call(&stranger), stranger.account, game, asked).await;
        assert!(matches!(answer, Err(hot::Trouble::NotFound)));
        let nothing = GameId::from_uuid(Uuid::from_u128(5));
        let answer = play::run(&house.app, house.call(&stranger), stranger.account, nothing, asked).await;
        assert!(matches!(answer, Err(hot::Trouble::NotFound)));
        assert_eq!(house.journal(game).await.len() as u64, view.seq);
    }

    async fn a_game_goes_on_after_a_restart_in_the_middle(db: TestDb) {
        let mut house = House::open(&db.db).await;
        let rules = { let mut rules = classic(); rules.set("match", "best_of(3)").unwrap(); rules.customised() };
        let (game, players) = house.game(rules).await;
        for round in 0..6 {
            for _ in 0..5 {
                if house.look(game, &players[0]).await.cards.outcome.is_none() {
                    house.move_somehow(game, &players).await;
                }
            }
            let before = house.look(game, &players[round % 2]).await;
            house = house.beside();
            let after = house.look(game, &players[round % 2]).await;
            assert_eq!(before, after);
            alive::take_over(&house.app, house.clock.now()).await.unwrap();
        }
        house.play_out(game, &players).await;
        let view = house.look(game, &players[0]).await;
        assert!(view.cards.wins.first == 2 || view.cards.wins.second == 2);
    }

    async fn two_nodes_play_one_game_and_the_journal_has_no_gap(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let other = house.next().await;
        let mut turn = 0;
        while house.look(game, &players[0]).await.cards.outcome.is_none() {
            let node = if turn % 2 == 0 { &house } else { &other };
            node.move_somehow(game, &players).await;
            turn += 1;
        }
        let journal = house.journal(game).await;
        assert!(journal.iter().zip(1..).all(|(line, seq)| line.seq == seq));
        assert_eq!(other.look(game, &players[1]).await, house.look(game, &players[1]).await);
    }

    async fn a_suspended_accounts_games_are_void_and_its_invites_gone_even_after_a_crash_in_between(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (untouched, _) = house.game(classic()).await;
        let invite = house.invite(&players[0], &name(&house, &players[1]).await, classic()).await.unwrap();
        // A first try voided the game and died before its cursor moved.
        let call = house.call(&players[0]);
        void_games::run(&house.app, &call, players[0].account, "account_suspended").await.unwrap();
        let offer = house.invite(&players[0], &name(&house, &players[1]).await, classic()).await.unwrap();
        let call = house.call(&players[1]);
        let later = accept_invite::run(&house.app, &call, players[1].account, offer.id, None).await.unwrap();
        let envelope = Envelope {
            number: 1,
            id: house.ids.next(),
            aggregate: players[0].account.to_string(),
            at: house.clock.now(),
            event: IdentityEvent::AccountSuspended { account: players[0].account },
        };
        let handler = FollowIdentity(Arc::clone(&house.app));
        begin_consumer(&db, follow_identity::CONSUMER).await;
        handler.handle(&envelope).await.unwrap();
        let view = house.look(game, &players[1]).await;
        assert_eq!(view.cards.outcome, Some(Outcome::Voided));
        assert!(view.seed.is_some());
        let later = house.look(later, &players[1]).await;
        assert_eq!(later.cards.outcome, Some(Outcome::Voided), "begun after the first try");
        let invite = house.app.store.invite(invite.id).await.unwrap().unwrap();
        assert_eq!((invite.recorded, invite.reason.as_deref()), (InviteState::Cancelled, Some("not_available")));
        let summary = house.app.store.summary(untouched).await.unwrap().unwrap();
        assert!(summary.ending.is_none());
        let board = history::scoreboard(&house.app, players[0].account, game).await.unwrap();
        assert_eq!(board.pair, crate::store::PairScore::default(), "a void game counts for nothing");
        assert!(house.heard.kinds_for(players[1].account).contains(&"game_invite_cancelled"));
    }

    async fn resigning_needs_no_turn_and_scores_for_the_other(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
        assert!(matches!(house.ask(game, &players[0], asked).await, Answer::Done { seq: 4 }));
        assert_eq!(kinds(&house.journal(game).await), ["started", "dealt", "match_ended", "revealed"]);
        let board = history::scoreboard(&house.app, players[1].account, game).await.unwrap();
        assert_eq!((board.pair.first_wins, board.pair.second_wins, board.pair.drawn), (0, 1, 0));
        assert_eq!(board.summary.ending.unwrap().reason, "resignation");
        for player in &players {
            assert_eq!(house.heard.kinds_for(player.account).last(), Some(&"game_over"));
        }
        let view = house.look(game, &players[0]).await;
        assert!(view.cards.phase == Phase::Over && view.legal.is_empty());
        let page = history::list(&house.app, players[0].account, None, None, kernel::Limit::MAX).await.unwrap();
        assert_eq!(page.items.iter().map(|summary| summary.game).collect::<Vec<_>>(), [game]);
    }

    async fn a_reconnect_token_opens_its_game_once_and_dies_in_time_and_with_its_session(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let spending = reconnect::Spending {
            store: house.app.store.clone(), keys: house.app.keys.clone(), clock: house.app.clock.clone(),
        };
        let mint = || async {
            let minted = reconnect::mint(&house.app, &players[0], game, Seat::First).await.unwrap();
            secrecy::ExposeSecret::expose_secret(&minted.token).to_owned()
        };
        let token = mint().await;
        assert_eq!(spending.spend(&token).await.ok(), Some((game, players[0].session)));
        assert!(spending.spend(&token).await.is_err(), "one use");
        let token = mint().await;
        house.clock.advance(Duration::from_mins(15));
        assert!(spending.spend(&token).await.is_err(), "15 minutes");
        let token = mint().await;
        let envelope = Envelope {
            number: 1,
            id: house.ids.next(),
            aggregate: players[0].account.to_string(),
            at: house.clock.now(),
            event: IdentityEvent::SessionsRevoked { account: players[0].account, session: Some(players[0].session) },
        };
        begin_consumer(&db, follow_identity::CONSUMER).await;
        FollowIdentity(Arc::clone(&house.app)).handle(&envelope).await.unwrap();
        assert!(spending.spend(&token).await.is_err(), "its session ended");
        assert!(spending.spend("rct_junk").await.is_err());
    }

    async fn a_game_that_nobody_asks_for_leaves_memory_and_is_there_when_it_is_asked_for(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let seq = house.move_somehow(game, &players).await;
        assert_eq!(house.app.tables.reap(), 1);
        assert_eq!(house.app.tables.reap(), 0);
        assert!(house.app.tables.find(game).is_none());
        assert!(house.move_somehow(game, &players).await > seq);
    }
}
