//! How sockets end: each close code from its cause, and what outlives a socket.

use super::*;

fn reason(client: &mut Client) -> (u16, String) {
    client.closed().expect("a close frame")
}

#[test]
fn what_is_no_protocol_closes_with_4400_and_says_why() {
    let world = World::new();
    let table = [
        ("garbage", "expected value"),
        (r#"{"t":"ping","n":1}"#, "first frame is a hello"),
        (r#"{"t":"hello","v":[2,3]}"#, "this server speaks 1"),
        (r#"{"t":"hello","v":[1],"topics":[{"game":"a","after":"x"}]}"#, "after is a number"),
        (r#"{"t":"hello","v":[1],"topics":[{"inbox":true,"after":5}]}"#, "after is a number"),
    ];
    for (text, expected) in table {
        let mut client = world.connect(1, 1, ROOMY);
        client.say(text);
        let (code, reason) = reason(&mut client);
        assert_eq!(code, 4400, "{text}");
        assert!(reason.contains(expected), "{text}: {reason}");
        assert!(!client.is_open());
    }
    let mut client = world.join(1, "");
    client.hello("");
    assert_eq!(reason(&mut client), (4400, "hello was said before".into()));
    let mut client = world.join(1, "");
    client.say(format!("{{\"t\":\"{}\"}}", "x".repeat(50_000)));
    assert_eq!(reason(&mut client), (4400, "a frame has at most 49152 bytes".into()));
    assert_eq!(world.hub.sockets(), 0);
}

#[test]
fn the_highest_common_version_is_spoken() {
    let world = World::new();
    let mut client = world.connect(1, 1, ROOMY);
    client.say(r#"{"t":"hello","v":[3,1,2]}"#);
    let welcome = client.hear_one();
    assert_eq!((welcome["v"].as_u64(), welcome["ping_s"].as_u64()), (Some(1), Some(10)));
    assert_eq!(welcome["session"], session_id(1).to_string());
    assert_eq!(welcome["now"], world.clock.now().to_string());
}

#[test]
fn a_newer_socket_of_the_same_place_replaces_the_older_and_survives_its_end() {
    let world = World::new();
    let mut old = world.join(1, "");
    let mut other_device = world.connect(1, 1, ROOMY);
    other_device.say(r#"{"t":"hello","v":[1],"device":"tablet"}"#);
    let mut other_route = world.connect_to(1, 1, ROOMY, Some("a"));
    other_route.hello("");
    let mut new = world.join(1, "");
    assert_eq!(reason(&mut old), (4009, "replaced by a newer socket".into()));
    assert!(!old.is_open(), "and its end, which comes after its successor's hello,");
    for client in [&mut new, &mut other_device, &mut other_route] {
        assert!(client.is_open(), "took nobody with it");
    }
    let _newest = world.join(1, "");
    assert_eq!(reason(&mut new).0, 4009, "the successor still held the place");
}

#[test]
fn a_revoked_session_and_a_suspended_account_close_their_sockets_at_once() {
    let world = World::new();
    let (mut one, mut two) = (world.connect(1, 1, ROOMY), world.connect(1, 11, ROOMY));
    let mut stranger = world.join(2, "");
    one.hello("");
    two.hello("");
    world.hub.close_session(session_id(1), Close::SessionRevoked);
    assert_eq!(reason(&mut one), (4003, "session revoked".into()));
    assert!(two.is_open());
    world.hub.close_account(account_id(1), Close::Suspended);
    assert_eq!(reason(&mut two), (4010, "account suspended".into()));
    assert!(stranger.is_open());
}

#[test]
fn an_upgrade_that_overlaps_a_revocation_is_closed_too() {
    let world = World::new();
    let (early, late) = {
        let early = world.arrival(1, 1, None);
        world.hub.close_session(session_id(1), Close::SessionRevoked);
        (early, world.arrival(1, 1, None))
    };
    let connect = |arrival| {
        let (transport, peer) = pipe(ROOMY);
        Client { session: Some(Box::pin(world.hub.attach(transport, arrival).unwrap())), peer: Some(peer) }
    };
    assert_eq!(reason(&mut connect(early)).0, 4003);
    assert!(connect(late).is_open(), "a credential checked afterwards is the checker's affair");
}

#[test]
fn a_drain_answers_what_is_under_way_and_sends_everybody_off_with_a_pause_of_their_own() {
    let world = World::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    *world.journal.gate.lock().unwrap() = Some(Arc::clone(&gate));
    let mut clients: Vec<Client> =
        (1..=5).map(|account| world.join(account, r#"{"game":"a","after":0}"#)).collect();
    clients[0].command(1, "a", 0, "1");
    {
        let waker = noop_waker();
        let drain = world.hub.drain();
        let mut drain = Box::pin(drain);
        // The manual clock's pauses pass at once, so this runs the drain to the end of its patience.
        while drain.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {}
    }
    let (transport, _peer) = pipe(ROOMY);
    assert_eq!(world.hub.attach(transport, world.arrival(9, 9, None)).err(), Some(NoRoom::Draining));
    assert!(clients[0].hear().is_empty(), "it waits for its command");
    gate.add_permits(1);
    let mut heard = Vec::new();
    let close = loop {
        match clients[0].take() {
            Some(Outgoing::Text(text)) => heard.push(serde_json::from_str(&text).unwrap()),
            Some(Outgoing::Close(close)) => break close.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(kinds(&heard), ["ev", "ok"]);
    let mut hints: Vec<String> = clients[1..].iter_mut().map(|client| reason(client).1).collect();
    hints.push(close.reason().into_owned());
    assert!(hints.iter().all(|hint| hint.starts_with("draining, retry_after_ms=")), "{hints:?}");
    hints.sort();
    hints.dedup();
    assert_eq!(hints.len(), 5);
    assert_eq!(close.code(), 4001);
    assert_eq!(world.hub.sockets(), 0);
}

#[test]
fn a_topic_that_ends_for_one_account_goes_on_for_the_others() {
    let world = World::new();
    let mut one = world.join(1, r#"{"game":"a","after":0},{"game":"b","after":0}"#);
    let mut two = world.join(2, r#"{"game":"a","after":0}"#);
    world.hub.end_topic(&TopicKey::new("game", "a"), Some(account_id(1)), "not_available");
    world.commit_and_publish("a");
    world.commit_and_publish("b");
    let frames = one.hear();
    assert_eq!(frames[0], serde_json::json!({"t":"gone","topic":{"game":"a"},"code":"not_available"}));
    assert!(seqs(&frames, "a").is_empty());
    assert_eq!(seqs(&frames, "b"), [1], "the socket and its other topics live on");
    assert_eq!(seqs(&two.hear(), "a"), [1]);
}

#[test]
fn a_single_topic_route_follows_from_the_start_knows_no_other_and_ends_with_its_topic() {
    let world = World::new();
    let mut client = world.connect_to(1, 1, ROOMY, Some("a"));
    client.hello("");
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["welcome", "snap"]);
    for text in [
        format!(r#"{{"t":"follow","cid":"{}","topic":{{"game":"b"}}}}"#, cid(1)),
        format!(r#"{{"t":"follow","cid":"{}","topic":{{"inbox":true}}}}"#, cid(2)),
        format!(r#"{{"t":"unfollow","cid":"{}","topic":{{"game":"a"}}}}"#, cid(3)),
        format!(r#"{{"t":"cmd","cid":"{}","topic":{{"game":"b"}},"base":0,"do":1}}"#, cid(4)),
    ] {
        client.say(text);
    }
    let mut codes: Vec<_> =
        client.hear().iter().map(|frame| frame["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    assert_eq!(codes, ["only_topic", "other_topic", "other_topic", "other_topic"]);
    let mut resumed = world.connect_to(2, 2, ROOMY, Some("a"));
    world.commit_and_publish("a");
    resumed.hello(r#"{"game":"a","after":0}"#);
    assert_eq!(seqs(&resumed.hear(), "a"), [1]);
    world.hub.end_topic(&TopicKey::new("game", "a"), None, "not_available");
    let frames = client.hear();
    assert_eq!(kinds(&frames).last(), Some(&"gone"));
    assert_eq!(reason(&mut resumed).0, 4010);
}

#[test]
fn a_single_topic_route_whose_storage_is_down_is_told_to_come_back() {
    let world = World::new();
    world.journal.down.store(true, Ordering::SeqCst);
    let mut client = world.connect_to(1, 1, ROOMY, Some("a"));
    client.hello("");
    assert_eq!(reason(&mut client), (4001, "unavailable, retry_after_ms=1000".into()));
}

#[test]
fn a_credential_is_renewed_by_a_token_or_a_ticket_of_the_same_account_and_session_only() {
    let world = World::new();
    let auth = |token: &str| format!(r#"{{"t":"auth","cid":"{}","token":"{token}"}}"#, cid(1));
    let mut client = world.join(1, "");
    client.say(auth("unavailable.x.x"));
    assert_eq!(client.hear_one()["code"], "unavailable");
    client.say(auth("1.1.2000"));
    assert_eq!(client.hear_one()["t"], "ok");
    (0..20).for_each(|_| {
        world.pass(40);
        client.push(Incoming::Pong);
    });
    assert!(client.is_open(), "the first credential would have ended by now");
    client.say(auth("1-1"));
    assert_eq!(client.hear().last().unwrap()["t"], "ok", "a ticket does as well");
    for (token, code, expected) in [
        ("2.1.600", 4400, "another account or session"),
        ("1.2.600", 4400, "another account or session"),
        ("1-2", 4400, "another account or session"),
        ("nonsense", 4400, "not valid"),
        ("expired.x.x", 4003, "expired"),
    ] {
        let mut client = world.connect(1, 1, ROOMY);
        client.hello("");
        client.say(auth(token));
        let (got, reason) = reason(&mut client);
        assert_eq!(got, code, "{token}");
        assert!(reason.contains(expected), "{token}: {reason}");
    }
}

#[test]
fn a_credential_for_one_topic_renews_that_topics_own_socket_and_no_other() {
    let world = World::new();
    let auth = |ticket: &str| format!(r#"{{"t":"auth","cid":"{}","token":"{ticket}"}}"#, cid(1));
    let connect = |fixed: Option<&str>| {
        let mut client = world.connect_to(1, 1, ROOMY, fixed);
        client.hello("");
        client.hear();
        client
    };
    let mut own = connect(Some("a"));
    own.say(auth("1-1@a"));
    assert_eq!(own.hear_one()["t"], "ok");
    for (fixed, ticket) in [(Some("a"), "1-1@b"), (None, "1-1@a")] {
        let mut client = connect(fixed);
        client.say(auth(ticket));
        let (code, why) = reason(&mut client);
        assert_eq!(code, 4400, "{fixed:?} {ticket}");
        assert!(why.contains("another topic"), "{why}");
    }
}

#[test]
fn a_credential_that_ends_closes_the_socket_and_runs_no_further_command() {
    let world = World::new();
    let (mut idle, mut busy) = (world.join(1, ""), world.join(2, ""));
    world.clock.advance(Duration::from_mins(10));
    busy.command(1, "a", 0, "1");
    assert_eq!(reason(&mut busy), (4003, "authentication expired".into()));
    assert_eq!(world.journal.head("a"), 0);
    assert!(idle.is_open());
    world.pass(0);
    assert_eq!(reason(&mut idle).0, 4003);
}

#[test]
fn too_many_frames_close_with_4029() {
    let world = World::new();
    let mut client = world.join(1, "");
    for n in 0..99 {
        client.say(format!(r#"{{"t":"ping","n":{n}}}"#));
    }
    assert_eq!(client.hear().len(), 99);
    client.say(r#"{"t":"ping","n":100}"#);
    assert_eq!(reason(&mut client).0, 4029);
}

#[test]
fn silence_is_first_answered_with_a_ping_and_then_with_a_close() {
    let world = World::new();
    let mut client = world.join(1, "");
    world.pass(21);
    assert!(matches!(client.take(), Some(Outgoing::Ping)));
    world.pass(1);
    assert!(client.take().is_none(), "not at every turn of the wheel");
    client.push(Incoming::Pong);
    world.pass(40);
    assert!(client.is_open());
    world.pass(10);
    assert_eq!(reason(&mut client), (4008, "no sign of life".into()));
}

#[test]
fn a_socket_that_never_says_hello_is_closed() {
    let world = World::new();
    let mut client = world.connect(1, 1, ROOMY);
    world.pass(11);
    assert_eq!(reason(&mut client), (4400, "no hello in time".into()));
}

#[test]
fn a_peer_that_takes_not_even_the_close_is_let_go() {
    let world = World::new();
    let mut client = world.connect(1, 1, 1);
    client.hello(r#"{"game":"a","after":0}"#);
    client.step();
    world.hub.close_session(session_id(1), Close::SessionRevoked);
    assert!(client.step(), "the close waits behind what was sent before");
    world.pass(1);
    world.pass(6);
    assert!(!client.step());
    assert_eq!(world.hub.sockets(), 0);
}

#[test]
fn a_protocol_ping_is_answered_and_the_peers_close_is_echoed() {
    let world = World::new();
    let mut client = world.join(1, "");
    client.push(Incoming::Ping("x".into()));
    assert!(matches!(client.take(), Some(Outgoing::Pong(payload)) if payload == "x"));
    client.push(Incoming::Close);
    assert!(matches!(client.take(), Some(Outgoing::Close(None))));
    assert!(!client.is_open());
    assert_eq!(world.hub.sockets(), 0);
}

#[test]
fn one_account_holds_a_bounded_number_of_sockets() {
    let world = World::new();
    let held: Vec<Client> = (0..32).map(|session| world.connect(1, session, ROOMY)).collect();
    let (transport, _peer) = pipe(ROOMY);
    assert_eq!(world.hub.attach(transport, world.arrival(1, 99, None)).err(), Some(NoRoom::Account));
    assert!(world.connect(2, 2, ROOMY).is_open());
    drop(held);
    assert!(world.connect(1, 99, ROOMY).is_open());
}
