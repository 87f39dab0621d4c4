//! The topic `game`: who may follow, what they missed, and their commands.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::id::GameId;
use kernel::{Actor, CallContext, Permission, Principal, RequestId};
use platform::live::{
    Body, CatchUp, Command, Event, Reply, SNAP_BEYOND, TopicError, TopicKey, TopicSource, Viewer, Viewing,
};

use super::broadcast::last_of_the_rules;
use super::command::Do;
use super::inbox::unavailable;
use super::wire::{EventData, Snapshot};
use super::{KIND, seat_of, viewer_of};
use crate::app::hot::{Answer, Trouble, Why};
use crate::app::{App, look, play};
use crate::domain::command::Asked;
use crate::domain::view::GameView;

/// How long learning names may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Games as live topics.
pub(crate) struct GameTopic(pub(crate) Arc<App>);

#[async_trait]
impl TopicSource for GameTopic {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn open(&self, principal: &Principal, id: &str) -> Result<Viewer, TopicError> {
        let game: GameId = id.parse().map_err(|_| TopicError::NotFound)?;
        if !principal.may(Permission::GamePlay) {
            return Err(TopicError::Refused("forbidden"));
        }
        let seat = look::seat(&self.0, principal.account, game).await.map_err(unavailable)?;
        seat.map(viewer_of).ok_or(TopicError::NotFound)
    }

    async fn catch_up(
        &self,
        viewing: &Viewing,
        after: Option<u64>,
        limit: u32,
    ) -> Result<CatchUp, TopicError> {
        let game = game_of(&viewing.topic)?;
        let Some(after) = after else { return self.snapshot(viewing, game).await };
        let missed =
            look::lines(&self.0, game, after, limit).await.map_err(|trouble| trouble_of(&trouble))?;
        if after > missed.head || missed.head - after > SNAP_BEYOND {
            return self.snapshot(viewing, game).await;
        }
        let seat = seat_of(viewing.viewer).ok_or(TopicError::NotFound)?;
        // What may be done now goes with the newest event of the rules, as it does when that is published. Whatever
        // may have followed it by now either changes nothing of it, or says anew what may be done.
        let view = match last_of_the_rules(&missed.lines) {
            Some(_) => {
                let view = look::snapshot(&self.0, viewing.principal.account, game).await;
                Some(view.map_err(|trouble| trouble_of(&trouble))?)
            }
            None => None,
        };
        let event = |line: &crate::domain::entry::Recorded| {
            let here = view.as_ref().filter(|view| view.last_rules == line.seq && !view.legal.is_empty());
            let body = EventData::raw_with(line, seat, here.map(|view| view.legal.as_slice()));
            Event { seq: line.seq, at: line.at, body }
        };
        Ok(CatchUp::Events { events: missed.lines.iter().map(event).collect(), head: missed.head })
    }

    async fn heads(&self, topics: &[TopicKey]) -> Result<Vec<u64>, TopicError> {
        let games: Vec<GameId> = topics.iter().map(game_of).collect::<Result<_, _>>()?;
        let mut heads: HashMap<GameId, u64> = HashMap::with_capacity(games.len());
        // Twice, for a game that ended between the two places where a head can stand.
        for _ in 0..2 {
            let missing: Vec<GameId> =
                games.iter().copied().filter(|game| !heads.contains_key(game)).collect();
            if missing.is_empty() {
                break;
            }
            heads.extend(look::heads(&self.0, missing).await.map_err(unavailable)?);
        }
        Ok(games.iter().map(|game| heads.get(game).copied().unwrap_or(0)).collect())
    }

    async fn command(&self, viewing: &Viewing, command: Command) -> Reply {
        let Ok(game) = game_of(&viewing.topic) else { return Reply::refused("not_found") };
        let Ok(act) = Do::parse(command.action.get()) else { return Reply::refused("malformed") };
        let asked = Asked { cid: command.cid, base: Some(command.base), act };
        let account = viewing.principal.account;
        match play::run(&self.0, command.call.clone(), account, game, asked).await {
            Ok(Answer::Done { seq }) => Reply::Done { seq },
            Ok(Answer::Refused { why, seq, view }) => {
                let snapshot = match view {
                    Some(view) => self.body(&command.call, &view).await,
                    None => None,
                };
                let retryable = why == Why::StaleBase;
                Reply::Refused { code: why.code().into(), retryable, seq: Some(seq), snapshot }
            }
            Err(Trouble::NotFound) => Reply::refused("not_found"),
            Err(trouble) if trouble.may_pass() => Reply::unavailable(),
            Err(_) => Reply::refused("internal"),
        }
    }
}

impl GameTopic {
    async fn snapshot(&self, viewing: &Viewing, game: GameId) -> Result<CatchUp, TopicError> {
        let view = look::snapshot(&self.0, viewing.principal.account, game).await;
        let view = view.map_err(|trouble| trouble_of(&trouble))?;
        let actor = Actor::from(viewing.principal.as_ref());
        let request = RequestId::fresh(self.0.random.as_ref());
        let call = CallContext::new(actor, request, self.0.clock.now(), PATIENCE);
        let data = self.body(&call, &view).await.ok_or(TopicError::Unavailable)?;
        Ok(CatchUp::Snapshot { seq: view.seq, data })
    }

    async fn body(&self, call: &CallContext, view: &GameView) -> Option<Body> {
        let names = self.0.names.of(call, [view.players.first, view.players.second]).await;
        serde_json::value::to_raw_value(&Snapshot::of(view, &names)).ok()
    }
}

fn game_of(topic: &TopicKey) -> Result<GameId, TopicError> {
    topic.id().parse().map_err(|_| TopicError::NotFound)
}

fn trouble_of(trouble: &Trouble) -> TopicError {
    match trouble {
        Trouble::NotFound => TopicError::NotFound,
        _ => TopicError::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use game_engine::{RuleSet, Seat};
    use kernel::Clock;
    use kernel::id::Uuid;
    use platform::testing::TestDb;
    use serde_json::{Value, json};

    use crate::MIGRATIONS;
    use crate::house::House;

    fn viewing(principal: &Principal, game: GameId, seat: Seat) -> Viewing {
        Viewing {
            principal: Arc::new(principal.clone()),
            topic: TopicKey::new(KIND, game),
            viewer: viewer_of(seat),
        }
    }

    fn value(body: &Body) -> Value {
        serde_json::from_str(body.get()).unwrap()
    }

    async fn send(house: &House, viewing: &Viewing, cid: Uuid, base: u64, action: &Value) -> Reply {
        let command = Command {
            call: house.call(&viewing.principal),
            cid,
            base,
            action: serde_json::value::to_raw_value(action).unwrap(),
        };
        GameTopic(house.app.clone()).command(viewing, command).await
    }

    fn code(reply: &Reply) -> &str {
        match reply {
            Reply::Done { .. } => "done",
            Reply::Refused { code, .. } => code,
        }
    }

    platform::for_each_database! { MIGRATIONS;
        async fn players_alone_may_follow_each_with_its_own_eyes(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::naija_classic()).await;
            let topic = GameTopic(house.app.clone());
            let id = game.to_string();
            assert_eq!(topic.open(&players[0], &id).await, Ok(Viewer(0)));
            assert_eq!(topic.open(&players[1], &id).await, Ok(Viewer(1)));
            let stranger = house.person("stranger");
            assert_eq!(topic.open(&stranger, &id).await, Err(TopicError::NotFound));
            for junk in ["", "gam_", "acc_01k9z3v7q8f4r2m5n6p7s8t9va", &id.to_uppercase(), &format!("{id} ")] {
                assert_eq!(topic.open(&players[0], junk).await, Err(TopicError::NotFound), "{junk}");
            }
            let moderator = Principal { roles: kernel::Roles::NONE.with(kernel::Role::Moderator), ..players[0].clone() };
            assert_eq!(topic.open(&moderator, &id).await, Err(TopicError::Refused("forbidden")));
        }

        async fn whoever_comes_back_gets_exactly_what_was_missed_or_the_whole_game(db: TestDb) {
            let house = House::open(&db.db).await;
            let mut rules = RuleSet::naija_classic();
            rules.set("match", "best_of(9)").unwrap();
            let (game, players) = house.game(rules.customised()).await;
            house.play_out(game, &players).await;
            let topic = GameTopic(house.app.clone());
            let viewing = viewing(&players[1], game, Seat::Second);
            let head = house.journal(game).await.len() as u64;
            assert!(head > SNAP_BEYOND + 10, "long enough: {head}");
            assert_eq!(topic.heads(std::slice::from_ref(&viewing.topic)).await, Ok(vec![head]));
            for after in [head - SNAP_BEYOND, head - 7, head - 1, head] {
                let Ok(CatchUp::Events { events, head: told }) = topic.catch_up(&viewing, Some(after), 50).await else {
                    panic!("{after}")
                };
                assert_eq!(told, head);
                let expected: Vec<u64> = (after + 1..=head.min(after + 50)).collect();
                assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), expected);
            }
            for after in [None, Some(0), Some(head - SNAP_BEYOND - 1), Some(head + 1), Some(u64::MAX)] {
                let Ok(CatchUp::Snapshot { seq, data }) = topic.catch_up(&viewing, after, 50).await else {
                    panic!("{after:?}")
                };
                let data = value(&data);
                assert_eq!((seq, &data["seq"], &data["seat"], &data["status"]),
                    (head, &json!(head), &json!("second"), &json!("finished")));
                assert!(data["fairness"]["seed"].is_string() && data["players"][0]["username"].is_string());
            }
        }

        async fn the_newest_event_says_what_one_may_do_to_whoever_may_do_it(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::naija_classic()).await;
            let topic = GameTopic(house.app.clone());
            for _ in 0..6 {
                let view = house.look(game, &players[0]).await;
                let turn = view.cards.turn.unwrap();
                for seat in Seat::ALL {
                    let viewing = viewing(&players[seat.index()], game, *seat);
                    let caught = topic.catch_up(&viewing, Some(0), 100).await;
                    let Ok(CatchUp::Events { events, .. }) = caught else { panic!() };
                    let bodies: Vec<Value> = events.iter().filter_map(|event| event.body.as_ref().map(value)).collect();
                    let (newest, older) = bodies.split_last().unwrap();
                    assert!(older.iter().all(|body| body.get("legal").is_none()));
                    let own = house.look(game, &players[seat.index()]).await.legal.len();
                    assert_eq!(newest["legal"].as_array().map_or(0, Vec::len), own);
                    assert_eq!(newest.get("legal").is_some(), *seat == turn);
                }
                house.move_somehow(game, &players).await;
            }
        }

        async fn a_command_is_answered_in_the_words_of_the_wire(db: TestDb) {
            let house = House::open(&db.db).await;
            let (game, players) = house.game(RuleSet::naija_classic()).await;
            let view = house.look(game, &players[0]).await;
            let turn = view.cards.turn.unwrap();
            let mover = viewing(&players[turn.index()], game, turn);
            let waiting = viewing(&players[turn.other().index()], game, turn.other());
            let cid = house.cid();
            let draw = json!({"draw": {}});
            assert_eq!(code(&send(&house, &mover, cid, view.seq, &json!({"deal": {}})).await), "malformed");
            assert_eq!(code(&send(&house, &waiting, cid, view.seq, &draw).await), "not_your_turn");
            let done = send(&house, &mover, cid, view.seq, &draw).await;
            assert!(matches!(done, Reply::Done { seq } if seq == view.seq + 1));
            let again = send(&house, &mover, cid, 0, &draw).await;
            assert!(matches!(again, Reply::Done { seq } if seq == view.seq + 1), "the base does not matter any more");
            assert_eq!(code(&send(&house, &mover, cid, view.seq, &json!({"pass": {}})).await), "id_conflict");
            let stale = send(&house, &waiting, house.cid(), view.seq, &draw).await;
            let Reply::Refused { code, retryable: true, seq: Some(seq), snapshot: Some(snapshot) } = stale else {
                panic!("{stale:?}")
            };
            assert_eq!((code.as_ref(), seq), ("stale_base", view.seq + 1));
            assert_eq!(value(&snapshot)["turn"], json!(turn.other().name()));
            assert!(value(&snapshot)["clock"]["turn"]["due_at"].as_str().unwrap() > house.clock.now().to_string().as_str());
        }
    }
}
