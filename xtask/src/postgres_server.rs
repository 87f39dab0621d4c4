//! A PostgreSQL server of the chores' own: installed when missing, started on a free port of 127.0.0.1 over a temporary
//! folder, gone when dropped. It never touches a server that is already there.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::shell::Shell;
use crate::stopwatch::Stopwatch;
use crate::workspace;

const STARTING: Duration = Duration::from_mins(1);
const STOPPING: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);
/// Every server of a test run has a pool per context, and tests run side by side.
const CONNECTIONS: u32 = 400;

pub(crate) struct PostgresServer {
    process: Child,
    port: u16,
    /// Removed after `Drop::drop` has ended the server that writes into it.
    _folder: TempDir,
}

impl PostgresServer {
    /// Starts a fresh, empty, durable server (fsync stays on: crash tests rely on it) with the project's roles.
    pub(crate) fn start(shell: &Shell) -> Result<Self> {
        let programs = installed_programs(shell)?;
        let folder = tempfile::Builder::new().prefix("whot-postgres-").tempdir()?;
        let data = folder.path().join("data");
        if runs_as_root() {
            shell.must(Command::new("chown").arg("postgres:").arg(folder.path()))?;
        }
        let mut initdb = unprivileged(&programs.join("initdb"));
        initdb
            .args(["--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=trust", "--pgdata"])
            .arg(&data);
        shell.output(&mut initdb).context("initdb")?;

        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = folder.path().join("log");
        let process = unprivileged(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=on", "-c", "shared_buffers=128MB"])
            .args(["-c", &format!("port={port}"), "-c", &format!("max_connections={CONNECTIONS}")])
            .args(["-c", &format!("unix_socket_directories={}", folder.path().display())])
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            // Ctrl-C is for the chore, which stops the server when its tests have ended.
            .process_group(0)
            .spawn()?;
        let mut server = Self { process, port, _folder: folder };
        server.wait_until_ready(shell, &programs, &log)?;
        server.make_roles(shell, &programs)?;
        Ok(server)
    }

    /// The superuser's URL; anyone on this machine's loopback may use it while the server runs.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self, shell: &Shell, programs: &Path, log: &Path) -> Result<()> {
        let clock = Stopwatch::start();
        loop {
            shell.check()?;
            let ready = Command::new(programs.join("pg_isready"))
                .args(["--quiet", "--host=127.0.0.1", &format!("--port={}", self.port)])
                .status()?;
            if ready.success() {
                return Ok(());
            }
            if self.process.try_wait()?.is_some() || clock.elapsed() > STARTING {
                anyhow::bail!("PostgreSQL did not start:\n{}", fs::read_to_string(log).unwrap_or_default());
            }
            thread::sleep(POLL);
        }
    }

    /// The script that everyone else runs by hand makes the tests' roles too, so it cannot rot.
    fn make_roles(&self, shell: &Shell, programs: &Path) -> Result<()> {
        let script = workspace::root().join("migrations/bootstrap/postgres.sql");
        if !script.exists() {
            return Ok(());
        }
        let mut psql = Command::new(programs.join("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file"]).arg(&script).arg(self.url());
        shell.must(&mut psql).context("the roles of migrations/bootstrap/postgres.sql")
    }
}

impl Drop for PostgresServer {
    /// Ends the server by its own process id: first asking it to close its sessions, at last not asking.
    fn drop(&mut self) {
        let _gone = kill_process(Pid::from_child(&self.process), Signal::INT);
        let clock = Stopwatch::start();
        while matches!(self.process.try_wait(), Ok(None)) {
            if clock.elapsed() > STOPPING {
                let _gone = self.process.kill();
                let _reaped = self.process.wait();
                break;
            }
            thread::sleep(POLL);
        }
    }
}

fn runs_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// `initdb` and `postgres` refuse to run as root. The server also ends when the chore is killed outright.
fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if runs_as_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.args(["--pdeathsig=INT", "--"]).arg(program).current_dir("/");
    command
}

/// The folder of the newest installed server's programs; Debian's package is installed when there is none.
fn installed_programs(shell: &Shell) -> Result<PathBuf> {
    if let Some(found) = find_programs() {
        return Ok(found);
    }
    println!("installing PostgreSQL");
    for arguments in [&["update"][..], &["install", "--yes", "--no-install-recommends", "postgresql"]] {
        let mut apt = if runs_as_root() {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["--non-interactive", "apt-get"]);
            sudo
        };
        apt.arg("--quiet=2").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell
            .must(&mut apt)
            .context("PostgreSQL is missing; install it, or leave it out: --without-postgres")?;
    }
    find_programs()
        .context("the package postgresql was installed, but its initdb is not where Debian puts it")
}

fn find_programs() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let newest = debian
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .max()
        .map(|(_, bin)| bin);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    })
}
