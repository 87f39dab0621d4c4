//! Commands: one answer each, never before the events they caused, in order per topic, and nothing waits for the slow.

use std::sync::atomic::Ordering;

use tokio::sync::Semaphore;

use super::*;

#[test]
fn the_answer_comes_after_every_event_the_command_caused() {
    let world = World::new();
    let mut mover = world.join(1, r#"{"game":"a","after":0}"#);
    let mut other = world.join(2, r#"{"game":"a","after":0}"#);
    mover.hear();
    mover.command(1, "a", 0, "3");
    let frames = mover.hear();
    assert_eq!(kinds(&frames), ["ev", "ev", "ev", "ok"]);
    assert_eq!((frames[3]["seq"].as_u64(), frames[3]["cid"].as_str()), (Some(3), Some(&*cid(1).to_string())));
    assert_eq!(seqs(&other.hear(), "a"), [1, 2, 3]);
}

#[test]
fn an_answer_waits_for_events_that_nobody_published() {
    let world = World::new();
    world.journal.mute.store(true, Ordering::SeqCst);
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    client.command(1, "a", 0, "2");
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["evs", "ok"]);
    assert_eq!(seqs(&frames, "a"), [1, 2]);
}

#[test]
fn an_answer_does_not_overtake_a_follow_that_was_asked_for_before() {
    let world = World::new();
    world.journal.commit_many("a", 2);
    world.journal.slow_open.store(20, Ordering::SeqCst);
    let mut client = world.join(1, "");
    client.hear();
    client.say(format!(r#"{{"t":"follow","cid":"{}","topic":{{"game":"a"}},"after":0}}"#, cid(7)));
    client.command(1, "a", 2, "1");
    client.command(2, "a", 3, "1");
    let frames = client.hear();
    let answers = frames.iter().filter(|frame| frame["t"] == "ok" && frame["cid"] != cid(7).to_string());
    assert_eq!(answers.count(), 2);
    let first = frames.iter().position(|frame| frame["cid"] == cid(1).to_string()).unwrap();
    assert!(seqs(&frames[..first], "a").starts_with(&[1, 2, 3]), "{frames:?}");
    assert_eq!(seqs(&frames, "a"), [1, 2, 3, 4]);
}

#[test]
fn commands_on_a_topic_that_does_not_open_are_still_answered() {
    let world = World::new();
    world.journal.slow_open.store(20, Ordering::SeqCst);
    let mut client = world.join(1, r#"{"game":"foreign"}"#);
    client.command(1, "foreign", 0, "1");
    let frames = client.hear();
    let answer = frames.iter().find(|frame| frame["cid"] == cid(1).to_string()).unwrap();
    assert_eq!((answer["t"].as_str(), answer["code"].as_str()), (Some("err"), Some("not_found")));
}

#[test]
fn an_answer_is_not_lost_when_its_topic_ends_before_its_events_came() {
    let world = World::new();
    world.journal.mute.store(true, Ordering::SeqCst);
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    world.journal.slow.store(20, Ordering::SeqCst);
    client.command(1, "a", 0, "2");
    world.hub.end_topic(&TopicKey::new("game", "a"), None, "not_available");
    assert_eq!(kinds(&client.hear()), ["ok", "gone"]);
}

#[test]
fn a_refusal_names_its_reason_and_a_stale_base_carries_a_snapshot() {
    let world = World::new();
    world.journal.commit_many("a", 4);
    let mut client = world.join(1, r#"{"game":"a"}"#);
    client.hear();
    client.command(1, "a", 4, "\"bad\"");
    client.command(2, "a", 3, "1");
    client.command(3, "foreign", 0, "1");
    let frames = client.hear();
    let brief: Vec<_> = frames
        .iter()
        .map(|frame| {
            (
                frame["code"].as_str().unwrap(),
                frame["retryable"].as_bool().unwrap(),
                frame["snapshot"].clone(),
            )
        })
        .collect();
    assert_eq!(
        brief,
        [
            ("not_your_turn", false, Value::Null),
            ("stale", true, serde_json::json!({"n": 4})),
            ("not_found", false, Value::Null)
        ]
    );
    assert!(client.is_open(), "a business error closes nothing");
}

#[test]
fn a_command_needs_no_follow() {
    let world = World::new();
    let mut client = world.join(1, "");
    client.command(1, "a", 0, "2");
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["ok"]);
    assert_eq!(frames[0]["seq"], 2);
}

#[test]
fn commands_of_one_topic_keep_their_order_and_a_slow_topic_delays_no_other_and_no_ping() {
    let world = World::new();
    let gate = Arc::new(Semaphore::new(0));
    *world.journal.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let mut client = world.join(1, "");
    client.command(1, "a", 0, "1");
    client.command(2, "a", 1, "1");
    client.command(3, "a", 2, "1");
    client.say(r#"{"t":"ping","n":1}"#);
    assert_eq!(kinds(&client.hear()), ["pong"]);
    *world.journal.gate.lock().unwrap() = None;
    client.command(4, "b", 0, "1");
    assert_eq!(kinds(&client.hear()), ["ok"]);
    gate.add_permits(1);
    let frames = client.hear();
    assert_eq!(frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(*world.journal.done.lock().unwrap(), ["b 1", "a 1", "a 1", "a 1"]);
}

#[test]
fn too_many_commands_in_flight_are_refused_one_by_one() {
    let world = World::new();
    let gate = Arc::new(Semaphore::new(0));
    *world.journal.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let mut client = world.join(1, "");
    for number in 0..70 {
        client.command(number, "a", u64::try_from(number).unwrap(), "1");
    }
    let frames = client.hear();
    assert_eq!(frames.len(), 6);
    assert!(frames.iter().all(|frame| frame["code"] == "too_many_in_flight" && frame["retryable"] == true));
    gate.add_permits(100);
    assert_eq!(kinds(&client.hear()), vec!["ok"; 64]);
}

#[test]
fn a_command_whose_source_hangs_is_answered_and_the_next_one_runs() {
    let world = World::new();
    let gate = Arc::new(Semaphore::new(0));
    *world.journal.gate.lock().unwrap() = Some(gate);
    let mut client = world.join(1, "");
    client.command(1, "a", 0, "1");
    client.command(2, "a", 0, "1");
    *world.journal.gate.lock().unwrap() = None;
    assert!(client.hear().is_empty());
    world.pass(16);
    let frames = client.hear();
    assert_eq!(
        (frames[0]["code"].as_str(), frames[0]["retryable"].as_bool()),
        (Some("deadline_exceeded"), Some(true))
    );
    assert_eq!(kinds(&frames), ["err", "ok"]);
}

#[test]
fn a_command_under_way_runs_to_its_end_when_the_socket_dies() {
    let world = World::new();
    let gate = Arc::new(Semaphore::new(0));
    *world.journal.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let mut client = world.join(1, "");
    client.command(1, "a", 0, "1");
    client.peer = None;
    assert!(client.step(), "it waits for the command");
    assert_eq!(world.hub.sockets(), 0, "but the socket is gone");
    gate.add_permits(1);
    assert!(!client.step());
    assert_eq!(world.journal.head("a"), 1);
}

#[test]
fn an_upper_case_cid_is_answered_in_upper_case() {
    let world = World::new();
    let mut client = world.join(1, "");
    let upper = cid(0xabc).to_string().to_uppercase();
    client.say(format!(r#"{{"t":"cmd","cid":"{upper}","topic":{{"game":"a"}},"base":0,"do":1}}"#));
    assert_eq!(client.hear_one()["cid"], upper.as_str());
}

#[test]
fn a_source_that_panics_fails_its_command_and_nothing_else() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"b","after":0}"#);
    client.command(1, "a", 0, "\"panic\"");
    client.command(2, "b", 0, "1");
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["err", "ev", "ok"]);
    assert_eq!(frames[0]["code"], "internal");
}

#[test]
fn an_answer_too_large_for_a_frame_leaves_its_snapshot_out() {
    let world = World::new();
    let mut client = world.join(1, "");
    client.command(1, "a", 0, "\"huge\"");
    let answer = client.hear_one();
    assert_eq!((answer["code"].as_str(), answer["snapshot"].is_null()), (Some("stale"), true));
}
