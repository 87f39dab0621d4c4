//! What every implementation of the store does, on both databases.

use std::time::Duration;

use futures_util::future::join_all;
use game_engine::{RuleSet, Seat};
use kernel::id::{GameId, Uuid};
use kernel::{Clock, TypedId};
use platform::testing::TestDb;

use super::{Append, Lease, ReconnectRow, StoreError};
use crate::MIGRATIONS;
use crate::domain::command::{Act, Asked};
use crate::domain::ending::Status;
use crate::domain::plan::Plan;
use crate::domain::table::Table;
use crate::house::House;
use crate::store::GamesQuery;

async fn table(house: &House, game: GameId) -> Table {
    crate::app::hot::load(house.app.store.as_ref(), &house.app.keys, game).await.unwrap()
}

fn draw(table: &Table, cid: Uuid, house: &House) -> Plan {
    let asked = Asked { cid, base: None, act: Act::Draw };
    table.play(table.state.turn().unwrap(), &asked, house.clock.now()).unwrap()
}

fn append<'a>(table: &Table, plan: &'a Plan) -> Append<'a> {
    let due_at = plan.clock.next(plan.state.rules().clock).map(|deadline| deadline.at);
    Append { game: table.game, expected: table.head, lines: &plan.lines, due_at, away: None, finish: None }
}

platform::for_each_database! { MIGRATIONS;
    async fn of_many_appends_on_one_head_one_wins_and_the_others_change_nothing(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, _) = house.game(RuleSet::naija_classic()).await;
        let table = table(&house, game).await;
        let plans: Vec<Plan> = (0..16).map(|_| draw(&table, house.cid(), &house)).collect();
        let appends = plans.iter().map(|plan| house.app.store.append(append(&table, plan)));
        let outcomes = join_all(appends).await;
        let won: Vec<usize> = outcomes
            .iter()
            .enumerate()
            .filter(|(_, outcome)| matches!(outcome, Ok(Some(_))))
            .map(|(place, _)| place)
            .collect();
        assert_eq!(won.len(), 1, "{outcomes:?}");
        assert!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(None))).count() == 15);
        assert_eq!(house.journal(game).await[2..], plans[won[0]].lines);
    }

    async fn a_command_id_stands_once_in_a_journal_whoever_appends_it(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, _) = house.game(RuleSet::naija_classic()).await;
        let mut table = table(&house, game).await;
        let cid = house.cid();
        let first = draw(&table, cid, &house);
        assert!(house.app.store.append(append(&table, &first)).await.unwrap().is_some());
        let seat = table.state.turn();
        table.commit(first);
        let other = draw(&table, cid, &house);
        assert!(house.app.store.append(append(&table, &other)).await.unwrap().is_some(), "of the other player");
        table.commit(other);
        assert_eq!(table.state.turn(), seat);
        let again = draw(&table, cid, &house);
        let refused = house.app.store.append(append(&table, &again)).await.unwrap_err();
        assert!(refused.conflicts_on("journal_game_seat_cid_key"), "{refused:?}");
        assert_eq!(house.app.store.heads(vec![game]).await.unwrap(), [(game, table.head)], "rolled back whole");
    }

    async fn heads_and_lines_tell_of_running_and_finished_games_alike(db: TestDb) {
        let house = House::open(&db.db).await;
        let (running, _) = house.game(RuleSet::naija_classic()).await;
        let (over, players) = house.game(RuleSet::quick()).await;
        house.play_out(over, &players).await;
        let length = house.journal(over).await.len() as u64;
        let nothing = GameId::from_uuid(Uuid::from_u128(9));
        let mut heads = house.app.store.heads(vec![running, over, nothing]).await.unwrap();
        heads.sort_unstable();
        let mut expected = vec![(running, 2), (over, length)];
        expected.sort_unstable();
        assert_eq!(heads, expected);
        let part = house.app.store.lines(over, length - 3, 2).await.unwrap().unwrap();
        assert_eq!(part.lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [length - 2, length - 1]);
        assert_eq!(part.head, length);
        assert!(house.app.store.lines(over, length + 5, 2).await.unwrap().unwrap().lines.is_empty());
        assert!(house.app.store.lines(nothing, 0, 2).await.unwrap().is_none());
    }

    async fn lists_are_paged_without_gap_or_repeat_and_filtered_by_status(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, _]: [kernel::Principal; 3] = house.network("pages");
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
            let page = house.app.store.games(query).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.game);
            seen.extend(page.iter().map(|summary| summary.game));
        }
        assert_eq!(seen, games);
        let finished = GamesQuery { account: one.account, status: Some(Status::Finished), before: None, rows: 10 };
        let finished = house.app.store.games(finished).await.unwrap();
        assert_eq!(finished.iter().map(|summary| summary.game).collect::<Vec<_>>(), [games[0], games[2], games[4]]);
        let score = house.app.store.pair_score(finished[0].players).await.unwrap();
        assert_eq!((score.first_wins, score.second_wins, score.drawn), (0, 3, 0));
        let running = house.app.store.running(Some(one.account), None, 10).await.unwrap();
        assert_eq!(running.len(), 2);
        assert_eq!(house.app.store.running(None, None, 1).await.unwrap().len(), 1);
    }

    async fn a_lapsed_seat_that_was_taken_again_is_not_declared_away(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(RuleSet::naija_classic()).await;
        let table = table(&house, game).await;
        let node = house.app.node;
        let lease = |held, until| Lease { game, account: players[0].account, held, until };
        let now = house.clock.now();
        house.app.store.lease(node, vec![lease(true, now)]).await.unwrap();
        assert_eq!(house.app.store.lapsed(now, 10).await.unwrap(), [(game, Seat::First)]);
        let other = house.ids.next();
        let later = now.plus(Duration::from_secs(9));
        house.app.store.lease(other, vec![lease(true, later)]).await.unwrap();
        assert_eq!(house.app.store.lapsed(now, 10).await.unwrap(), [], "another node vouches");
        let plan = table.away(Seat::First, now).unwrap();
        let away = |now| Append { away: Some((Seat::First, now)), ..append(&table, &plan) };
        assert!(house.app.store.append(away(now)).await.unwrap().is_none());
        assert!(house.app.store.append(away(later)).await.unwrap().is_some());
        assert_eq!(house.app.store.lapsed(later, 10).await.unwrap(), [], "it is known");
        let stranger = Lease { account: house.ids.next(), ..lease(true, now) };
        house.app.store.lease(node, vec![stranger]).await.unwrap();
        assert_eq!(house.app.store.lapsed(later, 10).await.unwrap(), [], "nobody leases a seat that is not theirs");
    }

    async fn a_reconnect_token_has_one_spender(db: TestDb) {
        let house = House::open(&db.db).await;
        let now = house.clock.now();
        let row = ReconnectRow {
            game: house.ids.next(),
            seat: Seat::Second,
            account: house.ids.next(),
            session: house.ids.next(),
            expires_at: now.plus(Duration::from_secs(1)),
        };
        house.app.store.put_reconnect([3; 32], row.clone(), now).await.unwrap();
        let takes = (0..16).map(|_| house.app.store.take_reconnect([3; 32], now));
        let taken: Vec<_> = join_all(takes).await.into_iter().filter_map(|taken: Result<_, StoreError>| taken.unwrap()).collect();
        assert_eq!(taken, [row]);
    }
}
