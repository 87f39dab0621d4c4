//! What an ordinary run and a long one consist of, in order, and what each part may cost on two cores from cold.
//!
//! Every cargo command selects the whole workspace and narrows by target: another package selection would build the
//! same crates again with other features.

use std::time::Duration;

/// The ordinary run fails above this.
pub(super) const WHOLE: Duration = minutes(25);
pub(super) const INSTALLS: Duration = minutes(1);
/// The group after whose failure nothing else can run.
pub(super) const BUILD: &str = "build";

/// Integration tests that have groups of their own.
const OWN_GROUPS: [&str; 2] = ["architecture", "blackbox"];

/// What PostgreSQL is to some tests.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
pub(super) enum Postgres {
    #[default]
    Unused,
    /// They run on it too, unless it is left out.
    Used,
    Needed,
}

pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) budget: Duration,
    /// Only in `--long`, or when named.
    pub(super) long: bool,
    pub(super) actions: Vec<Action>,
}

impl Group {
    /// How long to wait for it on a slow, shared machine; what takes longer hangs.
    pub(super) fn patience(&self) -> Duration {
        self.budget * 3 + minutes(5)
    }

    pub(super) fn postgres(&self) -> Postgres {
        let of = |action: &Action| {
            if let Action::Tests(tests) = action { tests.postgres } else { Postgres::Unused }
        };
        self.actions.iter().map(of).max().unwrap_or_default()
    }
}

pub(super) enum Action {
    /// A cargo command that must succeed.
    Check(Vec<&'static str>),
    /// The same, where the program is there.
    CheckIfInstalled {
        program: &'static str,
        otherwise: &'static str,
        arguments: Vec<&'static str>,
    },
    Tests(Tests),
    /// One target of tests/fuzz, driven by coverage.
    Fuzz(&'static str),
    /// `cargo xtask mutants`
    Mutants,
}

/// One `cargo test` over the workspace.
#[derive(Default)]
pub(super) struct Tests {
    /// Which targets.
    pub(super) targets: Vec<String>,
    /// Which tests; each filter must find at least one.
    pub(super) filters: Vec<&'static str>,
    pub(super) environment: Vec<(&'static str, &'static str)>,
    pub(super) postgres: Postgres,
}

impl Tests {
    fn of(targets: &[&str]) -> Self {
        Self { targets: targets.iter().map(|&target| target.to_owned()).collect(), ..Self::default() }
    }

    /// The library and binary tests, and integration tests without a group of their own. Among them are the contracts
    /// of every store, each on both databases.
    fn units(integration_tests: &[String]) -> Self {
        let mut units = Self { postgres: Postgres::Used, ..Self::of(&["--lib", "--bins"]) };
        for name in integration_tests.iter().filter(|name| !OWN_GROUPS.contains(&name.as_str())) {
            units.targets.extend(["--test".to_owned(), name.clone()]);
        }
        units
    }

    /// Many more seeded runs of whole games over everything that can fail.
    fn simulation() -> Self {
        let all = Self { filters: vec!["simulation::"], ..Self::of(&["--lib"]) };
        all.with("WHOT_SIM_RUNS", "10000")
    }

    /// Many more mutations of what the parsers of foreign input are fed with.
    fn fuzzing() -> Self {
        Self::of(&["--test", "fuzz"]).with("WHOT_FUZZ_RUNS", "300000")
    }

    fn blackbox_on_sqlite(filters: &[&'static str]) -> Self {
        let all = Self { filters: filters.to_vec(), ..Self::of(&["--test", "blackbox"]) };
        all.with("WHOT_TEST_DATABASE", "sqlite")
    }

    fn blackbox_on_postgres(filters: &[&'static str]) -> Self {
        let all = Self { filters: filters.to_vec(), ..Self::of(&["--test", "blackbox"]) };
        Self { postgres: Postgres::Needed, ..all.with("WHOT_TEST_DATABASE", "postgres") }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }
}

/// Every group. `integration_tests` are the names of the workspace's.
pub(super) fn all(integration_tests: &[String]) -> Vec<Group> {
    let mut groups = ordinary(integration_tests);
    groups.extend(long());
    groups
}

fn ordinary(integration_tests: &[String]) -> Vec<Group> {
    let group = |name, budget, actions| Group { name, budget, long: false, actions };
    let build = [
        vec!["build", "--locked", "--workspace", "--bins"],
        vec!["test", "--locked", "--workspace", "--no-run"],
    ];
    let clippy = vec!["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    let licences = Action::CheckIfInstalled {
        program: "cargo-deny",
        otherwise: "cargo-deny is not installed; the architecture tests hold the same bans",
        arguments: vec!["deny", "--offline", "check", "bans", "licenses", "sources"],
    };
    let architecture = Tests::of(&["--test", "architecture"]);
    // Whole ways through the product: on each database and behind each port's carrier.
    let journeys = ["journeys::", "finding::", "ratings::", "practice::", "spectators::", "playing::"];
    let elsewhere = [journeys.as_slice(), &["races::", "crashes::", "schemas::"]].concat();
    let on_postgres = Tests::blackbox_on_postgres(&elsewhere);
    let loopback = Tests::blackbox_on_sqlite(&journeys).with("WHOT_TEST_LOOPBACK", "1");
    vec![
        group("format", seconds(10), vec![Action::Check(vec!["fmt", "--all", "--", "--check", "-l"])]),
        group(BUILD, minutes(5), build.map(Action::Check).into()),
        group("lints", minutes(3), vec![Action::Check(clippy)]),
        group("licences", seconds(20), vec![licences]),
        group("architecture", seconds(20), vec![Action::Tests(architecture)]),
        group("units", minutes(4), vec![Action::Tests(Tests::units(integration_tests))]),
        group("docs", seconds(40), vec![Action::Tests(Tests::of(&["--doc"]))]),
        group("sqlite", minutes(4), vec![Action::Tests(Tests::blackbox_on_sqlite(&[]))]),
        group("postgres", minutes(3), vec![Action::Tests(on_postgres)]),
        group("loopback", minutes(1), vec![Action::Tests(loopback)]),
    ]
}

fn long() -> Vec<Group> {
    let group = |name, budget, actions| Group { name, budget, long: true, actions };
    let crashes = [Tests::blackbox_on_sqlite(&["crashes::"]), Tests::blackbox_on_postgres(&["crashes::"])];
    let crashes = crashes.map(|tests| Action::Tests(tests.with("WHOT_TEST_LONG", "1")));
    let by_coverage = ["frame", "notation", "verify"].map(Action::Fuzz);
    let ladder = vec!["run", "--locked", "--release", "--bin", "whot", "--", "bench", "bots", "--check"];
    let benches = Action::Check(vec!["bench", "--locked", "--workspace", "--bench", "*", "--", "--test"]);
    vec![
        group("long-crashes", minutes(30), crashes.into()),
        group("long-simulation", minutes(30), vec![Action::Tests(Tests::simulation())]),
        group("long-fuzz", minutes(20), vec![Action::Tests(Tests::fuzzing())]),
        group("coverage-fuzz", minutes(20), by_coverage.into()),
        group("ladder", minutes(60), vec![Action::Check(ladder)]),
        group("mutants", minutes(60), vec![Action::Mutants]),
        group("benches", minutes(15), vec![benches]),
    ]
}

const fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budgets_of_the_ordinary_groups_fit_into_the_whole() {
        let parts: Duration = ordinary(&[]).iter().map(|group| group.budget).sum();
        assert!(INSTALLS + parts <= WHOLE, "{parts:?}");
    }

    #[test]
    fn an_integration_test_without_a_group_of_its_own_runs_with_the_units() {
        let units = Tests::units(&["architecture".to_owned(), "blackbox".to_owned(), "stray".to_owned()]);
        assert_eq!(units.targets, ["--lib", "--bins", "--test", "stray"]);
    }

    #[test]
    fn a_group_needs_what_the_neediest_of_its_tests_needs() {
        let postgres_of = |name: &str| all(&[]).iter().find(|group| group.name == name).map(Group::postgres);
        assert_eq!(postgres_of("format"), Some(Postgres::Unused));
        assert_eq!(postgres_of("units"), Some(Postgres::Used));
        assert_eq!(postgres_of("long-crashes"), Some(Postgres::Needed));
    }

    #[test]
    fn no_two_groups_share_a_name() {
        let mut names: Vec<_> = all(&[]).iter().map(|group| group.name).collect();
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }
}
