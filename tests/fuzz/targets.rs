//! What is fuzzed: one function for each parser of what strangers send or hand over. Each takes any bytes and panics when
//! the parser says yes to what it should not, or contradicts itself. The ordinary tests and cargo-fuzz call the same.

use std::collections::BTreeMap;

use game_record::{Commitment, Found, Record, Remembered, notation};
use platform::live::frames::{self, ClientFrame, Token};
use serde_json::value::RawValue;

/// A frame's members, unread: what a command says may be nested deeper than anybody reads.
type Members = BTreeMap<String, Box<RawValue>>;

/// Reading a frame of a client: what is accepted has exactly the members of its type.
pub(crate) fn frame(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let frame = match frames::parse(text) {
        Ok(frame) => frame,
        Err(refused) => return assert!(!refused.to_string().is_empty(), "a refusal says why"),
    };
    assert!(text.len() <= frames::MAX_FRAME_IN, "a frame that is too long was read");
    let members: Members = serde_json::from_str(text).expect("what is read is an object");
    let text_of = |name: &str| serde_json::from_str::<String>(members.get(name)?.get()).ok();
    let (kind, must, may): (_, &[&str], &[&str]) = match &frame {
        ClientFrame::Hello { .. } => ("hello", &["v"], &["device", "topics"]),
        ClientFrame::Cmd { .. } => ("cmd", &["cid", "topic", "base"], &["do"]),
        ClientFrame::Follow { .. } => ("follow", &["cid", "topic"], &["after"]),
        ClientFrame::Unfollow { .. } => ("unfollow", &["cid", "topic"], &[]),
        ClientFrame::Auth { .. } => ("auth", &["cid", "token"], &[]),
        ClientFrame::Ping { .. } => ("ping", &["n"], &[]),
    };
    assert_eq!(text_of("t").as_deref(), Some(kind));
    assert_members(&members, must, may);
    if let ClientFrame::Cmd { action, .. } = &frame {
        let sent = members.get("do").map(|sent| sent.get());
        assert_eq!(Some(action.get()), sent, "a command is handed on untouched");
    }
    if let ClientFrame::Auth { cid, token } = &frame {
        assert_eq!(text_of("token").as_deref(), Some(token.0.as_ref()));
        // Not by looking for it: a token may read like the id beside it, or like what is shown of every token.
        let other = Token("x".repeat(token.0.len()).into());
        let with_another = format!("{:?}", ClientFrame::Auth { cid: *cid, token: other });
        assert_eq!(format!("{frame:?}"), with_another, "a token shows itself");
    }
}

/// A member that is null counts as absent.
fn assert_members(members: &Members, must: &[&str], may: &[&str]) {
    let is_null = |value: &RawValue| value.get() == "null";
    for name in must {
        assert!(members.get(*name).is_some_and(|value| !is_null(value)), "{name} is missing");
    }
    let present = members.iter().filter(|(_, value)| !is_null(value)).map(|(name, _)| name.as_str());
    for name in present {
        assert!(name == "t" || must.contains(&name) || may.contains(&name), "{name} is of another frame");
    }
}

/// Reading a game's notation: what is read is a whole game, and writes and reads back to the same.
pub(crate) fn notation(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match notation::parse(text) {
        Ok(story) => {
            assert!(story.outcome().is_some(), "an unfinished game was read");
            let written = notation::write(&story);
            let again = notation::parse(&written).expect("what is written reads back");
            assert!(again == story, "another game came back");
            assert_eq!(notation::write(&again), written);
        }
        Err(error) => {
            let lines = text.split('\n').count();
            let line = usize::try_from(error.line).expect("a line's number");
            assert!((1..=lines).contains(&line) && error.column >= 1, "{error} is nowhere in {lines} lines");
        }
    }
}

/// Verifying a record: what holds is a whole record, bound to its promise, and what does not says why.
pub(crate) fn verify(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(report) = game_record::verify(text, &Remembered::default()) else { return };
    if !report.holds() {
        return assert!(
            report.checks.iter().any(|check| check.found == Found::Failed),
            "it fails without a reason"
        );
    }
    let record = Record::read(text).expect("what holds can be read");
    assert!(record.story().is_ok(), "what holds is a game");
    let again = record.to_json().expect("what holds can be written");
    let holds =
        |remembered: &Remembered| game_record::verify(&again, remembered).is_ok_and(|report| report.holds());
    assert!(holds(&Remembered::default()), "it holds as it is laid out, and not as it is written");
    let mut promised = record.shuffle.commitment.bytes();
    promised[0] ^= 1;
    let other = Remembered { commitment: Some(Commitment::from_bytes(promised)), ..Remembered::default() };
    assert!(!holds(&other), "it holds for somebody who was promised something else");
}
