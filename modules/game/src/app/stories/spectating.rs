//! Watching: whom both players let in, a minute late, without hands, until anybody ends it.

use customer_api::CustomerEvent;
use game_engine::Event as Rule;
use platform::live::{Body, CatchUp, TopicError, TopicKey, TopicSource, Viewing};

use super::*;
use crate::app::spectate::{self, Opinion, SpectateError};
use crate::domain::spectator::{DELAY, SpectatorState};
use crate::live::WatchTopic;

struct Gallery {
    house: House,
    game: GameId,
    players: [Principal; 2],
    watcher: Principal,
}

/// A game of two of a network, and a third of it who watches if both want it.
async fn gallery(db: &TestDb, rules: RuleSet) -> Gallery {
    let house = House::open(&db.db).await;
    let [one, two, watcher]: [Principal; 3] = house.network("net");
    let invite = house.invite(&one, "net1", rules).await.unwrap();
    let call = house.call(&two);
    let game = accept_invite::run(&house.app, &call, two.account, invite.id, None).await.unwrap();
    Gallery { house, game, players: [one, two], watcher }
}

impl Gallery {
    async fn propose(&self, by: &Principal, username: &str) -> Result<SpectatorState, SpectateError> {
        let call = self.house.call(by);
        let one =
            spectate::propose(&self.house.app, &call, by.account, self.game, username.to_owned()).await?;
        Ok(one.state)
    }

    async fn answer(&self, by: &Principal, opinion: Opinion) -> Result<SpectatorState, SpectateError> {
        let (call, who) = (self.house.call(by), (self.game, self.watcher.account));
        Ok(spectate::answer(&self.house.app, &call, by.account, who, opinion).await?.state)
    }

    async fn end(&self, by: &Principal) -> Result<(), SpectateError> {
        let (call, who) = (self.house.call(by), (self.game, self.watcher.account));
        spectate::end(&self.house.app, &call, by.account, who).await
    }

    async fn let_in(&self) {
        self.propose(&self.players[0], "net2").await.unwrap();
        self.answer(&self.players[1], Opinion::Agree).await.unwrap();
    }

    async fn customer_says(&self, number: i64, event: CustomerEvent) {
        let (id, aggregate, at) = (self.house.ids.next(), event.aggregate(), self.house.clock.now());
        let envelope = Envelope { number, id, aggregate, at, event };
        FollowCustomer(Arc::clone(&self.house.app)).handle(&envelope).await.unwrap();
    }

    /// All three were told once, and it takes both players anew.
    async fn is_over_for_good(&self) {
        let one = self.house.app.store.spectator(self.game, self.watcher.account).await.unwrap().unwrap();
        assert_eq!(one.state, SpectatorState::Ended);
        assert!(!self.may_open().await);
        for who in self.players.iter().chain([&self.watcher]) {
            assert_eq!(self.house.heard.kinds_for(who.account), ["game_watch_ended"]);
        }
    }

    fn topic(&self) -> WatchTopic {
        WatchTopic(self.house.app.clone())
    }

    async fn may_open(&self) -> bool {
        match self.topic().open(&self.watcher, &self.game.to_string()).await {
            Ok(_) => true,
            Err(TopicError::NotFound) => false,
            Err(other) => panic!("{other}"),
        }
    }

    fn viewing(&self) -> Viewing {
        Viewing {
            principal: Arc::new(self.watcher.clone()),
            topic: TopicKey::new("watch", self.game),
            viewer: platform::live::Viewer(0),
        }
    }

    /// How many lines are a minute old.
    async fn known(&self) -> u64 {
        let until = self.house.clock.now().minus(DELAY);
        let known = self.house.journal(self.game).await.into_iter().filter(|line| line.at <= until);
        known.count() as u64
    }
}

/// No card but those that lie open on the table: what was laid, and openers.
fn shows_no_hand(entry: &Entry, body: &Body) {
    let shown = cards_in(body.get());
    match entry {
        Entry::Rules(Rule::Dealt(dealt)) => assert_eq!(shown, dealt.opener.into_iter().collect(), "{body}"),
        Entry::Rules(Rule::Played { cards, .. }) => assert_eq!(shown, cards.iter().collect(), "{body}"),
        // Neither what was drawn nor what each was left with: that tells how it plays on, and what the market holds.
        Entry::Rules(_) => assert_eq!(shown, BTreeSet::new(), "{body}"),
        _ => {}
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn nothing_younger_than_a_minute_and_no_hand_ever_reaches_a_spectator(db: TestDb) {
        let mut rules = RuleSet::quick();
        rules.set("match", "best_of(3)").unwrap();
        let at = gallery(&db, rules.customised()).await;
        at.let_in().await;
        let (house, topic, viewing) = (&at.house, at.topic(), at.viewing());
        let seed = hot::load(house.app.store.as_ref(), &house.app.keys, at.game).await.unwrap().shuffle.seed;
        let secret = data_encoding::BASE64URL_NOPAD.encode(&seed.reveal());
        house.app.watching.note(at.game, at.watcher.account, true);
        let mut rested = 0;
        let (mut told_last, mut rounds) = (0, 0);
        while rested < 15 {
            let over = house.look(at.game, &at.players[0]).await.cards.outcome.is_some();
            if over { rested += 1 } else { house.move_somehow(at.game, &at.players).await; }
            house.clock.advance(Duration::from_secs(7));
            let (known, journal) = (at.known().await, house.journal(at.game).await);
            assert_eq!(topic.heads(std::slice::from_ref(&viewing.topic)).await, Ok(vec![known]), "heads tell time");
            for after in [None, Some(0), Some(known), Some(known + 1), Some(u64::MAX)] {
                match topic.catch_up(&viewing, after, 1_000).await.unwrap() {
                    CatchUp::Events { events, head } => {
                        let seqs: Vec<u64> = events.iter().map(|event| event.seq).collect();
                        assert_eq!((seqs, head), ((after.unwrap() + 1..=known).collect(), known));
                        for event in &events {
                            let line = &journal[usize::try_from(event.seq).unwrap() - 1];
                            assert_eq!(event.body.is_none(), matches!(line.entry, Entry::Revealed(_)));
                            let Some(body) = &event.body else { continue };
                            shows_no_hand(&line.entry, body);
                            assert!(!body.get().contains(&secret) && !body.get().contains("legal"));
                        }
                    }
                    CatchUp::Snapshot { seq, data } => {
                        assert_eq!(seq, known, "after {after:?}");
                        let view = spectate::view(&house.app, at.game).await.unwrap();
                        let open: BTreeSet<Card> = view.cards.in_force.into_iter().collect();
                        rounds = rounds.max(view.cards.wins.first + view.cards.wins.second);
                        assert!(cards_in(data.get()).is_subset(&open), "{data}");
                        assert!(!data.get().contains(&secret) && !data.get().contains("hand\""));
                        assert_eq!(view.cards.outcome.is_some(), known + 1 >= journal.len() as u64 && over);
                    }
                }
            }
            spectate::step(&house.app).await.unwrap();
            let watched = house.heard.watched.lock().unwrap().clone();
            assert_eq!(watched, (1..=known).map(|seq| (at.game, seq)).collect::<Vec<_>>(), "each once, in order");
            assert!(known >= told_last);
            told_last = known;
        }
        assert_eq!(told_last, house.journal(at.game).await.len() as u64, "after the end everything comes");
        assert!(rounds > 1, "also after a round within the match");
    }

    async fn only_whom_both_players_want_watches(db: TestDb) {
        let at = gallery(&db, classic()).await;
        let [one, two] = &at.players;
        assert!(!at.may_open().await);
        assert_eq!(at.propose(one, "net2").await.unwrap(), SpectatorState::Proposed);
        assert!(!at.may_open().await, "the other has not said");
        assert!(matches!(at.answer(one, Opinion::Agree).await, Err(SpectateError::NotYours)));
        assert!(matches!(at.answer(&at.watcher, Opinion::Agree).await, Err(SpectateError::NotFound)));
        assert!(matches!(at.end(&at.watcher).await, Err(SpectateError::NotFound)), "who was only proposed does not know");
        assert_eq!(at.answer(two, Opinion::Decline).await.unwrap(), SpectatorState::Declined);
        assert!(matches!(at.answer(two, Opinion::Agree).await, Err(SpectateError::Closed(SpectatorState::Declined))));
        assert!(!at.may_open().await);
        assert_eq!(at.propose(two, "net2").await.unwrap(), SpectatorState::Proposed, "anew, by the other");
        assert_eq!(at.answer(one, Opinion::Agree).await.unwrap(), SpectatorState::Agreed);
        assert_eq!(at.answer(one, Opinion::Agree).await.unwrap(), SpectatorState::Agreed, "said twice");
        assert!(at.may_open().await);
        assert_eq!(at.house.heard.kinds_for(at.watcher.account), ["game_watch_invited"]);
        assert!(at.house.heard.kinds_for(one.account).contains(&"game_watch_proposed"));
        let listed = spectate::list(&at.house.app, one.account, at.game).await.unwrap();
        assert_eq!(listed.iter().map(|one| one.account).collect::<Vec<_>>(), [at.watcher.account]);
        assert!(matches!(spectate::list(&at.house.app, at.watcher.account, at.game).await, Err(SpectateError::NotFound)));
        assert!(at.topic().open(&at.house.person("stranger"), &at.game.to_string()).await.is_err());
    }

    async fn whoever_may_not_play_with_both_is_not_available(db: TestDb) {
        let at = gallery(&db, classic()).await;
        at.house.person("stranger");
        for name in ["stranger", "nobody", "net0", "net1"] {
            assert!(matches!(at.propose(&at.players[0], name).await, Err(SpectateError::NotAvailable)), "{name}");
        }
        let call = at.house.call(&at.watcher);
        let outside = spectate::propose(&at.house.app, &call, at.watcher.account, at.game, "net0".to_owned()).await;
        assert!(matches!(outside, Err(SpectateError::NotFound)));
        at.house.play_out(at.game, &at.players).await;
        assert!(matches!(at.propose(&at.players[0], "net2").await, Err(SpectateError::Over)));
    }

    async fn either_player_ends_it_at_any_time_and_so_does_whoever_watches(db: TestDb) {
        let at = gallery(&db, classic()).await;
        let house = &at.house;
        for who in [&at.players[0], &at.players[1], &at.watcher] {
            at.let_in().await;
            assert!(at.may_open().await);
            house.app.watching.note(at.game, at.watcher.account, true);
            spectate::step(&house.app).await.unwrap();
            assert_eq!(house.heard.sent_away.lock().unwrap().len(), 0);
            at.end(who).await.unwrap();
            at.end(who).await.unwrap();
            assert!(!at.may_open().await);
            let late = at.topic().catch_up(&at.viewing(), None, 10).await;
            assert_eq!(late.unwrap_err(), TopicError::NotFound);
            house.clock.advance(DELAY * 2);
            let told = house.heard.watched.lock().unwrap().len();
            spectate::step(&house.app).await.unwrap();
            assert_eq!(*house.heard.sent_away.lock().unwrap(), [(at.game, at.watcher.account)]);
            assert_eq!(house.heard.watched.lock().unwrap().len(), told, "nothing goes on its way any more");
            house.heard.sent_away.lock().unwrap().clear();
            house.app.watching.note(at.game, at.watcher.account, false);
        }
        let ended = house.heard.kinds_for(at.watcher.account).into_iter().filter(|kind| *kind == "game_watch_ended");
        assert_eq!(ended.count(), 2, "whoever leaves needs no word of it");
    }

    async fn it_ends_with_the_right_of_any_two_of_the_three_to_play_each_other(db: TestDb) {
        let at = gallery(&db, classic()).await;
        let [one, two] = [0, 1].map(|index: usize| at.players[index].account);
        for (by, blocked) in [(two, at.watcher.account), (at.watcher.account, one), (one, two)] {
            at.let_in().await;
            at.house.app.watching.note(at.game, at.watcher.account, true);
            spectate::step(&at.house.app).await.unwrap();
            assert!(at.may_open().await);
            at.house.heard.notices.lock().unwrap().clear();
            at.house.customer.block(by, blocked);
            assert!(!at.may_open().await);
            for _ in 0..2 {
                spectate::step(&at.house.app).await.unwrap();
            }
            assert_eq!(at.house.heard.sent_away.lock().unwrap()[0], (at.game, at.watcher.account));
            at.house.heard.sent_away.lock().unwrap().clear();
            at.house.customer.unblock(by, blocked);
            at.is_over_for_good().await;
        }
        at.house.move_somehow(at.game, &at.players).await;
    }

    async fn doubt_ends_nothing_for_good(db: TestDb) {
        let at = gallery(&db, classic()).await;
        at.let_in().await;
        at.house.app.watching.note(at.game, at.watcher.account, true);
        at.house.customer.doubt(true);
        assert!(!at.may_open().await);
        spectate::step(&at.house.app).await.unwrap();
        assert_eq!(*at.house.heard.sent_away.lock().unwrap(), [(at.game, at.watcher.account)]);
        at.house.customer.doubt(false);
        assert!(at.may_open().await);
    }

    async fn a_block_ends_what_nobody_follows_and_what_was_only_proposed(db: TestDb) {
        let at = gallery(&db, classic()).await;
        begin_consumer(&db, follow_customer::CONSUMER).await;
        let [one, two] = [0, 1].map(|index: usize| at.players[index].account);
        at.let_in().await;
        at.house.heard.notices.lock().unwrap().clear();
        at.customer_says(1, CustomerEvent::BlockAdded { by: one, blocked: two }).await;
        at.is_over_for_good().await;
        at.propose(&at.players[0], "net2").await.unwrap();
        at.house.heard.notices.lock().unwrap().clear();
        at.customer_says(2, CustomerEvent::BlockAdded { by: at.watcher.account, blocked: two }).await;
        assert_eq!(spectate::list(&at.house.app, one, at.game).await.unwrap(), [], "its place is free");
        assert_eq!(at.house.heard.kinds_for(one), ["game_watch_ended"]);
        assert_eq!(at.house.heard.kinds_for(at.watcher.account), [""; 0], "who was only proposed does not know");
        at.house.move_somehow(at.game, &at.players).await;
    }

    async fn whoever_leaves_the_network_watches_no_more(db: TestDb) {
        let at = gallery(&db, classic()).await;
        begin_consumer(&db, follow_customer::CONSUMER).await;
        for (number, customer) in [(1, at.watcher.account), (2, at.players[1].account)] {
            at.let_in().await;
            at.house.heard.notices.lock().unwrap().clear();
            let (relationship, distributor) = (at.house.ids.next(), at.house.ids.next());
            let event = CustomerEvent::RelationshipSuspended { relationship, distributor, customer };
            at.customer_says(number, event).await;
            at.is_over_for_good().await;
        }
        at.house.move_somehow(at.game, &at.players).await;
    }

    async fn whoever_is_suspended_watches_no_more(db: TestDb) {
        let at = gallery(&db, classic()).await;
        begin_consumer(&db, follow_identity::CONSUMER).await;
        at.let_in().await;
        at.house.heard.notices.lock().unwrap().clear();
        let event = IdentityEvent::AccountSuspended { account: at.watcher.account };
        let envelope = Envelope {
            number: 1,
            id: at.house.ids.next(),
            aggregate: at.watcher.account.to_string(),
            at: at.house.clock.now(),
            event,
        };
        FollowIdentity(Arc::clone(&at.house.app)).handle(&envelope).await.unwrap();
        at.is_over_for_good().await;
        at.house.move_somehow(at.game, &at.players).await;
    }

    async fn a_spectator_learns_a_minute_late_that_a_game_was_voided_after_its_end(db: TestDb) {
        let at = gallery(&db, classic()).await;
        at.let_in().await;
        let house = &at.house;
        let asked = Asked { cid: house.cid(), base: None, act: Act::Resign };
        house.ask(at.game, &at.players[0], asked).await;
        house.clock.advance(DELAY * 2);
        let call = house.call(&at.players[0]);
        assert!(void_games::one(&house.app, &call, at.game, "dispute").await.unwrap());
        let status = async || {
            let caught = at.topic().catch_up(&at.viewing(), None, 10).await.unwrap();
            let CatchUp::Snapshot { data, .. } = caught else { panic!("{caught:?}") };
            let data: serde_json::Value = serde_json::from_str(data.get()).unwrap();
            (data["status"].clone(), data["outcome"]["reason"].clone())
        };
        assert_eq!(status().await, ("finished".into(), "resignation".into()));
        house.clock.advance(DELAY);
        assert_eq!(status().await, ("voided".into(), "voided".into()));
    }

    async fn a_game_that_cannot_be_read_keeps_nobody_from_watching_another(db: TestDb) {
        let at = gallery(&db, classic()).await;
        at.let_in().await;
        let invite = at.house.invite(&at.players[0], "net1", classic()).await.unwrap();
        let call = at.house.call(&at.players[1]);
        let later = accept_invite::run(&at.house.app, &call, at.players[1].account, invite.id, None).await.unwrap();
        let at = Gallery { game: later, ..at };
        at.let_in().await;
        let house = &at.house;
        let running = house.app.store.running(None, None, 10).await.unwrap();
        let [broken, whole] = running.as_slice() else { panic!("{running:?}") };
        blot(&db, *broken, 2).await;
        for game in [broken, whole] {
            house.app.watching.note(*game, at.watcher.account, true);
        }
        house.clock.advance(DELAY * 2);
        for _ in 0..2 {
            spectate::step(&house.app).await.unwrap();
        }
        let told = house.heard.watched.lock().unwrap().clone();
        assert_eq!(told, [(*whole, 1), (*whole, 2)], "each once");
        assert_eq!(*house.heard.sent_away.lock().unwrap(), []);
    }

    async fn a_practice_opponent_has_nothing_against_a_spectator(db: TestDb) {
        let at = gallery(&db, classic()).await;
        let game = at.house.practice(&at.players[0], game_bots::Strength::Easy, classic()).await;
        let at = Gallery { game, ..at };
        assert_eq!(at.propose(&at.players[0], "net2").await.unwrap(), SpectatorState::Agreed);
        assert!(at.may_open().await);
    }
}
