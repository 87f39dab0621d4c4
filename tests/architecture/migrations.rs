//! The shape of `migrations/<module>/<dialect>/<version>_<name>/{up,down}.sql`: both dialects at the same versions,
//! nothing that names another module's schema.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::dependencies::CONTEXT_MAP;
use crate::sources::{Source, read_all};

const BOOTSTRAP: &str = "migrations/bootstrap/postgres.sql";
const DIALECTS: [&str; 2] = ["postgres", "sqlite"];

/// Versions of each module and dialect; faults of single files go to `faults`.
type Versions<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

fn faults_in(sources: &[Source]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut files: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        match source.path.split('/').collect::<Vec<_>>()[..] {
            // The script that makes a server's roles, run by hand and by the chores.
            ["migrations", "bootstrap", _] => {}
            ["migrations", module, dialect, version, file @ ("up.sql" | "down.sql")]
                if is_module(module) && DIALECTS.contains(&dialect) =>
            {
                files.entry((module, dialect, version)).or_default().insert(file);
                faults.extend(faults_of_statements(source, module));
            }
            _ => faults.push(format!("{}: is no migration of a module", source.path)),
        }
    }
    let mut versions = Versions::new();
    for ((module, dialect, version), found) in files {
        versions.entry((module, dialect)).or_default().insert(version);
        let place = format!("migrations/{module}/{dialect}/{version}");
        if found.len() < 2 {
            faults.push(format!("{place}: needs both up.sql and down.sql"));
        }
        if version.starts_with("0000") != (module == "platform") {
            faults.push(format!("{place}: platform's versions start with 0000, a context's with a date"));
        }
    }
    faults.extend(unequal_dialects(&versions));
    faults
}

fn is_module(name: &str) -> bool {
    name == "platform" || CONTEXT_MAP.contains(&name)
}

fn unequal_dialects(versions: &Versions<'_>) -> Vec<String> {
    let modules: BTreeSet<&str> = versions.keys().map(|(module, _)| *module).collect();
    let none = BTreeSet::new();
    let mut faults = Vec::new();
    for module in modules {
        let [postgres, sqlite] = DIALECTS.map(|dialect| versions.get(&(module, dialect)).unwrap_or(&none));
        for version in postgres.symmetric_difference(sqlite) {
            faults.push(format!("migrations/{module}: {version} stands in one dialect only"));
        }
    }
    faults
}

fn faults_of_statements(source: &Source, module: &str) -> Vec<String> {
    let statements: String =
        source.text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    if statements.trim().is_empty() {
        return vec![format!("{}: does nothing", source.path)];
    }
    let schemas = CONTEXT_MAP.into_iter().chain(["platform", "public"]);
    let named = schemas.filter(|schema| *schema != module && qualifies(&statements, schema));
    named.map(|schema| format!("{}: names the schema {schema}", source.path)).collect()
}

/// Whether `schema.` or `"schema".` stands before a name.
fn qualifies(statements: &str, schema: &str) -> bool {
    let lower = statements.to_lowercase().replace('"', "");
    lower.match_indices(&format!("{schema}.")).any(|(at, _)| {
        let before = lower[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\''))
    })
}

/// The script that makes the roles of a server must know every context.
fn contexts_without_roles(script: &str, contexts: &[&str]) -> Vec<String> {
    let unknown = contexts.iter().filter(|context| !script.contains(&format!("'{context}'")));
    unknown.map(|context| format!("{BOOTSTRAP}: no roles for {context}")).collect()
}

mod checks {
    use super::*;
    use crate::assert_clean;
    use crate::graph::root;

    #[test]
    fn every_context_gets_its_roles() {
        let script = fs::read_to_string(root().join(BOOTSTRAP)).unwrap();
        let there = CONTEXT_MAP.into_iter().filter(|context| root().join("modules").join(context).exists());
        assert_clean(&contexts_without_roles(&script, &there.collect::<Vec<_>>()));
    }

    #[test]
    fn migrations_have_both_ways_in_both_dialects_and_stay_in_their_schema() {
        let sources = read_all(&["migrations"]);
        assert!(sources.len() > 3, "the migrations were not found");
        assert_clean(&faults_in(&sources));
    }
}

mod controls {
    use super::*;
    use crate::assert_finds;

    #[test]
    fn a_context_without_roles_is_found() {
        let script = "ARRAY['identity', 'game']";
        let contexts = ["identity", "customer", "game"];
        assert_finds(
            &contexts_without_roles(script, &contexts),
            "migrations/bootstrap/postgres.sql: no roles for customer",
        );
    }

    const VERSION: &str = "2026-11-20-000001_start";

    /// A faultless pair of migrations of the game, with one file replaced, added or (without text) left out.
    fn faults_with(changed: &str, text: Option<&str>) -> Vec<String> {
        let mut files = BTreeMap::new();
        for dialect in DIALECTS {
            for file in ["up.sql", "down.sql"] {
                let path = format!("migrations/game/{dialect}/{VERSION}/{file}");
                files.insert(path, Some("CREATE TABLE games (id INTEGER); -- not identity.accounts\n"));
            }
        }
        files.insert(changed.to_owned(), text);
        let sources = files.iter().filter_map(|(path, text)| Some(Source::new(path, (*text)?)));
        faults_in(&sources.collect::<Vec<_>>())
    }

    fn file(dialect: &str, name: &str) -> String {
        format!("migrations/game/{dialect}/{VERSION}/{name}")
    }

    #[test]
    fn the_unchanged_pair_is_faultless() {
        let path = file("sqlite", "up.sql");
        assert_eq!(faults_with(&path, Some("CREATE TABLE games (id INTEGER);")), [""; 0]);
    }

    #[test]
    fn a_foreign_schema_is_found() {
        let path = file("postgres", "up.sql");
        let planted = "ALTER TABLE games ADD FOREIGN KEY (player) REFERENCES \"identity\".accounts (id);";
        assert_finds(&faults_with(&path, Some(planted)), &format!("{path}: names the schema identity"));
    }

    #[test]
    fn a_missing_or_empty_way_back_is_found() {
        let path = file("sqlite", "down.sql");
        let place = path.trim_end_matches("/down.sql");
        assert_finds(&faults_with(&path, None), &format!("{place}: needs both up.sql and down.sql"));
        assert_finds(&faults_with(&path, Some("-- nothing\n")), &format!("{path}: does nothing"));
    }

    #[test]
    fn a_version_in_one_dialect_only_is_found() {
        let path = "migrations/game/sqlite/2026-11-21-000001_more/up.sql";
        let found = faults_with(path, Some("SELECT 1;"));
        let planted = "migrations/game: 2026-11-21-000001_more stands in one dialect only".to_owned();
        assert!(found.contains(&planted), "{found:?}");
    }

    #[test]
    fn a_stray_file_and_an_undated_version_are_found() {
        assert_finds(
            &faults_with("migrations/game/notes.md", Some("x")),
            "migrations/game/notes.md: is no migration of a module",
        );
        let found = faults_with("migrations/game/sqlite/0000-00-00-000009_odd/up.sql", Some("SELECT 1;"));
        let planted = "migrations/game/sqlite/0000-00-00-000009_odd: platform's versions start with 0000, a context's with a date";
        assert!(found.contains(&planted.to_owned()), "{found:?}");
    }
}
