//! Contexts share a database server at most: nothing crosses a schema, as the catalogue says and as trying shows.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Database, OwnDatabase, PASSWORD, Server};

/// The contexts, by their folders of migrations.
fn contexts() -> Vec<String> {
    let folders =
        std::fs::read_dir(root().join("migrations")).unwrap().map(|entry| entry.unwrap().file_name());
    let names = folders.map(|name| name.into_string().unwrap());
    let contexts: Vec<String> = names.filter(|name| name != "platform" && name != "bootstrap").collect();
    assert!(contexts.len() >= 3, "{contexts:?}");
    contexts
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A server whose contexts each have an owner and a data-only role, made by the script that operators run.
struct Divided {
    // Ends before its database goes.
    server: Server,
    database: OwnDatabase,
}

impl Divided {
    fn start() -> Self {
        let database = OwnDatabase::create();
        let script = root().join("migrations/bootstrap/postgres.sql");
        let made = psql(&database.url(), &["--file", script.to_str().unwrap()]);
        assert!(made.status.success(), "{}", text(&made.stderr));
        let mut settings = Vec::new();
        for context in contexts() {
            for (key, role) in [("owner_url", "owner"), ("url", "app")] {
                let url = as_role(&database.url(), &format!("{context}_{role}"));
                settings.push((format!("database.{context}.{key}"), url));
            }
        }
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(key, url)| (key.as_str(), url.as_str())).collect();
        Self { server: Server::start_with(&settings), database }
    }

    /// What a role is told when it tries this.
    fn attempt(&self, role: &str, sql: &str) -> Output {
        psql(&as_role(&self.database.url(), role), &["--command", sql])
    }

    #[track_caller]
    fn assert_denied(&self, role: &str, sql: &str) {
        let answer = self.attempt(role, sql);
        let told = text(&answer.stderr);
        assert!(!answer.status.success() && told.contains("permission denied"), "{role}: {sql}: {told}");
    }

    /// The tables of a context, most of them platform's.
    fn tables(&self, context: &str) -> Vec<String> {
        let sql = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{context}' ORDER BY 1");
        let answer = psql(&self.database.url(), &["--tuples-only", "--no-align", "--command", &sql]);
        text(&answer.stdout).lines().map(str::to_owned).collect()
    }
}

fn psql(url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("psql");
    command.args(["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]).args(arguments).arg(url);
    command.output().expect("psql is installed")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The same database as another role: the tests' server trusts its loopback.
fn as_role(url: &str, role: &str) -> String {
    let (_, place) = url.rsplit_once('@').expect("the URL names a role");
    format!("postgres://{role}@{place}")
}

#[tokio::test]
async fn a_whole_house_lives_on_two_roles_per_context_and_nothing_crosses_a_schema() {
    if Database::of_environment() == Database::Sqlite {
        return each_context_has_a_file_of_its_own();
    }
    let divided = Divided::start();
    let house = divided.server.house().await;
    house.new_customer("ada", PASSWORD).await.expect("a customer joins");

    let crossings = platform::testing::boundary_violations(&divided.database.url()).await;
    assert_eq!(crossings, [""; 0]);
    let sql = "SELECT schemaname || '.' || tablename || ' belongs to ' || tableowner FROM pg_tables \
               WHERE tableowner <> schemaname || '_owner' AND schemaname NOT IN ('pg_catalog', 'information_schema')";
    let strangers = psql(&divided.database.url(), &["--tuples-only", "--command", sql]);
    assert_eq!(text(&strangers.stdout).trim(), "");

    for own in contexts() {
        let (owner, app) = (format!("{own}_owner"), format!("{own}_app"));
        let tables = divided.tables(&own);
        assert!(tables.len() > 5, "{own}: {tables:?}");
        assert!(divided.attempt(&app, &format!("SELECT count(*) FROM {own}.outbox_events")).status.success());
        divided.assert_denied(&app, &format!("CREATE TABLE {own}.planted (id int)"));
        divided.assert_denied(&app, "CREATE TABLE public.planted (id int)");
        for other in contexts().iter().filter(|other| **other != own) {
            for foreign in divided.tables(other) {
                divided.assert_denied(&app, &format!("SELECT 1 FROM {other}.{foreign}"));
                divided.assert_denied(&owner, &format!("SELECT 1 FROM {other}.{foreign}"));
            }
            let key = format!("CREATE TABLE {own}.planted (id uuid REFERENCES {other}.audit_events)");
            divided.assert_denied(&owner, &key);
        }
    }
}

fn each_context_has_a_file_of_its_own() {
    let server = Server::start();
    for context in contexts() {
        assert!(server.data.path().join("d").join(format!("{context}.db")).exists(), "{context}");
    }
}
