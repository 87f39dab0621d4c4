//! Ratings as people live through them: counted as games end, taken back when they are voided, seen by whom they concern.

use super::*;
use crate::app::leaderboard::{self, BoardError, Scope};
use crate::app::{count_games, head_to_head, ratings, replay};
use crate::domain::rating::{Decided, EntryKind, Family, GameResult, Rating, count};
use crate::store::EntriesQuery;
use kernel::Limit;
use kernel::id::AccountId;

fn family() -> Family {
    Family::of(&classic())
}

async fn resign(house: &House, game: GameId, by: &Principal) {
    house.clock.advance(Duration::from_mins(1));
    let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
    house.ask(game, by, asked).await;
}

/// A game of these two, won by the first of them.
async fn won(house: &House, winner: &Principal, loser: &Principal) -> GameId {
    let names = house.app.names.of(&house.call(winner), [loser.account]).await;
    let invite = house.invite(winner, &names[&loser.account], classic()).await.unwrap();
    let call = house.call(loser);
    let game = accept_invite::run(&house.app, &call, loser.account, invite.id, None).await.unwrap();
    resign(house, game, loser).await;
    game
}

async fn entries(house: &House, who: &Principal) -> Vec<crate::domain::rating::Entry> {
    let query = EntriesQuery { account: who.account, family: family(), before: None, rows: 100 };
    house.app.store.rating_entries(query).await.unwrap()
}

async fn points(house: &House, who: &Principal) -> f64 {
    ratings::rating_of(&house.app, who.account, family()).await.unwrap().points
}

/// A game after which the two have these ratings, established.
async fn given(house: &House, winner: (&Principal, f64), loser: (&Principal, f64)) -> GameId {
    let game = won(house, winner.0, loser.0).await;
    let summary = house.app.store.summary(game).await.unwrap().unwrap();
    let known = house.app.store.standings(family(), vec![winner.0.account, loser.0.account]).await.unwrap();
    let before = summary.players.map(|account| known.get(&account).copied());
    let (players, at) = (summary.players, summary.ended_at.unwrap());
    let decided = Decided { game, family: family(), players, winner: summary.ending.unwrap().winner, at };
    let changes = count(&decided, &before);
    let changes = [changes.first, changes.second].map(|mut change| {
        let points = if change.account == winner.0.account { winner.1 } else { loser.1 };
        change.standing.rating = Rating { points, deviation: 60.0, volatility: 0.06 };
        change
    });
    let told = house.app.store.count_game(game, changes.to_vec(), house.clock.now()).await.unwrap();
    assert!(told.is_some());
    game
}

async fn board(
    house: &House,
    viewer: &Principal,
    scope: Scope,
) -> Result<Vec<(AccountId, Option<u64>)>, BoardError> {
    let (call, mut after, mut seen) = (house.call(viewer), None, Vec::new());
    let limit = Limit::try_from(2).unwrap();
    loop {
        let page =
            leaderboard::run(&house.app, &call, viewer.account, (scope, family()), after, limit).await?;
        seen.extend(page.items.iter().map(|place| (place.account, place.rank)));
        after = page.next;
        if after.is_none() {
            return Ok(seen);
        }
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn a_finished_game_changes_both_ratings_once_however_often_and_by_how_many_it_is_counted(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        house.play_out(game, &players).await;
        let other = house.next().await;
        let sweeps = (0..8).map(|number| count_games::sweep(if number % 2 == 0 { &house.app } else { &other.app }));
        for swept in join_all(sweeps).await {
            swept.unwrap();
        }
        count_games::sweep(&house.app).await.unwrap();
        let [one, two] = [entries(&house, &players[0]).await, entries(&house, &players[1]).await];
        assert_eq!((one.len(), two.len()), (1, 1));
        assert_eq!((one[0].game, one[0].opponent, two[0].opponent), (game, players[1].account, players[0].account));
        let summary = house.app.store.summary(game).await.unwrap().unwrap();
        let expected = match summary.ending.unwrap().winner {
            None => [GameResult::Draw; 2],
            Some(Seat::First) => [GameResult::Win, GameResult::Loss],
            Some(Seat::Second) => [GameResult::Loss, GameResult::Win],
        };
        assert_eq!([one[0].result, two[0].result], expected);
    }

    async fn games_that_ended_while_nobody_counted_are_counted_in_their_order(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("late");
        let mut games = Vec::new();
        for (winner, loser) in [(&one, &two), (&two, &three), (&one, &three), (&two, &one)] {
            games.push(won(&house, winner, loser).await);
        }
        let after_crash = house.next().await;
        count_games::sweep(&after_crash.app).await.unwrap();
        let of = |entries: Vec<crate::domain::rating::Entry>| {
            entries.iter().rev().map(|entry| entry.game).collect::<Vec<_>>()
        };
        assert_eq!(of(entries(&house, &one).await), [games[0], games[2], games[3]]);
        assert_eq!(of(entries(&house, &two).await), [games[0], games[1], games[3]]);
        assert_eq!(of(entries(&house, &three).await), [games[1], games[2]]);
        let history = entries(&house, &one).await;
        let links = history.windows(2).all(|pair| (pair[0].before - pair[1].after.points).abs() < 1e-9);
        assert!(links, "each begins where the one before ended");
        assert!(points(&house, &two).await > points(&house, &three).await);
    }

    async fn a_rating_grows_uncertain_by_the_day_and_a_stranger_has_a_newcomers(db: TestDb) {
        let house = House::open(&db.db).await;
        let (game, players) = house.game(classic()).await;
        resign(&house, game, &players[0]).await;
        let app = &house.app;
        let before = ratings::rating_of(app, players[0].account, family()).await.unwrap();
        assert_eq!(before, Rating::NEW);
        count_games::sweep(app).await.unwrap();
        let fresh = ratings::rating_of(app, players[0].account, family()).await.unwrap();
        assert!(fresh.deviation < before.deviation && fresh.points < before.points);
        house.clock.advance(Duration::from_hours(240));
        let rested = ratings::rating_of(app, players[0].account, family()).await.unwrap();
        assert!(rested.deviation > fresh.deviation && (rested.points - fresh.points).abs() < 1e-9);
        let elsewhere = ratings::rating_of(app, players[0].account, Family::known("quick").unwrap()).await.unwrap();
        assert_eq!(elsewhere, Rating::NEW);
    }

    async fn a_game_voided_after_its_end_is_taken_back_once_and_later_games_stand(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("void");
        let disputed = won(&house, &one, &two).await;
        let later = won(&house, &one, &two).await;
        count_games::sweep(&house.app).await.unwrap();
        let before = [points(&house, &one).await, points(&house, &two).await];
        let call = house.call(&two);
        assert!(void_games::one(&house.app, &call, disputed, "dispute").await.unwrap());
        assert!(!void_games::one(&house.app, &call, disputed, "dispute").await.unwrap(), "once");
        for (who, before) in [(&one, before[0]), (&two, before[1])] {
            let entries = entries(&house, who).await;
            let kinds: Vec<_> = entries.iter().map(|entry| (entry.kind, entry.game)).collect();
            assert_eq!(kinds, [(EntryKind::Void, disputed), (EntryKind::Game, later), (EntryKind::Game, disputed)]);
            let gained = entries[2].after.points - entries[2].before;
            assert!((points(&house, who).await - (before - gained)).abs() < 1e-9);
            assert_eq!(house.heard.kinds_for(who.account).iter().filter(|kind| **kind == "game_over").count(), 3);
        }
        let standing = ratings::own(&house.app, one.account).await.unwrap()[0].standing;
        assert_eq!((standing.tally.wins, standing.tally.games(), standing.entries), (1, 1, 3));
        let summary = house.app.store.summary(disputed).await.unwrap().unwrap();
        assert!(summary.voided_at.is_some());
        let record = crate::app::proof::run(&house.app, &call, two.account, disputed).await.unwrap();
        assert!(matches!(record.ending.outcome, Outcome::Won { .. }), "the journal still tells what was played");
        count_games::sweep(&house.app).await.unwrap();
        assert_eq!(entries(&house, &one).await.len(), 3, "never counted again");
        let third = won(&house, &two, &one).await;
        count_games::sweep(&house.app).await.unwrap();
        assert_eq!(entries(&house, &one).await[0].game, third);
    }

    async fn a_game_voided_after_its_end_is_voided_wherever_it_is_looked_at(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("void");
        let (disputed, other) = (won(&house, &one, &two).await, won(&house, &one, &two).await);
        let told = |view: &GameView| {
            let data: serde_json::Value = serde_json::from_str(&snapshot_json(view)).unwrap();
            (data["status"].to_string(), data["outcome"]["reason"].to_string(), data["outcome"]["winner"].is_null())
        };
        let finished = ("\"finished\"".to_owned(), "\"resignation\"".to_owned(), false);
        let voided = ("\"voided\"".to_owned(), "\"voided\"".to_owned(), true);
        assert_eq!(told(&house.look(disputed, &one).await), finished);
        assert!(void_games::one(&house.app, &house.call(&two), disputed, "dispute").await.unwrap());
        // Once out of memory as well: by then its journal alone would be read.
        for _ in 0..3 {
            assert_eq!(told(&house.look(disputed, &one).await), voided);
            assert_eq!(told(&house.look(other, &one).await), finished);
            house.app.tables.reap();
        }
        let asked = Asked { cid: house.cid(), base: Some(0), act: Act::Draw };
        let answer = house.ask(disputed, &two, asked).await;
        let Answer::Refused { why: Why::StaleBase, view: Some(view), .. } = answer else { panic!("{answer:?}") };
        assert_eq!(told(&view), voided);
        for (game, outcome) in [(disputed, Outcome::Voided), (other, house.look(other, &one).await.cards.outcome.unwrap())] {
            let wanted = replay::Wanted { round: None, after: 0, limit: kernel::Limit::MAX };
            let page = replay::steps(&house.app, &house.call(&one), one.account, game, wanted).await.unwrap();
            let (last, before) = page.items.split_last().unwrap();
            assert_eq!(last.outcome, Some(outcome));
            assert!(before.iter().all(|step| step.outcome.is_none()));
        }
    }

    async fn voiding_and_counting_at_once_end_with_nothing_counted(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("race");
        let other = house.next().await;
        for round in 0..4 {
            let game = won(&house, &one, &two).await;
            let call = house.call(&two);
            let voiding = void_games::one(&house.app, &call, game, "dispute");
            let (voided, counted) = tokio::join!(voiding, count_games::one(&other.app, game));
            assert!(voided.unwrap());
            counted.unwrap();
            let entries = house.app.store.entries_of_game(game).await.unwrap();
            assert!(entries.is_empty() || entries.len() == 4, "round {round}: {entries:?}");
            assert!((points(&house, &one).await - 1_500.0).abs() < 1e-9, "round {round}");
        }
    }

    async fn ratings_are_seen_by_those_who_may_play_and_a_pair_sees_its_own_games_for_ever(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two, three]: [Principal; 3] = house.network("seen");
        let stranger = house.person("stranger");
        won(&house, &one, &two).await;
        count_games::sweep(&house.app).await.unwrap();
        let seen = async |viewer: &Principal, whose: &Principal| {
            let call = house.call(viewer);
            ratings::of_other(&house.app, &call, viewer.account, whose.account).await.unwrap()
        };
        assert_eq!(seen(&three, &one).await.unwrap().len(), 1);
        assert_eq!(seen(&one, &one).await.unwrap().len(), 1);
        assert_eq!(seen(&one, &three).await.unwrap().len(), 0, "nothing played, nothing rated");
        assert!(seen(&stranger, &one).await.is_none());
        let between = async |viewer: &Principal, other: &Principal| {
            head_to_head::run(&house.app, &house.call(viewer), viewer.account, other.account).await.unwrap()
        };
        let score = between(&two, &one).await.unwrap();
        assert_eq!((score.total.first_wins, score.total.second_wins, score.last.len()), (0, 1, 1));
        assert_eq!(score.families, [(family(), score.total)]);
        assert!(between(&two, &three).await.unwrap().last.is_empty());
        assert!(between(&stranger, &one).await.is_none() && between(&one, &one).await.is_none());
        house.customer.block(one.account, two.account);
        assert!(seen(&two, &one).await.is_none());
        assert!(between(&two, &one).await.is_some(), "the games were theirs");
        assert!(between(&three, &one).await.is_some());
        house.customer.block(one.account, three.account);
        assert!(between(&three, &one).await.is_none());
    }

    async fn a_leaderboard_shows_ones_own_network_and_all_only_where_play_is_open(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("left");
        let [three, four]: [Principal; 2] = house.network("right");
        for _ in 0..9 {
            for (winner, loser) in [(&one, &two), (&two, &one), (&one, &two)] {
                won(&house, winner, loser).await;
            }
        }
        won(&house, &four, &three).await;
        count_games::sweep(&house.app).await.unwrap();
        let left = board(&house, &two, Scope::Network).await.unwrap();
        assert_eq!(left, [(one.account, Some(1)), (two.account, Some(2))]);
        let right = board(&house, &three, Scope::Network).await.unwrap();
        assert_eq!(right, [(four.account, None), (three.account, None)], "one game ranks nobody");
        assert!(matches!(board(&house, &two, Scope::Overall).await, Err(BoardError::NotOpen)));
        let sanction = identity_api::Sanction { account: one.account, reason: "test".to_owned() };
        identity_api::Identity::suspend(house.identity.as_ref(), &house.call(&one), sanction).await.unwrap();
        assert_eq!(board(&house, &two, Scope::Network).await.unwrap(), [(two.account, Some(2))]);
        let stranger = house.person("stranger");
        assert_eq!(board(&house, &stranger, Scope::Network).await.unwrap(), []);
    }

    async fn a_page_of_a_leaderboard_ranks_as_of_its_own_moment(db: TestDb) {
        let house = House::open(&db.db).await;
        let [ada, ben, cleo, dan]: [Principal; 4] = house.network("net");
        given(&house, (&ada, 1_900.0), (&ben, 1_800.0)).await;
        given(&house, (&cleo, 1_700.0), (&dan, 1_600.0)).await;
        let (call, one) = (house.call(&dan), Limit::try_from(1).unwrap());
        let page = async |after| {
            let scope = (Scope::Network, family());
            leaderboard::run(&house.app, &call, dan.account, scope, after, one).await.unwrap()
        };
        let first = page(None).await;
        assert_eq!((first.items[0].account, first.items[0].rank), (ada.account, Some(1)));
        // Past whoever the first page ended with.
        given(&house, (&ben, 2_000.0), (&dan, 1_600.0)).await;
        let second = page(first.next).await;
        assert_eq!((second.items[0].account, second.items[0].rank), (cleo.account, Some(3)));
    }

    async fn whoever_may_not_play_with_the_viewer_keeps_a_rank_that_is_not_shown(db: TestDb) {
        let house = House::open(&db.db).await;
        let [ada, ben, cleo, dan]: [Principal; 4] = house.network("net");
        given(&house, (&ada, 1_900.0), (&ben, 1_800.0)).await;
        given(&house, (&cleo, 1_700.0), (&dan, 1_600.0)).await;
        house.customer.block(ben.account, dan.account);
        let seen = board(&house, &dan, Scope::Network).await.unwrap();
        assert_eq!(seen, [(ada.account, Some(1)), (cleo.account, Some(3)), (dan.account, Some(4))]);
        let of_ben = ratings::of_other(&house.app, &house.call(&dan), dan.account, ben.account).await;
        assert!(of_ben.unwrap().is_none(), "as nobody else sees it");
    }

    async fn a_family_whose_only_game_was_voided_is_as_if_it_was_never_played(db: TestDb) {
        let house = House::open(&db.db).await;
        let [one, two]: [Principal; 2] = house.network("void");
        let game = given(&house, (&one, 1_900.0), (&two, 1_600.0)).await;
        assert_eq!(board(&house, &one, Scope::Network).await.unwrap().len(), 2);
        assert!(void_games::one(&house.app, &house.call(&two), game, "dispute").await.unwrap());
        assert!(ratings::own(&house.app, one.account).await.unwrap().is_empty());
        assert_eq!(board(&house, &one, Scope::Network).await.unwrap(), []);
        assert_eq!(entries(&house, &one).await.len(), 2, "its own history tells it all");
    }
}
