//! Practice: somebody alone, an opponent that plays by the same commands, and a process that dies in the middle.

use game_bots::Strength;
use game_engine::Event;

use super::*;
use crate::app::practice;
use crate::domain::practice::account;
use crate::house::PACE;

/// Longer than any pause, and than an opponent may be due before somebody looks after it.
const OVERDUE: Duration = Duration::from_secs(6);

/// Lets the opponent act as often as it is to act, and the person move somehow otherwise, to the end.
async fn play_to_the_end(house: &House, game: GameId, person: &Principal) {
    for _ in 0..2_000 {
        let view = house.look(game, person).await;
        if view.cards.outcome.is_some() {
            return;
        }
        house.clock.advance(PACE.most);
        if practice::step(&house.app).await == 0 {
            house.move_as(game, person).await;
        }
    }
    panic!("the game does not end");
}

/// A practice game in which the opponent is to act.
async fn opponent_begins(house: &House, person: &Principal, strength: Strength) -> GameId {
    loop {
        let game = house.practice(person, strength, classic()).await;
        let view = house.look(game, person).await;
        if view.cards.turn != Some(view.seat) {
            return game;
        }
        let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
        house.ask(game, person, asked).await;
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn a_whole_match_is_played_against_every_strength_under_every_preset(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        for (strength, name) in Strength::ALL.into_iter().zip(RuleSet::PRESETS.into_iter().cycle()) {
            let mut rules = RuleSet::preset(name).unwrap();
            rules.set("match", "best_of(3)").unwrap();
            let game = house.practice(&person, strength, rules.customised()).await;
            play_to_the_end(&house, game, &person).await;
            let lines = house.journal(game).await;
            let clocked = lines.iter().filter(|line| {
                matches!(line.entry, Entry::Rules(Event::Drew { seat: Seat::First, by: game_engine::By::Clock, .. }))
            });
            assert_eq!(clocked.count(), 0, "{strength} under {name} ran out of time");
            assert!(lines.iter().any(|line| line.answers.as_ref().is_some_and(|answers| answers.seat == Seat::First)));
            assert!(!kinds(&lines).contains(&"away"));
            no_body_leaks(&house, game);
        }
        let listed = history::list(&house.app, person.account, None, None, kernel::Limit::MAX).await.unwrap();
        assert_eq!(listed.items.len(), 5);
        assert!(listed.items.iter().all(|summary| !summary.rated));
    }

    async fn an_opponent_waits_for_its_pause_and_then_acts_once(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = opponent_begins(&house, &person, Strength::Medium).await;
        let before = house.look(game, &person).await.seq;
        house.clock.advance(PACE.least.checked_sub(Duration::from_millis(1)).unwrap());
        assert_eq!(practice::step(&house.app).await, 0, "nobody is that quick");
        house.clock.advance(PACE.most);
        assert_eq!(practice::step(&house.app).await, 1);
        let after = house.look(game, &person).await.seq;
        assert!(after > before);
        practice::sweep(&house.app).await.unwrap();
        assert_eq!(house.look(game, &person).await.seq, after);
    }

    async fn an_opponent_whose_process_died_goes_on_in_the_next_one(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = opponent_begins(&house, &person, Strength::Hard).await;
        let next = house.next().await;
        let before = next.look(game, &person).await.seq;
        practice::sweep(&next.app).await.unwrap();
        assert_eq!(practice::step(&next.app).await, 0, "its own process may still be at it");
        house.clock.advance(OVERDUE);
        practice::sweep(&next.app).await.unwrap();
        assert_eq!(practice::step(&next.app).await, 1);
        assert!(next.look(game, &person).await.seq > before);
        play_to_the_end(&next, game, &person).await;
    }

    async fn two_processes_that_both_let_it_act_cause_one_move(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = opponent_begins(&house, &person, Strength::Easy).await;
        let next = house.next().await;
        next.look(game, &person).await;
        house.clock.advance(OVERDUE);
        practice::sweep(&next.app).await.unwrap();
        tokio::join!(practice::step(&house.app), practice::step(&next.app));
        let turns = house.journal(game).await.into_iter().filter(|line| line.answers.is_some()).count();
        let view = next.look(game, &person).await;
        assert!(turns == 1 || view.cards.turn != Some(view.seat), "{turns} moves in a row are not one turn");
    }

    async fn an_opponent_is_never_away_and_the_person_may_be(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = house.practice(&person, Strength::Expert, classic()).await;
        let opponent = account(Strength::Expert);
        // No socket follows the opponent's seat. As if one had, and left as the person's did: it would be away if it
        // could.
        for there in [true, false] {
            for account in [person.account, opponent] {
                house.app.presences.note(game, account, there);
            }
            presence::flush(&house.app).await.unwrap();
        }
        house.clock.advance(Duration::from_secs(40));
        assert_eq!(house.app.store.lapsed(house.clock.now(), 10).await.unwrap().len(), 2);
        presence::notice_lapses(&house.app).await.unwrap();
        let view = settle(&house, game, &person).await;
        assert_eq!((view.clock.away.first, view.clock.away.second.is_some()), (None, true));
        practice::sweep(&house.app).await.unwrap();
        practice::step(&house.app).await;
        play_to_the_end(&house, game, &person).await;
    }

    async fn whoever_practises_needs_nobodys_consent_but_may_be_kept_from_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let invite = house.ask_to_practise(&person, Strength::Easy, classic()).await.unwrap();
        assert_eq!((invite.creator, invite.invitee, invite.rated), (account(Strength::Easy), person.account, false));
        assert!(invite.entropy.is_some(), "the opponent gives its own at once");
        let call = house.call(&person);
        let until = house.clock.now().plus(Duration::from_hours(1));
        restrict::run(&house.app, &call, person.account, Some(until), "test".to_owned()).await.unwrap();
        let refused = house.ask_to_practise(&person, Strength::Easy, classic()).await;
        assert!(matches!(refused, Err(CreateError::Restricted(_))));
    }

    async fn a_rematch_of_practice_is_on_offer_at_once_against_the_same_opponent(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = house.practice(&person, Strength::Medium, RuleSet::quick()).await;
        let again = async || rematch::run(&house.app, &house.call(&person), &person, house.claim(), game).await;
        assert!(matches!(again().await, Err(CreateError::NoSuchRematch)), "it is not over");
        play_to_the_end(&house, game, &person).await;
        let invite = again().await.unwrap().unwrap();
        assert_eq!((invite.creator, invite.rules, invite.rematch_of), (account(Strength::Medium), RuleSet::quick(), Some(game)));
        let call = house.call(&person);
        let next = accept_invite::run(&house.app, &call, person.account, invite.id, None).await.unwrap();
        play_to_the_end(&house, next, &person).await;
        let board = history::scoreboard(&house.app, person.account, next).await.unwrap();
        assert_eq!(board.pair, crate::store::PairScore::default());
    }

    async fn everything_that_names_an_opponent_says_what_it_is(db: TestDb) {
        let house = House::open(&db.db).await;
        let person = house.person("someone");
        let game = house.practice(&person, Strength::Hard, classic()).await;
        let view = house.look(game, &person).await;
        let names = house.app.names.of(&house.call(&person), [view.players.first, view.players.second]).await;
        let snapshot = serde_json::to_value(Snapshot::of(&view, &names)).unwrap();
        assert_eq!(snapshot["players"][0]["practice"], "hard");
        assert_eq!(snapshot["players"][0]["username"], "practice:hard");
        assert!(snapshot["players"][1].get("practice").is_none());
        let first = house.journal(game).await.remove(0);
        let started = crate::live::wire::EventData::raw_with(&first, Seat::Second, None).unwrap();
        assert!(started.get().contains(r#""practice":"hard""#), "{}", started.get());
        let notices = house.app.store.notices(person.account, 0, 10).await.unwrap();
        assert_eq!(notices[0].body["practice"], "hard");
    }
}
