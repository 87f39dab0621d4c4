//! What goes wrong around a terminal: games that are not one's own, a server that is gone for a while, lists that change,
//! names in capitals, bytes that are no text.

use std::io::Write;

use serde_json::{Value, json};
use whot::client::{Api, Person};

use super::Player;
use crate::harness::{PASSWORD, Server, game_of};

fn hear(player: &mut Player, wanted: &str) -> String {
    tokio::task::block_in_place(|| player.hears(wanted))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_that_is_not_ones_own_ends_a_script_and_leads_nobody_to_an_empty_table() {
    let server = Server::start();
    let (_house, _ada, _ben) = server.pair().await;
    let foreign = ["--game", "gam_01m7x47gjefrcrtg38yfq36me7"];
    let mut player = Player::sit(server.api.base(), "ada", &foreign);
    let code = tokio::task::block_in_place(|| {
        while player.next().is_some() {}
        player.child.wait().unwrap().code()
    });
    assert_eq!(code, Some(1), "{}", player.seen.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_for_a_while_costs_nobody_the_place_at_the_terminal() {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut waiting = Player::sit(server.api.base(), "ada", &["--invite", "ben"]);
    hear(&mut waiting, "Waiting for the answer");
    let mut player = Player::sit(server.api.base(), "ben", &[]);
    hear(&mut player, "invites you");
    tokio::task::block_in_place(|| server.kill());
    hear(&mut player, "Connection lost");
    for typed in ["", "ratings", "decline 1"] {
        player.types(typed);
        hear(&mut player, "The server does not answer now");
    }
    tokio::task::block_in_place(|| server.run());
    hear(&mut player, "The connection is back");
    player.types("decline 1");
    hear(&mut player, "Done.");
    hear(&mut waiting, "ben cannot play now.");
    for player in [waiting, player] {
        tokio::task::block_in_place(|| player.leaves());
    }
    let open = |who: Person| async move {
        who.api.get("/api/v1/games/invites?direction=incoming&open=true").await.unwrap().body["items"].clone()
    };
    assert_eq!((open(ada).await, open(ben).await), (json!([]), json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_means_what_it_stood_for_when_it_was_shown() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let (cleo, dan) = (
        house.new_customer("cleo", PASSWORD).await.unwrap(),
        house.new_customer("dan", PASSWORD).await.unwrap(),
    );
    for who in [&ben, &cleo, &dan] {
        who.invite_to_game("ada").await.unwrap();
    }
    let mut player = Player::sit(server.api.base(), "ada", &[]);
    hear(&mut player, "A number opens it");
    let shown: Vec<String> = (1..=3)
        .map(|number| {
            let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let row = player.seen.iter().map(words).find(|words| words.first() == Some(&number.to_string()));
            row.expect("a row")[1].clone()
        })
        .collect();
    for number in ["2", "3"] {
        player.types(&format!("decline {number}"));
        hear(&mut player, "Done.");
    }
    tokio::task::block_in_place(|| player.leaves());
    let open = ada.api.get("/api/v1/games/invites?direction=incoming&open=true").await.unwrap().body;
    let left: Vec<&Value> =
        open["items"].as_array().unwrap().iter().map(|one| &one["creator"]["username"]).collect();
    assert_eq!(left, [&json!(shown[0])], "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_may_be_typed_in_capitals_and_a_line_may_be_no_text() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    for (name, other) in [("ADA", "ben"), ("Ben", "ada")] {
        let mut player = Player::sit(server.api.base(), name, &[]);
        let row = hear(&mut player, "in progress");
        assert!(row.contains(&format!(" {other} ")), "{row}");
        player.types("1");
        hear(&mut player, &format!("You sit down with {other}"));
        tokio::task::block_in_place(|| player.leaves());
    }
    let mut player = sit_with_the_turn(&server.api, &ada, &game).await;
    player.input.as_mut().unwrap().write_all(b"d\xe9j\xe0\n").unwrap();
    hear(&mut player, "is no card and no command");
    player.types("d");
    hear(&mut player, "You draw");
    tokio::task::block_in_place(|| player.leaves());
}

async fn sit_with_the_turn(api: &Api, ada: &Person, game: &str) -> Player {
    let view = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
    let name = if view["turn"] == view["seat"] { "ada" } else { "ben" };
    let mut player = Player::sit(api.base(), name, &["--game", game]);
    hear(&mut player, "Your turn");
    player
}
