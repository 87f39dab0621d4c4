//! The binary: hands the command line to the library and exits with what it says.

/// Moves are made on one thread, written on another and sent from a third: this allocator takes back on one what another
/// was given, cheaply.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    whot::run()
}
