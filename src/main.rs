//! The binary: hands the command line to the library and exits with what it says.

fn main() -> std::process::ExitCode {
    whot::run()
}
