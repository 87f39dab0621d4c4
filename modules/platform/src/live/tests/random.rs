//! Any interleaving of commits, publications (late, lost, doubled, reordered), reads, pings and a slow client gives
//! every follower each event once and in order.

use std::sync::atomic::Ordering;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    /// Commit an event and put its publication into the bag.
    Commit { topic: usize },
    /// Take one publication out of the bag, wherever it lies, and publish it.
    Publish { which: usize, keep: bool },
    /// Lose one.
    Lose { which: usize },
    /// Let a socket run.
    Step { client: usize },
    /// A client reads one frame.
    Read { client: usize },
    /// A client pings.
    Ping { client: usize },
    /// A client plays.
    Play { client: usize, topic: usize },
    /// Storage becomes slower or faster.
    Slow { polls: usize },
    /// Storage fails, or works again.
    Down { down: bool },
    /// The wheel comes round.
    Turn,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..3usize).prop_map(|topic| Act::Commit { topic }),
        5 => (any::<usize>(), any::<bool>()).prop_map(|(which, keep)| Act::Publish { which, keep }),
        1 => any::<usize>().prop_map(|which| Act::Lose { which }),
        6 => (0..3usize).prop_map(|client| Act::Step { client }),
        8 => (0..3usize).prop_map(|client| Act::Read { client }),
        1 => (0..3usize).prop_map(|client| Act::Ping { client }),
        2 => (0..3usize, 0..3usize).prop_map(|(client, topic)| Act::Play { client, topic }),
        1 => (0..4usize).prop_map(|polls| Act::Slow { polls }),
        1 => prop::bool::weighted(0.3).prop_map(|down| Act::Down { down }),
        1 => Just(Act::Turn),
    ]
}

const TOPICS: [&str; 3] = ["x", "y", "z"];

struct Run {
    world: World,
    clients: Vec<(Client, Vec<Value>)>,
    bag: Vec<(usize, u64)>,
    played: HashMap<String, &'static str>,
}

impl Run {
    fn begin(capacity: usize) -> Self {
        let world = World::new();
        let clients = (1..=3).map(|account| {
            let mut client = world.connect(account, account, capacity);
            client.hello(r#"{"game":"x","after":0},{"game":"y","after":0},{"game":"z","after":0}"#);
            (0..5).for_each(|_| {
                client.step();
            });
            (client, Vec::new())
        });
        Self { clients: clients.collect(), world, bag: Vec::new(), played: HashMap::new() }
    }

    fn read(&mut self, client: usize) -> bool {
        let (client, frames) = &mut self.clients[client];
        match client.peer.as_ref().unwrap().try_next() {
            Some(Outgoing::Text(text)) => frames.push(serde_json::from_str(&text).unwrap()),
            Some(Outgoing::Close(close)) => panic!("closed: {close:?}"),
            Some(_) => {}
            None => return false,
        }
        true
    }

    fn act(&mut self, act: &Act) {
        let journal = &self.world.journal;
        match *act {
            Act::Commit { topic } => self.bag.push((topic, journal.commit(TOPICS[topic]))),
            Act::Publish { which, keep } if !self.bag.is_empty() => {
                let place = which % self.bag.len();
                let (topic, seq) = self.bag[place];
                if !keep {
                    self.bag.swap_remove(place);
                }
                publish(&self.world.hub, TOPICS[topic], &[seq]);
            }
            Act::Lose { which } if !self.bag.is_empty() => {
                let place = which % self.bag.len();
                self.bag.swap_remove(place);
            }
            Act::Publish { .. } | Act::Lose { .. } => {}
            Act::Step { client } => {
                self.clients[client].0.step();
            }
            Act::Read { client } => {
                self.read(client);
            }
            Act::Ping { client } => {
                self.clients[client].0.peer.as_ref().unwrap().send(r#"{"t":"ping","n":1}"#);
            }
            Act::Play { client, topic } => self.play(client, TOPICS[topic]),
            Act::Slow { polls } => journal.slow.store(polls, Ordering::SeqCst),
            Act::Down { down } => journal.down.store(down, Ordering::SeqCst),
            Act::Turn => (0..4).for_each(|_| self.world.hub.turn_wheel()),
        }
    }

    fn play(&mut self, client: usize, id: &'static str) {
        let (cid, base) = (cid(u128::try_from(self.played.len()).unwrap()), self.world.journal.head(id));
        self.played.insert(cid.to_string(), id);
        let text = format!(r#"{{"t":"cmd","cid":"{cid}","topic":{{"game":"{id}"}},"base":{base},"do":1}}"#);
        self.clients[client].0.peer.as_ref().unwrap().send(text);
    }

    /// Everything heals: storage works, every client pings and reads until nothing comes any more.
    fn settle(&mut self) {
        self.world.journal.down.store(false, Ordering::SeqCst);
        // Twice: what one client had asked before may cause events for another that was done already.
        for client in [0, 1, 2, 0, 1, 2] {
            let mut quiet = 0;
            self.clients[client].0.peer.as_ref().unwrap().send(r#"{"t":"ping","n":2}"#);
            while quiet < 40 {
                self.clients[client].0.step();
                quiet = if self.read(client) { 0 } else { quiet + 1 };
                self.world.hub.turn_wheel();
            }
        }
    }

    fn check(&self) {
        for (number, (_, frames)) in self.clients.iter().enumerate() {
            for id in TOPICS {
                let expected: Vec<u64> = (1..=self.world.journal.head(id)).collect();
                assert_eq!(seqs(frames, id), expected, "client {number}, topic {id}");
            }
            let mut sent: HashMap<&str, u64> = HashMap::new();
            for frame in frames {
                if let Some(id) = frame["topic"]["game"].as_str() {
                    sent.extend(seqs(std::slice::from_ref(frame), id).last().map(|seq| (id, *seq)));
                }
                if frame["t"] == "ok" {
                    let seq = frame["seq"].as_u64().unwrap();
                    let id = self.played[frame["cid"].as_str().unwrap()];
                    assert!(sent.get(id).is_some_and(|sent| *sent >= seq), "an answer overtook its event");
                }
            }
        }
        let answers = self.clients.iter().flat_map(|(_, frames)| frames);
        let answers = answers.filter(|frame| frame["t"] == "ok" || frame["t"] == "err").count();
        assert_eq!(answers, self.played.len(), "every command has one answer");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_follower_gets_each_event_once_and_in_order(
        capacity in 1..20usize,
        acts in prop::collection::vec(act(), 1..150),
    ) {
        let mut run = Run::begin(capacity);
        for act in &acts {
            run.act(act);
        }
        run.settle();
        run.check();
    }
}
