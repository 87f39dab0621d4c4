//! `kill -9` at every arrow of the redemption, and in the middle of play under load: nothing acknowledged is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use whot::client::{Answered, Api, ClientError, House, Person, Table, fresh_id};

use crate::harness::{PASSWORD, Server, game_of};

/// The saga's arrows, in order (DOMAIN.md 3). At each the process dies once, right after the step.
const ARROWS: &[&str] = &[
    "customer.reserved",
    "identity.account_created",
    "customer.created_heard",
    "customer.redeemed",
    "identity.activated",
    "customer.acknowledged",
    "customer.settled",
];

/// Retries until the server, started again, answers as promised.
async fn persist<T, F: Future<Output = Result<T, ClientError>>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) -> T {
    let mut last = None;
    for _ in 0..100 {
        match attempt().await {
            Ok(done) => return done,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} never worked: {last:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_arrow_of_the_redemption_leaves_one_of_everything() {
    for arrow in ARROWS {
        let mut server = Server::start();
        let house = server.house().await;
        let code = house.new_invite_code().await.unwrap();
        server.kill();
        server.set("test.crash_at", arrow);
        server.run();
        let api = server.api.clone();

        // The client does what an app does: it repeats the same request under the same key until it is answered.
        let driver = tokio::spawn(redeem_stubbornly(api, code));
        tokio::task::block_in_place(|| server.wait_for_end());
        server.unset("test.crash_at");
        server.run();
        let account = driver.await.unwrap();

        let house = signed_in_again(&server, house).await;
        check_invariant(&house, &account, arrow).await;
    }
}

async fn redeem_stubbornly(api: Api, code: String) -> String {
    let key = fresh_id();
    let body = json!({"token": code});
    let ticket = persist("redeeming", || async {
        let request = api.request(reqwest::Method::POST, "/api/v1/invites/redeem");
        let answer = Api::send(request.header("idempotency-key", &key).json(&body)).await?;
        answer.text_at("/ticket")
    })
    .await;
    let body = json!({"ticket": ticket, "username": "ada", "password": PASSWORD});
    persist("registering", || async {
        api.call(reqwest::Method::POST, "/api/v1/auth/register", Some(&body)).await?.text_at("/access_token")
    })
    .await;
    persist("signing in", || async { Ok(Person::sign_in(&api, "ada", PASSWORD).await?.account) }).await
}

async fn signed_in_again(server: &Server, house: House) -> House {
    let distributor = Person::sign_in(&server.api, &house.distributor.username, PASSWORD).await.unwrap();
    House { api: server.api.clone(), distributor, ..house }
}

/// Redeemed invites = relationships with that origin = accounts created by that redemption; one each.
async fn check_invariant(house: &House, account: &str, arrow: &str) {
    let invites = house.distributor.api.get("/api/v1/invites").await.unwrap();
    let states: Vec<&Value> = invites.body["items"].as_array().unwrap().iter().map(|i| &i["state"]).collect();
    assert_eq!(states, ["redeemed"], "after {arrow}");
    let relationships = house.distributor.api.get("/api/v1/relationships").await.unwrap();
    let relationships = relationships.body["items"].as_array().unwrap();
    assert_eq!(relationships.len(), 1, "after {arrow}");
    assert_eq!(relationships[0]["customer_id"], account, "after {arrow}");
}

/// How often the process dies under load: 20 times in the ordinary run, 200 in the long one.
fn kills() -> u32 {
    if std::env::var("WHOT_TEST_LONG").as_deref() == Ok("1") { 200 } else { 20 }
}

/// Everything the two clients of one game were told, by seq. A second, different telling is a lost or doubled move.
#[derive(Default)]
struct Told(HashMap<u64, [Option<Value>; 2]>);

impl Told {
    fn hear(&mut self, seat: usize, seen: Vec<whot::client::Seen>) {
        for event in seen {
            let slot = &mut self.0.entry(event.seq).or_default()[seat];
            assert!(slot.is_none(), "event {} came twice", event.seq);
            *slot = Some(event.data);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_during_play_loses_no_acknowledged_move_and_clients_resume_by_themselves() {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let run = Arc::new(Run::default());
    let players = tokio::spawn(play_through_crashes(ada, ben, run.clone()));
    for round in 0..kills() {
        // A server that has just come back first makes good the time in which nobody was there; only then is it under load.
        let before = run.moves.load(Ordering::SeqCst);
        while run.moves.load(Ordering::SeqCst) < before + 2 && !players.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Random points: the pause differs from round to round and has no relation to what the server does.
        tokio::time::sleep(Duration::from_millis(60 + u64::from(round) * 37 % 140)).await;
        tokio::task::block_in_place(|| server.restart());
        assert!(!players.is_finished(), "the players gave up");
    }
    run.done.store(true, Ordering::SeqCst);
    players.await.unwrap();
    let moves = run.moves.load(Ordering::SeqCst);
    assert!(moves > kills(), "only {moves} moves were acknowledged: that was no load");
}

/// What the players and who kills the server under them know of each other.
#[derive(Default)]
struct Run {
    done: AtomicBool,
    /// Acknowledged so far.
    moves: AtomicU32,
}

/// Plays game after game; whenever the connection breaks, both seats come back with the last event they have.
async fn play_through_crashes(mut ada: Person, mut ben: Person, run: Arc<Run>) {
    while !run.done.load(Ordering::SeqCst) {
        refresh(&mut ada).await;
        refresh(&mut ben).await;
        let game = persist("a new game", || async {
            let invite = ada.invite_to_game("ben").await?;
            ben.accept_game(invite["id"].as_str().unwrap_or_default()).await
        });
        let game = game.await;
        one_game(&mut ada, &mut ben, &game, &run).await;
    }
}

async fn one_game(ada: &mut Person, ben: &mut Person, game: &str, run: &Run) {
    let mut tables = [
        persist("sitting down", || Table::sit(ada, game)).await,
        persist("sitting down", || Table::sit(ben, game)).await,
    ];
    let mut told = Told::default();
    // A command whose answer was lost is sent again under the same id until it is answered.
    let mut pending: Option<(usize, String, Value)> = None;
    while tables.iter().any(|table| table.outcome.is_none()) && !run.done.load(Ordering::SeqCst) {
        let next = pending.clone().or_else(|| {
            let mover = tables.iter().position(Table::to_move)?;
            let action = tables[mover].legal[0].clone();
            Some((mover, fresh_id(), action))
        });
        let result = match &next {
            Some((mover, cid, action)) => {
                tables[*mover].play_as(cid, action).await.map(|(answered, seen)| {
                    told.hear(*mover, seen);
                    Some((*mover, answered))
                })
            }
            None => tables[0].advance().await.map(|seen| {
                told.hear(0, seen);
                None
            }),
        };
        match result {
            Ok(Some((mover, Answered::Done(seq)))) => {
                run.moves.fetch_add(1, Ordering::SeqCst);
                pending = None;
                assert!(tables[mover].seq >= seq, "ok came before its events");
                catch_up(&mut tables, seq, &mut told, [&*ada, &*ben]).await;
            }
            Ok(Some((_, Answered::Refused { code, retryable }))) => {
                // The clock may have moved for us while nobody could be reached.
                assert!(
                    retryable || code == "stale_base" || code == "not_your_turn" || code == "game_over",
                    "{code}"
                );
                pending = None;
            }
            Ok(None) => {}
            Err(_) => {
                pending = next;
                for (table, person) in tables.iter_mut().zip([&*ada, &*ben]) {
                    come_back(table, person).await;
                }
            }
        }
    }
    for (seat, person) in [&*ada, &*ben].into_iter().enumerate() {
        check_record(game, person, seat, &told).await;
    }
}

/// Gets a new access token, as an app does long before the old one expires: the long run outlives one. An answer that
/// is lost with the server is asked for again.
async fn refresh(person: &mut Person) {
    for _ in 0..200 {
        if person.refresh().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the session was lost");
}

async fn come_back(table: &mut Table, person: &Person) {
    for _ in 0..200 {
        if table.resume_as(person).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the socket never came back");
}

async fn catch_up(tables: &mut [Table; 2], seq: u64, told: &mut Told, people: [&Person; 2]) {
    for (seat, table) in tables.iter_mut().enumerate() {
        while table.seq < seq {
            match table.advance().await {
                Ok(seen) => told.hear(seat, seen),
                Err(_) => come_back(table, people[seat]).await,
            }
        }
    }
}

/// The journal as this seat reads it back after all crashes is exactly what the seat was told live.
async fn check_record(game: &str, person: &Person, seat: usize, told: &Told) {
    let mut after = 0;
    let mut recorded = HashMap::new();
    loop {
        let path = format!("/api/v1/games/{game}/events?after={after}");
        let page = persist("reading the journal", || person.api.get(&path)).await;
        let items = page.body["items"].as_array().unwrap().clone();
        let Some(last) = items.last() else { break };
        for event in &items {
            let seq = event["seq"].as_u64().unwrap();
            assert_eq!(seq, after + 1, "the journal has a gap");
            after = seq;
            recorded.insert(seq, event["data"].clone());
        }
        assert_eq!(last["seq"].as_u64(), Some(after));
    }
    for (seq, heard) in &told.0 {
        let Some(heard) = &heard[seat] else { continue };
        let mut heard = heard.clone();
        // What was legal at the moment is advice that goes with a live event, no part of the record.
        heard.as_object_mut().map(|members| members.remove("legal"));
        let mut kept =
            recorded.get(seq).cloned().unwrap_or_else(|| panic!("acknowledged event {seq} is lost"));
        kept.as_object_mut().map(|members| members.remove("legal"));
        assert_eq!(heard, kept, "event {seq} changed");
    }
}

#[tokio::test]
async fn after_an_outage_the_clocks_were_extended_by_an_event_that_both_players_see() {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let before = Table::sit(&ada, &game).await.unwrap().seq;
    server.kill();
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.run();
    for person in [&ada, &ben] {
        let path = format!("/api/v1/games/{game}/events?after={before}");
        let events = persist("the journal", || person.api.get(&path));
        let events = events.await;
        let extended =
            events.body["items"].as_array().unwrap().iter().filter(|e| e["data"]["kind"] == "clock_extended");
        assert_eq!(extended.count(), 1, "{}", events.text);
    }
    server.restart();
}
