//! The examples of `ios-api-spec/examples` are run against the real binary, step by step: what the app's developer
//! reads is what the server does. Whatever is sent and answered is also held to openapi.json and asyncapi.yaml.

mod cast;
mod guide;
mod pattern;
mod run;
mod transcript;

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Servers that run at a time.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_example_in_the_folder_runs_as_it_is_written() {
    let names = transcript::names();
    assert!(names.len() >= 8, "{names:?}");
    let (room, mut running) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for name in names {
        let room = room.clone();
        running.spawn(async move {
            let _place = room.acquire().await.expect("it is never closed");
            run::run(&name).await.map_err(|fault| format!("{name}.json, {fault}"))
        });
    }
    let faults: Vec<String> = running.join_all().await.into_iter().filter_map(Result::err).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_example_says_what_it_shows_and_names_each_step_once() {
    for name in transcript::names() {
        let example = transcript::read(&name);
        assert!(example.about.len() > 40, "{name}: {}", example.about);
        let mut ids: Vec<&str> = example.steps.iter().filter_map(|step| step.id.as_deref()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name} names two steps alike");
        for (number, step) in (1..).zip(&example.steps) {
            step.deed().unwrap_or_else(|fault| panic!("{name}, step {number}: {fault}"));
        }
    }
}
