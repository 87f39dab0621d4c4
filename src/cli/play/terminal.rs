//! The person at the terminal, or a script at a pipe: lines in, lines out, a prompt, a password that is not shown.

use std::io::{BufRead, IsTerminal, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::super::CliError;
use super::super::cards::Ink;

/// Lines that were typed and not yet read.
const AHEAD: usize = 64;

/// Where lines come from and go to.
pub(super) struct Terminal {
    lines: mpsc::Receiver<String>,
    pub(super) ink: Ink,
    /// Whether somebody types; a script's lines wait until they are asked for.
    pub(super) typed: bool,
    /// Whether somebody looks.
    shown: bool,
    prompt: String,
    /// Whether the prompt stands at the beginning of the present line.
    prompted: bool,
}

impl Terminal {
    pub(super) fn open() -> Self {
        let (sender, lines) = mpsc::channel(AHEAD);
        // A thread of its own: reading standard input cannot be called off, and must not hold up the end of the program.
        std::thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            while let Some(line) = next_line(&mut input) {
                if sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        let on_terminal = std::io::stdout().is_terminal();
        Self {
            lines,
            ink: Ink::of_environment(on_terminal),
            typed: std::io::stdin().is_terminal(),
            shown: on_terminal,
            prompt: String::new(),
            prompted: false,
        }
    }

    /// Says something on lines of its own.
    pub(super) fn say(&mut self, text: impl std::fmt::Display) {
        let mut out = std::io::stdout();
        if self.prompted {
            // What is half typed vanishes from the screen with the prompt; it must not be read later as if it stood there.
            let _ = rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush);
        }
        let clear = if self.prompted { "\r\u{1b}[K" } else { "" };
        self.prompted = false;
        // A terminal that is gone ends the next read.
        let _ = writeln!(out, "{clear}{text}").and_then(|()| out.flush());
    }

    /// What stands before the place where one types.
    pub(super) fn set_prompt(&mut self, prompt: &str) {
        prompt.clone_into(&mut self.prompt);
    }

    /// Shows the prompt, if somebody is there to see it and it does not stand there already.
    pub(super) fn show_prompt(&mut self) {
        if self.shown && self.typed && !self.prompted {
            let mut out = std::io::stdout();
            let _ = write!(out, "{}> ", self.prompt).and_then(|()| out.flush());
            self.prompted = true;
        }
    }

    /// The next line; none at the end of input. Nothing is lost when this is given up.
    pub(super) async fn line(&mut self) -> Option<String> {
        let line = self.lines.recv().await;
        // Whoever typed it ended the prompt's line too.
        self.prompted = false;
        line
    }

    /// Whether a script has come to its end; somebody who types may always type more.
    pub(super) fn is_over(&self) -> bool {
        !self.typed && self.lines.is_closed() && self.lines.is_empty()
    }

    /// Asks for a line, or gives up at the end of input or on Ctrl-C.
    pub(super) async fn ask(&mut self, prompt: &str) -> Option<String> {
        self.set_prompt(prompt);
        self.show_prompt();
        tokio::select! {
            line = self.line() => line,
            _ = tokio::signal::ctrl_c() => {
                self.end_line();
                None
            }
        }
    }

    /// Asks for a password without showing it.
    pub(super) async fn ask_secret(&mut self, prompt: &str) -> Result<Option<String>, CliError> {
        let hidden = Hidden::begin().map_err(|error| CliError::Io("cannot hide what is typed", error))?;
        let secret = self.ask(prompt).await;
        drop(hidden);
        self.prompted = false;
        self.say("");
        Ok(secret)
    }

    /// Leaves the prompt's line, so that whatever comes next begins one.
    pub(super) fn end_line(&mut self) {
        if self.prompted {
            self.prompted = false;
            self.say("");
        }
    }
}

/// Ctrl-C. One listener all along: it counts while something else is done, too, and is heard after that.
pub(super) struct Interrupt(Signal);

impl Interrupt {
    pub(super) fn open() -> Result<Self, CliError> {
        let heard = signal(SignalKind::interrupt());
        heard.map(Self).map_err(|error| CliError::Io("cannot listen for Ctrl-C", error))
    }

    /// Waits for it. It is not lost when this is given up.
    pub(super) async fn pressed(&mut self) {
        if self.0.recv().await.is_none() {
            // Nothing listens for signals any more; so none comes.
            std::future::pending::<()>().await;
        }
    }
}

/// The next line; none at the end of input. What is no text is still a line, and then a mistyped one.
fn next_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    Some(String::from_utf8_lossy(line).into_owned())
}

/// While this lives, the terminal does not show what is typed.
struct Hidden(rustix::termios::Termios);

impl Hidden {
    fn begin() -> std::io::Result<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(std::io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Now, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // The terminal may be gone; there is nothing to restore then.
        let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::next_line;

    #[test]
    fn a_byte_that_is_no_text_spoils_its_own_line_and_no_other() {
        let mut input = "draw\r\n\n".as_bytes().to_vec();
        input.extend(b"d\xe9j\xe0\nq");
        let mut input = input.as_slice();
        let lines: Vec<String> = std::iter::from_fn(|| next_line(&mut input)).collect();
        assert_eq!(lines, ["draw", "", "d\u{fffd}j\u{fffd}", "q"]);
    }
}
