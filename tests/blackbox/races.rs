//! Many at once: each race has one winner, and everybody is told the same.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Api, Person, Socket, Table, fresh_id};

use crate::harness::{PASSWORD, Server, game_of};

async fn redeem(api: &Api, code: &str) -> (u16, Value) {
    let answer =
        api.call(Method::POST, "/api/v1/invites/redeem", Some(&json!({"token": code}))).await.unwrap();
    (answer.status, answer.body)
}

/// A problem without what names the one request.
fn anonymised(mut problem: Value) -> Value {
    if let Some(members) = problem.as_object_mut() {
        members.remove("request_id");
        members.remove("instance");
    }
    problem
}

#[tokio::test]
async fn of_64_simultaneous_redeemers_one_gets_the_relationship_and_63_the_same_answer() {
    let server = Server::start();
    let house = server.house().await;
    let code = house.new_invite_code().await.unwrap();

    let answers = join_all((0..64).map(|_| redeem(&house.api, &code))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status < 300);
    assert_eq!((won.len(), lost.len()), (1, 63));
    for (status, problem) in &lost {
        assert_eq!((*status, problem["code"].as_str()), (404, Some("invite_unusable")));
        assert_eq!(anonymised(problem.clone()), anonymised(lost[0].1.clone()));
    }
    let (_, unknown) = redeem(&house.api, "civ_0000").await;
    assert_eq!(anonymised(unknown), anonymised(lost[0].1.clone()), "junk is told the same as a late-comer");

    // The winner's ticket is spent by many at once, too: one account, and every answer names it.
    let ticket = won[0].1["ticket"].as_str().unwrap().to_owned();
    let body = json!({"ticket": ticket, "username": "winner", "password": PASSWORD});
    let registered = join_all((0..8).map(|_| house.api.post("/api/v1/auth/register", body.clone()))).await;
    let accounts: Vec<String> =
        registered.into_iter().map(|answer| answer.unwrap().text_at("/account_id").unwrap()).collect();
    assert!(accounts.iter().all(|account| *account == accounts[0]), "{accounts:?}");

    let relationships = house.distributor.api.get("/api/v1/relationships").await.unwrap();
    assert_eq!(relationships.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn revoking_against_redeeming_has_exactly_one_winner_and_no_orphan() {
    let server = Server::start();
    let house = server.house().await;
    for round in 0..8 {
        let made = house.distributor.api.post("/api/v1/invites", json!({})).await.unwrap();
        let (id, code) = (made.text_at("/id").unwrap(), made.text_at("/code").unwrap());
        let ticket = house.redeem(&code).await.unwrap();
        let revoke_path = format!("/api/v1/invites/{id}");
        let username = format!("racer{round}");
        let body = json!({"ticket": ticket, "username": username, "password": PASSWORD});
        let (revoked, registered) = tokio::join!(
            house.distributor.api.call(Method::DELETE, &revoke_path, None),
            house.api.call(Method::POST, "/api/v1/auth/register", Some(&body)),
        );
        let (revoked, registered) = (revoked.unwrap(), registered.unwrap());
        let invite = house.distributor.api.get(&revoke_path).await.unwrap();
        let signed_in = Person::sign_in(&house.api, &username, PASSWORD).await;
        match invite.body["state"].as_str() {
            Some("redeemed") => {
                assert!(revoked.status >= 400, "{}", revoked.text);
                assert_eq!(registered.status, 201, "{}", registered.text);
                let customer = signed_in.unwrap();
                let path = format!("/api/v1/relationships/{}", customer.account);
                assert_eq!(house.distributor.api.get(&path).await.unwrap().body["state"], "active");
            }
            Some("revoked") => {
                assert!(revoked.status < 300, "{}", revoked.text);
                assert!(registered.status >= 400, "{}", registered.text);
                assert!(signed_in.is_err(), "an orphan account signs in");
            }
            other => panic!("the invite is {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_same_command_id_ten_times_at_once_has_one_effect_and_one_answer() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    let mover = tables.iter().position(Table::to_move).expect("somebody begins");
    let person = [&ada, &ben][mover];
    let (base, action) = (tables[mover].seq, tables[mover].legal[0].clone());
    let cid = fresh_id();
    let body = json!({"cid": cid, "base": base, "do": action});
    let path = format!("/api/v1/games/{game}/play");

    let mut sockets = Vec::new();
    for device in 0..5 {
        let topics = json!([{"game": game, "after": base}]);
        sockets.push(person.live_on(&format!("device-{device}"), topics).await.unwrap());
    }
    let over_rest = join_all((0..5).map(|_| person.api.post(&path, body.clone())));
    let over_sockets = join_all(sockets.iter_mut().map(|socket: &mut Socket| async {
        socket.command(&cid, &json!({"game": game}), base, &action).await.unwrap();
        socket.answer_to(&cid).await.unwrap()
    }));
    let (over_rest, over_sockets) = tokio::join!(over_rest, over_sockets);
    let mut seqs: Vec<u64> =
        over_rest.into_iter().map(|answer| answer.unwrap().body["seq"].as_u64().unwrap()).collect();
    seqs.extend(over_sockets.iter().map(|frame| frame["seq"].as_u64().unwrap_or_else(|| panic!("{frame}"))));
    assert_eq!(seqs.len(), 10);
    assert!(seqs.iter().all(|seq| *seq == seqs[0]), "{seqs:?}");

    let events = person.api.get(&format!("/api/v1/games/{game}/events?after={base}")).await.unwrap();
    let last = events.body["items"].as_array().unwrap().last().unwrap()["seq"].as_u64().unwrap();
    assert_eq!(last, seqs[0], "the command happened once");

    let other = json!({"cid": cid, "base": base, "do": {"resign": {}}});
    let conflict = person.api.call(Method::POST, &path, Some(&other)).await.unwrap();
    assert_eq!((conflict.status, conflict.code()), (409, "id_conflict"));
    // Long after, with a base that is stale by then, the answer is still the same.
    let again = person.api.post(&path, body).await.unwrap();
    assert_eq!(again.body["seq"].as_u64(), Some(seqs[0]));
}

#[tokio::test]
async fn one_invite_accepted_many_times_at_once_makes_one_game() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let invite = ada.invite_to_game("ben").await.unwrap();
    let id = invite["id"].as_str().unwrap();
    let games = join_all((0..16).map(|_| ben.accept_game(id))).await;
    let games: Vec<String> = games.into_iter().map(Result::unwrap).collect();
    assert!(games.iter().all(|game| *game == games[0]), "{games:?}");
    let listed = ben.api.get("/api/v1/games").await.unwrap();
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_seats_that_move_on_the_same_base_get_one_success_and_one_precise_refusal() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let game = game_of(&ada, &ben).await;
    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    let mover = tables.iter().position(Table::to_move).unwrap();
    let action = tables[mover].legal[0].clone();
    let base = tables[mover].seq;
    let path = format!("/api/v1/games/{game}/play");
    let body = |cid: String| json!({"cid": cid, "base": base, "do": action});
    let (first, second) = (body(fresh_id()), body(fresh_id()));
    let people = [&ada, &ben];
    let (own, foreign) = tokio::join!(
        people[mover].api.call(Method::POST, &path, Some(&first)),
        people[1 - mover].api.call(Method::POST, &path, Some(&second)),
    );
    let (own, foreign) = (own.unwrap(), foreign.unwrap());
    assert_eq!(own.status, 200, "{}", own.text);
    assert!(foreign.status >= 400, "{}", foreign.text);
    assert!(["not_your_turn", "stale_base", "not_in_hand"].contains(&foreign.code()), "{}", foreign.text);
    tables[mover].advance().await.unwrap();
}

/// Milliseconds before and after the end of a turn at which somebody still tries to move: its last instant, and both
/// ends of the server's lenience.
const AROUND_THE_END: [i64; 6] = [-40, -5, 0, 120, 245, 300];

/// One game whose first turn is about to end, and what its player sends on two connections at that moment.
struct LastInstant {
    mover: Person,
    game: String,
    base: u64,
    due: kernel::Timestamp,
    cids: [String; 2],
}

impl LastInstant {
    async fn begin(one: &Person, other: &Person) -> Self {
        let clock = json!({"turn_s": 5, "reserve_s": 0, "run_outs": 10});
        let body = json!({"username": other.username, "rule_set": "naija_classic", "clock": clock});
        let invite = one.api.post("/api/v1/games/invites", body).await.unwrap();
        let game = other.accept_game(invite.body["id"].as_str().unwrap()).await.unwrap();
        let view = one.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
        let mover = if view["turn"] == view["seat"] { one } else { other };
        let due = view["clock"]["turn"]["due_at"].as_str().unwrap().parse().unwrap();
        let base = view["seq"].as_u64().unwrap();
        Self { mover: mover.clone(), game, base, due, cids: [fresh_id(), fresh_id()] }
    }

    fn draw(&self, cid: &str) -> Value {
        json!({"cid": cid, "base": self.base, "do": {"draw": {}}})
    }

    async fn post(&self, cid: &str) -> (u16, Value) {
        let path = format!("/api/v1/games/{}/play", self.game);
        let answer = self.mover.api.call(Method::POST, &path, Some(&self.draw(cid))).await.unwrap();
        (answer.status, answer.body["seq"].clone())
    }

    /// Draws on two connections at once, so many milliseconds after the turn is over.
    async fn draws_twice(&self, socket: &mut Socket, after_ms: i64) -> [(u16, Value); 2] {
        let now = kernel::Clock::now(&platform::clock::SystemClock::new());
        let wait = (self.due.micros() - now.micros()) / 1000 + after_ms;
        tokio::time::sleep(std::time::Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
        let [one, two] = &self.cids;
        let over_socket = async {
            let topic = json!({"game": self.game});
            socket.command(two, &topic, self.base, &json!({"draw": {}})).await.unwrap();
            let answer = socket.answer_to(two).await.unwrap();
            (if answer["t"] == "ok" { 200 } else { 409 }, answer["seq"].clone())
        };
        let (over_rest, over_socket) = tokio::join!(self.post(one), over_socket);
        [over_rest, over_socket]
    }

    /// The first event of the rules after the turn began, by whom it was.
    async fn first_event(&self) -> Value {
        let path = format!("/api/v1/games/{}/events?after={}&limit=100", self.game, self.base);
        let events = self.mover.api.get(&path).await.unwrap().body;
        let of_the_rules = |event: &&Value| event["data"]["kind"] == "drew";
        events["items"].as_array().unwrap().iter().find(of_the_rules).cloned().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_and_its_time_out_at_the_same_instant_on_two_connections_have_one_outcome_also_after_a_restart()
 {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut games = Vec::new();
    for _ in AROUND_THE_END {
        games.push(LastInstant::begin(&ada, &ben).await);
    }
    let mut sockets = Vec::new();
    for (number, game) in games.iter().enumerate() {
        let topics = json!([{"game": game.game, "after": game.base}]);
        sockets.push(game.mover.live_on(&format!("device-{number}"), topics).await.unwrap());
    }
    let tried = games.iter().zip(&mut sockets).zip(AROUND_THE_END);
    let told = join_all(tried.map(|((game, socket), after)| game.draws_twice(socket, after))).await;

    let mut outcomes = Vec::new();
    for ((game, told), after) in games.iter().zip(&told).zip(AROUND_THE_END) {
        let first = game.first_event().await;
        let done: Vec<&(u16, Value)> = told.iter().filter(|(status, _)| *status == 200).collect();
        assert!(told.iter().all(|(status, _)| matches!(status, 200 | 409)), "{after} ms: {told:?}");
        match done.as_slice() {
            [] => assert_eq!(first["data"]["by"], "clock", "{after} ms: {told:?} {first}"),
            [(_, seq)] => assert_eq!(
                (&first["data"]["by"], &first["seq"]),
                (&json!("player"), seq),
                "{after} ms: {first}"
            ),
            _ => panic!("{after} ms: one turn was drawn for twice: {told:?}"),
        }
        outcomes.push(first);
    }
    assert!(outcomes.iter().all(|first| first["seq"].is_u64()), "{outcomes:?}");

    drop(sockets);
    server.restart();
    for ((game, told), before) in games.iter().zip(&told).zip(&outcomes) {
        assert_eq!(game.first_event().await, *before, "what happened is what happened");
        for (cid, (status, seq)) in game.cids.iter().zip(told) {
            let again = game.post(cid).await;
            assert_eq!(again.0, *status);
            assert!(*status == 409 || again.1 == *seq, "a command is answered as it was: {again:?}");
        }
    }
}
