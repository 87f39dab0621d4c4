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

#[derive(PartialEq, Eq, Clone, Copy)]
pub(super) enum Needs {
    Nothing,
    Postgres,
}

pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) budget: Duration,
    pub(super) needs: Needs,
    /// Only in `--long`, or when named.
    pub(super) long: bool,
    pub(super) actions: Vec<Action>,
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
    /// `cargo xtask openapi --check`
    Openapi,
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
    /// Further arguments of the test harness.
    pub(super) arguments: Vec<&'static str>,
    pub(super) environment: Vec<(&'static str, &'static str)>,
    /// Tests see the PostgreSQL server only when this is set.
    pub(super) postgres: bool,
}

impl Tests {
    fn of(targets: &[&str]) -> Self {
        Self { targets: targets.iter().map(|&target| target.to_owned()).collect(), ..Self::default() }
    }

    fn filter(mut self, filters: &[&'static str]) -> Self {
        self.filters.extend(filters);
        self
    }

    fn set(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    fn postgres(mut self) -> Self {
        self.postgres = true;
        self.set("WHOT_TEST_DATABASE", "postgres")
    }

    fn sqlite(self) -> Self {
        self.set("WHOT_TEST_DATABASE", "sqlite")
    }
}

/// Every group. `integration_tests` are the names of the workspace's: those without a group of their own count as units.
pub(super) fn all(integration_tests: &[String]) -> Vec<Group> {
    let mut groups = ordinary(integration_tests);
    groups.extend(long());
    groups
}

fn ordinary(integration_tests: &[String]) -> Vec<Group> {
    let group = |name, budget, actions| Group { name, budget, needs: Needs::Nothing, long: false, actions };
    let clippy = vec!["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    vec![
        group("format", seconds(10), vec![Action::Check(vec!["fmt", "--all", "--", "--check", "-l"])]),
        group(
            "build",
            minutes(5),
            vec![
                Action::Check(vec!["build", "--locked", "--workspace", "--bins"]),
                Action::Check(vec!["test", "--locked", "--workspace", "--no-run"]),
            ],
        ),
        group("lints", minutes(3), vec![Action::Check(clippy)]),
        group(
            "licences",
            seconds(20),
            vec![Action::CheckIfInstalled {
                program: "cargo-deny",
                otherwise: "cargo-deny is not installed; the architecture tests hold the same bans",
                arguments: vec!["deny", "--offline", "check", "bans", "licenses", "sources"],
            }],
        ),
        group("architecture", seconds(20), vec![Action::Tests(Tests::of(&["--test", "architecture"]))]),
        group("units", minutes(2), vec![Action::Tests(units(integration_tests))]),
        group("docs", seconds(40), vec![Action::Tests(Tests::of(&["--doc"]))]),
        group("documents", seconds(20), vec![Action::Openapi]),
        group("sqlite", minutes(4), vec![Action::Tests(blackbox().sqlite())]),
        Group {
            needs: Needs::Postgres,
            ..group(
                "postgres",
                minutes(4),
                vec![
                    Action::Tests(Tests::of(&["--lib"]).filter(&["::on_postgresql"]).postgres()),
                    Action::Tests(
                        blackbox().filter(&["journeys::", "races::", "crashes::", "schemas::"]).postgres(),
                    ),
                ],
            )
        },
        group(
            "loopback",
            minutes(2),
            vec![Action::Tests(blackbox().filter(&["journeys::"]).sqlite().set("WHOT_TEST_LOOPBACK", "1"))],
        ),
    ]
}

fn long() -> Vec<Group> {
    let crashes = || blackbox().filter(&["crashes::"]).set("WHOT_TEST_LONG", "1");
    let group = |name, budget, needs, actions| Group { name, budget, needs, long: true, actions };
    vec![
        group(
            "long-crashes",
            minutes(30),
            Needs::Postgres,
            vec![Action::Tests(crashes().sqlite()), Action::Tests(crashes().postgres())],
        ),
        group("mutants", minutes(60), Needs::Nothing, vec![Action::Mutants]),
        group(
            "benches",
            minutes(15),
            Needs::Nothing,
            vec![Action::Check(vec!["bench", "--locked", "--workspace", "--bench", "*", "--", "--test"])],
        ),
    ]
}

fn blackbox() -> Tests {
    Tests::of(&["--test", "blackbox"])
}

fn units(integration_tests: &[String]) -> Tests {
    let mut tests = Tests::of(&["--lib", "--bins"]);
    for name in integration_tests.iter().filter(|name| !OWN_GROUPS.contains(&name.as_str())) {
        tests.targets.extend(["--test".to_owned(), name.clone()]);
    }
    tests.arguments = vec!["--skip", "::on_postgresql"];
    tests
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
        let tests = units(&["architecture".to_owned(), "blackbox".to_owned(), "stray".to_owned()]);
        assert_eq!(tests.targets, ["--lib", "--bins", "--test", "stray"]);
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
