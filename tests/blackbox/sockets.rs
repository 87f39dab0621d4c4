//! The socket against a client that is broken, hostile, slow or far behind: precise errors, and nothing changes.

use serde_json::{Value, json};
use whot::client::{Answered, ClientError, Person, Socket, Table, fresh_id};

use crate::harness::{Server, game_of};

fn refused(result: Result<Socket, ClientError>) -> (u16, String) {
    match result {
        Err(ClientError::Refused { status, code, .. }) => (status, code),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the upgrade went through"),
    }
}

#[tokio::test]
async fn an_upgrade_without_a_valid_credential_is_refused_with_a_problem() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let anonymous = Socket::connect(&server.api, "/api/v1/live", "whot.v1").await;
    assert_eq!(refused(anonymous), (401, "unauthenticated".to_owned()));
    let forged = Socket::connect(&server.api.with_token("junk"), "/api/v1/live", "whot.v1").await;
    assert_eq!(refused(forged).0, 401);
    let ticket = Socket::connect(&server.api, "/api/v1/live", "whot.v1, whot.ticket.tkt_junk").await;
    assert_eq!(refused(ticket).0, 401);
    let (status, _) = refused(Socket::connect(&ada.api, "/api/v1/live", "whot.v9").await);
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_ticket_opens_one_socket_once() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let ticket = ada.api.post("/api/v1/live/tickets", json!({})).await.unwrap().text_at("/ticket").unwrap();
    let offer = format!("whot.v1, whot.ticket.{ticket}");
    let mut socket = Socket::connect(&server.api, "/api/v1/live", &offer).await.unwrap();
    socket.send(&json!({"t": "hello", "v": [1], "device": "web", "topics": []})).await.unwrap();
    socket.frame_of("welcome").await.unwrap();
    assert_eq!(refused(Socket::connect(&server.api, "/api/v1/live", &offer).await).0, 401);
}

#[tokio::test]
async fn garbage_huge_frames_and_wrong_versions_close_with_4400_and_change_nothing() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let before = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
    let huge = format!("{{\"t\":\"ping\",\"n\":{}}}", "1".repeat(49 * 1024));
    let long_name = "x".repeat(300);
    for garbage in [
        "not json",
        "[]",
        "{}",
        "{\"t\":\"nonsense\"}",
        "{\"t\":\"ping\",\"n\":\"seven\"}",
        "{\"t\":\"cmd\",\"cid\":\"not-a-uuid\",\"topic\":{\"game\":\"x\"},\"base\":0,\"do\":{}}",
        &format!("{{\"t\":\"{long_name}\"}}"),
        &huge,
    ] {
        let mut socket = ada.live(json!([])).await.unwrap();
        socket.send_text(garbage.to_owned()).await.unwrap();
        let (code, reason) = socket.closed().await;
        assert!(
            code == 4400 || (code == 1009 && garbage.len() > 48 * 1024),
            "{garbage:.40}: {code} {reason}"
        );
        assert!(!reason.is_empty(), "{garbage:.40} was not told why");
    }
    let mut socket = Socket::connect(&ada.api, "/api/v1/live", "whot.v1").await.unwrap();
    socket.send(&json!({"t": "hello", "v": [99], "device": "old", "topics": []})).await.unwrap();
    assert_eq!(socket.closed().await.0, 4400);
    let after = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
    assert_eq!((&before["seq"], &before["hand"]), (&after["seq"], &after["hand"]));
}

#[tokio::test]
async fn a_business_error_is_answered_and_the_socket_lives_on() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let cyd = house.new_customer("cyd", crate::harness::PASSWORD).await.unwrap();
    let game = game_of(&ada, &ben).await;
    let mut socket = cyd.live(json!([])).await.unwrap();
    // A game that is not hers, one that does not exist, and one that is no id at all are told apart by nobody.
    for topic in [game.as_str(), "gam_00000000000000000000000000", "gam_x", "acc_00000000000000000000000000"]
    {
        let cid = fresh_id();
        socket.command(&cid, &json!({"game": topic}), 0, &json!({"draw": {}})).await.unwrap();
        let answer = socket.answer_to(&cid).await.unwrap();
        assert_eq!(
            (answer["t"].as_str(), answer["code"].as_str()),
            (Some("err"), Some("not_found")),
            "{topic}"
        );
        let cid = fresh_id();
        socket.send(&json!({"t": "follow", "cid": cid, "topic": {"game": topic}})).await.unwrap();
        assert_eq!(socket.answer_to(&cid).await.unwrap()["code"], "not_found", "{topic}");
    }
    socket.send(&json!({"t": "ping", "n": 7})).await.unwrap();
    assert_eq!(socket.frame_of("pong").await.unwrap()["n"], 7);
}

#[tokio::test]
async fn an_illegal_move_names_its_reason_and_a_stale_base_brings_a_snapshot() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    let mover = tables.iter().position(Table::to_move).unwrap();

    let (answered, _) = tables[1 - mover].play(&json!({"draw": {}})).await.unwrap();
    assert!(matches!(answered, Answered::Refused { code, .. } if code == "not_your_turn"));
    let nonsense = json!({"play": {"card": "circle-6"}});
    let (answered, _) = tables[mover].play(&nonsense).await.unwrap();
    assert!(matches!(&answered, Answered::Refused { code, .. } if code == "malformed"), "{answered:?}");
    for uncalled in
        [json!({"play": {"card": "whot-20"}}), json!({"play": {"card": "whot-20", "call": "moon"}})]
    {
        let (answered, _) = tables[mover].play(&uncalled).await.unwrap();
        assert!(matches!(answered, Answered::Refused { .. }), "{uncalled}");
    }

    let stale = tables[mover].seq;
    let action = json!({"draw": {}});
    let (Answered::Done(_), _) = tables[mover].play(&action).await.unwrap() else {
        panic!("a draw is always legal")
    };
    let cid = fresh_id();
    let topic = tables[mover].topic();
    let socket = tables[mover].socket();
    socket.command(&cid, &topic, stale.saturating_sub(1), &action).await.unwrap();
    let answer = socket.answer_to(&cid).await.unwrap();
    assert_eq!(answer["code"], "stale_base", "{answer}");
    assert!(answer["snapshot"].is_object(), "{answer}");
}

#[tokio::test]
async fn a_pong_carries_the_seq_of_every_followed_game() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let mut socket = ada.live(json!([{"game": game}])).await.unwrap();
    let snap = socket.frame_of("snap").await.unwrap();
    socket.send(&json!({"t": "ping", "n": 1})).await.unwrap();
    let pong = socket.frame_of("pong").await.unwrap();
    assert_eq!(pong["seqs"][&game], snap["seq"], "{pong}");
}

#[tokio::test]
async fn the_inbox_tells_of_invites_and_continues_from_its_cursor() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut socket = ben.live(json!([{"inbox": true}])).await.unwrap();
    let cursor = inbox_cursor(&mut socket).await;
    ada.invite_to_game("ben").await.unwrap();
    let told = socket.find(|frame| frame["t"] == "ev" && frame["topic"]["inbox"] == true).await.unwrap();
    assert!(told["data"].to_string().contains("game_invited"), "{told}");
    socket.cut();
    let mut socket = ben.live(json!([{"inbox": true, "after": cursor}])).await.unwrap();
    let again = socket.find(|frame| frame["topic"]["inbox"] == true && frame["t"] != "snap").await.unwrap();
    assert!(again.to_string().contains("game_invited"), "{again}");
}

/// The inbox's cursor as pongs tell it, once the inbox is followed.
async fn inbox_cursor(socket: &mut Socket) -> Value {
    for n in 0..100 {
        socket.send(&json!({"t": "ping", "n": n})).await.unwrap();
        let pong = socket.frame_of("pong").await.unwrap();
        if pong["inbox"].is_string() {
            return pong["inbox"].clone();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no pong told of the inbox");
}

#[tokio::test]
async fn a_client_far_behind_or_with_many_games_catches_up_without_being_closed() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut topics = Vec::new();
    let mut expected = std::collections::HashMap::new();
    for _ in 0..200 {
        let game = game_of(&ada, &ben).await;
        let seq = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body["seq"].as_u64().unwrap();
        topics.push(json!({"game": game, "after": 0}));
        expected.insert(game, seq);
    }
    let mut socket = ada.live(Value::Array(topics)).await.unwrap();
    let mut reached = std::collections::HashMap::new();
    while reached.iter().filter(|(game, seq)| expected.get(*game) == Some(*seq)).count() < expected.len() {
        let frame = socket.next().await.unwrap();
        let Some(game) = frame["topic"]["game"].as_str().map(str::to_owned) else { continue };
        let last = match frame["t"].as_str() {
            Some("evs") => frame["events"].as_array().unwrap().last().unwrap()["seq"].as_u64(),
            _ => frame["seq"].as_u64(),
        };
        reached.insert(game, last.unwrap());
    }
}

#[tokio::test]
async fn signing_out_closes_the_sessions_sockets_and_suspending_the_account_all_of_them() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let mut socket = ada.live(json!([])).await.unwrap();
    ada.api.post("/api/v1/auth/logout", json!({})).await.unwrap();
    assert_eq!(socket.closed().await.0, 4003);
    let mut socket = ben.live(json!([])).await.unwrap();
    let path = format!("/api/v1/admin/accounts/{}/suspend", ben.account);
    house.admin.api.post(&path, json!({"reason": "test"})).await.unwrap();
    assert_eq!(socket.closed().await.0, 4010);
    assert!(ben.live(json!([])).await.is_err());
}

#[tokio::test]
async fn a_newer_socket_of_the_same_device_replaces_the_older_one() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let mut older = ada.live(json!([])).await.unwrap();
    let mut newer = ada.live(json!([])).await.unwrap();
    assert_eq!(older.closed().await.0, 4009);
    newer.send(&json!({"t": "ping", "n": 2})).await.unwrap();
    assert_eq!(
        newer.frame_of("pong").await.unwrap()["n"],
        2,
        "the dying one did not take down its successor"
    );
}

#[tokio::test]
async fn a_stopping_server_closes_sockets_with_4001_and_exits_cleanly() {
    let mut server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let mut socket = ada.live(json!([])).await.unwrap();
    let (status, (code, _)) = tokio::join!(
        async { tokio::task::spawn_blocking(move || server.stop()).await.unwrap() },
        socket.closed()
    );
    assert_eq!(code, 4001);
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_reconnect_token_opens_only_its_game_and_only_once() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let (game, other) = (game_of(&ada, &ben).await, game_of(&ada, &ben).await);
    let elsewhere = format!("/api/v1/games/{other}/ws");
    let token = ada.api.get(&format!("/api/v1/games/{game}/reconnect-token")).await.unwrap();
    let token = token.text_at("/token").unwrap();
    let offer = format!("whot.v1, whot.ticket.{token}");
    assert_eq!(refused(Socket::connect(&server.api, &elsewhere, &offer).await).0, 403);
    let token = ada.api.get(&format!("/api/v1/games/{game}/reconnect-token")).await.unwrap();
    let offer = format!("whot.v1, whot.ticket.{}", token.text_at("/token").unwrap());
    let path = format!("/api/v1/games/{game}/ws");
    let mut socket = Socket::connect(&server.api, &path, &offer).await.unwrap();
    socket.send(&json!({"t": "hello", "v": [1], "device": "phone", "topics": []})).await.unwrap();
    assert_eq!(socket.frame_of("snap").await.unwrap()["topic"]["game"], game);
    assert_eq!(refused(Socket::connect(&server.api, &path, &offer).await).0, 401);
}

#[tokio::test]
async fn a_session_that_was_ended_for_misuse_is_told_to_its_owner_at_once() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let mut socket = ada.live(json!([{"inbox": true}])).await.unwrap();
    let stolen = Person::sign_in(&server.api, &ada.username, &ada.password).await.unwrap();
    let mut owner = stolen.clone();
    for _ in 0..2 {
        owner.refresh().await.unwrap();
    }
    assert!(stolen.clone().refresh().await.is_err(), "an old token");
    // Nothing is asked for on the socket: the notice comes by itself.
    let told = socket.find(|frame| frame["context"] == "identity").await.unwrap();
    let event = told["events"].get(0).unwrap_or(&told);
    assert_eq!(
        (&event["data"]["kind"], &event["data"]["session_id"]),
        (&json!("session_ended"), &json!(stolen.session))
    );
}
