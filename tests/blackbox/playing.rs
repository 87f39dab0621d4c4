//! `whot play`, as a person uses it: two processes of the real binary sit down at the real server, read what it prints
//! and type what they want.

mod meanwhile;
mod strangers;
mod troubles;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Value, json};
use whot::client::{Api, Person};

use crate::harness::{PASSWORD, Server, game_of};

/// How long somebody waits for a line. Generous: machines are shared.
const PATIENCE: Duration = Duration::from_mins(1);

/// One process with its terminal, which is a pipe.
struct Player {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    /// Everything that was printed and read.
    seen: Vec<String>,
}

impl Player {
    fn sit(server: &str, name: &'static str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_whot"))
            .args(["play", "--server", server, "--username", name, "--password-stdin"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("its output");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut player = Self { name, input: child.stdin.take(), child, lines, seen: Vec::new() };
        player.types(PASSWORD);
        player
    }

    fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is still typed");
        // A process that has left reads no more; what it printed says why.
        let _ = writeln!(input, "{line}").and_then(|()| input.flush());
    }

    /// The next line; none once it has left.
    fn next(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{} says nothing more:\n{}", self.name, self.seen.join("\n"))
            }
        }
    }

    /// Reads on to the line that contains this.
    fn hears(&mut self, wanted: &str) -> String {
        while let Some(line) = self.next() {
            if line.contains(wanted) {
                return line;
            }
        }
        panic!("{} never said {wanted:?}:\n{}", self.name, self.seen.join("\n"));
    }

    /// The numbers of the cards that are marked in the table drawn last.
    fn marked(&self) -> Vec<String> {
        let drawn = self.seen.iter().rposition(|line| line.contains("── round")).expect("a table");
        let words = self.seen[drawn..].iter().flat_map(|line| line.split_whitespace());
        let marked = words.filter_map(|word| word.split_once('*').map(|(number, _)| number));
        marked.filter(|number| number.parse::<u8>().is_ok()).map(str::to_owned).collect()
    }

    /// Plays the first card that is marked, or draws, until the match is over.
    fn plays_on(&mut self) {
        loop {
            let line = self.next().unwrap_or_else(|| panic!("it left:\n{}", self.seen.join("\n")));
            if line.contains("Your turn") {
                let choice = self.marked().first().cloned().unwrap_or_else(|| "d".to_owned());
                self.types(&choice);
            } else if line.contains("Which shape?") {
                self.types("circle");
            } else if line.contains("r rematch") {
                return;
            }
        }
    }

    /// Closes its input and gives everything that it printed, once it left well.
    fn leaves(mut self) -> Vec<String> {
        drop(self.input.take());
        while self.next().is_some() {}
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{}:\n{}", self.name, self.seen.join("\n"));
        std::mem::take(&mut self.seen)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // It may have left already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn count(lines: &[String], wanted: &str) -> usize {
    lines.iter().filter(|line| line.contains(wanted)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_play_a_whole_match_at_their_terminals_and_see_that_the_deck_was_not_rigged() {
    let server = Server::start();
    let (_house, ada, _ben) = server.pair().await;
    let base = server.api.base().to_owned();
    let played = tokio::task::spawn_blocking(move || {
        let mut ben = Player::sit(&base, "ben", &["--accept", "Ada"]);
        ben.hears("Waiting for an invite from Ada");
        let mut ada = Player::sit(&base, "ada", &["--invite", "ben", "--match", "best_of(3)"]);
        ada.hears("Invited ben to custom (as naija_classic), best of 3");
        let both = [ada, ben].map(|mut player| {
            std::thread::spawn(move || {
                player.hears("You sit down with");
                player.plays_on();
                player
            })
        });
        both.map(|thread| thread.join().expect("it plays"))
    });
    let [mut one, mut two] = played.await.unwrap();
    for player in [&one, &two] {
        let seen = &player.seen;
        assert!(count(seen, "verified: the deck was not rigged") == 1, "{}", seen.join("\n"));
        assert!(
            count(seen, "wins the match") + count(seen, "You win the match!") == 1,
            "{}",
            seen.join("\n")
        );
        assert!(count(seen, "best of 3") > 2 && count(seen, "is dealt:") >= 1, "{}", seen.join("\n"));
        assert!(count(seen, "Refused") == 0 && count(seen, "Connection lost") == 0, "{}", seen.join("\n"));
        assert!(!seen.iter().any(|line| line.contains('\u{1b}')), "no colour in a pipe");
    }
    let games = ada.api.get("/api/v1/games").await.unwrap().body;
    let game = &games["items"][0];
    assert_eq!(
        (&game["status"], &game["rule_set"]["toggles"]["match"]),
        (&json!("finished"), &json!("best_of(3)"))
    );
    assert_the_sheet_is_what_was_printed(&ada, game, &one.seen).await;

    // The same again, without leaving: what one offers, the other takes.
    two.types("r");
    two.hears("Waiting for the answer");
    one.hears("Your opponent offers a rematch: r accepts it.");
    one.types("r");
    for player in [&mut one, &mut two] {
        assert!(player.hears("You sit down with").contains("best of 3"), "a rematch keeps the match");
    }
    let (first, second) = (one.leaves(), two.leaves());
    assert_eq!(count(&first, "You leave the table and the game goes on"), 1, "{}", first.join("\n"));
    assert_eq!(count(&second, "You leave the table and the game goes on"), 1, "{}", second.join("\n"));
    assert_no_session_is_left(&server.api).await;
}

/// The rounds over the wire, and each of them on the sheet.
async fn assert_the_sheet_is_what_was_printed(ada: &Person, game: &Value, seen: &[String]) {
    let path = format!("/api/v1/games/{}/rounds", game["game_id"].as_str().unwrap());
    let rounds = ada.api.get(&path).await.unwrap();
    assert_eq!(crate::spec::openapi().exchange("GET", &path, None, &rounds), [""; 0], "{}", rounds.text);
    let rounds = rounds.body["items"].as_array().unwrap().clone();
    assert_eq!(game["rounds"], json!(rounds.len()));
    for (number, round) in (1..).zip(&rounds) {
        assert_eq!(round["round"], json!(number));
        let row = [number.to_string(), round["points"][0].to_string(), round["points"][1].to_string()];
        let printed = |line: &&String| line.split_whitespace().take(3).eq(row.iter().map(String::as_str));
        assert!(seen.iter().any(|line| printed(&line)), "{row:?} in\n{}", seen.join("\n"));
    }
    let sum = |place: usize| rounds.iter().map(|round| round["points"][place].as_u64().unwrap()).sum::<u64>();
    assert_eq!(game["scores"], json!([sum(0), sum(1)]));
}

/// Whoever leaves signs out: of several sessions only the ones that the test itself opened are left.
async fn assert_no_session_is_left(api: &Api) {
    let ada = Person::sign_in(api, "ada", PASSWORD).await.unwrap();
    let sessions = ada.api.get("/api/v1/sessions").await.unwrap().body;
    assert_eq!(sessions["items"].as_array().map(Vec::len), Some(2), "{sessions}");
}

/// Whoever of the two has the turn, by name, with its game open at a terminal.
async fn sit_with_the_turn(server: &Server, ada: &Person, ben: &Person) -> (Player, String) {
    let game = game_of(ada, ben).await;
    let view = ada.api.get(&format!("/api/v1/games/{game}")).await.unwrap().body;
    let name = if view["turn"] == view["seat"] { "ada" } else { "ben" };
    let mut player = Player::sit(server.api.base(), name, &["--game", &game]);
    tokio::task::block_in_place(|| player.hears("Your turn"));
    (player, game)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_told_with_what_the_clock_does_and_comes_back_by_itself() {
    let mut server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let (mut player, game) = sit_with_the_turn(&server, &ada, &ben).await;
    tokio::task::block_in_place(|| {
        server.kill();
        let lost = player.hears("Connection lost");
        assert!(lost.contains("It is your turn and your clock runs for"), "{lost}");
        assert!(lost.contains("the server draws for you") && lost.contains("forfeits the match"), "{lost}");
        server.run();
        player.hears("The connection is back");
        player.hears("every clock was moved by that");
        player.hears("Your turn");
        player.types("d");
        player.hears("You draw");
    });
    let events = ada.api.get(&format!("/api/v1/games/{game}/events?after=2")).await.unwrap().body;
    let drew =
        events["items"].as_array().unwrap().iter().filter(|event| event["data"]["kind"] == "drew").count();
    assert_eq!(drew, 1, "{events}");
    tokio::task::block_in_place(|| player.leaves());
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_gets_a_hint_resigning_is_asked_twice_and_leaving_says_that_the_clock_runs() {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let (mut player, game) = sit_with_the_turn(&server, &ada, &ben).await;
    tokio::task::block_in_place(|| {
        for (typed, hint) in [
            ("hello", "\"hello\" is no card and no command"),
            ("99", "Your cards are numbered 1 to 6."),
            ("circle 6", "There is no circle 6."),
            ("p", "There is no passing"),
            ("?", "the table again"),
            ("rules", "The first with an empty hand wins the round."),
            ("s", "rounds 0 : 0"),
            ("resign", "Type yes to do it"),
            ("no", "You did not resign."),
        ] {
            player.types(typed);
            player.hears(hint);
        }
        let signal = rustix::process::Signal::INT;
        rustix::process::kill_process(rustix::process::Pid::from_child(&player.child), signal).unwrap();
        let left = player.hears("You leave the table");
        assert!(left.contains("your clock runs for"), "{left}");
        let (name, base) = (player.name, server.api.base());
        player.hears(&format!("whot play --server {base} --username {name} --game {game}"));
        player.leaves();

        let mut again = Player::sit(server.api.base(), name, &[]);
        again.hears("in progress");
        again.types("1");
        again.hears("Your turn");
        again.types("resign");
        again.hears("Type yes to do it");
        again.types("yes");
        again.hears("wins the match: you resigned.");
        again.hears("verified: the deck was not rigged.");
        again.types("l");
        again.hears("Nothing is open.");
        again.types("q");
        again.leaves();
    });
    let summary = ada.api.get("/api/v1/games").await.unwrap().body;
    assert_eq!(summary["items"][0]["outcome"]["reason"], "resignation", "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_alone_plays_against_the_server_at_the_terminal() {
    let quick = [("game.practice.least_pause_ms", "0"), ("game.practice.most_pause_ms", "20")];
    let server = Server::start_with(&quick);
    let (_house, _ada, _ben) = server.pair().await;
    tokio::task::block_in_place(|| {
        let arguments = ["--practice", "easy", "--rules", "quick", "--match", "best_of(3)"];
        let mut ada = Player::sit(server.api.base(), "ada", &arguments);
        assert!(ada.hears("You sit down with").contains("easy bot: custom (as quick), best of 3"));
        ada.plays_on();
        assert_eq!(count(&ada.seen, "verified: the deck was not rigged."), 1, "{}", ada.seen.join("\n"));
        assert!(count(&ada.seen, "easy bot ") > 5, "{}", ada.seen.join("\n"));
        ada.types("r");
        assert!(ada.hears("You sit down with").contains("easy bot: custom (as quick), best of 3"));
        ada.leaves();
    });
}

#[test]
fn what_cannot_begin_says_why() {
    let play = |arguments: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_whot"))
            .arg("play")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let nowhere = ["--server", "http://127.0.0.1:1", "--username", "ada"];
    let (code, said) = play(&nowhere);
    assert!(code == Some(1) && said.contains("--password-stdin"), "{said}");
    let (code, said) = play(&["--json"]);
    assert!(code == Some(1) && said.contains("over the API"), "{said}");
    for (arguments, why) in [
        (vec!["--practice", "god"], "random, easy, medium, hard, expert"),
        (vec!["--practice", "easy", "--rules", "bridge"], "naija_classic, pagat"),
        (vec!["--practice", "easy", "--match", "best_of(4)"], "match"),
        (vec!["--invite", "ben", "--toggle", "deal=99"], "deal"),
        (vec!["--rules", "quick"], "go with --invite, --queue or --practice"),
        (vec!["--server", "whot.example"], "https://"),
    ] {
        let (code, said) = play(&arguments);
        assert!(code == Some(1) && said.contains(why), "{arguments:?}: {said}");
    }
    for two in [["--invite=ben", "--practice=hard"], ["--queue", "--accept=ben"], ["--queue", "--game=gam_1"]]
    {
        let (code, said) = play(&two);
        assert!(code == Some(2) && said.contains("cannot be used with"), "{two:?}: {said}");
    }
}
