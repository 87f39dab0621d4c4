//! Finding a game: the open queue from joining to playing, who is seen online, quiet hours, and the link of an invite.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answer, Api, House, Person, Socket, Table, fresh_id};

use crate::harness::{PASSWORD, Server};
use crate::journeys::play_out;

const QUEUE: &str = "/api/v1/games/queue";
const PREFERENCES: &str = "/api/v1/games/preferences";

/// Looks at most, a few times a second, for what happens in the background.
const LOOKS: usize = 200;

async fn join(who: &Person, body: &Value) -> Answer {
    let request = who.api.request(Method::POST, QUEUE).header("idempotency-key", fresh_id()).json(body);
    Api::send(request).await.unwrap()
}

async fn place(who: &Person) -> Value {
    who.api.get(QUEUE).await.unwrap().body
}

async fn leave(who: &Person) {
    let left = who.api.call(Method::DELETE, QUEUE, None).await.unwrap();
    assert_eq!(left.status, 204, "{}", left.text);
}

/// Asks again and again until the answer is the wanted one.
async fn until(what: &str, who: &Person, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..LOOKS {
        let body = who.api.get(path).await.unwrap().body;
        if wanted(&body) {
            return body;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never came: {}", who.api.get(path).await.unwrap().text);
}

async fn offered(who: &Person) -> Value {
    until("an offer", who, QUEUE, |place| place["state"] == "offered").await["pairing"].clone()
}

async fn answer(who: &Person, pairing: &str, how: &str) -> Answer {
    let path = format!("/api/v1/games/pairings/{pairing}/{how}");
    let body = (how == "accept").then(|| json!({}));
    who.api.call(Method::POST, &path, body.as_ref()).await.unwrap()
}

/// How many times the queue has been asked to bring two together.
static PAIRS: AtomicU16 = AtomicU16::new(0);

/// Lets the queue bring the two together, over a clock that nobody else waits for; gives the pairing's id.
pub(crate) async fn pair_up(one: &Person, other: &Person) -> String {
    let turn_s = 60 + PAIRS.fetch_add(1, Ordering::Relaxed);
    let wish = json!({"rule_set": "quick", "clock": {"turn_s": turn_s}, "rated": false});
    for who in [one, other] {
        leave(who).await;
        let joined = join(who, &wish).await;
        assert_eq!(joined.status, 201, "{}", joined.text);
    }
    let pairing = offered(one).await;
    assert_eq!(offered(other).await["id"], pairing["id"], "they were brought together");
    pairing["id"].as_str().unwrap().to_owned()
}

/// The next notice of a kind.
async fn notice(inbox: &mut Socket, kind: &str) -> Value {
    let frame = inbox.find(|frame| frame["data"]["kind"] == kind).await.unwrap();
    frame["data"].clone()
}

async fn choose(who: &Person, version: &str, body: &Value) -> Answer {
    let request = who.api.request(Method::PUT, PREFERENCES).header("if-match", version).json(body);
    Api::send(request).await.unwrap()
}

/// Who is online of the people of one's network, by name.
async fn online(who: &Person) -> Vec<String> {
    let people = who.api.get("/api/v1/games/people").await.unwrap().body;
    let seen = people["items"].as_array().unwrap().iter().filter(|one| one["online"] == true);
    seen.map(|one| one["username"].as_str().unwrap().to_owned()).collect()
}

/// Both wait on for two steps of the queue and more.
async fn stay_waiting(one: &Person, other: &Person) {
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            (place(one).await["state"].as_str(), place(other).await["state"].as_str()),
            (Some("waiting"), Some("waiting"))
        );
    }
}

#[tokio::test]
async fn two_strangers_are_brought_together_by_the_queue_and_play_to_the_end() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut inbox = ben.live(json!([{"inbox": true}])).await.unwrap();
    assert_eq!(place(&ada).await, json!({"state": "idle"}));
    let wish = json!({"rule_set": "quick"});
    let joined = join(&ada, &wish).await;
    assert_eq!((joined.status, joined.body["state"].as_str()), (201, Some("waiting")), "{}", joined.text);
    assert_eq!(joined.body["waiting"]["width"], 100);
    assert_eq!(joined.body["waiting"]["rating"], 1_500);
    let again = join(&ada, &wish).await;
    assert_eq!((again.status, &again.body["waiting"]["since"]), (200, &joined.body["waiting"]["since"]));
    let other = join(&ada, &json!({"rule_set": "quick", "rated": false})).await;
    assert_eq!((other.status, other.code()), (409, "already_queued"));
    assert_eq!(join(&ben, &wish).await.status, 201);

    let told = notice(&mut inbox, "game_pairing_offered").await;
    let (hers, his) = (offered(&ada).await, offered(&ben).await);
    assert_eq!((&told["pairing_id"], &told["game_id"]), (&his["id"], &his["game_id"]));
    assert_eq!((&hers["id"], &hers["commitment"]), (&his["id"], &his["commitment"]));
    assert_eq!(hers["opponent"]["username"], "ben");
    let id = his["id"].as_str().unwrap();
    let half = answer(&ben, id, "accept").await;
    assert_eq!((half.status, &half.body["begun"]), (200, &json!(false)), "{}", half.text);
    assert_eq!(offered(&ben).await["accepted"], true);
    assert_eq!(offered(&ada).await["accepted"], false, "nobody sees what the other has said");
    let whole = answer(&ada, id, "accept").await;
    assert_eq!(whole.body, json!({"game_id": his["game_id"], "begun": true}), "{}", whole.text);
    assert_eq!(answer(&ben, id, "accept").await.body, whole.body);
    assert_eq!(notice(&mut inbox, "game_started").await["game_id"], his["game_id"]);
    assert_eq!(place(&ada).await, json!({"state": "idle"}));

    let game = his["game_id"].as_str().unwrap();
    let mut tables = [Table::sit(&ada, game).await.unwrap(), Table::sit(&ben, game).await.unwrap()];
    play_out(&mut tables).await;
}

#[tokio::test]
async fn whoever_declines_leaves_and_is_not_offered_to_the_same_again_at_once() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let id = pair_up(&ada, &ben).await;
    assert_eq!(answer(&ben, &id, "decline").await.status, 204);
    assert_eq!(answer(&ben, &id, "decline").await.status, 204);
    let late = answer(&ada, &id, "accept").await;
    assert_eq!((late.status, late.code()), (409, "pairing_declined"));
    assert_eq!(
        (place(&ada).await["state"].as_str(), place(&ben).await["state"].as_str()),
        (Some("waiting"), Some("idle"))
    );
    // Not to each other again at once, though nobody else is there.
    leave(&ada).await;
    for who in [&ada, &ben] {
        assert_eq!(join(who, &json!({"rule_set": "quick"})).await.status, 201);
    }
    stay_waiting(&ada, &ben).await;
}

#[tokio::test]
async fn a_block_ends_what_is_on_offer_and_keeps_two_apart_from_then_on() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let id = pair_up(&ada, &ben).await;
    let invite = ada.invite_to_game("ben").await.unwrap();
    let blocks = format!("/api/v1/blocks/{}", ada.account);
    assert_eq!(ben.api.call(Method::PUT, &blocks, None).await.unwrap().status, 204);
    until("the end of the offer", &ada, QUEUE, |place| place["state"] == "waiting").await;
    assert_eq!(place(&ben).await["state"], "waiting");
    let late = answer(&ada, &id, "accept").await;
    assert_eq!((late.status, late.code()), (409, "pairing_cancelled"));
    let path = format!("/api/v1/games/invites/{}", invite["id"].as_str().unwrap());
    let cancelled =
        until("the end of the invite", &ada, &path, |invite| invite["state"] == "cancelled").await;
    assert_eq!(cancelled["reason"], "not_available");
    let body = json!({"username": "ben", "rule_set": "quick"});
    let request =
        ada.api.request(Method::POST, "/api/v1/games/invites").header("idempotency-key", fresh_id());
    let refused = Api::send(request.json(&body)).await.unwrap();
    assert_eq!((refused.status, refused.code()), (404, "not_available"));
    stay_waiting(&ada, &ben).await;
}

#[tokio::test]
async fn of_many_who_join_and_answer_at_once_nobody_gets_two_games() {
    let server = Server::start_with(&[("customer.daily_invites", "1000"), ("customer.open_invites", "1000")]);
    let house = server.house().await;
    let mut people = Vec::new();
    for number in 0..12 {
        people.push(house.new_customer(&format!("player{number}"), PASSWORD).await.unwrap());
    }
    let wish = json!({"rule_set": "quick"});
    let joins = join_all(people.iter().flat_map(|who| [join(who, &wish), join(who, &wish)])).await;
    let made = joins.iter().filter(|joined| joined.status == 201).count();
    assert_eq!((joins.len(), made), (24, 12), "{joins:?}");
    let offers: Vec<String> =
        join_all(people.iter().map(|who| async { offered(who).await["id"].as_str().unwrap().to_owned() }))
            .await;
    let yes = people
        .iter()
        .zip(&offers)
        .flat_map(|(who, id)| [answer(who, id, "accept"), answer(who, id, "accept")]);
    for said in join_all(yes).await {
        assert_eq!(said.status, 200, "{}", said.text);
    }
    for who in &people {
        let games = who.api.get("/api/v1/games").await.unwrap().body;
        assert_eq!(games["items"].as_array().unwrap().len(), 1, "{games}");
        assert_eq!(place(who).await, json!({"state": "idle"}));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_an_offer_or_after_the_second_yes_loses_nothing_and_makes_one_game() {
    for arrow in ["game.offered", "game.paired"] {
        let mut server = Server::start();
        let (_house, ada, ben) = server.pair().await;
        server.kill();
        server.set("test.crash_at", arrow);
        server.run();
        let again = async |who: &Person| Person::sign_in(&server.api, &who.username, PASSWORD).await;
        let (one, two) = (again(&ada).await.unwrap(), again(&ben).await.unwrap());
        let (one, two) = (tokio::spawn(insist(one)), tokio::spawn(insist(two)));
        tokio::task::block_in_place(|| server.wait_for_end());
        server.unset("test.crash_at");
        server.run();
        let (hers, his) = (one.await.unwrap(), two.await.unwrap());
        assert_eq!(hers, his, "{arrow}");
        let ada = Person::sign_in(&server.api, "ada", PASSWORD).await.unwrap();
        let games = ada.api.get("/api/v1/games").await.unwrap().body;
        assert_eq!(games["items"].as_array().unwrap().len(), 1, "{arrow}: {games}");
    }
}

/// Joins, and accepts whatever is offered, until there is a game: what an app does whatever breaks in between.
async fn insist(who: Person) -> String {
    let (key, wish) = (fresh_id(), json!({"rule_set": "quick"}));
    for _ in 0..LOOKS {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let request = who.api.request(Method::POST, QUEUE).header("idempotency-key", &key).json(&wish);
        let Ok(place) = Api::send(request).await else { continue };
        if let Some(id) = place.body["pairing"]["id"].as_str() {
            let path = format!("/api/v1/games/pairings/{id}/accept");
            let _ = who.api.call(Method::POST, &path, Some(&json!({}))).await;
        }
        let Ok(games) = who.api.get("/api/v1/games").await else { continue };
        if let Some(game) = games.body["items"][0]["game_id"].as_str() {
            return game.to_owned();
        }
    }
    panic!("{} never got a game", who.username);
}

#[tokio::test]
async fn those_are_seen_online_who_chose_it_until_they_leave_or_choose_otherwise() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let socket = ben.live(json!([{"inbox": true}])).await.unwrap();
    let _head = house.distributor.live(json!([{"inbox": true}])).await.unwrap();
    let people = ada.api.get("/api/v1/games/people").await.unwrap().body;
    assert_eq!(people["items"].as_array().unwrap().len(), 2, "{people}");
    assert!(online(&ada).await.is_empty(), "unless one says otherwise nobody sees it");
    let preferences = ben.api.get(PREFERENCES).await.unwrap();
    assert_eq!(preferences.body, json!({"presence": "off", "quiet_hours": null}));
    let version = preferences.header("etag").unwrap().to_owned();
    let open = json!({"presence": "network", "quiet_hours": null});
    let missing = ben.api.call(Method::PUT, PREFERENCES, Some(&open)).await.unwrap();
    assert_eq!(missing.status, 428, "{}", missing.text);
    let chosen = choose(&ben, &version, &open).await;
    assert_eq!((chosen.status, &chosen.body), (200, &open));
    assert_eq!(choose(&ben, &version, &open).await.status, 412);
    assert_eq!(online(&ada).await, ["ben"], "at once");
    let stranger = House::provision(&house.admin, &house.approver, "stranger", PASSWORD).await.unwrap();
    let others = House { distributor: stranger, ..house.clone() };
    let far = others.new_customer("far", PASSWORD).await.unwrap();
    assert!(online(&far).await.is_empty(), "of one's own network alone");
    socket.close().await;
    until("Ben's going", &ada, "/api/v1/games/people", |people| {
        people["items"].as_array().unwrap().iter().all(|one| one["online"] == false)
    })
    .await;
    let _again = ben.live(json!([{"inbox": true}])).await.unwrap();
    until("Ben's coming", &ada, "/api/v1/games/people", |people| {
        people["items"].as_array().unwrap().iter().any(|one| one["online"] == true)
    })
    .await;
    let version = chosen.header("etag").unwrap().to_owned();
    assert_eq!(choose(&ben, &version, &json!({"presence": "off", "quiet_hours": null})).await.status, 200);
    assert!(online(&ada).await.is_empty(), "at once");
}

#[tokio::test]
async fn an_invite_in_quiet_hours_arrives_quietly() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut inbox = ben.live(json!([{"inbox": true}])).await.unwrap();
    ada.invite_to_game("ben").await.unwrap();
    assert_eq!(notice(&mut inbox, "game_invited").await.get("quiet"), None);
    // All day but for one minute, so that the hour of the test does not matter.
    let now = time_of_day(&ben).await;
    let loud = (now + 12 * 60) % (24 * 60);
    let quiet = |from: u32, to: u32| {
        let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        json!({"presence": "off", "quiet_hours": {"from": time(from), "to": time(to), "time_zone": "Africa/Lagos"}})
    };
    let chosen = choose(&ben, "\"0\"", &quiet((loud + 1) % (24 * 60), loud)).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    ada.invite_to_game("ben").await.unwrap();
    assert_eq!(notice(&mut inbox, "game_invited").await["quiet"], true);
    let chosen = choose(&ben, "\"1\"", &quiet(loud, (loud + 1) % (24 * 60))).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    ada.invite_to_game("ben").await.unwrap();
    assert_eq!(notice(&mut inbox, "game_invited").await.get("quiet"), None);
    for (member, value, pointer) in [
        ("from", json!("7:00"), "/quiet_hours/from"),
        ("to", json!("24:00"), "/quiet_hours/to"),
        ("time_zone", json!("Atlantis/Capital"), "/quiet_hours/time_zone"),
    ] {
        let mut body = quiet(0, 60);
        body["quiet_hours"][member] = value;
        let refused = choose(&ben, "\"2\"", &body).await;
        assert_eq!((refused.status, refused.code()), (422, "invalid_quiet_hours"), "{}", refused.text);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
}

/// Minutes after midnight in Lagos, an hour ahead of UTC, as the server's clock has it.
async fn time_of_day(who: &Person) -> u32 {
    let invite = who.invite_to_game("ada").await.unwrap();
    let at = invite["created_at"].as_str().unwrap();
    let part = |range: std::ops::Range<usize>| at[range].parse::<u32>().unwrap();
    (part(11..13) * 60 + part(14..16) + 60) % (24 * 60)
}

#[tokio::test]
async fn the_link_of_an_invite_opens_it_for_whom_it_is_addressed_to_alone() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let invite = ada.invite_to_game("ben").await.unwrap();
    let link = invite["link"].as_str().unwrap();
    let (page, id) = link.split_once('#').unwrap();
    assert!(page.ends_with("/g") && id == invite["id"], "{link}");
    let landing = server.api.anonymous().get("/g").await.unwrap();
    assert!(landing.text.contains("data-code=\"giv_"), "{}", landing.text);
    assert!(!landing.text.contains(id), "the page knows no invite");
    let path = format!("/api/v1/games/invites/{id}");
    assert_eq!(ben.api.get(&path).await.unwrap().body["link"], link);
    for other in [&house.distributor.api, &server.api.anonymous()] {
        let refused = other.call(Method::GET, &path, None).await.unwrap();
        assert!([401, 404].contains(&refused.status), "{}", refused.text);
    }
    let decline = format!("{path}/decline");
    for reason in ["not_now", "other_rules", "other_clock", "no_thanks"] {
        let invite = ada.invite_to_game("ben").await.unwrap();
        let path = format!("/api/v1/games/invites/{}/decline", invite["id"].as_str().unwrap());
        let declined = ben.api.post(&path, json!({"reason": reason})).await.unwrap().body;
        assert_eq!((&declined["state"], &declined["reason"]), (&json!("declined"), &json!(reason)));
    }
    let refused = ben.api.call(Method::POST, &decline, Some(&json!({"reason": "go away"}))).await.unwrap();
    assert_eq!(refused.status, 422, "no invite carries a message: {}", refused.text);
}
