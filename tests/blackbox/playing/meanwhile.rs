//! What begins while somebody waits for something else: nobody's clock runs unseen.

use whot::client::Person;

use super::Player;
use crate::harness::{PASSWORD, Server};

/// The first invite from one to the other that is open.
async fn invited(one: &Person, other: &Person) -> String {
    let invite = one.invite_to_game(&other.username).await.expect("an invite");
    invite["id"].as_str().expect("its id").to_owned()
}

fn hear(player: &mut Player, wanted: &str) -> String {
    tokio::task::block_in_place(|| player.hears(wanted))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_one_sits_down_when_another_accepts() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    house.new_customer("cleo", PASSWORD).await.expect("Cleo joins");
    let forgotten = invited(&ada, &ben).await;
    let mut player = Player::sit(server.api.base(), "ada", &["--invite", "cleo"]);
    hear(&mut player, "Waiting for the answer");
    ben.accept_game(&forgotten).await.expect("a game");
    hear(&mut player, "Another game of yours has begun. Your invite stays open.");
    hear(&mut player, "You sit down with ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_at_the_list_sits_down_when_a_game_begins() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let open = invited(&ada, &ben).await;
    let mut player = Player::sit(server.api.base(), "ada", &[]);
    hear(&mut player, "invited by you");
    ben.accept_game(&open).await.expect("a game");
    hear(&mut player, "A game of yours has begun.");
    hear(&mut player, "You sit down with ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sits_at_a_table_is_told_of_another_that_waits_and_can_go_there() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let open = invited(&ada, &ben).await;
    let mut player = Player::sit(server.api.base(), "ada", &["--practice", "easy"]);
    hear(&mut player, "You sit down with easy bot");
    let game = ben.accept_game(&open).await.expect("a game");
    hear(&mut player, "Another game of yours has begun");
    player.types("l");
    hear(&mut player, "easy bot       naija_classic");
    hear(&mut player, "ben            naija_classic");
    drop((player, game));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_says_what_is_special_about_its_rules() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let mut inviting = Player::sit(
        server.api.base(),
        "ada",
        &[
            "--invite",
            "ben",
            "--rules",
            "street_strict",
            "--toggle",
            "deal=5",
            "--toggle",
            "double_deck=group",
        ],
    );
    hear(&mut inviting, "Invited ben to custom (changed street_strict)");
    let mut invited = Player::sit(server.api.base(), "ben", &[]);
    hear(&mut invited, "invites you");
    let particulars = hear(&mut invited, "deal=5");
    assert!(particulars.contains("double_deck=group"), "{particulars}");
    invited.types("how street_strict deal=5");
    hear(&mut invited, "Each begins with 5 cards");
    drop((inviting, invited, ada));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_gets_no_game_fails_and_one_at_its_end_waits_for_nobody() {
    let server = Server::start();
    let (_house, _ada, _ben) = server.pair().await;
    for (arguments, wanted) in
        [(["--invite", "nobody"], Some(1)), (["--accept", "ben"], Some(0)), (["--invite", "ben"], Some(0))]
    {
        let mut player = Player::sit(server.api.base(), "ada", &arguments);
        let code = tokio::task::block_in_place(|| {
            drop(player.input.take());
            while player.next().is_some() {}
            player.child.wait().unwrap().code()
        });
        assert_eq!(code, wanted, "{arguments:?}: {}", player.seen.join("\n"));
    }
}
