//! The command line: help, exit codes, one owner of the data, secrets, the demo.

use std::process::Command;

use serde_json::Value;

use crate::harness::{Database, Server};

fn whot(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_whot")).args(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_lists_every_command_and_wrong_usage_exits_with_2() {
    let help = text(&whot(&["--help"]).stdout);
    for command in [
        "serve", "migrate", "admin", "demo", "play", "verify", "replay", "bench", "openapi", "doctor",
        "jobs", "keys", "secrets", "health",
    ] {
        assert!(help.contains(command), "{command} is not in:\n{help}");
        assert!(whot(&[command, "--help"]).status.success(), "{command} --help");
    }
    assert_eq!(whot(&["frobnicate"]).status.code(), Some(2));
    assert_eq!(whot(&["serve", "--set", "novalue"]).status.code(), Some(2));
}

#[test]
fn production_refuses_to_start_and_names_everything_in_one_message() {
    let refused = whot(&["--profile", "production", "serve"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    for part in ["secrets.root", "https://", "second"] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

#[test]
fn a_root_secret_is_written_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("root.secret");
    let path = file.to_str().unwrap();
    assert!(whot(&["secrets", "init", path]).status.success());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    assert_eq!(whot(&["secrets", "init", path]).status.code(), Some(1), "it is never overwritten");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_data_directory_has_one_owner_and_commands_reach_it() {
    let server = Server::start();
    let second = server.whot(&["--set", "server.listen=127.0.0.1:0", "serve"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("another running process"), "{}", text(&second.stderr));

    let token = server.bootstrap();
    assert!(token.starts_with("act_"), "a token of the running server");
    let again = server.whot(&["admin", "bootstrap", "--username", "second"]);
    assert_eq!(again.status.code(), Some(1), "there is one first admin");
    let jobs = server.whot(&["--json", "jobs", "list"]);
    assert!(jobs.status.success(), "{}", text(&jobs.stderr));
    let doctor = server.whot(&["doctor"]);
    assert!(doctor.status.success(), "{}{}", text(&doctor.stdout), text(&doctor.stderr));
    let rotated = server.whot(&["keys", "rotate"]);
    assert!(rotated.status.success(), "{}", text(&rotated.stderr));
}

#[tokio::test]
async fn without_a_running_server_commands_work_alone() {
    let mut server = Server::start();
    server.kill();
    let token = server.bootstrap();
    server.run();
    let house = whot::client::House::open(&server.api, &token, |_| crate::harness::PASSWORD.to_owned()).await;
    assert!(house.is_ok(), "the token made alone is good for the server");
}

#[tokio::test]
async fn a_lost_enrolment_token_is_replaced_until_its_owner_has_enrolled() {
    let mut server = Server::start();
    let reissue = |server: &Server| server.whot(&["--json", "admin", "reissue"]);
    let refused = reissue(&server);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("no first admin"), "{}", text(&refused.stderr));
    let lost = server.bootstrap();
    let token = |output: std::process::Output| {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["enrolment_token"].as_str().unwrap().to_owned()
    };
    let second = token(reissue(&server));
    server.kill();
    let third = token(reissue(&server));
    server.run();
    let open = async |token: &str| {
        whot::client::House::open(&server.api, token, |_| crate::harness::PASSWORD.to_owned()).await
    };
    for void in [&lost, &second] {
        assert!(open(void).await.is_err(), "a token that was replaced is void");
    }
    assert!(open(&third).await.is_ok());
    assert_eq!(reissue(&server).status.code(), Some(1), "its owner has enrolled");
    let help = text(&server.whot(&["admin", "reissue", "--help"]).stdout);
    assert!(help.contains("enrolment token"), "{help}");
}

/// What `whot doctor` finds, by name, and whether it is well.
fn findings(server: &Server) -> Vec<(String, bool)> {
    let output = server.whot(&["--json", "doctor"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all: Vec<(String, bool)> = answer["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["what"].as_str().unwrap().to_owned(), finding["ok"].as_bool().unwrap()))
        .collect();
    assert_eq!(output.status.success(), all.iter().all(|(_, ok)| *ok), "{answer}");
    all
}

#[test]
fn the_doctor_asks_the_contexts_whether_a_server_runs_or_not() {
    let mut server = Server::start();
    for _ in 0..2 {
        let found = findings(&server);
        for what in ["identity.database", "identity.keys", "customer.inbox", "game.inbox"] {
            assert!(found.contains(&(what.to_owned(), true)), "{what}: {found:?}");
        }
        server.kill();
    }
    let elsewhere = server.data.path().join("never-started");
    let path = elsewhere.to_str().unwrap();
    let looked = whot(&["--profile", "test", "--data-dir", path, "doctor"]);
    assert!(looked.status.success(), "{}{}", text(&looked.stdout), text(&looked.stderr));
    assert!(text(&looked.stdout).contains("first start"), "{}", text(&looked.stdout));
    assert!(!elsewhere.exists(), "looking makes nothing");
}

/// Lets identity announce what no consumer of this release can read.
async fn announce_from_the_future(server: &Server) {
    let db = platform::db::Db::open(&server.storage(), &identity::MIGRATIONS).await.unwrap();
    let clock: std::sync::Arc<dyn kernel::Clock> = std::sync::Arc::new(platform::clock::SystemClock::new());
    let ids = kernel::IdSource::new(clock.clone(), std::sync::Arc::new(platform::random::OsRandom));
    let event = platform::outbox::NewEvent {
        id: ids.next(),
        kind: "account.from_the_future",
        aggregate: "acc_of_the_future".to_owned(),
        payload: serde_json::json!({"type": "from_the_future"}),
        at: clock.now(),
    };
    let done: Result<(), platform::db::StoreError> =
        platform::write!(db, |c| platform::outbox::append(c, event).await);
    done.unwrap();
    db.close().await;
}

#[tokio::test]
async fn an_event_of_a_later_release_waits_where_the_operator_sees_it_and_everybody_goes_on() {
    let mut server = Server::start();
    server.kill();
    announce_from_the_future(&server).await;
    server.run();
    // A redemption needs identity's events to be consumed.
    server.pair().await;
    let parked = || {
        let output = server.whot(&["--json", "jobs", "parked"]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().clone()
    };
    let mut names: Vec<String> = Vec::new();
    for _ in 0..500 {
        names = parked().iter().map(|one| one["consumer"].as_str().unwrap().to_owned()).collect();
        names.sort();
        if names.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(names, ["customer.identity", "game.identity"]);
    let first = &parked()[0];
    assert_eq!((&first["aggregate"], &first["events"]), (&"acc_of_the_future".into(), &1.into()), "{first}");
    let list = text(&server.whot(&["jobs", "list"]).stdout);
    assert!(list.contains("whot jobs parked") && list.contains("identity.retention"), "{list}");
    assert!(findings(&server).contains(&("game.inbox".to_owned(), false)));
    let again = server.whot(&["jobs", "unpark", "game.identity", "acc_of_the_future"]);
    assert!(again.status.success(), "{}", text(&again.stderr));
    assert_eq!(server.whot(&["jobs", "unpark", "game.identity", "acc_other"]).status.code(), Some(1));
    assert_eq!(parked().len(), 2, "it is still unreadable");
}

#[test]
fn the_demo_plays_to_a_winner_and_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_whot"));
    command.args(["--json", "demo", "--seed", "7"]).env("TMPDIR", directory.path());
    if Database::of_environment() == Database::Postgres {
        command.args(["--set", &format!("database.url={}", std::env::var("WHOT_TEST_POSTGRES").unwrap())]);
    }
    let played = command.output().unwrap();
    assert!(played.status.success(), "{}", text(&played.stderr));
    let last = text(&played.stdout).lines().last().unwrap().to_owned();
    let result: Value = serde_json::from_str(&last).unwrap();
    assert!(result["winner"].is_string(), "{result}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the temporary directory is gone");
}

/// What the figures are is not asked here; that every move was acknowledged and seen is.
#[test]
fn the_benches_play_on_servers_of_their_own_and_leave_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let bench = |arguments: &[&str]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whot"));
        let done =
            command.arg("--json").arg("bench").args(arguments).env("TMPDIR", directory.path()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    };
    for games in [&[][..], &["--single"], &["--rate", "40"]] {
        let figures = bench(&[&["play", "--pairs", "2", "--seconds", "1"], games].concat());
        assert!(figures["moves"].as_u64().unwrap() > 1, "{figures}");
        assert!(figures["seen_p50_us"].as_u64() >= figures["ok_p50_us"].as_u64(), "{figures}");
        assert!(figures["rows_alone_per_second"].as_u64().unwrap() > 0, "{figures}");
    }
    let figures = bench(&["idle", "--sockets", "20"]);
    assert_eq!(figures["sockets"], 20, "{figures}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "the temporary directories are gone");
}

#[test]
fn the_committed_openapi_document_is_what_the_code_says() {
    let generated: Value = serde_json::from_slice(&whot(&["openapi"]).stdout).unwrap();
    let committed = include_str!("../../ios-api-spec/openapi.json");
    let committed: Value = serde_json::from_str(committed).unwrap();
    assert!(generated == committed, "run `cargo xtask openapi` and commit the result");
}
