//! The inbox: the union of the contexts' streams under one signed cursor.

use super::*;

struct Notices {
    context: &'static str,
    /// First and last notice that storage holds.
    held: Mutex<(u64, u64)>,
}

#[async_trait]
impl InboxSource for Notices {
    fn context(&self) -> &'static str {
        self.context
    }

    async fn head(&self, _account: AccountId) -> Result<u64, TopicError> {
        Ok(self.held.lock().unwrap().1)
    }

    async fn after(&self, _account: AccountId, after: u64, limit: u32) -> Result<Vec<Event>, TopicError> {
        let (first, last) = *self.held.lock().unwrap();
        let from = first.max(after + 1);
        let events = (from..=last).take(usize::try_from(limit).unwrap());
        Ok(events.map(|seq| Event { seq, at: Timestamp::UNIX_EPOCH, body: Some(body(seq)) }).collect())
    }
}

fn world(held: [(u64, u64); 2]) -> (World, [Arc<Notices>; 2]) {
    let world = World::new();
    let [one, two] = held;
    let notices = [("customer", one), ("game", two)]
        .map(|(context, held)| Arc::new(Notices { context, held: Mutex::new(held) }));
    for source in &notices {
        world.hub.add_inbox(Arc::clone(source) as Arc<dyn InboxSource>);
    }
    (world, notices)
}

fn notice(world: &World, notices: &Notices) {
    let seq = {
        let mut held = notices.held.lock().unwrap();
        held.1 += 1;
        held.1
    };
    world.hub.publish_inbox(notices.context, account_id(1), seq, Timestamp::UNIX_EPOCH, &body(seq));
}

fn heard(frames: &[Value]) -> Vec<(String, u64)> {
    let mut heard = Vec::new();
    for frame in frames.iter().filter(|frame| frame["topic"]["inbox"] == true) {
        let context = frame["context"].as_str().unwrap();
        match frame["events"].as_array() {
            Some(events) => {
                heard.extend(events.iter().map(|one| (context.to_owned(), one["seq"].as_u64().unwrap())));
            }
            None => heard.push((context.to_owned(), frame["seq"].as_u64().unwrap())),
        }
    }
    heard.sort();
    heard
}

fn pairs(list: &[(&str, u64)]) -> Vec<(String, u64)> {
    list.iter().map(|(context, seq)| ((*context).to_owned(), *seq)).collect()
}

#[test]
fn without_a_cursor_only_what_is_new_comes_and_any_frames_cursor_resumes_exactly_there() {
    let (world, [customer, game]) = world([(1, 3), (1, 0)]);
    let mut client = world.join(1, r#"{"inbox":true}"#);
    assert!(client.hear().is_empty());
    notice(&world, &customer);
    notice(&world, &game);
    notice(&world, &game);
    let frames = client.hear();
    assert_eq!(heard(&frames), pairs(&[("customer", 4), ("game", 1), ("game", 2)]));
    let cursors: Vec<&str> = frames.iter().map(|frame| frame["cursor"].as_str().unwrap()).collect();
    for (cursor, expected) in [
        (cursors[0], pairs(&[("game", 1), ("game", 2)])),
        (cursors[1], pairs(&[("game", 2)])),
        (cursors[2], pairs(&[])),
    ] {
        let mut again = world.join(1, &format!(r#"{{"inbox":true,"after":"{cursor}"}}"#));
        assert_eq!(heard(&again.hear()), expected);
    }
}

#[test]
fn a_long_absence_is_caught_up_in_batches_each_with_its_cursor() {
    let (world, [customer, _game]) = world([(1, 0), (1, 0)]);
    let mut client = world.join(1, r#"{"inbox":true}"#);
    client.say(r#"{"t":"ping","n":1}"#);
    let cursor = client.hear()[0]["inbox"].as_str().unwrap().to_owned();
    *customer.held.lock().unwrap() = (1, 500);
    let mut again = world.join(1, "");
    again.say(format!(r#"{{"t":"follow","cid":"{}","topic":{{"inbox":true}},"after":"{cursor}"}}"#, cid(1)));
    let frames = again.hear();
    assert_eq!(heard(&frames), (1..=500).map(|seq| ("customer".to_owned(), seq)).collect::<Vec<_>>());
    assert_eq!(kinds(&frames), [vec!["evs"; 10], vec!["ok"]].concat(), "the answer comes last");
    let middle = frames[4]["cursor"].as_str().unwrap();
    let mut resumed = world.join(1, &format!(r#"{{"inbox":true,"after":"{middle}"}}"#));
    assert_eq!(heard(&resumed.hear()).first(), Some(&("customer".to_owned(), 251)));
}

#[test]
fn notices_that_were_removed_are_skipped_with_a_snapshot_without_content() {
    let (world, [customer, _game]) = world([(1, 0), (1, 0)]);
    let mut client = world.join(1, r#"{"inbox":true}"#);
    client.hear();
    *customer.held.lock().unwrap() = (40, 41);
    world.hub.publish_inbox("customer", account_id(1), 41, Timestamp::UNIX_EPOCH, &body(41));
    let frames = client.hear();
    assert_eq!(kinds(&frames), ["snap", "evs"]);
    assert_eq!((frames[0]["seq"].as_u64(), &frames[0]["data"]), (Some(39), &Value::Null));
    assert_eq!(heard(&frames[1..]), pairs(&[("customer", 40), ("customer", 41)]));
}

#[test]
fn a_cursor_of_somebody_else_is_refused() {
    let (world, _) = world([(1, 3), (1, 3)]);
    let mut stranger = world.join(2, r#"{"inbox":true}"#);
    stranger.say(r#"{"t":"ping","n":1}"#);
    let cursor = stranger.hear()[0]["inbox"].as_str().unwrap().to_owned();
    let mut client = world.join(1, &format!(r#"{{"inbox":true,"after":"{cursor}"}}"#));
    assert_eq!(client.hear_one()["code"], "invalid_cursor");
    client.say(format!(r#"{{"t":"follow","cid":"{}","topic":{{"inbox":true}},"after":"{cursor}"}}"#, cid(1)));
    assert_eq!(client.hear_one()["code"], "invalid_cursor");
}

#[test]
fn a_pong_carries_the_cursor_and_heals_a_lost_notice() {
    let (world, [_customer, game]) = world([(1, 3), (1, 3)]);
    let mut client = world.join(1, r#"{"inbox":true}"#);
    client.hear();
    *game.held.lock().unwrap() = (1, 4);
    client.say(r#"{"t":"ping","n":1}"#);
    let frames = client.hear();
    assert_eq!(frames[0]["seqs"], serde_json::json!({}));
    assert!(frames[0]["inbox"].is_string());
    assert_eq!(heard(&frames), pairs(&[("game", 4)]));
}

#[test]
fn leaving_the_inbox_ends_its_notices() {
    let (world, [customer, _]) = world([(1, 3), (1, 3)]);
    let mut client = world.join(1, r#"{"inbox":true}"#);
    client.say(format!(r#"{{"t":"unfollow","cid":"{}","topic":{{"inbox":true}}}}"#, cid(1)));
    assert_eq!(client.hear_one()["t"], "ok");
    notice(&world, &customer);
    assert!(client.hear().is_empty());
}
