//! Ratings: counted once, each change an entry, taken back once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use game_engine::BySeat;
use kernel::id::AccountId;
use kernel::{Timestamp, TypedId};

use super::*;
use crate::domain::ending::Status;
use crate::domain::rating::{
    Change, Decided, Entry, EntryKind, Family, Rating, Standing, Tally, count, take_back,
};
use crate::store::{BetweenQuery, BoardQuery, EntriesQuery, PairScore, Place, Revocation, Summary};

fn both(changes: &BySeat<Change>) -> Vec<Change> {
    vec![changes.first, changes.second]
}

fn family() -> Family {
    Family::of(&RuleSet::naija_classic())
}

/// A game that its first player has resigned, not yet counted.
async fn finished(stage: &Stage) -> (Summary, [Principal; 2]) {
    let (game, players) = stage.house.game(RuleSet::naija_classic()).await;
    (resigned(stage, game, &players[0]).await, players)
}

async fn resigned(stage: &Stage, game: GameId, by: &Principal) -> Summary {
    stage.house.clock.advance(Duration::from_secs(1));
    let asked = Asked { cid: stage.house.cid(), base: None, act: Act::Resign };
    stage.house.ask(game, by, asked).await;
    stage.store().summary(game).await.unwrap().unwrap()
}

/// Another game of the same two, resigned by its first player, who is the second of `players`.
async fn another(stage: &Stage, players: &[Principal; 2]) -> Summary {
    let house = &stage.house;
    let names = house.app.names.of(&house.call(&players[0]), [players[0].account]).await;
    let invite =
        house.invite(&players[1], &names[&players[0].account], RuleSet::naija_classic()).await.unwrap();
    let (call, account) = (house.call(&players[0]), players[0].account);
    let game = crate::app::accept_invite::run(&house.app, &call, account, invite.id, None).await.unwrap();
    resigned(stage, game, &players[1]).await
}

fn decided(summary: &Summary) -> Decided {
    Decided {
        game: summary.game,
        family: Family::of(&summary.rules),
        players: summary.players,
        winner: summary.ending.as_ref().unwrap().winner,
        at: summary.ended_at.unwrap(),
    }
}

async fn standings(stage: &Stage, players: BySeat<AccountId>) -> BySeat<Option<Standing>> {
    let known = stage.store().standings(family(), vec![players.first, players.second]).await.unwrap();
    players.map(|account| known.get(&account).copied())
}

async fn changes(stage: &Stage, summary: &Summary) -> BySeat<Change> {
    count(&decided(summary), &standings(stage, summary.players).await)
}

async fn counted(stage: &Stage, summary: &Summary) -> BySeat<Change> {
    let changes = changes(stage, summary).await;
    assert!(stage.store().count_game(summary.game, both(&changes), stage.now()).await.unwrap().is_some());
    changes
}

async fn waiting(stage: &Stage) -> Vec<GameId> {
    let waiting = stage.store().uncounted(None, 10).await.unwrap();
    waiting.into_iter().map(|(_, game)| game).collect()
}

async fn entries(stage: &Stage, account: AccountId) -> Vec<Entry> {
    let query = EntriesQuery { account, family: family(), before: None, rows: 100 };
    stage.store().rating_entries(query).await.unwrap()
}

fn undone(summary: &Summary, counted: &BySeat<Change>, at: Timestamp) -> Vec<Change> {
    let back =
        |change: &Change| take_back(change.account, change.family, &change.standing, &change.entry, at);
    vec![back(&counted.first), back(&counted.second)]
        .into_iter()
        .filter(|change| change.entry.game == summary.game)
        .collect()
}

/// Somebody's first rating, as if a game had left it.
async fn given(stage: &Stage, points: f64, deviation: f64) -> AccountId {
    let (summary, _) = finished(stage).await;
    let mut changes = changes(stage, &summary).await;
    for change in [&mut changes.first, &mut changes.second] {
        change.standing.rating = Rating { points: -1.0, deviation: 300.0, volatility: 0.06 };
    }
    changes.first.standing.rating = Rating { points, deviation, volatility: 0.06 };
    // The other one is of no family that anybody looks at.
    changes.second.family = Family::known("pagat").unwrap();
    assert!(stage.store().count_game(summary.game, both(&changes), stage.now()).await.unwrap().is_some());
    changes.first.account
}

for_each_store! {
    async fn a_finished_rated_game_waits_until_it_is_counted_once(stage: Stage) {
        let (running, _) = stage.house.game(RuleSet::naija_classic()).await;
        let (one, players) = finished(&stage).await;
        let (two, _) = finished(&stage).await;
        assert_eq!(waiting(&stage).await, [one.game, two.game], "in the order in which they ended");
        let first = stage.store().uncounted(None, 1).await.unwrap();
        let second = stage.store().uncounted(Some(first[0]), 5).await.unwrap();
        assert_eq!(second, [(two.ended_at.unwrap(), two.game)]);
        let changes = counted(&stage, &one).await;
        assert!(stage.store().count_game(one.game, both(&changes), stage.now()).await.unwrap().is_none(), "again");
        assert!(stage.store().count_game(running, both(&changes), stage.now()).await.unwrap().is_none(), "a game that is played");
        assert_eq!(waiting(&stage).await, [two.game]);
        for player in &players {
            assert_eq!(stage.notices(player).await.last().unwrap(), "game_rating_changed");
        }
        for change in [changes.first, changes.second] {
            let standing = stage.store().standings_of(change.account).await.unwrap();
            assert_eq!(standing, [(family(), change.standing)], "to the last bit");
            assert_eq!(entries(&stage, change.account).await, [change.entry]);
        }
        let mut of_game = stage.store().entries_of_game(one.game).await.unwrap();
        of_game.sort_by_key(|(account, _)| *account != changes.first.account);
        assert_eq!(of_game, [
            (changes.first.account, changes.first.entry), (changes.second.account, changes.second.entry),
        ]);
        assert_eq!(stage.store().entries_of_game(two.game).await.unwrap(), []);
    }

    async fn of_many_who_count_a_game_at_once_one_does(stage: Stage) {
        let (summary, players) = finished(&stage).await;
        let changes = changes(&stage, &summary).await;
        let outcomes = join_all((0..16).map(|_| stage.store().count_game(summary.game, both(&changes), stage.now()))).await;
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(Some(_)))).count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(None))).count(), 15, "{outcomes:?}");
        for player in &players {
            assert_eq!(entries(&stage, player.account).await.len(), 1);
        }
    }

    async fn a_rating_that_changed_meanwhile_is_a_lost_race_and_the_game_still_waits(stage: Stage) {
        let (one, players) = finished(&stage).await;
        let two = another(&stage, &players).await;
        for stale in [true, false] {
            let stale_two = changes(&stage, &two).await;
            if stale {
                counted(&stage, &one).await;
                let lost = stage.store().count_game(two.game, both(&stale_two), stage.now()).await;
                assert!(matches!(lost, Err(StoreError::LostRace)), "{lost:?}");
                assert_eq!(waiting(&stage).await, [two.game], "nothing happened");
                assert_eq!(entries(&stage, players[0].account).await.len(), 1);
            } else {
                assert!(stage.store().count_game(two.game, both(&stale_two), stage.now()).await.unwrap().is_some());
            }
        }
        let numbers: Vec<u64> = entries(&stage, players[0].account).await.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [2, 1], "dense, newest first");
        let query = EntriesQuery { account: players[0].account, family: family(), before: Some(2), rows: 1 };
        let older = stage.store().rating_entries(query).await.unwrap();
        assert_eq!(older.iter().map(|entry| entry.game).collect::<Vec<_>>(), [one.game]);
        let other = EntriesQuery { family: Family::known("quick").unwrap(), before: None, ..query };
        assert_eq!(stage.store().rating_entries(other).await.unwrap(), []);
    }

    async fn an_unrated_game_and_a_voided_one_never_wait(stage: Stage) {
        let house = &stage.house;
        let [one, two]: [Principal; 2] = house.network("casual");
        let ask = crate::app::create_invite::Invitation {
            username: "casual1".to_owned(), rules: RuleSet::naija_classic(), rematch_of: None, rated: false,
        };
        let invite = crate::app::create_invite::run(&house.app, &house.call(&one), &one, house.claim(), ask).await.unwrap();
        let call = house.call(&two);
        let game = crate::app::accept_invite::run(&house.app, &call, two.account, invite.id, None).await.unwrap();
        let unrated = resigned(&stage, game, &one).await;
        assert_eq!(unrated.ending.as_ref().unwrap().status, Status::Finished);
        let (table, players) = stage.game().await;
        let plan = table.void(stage.now()).unwrap();
        let finish = stage.finish(&table, &plan, &players[0], "collusion");
        stage.store().append(Append { finish: Some(finish), ..append(&table, &plan) }).await.unwrap().unwrap();
        assert_eq!(waiting(&stage).await, []);
        let score = PairScore { first_wins: 0, second_wins: 1, drawn: 0 };
        assert_eq!(stage.store().pair_score(unrated.players).await.unwrap(), score, "it is a game all the same");
        let revocation = Revocation { game: unrated, reason: "dispute".to_owned(), changes: Vec::new() };
        assert!(stage.store().void_finished(revocation, stage.stamp(&one)).await.unwrap().is_some());
    }

    async fn scores_of_a_pair_are_kept_by_family_and_seen_from_either_side(stage: Stage) {
        let (one, players) = finished(&stage).await;
        let two = another(&stage, &players).await;
        let both = BySeat::new(players[0].account, players[1].account);
        let each = PairScore { first_wins: 1, second_wins: 1, drawn: 0 };
        assert_eq!(stage.store().pair_families(both).await.unwrap(), [(family(), each)]);
        let three = another(&stage, &players).await;
        let turned = BySeat::new(both.second, both.first);
        let seen = PairScore { first_wins: 1, second_wins: 2, drawn: 0 };
        assert_eq!(stage.store().pair_families(turned).await.unwrap(), [(family(), seen)]);
        for (one_is, other) in [(both.first, both.second), (both.second, both.first)] {
            let query = BetweenQuery { one: one_is, other, rows: 2 };
            let last = stage.store().games_between(query).await.unwrap();
            assert_eq!(last.iter().map(|summary| summary.game).collect::<Vec<_>>(), [three.game, two.game]);
        }
        let all = BetweenQuery { one: both.first, other: both.second, rows: 9 };
        let all = stage.store().games_between(all).await.unwrap();
        assert_eq!(all.last(), Some(&one));
        let (_, strangers) = stage.house.game(RuleSet::quick()).await;
        let pairs = [(both.first, strangers[0].account), (strangers[0].account, strangers[1].account)];
        for (one, other) in pairs {
            let none = stage.store().games_between(BetweenQuery { one, other, rows: 9 }).await.unwrap();
            assert_eq!(none, [], "a game that is played is no score yet");
            assert_eq!(stage.store().pair_families(BySeat::new(one, other)).await.unwrap(), []);
        }
    }

    async fn voiding_a_game_that_waits_leaves_no_trace_in_ratings(stage: Stage) {
        let (summary, players) = finished(&stage).await;
        let late = changes(&stage, &summary).await;
        let revocation = Revocation { game: summary.clone(), reason: "dispute".to_owned(), changes: Vec::new() };
        let told = stage.store().void_finished(revocation.clone(), stage.stamp(&players[0])).await.unwrap().unwrap();
        assert_eq!(told.iter().map(|told| (told.kind, told.body["reason"].as_str())).collect::<Vec<_>>(), [("game_over", Some("voided")); 2]);
        let again = stage.store().void_finished(revocation, stage.stamp(&players[0])).await.unwrap();
        assert_eq!(again, None, "once");
        assert!(stage.store().count_game(summary.game, both(&late), stage.now()).await.unwrap().is_none(), "whoever was about to count it is late");
        assert_eq!(waiting(&stage).await, []);
        assert_eq!(entries(&stage, players[0].account).await, []);
        assert_eq!(stage.store().pair_score(summary.players).await.unwrap(), PairScore::default());
        let families = stage.store().pair_families(summary.players).await.unwrap();
        assert!(families.iter().all(|(_, score)| *score == PairScore::default()), "{families:?}");
        let kept = stage.store().summary(summary.game).await.unwrap().unwrap();
        let ending = kept.ending.unwrap();
        assert_eq!((ending.status, ending.winner, ending.reason.as_str()), (Status::Voided, None, "dispute"));
        assert_eq!((kept.voided_at, kept.ended_at), (Some(stage.now()), summary.ended_at));
        let voided = |row: &Audited| row.0 == "game.void" && row.2.as_deref() == Some("dispute");
        assert!(stage.audited(summary.game).await.iter().any(voided));
        let voided = |event: &GameEvent| matches!(event, GameEvent::GameVoided { reason, .. } if reason == "dispute");
        assert!(stage.announced(summary.game).await.iter().any(voided));
    }

    async fn voiding_a_counted_game_takes_its_change_back_from_both_in_the_same_transaction(stage: Stage) {
        let (summary, players) = finished(&stage).await;
        let before = counted(&stage, &summary).await;
        let unknowing = Revocation { game: summary.clone(), reason: "dispute".to_owned(), changes: Vec::new() };
        let lost = stage.store().void_finished(unknowing.clone(), stage.stamp(&players[0])).await;
        assert!(matches!(lost, Err(StoreError::LostRace)), "its entries were not seen: {lost:?}");
        assert_eq!(stage.store().summary(summary.game).await.unwrap(), Some(summary.clone()), "nothing happened");
        let changes = undone(&summary, &before, stage.now());
        let whole = Revocation { changes: changes.clone(), ..unknowing };
        let told = stage.store().void_finished(whole, stage.stamp(&players[0])).await.unwrap().unwrap();
        let mut kinds: Vec<&str> = told.iter().map(|told| told.kind).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["game_over", "game_over", "game_rating_changed", "game_rating_changed"]);
        for change in &changes {
            let written = entries(&stage, change.account).await;
            assert_eq!(written.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [EntryKind::Void, EntryKind::Game]);
            assert_eq!(written[0], change.entry);
            let standing = stage.store().standings_of(change.account).await.unwrap();
            assert_eq!(standing, [(family(), change.standing)]);
            assert_eq!(standing[0].1.tally, Tally::default());
        }
        let query = BoardQuery { family: family(), now: stage.now(), after: None, rows: 5 };
        assert_eq!(stage.store().board(query).await.unwrap(), [], "no game counts any more");
        let nobody = AccountId::from_uuid(Uuid::from_u128(4));
        let bottom = Place { established: true, points: 0.0, account: nobody };
        let rested = given(&stage, 1_500.0, 60.0).await;
        let ahead = stage.store().ahead(family(), stage.now(), bottom).await.unwrap();
        assert_eq!(ahead, 1, "{rested} alone");
        assert_eq!(stage.store().pair_score(summary.players).await.unwrap(), PairScore::default());
    }

    async fn a_leaderboard_is_paged_without_gap_or_repeat_the_established_first(stage: Stage) {
        let mut expected = Vec::new();
        for (points, deviation) in [(1_500.0, 60.0), (1_900.0, 300.0), (1_700.0, 60.0), (1_500.0, 60.0), (1_200.0, 200.0)] {
            expected.push((given(&stage, points, deviation).await, points, deviation <= 110.0));
        }
        expected.sort_by(|(one, points, sure), (other, more, surer)| {
            surer.cmp(sure).then(more.total_cmp(points)).then(other.cmp(one))
        });
        let now = stage.now();
        for rows in 1..=6 {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = stage.store().board(BoardQuery { family: family(), now, after, rows }).await.unwrap();
                assert!(page.len() <= usize::try_from(rows).unwrap());
                let place = |(account, standing): &(AccountId, Standing)| Place {
                    established: !standing.is_provisional(now), points: standing.rating.points, account: *account,
                };
                for (number, one) in (seen.len()..).zip(page.iter().map(place)).filter(|(_, one)| one.established) {
                    let ahead = stage.store().ahead(family(), now, one).await.unwrap();
                    assert_eq!(ahead, number as u64, "{one:?}");
                }
                let Some(last) = page.last() else { break };
                after = Some(place(last));
                seen.extend(page.iter().map(place).map(|place| (place.account, place.points, place.established)));
            }
            assert_eq!(seen, expected, "by {rows}");
        }
        let distinct: BTreeSet<AccountId> = expected.iter().map(|(account, ..)| *account).collect();
        assert_eq!(distinct.len(), 5);
        let rested = now.plus(Duration::from_hours(24 * 365));
        let query = BoardQuery { family: family(), now: rested, after: None, rows: 1 };
        let board = stage.store().board(query).await.unwrap();
        assert!((board[0].1.rating.points - 1_900.0).abs() < 1e-9, "after a year everybody is provisional");
        let none = stage.store().standings(family(), vec![AccountId::from_uuid(Uuid::from_u128(4))]).await.unwrap();
        assert!(none.is_empty());
    }
}
