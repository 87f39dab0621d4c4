//! Deadlines, leases and signs of life.

use std::time::Duration;

use kernel::Timestamp;
use kernel::id::{AccountId, NodeId};

use super::*;
use crate::store::Lease;

fn lease(table: &Table, account: AccountId, held: bool, until: Timestamp) -> Vec<Lease> {
    vec![Lease { game: table.game, account, held, until }]
}

/// Moves a game's deadline by appending a line.
async fn due_at(stage: &Stage, table: &Table, due_at: Option<Timestamp>) {
    let plan = stage.draw(table, stage.house.cid());
    let moved = stage.store().append(Append { due_at, ..append(table, &plan) }).await.unwrap();
    assert!(moved.is_some());
}

for_each_store! {
    async fn what_is_due_comes_earliest_first_and_not_before_its_time(stage: Stage) {
        let (one, two, three) = (stage.game().await.0, stage.game().await.0, stage.game().await.0);
        let at = |seconds| stage.now().plus(Duration::from_secs(seconds));
        due_at(&stage, &one, Some(at(20))).await;
        due_at(&stage, &two, Some(at(10))).await;
        due_at(&stage, &three, None).await;
        assert_eq!(stage.store().due(at(9), 10).await.unwrap(), []);
        assert_eq!(stage.store().due(at(10), 10).await.unwrap(), [(two.game, at(10))], "to the instant");
        assert_eq!(stage.store().due(at(30), 10).await.unwrap(), [(two.game, at(10)), (one.game, at(20))]);
        assert_eq!(stage.store().due(at(30), 1).await.unwrap(), [(two.game, at(10))]);
    }

    async fn a_lapsed_seat_that_was_taken_again_is_not_declared_away(stage: Stage) {
        let (table, players) = stage.game().await;
        let (node, now) = (stage.house.app.node, stage.now());
        stage.store().lease(node, lease(&table, players[0].account, true, now)).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), [(table.game, Seat::First)]);
        let other = stage.house.ids.next();
        let later = now.plus(Duration::from_secs(9));
        stage.store().lease(other, lease(&table, players[0].account, true, later)).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), [], "another node vouches");
        let plan = table.away(Seat::First, now).unwrap();
        let away = |now| Append { away: Some((Seat::First, now)), ..append(&table, &plan) };
        assert!(stage.store().append(away(now)).await.unwrap().is_none());
        assert_eq!(stage.house.journal(table.game).await.len(), 2);
        assert!(stage.store().append(away(later)).await.unwrap().is_some());
        assert_eq!(stage.store().lapsed(later, 10).await.unwrap(), [], "it is known");
        let stranger = lease(&table, stage.house.ids.next(), true, now);
        stage.store().lease(node, stranger).await.unwrap();
        assert_eq!(stage.store().lapsed(later, 10).await.unwrap(), [], "nobody leases a seat that is not theirs");
    }

    async fn a_seat_counts_as_lapsed_once_however_many_nodes_gave_it_up(stage: Stage) {
        let (table, players) = stage.game().await;
        let (now, nodes) = (stage.now(), [stage.house.ids.next(), stage.house.ids.next()]);
        for node in nodes {
            for player in &players {
                stage.store().lease(node, lease(&table, player.account, false, now)).await.unwrap();
            }
        }
        let mut lapsed = stage.store().lapsed(now, 10).await.unwrap();
        lapsed.sort_unstable();
        assert_eq!(lapsed, [(table.game, Seat::First), (table.game, Seat::Second)]);
        assert_eq!(stage.store().lapsed(now, 1).await.unwrap().len(), 1);
        stage.store().drop_lapsed(table.game, Seat::First, now).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), [(table.game, Seat::Second)]);
        let before = now.minus(Duration::from_micros(1));
        stage.store().drop_lapsed(table.game, Seat::Second, before).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap().len(), 1, "it had not lapsed then");
    }

    async fn a_node_prolongs_what_it_holds_and_nothing_else(stage: Stage) {
        let (table, players) = stage.game().await;
        let (now, later) = (stage.now(), stage.now().plus(Duration::from_secs(30)));
        let [own, other]: [NodeId; 2] = [stage.house.ids.next(), stage.house.ids.next()];
        let [one, two] = [players[0].account, players[1].account];
        stage.store().lease(own, lease(&table, one, true, now)).await.unwrap();
        stage.store().lease(own, lease(&table, two, false, now)).await.unwrap();
        stage.store().renew_leases(other, later).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap().len(), 2);
        stage.store().renew_leases(own, later).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), [(table.game, Seat::Second)], "given back");
        stage.store().lease(own, lease(&table, two, true, later)).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), [], "taken again");
        assert_eq!(stage.store().lapsed(later, 10).await.unwrap().len(), 2, "to the instant");
    }

    async fn a_gap_prolongs_only_leases_that_had_not_run_out_when_it_began(stage: Stage) {
        let (table, players) = stage.game().await;
        let (now, node) = (stage.now(), stage.house.app.node);
        let at = |seconds| now.plus(Duration::from_secs(seconds));
        stage.store().lease(node, lease(&table, players[0].account, true, at(9))).await.unwrap();
        stage.store().lease(node, lease(&table, players[1].account, true, at(10))).await.unwrap();
        stage.store().prolong_leases(at(10), at(40)).await.unwrap();
        assert_eq!(stage.store().lapsed(at(20), 10).await.unwrap(), [(table.game, Seat::First)]);
        stage.store().prolong_leases(at(10), at(30)).await.unwrap();
        assert_eq!(stage.store().lapsed(at(39), 10).await.unwrap(), [(table.game, Seat::First)], "never shorter");
    }

    async fn a_game_that_is_over_leases_no_seats(stage: Stage) {
        let (table, players) = stage.game().await;
        let (now, node) = (stage.now(), stage.house.app.node);
        stage.store().lease(node, lease(&table, players[0].account, true, now)).await.unwrap();
        let plan = stage.resign(&table, Seat::Second);
        let finish = Some(stage.finish(&table, &plan, &players[1], ""));
        assert!(stage.store().append(Append { finish, ..append(&table, &plan) }).await.unwrap().is_some());
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), []);
        stage.store().lease(node, lease(&table, players[0].account, true, now)).await.unwrap();
        assert_eq!(stage.store().lapsed(now, 10).await.unwrap(), []);
    }

    async fn the_last_sign_of_life_is_the_latest_of_all_nodes(stage: Stage) {
        let now = stage.now();
        let at = |seconds| now.plus(Duration::from_secs(seconds));
        let [one, two]: [NodeId; 2] = [stage.house.ids.next(), stage.house.ids.next()];
        stage.store().beat(one, at(5)).await.unwrap();
        stage.store().beat(two, at(3)).await.unwrap();
        assert_eq!(stage.store().last_alive().await.unwrap(), Some(at(5)));
        stage.store().beat(two, at(8)).await.unwrap();
        assert_eq!(stage.store().last_alive().await.unwrap(), Some(at(8)));
        stage.store().forget_nodes(at(8)).await.unwrap();
        assert_eq!(stage.store().last_alive().await.unwrap(), Some(at(8)), "not before, so kept");
        stage.store().forget_nodes(at(9)).await.unwrap();
        assert_eq!(stage.store().last_alive().await.unwrap(), None);
    }
}
