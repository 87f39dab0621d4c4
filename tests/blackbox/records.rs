//! What remains of a finished game: its record, verified offline, its notation, its replay, on the server and on the
//! command line.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use reqwest::Method;
use serde_json::{Value, json};
use whot::client::{Answer, Api, Person, Table, fresh_id};

use crate::harness::{PASSWORD, Server, game_of};
use crate::journeys::play_out;

fn whot(arguments: &[&str]) -> Output {
    // Nothing of a server, its configuration or its data is within reach.
    let mut command = Command::new(env!("CARGO_BIN_EXE_whot"));
    command
        .args(arguments)
        .env_remove("WHOT_PROFILE")
        .env("WHOT_CONFIG_DIR", "/nowhere")
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Finished {
    server: Server,
    ada: Person,
    ben: Person,
    game: String,
    commitment: String,
    entropy: String,
}

/// A game with Ada's entropy, played to its end.
async fn finished() -> Finished {
    let server = Server::start();
    let (_house, ada, ben) = server.pair().await;
    let invite = ada.invite_to_game("ben").await.unwrap();
    let (id, entropy) = (invite["id"].as_str().unwrap(), "A".repeat(42) + "E");
    ada.api.put(&format!("/api/v1/games/invites/{id}/entropy"), json!({"entropy": entropy})).await.unwrap();
    let game = ben.accept_game(id).await.unwrap();
    let mut tables = [Table::sit(&ada, &game).await.unwrap(), Table::sit(&ben, &game).await.unwrap()];
    play_out(&mut tables).await;
    let commitment = invite["commitment"].as_str().unwrap().to_owned();
    Finished { server, ada, ben, game, commitment, entropy }
}

/// The answer, which is as the API document says.
async fn get(person: &Person, game: &str, what: &str) -> Answer {
    let path = format!("/api/v1/games/{game}/{what}");
    let answer = person.api.call(Method::GET, &path, None).await.unwrap();
    if answer.header("content-type").is_some_and(|kind| kind.contains("json")) {
        assert_eq!(crate::spec::openapi().exchange("GET", &path, None, &answer), [""; 0], "{}", answer.text);
    }
    answer
}

fn save(folder: &Path, name: &str, content: &str) -> PathBuf {
    let file = folder.join(name);
    std::fs::write(&file, content).unwrap();
    file
}

#[tokio::test]
async fn the_record_of_a_finished_game_verifies_offline_and_any_change_to_it_does_not() {
    let Finished { server: _server, ada, ben, game, commitment, entropy } = finished().await;
    let record = get(&ada, &game, "proof").await;
    assert_eq!(record.status, 200, "{}", record.text);
    assert_eq!(get(&ben, &game, "proof").await.text, record.text, "both export the same");
    assert_eq!(record.header("content-disposition"), Some(&*format!("attachment; filename=\"{game}.json\"")));

    let folder = tempfile::tempdir().unwrap();
    let file = save(folder.path(), "game.json", &record.text);
    let path = file.to_str().unwrap();
    let verified = whot(&["verify", "game", path, "--commitment", &commitment, "--entropy", &entropy]);
    let said = text(&verified.stdout);
    assert_eq!(verified.status.code(), Some(0), "{said}");
    assert!(said.contains("This record holds.") && said.contains("colludes"), "{said}");
    for check in ["form", "digest", "commitment", "deals", "moves", "reshuffles", "clocks", "outcome"] {
        assert!(
            said.lines().any(|line| line.starts_with("ok ") && line.contains(check)),
            "{check} in\n{said}"
        );
    }
    let json = whot(&["--json", "verify", "game", path]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&report["holds"], &report["game_id"]), (&json!(true), &json!(game)));
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["found"] == "ok"), "{report}");

    let other = "B".repeat(42) + "E";
    let refused = whot(&["verify", "game", path, "--entropy", &other]);
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stdout));
    let mut changed = record.body.clone();
    changed["lines"][1]["event"]["market"] = json!(40);
    let changed = save(folder.path(), "changed.json", &changed.to_string());
    let refused = whot(&["verify", "game", changed.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stdout);
    assert!(said.contains("FAILED  deals") && said.contains("line 2"), "{said}");
    let nothing = save(folder.path(), "nothing.json", "{\"format\":");
    for path in [nothing.to_str().unwrap(), "/nowhere/game.json"] {
        assert_eq!(whot(&["verify", "game", path]).status.code(), Some(2), "{path}");
        assert_eq!(whot(&["replay", path]).status.code(), Some(2), "{path}");
    }
}

#[test]
fn a_hostile_file_says_nothing_to_the_terminal_of_whoever_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let golden = include_str!("../../modules/game/record/golden/quick.json");
    let forged = "\\u001b[2J\\u001b[Hok form\\nThis record holds.\\u001b[8m\\u202e";
    let member = golden.replacen('{', &format!("{{\"{forged}\":1,"), 1);
    let version = golden.replacen("whot-record@1", &format!("whot-record@{forged}"), 1);
    assert!(member != golden && version != golden);
    for (name, content) in [("member.json", member), ("version.json", version)] {
        let file = save(folder.path(), name, &content);
        for command in [&["verify", "game"][..], &["replay"]] {
            let said = whot(&[command, &[file.to_str().unwrap()]].concat());
            assert!(!said.status.success(), "{name}");
            for bytes in [&said.stdout, &said.stderr] {
                let acted = text(bytes).chars().any(|letter| letter != '\n' && letter.is_control());
                assert!(!acted && !text(bytes).contains(['\u{202e}']), "{name}: {bytes:?}");
                assert!(!text(bytes).lines().any(|line| line.starts_with("This record holds")), "{name}");
            }
        }
    }
}

#[test]
fn a_file_from_an_editor_reads_and_a_round_that_is_not_there_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let golden = include_str!("../../modules/game/record/golden/quick.json");
    let marked = save(folder.path(), "marked.json", &format!("\u{feff}{golden}"));
    let marked = marked.to_str().unwrap();
    assert_eq!(whot(&["verify", "game", marked]).status.code(), Some(0));
    let shown = whot(&["replay", marked, "--round", "1"]);
    assert!(shown.status.success() && text(&shown.stdout).contains("round 1"));
    for beyond in [["--round", "9"], ["--from", "99999"]] {
        let refused = whot(&[&["replay", marked][..], &beyond].concat());
        assert_eq!(refused.status.code(), Some(2));
        assert!(
            text(&refused.stderr).contains("steps in 1 rounds, and none is"),
            "{}",
            text(&refused.stderr)
        );
    }
}

#[tokio::test]
async fn a_record_is_asked_for_again_only_when_it_changed() {
    let Finished { server, ada, ben: _, game, .. } = finished().await;
    for what in ["proof", "notation"] {
        let path = format!("/api/v1/games/{game}/{what}");
        let tag = get(&ada, &game, what).await.header("etag").unwrap().to_owned();
        let ask = |tag: String| Api::send(ada.api.request(Method::GET, &path).header("if-none-match", tag));
        let same = ask(format!("\"other\", {tag}")).await.unwrap();
        assert_eq!((same.status, same.text.as_str(), same.header("etag")), (304, "", Some(tag.as_str())));
        assert_eq!(ask("\"other\"".to_owned()).await.unwrap().status, 200);
    }
    drop(server);
}

#[tokio::test]
async fn before_the_end_nobody_gets_anything_and_strangers_never_do() {
    let server = Server::start();
    let (house, ada, ben) = server.pair().await;
    let eve = house.new_customer("eve", PASSWORD).await.unwrap();
    let game = game_of(&ada, &ben).await;
    for what in ["proof", "notation", "replay"] {
        for player in [&ada, &ben] {
            let refused = get(player, &game, what).await;
            assert_eq!((refused.status, refused.code()), (409, "game_not_over"), "{}", refused.text);
        }
        assert_eq!(get(&eve, &game, what).await.status, 404);
    }
    let resigned = format!("/api/v1/games/{game}/resign");
    ada.api.post(&resigned, json!({"cid": fresh_id()})).await.unwrap();
    for what in ["proof", "notation", "replay"] {
        assert_eq!(get(&ben, &game, what).await.status, 200);
        assert_eq!(get(&eve, &game, what).await.status, 404);
    }
}

#[tokio::test]
async fn a_game_is_replayed_page_by_page_with_both_hands_and_the_same_in_the_terminal() {
    let Finished { server: _server, ada, ben, game, .. } = finished().await;
    let mut steps: Vec<Value> = Vec::new();
    let mut query = "replay?limit=7".to_owned();
    loop {
        let page = get(&ada, &game, &query).await;
        steps.extend(page.body["items"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        let stolen = get(&ben, &game, &format!("replay?cursor={cursor}")).await;
        assert_eq!((stolen.status, stolen.code()), (400, "invalid_cursor"));
        query = format!("replay?limit=7&cursor={cursor}");
    }
    assert!(
        steps.iter().zip(1_u64..).all(|(step, number)| step["number"] == number),
        "none missing, none twice"
    );
    assert_eq!((&steps[0]["move"], &steps[0]["seat"]), (&json!("deal"), &Value::Null));
    assert!(steps[0]["hands"].as_array().unwrap().iter().all(|hand| hand.as_array().unwrap().len() == 6));
    assert!(steps.last().unwrap()["outcome"]["reason"].is_string());
    let first_round = get(&ada, &game, "replay?round=1&limit=100").await;
    assert_eq!(first_round.body["items"][0], steps[0]);
    assert_eq!(get(&ada, &game, "replay?round=99").await.body["items"], json!([]));

    let folder = tempfile::tempdir().unwrap();
    let record = save(folder.path(), "game.json", &get(&ada, &game, "proof").await.text);
    let notation = get(&ada, &game, "notation").await;
    assert!(notation.header("content-type").unwrap().starts_with("text/plain"));
    let notation = save(folder.path(), "game.whot", &notation.text);
    let replay = |file: &Path, more: &[&str]| {
        let shown = whot(&[&["replay", file.to_str().unwrap()], more].concat());
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
        text(&shown.stdout)
    };
    let shown = replay(&record, &["--all"]);
    assert_eq!(
        replay(&notation, &[]),
        shown,
        "without a terminal everything is shown, and both files tell the same"
    );
    assert!(!shown.contains('\u{1b}'), "no colour without a terminal");
    assert!(shown.contains(&format!("step {0} of {0}", steps.len())) && shown.contains("┌───┐"), "{shown}");
    let lines = replay(&record, &["--json", "--from", "2"]);
    let told: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(told.len(), steps.len() - 1);
    for (told, step) in told.iter().zip(&steps[1..]) {
        for member in ["number", "round", "hands", "in_force", "called", "debt", "market", "scores", "turn"] {
            assert_eq!(told[member], step[member], "{member}");
        }
    }
}
