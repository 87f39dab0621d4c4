//! Running other programs so that nothing of them outlives the chore: each gets a process group of its own, which is
//! ended when the chore is interrupted, when its time is up, or when something in it stays behind.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::stopwatch::Stopwatch;

const POLL: Duration = Duration::from_millis(50);
/// How long a program may take to end by itself after it was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// The chore was told to stop (Ctrl-C or SIGTERM).
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// How a program ended.
pub(crate) enum Ended {
    Exited(ExitStatus),
    OutOfTime,
}

impl Ended {
    pub(crate) fn well(&self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

pub(crate) struct Shell {
    interrupted: Arc<AtomicBool>,
}

impl Shell {
    pub(crate) fn new() -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted)).context("cannot watch signals")?;
        }
        Ok(Self { interrupted })
    }

    /// Fails once the chore was told to stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.interrupted.load(Ordering::SeqCst) { Err(Interrupted.into()) } else { Ok(()) }
    }

    /// Runs a program to its end with its output passed on; whether it succeeded.
    pub(crate) fn run(&self, command: &mut Command) -> Result<bool> {
        Ok(self.watch(command, None, |line| println!("{line}"))?.well())
    }

    /// Runs a program to its end and fails unless it succeeded.
    pub(crate) fn must(&self, command: &mut Command) -> Result<()> {
        anyhow::ensure!(self.run(command)?, "failed: {command:?}");
        Ok(())
    }

    /// The standard output of a program that must succeed.
    pub(crate) fn output(&self, command: &mut Command) -> Result<String> {
        let mut text = String::new();
        let ended = self.watch(command, None, |line| {
            text.push_str(line);
            text.push('\n');
        })?;
        anyhow::ensure!(ended.well(), "failed: {command:?}");
        Ok(text)
    }

    /// Runs a program and hands over each line of its standard output as it comes.
    pub(crate) fn watch(
        &self,
        command: &mut Command,
        limit: Option<Duration>,
        mut on_line: impl FnMut(&str),
    ) -> Result<Ended> {
        self.check()?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let group = Group(Pid::from_child(&child));
        let lines = child.stdout.take().map(lines_of).context("the output was not piped")?;
        let clock = Stopwatch::start();
        loop {
            match lines.recv_timeout(POLL) {
                Ok(line) => on_line(&line),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    if let Some(status) = child.try_wait()? {
                        group.sweep(&lines, &mut on_line);
                        return Ok(Ended::Exited(status));
                    }
                }
            }
            if self.check().is_err() {
                group.end(&mut child)?;
                return Err(Interrupted.into());
            }
            if limit.is_some_and(|limit| clock.elapsed() > limit) {
                group.end(&mut child)?;
                return Ok(Ended::OutOfTime);
            }
        }
    }
}

fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = sync_channel(1024);
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes).is_ok_and(|length| length > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send(line).is_err() {
                return;
            }
            bytes.clear();
        }
    });
    receiver
}

/// The process group of a program that was started.
struct Group(Pid);

impl Group {
    /// Passes on what is left of the output. When that does not end, something the program started still holds it: a
    /// stray is ended rather than left to disturb what runs next.
    fn sweep(&self, lines: &Receiver<String>, on_line: &mut impl FnMut(&str)) {
        let mut patience = 20_u32;
        loop {
            match lines.recv_timeout(POLL) {
                Ok(line) => on_line(&line),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if patience > 0 => patience -= 1,
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!("note: a process outlived the program that started it and was killed");
                    // An error means that the group is gone, which is what is wanted.
                    let _gone = kill_process_group(self.0, Signal::KILL);
                    return;
                }
            }
        }
    }

    fn end(&self, child: &mut Child) -> Result<()> {
        let _gone = kill_process_group(self.0, Signal::TERM);
        let clock = Stopwatch::start();
        while child.try_wait()?.is_none() && clock.elapsed() < PATIENCE {
            thread::sleep(POLL);
        }
        let _gone = kill_process_group(self.0, Signal::KILL);
        child.wait()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_output_of_a_program_arrives_whole_and_in_order() {
        let shell = Shell::new().unwrap();
        assert_eq!(shell.output(&mut sh("echo one; echo two")).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_failing_program_is_told_from_one_that_succeeds() {
        let shell = Shell::new().unwrap();
        assert!(shell.run(&mut sh("exit 0")).unwrap());
        assert!(!shell.run(&mut sh("exit 3")).unwrap());
        assert!(shell.must(&mut sh("exit 3")).is_err());
    }

    #[test]
    fn a_program_that_exceeds_its_time_is_ended_with_everything_it_started() {
        let shell = Shell::new().unwrap();
        let mut pids = Vec::new();
        let ended = shell
            .watch(&mut sh("sleep 600 & echo $!; wait"), Some(Duration::from_millis(200)), |line| {
                pids.push(line.to_owned());
            })
            .unwrap();
        assert!(matches!(ended, Ended::OutOfTime));
        // Signals take effect in their own time: a process that was missed would sleep on for minutes.
        let running = |pid: &String| {
            std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
        };
        assert_eq!(pids.len(), 1);
        let clock = Stopwatch::start();
        while pids.iter().any(running) && clock.elapsed() < PATIENCE {
            thread::sleep(POLL);
        }
        assert!(!pids.iter().any(running));
    }

    #[test]
    fn a_stray_left_behind_by_a_program_is_ended() {
        let shell = Shell::new().unwrap();
        assert!(shell.run(&mut sh("sleep 600 & echo started")).unwrap());
    }
}
