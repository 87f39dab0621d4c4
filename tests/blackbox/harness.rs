//! One harness: starts the server in any shape on any database, fills the house, kills and restarts it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use platform::db::DatabaseSettings;
use serde_json::Value;
use tempfile::TempDir;
use whot::client::{Api, House, Person};

/// How long a server may take to say that it is ready. Generous: machines are shared.
const START: Duration = Duration::from_mins(1);

/// A password that every policy accepts.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The shape under test, from the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    pub(crate) fn of_environment() -> Self {
        match std::env::var("WHOT_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::Postgres,
            Ok("sqlite") | Err(_) => Self::Sqlite,
            Ok(other) => panic!("WHOT_TEST_DATABASE={other} is neither sqlite nor postgres"),
        }
    }
}

/// A PostgreSQL database of this test's own, dropped with it.
pub(crate) struct OwnDatabase {
    admin_url: String,
    name: String,
}

impl OwnDatabase {
    pub(crate) fn create() -> Self {
        let admin_url =
            std::env::var("WHOT_TEST_POSTGRES").expect("WHOT_TEST_POSTGRES names the server to test on");
        let name = format!("whot_{}", data_encoding::HEXLOWER.encode(&random::<8>()));
        let own = Self { admin_url, name };
        own.execute(&format!("CREATE DATABASE {}", own.name));
        own
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.admin_url.rsplit_once('/').expect("the URL names a database");
        format!("{server}/{}", self.name)
    }

    fn execute(&self, sql: &str) {
        let done =
            Command::new("psql").args(["-qX", "-v", "ON_ERROR_STOP=1", "-c", sql, &self.admin_url]).output();
        let done = done.expect("psql is installed");
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        self.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn random<const N: usize>() -> [u8; N] {
    use kernel::random::RandomExt;
    platform::random::OsRandom.bytes()
}

/// A running server, its data and how to start it again.
pub(crate) struct Server {
    child: Option<Child>,
    pub(crate) api: Api,
    settings: Vec<(String, String)>,
    log: PathBuf,
    // Dropped in this order: the database while nobody uses it, then the directory.
    database: Option<OwnDatabase>,
    pub(crate) data: TempDir,
}

impl Server {
    /// Starts a server with nothing in it.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with nothing in it and these settings.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::Builder::new().prefix("whot-").tempdir().expect("a temporary directory");
        let mut all: Vec<(String, String)> =
            settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let database = (Database::of_environment() == Database::Postgres).then(OwnDatabase::create);
        if let Some(database) = &database {
            all.push(("database.url".to_owned(), database.url()));
            all.push(("database.pool_size".to_owned(), "2".to_owned()));
        }
        if std::env::var("WHOT_TEST_LOOPBACK").as_deref() == Ok("1") {
            all.push(("ports.loopback".to_owned(), "true".to_owned()));
        }
        let log = data.path().join("server.log");
        let api = Api::new("http://127.0.0.1:0").expect("a client");
        let mut server = Self { child: None, api, settings: all, log, database, data };
        server.run();
        server
    }

    /// Changes a setting for the next start.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// Removes a setting for the next start.
    pub(crate) fn unset(&mut self, key: &str) {
        self.settings.retain(|(known, _)| known != key);
    }

    /// Starts the process on what is there. The old address is kept where it is free, so that clients can come back.
    pub(crate) fn run(&mut self) {
        let address = self.api.base().trim_start_matches("http://").to_owned();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).expect("the log");
        let mut child = self
            .command(&["--json", "--set", &format!("server.listen={address}"), "serve"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("its standard output");
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // The receiver goes away once the server is ready; what comes later is not read.
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        self.child = Some(child);
        let line = receiver.recv_timeout(START).unwrap_or_else(|_| panic!("not ready:\n{}", self.log()));
        let ready: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a ready line: {line}"));
        let base = ready["address"].as_str().expect("an address").to_owned();
        self.api = Api::new(base).expect("a client");
    }

    /// Ends the process as a power cut would, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Kills and starts again on the same data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.run();
    }

    /// Waits until the process has ended by itself, as it does at a crash point.
    pub(crate) fn wait_for_end(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.wait().expect("it ends");
        }
    }

    /// Asks the process to stop, as an operator does, and gives its exit status.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("it runs");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be signalled");
        child.wait().expect("it ends")
    }

    /// Runs a command of the binary on this server's data.
    pub(crate) fn whot(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whot"));
        command.args(["--profile", "test", "--data-dir"]).arg(self.data.path().join("d"));
        for (key, value) in &self.settings {
            command.arg("--set").arg(format!("{key}={value}"));
        }
        command.args(arguments).current_dir(self.data.path());
        command
    }

    /// How a test opens the server's databases by itself, while the server is down.
    pub(crate) fn storage(&self) -> DatabaseSettings {
        let url = self.database.as_ref().map_or_else(|| "sqlite".to_owned(), OwnDatabase::url);
        let url = platform::testing::database_url(&url);
        DatabaseSettings { url, data_dir: self.data.path().join("d"), ..DatabaseSettings::default() }
    }

    /// Everything the server has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Bootstraps the first admin and gives the enrolment token.
    pub(crate) fn bootstrap(&self) -> String {
        let output = self.whot(&["--json", "admin", "bootstrap", "--username", "admin"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        answer["enrolment_token"].as_str().expect("a token").to_owned()
    }

    /// A house with admin, approver and an active distributor.
    pub(crate) async fn house(&self) -> House {
        let enrolment = self.bootstrap();
        House::open(&self.api, &enrolment, |_| PASSWORD.to_owned()).await.expect("the house opens")
    }

    /// A house, and two customers of its distributor.
    pub(crate) async fn pair(&self) -> (House, Person, Person) {
        let house = self.house().await;
        let ada = house.new_customer("ada", PASSWORD).await.expect("Ada joins");
        let ben = house.new_customer("ben", PASSWORD).await.expect("Ben joins");
        (house, ada, ben)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- the server's log ---\n{}", self.log());
        }
    }
}

/// A running game of two people.
pub(crate) async fn game_of(one: &Person, other: &Person) -> String {
    let invite = one.invite_to_game(&other.username).await.expect("an invite");
    other.accept_game(invite["id"].as_str().expect("its id")).await.expect("a game")
}
