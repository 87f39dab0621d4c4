//! Games as people live through them, on both databases: real tasks and storage, a clock that only tests move.

mod clocks;
mod faults;
mod finding;
mod instants;
mod invites;
mod playing;
mod practice;
mod ratings;
mod rounds;
mod spectating;
mod stopping;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use game_engine::{Card, Outcome, Phase, RoundView, RuleSet, Seat, WonBy};
use identity_api::IdentityEvent;
use kernel::id::{GameId, Uuid};
use kernel::{Clock, Envelope, Principal, Timestamp, TypedId};
use platform::inbox::Handler;
use platform::testing::TestDb;

use self::faults::{blot, tear};
use super::create_invite::CreateError;
use super::follow_customer::FollowCustomer;
use super::follow_identity::FollowIdentity;
use super::hot::{self, Answer, Why};
use super::{
    accept_invite, alive, answer_invite, create_invite, deadlines, follow_customer, follow_identity, history,
    play, presence, put_entropy, reconnect, rematch, restrict, void_games,
};
use crate::MIGRATIONS;
use crate::domain::clock::LENIENCE;
use crate::domain::command::{Act, Asked};
use crate::domain::entry::Entry;
use crate::domain::invite::{DeclineReason, InviteClosed, InviteState, LIFE};
use crate::domain::shuffle::{Commitment, Entropy};
use crate::domain::view::GameView;
use crate::house::House;
use crate::live::wire::Snapshot;
use crate::store::Cancelling;

fn classic() -> RuleSet {
    RuleSet::naija_classic()
}

/// Every text in a JSON document that names a card.
fn cards_in(json: &str) -> BTreeSet<Card> {
    json.split('"').filter_map(|text| text.parse::<Card>().ok()).collect()
}

fn snapshot_json(view: &GameView) -> String {
    serde_json::to_string(&Snapshot::of(view, &std::collections::HashMap::new())).unwrap()
}

fn refusal(answer: &Answer) -> &'static str {
    match answer {
        Answer::Refused { why, .. } => why.code(),
        Answer::Done { .. } => "done",
    }
}

async fn turn_of(house: &House, game: GameId, players: &[Principal; 2]) -> (usize, GameView) {
    let view = house.look(game, &players[0]).await;
    let mover = view.cards.turn.unwrap().index();
    (mover, house.look(game, &players[mover]).await)
}

/// Waits until the game's task has done what it was told so far.
async fn settle(house: &House, game: GameId, principal: &Principal) -> GameView {
    house.look(game, principal).await
}

fn kinds(lines: &[crate::domain::entry::Recorded]) -> Vec<&'static str> {
    let kind = |line: &crate::domain::entry::Recorded| match &line.entry {
        Entry::Started(_) => "started",
        Entry::Rules(event) => event.kind(),
        Entry::Away { .. } => "away",
        Entry::Back { .. } => "back",
        Entry::ClockExtended(_) => "clock_extended",
        Entry::Revealed(_) => "revealed",
    };
    lines.iter().map(kind).collect()
}

/// No published body tells the other seat what only one may know.
fn no_body_leaks(house: &House, game: GameId) {
    for heard in house.heard.of(game) {
        if let Entry::Rules(game_engine::Event::Drew { seat, cards, .. }) = &heard.line.entry {
            let others = heard.bodies.get(seat.other());
            assert_eq!(cards_in(others), BTreeSet::new(), "{others}");
            assert_eq!(cards_in(heard.bodies.get(*seat)), cards.iter().collect());
        }
        if let Entry::Rules(game_engine::Event::Dealt(dealt)) = &heard.line.entry {
            for seat in Seat::ALL {
                let own: BTreeSet<Card> = dealt.hands.get(*seat).iter().chain(dealt.opener).collect();
                assert_eq!(cards_in(heard.bodies.get(*seat)), own);
            }
        }
    }
}

async fn name(house: &House, principal: &Principal) -> String {
    let names = house.app.names.of(&house.call(principal), [principal.account]).await;
    names[&principal.account].clone()
}

/// What the consumer does before its first event.
async fn begin_consumer(db: &TestDb, consumer: &'static str) {
    struct Silent;
    #[async_trait::async_trait]
    impl kernel::EventFeed<IdentityEvent> for Silent {
        async fn events_after(
            &self,
            _: i64,
            _: kernel::Limit,
        ) -> Result<Vec<kernel::Carried<IdentityEvent>>, kernel::PortError> {
            Ok(Vec::new())
        }
    }
    struct Deaf;
    #[async_trait::async_trait]
    impl Handler<IdentityEvent> for Deaf {
        async fn handle(&self, _: &Envelope<IdentityEvent>) -> Result<(), platform::inbox::HandleError> {
            Ok(())
        }
    }
    let clock = Arc::new(kernel::ManualClock::at(Timestamp::UNIX_EPOCH));
    platform::inbox::Consumer::new(db.db.clone(), consumer, Arc::new(Silent), clock, Arc::new(Deaf))
        .round()
        .await
        .unwrap();
}
