//! `whot bench`: what a move costs, as ratios of one run.

mod floor;
mod play;
mod process;

use clap::{Args, Subcommand};

use super::{CliError, Global};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Pairs of socket clients play on a server of their own: server CPU per durable move, moves a second, latency
    Play(play::Arguments),
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    match arguments.bench {
        Bench::Play(arguments) => play::run(global, arguments).await,
    }
}
