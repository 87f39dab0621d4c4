//! Whole games under many rules, with every frame that either side sends held to asyncapi.yaml and every snapshot read over
//! HTTP to openapi.json.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Person, Socket, fresh_id};

use super::{asyncapi, openapi};
use crate::harness::Server;

/// More moves than any of these games has.
const MOST_MOVES: usize = 3_000;

/// One player at the table.
struct Seat {
    socket: Socket,
    seq: u64,
    legal: Vec<Value>,
    over: bool,
}

/// What was seen in all games.
#[derive(Default)]
struct Seen {
    types: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Seat {
    async fn sit(person: &Person, game: &str, seen: &mut Seen) -> Self {
        let mut socket = person.live(json!([])).await.expect("a socket");
        let follow = json!({"t": "follow", "cid": fresh_id(), "topic": {"game": game}, "after": 0});
        socket.send(&follow).await.expect("it is sent");
        let mut seat = Self { socket, seq: 0, legal: Vec::new(), over: false };
        while seat.next(seen).await["t"] != "ok" {}
        seat
    }

    /// The next frame, checked and applied.
    async fn next(&mut self, seen: &mut Seen) -> Value {
        let frame = self.socket.next().await.expect("a frame");
        assert_eq!(asyncapi().faults_of_server_frame(&frame), [""; 0], "{frame}");
        seen.types.insert(frame["t"].as_str().unwrap_or_default().to_owned());
        match frame["t"].as_str() {
            Some("ev") => self.apply(&frame, seen),
            Some("evs") => {
                let events = frame["events"].as_array().expect("events");
                for event in events {
                    self.apply(event, seen);
                }
            }
            _ => {}
        }
        frame
    }

    fn apply(&mut self, event: &Value, seen: &mut Seen) {
        let (data, seq) = (&event["data"], event["seq"].as_u64().expect("a seq"));
        assert_eq!(seq, self.seq + 1, "no gap and no repeat");
        self.seq = seq;
        seen.kinds.insert(data["kind"].as_str().unwrap_or_default().to_owned());
        self.over |= data["kind"] == "match_ended";
        // Being away, coming back and a moved clock change nothing about what may be done.
        if !["away", "back", "clock_extended"].iter().any(|kind| data["kind"] == *kind) {
            self.legal = data["legal"].as_array().cloned().unwrap_or_default();
        }
    }

    async fn play(&mut self, game: &str, action: &Value, seen: &mut Seen) -> u64 {
        let cid = fresh_id();
        let command =
            json!({"t": "cmd", "cid": cid, "topic": {"game": game}, "base": self.seq, "do": action});
        assert_eq!(asyncapi().faults_of_client_frame(&command), [""; 0], "{command}");
        self.socket.send(&command).await.expect("it is sent");
        loop {
            let frame = self.next(seen).await;
            if frame["cid"] == cid.as_str() {
                assert_eq!(frame["t"], "ok", "{action}: {frame}");
                return frame["seq"].as_u64().expect("a seq");
            }
        }
    }
}

/// An announcement before a card, a card before a draw; which card goes round. A drawn card is kept every other time.
fn choose(legal: &[Value], turn: usize) -> &Value {
    let of = |name: &str| legal.iter().find(|action| action.get(name).is_some());
    let plays: Vec<&Value> = legal.iter().filter(|action| action.get("play").is_some()).collect();
    let play = (!plays.is_empty()).then(|| plays[turn % plays.len()]);
    let kept = of("pass").filter(|_| turn.is_multiple_of(2));
    of("announce").or(kept).or(play).unwrap_or(&legal[0])
}

async fn play_out(people: [&Person; 2], rules: &Value, seen: &mut Seen) {
    let [first, second] = people;
    let ask = json!({"username": second.username, "rule_set": rules});
    let invite = first.api.post("/api/v1/games/invites", ask).await.expect("an invite").body;
    let game = second.accept_game(invite["id"].as_str().expect("an id")).await.expect("a game");
    let mut seats = [Seat::sit(first, &game, seen).await, Seat::sit(second, &game, seen).await];
    for turn in 0..MOST_MOVES {
        let Some(mover) = seats.iter().position(|seat| !seat.legal.is_empty()) else { break };
        let action = choose(&seats[mover].legal, turn).clone();
        let seq = seats[mover].play(&game, &action, seen).await;
        for seat in &mut seats {
            while seat.seq < seq {
                seat.next(seen).await;
            }
        }
    }
    assert!(seats.iter().all(|seat| seat.over), "{rules} came to no end");
    for path in [format!("/api/v1/games/{game}"), format!("/api/v1/games/{game}/events?after=0")] {
        let answer = first.api.call(Method::GET, &path, None).await.expect("an answer");
        assert_eq!(openapi().exchange("GET", &path, None, &answer), [""; 0], "{}", answer.text);
    }
}

#[tokio::test]
async fn every_frame_of_whole_games_under_many_rules_is_one_of_the_document() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let mut seen = Seen::default();
    let toggled = json!({"name": "naija_classic", "toggles": {
        "play_drawn": true, "double_deck": "group", "general_market": "defend", "counter": "cross",
        "whot_defends": true, "final_effect": "apply", "match": "best_of(3)",
    }});
    for preset in ["naija_classic", "pagat", "street_strict", "quick", "uk53"] {
        play_out([&ada, &ben], &json!(preset), &mut seen).await;
    }
    // Whether a drawn card fits, and is then kept, is a matter of luck.
    for _ in 0..20 {
        play_out([&ben, &ada], &toggled, &mut seen).await;
        if seen.kinds.contains("passed") {
            break;
        }
    }
    for kind in [
        "started",
        "dealt",
        "played",
        "drew",
        "passed",
        "announced",
        "announcement_due",
        "round_ended",
        "match_ended",
    ] {
        assert!(seen.kinds.contains(kind), "{kind} was never seen, only {:?}", seen.kinds);
    }
    assert!(["ev", "evs", "ok"].iter().all(|kind| seen.types.contains(*kind)), "{:?}", seen.types);
}
