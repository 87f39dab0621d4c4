//! A move and its time-out at one instant, on two nodes: there is one outcome, both nodes tell it, and so does whoever
//! loads the game later.

use super::*;
use crate::domain::entry::Recorded;

/// A game on two nodes over one store.
struct Twins {
    one: House,
    two: House,
    game: GameId,
    players: [Principal; 2],
}

impl Twins {
    async fn open(db: &TestDb) -> Self {
        let one = House::open(&db.db).await;
        let two = one.next().await;
        let mut rules = classic();
        // Nobody forfeits for letting turns run out here.
        rules.set("clock.run_outs", "10").unwrap();
        let (game, players) = one.game(rules.customised()).await;
        Self { one, two, game, players }
    }

    /// Whose turn it is, and when it is over; both nodes have the game in memory.
    async fn turn(&self) -> (usize, GameView) {
        settle(&self.two, self.game, &self.players[0]).await;
        turn_of(&self.one, self.game, &self.players).await
    }

    /// The time-out, as the second node notices it.
    async fn time_out(&self) {
        deadlines::sweep(&self.two.app).await.unwrap();
        deadlines::wake(&self.two.app).await;
        settle(&self.two, self.game, &self.players[0]).await;
    }

    /// Holds the answer against the journal: exactly one event of the rules followed the turn, by the player if the
    /// answer says so and else by the clock.
    async fn assert_one_outcome(&self, before: &GameView, asked: &Asked, answer: &Answer) {
        let journal = self.one.journal(self.game).await;
        let followed: Vec<&Recorded> = journal.iter().filter(|line| line.seq > before.seq).collect();
        let [line] = followed.as_slice() else { panic!("one line follows: {followed:?}") };
        let Entry::Rules(game_engine::Event::Drew { by, .. }) = line.entry else { panic!("{line:?}") };
        match answer {
            Answer::Done { seq } => {
                assert_eq!((*seq, by), (line.seq, game_engine::By::Player));
                assert_eq!(line.answers.as_ref().map(|answered| answered.cid), Some(asked.cid));
            }
            Answer::Refused { why: Why::StaleBase, seq, .. } => {
                assert_eq!((*seq, by, line.answers.is_none()), (line.seq, game_engine::By::Clock, true));
            }
            other @ Answer::Refused { .. } => panic!("{other:?}"),
        }
    }

    /// Both nodes and one that comes up now see the same, and give the command the same answer again.
    async fn assert_the_same_everywhere(&self, mover: usize, asked: &Asked, answer: &Answer) {
        let restarted = self.one.next().await;
        for player in &self.players {
            let seen = settle(&self.one, self.game, player).await;
            for node in [&self.two, &restarted] {
                assert_eq!(settle(node, self.game, player).await, seen);
            }
        }
        for node in [&restarted, &self.two, &self.one] {
            let again = node.ask(self.game, &self.players[mover], *asked).await;
            let outcome = |answer: &Answer| match answer {
                Answer::Done { seq } => ("done", *seq),
                Answer::Refused { why, seq, .. } => (why.code(), *seq),
            };
            assert_eq!(outcome(&again), outcome(answer));
        }
    }
}

platform::for_each_database! { MIGRATIONS;
    async fn a_move_and_its_time_out_at_one_instant_have_one_outcome_on_two_nodes_and_for_whoever_loads_the_game(db: TestDb) {
        let twins = Twins::open(&db).await;
        let micro = Duration::from_micros(1);
        // The instant of the deadline is in time; from then on it is not, whether or not the time-out was carried out.
        let instants = [Duration::ZERO, micro, LENIENCE.checked_sub(micro).unwrap(), LENIENCE, LENIENCE + micro];
        for (number, late) in instants.into_iter().enumerate() {
            let (mover, view) = twins.turn().await;
            let due = view.clock.turn.unwrap().due;
            twins.one.clock.advance(due.since(twins.one.clock.now()) + late);
            let asked = Asked { cid: twins.one.cid(), base: Some(view.seq), act: Act::Draw };
            let (answer, ()) = tokio::join!(
                twins.one.ask(twins.game, &twins.players[mover], asked),
                twins.time_out(),
            );
            twins.assert_one_outcome(&view, &asked, &answer).await;
            assert_eq!(matches!(answer, Answer::Done { .. }), late.is_zero(), "{number}: {answer:?}");
            twins.assert_the_same_everywhere(mover, &asked, &answer).await;
            twins.one.move_somehow(twins.game, &twins.players).await;
        }
    }

    async fn a_move_that_came_in_time_and_is_overtaken_by_the_time_out_elsewhere_is_told_so_and_nothing_happens_twice(db: TestDb) {
        let twins = Twins::open(&db).await;
        for _ in 0..8 {
            let (mover, view) = twins.turn().await;
            let due = view.clock.turn.unwrap().due;
            twins.one.clock.advance(due.since(twins.one.clock.now()));
            let asked = Asked { cid: twins.one.cid(), base: Some(view.seq), act: Act::Draw };
            // Received at the last instant, and still on its way when the other node's clock has passed the lenience:
            // whose commit comes first decides.
            let (answer, ()) = tokio::join!(
                biased;
                twins.one.ask(twins.game, &twins.players[mover], asked),
                async {
                    twins.one.clock.advance(LENIENCE);
                    twins.time_out().await;
                },
            );
            twins.assert_one_outcome(&view, &asked, &answer).await;
            twins.assert_the_same_everywhere(mover, &asked, &answer).await;
            if settle(&twins.one, twins.game, &twins.players[0]).await.cards.outcome.is_some() {
                return;
            }
            twins.one.move_somehow(twins.game, &twins.players).await;
        }
    }

    async fn the_opponents_command_at_the_same_instant_moves_nobodys_clock(db: TestDb) {
        let twins = Twins::open(&db).await;
        let (mover, view) = twins.turn().await;
        let due = view.clock.turn.unwrap().due;
        // The waiting player's own command is heard with the usual lenience: it does not end the mover's turn early.
        twins.one.clock.advance(due.since(twins.one.clock.now()) + Duration::from_micros(1));
        let asked = Asked { cid: twins.one.cid(), base: Some(view.seq), act: Act::Draw };
        let early = twins.two.ask(twins.game, &twins.players[1 - mover], asked).await;
        assert_eq!(refusal(&early), "not_your_turn");
        assert_eq!(settle(&twins.one, twins.game, &twins.players[0]).await.seq, view.seq);
        // Past the lenience it carries the time-out, and is told that the game went on.
        twins.one.clock.advance(LENIENCE);
        let asked = Asked { cid: twins.one.cid(), ..asked };
        let late = twins.two.ask(twins.game, &twins.players[1 - mover], asked).await;
        twins.assert_one_outcome(&view, &asked, &late).await;
        twins.assert_the_same_everywhere(1 - mover, &asked, &late).await;
    }
}
