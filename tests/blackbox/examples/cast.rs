//! What an example is given: people, an invite, a game. All of it is made through the public API, as anybody could.

use serde_json::{Value, json};
use whot::client::Person;

use super::pattern::Known;
use super::transcript::Given;
use crate::harness::{PASSWORD, Server, game_of};

/// Numbers whose cards have no effect: whoever lays one passes the turn on.
const PLAIN: [&str; 7] = ["3", "4", "7", "10", "11", "12", "13"];
/// Games begun until one begins as wanted: each does with a probability of about a third.
const DEALS: usize = 200;

/// Makes what is wanted and tells its names.
pub(super) async fn prepare(server: &Server, given: &Given, known: &mut Known) {
    let house = server.house().await;
    known.learn("distributor", described(&house.distributor));
    known.learn("admin", described(&house.admin));
    if given.invite {
        let invite = house.distributor.api.post("/api/v1/invites", json!({})).await.expect("an invite");
        known.learn(
            "invite",
            json!({"code": invite.body["code"], "link": invite.body["link"], "id": invite.body["id"]}),
        );
    }
    let mut people = Vec::new();
    for name in &given.people {
        let person = house.new_customer(name, PASSWORD).await.expect("a customer");
        known.learn(name, described(&person));
        people.push(person);
    }
    if given.game {
        let [first, second, ..] = people.as_slice() else { panic!("a game has two people") };
        known.learn("game", game_that_begins_with(first, second).await);
    }
}

fn described(person: &Person) -> Value {
    json!({
        "account_id": person.account,
        "username": person.username,
        "password": person.password,
        "access_token": person.api.token(),
        "refresh_token": person.refresh_token,
    })
}

/// Plays of one plain card are what an example can tell without knowing the hand.
fn plain_card(action: &Value) -> Option<&str> {
    let card = action["play"]["card"].as_str()?;
    let (_, number) = card.split_once('-')?;
    PLAIN.contains(&number).then_some(card)
}

async fn game_that_begins_with(first: &Person, second: &Person) -> Value {
    for _ in 0..DEALS {
        let game = game_of(first, second).await;
        let view = first.api.get(&format!("/api/v1/games/{game}")).await.expect("a snapshot").body;
        if let Some(card) = view["legal"].as_array().into_iter().flatten().find_map(plain_card) {
            return json!({"id": game, "card": card, "market": view["market"]});
        }
        let resign = json!({"cid": whot::client::fresh_id(), "base": view["seq"], "do": {"resign": {}}});
        first.api.post(&format!("/api/v1/games/{game}/play"), resign).await.expect("the end of a game");
    }
    panic!("no game of {DEALS} began as wanted");
}
