//! Matches of several rounds: the score sheet tells each finished round once, also while the match runs.

use super::*;
use crate::app::rounds;
use game_engine::Event;
use kernel::Limit;

platform::for_each_database! { MIGRATIONS;
    async fn the_score_sheet_has_every_finished_round_and_never_the_running_one(db: TestDb) {
        let house = House::open(&db.db).await;
        let mut rules = classic();
        rules.set("match", "first_to_lose(1000)").unwrap();
        let (game, players) = house.game(rules.customised()).await;
        let mut seen = 0;
        loop {
            let view = house.look(game, &players[0]).await;
            let running = u32::from(view.cards.outcome.is_none());
            let sheet = rounds::run(&house.app, players[1].account, game, 0, Limit::default()).await.unwrap().items;
            assert_eq!(u32::try_from(sheet.len()).unwrap(), view.cards.round - running);
            let sum = |seat| sheet.iter().map(|round| u32::from(*round.result.points.get(seat))).sum::<u32>();
            for seat in Seat::ALL {
                assert_eq!(*view.cards.scores.get(*seat), sum(*seat));
                let won = sheet.iter().filter(|round| round.result.winner == Some(*seat)).count();
                assert_eq!(usize::from(*view.cards.wins.get(*seat)), won);
            }
            seen = seen.max(sheet.len());
            if running == 0 {
                break;
            }
            house.clock.advance(Duration::from_secs(1));
            house.move_somehow(game, &players).await;
        }
        assert!(seen >= 3, "{seen} rounds");

        let sheet = rounds::run(&house.app, players[0].account, game, 0, Limit::default()).await.unwrap().items;
        assert!(sheet.windows(2).all(|pair| pair[0].starter != pair[1].starter), "the starter alternates");
        assert!(sheet.windows(2).all(|pair| pair[0].ended_at <= pair[1].started_at));
        let told: Vec<_> = house.journal(game).await.iter().filter_map(|line| match line.entry {
            Entry::Rules(Event::RoundEnded(result)) => Some((result, line.at)),
            _ => None,
        }).collect();
        assert_eq!(sheet.iter().map(|round| (round.result, round.ended_at)).collect::<Vec<_>>(), told);

        // Page by page it is the same, and to a stranger it does not exist.
        let (mut paged, mut after) = (Vec::new(), Some(0));
        while let Some(last) = after {
            let two = Limit::try_from(2).unwrap();
            let page = rounds::run(&house.app, players[0].account, game, last, two).await.unwrap();
            assert!(page.items.len() <= 2);
            paged.extend(page.items);
            after = page.next;
        }
        assert_eq!(paged, sheet);
        let stranger = house.person("stranger");
        let refused = rounds::run(&house.app, stranger.account, game, 0, Limit::default()).await;
        assert!(matches!(refused, Err(hot::Trouble::NotFound)));
    }

    async fn a_rematch_of_a_match_is_the_same_match(db: TestDb) {
        let house = House::open(&db.db).await;
        let mut rules = RuleSet::preset("street_strict").unwrap();
        rules.set("match", "best_of(5)").unwrap();
        rules.set("clock.turn_s", "45").unwrap();
        let rules = rules.customised();
        let (game, players) = house.game(rules).await;
        let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
        assert!(matches!(house.ask(game, &players[0], asked).await, Answer::Done { .. }));
        let call = house.call(&players[1]);
        let invite = rematch::run(&house.app, &call, &players[1], house.claim(), game).await.unwrap().unwrap();
        assert_eq!((invite.rules, invite.rematch_of), (rules, Some(game)));
    }
}
