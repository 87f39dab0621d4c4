//! asyncapi.yaml: whether a frame is one of the document's messages, and whether the document's closed sets are the code's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use super::schema::Checker;

/// The committed document, as JSON.
pub(crate) struct AsyncApi(Value);

/// Which side sends a message.
#[derive(Clone, Copy)]
enum From {
    Client,
    Server,
}

impl AsyncApi {
    pub(super) fn read() -> Self {
        let text = include_str!("../../../ios-api-spec/asyncapi.yaml");
        let documents = YamlLoader::load_from_str(text).expect("asyncapi.yaml is YAML");
        assert_eq!(documents.len(), 1);
        Self(json_of(&documents[0]))
    }

    /// Everything in which this frame is no message of a client.
    pub(crate) fn faults_of_client_frame(&self, frame: &Value) -> Vec<String> {
        self.faults(From::Client, frame)
    }

    /// Everything in which this frame is no message of the server.
    pub(crate) fn faults_of_server_frame(&self, frame: &Value) -> Vec<String> {
        let mut faults = self.faults(From::Server, frame);
        let code = frame["code"].as_str();
        faults.extend(
            code.filter(|code| !self.codes().contains(*code))
                .map(|code| format!("/code: {code} is not in x-error-codes")),
        );
        faults
    }

    /// A frame fits one of the messages of its type; otherwise what keeps it from the nearest is told.
    fn faults(&self, from: From, frame: &Value) -> Vec<String> {
        let checker = Checker { document: &self.0 };
        let of_its_type = self
            .messages(from)
            .filter(|message| types(message).contains(frame["t"].as_str().unwrap_or_default()));
        let each = of_its_type.map(|message| checker.faults(&message["payload"], frame));
        each.min_by_key(Vec::len).unwrap_or_else(|| vec![format!("no message is of the type {}", frame["t"])])
    }

    /// The messages that one side sends on the socket for everything.
    fn messages(&self, from: From) -> impl Iterator<Item = &Value> {
        let operation = match from {
            From::Client => "/operations/hear/messages",
            From::Server => "/operations/tell/messages",
        };
        let references = self.0.pointer(operation).and_then(Value::as_array).into_iter().flatten();
        references.map(|reference| self.follow(self.follow(reference)))
    }

    /// What a reference points at.
    fn follow<'a>(&'a self, at: &'a Value) -> &'a Value {
        let path = at["$ref"].as_str().expect("a reference").trim_start_matches('#');
        self.0.pointer(path).unwrap_or_else(|| panic!("{path} is not in asyncapi.yaml"))
    }

    fn types(&self, from: From) -> BTreeSet<String> {
        self.messages(from).flat_map(types).map(str::to_owned).collect()
    }

    fn codes(&self) -> BTreeSet<&str> {
        let groups = self.0["x-error-codes"].as_object().into_iter().flatten();
        groups.filter_map(|(_, group)| group.as_object()).flatten().map(|(code, _)| code.as_str()).collect()
    }

    fn schema(&self, name: &str) -> &Value {
        let schema = &self.0["components"]["schemas"][name];
        assert!(schema.is_object(), "asyncapi.yaml has no schema {name}");
        schema
    }

    /// The members of each alternative of a schema, by the kind that tells it apart.
    fn kinds(&self, schema: &str) -> BTreeMap<String, BTreeSet<String>> {
        let alternatives = self.schema(schema)["oneOf"].as_array().expect("alternatives");
        let kind = |one: &Value| one["properties"]["kind"]["const"].as_str().expect("a kind").to_owned();
        alternatives.iter().map(|one| self.follow(one)).map(|one| (kind(one), members(one))).collect()
    }

    fn limit(&self, name: &str) -> u64 {
        self.0["x-limits"][name].as_u64().unwrap_or_else(|| panic!("no limit {name}"))
    }
}

/// The values of `t` that a message allows.
fn types(message: &Value) -> BTreeSet<&str> {
    let payload = &message["payload"];
    let alternatives = payload["oneOf"].as_array().into_iter().flatten().chain([payload]);
    alternatives.filter_map(|one| one["properties"]["t"]["const"].as_str()).collect()
}

/// The names of an object schema's members.
fn members(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().expect("an object").keys().cloned().collect()
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Boolean(truth) => Value::from(*truth),
        Yaml::Null => Value::Null,
        Yaml::Array(items) => items.iter().map(json_of).collect(),
        Yaml::Hash(members) => {
            let members = members.iter().map(|(name, value)| (name_of(name), json_of(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => panic!("asyncapi.yaml has something that is no JSON: {other:?}"),
    }
}

fn name_of(yaml: &Yaml) -> String {
    yaml.as_str().unwrap_or_else(|| panic!("asyncapi.yaml has a member that is called {yaml:?}")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{asyncapi, openapi};
    use super::*;
    use bytestring::ByteString;
    use kernel::Timestamp;
    use platform::live::frames::{self, About, Batch, Cid, ClientFrame, EventOut, ServerFrame};
    use platform::live::{Close, LiveSettings, SNAP_BEYOND};
    use serde_json::value::RawValue;

    const CID: &str = "01932a3e-5f6a-7c3b-8d2e-1f2a3b4c5d6e";

    /// A list of words that cannot fall behind its enum: a variant without a word does not compile.
    macro_rules! every {
        ($name:ident, $type:ty: $($pattern:pat => $word:expr),+ $(,)?) => {
            fn $name() -> BTreeSet<String> {
                fn word_of(value: &$type) -> String {
                    match value { $($pattern => $word.to_string()),+ }
                }
                // Named for the compiler's sake: the match above is what is wanted of it.
                let _: fn(&$type) -> String = word_of;
                BTreeSet::from([$($word.to_string()),+])
            }
        };
    }

    every!(client_types, ClientFrame<'_>:
        ClientFrame::Hello { .. } => "hello",
        ClientFrame::Cmd { .. } => "cmd",
        ClientFrame::Follow { .. } => "follow",
        ClientFrame::Unfollow { .. } => "unfollow",
        ClientFrame::Auth { .. } => "auth",
        ClientFrame::Ping { .. } => "ping",
    );
    every!(server_types_of_frames, ServerFrame<'_>:
        ServerFrame::Welcome { .. } => "welcome",
        ServerFrame::Ok { .. } => "ok",
        ServerFrame::Err { .. } => "err",
        ServerFrame::Ev(..) => "ev",
        ServerFrame::Snap { .. } => "snap",
        ServerFrame::Gone { .. } => "gone",
        ServerFrame::Pong { .. } => "pong",
    );
    every!(close_codes, Close:
        Close::Bye => Close::Bye.code(),
        Close::Draining { .. } => (Close::Draining { retry_ms: 1 }).code(),
        Close::Unavailable { .. } => (Close::Unavailable { retry_ms: 1 }).code(),
        Close::Expired => Close::Expired.code(),
        Close::SessionRevoked => Close::SessionRevoked.code(),
        Close::TooSlow => Close::TooSlow.code(),
        Close::Silent => Close::Silent.code(),
        Close::Replaced => Close::Replaced.code(),
        Close::Suspended => Close::Suspended.code(),
        Close::TopicEnded => Close::TopicEnded.code(),
        Close::TooFast => Close::TooFast.code(),
        Close::Protocol(_) => Close::protocol("why").code(),
    );

    fn cid() -> Cid {
        match frames::parse(&format!(r#"{{"t":"unfollow","cid":"{CID}","topic":{{"inbox":true}}}}"#)) {
            Ok(ClientFrame::Unfollow { cid, .. }) => cid,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_frame_types_of_the_document_are_those_of_the_code() {
        assert_eq!(asyncapi().types(From::Client), client_types());
        let mut server = server_types_of_frames();
        server.insert("evs".to_owned());
        assert_eq!(asyncapi().types(From::Server), server);
    }

    #[test]
    fn the_close_codes_of_the_document_are_those_of_the_code() {
        let documented = asyncapi().0["x-close-codes"].as_object().expect("codes").keys().cloned();
        assert_eq!(documented.collect::<BTreeSet<_>>(), close_codes());
    }

    #[test]
    fn the_limits_of_the_document_are_those_of_the_code() {
        let settings = LiveSettings::default();
        for (name, limit) in [
            ("frame-in-bytes", frames::MAX_FRAME_IN as u64),
            ("frame-out-bytes", frames::MAX_FRAME_OUT as u64),
            ("hello-topics", frames::MAX_HELLO_TOPICS as u64),
            ("topics-per-socket", settings.max_topics as u64),
            ("hello-seconds", settings.hello_s.into()),
            ("ping-seconds", settings.ping_s.into()),
            ("silent-seconds", settings.silent_s.into()),
            ("command-seconds", settings.command_s.into()),
            ("frames-per-second", settings.frames_per_second.into()),
            ("frames-at-once", settings.frames_burst.into()),
            ("queue-frames", settings.queue_frames as u64),
            ("queue-bytes", settings.queue_bytes as u64),
            ("snapshot-beyond-events", SNAP_BEYOND),
            ("sockets-per-account", settings.max_sockets_per_account as u64),
        ] {
            assert_eq!(asyncapi().limit(name), limit, "{name}");
        }
    }

    #[test]
    fn the_server_writes_every_frame_as_the_document_says() {
        let (at, game) = (Timestamp::UNIX_EPOCH, "gam_01k9z3v7q8f4r2m5n6p7s8t9va");
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let (voided, notice) = (
            raw(r#"{"kind":"voided"}"#),
            raw(r#"{"kind":"game_invite_expired","invite_id":"giv_01k9z3v7q8f4r2m5n6p7s8t9va"}"#),
        );
        let session = "ses_01k9z3v7q8f4r2m5n6p7s8t9va".parse().expect("an id");
        let about = About::Topic { kind: "game", id: game };
        let inbox = About::InboxOf { context: "game", cursor: Some("c") };
        let event = |data| EventOut { seq: 1, at, data };
        let batch = |about: &About<'_>, data, cursor: Option<&str>| {
            let mut batch = Batch::new(about);
            batch.add(event(data)).expect("it is small");
            batch.finish(|_| cursor.map(str::to_owned)).remove(0)
        };
        let written: Vec<ByteString> = vec![
            ServerFrame::Welcome { version: 1, session, now: at, ping_s: 10 }.encode(),
            ServerFrame::Ok { cid: cid(), seq: Some(1) }.encode(),
            ServerFrame::Ok { cid: cid(), seq: None }.encode(),
            ServerFrame::Err { cid: cid(), code: "not_found", retryable: false, seq: None, snapshot: None }
                .encode(),
            ServerFrame::Ev(about, event(Some(&voided))).encode(),
            ServerFrame::Ev(about, event(None)).encode(),
            ServerFrame::Ev(inbox, event(Some(&notice))).encode(),
            ServerFrame::Snap { about: inbox, seq: 1, data: None }.encode(),
            ServerFrame::Gone { about, code: "not_found" }.encode(),
            ServerFrame::Gone { about: About::Inbox, code: "invalid_cursor" }.encode(),
            ServerFrame::Pong { n: 1, now: at, seqs: &[(game, 1)], inbox: Some("c") }.encode(),
            ServerFrame::Pong { n: 1, now: at, seqs: &[], inbox: None }.encode(),
            batch(&about, Some(&voided), None),
            batch(&About::InboxOf { context: "game", cursor: None }, Some(&notice), Some("c")),
        ];
        for frame in written {
            let frame: Value = serde_json::from_str(&frame).expect("JSON");
            assert_eq!(asyncapi().faults_of_server_frame(&frame), [""; 0], "{frame}");
        }
    }

    #[test]
    fn a_frame_that_is_in_no_document_is_found() {
        for frame in [
            r#"{"t":"dance"}"#,
            r#"{"t":"pong","n":1}"#,
            r#"{"t":"gone","topic":{"game":"g"},"code":"bored"}"#,
        ] {
            let frame: Value = serde_json::from_str(frame).expect("JSON");
            assert!(!asyncapi().faults_of_server_frame(&frame).is_empty(), "{frame}");
        }
    }
    fn component(name: &str) -> &'static Value {
        openapi().component(name)
    }

    fn words(schema: &Value) -> BTreeSet<&str> {
        schema["enum"].as_array().expect("words").iter().filter_map(Value::as_str).collect()
    }

    #[test]
    fn the_words_of_the_game_are_those_of_the_code() {
        for (documented, code) in [
            ("Seat", "Seat"),
            ("Shape", "Shape"),
            ("Announcement", "Announcement"),
            ("DrawCause", "DrawCause"),
            ("By", "By"),
            ("PassKind", "PassKind"),
            ("RoundEnd", "RoundEnd"),
            ("Phase", "Phase"),
            ("GameStatus", "GameStatusWord"),
        ] {
            assert_eq!(words(asyncapi().schema(documented)), words(component(code)), "{documented}");
        }
        let pattern = regex::Regex::new(asyncapi().schema("Card")["pattern"].as_str().expect("a pattern"))
            .expect("a pattern");
        let shapes = ["circle", "triangle", "cross", "square", "star", "whot"];
        let all = shapes.iter().flat_map(|shape| (0..=30).map(move |number| format!("{shape}-{number}")));
        let documented: BTreeSet<String> = all.filter(|card| pattern.is_match(card)).collect();
        assert_eq!(documented, words(component("Card")).into_iter().map(str::to_owned).collect());
    }

    #[test]
    fn the_members_of_snapshots_and_their_parts_are_those_of_the_code() {
        for (documented, code) in [
            ("GameSnapshot", "GameSnapshot"),
            ("Person", "Person"),
            ("RuleSet", "RuleSet"),
            ("Clock", "GameClock"),
            ("Round", "RoundView"),
            ("Outcome", "GameOutcome"),
        ] {
            assert_eq!(members(asyncapi().schema(documented)), members(component(code)), "{documented}");
        }
    }

    #[test]
    fn the_kinds_of_events_and_their_members_are_those_of_the_code() {
        let mut documented = asyncapi().kinds("GameEvent");
        for members in documented.values_mut() {
            assert!(members.remove("clock"), "every event may change a clock");
            members.remove("legal");
        }
        let alternatives = component("GameEventKind")["oneOf"].as_array().expect("alternatives");
        let kind = |one: &Value| one["properties"]["kind"]["enum"][0].as_str().expect("a kind").to_owned();
        let code: BTreeMap<String, BTreeSet<String>> =
            alternatives.iter().map(|one| (kind(one), members(one))).collect();
        assert_eq!(documented, code);
    }

    #[test]
    fn the_codes_of_a_game_are_those_of_the_code() {
        let play = openapi().responses("post", "/api/v1/games/{game_id}/play");
        let codes = ["409", "422"]
            .into_iter()
            .flat_map(|status| play[status]["x-codes"].as_array().into_iter().flatten());
        let code: BTreeSet<&str> = codes
            .filter_map(Value::as_str)
            .filter(|code| !["unknown_field", "invalid_request"].contains(code))
            .collect();
        let documented = asyncapi().0["x-error-codes"]["game"].as_object().expect("codes");
        assert_eq!(documented.keys().map(String::as_str).collect::<BTreeSet<_>>(), code);
    }

    /// Notices pass through the floor as they are, so that only their own source tells of them.
    #[test]
    fn the_kinds_of_notices_are_those_of_the_code() {
        let mut code = BTreeSet::new();
        for (source, pattern) in [
            (include_str!("../../../modules/game/src/domain/notice.rs"), r#"=> "(\w+)""#),
            (include_str!("../../../modules/customer/src/store/record.rs"), r#"\(\s*"(\w+)",\s*json!"#),
            (
                include_str!("../../../modules/identity/src/store/sessions.rs"),
                r#"const \w+_NOTICE: &str = "(\w+)""#,
            ),
        ] {
            let kinds = regex::Regex::new(pattern).expect("a pattern");
            let found: Vec<&str> =
                kinds.captures_iter(source).map(|found| found.extract::<1>().1[0]).collect();
            assert!(!found.is_empty(), "{pattern} finds nothing");
            code.extend(found);
        }
        let documented = asyncapi().kinds("Notice");
        assert_eq!(documented.keys().map(String::as_str).collect::<BTreeSet<_>>(), code);
    }
}
