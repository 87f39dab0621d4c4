//! Frames as tables: what is read, what is refused and why, what is written.

use kernel::Timestamp;
use serde_json::value::RawValue;

use super::*;

const CID: &str = "01932a3e-5f6a-7c3b-8d2e-1f2a3b4c5d6e";

fn reason(text: &str) -> String {
    parse(text).expect_err(text).into_reason().into_owned()
}

#[test]
fn every_client_frame_of_the_protocol_is_read() {
    let hello = r#"{"t":"hello","v":[1],"device":"phone","topics":[{"game":"gam_1","after":41},{"inbox":true,"after":"c"},{"inbox":true}]}"#;
    let ClientFrame::Hello { versions, device, topics } = parse(hello).unwrap() else { panic!() };
    assert_eq!((versions, device.as_deref()), (vec![1], Some("phone")));
    let game = TopicName::One { kind: "game".into(), id: "gam_1".into() };
    assert_eq!(topics[0], Wanted { topic: game.clone(), after: Some(After::Seq(41)) });
    assert_eq!(topics[1], Wanted { topic: TopicName::Inbox, after: Some(After::Cursor("c".into())) });
    assert_eq!(topics[2].after, None);

    let text = format!(
        r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"gam_1"}},"base":41,"do":{{"play":{{"card":"circle-5"}} }}}}"#
    );
    let ClientFrame::Cmd { cid, topic, base, action } = parse(&text).unwrap() else { panic!() };
    assert_eq!((cid.to_string().as_str(), topic, base), (CID, game, 41));
    assert_eq!(action.get(), r#"{"play":{"card":"circle-5"} }"#, "the payload stays as it was written");

    for text in [
        format!(r#"{{"t":"follow","cid":"{CID}","topic":{{"inbox":true}},"after":41}}"#),
        format!(r#"{{"t":"follow","cid":"{CID}","topic":{{"game":"gam_1"}}}}"#),
        format!(r#"{{"t":"unfollow","cid":"{CID}","topic":{{"game":"gam_1"}}}}"#),
        format!(r#"{{"cid":"{CID}","token":"x","t":"auth"}}"#),
        r#"{"t":"ping","n":7}"#.to_owned(),
    ] {
        assert!(parse(&text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_not_a_frame_is_refused_with_its_reason() {
    let cmd = |rest: &str| format!(r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"g"}},{rest}}}"#);
    let table = [
        (String::new(), "EOF"),
        ("x".into(), "expected value"),
        ("[]".into(), "invalid type: sequence, expected an object"),
        ("{}".into(), "missing field `t`"),
        (r#"{"t":"ping","n":7} x"#.into(), "trailing characters"),
        (
            r#"["ping",null,null,null,null,null,null,null,null,null,7]"#.into(),
            "invalid type: sequence, expected an object",
        ),
        (r#"{"t":"dance"}"#.into(), "unknown frame type"),
        (r#"{"t":7}"#.into(), "invalid type"),
        (r#"{"t":"ping"}"#.into(), "missing field \"n\""),
        (r#"{"t":"ping","n":-1}"#.into(), "invalid value"),
        (r#"{"t":"ping","n":"7"}"#.into(), "invalid type"),
        (r#"{"t":"ping","n":7,"m":8}"#.into(), "unknown field `m`"),
        (r#"{"t":"ping","n":7,"n":8}"#.into(), "duplicate field `n`"),
        (r#"{"t":"ping","n":7,"base":8}"#.into(), "does not belong"),
        (cmd(r#""base":1"#), "missing field \"do\""),
        (cmd(r#""do":{}"#), "missing field \"base\""),
        (cmd(r#""base":1.5,"do":{}"#), "invalid type"),
        (cmd(r#""base":1,"do":{},"after":4"#), "does not belong"),
        (r#"{"t":"auth","cid":"abc","token":"x"}"#.into(), "cid is not"),
        (r#"{"t":"auth","cid":"01932a3e-5f6a-4c3b-8d2e-1f2a3b4c5d6e","token":"x"}"#.into(), "cid is not"),
        (r#"{"t":"hello","v":[]}"#.into(), "v lists"),
        (r#"{"t":"hello","v":[1],"topics":[{}]}"#.into(), "exactly one name"),
        (r#"{"t":"hello","v":[1],"topics":[{"game":"a","chat":"b"}]}"#.into(), "exactly one name"),
        (r#"{"t":"hello","v":[1],"topics":[{"inbox":false}]}"#.into(), "the inbox topic is"),
        (r#"{"t":"hello","v":[1],"topics":[{"game":5}]}"#.into(), "invalid type"),
        (r#"{"t":"hello","v":[1],"topics":[{"game":"a\"b"}]}"#.into(), "plain words"),
        (r#"{"t":"hello","v":[1],"topics":[{"":"a"}]}"#.into(), "plain words"),
        (format!(r#"{{"t":"unfollow","cid":"{CID}","topic":{{"game":"a","after":4}}}}"#), "exactly one name"),
    ];
    for (text, expected) in table {
        let reason = reason(&text);
        assert!(reason.contains(expected), "{text}: {reason}");
    }
    let many = vec![r#"{"game":"g"}"#; MAX_HELLO_TOPICS + 1].join(",");
    assert!(reason(&format!(r#"{{"t":"hello","v":[1],"topics":[{many}]}}"#)).contains("at most 256"));
    assert!(reason(&" ".repeat(MAX_FRAME_IN + 1)).contains("at most 49152"));
}

#[test]
fn a_deeply_nested_payload_neither_overflows_the_stack_nor_passes_as_a_topic() {
    let deep = "[".repeat(20_000) + &"]".repeat(20_000);
    let text = format!(r#"{{"t":"cmd","cid":"{CID}","topic":{{"game":"g"}},"base":1,"do":{deep}}}"#);
    assert!(parse(&text).is_ok(), "the source bounds what it reads");
    assert!(parse(&format!(r#"{{"t":"hello","v":[1],"topics":{deep}}}"#)).is_err());
}

#[test]
fn a_cid_is_answered_as_it_was_written() {
    for text in [CID.to_owned(), CID.to_uppercase()] {
        assert_eq!(Cid::read(&text).unwrap().to_string(), text);
    }
    assert!(Cid::read(&CID.replace('a', "A")).is_err());
    assert!(Cid::read(&CID.replace('-', "")).is_err());
}

#[test]
fn server_frames_look_as_the_protocol_says() {
    let cid = Cid::read(CID).unwrap();
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    let (data, at) = (raw(r#"{"a":1}"#), Timestamp::UNIX_EPOCH);
    let game = About::Topic { kind: "game", id: "gam_1" };
    let inbox = About::InboxOf { context: "game", cursor: Some("c") };
    let table = [
        (ServerFrame::Ok { cid, seq: Some(42) }, format!(r#"{{"t":"ok","cid":"{CID}","seq":42}}"#)),
        (ServerFrame::Ok { cid, seq: None }, format!(r#"{{"t":"ok","cid":"{CID}"}}"#)),
        (
            ServerFrame::Err { cid, code: "not_your_turn", retryable: false, seq: Some(42), snapshot: Some(&data) },
            format!(
                r#"{{"t":"err","cid":"{CID}","code":"not_your_turn","retryable":false,"seq":42,"snapshot":{{"a":1}}}}"#
            ),
        ),
        (
            ServerFrame::Ev(game, EventOut { seq: 42, at, data: None }),
            r#"{"t":"ev","topic":{"game":"gam_1"},"seq":42,"at":"1970-01-01T00:00:00Z","data":null}"#.into(),
        ),
        (
            ServerFrame::Ev(inbox, EventOut { seq: 3, at, data: Some(&data) }),
            r#"{"t":"ev","topic":{"inbox":true},"context":"game","cursor":"c","seq":3,"at":"1970-01-01T00:00:00Z","data":{"a":1}}"#.into(),
        ),
        (
            ServerFrame::Snap { about: game, seq: 42, data: Some(&data) },
            r#"{"t":"snap","topic":{"game":"gam_1"},"seq":42,"data":{"a":1}}"#.into(),
        ),
        (
            ServerFrame::Gone { about: About::Inbox, code: "not_available" },
            r#"{"t":"gone","topic":{"inbox":true},"code":"not_available"}"#.into(),
        ),
        (
            ServerFrame::Pong { n: 7, now: at, seqs: &[("gam_1", 42), ("gam_2", 0)], inbox: Some("c") },
            r#"{"t":"pong","n":7,"now":"1970-01-01T00:00:00Z","seqs":{"gam_1":42,"gam_2":0},"inbox":"c"}"#.into(),
        ),
    ];
    for (frame, expected) in table {
        assert_eq!(frame.encode(), expected.as_str());
    }
}

#[test]
fn a_batch_is_split_before_a_frame_grows_too_large() {
    let data = RawValue::from_string(format!("\"{}\"", "x".repeat(20_000))).unwrap();
    let mut batch = Batch::new(&About::Topic { kind: "game", id: "gam_1" });
    for seq in 1..=7 {
        batch.add(EventOut { seq, at: Timestamp::UNIX_EPOCH, data: Some(&data) }).unwrap();
    }
    let frames = batch.finish(|last| Some(last.to_string()));
    assert_eq!(frames.len(), 3);
    let mut seqs = Vec::new();
    for frame in &frames {
        assert!(frame.len() <= MAX_FRAME_OUT);
        let value: serde_json::Value = serde_json::from_str(frame).unwrap();
        assert_eq!(value["cursor"], value["events"].as_array().unwrap().last().unwrap()["seq"].to_string());
        seqs.extend(value["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()));
    }
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
    let huge = RawValue::from_string(format!("\"{}\"", "x".repeat(MAX_FRAME_OUT))).unwrap();
    let mut batch = Batch::new(&About::Inbox);
    assert_eq!(batch.add(EventOut { seq: 1, at: Timestamp::UNIX_EPOCH, data: Some(&huge) }), Err(TooLarge));
}
