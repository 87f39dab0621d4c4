//! The main job, end to end, in every shape and on every database.

use serde_json::{Value, json};
use whot::client::{Answered, Person, Table};

use crate::harness::{PASSWORD, Server, game_of};

/// Plays from what is legal until the game is over: cards before draws, so that games end.
pub(crate) async fn play_out(tables: &mut [Table; 2]) -> Value {
    for _ in 0..2_000 {
        if let Some(mover) = tables.iter().position(Table::to_move) {
            let action = preferred(&tables[mover].legal);
            let (answered, _) = tables[mover].play(&action).await.expect("an answer");
            let Answered::Done(seq) = answered else {
                panic!("a legal command was refused: {action} {answered:?}")
            };
            for table in tables.iter_mut() {
                while table.seq < seq {
                    table.advance().await.expect("the events of the move");
                }
            }
        } else if let Some(outcome) = tables[0].outcome.clone() {
            assert_eq!(tables[1].outcome.as_ref(), Some(&outcome), "both seats saw the same end");
            return outcome;
        } else {
            panic!("nobody can move and the game is not over");
        }
    }
    panic!("the game did not end");
}

fn preferred(legal: &[Value]) -> Value {
    legal.iter().find(|action| action.get("play").is_some()).unwrap_or(&legal[0]).clone()
}

#[tokio::test]
async fn from_an_empty_house_to_a_finished_game() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;

    let me = ada.api.get("/api/v1/users/me").await.unwrap();
    assert_eq!(me.body["username"], "ada");
    assert_eq!(me.body["account_type"], "customer");
    let relationship =
        house.distributor.api.get(&format!("/api/v1/relationships/{}", ada.account)).await.unwrap();
    assert_eq!(relationship.body["state"], "active");

    let again = Person::sign_in(&server.api, "ben", PASSWORD).await.unwrap();
    assert_eq!(again.account, ben.account);

    let game = game_of(&ada, &ben).await;
    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&again, &game).await.unwrap()];
    let outcome = play_out(&mut tables).await;
    assert!(outcome["reason"].is_string(), "{outcome}");

    let scores = ada.api.get(&format!("/api/v1/games/{game}/scoreboard")).await.unwrap();
    assert_eq!(scores.body["game"]["outcome"]["winner"], outcome["winner"], "{}", scores.text);
    assert_eq!(scores.body["pair"]["games"], 1, "{}", scores.text);
    let snapshot = ben.api.get(&format!("/api/v1/games/{game}")).await.unwrap();
    assert_eq!(snapshot.body["status"], "finished");
}

#[tokio::test]
async fn a_lost_connection_resumes_without_a_gap_or_a_repeat() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    for round in 0..6 {
        let Some(mover) = tables.iter().position(Table::to_move) else { break };
        let action = preferred(&tables[mover].legal);
        // The other is away while the move is made, and learns of it when it comes back.
        let (Answered::Done(seq), _) = tables[mover].play(&action).await.unwrap() else { panic!("refused") };
        let other = &mut tables[1 - mover];
        if round % 2 == 0 {
            other.resume().await.unwrap();
        }
        while other.seq < seq {
            other.advance().await.unwrap();
        }
        while tables[mover].seq < seq {
            tables[mover].advance().await.unwrap();
        }
    }
    play_out(&mut tables).await;
}

#[tokio::test]
async fn a_refreshed_session_goes_on_and_a_signed_out_one_does_not() {
    let server = Server::start();
    let (_house, mut ada, _ben) = server.pair().await;
    let before = ada.refresh_token.clone();
    ada.refresh().await.unwrap();
    assert_ne!(ada.refresh_token, before);
    ada.api.post("/api/v1/auth/logout", json!({})).await.unwrap();
    let refused = ada.api.get("/api/v1/users/me").await;
    assert!(refused.is_err(), "a signed-out session reads nothing");
    assert!(ada.refresh().await.is_err(), "and gets no new tokens");
}
