//! Practice against the server's opponents, as a person alone lives through it: asked for, accepted, played to the end,
//! and gone on with by itself after the server died.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answered, Person, Table};

use crate::harness::{PASSWORD, Server};
use crate::spec::openapi;

const STRENGTHS: [&str; 5] = ["random", "easy", "medium", "hard", "expert"];
/// Nobody waits for a test.
const QUICK: [(&str, &str); 2] =
    [("game.practice.least_pause_ms", "0"), ("game.practice.most_pause_ms", "20")];

/// Asks for a game and gives the invite.
async fn ask(person: &Person, strength: &str) -> Value {
    let body = json!({"strength": strength, "rule_set": "naija_classic"});
    let answer = person.api.post("/api/v1/games/practice", body.clone()).await.unwrap();
    assert_eq!(openapi().exchange("POST", "/api/v1/games/practice", Some(&body), &answer), [""; 0]);
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body
}

async fn begin(person: &Person, strength: &str) -> String {
    let invite = ask(person, strength).await;
    person.accept_game(invite["id"].as_str().unwrap()).await.unwrap()
}

/// Plays from what is legal until the game is over; the opponent comes in between by itself.
async fn play_out(table: &mut Table) -> Value {
    loop {
        if let Some(outcome) = table.outcome.clone() {
            return outcome;
        }
        if table.to_move() {
            let legal = &table.legal;
            let action =
                legal.iter().find(|action| action.get("play").is_some()).unwrap_or(&legal[0]).clone();
            match table.play(&action).await.unwrap().0 {
                Answered::Done(_) => {}
                // The opponent announced something in between.
                Answered::Refused { code, .. } => assert_eq!(code, "stale_base"),
            }
        } else {
            table.advance().await.expect("the opponent's move");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_alone_plays_a_whole_game_against_every_strength() {
    let server = Server::start_with(&QUICK);
    let house = server.house().await;
    let ada = house.new_customer("ada", PASSWORD).await.unwrap();
    let games = STRENGTHS.map(async |strength| {
        let invite = ask(&ada, strength).await;
        assert_eq!(invite["direction"], "incoming", "{invite}");
        assert_eq!(invite["rated"], false);
        let opponent = &invite["creator"];
        assert_eq!(opponent["practice"], strength);
        assert_eq!(opponent["username"], format!("practice:{strength}"));
        assert!(invite["invitee"].get("practice").is_none());
        let game = ada.accept_game(invite["id"].as_str().unwrap()).await.unwrap();
        let socket = ada.live_on(strength, json!([{"game": game}])).await.unwrap();
        let mut table = Table::sit_at(&ada, &game, socket).await.unwrap();
        assert_eq!(table.snapshot["players"][0], *opponent);
        let outcome = play_out(&mut table).await;
        let reason = outcome["reason"].as_str().unwrap();
        assert!(["rounds", "drawn"].contains(&reason), "nobody gave up or ran out of time: {outcome}");
        (game, outcome)
    });
    let games = join_all(games).await;
    for (game, outcome) in &games {
        let board = ada.api.get(&format!("/api/v1/games/{game}/scoreboard")).await.unwrap().body;
        assert_eq!(board["game"]["outcome"], *outcome);
        assert_eq!(board["pair"]["games"], 0, "practice counts in no score");
        let proof = ada.api.get(&format!("/api/v1/games/{game}/proof")).await.unwrap();
        assert_eq!(proof.body["commitment"].as_str().unwrap().len(), 43);
        assert!(proof.body["entropy"][0].is_string(), "the opponent gave its entropy");
    }
    let listed = ada.api.get("/api/v1/games").await.unwrap().body;
    let mut opponents: Vec<&str> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|game| game["players"][0]["practice"].as_str())
        .collect();
    opponents.reverse();
    assert_eq!(opponents.len(), STRENGTHS.len(), "{listed}");
    let again = ada.api.post(&format!("/api/v1/games/{}/rematch", games[0].0), json!({})).await.unwrap();
    assert_eq!((again.status, &again.body["creator"]["practice"]), (201, &json!("random")));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_opponent_goes_on_by_itself() {
    let mut server = Server::start_with(&[
        ("game.practice.least_pause_ms", "1500"),
        ("game.practice.most_pause_ms", "1500"),
    ]);
    let house = server.house().await;
    let ada = house.new_customer("ada", PASSWORD).await.unwrap();
    // Until one begins with the opponent's turn.
    let (game, mut table) = loop {
        let game = begin(&ada, "medium").await;
        let table = Table::sit(&ada, &game).await.unwrap();
        if !table.to_move() {
            break (game, table);
        }
    };
    let before = table.seq;
    server.kill();
    for (key, value) in QUICK {
        server.set(key, value);
    }
    server.run();
    let ada = Person::sign_in(&server.api, "ada", PASSWORD).await.unwrap();
    table.resume_as(&ada).await.unwrap();
    let mut moved = false;
    while !moved {
        let seen = table.advance().await.expect("the opponent's move");
        moved = seen.iter().any(|seen| matches!(seen.data["kind"].as_str(), Some("played" | "drew")));
    }
    assert!(table.seq > before);
    play_out(&mut table).await;
    let snapshot = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
    assert_eq!(snapshot["clock"]["away_since"][0], Value::Null, "an opponent is never away");
}

#[tokio::test(flavor = "multi_thread")]
async fn opponents_do_not_hold_up_a_drain() {
    let mut server = Server::start_with(&[
        ("game.practice.least_pause_ms", "4000"),
        ("game.practice.most_pause_ms", "4000"),
    ]);
    let house = server.house().await;
    let ada = house.new_customer("ada", PASSWORD).await.unwrap();
    for _ in 0..4 {
        begin(&ada, "expert").await;
    }
    let stopped = tokio::task::spawn_blocking(move || (server.stop(), server));
    let (status, _server) = tokio::time::timeout(Duration::from_secs(30), stopped).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_strength_that_nobody_has_and_rules_that_cannot_be_played_are_refused() {
    let server = Server::start();
    let house = server.house().await;
    let ada = house.new_customer("ada", PASSWORD).await.unwrap();
    for (body, code, pointer) in [
        (json!({"strength": "godlike", "rule_set": "quick"}), "invalid_request", "/strength"),
        (json!({"strength": "easy", "rule_set": "bridge"}), "invalid_rule_set", "/rule_set/name"),
    ] {
        let refused = ada.api.call(Method::POST, "/api/v1/games/practice", Some(&body)).await.unwrap();
        assert_eq!((refused.status, refused.code()), (422, code), "{}", refused.text);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    let named = ada.invite_to_game("practice:easy").await;
    assert!(named.is_err(), "an opponent is asked for, not invited");
}
