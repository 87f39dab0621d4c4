//! Games as people live through them, on both databases: real tasks and storage, a clock that only tests move.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use game_engine::{Card, Outcome, Phase, RuleSet, Seat, WonBy};
use identity_api::IdentityEvent;
use kernel::id::{GameId, Uuid};
use kernel::{Clock, Envelope, Principal, Timestamp, TypedId};
use platform::inbox::Handler;
use platform::testing::TestDb;

use super::create_invite::CreateError;
use super::follow_customer::FollowCustomer;
use super::follow_identity::FollowIdentity;
use super::hot::{self, Answer, Why};
use super::{
    accept_invite, alive, answer_invite, create_invite, deadlines, follow_customer, follow_identity, history,
    play, presence, put_entropy, reconnect, rematch, restrict, void_games,
};
use crate::MIGRATIONS;
use crate::domain::clock::LENIENCE;
use crate::domain::command::{Act, Asked};
use crate::domain::entry::Entry;
use crate::domain::invite::{DeclineReason, InviteClosed, InviteState, LIFE};
use crate::domain::shuffle::{Commitment, Entropy};
use crate::domain::view::GameView;
use crate::house::House;
use crate::live::wire::Snapshot;
use crate::store::Cancelling;

fn classic() -> RuleSet {
    RuleSet::naija_classic()
}

/// Every text in a JSON document that names a card.
fn cards_in(json: &str) -> BTreeSet<Card> {
    json.split('"').filter_map(|text| text.parse::<Card>().ok()).collect()
}

fn snapshot_json(view: &GameView) -> String {
    serde_json::to_string(&Snapshot::of(view, &std::collections::HashMap::new())).unwrap()
}

fn refusal(answer: Answer) -> &'static str {
    match answer {
        Answer::Refused { why, .. } => why.code(),
        Answer::Done { .. } => "done",
    }
}

async fn turn_of(house: &House, game: GameId, players: &[Principal; 2]) -> (usize, GameView) {
    let view = house.look(game, &players[0]).await;
    let mover = view.cards.turn.unwrap().index();
    (mover, house.look(game, &players[mover]).await)
}

/// Waits until the game's task has done what it was told so far.
async fn settle(house: &House, game: GameId, principal: &Principal) -> GameView {
    house.look(game, principal).await
}

fn kinds(lines: &[crate::domain::entry::Recorded]) -> Vec<&'static str> {
    let kind = |line: &crate::domain::entry::Recorded| match &line.entry {
        Entry::Started(_) => "started",
        Entry::Rules(event) => event.kind(),
        Entry::Away { .. } => "away",
        Entry::Back { .. } => "back",
        Entry::ClockExtended(_) => "clock_extended",
        Entry::Revealed(_) => "revealed",
    };
    lines.iter().map(kind).collect()
}

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
                    if let Some(round) = view.cards.last_round {
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
                let later = crate::live::wire::EventData::raw(line, *seat).unwrap();
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
            assert_eq!(refusal(node.ask(game, &players[mover], other).await), "id_conflict");
        }
        let late = Asked { cid: house.cid(), base: Some(house.look(game, &players[0]).await.seq), act: Act::Draw };
        assert_eq!(refusal(node.ask(game, &players[mover], late).await), "game_over");
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
        assert_eq!(refusal(house.ask(game, &players[1 - mover], asked).await), "not_your_turn");
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
        house.clock.advance(due.since(house.clock.now()) + LENIENCE - Duration::from_millis(1));
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
        twin.app.tables.send(game, hot::Message::Extend(crate::domain::clock::Gap {
            from: began.minus(Duration::from_secs(500)), to: began,
        })).await.unwrap();
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
        let (answer, taken) = tokio::join!(
            next.ask(game, &players[mover], asked),
            alive::take_over(&next.app, began),
        );
        taken.unwrap();
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

    async fn away_with_the_turn_forfeits_after_its_countdown(db: TestDb) {
        let house = House::open(&db.db).await;
        let mut rules = classic();
        rules.set("clock.reserve_s", "600").unwrap();
        let (game, players) = house.game(rules.customised()).await;
        let (mover, _) = turn_of(&house, game, &players).await;
        house.app.presences.note(game, players[mover].account, true);
        presence::flush(&house.app).await.unwrap();
        house.clock.advance(Duration::from_secs(31));
        presence::notice_lapses(&house.app).await.unwrap();
        let view = settle(&house, game, &players[1 - mover]).await;
        let forfeits_at = view.forfeits_at.get(Seat::ALL[mover]).unwrap();
        assert_eq!(forfeits_at, house.clock.now().plus(Duration::from_secs(60)));
        house.clock.advance(Duration::from_secs(60) + LENIENCE);
        deadlines::sweep(&house.app).await.unwrap();
        let view = settle(&house, game, &players[0]).await;
        let Some(Outcome::Won { winner, by }) = view.cards.outcome else { panic!() };
        assert_eq!((winner.index(), by.name()), (1 - mover, "forfeit_away"));
    }

    async fn a_suspended_accounts_games_are_void_and_its_invites_gone_even_after_a_crash_in_between(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let (untouched, _) = house.game(classic()).await;
        let invite = house.invite(&players[0], &name(&house, &players[1]).await, classic()).await.unwrap();
        // A first try voided the game and died before its cursor moved.
        let call = house.call(&players[0]);
        void_games::run(&house.app, &call, players[0].account, "account_suspended").await.unwrap();
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
        let invite = house.app.store.invite(invite.id).await.unwrap().unwrap();
        assert_eq!((invite.recorded, invite.reason.as_deref()), (InviteState::Cancelled, Some("not_available")));
        let summary = house.app.store.summary(untouched).await.unwrap().unwrap();
        assert!(summary.ending.is_none());
        let board = history::scoreboard(&house.app, players[0].account, game).await.unwrap();
        assert_eq!(board.pair, crate::store::PairScore::default(), "a void game counts for nothing");
        assert_eq!(house.heard.kinds_for(players[1].account).last(), Some(&"game_invite_cancelled"));
    }

    async fn a_block_cancels_the_pairs_invites_in_both_directions_and_no_running_game(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let there = house.invite(&players[0], &name(&house, &players[1]).await, classic()).await.unwrap();
        let back = house.invite(&players[1], &name(&house, &players[0]).await, classic()).await.unwrap();
        let event = customer_api::CustomerEvent::BlockAdded { by: players[1].account, blocked: players[0].account };
        let envelope = Envelope {
            number: 1,
            id: house.ids.next(),
            aggregate: event.aggregate(),
            at: house.clock.now(),
            event,
        };
        begin_consumer(&db, follow_customer::CONSUMER).await;
        FollowCustomer(Arc::clone(&house.app)).handle(&envelope).await.unwrap();
        for id in [there.id, back.id] {
            assert_eq!(house.app.store.invite(id).await.unwrap().unwrap().recorded, InviteState::Cancelled);
        }
        for player in &players {
            let kinds = house.heard.kinds_for(player.account);
            assert_eq!(kinds.iter().filter(|kind| **kind == "game_invite_cancelled").count(), 2);
        }
        house.move_somehow(game, &players).await;
    }

    async fn unknown_foreign_and_restricted_people_are_equally_not_available(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("near");
        house.person("far");
        let not_available = |outcome: Result<_, CreateError>| {
            assert!(matches!(outcome.map(|_: crate::domain::invite::Invite| ()), Err(CreateError::NotAvailable)));
        };
        for username in ["nobody", "far", "near0"] {
            not_available(house.invite(&one, username, classic()).await);
        }
        let until = house.clock.now().plus(Duration::from_secs(60));
        let call = house.call(&one);
        let invite = house.invite(&one, "near1", classic()).await.unwrap();
        restrict::run(&house.app, &call, two.account, Some(until), "case".to_owned()).await.unwrap();
        not_available(house.invite(&one, "near1", classic()).await);
        assert!(matches!(house.invite(&two, "near0", classic()).await, Err(CreateError::Restricted(at)) if at == until));
        let accepted = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(accepted, Err(accept_invite::AcceptError::Closed(InviteClosed::Cancelled))));
        house.clock.advance(Duration::from_secs(60));
        house.invite(&one, "near1", classic()).await.unwrap();
    }

    async fn play_is_asked_for_again_when_an_invite_is_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        house.customer.block(one.account, two.account);
        let accepted = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(accepted, Err(accept_invite::AcceptError::NotAvailable)));
        assert!(house.app.store.summary(invite.game).await.unwrap().is_none());
    }

    async fn one_invite_becomes_one_game_however_often_it_is_accepted(db: TestDb) {
        let house = House::open(&db.db).await;
        let other = house.next().await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        put_entropy::run(&house.app, one.account, invite.id, Entropy::new([1; 32])).await.unwrap();
        put_entropy::run(&house.app, one.account, invite.id, Entropy::new([2; 32])).await.unwrap();
        let calls: Vec<_> = (0..8).map(|_| house.call(&two)).collect();
        let accepts = calls.iter().enumerate().map(|(number, call)| {
            let node = if number % 2 == 0 { &house } else { &other };
            accept_invite::run(&node.app, call, two.account, invite.id, Some(Entropy::new([3; 32])))
        });
        for game in join_all(accepts).await {
            assert_eq!(game.unwrap(), invite.game);
        }
        let journal = house.journal(invite.game).await;
        assert_eq!(kinds(&journal), ["started", "dealt"]);
        let Entry::Started(started) = &journal[0].entry else { panic!() };
        assert_eq!(started.commitment, invite.commitment);
        assert_eq!(started.entropy.first, Some(Entropy::new([2; 32])));
        assert_eq!(started.entropy.second, Some(Entropy::new([3; 32])));
        let table = hot::load(house.app.store.as_ref(), &house.app.keys, invite.game).await.unwrap();
        let promised = Commitment::to(&table.shuffle.seed, invite.game, &started.rules, &started.players);
        assert_eq!(promised, invite.commitment);
        let late = put_entropy::run(&house.app, one.account, invite.id, Entropy::new([4; 32])).await;
        assert!(matches!(late, Err(put_entropy::EntropyError::Closed(InviteClosed::Accepted))));
        assert_eq!(house.heard.kinds_for(two.account).iter().filter(|kind| **kind == "game_started").count()
            + other.heard.kinds_for(two.account).iter().filter(|kind| **kind == "game_started").count(), 1);
    }

    async fn an_invite_is_answered_once_and_saying_it_again_changes_nothing(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("pair");
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        for _ in 0..2 {
            let reason = DeclineReason::NotNow;
            let call = house.call(&two);
            let declined = answer_invite::decline(&house.app, &call, two.account, invite.id, reason).await.unwrap();
            assert_eq!(declined.recorded, InviteState::Declined);
        }
        let cancelled = answer_invite::cancel(&house.app, &house.call(&one), one.account, invite.id).await;
        assert!(matches!(cancelled, Err(answer_invite::AnswerError::Closed(InviteClosed::Declined))));
        assert_eq!(house.heard.kinds_for(one.account), ["game_invite_declined"]);
        let invite = house.invite(&one, "pair1", classic()).await.unwrap();
        let wrong = answer_invite::decline(&house.app, &house.call(&one), one.account, invite.id, DeclineReason::NotNow).await;
        assert!(matches!(wrong, Err(answer_invite::AnswerError::NotYours)));
        house.clock.advance(LIFE);
        let late = accept_invite::run(&house.app, &house.call(&two), two.account, invite.id, None).await;
        assert!(matches!(late, Err(accept_invite::AcceptError::Closed(InviteClosed::Expired))));
        let told = house.app.store.record_expired(house.clock.now()).await.unwrap();
        assert_eq!(told.len(), 2);
        assert!(house.app.store.record_expired(house.clock.now()).await.unwrap().is_empty());
    }

    async fn a_key_makes_one_invite_and_another_body_under_it_is_refused(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, _two, _]: [Principal; 3] = house.network("pair");
        let claim = house.claim();
        let ask = || create_invite::Invitation { username: "pair1".to_owned(), rules: classic(), rematch_of: None };
        let call = house.call(&one);
        let first = create_invite::run(&house.app, &call, &one, claim.clone(), ask()).await.unwrap();
        let again = create_invite::run(&house.app, &call, &one, claim.clone(), ask()).await.unwrap();
        assert_eq!(first, again);
        let other = platform::web::ClaimParts { digest: [9; 32], ..claim };
        let reused = create_invite::run(&house.app, &call, &one, other, ask()).await;
        assert!(matches!(reused, Err(CreateError::KeyReused)));
        for _ in 1..5 {
            house.invite(&one, "pair2", classic()).await.unwrap();
        }
        assert!(matches!(house.invite(&one, "pair2", classic()).await, Err(CreateError::TooManyOpen)));
    }

    async fn a_rematch_names_the_finished_game_and_is_offered_once(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        let call = house.call(&players[1]);
        let offer = || rematch::run(&house.app, &call, &players[1], house.claim(), game);
        assert!(matches!(offer().await, Err(CreateError::NoSuchRematch)), "it is still played");
        house.play_out(game, &players).await;
        let invite = offer().await.unwrap().unwrap();
        assert_eq!((invite.rematch_of, invite.creator, invite.invitee, invite.rules),
            (Some(game), players[1].account, players[0].account, classic()));
        assert!(matches!(offer().await, Err(CreateError::RematchOffered(id)) if id == invite.id));
        let stranger = house.person("stranger");
        let foreign = rematch::run(&house.app, &house.call(&stranger), &stranger, house.claim(), game).await;
        assert!(matches!(foreign, Ok(None)));
        house.clock.advance(LIFE);
        assert!(offer().await.is_ok(), "one that ran out makes room");
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
        house.clock.advance(Duration::from_secs(15 * 60));
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

    async fn cancelling_ones_own_invites_leaves_those_of_others(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("trio");
        let mine = house.invite(&one, "trio1", classic()).await.unwrap();
        let theirs = house.invite(&two, "trio2", classic()).await.unwrap();
        let stamp = house.app.stamp(&house.call(&three));
        house.app.store.cancel_invites(Cancelling::AllOf(one.account), None, stamp).await.unwrap();
        assert_eq!(house.app.store.invite(mine.id).await.unwrap().unwrap().recorded, InviteState::Cancelled);
        assert_eq!(house.app.store.invite(theirs.id).await.unwrap().unwrap().recorded, InviteState::Pending);
    }
}

/// No published body tells the other seat what only one may know.
fn no_body_leaks(house: &House, game: GameId) {
    for heard in house.heard.of(game) {
        if let Entry::Rules(game_engine::Event::Drew { seat, cards, .. }) = &heard.line.entry {
            let others = heard.bodies.get(seat.other());
            assert_eq!(cards_in(others), BTreeSet::new(), "{others}");
            assert_eq!(cards_in(heard.bodies.get(*seat)), cards.iter().collect());
        }
        if let Entry::Rules(game_engine::Event::Dealt(dealt)) = &heard.line.entry {
            for seat in Seat::ALL {
                let own: BTreeSet<Card> = dealt.hands.get(*seat).iter().chain(dealt.opener).collect();
                assert_eq!(cards_in(heard.bodies.get(*seat)), own);
            }
        }
    }
}

async fn name(house: &House, principal: &Principal) -> String {
    let names = house.app.names.of(&house.call(principal), [principal.account]).await;
    names[&principal.account].clone()
}

/// What the consumer does before its first event.
async fn begin_consumer(db: &TestDb, consumer: &'static str) {
    struct Silent;
    #[async_trait::async_trait]
    impl kernel::EventFeed<IdentityEvent> for Silent {
        async fn events_after(
            &self,
            _: i64,
            _: kernel::Limit,
        ) -> Result<Vec<Envelope<IdentityEvent>>, kernel::PortError> {
            Ok(Vec::new())
        }
    }
    struct Deaf;
    #[async_trait::async_trait]
    impl Handler<IdentityEvent> for Deaf {
        async fn handle(&self, _: &Envelope<IdentityEvent>) -> Result<(), platform::inbox::HandleError> {
            Ok(())
        }
    }
    let clock = Arc::new(kernel::ManualClock::at(Timestamp::UNIX_EPOCH));
    platform::inbox::Consumer::new(db.db.clone(), consumer, Arc::new(Silent), clock, Arc::new(Deaf))
        .round()
        .await
        .unwrap();
}
