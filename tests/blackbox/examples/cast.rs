//! What an example is given: people, an invite, a game. All of it is made through the public API, as anybody could.

use serde_json::{Value, json};
use whot::client::Person;

use super::pattern::Known;
use super::transcript::{Given, Rules};
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
        let game = game_that_begins_with(first, second, given.rules.as_ref()).await;
        let id = game["id"].as_str().expect("its id").to_owned();
        for round in 1..=given.finished_rounds {
            play_round([first, second], &id, round).await;
        }
        known.learn("game", game);
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

/// A game by these rules.
async fn begin(first: &Person, second: &Person, rules: Option<&Rules>) -> String {
    let Some(rules) = rules else { return game_of(first, second).await };
    let mut body = json!({"username": second.username, "rule_set": rules.rule_set});
    if let Some(rule) = &rules.match_rule {
        body["match"] = json!(rule);
    }
    let invite = first.api.post("/api/v1/games/invites", body).await.expect("an invite").body;
    second.accept_game(invite["id"].as_str().expect("its id")).await.expect("a game")
}

/// Plays from what is legal until this round is over.
async fn play_round(people: [&Person; 2], game: &str, round: u32) {
    loop {
        let mut moved = false;
        for person in people {
            let view = person.api.get(&format!("/api/v1/games/{game}")).await.expect("a snapshot").body;
            if view["round"] != json!(round) {
                return;
            }
            let legal = view["legal"].as_array().expect("what is legal");
            let card = legal.iter().find(|action| action.get("play").is_some());
            if let Some(action) = card.or(legal.first()) {
                let command = json!({"cid": whot::client::fresh_id(), "base": view["seq"], "do": action});
                person.api.post(&format!("/api/v1/games/{game}/play"), command).await.expect("a move");
                moved = true;
            }
        }
        assert!(moved, "nobody can move, and round {round} is not over");
    }
}

async fn game_that_begins_with(first: &Person, second: &Person, rules: Option<&Rules>) -> Value {
    for _ in 0..DEALS {
        let game = begin(first, second, rules).await;
        let view = first.api.get(&format!("/api/v1/games/{game}")).await.expect("a snapshot").body;
        if let Some(card) = view["legal"].as_array().into_iter().flatten().find_map(plain_card) {
            return json!({"id": game, "card": card, "market": view["market"]});
        }
        let resign = json!({"cid": whot::client::fresh_id(), "base": view["seq"], "do": {"resign": {}}});
        first.api.post(&format!("/api/v1/games/{game}/play"), resign).await.expect("the end of a game");
    }
    panic!("no game of {DEALS} began as wanted");
}
