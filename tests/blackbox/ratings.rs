//! Ratings and records as people see them: what a finished game changes, who sees it, and that a crash right after the
//! end loses no count and makes none twice.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Person, fresh_id};

use crate::harness::{PASSWORD, Server, game_of};
use crate::spec::openapi;

/// What a route answers, held to the document.
async fn read(person: &Person, path: &str, route: &str) -> (u16, Value) {
    let answer = person.api.call(Method::GET, path, None).await.unwrap();
    assert_eq!(openapi().exchange("GET", route, None, &answer), [""; 0], "{path}");
    (answer.status, answer.body)
}

async fn own(person: &Person) -> Value {
    read(person, "/api/v1/games/ratings", "/api/v1/games/ratings").await.1["ratings"].clone()
}

async fn history(person: &Person, query: &str) -> Value {
    let path = format!("/api/v1/games/ratings/history?family=naija_classic{query}");
    read(person, &path, "/api/v1/games/ratings/history").await.1
}

async fn resign(person: &Person, game: &str) {
    let path = format!("/api/v1/games/{game}/resign");
    let answer = person.api.post(&path, json!({"cid": fresh_id()})).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Waits until so many games have counted for this person.
async fn counted(person: &Person, games: u64) {
    for _ in 0..200 {
        let ratings = own(person).await;
        let sum: u64 = ratings.as_array().unwrap().iter().map(|one| one["games"].as_u64().unwrap()).sum();
        assert!(sum <= games, "{ratings}");
        if sum == games {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{games} games never counted");
}

/// An unrated game, lost by whoever invites.
async fn friendly(one: &Person, other: &Person) -> String {
    let body = json!({"username": other.username, "rule_set": "naija_classic", "rated": false});
    let invite = one.api.post("/api/v1/games/invites", body).await.unwrap();
    assert_eq!(invite.body["rated"], false);
    let game = other.accept_game(invite.body["id"].as_str().unwrap()).await.unwrap();
    resign(one, &game).await;
    game
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_game_counts_for_its_two_players_and_is_seen_by_their_network_alone() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let cleo = house.new_customer("cleo", PASSWORD).await.unwrap();
    friendly(&ada, &ben).await;
    let game = game_of(&ada, &ben).await;
    resign(&ada, &game).await;
    counted(&ada, 1).await;
    counted(&ben, 1).await;

    let (ratings, points) = (own(&ben).await, |ratings: &Value| ratings[0]["rating"].as_f64().unwrap());
    assert_eq!(ratings[0]["family"], "naija_classic");
    assert_eq!((&ratings[0]["wins"], &ratings[0]["provisional"]), (&json!(1), &json!(true)));
    assert!(points(&ratings) > 1_500.0 && points(&own(&ada).await) < 1_500.0);
    let entries = history(&ben, "").await;
    assert_eq!(entries["items"].as_array().unwrap().len(), 1, "the friendly game is no entry: {entries}");
    assert_eq!(entries["items"][0]["game_id"], game);
    assert_eq!(entries["items"][0]["rating_after"], ratings[0]["rating"]);
    let board = format!("/api/v1/games/{game}/scoreboard");
    let (_, board) = read(&ada, &board, "/api/v1/games/{game_id}/scoreboard").await;
    assert_eq!(board["ratings"][1]["after"], ratings[0]["rating"]);

    let route = "/api/v1/games/ratings/{account_id}";
    let (status, seen) = read(&cleo, &format!("/api/v1/games/ratings/{}", ben.account), route).await;
    assert_eq!((status, &seen["ratings"]), (200, &ratings));
    let route = "/api/v1/games/leaderboards/{family}";
    let (_, board) = read(&cleo, "/api/v1/games/leaderboards/naija_classic", route).await;
    let names: Vec<&Value> =
        board["items"].as_array().unwrap().iter().map(|place| &place["player"]["username"]).collect();
    assert_eq!(names, ["ben", "ada"]);
    let (_, board) = read(&ben, "/api/v1/games/leaderboards/naija_classic?limit=1", route).await;
    let cursor = board["next_cursor"].as_str().unwrap();
    let next = format!("/api/v1/games/leaderboards/naija_classic?limit=1&cursor={cursor}");
    let (_, next_page) = read(&ben, &next, route).await;
    assert_eq!(next_page["items"][0]["player"]["username"], "ada");
    assert_eq!(next_page["next_cursor"], Value::Null);
    let (status, _) = read(&ada, &next, route).await;
    assert_eq!(status, 400, "a cursor is its owner's");
    let (status, problem) = read(&ada, "/api/v1/games/leaderboards/naija_classic?scope=overall", route).await;
    assert_eq!((status, &problem["code"]), (403, &json!("play_not_open")));
    assert_eq!(read(&ada, "/api/v1/games/leaderboards/bridge", route).await.0, 404);

    let route = "/api/v1/games/head-to-head/{account_id}";
    let (_, against) = read(&ben, &format!("/api/v1/games/head-to-head/{}", ada.account), route).await;
    assert_eq!(against["total"], json!({"games": 2, "wins": 2, "losses": 0, "draws": 0}), "rated or not");
    assert_eq!(against["families"][0]["family"], "naija_classic");
    assert_eq!(against["last_games"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_anybody_may_play_anybody_there_is_a_leaderboard_of_all() {
    let server = Server::start_with(&[("customer.play_policy", "anyone")]);
    let (house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    resign(&ada, &game).await;
    counted(&ben, 1).await;
    let stranger = whot::client::House::provision(&house.admin, &house.approver, "stranger", PASSWORD);
    let stranger = stranger.await.unwrap();
    let route = "/api/v1/games/leaderboards/{family}";
    let (status, all) =
        read(&stranger, "/api/v1/games/leaderboards/naija_classic?scope=overall", route).await;
    assert_eq!((status, all["items"][0]["player"]["username"].as_str()), (200, Some("ben")), "{all}");
    let (_, network) = read(&stranger, "/api/v1/games/leaderboards/naija_classic", route).await;
    assert_eq!(network["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_game_that_ended_with_the_process_is_counted_once_when_it_comes_back() {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    server.kill();
    server.set("test.crash_at", "game.finished");
    server.run();
    let back = async |server: &Server, person: &Person| {
        Person::sign_in(&server.api, &person.username, PASSWORD).await.unwrap()
    };
    let loser = back(&server, &ada).await;
    let path = format!("/api/v1/games/{game}/resign");
    let lost = loser.api.post(&path, json!({"cid": fresh_id()})).await;
    assert!(lost.is_err(), "the process died before it could answer: {lost:?}");
    tokio::task::block_in_place(|| server.wait_for_end());
    server.unset("test.crash_at");
    server.run();
    for person in [&ada, &ben] {
        let person = back(&server, person).await;
        counted(&person, 1).await;
        assert_eq!(history(&person, "").await["items"][0]["game_id"], game);
    }
    server.restart();
    let winner = back(&server, &ben).await;
    assert_eq!(history(&winner, "").await["items"].as_array().unwrap().len(), 1, "and never again");
}
