//! `whot demo`: the whole main job, from an empty house to a winner, over the public API of a server of its own.

use clap::Args;
use serde_json::{Value, json};

use super::own_server::OwnServer;
use super::{CliError, Global, say};
use crate::client::{Answered, ClientError, House, Person, Seen, Table};
use crate::settings::Profile;

#[derive(Args)]
pub(super) struct Arguments {
    /// Keeps the data afterwards and says where it is
    #[arg(long)]
    keep: bool,
    /// Makes the run repeatable: seeds the server's random source and both players. Never in production
    #[arg(long)]
    seed: Option<u64>,
}

/// A game that nobody wins is played again, this often at most.
const MOST_GAMES: u32 = 20;

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    if global.profile == Profile::Production {
        return Err(CliError::Failed("the demo never runs with the production profile".to_owned()));
    }
    let settings = global.settings()?;
    let url = settings.database.of("game", &settings.data_dir).url;
    let seed = arguments.seed.map(|seed| ("test.seed".to_owned(), seed.to_string()));
    let seeded: Vec<(String, String)> = seed.into_iter().collect();
    let server = OwnServer::start(global.profile, url.postgres(), &seeded).await?;
    let told = Teller { json: global.json };
    told.step("a server of its own", &format!("{} on {url:?}", server.api.base()));
    let played = play(&server, &arguments, &told).await;
    let kept = server.stop(arguments.keep).await?;
    let (winner, games) = played?;
    if let Some(place) = &kept {
        told.step("kept", place);
    }
    told.end(&winner, games, kept.as_deref());
    Ok(())
}

async fn play(server: &OwnServer, arguments: &Arguments, told: &Teller) -> Result<(String, u32), CliError> {
    let [ada, ben] = open_house(server, told).await?;
    let mut brains = [Brain::new(arguments.seed, 1), Brain::new(arguments.seed, 2)];
    for number in 1..=MOST_GAMES {
        let invite = ada.invite_to_game(&ben.username).await?;
        let id = invite.get("id").and_then(Value::as_str).ok_or(ClientError::Incomplete("id"))?;
        let game = ben.accept_game(id).await?;
        told.step("a game", &format!("{game}, number {number}"));
        let outcome = play_game([&ada, &ben], &game, &mut brains, told, number == 1).await?;
        let scores = ada.api.get(&format!("/api/v1/games/{game}/scoreboard")).await?;
        told.scoreboard(&scores.body);
        let winner = outcome.get("winner").and_then(Value::as_str);
        let seats = [("first", &ada), ("second", &ben)];
        match seats.into_iter().find(|(seat, _)| Some(*seat) == winner) {
            Some((_, person)) => return Ok((person.username.clone(), number)),
            None => told.step("nobody won", "so they play on"),
        }
    }
    Err(CliError::Failed(format!("nobody won any of {MOST_GAMES} games")))
}

/// Staff, a distributor and two customers, each brought in as in real life.
async fn open_house(server: &OwnServer, told: &Teller) -> Result<[Person; 2], CliError> {
    let password = |who: &str| format!("{who} likes a long demo password");
    let enrolment = server.bootstrap().await?;
    let house = House::open(&server.api, &enrolment, password).await?;
    told.step("first admin", &house.admin.username);
    told.step("approver, another person", &house.approver.username);
    told.step("distributor", "requested by the one, approved by the other, activated");
    let mut people = Vec::new();
    for name in ["ada", "ben"] {
        let person = house.new_customer(name, &password(name)).await?;
        told.step("customer", &format!("{name} redeemed a single-use invite: {}", person.account));
        people.push(Person::sign_in(&house.api, name, &password(name)).await?);
    }
    let people: [Person; 2] = people.try_into().map_err(|_| CliError::Failed("two customers".to_owned()))?;
    told.step("signed in", "both, with their passwords");
    Ok(people)
}

async fn play_game(
    people: [&Person; 2],
    game: &str,
    brains: &mut [Brain; 2],
    told: &Teller,
    interrupted: bool,
) -> Result<Value, ClientError> {
    let [ada, ben] = people;
    let mut tables = [Table::sit(ada, game).await?, Table::sit(ben, game).await?];
    told.table(&tables[0].snapshot);
    let mut moves = 0;
    loop {
        if let Some(outcome) = &tables[0].outcome {
            return Ok(outcome.clone());
        }
        let [first, second] = &mut tables;
        let (table, opponent, brain) = match (first.to_move(), brains.each_mut()) {
            (true, [brain, _]) => (first, second, brain),
            (false, [_, brain]) => (second, first, brain),
        };
        let action = brain.choose(&table.legal).ok_or(ClientError::Incomplete("anything legal"))?;
        let (answered, mut seen) = table.play(&action).await?;
        let Answered::Done(seq) = answered else {
            return Err(ClientError::Incomplete("an ok for a legal move"));
        };
        moves += 1;
        if interrupted && moves == 5 {
            // In the middle of the game the other's connection is cut; it comes back with what it has.
            opponent.resume().await?;
            told.step("connection cut", "and resumed without losing an event");
        }
        while table.seq < seq {
            seen.extend(table.advance().await?);
        }
        while opponent.seq < seq {
            opponent.advance().await?;
        }
        told.events(&seen, people);
    }
}

/// Chooses among what the server lists as legal: a card rather than a draw, otherwise by lot.
struct Brain(kernel::SeededRandom);

impl Brain {
    fn new(seed: Option<u64>, player: u64) -> Self {
        use kernel::random::RandomExt;
        let seed = seed.unwrap_or_else(|| u64::from_be_bytes(platform::random::OsRandom.bytes()));
        Self(kernel::SeededRandom::new(seed.wrapping_mul(2).wrapping_add(player)))
    }

    fn choose(&mut self, legal: &[Value]) -> Option<Value> {
        use kernel::random::RandomExt;
        let plays: Vec<&Value> = legal.iter().filter(|action| action.get("play").is_some()).collect();
        let choices: Vec<&Value> = if plays.is_empty() { legal.iter().collect() } else { plays };
        let lot = usize::from(u16::from_be_bytes(self.0.bytes()));
        choices.get(lot % choices.len().max(1)).map(|action| (*action).clone())
    }
}

/// Tells what happens: lines for a person, one object a line for a script.
struct Teller {
    json: bool,
}

impl Teller {
    fn step(&self, what: &str, detail: &str) {
        if self.json {
            say(json!({"step": what, "detail": detail}));
        } else {
            say(format_args!("  {what:<26} {detail}"));
        }
    }

    fn table(&self, snapshot: &Value) {
        if !self.json {
            let card =
                snapshot.get("in_force").and_then(Value::as_str).map_or_else(|| "none".to_owned(), pretty);
            say(format_args!("\n  the opening card is {card}\n"));
        }
    }

    fn events(&self, seen: &[Seen], people: [&Person; 2]) {
        for event in seen {
            if self.json {
                say(json!({"seq": event.seq, "event": event.data}));
            } else if let Some(line) = line_of(&event.data, people) {
                say(format_args!("  {:>4}  {line}", event.seq));
            }
        }
    }

    fn scoreboard(&self, scores: &Value) {
        if self.json {
            say(json!({"scoreboard": scores}));
        } else {
            let word = |place: &str| scores.pointer(place).and_then(Value::as_str).unwrap_or("?");
            let number = |place: &str| scores.pointer(place).and_then(Value::as_u64).unwrap_or_default();
            say(format_args!(
                "\n  scoreboard                 {} {} : {} {}, {} drawn; points held at the end {} : {}\n",
                word("/game/players/0/username"),
                number("/pair/wins/0"),
                number("/pair/wins/1"),
                word("/game/players/1/username"),
                number("/pair/drawn"),
                number("/game/scores/0"),
                number("/game/scores/1"),
            ));
        }
    }

    fn end(&self, winner: &str, games: u32, kept: Option<&str>) {
        if self.json {
            say(json!({"winner": winner, "games": games, "kept": kept}));
        } else {
            say(format_args!("  {winner} wins."));
        }
    }
}

/// One event in words; nothing for what a spectator need not read.
fn line_of(event: &Value, [first, second]: [&Person; 2]) -> Option<String> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let who = || match text("seat") {
        Some("first") => first.username.as_str(),
        Some("second") => second.username.as_str(),
        _ => "somebody",
    };
    Some(match text("kind")? {
        "played" => {
            let cards = event.get("cards").and_then(Value::as_array)?;
            let cards: Vec<String> = cards.iter().filter_map(Value::as_str).map(pretty).collect();
            let call = text("call").map(|shape| format!(", calling {shape}")).unwrap_or_default();
            format!("{:<4} plays {}{call}", who(), cards.join(" "))
        }
        "drew" => {
            format!("{:<4} draws {} ({})", who(), event.get("count")?, text("cause").unwrap_or("choice"))
        }
        "passed" => format!("{:<4} passes", who()),
        "announced" => format!("{:<4} has {}", who(), text("announcement")?.replace('_', " ")),
        "round_ended" => {
            let cause = event.pointer("/result/cause").and_then(Value::as_str).unwrap_or_default();
            format!("the round ends: {}", cause.replace('_', " "))
        }
        _ => return None,
    })
}

/// `circle-5` as a person sees it.
fn pretty(card: &str) -> String {
    let (shape, number) = card.split_once('-').unwrap_or((card, ""));
    let sign = match shape {
        "circle" => "●",
        "triangle" => "▲",
        "cross" => "✚",
        "square" => "■",
        "star" => "★",
        _ => "Whot",
    };
    format!("{sign} {number}")
}
