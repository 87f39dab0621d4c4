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
    for command in
        ["serve", "migrate", "admin", "demo", "openapi", "doctor", "jobs", "keys", "secrets", "health"]
    {
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

#[test]
fn the_committed_openapi_document_is_what_the_code_says() {
    let generated: Value = serde_json::from_slice(&whot(&["openapi"]).stdout).unwrap();
    let committed = include_str!("../../ios-api-spec/openapi.json");
    let committed: Value = serde_json::from_str(committed).unwrap();
    assert!(generated == committed, "run `cargo xtask openapi` and commit the result");
}
