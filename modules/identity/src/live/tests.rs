//! Notices on real sockets over the transport in memory: pushed at their commit, and a gap where old ones are gone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::id::{AccountId, NodeId};
use kernel::{Clock, Principal};
use platform::jobs::{Ran, Runner};
use platform::live::testing::{Peer, pipe};
use platform::live::transport::Outgoing;
use platform::live::{Arrival, LiveAuth, Ticketed};
use platform::testing::TestDb;
use platform::upkeep::{self, Retention};
use platform::web::AuthFailure;
use serde_json::{Value, json};

use super::Inbox;
use crate::MIGRATIONS;
use crate::app::refresh_tokens::{self, RefreshError};
use crate::testing::{House, PASSWORD};

/// Nobody presents a further credential here.
struct NoFurther;

#[async_trait]
impl LiveAuth for NoFurther {
    async fn bearer(&self, _: &str) -> Result<Principal, AuthFailure> {
        Err(AuthFailure::Invalid)
    }
    async fn ticket(&self, _: &str, _: Option<&str>) -> Result<Ticketed, AuthFailure> {
        Err(AuthFailure::Invalid)
    }
}

/// A socket that follows its inbox.
struct Listener(Peer);

impl Listener {
    async fn join(house: &House, principal: Principal, after: Option<&str>) -> Self {
        let (pipe, peer) = pipe(100);
        let since = house.hub.epoch();
        let arrival = Arrival { principal, auth: Arc::new(NoFurther), origin: None, fixed: None, since };
        tokio::spawn(house.hub.attach(pipe, arrival).unwrap());
        let mut topic = json!({ "inbox": true });
        if let Some(after) = after {
            topic["after"] = json!(after);
        }
        peer.send(json!({"t": "hello", "v": [1], "device": "d", "topics": [topic]}).to_string());
        let listener = Self(peer);
        assert_eq!(listener.hear().await["t"], "welcome");
        listener
    }

    /// The next frame. It is on its way, or it never comes and the test fails.
    async fn hear(&self) -> Value {
        let next = tokio::time::timeout(Duration::from_secs(20), self.0.next()).await;
        match next.expect("a frame comes") {
            Some(Outgoing::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("no text frame: {other:?}"),
        }
    }

    /// Where its inbox stands. One that already listens follows again, to be told when the inbox is open.
    async fn cursor(&self) -> String {
        let cid = "01932a3e-5f6a-7c3b-8d2e-1f2a3b4c5d6e";
        self.0.send(json!({"t": "follow", "cid": cid, "topic": {"inbox": true}}).to_string());
        while self.hear().await["cid"] != cid {}
        self.0.send(r#"{"t":"ping","n":1}"#);
        self.hear().await["inbox"].as_str().unwrap().to_owned()
    }
}

/// The events of a frame, one or several.
fn events(frame: &Value) -> Vec<Value> {
    let one = || vec![json!({"seq": frame["seq"], "data": frame["data"]})];
    frame["events"].as_array().cloned().unwrap_or_else(one)
}

/// Ends a session of its own by using an old token again, and is told so.
async fn reuse(house: &House, name: &str) {
    let first = house.sign_in(name, PASSWORD).await.unwrap();
    let refresh = async |token: &secrecy::SecretString| {
        refresh_tokens::run(&house.app, &house.call(), token.clone()).await
    };
    let second = refresh(&first.refresh_token).await.unwrap();
    refresh(&second.refresh_token).await.unwrap();
    assert!(matches!(refresh(&first.refresh_token).await, Err(RefreshError::Reused)));
}

async fn house_of(db: &TestDb) -> (House, AccountId) {
    let house = House::over(&db.db).await;
    house.hub.add_inbox(Arc::new(Inbox(db.db.clone())));
    let ada = house.player("ada").await;
    (house, ada)
}

async fn signed_in(house: &House) -> Principal {
    let tokens = house.sign_in("ada", PASSWORD).await.unwrap();
    house.principal(&tokens).await
}

platform::for_each_database! { MIGRATIONS;
    async fn a_notice_reaches_those_who_listen_at_its_commit(db: TestDb) {
        let (house, _) = house_of(&db).await;
        let principal = signed_in(&house).await;
        let listener = Listener::join(&house, principal, None).await;
        reuse(&house, "ada").await;
        // Nothing was asked for meanwhile: no ping heals what is not pushed.
        let frame = listener.hear().await;
        assert_eq!((&frame["topic"], &frame["context"]), (&json!({"inbox": true}), &json!("identity")), "{frame}");
        let told = events(&frame);
        assert_eq!((&told[0]["seq"], &told[0]["data"]["kind"]), (&json!(1), &json!("session_ended")), "{frame}");
        assert_eq!(told[0]["data"]["reason"], "refresh_reuse");
    }

    async fn a_cursor_from_before_what_was_removed_gets_the_gap_and_goes_on_from_there(db: TestDb) {
        let (house, ada) = house_of(&db).await;
        let principal = signed_in(&house).await;
        let before = Listener::join(&house, principal, None).await.cursor().await;
        for _ in 0..5 {
            reuse(&house, "ada").await;
        }
        house.clock.advance(Duration::from_hours(24 * 31));
        let job = upkeep::job("identity.retention", &db.db, Retention::default(), house.clock.now());
        let node: NodeId = house.app.ids.next();
        let runner = Runner::new(db.db.clone(), Arc::new(house.clock.clone()), node, vec![job]);
        assert_eq!(runner.run_once("identity.retention").await, Ok(Ran::Finished));
        assert_eq!(platform::notices::head(&db.db, ada).await, Ok(5));

        let back = Listener::join(&house, signed_in(&house).await, Some(&before)).await;
        let gap = back.hear().await;
        assert_eq!((&gap["t"], &gap["seq"], &gap["data"]), (&json!("snap"), &json!(4), &Value::Null), "{gap}");
        assert_eq!(gap["context"], "identity");
        let after = back.hear().await;
        assert_eq!(events(&after)[0]["seq"], 5, "{after}");
        reuse(&house, "ada").await;
        let next = back.hear().await;
        assert_eq!(events(&next)[0]["seq"], 6, "numbers go on: {next}");
    }
}
