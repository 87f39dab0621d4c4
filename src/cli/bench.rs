//! `whot bench`: what a move costs, as ratios of one run.

mod bots;
mod floor;
mod idle;
mod play;
mod practice;
mod process;
mod seat;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::own_server::OwnServer;
use super::{CliError, Global, say};
use crate::client::{ClientError, House, Person};
use crate::settings::Profile;

/// Of everybody on a bench's own server.
const PASSWORD: &str = "correct horse battery staple";

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Pairs of socket clients play on a server of their own: server CPU per durable move, moves a second, latency
    Play(play::Arguments),
    /// Practice opponents against one another over paired deals: the ladder with its intervals
    Bots(bots::Arguments),
    /// People play beside many practice games on a server of their own: what these cost a person's move
    Practice(practice::Arguments),
    /// Many sockets wait on a server of their own: what one of them costs in memory
    Idle(idle::Arguments),
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    match arguments.bench {
        Bench::Play(arguments) => play::run(global, arguments).await,
        Bench::Bots(arguments) => bots::run(global, arguments).await,
        Bench::Practice(arguments) => practice::run(global, arguments).await,
        Bench::Idle(arguments) => idle::run(global, arguments).await,
    }
}

/// A server for one bench, with some limits relaxed, on the kind of database that the settings name.
async fn own_server(global: &Global, relaxed: &[(&str, &str)]) -> Result<OwnServer, CliError> {
    let settings = global.settings()?;
    let database = settings.database.of("game", &settings.data_dir).url;
    let relaxed: Vec<(String, String)> =
        relaxed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    OwnServer::start(Profile::Test, database.postgres(), &relaxed).await
}

/// The staff and the distributor that customers need.
async fn open_house(server: &OwnServer) -> Result<House, CliError> {
    let enrolment = server.bootstrap().await?;
    Ok(House::open(&server.api, &enrolment, |_| PASSWORD.to_owned()).await?)
}

/// So many pairs of customers.
async fn couples(house: &House, count: u32) -> Result<Vec<(Person, Person)>, ClientError> {
    let mut couples = Vec::new();
    for number in 0..count {
        let one = house.new_customer(&format!("one{number}"), PASSWORD).await?;
        couples.push((one, house.new_customer(&format!("two{number}"), PASSWORD).await?));
    }
    Ok(couples)
}

fn process_of(server: &OwnServer) -> Result<u32, CliError> {
    server.pid().ok_or_else(|| CliError::Failed("the server ended".to_owned()))
}

/// A game of these two, by its id.
async fn begin_game(one: &Person, two: &Person, rule: &str) -> Result<String, ClientError> {
    let invite = one.invite_to_match(&two.username, rule).await?;
    let id = invite.get("id").and_then(Value::as_str).ok_or(ClientError::Incomplete("id"))?;
    two.accept_game(id).await
}

/// Figures, one to a line, or as one object.
fn print(figures: &Value, as_json: bool) {
    if as_json {
        return say(figures);
    }
    for (name, value) in figures.as_object().into_iter().flatten() {
        say(format_args!("{name:<32} {value}"));
    }
}
