//! Watching through the wire: let in by both players, told nothing that is younger than a minute, sent away at once.

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answered, Person, Socket, Table, fresh_id};

use crate::harness::{PASSWORD, Server, game_of};
use crate::spec::{asyncapi, openapi};

async fn ask(person: &Person, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let answer = person.api.call(method.clone(), path, body.as_ref()).await.unwrap();
    assert_eq!(openapi().exchange(method.as_str(), path, body.as_ref(), &answer), [""; 0], "{}", answer.text);
    (answer.status, answer.body)
}

/// The next frame, which is as the document says.
async fn next(socket: &mut Socket) -> Value {
    let frame = socket.next().await.unwrap();
    assert_eq!(asyncapi().faults_of_server_frame(&frame), [""; 0], "{frame}");
    frame
}

#[tokio::test]
async fn a_spectator_whom_both_let_in_sees_nothing_young_and_is_sent_away_at_once() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let cleo = house.new_customer("cleo", PASSWORD).await.unwrap();
    let game = game_of(&ada, &ben).await;
    let all = format!("/api/v1/games/{game}/spectators");
    let hers = format!("{all}/{}", cleo.account);
    let topic = json!({"watch": game});

    let follow = async |socket: &mut Socket| {
        let cid = fresh_id();
        socket.send(&json!({"t": "follow", "cid": cid, "topic": topic})).await.unwrap();
        cid
    };
    let mut socket = cleo.live(json!([])).await.unwrap();
    let cid = follow(&mut socket).await;
    assert_eq!(socket.answer_to(&cid).await.unwrap()["code"], "not_found");

    let (status, proposed) = ask(&ada, Method::POST, &all, Some(json!({"username": "cleo"}))).await;
    assert_eq!((status, &proposed["state"]), (200, &json!("proposed")));
    assert_eq!(ask(&ada, Method::POST, &format!("{hers}/agree"), None).await.0, 403, "not the proposer");
    assert_eq!(ask(&cleo, Method::POST, &format!("{hers}/agree"), None).await.0, 404);
    assert_eq!(ask(&ben, Method::POST, &format!("{hers}/agree"), None).await.1["state"], "agreed");
    assert_eq!(ask(&ada, Method::GET, &all, None).await.1["items"].as_array().unwrap().len(), 1);

    let cid = follow(&mut socket).await;
    let snap = next(&mut socket).await;
    assert_eq!((&snap["t"], &snap["topic"], &snap["seq"]), (&json!("snap"), &topic, &json!(0)));
    assert!(snap["data"].get("hand").is_none() && snap["data"].get("legal").is_none());
    assert_eq!(socket.answer_to(&cid).await.unwrap()["t"], "ok");

    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    for _ in 0..4 {
        let mover = tables.iter().position(Table::to_move).unwrap();
        let action = tables[mover].legal[0].clone();
        let (Answered::Done(seq), _) = tables[mover].play(&action).await.unwrap() else { panic!("refused") };
        for table in &mut tables {
            while table.seq < seq {
                table.advance().await.unwrap();
            }
        }
    }
    socket.send(&json!({"t": "ping", "n": 5})).await.unwrap();
    let pong = next(&mut socket).await;
    assert_eq!((&pong["t"], &pong["seqs"]), (&json!("pong"), &json!({&game: 0})), "nothing came before it");
    assert_eq!(ask(&cleo, Method::GET, &format!("/api/v1/games/{game}"), None).await.0, 404);
    let cid = fresh_id();
    socket.command(&cid, &topic, 0, &json!({"draw": {}})).await.unwrap();
    assert_eq!(socket.answer_to(&cid).await.unwrap()["code"], "forbidden");

    assert_eq!(ask(&ben, Method::DELETE, &hers, None).await.0, 204);
    let gone = socket.frame_of("gone").await.unwrap();
    assert_eq!((&gone["topic"], &gone["code"]), (&topic, &json!("not_available")));
    let cid = follow(&mut socket).await;
    assert_eq!(socket.answer_to(&cid).await.unwrap()["code"], "not_found");
}
