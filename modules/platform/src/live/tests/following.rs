//! Following: catch-up, live events, the seams between the two, and what a slow or huge follower may expect.

use std::sync::atomic::Ordering;

use super::*;

#[test]
fn a_follower_without_a_place_gets_a_snapshot_and_then_every_event() {
    let world = World::new();
    world.journal.commit_many("a", 7);
    let mut client = world.join(1, r#"{"game":"a"}"#);
    assert_eq!(client.hear(), [serde_json::json!({"t":"snap","topic":{"game":"a"},"seq":7,"data":{"n":7}})]);
    world.commit_and_publish("a");
    world.commit_and_publish("a");
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["ev", "ev"]);
    assert_eq!(frames[0]["data"], Value::Null, "event 8 is not for a viewer of odd events");
    assert_eq!(frames[1]["data"]["n"], 9);
    assert_eq!(frames[1]["seq"], 9);
}

#[test]
fn a_follower_behind_gets_the_missing_events_in_order_and_beyond_200_a_snapshot() {
    let world = World::new();
    world.journal.commit_many("a", 1_000);
    for (after, expected) in
        [(800, (801..=1_000).collect()), (799, vec![1_000]), (0, vec![1_000]), (2_000, vec![1_000])]
    {
        let mut client = world.join(1, &format!(r#"{{"game":"a","after":{after}}}"#));
        let frames = client.hear();
        assert_eq!(seqs(&frames, "a"), expected, "after {after}");
        let seq = world.commit_and_publish("a");
        assert_eq!(seqs(&client.hear(), "a"), [seq], "and goes on live");
        world.journal.lengths.lock().unwrap().insert("a".into(), 1_000);
    }
}

#[test]
fn a_follow_is_answered_after_everything_up_to_its_seq() {
    let world = World::new();
    world.journal.commit_many("a", 120);
    let mut client = world.join(1, "");
    let text = format!(r#"{{"t":"follow","cid":"{}","topic":{{"game":"a"}},"after":20}}"#, cid(1));
    client.say(&text);
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["evs", "evs", "ok"]);
    assert_eq!(seqs(&frames, "a"), (21..=120).collect::<Vec<_>>());
    assert_eq!(
        (frames[2]["seq"].as_u64(), frames[2]["cid"].as_str()),
        (Some(120), Some(&*cid(1).to_string()))
    );
    client.say(text.replace(":20}", ":118}"));
    assert_eq!(seqs(&client.hear(), "a"), [119, 120], "following again replays from there");
}

#[test]
fn what_cannot_be_followed_is_answered_and_the_others_live_on() {
    let world = World::new();
    let mut client =
        world.join(1, r#"{"game":"foreign"},{"dance":"x"},{"game":"a","after":0},{"inbox":true}"#);
    let frames = client.hear();
    let gone: Vec<_> =
        frames.iter().map(|frame| (frame["topic"].to_string(), frame["code"].as_str().unwrap())).collect();
    assert_eq!(
        gone,
        [
            (r#"{"dance":"x"}"#.to_owned(), "unknown_topic"),
            (r#"{"inbox":true}"#.to_owned(), "not_found"),
            (r#"{"game":"foreign"}"#.to_owned(), "not_found"),
        ]
    );
    client.say(format!(r#"{{"t":"follow","cid":"{}","topic":{{"game":"foreign"}}}}"#, cid(1)));
    let answer = client.hear_one();
    assert_eq!((answer["t"].as_str(), answer["code"].as_str()), (Some("err"), Some("not_found")));
    world.commit_and_publish("a");
    assert_eq!(seqs(&client.hear(), "a"), [1]);
}

#[test]
fn unfollowing_ends_the_events_and_is_answered_in_its_turn() {
    let world = World::new();
    let mut client = world.join(1, "");
    let frame =
        |kind: &str, number| format!(r#"{{"t":"{kind}","cid":"{}","topic":{{"game":"a"}}}}"#, cid(number));
    for text in [frame("unfollow", 1), frame("follow", 2), frame("unfollow", 3)] {
        client.peer.as_ref().unwrap().send(text);
    }
    let frames = client.hear();
    let answers: Vec<_> = frames.iter().filter(|frame| frame["t"] != "snap").collect();
    assert_eq!(answers[0]["code"], "not_followed");
    assert_eq!(answers.len(), 3, "every request has one answer: {frames:?}");
    world.commit_and_publish("a");
    assert!(client.hear().is_empty());
    assert!(!world.hub.follows(&TopicKey::new("game", "a"), account_id(1)));
}

#[test]
fn a_read_that_began_before_the_client_asked_anew_brings_nothing() {
    let world = World::new();
    world.journal.commit_many("a", 5);
    world.journal.slow.store(5, Ordering::SeqCst);
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.say(format!(r#"{{"t":"follow","cid":"{}","topic":{{"game":"a"}},"after":2}}"#, cid(1)));
    let frames = client.hear();
    assert_eq!(seqs(&frames, "a"), [3, 4, 5]);
    assert_eq!(kinds(&frames), ["evs", "ok"]);
}

#[test]
fn an_event_published_while_storage_is_read_comes_once() {
    let world = World::new();
    world.journal.slow.store(3, Ordering::SeqCst);
    for steps in 0..12 {
        let id = format!("race{steps}");
        world.journal.commit_many(&id, 3);
        let mut client = world.join(1, &format!(r#"{{"game":"{id}","after":0}}"#));
        (0..steps).for_each(|_| {
            client.step();
        });
        world.commit_and_publish(&id);
        assert_eq!(seqs(&client.hear(), &id), [1, 2, 3, 4], "published after {steps} steps");
    }
}

#[test]
fn events_published_in_the_wrong_order_twice_or_never_arrive_in_order_once() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    world.journal.commit_many("a", 5);
    publish(&world.hub, "a", &[2]);
    publish(&world.hub, "a", &[1]);
    publish(&world.hub, "a", &[2, 4, 4]);
    assert_eq!(seqs(&client.hear(), "a"), [1, 2, 3, 4, 5]);
    publish(&world.hub, "a", &[5, 3]);
    assert!(client.hear().is_empty());
}

#[test]
fn a_burst_before_the_socket_runs_is_read_from_storage_and_closes_nothing() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    (0..190).for_each(|_| {
        world.commit_and_publish("a");
    });
    let frames = client.hear();
    assert_eq!(seqs(&frames, "a"), (1..=190).collect::<Vec<_>>());
    assert!(kinds(&frames).contains(&"evs"), "the queue took 64, the rest was pulled");
    assert!(client.is_open());
}

#[test]
fn a_burst_while_the_transport_is_full_for_a_moment_closes_nothing() {
    let world = World::new();
    let mut client = world.connect(1, 1, 1);
    client.hello(r#"{"game":"a","after":0}"#);
    for _ in 0..190 {
        world.commit_and_publish("a");
        client.step();
    }
    assert_eq!(seqs(&client.hear(), "a"), (1..=190).collect::<Vec<_>>());
    assert!(client.is_open());
}

#[test]
fn two_hundred_topics_at_once_neither_overflow_nor_lose_anything() {
    let world = World::new();
    let topics: Vec<String> = (0..200).map(|number| format!("t{number}")).collect();
    for id in &topics {
        world.journal.commit_many(id, 60);
    }
    let mut client = world.connect(1, 1, 2);
    let named: Vec<String> = topics.iter().map(|id| format!(r#"{{"game":"{id}","after":0}}"#)).collect();
    client.hello(&named.join(","));
    let mut frames = Vec::new();
    for turn in 0..20_000 {
        if turn % 7 == 0 && turn < 1_400 {
            world.commit_and_publish(&topics[turn / 7]);
        }
        if let Some(Outgoing::Text(text)) = client.take() {
            frames.push(serde_json::from_str(&text).unwrap());
        }
    }
    assert!(client.is_open());
    for id in &topics {
        assert_eq!(seqs(&frames, id), (1..=61).collect::<Vec<_>>(), "{id}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_closed_with_4008_and_resumes_without_a_loss() {
    let world = World::new();
    let mut client = world.connect(1, 1, 5);
    client.hello(r#"{"game":"a","after":0}"#);
    client.step();
    for _ in 0..10 {
        world.commit_and_publish("a");
        client.step();
    }
    world.pass(1);
    assert!(client.is_open(), "what is there still fits");
    world.pass(1);
    for _ in 0..100 {
        world.commit_and_publish("a");
        client.step();
    }
    let mut frames = Vec::new();
    let close = loop {
        match client.take() {
            Some(Outgoing::Text(text)) => frames.push(serde_json::from_str::<Value>(&text).unwrap()),
            Some(Outgoing::Close(close)) => break close.unwrap(),
            Some(_) | None => {}
        }
    };
    assert_eq!(close, Close::TooSlow);
    assert_eq!(close.code(), 4008);
    let had = seqs(&frames, "a");
    assert_eq!(had, (1..=u64::try_from(had.len()).unwrap()).collect::<Vec<_>>());
    let last = had.len();
    assert!(last < 100, "what waited was dropped, not sent late");
    world.journal.lengths.lock().unwrap().insert("a".into(), 150);
    let mut again = world.join(1, &format!(r#"{{"game":"a","after":{last}}}"#));
    assert_eq!(seqs(&again.hear(), "a").last(), Some(&150));
}

#[test]
fn catch_up_of_a_client_that_takes_nothing_waits_for_it() {
    let world = World::new();
    world.journal.commit_many("a", 200);
    let mut client = world.connect(1, 1, 1);
    client.hello(r#"{"game":"a","after":0}"#);
    for _ in 0..500 {
        client.step();
    }
    assert!(world.journal.reads.load(Ordering::SeqCst) <= 8, "reads stop while the queue is not drained");
    assert!(client.is_open());
    assert_eq!(seqs(&client.hear(), "a"), (1..=200).collect::<Vec<_>>());
}

#[test]
fn a_pong_tells_every_topics_sequence_from_storage_and_heals_a_lost_publication() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0},{"game":"b"}"#);
    client.hear();
    world.journal.commit_many("a", 3);
    client.say(r#"{"t":"ping","n":7}"#);
    let frames = client.hear();
    assert_eq!(frames[0]["t"], "pong");
    assert_eq!(frames[0]["n"], 7);
    assert_eq!(frames[0]["seqs"], serde_json::json!({"a": 3, "b": 0}));
    assert_eq!(seqs(&frames, "a"), [1, 2, 3]);
}

#[test]
fn a_source_that_does_not_answer_delays_a_pong_by_a_second_only() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    world.commit_and_publish("a");
    client.hear();
    world.journal.heads_hang.store(true, Ordering::SeqCst);
    client.say(r#"{"t":"ping","n":1}"#);
    assert!(client.hear().is_empty());
    world.pass(2);
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["pong"]);
    assert_eq!(frames[0]["seqs"]["a"], 1);
}

#[test]
fn storage_that_is_down_is_asked_again_and_nothing_is_invented_meanwhile() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    world.journal.down.store(true, Ordering::SeqCst);
    world.journal.commit_many("a", 2);
    publish(&world.hub, "a", &[2]);
    assert!(client.hear().is_empty());
    let reads = world.journal.reads.load(Ordering::SeqCst);
    client.hear();
    assert_eq!(world.journal.reads.load(Ordering::SeqCst), reads, "it is not asked in a loop");
    world.journal.down.store(false, Ordering::SeqCst);
    world.pass(1);
    assert_eq!(seqs(&client.hear(), "a"), [1, 2]);
}

#[test]
fn an_announcement_that_storage_never_confirms_does_not_stop_the_topic() {
    let world = World::new();
    let mut client = world.join(1, r#"{"game":"a","after":0}"#);
    client.hear();
    publish(&world.hub, "a", &[5]);
    for _ in 0..6 {
        client.hear();
        world.pass(1);
    }
    world.commit_and_publish("a");
    assert_eq!(seqs(&client.hear(), "a"), [1]);
}

#[test]
fn presence_is_told_of_the_first_and_the_last_follower_of_each_account() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);
    impl Presence for Seen {
        fn followed(&self, topic: &TopicKey, account: AccountId) {
            self.0.lock().unwrap().push(format!("+{topic} {}", account.uuid().as_u128()));
        }
        fn unfollowed(&self, topic: &TopicKey, account: AccountId) {
            self.0.lock().unwrap().push(format!("-{topic} {}", account.uuid().as_u128()));
        }
    }
    let world = World::new();
    let seen = Arc::new(Seen::default());
    world.hub.watch("game", Arc::clone(&seen) as Arc<dyn Presence>);
    let topics = r#"{"game":"a"}"#;
    let told = || std::mem::take(&mut *seen.0.lock().unwrap());
    let (mut one, mut other) = (world.connect(1, 1, ROOMY), world.connect(1, 11, ROOMY));
    one.hello(topics);
    other.hello(topics);
    let second = world.join(2, topics);
    assert_eq!(told(), ["+game:a 1", "+game:a 2"]);
    one.vanish();
    assert!(told().is_empty(), "another device still follows");
    other.say(format!(r#"{{"t":"unfollow","cid":"{}","topic":{{"game":"a"}}}}"#, cid(1)));
    assert_eq!(told(), ["-game:a 1"]);
    drop(second);
    assert_eq!(told(), ["-game:a 2"], "even if the task is dropped");
    assert_eq!(world.hub.sockets(), 1);
}

#[test]
fn an_event_is_encoded_once_for_all_who_see_the_same() {
    let world = World::new();
    let mut clients: Vec<Client> =
        (0..4).map(|number| world.join(2 * number + 1, r#"{"game":"a"}"#)).collect();
    for client in &mut clients {
        client.hear();
    }
    world.commit_and_publish("a");
    let texts: Vec<_> = clients
        .iter_mut()
        .map(|client| match client.take() {
            Some(Outgoing::Text(text)) => text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(texts.iter().all(|text| text.as_ptr() == texts[0].as_ptr()), "they share the bytes");
}
