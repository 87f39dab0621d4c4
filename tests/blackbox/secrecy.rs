//! Nothing secret reaches a log at any level: planted secrets are used in every way and then looked for.

use reqwest::Method;
use serde_json::json;
use whot::client::{Api, Person, Socket};

use crate::harness::{Server, game_of};

const PLANTED: &str = "planted-Passw0rd-that-must-not-be-logged";

#[tokio::test]
async fn no_password_token_code_or_ticket_is_in_any_log_at_any_level() {
    let mut server = Server::start_with(&[("log.filter", "trace")]);
    let mut secrets = vec![PLANTED.to_owned()];
    let enrolment = server.bootstrap();
    let house = whot::client::House::open(&server.api, &enrolment, |_| PLANTED.to_owned()).await.unwrap();
    secrets.push(enrolment);

    let code = house.new_invite_code().await.unwrap();
    let ticket = house.redeem(&code).await.unwrap();
    let body = json!({"ticket": ticket, "username": "ada", "password": PLANTED});
    let session = house.api.post("/api/v1/auth/register", body).await.unwrap();
    let mut ada = Person::of_session(&house.api, "ada", PLANTED, &session.body).unwrap();
    secrets.extend([code.clone(), ticket, ada.refresh_token.clone(), ada.api.token().unwrap().to_owned()]);
    ada.refresh().await.unwrap();
    secrets.extend([ada.refresh_token.clone(), ada.api.token().unwrap().to_owned()]);

    // The ways things go wrong: used codes in bodies and in paths, wrong passwords, junk tokens, malformed bodies.
    let in_path = format!("/api/v1/invites/{code}/redeem");
    house.api.call(Method::POST, &in_path, Some(&json!({}))).await.unwrap();
    let wrong = format!("{PLANTED}-wrong");
    house
        .api
        .call(Method::POST, "/api/v1/auth/login", Some(&json!({"login": "ada", "password": wrong})))
        .await
        .unwrap();
    let malformed = format!("{{\"login\":\"ada\",\"password\":\"{PLANTED}\",");
    let request =
        house.api.request(Method::POST, "/api/v1/auth/login").header("content-type", "application/json");
    Api::send(request.body(malformed)).await.unwrap();
    house
        .api
        .with_token(format!("junk-{PLANTED}"))
        .call(Method::GET, "/api/v1/users/me", None)
        .await
        .unwrap();

    let ben = house.new_customer("ben", PLANTED).await.unwrap();
    let game = game_of(&ada, &ben).await;
    let live = ada.api.post("/api/v1/live/tickets", json!({})).await.unwrap().text_at("/ticket").unwrap();
    let offer = format!("whot.v1, whot.ticket.{live}");
    let mut socket = Socket::connect(&server.api, "/api/v1/live", &offer).await.unwrap();
    socket.send(&json!({"t": "hello", "v": [1], "device": "d", "topics": [{"game": game}]})).await.unwrap();
    socket.frame_of("snap").await.unwrap();
    socket.send_text(format!("{{\"t\":\"{PLANTED}\"}}")).await.unwrap();
    socket.closed().await;
    let reconnect = ada.api.get(&format!("/api/v1/games/{game}/reconnect-token")).await.unwrap();
    secrets.extend([live, reconnect.text_at("/token").unwrap()]);
    server.restart();

    let log = server.log();
    assert!(log.matches("answered").count() > 10, "there is a log to look through");
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "a secret is in the log: {secret:.12}...");
    }
    // Not even a token's body without its prefix.
    let bare = code.trim_start_matches("civ_");
    assert!(!log.contains(bare), "the invite code is in the log");
}
